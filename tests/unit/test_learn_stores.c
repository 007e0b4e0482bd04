/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_learn_stores.c: what packages keep for themselves, and code they read.
 */
#include "tests/unit/learn_fixture.h"

static void tool_made(struct bench *b, const char *path)
{
	struct sm_value args[3];
	struct sm_event e = mkdir_event(args, path);

	e.site.principal = tool;
	add(b, 0, &e);
}

static struct sm_event tool_list_event(struct sm_value args[1],
				       const char *path)
{
	struct sm_event e;

	args[0] = text(path);
	e = event_of("os.listdir", args, 1);
	e.site.principal = tool;
	return e;
}

static void what_a_package_stores_is_its_own_affair(void **state)
{
	for (int shared = 0; shared < 2; shared++) {
		struct bench b;

		(void)state;
		start(&b);
		tool_made(&b, APP "/var/store");
		tool_made(&b, APP "/var/store/.meta");
		tool_opened(&b, APP "/var/store/.meta/index", WRITE);
		tool_opened(&b, APP "/var/store/a.pack", WRITE);
		if (shared)
			see_open(&b, 0, APP "/var/store/a.pack", READ);
		learn(&b);
		assert_int_equal(
			tool_opens(&b, APP "/var/store/.meta/a/lock", WRITE),
			!shared);
		assert_false(tool_opens(&b, APP "/var/other", WRITE));
		assert_false(allows_open(&b, APP "/var/store/b.pack", READ));
		finish(&b);
	}
}

static void what_a_package_stores_for_each_owner_is_its_own(void **state)
{
	static const char *const owners[] = { "anna", "ben", "carla" };
	char path[128];
	struct bench b;

	(void)state;
	start(&b);
	for (int i = 0; i < 3; i++) {
		static const char *const dirs[] = { "", "/team", "/team/.cache",
						    "/team/.cache/item" };

		for (int k = 0; k < 4; k++) {
			snprintf(path, sizeof(path), APP "/cal/%s%s", owners[i],
				 dirs[k]);
			tool_made(&b, path);
		}
		snprintf(path, sizeof(path), APP "/cal/%s/team/%c.ics",
			 owners[i], 'a' + i);
		tool_opened(&b, path, WRITE);
		snprintf(path, sizeof(path),
			 APP "/cal/%s/team/.cache/item/%c.ics", owners[i],
			 'a' + i);
		tool_opened(&b, path, WRITE);
	}
	learn(&b);
	assert_true(tool_opens(&b, APP "/cal/zoe/a b/.cache/item/x", WRITE));
	assert_true(tool_opens(&b, APP "/cal/zoe/team/.props", READ));
	assert_false(tool_opens(&b, APP "/cal/.props", READ));
	assert_false(allows_open(&b, APP "/cal/anna/team/a.ics", READ));
	finish(&b);
}

/* A repository, in which a package looks for hooks that are not there. */
static void repository_made(struct bench *b, const char *name)
{
	static const char *const dirs[] = { "",
					    "/.git",
					    "/.git/hooks",
					    "/.git/refs",
					    "/.git/refs/heads",
					    "/.git/objects",
					    "/.git/objects/1a" };
	static const char *const files[] = { "HEAD", "index", "refs/heads/main",
					     "objects/1a/2b" };
	struct sm_value args[20];
	struct sm_event e;
	char path[128];

	for (size_t i = 0; i < sizeof(dirs) / sizeof(*dirs); i++) {
		snprintf(path, sizeof(path), APP "/repos/%s%s", name, dirs[i]);
		tool_made(b, path);
	}
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		snprintf(path, sizeof(path), APP "/repos/%s/.git/%s", name,
			 files[i]);
		tool_opened(b, path, WRITE);
	}
	snprintf(path, sizeof(path), APP "/repos/%s/.git/hooks/commit", name);
	e = popen_event(args, ARGV(path));
	e.site.principal = tool;
	add(b, 0, &e);
}

static bool tool_runs(const struct bench *b, const char *path)
{
	struct sm_value args[20];
	struct sm_event e = popen_event(args, ARGV(path));

	e.site.principal = tool;
	return allows(b, &e);
}

