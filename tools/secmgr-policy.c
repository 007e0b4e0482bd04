/* SPDX-License-Identifier: Apache-2.0 */
/*
 * secmgr-policy: check, explain and format policies.
 */
#include <stdlib.h>

#include "tools/policy_tool.h"

SM_CLI_FLAG(set_write, struct sm_policy_options, is_writing);
SM_CLI_FLAG(set_check, struct sm_policy_options, is_checking);
SM_CLI_FLAG(set_all, struct sm_policy_options, shows_all);
SM_CLI_FLAG(set_json, struct sm_policy_options, is_json);
SM_CLI_TEXT(set_junit, struct sm_policy_options, junit);
SM_CLI_TEXT(set_sarif, struct sm_policy_options, sarif);
SM_CLI_TEXT(set_base, struct sm_policy_options, base);
SM_CLI_TEXT(set_apply, struct sm_policy_options, apply);
SM_CLI_FLAG(set_list, struct sm_policy_options, is_listing);
SM_CLI_FLAG(set_explain, struct sm_policy_options, is_explaining);
SM_CLI_TEXT(set_from, struct sm_policy_options, from);
SM_CLI_TEXT(set_policy, struct sm_policy_options, policy);

/* NAME=VALUE lives in argv; the = becomes the name's end. */
static int set_binding(void *context, const char *value, struct sm_diag *diag)
{
	struct sm_policy_options *o = context;
	char *equals = strchr((char *)(uintptr_t)value, '=');

	if (!equals || equals == value) {
		sm_fail(diag, SM_INVALID, "%s: write NAME=/PATH", value);
		return -1;
	}
	if (o->binding_count == SM_BINDINGS_MAX) {
		sm_fail(diag, SM_LIMIT, "more than %d variables",
			SM_BINDINGS_MAX);
		return -1;
	}
	*equals = 0;
	o->bindings[o->binding_count++] =
		(struct sm_binding){ value, equals + 1 };
	return 0;
}

static const struct sm_option option_rows[] = {
	{ 'p', "policy", "FILE", "the policy, instead of the first operand",
	  set_policy },
	{ 'D', "define", "NAME=PATH", "give a variable a value", set_binding },
	{ 'a', "all", NULL, "explain, review: everything", set_all },
	{ 0, "json", NULL, "explain, diff, review: JSON", set_json },
	{ 'w', "write", NULL, "fmt: write the file instead of standard output",
	  set_write },
	{ 0, "check", NULL, "fmt: exit with 1 if the file would change",
	  set_check },
	{ 0, "base", "OLD", "review: what OLD does not have is new", set_base },
	{ 0, "list", NULL, "review: print the questions, to be answered",
	  set_list },
	{ 0, "apply", "ANSWERS", "review: take the answers of a file",
	  set_apply },
	{ 0, "explain", NULL, "review: how each rule came about", set_explain },
	{ 0, "from", "FORMAT", "import: pysecmgr, the default", set_from },
	{ 0, "junit", "FILE", "test: write JUnit XML", set_junit },
	{ 0, "sarif", "FILE", "test: write SARIF 2.1.0", set_sarif },
	{ 0, NULL, NULL, NULL, NULL },
};

const struct sm_program sm_policy_program = {
	.name = "secmgr-policy",
	.usage = "validate POLICY...\n"
		 "       secmgr-policy fmt [-w] [--check] POLICY...\n"
		 "       secmgr-policy explain POLICY \"EVENT\"...\n"
		 "       secmgr-policy explain [--all] POLICY TRACE... "
		 "[NUMBER...]\n"
		 "       secmgr-policy diff OLD NEW [TRACE...]\n"
		 "       secmgr-policy test POLICY CASES\n"
		 "       secmgr-policy review [--base=OLD] POLICY "
		 "[TRACE...]\n"
		 "       secmgr-policy import [--from=pysecmgr] FILE...",
	.summary = "Check, format, explain, compare, test, review and import "
		   "policies.",
	.options = option_rows,
	.usage_status = SM_EXIT_USAGE,
};

