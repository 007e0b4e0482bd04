/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_learn_found.c: files whose names, or whose directories, are chosen by
 * who puts them there, whatever they have been called so far.
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

/*
 * What is kept of each page comes back as the pages do, numbers in their names
 * or not. That two things are called 1 says nothing, and ids nobody picks.
 */
static void what_is_called_as_what_was_found_opens_as_that_did(void **state)
{
	static const char *const pages[3][3] = { { "day-1", "day-2", "day-3" },
						 { "1", "2", "3" },
						 { "page-3fa9c2d17b0e48c5",
						   "page-81bb07c3a2d94e6f",
						   "page-c04d5e92f1a7386b" } };

	(void)state;
	for (int kind = 0; kind < 3; kind++) {
		struct bench b;
		char path[128];

		start(&b);
		for (int i = 0; i < 6; i++) {
			see_list(&b, i / 3, "/srv/docs");
			see_list(&b, i / 3, "/srv/docs/news");
			snprintf(path, sizeof(path), "/srv/docs/news/%s.md",
				 pages[kind][i % 3]);
			see_open(&b, i / 3, path, READ);
			snprintf(path, sizeof(path), APP "/.cache/%s.seen",
				 pages[kind][i % 3]);
			see_open(&b, i / 3, path, WRITE);
		}
		see_list(&b, 0, "/srv/docs/news/old");
		learn(&b);
		assert_true(
			allows_open(&b, "/srv/docs/people/o'brien.md", READ));
		assert_int_equal(
			allows_open(&b, APP "/.cache/o'brien.seen", WRITE),
			!kind);
		assert_false(allows_open(&b, APP "/.cache/.env.seen", WRITE));
		assert_false(allows_open(&b, APP "/.cache/o'brien.key", WRITE));
		finish(&b);
	}
}

/* Out of an archive, to where such files are read: whatever it holds. */
static void what_is_put_back_is_called_as_what_is_read(void **state)
{
	static const char *const files[3][2] = {
		{ APP "/in/anna.csv", APP "/in/cat.png" },
		{ APP "/in/ben.csv", APP "/in/dog.png" },
		{ APP "/in/carla.csv", APP "/in/fox.png" }
	};

	(void)state;
	for (int formats = 1; formats <= 2; formats++) {
		struct bench b;

		start(&b);
		for (int run = 0; run < 3; run++) {
			see_mkdir(&b, run, APP "/in");
			for (int i = 0; i < 2; i++) {
				see_open(&b, run, files[run][i], READ);
				if (i < formats)
					see_open(&b, run, files[run][i], WRITE);
			}
		}
		learn(&b);
		assert_true(allows_open(&b, APP "/in/2027/q4.tsv", READ));
		assert_int_equal(allows_open(&b, APP "/in/2027/q4.tsv", WRITE),
				 formats > 1);
		assert_int_equal(allows_mkdir(&b, APP "/in/2027"), formats > 1);
		assert_false(allows_open(&b, APP "/in/.q4.tsv", WRITE));
		assert_false(allows_open(&b, APP "/app.tsv", WRITE));
		finish(&b);
	}
}

/* Jobs that failed are put away under the names they came with. */
static void what_is_moved_brings_its_name(void **state)
{
	static const char *const moved[] = { APP "/spool/bills/102.json",
					     APP "/spool/bills/204.json" };
	static const char *const failed[] = { APP "/failed/102.json",
					      APP "/failed/204.json" };

	for (int is_own = 0; is_own < 2; is_own++) {
		struct bench b;

		(void)state;
		start(&b);
		for (int i = 0; i < 4; i++) {
			see_list(&b, i / 2, APP "/spool/bills");
			see_open(&b, i / 2, jobs[i], is_own ? WRITE : READ);
			see_remove(&b, i / 2, jobs[i]);
		}
		for (int run = 0; run < 2; run++) {
			see_mkdir(&b, run, APP "/failed");
			see_rename(&b, run, moved[run], failed[run]);
		}
		learn(&b);
		assert_true(allows_rename(&b, APP "/spool/bills/205.json",
					  APP "/failed/205.json"));
		assert_int_equal(allows_rename(&b, APP "/spool/bills/205.json",
					       APP "/failed/o'brien.v2.json"),
				 !is_own);
		assert_int_equal(allows_rename(&b, APP "/spool/bills/205.json",
					       APP "/failed/anna.yaml"),
				 !is_own);
		assert_false(allows_rename(&b, APP "/spool/bills/205.json",
					   APP "/failed/.profile"));
		assert_false(allows_rename(&b, APP "/spool/bills/205.json",
					   APP "/app.py"));
		finish(&b);
	}
}

