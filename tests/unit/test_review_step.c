/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One step of a rule: what is offered, and that nothing is where it would be
 * wrong.
 */
#include "policy_fixture.h"

#include "tools/review_step.h"

const struct sm_program sm_policy_program = { .name = "test" };

static struct sm_rules *parse(const char *family, const char *rule)
{
	struct sm_rules *rules = NULL;
	struct sm_diag diag = { 0 };
	char text[1024];

	snprintf(
		text, sizeof(text),
		"{\"secmgr\": 1, \"variables\": {\"APP\": \"/srv/shop\", "
		"\"LIB\": [\"/usr/share/a\", \"/opt/app/b\"]}, \"%s\": [%s%s]}",
		family, rule,
		!strcmp(family, "code")
			? ""
			: "], \"code\": [{\"load\": \"${APP}/lib/*.py\"}");
	if (sm_policy_parse(text, strlen(text), &rules, &diag))
		fail_msg("%s: %u:%u: %s", text, diag.line, diag.column,
			 diag.text);
	return rules;
}

/* The rule a test is about; bundles and others stand behind it. */
static const struct sm_rule *first_of(const struct sm_rules *rules)
{
	return &rules->rules[0];
}

static char *print(const struct sm_rules *rules)
{
	static char out[2048];
	char *text;
	size_t i;

	out[0] = 0;
	for (i = 0; rules && i < rules->count; i++) {
		const struct sm_rule *r = &rules->rules[i];

		assert_int_equal(sm_policy_print_rule(r, &text), SM_OK);
		snprintf(out + strlen(out), sizeof(out) - strlen(out), "%s%s",
			 i ? "\n" : "", text);
		free(text);
	}
	return out;
}

struct fixture {
	struct sm_rules *rules;
	struct sm_places places;
};

static struct fixture set_rule(const char *family, const char *rule)
{
	struct fixture f = { .rules = parse(family, rule) };

	f.places.policy = f.rules;
	return f;
}

/* ------------------------------------------------------------------- looser */

static void expect_looser(const char *family, const char *rule,
			  const char *expected)
{
	struct fixture f = set_rule(family, rule);
	struct sm_rules *step = sm_step_looser(&f.places, first_of(f.rules));

	assert_string_equal(print(step), expected);
	sm_rules_free(step);
	sm_rules_free(f.rules);
}

#define FILE_RULE(path) "{ \"path\": \"" path "\", \"access\": [\"read\"] }"

static void looser_paths_open_a_component_at_a_time(void **state)
{
	static const char *const steps[] = {
		FILE_RULE("${APP}/media/2026/a.jpg"),
		FILE_RULE("${APP}/media/2026/<name>.jpg"),
		FILE_RULE("${APP}/media/2026/<name>"),
		FILE_RULE("${APP}/media/2026/<tree>"), ""
	};
	size_t i;

	(void)state;
	for (i = 0; steps[i][0]; i++)
		expect_looser("files", steps[i], steps[i + 1]);
	expect_looser("files", FILE_RULE("${APP}/media/<int>/<name>.jpg"),
		      FILE_RULE("${APP}/media/<name>/<name>.jpg"));
	expect_looser("files", FILE_RULE("/srv/data/order-<int>.pdf"),
		      FILE_RULE("/srv/data/<name>.pdf"));
}

static void nothing_opens_in_protected_places(void **state)
{
	static const char *const closed[] = {
		FILE_RULE("/etc/app/a.json"),
		FILE_RULE("/proc/<int>/maps"),
		FILE_RULE("/tmp/a.json"),
		FILE_RULE("/var/lib/a.json"),
		FILE_RULE("${APP}/.git/a.json"),
		FILE_RULE("${APP}/views.py"),
		FILE_RULE("${APP}/tls/key.pem"),
		FILE_RULE("${APP}/.env"),
		FILE_RULE("${LIB}/a.json"),
		FILE_RULE("${APP}/media/names"),
		FILE_RULE("${TMP}/a.json"),
		FILE_RULE("${HOME}/a.json"),
		/* Code is loaded from there, or below. */
		FILE_RULE("${APP}/lib/<name>.json"),
		FILE_RULE("${APP}/<name>"),
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(closed) / sizeof(*closed); i++)
		expect_looser("files", closed[i], "");
	expect_looser("files", FILE_RULE("${APP}/lib/a.json"),
		      FILE_RULE("${APP}/lib/<name>.json"));
}

