/* SPDX-License-Identifier: Apache-2.0 */
/* Names that are made from other names, and from what a process draws. */
#include "tests/unit/learn_fixture.h"

#define DATA "/srv/data/"

static void see_all(struct bench *b, const char *const *paths)
{
	for (size_t i = 0; paths[i]; i++)
		see_open(b, 0, paths[i], WRITE);
}

static void what_looks_like_a_value_beside_a_process_id_is_one(void **state)
{
	static const struct {
		const char *seen, *next;
		bool is_open;
	} rows[] = {
		{ "4000-139755383246032.eml", "81-140212345678901.eml", true },
		{ "4000-139755383246032.eml", "81-anna.eml", false },
		{ "4000-2026-01-02.v2.json", "81-2027-03-04.v3.json", true },
		{ "4000-2026-01-02.v2.json", "81-2027-03-04.w3.json", false },
		{ "8-139755383246032.eml", "8-140212345678901.eml", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char seen[128], next[128];
		struct bench b;

		start(&b);
		snprintf(seen, sizeof(seen), DATA "%s", rows[i].seen);
		snprintf(next, sizeof(next), DATA "%s", rows[i].next);
		see_open(&b, 0, seen, WRITE);
		learn(&b);
		if (allows_open(&b, next, WRITE) != rows[i].is_open)
			fail_msg("%s, %s", rows[i].seen, rows[i].next);
		finish(&b);
	}
}

static void what_is_made_from_a_name_that_opened_opens(void **state)
{
	static const struct {
		const char *made, *next;
		bool is_open;
	} rows[] = {
		{ "anna.json.tmp", "zoe.json.tmp", true },
		{ "anna.json.4000.tmp", "zoe.json.81.tmp", true },
		{ ".anna.json.4000", ".zoe.json.81", true },
		{ ".anna.json.swp", ".zoe.json.swp", true },
		{ ".4000-anna.json", ".81-zoe.json", true },
		{ "anna.json.py", "zoe.json.py", false },
		{ "anna.json.pem", "zoe.json.pem", false },
		{ "all-anna.json", "all-zoe.json", true },
	};
	static const char *const names[] = { DATA "anna.json", DATA "ben.json",
					     DATA "carla.json", NULL };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char made[128], next[128];
		struct bench b;

		start(&b);
		snprintf(made, sizeof(made), DATA "%s", rows[i].made);
		snprintf(next, sizeof(next), DATA "%s", rows[i].next);
		see_all(&b, names);
		see_open(&b, 0, made, WRITE);
		learn(&b);
		assert_true(allows_open(&b, made, WRITE));
		if (allows_open(&b, next, WRITE) != rows[i].is_open)
			fail_msg("%s", rows[i].made);
		finish(&b);
	}
}

#define UPDATE (O_RDWR | O_CREAT | O_EXCL)

/* In a drawn name the values of the name it is made from are tokens. */
static void what_is_made_from_a_name_with_a_number_opens_with_it(void **state)
{
	static const char *const owners[] = { "anna", "ben", "carla" };
	static const char tmp[] = DATA "anna/news/day 1 (1).json.a1b2c3d4.tmp";
	struct bench b;

	(void)state;
	start(&b);
	see_mkstemp(&b, 0, tmp);
	for (int i = 0; i < 3; i++) {
		char path[128];

		snprintf(path, sizeof(path), DATA "%s", owners[i]);
		see_mkdir(&b, 0, path);
		snprintf(path, sizeof(path), DATA "%s/of %s.mp4", owners[i],
			 owners[i]);
		see_open(&b, 0, path, WRITE);
	}
	see_mkdir(&b, 0, DATA "anna/news");
	see_open(&b, 0, DATA "anna/news/day 1 (1).json", WRITE);
	see_open(&b, 0, tmp, UPDATE);
	learn(&b);
	assert_true(allows_open(&b, DATA "zoe/a/b/x (live).json.zzzz0000.tmp",
				UPDATE));
	assert_false(allows_open(&b, DATA "zoe/a/b/x (live).json", UPDATE));
	assert_false(
		allows_open(&b, DATA "zoe/a/b/x.json.zzzz0000.py", UPDATE));
	finish(&b);
}

