/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/learn_fixture.h"

/* 2026-11-21T09:19:49Z; a name from another day says nothing about the next. */
#define THEN UINT64_C(1795252789000000000)

static void see_then(struct bench *b, const char *path, int flags)
{
	struct sm_value args[3];
	struct sm_event e = open_event(args, path, flags);

	e.time_ns = THEN;
	add(b, 1, &e);
}

static void
a_name_with_the_day_of_the_recording_has_another_tomorrow(void **state)
{
	static const struct {
		const char *seen, *next;
		bool is_open;
	} rows[] = {
		{ "log/2026-11-21.log", "log/2027-02-01.log", true },
		{ "log/2026-11-20.log", "log/2027-02-01.log", true },
		{ "log/2025-04-02.log", "log/2027-02-01.log", false },
		{ "all 2026-11.csv", "all 2027-02.csv", true },
		{ "all 2026-10.csv", "all 2027-02.csv", false },
		{ "a-20261121-091949.txt", "a-20270201-000000.txt", true },
		{ "a-20261231-091949.txt", "a-20270201-000000.txt", false },
		{ "21.11.2026.txt", "01.02.2027.txt", true },
		{ "dump-1795252789.bin", "dump-1801440000.bin", true },
		{ "dump-1795252789123.bin", "dump-1801440000000.bin", true },
		{ "dump-1705252789.bin", "dump-1801440000.bin", false },
		{ "in/2026/11/21/x.bin", "in/2027/02/01/x.bin", true },
		{ "in/2026/10/21/x.bin", "in/2027/02/01/x.bin", true },
		{ "v-1.2.3.bin", "v-1.2.4.bin", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char seen[128], next[128];
		struct bench b;

		start(&b);
		snprintf(seen, sizeof(seen), APP "/var/%s", rows[i].seen);
		snprintf(next, sizeof(next), APP "/var/%s", rows[i].next);
		see_then(&b, seen, WRITE);
		learn(&b);
		assert_true(allows_open(&b, seen, WRITE));
		if (allows_open(&b, next, WRITE) != rows[i].is_open)
			fail_msg("%s", rows[i].seen);
		finish(&b);
	}
}

static void dates_beside_names_do_not_close_the_names(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	see_then(&b, APP "/var/anna-2026-11-21.tar", READ);
	see_then(&b, APP "/var/ben-2026-11-21.tar", READ);
	see_then(&b, APP "/var/carla-2026-11-21.tar", READ);
	learn(&b);
	assert_true(allows_open(&b, APP "/var/zoe-2027-01-02.tar", READ));
	finish(&b);
}

/* Numbers of this year's are all that was seen of a numbering. */
static void what_names_start_with_holds_no_year_of_the_recording(void **state)
{
	static const struct {
		const char *start;
		bool next, other; /* with the next year, with another word */
	} rows[] = {
		{ "SB-2026-", true, false },
		{ "rep 2026.", true, false },
		{ "SB-2019-", false, false },
		{ "SB-20261-", false, false },
	};
	static const char *const rests[] = { "7 spring", "19 autumn", "8 all",
					     "23 x" };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char path[100];
		struct bench b;

		start(&b);
		for (int k = 0; k < 4; k++) {
			snprintf(path, sizeof(path), APP "/var/%s%s.gz",
				 rows[i].start, rests[k]);
			see_then(&b, path, WRITE);
		}
		learn(&b);
		snprintf(path, sizeof(path), APP "/var/%s30 new.gz",
			 rows[i].start);
		assert_true(allows_open(&b, path, WRITE));
		memcpy(strstr(path, "20"), "2031", 4);
		if (allows_open(&b, path, WRITE) != rows[i].next)
			fail_msg("%s", path);
		assert_false(allows_open(&b, APP "/var/XY-2026-1 a.gz", WRITE));
		finish(&b);
	}
}

