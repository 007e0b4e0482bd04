/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_learn_follow.c: values that took the place of one another, though each
 * came in several runs.
 */
#include "tests/unit/learn_fixture.h"

#define SECOND UINT64_C(1000000000)

static void say(struct bench *b, int run, const char *branch)
{
	struct sm_value args[20];
	struct sm_event e =
		popen_event(args, ARGV("/usr/bin/git", "switch", "-q", branch));

	e.time_ns = SECOND * (unsigned)(run + 1);
	add(b, run, &e);
}

static void put(struct bench *b, int run, const char *path)
{
	struct sm_value args[3];
	struct sm_event e = open_event(args, path, WRITE);

	e.time_ns = SECOND * (unsigned)(run + 1);
	add(b, run, &e);
}

static bool opens(const char *const branches[4])
{
	struct bench b;
	bool is_open;

	start(&b);
	for (int run = 0; run < 4; run++)
		say(&b, run, branches[run]);
	learn(&b);
	assert_true(allows_popen(
		&b, ARGV("/usr/bin/git", "switch", "-q", branches[0])));
	assert_false(
		allows_popen(&b, ARGV("/usr/bin/git", "switch", "-q", "-f")));
	assert_false(allows_popen(
		&b, ARGV("/usr/bin/git", "switch", "-f", "login")));
	is_open = allows_popen(&b,
			       ARGV("/usr/bin/git", "switch", "-q", "new-one"));
	finish(&b);
	return is_open;
}

static void words_that_take_the_place_of_others_open(void **state)
{
	static const char *const days[] = { "login", "login", "speed",
					    "speed" };
	static const char *const turns[] = { "login", "speed", "login",
					     "speed" };
	static const char *const around[] = { "login", "speed", "speed",
					      "login" };
	static const char *const once[] = { "login", "speed", "speed",
					    "speed" };

	(void)state;
	assert_true(opens(days));
	assert_false(opens(turns));
	assert_false(opens(around));
	/* What was done at first only is no choice among many. */
	assert_false(opens(once));
}

static void files_that_take_the_place_of_others_open(void **state)
{
	static const char *const days[] = { "login", "login", "speed",
					    "speed" };
	static const char *const turns[] = { "login", "speed", "login",
					     "speed" };

	(void)state;
	for (int is_turn = 0; is_turn < 2; is_turn++) {
		struct bench b;
		char path[64];

		start(&b);
		for (int run = 0; run < 4; run++) {
			snprintf(path, sizeof(path), APP "/notes/%s.txt",
				 (is_turn ? turns : days)[run]);
			put(&b, run, path);
		}
		learn(&b);
		assert_int_equal(
			allows_open(&b, APP "/notes/new one.txt", WRITE),
			!is_turn);
		assert_false(allows_open(&b, APP "/notes/new.py", WRITE));
		assert_false(allows_open(&b, APP "/new.txt", WRITE));
		finish(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_that_take_the_place_of_others_open),
		cmocka_unit_test(files_that_take_the_place_of_others_open),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
