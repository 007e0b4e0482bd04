/* SPDX-License-Identifier: Apache-2.0 */
/* What slots give way to: code among the names they stand for. */
#include "tests/unit/learn_fixture.h"

#define T APP "/templates/"

/* Code is compiled from path and run, as template engines do. */
static void see_compiled(struct bench *b, const char *path)
{
	see_run(b, path, "engine");
}

static bool runs_compiled(const struct bench *b, const char *path)
{
	return allows_run(b, path, "engine");
}

static void a_slot_gives_way_to_code_among_its_names(void **state)
{
	static const char *const pages[] = { T "one.html", T "two.html",
					     T "three.html" };

	(void)state;
	for (int runs = 0; runs < 2; runs++) {
		struct bench b;

		start(&b);
		for (int i = 0; i < 3; i++)
			see_open(&b, i, pages[i], WRITE);
		if (runs)
			see_compiled(&b, T "base.html");
		learn(&b); /* without residue */
		for (int i = 0; i < 3; i++)
			assert_true(allows_open(&b, pages[i], WRITE));
		assert_int_equal(allows_open(&b, T "four.html", WRITE), !runs);
		assert_int_equal(runs_compiled(&b, T "base.html"), runs);
		finish(&b);
	}
}

/* Of a tree, what does not hold the code stays open. */
static void a_tree_gives_way_to_slots_by_extension(void **state)
{
	static const char *const kinds[] = { "json", "log", "html" };
	char path[100];
	struct bench b;

	(void)state;
	start(&b);
	for (int i = 0; i < 24; i++) {
		snprintf(path, sizeof(path), APP "/out/%c%d/x%d/f%c%d.%s",
			 'a' + i / 5, i, i, 'k' + i % 7, i, kinds[i % 3]);
		see_open(&b, i % RUNS, path, WRITE);
	}
	for (int i = 0; i < 4; i++) {
		snprintf(path, sizeof(path), APP "/out/all/%c.json", 'p' + i);
		see_open(&b, i, path, WRITE);
	}
	see_compiled(&b, APP "/out/all/page.html");
	learn(&b);
	assert_true(runs_compiled(&b, APP "/out/all/page.html"));
	assert_true(allows_open(&b, APP "/out/all/p.json", WRITE));
	assert_true(allows_open(&b, APP "/out/all/new.json", WRITE));
	assert_false(allows_open(&b, APP "/out/all/page.html", WRITE));
	finish(&b);
}

#define P APP "/pages"

static void see_pages(struct bench *b, int run)
{
	static const char *const files[] = { "/one.html", "/top.md",
					     "/a/x.png",  "/a/y.md",
					     "/b/z.csv",  "/b/notes.rst" };
	static const char *const dirs[] = { "", "/a", "/b" };
	char path[100];

	for (int i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), P "%s", dirs[i]);
		see_list(b, run, path);
	}
	for (int i = 0; i < 6; i++) {
		snprintf(path, sizeof(path), P "%s", files[i]);
		see_open(b, run, path, READ);
	}
	snprintf(path, sizeof(path), P "/a/new-%c.md", 'p' + run);
	see_open(b, run, path, WRITE);
}

/* Only writing to it would make code. */
static void who_walks_pages_that_are_run_goes_on_looking(void **state)
{
	(void)state;
	for (int source = 0; source < 2; source++) {
		struct bench b;

		start(&b);
		for (int run = 0; run < 3; run++)
			see_pages(&b, run);
		see_compiled(&b, P "/one.html");
		if (source)
			see_load(&b, P "/b/plugin.py");
		learn(&b); /* without residue */
		assert_true(runs_compiled(&b, P "/one.html"));
		assert_int_equal(allows_list(&b, P "/c"), !source);
		assert_int_equal(allows_open(&b, P "/c/q.ods", READ), !source);
		assert_true(allows_open(&b, P "/a/new-x.md", WRITE));
		assert_false(allows_open(&b, P "/c/q.ods", WRITE));
		assert_false(allows_open(&b, P "/two.html", WRITE));
		finish(&b);
	}
}

static void a_bundle_gives_way_to_code_among_its_names(void **state)
{
	(void)state;
	for (int runs = 0; runs < 2; runs++) {
		struct bench b;

		start(&b);
		see_open(&b, 0, "/tmp/tmpab12cd34.html", WRITE);
		if (runs)
			see_compiled(&b, "/tmp/tmpzz98xx76.html");
		learn(&b);
		assert_true(allows_open(&b, "/tmp/tmpab12cd34.html", WRITE));
		assert_int_equal(runs_compiled(&b, "/tmp/tmpzz98xx76.html"),
				 runs);
		finish(&b);
	}
}

static struct sm_event loaded_event(struct sm_value args[1], const char *path)
{
	struct sm_event e;

