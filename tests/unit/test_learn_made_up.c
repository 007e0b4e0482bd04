/* SPDX-License-Identifier: Apache-2.0 */
/* Names that a process made up: tempfile's, and those with its pid. */
#include "tests/unit/learn_fixture.h"

static void temporary_names_open_when_seen_once(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	see_open(&b, 0, "/tmp/tmpab12_x9z", WRITE);
	see_open(&b, 0, "/srv/data/upload-k3x_9abz.part", WRITE);
	see_mkstemp(&b, 0, "/srv/data/upload-k3x_9abz.part");
	learn(&b);
	assert_true(allows_open(&b, "/tmp/tmpzzzzzzzz", WRITE));
	assert_false(allows_open(&b, "/tmp/tmpzzzzzzzzz", WRITE));
	assert_false(allows_open(&b, "/tmp/tmpZZZZZZZZ", WRITE));
	assert_true(allows_open(&b, "/srv/data/upload-00000000.part", WRITE));
	assert_false(allows_open(&b, "/srv/data/other-00000000.part", WRITE));
	finish(&b);
}

static void temporary_names_are_told_from_words_beside_them(void **state)
{
	static const char *const seen[] = {
		"/srv/pip-modern-metadata-ynxvpx6n",
		"/srv/pip-modern-building-abcdefgh",
		"/srv/direct_url.jsonsbvm3x_f.tmp",
		"/srv/RECORD62ms9m9u.tmp",
	};
	static const char *const others[] = {
		"/srv/pip-modern-metadata-00000000",
		"/srv/pip-modern-building-00000000",
		"/srv/direct_url.json00000000.tmp",
		"/srv/RECORD00000000.tmp",
	};
	struct bench b;

	(void)state;
	for (size_t i = 0; i < sizeof(seen) / sizeof(seen[0]); i++) {
		start(&b);
		see_open(&b, 0, seen[i], WRITE);
		see_mkstemp(&b, 0, seen[i]);
		learn(&b);
		assert_true(allows_open(&b, others[i], WRITE));
		finish(&b);
	}
}

/* Where characters look made up, too, what others have around them tells. */
static void temporary_names_are_framed_alike_anywhere(void **state)
{
	static const char *const seen[] = {
		APP "/a/cache/.revs-cagcqip31~",
		APP "/b/cache/.revs-bbx20fiw1~",
		APP "/c/cache/.revs-f_q1k7os1~",
	};
	struct bench b;

	(void)state;
	start(&b);
	for (int i = 0; i < 3; i++) {
		see_open(&b, i, seen[i], WRITE);
		see_mkstemp(&b, i, seen[i]);
	}
	learn(&b);
	assert_true(allows_open(&b, APP "/a/cache/.revs-zzzzzzzz1~", WRITE));
	assert_true(allows_open(&b, APP "/b/cache/.revs-zzzzzzzz1~", WRITE));
	assert_false(allows_open(&b, APP "/a/cache/.revs-zzzzzzzzz~", WRITE));
	assert_false(allows_open(&b, APP "/a/cache/.rest-zzzzzzzz1~", WRITE));
	finish(&b);
}

static void process_ids_are_in_no_rule(void **state)
{
	struct bench b;
	char *out;

	(void)state;
	start(&b);
	see_open(&b, 0, "/proc/4000/stat", READ);
	see_open(&b, 0, APP "/run/worker.4000.sock", WRITE);
	see_open(&b, 0, "/dev/shm/pym-4000-k3x_9abz", WRITE);
	see_mkstemp(&b, 0, "/dev/shm/pym-4000-k3x_9abz");
	learn(&b);
	assert_true(allows_open(&b, "/proc/9/stat", READ));
	assert_false(allows_open(&b, "/proc/9/mem", READ));
	assert_true(allows_open(&b, APP "/run/worker.81.sock", WRITE));
	assert_true(allows_open(&b, "/dev/shm/pym-81-00000000", WRITE));
	assert_false(allows_open(&b, "/dev/shm/pym-x-00000000", WRITE));
	out = print(&b);
	assert_null(strstr(out, "4000"));
	free(out);
	finish(&b);
}

/* It is filled as what it will replace: with other files, deeper ones. */
static void a_directory_named_by_a_process_id_is_its_own(void **state)
{
	static const char *const sites[] = { "garden", "stars", "tides" };
	char dir[64], path[128];
	struct bench b;

	(void)state;
	start(&b);
	for (int i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), APP "/out/%s", sites[i]);
		see_mkdir(&b, i, path);
		snprintf(dir, sizeof(dir), "%s/.next.%d", path,
			 (int)b.seen->owners[b.owners[i]].pid);
		see_mkdir(&b, i, dir);
		snprintf(path, sizeof(path), "%s/index.html", dir);
		see_open(&b, i, path, WRITE);
		snprintf(path, sizeof(path), "%s/notes", dir);
		see_mkdir(&b, i, path);
		snprintf(path, sizeof(path), "%s/notes/one.html", dir);
		see_open(&b, i, path, WRITE);
	}
	learn(&b);
	assert_true(allows_mkdir(&b, APP "/out/reef/.next.81/notes/2027"));
	assert_true(allows_open(&b, APP "/out/reef/.next.81/a/c.woff", WRITE));
	assert_false(allows_open(&b, APP "/out/reef/next/a/c.woff", WRITE));
	finish(&b);
}

