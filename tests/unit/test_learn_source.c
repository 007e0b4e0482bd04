/* SPDX-License-Identifier: Apache-2.0 */
/* Words that name source: what is only looked at is an input like others. */
#include "tests/unit/learn_fixture.h"

#define PYTHON "/usr/bin/python3.11"
#define CHECK  "/usr/bin/check"

static void see_checks(struct bench *b, const char *program)
{
	see_popen(b, 0, ARGV(program, CHECK, "one.py", "sub/two.py"));
	see_popen(b, 1, ARGV(program, CHECK, "three.py"));
	see_popen(b, 2, ARGV(program, CHECK, "sub/four.py", "one.py"));
}

static void see_read(struct bench *b)
{
	tool_opened(b, APP "/pile/7/one.py", READ);
	tool_opened(b, APP "/pile/7/sub/two.py", READ);
	tool_opened(b, APP "/pile/8/three.py", READ);
	tool_opened(b, APP "/pile/9/sub/four.py", READ);
}

static bool allows_checks(struct bench *b, const char *program)
{
	return allows_popen(b, ARGV(program, CHECK, "new.py")) &&
	       allows_popen(b,
			    ARGV(program, CHECK, "a/b/new.py", "x.py", "y.py"));
}

static void what_packages_only_read_is_an_input(void **state)
{
	static const char *const others[] = {
		"-x.py", "--run=x.py", "../x.py", "/etc/x.py", "/opt/x/y.py",
		"x.so",	 ".x/y.py",    "x.txt",	  "."
	};
	struct bench b;

	(void)state;
	start(&b);
	see_checks(&b, PYTHON);
	see_read(&b);
	learn(&b);
	assert_true(allows_checks(&b, PYTHON));
	assert_false(allows_popen(&b, ARGV(PYTHON, CHECK)));
	assert_false(allows_popen(&b, ARGV(PYTHON, "other.py", "new.py")));
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		assert_false(allows_popen(&b, ARGV(PYTHON, CHECK, others[i])));
	finish(&b);
}

static void one_word_of_source_opens_alike(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	see_popen(&b, 0, ARGV(PYTHON, CHECK, "one.py"));
	see_popen(&b, 1, ARGV(PYTHON, CHECK, "two.py"));
	see_popen(&b, 2, ARGV(PYTHON, CHECK, "three.py"));
	tool_opened(&b, APP "/pile/7/one.py", READ);
	tool_opened(&b, APP "/pile/7/two.py", READ);
	tool_opened(&b, APP "/pile/7/three.py", READ);
	learn(&b);
	assert_true(allows_popen(&b, ARGV(PYTHON, CHECK, "new.py")));
	assert_false(allows_popen(&b, ARGV(PYTHON, CHECK, "new.so")));
	assert_false(allows_popen(&b, ARGV(PYTHON, CHECK, "one.py", "-x")));
	finish(&b);
}

static void what_was_run_stays_spelled(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		struct bench b;

		start(&b);
		see_checks(&b, PYTHON);
		see_read(&b);
		if (i)
			see_run(&b, APP "/pile/8/three.py", "tool");
		else
			see_load(&b, APP "/lib/three.py");
		learn(&b);
		assert_false(allows_checks(&b, PYTHON));
		assert_true(allows_popen(&b, ARGV(PYTHON, CHECK, "three.py")));
		finish(&b);
	}
}

/* Spelled as a host in Paraguay is. */
static void unread_source_is_no_host(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	see_popen(&b, 0, ARGV(PYTHON, CHECK, "one.py"));
	see_popen(&b, 1, ARGV(PYTHON, CHECK, "two.py"));
	see_popen(&b, 2, ARGV(PYTHON, CHECK, "three.py"));
	learn(&b);
	assert_true(allows_popen(&b, ARGV(PYTHON, CHECK, "two.py")));
	assert_false(allows_popen(&b, ARGV(PYTHON, CHECK, "new.py")));
	finish(&b);
}

/* The application may read it for any reason. */
static void source_no_package_read_stays_spelled(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	see_checks(&b, PYTHON);
	tool_opened(&b, APP "/pile/7/one.py", READ);
	see_open(&b, 0, APP "/pile/7/sub/two.py", READ);
	see_open(&b, 1, APP "/pile/8/three.py", READ);
	see_open(&b, 2, APP "/pile/9/sub/four.py", READ);
	learn(&b);
	assert_false(allows_checks(&b, PYTHON));
	finish(&b);
}

