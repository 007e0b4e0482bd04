/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/learn_fixture.h"

static void three_values_open_a_slot_two_do_not(void **state)
{
	struct bench b;

	(void)state;
	for (int n = 1; n <= 4; n++) {
		static const char *const names[] = { APP "/pages/home.csv",
						     APP "/pages/about.csv",
						     APP "/pages/terms.csv",
						     APP "/pages/team.csv" };

		start_single(&b);
		for (int i = 0; i < n; i++)
			see_open(&b, 0, names[i], READ);
		learn(&b);
		assert_int_equal(allows_open(&b, APP "/pages/new.csv", READ),
				 n >= 3);
		assert_true(allows_open(&b, names[n - 1], READ));
		assert_false(allows_open(&b, APP "/pages/new.csv", WRITE));
		assert_false(allows_open(&b, APP "/pages/new.py", READ));
		finish(&b);
	}
}

static void two_written_values_open_unless_one_comes_back(void **state)
{
	struct bench b;

	(void)state;
	for (int recurs = 0; recurs < 2; recurs++) {
		start(&b);
		see_open(&b, 0, APP "/out/anna.csv", WRITE);
		see_open(&b, 1, APP "/out/ben.csv", WRITE);
		if (recurs)
			see_open(&b, 2, APP "/out/ben.csv", WRITE);
		learn(&b);
		assert_int_equal(allows_open(&b, APP "/out/carl.csv", WRITE),
				 !recurs);
		assert_true(allows_open(&b, APP "/out/anna.csv", WRITE));
		finish(&b);
	}
}

static void typed_parts_keep_what_is_fixed_around_them(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	see_open(&b, 0, APP "/orders/order-17.pdf", WRITE);
	see_open(&b, 1, APP "/orders/order-18.pdf", WRITE);
	learn(&b);
	assert_true(allows_open(&b, APP "/orders/order-99123.pdf", WRITE));
	assert_false(allows_open(&b, APP "/orders/order-x.pdf", WRITE));
	assert_false(allows_open(&b, APP "/orders/17.pdf", WRITE));
	assert_false(allows_open(&b, APP "/orders/order-17.html", WRITE));
	finish(&b);
}

static void siblings_share_what_is_below_them(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	see_open(&b, 0, APP "/users/anna/profile.json", READ);
	see_open(&b, 0, APP "/users/anna/inbox/1.json", WRITE);
	see_open(&b, 0, APP "/users/ben/profile.json", READ);
	see_open(&b, 0, APP "/users/ben/inbox/2.json", WRITE);
	see_open(&b, 0, APP "/users/carla/profile.json", READ);
	learn(&b);
	assert_true(allows_open(&b, APP "/users/dora/profile.json", READ));
	assert_true(allows_open(&b, APP "/users/dora/inbox/77.json", WRITE));
	assert_false(allows_open(&b, APP "/users/dora/secrets.json", READ));
	assert_false(allows_open(&b, APP "/users/dora/profile.json", WRITE));
	assert_false(allows_open(&b, APP "/other/dora/profile.json", READ));
	finish(&b);
}

static void names_with_spaces_and_dots_pass(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	see_open(&b, 0, APP "/media/cat.jpg", WRITE);
	see_open(&b, 0, APP "/media/dog.jpg", WRITE);
	see_open(&b, 0, APP "/media/IMG_0001.jpg", WRITE);
	learn(&b);
	assert_true(
		allows_open(&b, APP "/media/my holiday, day 1.v2.jpg", WRITE));
	assert_false(allows_open(&b, APP "/media/.hidden.jpg", WRITE));
	assert_false(allows_open(&b, APP "/media/x/y.jpg", WRITE));
	finish(&b);
}

/* Of pictures; what a program keeps has the format it was given. */
static void people_s_files_come_in_other_formats(void **state)
{
	static const char *const rows[][2] = { { "jpg", "webp" },
					       { "json", "xml" } };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		char path[128];
		struct bench b;

		start(&b);
		for (int run = 0; run < 2; run++)
			for (int k = 0; k < 2; k++) {
				snprintf(path, sizeof(path), APP "/media/%d.%s",
					 10 * run + k, rows[i][0]);
				see_open(&b, run, path, WRITE);
			}
		learn(&b);
		snprintf(path, sizeof(path), APP "/media/4711.%s", rows[i][1]);
		assert_int_equal(allows_open(&b, path, WRITE), !i);
		assert_false(allows_open(&b, APP "/media/.x.jpg", WRITE));
		finish(&b);
	}
}

