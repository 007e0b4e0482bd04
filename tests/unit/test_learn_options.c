/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_learn_options.c: options that lines hold or not, and how often.
 */
#include <time.h>

#include "tests/unit/learn_fixture.h"

#define PIC "/usr/bin/pic", "in.png"

/* Each was with others, none with all of them. */
static void options_may_be_left_out_and_come_together(void **state)
{
	struct bench b;
	char *policy;

	(void)state;
	start(&b);
	see_popen(&b, 1, ARGV(PIC, "out.png"));
	see_popen(&b, 1, ARGV(PIC, "-size", "20x30", "out.png"));
	see_popen(&b, 1, ARGV(PIC, "-strip", "-set", "by", "anna", "out.png"));
	see_popen(&b, 2, ARGV(PIC, "-size", "8x9", "-q", "80", "out.png"));
	see_popen(&b, 2, ARGV(PIC, "-q", "75", "-strip", "out.png"));
	see_popen(&b, 2, ARGV(PIC, "-set", "by", "ben", "out.png"));
	learn(&b);
	policy = print(&b);
	assert_non_null(strstr(policy, "\"in.png\", \"[-q <int>]\", "
				       "\"[-set by <name>]\", "
				       "\"[-size <int>x<int>]\", "
				       "\"[-strip]\", \"out.png\""));
	free(policy);
	assert_true(
		allows_popen(&b, ARGV(PIC, "-strip", "-size", "1x2", "-q", "9",
				      "-set", "by", "Zoe", "out.png")));
	assert_false(allows_popen(&b, ARGV(PIC, "-exec", "out.png")));
	assert_false(allows_popen(&b, ARGV(PIC, "-q", "-exec", "out.png")));
	assert_false(allows_popen(&b, ARGV(PIC, "-q", "a", "out.png")));
	assert_false(allows_popen(&b, ARGV(PIC, "-set", "to", "x", "out.png")));
	assert_false(allows_popen(
		&b, ARGV(PIC, "-set", "by", "@/etc/x", "out.png")));
	assert_false(allows_popen(&b, ARGV(PIC, "-strip", "out.png", "-q")));
	assert_false(allows_popen(&b, ARGV(PIC, "-strip", "/etc/passwd")));
	finish(&b);
}

/* Each in one place only: both may be missing, and come together. */
static void settings_of_different_lines_are_told_apart(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	see_popen(&b, 1, ARGV(PIC, "--threads=2", "out.png"));
	see_popen(&b, 1, ARGV(PIC, "--profile=web", "out.png"));
	see_popen(&b, 1, ARGV("/usr/bin/pack", "--add", "a.tgz"));
	see_popen(&b, 1, ARGV("/usr/bin/pack", "--list", "a.tgz"));
	learn(&b);
	assert_true(allows_popen(
		&b, ARGV(PIC, "--threads=2", "--profile=web", "out.png")));
	assert_true(allows_popen(&b, ARGV(PIC, "out.png")));
	assert_false(allows_popen(&b, ARGV(PIC, "--exec=x", "out.png")));
	assert_false(allows_popen(
		&b, ARGV("/usr/bin/pack", "--add", "--list", "a.tgz")));
	assert_false(allows_popen(&b, ARGV("/usr/bin/pack", "a.tgz")));
	finish(&b);
}

static void options_come_as_often_as_there_are_things(void **state)
{
#define GREP "/usr/bin/look", "-n"
	struct bench b;

	(void)state;
	start(&b);
	see_popen(&b, 1, ARGV(GREP, "-e", "one", "HEAD"));
	see_popen(&b, 1, ARGV(GREP, "-e", "two words", "-e", "three", "HEAD"));
	see_popen(&b, 2, ARGV(GREP, "-i", "-e", "four", "-e", "x", "HEAD"));
	see_popen(&b, 1, ARGV("/usr/bin/pack", "a.tgz", "--skip=a", "x"));
	see_popen(&b, 2,
		  ARGV("/usr/bin/pack", "b.tgz", "--skip=b", "--skip=c", "y"));
	see_popen(&b, 2, ARGV("/usr/bin/pack", "c.tgz", "--skip=d", "z", "q"));
	learn(&b);
	assert_true(allows_popen(&b, ARGV(GREP, "-e", "a", "-i", "-e", "b",
					  "-e", "c", "-e", "d", "HEAD")));
	assert_true(allows_popen(&b, ARGV(GREP, "-e", "a", "HEAD")));
	/* The last one stays: without it the next word would be it. */
	assert_false(allows_popen(&b, ARGV(GREP, "HEAD")));
	assert_false(allows_popen(&b, ARGV(GREP, "-e", "-Osh", "HEAD")));
	assert_false(allows_popen(&b, ARGV(GREP, "-Osh", "-e", "a", "HEAD")));
	assert_true(
		allows_popen(&b, ARGV("/usr/bin/pack", "d.tgz", "--skip=x",
				      "--skip=y", "--skip=z", "u", "v", "w")));
	assert_false(allows_popen(&b, ARGV("/usr/bin/pack", "d.tgz", "--skip=x",
					   "--do=sh", "u")));
	finish(&b);
#undef GREP
}

