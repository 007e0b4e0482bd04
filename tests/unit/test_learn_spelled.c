/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_learn_spelled.c: paths in command lines, however they are spelled, that
 * lie in trees the program fills; and the day behind a name.
 */
#include "tests/unit/learn_fixture.h"

#define DISK		  APP "/var/disk"
#define ON_DISK(path)	  (DISK path)
#define RESTORE(from, to) ARGV("/usr/bin/sync", "-R", from, to)

/* What was made on many days, and what is hidden in that of one. */
static void see_disk(struct bench *b)
{
	static const char *const names[] = { "list.pdf", "a/map of alps.png",
					     "b/c/draft.v1.txt" };
	char path[96];

	for (int day = 1; day < 7; day++) {
		snprintf(path, sizeof(path), DISK "/day-%d", day);
		see_mkdir(b, 0, path);
		for (int i = 0; i < 3; i++) {
			snprintf(path, sizeof(path), DISK "/day-%d/%s%d", day,
				 names[i], day);
			see_open(b, 0, path, WRITE);
			see_open(b, 0, path, READ);
		}
	}
	see_open(b, 0, DISK "/day-3/a/.sig", READ);
}

static void a_slash_at_the_end_names_the_same(void **state)
{
	static const char *const dirs[] = { APP "/out/anna", APP "/out/ben",
					    APP "/out/carla" };
	struct bench b;

	(void)state;
	start(&b);
	for (int i = 0; i < 3; i++)
		see_mkdir(&b, 0, dirs[i]);
	see_popen(&b, 0, ARGV("/usr/bin/sync", "-r", APP "/out/anna/"));
	learn(&b);
	assert_true(allows_popen(
		&b, ARGV("/usr/bin/sync", "-r", APP "/out/o.brien & co/")));
	assert_true(allows_popen(
		&b, ARGV("/usr/bin/sync", "-r", APP "/out/./dora")));
	assert_false(allows_popen(
		&b, ARGV("/usr/bin/sync", "-r", APP "/out/../etc")));
	assert_false(allows_popen(
		&b, ARGV("/usr/bin/sync", "-r", APP "/out/.ssh/")));
	assert_false(allows_popen(&b, ARGV("/usr/bin/sync", "-r", "/etc/")));
	assert_false(allows_popen(&b, ARGV("/usr/bin/sync", "-r", "--rsh=id")));
	finish(&b);
}

/* Where a name led to with `..`, links decide. */
static void above_is_no_other_spelling(void **state)
{
	static const char *const dirs[] = { APP "/out/anna", APP "/out/ben",
					    APP "/out/carla" };
	struct bench b;

	(void)state;
	start(&b);
	for (int i = 0; i < 3; i++)
		see_mkdir(&b, 0, dirs[i]);
	see_popen(&b, 0, ARGV("/usr/bin/sync", "-r", APP "/out/anna/../ben/"));
	learn(&b);
	assert_false(
		allows_popen(&b, ARGV("/usr/bin/sync", "-r", APP "/out/dora")));
	finish(&b);
}

static void what_is_hidden_below_closes_no_word(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	see_disk(&b);
	see_popen(&b, 0, RESTORE(ON_DISK("/day-3/./a"), "/"));
	learn(&b);
	assert_true(
		allows_popen(&b, RESTORE(ON_DISK("/day-9/x/./it's y"), "/")));
	assert_false(allows_popen(&b, RESTORE(ON_DISK("/day-9/.ssh"), "/")));
	assert_false(allows_popen(&b, RESTORE(ON_DISK("/../../etc/x"), "/")));
	assert_false(allows_popen(&b, RESTORE(ON_DISK("/day-9/x"), "/etc")));
	assert_false(allows_popen(&b, RESTORE("--rsh=id", "/")));
	finish(&b);
}

/* Only children were seen to use it. */
static void what_children_use_lies_in_the_tree(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	see_disk(&b);
	see_popen(&b, 0, RESTORE(ON_DISK("/day-2/old/./plan.md"), "/"));
	see_popen(&b, 0, ARGV("/usr/bin/bash", ON_DISK("/day-2/old//go")));
	learn(&b);
	assert_true(allows_popen(&b, RESTORE(ON_DISK("/day-9/x/./y.md"), "/")));
	assert_false(
		allows_popen(&b, RESTORE(ON_DISK("/day-9/x/./.netrc"), "/")));
	assert_false(allows_popen(
		&b, ARGV("/usr/bin/bash", ON_DISK("/day-9/evil"))));
	finish(&b);
}

static void what_runs_is_in_no_tree(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	see_disk(&b);
	see_popen(&b, 0, RESTORE(ON_DISK("/day-2/./a/make.py"), "/"));
	learn(&b);
	assert_false(
		allows_popen(&b, RESTORE(ON_DISK("/day-2/./a/evil.py"), "/")));
	finish(&b);
}

/* On 2026-11-21. */
static void see_then(struct bench *b, const char *const *argv)
{
	struct sm_value args[20];
	struct sm_event e = popen_event(args, argv);

	e.time_ns = UINT64_C(1795252789000000000);
	add(b, 0, &e);
}

static void a_day_may_follow_a_dot(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	see_then(&b, ARGV("/usr/bin/sync", "--suffix=.old.20261121"));
	see_then(&b, ARGV("/usr/bin/move", "--to=..20261121"));
	learn(&b);
	assert_true(allows_popen(
		&b, ARGV("/usr/bin/sync", "--suffix=.old.20270201")));
	assert_false(allows_popen(
		&b, ARGV("/usr/bin/sync", "--suffix=.new.20270201")));
	assert_false(allows_popen(
		&b, ARGV("/usr/bin/sync", "--suffix=.old.20261121/x")));
	assert_false(
		allows_popen(&b, ARGV("/usr/bin/move", "--to=..20270201")));
	finish(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_slash_at_the_end_names_the_same),
		cmocka_unit_test(above_is_no_other_spelling),
		cmocka_unit_test(what_is_hidden_below_closes_no_word),
		cmocka_unit_test(what_children_use_lies_in_the_tree),
		cmocka_unit_test(what_runs_is_in_no_tree),
		cmocka_unit_test(a_day_may_follow_a_dot),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
