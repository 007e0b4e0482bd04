/* SPDX-License-Identifier: Apache-2.0 */
/* Modules of the application that nobody loaded while recording. */
#include "tests/unit/learn_fixture.h"

static const char modules[] = "app.py\nlate.py\nplugins/one.py\n"
			      "made/code.py\nout/x.py\nshop/a.so\n";

static void there_were(struct bench *b)
{
	assert_int_equal(
		sm_observe_modules(b->seen, SM_STR(APP), SM_STR(modules)),
		SM_OK);
}

static bool loads(const struct bench *b, const char *path)
{
	struct sm_value args[3];
	struct sm_event e = load_event(args, path);

	return allows(b, &e);
}

static void what_lay_beside_the_code_may_be_imported_late(void **state)
{
	struct sm_value args[3];
	struct sm_event e;
	struct bench b;

	(void)state;
	start(&b);
	there_were(&b);
	see_load(&b, APP "/app.py");
	learn(&b);
	assert_true(loads(&b, APP "/late.py"));
	assert_true(loads(&b, APP "/plugins/one.py"));
	assert_true(loads(&b, APP "/shop/a.so"));
	/* It is the application's code, which acts for it. */
	e = load_event(args, APP "/plugins/one.py");
	e.site.principal.file = SM_STR(APP "/late.py");
	assert_true(allows(&b, &e));
	/* Its text is not handed out. */
	e = open_event(args, APP "/late.py", READ);
	assert_false(allows(&b, &e));
	e = open_event(args, APP "/late.py", WRITE);
	assert_false(allows(&b, &e));
	finish(&b);
}

static void what_came_later_may_not(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	there_were(&b);
	see_load(&b, APP "/app.py");
	learn(&b);
	assert_false(loads(&b, APP "/later.py"));
	assert_false(loads(&b, APP "/plugins/two.py"));
	assert_false(loads(&b, APP "/late/__init__.py"));
	finish(&b);
}

static void what_the_program_wrote_is_not_granted(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	there_were(&b);
	see_load(&b, APP "/app.py");
	see_open(&b, 0, APP "/late.py", WRITE);
	see_mkdir(&b, 0, APP "/made");
	learn(&b);
	assert_false(loads(&b, APP "/late.py"));
	assert_false(loads(&b, APP "/made/code.py"));
	assert_true(loads(&b, APP "/plugins/one.py"));
	finish(&b);
}

static bool has_rule(const struct bench *b, const char *pattern)
{
	const struct sm_rules *rules = b->learned.rules;

	for (size_t i = 0; i < rules->count; i++)
		if (sm_str_equal(rules->rules[i].pattern, sm_str_of(pattern)))
			return true;
	return false;
}

static void what_the_policy_lets_be_written_gets_no_rule(void **state)
{
	static const char *const written[] = {
		APP "/out/alpha",   APP "/out/beta.csv", APP "/out/gamma.tgz",
		APP "/out/delta.x", APP "/out/Epsilon",	 APP "/out/zeta.py",
	};
	struct bench b;

	(void)state;
	start(&b);
	there_were(&b);
	see_load(&b, APP "/app.py");
	for (int i = 0; i < 6; i++)
		see_open(&b, i, written[i], WRITE);
	learn(&b);
	assert_false(loads(&b, APP "/out/x.py"));
	assert_false(has_rule(&b, "${APP}/out/x.py"));
	assert_true(has_rule(&b, "${APP}/late.py"));
	finish(&b);
}

static void programs_beside_one_that_was_run_are_no_modules(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	assert_int_equal(sm_observe_modules(b.seen, SM_STR("/usr/bin"),
					    SM_STR("other.py\ntool.py\n")),
			 SM_OK);
	see_load(&b, "/usr/bin/tool.py");
	learn(&b);
	assert_true(loads(&b, "/usr/bin/tool.py"));
	assert_false(loads(&b, "/usr/bin/other.py"));
	finish(&b);
}

static void paths_that_are_none_are_left_out(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	assert_int_equal(
		sm_observe_modules(b.seen, SM_STR("srv"), SM_STR("x.py\n")),
		SM_OK);
	assert_int_equal(sm_observe_modules(b.seen, SM_STR(APP),
					    SM_STR("../x.py\n\na//b.py\n")),
			 SM_OK);
	assert_int_equal(b.seen->installed_count, 0);
	finish(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_lay_beside_the_code_may_be_imported_late),
		cmocka_unit_test(what_came_later_may_not),
		cmocka_unit_test(what_the_program_wrote_is_not_granted),
		cmocka_unit_test(what_the_policy_lets_be_written_gets_no_rule),
		cmocka_unit_test(
			programs_beside_one_that_was_run_are_no_modules),
		cmocka_unit_test(paths_that_are_none_are_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