static void looser_addresses_stay_one_host_or_one_domain(void **state)
{
	(void)state;
	expect_looser("network", "{ \"connect\": \"db.example.com:5432\" }",
		      "{ \"connect\": \"db.example.com:<port>\" }");
	expect_looser("network", "{ \"connect\": \"[2001:db8::1]:8080\" }",
		      "{ \"connect\": \"[2001:db8::1]:<port>\" }");
	expect_looser("network", "{ \"connect\": \"tcp:api.example.com:443\" }",
		      "{ \"connect\": \"tcp:*.example.com:443\" }");
	expect_looser("network", "{ \"connect\": \"example.com:443\" }", "");
	expect_looser("network", "{ \"connect\": \"192.0.2.1:443\" }", "");
	expect_looser("network", "{ \"connect\": \"10.0.0.0/8:443\" }", "");
	expect_looser("network", "{ \"connect\": \"/run/a/b.sock\" }", "");
	expect_looser("network", "{ \"resolve\": \"a.example.com\" }", "");
	expect_looser("network", "{ \"socket\": \"raw\" }", "");
}

static void
looser_commands_open_the_last_argument_that_is_no_option(void **state)
{
	(void)state;
	expect_looser("processes",
		      "{ \"exec\": \"/bin/ls\", \"argv\": [\"ls\", \"a\", "
		      "\"-l\"] }",
		      "{ \"exec\": \"/bin/ls\", \"argv\": [\"ls\", \"<word>\", "
		      "\"-l\"] }");
	expect_looser("processes",
		      "{ \"exec\": \"/bin/sleep\", \"argv\": [\"sleep\", "
		      "\"5\"] }",
		      "{ \"exec\": \"/bin/sleep\", \"argv\": [\"sleep\", "
		      "\"<int>\"] }");
	expect_looser("processes",
		      "{ \"exec\": \"/bin/ls\", \"argv\": [\"ls\", \"-l\"] }",
		      "");
	expect_looser("processes",
		      "{ \"exec\": \"/bin/ls\", \"argv\": [\"ls\", "
		      "\"/etc/a\"] }",
		      "");
	expect_looser("processes",
		      "{ \"exec\": \"/bin/ls\", \"argv\": [\"ls\", "
		      "\"[-l]\"] }",
		      "");
	expect_looser("processes", "{ \"exec\": \"/bin/ls\" }", "");
	expect_looser("processes", "{ \"shell\": \"ls a\" }", "");
	expect_looser("code", "{ \"load\": \"${APP}/a.py\" }", "");
	expect_looser("pickles", "{ \"class\": \"a.B\" }", "");
	expect_looser("native", "{ \"dlopen\": \"libc.so.6\" }", "");
}

/* ------------------------------------------------------------------ tighter */

/* values end with NULL; of commands, words separated by spaces. */
static void see(struct sm_evidence *e, struct sm_rules *texts,
		const struct sm_rule *rule, const char *const *values)
{
	memset(e, 0, sizeof(*e));
	e->access = rule->access;
	e->by_count = 1;
	e->by[0] = SM_STR("app");
	for (; *values; values++) {
		struct sm_seen_value *v = &e->values[e->value_count++];
		char copy[256], *word, *save = NULL;

		v->text = sm_rules_keep(texts, sm_str_of(*values));
		v->count = 1;
		v->has_args = rule->access == SM_ACCESS_EXEC;
		snprintf(copy, sizeof(copy), "%s", *values);
		for (word = strtok_r(copy, " ", &save); v->has_args && word;
		     word = strtok_r(NULL, " ", &save))
			assert_int_equal(sm_strings_add(texts, &v->args,
							sm_str_of(word)),
					 SM_OK);
	}
	e->events = e->distinct = e->value_count;
}

static void expect_tighter(const char *family, const char *rule,
			   const char *const *values, const char *expected)
{
	struct fixture f = set_rule(family, rule);
	struct sm_evidence e;
	struct sm_rules *step;

	see(&e, f.rules, first_of(f.rules), values);
	step = sm_step_tighter(&f.places, first_of(f.rules), &e);
	assert_string_equal(print(step), expected);
	sm_rules_free(step);
	sm_rules_free(f.rules);
}

#define SEEN(...)                                                              \
	(const char *const[])                                                  \
	{                                                                      \
		__VA_ARGS__, NULL                                              \
	}

