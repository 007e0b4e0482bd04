/* SPDX-License-Identifier: Apache-2.0 */
/* Which processes of a trace are of one run. */
#include "learner/observe.h"
#include "tests/unit/trace_making.h"

enum { RECORDER = 90 };

/* A process's life, in seconds since boot; end 0: it was not seen. */
struct life {
	uint32_t parent_pid, start, end;
	bool is_first; /* of a recording that says so */
};

static void put_life(struct sm_trace_writer *w, const struct life *life,
		     uint32_t pid)
{
	struct sm_trace_process p = { .pid = pid,
				      .parent_pid = life->parent_pid,
				      .start_ns = life->start * 1000000000ull,
				      .started_by = "exec" };
	struct sm_trace_account account = { .end_ns =
						    life->end * 1000000000ull };
	uint32_t number;

	if (life->is_first)
		assert_int_equal(sm_trace_begin_recording(w, "python3 x"),
				 SM_OK);
	assert_int_equal(sm_trace_add_process(w, &p, &number), SM_OK);
	if (life->end)
		assert_int_equal(sm_trace_end_process(w, number, &account),
				 SM_OK);
}

/* A letter for each process, the same for those of one run. */
static void name_runs(const struct sm_observations *seen, char *names)
{
	char next = 'a';

	for (size_t i = 0; i < seen->owner_count; i++) {
		names[i] = 0;
		for (size_t k = 0; k < i; k++)
			if (seen->owners[k].run == seen->owners[i].run)
				names[i] = names[k];
		if (!names[i])
			names[i] = next++;
	}
	names[seen->owner_count] = 0;
}

static void runs_are(const char *expected, const struct life *lives,
		     const char *part)
{
	const struct sm_window all = { 0 };
	struct sm_observations *seen = sm_observations_new();
	struct sm_trace_writer *w = data_writer(path, SM_TRACE_FORCE);
	struct sm_diag diag = { 0 };
	struct sm_trace *trace;
	char names[16];

	assert_non_null(seen);
	assert_int_equal(
		sm_trace_set_meta(w, "clock.monotonic_ns", "20000000000"),
		SM_OK);
	assert_int_equal(sm_trace_set_meta(w, "part", part), SM_OK);
	for (uint32_t i = 0; expected[i]; i++)
		put_life(w, &lives[i], 100 + i);
	assert_int_equal(sm_trace_writer_close(w, &diag), SM_OK);
	assert_int_equal(sm_trace_open(path, &trace, &diag), SM_OK);
	assert_int_equal(sm_observations_read(seen, trace, &all, &diag), SM_OK);
	name_runs(seen, names);
	assert_string_equal(names, expected);
	sm_trace_close(trace);
	sm_observations_free(seen);
}

/* The second said hello after the first had gone; 1: init took it. */
static void what_a_recording_started_is_its_run_however_late(void **state)
{
	static const struct life lives[] = { { RECORDER, 10, 11, true },
					     { 1, 12, 13, false },
					     { 77, 40, 0, false } };

	(void)state;
	runs_are("aaa", lives, "1");
	/* Its first process is told again in the files that follow. */
	runs_are("aaa", lives, "2");
}

static void each_recording_of_a_trace_is_a_run(void **state)
{
	/* The second began before the first's last process was gone. */
	static const struct life lives[] = { { RECORDER, 10, 0, true },
					     { 1, 12, 13, false },
					     { RECORDER, 12, 14, true },
					     { 100, 15, 16, false } };

	(void)state;
	runs_are("aabb", lives, "1");
}

/* As traces of before recordings were told. */
static void untold_runs_are_what_overlaps_or_has_one_parent(void **state)
{
	static const struct life lives[] = { { RECORDER, 10, 12, false },
					     { 1, 11, 13, false },
					     { 1, 13, 14, false },
					     { RECORDER, 20, 21, false },
					     { 1, 30, 31, false } };

	(void)state;
	runs_are("aaaab", lives, "1");
}

static void untold_who_lived_when_a_file_began_is_of_one_run(void **state)
{
	static const struct life lives[] = { { RECORDER, 10, 12, false },
					     { 1, 19, 25, false },
					     { 70, 26, 27, false } };

	(void)state;
	runs_are("abc", lives, "1");
	runs_are("aab", lives, "2");
}

static void a_recording_joins_a_trace_that_told_none(void **state)
{
	static const struct life lives[] = { { RECORDER, 10, 11, false },
					     { 1, 12, 13, false },
					     { RECORDER, 14, 15, true },
					     { 1, 16, 17, false } };

	(void)state;
	runs_are("abcc", lives, "1");
}

/* A trace may say what it likes. */
static void numbers_of_no_process_begin_nothing(void **state)
{
	static const char *const keys[] = { "recording.", "recording.0",
					    "recording.4", "recording.-1",
					    "recording.99999999999999999999" };
	const struct sm_window all = { 0 };
	struct sm_observations *seen = sm_observations_new();
	struct sm_trace_writer *w = data_writer(path, SM_TRACE_FORCE);
	struct sm_diag diag = { 0 };
	struct sm_trace *trace;

	(void)state;
	assert_non_null(seen);
	for (unsigned i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		assert_int_equal(sm_trace_set_meta(w, keys[i], "x"), SM_OK);
	for (uint32_t i = 0; i < 3; i++)
		put_life(
			w,
			&(struct life){ 70 + i, 10 + 2 * i, 11 + 2 * i, false },
			100 + i);
	assert_int_equal(sm_trace_writer_close(w, &diag), SM_OK);
	assert_int_equal(sm_trace_open(path, &trace, &diag), SM_OK);
	assert_int_equal(sm_observations_read(seen, trace, &all, &diag), SM_OK);
	assert_int_equal(seen->run_count, 3);
	sm_trace_close(trace);
	sm_observations_free(seen);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			what_a_recording_started_is_its_run_however_late),
		cmocka_unit_test(each_recording_of_a_trace_is_a_run),
		cmocka_unit_test(
			untold_runs_are_what_overlaps_or_has_one_parent),
		cmocka_unit_test(
			untold_who_lived_when_a_file_began_is_of_one_run),
		cmocka_unit_test(a_recording_joins_a_trace_that_told_none),
		cmocka_unit_test(numbers_of_no_process_begin_nothing),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
