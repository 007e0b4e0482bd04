/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cursor_find.c: the rows of `block` in order, and which may be passed over.
 */
#include "schema/trace/cursor.h"

#define ROW_QUERY                                                              \
	"SELECT id,events,first_ns,last_ns,first_process,last_process,"        \
	"denials,raw_bytes,zone FROM block "

static enum sm_status prepare(struct sm_trace *t)
{
	if (!t->at_or_before &&
	    sqlite3_prepare_v2(t->db,
			       ROW_QUERY "WHERE id<=? ORDER BY id DESC LIMIT 1",
			       -1, &t->at_or_before, NULL))
		return sm_db_status(t->db);
	if (!t->behind &&
	    sqlite3_prepare_v2(t->db,
			       ROW_QUERY "WHERE id>? ORDER BY id LIMIT 1", -1,
			       &t->behind, NULL))
		return sm_db_status(t->db);
	if (!t->data &&
	    sqlite3_prepare_v2(t->db,
			       "SELECT data,postings FROM block WHERE id=?", -1,
			       &t->data, NULL))
		return sm_db_status(t->db);
	return SM_OK;
}

/*
 * SM_END: no such row; SM_NOMEM. The zone is left in trace->zone, empty if
 * damaged.
 */
static enum sm_status read_row(struct sm_trace *t, sqlite3_stmt *q,
			       uint64_t number, struct sm_cursor_row *row)
{
	enum sm_status status;
	int64_t events;
	int code;

	sqlite3_bind_int64(q, 1, (int64_t)number);
	code = sqlite3_step(q);
	if (code != SQLITE_ROW) {
		status = code == SQLITE_DONE ? SM_END : sm_db_status(t->db);
		sqlite3_reset(q);
		return status;
	}
	events = sqlite3_column_int64(q, 1);
	*row = (struct sm_cursor_row){
		.id = (uint64_t)sqlite3_column_int64(q, 0),
		.events = (uint32_t)events,
		.first_ns = (uint64_t)sqlite3_column_int64(q, 2),
		.last_ns = (uint64_t)sqlite3_column_int64(q, 3),
		.first_process = (uint32_t)sqlite3_column_int64(q, 4),
		.last_process = (uint32_t)sqlite3_column_int64(q, 5),
		.denials = (uint32_t)sqlite3_column_int64(q, 6),
		.raw_bytes = sqlite3_column_int64(q, 7),
	};
	if (sm_unpack(t->strings.zstd, sqlite3_column_blob(q, 8),
		      (size_t)sqlite3_column_bytes(q, 8), -1, SM_BLOCK_RAW_MAX,
		      &t->zone))
		t->zone.len = 0;
	sqlite3_reset(q);
	/* A count out of range would send the cursor astray. */
	if (events < 1 || events > SM_BLOCK_EVENTS || row->id < 1 ||
	    row->id > INT64_MAX - SM_BLOCK_EVENTS)
		return SM_DAMAGED;
	return SM_OK;
}

enum sm_status sm_cursor_find(struct sm_trace_cursor *c, uint64_t position,
			      struct sm_cursor_row *row)
{
	struct sm_trace *t = c->trace;
	enum sm_status status = prepare(t);

	if (status)
		return status;
	status = read_row(t, t->at_or_before, position, row);
	if (!status && row->id + row->events > position)
		return SM_OK;
	if (status && status != SM_END)
		return status;
	return read_row(t, t->behind, position, row);
}

void sm_cursor_skip(struct sm_trace_cursor *c)
{
	sqlite3_stmt *q = NULL;
	int64_t next = -1;

	if (!sqlite3_prepare_v2(c->trace->db,
				"SELECT id FROM block WHERE id>? ORDER BY id "
				"LIMIT 1",
				-1, &q, NULL)) {
		sqlite3_bind_int64(q, 1, (int64_t)c->position);
		if (sqlite3_step(q) == SQLITE_ROW)
			next = sqlite3_column_int64(q, 0);
	}
	sqlite3_finalize(q);
	if (next > 0 && (uint64_t)next > c->position)
		c->position = (uint64_t)next;
	else
		c->is_over = true;
}

/* ------------------------------------------------------------- zone tests */

static bool zone_may_match(const struct sm_trace_cursor *c)
{
	struct sm_trace *t = c->trace;
	struct sm_bytes_reader r;
	uint64_t name = 0;

	if (!c->query.kinds || !sm_block_list(&t->zone, SM_LIST_EVENTS, &r) ||
	    !t->zone.len)
		return true;
	while (r.at < r.end) {
		name += sm_bytes_get_varint(&r);
		if (name >= t->name_count || c->kinds[t->names[name].kind])
			return true;
	}
	return false;
}

static bool zone_has_process(const struct sm_trace_cursor *c)
{
	struct sm_bytes_reader r;
	uint64_t process = 0;

	if (!c->trace->zone.len ||
	    !sm_block_list(&c->trace->zone, SM_LIST_PROCESSES, &r))
		return true;
	while (r.at < r.end) {
		process += sm_bytes_get_varint(&r);
		if (process == c->query.process)
			return true;
	}
	return false;
}

bool sm_cursor_may_match(const struct sm_trace_cursor *c,
			 const struct sm_cursor_row *row)
{
	const struct sm_trace_query *q = &c->query;

	if (row->last_ns < q->from_ns || (q->to_ns && row->first_ns > q->to_ns))
		return false;
	if (q->denied_only && !row->denials)
		return false;
	if (q->process &&
	    (q->process < row->first_process ||
	     q->process > row->last_process || !zone_has_process(c)))
		return false;
	return zone_may_match(c);
}
