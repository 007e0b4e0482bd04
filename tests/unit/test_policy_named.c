/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_policy_named.c: what ${ARG} and ${START} grant of what a command line
 * names.
 */
#include "schema/named.h"

#include "schema/path.h"
#include "tests/unit/policy_fixture.h"

static const char policy_text[] =
	"{ \"secmgr\": 1,\n"
	"  \"variables\": { \"APP\": \"/srv/shop\", \"SITE\": "
	"\"/in/venv/site\" },\n"
	"  \"files\": [\n"
	"    { \"id\": \"r\", \"path\": \"${ARG}\", \"access\": [\"read\"] },\n"
	"    { \"id\": \"w\", \"path\": \"${ARG}/**\", \"access\": "
	"[\"create\"],\n"
	"      \"by\": [\"app\"] },\n"
	"    { \"id\": \"d\", \"path\": \"${ARG}/.git/*\", \"access\": "
	"[\"read\"] },\n"
	"    { \"id\": \"o\", \"path\": \"/in/own.conf\", \"access\": "
	"[\"read\"] },\n"
	"    { \"id\": \"l\", \"path\": \"/in/log\", \"access\": [\"read\"] "
	"},\n"
	"    { \"id\": \"m\", \"path\": \"/in/log\", \"access\": [\"write\"],\n"
	"      \"by\": [\"logger\"] }\n"
	"  ],\n"
	"  \"processes\": [ { \"id\": \"p\", \"exec\": \"/in/bin/tool\" },\n"
	"    { \"id\": \"q\", \"exec\": \"/other/tool\" } ],\n"
	"  \"code\": [ { \"id\": \"c\", \"load\": \"/docs/ext/*.py\" },\n"
	"    { \"id\": \"t\", \"load\": \"/tree/**\" },\n"
	"    { \"id\": \"v\", \"load\": \"/**/pyvenv.cfg\" },\n"
	"    { \"id\": \"s\", \"load\": \"${APP}/*.py\" } ],\n"
	"  \"deny\": [ { \"id\": \"x\", \"path\": \"/in/no/**\" },\n"
	"    { \"id\": \"y\", \"load\": \"/in/**\" } ] }\n";

static const struct sm_named in = { 2,
				    { SM_STR("/in"), SM_STR("/in/deep/x") } };

static struct sm_verdict decide_open(const struct compiled *c,
				     const struct sm_named *named,
				     const char *path, const char *mode,
				     int64_t flags)
{
	struct sm_verdict v;
	struct staged s;

	stage(&s, "open", "app");
	push_arg(&s, text_value(path));
	push_arg(&s, text_value(mode));
	push_arg(&s, int_value(flags));
	s.event.named = named;
	sm_policy_decide(&c->policy, &s.event, &v);
	return v;
}

struct open_row {
	const char *path, *mode, *rule; /* NULL: denied */
};

static void check_row(const struct compiled *c, const struct sm_named *named,
		      const struct open_row *row)
{
	struct sm_verdict v =
		decide_open(c, named, row->path, row->mode,
			    row->mode[0] == 'w' ? 01101 : 0); /* O_CREAT ... */

	if ((v.decision == SM_ALLOWED) != (row->rule != NULL) ||
	    (row->rule && !sm_str_equal(v.rule, sm_str_of(row->rule))))
		fail_msg("%s %s: %d by %.*s", row->path, row->mode, v.decision,
			 (int)v.rule.len, v.rule.p);
}

