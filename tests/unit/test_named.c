/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_named.c: what a command line names, where it was given, and what ${ARG}
 * and ${START} grant of it.
 */
#include "schema/named.h"

#include "schema/path.h"
#include "tests/unit/policy_fixture.h"

#define WORDS_MAX 24

struct command_row {
	const char *exe;
	const char *line;  /* words, separated by a bar */
	const char *named; /* paths, separated by a space */
};

static const struct command_row commands[] = {
	{ "/usr/bin/python3", "python3|/usr/bin/borg|create|repo::monday|src",
	  "/jobs/create /jobs/repo /jobs/src" },
	{ "/usr/bin/python3.11", "python3|-m|mkdocs|build|-d|out",
	  "/jobs/build /jobs/out" },
	{ "/usr/bin/python3", "python3|-Im|mkdocs|out", "/jobs/out" },
	{ "/usr/bin/python3", "python3|-c|open(1)|/srv/in", "/srv/in" },
	{ "/usr/bin/python3", "python3|-W|error|-X|dev|tool.py|x", "/jobs/x" },
	{ "/usr/bin/python3",
	  "python3|--check-hash-based-pycs|always|tool.py|x", "/jobs/x" },
	{ "/usr/bin/python3", "python3|-bb|-|x", "/jobs/x" },
	{ "/usr/bin/python3", "python3|--|tool.py|x", "/jobs/x" },
	{ "/usr/bin/python3", "python3", "" },
	{ "/usr/bin/uwsgi", "uwsgi|app.ini", "/jobs/app.ini" },
	{ "/opt/tool", "tool|--out=a/../b|--quiet|-o|c|if=/srv/d|n=1|-v=",
	  "/jobs/b /jobs/c /srv/d" },
	{ "/opt/tool", "tool|https://host/x|~/y|a b|x\ny||.|..|x|x",
	  "/jobs/a b /jobs /jobs/x" },
	/* places that are not the caller's to name */
	{ "/opt/tool",
	  "tool|/|/etc|/etc/passwd|/usr/share/x|/proc/1/mem|/dev/sda", "" },
	{ "/opt/tool", "tool|/home|/home/u|/home/v/x|/root/x|/home/u/x",
	  "/home/u/x" },
	{ "/opt/tool", "tool|/tmp|/var|/var/lib|/var/spool/cron/x|/srv|/srv/x",
	  "/srv/x" },
	{ "/opt/tool", "tool|/home/u/.ssh|/srv/.git/config|.env|/srv/a.d",
	  "/srv/a.d" },
	{ "/opt/tool", "tool|key.pem|/srv/id_rsa|--cert=/srv/x.key|k.txt",
	  "/jobs/k.txt" },
};

static struct sm_named_store take(const struct command_row *row)
{
	struct sm_str argv[WORDS_MAX];
	struct sm_command command = { .exe = sm_str_of(row->exe),
				      .argv = argv,
				      .cwd = SM_STR("/jobs"),
				      .home = SM_STR("/home/u") };
	struct sm_named_store store = { 0 };
	const char *at = row->line, *end;

	do {
		end = strchr(at, '|');
		assert_true(command.argc < WORDS_MAX);
		argv[command.argc++] =
			(struct sm_str){ at, end ? (uint32_t)(end - at)
						 : (uint32_t)strlen(at) };
		at = end ? end + 1 : NULL;
	} while (at);
	sm_named_take(&command, &store);
	return store;
}

static void a_command_names_its_paths_and_no_protected_ones(void **state)
{
	size_t i, count = sizeof(commands) / sizeof(*commands);

	(void)state;
	for (i = 0; i < count; i++) {
		struct sm_named_store store = take(&commands[i]);
		char text[1024] = "";

		for (uint32_t k = 0; k < store.named.count; k++)
			snprintf(text + strlen(text),
				 sizeof(text) - strlen(text), "%s%.*s",
				 k ? " " : "", (int)store.named.paths[k].len,
				 store.named.paths[k].p);
		if (strcmp(text, commands[i].named))
			fail_msg("%s names %s, not %s", commands[i].line, text,
				 commands[i].named);
	}
	assert_int_equal(i, 17);
}

static struct sm_str lead_to(struct sm_str path, char *out)
{
	const char *there = sm_str_equal(path, SM_STR("/jobs/link")) ? "/srv/x"
			    : sm_str_equal(path, SM_STR("/jobs/evil"))
				    ? "/etc/cron.d"
				    : "";

