/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_learn_words.c: where the words of a command line stand: in which
 * directory they mean files.
 */
#include "tests/unit/learn_fixture.h"

/* What a line goes to first is where its words are. */
static void words_of_a_line_mean_files_where_it_goes(void **state)
{
	static const char *const files[] = { "/in/7/a.pdf", "/in/7/b.jpg",
					     "/in/8/c.pdf", "/in/9/d/e.png" };
	struct sm_value args[20];
	struct sm_event e;
	struct bench b;
	char path[64];

	(void)state;
	start(&b);
	for (int i = 0; i < 4; i++) {
		snprintf(path, sizeof(path), APP "%s", files[i]);
		see_open(&b, i % 2, path, WRITE);
	}
	see_system(&b, 0, "cd '" APP "/in/7' && tar cz a.pdf b.jpg");
	see_system(&b, 1, "cd '" APP "/in/9' && tar cz d/e.png");
	e = popen_event(args, ARGV("/usr/bin/file", "d/e.png"));
	args[2] = text(APP "/in/9");
	add(&b, 1, &e);
	learn(&b);
	assert_true(allows_system(&b, "cd '" APP "/in/77' && tar cz "
				      "'Nr. 4 (new).pdf' scan/page.tiff x"));
	assert_false(allows_system(&b, "cd '" APP
				       "/in/7' && tar cz a.pdf ../../app.py"));
	assert_false(allows_system(&b, "cd '" APP
				       "/in/7' && tar cz a.pdf /etc/passwd"));
	assert_false(allows_system(&b, "cd '" APP
				       "/in/7' && tar cz a.pdf --exclude=b"));
	assert_false(allows_system(&b, "cd '" APP "/in/7' && tar cz a.pdf;id"));
	assert_false(allows_system(&b, "cd /etc && tar cz a.pdf"));
	assert_true(allows_popen(&b, ARGV("/usr/bin/file", "scan/page.tiff")));
	assert_false(allows_popen(&b, ARGV("/usr/bin/file", "../app.py")));
	finish(&b);
}

/* Any extension, where other files are known to lie that have others. */
static void words_open_as_the_directory_did_that_a_line_goes_to(void **state)
{
	struct sm_value args[1];
	struct sm_event e;
	struct bench b;

	(void)state;
	start(&b);
	see_inputs(&b);
	see_system(&b, 0, "cd '" APP "/in' && sort err.txt");
	see_system(&b, 1, "cd '" APP "/in' && sort access.txt");
	learn(&b);
	e = system_event(args, "cd '" APP "/in' && sort 'auth.log.1'");
	assert_true(allows(&b, &e));
	e = system_event(args, "cd '" APP "/in' && sort ../x.txt");
	assert_false(allows(&b, &e));
	e = system_event(args, "cd '" APP "/in' && sort -o x.txt");
	assert_false(allows(&b, &e));
	e = system_event(args, "cd '" APP "' && sort 'auth.log.1'");
	assert_false(allows(&b, &e));
	finish(&b);
}

static void add_in(struct bench *b, int run, const char *dir,
		   const char *const *argv)
{
	struct sm_value args[20];
	struct sm_event e = popen_event(args, argv);

	args[2] = text(dir);
	add(b, run, &e);
}

/*
 * Branches look like paths, and are none where their lines are run. Beside
 * paths `.` is a word of its own.
 */
static void branches_lie_in_no_directory(void **state)
{
	static const char *const names[] = { "shop-8", "tools-7", "shop-10",
					     "shop-12", "tools-9" };
	static const char *const files[] = { "a/x.py", "b.py", "c/d/e.py",
					     ".git/y", ".c/d/z" };
	struct bench b;

	(void)state;
	start(&b);
	for (int i = 0; i < 10; i++) {
		const char *name = names[i % 5];
		char dir[64], path[96];

		snprintf(dir, sizeof(dir), APP "/out/%s", name);
		for (int k = 0; k < 5; k++) {
			snprintf(path, sizeof(path), "%s/%s", dir, files[k]);
			see_open(&b, i / 5, path, WRITE);
		}
		if (name[0] == 's')
			add_in(&b, i / 5, dir,
			       ARGV("/usr/bin/git", "diff", "origin/main"));
		if (i % 5 == 1)
			add_in(&b, i / 5, dir, ARGV("/usr/bin/lint", "."));
		else if (i % 5 == 3)
			add_in(&b, i / 5, dir, ARGV("/usr/bin/lint", files[0]));
		else
			add_in(&b, i / 5, dir,
			       ARGV("/usr/bin/lint", files[i % 2], files[2]));
	}
	learn(&b);
	assert_true(allows_open(&b, APP "/out/none-0/f/new.py", WRITE));
	assert_true(allows_popen(&b, ARGV("/usr/bin/lint", ".")));
	assert_true(
		allows_popen(&b, ARGV("/usr/bin/git", "diff", "origin/main")));
	assert_false(allows_popen(
		&b, ARGV("/usr/bin/git", "diff", "any/where/else")));
	finish(&b);
}

