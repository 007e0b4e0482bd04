/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "recorder/imports.h"

static struct sm_imports found;

/* expected: names with a blank behind each, in order. */
static void holds(const char *expected)
{
	char text[1024] = "";

	for (unsigned i = 0; i < found.count; i++) {
		strcat(text, found.name[i]);
		strcat(text, " ");
	}
	assert_string_equal(text, expected);
}

static void gives(const char *source, const char *expected)
{
	memset(&found, 0, sizeof(found));
	sm_imports_scan(&found, source, SM_IMPORTS_OF_ALL);
	holds(expected);
}

static void statements_name_modules(void **state)
{
	(void)state;
	gives("import a\n", "a ");
	gives("import a", "a ");
	gives("\n\n  import\ta.b.c as d , e  # why\n", "a e ");
	gives("try:\n\timport a\r\nexcept ImportError:\n", "a ");
	gives("from a.b import c\nfrom d import(e)\nfrom f import *\n",
	      "a d f ");
	gives("import a; import b\n", "a ");
	gives("import a, \\\n    b\n", "");
	gives("import a\nimport a.x\nfrom a import y\n", "a ");
}

static void calls_name_modules(void **state)
{
	(void)state;
	gives("x = importlib.import_module('a.b')\n"
	      "y = __import__( \"c\")\n"
	      "z = import_module(name), import_module('.d', p)\n"
	      "import_module('e' + f)",
	      "a c e ");
	gives("import_module('", "");
	gives("import_module('a", "");
}

static void other_text_names_none(void **state)
{
	(void)state;
	gives("from . import a\nfrom .b import c\n", "");
	gives("import the thing\nfrom here to there\nfrom a\n", "");
	gives("imports = 3\nfromage import x\nimport\nimport 3d\n", "");
	gives("# import a\n>>> import b\nx = 'import c'\n", "");
	gives("import a as\nimport a.\nimport ,\n", "a ");
	gives("", "");
	gives("import", "");
	gives("from a import", "");
}

static void functions_do_not_run_when_code_is_loaded(void **state)
{
	(void)state;
	memset(&found, 0, sizeof(found));
	sm_imports_scan(&found,
			"import a\ntry:\n    import b\nexcept E:\n"
			"\timport c\nclass D:\n    def f(self):\n"
			"        import d\n\t\timport e\n"
			"def g(\n    x,\n):\n    import h\n# no\n"
			"    import i\nif x:\n    import j\n"
			"x = __import__('f')\n",
			SM_IMPORTS_OF_LOADING);
	holds("a b c j ");
}

static void long_and_many_names_are_left_out(void **state)
{
	char text[SM_IMPORTS_MAX * 16 + 200];
	size_t n = 0;

	(void)state;
	strcpy(text, "import ");
	memset(text + 7, 'x', SM_IMPORT_BYTES);
	text[7 + SM_IMPORT_BYTES] = '\0';
	gives(text, "");
	text[7 + SM_IMPORT_BYTES - 1] = '\0';
	memset(&found, 0, sizeof(found));
	sm_imports_scan(&found, text, SM_IMPORTS_OF_ALL);
	assert_int_equal(found.count, 1);
	for (int i = 0; i <= SM_IMPORTS_MAX; i++)
		n += (size_t)sprintf(text + n, "import m%d\n", i);
	memset(&found, 0, sizeof(found));
	sm_imports_scan(&found, text, SM_IMPORTS_OF_ALL);
	assert_int_equal(found.count, SM_IMPORTS_MAX);
}

/* CPU time of scanning a megabyte of one name, behind others of them. */
static double seconds_behind(unsigned names)
{
	static char text[1u << 20];
	struct timespec begin, end;
	size_t n = (size_t)sprintf(text, "import n%d", names);

	for (unsigned i = 0; i < names; i++)
		n += (size_t)sprintf(text + n, ",m%u", i);
	while (n + 8 < sizeof(text))
		n += (size_t)sprintf(text + n, ",n%d", names);
	memset(&found, 0, sizeof(found));
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &begin);
	sm_imports_scan(&found, text, SM_IMPORTS_OF_ALL);
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &end);
	assert_int_equal(found.count, names + 1);
	return (double)(end.tv_sec - begin.tv_sec) +
	       (double)(end.tv_nsec - begin.tv_nsec) / 1e9;
}

/* Text of a guest's choosing took 2.5 s a megabyte. */
static void many_names_do_not_make_it_slow(void **state)
{
	(void)state;
	assert_true(seconds_behind(SM_IMPORTS_MAX - 1) <
		    20 * seconds_behind(0));
}

static void put(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
}

static void files_are_read_as_long_as_there_is_room(void **state)
{
	char place[] = "/tmp/imports-XXXXXX";
	size_t bytes = 18;

	(void)state;
	assert_non_null(mkdtemp(place));
	assert_int_equal(chdir(place), 0);
	put("a.py", "import one\n");
	put("b.py", "import two\n");
	put("c.so", "import three\n");
	memset(&found, 0, sizeof(found));
	sm_imports_scan_files(&found, place, "a.py\nc.so\nmissing.py\nb.py\n",
			      SM_IMPORTS_OF_ALL, &bytes, NULL);
	holds("one ");
	assert_int_equal(bytes, 0);
	bytes = 22;
	memset(&found, 0, sizeof(found));
	sm_imports_scan_files(&found, place, "a.py\nb.py", SM_IMPORTS_OF_ALL,
			      &bytes, NULL);
	holds("one two ");
	assert_int_equal(bytes, 0);
	sm_imports_scan_files(&found, "/nonexistent", "a.py\n",
			      SM_IMPORTS_OF_ALL, &bytes, NULL);
	put("setup.py", "import four\n");
	bytes = 100;
	memset(&found, 0, sizeof(found));
	sm_imports_scan_files(&found, place, "a.py\nb/a.py\nsetup.py\n",
			      SM_IMPORTS_OF_LOADING, &bytes, NULL);
	holds("one ");
	assert_int_equal(system("rm *.py *.so"), 0);
	assert_int_equal(chdir("/"), 0);
	assert_int_equal(rmdir(place), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(statements_name_modules),
		cmocka_unit_test(calls_name_modules),
		cmocka_unit_test(other_text_names_none),
		cmocka_unit_test(functions_do_not_run_when_code_is_loaded),
		cmocka_unit_test(long_and_many_names_are_left_out),
		cmocka_unit_test(many_names_do_not_make_it_slow),
		cmocka_unit_test(files_are_read_as_long_as_there_is_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
