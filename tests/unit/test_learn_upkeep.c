/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_learn_upkeep.c: what a program makes, it also clears away.
 */
#include "tests/unit/learn_fixture.h"

static void who_makes_files_may_remove_them(void **state)
{
	static const char *const files[] = { APP "/data/anna/one.pdf",
					     APP "/data/ben/two.png",
					     APP "/data/carla/three.txt" };
	struct sm_value args[2] = { text(APP "/data/zoe/half.pdf"),
				    number(-1) };
	struct sm_event e = event_of("os.remove", args, 2);
	struct bench b;

	(void)state;
	start(&b);
	for (int i = 0; i < 3; i++)
		see_open(&b, 0, files[i], WRITE);
	learn(&b);
	assert_true(allows(&b, &e));
	args[0] = text(APP "/data/zoe.pdf");
	assert_false(allows(&b, &e));
	assert_false(allows_open(&b, APP "/data/zoe/half.pdf", READ));
	finish(&b);
}

static void who_makes_an_owner_s_directory_makes_those_in_it(void **state)
{
	static const char *const owners[] = { "anna", "ben", "carla" };
	char path[128];
	struct bench b;

	(void)state;
	start(&b);
	for (int i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), APP "/var/in/%s", owners[i]);
		see_mkdir(&b, 0, path);
		snprintf(path, sizeof(path), APP "/var/in/%s/%c.pdf", owners[i],
			 'a' + i);
		tool_opened(&b, path, WRITE);
		tool_opened(&b, path, READ);
	}
	learn(&b);
	assert_true(allows_mkdir(&b, APP "/var/in/zoe"));
	assert_true(allows_mkdir(&b, APP "/var/in/anna/scans"));
	assert_true(tool_opens(&b, APP "/var/in/anna/scans/1.pdf", WRITE));
	finish(&b);
}

static void who_empties_directories_opens_them(void **state)
{
	static const char *const owners[] = { "anna", "ben", "carla" };
	struct sm_value args[2];
	struct sm_event e;
	char path[128];
	struct bench b;

	(void)state;
	start(&b);
	for (int i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), APP "/var/in/%s", owners[i]);
		see_mkdir(&b, 0, path);
		see_list(&b, 0, path);
		snprintf(path, sizeof(path), APP "/var/in/%s/%c.pdf", owners[i],
			 'a' + i);
		see_open(&b, 0, path, WRITE);
	}
	args[0] = text(APP "/var/in/anna/old");
	args[1] = number(-1);
	see_mkdir(&b, 0, APP "/var/in/anna/old");
	see_list(&b, 0, APP "/var/in/anna/old");
	e = event_of("os.rmdir", args, 2);
	add(&b, 0, &e);
	args[0] = text(APP "/var/in/carla");
	add(&b, 0, &e);
	learn(&b);
	assert_true(allows_open(&b, APP "/var/in/ben/new", READ));
	assert_true(allows_open(&b, APP "/var/in/zoe", READ));
	assert_false(allows_open(&b, APP "/var/in", READ));
	finish(&b);
}

/* The one too many came after the recording. */
static void who_keeps_so_many_removes_the_oldest(void **state)
{
	static const char *const dirs[] = { APP "/backup", APP "/kept" };
	char path[128];
	struct bench b;

	(void)state;
	start(&b);
	for (int run = 0; run < 2; run++)
		for (int i = 0; i < 2; i++) {
			see_mkdir(&b, run, dirs[i]);
			if (!i)
				see_list(&b, run, dirs[i]);
			for (int k = 0; k < 2; k++) {
				snprintf(path, sizeof(path),
					 "%s/db-2026010%d.sqlite", dirs[i],
					 1 + 2 * run + k);
				see_open(&b, run, path, WRITE);
			}
		}
	learn(&b);
	assert_true(allows_remove(&b, APP "/backup/db-20260101.sqlite"));
	assert_false(allows_remove(&b, APP "/backup/.lock"));
	assert_false(allows_remove(&b, APP "/kept/db-20260101.sqlite"));
	finish(&b);
}

