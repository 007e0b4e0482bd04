/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_learn_sets.c: things beside one another that lines name.
 */
#include "tests/unit/learn_fixture.h"

#define GIT "/usr/bin/git", "-C"

static void see_log(struct bench *b, const char *repo)
{
	for (int run = 1; run < 3; run++)
		see_popen(b, run, ARGV(GIT, repo, "log", "-n", "3"));
}

static void see_diff(struct bench *b, const char *repo)
{
	for (int run = 1; run < 3; run++)
		see_popen(b, run, ARGV(GIT, repo, "diff", "--stat", "HEAD"));
}

/* Both came back in both runs, but the same was done to both. */
static void what_is_treated_alike_is_one_of_many(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	see_log(&b, "repos/tool.git");
	see_log(&b, "repos/site.git");
	see_diff(&b, "repos/tool.git");
	see_diff(&b, "repos/site.git");
	for (int run = 1; run < 3; run++) {
		see_system(&b, run, "git -C repos/tool.git grep x HEAD");
		see_system(&b, run, "git -C repos/site.git grep x HEAD");
		see_popen(&b, run,
			  ARGV("/usr/bin/git", "clone", "/data/repos/tool.git",
			       "x"));
		see_popen(&b, run,
			  ARGV("/usr/bin/git", "clone", "/data/repos/site.git",
			       "x"));
	}
	learn(&b);
	assert_true(allows_popen(
		&b, ARGV(GIT, "repos/Data-1.git", "log", "-n", "3")));
	assert_true(allows_popen(
		&b, ARGV(GIT, "repos/new name.git", "diff", "--stat", "HEAD")));
	assert_true(allows_system(&b, "git -C repos/Data-1.git grep x HEAD"));
	assert_true(allows_popen(&b, ARGV("/usr/bin/git", "clone",
					  "/data/repos/Data-1.git", "x")));
	assert_false(allows_popen(
		&b, ARGV(GIT, "repos/../x.git", "log", "-n", "3")));
	assert_false(
		allows_popen(&b, ARGV(GIT, "other/a.git", "log", "-n", "3")));
	assert_false(
		allows_popen(&b, ARGV(GIT, "repos/a/b.git", "log", "-n", "3")));
	assert_false(allows_popen(&b, ARGV(GIT, "repos/a", "log", "-n", "3")));
	assert_false(
		allows_popen(&b, ARGV(GIT, "repos/.x.git", "log", "-n", "3")));
	assert_false(allows_popen(&b, ARGV("/usr/bin/git", "clone",
					   "ext::sh -c id/repos/a.git", "x")));
	assert_false(allows_system(&b, "git -C repos/$(id).git grep x HEAD"));
	assert_false(allows_system(&b, "git -C repos/a.git;id grep x HEAD"));
	finish(&b);
}

/* One thing done to two, or two to one each, is not enough. */
static void what_is_not_stays_one_of_a_set(void **state)
{
	struct bench b;

	(void)state;
	for (int is_other = 0; is_other < 2; is_other++) {
		start(&b);
		see_log(&b, "repos/tool.git");
		see_log(&b, "repos/site.git");
		if (is_other)
			see_diff(&b, "repos/tool.git");
		for (int run = 1; run < 3; run++) {
			see_system(&b, run, "sort in/a.txt > out/a.txt");
			see_system(&b, run, "sort in/b.txt > out/b.txt");
			see_system(&b, run, "sort -u in/a.txt > out/a.txt");
			see_system(&b, run, "sort -u in/b.txt > out/b.txt");
		}
		learn(&b);
		assert_true(allows_popen(
			&b, ARGV(GIT, "repos/site.git", "log", "-n", "3")));
		assert_int_equal(
			allows_popen(&b, ARGV(GIT, "repos/site.git", "diff",
					      "--stat", "HEAD")),
			is_other);
		assert_false(allows_popen(
			&b, ARGV(GIT, "repos/x.git", "log", "-n", "3")));
		/* What a shell writes itself is none of them. */
		assert_false(
			allows_system(&b, "sort in/a.txt > out/index.txt"));
		finish(&b);
	}
}

