/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cursor.c: iterating over the events of a trace, one by one.
 */
#include <stdlib.h>

#include "schema/trace/ahead.h"

/*
 * Between polls the connection is given up: as long as one is open, a writer
 * cannot turn its log into a plain file.
 */
void sm_cursor_rest(struct sm_trace_cursor *c)
{
	if (!sm_trace_meta(c->trace, "closed"))
		sm_trace_park(c->trace);
}

static uint64_t leaf(const struct sm_trace_cursor *c, uint32_t l)
{
	const struct sm_block_event *e = &c->block.rows[c->row];
	const struct sm_block_view *view = &c->block.groups[e->group];

	return c->block
		.leaves[view->leaves + (size_t)l * view->events + e->row];
}

static bool leaves_hold(const struct sm_trace_cursor *c,
			const struct sm_shape *shape)
{
	for (uint32_t l = 0; l < shape->leaf_count; l++) {
		uint64_t id;

		/* Hashes are bytes too, but nobody's text. */
		if (shape->leaves[l].kind != SM_LEAF_STRING ||
		    shape->leaves[l].target == SM_LEAF_TO_HASH)
			continue;
		id = leaf(c, l);
		if (id && (id >= UINT32_MAX ||
			   sm_matches_has(&c->matches, (uint32_t)id)))
			return true;
	}
	return false;
}

static bool is_wanted(const struct sm_trace_cursor *c)
{
	const struct sm_block_event *e = &c->block.rows[c->row];
	const struct sm_cursor_group *g = &c->groups[e->group];
	const struct sm_trace_query *q = &c->query;

	if (!g->is_wanted || c->base + c->row < c->position)
		return false;
	if (e->time_ns < q->from_ns || (q->to_ns && e->time_ns > q->to_ns))
		return false;
	if (q->process && c->block.actors[e->actor].process != q->process)
		return false;
	return !c->has_needle || g->holds ||
	       leaves_hold(c,
			   &c->block.shapes[c->block.groups[e->group].shape]);
}

static enum sm_status get_string(const struct sm_trace_cursor *c, uint64_t id,
				 struct sm_str *out)
{
	if (id > UINT32_MAX)
		return SM_DAMAGED;
	return sm_strings_get(&c->trace->strings, c->trace->db, (uint32_t)id,
			      out);
}

static void set_full_length(struct sm_value *v, uint64_t full_len)
{
	v->full_len =
		v->type == SM_DIGEST || full_len > v->len ? full_len : v->len;
}

static enum sm_status patch(const struct sm_trace_cursor *c,
			    const struct sm_leaf *l, uint64_t bits,
			    struct sm_event *event, struct sm_value *nodes)
{
	struct sm_value *v = &nodes[l->node];
	struct sm_str s;
	enum sm_status status = SM_OK;

	switch (l->target) {
	case SM_LEAF_TO_STRING:
		status = get_string(c, bits, &s);
		if (status)
			return status;
		v->s = s.p;
		v->len = s.len;
		v->full_len = s.len;
		break;
	case SM_LEAF_TO_INT:
		v->i = (int64_t)bits;
		break;
	case SM_LEAF_TO_FLOAT:
		memcpy(&v->f, &bits, sizeof(v->f));
		break;
	case SM_LEAF_TO_FULL_LEN:
		set_full_length(v, bits);
		break;
	case SM_LEAF_TO_HASH:
		status = get_string(c, bits, &s);
		if (!status && !sm_shape_hash(s, &v->i))
			status = SM_DAMAGED;
		break;
	case SM_LEAF_TO_RESOLVED:
		status = get_string(c, bits, &event->resolved[l->node]);
		break;
	case SM_LEAF_TO_SHADOW_RULE:
		status = get_string(c, bits, &event->shadow.rule);
		break;
	default:
		status = get_string(c, bits, &event->verdict.rule);
		break;
	}
	return status;
}

enum sm_status sm_cursor_fill(struct sm_trace_cursor *c, uint32_t group,
			      const uint64_t *leaves, size_t stride,
			      const struct sm_trace_when *when)
{
	struct sm_cursor_group *g = &c->groups[group];
	const struct sm_shape *shape =
		&c->block.shapes[c->block.groups[group].shape];
	const struct sm_trace_process_info *process;

	for (uint32_t l = 0; l < shape->leaf_count; l++) {
		enum sm_status status =
			patch(c, &shape->leaves[l], leaves[(size_t)l * stride],
			      &g->event, shape->nodes);

		if (status)
			return status;
	}
	g->event.seq = when->seq;
	g->event.time_ns = when->time_ns;
	g->event.process = when->process;
	g->event.thread = when->thread;
	process = sm_trace_process(c->trace, g->event.process);
	g->event.named = process ? process->start.named : NULL;
	return SM_OK;
}

static enum sm_status deliver(struct sm_trace_cursor *c,
			      const struct sm_event **event, uint32_t *site_id)
{
	const struct sm_block_event *e = &c->block.rows[c->row];
	const struct sm_block_view *view = &c->block.groups[e->group];
	const struct sm_block_actor *actor = &c->block.actors[e->actor];
	const struct sm_trace_when when = { e->time_ns, e->seq, actor->process,
					    actor->thread };
	enum sm_status status = sm_cursor_fill(
		c, e->group, c->block.leaves + view->leaves + e->row,
		view->events, &when);

	*event = status ? NULL : &c->groups[e->group].event;
	*site_id = c->groups[e->group].site;
	return status;
}