/* Everybody's mail of today lies in a directory of that name. */
static void the_day_is_no_part_of_what_owners_have(void **state)
{
	static const char *const files[] = {
		"anna/2026-11-21/holiday/pic.png",
		"anna/state.pickle",
		"ben/2026-11-21/notes.txt",
		"ben/state.pickle",
		"ben/calendar.ics",
		"carla/state.pickle",
		"carla/2026-11-21/bills/a/all.zip"
	};
	struct bench b;

	(void)state;
	start(&b);
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		char path[128];

		snprintf(path, sizeof(path), APP "/spool/%s", files[i]);
		see_then(&b, path, WRITE);
		if (strstr(path, "2026-11-21"))
			see_then(&b, path, READ);
	}
	learn(&b);
	assert_true(allows_open(
		&b, APP "/spool/zoe/2027-01-02/43ad16d9c9a9/a b.v1.pdf",
		WRITE));
	assert_true(allows_open(
		&b, APP "/spool/anna/2027-01-02/43ad16d9c9a9/x/y.pdf", READ));
	assert_false(allows_open(&b, APP "/spool/top.pdf", READ));
	assert_false(allows_open(&b, APP "/spool/anna/2026-11-21/.ssh/id_rsa",
				 READ));
	finish(&b);
}

static void keys_of_sessions_open_when_seen_once(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	see_open(&b, 0, APP "/var/sess_kgo8clb2yjyjt0n87vqjf0s2cjy88aoe",
		 WRITE);
	see_open(&b, 0, APP "/old/internationalization", WRITE);
	see_open(&b, 0, APP "/conf/key_kgo8clb2yjyjt0n87vqjf0s2cjy88aoe", READ);
	learn(&b);
	assert_true(allows_open(
		&b, APP "/var/sess_qtlnz3fiipxizw5ltnlrh7tjis00pyif", WRITE));
	assert_false(allows_open(
		&b, APP "/var/name_qtlnz3fiipxizw5ltnlrh7tjis00pyif", WRITE));
	assert_false(allows_open(&b, APP "/old/nationalisation", WRITE));
	assert_false(allows_open(
		&b, APP "/conf/key_qtlnz3fiipxizw5ltnlrh7tjis00pyif", READ));
	finish(&b);
}

static void an_argument_with_the_day_opens(void **state)
{
	struct sm_value args[20];
	struct sm_event e;
	struct bench b;

	(void)state;
	start(&b);
	e = popen_event(args, ARGV("/usr/bin/cal", "--at=2026-11-21", "x"));
	e.time_ns = THEN;
	add(&b, 1, &e);
	learn(&b);
	assert_true(
		allows_popen(&b, ARGV("/usr/bin/cal", "--at=2027-01-02", "x")));
	assert_false(
		allows_popen(&b, ARGV("/usr/bin/cal", "--at=2027-01-02", "y")));
	assert_false(allows_popen(&b, ARGV("/usr/bin/cal", "--at=never", "x")));
	finish(&b);
}

static struct sm_event bind_event(struct sm_value values[4], int port)
{
	values[0] = text("tcp");
	values[1] = (struct sm_value){
		.type = SM_LIST, .len = 2, .full_len = 2, .items = values + 2
	};
	values[2] = text("127.0.0.1");
	values[3] = number(port);
	return event_of("socket.bind", values, 2);
}

/* The year both had in common is no part of what all names start with. */
static void a_date_is_not_divided(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	see_mkdir(&b, 0, APP "/dist");
	see_popen(&b, 0, ARGV("/bin/tar", APP "/dist/site-2026-01-17 old.tgz"));
	see_popen(&b, 1, ARGV("/bin/tar", APP "/dist/site-2026-02-20-b.tgz"));
	learn(&b);
	assert_true(allows_popen(
		&b, ARGV("/bin/tar", APP "/dist/site-2031-12-31.tgz")));
	assert_false(allows_popen(
		&b, ARGV("/bin/tar", APP "/dist/home-2031-12-31.tgz")));
	finish(&b);
}

