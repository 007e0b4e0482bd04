/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trace_making.h: traces of made-up events, each test's in a directory of its
 * own; what was written is made again to be compared with what is read.
 */
#ifndef TESTS_UNIT_TRACE_MAKING_H
#define TESTS_UNIT_TRACE_MAKING_H

#include "tests/unit/trace_data.h"

static char dir[] = "/tmp/test_trace.XXXXXX";
static char path[64];

static inline int make_dir(void **state)
{
	(void)state;
	if (!mkdtemp(dir))
		return -1;
	snprintf(path, sizeof(path), "%s/trace.db", dir);
	return 0;
}

static inline int remove_dir(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command);
}

static inline int fresh(void **state)
{
	static const char *const tails[] = { "", "-wal", "-shm", "-journal" };
	char name[80];

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		snprintf(name, sizeof(name), "%s%s", path, tails[i]);
		unlink(name);
	}
	data_state = 88172645463325252u;
	return 0;
}

enum { SITES = 60 };

/* A trace of n events in processes 1..processes; the same for the same n. */
struct making {
	struct sm_trace_writer *w;
	uint32_t sites[SITES], processes;
	uint64_t seq[16], time_ns;
	struct data_event d;
};

static struct making making;

static inline void start(enum sm_trace_open_mode mode, uint32_t processes)
{
	making.w = data_writer(path, mode);
	making.processes = processes;
	making.time_ns = 1000000;
	memset(making.seq, 0, sizeof(making.seq));
	for (uint32_t i = 0; i < processes; i++)
		data_process(making.w);
	for (uint32_t i = 0; i < SITES; i++) {
		struct sm_site s = data_site(i);

		assert_int_equal(
			sm_trace_intern_site(making.w, &s, &making.sites[i]),
			SM_OK);
	}
}

static inline const struct sm_event *make(void)
{
	uint32_t site = data_below(SITES), p = data_below(making.processes);

	data_event(&making.d, site);
	making.time_ns += data_below(100000);
	making.d.event.process = p + 1;
	making.d.event.thread = 4000 + data_below(2);
	making.d.event.time_ns = making.time_ns;
	making.seq[p] += data_below(50) ? 1 : 2 + data_below(100);
	making.d.event.seq = making.seq[p];
	return &making.d.event;
}

static inline uint32_t site_of(const struct sm_event *event)
{
	for (uint32_t i = 0; i < SITES; i++) {
		struct sm_site s = data_site(i);

		if (data_sites_equal(&s, &event->site))
			return making.sites[i];
	}
	return 0;
}

static inline void append(uint32_t n)
{
	while (n--) {
		const struct sm_event *e = make();

		assert_int_equal(sm_trace_append(making.w, site_of(e), e),
				 SM_OK);
	}
}

static inline void commit(void)
{
	struct sm_diag diag = { 0 };

	if (sm_trace_commit(making.w, &diag))
		fail_msg("%s", diag.text);
}

static inline void finish(void)
{
	struct sm_diag diag = { 0 };

	if (sm_trace_writer_close(making.w, &diag))
		fail_msg("%s", diag.text);
	making.w = NULL;
}

static inline struct sm_trace *open_trace(void)
{
	struct sm_trace *t;
	struct sm_diag diag = { 0 };

	if (sm_trace_open(path, &t, &diag))
		fail_msg("%s", diag.text);
	return t;
}

/* Reads n events and compares them with those made again from the start. */
static inline void expect_same(struct sm_trace *t, uint32_t n,
			       uint32_t processes)
{
	struct sm_trace_cursor *c;
	const struct sm_event *event;
	struct sm_diag diag = { 0 };
	uint32_t site, i;

	data_state = 88172645463325252u;
	making.processes = processes;
	making.time_ns = 1000000;
	memset(making.seq, 0, sizeof(making.seq));
	assert_int_equal(sm_trace_events(t, NULL, &c, &diag), SM_OK);
	for (i = 0; i < n; i++) {
		const struct sm_event *want = make();
		enum sm_status status = sm_trace_next(c, &event, &site, &diag);

		if (status)
			fail_msg("event %u: %s %s", i, sm_status_text(status),
				 diag.text);
		if (!data_events_equal(want, event))
			fail_msg("event %u differs", i);
		assert_in_range(site, 1, sm_trace_site_count(t) - 1);
	}
	assert_int_equal(sm_trace_next(c, &event, &site, &diag), SM_END);
	sm_trace_cursor_free(c);
}

static inline void expect_verified(void)
{
	struct sm_diag diag = { 0 };
	struct sm_trace_verified verified;

	if (sm_trace_verify(path, NULL, NULL, NULL, &verified, &diag))
		fail_msg("%s", diag.text);
}

static inline uint64_t digest(const struct sm_event *e)
{
	return (e->seq * 31 + e->process) * 1000003 + e->time_ns;
}

#endif
