/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy_test.c: whether a policy decides as it is expected to.
 */
#include <errno.h>
#include <stdlib.h>

#include "tools/policy_cases.h"
#include "tools/report.h"

#define TEXT_MAX 8192

struct suite {
	const char *path;
	const struct sm_compiled *compiled;
	struct sm_cases cases;
	struct sm_report_case *results;
	size_t failures;
};

/* NULL: as expected; else the reason's word. */
static const char *compare(const struct sm_case *one,
			   const struct sm_verdict *v)
{
	bool is_denied = v->decision == SM_DENIED || v->decision == SM_WARNED;

	if (is_denied != one->expects_denial)
		return is_denied ? "denied" : "allowed";
	if (one->rule && !sm_str_equal(v->rule, sm_str_of(one->rule)))
		return "other-rule";
	return NULL;
}

static char *tell(const struct sm_case *one, const char *text)
{
	char *out;

	return asprintf(&out, "expected to %s, but %s",
			one->expects_denial ? "deny" : "allow", text) < 0
		       ? NULL
		       : out;
}

static enum sm_status check_case(struct suite *suite, size_t at,
				 struct sm_diag *diag)
{
	struct sm_report_case *result = &suite->results[at];
	const struct sm_case *one = &suite->cases.items[at];
	char text[TEXT_MAX], *sentence;
	struct sm_spoken spoken;
	struct sm_verdict v;
	enum sm_status status =
		sm_case_event(one, suite->compiled, &spoken, &sentence, diag);

	if (!status) {
		sm_policy_decide(&suite->compiled->policy, &spoken.event, &v);
		sm_verdict_explain(&spoken.event, &v, text, sizeof(text));
	}
	free(sentence);
	if (status)
		return status;
	result->suite = suite->path;
	result->name = one->name;
	result->count = 1;
	result->reason = compare(one, &v);
	if (!result->reason)
		return SM_OK;
	result->outcome = SM_OUTCOME_FAIL;
	result->file = sm_str_of(suite->path);
	result->line = one->line;
	result->text = tell(one, text);
	suite->failures++;
	return result->text ? SM_OK : sm_fail(diag, SM_NOMEM, "out of memory");
}

static void print_failures(const struct suite *s)
{
	size_t i;

	for (i = 0; i < s->cases.count; i++) {
		if (s->results[i].outcome == SM_OUTCOME_PASS)
			continue;
		fputs("failed    ", stdout);
		sm_cli_put(stdout, sm_str_of(s->results[i].name), false);
		fputs(": ", stdout);
		sm_cli_put(stdout, sm_str_of(s->results[i].text), false);
		putchar('\n');
	}
	printf("%zu cases, %zu failed\n", s->cases.count, s->failures);
}

static int check_cases(const struct sm_policy_options *o, struct suite *s)
{
	struct sm_report report = { .tool = sm_policy_program.name };
	struct sm_diag diag = { 0 };
	int status = SM_EXIT_OK;
	size_t i;

	s->results = calloc(s->cases.count + 1, sizeof(*s->results));
	if (!s->results)
		return SM_EXIT_USAGE;
	for (i = 0; i < s->cases.count; i++) {
		if (!check_case(s, i, &diag))
			continue;
		sm_cli_diag(&sm_policy_program, s->path, &diag);
		status = SM_EXIT_USAGE;
	}
	if (!status) {
		print_failures(s);
		report.cases = s->results;
		report.count = s->cases.count;
		status = sm_report_write(&sm_policy_program, &report, o->junit,
					 o->sarif);
	}
	for (i = 0; i < s->cases.count; i++)
		free((char *)(uintptr_t)s->results[i].text);
	free(s->results);
	return status ? status : s->failures ? SM_EXIT_FINDING : SM_EXIT_OK;
}

static bool read_cases(struct suite *s, const char *path)
{
	struct sm_diag diag = { 0 };
	size_t bytes;
	char *text = sm_policy_read(path, &bytes);
	enum sm_status status;

	s->path = sm_policy_place(path);
	if (!text) {
		sm_cli_error(&sm_policy_program, s->path, "cannot read it: %s",
			     strerror(errno));
		return false;
	}
	status = sm_cases_parse(text, bytes, &s->cases, &diag);
	free(text);
	if (status)
		sm_cli_diag(&sm_policy_program, s->path, &diag);
	return !status;
}

int sm_policy_test(const struct sm_policy_options *o, int argc, char **argv)
{
	struct suite suite = { 0 };
	struct sm_compiled c;
	int status = SM_EXIT_USAGE;

	if (argc != 2) {
		sm_cli_error(&sm_policy_program, NULL,
			     "test needs a policy and one file of cases");
		return status;
	}
	if (!read_cases(&suite, argv[1]))
		return status;
	if (sm_compiled_init(o, argv[0], NULL, &c)) {
		suite.compiled = &c;
		if (sm_policy_knows_defined(o, &c, 1))
			status = check_cases(o, &suite);
		sm_compiled_fini(&c);
	}
	sm_cases_fini(&suite.cases);
	return status;
}
