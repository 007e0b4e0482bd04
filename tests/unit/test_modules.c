/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "recorder/lines.h"
#include "recorder/modules.h"

/* An application in a fresh place, which is the working directory. */
static char place[64];

static void make(void)
{
	strcpy(place, "/tmp/modules-XXXXXX");
	assert_non_null(mkdtemp(place));
	assert_int_equal(chdir(place), 0);
}

static void put(const char *path)
{
	char directory[256];
	FILE *f;

	for (size_t i = 0; path[i]; i++) {
		if (path[i] != '/')
			continue;
		snprintf(directory, sizeof(directory), "%.*s", (int)i, path);
		mkdir(directory, 0700);
	}
	f = fopen(path, "w");
	assert_non_null(f);
	assert_int_equal(fclose(f), 0);
}

static void put_all(const char *const *paths)
{
	for (; *paths; paths++)
		put(*paths);
}

static void leave(void)
{
	char command[128];

	assert_int_equal(chdir("/"), 0);
	snprintf(command, sizeof(command), "rm -r %s", place);
	assert_int_equal(system(command), 0);
}

static void reads_as(const char *expected)
{
	char *text = sm_modules_read(place, NULL);

	assert_non_null(text);
	assert_string_equal(text, expected);
	free(text);
	leave();
}

static void packages_are_listed_whole(void **state)
{
	static const char *const files[] = {
		"server.py",
		"shop/__init__.py",
		"shop/page.html",
		"shop/late.py",
		"shop/jobs/__init__.py",
		"shop/jobs/0001_a.py",
		"shop/fast.cpython-311-x86_64-linux-gnu.so",
		"shop/plain.so",
		NULL
	};

	(void)state;
	make();
	put_all(files);
	reads_as("server.py\nshop/__init__.py\n"
		 "shop/fast.cpython-311-x86_64-linux-gnu.so\n"
		 "shop/jobs/0001_a.py\nshop/jobs/__init__.py\nshop/late.py\n"
		 "shop/plain.so\n");
}

static void directories_of_modules_only_are_packages(void **state)
{
	static const char *const files[] = { "app.py",
					     "views/one.py",
					     "views/one.pyi",
					     "views/py.typed",
					     "views/.keep",
					     "views/__pycache__/one.pyc",
					     "views/deep/x.py",
					     "media/a.py",
					     "media/a.png",
					     "empty/sub/b.py",
					     NULL };

	(void)state;
	make();
	put_all(files);
	reads_as("app.py\nviews/deep/x.py\nviews/one.py\n");
}

static void what_is_no_module_is_left_out(void **state)
{
	static const char *const files[] = { "app.py",
					     "bad name.py",
					     ".hidden.py",
					     "x.py.orig",
					     "tests/__init__.py",
					     "pkg/__init__.py",
					     "pkg/test/case.py",
					     ".git/__init__.py",
					     "2.0/__init__.py",
					     "pkg/x.so.1",
					     NULL };

	(void)state;
	make();
	put_all(files);
	assert_int_equal(symlink("app.py", "link.py"), 0);
	assert_int_equal(symlink("pkg", "linked"), 0);
	assert_int_equal(mkfifo("pipe.py", 0600), 0);
	reads_as("app.py\npkg/__init__.py\n");
}

static void where_anybody_may_write_is_no_code(void **state)
{
	static const char *const files[] = { "app.py", "drop/__init__.py",
					     "drop/x.py", NULL };

	(void)state;
	make();
	put_all(files);
	assert_int_equal(chmod("drop", 01777), 0);
	reads_as("app.py\n");
}

static void a_root_where_anybody_may_write_is_none(void **state)
{
	(void)state;
	make();
	put("app.py");
	assert_int_equal(chmod(".", 01777), 0);
	reads_as("");
}

static void loops_and_depth_end(void **state)
{
	char path[SM_MODULES_DEPTH * 2 + 40], expected[2048] = "";
	size_t n = 0;

	(void)state;
	make();
	for (int i = 0; i <= SM_MODULES_DEPTH + 1; i++) {
		strcpy(path + n, "x.py");
		put(path);
		n += (size_t)sprintf(path + n, "p/");
	}
	/* The deepest first: "p/..." is before "x.py". */
	for (int i = SM_MODULES_DEPTH; i >= 0; i--) {
		for (int k = 0; k < i; k++)
			strcat(expected, "p/");
		strcat(expected, "x.py\n");
	}
	reads_as(expected);
}

static void no_more_than_lines_are_kept(void **state)
{
	char name[32], *text;
	size_t lines = 0;

	(void)state;
	make();
	for (int i = 0; i <= SM_LINES_MAX; i++) {
		snprintf(name, sizeof(name), "m%05d.py", i);
		put(name);
	}
	text = sm_modules_read(place, NULL);
	assert_non_null(text);
	for (const char *p = text; *p; p++)
		lines += *p == '\n';
	assert_int_equal(lines, SM_LINES_MAX);
	free(text);
	assert_int_equal(unlink("m00000.py"), 0);
	text = sm_modules_read(place, NULL);
	assert_non_null(strstr(text, "m04096.py\n"));
	free(text);
	leave();
}

static void it_ends_when_it_is_to(void **state)
{
	const _Atomic bool should_stop = true;
	char *text;

	(void)state;
	make();
	put("app.py");
	text = sm_modules_read(place, &should_stop);
	assert_string_equal(text, "");
	free(text);
	leave();
}

static void no_directory_is_nothing(void **state)
{
	char *text = sm_modules_read("/nonexistent", NULL);

	(void)state;
	assert_string_equal(text, "");
	free(text);
}

static void the_root_is_above_the_packages(void **state)
{
	char path[128];

	(void)state;
	make();
	put("pkg/__init__.py");
	put("pkg/sub/__init__.py");
	put("pkg/sub/data/x.py");
	snprintf(path, sizeof(path), "%s/pkg/sub", place);
	assert_int_equal(sm_modules_root(path), strlen(place));
	snprintf(path, sizeof(path), "%s/pkg/sub/data", place);
	assert_int_equal(sm_modules_root(path), strlen(path));
	assert_int_equal(sm_modules_root(place), strlen(place));
	assert_int_equal(sm_modules_root("/"), 1);
	reads_as("pkg/__init__.py\npkg/sub/__init__.py\npkg/sub/data/x.py\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packages_are_listed_whole),
		cmocka_unit_test(directories_of_modules_only_are_packages),
		cmocka_unit_test(what_is_no_module_is_left_out),
		cmocka_unit_test(where_anybody_may_write_is_no_code),
		cmocka_unit_test(a_root_where_anybody_may_write_is_none),
		cmocka_unit_test(loops_and_depth_end),
		cmocka_unit_test(no_more_than_lines_are_kept),
		cmocka_unit_test(it_ends_when_it_is_to),
		cmocka_unit_test(no_directory_is_nothing),
		cmocka_unit_test(the_root_is_above_the_packages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