/* Here, or these two: what takes both takes one, and three. */
static void a_list_may_stand_where_all_in_a_directory_was_meant(void **state)
{
#define LINT "/usr/bin/lint", "-c", "."
	(void)state;
	for (int has_here = 0; has_here < 2; has_here++) {
		struct bench b;

		start(&b);
		if (has_here)
			see_popen(&b, 1, ARGV(LINT, "."));
		see_popen(&b, 1, ARGV(LINT, "lib.py", "tool.py"));
		see_popen(&b, 2, ARGV(LINT, "harbour.py", "pack.py"));
		learn(&b);
		assert_int_equal(allows_popen(&b, ARGV(LINT, "one.py")),
				 has_here);
		assert_int_equal(
			allows_popen(&b, ARGV(LINT, "a.py", "b.py", "c.py")),
			has_here);
		assert_int_equal(allows_popen(&b, ARGV(LINT, ".")), has_here);
		assert_false(allows_popen(&b, ARGV(LINT, "--exec", "b.py")));
		assert_false(allows_popen(&b, ARGV(LINT, "/etc/x", "b.py")));
		finish(&b);
	}
}

static void see_popen_in(struct bench *b, int run, const char *const *argv)
{
	struct sm_value args[20];
	struct sm_event e = popen_event(args, argv);

	args[2] = text("PosixPath");
	args[2].type = SM_OPAQUE;
	add(b, run, &e);
}

/* Where cwd= is an object, the only place where there are such files. */
static void words_tell_where_a_child_was_started(void **state)
{
	(void)state;
	for (int others = 0; others < 3; others++) {
		const char *first = others == 2 ? "none.csv" : "jan.csv";
		struct bench b;

		start(&b);
		see_inputs(&b);
		if (others == 1) {
			see_open(&b, 0, APP "/old/jan.csv", READ);
			see_open(&b, 0, APP "/old/feb.csv", READ);
		}
		for (int run = 0; run < 2; run++)
			see_popen_in(&b, run,
				     ARGV("/usr/bin/cmp", first, "feb.csv"));
		learn(&b);
		assert_int_equal(allows_popen(&b, ARGV("/usr/bin/cmp",
						       "auth.log.1", "k.txt")),
				 !others);
		assert_false(allows_popen(
			&b, ARGV("/usr/bin/cmp", first, "../feb.csv")));
		assert_false(allows_popen(
			&b, ARGV("/usr/bin/cmp", first, "--verbose")));
		finish(&b);
	}
}

/* What a child of subprocess turned out to be, by the links of its name. */
static struct sm_event exec_event(struct sm_value args[20],
				  const char *const *argv, const char *program)
{
	struct sm_event e = popen_event(args, argv);

	args[2].type = SM_NONE;
	e.site.event = SM_STR("secmgr.exec");
	e.site.kind = SM_EVENT_EXECUTED;
	e.argc = 3;
	e.resolved[0] = sm_str_of(program);
	return e;
}

/* Seen once more when it starts, a program is told the same words there. */
static void what_was_announced_says_where_a_child_was_started(void **state)
{
	static const char real[] = "/usr/bin/diffutils-3";
	struct sm_value args[20];
	struct sm_event e;

	(void)state;
	for (int others = 0; others < 2; others++) {
		const char *const *argv =
			ARGV("/usr/bin/cmp", "jan.csv", "feb.csv");
		struct bench b;

		start(&b);
		see_inputs(&b);
		for (int run = 0; run < 2; run++) {
			see_popen_in(&b, run, argv);
			if (others)
				see_popen(&b, run, argv);
			e = exec_event(args, argv, real);
			add(&b, run, &e);
		}
		learn(&b);
		e = exec_event(args,
			       ARGV("/usr/bin/cmp", "auth.log.1", "k.txt"),
			       real);
		assert_int_equal(allows(&b, &e), !others);
		e = exec_event(args,
			       ARGV("/usr/bin/cmp", "auth.log.1", "../k.txt"),
			       real);
		assert_false(allows(&b, &e));
		e = exec_event(args, ARGV("/usr/bin/cmp", "-l", "k.txt"), real);
		assert_false(allows(&b, &e));
		finish(&b);
	}
}

