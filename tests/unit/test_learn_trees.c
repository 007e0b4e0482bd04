/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_learn_trees.c: directories of data: what lies deeper, and below whom.
 */
#include "tests/unit/learn_fixture.h"

static void what_an_owner_holds_opens_at_any_depth(void **state)
{
	static const char *const files[] = { APP "/var/media/anna/list.pdf",
					     APP
					     "/var/media/ben/map of alps.png",
					     APP
					     "/var/media/carla/draft.v1.txt" };
	static const char *const dirs[] = { APP "/var/media/anna",
					    APP "/var/media/ben",
					    APP "/var/media/carla" };
	struct bench b;

	(void)state;
	start(&b);
	for (int i = 0; i < 3; i++) {
		see_mkdir(&b, 0, dirs[i]);
		see_open(&b, 0, files[i], WRITE);
		see_open(&b, 0, files[i], READ);
	}
	learn(&b);
	assert_true(allows_mkdir(&b, APP "/var/media/o.brien & co"));
	assert_true(allows_open(&b, APP "/var/media/Zo\xc3\xab (1)/a/b/c.flac",
				WRITE));
	assert_true(allows_open(&b, APP "/var/media/anna/deep/er.csv", READ));
	assert_false(allows_open(&b, APP "/var/media/anna/.bashrc", WRITE));
	assert_false(allows_open(&b, APP "/var/media/top.pdf", READ));
	assert_false(allows_open(&b, APP "/var/ledger/2026.csv", READ));
	finish(&b);
}

static void made_up_names_come_at_any_depth(void **state)
{
	static const char *const drawn[] = {
		APP "/var/media/anna/.up-a1b2c3d4.part",
		APP "/var/media/ben/maps/.up-e5f6g7h8.part",
		APP "/var/media/carla/a/b/.up-i9_k0l1m.part",
	};
	static const char *const files[] = { APP "/var/media/anna/list.pdf",
					     APP "/var/media/ben/maps/alps.png",
					     APP "/var/media/carla/a/b/x.txt" };
	struct bench b;

	(void)state;
	start(&b);
	for (int i = 0; i < 3; i++) {
		see_mkstemp(&b, 0, drawn[i]);
		see_open(&b, 0, drawn[i], WRITE);
		see_open(&b, 0, files[i], WRITE);
	}
	learn(&b);
	assert_true(allows_open(&b, APP "/var/media/dora/.up-zzzz0000.part",
				WRITE));
	assert_true(allows_open(
		&b, APP "/var/media/dora/c/d/e/.up-q_w_e_r1.part", WRITE));
	assert_false(allows_open(&b, APP "/var/media/dora/c/.up-long-name.part",
				 WRITE));
	assert_false(allows_open(&b, APP "/var/media/dora/c/.bashrc", WRITE));
	finish(&b);
}

static void directories_beside_code_open_no_way_to_it(void **state)
{
	static const char *const dirs[] = { "/srv/shelf/music",
					    "/srv/shelf/labels",
					    "/srv/shelf/lists" };
	static const char *const files[] = { "/srv/shelf/music/a.flac",
					     "/srv/shelf/labels/b.txt",
					     "/srv/shelf/lists/c.json" };
	struct bench b;

	(void)state;
	start(&b);
	see_load(&b, "/srv/shelf/plugins/shop.py");
	for (int i = 0; i < 3; i++) {
		see_mkdir(&b, i, dirs[i]);
		see_open(&b, i, files[i], WRITE);
	}
	learn(&b);
	for (int i = 0; i < 3; i++)
		assert_true(allows_open(&b, files[i], WRITE));
	assert_false(allows_open(&b, "/srv/shelf/plugins/shop.py", WRITE));
	assert_false(allows_open(&b, "/srv/shelf/plugins/more.py", WRITE));
	assert_false(allows_mkdir(&b, "/srv/shelf/plugins"));
	assert_int_equal(b.learned.residue_count, 0);
	finish(&b);
}

static void what_all_owners_hold_stays_as_it_is(void **state)
{
	static const char *const owners[] = { "anna", "ben", "carla" };
	char path[128];
	struct bench b;

	(void)state;
	start(&b);
	for (int i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), APP "/users/%s/profile.json",
			 owners[i]);
		see_open(&b, 0, path, READ);
		snprintf(path, sizeof(path), APP "/users/%s/of %s.txt",
			 owners[i], owners[i]);
		see_open(&b, 0, path, WRITE);
	}
	learn(&b);
	assert_true(allows_open(&b, APP "/users/zoe/profile.json", READ));
	assert_true(allows_open(&b, APP "/users/zoe/in/new.csv", WRITE));
	assert_false(allows_open(&b, APP "/users/zoe/other.json", READ));
	finish(&b);
}