/* What those that are not Python's do with it is not recorded. */
static void source_for_other_programs_stays_spelled(void **state)
{
	static const char *const programs[] = { "/usr/bin/check", "/bin/sh" };

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct bench b;

		start(&b);
		see_checks(&b, programs[i]);
		see_read(&b);
		learn(&b);
		assert_false(allows_checks(&b, programs[i]));
		finish(&b);
	}
}

/* Nor is it known what code of nobody's makes of its arguments. */
static void source_for_given_code_stays_spelled(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	see_popen(&b, 0, ARGV(PYTHON, "-c", "pass", "one.py", "sub/two.py"));
	see_popen(&b, 1, ARGV(PYTHON, "-c", "pass", "three.py"));
	see_popen(&b, 2, ARGV(PYTHON, "-c", "pass", "sub/four.py", "one.py"));
	see_read(&b);
	learn(&b);
	assert_false(allows_popen(&b, ARGV(PYTHON, "-c", "pass", "new.py")));
	finish(&b);
}

/* Who is given all of a directory is given any file, or part of it. */
static void where_a_directory_stands_others_do(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		struct bench b;

		start(&b);
		see_checks(&b, PYTHON);
		see_read(&b);
		if (i)
			see_popen(&b, 0, ARGV(PYTHON, CHECK, "."));
		learn(&b);
		assert_true(allows_checks(&b, PYTHON));
		assert_int_equal(
			allows_popen(&b, ARGV(PYTHON, CHECK, "src", "x.pyi")),
			i);
		assert_int_equal(allows_popen(&b, ARGV(PYTHON, CHECK, ".")), i);
		assert_false(
			allows_popen(&b, ARGV(PYTHON, CHECK, ".", "x.py")));
		assert_false(allows_popen(&b, ARGV(PYTHON, CHECK, "..")));
		finish(&b);
	}
}

static struct sm_event tool_event(struct sm_value args[3], const char *path,
				  enum sm_via via)
{
	struct sm_event e = open_event(args, path, READ);

	e.site.principal = tool;
	e.site.via = via;
	return e;
}

static bool lets_tool(const struct bench *b, const char *path, enum sm_via via)
{
	struct sm_value args[3];
	struct sm_event e = tool_event(args, path, via);

	return allows(b, &e);
}

/* A tool shows lines of what it reads, which makes no code of it; one file of
 * another kind is also run. */
static void source_that_is_quoted_is_data(void **state)
{
	static const char *const files[] = { "/srv/pile/7/one.py",
					     "/srv/pile/8/sub/two.py",
					     "/srv/pile/9/three.py" };
	struct sm_value args[3];
	struct sm_event e;

	(void)state;
	for (int is_run = 0; is_run < 2; is_run++) {
		struct bench b;

		start(&b);
		for (int i = 0; i < 3; i++) {
			tool_opened(&b, files[i], READ);
			e = tool_event(args, files[i], SM_VIA_TRACEBACK);
			add(&b, i % 2, &e);
		}
		for (int i = 0; is_run && i < 3; i++)
			see_load(&b, files[i]);
		learn(&b);
		e = load_event(args, files[0]);
		assert_int_equal(allows(&b, &e), is_run);
		assert_true(lets_tool(&b, files[0], SM_VIA_TRACEBACK));
		assert_int_equal(
			lets_tool(&b, "/srv/pile/5/a b.py", SM_VIA_DIRECT),
			!is_run);
		assert_int_equal(
			lets_tool(&b, "/srv/pile/5/a b.py", SM_VIA_TRACEBACK),
			!is_run);
		assert_false(lets_tool(&b, "/srv/other.py", SM_VIA_TRACEBACK));
		e = load_event(args, "/srv/pile/5/a b.py");
		assert_false(allows(&b, &e));
		finish(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_packages_only_read_is_an_input),
		cmocka_unit_test(one_word_of_source_opens_alike),
		cmocka_unit_test(what_was_run_stays_spelled),
		cmocka_unit_test(unread_source_is_no_host),
		cmocka_unit_test(source_no_package_read_stays_spelled),
		cmocka_unit_test(source_for_other_programs_stays_spelled),
		cmocka_unit_test(source_for_given_code_stays_spelled),
		cmocka_unit_test(where_a_directory_stands_others_do),
		cmocka_unit_test(source_that_is_quoted_is_data),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