static void what_is_made_from_a_fixed_name_stays_fixed(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	see_open(&b, 0, DATA "state.json", WRITE);
	see_open(&b, 0, DATA "state.json.tmp", WRITE);
	see_open(&b, 0, DATA "state.json.4000", WRITE);
	learn(&b);
	assert_true(allows_open(&b, DATA "state.json.81", WRITE));
	assert_false(allows_open(&b, DATA "other.json.81", WRITE));
	assert_false(allows_open(&b, DATA "other.json.tmp", WRITE));
	finish(&b);
}

static void drawn_names_tell_what_was_chosen_in_them(void **state)
{
	static const struct {
		const char *seen[4], *open, *closed;
	} rows[] = {
		{ { "4000-anna.eml", "4001-ben.eml", "4002-carla.eml" },
		  "7-zoe.eml",
		  "7-zoe.py" },
		{ { "anna.csv.4000.part", "ben.csv.4001.part",
		    "carla.csv.4001.part" },
		  "zoe.csv.7.part",
		  "zoe.ini.7.part" },
		{ { ".anna.csv.4000", ".ben.csv.4001", ".carla.csv.4001" },
		  ".zoe.csv.7",
		  ".zoe.csv" },
		{ { "lock-4000", "4000-x", "4001-x" }, "7-x", "7-y" },
		{ { "anna.csv.4000.part", "anna.csv.4001.part" },
		  "anna.csv.7.part",
		  "zoe.csv.7.part" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char path[128];
		struct bench b;

		start(&b);
		for (size_t k = 0; rows[i].seen[k]; k++) {
			const char *pid = strstr(rows[i].seen[k], "400");

			snprintf(path, sizeof(path), DATA "%s",
				 rows[i].seen[k]);
			see_open(&b, pid[3] - '0', path, WRITE);
		}
		learn(&b);
		snprintf(path, sizeof(path), DATA "%s", rows[i].open);
		if (!allows_open(&b, path, WRITE))
			fail_msg("%s", rows[i].open);
		snprintf(path, sizeof(path), DATA "%s", rows[i].closed);
		if (allows_open(&b, path, WRITE))
			fail_msg("%s", rows[i].closed);
		finish(&b);
	}
}

static void see_made_up(struct bench *b, const char *path, const char *said)
{
	see_mkdtemp(b, 0, said);
	see_mkdir(b, 0, path);
}

/* Before Python 3.12 mkdtemp() says what it was told: a relative path. */
static void names_made_up_in_a_relative_directory_are_known(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	see_made_up(&b, DATA "job-abcdefgh", "data/job-abcdefgh");
	learn(&b);
	assert_true(allows_mkdir(&b, DATA "job-k3x_9abz"));
	assert_false(allows_mkdir(&b, DATA "key-k3x_9abz"));
	finish(&b);
}

static void hidden_temporary_names_stay_beside_what_opened(void **state)
{
	static const char *const hidden[] = {
		DATA ".anna.k3x_9ab0.tmp",
		DATA ".ben.k3x_9ab2.tmp",
		DATA ".carla.k3x_9ab3.tmp",
	};
	static const char *const seen[] = { DATA "anna.toml", DATA "ben.toml",
					    DATA "carla.toml", NULL };
	struct bench b;

	(void)state;
	start(&b);
	see_all(&b, seen);
	for (size_t i = 0; i < 3; i++) {
		see_mkstemp(&b, 0, hidden[i]);
		see_open(&b, 0, hidden[i], WRITE);
	}
	learn(&b);
	assert_int_equal(b.learned.repaired, 0);
	assert_true(allows_open(&b, DATA "zoe.toml", WRITE));
	assert_true(allows_open(&b, DATA ".zoe.k3x_9abz.tmp", WRITE));
	assert_false(allows_open(&b, DATA ".zoe.tmp", WRITE));
	finish(&b);
}

static void see_drawn(struct bench *b, const char *path)
{
	see_mkstemp(b, 0, path);
	see_open(b, 0, path, WRITE);
}

#define DIGEST "6b545adfa8bc2c8ab98b93c7bcdf47bd4c5b7a35"
#define OTHER  "e089fa21bc2c8ab98b93c7bcdf47bd4c5b7a0017"

/* One in sixteen of them holds no digit, and the end of a digest does. */
static void siblings_say_which_part_was_made_up(void **state)
{
	static const char *const seen[][3] = {
		{ DATA "c_" DIGEST ".cache",
		  DATA "c_" DIGEST ".cacheakvkxskm.tmp" },
		{ DATA "c_" DIGEST ".cacheakvkxskm.tmp",
		  DATA "c_" OTHER ".cacheqwertzui.tmp" },
	};
	struct bench b;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		start(&b);
		for (size_t k = 0; seen[i][k]; k++)
			if (strstr(seen[i][k], ".tmp"))
				see_drawn(&b, seen[i][k]);
			else
				see_open(&b, 0, seen[i][k], WRITE);
		learn(&b);
		assert_true(allows_open(
			&b, DATA "c_" DIGEST ".cachek3x_9abz.tmp", WRITE));
		assert_true(allows_open(
			&b, DATA "c_" OTHER ".cachek3x_9abz.tmp", WRITE));
		assert_false(allows_open(&b, DATA "c_" OTHER ".key", WRITE));
		finish(&b);
	}
}

