/* SPDX-License-Identifier: Apache-2.0 */
/* Who walks a tree that another fills reads what is there. */
#include "tests/unit/learn_fixture.h"

#define OUT APP "/out"

static void tool_does(struct bench *b, int run, struct sm_event *e)
{
	e->site.principal = tool;
	add(b, run, e);
}

static void tool_lists(struct bench *b, int run, const char *path)
{
	struct sm_value args[1] = { text(path) };
	struct sm_event e = event_of("os.listdir", args, 1);

	tool_does(b, run, &e);
}

static void tool_reads(struct bench *b, int run, const char *path)
{
	struct sm_value args[3];
	struct sm_event e = open_event(args, path, READ);

	tool_does(b, run, &e);
}

/* The application makes pages, and others of their names deeper. */
static void see_file(struct bench *b, int run, const char *name, bool reads)
{
	char path[100];

	snprintf(path, sizeof(path), OUT "%s", name);
	see_open(b, run, path, WRITE);
	if (reads)
		tool_reads(b, run, path);
}

static void see_dir(struct bench *b, int run, const char *name, bool lists)
{
	char path[100];

	snprintf(path, sizeof(path), OUT "%s", name);
	see_mkdir(b, run, path);
	see_list(b, run, path);
	if (lists)
		tool_lists(b, run, path);
}

static void see_dirs(struct bench *b, int run, bool lists)
{
	static const char *const tops[] = { "apple", "berry", "cherry" };
	static const char *const ends[] = { "png", "csv", "pdf" };
	char name[60];

	see_dir(b, run, "", lists);
	for (int i = 0; i < 3; i++) {
		snprintf(name, sizeof(name), "/%s%c", tops[i], 'p' + run);
		see_dir(b, run, name, lists);
		snprintf(name, sizeof(name), "/%s%c/in%c", tops[i], 'p' + run,
			 'a' + i);
		see_dir(b, run, name, lists);
		snprintf(name, sizeof(name), "/%s%c/in%c/x.%s", tops[i],
			 'p' + run, 'a' + i, ends[i]);
		see_file(b, run, name, true);
		snprintf(name, sizeof(name), "/%s%c/y.%s", tops[i], 'p' + run,
			 ends[2 - i]);
		see_file(b, run, name, true);
	}
}

static void see_site(struct bench *b, int run, bool lists)
{
	static const char *const pages[] = { "oak", "pine", "fir" };
	char name[60];

	see_dirs(b, run, lists);
	for (int i = 0; i < 3; i++) {
		snprintf(name, sizeof(name), "/%s%c.html", pages[i], 'p' + run);
		see_file(b, run, name, true);
	}
}

static void who_walks_reads_files_of_any_kind_at_the_top(void **state)
{
	(void)state;
	for (int lists = 0; lists < 2; lists++) {
		struct bench b;

		start(&b);
		for (int run = 0; run < RUNS; run++)
			see_site(&b, run, lists);
		learn(&b);
		assert_true(tool_opens(&b, OUT "/new.html", READ));
		if (lists)
			assert_true(tool_opens(&b, OUT "/d/in/new.svg", READ));
		assert_int_equal(tool_opens(&b, OUT "/new.svg", READ), lists);
		assert_false(tool_opens(&b, OUT "/new.svg", WRITE));
		assert_false(tool_opens(&b, OUT "/.hidden", READ));
		finish(&b);
	}
}

/* Of what is made at the top only directories have other names each time. */
static void what_is_made_at_the_top_may_be_a_file(void **state)
{
	(void)state;
	for (int lists = 0; lists < 2; lists++) {
		struct bench b;

		start(&b);
		for (int run = 0; run < RUNS; run++) {
			see_dirs(&b, run, lists);
			see_file(&b, run, "/index.html", true);
		}
		learn(&b);
		assert_true(tool_opens(&b, OUT "/index.html", READ));
		assert_int_equal(tool_opens(&b, OUT "/favicon.ico", READ),
				 lists);
		assert_false(tool_opens(&b, OUT "/favicon.ico", WRITE));
		finish(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_walks_reads_files_of_any_kind_at_the_top),
		cmocka_unit_test(what_is_made_at_the_top_may_be_a_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
