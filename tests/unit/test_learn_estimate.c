/* SPDX-License-Identifier: Apache-2.0 */
/* How often a policy will be wrong. */
#include "tests/unit/learn_fixture.h"

static struct sm_estimate estimate(struct bench *b)
{
	const struct sm_learn_options options = { 0 };
	struct sm_estimate out;
	struct sm_diag diag = { 0 };

	learn(b);
	assert_int_equal(
		sm_learn_estimate(b->seen, &options, &b->learned, &out, &diag),
		SM_OK);
	return out;
}

static void see_open_at(struct bench *b, int run, const char *path,
			uint64_t second)
{
	struct sm_value args[3];
	struct sm_event e = open_event(args, path, READ);

	e.time_ns = second * 1000000000;
	add(b, run, &e);
}

/* Each run reads the same file; two read one nobody else does. */
static void a_file_of_one_run_only_is_expected_again(void **state)
{
	struct sm_estimate got;
	struct bench b;

	(void)state;
	start(&b);
	for (int run = 0; run < RUNS; run++)
		for (uint64_t s = 0; s < 10; s++)
			see_open_at(&b, run, APP "/conf.ini", s);
	see_open_at(&b, 2, "/etc/only-two", 3);
	see_open_at(&b, 5, "/etc/only-five", 3);
	got = estimate(&b);
	assert_int_equal(got.runs, RUNS);
	assert_int_equal(got.cuts[SM_CUT_RUN].folds, 5);
	/* The one run that loaded the program's code counts, too. */
	assert_int_equal(got.cuts[SM_CUT_RUN].events, RUNS * 10 + 3);
	assert_int_equal(got.cuts[SM_CUT_RUN].family[SM_FAMILY_FILES], 2);
	assert_true(got.cuts[SM_CUT_RUN].rate.bound >
		    got.cuts[SM_CUT_RUN].rate.per_1000);
	assert_true(got.rate.per_1000 >= got.cuts[SM_CUT_RUN].rate.per_1000);
	assert_true(got.family_rate[SM_FAMILY_FILES].bound >
		    got.family_rate[SM_FAMILY_NETWORK].bound);
	assert_true(got.family_rate[SM_FAMILY_NETWORK].per_1000 == 0);
	assert_true(got.family_rate[SM_FAMILY_NETWORK].bound > 0);
	finish(&b);
}

/* What a day brings is in all its runs: none of them tells of the next day. */
static void a_file_of_one_session_only_is_expected_again(void **state)
{
	(void)state;
	for (int sessions = 1; sessions <= 2; sessions++) {
		struct sm_estimate got;
		struct bench b;

		start(&b);
		for (int run = 0; run < RUNS; run++) {
			int day = run * 2 / RUNS;
			uint64_t s = (uint64_t)run * 10;

			see_open_at(&b, run, APP "/conf.ini", s);
			see_open_at(&b, run,
				    day ? "/etc/of-tuesday" : "/etc/of-monday",
				    s + 1);
			b.seen->owners[b.owners[run]].recorded->trace =
				sessions > 1 ? 1 + (uint64_t)day : 1;
		}
		got = estimate(&b);
		assert_int_equal(got.cuts[SM_CUT_RUN].family[SM_FAMILY_FILES],
				 0);
		assert_int_equal(got.cuts[SM_CUT_SESSION].folds,
				 sessions > 1 ? 2 : 0);
		assert_int_equal(
			got.cuts[SM_CUT_SESSION].family[SM_FAMILY_FILES],
			sessions > 1 ? RUNS : 0);
		assert_true(got.family_rate[SM_FAMILY_FILES].per_1000 >=
			    got.cuts[SM_CUT_SESSION]
				    .family_rate[SM_FAMILY_FILES]
				    .per_1000);
		finish(&b);
	}
}

