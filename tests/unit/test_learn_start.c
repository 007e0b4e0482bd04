/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_learn_start.c: what programs do where they are started, and when that is
 * what a rule says.
 */
#include "tests/unit/learn_fixture.h"

/* An open by a process that was started in a directory, told as DIR/. */
static struct sm_event started_open(struct sm_value args[3],
				    struct sm_named *named, const char *path,
				    int flags, const char *start)
{
	struct sm_event e = open_event(args, path, flags);

	*named = (struct sm_named){ 1, { sm_str_of(start) } };
	e.named = named;
	return e;
}

static void see_at(struct bench *b, int run, const char *start,
		   const char *path, int flags)
{
	struct sm_value args[3];
	struct sm_named named;
	struct sm_event e = started_open(args, &named, path, flags, start);

	add(b, run, &e);
}

static bool allows_at(const struct bench *b, const char *start,
		      const char *path, int flags)
{
	struct sm_value args[3];
	struct sm_named named;
	struct sm_event e = started_open(args, &named, path, flags, start);

	return allows(b, &e);
}

static void tool_at(struct bench *b, int run, const char *start,
		    const char *path)
{
	struct sm_value args[3];
	struct sm_named named;
	struct sm_event e = started_open(args, &named, path, READ, start);

	e.site.principal = tool;
	add(b, run, &e);
}

static bool tool_may_at(const struct bench *b, const char *start,
			const char *path)
{
	struct sm_value args[3];
	struct sm_named named;
	struct sm_event e = started_open(args, &named, path, READ, start);

	e.site.principal = tool;
	return allows(b, &e);
}

#define C "/home/c/."

static void what_was_done_in_two_places_is_done_in_a_third(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	see_at(&b, 1, "/srv/a/.", "/srv/a/site.conf", READ);
	see_at(&b, 1, "/srv/a/.", "/srv/a/out/all.lst", WRITE);
	see_at(&b, 2, "/jobs/b/.", "/jobs/b/site.conf", READ);
	see_at(&b, 2, "/jobs/b/.", "/jobs/b/out/all.lst", WRITE);
	learn(&b);
	assert_true(allows_at(&b, C, "/home/c/site.conf", READ));
	assert_true(allows_at(&b, C, "/home/c/out/all.lst", WRITE));
	/* where it is started, and nowhere else */
	assert_false(allows_at(&b, C, "/home/d/site.conf", READ));
	assert_false(allows_at(&b, C, "/srv/a/site.conf", READ));
	assert_false(allows_open(&b, "/home/c/site.conf", READ));
	assert_false(allows_at(&b, C, "/home/c/site.conf", WRITE));
	assert_false(allows_at(&b, C, "/home/c/.ssh/id_rsa", READ));
	finish(&b);
}

static void one_place_stays_where_it_is(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	for (int run = 1; run < 4; run++) {
		see_at(&b, run, "/srv/a/.", "/srv/a/site.conf", READ);
		see_at(&b, run, "/srv/a/.", "/srv/a/in/1.csv", READ);
	}
	learn(&b);
	assert_true(allows_at(&b, "/srv/a/.", "/srv/a/site.conf", READ));
	assert_true(allows_open(&b, "/srv/a/site.conf", READ));
	assert_false(allows_at(&b, C, "/home/c/site.conf", READ));
	finish(&b);
}

static void names_of_its_own_open_by_their_extension(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	see_at(&b, 1, "/srv/a/.", "/srv/a/main.csv", READ);
	see_at(&b, 1, "/srv/a/.", "/srv/a/notes.txt", READ);
	see_at(&b, 2, "/jobs/b/.", "/jobs/b/deep/one.csv", READ);
	learn(&b);
	assert_true(allows_at(&b, C, "/home/c/x.csv", READ));
	assert_true(allows_at(&b, C, "/home/c/deep/er/x y.csv", READ));
	/* as one of them had only, which may be that one's */
	assert_false(allows_at(&b, C, "/home/c/x.sqlite", READ));
	assert_false(allows_at(&b, C, "/home/c/.env", READ));
	assert_false(allows_at(&b, C, "/home/c/.git/x.csv", READ));
	assert_false(allows_at(&b, C, "/home/x.csv", READ));
	finish(&b);
}

static void two_kinds_read_are_whatever_there_is(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	see_at(&b, 1, "/srv/a/.", "/srv/a/main.csv", READ);
	see_at(&b, 1, "/srv/a/.", "/srv/a/notes.txt", READ);
	see_at(&b, 2, "/jobs/b/.", "/jobs/b/deep/one.csv", READ);
	see_at(&b, 2, "/jobs/b/.", "/jobs/b/deep/two.txt", READ);
	learn(&b);
	assert_true(allows_at(&b, C, "/home/c/x.yaml", READ));
	assert_false(allows_at(&b, C, "/home/c/.env", READ));
	assert_false(allows_at(&b, C, "/home/c/x.yaml", WRITE));
	finish(&b);
}

