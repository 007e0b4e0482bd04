/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/trace/reader.h"

static sm_trace_progress *told;
static void *told_context;

void sm_trace_watch(sm_trace_progress *progress, void *context)
{
	told = progress;
	told_context = context;
}

/* A trace that is being written may have more than it had. */
static void count(struct sm_trace *t)
{
	sqlite3_stmt *q = NULL;

	if (!sqlite3_prepare_v2(t->db,
				"SELECT id,events FROM block ORDER BY id DESC "
				"LIMIT 1",
				-1, &q, NULL) &&
	    sqlite3_step(q) == SQLITE_ROW)
		t->last_event = (uint64_t)sqlite3_column_int64(q, 0) +
				(uint64_t)sqlite3_column_int64(q, 1) - 1;
	sqlite3_finalize(q);
}

void sm_trace_tell(struct sm_trace *t, uint64_t done)
{
	if (!told)
		return;
	if (done > t->last_event || !t->last_event)
		count(t);
	if (t->last_event && done <= t->last_event)
		told(told_context, t->path, done, t->last_event);
}