/* What a program put there that it started, and nobody else reads. */
static void who_has_a_directory_filled_removes_the_oldest(void **state)
{
	static const char *const dirs[] = { APP "/backup", APP "/kept",
					    APP "/in" };
	char path[128];
	struct bench b;

	(void)state;
	start(&b);
	for (int run = 0; run < 2; run++)
		for (int i = 0; i < 3; i++) {
			if (i != 1)
				see_mkdir(&b, run, dirs[i]);
			see_list(&b, run, dirs[i]);
			for (int k = 0; k < 2; k++) {
				snprintf(path, sizeof(path), "%s/nas-%d%d.tgz",
					 dirs[i], run, k);
				see_popen(&b, run,
					  ARGV("/usr/bin/tar", "czf", path,
					       "data"));
				if (i == 2)
					see_open(&b, run, path, READ);
			}
		}
	learn(&b);
	assert_true(allows_remove(&b, APP "/backup/nas-10.tgz"));
	assert_true(allows_remove(&b, APP "/backup/disk-7.tgz"));
	assert_false(allows_remove(&b, APP "/backup/.lock"));
	assert_false(allows_open(&b, APP "/backup/nas-10.tgz", READ));
	assert_false(allows_remove(&b, APP "/kept/nas-10.tgz"));
	assert_false(allows_remove(&b, APP "/in/nas-10.tgz"));
	finish(&b);
}

/* Pictures that a package wrote where the application told it to. */
static void who_has_a_package_fill_a_tree_may_clear_it(void **state)
{
	static const char *const dirs[] = { APP "/out", APP "/kept" };
	char path[128];
	struct bench b;

	(void)state;
	start(&b);
	for (int run = 0; run < 2; run++)
		for (int i = 0; i < 2; i++) {
			see_mkdir(&b, run, dirs[i]);
			for (int k = 0; k < 3; k++) {
				snprintf(path, sizeof(path), "%s/%d", dirs[i],
					 32 << k);
				see_mkdir(&b, run, path);
				if (!i)
					see_list(&b, run, path);
				snprintf(path, sizeof(path), "%s/%d/%c %d.%s",
					 dirs[i], 32 << k, 'a' + k, run,
					 k ? "jpg" : "png");
				tool_opened(&b, path, WRITE);
			}
			if (!i)
				see_list(&b, run, dirs[i]);
		}
	learn(&b);
	assert_true(allows_remove(&b, APP "/out/32/zoe.jpg"));
	assert_false(allows_remove(&b, APP "/out/32/.zoe.jpg"));
	assert_false(allows_remove(&b, APP "/kept/32/zoe.jpg"));
	finish(&b);
}

/* In a directory that was there before, and by nobody but who fills it. */
static void who_lists_what_it_fills_may_remove_it(void **state)
{
	static const char *const dirs[] = { APP "/logs", APP "/in" };
	char path[128];
	struct bench b;

	(void)state;
	start(&b);
	for (int run = 0; run < 2; run++)
		for (int i = 0; i < 2; i++) {
			see_list(&b, run, dirs[i]);
			for (int k = 0; k < 2; k++) {
				snprintf(path, sizeof(path), "%s/of %c %d.txt",
					 dirs[i], 'a' + k, run);
				see_open(&b, run, path, i ? READ : WRITE);
			}
		}
	learn(&b);
	assert_true(allows_remove(&b, APP "/logs/of a 0.txt"));
	assert_false(allows_remove(&b, APP "/logs/.lock"));
	assert_false(allows_remove(&b, APP "/in/of a 0.txt"));
	finish(&b);
}

static void who_makes_directories_makes_those_above(void **state)
{
	static const char *const dirs[] = { "guide", "team", "news" };
	char path[128];
	struct bench b;

	(void)state;
	start(&b);
	see_list(&b, 0, APP "/content");
	see_list(&b, 0, APP "/other");
	for (int i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), APP "/content/%s", dirs[i]);
		see_mkdir(&b, 0, path);
		snprintf(path, sizeof(path), APP "/content/%s/%c.md", dirs[i],
			 'a' + i);
		see_open(&b, 0, path, WRITE);
		snprintf(path, sizeof(path), APP "/other/%s/%c.md", dirs[i],
			 'a' + i);
		see_open(&b, 0, path, READ);
	}
	learn(&b);
	assert_true(allows_mkdir(&b, APP "/content"));
	assert_false(allows_mkdir(&b, APP "/other"));
	finish(&b);
}