static void stores_open_around_the_programs_looked_for_in_them(void **state)
{
	static const char *const names[] = { "anna", "ben", "carla" };
	struct bench b;

	(void)state;
	start(&b);
	for (int i = 0; i < 3; i++)
		repository_made(&b, names[i]);
	learn(&b);
	assert_int_equal(b.learned.residue_count, 0);
	for (int i = 0; i < 2; i++) {
		static const char *const more[] = {
			APP "/repos/anna/.git/objects/9f/3c",
			APP "/repos/zoe m/.git/objects/9f/3c"
		};

		assert_true(tool_opens(&b, more[i], WRITE));
	}
	assert_true(tool_opens(&b, APP "/repos/zoe m/.git/packed", WRITE));
	assert_true(tool_runs(&b, APP "/repos/zoe m/.git/hooks/commit"));
	assert_false(tool_runs(&b, APP "/repos/anna/.git/hooks/push"));
	assert_false(tool_runs(&b, APP "/repos/anna/.git/commit"));
	assert_false(
		tool_opens(&b, APP "/repos/anna/.git/hooks/commit", WRITE));
	assert_false(tool_opens(&b, APP "/repos/zoe m/.git/hooks/x", WRITE));
	finish(&b);
}

static void chosen_names_may_lie_deeper(void **state)
{
	static const char *const pages[] = { APP "/data/pages/rules",
					     APP "/data/pages/songs",
					     APP "/data/pages/thanks",
					     APP "/data/pages/choir/songs" };
	struct bench b;

	(void)state;
	for (int alike = 0; alike < 2; alike++) {
		start(&b);
		see_mkdir(&b, 0, APP "/data/pages");
		see_mkdir(&b, 0, APP "/data/pages/choir");
		for (int i = 0; i < 4; i++) {
			see_open(&b, 0, pages[i], WRITE);
			if (i < 3 || alike)
				see_open(&b, 0, pages[i], READ);
		}
		if (!alike)
			tool_opened(&b, pages[3], READ);
		learn(&b);
		assert_true(allows_open(&b, APP "/data/pages/other", READ));
		assert_int_equal(
			allows_open(&b, APP "/data/pages/band/1.md", READ),
			alike);
		assert_false(allows_open(&b, APP "/data/other", READ));
		finish(&b);
	}
}

/* Reports go where the command line says, letters beside them. */
static void made_directories_beside_chosen_names_leave_them_free(void **state)
{
	static const char *const reports[] = { "north.txt", "q1.html",
					       "all.csv",   "march.pdf",
					       "total",	    "south-east.txt" };
	char path[64];

	(void)state;
	for (int is_made = 0; is_made < 2; is_made++) {
		struct bench b;

		start(&b);
		see_mkdir(&b, 0, APP "/out");
		if (is_made)
			see_mkdir(&b, 0, APP "/out/letters");
		for (int i = 0; i < 6; i++) {
			snprintf(path, sizeof(path), APP "/out/%s", reports[i]);
			see_open(&b, i % 2, path, WRITE);
			snprintf(path, sizeof(path), APP "/out/letters/%s",
				 reports[i]);
			see_open(&b, i % 2, path, is_made ? WRITE : READ);
		}
		learn(&b);
		assert_true(allows_open(&b, APP "/out/west.txt", WRITE));
		assert_int_equal(
			allows_open(&b, APP "/out/years/2025/a.csv", WRITE),
			is_made);
		assert_false(allows_open(&b, APP "/out/.git/config", WRITE));
		assert_false(allows_open(&b, APP "/other/a.csv", WRITE));
		finish(&b);
	}
}

static void installed_code_that_is_read_as_data_is_public(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	tool_opened(&b, "/usr/lib/python3.11/os.py", READ);
	tool_opened(&b, "/usr/lib/python3.11/json/__init__.py", READ);
	tool_opened(&b, "/usr/lib/python3.11/typing.py", READ);
	learn(&b);
	assert_true(tool_opens(&b, "/usr/lib/python3.11/asyncio/log.py", READ));
	assert_false(
		tool_opens(&b, "/usr/lib/python3.11/asyncio/log.txt", READ));
	assert_false(allows_open(&b, "/usr/lib/python3.11/os.py", READ));
	finish(&b);
}