static void known_names_open_in_shared_temporary_files(void **state)
{
	static const char *const names[] = { "anna", "ben", "carla" };

	(void)state;
	for (int known = 0; known <= 1; known++) {
		struct bench b;

		start(&b);
		for (size_t i = 0; i < 3; i++) {
			char path[128];

			snprintf(path, sizeof(path), "/tmp/%s-k3x_9ab%zu.zip",
				 names[i], i);
			see_drawn(&b, path);
			snprintf(path, sizeof(path), DATA "%s/%zu.txt",
				 names[i], i);
			if (known)
				see_open(&b, 0, path, WRITE);
			snprintf(path, sizeof(path), "/tmp/job-%s-0cu1qi2%zu",
				 names[i], i);
			see_made_up(&b, path, path);
			snprintf(path, sizeof(path),
				 "/tmp/job-%s-0cu1qi2%zu/b.txt", names[i], i);
			see_open(&b, 0, path, WRITE);
		}
		learn(&b);
		assert_int_equal(
			allows_open(&b, "/tmp/job-zoe-00000000/b.txt", WRITE),
			known);
		assert_false(allows_open(&b, "/tmp/zoe-00000000/b.txt", WRITE));
		assert_int_equal(
			allows_open(&b, "/tmp/zoe-00000000.zip", WRITE), known);
		assert_false(allows_open(&b, "/tmp/zoe.zip", WRITE));
		finish(&b);
	}
}

/* But for code, and what is called as nothing else is. */
static void what_is_made_of_a_tree_is_a_tree(void **state)
{
	static const char *const pages[] = { "one", "guide/two" };

	(void)state;
	for (int known = 0; known <= 2; known++) {
		struct sm_value dir;
		struct sm_event list;
		struct bench b;

		start(&b);
		dir = text("/srv/in");
		list = event_of("os.listdir", &dir, 1);
		add(&b, 0, &list);
		dir = text("/srv/in/guide");
		add(&b, 0, &list);
		for (size_t i = 0; i < 2; i++) {
			char path[128];

			snprintf(path, sizeof(path), "/srv/in/%s.md", pages[i]);
			if (known)
				see_open(&b, 0, path, READ);
			snprintf(path, sizeof(path), "/srv/out/site/%s/%s",
				 pages[i],
				 known == 2 && i ? "x.py" : "index.html");
			see_open(&b, 0, path, WRITE);
			see_open(&b, 1, path, WRITE);
		}
		learn(&b);
		assert_int_equal(allows_open(&b,
					     "/srv/out/site/a/b/c/index.html",
					     WRITE),
				 known == 1);
		assert_false(allows_open(&b, "/srv/out/x.html", WRITE));
		assert_false(allows_open(&b, "/srv/out/site/.x", WRITE));
		finish(&b);
	}
}

/* In run number run, which lasts an hour. */
static void see_at(struct bench *b, int run, const char *path, int flags)
{
	struct sm_value args[3];
	struct sm_event e = open_event(args, path, flags);

	e.time_ns = UINT64_C(3600000000000) * (unsigned)(run + 1);
	add(b, run, &e);
}