/* Which of two ways it goes is no option more or less. */
static void what_lines_always_hold_stays(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	see_popen(&b, 1, ARGV("/usr/bin/seal", "--safe", "--lock", "a.txt"));
	see_popen(&b, 2, ARGV("/usr/bin/seal", "--safe", "--open", "b.txt"));
	see_popen(&b, 2,
		  ARGV("/usr/bin/seal", "--safe", "--lock", "-v", "c.txt"));
	see_popen(&b, 1, ARGV("/usr/bin/python3", "-m", "tool", "x"));
	see_popen(&b, 2, ARGV("/usr/bin/python3", "-E", "-m", "tool", "x"));
	see_popen(&b, 2, ARGV("/usr/bin/take", "--", "a"));
	see_popen(&b, 2, ARGV("/usr/bin/take", "a"));
	learn(&b);
	assert_true(allows_popen(
		&b, ARGV("/usr/bin/seal", "--safe", "--lock", "-v", "a.txt")));
	assert_false(
		allows_popen(&b, ARGV("/usr/bin/seal", "--safe", "a.txt")));
	assert_false(
		allows_popen(&b, ARGV("/usr/bin/seal", "--lock", "a.txt")));
	assert_false(allows_popen(&b, ARGV("/usr/bin/seal", "--safe", "--open",
					   "--lock", "a.txt")));
	assert_false(allows_popen(&b, ARGV("/usr/bin/python3", "tool", "x")));
	assert_false(allows_popen(
		&b, ARGV("/usr/bin/python3", "-m", "-E", "tool", "x")));
	assert_false(allows_popen(&b, ARGV("/usr/bin/take", "--", "--", "a")));
	finish(&b);
}

/* Behind what is alike so far, an option is the same whatever follows. */
static void options_go_with_what_stands_before(void **state)
{
#define LOG "/usr/bin/git", "-C", "repo", "log", "--format=%h"
	struct bench b;

	(void)state;
	start(&b);
	see_popen(&b, 1, ARGV(LOG, "HEAD"));
	see_popen(&b, 1, ARGV(LOG, "-n", "5", "HEAD"));
	see_popen(&b, 2, ARGV(LOG, "-n", "7", "HEAD"));
	see_popen(&b, 2, ARGV(LOG, "HEAD", "--", "src/a.c"));
	see_popen(
		&b, 2,
		ARGV("/usr/bin/git", "-C", "repo", "diff", "--cached", "HEAD"));
	learn(&b);
	assert_true(allows_popen(
		&b, ARGV(LOG, "-n", "9", "HEAD", "--", "src/a.c")));
	assert_false(allows_popen(
		&b, ARGV(LOG, "HEAD", "-n", "9", "--", "src/a.c")));
	assert_false(allows_popen(&b, ARGV("/usr/bin/git", "-C", "repo", "diff",
					   "--cached", "-n", "9", "HEAD")));
	finish(&b);
#undef LOG
}