static void see_taken(struct bench *b, int run, const char *from,
		      const char *to)
{
	see_open(b, run, from, READ);
	see_rename(b, run, from, to);
}

/* One name was all that failed, and each who sends things sent one so called.
 */
static void what_is_put_away_is_called_as_what_comes_in(void **state)
{
	static const char *const who[] = { "acme", "north", "south" };

	(void)state;
	for (int has_settings = 0; has_settings < 2; has_settings++) {
		struct bench b;
		char from[128], to[128];

		start(&b);
		for (int i = 0; i < 3; i++) {
			snprintf(from, sizeof(from), "/srv/in/%s", who[i]);
			see_list(&b, i % 2, from);
			snprintf(to, sizeof(to), "/srv/failed/%s", who[i]);
			see_mkdir(&b, i % 2, to);
			snprintf(from, sizeof(from), "/srv/in/%s/of%d.csv",
				 who[i], i);
			snprintf(to, sizeof(to), "/srv/done/%s/of%d.csv",
				 who[i], i);
			see_taken(&b, i % 2, from, to);
			snprintf(from, sizeof(from), "/srv/in/%s/bad.json",
				 who[i]);
			snprintf(to, sizeof(to), "/srv/failed/%s/bad.json",
				 who[i]);
			see_taken(&b, i % 2, from, to);
			snprintf(to, sizeof(to), "/srv/failed/%s/limits.json",
				 who[i]);
			if (has_settings)
				see_open(&b, i % 2, to, READ);
		}
		learn(&b);
		assert_true(allows_rename(&b, "/srv/in/west/bad.json",
					  "/srv/failed/west/bad.json"));
		assert_int_equal(allows_rename(&b, "/srv/in/west/late.xml",
					       "/srv/failed/west/late.xml"),
				 !has_settings);
		assert_false(allows_rename(&b, "/srv/in/west/late.xml",
					   "/srv/failed/west/.late.xml"));
		finish(&b);
	}
}

/* Where people make folders, too, one slot is for both. */
static void what_is_put_away_may_come_from_any_depth(void **state)
{
	static const char *const in[] = { "gas/26.csv", "raku/night 14.xlsx",
					  "raku/kiln 2/x.csv", "front/7.csv" };
	char from[128], to[128];
	struct bench b;

	(void)state;
	start(&b);
	for (int i = 0; i < 4; i++) {
		snprintf(from, sizeof(from), "/srv/in/%s", in[i]);
		snprintf(to, sizeof(to), "/srv/done/2026-0%d/%s", i + 1, in[i]);
		see_taken(&b, i % 2, from, to);
		*strrchr(from, '/') = '\0';
		see_list(&b, i % 2, from);
	}
	see_list(&b, 0, "/srv/in/raku");
	see_list(&b, 0, "/srv/in");
	see_mkdir(&b, 0, "/srv/bad");
	see_taken(&b, 0, "/srv/in/raku/torn.csv", "/srv/bad/torn.csv");
	learn(&b);
	assert_true(allows_rename(&b, "/srv/in/salt/a b/late one.xml",
				  "/srv/bad/late one.xml"));
	assert_false(allows_rename(&b, "/srv/in/salt/.x", "/srv/bad/.x"));
	assert_false(allows_rename(&b, "/srv/in/salt/x.pem", "/srv/bad/a/x"));
	finish(&b);
}

/* The same two were bad each time, and copied; or the program chose names. */
static void copies_are_called_as_what_is_read(void **state)
{
	static const char *const in[] = { "one.wav", "two.wav", "three.wav",
					  "cover.jpg", "broken.wav" };

	(void)state;
	for (int is_copy = 0; is_copy < 2; is_copy++) {
		struct bench b;
		char path[128];

		start(&b);
		for (int i = 0; i < 10; i++) {
			see_list(&b, i / 5, "/srv/in/new");
			snprintf(path, sizeof(path), "/srv/in/new/%s",
				 in[i % 5]);
			see_open(&b, i / 5, path, READ);
		}
		for (int run = 0; run < 2; run++) {
			see_mkdir(&b, run, "/srv/bad");
			see_open(&b, run, "/srv/bad/cover.jpg", WRITE);
			see_open(&b, run,
				 is_copy ? "/srv/bad/broken.wav"
					 : "/srv/bad/index.wav",
				 WRITE);
		}
		learn(&b);
		assert_true(allows_open(&b, "/srv/in/new/x.flac", READ));
		assert_int_equal(allows_open(&b, "/srv/bad/x.flac", WRITE),
				 is_copy);
		assert_false(allows_open(&b, "/srv/bad/.profile", WRITE));
		assert_false(allows_open(&b, "/srv/x.flac", WRITE));
		finish(&b);
	}
}