static void a_file_of_one_name_may_lie_deeper(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	see_at(&b, 1, "/srv/a/.", "/srv/a/parts.build", READ);
	see_at(&b, 2, "/jobs/b/.", "/jobs/b/deep/parts.build", READ);
	learn(&b);
	assert_true(allows_at(&b, C, "/home/c/x/y/parts.build", READ));
	assert_true(allows_at(&b, C, "/home/c/parts.build", READ));
	assert_false(allows_at(&b, C, "/home/c/other.build", READ));
	finish(&b);
}

static void what_others_do_counts_for_them(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	see_at(&b, 1, "/srv/a/.", "/srv/a/site.conf", READ);
	tool_at(&b, 2, "/jobs/b/.", "/jobs/b/site.conf");
	learn(&b);
	assert_false(allows_at(&b, C, "/home/c/site.conf", READ));
	assert_false(tool_may_at(&b, C, "/home/c/site.conf"));
	finish(&b);
}

static void settings_called_like_their_package_are_its_own(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	tool_at(&b, 1, "/srv/a/.", "/srv/a/setup.cfg");
	tool_at(&b, 2, "/jobs/b/.", "/jobs/b/setup.cfg");
	learn(&b);
	assert_true(tool_may_at(&b, C, "/home/c/.toolrc"));
	assert_true(tool_may_at(&b, C, "/home/c/.tool"));
	assert_false(tool_may_at(&b, C, "/home/c/.otherrc"));
	assert_false(tool_may_at(&b, C, "/home/c/x/.toolrc"));
	assert_false(allows_at(&b, C, "/home/c/.toolrc", READ));
	finish(&b);
}

static void nothing_changes_where_code_is(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	see_at(&b, 1, APP "/.", APP "/out/all.lst", WRITE);
	see_at(&b, 1, APP "/.", APP "/site.conf", READ);
	see_at(&b, 2, "/jobs/b/.", "/jobs/b/out/all.lst", WRITE);
	see_at(&b, 2, "/jobs/b/.", "/jobs/b/site.conf", READ);
	learn(&b);
	assert_false(allows_at(&b, C, "/home/c/out/all.lst", WRITE));
	assert_true(allows_at(&b, C, "/home/c/site.conf", READ));
	assert_true(allows_open(&b, APP "/out/all.lst", WRITE));
	/* The application's own is its own, wherever it is started. */
	assert_true(allows_open(&b, APP "/site.conf", READ));
	assert_false(allows_open(&b, "/jobs/b/site.conf", READ));
	finish(&b);
}

static void days_and_drawn_names_are_told_there(void **state)
{
	const char *const starts[] = { "/srv/a", "/jobs/b" };
	const char *const drawn[] = { "tmpab3d_f9h", "tmpzz81kq_2" };
	struct bench b;

	(void)state;
	start(&b);
	for (int i = 0; i < 2; i++) {
		char dir[32], day[64], made[64];

		snprintf(dir, sizeof(dir), "%s/.", starts[i]);
		snprintf(day, sizeof(day), "%s/log-2026-11-2%d", starts[i], i);
		snprintf(made, sizeof(made), "%s/%s", starts[i], drawn[i]);
		see_mkstemp(&b, 1 + i, made);
		see_at(&b, 1 + i, dir, day, WRITE);
		see_at(&b, 1 + i, dir, made, WRITE);
	}
	learn(&b);
	assert_true(allows_at(&b, C, "/home/c/log-2027-01-02", WRITE));
	assert_true(allows_at(&b, C, "/home/c/tmpq8w9e_rt", WRITE));
	assert_false(allows_at(&b, C, "/home/c/.profile", WRITE));
	finish(&b);
}

static void strictness_wants_more_places(void **state)
{
	const struct sm_learn_options tight = { .level = SM_LEVEL_TIGHT };
	struct bench b;

	(void)state;
	start(&b);
	see_at(&b, 1, "/srv/a/.", "/srv/a/site.conf", READ);
	see_at(&b, 2, "/jobs/b/.", "/jobs/b/site.conf", READ);
	learn_with(&b, &tight);
	assert_false(allows_at(&b, C, "/home/c/site.conf", READ));
	assert_true(allows_at(&b, "/srv/a/.", "/srv/a/site.conf", READ));
	finish(&b);
}

static void a_summary_says_the_same(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	see_at(&b, 1, "/srv/a/.", "/srv/a/main.csv", READ);
	see_at(&b, 2, "/jobs/b/.", "/jobs/b/one.csv", READ);
	carry_about(&b);
	learn(&b);
	assert_true(allows_at(&b, C, "/home/c/x.csv", READ));
	assert_false(allows_open(&b, "/home/c/x.csv", READ));
	finish(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			what_was_done_in_two_places_is_done_in_a_third),
		cmocka_unit_test(one_place_stays_where_it_is),
		cmocka_unit_test(names_of_its_own_open_by_their_extension),
		cmocka_unit_test(two_kinds_read_are_whatever_there_is),
		cmocka_unit_test(a_file_of_one_name_may_lie_deeper),
		cmocka_unit_test(what_others_do_counts_for_them),
		cmocka_unit_test(
			settings_called_like_their_package_are_its_own),
		cmocka_unit_test(nothing_changes_where_code_is),
		cmocka_unit_test(days_and_drawn_names_are_told_there),
		cmocka_unit_test(strictness_wants_more_places),
		cmocka_unit_test(a_summary_says_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
