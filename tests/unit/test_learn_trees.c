/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/learn_fixture.h"

static struct sm_event mkdir_event(struct sm_value args[3], const char *path)
{
	args[0] = text(path);
	args[1] = number(0777);
	args[2] = number(-1);
	return event_of("os.mkdir", args, 3);
}

static void see_mkdir(struct bench *b, int run, const char *path)
{
	struct sm_value args[3];
	struct sm_event e = mkdir_event(args, path);

	add(b, run, &e);
}

static bool allows_mkdir(const struct bench *b, const char *path)
{
	struct sm_value args[3];
	struct sm_event e = mkdir_event(args, path);

	return allows(b, &e);
}

static void see_list(struct bench *b, int run, const char *path)
{
	struct sm_value args[1] = { text(path) };
	struct sm_event e = event_of("os.listdir", args, 1);

	add(b, run, &e);
}

static bool allows_list(const struct bench *b, const char *path)
{
	struct sm_value args[1] = { text(path) };
	struct sm_event e = event_of("os.listdir", args, 1);

	return allows(b, &e);
}

static void what_an_owner_holds_opens_at_any_depth(void **state)
{
	static const char *const files[] = { APP "/var/media/anna/list.pdf",
					     APP
					     "/var/media/ben/map of alps.png",
					     APP
					     "/var/media/carla/draft.v1.txt" };
	static const char *const dirs[] = { APP "/var/media/anna",
					    APP "/var/media/ben",
					    APP "/var/media/carla" };
	struct bench b;

	(void)state;
	start(&b);
	for (int i = 0; i < 3; i++) {
		see_mkdir(&b, 0, dirs[i]);
		see_open(&b, 0, files[i], WRITE);
		see_open(&b, 0, files[i], READ);
	}
	learn(&b);
	assert_true(allows_mkdir(&b, APP "/var/media/o.brien & co"));
	assert_true(allows_open(&b, APP "/var/media/Zo\xc3\xab (1)/a/b/c.flac",
				WRITE));
	assert_true(allows_open(&b, APP "/var/media/anna/deep/er.csv", READ));
	assert_false(allows_open(&b, APP "/var/media/anna/.bashrc", WRITE));
	assert_false(allows_open(&b, APP "/var/media/top.pdf", READ));
	assert_false(allows_open(&b, APP "/var/ledger/2026.csv", READ));
	finish(&b);
}

static void what_all_owners_hold_stays_as_it_is(void **state)
{
	static const char *const owners[] = { "anna", "ben", "carla" };
	char path[128];
	struct bench b;

	(void)state;
	start(&b);
	for (int i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), APP "/users/%s/profile.json",
			 owners[i]);
		see_open(&b, 0, path, READ);
		snprintf(path, sizeof(path), APP "/users/%s/of %s.txt",
			 owners[i], owners[i]);
		see_open(&b, 0, path, WRITE);
	}
	learn(&b);
	assert_true(allows_open(&b, APP "/users/zoe/profile.json", READ));
	assert_true(allows_open(&b, APP "/users/zoe/in/new.csv", WRITE));
	assert_false(allows_open(&b, APP "/users/zoe/other.json", READ));
	finish(&b);
}

static void kinds_of_directories_stay_apart(void **state)
{
	static const char *const files[] = {
		APP "/var/reports/jan.csv", APP "/var/reports/feb.csv",
		APP "/var/reports/mar.csv", APP "/var/outbox/1/a.eml",
		APP "/var/outbox/2/b.eml",  APP "/var/outbox/3/c.eml",
		APP "/var/thumbs/1.png",    APP "/var/thumbs/2.png",
		APP "/var/thumbs/3.png"
	};
	struct bench b;

	(void)state;
	start(&b);
	for (int i = 0; i < 9; i++)
		see_open(&b, 0, files[i], i < 6 ? WRITE : READ);
	learn(&b);
	assert_true(allows_open(&b, APP "/var/reports/apr.csv", WRITE));
	assert_false(allows_open(&b, APP "/var/ledger/apr.csv", WRITE));
	assert_false(allows_open(&b, APP "/var/thumbs/apr.csv", WRITE));
	assert_false(allows_open(&b, APP "/var/reports/1.png", READ));
	finish(&b);
}

static void what_a_program_walks_it_reads(void **state)
{
	static const char *const dirs[] = { APP "/content", APP "/content/news",
					    APP "/content/images" };
	struct bench b;

	(void)state;
	start(&b);
	for (int i = 0; i < 3; i++)
		see_list(&b, 0, dirs[i]);
	see_open(&b, 0, APP "/content/news/one.rst", READ);
	see_open(&b, 0, APP "/content/images/a.png", READ);
	learn(&b);
	assert_true(allows_list(&b, APP "/content/sport/2026"));
	assert_true(allows_open(&b, APP "/content/sport/2026/x.webp", READ));
	assert_false(allows_open(&b, APP "/content/news/one.rst", WRITE));
	assert_false(allows_open(&b, APP "/content/.env", READ));
	assert_false(allows_open(&b, APP "/settings.rst", READ));
	finish(&b);
}