/* ------------------------------------------------------------------ spread */

struct spread_row {
	const char *paths[3];
	const char *deeper;
	bool is_open;
};

static void one_name_in_each_directory_is_one_at_any_depth(void **state)
{
	static const struct spread_row rows[] = {
		{ { APP "/RULES", APP "/src/RULES", APP "/tests/RULES" },
		  APP "/src/net/deep er/RULES",
		  true },
		/* above all of them is enough with one below it */
		{ { APP "/make.build", APP "/src/make.build", APP "/other" },
		  APP "/lib/make.build",
		  true },
		/* two beside each other may just be two */
		{ { APP "/a/RULES", APP "/b/RULES", APP "/c/OTHER" },
		  APP "/d/RULES",
		  false },
		{ { APP "/a/x.key", APP "/b/x.key", APP "/c/x.key" },
		  APP "/d/x.key",
		  false },
		{ { APP "/a/.env", APP "/b/.env", APP "/c/.env" },
		  APP "/d/.env",
		  false },
		{ { APP "/a/x.py", APP "/b/x.py", APP "/c/x.py" },
		  APP "/d/x.py",
		  false },
		/* homes and what all share are nobody's project */
		{ { "/home/shop/RULES", "/home/shop/x/RULES",
		    "/home/shop/y/RULES" },
		  "/home/shop/z/RULES",
		  false },
		{ { "/RULES", "/srv/x/RULES", "/opt/y/RULES" },
		  "/srv/z/RULES",
		  false },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct bench b;

		start(&b);
		for (int run = 0; run < 2; run++)
			for (int k = 0; k < 3; k++)
				see_open(&b, run, rows[i].paths[k], READ);
		learn(&b);
		for (int k = 0; k < 3; k++)
			assert_true(allows_open(&b, rows[i].paths[k], READ));
		if (allows_open(&b, rows[i].deeper, READ) != rows[i].is_open)
			fail_msg("row %zu", i);
		assert_false(allows_open(&b, rows[i].deeper, WRITE));
		assert_false(allows_open(&b, APP "/.git/RULES", READ));
		finish(&b);
	}
	assert_int_equal(i, 8);
}

/* Linters; not what the application shows, nor a package that reads a file. */
static void packages_that_read_source_read_all_of_it(void **state)
{
	static const char *const files[] = { APP "/shop/__init__.py",
					     APP "/shop/orders/basket.py",
					     APP "/shop/orders/list.py" };
	struct bench b;

	(void)state;
	for (int row = 0; row < 3; row++) {
		start(&b);
		for (int i = 0; i < 3; i++)
			if (row == 1)
				see_open(&b, i % 2, files[i], READ);
			else
				tool_opened(&b, files[row ? 1 : i], READ);
		learn(&b);
		assert_int_equal(
			tool_opens(&b, APP "/shop/api/v2/users.py", READ),
			!row);
		assert_false(
			tool_opens(&b, APP "/shop/api/v2/users.py", WRITE));
		assert_false(tool_opens(&b, APP "/shop/api/.env", READ));
		assert_false(tool_opens(&b, APP "/settings.py", READ));
		assert_false(
			allows_open(&b, APP "/shop/api/v2/users.py", READ));
		finish(&b);
	}
}

static void what_is_written_does_not_spread(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	for (int run = 0; run < 2; run++) {
		see_open(&b, run, APP "/RULES", READ);
		see_open(&b, run, APP "/src/RULES", READ);
		see_open(&b, run, APP "/src/RULES", WRITE);
	}
	learn(&b);
	assert_false(allows_open(&b, APP "/lib/RULES", READ));
	finish(&b);
}

static void names_spread_in_no_tight_policy(void **state)
{
	(void)state;
	for (int is_tight = 0; is_tight < 2; is_tight++) {
		const struct sm_learn_options options = {
			.level = is_tight ? SM_LEVEL_TIGHT : SM_LEVEL_BALANCED
		};
		struct bench b;

		start(&b);
		see_open(&b, 0, APP "/RULES", READ);
		see_open(&b, 0, APP "/src/RULES", READ);
		learn_with(&b, &options);
		assert_true(allows_open(&b, APP "/src/RULES", READ));
		assert_int_equal(allows_open(&b, APP "/lib/RULES", READ),
				 !is_tight);
		finish(&b);
	}
}

