/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_learn_command.c: what command lines name, and when that is what a rule
 * says.
 */
#include "tests/unit/learn_fixture.h"

/* An open by a process whose command line named one or two paths. */
static struct sm_event named_open(struct sm_value args[3],
				  struct sm_named *named, const char *path,
				  int flags, const char *one, const char *two)
{
	struct sm_event e = open_event(args, path, flags);

	*named = (struct sm_named){ two ? 2 : 1,
				    { sm_str_of(one), sm_str_of(two) } };
	e.named = named;
	return e;
}

static void see_named(struct bench *b, int run, const char *path, int flags,
		      const char *one, const char *two)
{
	struct sm_value args[3];
	struct sm_named named;
	struct sm_event e = named_open(args, &named, path, flags, one, two);

	add(b, run, &e);
}

static bool allows_named(const struct bench *b, const char *path, int flags,
			 const char *one)
{
	struct sm_value args[3];
	struct sm_named named;
	struct sm_event e = named_open(args, &named, path, flags, one, NULL);

	return allows(b, &e);
}

static void two_names_of_two_processes_are_whatever_is_named(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	see_named(&b, 1, "/in/a/x.txt", READ, "/in/a", "/out/a");
	see_named(&b, 1, "/out/a/y.html", WRITE, "/in/a", "/out/a");
	see_named(&b, 2, "/in/b/x.txt", READ, "/in/b", "/out/b");
	see_named(&b, 2, "/out/b/y.html", WRITE, "/in/b", "/out/b");
	learn(&b);
	assert_true(allows_named(&b, "/in/c/z/new.rst", READ, "/in/c"));
	assert_true(allows_named(&b, "/out/c/new.css", WRITE, "/out/c"));
	/* but not what others name, nor what was never done */
	assert_false(allows_named(&b, "/in/c/new", READ, "/in/d"));
	assert_false(allows_open(&b, "/in/c/new", READ));
	assert_false(allows_named(&b, "/in/c", READ, "/in/c"));
	finish(&b);
}

static void what_is_only_read_is_not_written(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	see_named(&b, 1, "/in/a", READ, "/in/a", NULL);
	see_named(&b, 2, "/in/b", READ, "/in/b", NULL);
	see_named(&b, 2, "/in/log", WRITE, "/in/log", NULL);
	learn(&b);
	assert_true(allows_named(&b, "/in/c", READ, "/in/c"));
	assert_true(allows_named(&b, "/in/log", WRITE, "/in/log"));
	finish(&b);
	start(&b);
	see_named(&b, 1, "/in/a", READ, "/in/a", NULL);
	see_named(&b, 2, "/in/b", READ, "/in/b", NULL);
	learn(&b);
	assert_false(allows_named(&b, "/in/c", WRITE, "/in/c"));
	finish(&b);
}

static void one_name_opens_only_if_it_was_made_as_told(void **state)
{
	struct bench b;

	(void)state;
	for (int is_made = 0; is_made < 2; is_made++) {
		start(&b);
		if (is_made)
			see_named(&b, 1, "/out/a", WRITE, "/out/a", NULL);
		see_named(&b, 1, "/out/a/x", WRITE, "/out/a", NULL);
		see_named(&b, 2, "/out/a/x", WRITE, "/out/a", NULL);
		learn(&b);
		/* One that may be the program's own keeps its rule. */
		assert_true(allows_open(&b, "/out/a/x", WRITE));
		assert_true(allows_named(&b, "/out/a/x", WRITE, "/out/a"));
		assert_int_equal(allows_named(&b, "/out/b/y", WRITE, "/out/b"),
				 is_made);
		finish(&b);
	}
}

static void one_process_with_two_names_may_just_take_two(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	see_named(&b, 1, "/in/a", READ, "/in/a", "/in/b");
	see_named(&b, 1, "/in/b", READ, "/in/a", "/in/b");
	learn(&b);
	assert_false(allows_named(&b, "/in/c", READ, "/in/c"));
	finish(&b);
}