static void a_process_may_do_with_what_it_was_told(void **state)
{
	static const struct open_row rows[] = {
		{ "/in", "r", "r" },
		{ "/in/deep/x", "r", "r" },
		{ "/in/a", "r", NULL },
		{ "/in/a", "w", "w" },
		{ "/in/a/b/c", "w", "w" },
		{ "/in/.git/config", "r", "d" },
		{ "/in/.git/a/b", "r", NULL },
		{ "/in/sub/.git/config", "r", NULL },
		{ "/in/deep/x/.git/config", "r", "d" },
		{ "/inner/a", "w", NULL },
		{ "/", "r", NULL },
		{ "/in/no/a", "w", NULL },
		/* programs and packages are not what it is about */
		/* nor is what has a rule to be read alone */
		{ "/in/own.conf", "w", NULL },
		{ "/in/log", "w", "w" },
		{ "/in/bin/tool", "w", NULL },
		{ "/in/venv/site/pkg/data", "w", NULL },
		/* nor is what Python runs wherever it finds it */
		{ "/in/v/lib/site-packages/a.pth", "w", NULL },
		{ "/in/dist-packages/a.pth", "w", NULL },
		{ "/in/sitecustomize.py", "w", NULL },
		{ "/in/a/usercustomize.py", "w", NULL },
		{ "/in/sitecustomize.pyc", "w", NULL },
		{ "/in/sitecustomize", "w", NULL },
		{ "/in/sitecustomize/__init__.py", "w", NULL },
		{ "/in/usercustomize.abi3.so", "w", NULL },
		{ "/in/__pycache__/sitecustomize.cpython-311.pyc", "w", NULL },
		{ "/in/sitecustomize-notes.txt", "w", "w" },
		{ "/in/a.pth", "w", "w" },
		{ "/in/site-packages/a/b.pth", "w", "w" },
		{ "/in/site-packages/a.py", "w", "w" },
	};
	struct compiled c = compile_text(policy_text);
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct sm_verdict v;

		check_row(&c, &in, &rows[i]);
		/* Nobody else may, nor does one that names nothing. */
		v = decide_open(&c, NULL, rows[i].path, rows[i].mode,
				rows[i].mode[0] == 'w' ? 01101 : 0);
		assert_int_equal(v.decision, SM_DENIED);
	}
	assert_int_equal(i, 29);
	compiled_free(&c);
}

static void nothing_changes_through_a_name_with_code_below(void **state)
{
	static const struct sm_named named = {
		5,
		{ SM_STR("/docs"), SM_STR("/docs/_build/html"),
		  SM_STR("/docs/ext/more"), SM_STR("/tree/a"), SM_STR("/made") }
	};
	static const struct open_row rows[] = {
		{ "/docs", "r", "r" },
		{ "/docs/.git/config", "r", "d" },
		{ "/docs/index.txt", "w", NULL },
		{ "/docs/ext/chart.txt", "w", NULL },
		{ "/docs/_build/x", "w", NULL },
		/* a name of its own, below which there is none */
		{ "/docs/_build/html/x", "w", "w" },
		{ "/docs/ext/more/x", "w", "w" },
		{ "/tree/a/x", "w", NULL },
		/* a rule for anywhere means no place in particular */
		{ "/made/x", "w", "w" },
		{ "/made/pyvenv.cfg", "w", NULL },
	};
	struct compiled c = compile_text(policy_text);
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		check_row(&c, &named, &rows[i]);
	assert_int_equal(i, 10);
	compiled_free(&c);
}

static enum sm_decision decide_mkdir(const struct compiled *c,
				     const struct sm_named *named,
				     const char *by, const char *path)
{
	struct sm_verdict v;
	struct staged s;

	stage(&s, "os.mkdir", by);
	push_arg(&s, text_value(path));
	push_arg(&s, int_value(0777));
	push_arg(&s, int_value(-1));
	s.event.named = named;
	sm_policy_decide(&c->policy, &s.event, &v);
	return v.decision;
}