/* A directory of each owner's in which a package reads pages people chose. */
static void what_lies_in_a_directory_of_all_owners_opens(void **state)
{
	static const char *const owners[] = { "anna", "ben", "carla" };
	static const char *const pages[] = { "Road closed", "Swans by the lock",
					     "F\xc3\xaate at the mill" };
	char path[128];
	struct bench b;

	(void)state;
	start(&b);
	for (int i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), APP "/share/%s/saved/%s.html",
			 owners[i], pages[i]);
		tool_opened(&b, path, READ);
		snprintf(path, sizeof(path), APP "/share/%s/of %s.txt",
			 owners[i], owners[i]);
		see_open(&b, 0, path, WRITE);
	}
	learn(&b);
	assert_true(tool_opens(&b, APP "/share/zoe/saved/Hops.html", READ));
	assert_true(allows_open(&b, APP "/share/zoe/in/new.csv", WRITE));
	assert_false(tool_opens(&b, APP "/share/zoe/saved/Hops.html", WRITE));
	assert_false(tool_opens(&b, APP "/share/zoe/saved/Hops.csv", READ));
	assert_false(tool_opens(&b, APP "/share/zoe/saved/a/Hops.html", READ));
	assert_false(tool_opens(&b, APP "/share/zoe/Hops.html", READ));
	finish(&b);
}

static void kinds_of_directories_stay_apart(void **state)
{
	static const char *const files[] = {
		APP "/var/reports/jan.csv", APP "/var/reports/feb.csv",
		APP "/var/reports/mar.csv", APP "/var/outbox/1/a.eml",
		APP "/var/outbox/2/b.eml",  APP "/var/outbox/3/c.eml",
		APP "/var/thumbs/1.png",    APP "/var/thumbs/2.png",
		APP "/var/thumbs/3.png"
	};
	struct bench b;

	(void)state;
	start(&b);
	for (int i = 0; i < 9; i++)
		see_open(&b, 0, files[i], i < 6 ? WRITE : READ);
	learn(&b);
	assert_true(allows_open(&b, APP "/var/reports/apr.csv", WRITE));
	assert_false(allows_open(&b, APP "/var/ledger/apr.csv", WRITE));
	assert_false(allows_open(&b, APP "/var/thumbs/apr.csv", WRITE));
	assert_false(allows_open(&b, APP "/var/reports/1.png", READ));
	finish(&b);
}

static void what_a_program_walks_it_reads(void **state)
{
	static const char *const dirs[] = { APP "/content", APP "/content/news",
					    APP "/content/images" };
	struct bench b;

	(void)state;
	start(&b);
	for (int i = 0; i < 3; i++)
		see_list(&b, 0, dirs[i]);
	see_open(&b, 0, APP "/content/news/one.rst", READ);
	see_open(&b, 0, APP "/content/images/a.png", READ);
	learn(&b);
	assert_true(allows_list(&b, APP "/content/sport/2026"));
	assert_true(allows_open(&b, APP "/content/sport/2026/x.webp", READ));
	assert_false(allows_open(&b, APP "/content/news/one.rst", WRITE));
	assert_false(allows_open(&b, APP "/content/.env", READ));
	assert_false(allows_open(&b, APP "/settings.rst", READ));
	finish(&b);
}

static void what_a_linter_walks_may_be_code(void **state)
{
	static const char *const dirs[] = { APP "/checkouts/101",
					    APP "/checkouts/102",
					    APP "/checkouts/103" };
	static const char *const files[] = { APP "/checkouts/101/one.py",
					     APP "/checkouts/102/two.py",
					     APP "/checkouts/103/three.py" };
	struct bench b;

	(void)state;
	start(&b);
	for (int i = 0; i < 3; i++) {
		see_list(&b, 0, dirs[i]);
		see_open(&b, 0, files[i], READ);
	}
	learn(&b);
	assert_true(allows_list(&b, APP "/checkouts/250/deep"));
	assert_true(allows_open(&b, APP "/checkouts/250/deep/er/m.py", READ));
	assert_false(allows_open(&b, APP "/checkouts/250/notes.txt", READ));
	assert_false(allows_open(&b, APP "/checkouts/250/one.py", WRITE));
	assert_false(allows_open(&b, APP "/app.py", READ));
	finish(&b);
}