/* No program puts a blank into a name. */
static void names_with_blanks_beside_numbers_are_people_s(void **state)
{
	static const char joints[] = { ' ', '_' };

	(void)state;
	for (int i = 0; i < 2; i++) {
		char path[128];
		struct bench b;

		start(&b);
		for (int run = 0; run < 2; run++) {
			snprintf(path, sizeof(path), APP "/in/new%c%d.yaml",
				 joints[i], run);
			see_open(&b, run, path, WRITE);
		}
		learn(&b);
		snprintf(path, sizeof(path), APP "/in/new%clate.yaml",
			 joints[i]);
		assert_int_equal(allows_open(&b, path, WRITE), !i);
		finish(&b);
	}
}

static void files_at_several_depths_open_for_any_depth(void **state)
{
	static const char *const names[] = { "a", "b", "c" };
	char path[128];
	struct bench b;

	(void)state;
	start(&b);
	for (int i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), APP "/docs/%s.md", names[i]);
		see_open(&b, 0, path, READ);
		for (int k = 0; k < 3; k++) {
			snprintf(path, sizeof(path), APP "/docs/%s/%s%s.md",
				 names[i], names[i], names[k]);
			see_open(&b, 0, path, READ);
		}
	}
	learn(&b);
	assert_true(allows_open(&b, APP "/docs/x.md", READ));
	assert_true(allows_open(&b, APP "/docs/x/y.md", READ));
	assert_true(allows_open(&b, APP "/docs/x/y/z/new one.md", READ));
	assert_false(allows_open(&b, APP "/docs/x/y/z/new.html", READ));
	assert_false(allows_open(&b, APP "/x.md", READ));
	finish(&b);
}

static void one_depth_stays_one_depth(void **state)
{
	static const char *const names[] = { "a", "b", "c" };
	char path[128];
	struct bench b;

	(void)state;
	start(&b);
	for (int i = 0; i < 9; i++) {
		snprintf(path, sizeof(path), APP "/docs/%s/%s.md", names[i % 3],
			 names[i / 3]);
		see_open(&b, 0, path, READ);
	}
	learn(&b);
	assert_true(allows_open(&b, APP "/docs/x/a.md", READ));
	assert_false(allows_open(&b, APP "/docs/x/y/a.md", READ));
	assert_false(allows_open(&b, APP "/docs/a.md", READ));
	finish(&b);
}

static void what_a_slot_grants_has_no_rule_of_its_own(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	see_open(&b, 0, APP "/up/anna/cat.png", WRITE);
	see_open(&b, 0, APP "/up/ben/dog.png", WRITE);
	see_open(&b, 0, APP "/up/carla/logo-2.png", WRITE);
	see_open(&b, 0, APP "/up/dora/logo-2.png", WRITE);
	learn(&b);
	assert_int_equal(b.learned.family[SM_FAMILY_FILES], 1);
	finish(&b);
}

static void relative_arguments_mean_files_of_the_working_directory(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	for (uint32_t i = 0; i < RUNS; i++)
		b.seen->owners[b.owners[i]].cwd = SM_STR(APP);
	see_open(&b, 0, APP "/out/anna/a b.txt", WRITE);
	see_open(&b, 1, APP "/out/ben/c.txt", WRITE);
	see_popen(&b, 0, ARGV("/usr/bin/wc", "out/anna/a b.txt"));
	see_popen(&b, 1, ARGV("/usr/bin/wc", "out/ben/c.txt"));
	learn(&b);
	assert_true(allows_popen(&b, ARGV("/usr/bin/wc", "out/d/e.f.txt")));
	assert_false(allows_popen(&b, ARGV("/usr/bin/wc", "app.py")));
	assert_false(
		allows_popen(&b, ARGV("/usr/bin/wc", "out/d/../../x.txt")));
	assert_false(allows_popen(&b, ARGV("/usr/bin/wc", "/etc/x.txt")));
	finish(&b);
}

