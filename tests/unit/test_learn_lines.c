/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_learn_lines.c: scripts and their words in shell lines.
 */
#include "tests/unit/learn_fixture.h"

#define PYTHON "/usr/bin/python3 "

/* As in argument vectors: what it does is told apart from what it is told. */
static void a_script_in_a_line_has_commands_of_its_own(void **state)
{
	static const char *const ban[] = { "ban web 192.0.2.1 ann",
					   "ban web 192.0.2.2 bob",
					   "ban web 192.0.2.3 eve" };
	static const char *const unban[] = { "unban web 192.0.2.1",
					     "unban web 192.0.2.2",
					     "unban web 192.0.2.3" };
	struct bench b;
	char line[96];

	(void)state;
	start(&b);
	for (int i = 0; i < 3; i++) {
		snprintf(line, sizeof(line), PYTHON "/opt/note.py %s 2>> log",
			 ban[i]);
		see_system(&b, i, line);
		snprintf(line, sizeof(line), PYTHON "/opt/note.py %s 2>> log",
			 unban[i]);
		see_system(&b, i, line);
	}
	learn(&b);
	assert_true(allows_system(
		&b, PYTHON "/opt/note.py ban web ::1 'Mary Ann' 2>> log"));
	assert_true(allows_system(&b, PYTHON
				  "/opt/note.py unban web 192.0.2.9 2>> log"));
	assert_false(allows_system(
		&b, PYTHON "/opt/note.py unban web 192.0.2.9 ann 2>> log"));
	assert_false(allows_system(&b, PYTHON
				   "/opt/note.py ban web a b c d e f 2>> log"));
	assert_false(allows_system(&b, PYTHON
				   "/opt/x.py ban web 192.0.2.1 ann 2>> log"));
	finish(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_script_in_a_line_has_commands_of_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