/* Names that open, each used so often, one in every run. */
static double bound_of_files(int times)
{
	struct sm_estimate got;
	char path[64];
	struct bench b;

	start(&b);
	for (int run = 0; run < RUNS; run++) {
		snprintf(path, sizeof(path), APP "/data/order-%d.json", run);
		for (int i = 0; i < times; i++)
			see_open_at(&b, run, path, 1 + (uint64_t)i);
		for (int i = times; i < 40; i++)
			see_open_at(&b, run, APP "/conf.ini", 1 + (uint64_t)i);
	}
	got = estimate(&b);
	assert_true(got.family_rate[SM_FAMILY_FILES].per_1000 == 0);
	assert_true(got.family_rate[SM_FAMILY_NETWORK].bound < 10);
	finish(&b);
	return got.family_rate[SM_FAMILY_FILES].bound;
}

/* What is new comes as often as what only one part knew did. */
static void what_was_new_before_tells_how_often_it_comes(void **state)
{
	(void)state;
	assert_true(bound_of_files(1) > 5 && bound_of_files(1) < 12);
	assert_true(bound_of_files(20) > 15 * bound_of_files(1));
}

/* Programs started in these of all runs, so often in each. */
static double bound_of_programs(int runs, int times)
{
	struct sm_estimate got;
	struct bench b;

	start(&b);
	for (int run = 0; run < RUNS; run++) {
		for (int i = 0; run < runs && i < times; i++) {
			see_popen(&b, run, ARGV("/usr/bin/sort", "a.csv"));
			see_popen(&b, run, ARGV("/usr/bin/uniq", "a.csv"));
		}
		for (int i = run < runs ? 2 * times : 0; i < 40; i++)
			see_open_at(&b, run, APP "/conf.ini", 1 + (uint64_t)i);
	}
	got = estimate(&b);
	assert_true(got.family_rate[SM_FAMILY_PROCESSES].per_1000 == 0);
	finish(&b);
	return got.family_rate[SM_FAMILY_PROCESSES].bound;
}

/* None is of one part alone. What all runs do is nothing new. */
static void the_rarest_tell_how_often_what_is_new_comes(void **state)
{
	double all = bound_of_programs(RUNS, 10);

	(void)state;
	assert_true(all > 5 && all < 12);
	assert_true(bound_of_programs(3, 1) > 2 * all);
	assert_true(bound_of_programs(3, 10) > 20 * all);
}

static void what_slots_cover_is_not_expected_to_be_blocked(void **state)
{
	struct sm_estimate got;
	char path[64];
	struct bench b;

	(void)state;
	start(&b);
	for (int run = 0; run < RUNS; run++) {
		see_load(&b, APP "/app.py");
		for (int i = 0; i < 4; i++) {
			snprintf(path, sizeof(path), APP "/data/order-%d.json",
				 run * 4 + i);
			see_open_at(&b, run, path, 1 + (uint64_t)i);
		}
	}
	got = estimate(&b);
	assert_int_equal(got.cuts[SM_CUT_RUN].family[SM_FAMILY_FILES], 0);
	finish(&b);
}

/* Of a sequence of ever new files three quarters do not tell the rest. */
static void what_keeps_changing_shows_in_time(void **state)
{
	struct sm_estimate got;
	char path[64];
	struct bench b;

	(void)state;
	start_single(&b);
	for (uint64_t s = 0; s < 100; s++) {
		see_open_at(&b, 0, APP "/conf.ini", s);
		snprintf(path, sizeof(path), "/etc/part%c%c.conf",
			 (int)('a' + s / 10), (int)('a' + s % 10));
		see_open_at(&b, 0, path, s);
	}
	got = estimate(&b);
	assert_int_equal(got.cuts[SM_CUT_RUN].folds, 0);
	assert_int_equal(got.cuts[SM_CUT_TIME].folds, 1);
	assert_in_range(got.cuts[SM_CUT_TIME].calls, 23, 27);
	assert_true(got.rate.per_1000 > 300);
	assert_in_range(got.singles, 100, 101);
	assert_int_equal(got.since_new_ns, 0);
	finish(&b);
}