static void a_tree_that_is_only_written_is_written_anywhere(void **state)
{
	for (int reads = 0; reads < 2; reads++) {
		struct bench b;

		(void)state;
		start(&b);
		see_mkdir(&b, 0, APP "/output/tag");
		see_open(&b, 0, APP "/output/index.html", WRITE);
		see_open(&b, 0, APP "/output/feed.xml", WRITE);
		see_open(&b, 0, APP "/output/tag/day.html", WRITE);
		if (reads)
			see_open(&b, 0, APP "/output/tag/state.bin", READ);
		learn(&b);
		assert_int_equal(
			allows_open(&b, APP "/output/author/a.css", WRITE),
			!reads);
		assert_false(allows_open(&b, APP "/output/index.html", READ));
		finish(&b);
	}
}

static void what_owners_hold_alike_may_be_their_choice(void **state)
{
	static const char *const owners[] = { "anna", "ben", "carla" };
	static const char *const files[] = { "a.txt", "b.png", "notes.md" };

	for (int count = 2; count <= 3; count++) {
		char path[128];
		struct bench b;

		(void)state;
		start(&b);
		for (int i = 0; i < 3 * count; i++) {
			snprintf(path, sizeof(path), APP "/data/%s/%s",
				 owners[i / count], files[i % count]);
			see_open(&b, 0, path, WRITE);
		}
		learn(&b);
		assert_true(allows_open(&b, APP "/data/zoe/a.txt", WRITE));
		assert_int_equal(
			allows_open(&b, APP "/data/zoe/my (1).pdf", WRITE),
			count == 3);
		finish(&b);
	}
}

static void dotfiles_of_many_names_are_data(void **state)
{
	static const char *const names[] = { ".thumbs", ".drafts", ".order" };

	for (int n = 2; n <= 3; n++) {
		char path[128];
		struct bench b;

		(void)state;
		start(&b);
		see_list(&b, 0, APP "/data/anna");
		see_list(&b, 0, APP "/data/ben");
		see_list(&b, 0, APP "/data/carla");
		see_open(&b, 0, APP "/data/anna/a.txt", READ);
		see_open(&b, 0, APP "/data/ben/b.txt", READ);
		see_open(&b, 0, APP "/data/carla/c.txt", READ);
		for (int i = 0; i < n; i++) {
			snprintf(path, sizeof(path), APP "/data/carla/%s",
				 names[i]);
			see_open(&b, 0, path, READ);
		}
		learn(&b);
		assert_int_equal(
			allows_open(&b, APP "/data/zoe/deep/.hidden", READ),
			n == 3);
		assert_false(allows_open(&b, APP "/data/zoe/.hidden", WRITE));
		finish(&b);
	}
}

/* In such a tree one name stands for files and directories, but not above. */
static void what_is_done_to_files_is_not_done_to_their_owners(void **state)
{
	static const char *const owners[] = { "cache", "calendar", "run" };
	char path[128];
	struct bench b;

	(void)state;
	start(&b);
	for (int i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), APP "/var/%s", owners[i]);
		see_mkdir(&b, 0, path);
		snprintf(path, sizeof(path), APP "/var/%s/.part%c", owners[i],
			 'p' + i);
		see_open(&b, 0, path, WRITE);
		snprintf(path, sizeof(path), APP "/var/%s/no %c.%s", owners[i],
			 'a' + i, i ? "txt" : "pdf");
		see_open(&b, 0, path, WRITE);
		see_open(&b, 0, path, READ);
	}
	learn(&b);
	assert_true(allows_mkdir(&b, APP "/var/notices"));
	assert_true(allows_open(&b, APP "/var/notices/.partz", WRITE));
	assert_true(allows_open(&b, APP "/var/notices/.partz", READ));
	assert_false(allows_open(&b, APP "/var/harbour.db", READ));
	finish(&b);
}

static void two_of_a_kind_open_though_both_come_back(void **state)
{
	static const char *const paths[] = { APP "/data/#choir",
					     APP "/data/#club",
					     APP "/other/first",
					     APP "/other/second" };
	char path[128];
	struct bench b;

	(void)state;
	start(&b);
	for (int run = 0; run < 2; run++)
		for (int i = 0; i < 4; i++) {
			see_mkdir(&b, run, paths[i]);
			snprintf(path, sizeof(path), "%s/%s.sqlite", paths[i],
				 i == 2 ? "one" : "karma");
			see_open(&b, run, path, WRITE);
			see_open(&b, run, path, READ);
		}
	learn(&b);
	assert_true(allows_mkdir(&b, APP "/data/#band"));
	assert_true(allows_open(&b, APP "/data/#band/karma.sqlite", WRITE));
	assert_false(allows_open(&b, APP "/data/#band/other.sqlite", WRITE));
	assert_false(allows_mkdir(&b, APP "/other/third"));
	finish(&b);
}