/* Beside directories of customers, who have numbers, too. */
static void numbers_of_others_are_no_process_ids(void **state)
{
	struct bench b;
	char path[64];

	(void)state;
	start(&b);
	see_mkdir(&b, 0, APP "/data/4000");
	see_open(&b, 0, APP "/data/4000/index.html", WRITE);
	for (int i = 0; i < 4; i++) {
		snprintf(path, sizeof(path), APP "/data/10%d3", i);
		see_mkdir(&b, i, path);
		snprintf(path, sizeof(path), APP "/data/10%d3/me.json", i);
		see_open(&b, i, path, WRITE);
		snprintf(path, sizeof(path), APP "/data/10%d3/bill.json", i);
		see_open(&b, i, path, READ);
	}
	learn(&b);
	assert_true(allows_open(&b, APP "/data/1063/me.json", WRITE));
	assert_false(allows_list(&b, APP "/data/1063/x/y"));
	finish(&b);
}

static void learn_tight(struct bench *b)
{
	const struct sm_learn_options options = { .level = SM_LEVEL_TIGHT };

	learn_with(b, &options);
}

static void a_directory_stays_as_it_was_filled_when_tight(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	see_mkdir(&b, 0, APP "/out/.next.4000");
	see_open(&b, 0, APP "/out/.next.4000/index.html", WRITE);
	learn_tight(&b);
	assert_true(allows_open(&b, APP "/out/.next.81/index.html", WRITE));
	assert_false(allows_list(&b, APP "/out/.next.81/a"));
	finish(&b);
}

static void see_drawn_and_gone(struct bench *b, const char *path)
{
	see_mkstemp(b, 0, path);
	see_open(b, 0, path, WRITE);
	see_remove(b, 0, path);
}

/* Drafts of pictures: two formats were asked for, or one so far. */
static void drafts_of_two_formats_are_of_any(void **state)
{
	(void)state;
	for (int two = 0; two < 2; two++) {
		struct bench b;

		start(&b);
		see_drawn_and_gone(&b, APP "/out/.draft-k3x_9abz.png");
		if (two)
			see_drawn_and_gone(&b, APP "/out/.draft-k3x_9aby.jpg");
		see_drawn_and_gone(&b, APP "/out/.code-k3x_9abx.py");
		learn(&b);
		assert_true(
			allows_open(&b, APP "/out/.draft-00000000.png", WRITE));
		assert_int_equal(
			allows_open(&b, APP "/out/.draft-00000000.tif", WRITE),
			two);
		assert_false(allows_open(&b, APP "/out/.draft-new.tif", WRITE));
		assert_false(
			allows_open(&b, APP "/out/.code-00000000.tif", WRITE));
		finish(&b);
	}
}

/* Logs are called after what was asked for, some of which comes every day. */
static void three_names_with_a_process_id_are_any(void **state)
{
	static const char *const names[] = { "morning", "week 2026-03",
					     "ines-2026-03-1" };
	char path[128];

	(void)state;
	for (int count = 2; count <= 3; count++) {
		struct bench b;

		start(&b);
		for (int run = 0; run < 2; run++)
			for (int i = 0; i < count; i++) {
				snprintf(
					path, sizeof(path),
					APP "/logs/%s-%d.log", names[i],
					(int)b.seen->owners[b.owners[run]].pid);
				see_open(&b, run, path, WRITE);
			}
		learn(&b);
		assert_true(allows_open(&b, APP "/logs/morning-81.log", WRITE));
		assert_int_equal(
			allows_open(&b, APP "/logs/Ana's 2-81.log", WRITE),
			count == 3);
		assert_false(allows_open(&b, APP "/logs/night.log", WRITE));
		assert_false(allows_open(&b, APP "/logs/night-81.txt", WRITE));
		finish(&b);
	}
}

static void drafts_keep_their_formats_when_tight(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	see_drawn_and_gone(&b, APP "/out/.draft-k3x_9abz.png");
	see_drawn_and_gone(&b, APP "/out/.draft-k3x_9aby.jpg");
	learn_tight(&b);
	assert_true(allows_open(&b, APP "/out/.draft-00000000.png", WRITE));
	assert_false(allows_open(&b, APP "/out/.draft-00000000.tif", WRITE));
	finish(&b);
}

