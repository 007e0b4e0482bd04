/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy_import.c: a policy out of another tool's configuration or log.
 */
#include "tools/policy_import.h"

#include <errno.h>
#include <stdlib.h>

#include "tools/policy_tool.h"

struct importing {
	struct sm_import import;
	const char *path;
	size_t notes;
};

static void tell(void *context, unsigned line, const char *text)
{
	struct importing *i = context;
	struct sm_diag diag;

	sm_fail_at(&diag, SM_INVALID, line, 0, "%s", text);
	i->notes++;
	sm_cli_diag(&sm_policy_program, sm_policy_place(i->path), &diag);
}

static bool is_blank(const char *text, size_t bytes)
{
	size_t i = 0;

	while (i < bytes && memchr(" \t\r\n", text[i], 4))
		i++;
	return i == bytes;
}

static int import_file(struct importing *i, const char *path)
{
	size_t bytes;
	char *text = sm_policy_read(path, &bytes);
	enum sm_status status;

	i->path = path;
	path = sm_policy_place(path);
	if (!text) {
		sm_cli_error(&sm_policy_program, path, "cannot read it: %s",
			     strerror(errno));
		return SM_EXIT_USAGE;
	}
	if (is_blank(text, bytes)) {
		sm_cli_error(&sm_policy_program, path,
			     "nothing in it, neither a configuration nor a "
			     "log");
		free(text);
		return SM_EXIT_USAGE;
	}
	status = sm_import_pysecmgr(&i->import,
				    (struct sm_str){ text, (uint32_t)bytes });
	free(text);
	if (status == SM_NOMEM)
		sm_cli_error(&sm_policy_program, path, "out of memory");
	return status ? SM_EXIT_USAGE : SM_EXIT_OK;
}

/* -D NAME=A:B as a variable of the policy. */
static enum sm_status add_variable(struct sm_rules *rules,
				   const struct sm_binding *binding)
{
	struct sm_str values[64];
	const char *p = binding->value;
	size_t count = 0, n;

	for (; *p && count < sizeof(values) / sizeof(*values);
	     p += n + (p[n] == ':')) {
		n = strcspn(p, ":");
		values[count++] = (struct sm_str){ p, (uint32_t)n };
	}
	return sm_rules_set_variable(rules, sm_str_of(binding->name), values,
				     count);
}

static bool is_defined(const struct sm_policy_options *o, const char *name)
{
	size_t i;

	for (i = 0; i < o->binding_count; i++)
		if (!strcmp(o->bindings[i].name, name))
			return true;
	return false;
}

/* What it lets be imported without a word: the library and the application. */
static enum sm_status add_code(const struct sm_policy_options *o,
			       struct sm_rules *rules)
{
	struct sm_rule app = { .family = SM_FAMILY_CODE,
			       .access = SM_ACCESS_LOAD,
			       .pattern = SM_STR("${APP}/**") };
	enum sm_status status = SM_OK;
	size_t i;

	for (i = 0; !status && i < o->binding_count; i++)
		status = add_variable(rules, &o->bindings[i]);
	if (!status && is_defined(o, "STDLIB") && is_defined(o, "SITE"))
		status = sm_strings_add(rules, &rules->use,
					SM_STR("python-runtime"));
	else if (!status)
		sm_cli_error(&sm_policy_program, NULL,
			     "no code may be imported: give -D STDLIB=DIR "
			     "and -D SITE=DIR[:DIR...]");
	if (!status && is_defined(o, "APP"))
		status = sm_rules_add(rules, &app);
	else if (!status)
		sm_cli_error(&sm_policy_program, NULL,
			     "the application's own code may not be imported: "
			     "give -D APP=DIR");
	return status;
}

static int print(const struct sm_policy_options *o, struct importing *i)
{
	struct sm_rules *rules = i->import.rules;
	size_t bytes, count = rules->count;
	char *text = NULL;

	if (add_code(o, rules) || sm_policy_normalise(rules) ||
	    sm_policy_print(rules, &text, &bytes)) {
		sm_cli_error(&sm_policy_program, NULL, "out of memory");
		return SM_EXIT_USAGE;
	}
	fwrite(text, 1, bytes, stdout);
	free(text);
	sm_cli_error(
		&sm_policy_program, NULL,
		"%zu rules, %zu notes; list, delete, bind, native code and "
		"all else it did not decide is denied: record the program "
		"and add with secmgr-learn --base",
		count, i->notes);
	return i->notes ? SM_EXIT_FINDING : SM_EXIT_OK;
}

int sm_policy_import(const struct sm_policy_options *o, int argc, char **argv)
{
	struct importing i = { .import = { .bindings = o->bindings,
					   .binding_count = o->binding_count,
					   .note = tell } };
	int n, status = SM_EXIT_OK;

	if (o->from && strcmp(o->from, "pysecmgr")) {
		sm_cli_error(&sm_policy_program, o->from,
			     "no such format; one of pysecmgr");
		return SM_EXIT_USAGE;
	}
	i.import.context = &i;
	i.import.rules = sm_rules_new();
	if (!i.import.rules)
		return SM_EXIT_USAGE;
	for (n = 0; n < argc && !status; n++)
		status = import_file(&i, argv[n]);
	if (!status)
		status = print(o, &i);
	sm_rules_free(i.import.rules);
	free(i.import.table);
	return status;
}