#define SETS APP "/sets"

/* In each run: what each of the three sets has, of kinds of its own. */
static void see_sets(struct bench *b, bool is_listed, const char *state)
{
	static const char *const have[][2] = { { "maps", "1884/a.psd" },
					       { "papers", "b.pdf" },
					       { "plates", "box/c.jpg" } };
	char path[128];

	for (int run = 0; run < 2; run++)
		for (size_t i = 0; i < 3; i++) {
			snprintf(path, sizeof(path), SETS "/%s", have[i][0]);
			if (is_listed)
				see_list(b, run, path);
			snprintf(path, sizeof(path), SETS "/%s/%s", have[i][0],
				 have[i][1]);
			see_open(b, run, path, READ);
			snprintf(path, sizeof(path), "%s/%s.json", state,
				 have[i][0]);
			see_open(b, run, path, WRITE);
		}
}

/* The program makes state/NAME.json of each: the next has another name. */
static void inputs_are_called_as_what_is_made_of_them(void **state)
{
	(void)state;
	for (int is_listed = 0; is_listed < 2; is_listed++)
		for (int has_other = 0; has_other < 2; has_other++) {
			bool open = is_listed && !has_other;
			struct bench b;

			start(&b);
			see_sets(&b, is_listed, APP "/state");
			if (has_other)
				see_list(&b, 0, SETS "/common");
			learn(&b);
			assert_int_equal(allows_list(&b, SETS "/Bird Rings"),
					 open);
			assert_int_equal(
				allows_open(&b, SETS "/a/1999/x.ods", READ),
				open);
			assert_false(allows_open(&b, SETS "/a/x.ods", WRITE));
			assert_false(allows_open(&b, SETS "/x.ods", READ));
			finish(&b);
		}
}

/* What is made may be in directories of any name, but templates could not be
 * run from them any more, and the rule would give way to what was recorded. */
static void templates_keep_their_directory(void **state)
{
	static const char *const made[] = { "out", "logs", "files", "sent" };
	char path[128];
	struct bench b;

	(void)state;
	start(&b);
	for (int i = 0; i < 8; i++) {
		snprintf(path, sizeof(path), "/srv/desk/%s", made[i % 4]);
		see_mkdir(&b, i / 4, path);
		snprintf(path, sizeof(path), "/srv/desk/%s/%c%d/%d.txt",
			 made[i % 4], 'a' + i, i, i);
		see_open(&b, i / 4, path, WRITE);
	}
	see_load(&b, "/srv/desk/forms/letter.j2");
	learn(&b);
	assert_true(allows_open(&b, "/srv/desk/out/new/9.txt", WRITE));
	assert_false(allows_open(&b, "/srv/desk/forms/letter.j2", WRITE));
	finish(&b);
}

static void inputs_that_hold_keys_stay_closed(void **state)
{
	static const char *const files[] = { SETS "/maps/1884/site.key",
					     SETS "/maps/.env" };

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct bench b;

		start(&b);
		see_sets(&b, true, APP "/state");
		see_open(&b, 0, files[i], READ);
		learn(&b);
		assert_true(allows_open(&b, files[i], READ));
		assert_false(allows_open(&b, SETS "/a/1999/site.key", READ));
		assert_false(allows_open(&b, SETS "/a/.env", READ));
		finish(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			numbers_promise_nothing_of_what_others_put_there),
		cmocka_unit_test(
			what_the_program_made_is_called_as_it_calls_it),
		cmocka_unit_test(what_is_asked_for_by_number_stays_one),
		cmocka_unit_test(
			what_is_called_as_what_was_found_opens_as_that_did),
		cmocka_unit_test(what_is_put_back_is_called_as_what_is_read),
		cmocka_unit_test(what_is_moved_brings_its_name),
		cmocka_unit_test(what_is_put_away_is_called_as_what_comes_in),
		cmocka_unit_test(what_is_put_away_may_come_from_any_depth),
		cmocka_unit_test(copies_are_called_as_what_is_read),
		cmocka_unit_test(
			one_name_in_each_directory_is_one_at_any_depth),
		cmocka_unit_test(packages_that_read_source_read_all_of_it),
		cmocka_unit_test(what_is_written_does_not_spread),
		cmocka_unit_test(names_spread_in_no_tight_policy),
		cmocka_unit_test(inputs_are_called_as_what_is_made_of_them),
		cmocka_unit_test(templates_keep_their_directory),
		cmocka_unit_test(inputs_that_hold_keys_stay_closed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
