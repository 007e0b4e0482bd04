/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_policy_functions.c: rules for some of the application's functions.
 */
#include "tests/unit/policy_fixture.h"

#define HEAD	    "{\"secmgr\": 1, \"modes\": {\"code\": \"off\"}"
#define COUNT(list) (sizeof(list) / sizeof(*(list)))

/* Whom rules may be for; empty: no rule, or one without `by`. */
static const char *const whom[] = { "app",    "app:a",	  "app:b", "app:b,a",
				    "app:!a", "app:!a,b", "app:!b" };

/* Who asks: functions of the application, an unknown one, and others. */
static const struct asker {
	const char *by, *function;
	bool are_let[COUNT(whom)];
} askers[] = {
	{ "app", "a", { true, true, false, true, false, false, true } },
	{ "app", "b", { true, false, true, true, true, false, false } },
	{ "app", "aa", { true, false, false, false, true, true, true } },
	{ "app", "", { true, false, false, false, true, true, true } },
	{ "web", "", { false } },
	{ "python", "", { false } },
};

static bool is_let(const struct compiled *c, const struct asker *who)
{
	struct sm_verdict v;
	struct staged s;

	stage(&s, "open", who->by);
	s.event.site.principal.function = sm_str_of(who->function);
	push_arg(&s, text_value("/a"));
	push_arg(&s, (struct sm_value){ .type = SM_NONE });
	push_arg(&s, int_value(0));
	sm_policy_decide(&c->policy, &s.event, &v);
	return v.decision == SM_ALLOWED;
}

static void a_rule_is_for_the_functions_it_names(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(whom); i++) {
		struct compiled c;
		char text[300];

		snprintf(text, sizeof(text),
			 HEAD ", \"files\": [{\"path\": \"/a\", \"access\": "
			      "[\"read\"], \"by\": [\"%s\"]}]}",
			 whom[i]);
		c = compile_text(text);
		for (size_t k = 0; k < COUNT(askers); k++)
			if (is_let(&c, &askers[k]) != askers[k].are_let[i])
				fail_msg("%s: %s of %s", whom[i],
					 askers[k].function, askers[k].by);
		compiled_free(&c);
	}
}

/* More names than a decision has bits for are compared one by one. */
static void of_many_functions_each_is_told_from_the_others(void **state)
{
	static char text[8000];
	struct compiled c;
	int n;

	(void)state;
	n = snprintf(text, sizeof(text), HEAD ", \"files\": [");
	for (int i = 0; i < 80; i++)
		n += snprintf(text + n, sizeof(text) - (size_t)n,
			      "{\"path\": \"/%d\", \"access\": [\"read\"], "
			      "\"by\": [\"app:f%d\"]}, ",
			      i, i);
	snprintf(text + n, sizeof(text) - (size_t)n,
		 "{\"path\": \"/a\", \"access\": [\"read\"], \"by\": "
		 "[\"app:!f1\"]}, {\"path\": \"/a\", \"access\": [\"read\"], "
		 "\"by\": [\"app:last\"], \"via\": [\"exec\"]}]}");
	c = compile_text(text);
	assert_false(is_let(&c, &(struct asker){ "app", "f1", { false } }));
	assert_true(is_let(&c, &(struct asker){ "app", "f11", { false } }));
	assert_true(is_let(&c, &(struct asker){ "app", "last", { false } }));
	assert_false(is_let(&c, &(struct asker){ "web", "last", { false } }));
	compiled_free(&c);
}

static void code_that_may_not_be_loaded_has_no_functions(void **state)
{
	struct compiled c = compile_text(
		"{\"secmgr\": 1, \"files\": [{\"path\": \"/a\", \"access\": "
		"[\"read\"], \"by\": [\"app:!a\"]}]}");

	(void)state;
	assert_false(is_let(&c, &askers[1]));
	compiled_free(&c);
}

/* ------------------------------------------------------------ comparing */

struct policy {
	struct sm_rules *rules;
	struct compiled compiled;
};

/* One rule that allows, for whom number allow, and perhaps one that denies. */
static struct policy make(size_t allow, size_t deny)
{
	struct policy p = { 0 };
	struct sm_diag diag = { 0 };
	char text[400], by[40] = "", denies[200] = "";

	if (deny < COUNT(whom))
		snprintf(by, sizeof(by), ", \"by\": [\"%s\"]", whom[deny]);
	if (deny <= COUNT(whom))
		snprintf(denies, sizeof(denies),
			 ", \"deny\": [{\"path\": \"/*\"%s}]", by);
	*by = 0;
	if (allow < COUNT(whom))
		snprintf(by, sizeof(by), ", \"by\": [\"%s\"]", whom[allow]);
	snprintf(text, sizeof(text),
		 HEAD ", \"files\": [{\"path\": \"/a\", \"access\": "
		      "[\"read\"]%s}]%s}",
		 by, denies);
	if (sm_policy_parse(text, strlen(text), &p.rules, &diag))
		fail_msg("%s: %s", text, diag.text);
	p.compiled = compile_text(text);
	return p;
}