/* Hooks are told some of the same things, each some others. */
static void what_one_hook_is_told_another_may_be(void **state)
{
	static const char *const dirs[] = { APP "/hooks", APP "/bin",
					    APP "/node/.bin",
					    "/usr/lib/hooks" };

	(void)state;
	for (int i = 0; i < 4; i++) {
		char pump[64], horn[64], lamp[64], bell[64];
		struct bench b;

		snprintf(pump, sizeof(pump), "%s/pump", dirs[i]);
		snprintf(horn, sizeof(horn), "%s/horn", dirs[i]);
		snprintf(lamp, sizeof(lamp), "%s/lamp", dirs[i]);
		snprintf(bell, sizeof(bell), "%s/bell", dirs[i]);
		start(&b);
		for (int run = 0; run < 2; run++) {
			see_popen(&b, run, ARGV(pump, "-k", "temp"));
			see_popen(&b, run, ARGV(pump, "-k", "soil"));
			see_popen(&b, run, ARGV(horn, "-k", "temp"));
			see_popen(&b, run, ARGV(horn, "-k", "rain"));
			/* the same each time; other things; another shape */
			see_popen(&b, run, ARGV(lamp, "-k", "temp"));
			see_popen(&b, run, ARGV(bell, "-k", "one"));
			see_popen(&b, run, ARGV(bell, "-k", "two"));
			see_popen(&b, run, ARGV(pump, "-q", "temp"));
			see_popen(&b, run, ARGV(pump, "-q", "soil"));
		}
		learn(&b);
		assert_int_equal(allows_popen(&b, ARGV(pump, "-k", "rain")),
				 i == 0);
		assert_int_equal(allows_popen(&b, ARGV(horn, "-k", "soil")),
				 i == 0);
		assert_false(allows_popen(&b, ARGV(pump, "-k", "-x")));
		assert_false(allows_popen(&b, ARGV(pump, "-q", "rain")));
		assert_false(allows_popen(&b, ARGV(lamp, "-k", "rain")));
		assert_false(allows_popen(&b, ARGV(bell, "-k", "rain")));
		finish(&b);
	}
}

/* What is to be done stays; files are of the patterns that opened. */
static void hooks_keep_what_is_to_be_done_and_their_files(void **state)
{
	static const char *const dirs[] = { "data", "out", "spool" };
	char program[64], path[64];
	struct bench b;

	(void)state;
	start(&b);
	for (int i = 0; i < 18; i++) {
		snprintf(program, sizeof(program), APP "/hooks/h%d", i % 3);
		snprintf(path, sizeof(path), APP "/%s/%d.json", dirs[i % 3],
			 100 + i);
		see_open(&b, i % 2, path, WRITE);
		see_popen(&b, i % 2, ARGV(program, path));
	}
	for (int run = 0; run < 2; run++) {
		see_popen(&b, run, ARGV(APP "/hooks/ctl", "start", "web"));
		see_popen(&b, run, ARGV(APP "/hooks/ctl", "stop", "web"));
		see_popen(&b, run, ARGV(APP "/hooks/adm", "start", "web"));
		see_popen(&b, run, ARGV(APP "/hooks/adm", "status", "web"));
	}
	learn(&b);
	assert_true(
		allows_popen(&b, ARGV(APP "/hooks/h0", APP "/data/9.json")));
	assert_false(
		allows_popen(&b, ARGV(APP "/hooks/h0", APP "/out/9.json")));
	assert_false(allows_popen(&b, ARGV(APP "/hooks/ctl", "purge", "web")));
	assert_false(allows_popen(&b, ARGV(APP "/hooks/ctl", "status", "web")));
	finish(&b);
}

/* Each of two came with several files; whether a third may come. */
static void settings_that_go_with_anything_open(void **state)
{
	static const struct {
		const char *option, *one, *two, *three;
		bool many, open;
	} rows[] = { { "-f", "latin1", "cp1252", "iso-8859-15", true, true },
		     { "-f", "latin1", "cp1252", "iso-8859-15", false, false },
		     { "-f", "latin1", "cp1252", "/etc/x", true, false },
		     { "-f", "latin1", "cp1252", "-x", true, false },
		     { "-f", "gzip", "zstd", "bash", true, false },
		     { "-f", "a.example", "b.example", "c.example", true,
		       false },
		     { "-u", "Ann", "Ben", "Carl", true, false },
		     { "-h", "Web1", "Db2", "c.example", true, false },
		     { "-I", "bzip2", "lz4", "bash", true, false },
		     { "--recipient", "Ann", "Ben", "Carl", true, false },
		     { "--role", "Viewer", "Editor", "Admin", true, false },
		     { "--rsh-command", "Ann", "Ben", "Carl", true, false } };
	static const char *const files[] = { "ann/a", "ben/b", "carl/c" };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct bench b;

		start(&b);
		for (int run = 0; run < 2; run++)
			for (int k = 0; k < (rows[i].many ? 3 : 1); k++) {
				see_popen(&b, run,
					  ARGV("/usr/bin/conv", rows[i].option,
					       rows[i].one, files[k]));
				see_popen(&b, run,
					  ARGV("/usr/bin/conv", rows[i].option,
					       rows[i].two, files[k]));
			}
		learn(&b);
		if (allows_popen(&b, ARGV("/usr/bin/conv", rows[i].option,
					  rows[i].three, files[0])) !=
		    rows[i].open)
			fail_msg("row %zu", i);
		finish(&b);
	}
}

#define VAULT "/usr/bin/vault"

/* Of an archive nothing or one thing was named so far; whether it lies in what
 * another command named. */