static void small_process_ids_stand_alone(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	b.seen->owners[b.owners[0]].guest_pid = 7; /* in a container */
	see_open(&b, 0, APP "/run7/worker.7.sock", WRITE);
	see_open(&b, 0, "/var/tmp/rooms-7_onz3xs/a.json", WRITE);
	learn(&b);
	assert_true(allows_open(&b, APP "/run7/worker.8.sock", WRITE));
	assert_false(allows_open(&b, APP "/run8/worker.7.sock", WRITE));
	assert_false(allows_open(&b, "/var/tmp/rooms-8_onz3xs/a.json", WRITE));
	finish(&b);
}

/* Of many processes some have numbers that stand in names for another reason:
 * a year, a part of an address. */
static void process_ids_are_of_who_uses_the_file(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	b.seen->owners[b.owners[1]].pid = 2001;
	b.seen->owners[b.owners[2]].run = b.seen->owners[b.owners[1]].run;
	b.seen->owners[b.owners[2]].parent_pid = 2001;
	see_open(&b, 0, APP "/one/2001-acts.pdf", WRITE);
	see_open(&b, 1, APP "/own/job-2001.log", WRITE);
	see_open(&b, 2, APP "/child/job-2001.log", WRITE);
	learn(&b);
	assert_true(allows_open(&b, APP "/one/2001-acts.pdf", WRITE));
	assert_false(allows_open(&b, APP "/one/2002-acts.pdf", WRITE));
	assert_true(allows_open(&b, APP "/own/job-81.log", WRITE));
	assert_true(allows_open(&b, APP "/child/job-81.log", WRITE));
	finish(&b);
}

#define THUMB_A "0c1f25bb511077ec46d94fafa28a4b1047ef0c7b"
#define THUMB_B "9ac8d41ef5d3a1b2c3d4e5f60718293a4b5c6d7e"
#define OTHER	"e3ad83c6584492bd29d21417dad93d16e245f8f0"

static void files_are_sorted_by_how_their_hashes_begin(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	see_open(&b, 0, APP "/thumbs/20/20" THUMB_A ".jpg", WRITE);
	see_open(&b, 1, APP "/thumbs/9a/9a" THUMB_B ".jpg", WRITE);
	see_open(&b, 0, APP "/objects/1e/" THUMB_A, WRITE);
	see_open(&b, 0, APP "/deep/20/1f/201f" THUMB_A ".bin", WRITE);
	/* A month, however hashes end that lie in it. */
	see_open(&b, 0, APP "/2026/20/" THUMB_A ".png", WRITE);
	see_open(&b, 0, APP "/lists/ab/notes.txt", WRITE);
	/* What is in it begins otherwise. */
	see_open(&b, 0, APP "/queues/a/" THUMB_B, WRITE);
	learn(&b);
	assert_true(allows_open(&b, APP "/thumbs/e3/" OTHER ".jpg", WRITE));
	assert_true(allows_open(&b, APP "/thumbs/20/20" OTHER ".jpg", WRITE));
	assert_false(allows_open(&b, APP "/thumbs/e3/x.py", WRITE));
	assert_false(allows_open(&b, APP "/thumbs/.e3/" OTHER ".jpg", WRITE));
	assert_true(allows_open(&b, APP "/objects/ff/" OTHER, WRITE));
	assert_true(allows_open(&b, APP "/deep/e3/ad/" OTHER ".bin", WRITE));
	assert_true(allows_open(&b, APP "/2026/21/" OTHER ".png", WRITE));
	assert_false(allows_open(&b, APP "/2026/e3/" OTHER ".png", WRITE));
	assert_false(allows_open(&b, APP "/lists/ac/notes.txt", WRITE));
	assert_false(allows_open(&b, APP "/queues/b/" OTHER, WRITE));
	finish(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(temporary_names_open_when_seen_once),
		cmocka_unit_test(
			temporary_names_are_told_from_words_beside_them),
		cmocka_unit_test(temporary_names_are_framed_alike_anywhere),
		cmocka_unit_test(process_ids_are_in_no_rule),
		cmocka_unit_test(a_directory_named_by_a_process_id_is_its_own),
		cmocka_unit_test(numbers_of_others_are_no_process_ids),
		cmocka_unit_test(a_directory_stays_as_it_was_filled_when_tight),
		cmocka_unit_test(drafts_of_two_formats_are_of_any),
		cmocka_unit_test(three_names_with_a_process_id_are_any),
		cmocka_unit_test(drafts_keep_their_formats_when_tight),
		cmocka_unit_test(small_process_ids_stand_alone),
		cmocka_unit_test(process_ids_are_of_who_uses_the_file),
		cmocka_unit_test(files_are_sorted_by_how_their_hashes_begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
