/* SPDX-License-Identifier: Apache-2.0 */
/*
 * import_pysecmgr.c: what google/python-security-manager allows, as rules.
 *
 * It decides seven events; a family it was told not to enforce only warns
 * here. Its regular expressions become patterns that match no more. It knows
 * no principals: its rules get no `by`.
 */
#include "tools/import_pysecmgr.h"

static bool is_true(const struct sm_node *n, bool otherwise)
{
	if (!n)
		return otherwise;
	return sm_str_equal(n->text, SM_STR("true")) ||
	       sm_str_equal(n->text, SM_STR("True")) ||
	       sm_str_equal(n->text, SM_STR("1"));
}

static enum sm_status add_open(struct sm_import *m, const struct sm_node *open)
{
	const struct sm_node *paths, *c;
	enum sm_status status = SM_OK;

	if (!is_true(sm_node_field(open, "enforce_allowlist"), true))
		sm_import_set_warn(m, open->line, SM_FAMILY_FILES,
				   "open_config: enforce_allowlist is false");
	for (paths = open->children; !status && paths; paths = paths->next) {
		const struct sm_node *key = sm_node_field(paths, "key");

		if (!sm_node_is_named(paths, "allowed_paths"))
			continue;
		if (key && !key->is_quoted_name) { /* protobuf's text */
			c = sm_node_field(paths, "value");
			status = sm_import_path_regex(m, paths->line, key->text,
						      c ? c->text : SM_STR(""));
			continue;
		}
		for (c = paths->children; !status && c; c = c->next)
			status = sm_import_path_regex(m, c->line, c->name,
						      c->text);
	}
	return status;
}

static enum sm_status add_connect(struct sm_import *m,
				  const struct sm_node *connect)
{
	const struct sm_node *list, *c;
	enum sm_status status = SM_OK;

	if (!is_true(sm_node_field(connect, "enforce_allowlist"), true))
		sm_import_set_warn(
			m, connect->line, SM_FAMILY_NETWORK,
			"connect_config: enforce_allowlist is false");
	for (list = connect->children; !status && list; list = list->next) {
		if (!sm_node_is_named(list, "allowed_addresses"))
			continue;
		if (list->kind == SM_NODE_TEXT)
			status = sm_import_connect_regex(m, list->line,
							 list->text);
		for (c = list->children; !status && c; c = c->next)
			status = sm_import_connect_regex(m, c->line, c->text);
	}
	return status;
}

static enum sm_status add_popen(struct sm_import *m,
				const struct sm_node *popen)
{
	const struct sm_node *list, *c;
	enum sm_status status = SM_OK;

	if (!is_true(sm_node_field(popen, "enforce_allowlist"), true))
		sm_import_set_warn(m, popen->line, SM_FAMILY_PROCESSES,
				   "popen_config: enforce_allowlist is false");
	m->rejects_shell = is_true(sm_node_field(popen, "reject_shell"), true);
	for (list = popen->children; !status && list; list = list->next) {
		if (!sm_node_is_named(list, "allowed_processes"))
			continue;
		if (list->kind == SM_NODE_FIELDS)
			status = sm_import_read_process(m, list, false);
		for (c = list->kind == SM_NODE_LIST ? list->children : NULL;
		     !status && c; c = c->next)
			status = sm_import_read_process(m, c, false);
	}
	return status;
}

typedef enum sm_status add_text(struct sm_import *m, unsigned line,
				struct sm_str text);

static enum sm_status add_texts(struct sm_import *m,
				const struct sm_node *config, const char *name,
				add_text *work)
{
	const struct sm_node *list, *c;
	enum sm_status status = SM_OK;

	for (list = config->children; !status && list; list = list->next) {
		if (!sm_node_is_named(list, name))
			continue;
		if (list->kind == SM_NODE_TEXT)
			status = work(m, list->line, list->text);
		for (c = list->children; !status && c; c = c->next)
			status = work(m, c->line, c->text);
	}
	return status;
}

static enum sm_status add_section(struct sm_import *m, const struct sm_node *n)
{
	if (sm_node_is_named(n, "open_config"))
		return add_open(m, n);
	if (sm_node_is_named(n, "connect_config"))
		return add_connect(m, n);
	if (sm_node_is_named(n, "popen_config"))
		return add_popen(m, n);
	if (sm_node_is_named(n, "exec_config")) {
		if (!is_true(sm_node_field(n, "enforce_allowlist"), true))
			sm_import_set_warn(
				m, n->line, SM_FAMILY_CODE,
				"exec_config: enforce_allowlist is false");
		return add_texts(m, n, "allowed_modules", sm_import_exec);
	}
	if (sm_node_is_named(n, "import_config"))
		return add_texts(m, n, "allowed_imports", sm_import_module);
	if (sm_node_is_named(n, "pickle_config")) {
		if (!is_true(sm_node_field(n, "reject_pickle_find_class"),
			     true))
			sm_import_set_warn(
				m, n->line, SM_FAMILY_PICKLES,
				"pickle_config: reject_pickle_find_class is "
				"false");
		return SM_OK;
	}
	if (!sm_node_is_named(n, "system_config"))
		sm_import_say(m, n->line, "left out: unknown key \"%.*s\"",
			      (int)n->name.len, n->name.p);
	return SM_OK;
}

static void note_unknown(struct sm_import *m, const struct sm_node *section)
{
	static const char *const known[] = { "enforce_allowlist",
					     "allowed_addresses",
					     "allowed_modules",
					     "allowed_imports",
					     "allowed_paths",
					     "allowed_processes",
					     "reject_path_backtracking",
					     "reject_symlink",
					     "reject_shell",
					     "reject_pickle_find_class" };
	const struct sm_node *c;
	size_t i;

	for (c = section->children; c; c = c->next) {
		for (i = 0; i < sizeof(known) / sizeof(*known); i++)
			if (sm_node_is_named(c, known[i]))
				break;
		if (i == sizeof(known) / sizeof(*known))
			sm_import_say(m, c->line,
				      "left out: unknown key \"%.*s\"",
				      (int)c->name.len, c->name.p);
		else if (sm_node_is_named(c, "reject_symlink") &&
			 !is_true(c, true))
			sm_import_say(m, c->line,
				      "narrower: what a symbolic link leads to "
				      "must be "
				      "allowed too");
	}
}

static enum sm_status import_config(struct sm_import *m, struct sm_str text)
{
	struct sm_source source;
	const struct sm_node *top, *c;
	enum sm_status status = SM_OK;

	sm_source_init(&source, text, 1);
	top = sm_source_fields(&source);
	if (!top) {
		sm_import_say(m, source.line, "%s", source.error);
		status = SM_SYNTAX;
	}
	for (c = top ? top->children : NULL; !status && c; c = c->next) {
		status = add_section(m, c);
		note_unknown(m, c);
	}
	sm_source_fini(&source);
	return status;
}

enum sm_status sm_import_pysecmgr(struct sm_import *m, struct sm_str text)
{
	if (sm_import_holds(text, SM_IMPORT_LOG_MARK))
		return sm_import_log(m, text);
	if (sm_import_holds(text, ".Add") ||
	    sm_import_holds(text, "InstallCommonPythonRules(") ||
	    sm_import_holds(text, "SecurityManager("))
		return sm_import_script(m, text);
	return import_config(m, text);
}