static void who_may_make_it_makes_the_directories_that_lead_to_it(void **state)
{
	static const struct sm_named named = {
		2, { SM_STR("/out/2027/q1/a.html"), SM_STR("/code/x/b.html") }
	};
	struct compiled c = compile_text(
		"{ \"secmgr\": 1, \"variables\": { \"APP\": \"/srv/shop\" },\n"
		"  \"files\": [\n"
		"    { \"id\": \"a\", \"path\": \"${ARG}\", \"access\": "
		"[\"write\", \"create\"], \"by\": [\"app\"] },\n"
		"    { \"id\": \"r\", \"path\": \"/out/2027\", \"access\": "
		"[\"list\"] } ],\n"
		"  \"code\": [ { \"id\": \"c\", \"load\": "
		"\"/code/x/*.py\" },\n"
		"    { \"id\": \"s\", \"load\": \"${APP}/*.py\" } ] "
		"}\n");

	(void)state;
	assert_int_equal(decide_mkdir(&c, &named, "app", "/out/2027/q1"),
			 SM_ALLOWED);
	assert_int_equal(decide_mkdir(&c, &named, "app", "/out/2027"),
			 SM_ALLOWED);
	assert_int_equal(decide_mkdir(&c, &named, "app", "/out"), SM_ALLOWED);
	/* one beside, one as another's, and what is no directory */
	assert_int_equal(decide_mkdir(&c, &named, "app", "/out/2027/q2"),
			 SM_DENIED);
	assert_int_equal(decide_mkdir(&c, &named, "app", "/out/2027/q"),
			 SM_DENIED);
	assert_int_equal(decide_mkdir(&c, &named, "pkg", "/out/2027/q1"),
			 SM_DENIED);
	assert_int_equal(decide_mkdir(&c, NULL, "app", "/out/2027/q1"),
			 SM_DENIED);
	assert_int_equal(
		decide_open(&c, &named, "/out/2027/q1", "w", 01101).decision,
		SM_DENIED);
	assert_int_equal(
		decide_open(&c, &named, "/out/2027/q1", "r", 0).decision,
		SM_DENIED);
	compiled_free(&c);
}

static void what_may_be_written_there_is_not_run(void **state)
{
	static const struct sm_named other = { 1, { SM_STR("/other") } };
	struct compiled c = compile_text(policy_text);
	struct sm_verdict v =
		decide_open(&c, &other, "/other/tool", "w", 01101);

	(void)state;
	/* Another process that does not name it may run it: never written. */
	assert_int_equal(v.decision, SM_DENIED);
	compiled_free(&c);
}

static void a_process_may_do_it_where_it_was_started(void **state)
{
	static const char text[] =
		"{ \"secmgr\": 1,\n"
		"  \"variables\": { \"APP\": \"/srv/shop\" },\n"
		"  \"files\": [\n"
		"    { \"id\": \"w\", \"path\": \"${START}/out/*.txt\", "
		"\"access\": [\"create\"] },\n"
		"    { \"id\": \"r\", \"path\": \"${START}/<tree>\", "
		"\"access\": [\"read\"], \"by\": [\"app\"] },\n"
		"    { \"id\": \"s\", \"path\": \"${START}\", \"access\": "
		"[\"read\"] },\n"
		"    { \"id\": \"a\", \"path\": \"${ARG}\", "
		"\"access\": [\"create\"] } ],\n"
		"  \"code\": [ { \"id\": \"c\", \"load\": "
		"\"/code/a/ext/*.py\" },\n"
		"    { \"id\": \"v\", \"load\": \"${APP}/*.py\" } ],\n"
		"  \"deny\": [ { \"id\": \"x\", \"path\": "
		"\"/**/private/**\" } ] }\n";
	static const struct sm_named named[] = {
		{ 1, { SM_STR("/jobs/a/.") } },
		{ 2, { SM_STR("/jobs/b/."), SM_STR("/jobs/word") } },
		{ 1, { SM_STR("/code/a/.") } },
		{ 1, { SM_STR("/jobs/a") } },
	};
	static const struct {
		unsigned who;
		struct open_row row;
	} rows[] = {
		{ 0, { "/jobs/a", "r", "s" } },
		{ 0, { "/jobs/a/in/deep", "r", "r" } },
		{ 0, { "/jobs/a/.env", "r", NULL } },
		{ 0, { "/jobs/a/private/x", "r", NULL } },
		{ 0, { "/jobs/a/out/1.txt", "w", "w" } },
		{ 0, { "/jobs/a/out/deep/1.txt", "w", NULL } },
		/* no word named it */
		{ 0, { "/jobs/a", "w", NULL } },
		{ 0, { "/jobs", "r", NULL } },
		{ 0, { "/jobs/ab/out/1.txt", "w", NULL } },
		{ 0, { "/jobs/b/in", "r", NULL } },
		{ 1, { "/jobs/b/in", "r", "r" } },
		{ 1, { "/jobs/word", "w", "a" } },
		{ 1, { "/jobs/word/in", "r", NULL } },
		{ 1, { "/jobs/a/in", "r", NULL } },
		/* a directory from below which code is loaded */
		{ 2, { "/code/a/in", "r", "r" } },
		{ 2, { "/code/a/ext/x.py", "r", NULL } },
		{ 2, { "/code/a/out/1.txt", "w", NULL } },
		{ 3, { "/jobs/a/in", "r", NULL } },
	};
	struct compiled c = compile_text(text);
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		check_row(&c, &named[rows[i].who], &rows[i].row);
		assert_int_equal(decide_open(&c, NULL, rows[i].row.path, "r", 0)
					 .decision,
				 SM_DENIED);
	}
	assert_int_equal(i, 18);
	assert_true(sm_policy_has_named(&c.policy));
	assert_int_equal(decide_mkdir(&c, &named[0], "app", "/jobs"),
			 SM_DENIED);
	compiled_free(&c);
}

