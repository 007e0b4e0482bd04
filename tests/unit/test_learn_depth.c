/* SPDX-License-Identifier: Apache-2.0 */
/* test_learn_depth.c: directories in which depth means nothing. */
#include "tests/unit/learn_fixture.h"

/* As atomic writers do: under a drawn name, then under its own. */
static void see_put(struct bench *b, int run, const char *dir, const char *name)
{
	char drawn[100], to[100];

	if (*dir)
		snprintf(drawn, sizeof(drawn), APP "/exports/%s", dir);
	else
		snprintf(drawn, sizeof(drawn), APP "/exports");
	see_mkdir(b, run, drawn);
	see_open(b, run, drawn, O_RDWR | O_CREAT); /* NamedTemporaryFile() */
	snprintf(to, sizeof(to), "%s/%s", drawn, name);
	snprintf(drawn + strlen(drawn), sizeof(drawn) - strlen(drawn),
		 "/.new-a%c3d%c_f8", 'a' + run, name[0]);
	see_mkstemp(b, run, drawn);
	see_open(b, run, drawn, WRITE);
	see_rename(b, run, drawn, to);
}

static void what_is_put_on_two_levels_is_put_on_any(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	for (int run = 0; run < 2; run++) {
		see_put(&b, run, "", run ? "july.csv" : "harvest 2.csv");
		see_put(&b, run, "", run ? "may.yaml" : "new.yaml");
		see_put(&b, run, run ? "board" : "bank",
			run ? "rye first.xlsx" : "ledger 1.json");
		see_put(&b, run, run ? "tax" : "board",
			run ? "2026.json" : "august.csv");
	}
	learn(&b);
	assert_true(allows_mkdir(&b, APP "/exports/a/2026/q4"));
	assert_true(
		allows_open(&b, APP "/exports/a/2026/.new-ab3dx_f8", WRITE));
	assert_true(allows_open(&b, APP "/exports/a/2026/all.json", WRITE));
	assert_false(allows_open(&b, APP "/exports/a/2026/.bashrc", WRITE));
	assert_false(allows_open(&b, APP "/imports/a/2026/all.json", WRITE));
	finish(&b);
}

static void see_page(struct bench *b, int run, const char *dir)
{
	char path[120];

	snprintf(path, sizeof(path), "%s/contents.lr", dir);
	see_open(b, run, path, READ);
	see_list(b, run, dir);
}

/* A picture is asked for as if it was a page, which is a directory with its
 * text in it, and handed on by its name. */
static void see_picture(struct bench *b, int run, const char *picture)
{
	char path[120];

	snprintf(path, sizeof(path), "%s/contents.lr", picture);
	see_open(b, run, path, READ);
	see_open(b, run, picture, READ);
	see_popen(b, run, ARGV("/usr/bin/convert", picture));
}

static void see_pages(struct bench *b, int run)
{
	static const char *const pages[] = { "news", "about", "help", "shop",
					     "pictures" };
	static const char *const pictures[] = {
		"court/well.png", "court/gate.jpg", "harvest/choir.png",
		"harvest/loaves.png", "old/yard/pier.png"
	};
	char path[100];

	see_page(b, run, APP "/content");
	for (int i = 0; i < 5; i++) {
		snprintf(path, sizeof(path), APP "/content/%s", pages[i]);
		see_page(b, run, path);
		snprintf(path, sizeof(path), APP "/content/%s/%c%d", pages[i],
			 'a' + i, run);
		see_page(b, run, path);
		snprintf(path, sizeof(path), APP "/content/%s/%c%d/x/t%d",
			 pages[i], 'a' + i, run, i + run);
		see_page(b, run, path);
		snprintf(path, sizeof(path), APP "/content/pictures/%s",
			 pictures[i]);
		see_picture(b, run, path);
	}
}

static void files_asked_for_as_directories_are_files(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	for (int run = 0; run < RUNS; run++)
		see_pages(&b, run);
	learn(&b);
	assert_true(allows_open(&b, APP "/content/pictures/new/a b.gif", READ));
	assert_true(allows_popen(&b, ARGV("/usr/bin/convert", APP
					  "/content/pictures/new/a b.gif")));
	assert_false(allows_popen(
		&b, ARGV("/usr/bin/convert", APP "/secret/a.gif")));
	finish(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_put_on_two_levels_is_put_on_any),
		cmocka_unit_test(files_asked_for_as_directories_are_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
