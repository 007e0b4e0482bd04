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

/* An interpreter's own words end with its script or its code. */
static void options_of_a_script_are_its_own(void **state)
{
#define HG "/usr/bin/python3", "-W", "ignore", "/usr/bin/hg"
#define SH "/usr/bin/bash", "-o", "errexit", "-c"
	struct bench b;

	(void)state;
	start(&b);
	see_popen(&b, 0, ARGV(HG, "commit", "-m", "start"));
	see_popen(&b, 1, ARGV(HG, "commit", "-m", "second try"));
	see_popen(&b, 2, ARGV(HG, "commit", "-m", "doc: more"));
	see_popen(&b, 0, ARGV("/usr/bin/python3", "-m", "jobs", "-m", "one"));
	see_popen(&b, 1, ARGV("/usr/bin/python3", "-m", "jobs", "-m", "two"));
	see_popen(&b, 2, ARGV("/usr/bin/python3", "-m", "jobs", "-m", "six"));
	see_popen(&b, 0, ARGV(SH, "date"));
	see_popen(&b, 1, ARGV(SH, "uptime"));
	see_popen(&b, 2, ARGV(SH, "who"));
	see_popen(&b, 0, ARGV("/usr/bin/bash", "/usr/bin/tell", "-e", "Ann"));
	see_popen(&b, 1, ARGV("/usr/bin/bash", "/usr/bin/tell", "-e", "Bo"));
	see_popen(&b, 2, ARGV("/usr/bin/bash", "/usr/bin/tell", "-e", "Eve"));
	learn(&b);
	assert_true(allows_popen(&b, ARGV(HG, "commit", "-m", "#12: login")));
	assert_true(allows_popen(
		&b, ARGV("/usr/bin/python3", "-m", "jobs", "-m", "seven")));
	assert_true(allows_popen(
		&b, ARGV("/usr/bin/bash", "/usr/bin/tell", "-e", "Zoe")));
	assert_false(allows_popen(&b, ARGV(HG, "commit", "-m", "--amend")));
	assert_false(allows_popen(&b, ARGV(HG, "push", "-m", "start")));
	assert_false(allows_popen(
		&b, ARGV("/usr/bin/python3", "-m", "http", "-m", "one")));
	assert_false(allows_popen(&b, ARGV(SH, "id")));
	assert_false(allows_popen(&b, ARGV("/usr/bin/python3", "-W", "ignore",
					   "/tmp/evil.py", "commit", "-m",
					   "start")));
	finish(&b);
#undef HG
#undef SH
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
	see_system(&b, 0, "cmp " APP "/out/one/a.o " APP "/out/two/c.o");
	see_system(&b, 0, "ls " APP "/out/one/a.o; ar t " APP "/out/two/c.o");
	see_popen(&b, 0, ARGV("/usr/bin/tar", "-cf", "a.tar", objects[0]));
	see_popen(&b, 0, ARGV("/usr/bin/tar", "-xf", objects[0]));
	see_popen(&b, 0, ARGV("/usr/bin/sort", "-u", objects[0], objects[1]));
	learn(&b);
	assert_true(allows_popen(
		&b, ARGV("/usr/bin/ld", "-r", objects[0], objects[1],
			 objects[2], APP "/out/new/d.o", APP "/out/new/e.o")));
	assert_true(allows_popen(&b, ARGV("/usr/bin/ld", "-r", objects[0])));
	assert_false(
		allows_popen(&b, ARGV("/usr/bin/ld", "-r", objects[0],
				      objects[1], objects[2], "/etc/passwd")));
	assert_false(allows_system(&b, "cmp " APP "/out/one/a.o " APP
				       "/out/two/c.o " APP "/out/two/d.o"));
	/* Of these any number is what they take. */
	assert_true(allows_system(&b, "ls " APP "/out/one/a.o " APP
				      "/out/two/c.o; ar t " APP "/out/a/b.o"));
	assert_false(allows_system(&b, "ls " APP "/out/one/a.o; ar t " APP
				       "/out/two/c.o " APP "/out/a/b.o"));
	assert_true(allows_popen(&b, ARGV("/usr/bin/tar", "-cf", "a.tar",
					  objects[1], objects[2])));
	assert_false(allows_popen(
		&b, ARGV("/usr/bin/tar", "-cf", "a.tar", objects[1], "-C/")));
	assert_false(allows_popen(
		&b, ARGV("/usr/bin/tar", "-xf", objects[0], objects[1])));
	/* Behind an option one may be its value, but no more. */
	assert_true(allows_popen(&b, ARGV("/usr/bin/sort", "-u", objects[0],
					  objects[2], objects[1])));
	assert_false(allows_popen(&b, ARGV("/usr/bin/sort", "-u", objects[0])));
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

/* tar -C DIR -cf packs/NAME.tar ARTIST/ALBUM... */
static void words_with_slashes_open_part_by_part(void **state)
{
#define TAR "/usr/bin/tar", "-C", (APP "/music"), "-cf"
	struct bench b;
	char *text;

	(void)state;
	start(&b);
	see_popen(&b, 1, ARGV(TAR, "packs/hay.tar", "The Band/Hay"));
	see_popen(&b, 1, ARGV(TAR, "packs/songs.tar", "Anna/Vol. 1", "Ben/X"));
	see_popen(&b, 2, ARGV(TAR, "packs/x.tar", "Carla/Sea", "Ben/Y"));
	learn(&b);
	text = print(&b);
	assert_non_null(strstr(text, "\"<path:packs/<name>.tar>\", "
				     "\"<path:<name>/<name>>...\""));
	free(text);
	assert_true(allows_popen(&b, ARGV(TAR, "packs/new 2.tar", "Z/A", "Z/B",
					  "Z/C d", "Y/E")));
	assert_false(allows_popen(&b, ARGV(TAR, "packs/new.tar")));
	assert_false(allows_popen(&b, ARGV(TAR, "plugins/new.py", "Z/A")));
	assert_false(allows_popen(&b, ARGV(TAR, "packs/../x.tar", "Z/A")));
	assert_false(allows_popen(
		&b, ARGV(TAR, "packs/new.tar", "Z/A", "/etc/passwd")));
	assert_false(allows_popen(
		&b, ARGV(TAR, "packs/new.tar", "Z/A", "../../etc/passwd")));
	assert_false(allows_popen(
		&b, ARGV(TAR, "packs/new.tar", "-Itee plugins/evil.py")));
	assert_false(allows_popen(
		&b, ARGV(TAR, "packs/new.tar", "--checkpoint=1", "Z/A")));
	finish(&b);
#undef TAR
}

static void a_script_is_what_an_interpreter_is_told_first(void **state)
{
	static const char *const names[] = { "/usr/bin/sh", "/bin/python3.11",
					     "/usr/bin/sha256sum",
					     "/usr/bin/shred" };

	(void)state;
	for (int i = 0; i < 4; i++) {
		struct bench b;

		start(&b);
		see_popen(&b, 0, ARGV(names[i], "cat.png", "sales.csv"));
		see_popen(&b, 1, ARGV(names[i], "dog.jpg", "one.csv", "x.jpg"));
		learn(&b);
		assert_int_equal(allows_popen(&b, ARGV(names[i], "a.txt", "b")),
				 i >= 2);
		assert_false(allows_popen(&b, ARGV(names[i], "-c", "b")));
		finish(&b);
	}
}

static void a_word_of_its_own_kind_stands_apart_from_a_list(void **state)
{
	struct bench b;
	char *text;

	(void)state;
	start(&b);
	see_popen(&b, 0, ARGV("/usr/bin/zip", "one.zip", "a.txt"));
	see_popen(&b, 1, ARGV("/usr/bin/zip", "two.zip", "b.txt", "c.txt"));
	see_popen(&b, 2, ARGV("/usr/bin/zip", "six.zip", "d.txt"));
	see_popen(&b, 0, ARGV("/usr/bin/join", "a.txt", "b.txt", "one.out"));
	see_popen(&b, 1, ARGV("/usr/bin/join", "c.txt", "one.out"));
	see_popen(&b, 0, ARGV("/usr/bin/seq", "3"));
	see_popen(&b, 1, ARGV("/usr/bin/seq", "17", "20"));
	see_popen(&b, 1, ARGV("/usr/bin/last", "7..."));
	see_popen(&b, 2, ARGV("/usr/bin/last", "12..."));
	learn(&b);
	text = print(&b);
	assert_non_null(strstr(text, "\"<name>.zip\", \"<name>.txt...\""));
	assert_non_null(strstr(text, "\"<name>.txt...\", \"one.out\""));
	assert_non_null(strstr(text, "\"<int>...\""));
	assert_non_null(strstr(text, "\"<int>\\\\...\""));
	free(text);
	assert_false(allows_popen(&b, ARGV("/usr/bin/zip", "a.txt", "b.txt")));
	assert_false(allows_popen(&b, ARGV("/usr/bin/last", "7", "8")));
	finish(&b);
}

/* Numbers are no list to pick from; addresses are of two families. */
static void what_has_a_type_opens_though_it_comes_back(void **state)
{
	static const char *const from[] = { "10.7.0.1", "10.7.0.2" };
	struct bench b;
	char line[64];

	(void)state;
	start(&b);
	for (int i = 0; i < 4; i++) {
		see_popen(&b, i,
			  ARGV("/usr/bin/pack", i % 2 ? "gzip -6" : "gzip -9",
			       i % 2 ? "one" : "two/b"));
		snprintf(line, sizeof(line), "echo %s >> " APP "/ban.txt",
			 from[i % 2]);
		see_system(&b, i, line);
	}
	see_popen(&b, 0, ARGV("/usr/bin/pack", "gzip -9", "six/c/d"));
	learn(&b);
	assert_true(
		allows_popen(&b, ARGV("/usr/bin/pack", "gzip -1", "a/b c/d")));
	assert_false(allows_popen(
		&b, ARGV("/usr/bin/pack", "gzip -1 > /tmp/x", "one")));
	assert_false(
		allows_popen(&b, ARGV("/usr/bin/pack", "gzip -1", "/etc")));
	assert_false(
		allows_popen(&b, ARGV("/usr/bin/pack", "gzip -1", "a/.ssh")));
	assert_false(
		allows_popen(&b, ARGV("/usr/bin/pack", "gzip -1", "../conf")));
	assert_true(allows_system(&b, "echo 2001:db8::7 >> " APP "/ban.txt"));
	assert_false(allows_system(&b, "echo 'a b' >> " APP "/ban.txt"));
	finish(&b);
}

/* Each operation was recorded with some of them only. */
static void things_of_one_program_are_one_set(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	for (int i = 0; i < 3; i++) {
		see_popen(&b, i,
			  ARGV("/usr/bin/dup", "full", "/data/docs",
			       "file:///keep/docs"));
		see_popen(&b, i,
			  ARGV("/usr/bin/dup", "full", "/data/mail",
			       "file:///keep/mail"));
		see_popen(&b, i,
			  ARGV("/usr/bin/dup", "list", "file:///keep/docs",
			       "--all"));
		see_popen(&b, i, ARGV("/usr/bin/rm", "/data/old"));
		see_popen(&b, i, ARGV("/usr/bin/rm", "/data/tool.py"));
		see_popen(&b, i, ARGV("/usr/bin/rm", "/data/more.py"));
	}
	learn(&b);
	assert_true(allows_popen(&b, ARGV("/usr/bin/dup", "list",
					  "file:///keep/mail", "--all")));
	assert_false(allows_popen(&b, ARGV("/usr/bin/dup", "list",
					   "file:///keep/home", "--all")));
	assert_false(allows_popen(
		&b, ARGV("/usr/bin/dup", "list", "file:///etc/docs", "--all")));
	assert_false(allows_popen(&b, ARGV("/usr/bin/dup", "full", "/data/old",
					   "file:///keep/mail")));
	assert_false(allows_popen(&b, ARGV("/usr/bin/rm", "/data/mail")));
	finish(&b);
}

/* What opened is open in all lines that something else tells apart. */
static void what_opened_stays_open_where_lines_are_divided(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	see_popen(&b, 0, ARGV("/usr/bin/get", "-x", "/k/a", "one.txt"));
	see_popen(&b, 1, ARGV("/usr/bin/get", "-x", "/l/b", "two.txt"));
	see_popen(&b, 2, ARGV("/usr/bin/get", "-x", "/l/b", "six.txt"));
	see_popen(&b, 0, ARGV("/usr/bin/tgz", "shop-1.0.tgz"));
	see_popen(&b, 1, ARGV("/usr/bin/tgz", "shop-1.1.tgz"));
	see_popen(&b, 0, ARGV("/usr/bin/scale", "1.5"));
	see_popen(&b, 1, ARGV("/usr/bin/scale", "1.0"));
	learn(&b);
	assert_true(
		allows_popen(&b, ARGV("/usr/bin/get", "-x", "/k/a", "q.txt")));
	assert_false(
		allows_popen(&b, ARGV("/usr/bin/get", "-x", "/m/a", "q.txt")));
	assert_true(allows_popen(&b, ARGV("/usr/bin/tgz", "shop-2.0-rc1.tgz")));
	assert_false(allows_popen(&b, ARGV("/usr/bin/tgz", "shop-2.0/x.tgz")));
	assert_false(allows_popen(&b, ARGV("/usr/bin/tgz", "work-2.0.tgz")));
	assert_false(allows_popen(&b, ARGV("/usr/bin/scale", "1.x")));
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

static void what_is_only_text_has_no_subcommands(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	for (int i = 0; i < 2; i++) {
		see_system(&b, i, "echo loud | tr a-z A-Z");
		see_system(&b, i, "echo more words | tr a-z A-Z");
		see_system(&b, i, "beet list | tr a-z A-Z");
		see_system(&b, i, "beet show words | tr a-z A-Z");
	}
	learn(&b);
	assert_true(allows_system(&b, "echo a b c | tr a-z A-Z"));
	assert_false(allows_system(&b, "echo a; id | tr a-z A-Z"));
	assert_false(allows_system(&b, "echo -e a | tr a-z A-Z"));
	assert_false(allows_system(&b, "beet drop words | tr a-z A-Z"));
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

static void commands_a_variable_is_given_open_word_by_word(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	see_system(&b, 0, "v=$(tar tf one.tar) && echo \"$v\"");
	see_system(&b, 1, "v=$(tar tf two.tar) && echo \"$v\"");
	see_system(&b, 2, "v=$(tar tf three.tar) && echo \"$v\"");
	learn(&b);
	assert_true(allows_system(&b, "v=$(tar tf x.tar) && echo \"$v\""));
	assert_false(allows_system(&b, "v=$(tar tf -x.tar) && echo \"$v\""));
	assert_false(allows_system(&b, "v=$(tar tf $(id)) && echo \"$v\""));
	assert_false(allows_system(&b, "v=$(tar tf x.tar; id) && echo \"$v\""));
	assert_false(allows_system(&b, "v=$(rm tf x.tar) && echo \"$v\""));
	assert_false(allows_system(&b, "v=$(tar xf x.tar) && echo \"$v\""));
	assert_false(allows_system(&b, "v=$(tar tf x.tar) && sh \"$v\""));
	finish(&b);
}

/* What was found becomes a command: it is as spelled. */
static void what_a_variable_that_is_run_is_given_stays(void **state)
{
	static const char *const uses[] = { "$v",	    "eval \"$v\"",
					    "sh -c \"$v\"", "xargs $v",
					    "env $v",	    "\"/opt/$v\" x" };
	char line[200];

	(void)state;
	for (size_t i = 0; i < sizeof(uses) / sizeof(*uses); i++) {
		struct bench b;

		start(&b);
		for (int run = 0; run < 3; run++) {
			snprintf(line, sizeof(line), "v=$(cat f%c.tar); %s",
				 'a' + run, uses[i]);
			see_system(&b, run, line);
		}
		learn(&b);
		assert_true(allows_system(&b, line));
		snprintf(line, sizeof(line), "v=$(cat x.tar); %s", uses[i]);
		assert_false(allows_system(&b, line));
		finish(&b);
	}
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

/* A blank in a word does not make two words of it. */
static void text_beside_a_slot_is_quoted(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	see_system(&b, 1, "echo 'released 0.1.1' >> log");
	see_system(&b, 2, "echo 'released 0.2.0' >> log");
	see_system(&b, 1, "ls | sed 's/^/week1 ; /'");
	see_system(&b, 2, "ls | sed 's/^/week2 ; /'");
	learn(&b);
	assert_true(allows_system(&b, "echo 'released 1.0.0-rc.1' >> log"));
	assert_true(allows_system(&b, "ls | sed 's/^/week47 ; /'"));
	assert_false(allows_system(&b, "echo released 1.0.0 >> log"));
	assert_false(allows_system(&b, "ls | sed s/^/week47 ; /"));
	assert_false(allows_system(&b, "echo 'released '$(id) >> log"));
	assert_false(allows_system(&b, "echo 'released 1.0.0'; id >> log"));
	finish(&b);
}

static void a_number_may_be_all_of_an_option(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	see_popen(&b, 0, ARGV("/bin/gzip", "-6", "x"));
	see_popen(&b, 1, ARGV("/bin/gzip", "-6", "x"));
	see_popen(&b, 1, ARGV("/bin/gzip", "-9", "x"));
	learn(&b);
	assert_true(allows_popen(&b, ARGV("/bin/gzip", "-1", "x")));
	assert_false(allows_popen(&b, ARGV("/bin/gzip", "-d", "x")));
	assert_false(allows_popen(&b, ARGV("/bin/gzip", "-1d", "x")));
	assert_false(allows_popen(&b, ARGV("/bin/gzip", "1", "x")));
	finish(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(arguments_open_by_type_and_options_stay),
		cmocka_unit_test(paths_in_arguments_take_the_slots_of_files),
		cmocka_unit_test(numbers_attached_to_options_open),
		cmocka_unit_test(options_of_a_script_are_its_own),
		cmocka_unit_test(names_of_owners_are_arguments),
		cmocka_unit_test(lists_of_files_may_be_longer),
		cmocka_unit_test(lines_may_end_with_any_number_of_files),
		cmocka_unit_test(words_with_slashes_open_part_by_part),
		cmocka_unit_test(a_script_is_what_an_interpreter_is_told_first),
		cmocka_unit_test(
			a_word_of_its_own_kind_stands_apart_from_a_list),
		cmocka_unit_test(what_has_a_type_opens_though_it_comes_back),
		cmocka_unit_test(things_of_one_program_are_one_set),
		cmocka_unit_test(
			what_opened_stays_open_where_lines_are_divided),
		cmocka_unit_test(names_of_owners_are_no_subcommands),
		cmocka_unit_test(subcommands_stay_apart),
		cmocka_unit_test(what_is_only_text_has_no_subcommands),
		cmocka_unit_test(shell_lines_open_word_by_word),
		cmocka_unit_test(
			commands_a_variable_is_given_open_word_by_word),
		cmocka_unit_test(what_a_variable_that_is_run_is_given_stays),
		cmocka_unit_test(one_shell_line_stays_literal),
		cmocka_unit_test(text_beside_a_slot_is_quoted),
		cmocka_unit_test(a_number_may_be_all_of_an_option),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