static void a_call_is_told_of_what_it_is_about_alone(void **state)
{
	static const struct sm_named named = {
		3,
		{ SM_STR("/jobs/a/."), SM_STR("/jobs/a/in"), SM_STR("/other") }
	};
	static const struct {
		const char *path;
		uint32_t count;
	} rows[] = { { "/jobs/a/in/x", 2 },
		     { "/jobs/a/x", 1 },
		     { "/jobs/x", 0 } };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct sm_request requests[SM_REQUESTS_MAX];
		struct sm_request_scratch scratch;
		struct sm_named out;
		struct staged s;

		stage(&s, "open", "app");
		push_arg(&s, text_value(rows[i].path));
		push_arg(&s, text_value("r"));
		push_arg(&s, int_value(0));
		s.event.named = &named;
		sm_event_named(&s.event, requests,
			       sm_event_requests(&s.event, &scratch, requests),
			       &out);
		assert_int_equal(out.count, rows[i].count);
		if (out.count)
			assert_true(sm_str_equal(out.paths[0],
						 SM_STR("/jobs/a/.")));
	}
}

static void only_rules_that_allow_files_take_it(void **state)
{
	static const char *const bad[] = {
		"\"deny\": [ { \"path\": \"${ARG}/x\" } ]",
		"\"code\": [ { \"load\": \"${ARG}/x.py\" } ]",
		"\"processes\": [ { \"exec\": \"${ARG}/x\" } ]",
		"\"processes\": [ { \"exec\": \"/x\", \"argv\": [\"x\", "
		"\"<path:${ARG}/**>\"] } ]",
		"\"processes\": [ { \"exec\": \"/x\", \"argv\": [\"x\", "
		"\"${ARG}\"] } ]",
		"\"native\": [ { \"dlopen\": \"${ARG}/x.so\" } ]",
		"\"network\": [ { \"connect\": \"${ARG}/s.sock\" } ]",
		"\"variables\": { \"ARG\": \"/x\" }",
		"\"files\": [ { \"path\": \"/x/${ARG}\", \"access\": "
		"[\"read\"] } ]",
		"\"deny\": [ { \"path\": \"${START}/x\" } ]",
		"\"code\": [ { \"load\": \"${START}/x.py\" } ]",
		"\"processes\": [ { \"exec\": \"/x\", \"argv\": [\"x\", "
		"\"<path:${START}/**>\"] } ]",
		"\"variables\": { \"START\": \"/x\" }",
	};
	const struct sm_binding binding = { "ARG", "/x" };
	struct sm_rules *rules;
	struct sm_diag diag;
	size_t bytes, i;
	char text[400];
	void *blob;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		enum sm_status status;

		snprintf(text, sizeof(text), "{ \"secmgr\": 1, %s }", bad[i]);
		status = sm_policy_parse(text, strlen(text), &rules, &diag);
		if (!status)
			status = sm_policy_compile(rules, NULL, 0, &blob,
						   &bytes, &diag);
		if (status != SM_INVALID ||
		    !strstr(diag.text,
			    strstr(bad[i], "START") ? "${START}" : "${ARG}"))
			fail_msg("%s: %s", bad[i], diag.text);
		sm_rules_free(rules);
		rules = NULL;
	}
	/* Nor does a binding of that name change what it means. */
	assert_int_equal(sm_policy_parse(policy_text, strlen(policy_text),
					 &rules, &diag),
			 SM_OK);
	assert_int_equal(
		sm_policy_compile(rules, &binding, 1, &blob, &bytes, &diag),
		SM_OK);
	free(blob);
	sm_rules_free(rules);
}

