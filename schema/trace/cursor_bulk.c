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
static uint32_t delivered(const struct sm_trace_cursor *c)
{
	uint64_t rows = c->position > c->base ? c->position - c->base : 0;

	return rows < c->block.events ? (uint32_t)rows : c->block.events;
}

static void skip_delivered(struct sm_trace_cursor *c)
{
	uint32_t end = delivered(c);

	for (uint32_t i = 0; i < end; i++)
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
		.is_one = c->scan.groups[group].is_one,
		.keys = c->scan.keys + from,
		.rows = c->has_whens ? c->scan.rows + from : NULL,
		.whens = c->has_whens ? &c->scan.whens : NULL,
		.first_row = group ? 0 : delivered(c),
		.end_row = group ? 0 : c->block.events,
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
				 uint32_t at)
{
	const uint64_t *values = NULL;
	struct sm_trace_when when;
	enum sm_status status =
		sm_scan_values(&c->scan, &c->block, group, &values);

	if (!status)
		status = sm_scan_when(&c->scan, c->first_ns, &c->block,
				      c->scan.groups[group].first + at, &when);
	sm_strings_relax(&c->trace->strings);
	if (!status)
		status = sm_trace_unpark(c->trace, NULL);
	if (!status)
		status = sm_cursor_fill(c, group, values + at,
					c->block.groups[group].events, &when);
	return status;
}

/* The event's number in its group, as *at; false: there is none such. */
static bool find_event(const struct sm_trace_cursor *c, uint32_t *at)
{
	uint32_t group = c->bulk_group - 1;

	if (!c->is_loaded || !c->bulk_group)
		return false;
	*at += c->groups[group].first;
	return *at < c->block.groups[group].events;
}

const struct sm_event *sm_trace_bulk_event(struct sm_trace_cursor *c,
					   uint32_t at)
{
	uint32_t group = c->bulk_group - 1;

	if (!find_event(c, &at))
		return NULL;
	c->broken = fill_event(c, group, at);
	return c->broken ? NULL : &c->groups[group].event;
}

bool sm_trace_bulk_when(struct sm_trace_cursor *c, uint32_t at,
			struct sm_trace_when *when)
{
	*when = (struct sm_trace_when){ 0 };
	if (!find_event(c, &at))
		return false;
	at += c->scan.groups[c->bulk_group - 1].first;
	c->broken = sm_scan_when(&c->scan, c->first_ns, &c->block, at, when);
	return !c->broken;
}
