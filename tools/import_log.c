/* SPDX-License-Identifier: Apache-2.0 */
/*
 * import_log.c: pysecmgr's log of audit events.
 */
#include "tools/import_pysecmgr.h"

#include <stdio.h>
#include <stdlib.h>

static enum sm_status log_open(struct sm_import *m, const struct sm_node *e)
{
	const struct sm_node *flags = sm_node_field(e, "flags");
	struct sm_str letters = sm_import_text(flags);

	/* No letters: os.open(), whose flags it did not log. */
	if (!letters.len) {
		sm_import_say(
			m, e->line,
			"narrower: how \"%.*s\" was opened is not told; read",
			(int)sm_import_text(sm_node_field(e, "abs_path")).len,
			sm_import_text(sm_node_field(e, "abs_path")).p);
		letters = SM_STR("r");
	}
	return sm_import_path(m, e->line,
			      sm_import_text(sm_node_field(e, "abs_path")), "",
			      sm_import_access(letters));
}

static enum sm_status log_connect(struct sm_import *m, const struct sm_node *e)
{
	const struct sm_node *a = sm_node_field(e, "address");
	struct sm_str family = sm_import_text(sm_node_field(e, "family"));
	const struct sm_node *port =
		a && a->children ? a->children->next : NULL;
	bool is_6 = sm_str_equal(family, SM_STR("AF_INET6"));
	char literal[SM_IMPORT_LITERAL_MAX], *pattern;
	enum sm_status status;

	if (a && a->kind == SM_NODE_TEXT && a->text.len &&
	    a->text.p[0] == '/') {
		if (!sm_import_escape(m, e->line, a->text, literal))
			return SM_OK;
		return sm_import_add_pattern(m, e->line, SM_FAMILY_NETWORK,
					     SM_ACCESS_CONNECT, literal, NULL);
	}
	if (!port || !(is_6 || sm_str_equal(family, SM_STR("AF_INET")))) {
		sm_import_say(m, e->line, "left out: an address of family %.*s",
			      (int)family.len, family.p ? family.p : "");
		return SM_OK;
	}
	if (!sm_import_escape(m, e->line, a->children->text, literal))
		return SM_OK;
	if (asprintf(&pattern, "%s%s%s:%.*s", is_6 ? "[" : "", literal,
		     is_6 ? "]" : "", (int)port->text.len, port->text.p) < 0)
		return SM_NOMEM;
	status = sm_import_add_pattern(m, e->line, SM_FAMILY_NETWORK,
				       SM_ACCESS_CONNECT, pattern, NULL);
	free(pattern);
	return status;
}

static enum sm_status log_popen(struct sm_import *m, const struct sm_node *e)
{
	const struct sm_node *args = sm_node_field(e, "args");

	if (args && args->kind == SM_NODE_TEXT)
		return sm_import_shell(m, e->line, args->text);
	return sm_import_read_process(m, e, true);
}

static enum sm_status log_pickle(struct sm_import *m, const struct sm_node *e)
{
	struct sm_str module = sm_import_text(sm_node_field(e, "module_name"));
	struct sm_str name = sm_import_text(sm_node_field(e, "global_name"));
	char literal[SM_IMPORT_LITERAL_MAX], *class;
	enum sm_status status = SM_OK;

	if (!module.len || !name.len)
		return SM_OK;
	if (asprintf(&class, "%.*s.%.*s", (int)module.len, module.p,
		     (int)name.len, name.p) < 0)
		return SM_NOMEM;
	if (sm_import_escape(m, e->line, sm_str_of(class), literal))
		status = sm_import_add_pattern(m, e->line, SM_FAMILY_PICKLES,
					       SM_ACCESS_CLASS, literal,
					       "a pickle looked it up");
	free(class);
	return status;
}

static enum sm_status add_event(struct sm_import *m, struct sm_str inspector,
				const struct sm_node *e)
{
	if (sm_node_field(e, "serialization_error")) {
		sm_import_say(m, e->line,
			      "left out: an event that could not be logged");
		return SM_OK;
	}
	if (sm_str_equal(inspector, SM_STR("OpenInspector")))
		return log_open(m, e);
	if (sm_str_equal(inspector, SM_STR("ConnectInspector")))
		return log_connect(m, e);
	if (sm_str_equal(inspector, SM_STR("PopenInspector")))
		return log_popen(m, e);
	if (sm_str_equal(inspector, SM_STR("ExecInspector")))
		return sm_import_exec(
			m, e->line, sm_import_text(sm_node_field(e, "module")));
	if (sm_str_equal(inspector, SM_STR("ImportInspector")))
		return sm_import_module(
			m, e->line, sm_import_text(sm_node_field(e, "module")));
	if (sm_str_equal(inspector, SM_STR("PickleInspector")))
		return log_pickle(m, e);
	if (sm_str_equal(inspector, SM_STR("SystemInspector")))
		return sm_import_shell(m, e->line,
				       sm_import_text(sm_node_field(e, "cmd")));
	sm_import_say(m, e->line, "left out: unknown inspector \"%.*s\"",
		      (int)inspector.len, inspector.p);
	return SM_OK;
}

static const char mark[] = SM_IMPORT_LOG_MARK;

/* "...AUDIT_EVENT:INSPECTOR:{...}:Stack..."; other lines are the program's. */
static enum sm_status add_line(struct sm_import *m, struct sm_str line,
			       unsigned number)
{
	const char *at = memmem(line.p, line.len, mark, sizeof(mark) - 1);
	const char *end = line.p + line.len, *colon;
	struct sm_source source;
	const struct sm_node *event;
	enum sm_status status = SM_OK;

	if (!at)
		return SM_OK;
	at += sizeof(mark) - 1;
	colon = memchr(at, ':', (size_t)(end - at));
	if (!colon) {
		sm_import_say(m, number, "left out: the line is cut");
		return SM_OK;
	}
	sm_source_init(
		&source,
		(struct sm_str){ colon + 1, (uint32_t)(end - colon - 1) },
		number);
	event = sm_source_value(&source);
	if (event && event->kind == SM_NODE_FIELDS)
		status = add_event(
			m, (struct sm_str){ at, (uint32_t)(colon - at) },
			event);
	else
		sm_import_say(m, number, "left out: %s",
			      source.error ? source.error : "no JSON");
	sm_source_fini(&source);
	return status;
}

enum sm_status sm_import_log(struct sm_import *m, struct sm_str text)
{
	enum sm_status status = SM_OK;
	unsigned number = 0;

	m->rejects_shell = false;
	while (!status && text.len) {
		const char *end = memchr(text.p, '\n', text.len);
		uint32_t n = end ? (uint32_t)(end - text.p) : text.len;

		status = add_line(m, (struct sm_str){ text.p, n }, ++number);
		n += end != NULL;
		text.p += n;
		text.len -= n;
	}
	return status;
}