static void a_package_reads_back_what_it_keeps(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	tool_opened(&b, APP "/var/state-ben", WRITE);
	see_open(&b, 0, APP "/var/out-ben", WRITE);
	learn(&b);
	assert_true(tool_opens(&b, APP "/var/state-ben", READ));
	assert_false(allows_open(&b, APP "/var/state-ben", READ));
	assert_false(allows_open(&b, APP "/var/out-ben", READ));
	finish(&b);
}

static struct sm_event listdir_event(struct sm_value args[1], const char *path)
{
	args[0] = text(path);
	return event_of("os.listdir", args, 1);
}

static void who_makes_an_owner_s_directory_removes_it(void **state)
{
	static const char *const owners[] = { "anna", "ben", "carla" };
	char path[128];

	(void)state;
	for (int lists = 0; lists < 2; lists++) {
		struct sm_value args[3],
			gone[2] = { text(APP "/in/zoe"), number(-1) };
		struct sm_event e;
		struct bench b;

		start(&b);
		for (int i = 0; i < 3; i++) {
			snprintf(path, sizeof(path), APP "/in/%s", owners[i]);
			see_mkdir(&b, 0, path);
			snprintf(path, sizeof(path), APP "/in/%s/.store",
				 owners[i]);
			tool_opened(&b, path, WRITE);
			snprintf(path, sizeof(path), APP "/in/%s/one.pdf",
				 owners[i]);
			see_open(&b, 0, path, WRITE);
			snprintf(path, sizeof(path), APP "/in/%s", owners[i]);
			e = listdir_event(args, path);
			if (lists)
				add(&b, 0, &e);
		}
		learn(&b);
		e = event_of("os.rmdir", gone, 2);
		assert_true(allows(&b, &e));
		gone[0] = text(APP "/in/zoe/.store");
		e = event_of("os.remove", gone, 2);
		assert_true(allows(&b, &e));
		e = listdir_event(args, APP "/in/zoe");
		assert_int_equal(allows(&b, &e), lists);
		assert_int_equal(allows_open(&b, APP "/in/zoe/x/y", READ),
				 lists);
		assert_false(allows_open(&b, APP "/in/zoe/.store", WRITE));
		assert_false(allows_open(&b, APP "/in/.store", READ));
		gone[0] = text(APP "/other/x");
		e = event_of("os.remove", gone, 2);
		assert_false(allows(&b, &e));
		finish(&b);
	}
}

static void logs_turn_over(void **state)
{
	for (int handlers = 0; handlers < 2; handlers++) {
		struct bench b;

		(void)state;
		start(&b);
		see_open(&b, 0, APP "/log/app.log", WRITE);
		if (handlers)
			see_load(&b, "/usr/lib/python3.11/logging/handlers.py");
		learn(&b);
		assert_int_equal(allows_open(&b, APP "/log/app.log.3", WRITE),
				 handlers);
		assert_int_equal(
			allows_open(&b, APP "/log/app.log.2026-11-21", WRITE),
			handlers);
		/* whoever logs when it is full */
		assert_int_equal(tool_opens(&b, APP "/log/app.log.1", WRITE),
				 handlers);
		assert_int_equal(tool_opens(&b, APP "/log/app.log", WRITE),
				 handlers);
		assert_false(allows_open(&b, APP "/log/app.log.x", WRITE));
		assert_false(allows_open(&b, APP "/log/other.log.1", WRITE));
		finish(&b);
	}
}

static void who_makes_a_directory_empties_it_of_anything(void **state)
{
	struct bench b;

	(void)state;
	for (int is_made = 0; is_made < 2; is_made++) {
		start(&b);
		if (is_made)
			see_mkdir(&b, 1, APP "/var/dist");
		see_open(&b, 1, APP "/var/dist/shop.sums", WRITE);
		see_list(&b, 1, APP "/var/dist");
		see_remove(&b, 1, APP "/var/dist/shop.sums");
		see_rmdir(&b, 1, APP "/var/dist");
		learn(&b);
		assert_int_equal(
			allows_remove(&b, APP "/var/dist/a/b 2.tar.bz2"),
			is_made);
		assert_false(allows_open(&b, APP "/var/dist/new", WRITE));
		assert_false(allows_remove(&b, APP "/var/dist/.netrc"));
		assert_false(allows_remove(&b, APP "/var/shop.sums"));
		finish(&b);
	}
}