static void what_settled_down_is_known(void **state)
{
	struct sm_estimate got;
	struct bench b;

	(void)state;
	start_single(&b);
	for (uint64_t s = 0; s < 1000; s++)
		see_open_at(&b, 0, s % 2 ? APP "/a.ini" : APP "/b.ini", s);
	got = estimate(&b);
	assert_int_equal(got.cuts[SM_CUT_TIME].blocked, 0);
	assert_true(got.rate.bound > 0 && got.rate.bound < 15);
	assert_int_equal(got.since_new_ns, 998000000000);
	finish(&b);
}

static void timelines_do_not_depend_on_order(void **state)
{
	struct sm_timeline a = { 0 }, b = { 0 }, parts[2] = { 0 };

	(void)state;
	for (uint64_t i = 0; i < 1000; i++) {
		uint64_t t = i * 7919 % 1000 * 3600000000000;

		sm_timeline_add(&a, i * 3600000000000, 1);
		sm_timeline_add(&b, t, 1);
		sm_timeline_add(&parts[t % 7 > 3], t, 1);
	}
	sm_timeline_merge(&parts[0], &parts[1]);
	assert_memory_equal(&a, &b, sizeof(a));
	assert_memory_equal(&a, &parts[0], sizeof(a));
	assert_int_equal(sm_timeline_total(&a), 1000);
	assert_int_equal(sm_timeline_before(&a, 0), 0);
	assert_in_range(sm_timeline_before(&a, 500 * 3600000000000), 495, 505);
	assert_int_equal(sm_timeline_before(&a, UINT64_MAX), 1000);
}

static size_t later_than(const char *version)
{
	const struct sm_python_event *later;
	unsigned minor = sm_python_minor(sm_str_of(version));
	size_t n = sm_python_events_since(minor, &later);

	for (size_t i = 0; i < n; i++)
		assert_true(later[i].since > minor);
	return n;
}

static uint32_t oldest_in_summary(const struct sm_observations *seen)
{
	struct sm_observations *again = sm_observations_new();
	uint32_t python = SM_PYTHONS;
	uint8_t *bytes;
	size_t size;

	assert_non_null(again);
	assert_int_equal(sm_summary_write(seen, &bytes, &size), SM_OK);
	assert_int_equal(sm_summary_read(bytes, size, again, NULL), SM_OK);
	for (size_t i = 0; i < again->owner_count; i++)
		if (again->owners[i].python && again->owners[i].python < python)
			python = again->owners[i].python;
	sm_observations_free(again);
	free(bytes);
	return python;
}

static void what_a_version_never_raises_is_known(void **state)
{
	struct bench b;

	(void)state;
	assert_int_equal(sm_python_minor(SM_STR("3.9.2 (default)")), 9);
	assert_int_equal(sm_python_minor(SM_STR("3.14.0rc1")), 14);
	assert_int_equal(sm_python_minor(SM_STR("2.7.18")), 0);
	assert_int_equal(sm_python_minor(SM_STR("3.99999999999")), 0);
	assert_int_equal(sm_python_minor(SM_STR("")), 0);
	assert_int_equal(later_than("3.9.2"), 7);
	assert_int_equal(later_than("3.11.2"), 4);
	assert_int_equal(later_than("3.14.1"), 0);
	start(&b);
	see_open(&b, 0, APP "/conf.ini", READ);
	b.seen->owners[1].python = 9;
	b.seen->owners[2].python = 0;
	assert_int_equal(estimate(&b).oldest_python, 9);
	assert_int_equal(oldest_in_summary(b.seen), 9);
	finish(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_of_one_run_only_is_expected_again),
		cmocka_unit_test(a_file_of_one_session_only_is_expected_again),
		cmocka_unit_test(what_was_new_before_tells_how_often_it_comes),
		cmocka_unit_test(the_rarest_tell_how_often_what_is_new_comes),
		cmocka_unit_test(
			what_slots_cover_is_not_expected_to_be_blocked),
		cmocka_unit_test(what_keeps_changing_shows_in_time),
		cmocka_unit_test(what_settled_down_is_known),
		cmocka_unit_test(timelines_do_not_depend_on_order),
		cmocka_unit_test(what_a_version_never_raises_is_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