	args[0] = text(path);
	e = event_of("secmgr.loaded", args, 1);
	e.site.principal = (struct sm_principal){ .kind = SM_PRINCIPAL_FOREIGN,
						  .name = SM_STR("foreign"),
						  .file = SM_STR("") };
	return e;
}

/* Native code needs no rule for it, nor is one made. */
static void a_slot_gives_way_to_libraries_among_its_names(void **state)
{
	static const char *const written[] = { T "one.bin", T "two.bin",
					       T "three.bin" };

	(void)state;
	for (int loads = 0; loads < 2; loads++) {
		struct sm_value args[1];
		struct sm_event e = loaded_event(args, T "plugin.bin");
		struct sm_verdict v;
		struct bench b;

		start(&b);
		for (int i = 0; i < 3; i++)
			see_open(&b, i, written[i], WRITE);
		if (loads)
			add(&b, 0, &e);
		learn(&b); /* without residue */
		for (int i = 0; i < 3; i++)
			assert_true(allows_open(&b, written[i], WRITE));
		assert_int_equal(allows_open(&b, T "four.bin", WRITE), !loads);
		sm_policy_decide(&b.policy, &e, &v);
		assert_int_equal(v.decision, loads ? SM_UNDECIDED : SM_DENIED);
		e.site.event = SM_STR("ctypes.dlopen");
		e.site.kind = SM_EVENT_CTYPES_DLOPEN;
		assert_false(allows(&b, &e));
		finish(&b);
	}
}

/* A checkout, with settings of its own that hold a template. */
static void see_checkout(struct bench *b, int run, const char *dir)
{
	char path[100];

	for (int i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "%s/%s/f%d%d.%s", dir,
			 i ? "src/deep" : "doc", run, i, i > 1 ? "c" : "md");
		see_open(b, run % RUNS, path, WRITE);
	}
	snprintf(path, sizeof(path), "%s/.seen", dir);
	see_open(b, run % RUNS, path, WRITE);
	snprintf(path, sizeof(path), "%s/.ignore", dir);
	see_open(b, run % RUNS, path, READ);
	snprintf(path, sizeof(path), "%s/.look/page.html", dir);
	see_open(b, run % RUNS, path, READ);
	see_compiled(b, path);
}

static void see_checkouts(struct bench *b)
{
	static const char *const dirs[] = { "ann/tiles", "ann/maps",
					    "ben/tiles", "ben/annals",
					    "carl/maps", "dora/annals" };
	char path[60];

	for (int i = 0; i < 6; i++) {
		snprintf(path, sizeof(path), APP "/people/%s", dirs[i]);
		see_checkout(b, i, path);
	}
}

#define NEW APP "/people/eve/shapes"

/* It is where the program does not write. */
static void a_tree_gives_way_to_one_without_what_is_hidden(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	see_checkouts(&b);
	learn(&b); /* without residue */
	assert_true(runs_compiled(&b, APP "/people/ann/maps/.look/page.html"));
	assert_true(allows_open(&b, NEW "/src/z.c", WRITE));
	assert_true(allows_open(&b, NEW "/new/er/z.h", WRITE));
	assert_true(allows_open(&b, NEW "/.seen", WRITE));
	assert_true(allows_open(&b, NEW "/.ignore", READ));
	assert_false(allows_open(&b, NEW "/.ignore", WRITE));
	assert_false(allows_open(&b, NEW "/.look/page.html", WRITE));
	finish(&b);
}

/* One checkout is no evidence, however many of them it is read in. */
static void a_hidden_file_written_once_is_not_written_anywhere(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	see_checkouts(&b);
	see_open(&b, 1, APP "/people/ann/maps/.ignore", WRITE);
	learn(&b); /* without residue */
	assert_true(allows_open(&b, APP "/people/ann/maps/.ignore", WRITE));
	assert_true(allows_open(&b, NEW "/.ignore", READ));
	assert_true(allows_open(&b, NEW "/.seen", WRITE));
	assert_false(allows_open(&b, NEW "/.ignore", WRITE));
	finish(&b);
}

/* Files that are never half written get their names so. */
static void a_hidden_file_that_is_put_in_place_is_written(void **state)
{
	static const char *const dirs[] = { "ann/tiles", "ann/maps",
					    "ben/tiles", "carl/maps" };
	char from[100], to[100];
	struct bench b;

	(void)state;
	start(&b);
	see_checkouts(&b);
	for (int i = 0; i < 4; i++) {
		snprintf(from, sizeof(from), APP "/people/%s/state.new",
			 dirs[i]);
		snprintf(to, sizeof(to), APP "/people/%s/.state", dirs[i]);
		see_open(&b, i, from, WRITE);
		see_rename(&b, i, from, to);
	}
	learn(&b); /* without residue */
	assert_true(allows_rename(&b, NEW "/state.new", NEW "/.state"));
	finish(&b);
}