static void ports_that_change_open_for_listening(void **state)
{
	for (int ports = 1; ports <= 2; ports++) {
		struct sm_value values[4];
		struct sm_event e;
		struct bench b;

		(void)state;
		start(&b);
		for (int run = 1; run <= 2; run++) {
			e = bind_event(values, 8000 + run % ports);
			add(&b, run, &e);
		}
		learn(&b);
		e = bind_event(values, 40123);
		assert_int_equal(allows(&b, &e), ports == 2);
		e = bind_event(values, 80);
		assert_false(allows(&b, &e));
		e = bind_event(values, 8000);
		e.site.event = SM_STR("socket.connect");
		e.site.kind = SM_EVENT_SOCKET_CONNECT;
		assert_false(allows(&b, &e));
		finish(&b);
	}
}

static void names_drawn_at_random_are_told_from_words(void **state)
{
	static const char *const drawn[] = { "/tmp/thumb_0cu1qi2p.png",
					     "/tmp/thumb_nvg2_rt5.png",
					     "/tmp/thumb_emijipky.png" };
	static const char *const words[] = { "/tmp/album_holidays.png",
					     "/tmp/album_birthday.png",
					     "/tmp/album_20240101.png" };
	struct bench b;

	(void)state;
	start(&b);
	for (int i = 0; i < 3; i++) {
		see_open(&b, i, drawn[i], WRITE);
		see_open(&b, i, words[i], WRITE);
	}
	/* This one comes again: it is no name drawn at random. */
	see_open(&b, 0, "/tmp/lock_a1b2c3d4.png", WRITE);
	see_open(&b, 1, "/tmp/lock_a1b2c3d4.png", WRITE);
	see_open(&b, 0, "/tmp/lock_e5f6g7h8.png", WRITE);
	see_open(&b, 0, "/tmp/lock_i9j0k1l2.png", WRITE);
	learn(&b);
	assert_true(allows_open(&b, "/tmp/thumb_zzzz9999.png", WRITE));
	assert_false(allows_open(&b, "/tmp/thumb_long-name.png", WRITE));
	assert_false(allows_open(&b, "/tmp/album_zzzz9999.png", WRITE));
	assert_false(allows_open(&b, "/tmp/lock_m3n4o5p6.png", WRITE));
	finish(&b);
}

static struct sm_event abstract_event(struct sm_value values[2],
				      const char *name, uint32_t length)
{
	memset(values, 0, 2 * sizeof(*values));
	values[0] = text("unix");
	values[1] = (struct sm_value){ .type = SM_TEXT, .full_len = length };
	values[1].s = name;
	values[1].len = length;
	return event_of("socket.bind", values, 2);
}