static void options_of_a_shell_line_are_those_of_each_command(void **state)
{
#define SORTED " | sort | uniq -c | sort -rn"
	struct bench b;

	(void)state;
	start(&b);
	see_system(&b, 1, "git log --format=%an" SORTED);
	see_system(&b, 1, "git log --format=%an --since 2026-01-02" SORTED);
	see_system(&b, 2,
		   "git log --format=%an --author 'Zoe Q'" SORTED
		   " | head -n 3");
	see_system(&b, 2,
		   "git log --format=%an --author ben" SORTED " | head -n 5");
	see_system(&b, 2, "git log --format=%an --since 2026-03-04" SORTED);
	see_system(&b, 2, "git log --format=%an --author anna" SORTED);
	learn(&b);
	assert_true(allows_system(&b, "git log --format=%an --since 2027-01-01 "
				      "--author 'A B'" SORTED " | head -n 9"));
	assert_true(allows_system(&b, "git log --format=%an" SORTED));
	assert_false(
		allows_system(&b, "git log --format=%an --since $(id)" SORTED));
	assert_false(
		allows_system(&b, "git log --format=%an --author `id`" SORTED));
	assert_false(allows_system(
		&b, "git log --format=%an --author x; id" SORTED));
	assert_false(allows_system(
		&b, "git log --format=%an --output=x --author y" SORTED));
	assert_false(allows_system(
		&b, "git log --format=%an | sort -rn | uniq -c | sort -rn"));
	finish(&b);
#undef SORTED
}

/* Lines whose brackets are their own are learned as they are. */
static void brackets_of_the_line_stand_for_themselves(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	see_popen(&b, 1, ARGV("/usr/bin/tr", "-d", "[-x]"));
	see_system(&b, 1, "tr -d '[-x]'");
	learn(&b);
	assert_true(allows_popen(&b, ARGV("/usr/bin/tr", "-d", "[-x]")));
	assert_false(allows_popen(&b, ARGV("/usr/bin/tr", "-d")));
	assert_false(allows_popen(&b, ARGV("/usr/bin/tr", "-d", "-x")));
	assert_true(allows_system(&b, "tr -d '[-x]'"));
	assert_false(allows_system(&b, "tr -d -x"));
	finish(&b);
}