static void see_made(struct bench *b, int run, const char *who,
		     const char *front, const char *end)
{
	char path[120];

	snprintf(path, sizeof(path), APP "/people/%s/%s%s%s", who, front, who,
		 end);
	see_open(b, run, path, WRITE);
}

/* Everybody keeps a template of his own among what the program makes. */
static void see_owner(struct bench *b, int run, const char *who,
		      const char *dir)
{
	char path[120];

	snprintf(path, sizeof(path), APP "/people/%s/%sof %s.html", who, dir,
		 who);
	see_open(b, run, path, READ);
	see_compiled(b, path);
	see_made(b, run, who, "", ".db");
	see_made(b, run, who, "x", ".fit");
	see_made(b, run, who, "notices/", ".html");
	see_made(b, run, who, "out ", "/a/b.csv");
	snprintf(path, sizeof(path), APP "/people/%s/notices", who);
	see_mkdir(b, run, path);
}

static const char *const owners[] = { "anna", "bertil", "cleo", "dora",
				      "edwin" };

static void a_tree_gives_way_to_what_lies_deeper_than_code(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	for (int i = 0; i < 5; i++)
		see_owner(&b, i, owners[i], "");
	learn(&b); /* without residue */
	assert_true(runs_compiled(&b, APP "/people/anna/of anna.html"));
	assert_true(allows_open(&b, APP "/people/zoe/new.db", WRITE));
	assert_true(allows_open(&b, APP "/people/zoe/new.fit", WRITE));
	assert_true(allows_mkdir(&b, APP "/people/zoe/notices"));
	assert_true(allows_open(&b, APP "/people/zoe/new/b/x.html", WRITE));
	assert_true(allows_open(&b, APP "/people/zoe/new/x.html", WRITE));
	assert_false(allows_open(&b, APP "/people/zoe/x.html", WRITE));
	assert_false(allows_open(&b, APP "/people/anna/of anna.html", WRITE));
	assert_false(allows_open(&b, APP "/people/zoe/.profile", WRITE));
	finish(&b);
}

/* A directory above the code could be moved to where code is. */
static void nothing_opens_above_code(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	for (int i = 0; i < 5; i++) {
		see_owner(&b, i, owners[i], "forms/");
		see_made(&b, i, owners[i], "all/", ".csv");
		see_made(&b, i, owners[i], "all/.", ".lock");
		see_remove(&b, i, APP "/people/anna/old.db");
	}
	learn(&b); /* without residue */
	assert_true(runs_compiled(&b, APP "/people/anna/forms/of anna.html"));
	assert_true(allows_open(&b, APP "/people/zoe/any/new.csv", WRITE));
	assert_true(allows_open(&b, APP "/people/zoe/any/b/x.html", WRITE));
	assert_false(allows_mkdir(&b, APP "/people/zoe/any"));
	assert_false(allows_remove(&b, APP "/people/anna/forms"));
	assert_false(allows_remove(&b, APP "/people/zoe/any/new.csv"));
	assert_false(allows_open(&b, APP "/people/zoe/any/x.lock", WRITE));
	assert_false(allows_open(&b, APP "/people/zoe/forms/x.html", WRITE));
	assert_false(allows_open(&b, APP "/people/zoe/.profile", WRITE));
	finish(&b);
}

/* No rule grants both; the rest stays open. */
static void code_the_program_wrote_itself_is_listed(void **state)
{
	const struct sm_learn_options options = { 0 };
	struct bench b;

	(void)state;
	start(&b);
	see_open(&b, 0, T "one.html", WRITE);
	see_open(&b, 1, T "two.html", WRITE);
	see_open(&b, 2, T "three.html", WRITE);
	see_compiled(&b, T "one.html");
	learn_with(&b, &options);
	assert_int_equal(b.learned.residue_count, 1);
	assert_false(runs_compiled(&b, T "one.html"));
	assert_true(allows_open(&b, T "four.html", WRITE));
	finish(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_slot_gives_way_to_code_among_its_names),
		cmocka_unit_test(a_tree_gives_way_to_slots_by_extension),
		cmocka_unit_test(
			a_tree_gives_way_to_one_without_what_is_hidden),
		cmocka_unit_test(
			a_hidden_file_written_once_is_not_written_anywhere),
		cmocka_unit_test(a_hidden_file_that_is_put_in_place_is_written),
		cmocka_unit_test(
			a_tree_gives_way_to_what_lies_deeper_than_code),
		cmocka_unit_test(nothing_opens_above_code),
		cmocka_unit_test(who_walks_pages_that_are_run_goes_on_looking),
		cmocka_unit_test(a_bundle_gives_way_to_code_among_its_names),
		cmocka_unit_test(a_slot_gives_way_to_libraries_among_its_names),
		cmocka_unit_test(code_the_program_wrote_itself_is_listed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
