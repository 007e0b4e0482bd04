/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "recorder/distributions.h"

/* A site directory in a fresh place, which is the working directory. */
struct site {
	char place[64];
	char *text;
};

static void make(struct site *site)
{
	strcpy(site->place, "/tmp/distributions-XXXXXX");
	assert_non_null(mkdtemp(site->place));
	assert_int_equal(chdir(site->place), 0);
	site->text = NULL;
}

static void put(const char *path, const char *text)
{
	char directory[256], *slash;
	FILE *f;

	snprintf(directory, sizeof(directory), "%s", path);
	slash = strrchr(directory, '/');
	if (slash) {
		*slash = '\0';
		mkdir(directory, 0700);
	}
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
}

static void reads_as(struct site *site, const char *expected)
{
	char command[128];

	site->text = sm_distributions_read(site->place, NULL);
	assert_non_null(site->text);
	assert_string_equal(site->text, expected);
	free(site->text);
	assert_int_equal(chdir("/"), 0);
	snprintf(command, sizeof(command), "rm -r %s", site->place);
	assert_int_equal(system(command), 0);
}

static void wheels_say_what_they_need(void **state)
{
	struct site site;

	(void)state;
	make(&site);
	put("Web_Kit-2.0.dist-info/METADATA",
	    "Metadata-Version: 2.1\nName: Web.Kit\nVersion: 2.0+local\n"
	    "Requires-Dist: charset-normalizer (>=2.0)\n"
	    "requires-dist: Idna[all]>=1;python_version>'3'\n"
	    "Requires-Dist: Char.Det ; extra == 'slow'\n"
	    "Requires-Dist: pytest ; extra == \"tests\"\n"
	    "Requires-Dist: Sphinx ; extra == \"rtd\"\n"
	    "Requires-Dist: pre-commit ; extra == 'code_style'\n"
	    "Requires-Dist: lint-it ; python_version>'3' and extra=='dev'\n"
	    "\nRequires-Dist: only-a-description\n");
	put("Web_Kit-2.0.dist-info/top_level.txt", "webkit\n_webkit\ntests\n");
	put("webkit/__init__.py", "");
	put("_webkit.py", "");
	reads_as(&site, "web-kit 2.0+local modules=webkit,_webkit "
			"needs=charset-normalizer,idna wants=char-det\n");
}

static void modules_come_from_the_list_of_files(void **state)
{
	struct site site;

	(void)state;
	make(&site);
	put("a-1.dist-info/METADATA", "Name: a\r\nVersion: 1\r\n");
	put("a-1.dist-info/RECORD",
	    "a/__init__.py,sha256=x,1\na/b/c.py,,\nalone.py,,\n"
	    "_fast.cpython-311-x86_64-linux-gnu.so,,\nREADME.txt,,\n"
	    "a-1.dist-info/METADATA,,\n../../bin/a.py,,\n");
	put("b-1.dist-info/METADATA", "Name: b-c\nVersion: 1\n");
	put("b_c.py", "");
	put("c-1.dist-info/METADATA", "Name: nothing-there\nVersion: 1\n");
	reads_as(&site, "a 1 modules=a,alone,_fast needs= wants=\n"
			"b-c 1 modules=b_c needs= wants=\n");
}

static void eggs_are_directories_or_files(void **state)
{
	struct site site;

	(void)state;
	make(&site);
	put("one-1.egg-info", "Name: one\nVersion: 1\n");
	put("one.py", "");
	put("two-1.egg-info/PKG-INFO", "Name: two\nVersion: 1\n");
	put("two-1.egg-info/top_level.txt", "two\n");
	put("two.py", "");
	put("two-1.egg-info/requires.txt",
	    "One>=1\n\n[:python_version < "
	    "\"4\"]\nthree\n\n[extra:python_version > "
	    "\"3\"]\nFour>=4\n[docs]\nfive\n");
	reads_as(&site, "one 1 modules=one needs= wants=\n"
			"two 1 modules=two needs=one,three wants=four\n");
}

static void what_is_no_metadata_is_left_out(void **state)
{
	char name[200];
	struct site site;

	(void)state;
	make(&site);
	memset(name, 'x', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	put("a-1.dist-info/METADATA", "Name: a b\nVersion: 1 modules=x\n");
	put("a-1.dist-info/top_level.txt", "a b\n../c\n\xff\n");
	put("b-1.dist-info/METADATA", "");
	put("c-1.dist-info/top_level.txt", name);
	assert_int_equal(mkfifo("d-1.egg-info", 0600), 0);
	put("plain.txt", "Name: plain\n");
	reads_as(&site, "");
}

static void no_directory_is_nothing(void **state)
{
	char *text = sm_distributions_read("/nonexistent/site-packages", NULL);

	(void)state;
	assert_string_equal(text, "");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wheels_say_what_they_need),
		cmocka_unit_test(modules_come_from_the_list_of_files),
		cmocka_unit_test(eggs_are_directories_or_files),
		cmocka_unit_test(what_is_no_metadata_is_left_out),
		cmocka_unit_test(no_directory_is_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