/* ---------------------------------------------------------------- validate */

struct findings {
	const char *path;
	unsigned count;
};

static void tell_finding(void *context, const struct sm_diag *diag)
{
	struct findings *f = context;

	f->count++;
	sm_cli_diag(&sm_policy_program, sm_policy_place(f->path), diag);
}

static int validate(const struct sm_policy_options *o, const char *path)
{
	struct sm_rules *rules = sm_policy_load_or_tell(path);
	struct findings findings = { path, 0 };
	struct sm_diag diag = { 0 };
	struct sm_settled settled;
	enum sm_status status;
	size_t bytes;
	void *blob = NULL;

	if (!rules)
		return SM_EXIT_USAGE;
	sm_policy_settle(o, rules, NULL, &settled);
	status = sm_policy_compile(rules, settled.items, settled.count, &blob,
				   &bytes, &diag);
	if (!status)
		status = sm_policy_check(rules, settled.items, settled.count,
					 tell_finding, &findings, &diag);
	if (status)
		sm_cli_diag(&sm_policy_program, sm_policy_place(path), &diag);
	else if (!findings.count)
		printf("%s: ok, %zu rules\n", sm_policy_place(path),
		       rules->count);
	free(blob);
	sm_rules_free(rules);
	return status ? SM_EXIT_USAGE : findings.count ? SM_EXIT_FINDING : 0;
}

/* -------------------------------------------------------------------- main */

#define COMMANDS "validate, fmt, explain, diff, test, review, import"

static int each_file(const struct sm_policy_options *o, int argc, char **argv,
		     int (*work)(const struct sm_policy_options *,
				 const char *))
{
	int i, status = SM_EXIT_OK, one;

	for (i = 0; i < argc; i++) {
		one = work(o, argv[i]);
		status = one > status ? one : status;
	}
	return status;
}

static int run(const struct sm_policy_options *o, const char *command, int argc,
	       char **argv)
{
	if (!strcmp(command, "validate"))
		return each_file(o, argc, argv, validate);
	if (!strcmp(command, "fmt"))
		return each_file(o, argc, argv, sm_policy_format);
	if (!strcmp(command, "explain"))
		return sm_policy_explain(o, argc, argv);
	if (!strcmp(command, "diff"))
		return sm_policy_compare(o, argc, argv);
	if (!strcmp(command, "import"))
		return sm_policy_import(o, argc, argv);
	if (!strcmp(command, "review"))
		return sm_policy_review(o, argc, argv);
	if (!strcmp(command, "test"))
		return sm_policy_test(o, argc, argv);
	return SM_EXIT_USAGE;
}

static bool is_command(const char *name)
{
	static const char *const commands[] = { "validate", "fmt",  "explain",
						"diff",	    "test", "review",
						"import",   NULL };
	size_t i = 0;

	while (commands[i] && strcmp(commands[i], name) != 0)
		i++;
	return commands[i];
}

int main(int argc, char **argv)
{
	struct sm_policy_options o = { 0 };
	int first, status = sm_cli_parse(&sm_policy_program, argc, argv, &o,
					 &first);
	const char *command;

	if (status >= 0)
		return status;
	if (first >= argc) {
		sm_cli_error(&sm_policy_program, NULL,
			     "which command? one of " COMMANDS);
		return SM_EXIT_USAGE;
	}
	command = argv[first];
	if (!is_command(command)) {
		sm_cli_error(&sm_policy_program, command,
			     "no such command; one of " COMMANDS);
		return SM_EXIT_USAGE;
	}
	/* -p POLICY stands where the operand would. */
	if (o.policy)
		argv[first] = (char *)(uintptr_t)o.policy;
	else
		first++;
	if (first >= argc) {
		sm_cli_error(&sm_policy_program, NULL, "%s needs a policy",
			     command);
		return SM_EXIT_USAGE;
	}
	status = run(&o, command, argc - first, argv + first);
	return sm_cli_finish(&sm_policy_program, status);
}