	memcpy(out, there, strlen(there));
	return (struct sm_str){ out, (uint32_t)strlen(there) };
}

static void a_link_names_where_it_leads_or_nothing(void **state)
{
	const struct sm_str argv[] = { SM_STR("tool"), SM_STR("link"),
				       SM_STR("evil"), SM_STR("new") };
	const struct sm_command command = { .exe = SM_STR("/opt/tool"),
					    .argv = argv,
					    .argc = 4,
					    .cwd = SM_STR("/jobs"),
					    .resolve = lead_to };
	struct sm_named_store store;

	(void)state;
	sm_named_take(&command, &store);
	assert_int_equal(store.named.count, 3);
	assert_true(sm_str_equal(store.named.paths[0], SM_STR("/srv/x")));
	assert_true(sm_str_equal(store.named.paths[1], SM_STR("/jobs/link")));
	assert_true(sm_str_equal(store.named.paths[2], SM_STR("/jobs/new")));
}

static void what_does_not_fit_is_left_out(void **state)
{
	static char words[SM_NAMED_MAX + 2][16];
	struct sm_str argv[SM_NAMED_MAX + 2] = { SM_STR("tool") };
	char longer[3000];
	struct sm_command command = { .exe = SM_STR("/opt/tool"),
				      .argv = argv,
				      .argc = SM_NAMED_MAX + 2,
				      .cwd = SM_STR("/jobs") };
	struct sm_named_store store;

	(void)state;
	for (int i = 1; i < SM_NAMED_MAX + 2; i++) {
		snprintf(words[i], sizeof(words[i]), "w%d", i);
		argv[i] = sm_str_of(words[i]);
	}
	sm_named_take(&command, &store);
	assert_int_equal(store.named.count, SM_NAMED_MAX);
	memset(longer, 'x', sizeof(longer));
	argv[1] = argv[3] = (struct sm_str){ longer, sizeof(longer) };
	argv[2] = (struct sm_str){ longer, sizeof(longer) - 1 };
	command.argc = 5;
	sm_named_take(&command, &store);
	assert_int_equal(store.named.count, 2);
	assert_int_equal(store.named.paths[0].len, sizeof(longer) + 6);
	assert_true(sm_str_equal(store.named.paths[1], SM_STR("/jobs/w4")));
}

static void where_it_was_given_is_told_if_it_is_open(void **state)
{
	static const char *const closed[] = {
		"/",	     "/tmp",	 "/etc/x",    "/usr/lib",
		"/home",     "/home/u",	 "/home/v/x", "/srv",
		"/srv/.git", "relative", "/srv/x/",   ""
	};
	const struct sm_str argv[] = { SM_STR("tool"), SM_STR(".") };
	struct sm_command command = { .exe = SM_STR("/opt/tool"),
				      .argv = argv,
				      .argc = 2,
				      .cwd = SM_STR("/jobs"),
				      .home = SM_STR("/home/u") };
	struct sm_named_store store;

	(void)state;
	for (size_t i = 0; i < sizeof(closed) / sizeof(*closed); i++) {
		command.start = sm_str_of(closed[i]);
		sm_named_take(&command, &store);
		assert_int_equal(sm_named_start(&store.named).len, 0);
		assert_int_equal(store.named.count, 1);
	}
	command.start = SM_STR("/home/u/site");
	sm_named_take(&command, &store);
	assert_int_equal(store.named.count, 2);
	assert_true(
		sm_str_equal(store.named.paths[0], SM_STR("/home/u/site/.")));
	assert_true(sm_str_equal(sm_named_start(&store.named), command.start));
	/* It was not named by a word. */
	assert_int_equal(sm_named_find(&store.named, command.start), -1);
	assert_int_equal(sm_named_start(NULL).len, 0);
	assert_true(sm_named_is_valid(SM_STR("/srv/x")));
	assert_true(sm_named_is_valid(SM_STR("/srv/x/.")));
	assert_false(sm_named_is_valid(SM_STR("/srv/x/./.")));
	assert_false(sm_named_is_valid(SM_STR("srv/.")));
	assert_false(sm_named_is_valid(SM_STR("/srv/../.")));
}

/* ------------------------------------------------------------------ policy */

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
		cmocka_unit_test(
			a_command_names_its_paths_and_no_protected_ones),
		cmocka_unit_test(a_link_names_where_it_leads_or_nothing),
		cmocka_unit_test(what_does_not_fit_is_left_out),
		cmocka_unit_test(where_it_was_given_is_told_if_it_is_open),
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
