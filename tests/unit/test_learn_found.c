/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_learn_found.c: files whose names are chosen by who puts them there,
 * whatever they have been called so far.
 */
#include "tests/unit/learn_fixture.h"

static const char *const jobs[] = { APP "/spool/bills/101.json",
				    APP "/spool/bills/102.json",
				    APP "/spool/bills/203.json",
				    APP "/spool/bills/204.json" };

/* A queue: others put jobs there, the program takes them out. */
static void numbers_promise_nothing_of_what_others_put_there(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	for (int i = 0; i < 4; i++) {
		see_list(&b, i / 2, APP "/spool/bills");
		see_open(&b, i / 2, jobs[i], READ);
		see_remove(&b, i / 2, jobs[i]);
	}
	learn(&b);
	assert_true(allows_open(&b, APP "/spool/bills/o'brien 7.json", READ));
	assert_true(allows_remove(&b, APP "/spool/bills/a7f3c2.v2.json"));
	assert_false(allows_open(&b, APP "/spool/bills/x.json", WRITE));
	assert_false(allows_open(&b, APP "/spool/bills/.x.json", READ));
	assert_false(allows_open(&b, APP "/app.json", READ));
	finish(&b);
}

/* What the program numbers itself keeps its numbers. */
static void what_the_program_made_is_called_as_it_calls_it(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	for (int i = 0; i < 4; i++) {
		see_list(&b, i / 2, APP "/spool/bills");
		see_open(&b, i / 2, jobs[i], WRITE);
		see_open(&b, i / 2, jobs[i], READ);
	}
	learn(&b);
	assert_true(allows_open(&b, APP "/spool/bills/205.json", READ));
	assert_false(allows_open(&b, APP "/spool/bills/o'brien.json", READ));
	finish(&b);
}

/* Nobody lists it: the numbers are the program's. */
static void what_is_asked_for_by_number_stays_one(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	for (int i = 0; i < 4; i++)
		see_open(&b, i / 2, jobs[i], READ);
	learn(&b);
	assert_true(allows_open(&b, APP "/spool/bills/205.json", READ));
	assert_false(allows_open(&b, APP "/spool/bills/o'brien.json", READ));
	finish(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			numbers_promise_nothing_of_what_others_put_there),
		cmocka_unit_test(
			what_the_program_made_is_called_as_it_calls_it),
		cmocka_unit_test(what_is_asked_for_by_number_stays_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