/* Seen in every run, and no other: by themselves they would stay. */
static void what_opened_in_one_place_is_fixed_in_no_other(void **state)
{
	static const char *const names[] = { "anna", "ben", "carla" };

	(void)state;
	for (int open = 0; open <= 1; open++) {
		struct bench b;

		start(&b);
		for (int run = 0; run < RUNS; run++) {
			for (size_t i = 0; i < 3; i++) {
				char path[128];

				snprintf(path, sizeof(path),
					 APP "/state/%s.state", names[i]);
				see_at(&b, run, path, READ);
				see_at(&b, run, path, WRITE);
				snprintf(path, sizeof(path),
					 APP "/data/%s/%d.txt", names[i], run);
				if (open)
					see_at(&b, run, path, WRITE);
			}
			see_at(&b, run, APP "/state/all.conf", READ);
		}
		learn(&b);
		assert_int_equal(allows_open(&b, APP "/state/zoe.state", WRITE),
				 open);
		assert_false(allows_open(&b, APP "/state/zoe.conf", READ));
		finish(&b);
	}
}

/* They come back in every run; whoever they are, comes and goes elsewhere. */
static void two_who_are_known_elsewhere_are_enough(void **state)
{
	static const char *const names[] = { "acme", "globex" };
	char path[128];
	struct bench b;

	(void)state;
	start(&b);
	for (int run = 0; run < 2; run++)
		for (size_t i = 0; i < 2; i++) {
			snprintf(path, sizeof(path), APP "/docs/%s", names[i]);
			see_mkdir(&b, run, path);
			for (int k = 0; k < 2; k++) {
				snprintf(path, sizeof(path),
					 APP "/docs/%s/%c%c.pdf", names[i],
					 'a' + run, 'a' + k);
				see_at(&b, run, path, WRITE);
			}
			snprintf(path, sizeof(path), APP "/tenants/%s.yaml",
				 names[i]);
			see_at(&b, run, path, READ);
			snprintf(path, sizeof(path), APP "/tenants/%s.key",
				 names[i]);
			see_at(&b, run, path, READ);
			snprintf(path, sizeof(path), APP "/state/%s.state",
				 names[i]);
			see_at(&b, run, path, WRITE);
		}
	learn(&b);
	assert_true(allows_open(&b, APP "/tenants/initech GmbH.yaml", READ));
	assert_true(allows_open(&b, APP "/state/initech GmbH.state", WRITE));
	assert_false(allows_open(&b, APP "/tenants/initech.yaml", WRITE));
	assert_false(allows_open(&b, APP "/tenants/initech.key", READ));
	assert_false(allows_open(&b, APP "/tenants/initech.conf", READ));
	finish(&b);
}

static void what_is_temporary_may_have_any_extension(void **state)
{
	(void)state;
	for (int goes = 0; goes <= 1; goes++) {
		static const char seen[] = "/tmp/export-k3x_9abz.zip";
		struct sm_value args[2] = { text(seen), number(-1) };
		struct sm_event remove = event_of("os.remove", args, 2);
		struct bench b;

		start(&b);
		see_drawn(&b, seen);
		see_drawn(&b, "/tmp/export-k3x_9aby");
		if (goes)
			add(&b, 0, &remove);
		learn(&b);
		assert_int_equal(
			allows_open(&b, "/tmp/export-00000000.tar.gz", WRITE),
			goes);
		assert_true(allows_open(&b, "/tmp/export-00000000.zip", WRITE));
		assert_true(allows_open(&b, "/tmp/export-00000000", WRITE));
		assert_false(allows_open(&b, "/tmp/other-00000000.zip", WRITE));
		assert_false(allows_open(&b, "/tmp/export-00.zip", WRITE));
		finish(&b);
	}
}

static void what_opened_opens_where_it_is_moved(void **state)
{
	static const char *const jobs[] = { DATA "in/anna.job",
					    DATA "in/ben.job",
					    DATA "in/carla.job", NULL };
	struct bench b;

	(void)state;
	for (int moved = 0; moved <= 1; moved++) {
		start(&b);
		see_all(&b, jobs);
		for (int run = 0; run < 2; run++) {
			see_rename(&b, run,
				   moved ? DATA "in/anna.job"
					 : DATA "in/ben.job",
				   "/srv/failed/anna.job");
		}
		learn(&b);
		assert_int_equal(allows_open(&b, "/srv/failed/zoe.job", WRITE),
				 moved);
		assert_false(allows_open(&b, "/srv/failed/zoe.txt", WRITE));
		finish(&b);
	}
}

