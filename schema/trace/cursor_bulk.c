/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cursor_bulk.c: events by groups.
 */
#include "schema/trace/cursor.h"

void sm_trace_bulk_with_whens(struct sm_trace_cursor *c)
{
	c->has_whens = true;
}

/* Rows delivered before blocks were merged into this one come first. */
static void skip_delivered(struct sm_trace_cursor *c)
{
	uint64_t delivered = c->position > c->base ? c->position - c->base : 0;

	for (uint32_t i = 0; i < c->block.events && i < delivered; i++)
		c->groups[c->scan.group_of[i]].first++;
	c->bulk_group = 0;
}

static void fill_bulk(struct sm_trace_cursor *c, struct sm_trace_bulk *bulk)
{
	uint32_t group = c->bulk_group++;
	const struct sm_cursor_group *g = &c->groups[group];
	uint32_t from = c->scan.groups[group].first + g->first;

	*bulk = (struct sm_trace_bulk){
		.site_id = g->site,
		.count = c->block.groups[group].events - g->first,
		.decision = (uint8_t)g->event.verdict.decision,
		.shadow = (uint8_t)g->event.shadow.decision,
		.keys = c->scan.keys + from,
		.whens = c->has_whens ? c->scan.whens + from : NULL,
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
	if (c->is_loaded && c->broken)
		return sm_cursor_give_up(c, c->broken, diag);
	while (!c->is_loaded || c->bulk_group == c->block.group_count) {
		enum sm_status status = load_bulk(c, diag);

		if (status)
			return status;
	}
	fill_bulk(c, bulk);
	return SM_OK;
}

static enum sm_status fill_event(struct sm_trace_cursor *c, uint32_t group,
				 uint32_t row)
{
	const uint64_t *values = NULL;
	enum sm_status status =
		sm_scan_values(&c->scan, &c->block, group, &values);

	if (!status)
		status = sm_scan_whens(&c->scan, c->first_ns, &c->block);
	sm_strings_relax(&c->trace->strings);
	if (!status)
		status = sm_trace_unpark(c->trace, NULL);
	if (!status)
		status = sm_cursor_fill(
			c, group, values + row, c->block.groups[group].events,
			&c->scan.whens[c->scan.groups[group].first + row]);
	return status;
}

const struct sm_event *sm_trace_bulk_event(struct sm_trace_cursor *c,
					   uint32_t at)
{
	uint32_t group = c->bulk_group - 1;

	if (!c->is_loaded || !c->bulk_group)
		return NULL;
	at += c->groups[group].first;
	if (at >= c->block.groups[group].events)
		return NULL;
	c->broken = fill_event(c, group, at);
	return c->broken ? NULL : &c->groups[group].event;
}