static void uploads_of_any_kind_open_for_any_depth(void **state)
{
	static const char *const paths[] = { "a.jpg", "b.png", "z.jpg",
					     "x/c.pdf", "y/d.pdf" };
	struct bench b;
	char path[64];

	(void)state;
	start(&b);
	for (int i = 0; i < 5; i++) {
		snprintf(path, sizeof(path), APP "/up/%s", paths[i]);
		see_open(&b, i, path, WRITE);
	}
	learn(&b);
	assert_true(allows_open(&b, APP "/up/q/r/s.pdf", WRITE));
	assert_true(allows_open(&b, APP "/up/my file.jpg", WRITE));
	assert_false(allows_open(&b, APP "/up/q/.id.pdf", WRITE));
	assert_false(allows_open(&b, APP "/other/s.pdf", WRITE));
	finish(&b);
}

static void names_written_in_many_ways_open(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	see_open(&b, 0, APP "/reports/101.txt", WRITE);
	see_open(&b, 0, APP "/reports/102.txt", WRITE);
	see_open(&b, 0, APP "/reports/weekly 1.txt", WRITE);
	see_open(&b, 0, APP "/sheets/101.txt", WRITE);
	see_open(&b, 0, APP "/sheets/102.txt", WRITE);
	see_open(&b, 0, APP "/sheets/103.txt", WRITE);
	learn(&b);
	assert_true(
		allows_open(&b, APP "/reports/2026-11-21 nightly.txt", WRITE));
	assert_false(allows_open(&b, APP "/sheets/nightly.txt", WRITE));
	assert_true(allows_open(&b, APP "/sheets/7.txt", WRITE));
	finish(&b);
}

static void assigned_names_of_two_kinds_open_for_others(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	see_open(&b, 0, APP "/thumbs/17.png", WRITE);
	see_open(&b, 0, APP "/thumbs/18.png", WRITE);
	see_open(&b, 1, APP "/thumbs/19.png", WRITE);
	see_open(&b, 1, APP "/thumbs/20.jpg", WRITE);
	learn(&b);
	assert_true(allows_open(&b, APP "/thumbs/21.webp", WRITE));
	assert_false(allows_open(&b, APP "/thumbs/cat.png", WRITE));
	assert_false(allows_open(&b, APP "/thumbs/21", WRITE));
	finish(&b);
}

static void languages_open_when_one_was_seen(void **state)
{
	struct bench b;

	(void)state;
	start_single(&b);
	see_open(&b, 0, APP "/locale/de/LC_MESSAGES/app.mo", READ);
	learn(&b);
	assert_true(
		allows_open(&b, APP "/locale/pt_BR/LC_MESSAGES/app.mo", READ));
	assert_false(allows_open(&b, APP "/locale/fr/LC_MESSAGES/x.mo", READ));
	finish(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(three_values_open_a_slot_two_do_not),
		cmocka_unit_test(two_written_values_open_unless_one_comes_back),
		cmocka_unit_test(typed_parts_keep_what_is_fixed_around_them),
		cmocka_unit_test(siblings_share_what_is_below_them),
		cmocka_unit_test(names_with_spaces_and_dots_pass),
		cmocka_unit_test(people_s_files_come_in_other_formats),
		cmocka_unit_test(names_with_blanks_beside_numbers_are_people_s),
		cmocka_unit_test(files_at_several_depths_open_for_any_depth),
		cmocka_unit_test(one_depth_stays_one_depth),
		cmocka_unit_test(uploads_of_any_kind_open_for_any_depth),
		cmocka_unit_test(names_written_in_many_ways_open),
		cmocka_unit_test(assigned_names_of_two_kinds_open_for_others),
		cmocka_unit_test(languages_open_when_one_was_seen),
		cmocka_unit_test(what_a_slot_grants_has_no_rule_of_its_own),
		cmocka_unit_test(
			relative_arguments_mean_files_of_the_working_directory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