/* Looked for, and perhaps not there: it says what of, and when. */
static void a_digest_is_another_one_after_the_next_upgrade(void **state)
{
#define HASH "0c174594d64ef1149044a6b386b4248ba602f7d4dfe9e9894c0d353623b88d3a"
#define NEXT "32bf4fecf5bfb217cd7463a9efe7283a1bf35dd3b37338959fd2e7fb2e6e2ff9"
	struct bench b;

	(void)state;
	start(&b);
	for (int run = 0; run < RUNS; run++) {
		see_open(&b, run, "/home/shop/.cache/points/" HASH, READ);
		see_open(&b, run, DATA "0c174594d64ef114.json", READ);
	}
	learn(&b);
	assert_true(allows_open(&b, "/home/shop/.cache/points/" NEXT, READ));
	assert_false(allows_open(&b, "/home/shop/.cache/points/" NEXT, WRITE));
	assert_false(allows_open(&b, "/home/shop/.cache/points/x", READ));
	assert_false(allows_open(&b, "/home/shop/.cache/" NEXT, READ));
	assert_false(
		allows_open(&b, "/home/shop/.cache/points/" NEXT ".ini", READ));
	assert_false(allows_open(&b, DATA "32bf4fecf5bfb217.json", READ));
	finish(&b);
#undef HASH
#undef NEXT
}

/* Two of three people have another directory, or a file, elsewhere. */
static void owners_are_owners_elsewhere(void **state)
{
	static const char *const people[] = { "anna", "ben", "carla" };
	struct bench b;

	(void)state;
	start(&b);
	for (int run = 0; run < 2; run++) {
		for (size_t i = 0; i < 3; i++) {
			char dir[64], file[96];

			snprintf(dir, sizeof(dir), APP "/notes/%s", people[i]);
			snprintf(file, sizeof(file), "%s/day %d.%d.txt", dir,
				 run, (int)i);
			see_mkdir(&b, run, dir);
			see_open(&b, run, file, WRITE);
		}
		see_mkdir(&b, run, APP "/thumbs/anna");
		see_open(&b, run, APP "/thumbs/anna/me.png", WRITE);
		see_open(&b, run, APP "/out/anna-2026.csv", WRITE);
		see_open(&b, run, APP "/out/all-of-us.csv", WRITE);
		/* Not those of the program alone. */
		see_mkdir(&b, run, APP "/var/ben");
		see_open(&b, run, APP "/var/ben/state.db", WRITE);
		see_mkdir(&b, run, APP "/var/keys");
		see_open(&b, run, APP "/var/keys/one.key", WRITE);
	}
	learn(&b);
	assert_true(allows_mkdir(&b, APP "/thumbs/zoe"));
	assert_true(allows_open(&b, APP "/thumbs/zoe/at sea.jpg", WRITE));
	assert_true(allows_open(&b, APP "/out/zoe x-2027.csv", WRITE));
	assert_false(allows_open(&b, APP "/out/zoe x-2027.py", WRITE));
	assert_false(allows_open(&b, APP "/out/zoe.csv", WRITE));
	assert_false(allows_open(&b, APP "/out/all-of-them.csv", WRITE));
	assert_false(allows_open(&b, APP "/var/zoe/state.db", WRITE));
	assert_false(allows_open(&b, APP "/var/keys/two.key", WRITE));
	finish(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			what_looks_like_a_value_beside_a_process_id_is_one),
		cmocka_unit_test(what_is_made_from_a_name_that_opened_opens),
		cmocka_unit_test(
			what_is_made_from_a_name_with_a_number_opens_with_it),
		cmocka_unit_test(
			a_digest_is_another_one_after_the_next_upgrade),
		cmocka_unit_test(what_is_made_from_a_fixed_name_stays_fixed),
		cmocka_unit_test(drawn_names_tell_what_was_chosen_in_them),
		cmocka_unit_test(
			names_made_up_in_a_relative_directory_are_known),
		cmocka_unit_test(
			hidden_temporary_names_stay_beside_what_opened),
		cmocka_unit_test(siblings_say_which_part_was_made_up),
		cmocka_unit_test(known_names_open_in_shared_temporary_files),
		cmocka_unit_test(what_is_made_of_a_tree_is_a_tree),
		cmocka_unit_test(two_who_are_known_elsewhere_are_enough),
		cmocka_unit_test(what_is_temporary_may_have_any_extension),
		cmocka_unit_test(what_opened_opens_where_it_is_moved),
		cmocka_unit_test(what_opened_in_one_place_is_fixed_in_no_other),
		cmocka_unit_test(owners_are_owners_elsewhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