/* The line goes to a directory a command line gave: words are below it. */
static void words_are_of_where_it_goes_though_that_was_told(void **state)
{
	static const char *const names[] = { "oak", "elm" };
	struct sm_value args[20];
	struct sm_event e;
	struct bench b;
	char dir[64], file[96];

	(void)state;
	start(&b);
	for (int run = 1; run < 3; run++) {
		give(&b, (uint32_t)run, 0, names[run - 1], "-q");
		snprintf(dir, sizeof(dir), APP "/files/%s", names[run - 1]);
		see_mkdir(&b, run, dir);
		for (int i = 0; i < 3; i++) {
			snprintf(file, sizeof(file), "%s/%c%d.pdf", dir,
				 "xyz"[i], run);
			see_open(&b, run, file, WRITE);
		}
		e = popen_event(args, run == 1 ? ARGV("/usr/bin/pack", "x1.pdf",
						      "y1.pdf", "z1.pdf")
					       : ARGV("/usr/bin/pack", "x2.pdf",
						      "y2.pdf", "z2.pdf"));
		args[2] = text(dir);
		add(&b, run, &e);
	}
	learn(&b);
	assert_true(allows_popen(
		&b, ARGV("/usr/bin/pack", "a b.pdf", "c.pdf", "d.v2.pdf")));
	assert_false(allows_popen(
		&b, ARGV("/usr/bin/pack", "../ash/a.pdf", "c.pdf", "d.pdf")));
	assert_false(allows_popen(
		&b, ARGV("/usr/bin/pack", "-T.pdf", "c.pdf", "d.pdf")));
	assert_false(allows_popen(
		&b, ARGV("/usr/bin/pack", "/a.pdf", "c.pdf", "d.pdf")));
	finish(&b);
}

/* Only there: -C is no `cd`. */
static void a_command_of_a_line_may_go_to_a_directory_itself(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	see_inputs(&b);
	for (unsigned run = 0; run < 2; run++) {
		see_system(&b, run, "git -C '" APP "/in' log -- err.txt");
		see_system(&b, run, "git -C '" APP "/in' gc; sort err.txt");
		see_system(&b, run, "git -C $PWD show err.txt");
	}
	learn(&b);
	assert_true(allows_system(&b, "git -C '" APP "/in' log -- 'a b.log'"));
	assert_false(allows_system(&b, "git -C '" APP "/in' log -- ../a.log"));
	assert_false(allows_system(&b, "git -C '" APP "/in' log -- --output"));
	assert_false(allows_system(&b, "git -C '" APP "/in' log -- a '' b"));
	assert_false(allows_system(&b, "git -C '" APP "/in' gc; sort a.log"));
	assert_false(allows_system(&b, "git -C $PWD show a.log"));
	finish(&b);
}

/* What is said of the line START/NAME END if its directory opens; or NULL. */
static char *open_line(enum sm_level level, const char *start_of,
		       const char *end)
{
	static const char *const names[] = { "one",  "two", "three",
					     "four", "six", "seven" };
	const struct sm_learn_options options = { .level = level };
	const size_t last = sizeof(names) / sizeof(*names) - 1;
	char line[200], *said = NULL;
	struct bench b;

	start(&b);
	for (size_t i = 0; i <= last; i++) {
		snprintf(line, sizeof(line), "%s/%s%s", start_of, names[i],
			 end);
		if (i < last)
			see_system(&b, (int)i % RUNS, line);
	}
	learn_with(&b, &options);
	if (allows_system(&b, line))
		said = print(&b);
	finish(&b);
	return said;
}

