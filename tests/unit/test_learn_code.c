/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/learn_fixture.h"

static void generated_names_open_behind_their_first_word(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	see_run(&b, "<maker generated eq Point>", "maker");
	see_run(&b, "<maker generated eq Line>", "maker");
	see_run(&b, "<maker generated hash Line>", "maker");
	see_run(&b, "<other one>", "maker");
	learn(&b);
	assert_true(allows_run(&b, "<maker generated eq new.Shape>", "maker"));
	assert_true(allows_run(&b, "<other one>", "maker"));
	assert_false(allows_run(&b, "<other two>", "maker"));
	assert_false(allows_run(&b, "<maker generated eq Line>", "else"));
	assert_false(allows_run(&b, "<string>", "maker"));
	finish(&b);
}

static void numbers_in_generated_names_open_when_seen_once(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	see_run(&b, "<lambda-1>", "maker");
	learn(&b);
	assert_true(allows_run(&b, "<lambda-20>", "maker"));
	assert_false(allows_run(&b, "<lambda-x>", "maker"));
	finish(&b);
}

static void names_the_application_gives_stay_literal(void **state)
{
	static const char *const names[] = { "<rule a>", "<rule b>",
					     "<rule c>" };
	struct sm_value args[3];
	struct sm_event e;
	struct bench b;

	(void)state;
	start(&b);
	for (int i = 0; i < 3; i++) {
		e = run_event(args, names[i], "");
		e.site.principal = app;
		add(&b, 0, &e);
	}
	learn(&b);
	e = run_event(args, "<rule c>", "");
	e.site.principal = app;
	assert_true(allows(&b, &e));
	e = run_event(args, "<rule d>", "");
	e.site.principal = app;
	assert_false(allows(&b, &e));
	finish(&b);
}

static void code_without_a_name_is_granted_to_who_ran_it(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	see_run(&b, "", "maker");
	learn(&b);
	assert_true(allows_run(&b, "", "maker"));
	assert_false(allows_run(&b, "", "else"));
	assert_false(allows_run(&b, "<string>", "maker"));
	finish(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(generated_names_open_behind_their_first_word),
		cmocka_unit_test(
			numbers_in_generated_names_open_when_seen_once),
		cmocka_unit_test(names_the_application_gives_stay_literal),
		cmocka_unit_test(code_without_a_name_is_granted_to_who_ran_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