static void a_directory_with_a_drawn_name_is_its_maker_s(void **state)
{
	static const char *const drawn[] = { "/tmp/job-k3x_9abz",
					     "/tmp/job-0cu1qi2p",
					     "/tmp/job-ynxvpx6n" };
	char path[128];
	struct bench b;

	(void)state;
	start(&b);
	for (int run = 0; run < 3; run++) {
		see_mkdtemp(&b, run, drawn[run]);
		see_mkdir(&b, run, drawn[run]);
		snprintf(path, sizeof(path), "%s/book.zip", drawn[run]);
		see_open(&b, run, path, WRITE);
		tool_opened(&b, path, READ);
	}
	learn(&b);
	assert_true(allows_open(&b, "/tmp/job-a1b2c3d4/book.tar.gz", WRITE));
	assert_true(allows_open(&b, "/tmp/job-a1b2c3d4/a b/.git/x", READ));
	assert_true(tool_opens(&b, "/tmp/job-a1b2c3d4/book.tar.gz", READ));
	assert_false(tool_opens(&b, "/tmp/job-a1b2c3d4/book.tar.gz", WRITE));
	assert_false(allows_open(&b, "/tmp/other-a1b2c3d4/x", READ));
	assert_false(allows_open(&b, "/tmp/x", READ));
	finish(&b);
}

/* Killed, it leaves the socket behind, and starts with removing it. */
static void who_listens_on_a_path_removes_what_was_left_there(void **state)
{
	struct sm_value args[3];
	struct sm_event e;
	struct bench b;

	(void)state;
	start(&b);
	args[0] = number(1);
	args[1] = text(APP "/run/admin.sock");
	e = event_of("socket.bind", args, 2);
	add(&b, 0, &e);
	learn(&b);
	assert_true(allows_remove(&b, APP "/run/admin.sock"));
	assert_false(allows_remove(&b, APP "/run/other.sock"));
	assert_false(allows_open(&b, APP "/run/admin.sock", WRITE));
	finish(&b);
}

/* Owners are not always called by names. */
static void who_empties_numbered_directories_opens_them(void **state)
{
	char path[128];
	struct bench b;

	(void)state;
	start(&b);
	for (int i = 17; i < 20; i++) {
		snprintf(path, sizeof(path), APP "/var/in/room-%d", i);
		see_mkdir(&b, 0, path);
		see_list(&b, 0, path);
		snprintf(path, sizeof(path), APP "/var/in/room-%d/%c.pdf", i,
			 'a' + i - 17);
		see_open(&b, 0, path, WRITE);
	}
	see_mkdir(&b, 0, APP "/var/in/room-17/old");
	see_list(&b, 0, APP "/var/in/room-17/old");
	see_rmdir(&b, 0, APP "/var/in/room-17/old");
	see_rmdir(&b, 0, APP "/var/in/room-19");
	learn(&b);
	assert_true(allows_open(&b, APP "/var/in/room-99", READ));
	assert_true(allows_open(&b, APP "/var/in/room-18/new", READ));
	assert_false(allows_open(&b, APP "/var/in", READ));
	finish(&b);
}

/* An empty directory may be removed by who knows that it is. */
static void who_removed_nothing_in_a_directory_empties_none(void **state)
{
	for (int removes = 0; removes < 2; removes++) {
		struct bench b;

		(void)state;
		start(&b);
		see_mkdir(&b, 0, APP "/build");
		see_list(&b, 0, APP "/build");
		see_open(&b, 0, APP "/build/ready", READ);
		if (removes)
			see_remove(&b, 0, APP "/build/ready");
		see_rmdir(&b, 0, APP "/build");
		learn(&b);
		assert_int_equal(allows_remove(&b, APP "/build/lib/new.o"),
				 removes);
		finish(&b);
	}
}