static void two_that_are_filled_open_though_both_come_back(void **state)
{
	static const char *const customers[] = { "acme", "globex" };
	static const char *const logs[] = { "web", "mail" };
	char path[128];
	struct bench b;

	(void)state;
	start(&b);
	for (int run = 0; run < 2; run++)
		for (int i = 0; i < 2; i++) {
			snprintf(path, sizeof(path), APP "/docs/%s",
				 customers[i]);
			see_mkdir(&b, run, path);
			for (int k = 0; k < 2; k++) {
				snprintf(path, sizeof(path),
					 APP "/docs/%s/%c%c.pdf", customers[i],
					 'a' + run, 'a' + 2 * i + k);
				see_open(&b, run, path, WRITE);
			}
			snprintf(path, sizeof(path), APP "/logs/%s", logs[i]);
			see_mkdir(&b, run, path);
			snprintf(path, sizeof(path), APP "/logs/%s/%s.log",
				 logs[i], logs[i]);
			see_open(&b, run, path, WRITE);
		}
	learn(&b);
	assert_true(allows_mkdir(&b, APP "/docs/initech GmbH"));
	assert_true(allows_open(&b, APP "/docs/initech GmbH/x.pdf", WRITE));
	assert_false(allows_mkdir(&b, APP "/docs/.git"));
	assert_false(allows_mkdir(&b, APP "/logs/other"));
	finish(&b);
}

static void one_level_that_is_listed_may_become_two(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	see_list(&b, 0, APP "/pkg");
	see_open(&b, 0, APP "/pkg/a.rst", READ);
	see_open(&b, 0, APP "/pkg/b.rst", READ);
	for (int run = 0; run < 2; run++) {
		see_open(&b, run, APP "/odd/a.csv", READ);
		see_open(&b, run, APP "/odd/b.csv", READ);
	}
	learn(&b);
	assert_true(allows_open(&b, APP "/pkg/sub/new.rst", READ));
	assert_true(allows_list(&b, APP "/pkg/sub"));
	assert_false(allows_open(&b, APP "/pkg/sub/new.key", READ));
	assert_false(allows_open(&b, APP "/odd/c.csv", READ));
	finish(&b);
}

/* Who makes the directory first would make another one in it. */
static void what_a_program_files_by_name_it_files_at_any_depth(void **state)
{
	static const char *const months[] = { "jan", "feb", "mar" };

	/* Who does not make it; the same each time; something else in it; what
	 * only a child's line tells of. */
	for (int other = 0; other < 5; other++) {
		bool is_open = !other || other == 4;
		struct bench b;

		(void)state;
		start(&b);
		for (int run = 0; run < 3; run++) {
			char path[128];

			if (other != 1)
				see_mkdir(&b, run, APP "/exports");
			for (int i = 0; i < 3; i++) {
				snprintf(path, sizeof(path),
					 APP "/exports/%s.csv", months[i]);
				if (i == run || other == 2)
					see_open(&b, run, path, WRITE);
			}
			if (other == 3)
				see_open(&b, run, APP "/exports/index", WRITE);
			if (other == 4)
				see_system(&b, run,
					   "sort a >" APP "/exports/sorted");
		}
		learn(&b);
		assert_true(allows_open(&b, APP "/exports/may.csv", WRITE));
		assert_int_equal(allows_mkdir(&b, APP "/exports/2026"),
				 is_open);
		assert_int_equal(allows_open(&b,
					     APP "/exports/2026/a b/c (1).csv",
					     WRITE),
				 is_open);
		assert_false(allows_open(&b, APP "/exports/2026/x.csv", READ));
		assert_false(
			allows_open(&b, APP "/exports/2026/.x.csv", WRITE));
		assert_false(allows_mkdir(&b, APP "/imports"));
		finish(&b);
	}
}