/* `--checkpoint-action=exec=sh x` may be a file there. */
static void names_of_files_may_be_options(void **state)
{
	static const struct {
		const char *start, *end;
		bool is_marked;
	} lines[] = {
		{ "cd in", " && tar cf ../x.tar *", true },
		{ "cd in", "; tar cf ../x.tar ?*.csv | gzip", true },
		{ "tar -C in", " -cf x.tar [a-z]*", true },
		{ "cd in", " && ls * && tar cf ../x.tar *", true },
		{ "cd in", " && ls -- && tar cf ../x.tar *", true },
		{ "cd in", " && tar cf ../x.tar -- *", false },
		{ "cd in", " && tar cf ../x.tar ./*", false },
		{ "cd in", " && tar cf ../x.tar .", false },
		{ "cd in", " && ls *", false },
		{ "cd in", " && sh run.sh < *", false },
		{ "tar cf ../x.tar * && cd in", "", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		char *loose = open_line(SM_LEVEL_BALANCED, lines[i].start,
					lines[i].end);
		char *tight =
			open_line(SM_LEVEL_TIGHT, lines[i].start, lines[i].end);

		assert_non_null(loose);
		assert_int_equal(strstr(loose, "may be options") != NULL,
				 lines[i].is_marked);
		assert_int_equal(tight == NULL, lines[i].is_marked);
		free(loose);
		free(tight);
	}
}

/* Of one owner only, whose directory is in two places. */
static void an_owner_in_a_relative_path_may_be_another(void **state)
{
	static const char *const owners[] = { "anna", "ben", "carla" };
	static const char *const dirs[] = { APP "/var/in", APP "/var/done" };
	static const char *const names[] = { "a 1.txt", "b 2.pdf", "c 3.png" };

	(void)state;
	for (int is_owner = 0; is_owner < 2; is_owner++) {
		char path[128];
		struct bench b;

		start(&b);
		for (int i = 0; i < 6; i++) {
			snprintf(path, sizeof(path), "%s/%s", dirs[i % 2],
				 owners[i / 2]);
			see_mkdir(&b, 0, path);
			snprintf(path, sizeof(path), "%s/%s/%s", dirs[i % 2],
				 owners[i / 2], names[i / 2]);
			see_open(&b, 0, path, WRITE);
		}
		for (int i = 0; i < 3; i++) {
			snprintf(path, sizeof(path), "%s/%s",
				 is_owner ? "anna" : "parts", names[i]);
			see_popen_in(&b, i, ARGV("/usr/bin/file", path));
		}
		learn(&b);
		assert_int_equal(allows_popen(&b, ARGV("/usr/bin/file",
						       "zoe/2026/x y.csv")),
				 is_owner);
		assert_false(
			allows_popen(&b, ARGV("/usr/bin/file", "zoe/.x.csv")));
		assert_false(allows_popen(
			&b, ARGV("/usr/bin/file", "../zoe/x.csv")));
		assert_false(
			allows_popen(&b, ARGV("/usr/bin/file", "-z/x.csv")));
		finish(&b);
	}
}

/* Where a substitution goes to, what is behind it does not. */
static void a_substitution_goes_nowhere_for_what_follows(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	see_inputs(&b);
	see_system(&b, 0,
		   "cd " APP " && v=$(cd /opt && pwd) && cat ./x in/jan.csv");
	see_system(&b, 1,
		   "cd " APP " && v=$(cd " APP "/in && cat set-one.yaml); w");
	learn(&b);
	assert_true(allows_system(
		&b, "cd " APP " && v=$(cd /opt && pwd) && cat ./x in/nov.csv"));
	assert_true(allows_system(&b, "cd " APP " && v=$(cd " APP
				      "/in && cat set-two.yaml); w"));
	assert_false(allows_system(&b, "cd " APP " && v=$(cd " APP
				       "/in && id set-two.yaml); w"));
	finish(&b);
}

/* The same two on all days: whose they are is told by what opened of theirs. */
static void words_hold_names_of_owners(void **state)
{
	static const char *const people[] = { "anna", "berta", "carl" };
	static const char *const kept[] = { "office", "sales" };
	char text[64];
	struct bench b;

	(void)state;
	start(&b);
	for (int i = 0; i < 3; i++) {
		snprintf(text, sizeof(text), APP "/users/%s/p.json", people[i]);
		see_open(&b, i, text, WRITE);
	}
	for (int i = 0; i < 4; i++) {
		const char *who = people[i % 2];

		snprintf(text, sizeof(text), "%s@shop.test", who);
		see_popen(&b, i / 2, ARGV("/usr/bin/mail", "-t", text));
		snprintf(text, sizeof(text), "sort p > ../sums/%s.sum", who);
		see_system(&b, i / 2, text);
		snprintf(text, sizeof(text), "select all from %s", who);
		see_popen(&b, i / 2, ARGV("/usr/bin/psql", "-q", text));
		snprintf(text, sizeof(text), "https://shop.test/of/%s", who);
		see_popen(&b, i / 2, ARGV("/usr/bin/curl", text));
		snprintf(text, sizeof(text), "https://%s.shop.test/", who);
		see_popen(&b, i / 2, ARGV("/usr/bin/wget", "-q", text));
		snprintf(text, sizeof(text), "%s@shop.test", kept[i % 2]);
		see_popen(&b, i / 2, ARGV("/usr/bin/news", "-t", text));
		snprintf(text, sizeof(text), "sync-%s", who);
		see_popen(&b, i / 2, ARGV("/usr/bin/jobs", text, "now"));
	}
	learn(&b);
#define MAIL "/usr/bin/mail", "-t"
#define CURL "/usr/bin/curl"
	assert_true(allows_popen(&b, ARGV(MAIL, "maxim.o@shop.test")));
	assert_false(allows_popen(&b, ARGV(MAIL, "maxim@evil.test")));
	assert_true(allows_system(&b, "sort p > ../sums/maxim.sum"));
	assert_false(allows_system(&b, "sort p > ../maxim.sum"));
	assert_false(allows_system(&b, "sort p > ../sums/../maxim.sum"));
	assert_false(allows_popen(
		&b, ARGV("/usr/bin/psql", "-q", "select all from a; drop b")));
	assert_true(allows_popen(&b, ARGV(CURL, "https://shop.test/of/maxim")));
	assert_false(
		allows_popen(&b, ARGV(CURL, "https://shop.test/of/a/del")));
	assert_false(allows_popen(&b, ARGV(CURL, "https://shop.test/del")));
	assert_false(allows_popen(
		&b, ARGV("/usr/bin/wget", "-q", "https://maxim.shop.test/")));
	assert_false(allows_popen(
		&b, ARGV("/usr/bin/news", "-t", "maxim@shop.test")));
	assert_false(
		allows_popen(&b, ARGV("/usr/bin/jobs", "sync-maxim", "now")));
#undef MAIL
#undef CURL
	finish(&b);
}

static struct sm_event pack_event(struct sm_value args[20], const char *who,
				  const char *first, const char *second)
{
	static char pack[100], cwd[100];
	struct sm_event e;

	snprintf(pack, sizeof(pack), APP "/data/%s/packs/all.zip", who);
	snprintf(cwd, sizeof(cwd), APP "/data/%s/papers/1", who);
	e = popen_event(args, ARGV("/usr/bin/zip", "-q", pack, first, second));
	args[2] = text(cwd);
	return e;
}

/* Whose it is and what lies deeper are slots for any depth, both. */
static void words_lie_below_the_last_of_two_depths(void **state)
{
	static const char *const who[] = { "linden", "oak.hill", "rivers",
					   "elm" };
	static const char *const files[] = {
		"papers/1/lab.pdf", "papers/1/sheet 1.pdf", "papers/2/x.csv",
		"texts/1/lab.txt",  "packs/a.zip",	    "notes.md"
	};
	struct sm_value args[20];
	struct sm_event e;
	char path[100];
	struct bench b;

	(void)state;
	start(&b);
	for (uint32_t i = 0; i < 4; i++)
		give(&b, i, 0, "--house", who[i]);
	for (int i = 0; i < 24; i++) {
		snprintf(path, sizeof(path), APP "/data/%s", who[i % 4]);
		see_mkdir(&b, i % 2, path);
		snprintf(path, sizeof(path), APP "/data/%s/%s", who[i % 4],
			 files[i / 4]);
		see_open(&b, i % 2, path, WRITE);
	}
	for (int i = 0; i < 4; i++) {
		e = pack_event(args, who[i], "lab.pdf",
			       i % 2 ? "sheet 1.pdf" : NULL);
		add(&b, i % 2, &e);
	}
	learn(&b);
	e = pack_event(args, "st. ambrose", "Befund Nr. 12.pdf", "b/c.pdf");
	assert_true(allows(&b, &e));
	e = pack_event(args, "elm", "x.pdf", NULL);
	assert_true(allows(&b, &e));
	e = pack_event(args, "elm", "../../../app.py", NULL);
	assert_false(allows(&b, &e));
	e = pack_event(args, "elm", "/etc/passwd", NULL);
	assert_false(allows(&b, &e));
	finish(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_list_may_stand_where_all_in_a_directory_was_meant),
		cmocka_unit_test(words_of_a_line_mean_files_where_it_goes),
		cmocka_unit_test(
			words_open_as_the_directory_did_that_a_line_goes_to),
		cmocka_unit_test(
			a_command_of_a_line_may_go_to_a_directory_itself),
		cmocka_unit_test(branches_lie_in_no_directory),
		cmocka_unit_test(words_tell_where_a_child_was_started),
		cmocka_unit_test(
			what_was_announced_says_where_a_child_was_started),
		cmocka_unit_test(
			words_are_of_where_it_goes_though_that_was_told),
		cmocka_unit_test(names_of_files_may_be_options),
		cmocka_unit_test(an_owner_in_a_relative_path_may_be_another),
		cmocka_unit_test(a_substitution_goes_nowhere_for_what_follows),
		cmocka_unit_test(words_hold_names_of_owners),
		cmocka_unit_test(words_lie_below_the_last_of_two_depths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
