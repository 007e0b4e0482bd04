/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whenever the power fails, what was committed is there, and the trace is one
 * that can be read, verified and continued. SM_POWER: how many times it fails.
 */
#include "tests/unit/power_vfs.h"
#include "tests/unit/trace_making.h"

#include <sys/stat.h>

#define FAILURES       40
#define CONTINUE_EVERY 4 /* syncs of a real disk take their time */

static char after[128], after_path[160];

static unsigned failures(void)
{
	const char *text = getenv("SM_POWER");

	return text ? (unsigned)strtoul(text, NULL, 10) : FAILURES;
}

static int begin(void **state)
{
	if (make_dir(state) || power_start())
		return -1;
	snprintf(after, sizeof(after), "%s/after", dir);
	snprintf(after_path, sizeof(after_path), "%s/trace.db", after);
	return mkdir(after, 0700);
}

static void remove_leftovers(void)
{
	static const char *const tails[] = { "", "-wal", "-shm", "-journal" };
	char name[192];

	for (unsigned i = 0; i < 4; i++) {
		snprintf(name, sizeof(name), "%s%s", after_path, tails[i]);
		unlink(name);
	}
}

/* Events that can be read, each the one that was appended there. */
static uint64_t count_events(struct sm_trace *t)
{
	struct sm_trace_cursor *c;
	const struct sm_event *event;
	struct sm_diag diag = { 0 };
	uint64_t n = 0;
	uint32_t site;
	enum sm_status status;

	assert_int_equal(sm_trace_events(t, NULL, &c, &diag), SM_OK);
	while (!(status = sm_trace_next(c, &event, &site, &diag))) {
		n++;
		assert_int_equal(event->seq, n);
	}
	if (status != SM_END)
		fail_msg("%s", diag.text);
	sm_trace_cursor_free(c);
	return n;
}

static void expect_continued(uint64_t events)
{
	struct sm_diag diag = { 0 };
	struct sm_trace_writer *w;
	struct sm_trace *t = NULL;

	if (sm_trace_writer_open(after_path, SM_TRACE_APPEND, &w, &diag) ||
	    sm_trace_writer_close(w, &diag) ||
	    sm_trace_open(after_path, &t, &diag))
		fail_msg("continuing: %s", diag.text);
	assert_int_equal(count_events(t), events);
	sm_trace_close(t);
}

/* The file as it is after a failure; promised: events known to be stored. */
static void expect_kept(uint32_t step, uint64_t promised)
{
	struct sm_trace_verified verified;
	struct sm_diag diag = { 0 };
	struct sm_trace *t = NULL;
	uint64_t events;

	/* Nothing was promised while the file was being made. */
	if (sm_trace_open(after_path, &t, &diag)) {
		if (promised)
			fail_msg("step %u: %s", step, diag.text);
		return;
	}
	events = count_events(t);
	sm_trace_close(t);
	if (events < promised)
		fail_msg("step %u: %llu of %llu events", step,
			 (unsigned long long)events,
			 (unsigned long long)promised);
	if (!promised)
		return;
	if (sm_trace_verify(after_path, NULL, NULL, NULL, &verified, &diag))
		fail_msg("step %u: %s", step, diag.text);
	if (!data_below(CONTINUE_EVERY))
		expect_continued(events);
}

static void expect_all_kept(void)
{
	unsigned left = failures();
	uint32_t count = power_steps();

	power_stop();
	while (left--) {
		uint32_t step = data_below(count + 1);

		remove_leftovers();
		expect_kept(step, power_fail(step, after, data_random));
	}
	power_forget();
}

/* n events in order, each with a text that does not compress. */
static void append_numbered(uint32_t n, uint32_t text_bytes, uint64_t *seq)
{
	static char text[4096];
	struct sm_value arg = { .type = SM_TEXT,
				.len = text_bytes,
				.full_len = text_bytes,
				.s = text };
	struct sm_event event = { .process = 1, .argc = 1, .args = &arg };

	while (n--) {
		struct sm_site site = data_site(0);

		for (uint32_t i = 0; i < text_bytes; i++)
			text[i] = (char)('!' + data_below(90));
		event.site = site;
		event.seq = ++*seq;
		event.time_ns = 1000000 + *seq * 1000;
		assert_int_equal(
			sm_trace_append(making.w, making.sites[0], &event),
			SM_OK);
	}
}

/* 40 commits; tails are merged, and the end makes one file of all. */
static void small_commits_survive(void **state)
{
	uint64_t seq = 0;

	(void)state;
	start(SM_TRACE_CREATE, 1);
	for (unsigned i = 0; i < 40; i++) {
		append_numbered(1 + data_below(60), 20, &seq);
		commit();
		power_promise(seq);
	}
	finish();
	power_promise(seq);
	expect_all_kept();
}

/* More than the log holds before it is copied into the file, and begun anew. */
static void a_log_that_is_begun_anew_survives(void **state)
{
	uint64_t seq = 0;

	(void)state;
	start(SM_TRACE_CREATE, 1);
	for (unsigned i = 0; i < 12; i++) {
		append_numbered(300, 2000, &seq);
		commit();
		power_promise(seq);
	}
	finish();
	power_promise(seq);
	expect_all_kept();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(small_commits_survive, fresh),
		cmocka_unit_test_setup(a_log_that_is_begun_anew_survives,
				       fresh),
	};

	return cmocka_run_group_tests(tests, begin, remove_dir);
}