static void tool_removed(struct bench *b, const char *path)
{
	struct sm_value args[2] = { text(path), number(-1) };
	struct sm_event e = event_of("os.remove", args, 2);

	e.site.principal = tool;
	add(b, 0, &e);
}

static bool tool_removes(const struct bench *b, const char *path)
{
	struct sm_value args[2] = { text(path), number(-1) };
	struct sm_event e = event_of("os.remove", args, 2);

	e.site.principal = tool;
	return allows(b, &e);
}

/* `doit clean page`, and the next time `doit clean report`. */
static void who_cleaned_up_one_file_cleans_up_what_it_looked_at(void **state)
{
	static const char *const names[] = { "one", "two", "three" };
	char path[100];

	(void)state;
	for (int removes = 0; removes < 2; removes++) {
		struct bench b;

		start(&b);
		see_mkdir(&b, 0, APP "/build");
		see_mkdir(&b, 0, APP "/build/pages");
		see_mkdir(&b, 0, APP "/build/logs");
		see_mkdir(&b, 0, APP "/notes");
		for (int i = 0; i < 3; i++) {
			snprintf(path, sizeof(path), APP "/build/pages/%s.html",
				 names[i]);
			see_open(&b, i, path, WRITE);
			tool_opened(&b, path, READ);
			snprintf(path, sizeof(path), APP "/build/logs/%s.log",
				 names[i]);
			see_open(&b, i, path, WRITE);
			snprintf(path, sizeof(path), APP "/notes/%s.txt",
				 names[i]);
			see_open(&b, i, path, WRITE);
			tool_opened(&b, path, READ);
		}
		see_open(&b, 0, APP "/build/index", WRITE);
		if (removes)
			tool_removed(&b, APP "/build/index");
		learn(&b);
		assert_int_equal(tool_removes(&b, APP "/build/pages/x.html"),
				 removes);
		/* what it never looked at, and elsewhere */
		assert_false(tool_removes(&b, APP "/build/logs/x.log"));
		assert_false(tool_removes(&b, APP "/notes/x.txt"));
		finish(&b);
	}
}

/* Nor what was there before, as templates beside what is made of them. */
static void who_cleans_up_leaves_what_was_not_made(void **state)
{
	static const char *const names[] = { "one", "two", "three" };
	char path[100];
	struct bench b;

	(void)state;
	start(&b);
	see_mkdir(&b, 0, APP "/build");
	for (int i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), APP "/build/in/%s.html", names[i]);
		see_open(&b, i, path, READ);
		tool_opened(&b, path, READ);
	}
	see_open(&b, 0, APP "/build/index", WRITE);
	tool_removed(&b, APP "/build/index");
	learn(&b);
	assert_false(tool_removes(&b, APP "/build/in/one.html"));
	finish(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_makes_files_may_remove_them),
		cmocka_unit_test(
			who_makes_an_owner_s_directory_makes_those_in_it),
		cmocka_unit_test(who_empties_directories_opens_them),
		cmocka_unit_test(who_keeps_so_many_removes_the_oldest),
		cmocka_unit_test(who_has_a_package_fill_a_tree_may_clear_it),
		cmocka_unit_test(who_lists_what_it_fills_may_remove_it),
		cmocka_unit_test(who_makes_directories_makes_those_above),
		cmocka_unit_test(logs_turn_over),
		cmocka_unit_test(who_makes_a_directory_empties_it_of_anything),
		cmocka_unit_test(a_directory_with_a_drawn_name_is_its_maker_s),
		cmocka_unit_test(a_package_reads_back_what_it_keeps),
		cmocka_unit_test(who_makes_an_owner_s_directory_removes_it),
		cmocka_unit_test(
			who_listens_on_a_path_removes_what_was_left_there),
		cmocka_unit_test(who_empties_numbered_directories_opens_them),
		cmocka_unit_test(
			who_removed_nothing_in_a_directory_empties_none),
		cmocka_unit_test(who_has_a_directory_filled_removes_the_oldest),
		cmocka_unit_test(
			who_cleaned_up_one_file_cleans_up_what_it_looked_at),
		cmocka_unit_test(who_cleans_up_leaves_what_was_not_made),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