/* Moves to the next wanted row of the block; SM_END behind its last. */
static enum sm_status advance(struct sm_trace_cursor *c)
{
	while (c->at < c->block.events) {
		c->row = c->order ? c->order[c->at] : c->at;
		c->at++;
		if (is_wanted(c))
			return SM_OK;
	}
	c->position = c->base + c->block.events;
	sm_cursor_unload(c);
	return SM_END;
}

static enum sm_status move(struct sm_trace_cursor *c, struct sm_diag *diag)
{
	for (;;) {
		enum sm_status status;

		if (c->is_loaded && c->broken)
			return sm_cursor_give_up(c, c->broken, diag);
		if (c->is_loaded && !advance(c))
			return SM_OK;
		status = sm_trace_unpark(c->trace, diag);
		if (!status)
			status = sm_cursor_next_block(c, diag);
		if (status == SM_END)
			sm_cursor_rest(c);
		if (status)
			return status;
	}
}

enum sm_status sm_trace_next(struct sm_trace_cursor *c,
			     const struct sm_event **event, uint32_t *site_id,
			     struct sm_diag *diag)
{
	enum sm_status status;

	*event = NULL;
	*site_id = 0;
	sm_strings_relax(&c->trace->strings);
	status = move(c, diag);
	if (!status)
		status = sm_trace_unpark(c->trace, diag);
	if (status)
		return status;
	status = deliver(c, event, site_id);
	return status ? sm_cursor_give_up(c, status, diag) : SM_OK;
}

static uint64_t key_of(const struct sm_trace_cursor *c,
		       const struct sm_block_event *e)
{
	const struct sm_cursor_group *g = &c->groups[e->group];
	const struct sm_block_view *view = &c->block.groups[e->group];
	const uint64_t *leaves = c->block.leaves + view->leaves + e->row;
	const uint16_t *which = c->key_leaves + g->key_from;
	uint64_t key = g->key_seed;

	for (uint32_t i = 0; i < g->key_count; i++)
		key += sm_mix(leaves[(size_t)which[i] * view->events],
			      sm_shape_key_salt(which[i]));
	return key;
}

uint64_t sm_trace_key(const struct sm_trace_cursor *c)
{
	return c->is_loaded ? key_of(c, &c->block.rows[c->row]) : 0;
}

enum sm_status sm_trace_skim(struct sm_trace_cursor *c,
			     struct sm_trace_brief *brief, struct sm_diag *diag)
{
	const struct sm_block_event *e;
	enum sm_status status = move(c, diag);

	if (status)
		return status;
	e = &c->block.rows[c->row];
	*brief = (struct sm_trace_brief){
		.key = key_of(c, e),
		.seq = e->seq,
		.time_ns = e->time_ns,
		.site_id = c->groups[e->group].site,
		.process = c->block.actors[e->actor].process,
		.decision = (uint8_t)c->groups[e->group].event.verdict.decision,
		.shadow = (uint8_t)c->groups[e->group].event.shadow.decision,
	};
	return SM_OK;
}

const struct sm_event *sm_trace_event(struct sm_trace_cursor *c)
{
	const struct sm_event *event;
	enum sm_status status;
	uint32_t site;

	if (!c->is_loaded)
		return NULL;
	sm_strings_relax(&c->trace->strings);
	status = sm_trace_unpark(c->trace, NULL);
	if (!status)
		status = deliver(c, &event, &site);
	if (!status)
		return event;
	/* The next call that moves tells. */
	c->broken = status;
	return NULL;
}

/* -------------------------------------------------------------- life cycle */

enum sm_status sm_trace_events(struct sm_trace *trace,
			       const struct sm_trace_query *query,
			       struct sm_trace_cursor **out,
			       struct sm_diag *diag)
{
	struct sm_trace_cursor *c = calloc(1, sizeof(*c));
	enum sm_status status = c ? SM_OK : SM_NOMEM;

	*out = NULL;
	if (c) {
		c->trace = trace;
		c->position = 1;
		c->query = query ? *query : (struct sm_trace_query){ 0 };
		if (c->query.kinds)
			memcpy(c->kinds, c->query.kinds, sizeof(c->kinds));
		c->has_needle = c->query.contains.len > 0;
	}
	if (c && c->has_needle) {
		status = sm_matches_init(&c->matches, c->query.contains);
		c->query.contains = c->matches.needle;
	}
	if (status) {
		sm_trace_cursor_free(c);
		return sm_fail(diag, status, "%s: out of memory", trace->path);
	}
	*out = c;
	return SM_OK;
}

void sm_trace_cursor_free(struct sm_trace_cursor *c)
{
	if (!c)
		return;
	sm_ahead_free(c->ahead);
	sm_cursor_unload(c);
	sm_matches_fini(&c->matches);
	sm_bytes_fini(&c->raw);
	sm_scan_fini(&c->scan);
	free(c);
}

bool sm_trace_may_grow(struct sm_trace_cursor *c)
{
	struct sm_trace *t = c->trace;
	struct sm_cursor_row row;

	if (sm_trace_meta(t, "closed"))
		return false;
	if (t->db)
		return true;
	if (sm_db_is_written(t->path))
		return true;
	/* Killed, or closed since: what it committed last may be unread. */
	return !sm_trace_unpark(t, NULL) &&
	       sm_cursor_find(c, c->position, &row) != SM_END;
}
