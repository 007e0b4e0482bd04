/* SPDX-License-Identifier: Apache-2.0 */
/* Argument vectors and shell lines. */
#include "tests/unit/learn_fixture.h"

static void arguments_open_by_type_and_options_stay(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	see_popen(&b, 0, ARGV("/usr/bin/ping", "-c", "1", "10.0.0.1"));
	see_popen(&b, 1, ARGV("/usr/bin/ping", "-c", "1", "example.org"));
	see_popen(&b, 2, ARGV("/usr/bin/ping", "-c", "1", "localhost"));
	learn(&b);
	assert_true(allows_popen(
		&b, ARGV("/usr/bin/ping", "-c", "1", "new.example.net")));
	assert_false(allows_popen(&b, ARGV("/usr/bin/ping", "-c", "1", "-f")));
	assert_false(allows_popen(
		&b, ARGV("/usr/bin/ping", "-i", "1", "new.example.net")));
	assert_false(
		allows_popen(&b, ARGV("/usr/bin/ping", "-c", "1", "/etc/x")));
	assert_false(allows_popen(&b, ARGV("/bin/sh", "-c", "1", "a.b")));
	assert_false(allows_popen(
		&b, ARGV("/usr/bin/ping", "-c", "1", "a.b", "c.d")));
	finish(&b);
}

static void paths_in_arguments_take_the_slots_of_files(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	see_open(&b, 0, APP "/media/1.png", WRITE);
	see_open(&b, 1, APP "/media/2.png", WRITE);
	see_popen(&b, 0, ARGV("/usr/bin/convert", APP "/media/1.png"));
	learn(&b);
	assert_true(allows_popen(
		&b, ARGV("/usr/bin/convert", APP "/media/55.png")));
	assert_false(allows_popen(&b, ARGV("/usr/bin/convert", APP "/app.py")));
	assert_false(allows_popen(
		&b, ARGV("/usr/bin/convert", APP "/media/../app.py")));
	finish(&b);
}

static void numbers_attached_to_options_open(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	see_system(&b, 0, "cut -c1-10 " APP "/notes.txt");
	see_system(&b, 1, "cut -c1-24 " APP "/notes.txt");
	see_system(&b, 2, "cut -c1-72 " APP "/notes.txt");
	learn(&b);
	assert_true(allows_system(&b, "cut -c1-100 " APP "/notes.txt"));
	assert_false(allows_system(&b, "cut -f1-100 " APP "/notes.txt"));
	assert_false(allows_system(&b, "cut -c1-x " APP "/notes.txt"));
	finish(&b);
}

static void names_of_owners_are_arguments(void **state)
{
	static const char *const pages[] = { APP "/pages/books/1.html",
					     APP "/pages/tea.shop/2.html",
					     APP "/pages/wine/3.html" };
	struct bench b;

	(void)state;
	start(&b);
	for (int run = 0; run < 2; run++) {
		for (int i = 0; i < 3; i++)
			see_open(&b, run, pages[i], WRITE);
		see_popen(&b, run, ARGV("/usr/bin/ls", "-1", "books"));
		see_popen(&b, run, ARGV("/usr/bin/ls", "-1", "tea.shop"));
		see_popen(&b, run, ARGV("/usr/bin/du", "-s", "all"));
		see_popen(&b, run, ARGV("/usr/bin/du", "-s", "one"));
	}
	learn(&b);
	assert_true(allows_popen(&b, ARGV("/usr/bin/ls", "-1", "KÃ¤se & Co")));
	assert_false(allows_popen(&b, ARGV("/usr/bin/ls", "-1", "/etc")));
	assert_false(allows_popen(&b, ARGV("/usr/bin/ls", "-1", "-R")));
	assert_false(allows_popen(&b, ARGV("/usr/bin/du", "-s", "two")));
	finish(&b);
}

static void lists_of_files_may_be_longer(void **state)
{
	static const char *const objects[] = { APP "/out/one/a.o",
					       APP "/out/one/b.o",
					       APP "/out/two/c.o" };
	struct bench b;

	(void)state;
	start(&b);
	for (int i = 0; i < 3; i++)
		see_open(&b, 0, objects[i], WRITE);
	see_popen(
		&b, 0,
		ARGV("/usr/bin/ld", "-r", objects[0], objects[1], objects[2]));
	see_system(&b, 0, "ls " APP "/out/one/a.o " APP "/out/two/c.o");
	learn(&b);
	assert_true(allows_popen(
		&b, ARGV("/usr/bin/ld", "-r", objects[0], objects[1],
			 objects[2], APP "/out/new/d.o", APP "/out/new/e.o")));
	assert_true(allows_popen(&b, ARGV("/usr/bin/ld", "-r", objects[0])));
	assert_false(
		allows_popen(&b, ARGV("/usr/bin/ld", "-r", objects[0],
				      objects[1], objects[2], "/etc/passwd")));
	assert_false(allows_system(&b, "ls " APP "/out/one/a.o " APP
				       "/out/two/c.o " APP "/out/two/d.o"));
	finish(&b);
}