/* Reloaders watch all of sys.path, whatever is installed there. */
static void installed_code_that_is_listed_is_public(void **state)
{
	static const char *const dirs[] = { "/usr/lib/python3.11/json",
					    "/usr/lib/python3.11/asyncio",
					    "/usr/lib/python3.11/re" };
	static const char *const others[] = { "/usr/lib/python3.11/email/mime",
					      "/usr/lib/firmware" };

	(void)state;
	for (size_t n = 1; n <= 3; n += 2) {
		struct sm_value args[1];
		struct sm_event e;
		struct bench b;

		start(&b);
		for (size_t i = 0; i < n; i++) {
			e = tool_list_event(args, dirs[i]);
			add(&b, 0, &e);
		}
		learn(&b);
		e = tool_list_event(args, others[0]);
		assert_int_equal(allows(&b, &e), n == 3);
		e = tool_list_event(args, others[1]);
		assert_false(allows(&b, &e));
		assert_false(allows_list(&b, others[0]));
		assert_false(
			tool_opens(&b, "/usr/lib/python3.11/re/x.py", READ));
		finish(&b);
	}
}

static void
documents_beside_code_open_for_the_package_that_lists_them(void **state)
{
	static const char *const files[] = { APP "/a.rst", APP "/index.rst",
					     APP "/secrets.json",
					     APP "/more.json" };
	struct sm_value args[1] = { text(APP) };
	struct sm_event e = event_of("os.listdir", args, 1);
	struct bench b;

	(void)state;
	start(&b);
	e.site.principal = tool;
	add(&b, 0, &e);
	for (int i = 0; i < 4; i++)
		tool_opened(&b, files[i], READ);
	learn(&b);
	assert_true(tool_opens(&b, APP "/ref/deep/c page.rst", READ));
	assert_false(tool_opens(&b, APP "/third.json", READ));
	assert_false(tool_opens(&b, APP "/app.py", READ));
	assert_false(tool_opens(&b, APP "/ref/c.rst", WRITE));
	assert_false(allows_open(&b, APP "/a.rst", READ));
	finish(&b);
}

/* What was recorded of mkdir() is that it was tried. */
static void what_was_written_is_no_directory(void **state)
{
	static const char *const files[] = { "anna/one.txt", "anna/two.txt",
					     "ben/red.txt", "ben/blue.txt" };
	char path[128];

	(void)state;
	for (int are_files = 0; are_files < 2; are_files++) {
		struct bench b;

		start(&b);
		for (int run = 0; run < 2; run++) {
			see_mkdir(&b, run, APP "/restored/anna");
			see_mkdir(&b, run, APP "/restored/ben");
		}
		for (int i = 0; i < 4; i++) {
			snprintf(path, sizeof(path), APP "/restored/%s",
				 files[i]);
			tool_made(&b, path);
			if (are_files)
				tool_opened(&b, path, WRITE);
		}
		learn(&b);
		assert_int_equal(allows_mkdir(&b, APP "/restored/Mary Ann"),
				 are_files);
		assert_false(allows_mkdir(&b, APP "/other/zoe"));
		finish(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_package_stores_is_its_own_affair),
		cmocka_unit_test(
			what_a_package_stores_for_each_owner_is_its_own),
		cmocka_unit_test(chosen_names_may_lie_deeper),
		cmocka_unit_test(
			made_directories_beside_chosen_names_leave_them_free),
		cmocka_unit_test(installed_code_that_is_read_as_data_is_public),
		cmocka_unit_test(installed_code_that_is_listed_is_public),
		cmocka_unit_test(
			documents_beside_code_open_for_the_package_that_lists_them),
		cmocka_unit_test(
			stores_open_around_the_programs_looked_for_in_them),
		cmocka_unit_test(what_was_written_is_no_directory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
