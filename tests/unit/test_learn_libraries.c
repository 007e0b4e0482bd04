/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_learn_libraries.c: files that libraries make where no event tells.
 */
#include "tests/unit/learn_fixture.h"

#define STATE "/home/shop/.cache/shop"

/* How dbm looks what a store is, before a library opens it. */
static void see_store(struct bench *b, int run, const char *path,
		      const char *const *ends)
{
	char file[96];

	for (; *ends; ends++) {
		snprintf(file, sizeof(file), "%s%s", path, *ends);
		see_open(b, run, file, READ);
	}
}

static void stores_are_the_programs(void **state)
{
	static const char *const names[] = { "anna", "ben", "carla" };
	const char *const *whole = ARGV(".pag", ".db", "");
	struct bench b;
	char path[64];

	(void)state;
	start(&b);
	see_mkdir(&b, 0, APP "/var/notes");
	for (int i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), APP "/var/notes/%s", names[i]);
		see_store(&b, i, path, whole);
	}
	learn(&b);
	assert_true(allows_open(&b, APP "/var/notes/o. brien.pag", READ));
	assert_true(allows_open(&b, APP "/var/notes/o. brien.db", READ));
	assert_true(allows_open(&b, APP "/var/notes/o. brien", READ));
	assert_false(allows_open(&b, APP "/var/notes/.netrc", READ));
	assert_false(allows_open(&b, APP "/var/dora", READ));
	finish(&b);
}

/* Both came back, but only the files that are there by then. */
static void files_of_a_store_are_called_alike(void **state)
{
	(void)state;
	for (int whole = 0; whole < 2; whole++) {
		struct bench b;

		start(&b);
		see_mkdir(&b, 0, STATE);
		for (int run = 0; run < 4; run++) {
			const char *const *ends =
				whole && run < 2 ? ARGV(".pag", ".db", "")
				: whole		 ? ARGV(".pag", ".db")
						 : ARGV(".pag");

			see_store(&b, run,
				  run % 2 ? STATE "/10ee463bf1da"
					  : STATE "/ed0733a3e662",
				  ends);
		}
		learn(&b);
		assert_int_equal(
			allows_open(&b, STATE "/bf74699dd9dd.pag", READ),
			whole);
		assert_int_equal(
			allows_open(&b, STATE "/bf74699dd9dd.db", READ), whole);
		assert_false(allows_open(&b, STATE "/bf74699dd9dd.pag", WRITE));
		assert_false(allows_open(&b, STATE "/key.pag", READ));
		finish(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stores_are_the_programs),
		cmocka_unit_test(files_of_a_store_are_called_alike),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