/* One number tells that it is one; not of whom, and not with what rights. */
static void how_much_is_somebodys_choice(void **state)
{
	static const struct {
		const char *seen, *next;
		bool is_open;
	} rows[] = {
		{ "log -n 3 x", "log -n 50 x", true },
		{ "log -n 3 x", "log -n -1 x", false },
		{ "log -n 3 x", "log -n 3a x", false },
		{ "log -n 3 x", "log -n 3 --all x", false },
		{ "fit -to 64x64 a", "fit -to 200x100 a", true },
		{ "fit -to 64x64 a", "fit -to 200 a", false },
		{ "fit --at=80% a", "fit --at=5% a", true },
		{ "cat a | head -20", "cat a | head -5", true },
		{ "cat a | head -20", "cat a | head $(id)", false },
		/* what it is about, and no option's */
		{ "open 7", "open 8", false },
		{ "serve -p 80 x", "serve -p 22 x", false },
		{ "serve --port=80 x", "serve --port=22 x", false },
		{ "run --uid 1000 x", "run --uid 0 x", false },
		{ "enter --password-fd 0 x", "enter --password-fd 3 x", false },
		{ "kill -9 x", "kill -15 x", false },
		{ "chmod -v 644 x", "chmod -v 4755 x", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct bench b;

		start(&b);
		for (int run = 1; run < 3; run++)
			see_system(&b, run, rows[i].seen);
		learn(&b);
		assert_true(allows_system(&b, rows[i].seen));
		if (allows_system(&b, rows[i].next) != rows[i].is_open)
			fail_msg("%s: %s", rows[i].seen, rows[i].next);
		finish(&b);
	}
}

/* However many were: the next one may be any program. */
static void what_an_option_runs_stays_what_it_was(void **state)
{
	static const char *const programs[] = { "gzip", "bzip2", "xz", "zstd" };
	struct bench b;

	(void)state;
	start(&b);
	see_popen(&b, 0, ARGV("/usr/bin/seek", "in"));
	for (int run = 0; run < 4; run++) {
		char head[40];

		snprintf(head, sizeof(head), "--rsh-command=%s", programs[run]);
		see_popen(&b, run,
			  ARGV("/usr/bin/seek", "in", "-exec", programs[run]));
		see_popen(&b, run, ARGV("/usr/bin/far", head, "in"));
		see_popen(&b, run,
			  ARGV("/usr/bin/near", "--with", programs[run], "in"));
	}
	learn(&b);
	assert_true(
		allows_popen(&b, ARGV("/usr/bin/seek", "in", "-exec", "xz")));
	assert_true(allows_popen(
		&b, ARGV("/usr/bin/far", "--rsh-command=xz", "in")));
	assert_false(
		allows_popen(&b, ARGV("/usr/bin/seek", "in", "-exec", "id")));
	assert_false(allows_popen(
		&b, ARGV("/usr/bin/far", "--rsh-command=id", "in")));
	assert_true(
		allows_popen(&b, ARGV("/usr/bin/near", "--with", "lz", "in")));
	finish(&b);
}

static double cpu_seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Each with each in every line was 12 s for 1,000. */
static void many_words_behind_options_take_no_time(void **state)
{
	double before;
	struct bench b;

	(void)state;
	start(&b);
	for (int i = 0; i < 1500; i++) {
		char branch[] = "branch-aaa";

		branch[7] = (char)('a' + i % 26);
		branch[8] = (char)('a' + i / 26 % 26);
		branch[9] = (char)('a' + i / 676);
		see_popen(&b, i % RUNS,
			  ARGV("/usr/bin/git", "-C", "repo", branch, "-q"));
	}
	before = cpu_seconds();
	learn(&b);
	assert_true(cpu_seconds() - before < 10);
	finish(&b);
}

/* An interpreter's own say how much of it is shut off. */
static void options_before_the_code_stay(void **state)
{
#define PYTHON "/usr/bin/python3"
	struct bench b;

	(void)state;
	start(&b);
	see_popen(&b, 0, ARGV(PYTHON, "tool.py", "x"));
	see_popen(&b, 0, ARGV(PYTHON, "-I", "tool.py", "x"));
	see_popen(&b, 0, ARGV(PYTHON, "-B", "tool.py", "x"));
	see_popen(&b, 0, ARGV(PYTHON, "tool.py", "-q", "x"));
	see_popen(&b, 0, ARGV(PYTHON, "tool.py", "-v", "x"));
	learn(&b);
	assert_true(allows_popen(&b, ARGV(PYTHON, "-I", "tool.py", "x")));
	assert_true(allows_popen(&b, ARGV(PYTHON, "tool.py", "-q", "-v", "x")));
	assert_false(
		allows_popen(&b, ARGV(PYTHON, "-I", "-B", "tool.py", "x")));
	finish(&b);
#undef PYTHON
}

/* `log` and `show` are two things to do, and have options of their own. */
static void options_of_one_command_are_none_of_another(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	see_popen(&b, 0, ARGV("/usr/bin/git", "log", "--stat", "HEAD"));
	see_popen(&b, 0, ARGV("/usr/bin/git", "show", "HEAD"));
	learn(&b);
	assert_true(allows_popen(
		&b, ARGV("/usr/bin/git", "log", "--stat", "HEAD")));
	assert_false(allows_popen(
		&b, ARGV("/usr/bin/git", "show", "--stat", "HEAD")));
	finish(&b);
}

/* With options of their own or not. */
static void names_that_opened_are_no_commands(void **state)
{
#define TOOL "/usr/bin/tool", "-C", "d"
	static const char *const names[] = { "anna", "ben", "carla" };

	(void)state;
	for (int opened = 0; opened < 2; opened++) {
		char path[64];
		struct bench b;

		start(&b);
		for (int i = 0; opened && i < 3; i++) {
			snprintf(path, sizeof(path), APP "/users/%s/id.json",
				 names[i]);
			see_open(&b, i, path, WRITE);
		}
		see_popen(&b, 0, ARGV(TOOL, "anna", "-x", "1"));
		see_popen(&b, 0, ARGV(TOOL, "ben", "-x", "1"));
		see_popen(&b, 0, ARGV(TOOL, "carla", "-y", "1"));
		learn(&b);
		assert_true(allows_popen(&b, ARGV(TOOL, "ben", "-x", "1")));
		assert_int_equal(allows_popen(&b, ARGV(TOOL, "zoe", "-x", "1")),
				 opened);
		finish(&b);
	}
#undef TOOL
}

/* Which word is the option's is told by where the others lie. */
static void what_lies_elsewhere_belongs_to_the_option(void **state)
{
#define KEEP "/usr/bin/keep"
	struct bench b;

	(void)state;
	start(&b);
	see_popen(&b, 0,
		  ARGV(KEEP, "--skip", "**/*.tmp", "--skip", "**/cache",
		       "data/docs", "file:///store/docs"));
	see_popen(&b, 0, ARGV(KEEP, "data/docs", "file:///store/docs"));
	see_popen(&b, 1, ARGV(KEEP, "data/shop", "file:///store/shop"));
	learn(&b);
	assert_true(allows_popen(&b, ARGV(KEEP, "--skip", "**/cache",
					  "data/shop", "file:///store/shop")));
	assert_false(allows_popen(
		&b, ARGV(KEEP, "--skip", "data/shop", "file:///store/shop")));
	assert_false(allows_popen(&b, ARGV(KEEP, "--skip", "**/cache")));
	finish(&b);
}

/* Whatever is done: only where the other words are the same. */
static void what_may_be_left_out_is_so_with_a_command(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	see_popen(&b, 0, ARGV(KEEP, "--to", "a", "--skip", "x", "docs"));
	see_popen(&b, 1, ARGV(KEEP, "--to", "a", "docs"));
	see_popen(&b, 0,
		  ARGV(KEEP, "full", "--to", "a", "--skip", "x", "docs"));
	see_popen(&b, 0, ARGV(KEEP, "prune", "--all", "--skip", "x", "docs"));
	learn(&b);
	assert_true(allows_popen(&b, ARGV(KEEP, "full", "--to", "a", "docs")));
	assert_true(allows_popen(
		&b, ARGV(KEEP, "full", "--to", "a", "--skip", "x", "docs")));
	assert_false(allows_popen(&b, ARGV(KEEP, "prune", "--all", "docs")));
	assert_false(allows_popen(&b, ARGV(KEEP, "full", "docs")));
	finish(&b);
#undef KEEP
}

/* Somebody ran the program by hand: what it was asked to do is no choice of
 * words that mean the same. */
static void what_is_given_by_hand_is_a_command_still(void **state)
{
#define VAULT "/usr/bin/vault"
	struct bench b;

	(void)state;
	start(&b);
	for (int run = 0; run < 2; run++) {
		give(&b, run, 0, "create", "list");
		give(&b, run + 2, 0, "extract", "drop");
		see_popen(&b, run,
			  ARGV(VAULT, "create", "--rate", run ? "4" : "3",
			       "--brief", "/b/a::day", "letters"));
		see_popen(&b, run,
			  ARGV(VAULT, "create", "--rate", run ? "4" : "3",
			       "--brief", "/b/a::day", "one", "two"));
		see_popen(&b, run,
			  ARGV(VAULT, "create", "--rate", run ? "4" : "3",
			       "--dry", "--all", "/b/a::day", "letters"));
		see_popen(&b, run, ARGV(VAULT, "list", "/b/a::day"));
		see_popen(&b, run, ARGV(VAULT, "list", "/b/a::day", "x/y"));
		see_popen(&b, run,
			  ARGV(VAULT, "extract", "--all", "/b/a::day"));
		see_popen(&b, run,
			  ARGV(VAULT, "extract", "--all", "/b/a::day", "x/y"));
		see_popen(&b, run, ARGV(VAULT, "drop", "--all", "/b/a"));
	}
	learn(&b);
	assert_true(allows_popen(&b, ARGV(VAULT, "create", "--rate", "5",
					  "--brief", "/b/a::day", "letters")));
	assert_false(allows_popen(&b, ARGV(VAULT, "create", "--rate", "5",
					   "/b/a::day", "letters")));
	assert_false(allows_popen(&b, ARGV(VAULT, "create", "/b/a::day")));
	assert_false(allows_popen(&b, ARGV(VAULT, "create")));
	finish(&b);
#undef VAULT
}

/* With --dry the same two come every day; without it others do. */
static void what_options_are_told_is_so_in_other_lines(void **state)
{
#define VAULT "/usr/bin/vault"
	static const char *const packs[] = { "none", "lz4", "zlib", "zstd" };
	struct bench b;

	(void)state;
	start(&b);
	for (int run = 0; run < 2; run++) {
		for (int i = 0; i < 2; i++) {
			see_popen(&b, run,
				  ARGV(VAULT, "create", "--pack",
				       packs[run * 2 + i], "--json", "day"));
			see_popen(&b, run,
				  ARGV(VAULT, "create", "--pack", packs[i],
				       "--dry", "day"));
			see_popen(&b, run,
				  ARGV(VAULT, "prune", "--pack", packs[i],
				       "--all", "day"));
		}
		see_popen(&b, run,
			  ARGV(VAULT, "create", "--mode", "one", "--dry",
			       "--pack", "xz", "day"));
	}
	learn(&b);
	assert_true(allows_popen(
		&b, ARGV(VAULT, "create", "--pack", "bzip", "--dry", "day")));
	assert_false(allows_popen(
		&b, ARGV(VAULT, "create", "--pack", "/x", "--dry", "day")));
	assert_false(allows_popen(
		&b, ARGV(VAULT, "prune", "--pack", "bzip", "--all", "day")));
	assert_false(allows_popen(&b, ARGV(VAULT, "create", "--mode", "two",
					   "--dry", "--pack", "xz", "day")));
	finish(&b);
#undef VAULT
}

/* Of some lines one thing was packed so far, of others one or two. */
static void operands_are_as_many_with_other_options(void **state)
{
#define VAULT "/usr/bin/vault"
	static const char *const dates[] = { "2026-11-02", "2026-12-09" };
	struct bench b;

	(void)state;
	start(&b);
	for (int run = 0; run < 2; run++) {
		char to[64];

		snprintf(to, sizeof(to), "/b/a::%s", dates[run]);
		for (int i = 0; i < 3; i++) {
			snprintf(to, sizeof(to), "/b/%d%d.vault", run, i);
			see_open(&b, run, to, WRITE);
			see_popen(&b, run,
				  ARGV(VAULT, "create", "--json", to,
				       i ? "letters" : "xrays"));
			see_popen(&b, run,
				  ARGV(VAULT, "create", "--json", to,
				       "patients", "dumps"));
			see_popen(&b, run,
				  ARGV(VAULT, "create", "--dry", to,
				       i ? "letters" : "xrays"));
			see_popen(&b, run,
				  ARGV(VAULT, "drop", "--dry", to,
				       i ? "letters" : "xrays"));
		}
	}
	learn(&b);
	assert_true(allows_popen(&b, ARGV(VAULT, "create", "--json",
					  "/b/21.vault", "patients", "dumps")));
	assert_true(allows_popen(&b, ARGV(VAULT, "create", "--dry",
					  "/b/21.vault", "patients", "dumps")));
	assert_false(allows_popen(&b, ARGV(VAULT, "create", "--dry",
					   "/b/21.vault", "one", "--x")));
	assert_false(
		allows_popen(&b, ARGV(VAULT, "drop", "--dry", "/b/21.vault",
				      "patients", "dumps")));
	finish(&b);
#undef VAULT
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options_may_be_left_out_and_come_together),
		cmocka_unit_test(settings_of_different_lines_are_told_apart),
		cmocka_unit_test(options_come_as_often_as_there_are_things),
		cmocka_unit_test(what_lines_always_hold_stays),
		cmocka_unit_test(options_go_with_what_stands_before),
		cmocka_unit_test(
			options_of_a_shell_line_are_those_of_each_command),
		cmocka_unit_test(brackets_of_the_line_stand_for_themselves),
		cmocka_unit_test(how_much_is_somebodys_choice),
		cmocka_unit_test(what_an_option_runs_stays_what_it_was),
		cmocka_unit_test(many_words_behind_options_take_no_time),
		cmocka_unit_test(options_before_the_code_stay),
		cmocka_unit_test(options_of_one_command_are_none_of_another),
		cmocka_unit_test(names_that_opened_are_no_commands),
		cmocka_unit_test(what_lies_elsewhere_belongs_to_the_option),
		cmocka_unit_test(what_may_be_left_out_is_so_with_a_command),
		cmocka_unit_test(what_is_given_by_hand_is_a_command_still),
		cmocka_unit_test(what_options_are_told_is_so_in_other_lines),
		cmocka_unit_test(operands_are_as_many_with_other_options),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