static void lines_may_end_with_any_number_of_files(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	see_system(&b, 1, "tar czf /srv/out.tgz bill.pdf");
	see_system(&b, 2, "tar czf /srv/out.tgz lunch.v1.jpeg tip.pdf");
	see_popen(&b, 1, ARGV("/usr/bin/git", "status"));
	see_popen(&b, 1, ARGV("/usr/bin/git", "diff", "--stat"));
	see_popen(&b, 1, ARGV("/usr/bin/git", "log", "x", "y"));
	learn(&b);
	assert_true(
		allows_system(&b, "tar czf /srv/out.tgz a.heic b c.webp d"));
	assert_true(allows_system(&b, "tar czf /srv/out.tgz 'with space.png'"));
	assert_false(allows_system(&b, "tar czf /srv/other.tgz a.heic"));
	assert_false(allows_system(&b, "tar czf /srv/out.tgz --use=a.sh a.b"));
	assert_false(allows_system(&b, "tar czf /srv/out.tgz /etc/passwd"));
	assert_false(allows_system(&b, "tar czf /srv/out.tgz a.pdf; id"));
	assert_false(allows_system(&b, "tar czf /srv/out.tgz $(id).pdf"));
	assert_false(allows_popen(&b, ARGV("/usr/bin/git", "push", "x")));
	finish(&b);
}

static void names_of_owners_are_no_subcommands(void **state)
{
	static const char *const names[] = { "anna", "ben", "carla" };
	char line[128];
	struct bench b;

	(void)state;
	start(&b);
	for (int i = 0; i < 3; i++) {
		snprintf(line, sizeof(line), APP "/vault/%s/%s.txt", names[i],
			 names[i]);
		see_open(&b, 0, line, WRITE);
		snprintf(line, sizeof(line), "echo %s >> " APP "/log.txt",
			 names[i]);
		see_system(&b, 0, line);
	}
	learn(&b);
	assert_true(allows_system(&b, "echo zoe >> " APP "/log.txt"));
	assert_false(allows_system(&b, "echo $HOME >> " APP "/log.txt"));
	assert_false(allows_system(&b, "echo zoe >> " APP "/other.txt"));
	finish(&b);
}

static void subcommands_stay_apart(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	for (int i = 0; i < 3; i++) {
		static const char *const names[] = { "alpha", "beta", "gamma" };

		see_popen(&b, i, ARGV("/usr/bin/git", "log", names[i]));
		see_popen(&b, i, ARGV("/usr/bin/git", "show", names[i]));
	}
	learn(&b);
	assert_true(allows_popen(&b, ARGV("/usr/bin/git", "log", "delta")));
	assert_false(allows_popen(&b, ARGV("/usr/bin/git", "push", "delta")));
	finish(&b);
}

static void shell_lines_open_word_by_word(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	see_system(&b, 0, "ping -c 1 10.0.0.1 > /dev/null 2>&1");
	see_system(&b, 1, "ping -c 1 localhost > /dev/null 2>&1");
	see_system(&b, 2, "ping -c 1 example.org > /dev/null 2>&1");
	learn(&b);
	assert_true(allows_system(&b, "ping -c 1 other.org > /dev/null 2>&1"));
	assert_false(allows_system(
		&b, "ping -c 1 x.org; cat /etc/passwd > /dev/null 2>&1"));
	assert_false(allows_system(&b, "ping -c 1 $(id) > /dev/null 2>&1"));
	assert_false(allows_system(&b, "ping -c 1 other.org > /tmp/x 2>&1"));
	finish(&b);
}

static void one_shell_line_stays_literal(void **state)
{
	struct bench b;

	(void)state;
	start_single(&b);
	see_system(&b, 0, "ls *.txt | sort 'a b' \"$HOME\"");
	see_system(&b, 0, "echo 'unbalanced");
	learn(&b);
	assert_true(allows_system(&b, "ls *.txt | sort 'a b' \"$HOME\""));
	assert_true(allows_system(&b, "echo 'unbalanced"));
	assert_false(allows_system(&b, "ls *.py | sort 'a b' \"$HOME\""));
	finish(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(arguments_open_by_type_and_options_stay),
		cmocka_unit_test(paths_in_arguments_take_the_slots_of_files),
		cmocka_unit_test(numbers_attached_to_options_open),
		cmocka_unit_test(names_of_owners_are_arguments),
		cmocka_unit_test(lists_of_files_may_be_longer),
		cmocka_unit_test(lines_may_end_with_any_number_of_files),
		cmocka_unit_test(names_of_owners_are_no_subcommands),
		cmocka_unit_test(subcommands_stay_apart),
		cmocka_unit_test(shell_lines_open_word_by_word),
		cmocka_unit_test(one_shell_line_stays_literal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
