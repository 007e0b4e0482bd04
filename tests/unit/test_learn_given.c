/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_learn_given.c: words that command lines give are no layout.
 */
#include "tests/unit/learn_fixture.h"

static void see_all(struct bench *b, const char *const *files, size_t count,
		    int flags)
{
	for (int run = 1; run < 3; run++)
		for (size_t i = 0; i < count; i++)
			see_open(b, run, files[i], flags);
}

/* Both towns were there in both runs, with other files. */
static const char *const towns[] = { APP "/in/berlin/jan.csv",
				     APP "/in/paris/apr.csv",
				     APP "/in/berlin/feb.csv",
				     APP "/in/paris/may.csv" };

/* Named as words of the process the alphabet has last. */
static const char *const lettered[] = { APP "/in/tba/jan.csv",
					APP "/in/tca/apr.csv",
					APP "/in/tba/feb.csv",
					APP "/in/tca/may.csv" };

static void what_is_given_will_be_another(void **state)
{
	static const struct {
		const char *one, *two;
		uint32_t parent;
		bool is_open;
	} rows[] = {
		{ "berlin", "paris", 0, true },
		{ "berlin/x.csv", "--town=paris", 0, true },
		{ "TOWN=berlin", "paris.csv", 0, true },
		/* from a file, as clients of HTTP and compilers say it */
		{ "file@berlin/x.csv", "all:=@paris.csv", 0, true },
		{ "@berlin", "@paris", 0, true },
		{ "anna@berlin", "ben@paris", 0, false },
		{ "--berlin", "--paris", 0, false },
		{ "berlin", "x", 0, false },
		{ "x", "y", 0, false },
		/* said by a program that was recorded */
		{ "berlin", "paris", 4102, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct bench b;

		start(&b);
		for (uint32_t run = 1; run < 3; run++)
			give(&b, run, rows[i].parent, rows[i].one, rows[i].two);
		for (int k = 0; k < 4; k++)
			see_open(&b, 1 + k / 2, towns[k], READ);
		learn(&b);
		assert_true(allows_open(&b, towns[0], READ));
		if (allows_open(&b, APP "/in/rome/all.csv", READ) !=
		    rows[i].is_open)
			fail_msg("%s", rows[i].one);
		assert_false(allows_open(&b, APP "/in/rome/all.csv", WRITE));
		assert_false(allows_open(&b, APP "/rome/all.csv", READ));
		finish(&b);
	}
}

/* In whatever order processes are told, as in summaries, which sort them. */
static void what_a_recorded_program_says_is_not_given(void **state)
{
	struct bench b;

	(void)state;
	for (uint32_t parent = 5000; parent < 5008; parent++) {
		start(&b);
		for (uint32_t run = 1; run < 3; run++)
			give(&b, run, parent, "berlin", "paris");
		for (int k = 0; k < 4; k++)
			see_open(&b, 1 + k / 2, towns[k], READ);
		carry_about(&b);
		learn(&b);
		assert_true(allows_open(&b, towns[0], READ));
		assert_false(allows_open(&b, APP "/in/rome/all.csv", READ));
		finish(&b);
	}
}

/* Estimates leave processes out to see what they alone did. */
static void who_started_it_may_be_left_out(void **state)
{
	uint64_t ids[2];
	const struct sm_part part = { .kind = SM_PART_PROCESSES,
				      .ids = ids,
				      .id_count = 2 };
	struct sm_observations *rest;
	struct bench b;

	(void)state;
	start(&b);
	for (uint32_t run = 1; run < 3; run++) {
		give(&b, run, 5000, "berlin", "paris");
		ids[run - 1] = b.seen->owners[b.owners[run] - 1].identity;
		assert_int_equal(b.seen->owners[b.owners[run] - 1].pid, 5000);
	}
	if (ids[0] > ids[1]) {
		uint64_t first = ids[1];

		ids[1] = ids[0];
		ids[0] = first;
	}
	for (int k = 0; k < 4; k++)
		see_open(&b, 1 + k / 2, towns[k], READ);
	rest = sm_observations_without(b.seen, &part);
	assert_int_equal(rest->owner_count, b.seen->owner_count - 2);
	sm_observations_free(b.seen);
	b.seen = rest;
	learn(&b);
	assert_true(allows_open(&b, towns[0], READ));
	assert_false(allows_open(&b, APP "/in/rome/all.csv", READ));
	finish(&b);
}

/* As a server's hundredth worker is. */
static void who_started_it_may_have_started_many(void **state)
{
	const struct sm_trace_interpreter python = { .version = SM_STR("") };
	struct sm_str argv[] = { SM_STR("python3"), SM_STR(APP "/app.py"),
				 SM_STR("berlin"), SM_STR("paris") };
	struct sm_trace_process p = { .pid = 5000,
				      .started_by = "exec",
				      .argv = argv };
	struct bench b;

	(void)state;
	start(&b);
	for (; p.pid < 5100; p.pid++, p.parent_pid = 5000, p.argc = 4)
		assert_int_equal(sm_observations_add_process(
					 b.seen, 40, &p, &python, &b.owners[1]),
				 SM_OK);
	for (int k = 0; k < 4; k++)
		see_open(&b, 1 + k / 2, towns[k], READ);
	learn(&b);
	assert_false(allows_open(&b, APP "/in/rome/all.csv", READ));
	finish(&b);
}

/* More than are looked at, and the same ones are left whoever is first. */
static void the_order_of_too_many_words_means_nothing(void **state)
{
	enum { EACH = 250, PROCESSES = 20 };
	static char words[PROCESSES][EACH][8];
	struct sm_str argv[EACH];
	const struct sm_trace_interpreter python = { .version = SM_STR("") };
	struct bench b;

	(void)state;
	for (int is_backwards = 0; is_backwards < 2; is_backwards++) {
		start(&b);
		for (uint32_t i = 0; i < PROCESSES; i++) {
			uint32_t n = is_backwards ? PROCESSES - 1 - i : i;
			struct sm_trace_process p = { .pid = 6000 + n,
						      .started_by = "exec",
						      .argv = argv,
						      .argc = EACH };

			for (int k = 0; k < EACH; k++) {
				snprintf(words[n][k], sizeof(words[n][k]),
					 "%c%c%c", 'a' + (int)n, 'a' + k % 26,
					 'a' + k / 26);
				argv[k] = sm_str_of(words[n][k]);
			}
			assert_int_equal(sm_observations_add_process(
						 b.seen, 40 + n, &p, &python,
						 &b.owners[1]),
					 SM_OK);
		}
		for (int k = 0; k < 4; k++)
			see_open(&b, 2 + k / 2, lettered[k], READ);
		learn(&b);
		assert_false(allows_open(&b, APP "/in/rome/all.csv", READ));
		finish(&b);
	}
}

/* What lies in them does in both, and they are listed. */
static void who_is_told_what_to_walk_is_not_told_what_is_there(void **state)
{
	static const char *const files[] = { APP "/in/berlin/may.csv",
					     APP "/in/berlin/june.gz",
					     APP "/in/paris/may.csv",
					     APP "/in/paris/june.gz" };
	static const char *const dirs[] = { APP "/in/berlin", APP "/in/paris" };
	struct bench b;

	(void)state;
	for (int is_given = 0; is_given < 2; is_given++) {
		start(&b);
		for (uint32_t run = 1; run < 3; run++) {
			give(&b, run, 0, is_given ? "berlin" : "x",
			     is_given ? "paris" : "y");
			for (int i = 0; i < 2; i++) {
				struct sm_value args[1] = { text(dirs[i]) };
				struct sm_event e =
					event_of("os.listdir", args, 1);

				add(&b, (int)run, &e);
			}
		}
		see_all(&b, files, 4, READ);
		learn(&b);
		assert_int_equal(
			allows_open(&b, APP "/in/rome/2026/x.json", READ),
			is_given);
		assert_false(allows_open(&b, APP "/in/rome/.netrc", READ));
		assert_false(allows_open(&b, APP "/in/top.csv", READ));
		finish(&b);
	}
}

static void drawn_names_with_a_given_part_come_with_others(void **state)
{
	static const char *const drawn[] = { APP "/models/.berlin.k3x_9abz",
					     APP "/models/.paris.ab_c1d2e" };
	struct bench b;

	(void)state;
	for (int is_given = 0; is_given < 2; is_given++) {
		start(&b);
		for (uint32_t run = 1; run < 3; run++)
			give(&b, run, 0, is_given ? "berlin" : "x",
			     is_given ? "paris" : "y");
		for (int i = 0; i < 4; i++)
			see_mkstemp(&b, 1 + i % 2, drawn[i / 2]);
		see_all(&b, drawn, 2, WRITE);
		learn(&b);
		assert_true(
			allows_open(&b, APP "/models/.paris.zz_z1d2e", WRITE));
		assert_int_equal(allows_open(&b,
					     APP "/models/.St. Moritz.ab_c1d2e",
					     WRITE),
				 is_given);
		assert_false(allows_open(&b, APP "/models/.rome", WRITE));
		finish(&b);
	}
}

/* bad1.csv and bad2.csv: they had a number each because he said so. */
static void a_type_of_what_is_given_says_little(void **state)
{
	struct bench b;

	(void)state;
	for (int is_given = 0; is_given < 2; is_given++) {
		start(&b);
		give(&b, 1, 0, is_given ? "in/bad1.csv" : "x", "y");
		give(&b, 2, 0, is_given ? "in/bad2.csv" : "x", "y");
		see_open(&b, 1, APP "/out/bad1.rejected.txt", WRITE);
		see_open(&b, 2, APP "/out/bad2.rejected.txt", WRITE);
		learn(&b);
		assert_true(
			allows_open(&b, APP "/out/bad3.rejected.txt", WRITE));
		assert_int_equal(
			allows_open(&b, APP "/out/all.rejected.txt", WRITE),
			is_given);
		finish(&b);
	}
}

static void words_of_lines_that_were_given_are_chosen(void **state)
{
	static const struct {
		const char *given, *seen, *next;
		bool is_open;
	} rows[] = {
		{ "--for=Title", "grep -c 'Title'", "grep -c 'two words'",
		  true },
		{ "Other", "grep -c 'Title'", "grep -c 'two words'", false },
		{ "Title", "grep -c 'Title'", "grep -c 'x'; id > f", false },
		{ "Title", "grep -c 'Title'", "grep -c ../conf", false },
		{ "Title", "grep -c 'Title'", "grep -c '$(id)'", true },
		{ "Title", "grep -c 'Title'", "grep -c $(id)", false },
		{ "Title", "grep -c 'Title'", "grep -c --file=x", false },
		{ "1.0", "echo 'out 1.0' > log", "echo 'out 2.0-rc1' > log",
		  true },
		{ "1.0", "echo 'out 1.0' > log", "echo 'in 2.0' > log", false },
		{ "src/shop", "lint src/shop -q", "lint docs/a.b/c.py -q",
		  true },
		{ "src/shop", "lint src/shop -q", "lint /etc/passwd -q",
		  false },
		{ "src/shop", "lint src/shop -q", "lint ../../x -q", false },
		/* a file lies as deep as who gives it likes */
		{ "may.html", "pack may.html", "pack '2027/q 1/a.html'", true },
		{ "may.html", "pack may.html", "pack june.html", true },
		{ "may.html", "pack may.html", "pack ../x.html", false },
		{ "may.html", "pack may.html", "pack .ssh/x.html", false },
		{ "may.html", "pack may.html", "pack /etc/x.html", false },
		{ "may.html", "pack may.html", "pack -x", false },
		{ "may.html", "pack -o may.html.gz", "pack -o a/b.html.gz",
		  true },
		{ "may.html", "pack -o may.html.gz", "pack -o a/b.py", false },
		{ "may", "pack may", "pack a/b", false },
		{ "9", "pack -q 9", "pack -q 7", true },
		{ "9", "pack -q 9", "pack -q x", false },
		/* what is to be done, and by which program */
		{ "restart", "systemctl restart x.service",
		  "systemctl disable x.service", false },
		{ "sync", "sync", "reboot", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct bench b;

		start(&b);
		give(&b, 1, 0, rows[i].given, "y");
		see_system(&b, 1, rows[i].seen);
		learn(&b);
		assert_true(allows_system(&b, rows[i].seen));
		if (allows_system(&b, rows[i].next) != rows[i].is_open)
			fail_msg("%s: %s", rows[i].given, rows[i].next);
		finish(&b);
	}
}

/* Behind options, too: with each come options of its own. */
static void what_a_command_does_is_not_given(void **state)
{
#define GIT "/usr/bin/git", "-C"
	struct bench b;

	(void)state;
	start(&b);
	give(&b, 1, 0, "repo", "log");
	give(&b, 2, 0, "other", "grep");
	see_popen(&b, 1, ARGV(GIT, "repo", "log", "--format=%h", "HEAD"));
	see_popen(&b, 2, ARGV(GIT, "other", "grep", "-e", "x", "HEAD"));
	see_system(&b, 1, "git -C repo log --format=%an HEAD | sort");
	learn(&b);
	assert_true(allows_popen(
		&b, ARGV(GIT, "third", "log", "--format=%h", "HEAD")));
	assert_false(allows_popen(
		&b, ARGV(GIT, "repo", "show", "--format=%h", "HEAD")));
	assert_true(
		allows_system(&b, "git -C third log --format=%an HEAD | sort"));
	assert_false(
		allows_system(&b, "git -C repo show --format=%an HEAD | sort"));
	finish(&b);
#undef GIT
}

/* Its own directory is called as what was given, or was itself given. */
static void where_the_program_lies_is_no_parameter(void **state)
{
	static const char *const given[] = { "shop", APP "/in", "/srv/shop" };

	(void)state;
	for (size_t i = 0; i < sizeof(given) / sizeof(*given); i++) {
		const char *seen = "tool --to file://" APP "/cache/may";
		struct bench b;

		start(&b);
		give(&b, 1, 0, given[i], "may");
		see_load(&b, APP "/app.py");
		see_system(&b, 1, seen);
		learn(&b);
		assert_true(allows_system(&b, seen));
		assert_true(allows_system(&b, "tool --to file://" APP
					      "/cache/june"));
		if (allows_system(&b,
				  "tool --to file:///srv/other/cache/may") ||
		    allows_system(&b, "tool --to file:///home/shop/cache/may"))
			fail_msg("%s", given[i]);
		finish(&b);
	}
}

static void inputs_that_are_given_have_any_format(void **state)
{
	for (int is_given = 0; is_given < 2; is_given++) {
		struct bench b;

		(void)state;
		start(&b);
		for (uint32_t run = 1; run < 3; run++)
			give(&b, run, 0, is_given ? "@in/jan.csv" : "x",
			     is_given ? "@in/apr.csv" : "y");
		see_open(&b, 1, APP "/in/jan.csv", READ);
		see_open(&b, 2, APP "/in/apr.csv", READ);
		learn(&b);
		assert_true(allows_open(&b, APP "/in/rome.csv", READ));
		assert_int_equal(allows_open(&b, APP "/in/rome.xml", READ),
				 is_given);
		assert_int_equal(allows_open(&b, APP "/in/a/b.jpeg", READ),
				 is_given);
		assert_false(allows_open(&b, APP "/in/rome.xml", WRITE));
		assert_false(allows_open(&b, APP "/in/.env", READ));
		assert_false(allows_open(&b, APP "/rome.csv", READ));
		finish(&b);
	}
}

/* Where a build goes is up to who asks for it; what is built is not. */
static void what_is_built_where_it_was_told_is_run_there(void **state)
{
	static const char *const dirs[] = { APP "/build", APP "/out" };
	static const char *const tools[] = { APP "/build/bin/check",
					     APP "/out/bin/check" };

	for (int is_given = 0; is_given < 2; is_given++) {
		struct bench b;

		(void)state;
		start(&b);
		give(&b, 1, 0, is_given ? "build" : "x", "y");
		give(&b, 2, 0, is_given ? "out" : "x", "y");
		for (int run = 1; run < 3; run++) {
			see_mkdir(&b, run, dirs[run - 1]);
			see_popen(&b, run, ARGV(tools[run - 1], "-q"));
			see_popen(&b, run,
				  ARGV("/usr/bin/ninja", "-C", dirs[run - 1]));
		}
		learn(&b);
		assert_true(allows_popen(&b, ARGV(tools[0], "-q")));
		assert_int_equal(
			allows_popen(&b, ARGV(APP "/my build/bin/check", "-q")),
			is_given);
		assert_int_equal(
			allows_popen(&b, ARGV(APP "/b/2026/x/bin/check", "-q")),
			is_given);
		assert_int_equal(allows_popen(&b, ARGV("/usr/bin/ninja", "-C",
						       APP "/b/2026/x")),
				 is_given);
		assert_false(
			allows_popen(&b, ARGV(APP "/build/bin/other", "-q")));
		assert_false(allows_popen(&b, ARGV("/in/bin/check", "-q")));
		assert_false(
			allows_popen(&b, ARGV("/usr/bin/ninja", "-C", "/in")));
		finish(&b);
	}
}

/* Called like what was given, but nobody makes it. */
static void where_the_program_only_works_is_no_parameter(void **state)
{
	static const char *const dirs[] = { APP "/jobs/home", APP "/jobs/work",
					    APP "/data/home",
					    APP "/data/work" };

	for (int is_made = 0; is_made < 2; is_made++) {
		struct bench b;

		(void)state;
		start(&b);
		give(&b, 1, 0, "home.yaml", "work.yaml");
		give(&b, 2, 0, "home.yaml", "work.yaml");
		for (int i = 0; i < 4; i++) {
			char file[96];

			snprintf(file, sizeof(file), "%s/a.txt", dirs[i]);
			if (is_made)
				see_mkdir(&b, 1 + i % 2, dirs[i]);
			see_open(&b, 1 + i % 2, file, WRITE);
			see_popen(&b, 1 + i % 2,
				  ARGV("/usr/bin/pack", "-C", dirs[i]));
		}
		learn(&b);
		assert_true(
			allows_popen(&b, ARGV("/usr/bin/pack", "-C", dirs[0])));
		assert_int_equal(allows_popen(&b, ARGV("/usr/bin/pack", "-C",
						       APP "/jobs/a/b/c")),
				 is_made);
		finish(&b);
	}
}

/* More than two places of any depth are none in one pattern. */
static void what_is_told_three_times_is_a_name(void **state)
{
	static const char *const names[] = { "one", "two" };
	struct bench b;
	char path[96], line[128];

	(void)state;
	start(&b);
	give(&b, 1, 0, "one", "two");
	give(&b, 2, 0, "one", "two");
	for (int i = 0; i < 8; i++) {
		int n = snprintf(path, sizeof(path), APP "/%s", names[i & 1]);

		see_mkdir(&b, 1, path);
		n += snprintf(path + n, sizeof(path) - (size_t)n, "/%s",
			      names[i >> 1 & 1]);
		see_mkdir(&b, 1, path);
		snprintf(path + n, sizeof(path) - (size_t)n, "/%s",
			 names[i >> 2]);
		see_mkdir(&b, 1, path);
		snprintf(line, sizeof(line), "pack -C %s", path);
		see_system(&b, 1 + i % 2, line);
	}
	learn(&b);
	assert_true(allows_system(&b, "pack -C " APP "/one/two/one"));
	assert_true(allows_system(&b, "pack -C " APP "/three/two/four"));
	assert_false(allows_system(&b, "pack -C /in/three/two/four"));
	finish(&b);
}

/* Both come back in every run, and so would any other. */
static void words_in_a_row_that_are_given_open(void **state)
{
#define GREP "/usr/bin/grep", "-c", "x"
	for (int is_given = 0; is_given < 2; is_given++) {
		struct bench b;

		(void)state;
		start(&b);
		for (uint32_t run = 1; run < 3; run++) {
			give(&b, run, 0, is_given ? "berlin" : "x", "y");
			see_popen(&b, (int)run, ARGV(GREP, "berlin"));
			see_popen(&b, (int)run, ARGV(GREP, "berlin", "rome"));
		}
		learn(&b);
		assert_true(allows_popen(&b, ARGV(GREP, "berlin", "rome")));
		assert_int_equal(allows_popen(&b, ARGV(GREP, "oslo", "bern")),
				 is_given);
		finish(&b);
	}
#undef GREP
}

/* in/berlin and in/paris opened; berlin has a file elsewhere, too. */
static void what_is_asked_for_has_files_elsewhere(void **state)
{
	static const struct {
		const char *one, *two, *beside;
		bool is_open;
	} rows[] = {
		{ "berlin", "paris", APP "/rules/all.conf", true },
		{ "berlin", "paris", APP "/rules/all.yaml", false },
		{ "paris", "x", APP "/rules/all.conf", false },
		{ "x", "y", APP "/rules/all.conf", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const char *const rules[] = { APP "/rules/berlin.yaml",
					      APP "/rules/berlin.key",
					      rows[i].beside };
		struct bench b;

		start(&b);
		for (uint32_t run = 1; run < 3; run++)
			give(&b, run, 0, rows[i].one, rows[i].two);
		for (int k = 0; k < 4; k++)
			see_open(&b, 1 + k / 2, towns[k], WRITE);
		see_all(&b, rules, 3, READ);
		learn(&b);
		assert_true(allows_open(&b, rules[0], READ));
		assert_int_equal(
			allows_open(&b, APP "/rules/St. Ives.yaml", READ),
			rows[i].is_open);
		assert_false(allows_open(&b, APP "/rules/rome.yaml", WRITE));
		assert_false(allows_open(&b, APP "/rules/.rome.yaml", READ));
		assert_false(allows_open(&b, APP "/rules/rome.key", READ));
		finish(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(where_the_program_lies_is_no_parameter),
		cmocka_unit_test(what_is_given_will_be_another),
		cmocka_unit_test(what_a_recorded_program_says_is_not_given),
		cmocka_unit_test(what_a_command_does_is_not_given),
		cmocka_unit_test(who_started_it_may_be_left_out),
		cmocka_unit_test(who_started_it_may_have_started_many),
		cmocka_unit_test(the_order_of_too_many_words_means_nothing),
		cmocka_unit_test(
			who_is_told_what_to_walk_is_not_told_what_is_there),
		cmocka_unit_test(
			drawn_names_with_a_given_part_come_with_others),
		cmocka_unit_test(a_type_of_what_is_given_says_little),
		cmocka_unit_test(inputs_that_are_given_have_any_format),
		cmocka_unit_test(what_is_built_where_it_was_told_is_run_there),
		cmocka_unit_test(words_of_lines_that_were_given_are_chosen),
		cmocka_unit_test(words_in_a_row_that_are_given_open),
		cmocka_unit_test(where_the_program_only_works_is_no_parameter),
		cmocka_unit_test(what_is_told_three_times_is_a_name),
		cmocka_unit_test(what_is_asked_for_has_files_elsewhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
