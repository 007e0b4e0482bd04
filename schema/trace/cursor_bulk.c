/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cursor_bulk.c: events by groups, without their times.
 */
#include <stdlib.h>

#include "schema/trace/cursor.h"

/* Rows delivered before blocks were merged into this one come first. */
static void skip_delivered(struct sm_trace_cursor *c)
{
	uint64_t delivered = c->position > c->base ? c->position - c->base : 0;

	for (uint32_t i = 0; i < c->block.events && i < delivered; i++)
		c->groups[c->block.rows[i].group].first++;
	c->bulk_group = 0;
}

static void fill_bulk(struct sm_trace_cursor *c, struct sm_trace_bulk *bulk)
{
	uint32_t group = c->bulk_group++;
	const struct sm_cursor_group *g = &c->groups[group];
	uint32_t count = c->block.groups[group].events - g->first;

	for (uint32_t i = 0; i < count; i++)
		c->bulk_keys[i] = sm_cursor_key(c, group, g->first + i);
	*bulk = (struct sm_trace_bulk){
		.site_id = g->site,
		.count = count,
		.decision = (uint8_t)g->event.verdict.decision,
		.shadow = (uint8_t)g->event.shadow.decision,
		.keys = c->bulk_keys,
	};
}

static enum sm_status load_bulk(struct sm_trace_cursor *c, struct sm_diag *diag)
{
	enum sm_status status;

	if (c->is_loaded) {
		c->position = c->base + c->block.events;
		sm_cursor_unload(c);
	}
	status = sm_trace_unpark(c->trace, diag);
	if (!status)
		status = sm_cursor_next_block(c, diag);
	if (status == SM_END)
		sm_cursor_rest(c);
	if (!status && c->is_loaded)
		skip_delivered(c);
	return status;
}

enum sm_status sm_trace_bulk(struct sm_trace_cursor *c,
			     struct sm_trace_bulk *bulk, struct sm_diag *diag)
{
	c->is_bulk = true;
	if (!c->bulk_keys)
		c->bulk_keys = malloc(SM_BLOCK_EVENTS * sizeof(uint64_t));
	if (!c->bulk_keys)
		return sm_fail(diag, SM_NOMEM, "%s: out of memory",
			       c->trace->path);
	if (c->is_loaded && c->is_broken)
		return sm_cursor_give_up(c, diag);
	while (!c->is_loaded || c->bulk_group == c->block.group_count) {
		enum sm_status status = load_bulk(c, diag);

		if (status)
			return status;
	}
	fill_bulk(c, bulk);
	return SM_OK;
}

/* Which row of the block the k-th event of a group is. */
static bool find_rows(struct sm_trace_cursor *c)
{
	uint32_t total = 0;

	if (c->where)
		return true;
	c->where = malloc(c->block.events * sizeof(*c->where));
	if (!c->where)
		return false;
	for (uint32_t g = 0; g < c->block.group_count; g++) {
		c->groups[g].where = total;
		total += c->block.groups[g].events;
	}
	for (uint32_t i = 0; i < c->block.events; i++) {
		const struct sm_block_event *e = &c->block.rows[i];

		c->where[c->groups[e->group].where + e->row] = i;
	}
	return true;
}

const struct sm_event *sm_trace_bulk_event(struct sm_trace_cursor *c,
					   uint32_t at)
{
	const struct sm_cursor_group *g;

	if (!c->is_loaded || !c->bulk_group)
		return NULL;
	g = &c->groups[c->bulk_group - 1];
	if (at >= c->block.groups[c->bulk_group - 1].events - g->first ||
	    !find_rows(c))
		return NULL;
	c->row = c->where[g->where + g->first + at];
	if (!sm_block_decode_when(c->raw.p, c->raw.len, c->first_ns, &c->block))
		return sm_trace_event(c);
	c->is_broken = true;
	return NULL;
}