static void strictness_wants_more_names(void **state)
{
	const struct sm_learn_options tight = { .level = SM_LEVEL_TIGHT };
	const char *const names[] = { "/in/a", "/in/b", "/in/c", "/in/d" };
	struct bench b;

	(void)state;
	for (int n = 1; n <= 4; n++) {
		start(&b);
		for (int i = 0; i < n; i++)
			see_named(&b, 1 + i, names[i], READ, names[i], NULL);
		learn_with(&b, &tight);
		assert_int_equal(allows_named(&b, "/in/e", READ, "/in/e"),
				 n >= 4);
		finish(&b);
	}
}

static void hidden_directories_are_spelled(void **state)
{
	struct bench b;
	char *text;

	(void)state;
	start(&b);
	see_named(&b, 1, "/in/a/.hg/store/x", WRITE, "/in/a", NULL);
	see_named(&b, 2, "/in/b/.hg/requires", WRITE, "/in/b", NULL);
	learn(&b);
	assert_true(allows_named(&b, "/in/c/.hg/y", WRITE, "/in/c"));
	assert_true(allows_named(&b, "/in/c/.hg/.y~", WRITE, "/in/c"));
	assert_false(allows_named(&b, "/in/c/.ssh/y", WRITE, "/in/c"));
	text = print(&b);
	assert_non_null(strstr(text, "\"${ARG}/.hg/**\""));
	free(text);
	finish(&b);
}

/* But for what tempfile draws, which is another each time. */
static void hidden_names_that_were_drawn_are_any(void **state)
{
	static const char *const drawn[] = { "/out/a/.up-k3x_9abz",
					     "/out/a/x/.up-0f2_1xyz.part",
					     "/out/b/.d-ab12_x9z/page" };
	struct bench b;

	(void)state;
	start(&b);
	for (int i = 0; i < 3; i++) {
		see_named(&b, 1 + i, drawn[i], WRITE,
			  i == 2 ? "/out/b" : "/out/a", NULL);
		if (i == 2)
			see_mkdtemp(&b, 1 + i, "/out/b/.d-ab12_x9z");
		else
			see_mkstemp(&b, 1 + i, drawn[i]);
	}
	learn(&b);
	assert_true(allows_named(&b, "/out/c/.up-00000000", WRITE, "/out/c"));
	assert_true(allows_named(&b, "/out/c/y/.up-00000000.part", WRITE,
				 "/out/c"));
	assert_true(
		allows_named(&b, "/out/c/.d-00000000/page", WRITE, "/out/c"));
	assert_false(allows_named(&b, "/out/c/.xx-00000000", WRITE, "/out/c"));
	assert_false(allows_named(&b, "/out/c/.up-0000", WRITE, "/out/c"));
	finish(&b);
}

static void who_walks_what_he_is_told_walks_directories(void **state)
{
	struct sm_value args[1];
	struct sm_named named = { 1, { SM_STR("/in/a") } };
	struct sm_event e;
	struct bench b;

	(void)state;
	start(&b);
	args[0] = text("/in/a");
	e = event_of("os.scandir", args, 1);
	e.named = &named;
	add(&b, 1, &e);
	see_named(&b, 1, "/in/a/x", READ, "/in/a", NULL);
	see_named(&b, 2, "/in/b/x", READ, "/in/b", NULL);
	learn(&b);
	args[0] = text("/in/a/new/dir");
	assert_true(allows(&b, &e));
	finish(&b);
}

static void code_is_no_argument(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	see_load(&b, APP "/lib/mod.py");
	see_named(&b, 1, APP "/lib/mod.py", READ, APP "/lib", NULL);
	see_named(&b, 2, APP "/app.py", READ, APP, NULL);
	learn(&b);
	assert_false(allows_named(&b, APP "/new.py", READ, APP));
	finish(&b);
}