static void abstract_sockets_open_for_another_process(void **state)
{
	static const char seen[] = "\0listener-4000-0";
	static const char next[] = "\0listener-81-0";
	static const char other[] = "\0listener-x-0";
	struct sm_value values[2];
	struct sm_event e = abstract_event(values, seen, sizeof(seen) - 1);
	struct bench b;

	(void)state;
	start(&b);
	add(&b, 0, &e);
	learn(&b);
	assert_true(allows(&b, &e));
	e = abstract_event(values, next, sizeof(next) - 1);
	assert_true(allows(&b, &e));
	e = abstract_event(values, other, sizeof(other) - 1);
	assert_false(allows(&b, &e));
	finish(&b);
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

/* Charts of which the oldest is removed, once there are four, by who lists. */
static void files_called_after_the_time_go_again(void **state)
{
	static const char *const files[2][3] = {
		{ "rome-2026-11-21.png", "berlin-2026-11-21.svg",
		  "paris-2026-11-21.pdf" },
		{ "rome.png", "berlin.svg", "paris.pdf" }
	};
	struct bench b;

	(void)state;
	for (int kind = 0; kind < 4; kind++) {
		struct sm_value args[1] = { text(APP "/charts") };
		struct sm_event e = event_of("os.listdir", args, 1);
		int is_listed = kind / 2;

		start(&b);
		e.time_ns = THEN;
		if (is_listed)
			add(&b, 1, &e);
		for (int i = 0; i < 3; i++) {
			char path[128];

			snprintf(path, sizeof(path), APP "/charts/%s",
				 files[kind % 2][i]);
			see_then(&b, path, WRITE);
		}
		learn(&b);
		args[0] = text(APP "/charts/oslo-2026-01-02.png");
		e = event_of("os.remove", args, 1);
		assert_int_equal(allows(&b, &e), is_listed);
		args[0] = text(APP "/oslo-2026-01-02.png");
		assert_false(allows(&b, &e));
		finish(&b);
	}
}

/* click's atomic files, and others': no event tells that they were drawn. */
static void drawn_digits_of_a_passing_file_are_drawn(void **state)
{
	for (int passes = 0; passes < 2; passes++) {
		struct sm_value args[2] = { text(APP "/var/.write08623fd9"),
					    number(-1) };
		struct sm_event e = event_of("os.remove", args, 2);
		struct bench b;

		(void)state;
		start(&b);
		see_open(&b, 0, APP "/var/.write08623fd9", WRITE);
		see_open(&b, 0, APP "/var/.ten08623fd9ab", WRITE);
		if (passes) {
			add(&b, 0, &e);
			see_remove(&b, 0, APP "/var/.ten08623fd9ab");
		}
		learn(&b);
		assert_int_equal(
			allows_open(&b, APP "/var/.write947832b9", WRITE),
			passes);
		assert_false(allows_open(&b, APP "/var/.write.json", WRITE));
		assert_false(allows_open(&b, APP "/var/.ten947832b9cd", WRITE));
		finish(&b);
	}
}

/* Beside code, where no other name of a directory opens. */
static void a_directory_made_for_a_version_is_made_for_the_next(void **state)
{
	static const char *const made[] = { "1.1", "1.1.1", "2.0" };
	struct bench b;

	(void)state;
	start(&b);
	for (int run = 0; run < 3; run++) {
		char path[128];

		see_load(&b, APP "/tea/setup.py");
		snprintf(path, sizeof(path), APP "/tea/shop-%s", made[run]);
		see_mkdir(&b, run, path);
		snprintf(path, sizeof(path), APP "/tea/shop-%s/INFO",
			 made[run]);
		see_open(&b, run, path, WRITE);
	}
	learn(&b);
	assert_true(allows_open(&b, APP "/tea/shop-2.7.18/INFO", WRITE));
	assert_true(allows_open(&b, APP "/tea/shop-3.0rc1/INFO", WRITE));
	assert_false(allows_open(&b, APP "/tea/other-1.0/INFO", WRITE));
	assert_false(allows_open(&b, APP "/tea/shop/INFO", WRITE));
	assert_false(allows_open(&b, APP "/tea/lib/INFO", WRITE));
	finish(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_directory_made_for_a_version_is_made_for_the_next),
		cmocka_unit_test(
			a_name_with_the_day_of_the_recording_has_another_tomorrow),
		cmocka_unit_test(dates_beside_names_do_not_close_the_names),
		cmocka_unit_test(
			what_names_start_with_holds_no_year_of_the_recording),
		cmocka_unit_test(keys_of_sessions_open_when_seen_once),
		cmocka_unit_test(the_day_is_no_part_of_what_owners_have),
		cmocka_unit_test(an_argument_with_the_day_opens),
		cmocka_unit_test(a_date_is_not_divided),
		cmocka_unit_test(ports_that_change_open_for_listening),
		cmocka_unit_test(names_drawn_at_random_are_told_from_words),
		cmocka_unit_test(abstract_sockets_open_for_another_process),
		cmocka_unit_test(unique_names_open_when_seen_once),
		cmocka_unit_test(numbered_siblings_open_with_the_others),
		cmocka_unit_test(files_called_after_the_time_go_again),
		cmocka_unit_test(drawn_digits_of_a_passing_file_are_drawn),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