static void tighter_paths_close_the_widest_slot_first(void **state)
{
	(void)state;
	expect_tighter("files", FILE_RULE("${APP}/media/**"),
		       SEEN("/srv/shop/media/a.jpg", "/srv/shop/media/x/b.jpg"),
		       FILE_RULE("${APP}/media/<name>") "\n" FILE_RULE(
			       "${APP}/media/<name>/<name>"));
	expect_tighter("files", FILE_RULE("${APP}/media/**/<name>.jpg"),
		       SEEN("/srv/shop/media/x/b.jpg"),
		       FILE_RULE("${APP}/media/<name>/<name>.jpg"));
	expect_tighter("files", FILE_RULE("${APP}/media/*"),
		       SEEN("/srv/shop/media/a.jpg"),
		       FILE_RULE("${APP}/media/<name>.jpg"));
	expect_tighter("files", FILE_RULE("${APP}/media/<name>"),
		       SEEN("/srv/shop/media/a.jpg", "/srv/shop/media/b.jpg"),
		       FILE_RULE("${APP}/media/<name>.jpg"));
	expect_tighter("files", FILE_RULE("${APP}/media/<name>"),
		       SEEN("/srv/shop/media/17", "/srv/shop/media/4"),
		       FILE_RULE("${APP}/media/<int>"));
	expect_tighter("files", FILE_RULE("${APP}/media/<int>/a"),
		       SEEN("/srv/shop/media/17/a", "/srv/shop/media/4/a"),
		       FILE_RULE("${APP}/media/17/a") "\n" FILE_RULE(
			       "${APP}/media/4/a"));
	/* A file's own name is no pattern. */
	expect_tighter("files", FILE_RULE("${APP}/media/x<name>"),
		       SEEN("/srv/shop/media/x<int>"),
		       "{ \"path\": \"${APP}/media/x\\\\<int>\", \"access\": "
		       "[\"read\"] }");
	expect_tighter("files", FILE_RULE("${LIB}/<name>/x"),
		       SEEN("/opt/app/b/y/x"), FILE_RULE("${LIB}/y/x"));
	expect_tighter("code", "{ \"load\": \"${APP}/*.py\" }",
		       SEEN("/srv/shop/a.py"), "{ \"load\": \"${APP}/a.py\" }");
}

static void nothing_is_tighter_without_reason(void **state)
{
	static char names[10][32];
	static const char *many[11];
	int i;

	(void)state;
	for (i = 0; i < 9; i++) {
		snprintf(names[i], sizeof(names[i]), "/srv/shop/media/%d.jpg",
			 i);
		many[i] = names[i];
	}
	expect_tighter("files", FILE_RULE("${APP}/media/a.jpg"),
		       SEEN("/srv/shop/media/a.jpg"), "");
	/* More single rules than anybody reads. */
	expect_tighter("files", FILE_RULE("${APP}/media/<name>.jpg"), many, "");
	many[8] = NULL;
	expect_tighter("native", "{ \"dlopen\": \"libc.so.6\" }",
		       SEEN("libc.so.6"), "");
	expect_tighter("pickles", "{ \"class\": \"a.B\" }", SEEN("a.B"), "");
	expect_tighter("code", "{ \"load\": \"distribution:x\" }",
		       SEEN("/usr/lib/x.py"), "");
	expect_tighter("files", FILE_RULE("${APP}/**/**/x"),
		       SEEN("/srv/shop/a/b/x"), "");
}

static void tighter_values_are_those_that_were_seen(void **state)
{
	(void)state;
	expect_tighter("network", "{ \"connect\": \"tcp:10.0.0.0/8:*\" }",
		       SEEN("10.1.2.3:80", "10.1.2.4:80"),
		       "{ \"connect\": \"tcp:10.1.2.3:80\" }\n"
		       "{ \"connect\": \"tcp:10.1.2.4:80\" }");
	expect_tighter("network", "{ \"connect\": \"a.example.com:<port>\" }",
		       SEEN("a.example.com:8080"),
		       "{ \"connect\": \"a.example.com:8080\" }");
	expect_tighter("network", "{ \"bind\": \"/run/a/<name>\" }",
		       SEEN("/run/a/x"), "{ \"bind\": \"/run/a/x\" }");
	expect_tighter("pickles", "{ \"class\": \"a.<class>\" }",
		       SEEN("a.b.C", "a.b.D", "a.e.C"),
		       "{ \"class\": \"a.b.<class>\" }\n"
		       "{ \"class\": \"a.e.<class>\" }");
	expect_tighter("pickles", "{ \"class\": \"a.b.<class>\" }",
		       SEEN("a.b.C", "a.b.D"),
		       "{ \"class\": \"a.b.C\" }\n"
		       "{ \"class\": \"a.b.D\" }");
	expect_tighter("pickles", "{ \"class\": \"a.*\" }", SEEN("a.B", "a.C"),
		       "{ \"class\": \"a.B\" }\n{ \"class\": \"a.C\" }");
	expect_tighter("processes", "{ \"shell\": \"ping -c 1 <host>\" }",
		       SEEN("ping -c 1 a.b"),
		       "{ \"shell\": \"ping -c 1 a.b\" }");
}

