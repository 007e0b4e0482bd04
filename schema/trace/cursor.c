/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cursor.c: iterating over the events of a trace.
 *
 * The cursor's place is an event's number, not a row: tails it has read may
 * become part of a larger block meanwhile.
 */
#include <stdlib.h>

#include "schema/trace/order.h"
#include "schema/trace/reader.h"

/*
 * Unpacking a block in vain takes a millisecond, and a small file may hold a
 * million; with so many no reader goes on.
 */
#define DAMAGES_MAX 1000

/* What events of one group share; the event is patched in place. */
struct group {
	struct sm_event event;
	uint32_t site;	       /* smallest id of equal sites */
	bool is_wanted, holds; /* holds: its site's texts hold the needle */
	uint64_t key_seed;
	uint32_t key_from, key_count; /* in key_leaves */
	uint32_t first;		      /* bulk: rows before it were delivered */
	uint32_t where;		      /* bulk: its first in cursor->where */
};

struct sm_trace_cursor {
	struct sm_trace *trace;
	struct sm_trace_query query;
	bool kinds[SM_EVENTS];
	bool has_needle;
	struct sm_matches matches;
	uint64_t position; /* number of the next event to deliver */
	uint64_t base;	   /* number of the block's first event */
	bool is_loaded, is_over;
	uint32_t damages; /* blocks told of */
	struct sm_block block;
	uint32_t *order;
	struct group *groups;
	uint16_t *key_leaves; /* which leaves decide, group by group */
	bool is_broken;	      /* a string of the block is not there */
	uint32_t at;	      /* next row in order */
	uint32_t row;	      /* the one delivered */
	bool is_bulk;	      /* sm_trace_bulk(): times are not decoded */
	uint64_t first_ns;    /* bulk: of the block, */
	struct sm_bytes raw;  /* and its bytes: its row may go meanwhile */
	uint32_t bulk_group;  /* the next one; the last one delivered is -1 */
	uint64_t *bulk_keys;  /* SM_BLOCK_EVENTS of them */
	uint32_t *where;      /* rows of the block by group, when needed */
};

/* The row of `block`, before its data is looked at. */
struct row {
	uint64_t id, first_ns, last_ns;
	uint32_t events, first_process, last_process, denials;
	int64_t raw_bytes;
};

/* ----------------------------------------------------------- finding rows */

#define ROW_QUERY                                                              \
	"SELECT id,events,first_ns,last_ns,first_process,last_process,"        \
	"denials,raw_bytes,zone FROM block "

static enum sm_status prepare(struct sm_trace *t)
{
	if (!t->at_or_before &&
	    sqlite3_prepare_v2(t->db,
			       ROW_QUERY "WHERE id<=? ORDER BY id DESC LIMIT 1",
			       -1, &t->at_or_before, NULL))
		return SM_DAMAGED;
	if (!t->behind &&
	    sqlite3_prepare_v2(t->db,
			       ROW_QUERY "WHERE id>? ORDER BY id LIMIT 1", -1,
			       &t->behind, NULL))
		return SM_DAMAGED;
	if (!t->data &&
	    sqlite3_prepare_v2(t->db,
			       "SELECT data,postings FROM block WHERE id=?", -1,
			       &t->data, NULL))
		return SM_DAMAGED;
	return SM_OK;
}