static void what_may_be_left_out_may_be_several(void **state)
{
	(void)state;
	for (int has_dirs = 0; has_dirs < 2; has_dirs++) {
		struct bench b;
		char to[32], dir[32], file[64];

		start(&b);
		for (int run = 0; run < 2; run++) {
			snprintf(to, sizeof(to), "/b/%c%d.vault", "ab"[run],
				 run);
			snprintf(dir, sizeof(dir), "letters/%s",
				 run ? "abel" : "castro");
			snprintf(file, sizeof(file), "%s/%s.txt", dir,
				 run ? "visit" : "allergies");
			for (int i = 0; i < 3; i++) {
				to[3] = "abc"[i];
				see_open(&b, run, to, WRITE);
				see_popen(&b, run, ARGV(VAULT, "take", to));
				see_popen(&b, run, ARGV(VAULT, "copy", to));
			}
			see_popen(&b, run, ARGV(VAULT, "take", to, file));
			see_popen(&b, run, ARGV(VAULT, "rank", to, file));
			if (has_dirs)
				see_popen(&b, run,
					  ARGV(VAULT, "list", to, dir));
		}
		learn(&b);
		assert_true(allows_popen(&b, ARGV(VAULT, "take", "/b/a9.vault",
						  "letters/z/1.txt",
						  "letters/z/2.txt")));
		assert_int_equal(
			allows_popen(&b, ARGV(VAULT, "take", "/b/a9.vault",
					      "letters/z")),
			has_dirs);
		assert_false(allows_popen(
			&b, ARGV(VAULT, "take", "/b/a9.vault", "--all")));
		assert_false(allows_popen(&b, ARGV(VAULT, "copy", "/b/a9.vault",
						   "letters/z/1.txt")));
		assert_false(allows_popen(&b, ARGV(VAULT, "rank", "/b/a9.vault",
						   "letters/z/1.txt",
						   "letters/z/2.txt")));
		finish(&b);
	}
}

/* Behind a path that an option is told, one day this and the other day that. */
static void what_is_to_be_done_is_no_list(void **state)
{
	char file[32];
	struct bench b;

	(void)state;
	start(&b);
	for (int run = 0; run < 2; run++)
		for (int i = 0; i < 3; i++) {
			snprintf(file, sizeof(file), "/b/%c%d.mk", "abc"[i],
				 run);
			see_open(&b, run, file, WRITE);
			see_popen(&b, run, ARGV(VAULT, "-f", file));
			see_popen(&b, run,
				  ARGV(VAULT, "-f", file,
				       run ? "clean" : "docs"));
		}
	learn(&b);
	assert_true(allows_popen(&b, ARGV(VAULT, "-f", "/b/a9.mk", "clean")));
	assert_false(allows_popen(
		&b, ARGV(VAULT, "-f", "/b/a9.mk", "push", "origin")));
	finish(&b);
}

/* Packs and files of other lines are none of these. */
static void lines_learn_nothing_from_others_when_tight(void **state)
{
	const struct sm_learn_options options = { .level = SM_LEVEL_TIGHT };
	char to[32], pack[8], file[8];
	struct bench b;

	(void)state;
	start(&b);
	for (int run = 0; run < RUNS; run++) {
		snprintf(to, sizeof(to), "/b/%c%d.vault", 'a' + run, run);
		snprintf(pack, sizeof(pack), "p%ck", 'a' + run);
		snprintf(file, sizeof(file), "%ct", 'a' + run);
		see_open(&b, run, to, WRITE);
		see_popen(&b, run, ARGV(VAULT, "take", to));
		see_popen(&b, run, ARGV(VAULT, "take", to, file));
		see_popen(&b, run,
			  ARGV(VAULT, "make", "--pack", pack, "--all", "x"));
		see_popen(&b, run,
			  ARGV(VAULT, "make", "--pack", run % 2 ? "pak" : "pbk",
			       "--dry", "x"));
	}
	learn_with(&b, &options);
	assert_true(allows_popen(&b, ARGV(VAULT, "take", "/b/a9.vault", "z")));
	assert_false(
		allows_popen(&b, ARGV(VAULT, "take", "/b/a9.vault", "z", "y")));
	assert_true(allows_popen(
		&b, ARGV(VAULT, "make", "--pack", "pzk", "--all", "x")));
	assert_false(allows_popen(
		&b, ARGV(VAULT, "make", "--pack", "pzk", "--dry", "x")));
	finish(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_treated_alike_is_one_of_many),
		cmocka_unit_test(what_is_not_stays_one_of_a_set),
		cmocka_unit_test(what_one_hook_is_told_another_may_be),
		cmocka_unit_test(hooks_keep_what_is_to_be_done_and_their_files),
		cmocka_unit_test(what_may_be_left_out_may_be_several),
		cmocka_unit_test(what_is_to_be_done_is_no_list),
		cmocka_unit_test(lines_learn_nothing_from_others_when_tight),
		cmocka_unit_test(settings_that_go_with_anything_open),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