static void what_a_linter_walks_may_be_code(void **state)
{
	static const char *const dirs[] = { APP "/checkouts/101",
					    APP "/checkouts/102",
					    APP "/checkouts/103" };
	static const char *const files[] = { APP "/checkouts/101/one.py",
					     APP "/checkouts/102/two.py",
					     APP "/checkouts/103/three.py" };
	struct bench b;

	(void)state;
	start(&b);
	for (int i = 0; i < 3; i++) {
		see_list(&b, 0, dirs[i]);
		see_open(&b, 0, files[i], READ);
	}
	learn(&b);
	assert_true(allows_list(&b, APP "/checkouts/250/deep"));
	assert_true(allows_open(&b, APP "/checkouts/250/deep/er/m.py", READ));
	assert_false(allows_open(&b, APP "/checkouts/250/notes.txt", READ));
	assert_false(allows_open(&b, APP "/checkouts/250/one.py", WRITE));
	assert_false(allows_open(&b, APP "/app.py", READ));
	finish(&b);
}

static void a_tree_that_is_only_written_is_written_anywhere(void **state)
{
	for (int reads = 0; reads < 2; reads++) {
		struct bench b;

		(void)state;
		start(&b);
		see_mkdir(&b, 0, APP "/output/tag");
		see_open(&b, 0, APP "/output/index.html", WRITE);
		see_open(&b, 0, APP "/output/feed.xml", WRITE);
		see_open(&b, 0, APP "/output/tag/day.html", WRITE);
		if (reads)
			see_open(&b, 0, APP "/output/tag/state.bin", READ);
		learn(&b);
		assert_int_equal(
			allows_open(&b, APP "/output/author/a.css", WRITE),
			!reads);
		assert_false(allows_open(&b, APP "/output/index.html", READ));
		finish(&b);
	}
}

static void unique_names_open_when_seen_once(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	see_open(&b, 0, APP "/results/.fs-26752b38-e313-4b96-9aeb-9430bac24721",
		 WRITE);
	see_open(&b, 0,
		 "/tmp/1795274402817_6f1f0e57-e2c1-4768-bcc2-c3ea75d6faa1.msg",
		 WRITE);
	see_open(&b, 0, APP "/conf/c35a2a05d66673a60a631a71c5ec34d6.cfg", READ);
	learn(&b);
	assert_true(allows_open(
		&b, APP "/results/.fs-e39e16f3-bec0-4d50-9a6d-cc9b7aa91033",
		WRITE));
	assert_false(allows_open(
		&b, APP "/results/.gs-e39e16f3-bec0-4d50-9a6d-cc9b7aa91033",
		WRITE));
	assert_true(allows_open(
		&b, "/tmp/1_e39e16f3-bec0-4d50-9a6d-cc9b7aa91033.msg", WRITE));
	assert_false(allows_open(
		&b, APP "/conf/00ffaa05d66673a60a631a71c5ec34d6.cfg", READ));
	finish(&b);
}

static void numbered_siblings_open_with_the_others(void **state)
{
	static const char *const dirs[] = { APP "/out/debug", APP "/out/night1",
					    APP "/out/night2",
					    APP "/out/release" };
	char path[128];
	struct bench b;

	(void)state;
	start(&b);
	for (int i = 0; i < 4; i++) {
		see_mkdir(&b, 0, dirs[i]);
		snprintf(path, sizeof(path), "%s/manifest.txt", dirs[i]);
		see_open(&b, 0, path, WRITE);
	}
	learn(&b);
	assert_true(allows_mkdir(&b, APP "/out/profile"));
	assert_true(allows_open(&b, APP "/out/profile/manifest.txt", WRITE));
	assert_false(allows_open(&b, APP "/out/profile/other.txt", WRITE));
	finish(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_an_owner_holds_opens_at_any_depth),
		cmocka_unit_test(what_all_owners_hold_stays_as_it_is),
		cmocka_unit_test(kinds_of_directories_stay_apart),
		cmocka_unit_test(what_a_program_walks_it_reads),
		cmocka_unit_test(what_a_linter_walks_may_be_code),
		cmocka_unit_test(
			a_tree_that_is_only_written_is_written_anywhere),
		cmocka_unit_test(unique_names_open_when_seen_once),
		cmocka_unit_test(numbered_siblings_open_with_the_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