static void tighter_commands_are_those_that_were_run(void **state)
{
	(void)state;
	expect_tighter("processes", "{ \"exec\": \"/bin/ls\" }",
		       SEEN("ls -l", "ls"),
		       "{ \"exec\": \"/bin/ls\", \"argv\": [\"ls\", \"-l\"] }\n"
		       "{ \"exec\": \"/bin/ls\", \"argv\": [\"ls\"] }");
	expect_tighter("processes",
		       "{ \"exec\": \"/bin/ls\", \"argv\": [\"ls\", \"*\"] }",
		       SEEN("ls a b"),
		       "{ \"exec\": \"/bin/ls\", \"argv\": [\"ls\", \"a\", "
		       "\"b\"] }");
	expect_tighter("processes",
		       "{ \"exec\": \"/bin/ls\", \"argv\": [\"ls\", "
		       "\"<word>\"] }",
		       SEEN("ls 1", "ls 22"),
		       "{ \"exec\": \"/bin/ls\", \"argv\": [\"ls\", "
		       "\"<int>\"] }");
	expect_tighter("processes",
		       "{ \"exec\": \"/bin/ls\", \"argv\": [\"ls\", "
		       "\"<int>\"] }",
		       SEEN("ls 1"),
		       "{ \"exec\": \"/bin/ls\", \"argv\": [\"ls\", \"1\"] }");
	/* Words behind options stand at another place in each line. */
	expect_tighter("processes",
		       "{ \"exec\": \"/bin/ls\", \"argv\": [\"ls\", "
		       "\"[-w <int>]\", \"<word>\"] }",
		       SEEN("ls a", "ls -w 7 [-x]"),
		       "{ \"exec\": \"/bin/ls\", \"argv\": [\"ls\", \"a\"] }\n"
		       "{ \"exec\": \"/bin/ls\", \"argv\": [\"ls\", \"-w\", "
		       "\"7\", \"\\\\[-x]\"] }");
}

static void what_was_not_used_goes_before_anything_else(void **state)
{
	struct fixture f = set_rule(
		"files", "{ \"id\": \"f\", \"path\": \"${APP}/x/<name>\", "
			 "\"access\": [\"read\", \"write\", \"meta\"], "
			 "\"by\": [\"app\", \"requests\"] }");
	struct sm_evidence e;
	struct sm_rules *step;

	(void)state;
	see(&e, f.rules, first_of(f.rules), SEEN("/srv/shop/x/1"));
	e.access = SM_ACCESS_READ | SM_ACCESS_META;
	step = sm_step_tighter(&f.places, first_of(f.rules), &e);
	assert_string_equal(print(step),
			    "{ \"id\": \"f\", \"path\": \"${APP}/x/<name>\", "
			    "\"access\": [\"read\", \"meta\"], \"by\": "
			    "[\"app\"] }");
	sm_rules_free(step);
	/* Too many to know them all. */
	e.distinct = SM_SEEN_MAX + 1;
	assert_null(sm_step_tighter(&f.places, first_of(f.rules), &e));
	memset(&e, 0, sizeof(e));
	assert_null(sm_step_tighter(&f.places, first_of(f.rules), &e));
	sm_rules_free(f.rules);
}

static void denied_is_exactly_what_was_granted(void **state)
{
	struct fixture f = set_rule(
		"files", "{ \"id\": \"f\", \"path\": \"/srv/x\", \"access\": "
			 "[\"read\"], \"by\": [\"app\"] }");
	struct sm_rules *step = sm_step_deny(&f.places, first_of(f.rules));

	(void)state;
	assert_true(step->rules[0].deny);
	assert_string_equal(print(step),
			    "{ \"id\": \"f\", \"path\": \"/srv/x\", "
			    "\"access\": [\"read\"], \"by\": [\"app\"], "
			    "\"via\": [\"direct\"] }");
	sm_rules_free(step);
	sm_rules_free(f.rules);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(looser_paths_open_a_component_at_a_time),
		cmocka_unit_test(nothing_opens_in_protected_places),
		cmocka_unit_test(looser_addresses_stay_one_host_or_one_domain),
		cmocka_unit_test(
			looser_commands_open_the_last_argument_that_is_no_option),
		cmocka_unit_test(tighter_paths_close_the_widest_slot_first),
		cmocka_unit_test(nothing_is_tighter_without_reason),
		cmocka_unit_test(tighter_values_are_those_that_were_seen),
		cmocka_unit_test(tighter_commands_are_those_that_were_run),
		cmocka_unit_test(what_was_not_used_goes_before_anything_else),
		cmocka_unit_test(denied_is_exactly_what_was_granted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