/* Nobody lists the directory: each name was told, and the next has a slash. */
static void what_is_read_by_name_is_read_at_any_depth(void **state)
{
	static const struct {
		const char *dir, *beside; /* what is written */
		bool lists, is_open, takes;
	} rows[] = {
		{ APP "/in", NULL, false, true, false },
		{ "/home/shop/tables", NULL, false, true, false },
		{ APP "/in", APP "/in/index", false, true, false },
		{ APP "/in", APP "/in/2026.csv", false, true, false },
		{ APP "/in", APP "/in/index", false, true, true },
		{ APP "/in", APP "/in/new/x.csv", false, false, false },
		{ APP "/in", NULL, true, true, false }, /* walked */
		{ APP, NULL, false, false, false },
		{ "/srv/other", APP "/log", false, true, false },
	};
	static const char *const names[] = { "jan", "feb", "mar" };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char path[128];
		struct bench b;

		start(&b);
		for (int run = 0; run < 3; run++) {
			see_load(&b, APP "/lib/shop.py");
			snprintf(path, sizeof(path), "%s/%s.csv", rows[i].dir,
				 names[run]);
			see_open(&b, run, path, READ);
			if (rows[i].takes)
				see_remove(&b, run, path);
			if (rows[i].lists)
				see_list(&b, run, rows[i].dir);
			if (rows[i].beside)
				see_open(&b, run, rows[i].beside, WRITE);
		}
		learn(&b);
		snprintf(path, sizeof(path), "%s/may.csv", rows[i].dir);
		assert_true(!rows[i].is_open || allows_open(&b, path, READ));
		snprintf(path, sizeof(path), "%s/2026/q 4/a.b.csv",
			 rows[i].dir);
		if (allows_open(&b, path, READ) != rows[i].is_open)
			fail_msg("%zu: %s", i, path);
		assert_int_equal(allows_remove(&b, path), rows[i].takes);
		assert_false(allows_open(&b, path, WRITE));
		snprintf(path, sizeof(path), "%s/2026/x.key", rows[i].dir);
		assert_false(allows_open(&b, path, READ));
		snprintf(path, sizeof(path), "%s/.old/x.csv", rows[i].dir);
		assert_false(allows_open(&b, path, READ));
		finish(&b);
	}
}

/* metrics/web.cpu.user: and one that has no dot. */
static void names_without_a_slash_lie_beside_trees(void **state)
{
	static const char *const files[] = { "web/cpu/user", "web/mem",
					     "db-2/disk/sda1/count",
					     "jobs/daily/x" };
	char path[128];
	struct bench b;

	(void)state;
	start(&b);
	see_mkdir(&b, 0, APP "/metrics");
	for (int i = 0; i < 4; i++) {
		for (const char *s = files[i]; (s = strchr(s, '/')); s++) {
			snprintf(path, sizeof(path), APP "/metrics/%.*s",
				 (int)(s - files[i]), files[i]);
			see_mkdir(&b, 0, path);
		}
		snprintf(path, sizeof(path), APP "/metrics/%s.wsp", files[i]);
		see_open(&b, 0, path, WRITE);
	}
	learn(&b);
	assert_true(allows_open(&b, APP "/metrics/a/b/c/d.wsp", WRITE));
	assert_true(allows_open(&b, APP "/metrics/total.wsp", WRITE));
	assert_false(allows_open(&b, APP "/metrics/.total", WRITE));
	assert_false(allows_open(&b, APP "/total.wsp", WRITE));
	finish(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_an_owner_holds_opens_at_any_depth),
		cmocka_unit_test(made_up_names_come_at_any_depth),
		cmocka_unit_test(directories_beside_code_open_no_way_to_it),
		cmocka_unit_test(what_all_owners_hold_stays_as_it_is),
		cmocka_unit_test(what_lies_in_a_directory_of_all_owners_opens),
		cmocka_unit_test(kinds_of_directories_stay_apart),
		cmocka_unit_test(what_a_program_walks_it_reads),
		cmocka_unit_test(what_a_linter_walks_may_be_code),
		cmocka_unit_test(
			a_tree_that_is_only_written_is_written_anywhere),
		cmocka_unit_test(what_owners_hold_alike_may_be_their_choice),
		cmocka_unit_test(dotfiles_of_many_names_are_data),
		cmocka_unit_test(
			what_is_done_to_files_is_not_done_to_their_owners),
		cmocka_unit_test(two_of_a_kind_open_though_both_come_back),
		cmocka_unit_test(
			two_that_are_filled_open_though_both_come_back),
		cmocka_unit_test(one_level_that_is_listed_may_become_two),
		cmocka_unit_test(
			what_a_program_files_by_name_it_files_at_any_depth),
		cmocka_unit_test(what_is_read_by_name_is_read_at_any_depth),
		cmocka_unit_test(names_without_a_slash_lie_beside_trees),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