static void what_holds_code_is_no_output(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	see_load(&b, APP "/ext/chart.py");
	for (int run = 1; run < 3; run++) {
		const char *out = run == 1 ? APP "/out/a" : APP "/out/b";

		see_named(&b, run, APP "/index.rst", READ, APP, out);
		see_named(&b, run, APP "/made.rst", WRITE, APP, out);
		see_named(&b, run,
			  run == 1 ? APP "/out/a/x.html" : APP "/out/b/y.html",
			  WRITE, APP, out);
	}
	learn(&b);
	assert_true(allows_named(&b, "/in/out/z.html", WRITE, "/in/out"));
	assert_true(allows_named(&b, APP "/made.rst", WRITE, APP));
	assert_false(allows_named(&b, APP "/index.rst", WRITE, APP));
	assert_false(allows_named(&b, APP "/ext/chart.png", WRITE, APP));
	finish(&b);
}

static void names_survive_a_summary(void **state)
{
	struct sm_observations *read;
	struct sm_diag diag = { 0 };
	struct bench b;
	uint8_t *bytes;
	size_t size;

	(void)state;
	start(&b);
	see_named(&b, 1, "/in/a", READ, "/in/a", NULL);
	see_named(&b, 2, "/in/b", READ, "/in/b", NULL);
	assert_int_equal(sm_summary_write(b.seen, &bytes, &size), SM_OK);
	read = sm_observations_new();
	assert_int_equal(sm_summary_read(bytes, size, read, &diag), SM_OK);
	sm_observations_free(b.seen);
	b.seen = read;
	learn(&b);
	assert_true(allows_named(&b, "/in/c", READ, "/in/c"));
	free(bytes);
	finish(&b);
}

/* Unasked a package makes the same in a format of its own, or something else.
 */
static void a_name_may_be_that_of_another_format(void **state)
{
	static const char *const others[] = { APP "/rep/2026-11.xlsx",
					      APP "/rep/2026-10.xlsx",
					      APP "/rep/2026-11.json",
					      APP "/tmpl/a/2026-11.xlsx" };

	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
		struct sm_value args[3];
		struct sm_named named;
		struct sm_event e;
		struct bench b;

		start(&b);
		see_open(&b, 0, APP "/rep/2026-11.json", WRITE);
		tool_opened(&b, others[i], WRITE);
		see_named(&b, 1, "/out/a.json", WRITE, "/out/a.json", NULL);
		learn(&b);
		e = named_open(args, &named, "/out/my report.xlsx", WRITE,
			       "/out/my report.xlsx", NULL);
		assert_true(allows(&b, &e));
		e.site.principal = tool;
		assert_int_equal(allows(&b, &e), !i);
		e = named_open(args, &named, "/out/x.xlsx", WRITE, "/out/y",
			       NULL);
		e.site.principal = tool;
		assert_false(allows(&b, &e));
		e = named_open(args, &named, "/out/a", READ, "/out/a", NULL);
		e.site.principal = tool;
		assert_false(allows(&b, &e));
		finish(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			two_names_of_two_processes_are_whatever_is_named),
		cmocka_unit_test(what_is_only_read_is_not_written),
		cmocka_unit_test(one_name_opens_only_if_it_was_made_as_told),
		cmocka_unit_test(one_process_with_two_names_may_just_take_two),
		cmocka_unit_test(strictness_wants_more_names),
		cmocka_unit_test(hidden_directories_are_spelled),
		cmocka_unit_test(hidden_names_that_were_drawn_are_any),
		cmocka_unit_test(who_walks_what_he_is_told_walks_directories),
		cmocka_unit_test(code_is_no_argument),
		cmocka_unit_test(what_holds_code_is_no_output),
		cmocka_unit_test(names_survive_a_summary),
		cmocka_unit_test(a_name_may_be_that_of_another_format),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
