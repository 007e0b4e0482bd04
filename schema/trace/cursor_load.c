/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cursor_load.c: from a row to a decoded block and its groups.
 */
#include <stdlib.h>

#include "schema/trace/cursor.h"
#include "schema/trace/order.h"

/*
 * Unpacking a block in vain takes a millisecond, and a small file may hold a
 * million; with so many no reader goes on.
 */
#define DAMAGES_MAX 1000

static bool site_holds(const struct sm_site *s, struct sm_str needle)
{
	const struct sm_str texts[] = {
		s->event,	   s->file,	      s->function,
		s->principal.name, s->principal.file, s->principal.function
	};

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

void sm_cursor_unload(struct sm_trace_cursor *c)
{
	sm_block_fini(&c->block);
	free(c->order);
	free(c->groups);
	free(c->key_leaves);
	c->key_leaves = NULL;
	c->order = NULL;
	c->groups = NULL;
	c->is_loaded = false;
	c->broken = SM_OK;
}

static void prepare_group(const struct sm_trace_cursor *c,
			  struct sm_cursor_group *g,
			  const struct sm_block_view *view)
{
	const struct sm_trace_site *site = &c->trace->sites[view->site];
	const struct sm_shape *shape = &c->block.shapes[view->shape];
	unsigned decision = shape->flags & SM_SHAPE_DECISION;
	unsigned shadow = shape->flags >> SM_SHAPE_SHADOW & SM_SHAPE_DECISION;

	*g = (struct sm_cursor_group){
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

static void prepare_key(struct sm_trace_cursor *c, struct sm_cursor_group *g,
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

	if (!p && sm_db_status(t->db) == SM_NOMEM)
		return SM_NOMEM;
	return sm_unpack(t->strings.zstd, p, (size_t)n, raw_bytes,
			 SM_BLOCK_RAW_MAX, &t->raw);
}

static enum sm_status fetch(struct sm_trace_cursor *c,
			    const struct sm_cursor_row *row, bool *may_match)
{
	struct sm_trace *t = c->trace;
	enum sm_status status = SM_OK;

	*may_match = true;
	sqlite3_bind_int64(t->data, 1, (int64_t)row->id);
	if (sqlite3_step(t->data) != SQLITE_ROW) {
		status = sm_db_status(t->db);
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

static enum sm_status decode(struct sm_trace_cursor *c,
			     const struct sm_cursor_row *row)
{
	struct sm_bytes raw = c->trace->raw;

	if (!c->is_bulk)
		return sm_block_decode(raw.p, raw.len, row->events,
				       row->first_ns, &c->block);
	c->trace->raw = c->raw;
	c->raw = raw;
	c->first_ns = row->first_ns;
	return sm_scan_begin(&c->scan, raw.p, raw.len, row->events, &c->block);
}

/* Of a bulk: all keys, and when they were if that is asked for. */
static enum sm_status scan(struct sm_trace_cursor *c)
{
	for (uint32_t i = 0; i < c->block.group_count; i++) {
		const struct sm_cursor_group *g = &c->groups[i];
		const struct sm_scan_key key = {
			.seed = g->key_seed,
			.leaves = c->key_leaves + g->key_from,
			.count = g->key_count,
		};

		sm_scan_keys(&c->scan, &c->block, i, &key);
	}
	if (!sm_scan_end(&c->scan))
		return SM_DAMAGED;
	return c->has_whens ? sm_scan_whens(&c->scan, c->first_ns, &c->block)
			    : SM_OK;
}

static enum sm_status load(struct sm_trace_cursor *c,
			   const struct sm_cursor_row *row,
			   struct sm_diag *diag)
{
	enum sm_status status = SM_OK;
	bool may_match;

	if (c->has_needle) {
		status = sm_matches_update(&c->matches, &c->trace->strings,
					   c->trace->db);
		if (status)
			return status;
	}
	if (!sm_cursor_take_ahead(c, row)) {
		status = fetch(c, row, &may_match);
		if (status || !may_match) {
			c->position = row->id + row->events;
			return status;
		}
		status = decode(c, row);
	}
	if (!status)
		status = prepare_groups(c, diag);
	if (!status)
		status = c->is_bulk ? scan(c)
				    : sm_block_order(&c->block, &c->order);
	if (status) {
		sm_cursor_unload(c);
		c->position = row->id + row->events;
		return status;
	}
	c->base = row->id;
	c->at = 0;
	c->is_loaded = true;
	if (c->is_bulk)
		sm_cursor_read_ahead(c, row->id + row->events);
	return SM_OK;
}

static enum sm_status no_memory(const struct sm_trace_cursor *c,
				struct sm_diag *diag)
{
	return sm_fail(diag, SM_NOMEM, "%s: out of memory", c->trace->path);
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

enum sm_status sm_cursor_next_block(struct sm_trace_cursor *c,
				    struct sm_diag *diag)
{
	struct sm_cursor_row row;
	enum sm_status status;

	if (c->is_over)
		return SM_END;
	sm_trace_tell(c->trace, c->position);
	status = sm_cursor_find(c, c->position, &row);
	if (status == SM_END)
		return status;
	if (status == SM_NOMEM)
		return no_memory(c, diag);
	if (status) {
		uint64_t from = c->position;

		sm_cursor_skip(c);
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
	if (!sm_cursor_may_match(c, &row)) {
		c->position = row.id + row.events;
		return SM_OK;
	}
	status = load(c, &row, diag);
	if (status == SM_NOMEM)
		return no_memory(c, diag);
	return status == SM_DAMAGED ? damaged(c, row.id, row.events, diag)
				    : status;
}

enum sm_status sm_cursor_give_up(struct sm_trace_cursor *c, enum sm_status why,
				 struct sm_diag *diag)
{
	uint64_t base = c->base, events = c->block.events;

	sm_cursor_unload(c);
	c->position = base + events;
	return why == SM_NOMEM ? no_memory(c, diag)
			       : damaged(c, base, events, diag);
}
