/* SPDX-License-Identifier: Apache-2.0 */
/* What is made in a directory that a command line names is read back there, as
 * where it is made unasked. */
#include "tests/unit/learn_fixture.h"

#define USUAL APP "/downloads"
#define NAMED APP "/desk"

static const char *const files[] = { "/11/jug.png", "/201/bowl.jpg",
				     "/12/clock.gif", "/4711/vase.tiff" };

/* Opened by a function of the application in a file of its. */
static struct sm_event use(struct sm_value args[3], const char *path, int flags,
			   const char *function, const char *file)
{
	struct sm_event e = open_event(args, path, flags);

	e.site.principal.function = sm_str_of(function);
	e.site.principal.file = sm_str_of(file);
	return e;
}

static void see(struct bench *b, const char *dir, int flags,
		const char *function, const char *file)
{
	struct sm_value args[3];
	char path[100];

	for (int i = 0; i < 4; i++) {
		struct sm_event e;

		snprintf(path, sizeof(path), "%s%s", dir, files[i]);
		e = use(args, path, flags, function, file);
		add(b, 1 + i / 2, &e);
	}
}

struct row {
	const char *given, *function, *file;
	bool is_more; /* something else is done in it */
	enum sm_level level;
	bool is_open;
};

static void see_all(struct bench *b, const struct row *row)
{
	struct sm_value args[3];

	for (uint32_t run = 1; run < 3; run++)
		give(b, run, 0, row->given, "x");
	see(b, USUAL, WRITE, "save", APP "/app.py");
	see(b, USUAL, READ, "show", APP "/app.py");
	see(b, NAMED, WRITE, row->function, row->file);
	for (int run = 1; row->is_more && run < 3; run++) {
		struct sm_event e = use(args, NAMED "/index", WRITE,
					row->function, row->file);

		add(b, run, &e);
	}
}

static void what_is_made_where_a_command_line_says_is_read_back(void **state)
{
	static const struct row rows[] = {
		{ "desk", "save", APP "/app.py", false, SM_LEVEL_BALANCED,
		  true },
		{ "--to=desk", "save", APP "/app.py", false, SM_LEVEL_BALANCED,
		  true },
		/* the program's own choice */
		{ "table", "save", APP "/app.py", false, SM_LEVEL_BALANCED,
		  false },
		/* of other things */
		{ "desk", "report", APP "/app.py", false, SM_LEVEL_BALANCED,
		  false },
		{ "desk", "save", APP "/nightly.py", false, SM_LEVEL_BALANCED,
		  false },
		{ "desk", "", APP "/app.py", false, SM_LEVEL_BALANCED, false },
		{ "desk", "save", APP "/app.py", true, SM_LEVEL_BALANCED,
		  false },
		{ "desk", "save", APP "/app.py", false, SM_LEVEL_TIGHT, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct sm_learn_options options = {
			.level = rows[i].level
		};
		struct bench b;

		start(&b);
		see_all(&b, &rows[i]);
		learn_with(&b, &options);
		assert_true(allows_open(&b, NAMED "/11/jug.png", WRITE));
		assert_true(allows_open(&b, USUAL "/11/jug.png", READ));
		if (allows_open(&b, NAMED "/11/jug.png", READ) !=
		    rows[i].is_open)
			fail_msg("row %zu", i);
		assert_false(allows_open(&b, NAMED "/11/.key", READ));
		assert_false(allows_open(&b, APP "/.key", READ));
		finish(&b);
	}
}

static bool allows_told(const struct bench *b, const char *path, int flags,
			const char *name)
{
	const struct sm_named named = { 1, { sm_str_of(name) } };
	struct sm_value args[3];
	struct sm_event e = use(args, path, flags, "save", APP "/app.py");

	e.named = &named;
	return allows(b, &e);
}

/* Made as it was told, so that another time it is told another. */
static void see_told(struct bench *b)
{
	const struct sm_named named = { 1, { SM_STR(NAMED) } };
	struct sm_value args[3];
	struct sm_event e = mkdir_event(args, NAMED);
	char path[100];

	for (int run = 1; run < 3; run++) {
		give(b, (uint32_t)run, 0, "desk", "x");
		e = mkdir_event(args, NAMED);
		e.site.principal.function = SM_STR("save");
		e.named = &named;
		add(b, run, &e);
	}
	for (int i = 0; i < 4; i++) {
		snprintf(path, sizeof(path), NAMED "%s", files[i]);
		e = use(args, path, WRITE, "save", APP "/app.py");
		e.named = &named;
		add(b, 1 + i / 2, &e);
	}
}

static void what_is_made_wherever_it_is_told_is_read_back_there(void **state)
{
	(void)state;
	for (int reads = 0; reads < 2; reads++) {
		struct bench b;

		start(&b);
		see_told(&b);
		for (int run = 1; run < 3; run++) {
			struct sm_value args[3];
			struct sm_event e = mkdir_event(args, USUAL);

			e.site.principal.function = SM_STR("save");
			add(&b, run, &e);
		}
		see(&b, USUAL, WRITE, "save", APP "/app.py");
		if (reads)
			see(&b, USUAL, READ, "show", APP "/app.py");
		learn(&b);
		assert_true(allows_told(&b, "/out/7/a.png", WRITE, "/out"));
		assert_int_equal(allows_told(&b, "/out/7/a.png", READ, "/out"),
				 reads);
		assert_false(allows_told(&b, "/out/.key", READ, "/out"));
		assert_false(allows_told(&b, "/out", READ, "/out"));
		assert_false(allows_told(&b, "/in/7/a.png", READ, "/out"));
		assert_false(allows_open(&b, "/out/7/a.png", READ));
		finish(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			what_is_made_where_a_command_line_says_is_read_back),
		cmocka_unit_test(
			what_is_made_wherever_it_is_told_is_read_back_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