/* The last two kinds of allow and deny: without by; of deny: none. */
#define ALLOWS (COUNT(whom) + 1)
#define DENIES (COUNT(whom) + 2)

static void compare(const struct policy *old, const struct policy *new)
{
	struct sm_diag diag;
	bool is_wider = false, is_narrower = false;
	char told[100] = "";

	assert_int_equal(sm_policy_diff(old->rules, new->rules, NULL, 0,
					note_change, told, &diag),
			 0);
	for (size_t i = 0; i < COUNT(askers); i++) {
		bool before = is_let(&old->compiled, &askers[i]);
		bool after = is_let(&new->compiled, &askers[i]);

		is_wider |= after && !before;
		is_narrower |= before && !after;
	}
	if (!strchr(told, 'w') == is_wider || !strchr(told, 'n') == is_narrower)
		fail_msg("told \"%s\"", told);
}

static void a_difference_for_one_function_is_told(void **state)
{
	static struct policy all[ALLOWS * DENIES];

	(void)state;
	for (size_t i = 0; i < COUNT(all); i++)
		all[i] = make(i / DENIES, i % DENIES);
	for (size_t i = 0; i < COUNT(all); i++)
		for (size_t k = 0; k < COUNT(all); k++)
			compare(&all[i], &all[k]);
	for (size_t i = 0; i < COUNT(all); i++) {
		sm_rules_free(all[i].rules);
		compiled_free(&all[i].compiled);
	}
}

static void note_finding(void *context, const struct sm_diag *finding)
{
	*(bool *)context = finding->text[0] != 0;
}

/* For whom the second rule is, and whether the first makes it needless. */
static void who_is_among_others_needs_no_rule(void **state)
{
	static const struct {
		const char *wide, *narrow;
		bool is_needless;
	} rows[] = {
		{ "app", "app:a", true },	{ "app", "app:!a", true },
		{ "app:!a", "app:b", true },	{ "app:!a", "app:a,b", false },
		{ "app:!a", "app:!a,b", true }, { "app:!a,b", "app:!a", false },
		{ "app:a,b", "app:b", true },	{ "app:a", "app:!b", false },
		{ "app:a", "app", false },	{ "app:a", "web", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct sm_rules *rules = NULL;
		struct sm_diag diag = { 0 };
		bool is_told = false;
		char text[400];

		snprintf(text, sizeof(text),
			 HEAD ", \"files\": [{\"path\": \"/*\", \"access\": "
			      "[\"read\"], \"by\": [\"%s\"]}, {\"path\": "
			      "\"/a\", \"access\": [\"read\"], \"by\": "
			      "[\"%s\"]}]}",
			 rows[i].wide, rows[i].narrow);
		assert_int_equal(
			sm_policy_parse(text, strlen(text), &rules, &diag), 0);
		assert_int_equal(sm_policy_check(rules, NULL, 0, note_finding,
						 &is_told, &diag),
				 0);
		if (is_told != rows[i].is_needless)
			fail_msg("%s", text);
		sm_rules_free(rules);
	}
}

static void names_that_say_nothing_are_refused(void **state)
{
	static const char *const bad[] = {
		"app:",	    "app:!",	"app:,",	"app:a,",
		"app:,a",   "app:a,,b", "app:a b",	"web:a",
		"python:a", "main:a",	"app:a\\u007f", "dynamic:a:b"
	};
	static const char *const good[] = { "app:<module>",
					    "app:!Shop.get,f.<locals>.<lambda>",
					    "app:gr\xc3\xb6\xc3\x9fs",
					    "dynamic:app" };
	char text[300];

	(void)state;
	for (size_t i = 0; i < COUNT(bad) + COUNT(good); i++) {
		bool is_bad = i < COUNT(bad);
		struct sm_rules *rules = NULL;
		struct sm_diag diag = { 0 };
		enum sm_status status;

		snprintf(text, sizeof(text),
			 HEAD ", \"files\": [{\"path\": \"/a\", \"access\": "
			      "[\"read\"], \"by\": [\"%s\"]}]}",
			 is_bad ? bad[i] : good[i - COUNT(bad)]);
		status = sm_policy_parse(text, strlen(text), &rules, &diag);
		if (status != (is_bad ? SM_INVALID : SM_OK))
			fail_msg("%s: %s", text, diag.text);
		sm_rules_free(rules);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_rule_is_for_the_functions_it_names),
		cmocka_unit_test(
			of_many_functions_each_is_told_from_the_others),
		cmocka_unit_test(code_that_may_not_be_loaded_has_no_functions),
		cmocka_unit_test(a_difference_for_one_function_is_told),
		cmocka_unit_test(who_is_among_others_needs_no_rule),
		cmocka_unit_test(names_that_say_nothing_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