static void note(void *context, const struct sm_diag *finding)
{
	snprintf(context, 200, "%.199s", finding->text);
}

static void write_change(void *context, const struct sm_policy_change *c)
{
	char *text = context;

	snprintf(text + strlen(text), 200 - strlen(text), "%d %s %s|",
		 c->change, c->why, c->example ? c->example : "-");
}

static struct sm_rules *parse_files(const char *rules)
{
	struct sm_rules *out = NULL;
	struct sm_diag diag;
	char text[400];

	snprintf(text, sizeof(text), "{ \"secmgr\": 1, \"files\": [ %s ] }",
		 rules);
	if (sm_policy_parse(text, strlen(text), &out, &diag))
		fail_msg("%s", diag.text);
	return out;
}

static void reviews_compare_it_as_a_place_of_its_own(void **state)
{
	struct sm_rules *all =
		parse_files("{ \"id\": \"a\", \"path\": \"${ARG}/**\", "
			    "\"access\": [\"read\"] },"
			    "{ \"id\": \"b\", \"path\": \"${ARG}/x/*\", "
			    "\"access\": [\"read\"] }");
	struct sm_rules *old = parse_files(
		"{ \"id\": \"a\", \"path\": \"/**\", \"access\": [\"read\"] }");
	char text[200] = "";
	struct sm_diag diag;

	(void)state;
	assert_int_equal(sm_policy_check(all, NULL, 0, note, text, &diag),
			 SM_OK);
	assert_non_null(strstr(text, "rule \"b\" adds nothing to \"a\""));
	assert_int_equal(
		sm_policy_diff(old, all, NULL, 0, write_change, text, &diag),
		SM_OK);
	assert_non_null(strstr(text, "${ARG}/"));
	sm_rules_free(all);
	sm_rules_free(old);
}

static void reviews_tell_it_from_what_was_named(void **state)
{
	struct sm_rules *start =
		parse_files("{ \"id\": \"a\", \"path\": \"${START}/**\", "
			    "\"access\": [\"read\"] },"
			    "{ \"id\": \"b\", \"path\": \"${START}/x\", "
			    "\"access\": [\"read\"] }");
	struct sm_rules *arg = parse_files(
		"{ \"id\": \"a\", \"path\": \"${ARG}/**\", \"access\": "
		"[\"read\"] }");
	char text[200] = "";
	struct sm_diag diag;

	(void)state;
	assert_int_equal(sm_policy_check(start, NULL, 0, note, text, &diag),
			 SM_OK);
	assert_non_null(strstr(text, "rule \"b\" adds nothing to \"a\""));
	text[0] = 0;
	assert_int_equal(
		sm_policy_diff(arg, start, NULL, 0, write_change, text, &diag),
		SM_OK);
	assert_non_null(strstr(text, "${START}/"));
	assert_non_null(strstr(text, "${ARG}/"));
	sm_rules_free(start);
	sm_rules_free(arg);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_process_may_do_with_what_it_was_told),
		cmocka_unit_test(a_process_may_do_it_where_it_was_started),
		cmocka_unit_test(a_call_is_told_of_what_it_is_about_alone),
		cmocka_unit_test(reviews_tell_it_from_what_was_named),
		cmocka_unit_test(
			nothing_changes_through_a_name_with_code_below),
		cmocka_unit_test(
			who_may_make_it_makes_the_directories_that_lead_to_it),
		cmocka_unit_test(what_may_be_written_there_is_not_run),
		cmocka_unit_test(only_rules_that_allow_files_take_it),
		cmocka_unit_test(reviews_compare_it_as_a_place_of_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
