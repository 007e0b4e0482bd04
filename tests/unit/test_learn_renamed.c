/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_learn_renamed.c: names that are made of others by renaming, and links.
 */
#include "tests/unit/learn_fixture.h"

#define OUT APP "/public"
#define VAR APP "/var"

/* Only one of the sites was made three times. */
static void what_was_put_aside_goes_with_the_next_name(void **state)
{
	(void)state;
	for (int aside = 0; aside < 2; aside++) {
		const char *old = aside ? OUT "/blog.old" : APP "/attic";
		char file[64];
		struct bench b;

		start(&b);
		for (int run = 0; run < 3; run++) {
			see_rename(&b, run, OUT "/blog", old);
			see_rename(&b, run, VAR "/new", OUT "/blog");
		}
		see_rename(&b, 3, VAR "/new", OUT "/docs");
		see_rename(&b, 4, VAR "/new", OUT "/wiki");
		see_list(&b, 2, old);
		snprintf(file, sizeof(file), "%s/a.html", old);
		see_remove(&b, 2, file);
		see_open(&b, 2, file, READ);
		learn(&b);
		assert_int_equal(allows_list(&b, OUT "/shop front.old"), aside);
		assert_int_equal(
			allows_remove(&b, OUT "/shop front.old/a.html"), aside);
		assert_false(allows_remove(&b, OUT "/shop front/a.html"));
		assert_false(allows_list(&b, OUT "/shop front"));
		assert_false(allows_list(&b, OUT "/.git.old"));
		finish(&b);
	}
}

/* One is a directory, by what was read behind it. */
static void what_a_draft_becomes_goes_with_the_next_name(void **state)
{
	static const char *const names[] = { "docs", "pics", "mail" };
	char draft[64], name[64];
	struct bench b;

	(void)state;
	start(&b);
	for (int run = 0; run < 3; run++) {
		snprintf(name, sizeof(name), VAR "/latest-%s", names[run]);
		snprintf(draft, sizeof(draft), VAR "/latest-%s.tmp",
			 names[run]);
		see_open(&b, run, draft, WRITE);
		see_rename(&b, run, draft, name);
		see_rename(&b, run + 3, draft, name);
	}
	see_open(&b, 4, VAR "/latest-docs/a.txt", READ);
	learn(&b);
	assert_true(allows_rename(&b, VAR "/latest-my music.tmp",
				  VAR "/latest-my music"));
	assert_true(allows_open(&b, VAR "/latest-my music/a.txt", READ));
	assert_false(allows_open(&b, VAR "/latest-my music/b.txt", READ));
	assert_false(allows_rename(&b, VAR "/latest-my music.tmp",
				   VAR "/first-my music"));
	finish(&b);
}

/* What is read behind a link is asked for a second time, where it lies. */
static void any_name_may_stand_behind_a_link(void **state)
{
	(void)state;
	for (int kind = 0; kind < 3; kind++) {
		bool is_link = kind == 1;
		struct sm_value args[3] = { text(APP "/snap/one"),
					    text(VAR "/latest.tmp"),
					    number(-1) };
		struct sm_event link = event_of("os.symlink", args, 3);
		struct bench b;

		start(&b);
		for (int run = 1; run <= 2; run++) {
			if (kind)
				add(&b, run, &link);
			if (!is_link) /* or both */
				see_mkdir(&b, run, VAR "/latest.tmp");
			see_rename(&b, run, VAR "/latest.tmp", VAR "/latest");
			see_open(&b, run, VAR "/latest/tax/2025/form.pdf",
				 READ);
			see_open(&b, run, VAR "/latest/letter.txt", READ);
		}
		learn(&b);
		assert_true(allows_open(&b, VAR "/latest/letter.txt", READ));
		assert_int_equal(allows_open(&b, VAR "/latest/a/b.odt", READ),
				 is_link);
		assert_int_equal(allows_open(&b, VAR "/latest/c d", READ),
				 is_link);
		assert_false(allows_open(&b, VAR "/latest/.key", READ));
		assert_false(allows_open(&b, VAR "/latest/letter.txt", WRITE));
		assert_false(allows_open(&b, APP "/snap/one/letter.txt", READ));
		finish(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_put_aside_goes_with_the_next_name),
		cmocka_unit_test(what_a_draft_becomes_goes_with_the_next_name),
		cmocka_unit_test(any_name_may_stand_behind_a_link),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
