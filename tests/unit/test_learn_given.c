/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_learn_given.c: words that command lines give are no layout.
 */
#include "tests/unit/learn_fixture.h"

/* Run i is a process with these words behind its script; parent: the one that
 * started it, or 0. */
static void give(struct bench *b, uint32_t i, uint32_t parent, const char *one,
		 const char *two)
{
	struct sm_str argv[4] = { SM_STR("python3"), SM_STR(APP "/app.py"),
				  sm_str_of(one), sm_str_of(two) };
	struct sm_trace_interpreter python = { .stdlib = SM_STR(
						       "/usr/lib/python3.11"),
					       .prefix = SM_STR("/usr"),
					       .home = SM_STR("/home/shop"),
					       .tmp = SM_STR("/tmp") };
	struct sm_trace_process p = { .pid = 4100 + i,
				      .guest_pid = 4100 + i,
				      .parent_pid = parent,
				      .start_ns = 9000 + i,
				      .started_by = "exec",
				      .exe = SM_STR("/usr/bin/python3"),
				      .argv = argv,
				      .argc = 4,
				      .cwd = SM_STR(APP) };

	struct sm_trace_process starter = { .pid = parent,
					    .started_by = "exec",
					    .exe = SM_STR("/usr/bin/python3") };

	if (parent)
		assert_int_equal(sm_observations_add_process(b->seen, 40 + i,
							     &starter, &python,
							     &b->owners[i]),
				 SM_OK);
	assert_int_equal(sm_observations_add_process(b->seen, 40 + i, &p,
						     &python, &b->owners[i]),
			 SM_OK);
}

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
		for (int i = 0; i < 4; i++) {
			struct sm_value args[1] = { text(drawn[i / 2]) };
			struct sm_event e =
				event_of("tempfile.mkstemp", args, 1);

			add(&b, 1 + i % 2, &e);
		}
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(where_the_program_lies_is_no_parameter),
		cmocka_unit_test(what_is_given_will_be_another),
		cmocka_unit_test(
			who_is_told_what_to_walk_is_not_told_what_is_there),
		cmocka_unit_test(
			drawn_names_with_a_given_part_come_with_others),
		cmocka_unit_test(a_type_of_what_is_given_says_little),
		cmocka_unit_test(words_of_lines_that_were_given_are_chosen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
