/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cursor_ahead.c: gives blocks to unpack before they are asked for.
 */
#include "schema/trace/ahead.h"

/* Blocks read before a thread is worth its start: a trace this short is read
 * in the time that takes. */
#define ALONE 4

static enum sm_status fetch_packed(struct sm_trace *t, uint64_t id,
				   struct sm_bytes *packed)
{
	enum sm_status status = SM_DAMAGED;

	sqlite3_bind_int64(t->data, 1, (int64_t)id);
	if (sqlite3_step(t->data) == SQLITE_ROW) {
		const void *p = sqlite3_column_blob(t->data, 0);

		status = SM_OK;
		if (p)
			sm_bytes_put(packed, p,
				     (size_t)sqlite3_column_bytes(t->data, 0));
	}
	sqlite3_reset(t->data);
	if (!packed->has_failed)
		return status;
	packed->has_failed = false;
	return SM_NOMEM;
}

/* Gives the next row behind those given; false: none, or none yet. */
static bool give_one(struct sm_trace_cursor *c, struct sm_bytes *packed)
{
	struct sm_cursor_row row;

	do {
		if (sm_cursor_find(c, c->given, &row))
			return false;
		c->given = row.id + row.events;
	} while (!sm_cursor_may_match(c, &row));
	if (fetch_packed(c->trace, row.id, packed))
		return false;
	sm_ahead_give(c->ahead, &row);
	return true;
}

void sm_cursor_read_ahead(struct sm_trace_cursor *c, uint64_t position)
{
	struct sm_bytes *packed;

	if (c->loads < ALONE && ++c->loads == ALONE)
		c->ahead = sm_ahead_new(c->has_whens);
	if (!c->ahead || !sm_ahead_has_few(c->ahead))
		return;
	if (c->given < position)
		c->given = position;
	do
		packed = sm_ahead_room(c->ahead);
	while (packed && give_one(c, packed));
}

bool sm_cursor_take_ahead(struct sm_trace_cursor *c,
			  const struct sm_cursor_row *row)
{
	struct sm_unpacked block = { c->raw, c->scan, { 0 } };

	if (!c->ahead || !sm_ahead_take(c->ahead, row, &block))
		return false;
	c->raw = block.raw;
	c->scan = block.scan;
	c->block = block.head;
	c->first_ns = row->first_ns;
	return true;
}