/* SM_END: no such row. The zone is left in trace->zone, empty if damaged. */
static enum sm_status read_row(struct sm_trace *t, sqlite3_stmt *q,
			       uint64_t number, struct row *row)
{
	int64_t events;
	int code;

	sqlite3_bind_int64(q, 1, (int64_t)number);
	code = sqlite3_step(q);
	if (code != SQLITE_ROW) {
		sqlite3_reset(q);
		return code == SQLITE_DONE ? SM_END : SM_DAMAGED;
	}
	events = sqlite3_column_int64(q, 1);
	*row = (struct row){
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

/* The row holding event number position, or the next one behind it. */
static enum sm_status find_row(struct sm_trace_cursor *c, struct row *row)
{
	struct sm_trace *t = c->trace;
	enum sm_status status = prepare(t);

	if (status)
		return status;
	status = read_row(t, t->at_or_before, c->position, row);
	if (!status && row->id + row->events > c->position)
		return SM_OK;
	if (status == SM_DAMAGED)
		return status;
	return read_row(t, t->behind, c->position, row);
}

/* Goes behind a row that cannot even be read: to the next id, or the end. */
static void skip_unreadable(struct sm_trace_cursor *c)
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

static bool row_may_match(const struct sm_trace_cursor *c,
			  const struct row *row)
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

static bool site_holds(const struct sm_site *s, struct sm_str needle)
{
	const struct sm_str texts[] = { s->event, s->file, s->function,
					s->principal.name, s->principal.file };

	for (unsigned i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (memmem(texts[i].p, texts[i].len, needle.p, needle.len))
			return true;
	return false;
}

/* Postings are in trace->raw for now. */
static bool postings_may_match(const struct sm_trace_cursor *c)
{
	struct sm_trace *t = c->trace;
	struct sm_bytes_reader r;
	uint64_t id = 0;

	if (!sm_block_list(&t->raw, SM_LIST_STRINGS, &r))
		return true;
	while (r.at < r.end) {
		id += sm_bytes_get_varint(&r);
		if (id >= UINT32_MAX ||
		    sm_matches_has(&c->matches, (uint32_t)id))
			return true;
	}
	id = 0;
	if (!sm_block_list(&t->raw, SM_LIST_SITES, &r))
		return true;
	while (r.at < r.end) {
		id += sm_bytes_get_varint(&r);
		if (id >= t->site_count ||
		    site_holds(&t->sites[id].site, c->query.contains))
			return true;
	}
	return false;
}

/* ---------------------------------------------------------- loading blocks */

static void unload(struct sm_trace_cursor *c)
{
	sm_block_fini(&c->block);
	free(c->order);
	free(c->groups);
	free(c->key_leaves);
	free(c->where);
	c->where = NULL;
	c->key_leaves = NULL;
	c->order = NULL;
	c->groups = NULL;
	c->is_loaded = false;
	c->is_broken = false;
}

static void prepare_group(const struct sm_trace_cursor *c, struct group *g,
			  const struct sm_block_view *view)
{
	const struct sm_trace_site *site = &c->trace->sites[view->site];
	const struct sm_shape *shape = &c->block.shapes[view->shape];
	unsigned decision = shape->flags & SM_SHAPE_DECISION;
	unsigned shadow = shape->flags >> SM_SHAPE_SHADOW & SM_SHAPE_DECISION;

	*g = (struct group){
		.event = { .site = site->site,
			   .argc = shape->argc,
			   .args = shape->nodes,
			   .resolved = { { "", 0 }, { "", 0 } },
			   .verdict = { (enum sm_decision)decision, { "", 0 } },
			   .shadow = { (enum sm_decision)shadow, { "", 0 } } },
		.site = site->same_as,
	};
	g->is_wanted = (!c->query.kinds || c->kinds[site->site.kind]) &&
		       (!c->query.denied_only || decision >= SM_WARNED);
	if (c->has_needle && g->is_wanted)
		g->holds = site_holds(&site->site, c->query.contains);
}

static void prepare_key(struct sm_trace_cursor *c, struct group *g,
			const struct sm_shape *shape, uint32_t *used)
{
	enum sm_event_kind kind = g->event.site.kind;

	g->key_from = *used;
	g->key_seed = sm_shape_key_seed(shape, kind, g->site);
	for (uint32_t l = 0; l < shape->leaf_count; l++)
		if (sm_shape_leaf_is_key(shape, l, kind))
			c->key_leaves[(*used)++] = (uint16_t)l;
	g->key_count = *used - g->key_from;
}

/* Leaves of all groups together, an event of each. */
static size_t count_leaves(const struct sm_block *b)
{
	size_t n = 0;

	for (uint32_t i = 0; i < b->group_count; i++)
		n += b->shapes[b->groups[i].shape].leaf_count;
	return n;
}

static enum sm_status prepare_groups(struct sm_trace_cursor *c,
				     struct sm_diag *diag)
{
	struct sm_trace *t = c->trace;
	enum sm_status status = SM_OK;
	uint32_t used = 0;

	c->groups = malloc(c->block.group_count * sizeof(*c->groups) + 1);
	c->key_leaves = malloc(count_leaves(&c->block) * sizeof(uint16_t) + 1);
	if (!c->groups || !c->key_leaves)
		return SM_NOMEM;
	for (uint32_t i = 0; i < c->block.group_count && !status; i++) {
		const struct sm_block_view *view = &c->block.groups[i];

		if (view->site >= t->site_count)
			status = sm_trace_load_sites(t, diag);
		if (!status && (!view->site || view->site >= t->site_count))
			status = SM_DAMAGED;
		if (status)
			break;
		prepare_group(c, &c->groups[i], view);
		prepare_key(c, &c->groups[i], &c->block.shapes[view->shape],
			    &used);
	}
	return status;
}

static enum sm_status unpack_column(struct sm_trace *t, int column,
				    int64_t raw_bytes)
{
	const void *p = sqlite3_column_blob(t->data, column);
	int n = sqlite3_column_bytes(t->data, column);

	return sm_unpack(t->strings.zstd, p, (size_t)n, raw_bytes,
			 SM_BLOCK_RAW_MAX, &t->raw);
}

static enum sm_status fetch(struct sm_trace_cursor *c, const struct row *row,
			    bool *may_match)
{
	struct sm_trace *t = c->trace;
	enum sm_status status = SM_OK;

	*may_match = true;
	sqlite3_bind_int64(t->data, 1, (int64_t)row->id);
	if (sqlite3_step(t->data) != SQLITE_ROW) {
		status = SM_DAMAGED;
	} else if (c->has_needle) {
		/* Postings that cannot be read exclude nothing. */
		status = unpack_column(t, 1, -1);
		if (!status)
			*may_match = postings_may_match(c);
		if (status == SM_DAMAGED)
			status = SM_OK;
	}
	if (!status && *may_match)
		status = unpack_column(t, 0, row->raw_bytes);
	sqlite3_reset(t->data);
	return status;
}

static enum sm_status decode(struct sm_trace_cursor *c, const struct row *row)
{
	struct sm_bytes raw = c->trace->raw;

	if (!c->is_bulk)
		return sm_block_decode(raw.p, raw.len, row->events,
				       row->first_ns, &c->block);
	c->trace->raw = c->raw;
	c->raw = raw;
	c->first_ns = row->first_ns;
	return sm_block_decode_what(raw.p, raw.len, row->events, &c->block);
}

static enum sm_status load(struct sm_trace_cursor *c, const struct row *row,
			   struct sm_diag *diag)
{
	enum sm_status status;
	bool may_match;

	if (c->has_needle) {
		status = sm_matches_update(&c->matches, &c->trace->strings,
					   c->trace->db);
		if (status)
			return status;
	}
	status = fetch(c, row, &may_match);
	if (status || !may_match) {
		c->position = row->id + row->events;
		return status;
	}
	status = decode(c, row);
	if (!status)
		status = prepare_groups(c, diag);
	if (!status && !c->is_bulk)
		status = sm_block_order(&c->block, &c->order);
	if (status) {
		unload(c);
		c->position = row->id + row->events;
		return status;
	}
	c->base = row->id;
	c->at = 0;
	c->is_loaded = true;
	return SM_OK;
}

static enum sm_status damaged(struct sm_trace_cursor *c, uint64_t id,
			      uint64_t events, struct sm_diag *diag)
{
	if (++c->damages > DAMAGES_MAX) {
		c->is_over = true;
		return sm_fail(diag, SM_DAMAGED,
			       "%s: more than %d blocks are damaged: what "
			       "follows is not read; see secmgr-events "
			       "--recover",
			       c->trace->path, DAMAGES_MAX);
	}
	return sm_fail(diag, SM_DAMAGED,
		       "%s: block %llu is damaged: events %llu to %llu are "
		       "skipped",
		       c->trace->path, (unsigned long long)id,
		       (unsigned long long)id,
		       (unsigned long long)(id + events - 1));
}

static enum sm_status load_next(struct sm_trace_cursor *c, struct sm_diag *diag)
{
	struct row row;
	enum sm_status status;

	if (c->is_over)
		return SM_END;
	sm_trace_tell(c->trace, c->position);
	status = find_row(c, &row);
	if (status == SM_END)
		return status;
	if (status) {
		uint64_t from = c->position;

		skip_unreadable(c);
		return sm_fail(diag, SM_DAMAGED,
			       "%s: the block of event %llu cannot be read",
			       c->trace->path, (unsigned long long)from);
	}
	if (row.id > c->position) {
		uint64_t from = c->position;

		c->position = row.id;
		return sm_fail(diag, SM_DAMAGED,
			       "%s: events %llu to %llu are missing",
			       c->trace->path, (unsigned long long)from,
			       (unsigned long long)(row.id - 1));
	}
	if (!row_may_match(c, &row)) {
		c->position = row.id + row.events;
		return SM_OK;
	}
	status = load(c, &row, diag);
	return status == SM_DAMAGED ? damaged(c, row.id, row.events, diag)
				    : status;
}

/* --------------------------------------------------------------- delivering */

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
	const struct group *g = &c->groups[e->group];
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

static enum sm_status deliver(struct sm_trace_cursor *c,
			      const struct sm_event **event, uint32_t *site_id)
{
	const struct sm_block_event *e = &c->block.rows[c->row];
	struct group *g = &c->groups[e->group];
	const struct sm_block_view *view = &c->block.groups[e->group];
	const struct sm_shape *shape = &c->block.shapes[view->shape];
	const uint64_t *leaves = c->block.leaves + view->leaves + e->row;

	for (uint32_t l = 0; l < shape->leaf_count; l++) {
		enum sm_status status = patch(c, &shape->leaves[l],
					      leaves[(size_t)l * view->events],
					      &g->event, shape->nodes);

		if (status)
			return status;
	}
	g->event.seq = e->seq;
	g->event.time_ns = e->time_ns;
	g->event.process = c->block.actors[e->actor].process;
	g->event.thread = c->block.actors[e->actor].thread;
	*event = &g->event;
	*site_id = g->site;
	return SM_OK;
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
	unload(c);
	return SM_END;
}

/* Goes behind a block whose strings turn out not to be there. */
static enum sm_status give_up_block(struct sm_trace_cursor *c,
				    struct sm_diag *diag)
{
	uint64_t base = c->base, events = c->block.events;

	unload(c);
	c->position = base + events;
	return damaged(c, base, events, diag);
}

/*
 * Between polls the connection is given up: as long as one is open, a writer
 * cannot turn its log into a plain file.
 */
static void rest(struct sm_trace_cursor *c)
{
	if (!sm_trace_meta(c->trace, "closed"))
		sm_trace_park(c->trace);
}

static enum sm_status move(struct sm_trace_cursor *c, struct sm_diag *diag)
{
	for (;;) {
		enum sm_status status;

		if (c->is_loaded && c->is_broken)
			return give_up_block(c, diag);
		if (c->is_loaded && !advance(c))
			return SM_OK;
		status = sm_trace_unpark(c->trace, diag);
		if (!status)
			status = load_next(c, diag);
		if (status == SM_END)
			rest(c);
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
	if (!status)
		status = deliver(c, event, site_id);
	else
		return status;
	return status == SM_DAMAGED ? give_up_block(c, diag) : status;
}

static uint64_t key_at(const struct sm_trace_cursor *c, uint32_t group,
		       uint32_t row)
{
	const struct group *g = &c->groups[group];
	const struct sm_block_view *view = &c->block.groups[group];
	const uint64_t *leaves = c->block.leaves + view->leaves + row;
	const uint16_t *which = c->key_leaves + g->key_from;
	uint64_t key = g->key_seed;

	for (uint32_t i = 0; i < g->key_count; i++)
		key = sm_mix(key, leaves[(size_t)which[i] * view->events]);
	return key;
}

static uint64_t key_of(const struct sm_trace_cursor *c,
		       const struct sm_block_event *e)
{
	return key_at(c, e->group, e->row);
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
	enum sm_status status = SM_DAMAGED;
	uint32_t site;

	if (!c->is_loaded)
		return NULL;
	sm_strings_relax(&c->trace->strings);
	if (!sm_trace_unpark(c->trace, NULL))
		status = deliver(c, &event, &site);
	if (!status)
		return event;
	/* The next call that moves tells. */
	c->is_broken = true;
	return NULL;
}

/* -------------------------------------------------------------------- bulk */

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
	const struct group *g = &c->groups[group];
	uint32_t count = c->block.groups[group].events - g->first;

	for (uint32_t i = 0; i < count; i++)
		c->bulk_keys[i] = key_at(c, group, g->first + i);
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
		unload(c);
	}
	status = sm_trace_unpark(c->trace, diag);
	if (!status)
		status = load_next(c, diag);
	if (status == SM_END)
		rest(c);
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
		return give_up_block(c, diag);
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
	const struct group *g;

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
	unload(c);
	sm_matches_fini(&c->matches);
	sm_bytes_fini(&c->raw);
	free(c->bulk_keys);
	free(c);
}

bool sm_trace_may_grow(struct sm_trace_cursor *c)
{
	struct sm_trace *t = c->trace;
	struct row row;

	if (sm_trace_meta(t, "closed"))
		return false;
	if (t->db)
		return true;
	if (sm_db_is_written(t->path))
		return true;
	/* Killed, or closed since: what it committed last may be unread. */
	return !sm_trace_unpark(t, NULL) && find_row(c, &row) != SM_END;
}
