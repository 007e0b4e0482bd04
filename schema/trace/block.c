/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/trace/block.h"

#include <stdlib.h>

#include "schema/trace/frame.h"

/* Bytes an event, a group and a leaf can take at most in a raw block. */
enum { EVENT_BYTES = 48, GROUP_BYTES = 10, LEAF_BYTES = 10 };

enum sm_status sm_block_builder_init(struct sm_block_builder *b)
{
	*b = (struct sm_block_builder){ 0 };
	b->rows = malloc(SM_BLOCK_EVENTS * sizeof(*b->rows));
	return b->rows ? SM_OK : SM_NOMEM;
}

void sm_block_builder_clear(struct sm_block_builder *b)
{
	for (size_t i = 0; i < b->shape_count; i++)
		sm_shape_fini(&b->shapes[i].decoded);
	b->count = 0;
	b->leaf_count = b->group_count = b->shape_count = 0;
	b->raw_bytes = 0;
	b->shape_text.len = 0;
	sm_map_clear(&b->group_of);
	sm_map_clear(&b->shape_of);
}

void sm_block_builder_fini(struct sm_block_builder *b)
{
	sm_block_builder_clear(b);
	free(b->rows);
	free(b->leaves);
	free(b->groups);
	free(b->shapes);
	sm_bytes_fini(&b->shape_text);
	sm_map_fini(&b->group_of);
	sm_map_fini(&b->shape_of);
	*b = (struct sm_block_builder){ 0 };
}

bool sm_block_builder_is_full(const struct sm_block_builder *b)
{
	size_t largest = EVENT_BYTES + GROUP_BYTES + SM_SHAPE_MAX +
			 LEAF_BYTES * SM_LEAVES_MAX + 256;

	return b->count >= SM_BLOCK_EVENTS ||
	       b->raw_bytes + largest > SM_BLOCK_RAW_MAX;
}

static enum sm_status add_shape(struct sm_block_builder *b, uint64_t key,
				const uint8_t *text, uint32_t len,
				uint32_t *shape)
{
	struct sm_bytes_reader r = { text, text + len, false };
	struct sm_built_shape *s;
	enum sm_status status;

	status = sm_array_reserve((void **)&b->shapes, &b->shape_room,
				  b->shape_count + 1, sizeof(*b->shapes));
	if (status)
		return status;
	s = &b->shapes[b->shape_count];
	s->at = (uint32_t)b->shape_text.len;
	s->len = len;
	status = sm_shape_decode(&r, &s->decoded);
	if (status)
		return status;
	sm_bytes_put(&b->shape_text, text, len);
	if (b->shape_text.has_failed) {
		b->shape_text.has_failed = false;
		status = SM_NOMEM;
	} else {
		status =
			sm_map_add(&b->shape_of, key, (uint32_t)b->shape_count);
	}
	if (status) {
		b->shape_text.len = s->at;
		sm_shape_fini(&s->decoded);
		return status;
	}
	b->raw_bytes += len;
	*shape = (uint32_t)b->shape_count++;
	return SM_OK;
}

enum sm_status sm_block_builder_shape(struct sm_block_builder *b,
				      const uint8_t *text, uint32_t len,
				      uint32_t *shape)
{
	uint64_t key = sm_bytes_hash(text, len, 0);

	for (;; key++) {
		uint32_t at = sm_map_get(&b->shape_of, key);
		struct sm_built_shape *s;

		if (at == SM_MAP_NONE)
			return add_shape(b, key, text, len, shape);
		s = &b->shapes[at];
		if (s->len == len &&
		    !memcmp(b->shape_text.p + s->at, text, len)) {
			*shape = at;
			return SM_OK;
		}
	}
}

static enum sm_status find_group(struct sm_block_builder *b, uint32_t site,
				 uint32_t shape, uint32_t *group)
{
	uint64_t key = (uint64_t)site << 32 | shape;
	enum sm_status status;

	*group = sm_map_get(&b->group_of, key);
	if (*group != SM_MAP_NONE)
		return SM_OK;
	*group = (uint32_t)b->group_count;
	status = sm_array_reserve((void **)&b->groups, &b->group_room,
				  b->group_count + 1, sizeof(*b->groups));
	if (!status)
		status = sm_map_add(&b->group_of, key, *group);
	if (status)
		return status;
	b->groups[b->group_count++] = (struct sm_block_group){ site, shape };
	b->raw_bytes += GROUP_BYTES;
	return SM_OK;
}

enum sm_status sm_block_builder_add(struct sm_block_builder *b, uint32_t site,
				    uint32_t shape, struct sm_block_row *row,
				    const uint64_t *leaves)
{
	uint32_t n = b->shapes[shape].decoded.leaf_count;
	enum sm_status status = find_group(b, site, shape, &row->group);

	if (!status)
		status =
			sm_array_reserve((void **)&b->leaves, &b->leaf_room,
					 b->leaf_count + n, sizeof(*b->leaves));
	if (status)
		return status;
	row->leaf = (uint32_t)b->leaf_count;
	if (n)
		memcpy(b->leaves + b->leaf_count, leaves, n * sizeof(*leaves));
	b->leaf_count += n;
	b->rows[b->count++] = *row;
	b->raw_bytes += EVENT_BYTES + (size_t)n * LEAF_BYTES;
	return SM_OK;
}

void sm_block_summary_fini(struct sm_block_summary *s)
{
	sm_bytes_fini(&s->zone);
	sm_bytes_fini(&s->postings);
	sm_bytes_fini(&s->raw);
	*s = (struct sm_block_summary){ 0 };
}

/* ---------------------------------------------------------------- encoding */

struct bit_writer {
	struct sm_bytes *out;
	uint64_t bits;
	unsigned count; /* below 8 between calls */
};

static void put_bits(struct bit_writer *w, uint64_t value, unsigned count)
{
	while (count > 32) {
		put_bits(w, value & 0xffffffff, 32);
		value >>= 32;
		count -= 32;
	}
	w->bits |= value << w->count;
	w->count += count;
	for (; w->count >= 8; w->count -= 8, w->bits >>= 8)
		sm_bytes_put_byte(w->out, (uint8_t)w->bits);
}

/*
 * A number as a magnitude byte (bit length and the two bits below the top one)
 * and the rest as bits: the byte is compressible, the rest is noise that would
 * only spoil the tables of its neighbours.
 */
static void put_log(struct sm_bytes *magnitudes, struct bit_writer *low,
		    uint64_t value)
{
	unsigned rest;

	if (value < 4) {
		sm_bytes_put_byte(magnitudes, (uint8_t)value);
		return;
	}
	rest = 61u - (unsigned)__builtin_clzll(value);
	sm_bytes_put_byte(magnitudes,
			  (uint8_t)(4 + rest * 4 + ((value >> rest) & 3)));
	put_bits(low, value & ((UINT64_C(1) << rest) - 1), rest);
}

/* A range of a builder on its way into columns. */
struct encoding {
	const struct sm_block_builder *b;
	uint32_t from, to;
	uint32_t *local_of;    /* builder's group -> block's group + 1 */
	uint32_t *groups;      /* block's group -> builder's */
	uint32_t *starts;      /* where a group's rows start in by_group */
	uint32_t *by_group;    /* rows, ordered by group, then time */
	uint32_t *shape_local; /* builder's shape -> block's shape + 1 */
	uint32_t group_count;
	struct sm_bytes columns[SM_COLUMNS];
	struct sm_map processes, actors, strings, sites, names;
	struct process_state {
		uint64_t seq, time_ns;
	} * states;
	size_t state_room;
	enum sm_status status;
};

static void fini_encoding(struct encoding *e)
{
	free(e->local_of);
	free(e->groups);
	free(e->starts);
	free(e->by_group);
	free(e->shape_local);
	free(e->states);
	for (unsigned i = 0; i < SM_COLUMNS; i++)
		sm_bytes_fini(&e->columns[i]);
	sm_map_fini(&e->processes);
	sm_map_fini(&e->actors);
	sm_map_fini(&e->strings);
	sm_map_fini(&e->sites);
	sm_map_fini(&e->names);
}

static void add_to_set(struct encoding *e, struct sm_map *set, uint64_t key)
{
	if (!e->status && sm_map_get(set, key) == SM_MAP_NONE)
		e->status = sm_map_add(set, key, 0);
}

static enum sm_status group_rows(struct encoding *e)
{
	const struct sm_block_builder *b = e->b;
	uint32_t n = e->to - e->from, at = 0;

	e->local_of = calloc(b->group_count + 1, sizeof(*e->local_of));
	e->shape_local = calloc(b->shape_count + 1, sizeof(*e->shape_local));
	e->groups = malloc((b->group_count + 1) * sizeof(*e->groups));
	e->starts = calloc(b->group_count + 1, sizeof(*e->starts));
	e->by_group = malloc((n + 1) * sizeof(*e->by_group));
	if (!e->local_of || !e->shape_local || !e->groups || !e->starts ||
	    !e->by_group)
		return SM_NOMEM;
	for (uint32_t i = e->from; i < e->to; i++) {
		uint32_t g = b->rows[i].group;

		if (!e->local_of[g]) {
			e->groups[e->group_count] = g;
			e->local_of[g] = ++e->group_count;
		}
		e->starts[e->local_of[g]]++;
	}
	/* Counts, shifted by one, become ends of the group before: starts. */
	for (uint32_t g = 0; g <= e->group_count && g <= b->group_count; g++) {
		at += e->starts[g];
		e->starts[g] = at;
	}
	for (uint32_t i = e->from; i < e->to; i++)
		e->by_group[e->starts[e->local_of[b->rows[i].group] - 1]++] = i;
	for (uint32_t g = e->group_count; g; g--)
		e->starts[g] = e->starts[g - 1];
	e->starts[0] = 0;
	return SM_OK;
}

static void put_groups(struct encoding *e)
{
	struct sm_bytes *groups = &e->columns[SM_COLUMN_GROUPS];
	uint32_t shapes = 0;
	uint64_t last = 0;

	for (uint32_t g = 0; g < e->group_count; g++) {
		const struct sm_block_group *from = &e->b->groups[e->groups[g]];
		uint32_t *local = &e->shape_local[from->shape];

		if (!*local) {
			const struct sm_built_shape *s =
				&e->b->shapes[from->shape];

			sm_bytes_put(&e->columns[SM_COLUMN_SHAPES],
				     e->b->shape_text.p + s->at, s->len);
			*local = ++shapes;
		}
		sm_bytes_put_varint(groups, sm_zigzag(from->site - last));
		sm_bytes_put_varint(groups, *local - 1);
		last = from->site;
		add_to_set(e, &e->sites, from->site);
	}
}

static uint32_t process_slot(struct encoding *e, uint32_t process,
			     uint64_t time_ns)
{
	uint32_t slot = sm_map_get(&e->processes, process);

	if (slot != SM_MAP_NONE || e->status)
		return slot;
	slot = e->processes.count;
	e->status = sm_array_reserve((void **)&e->states, &e->state_room,
				     slot + 1u, sizeof(*e->states));
	if (!e->status)
		e->status = sm_map_add(&e->processes, process, slot);
	if (!e->status)
		e->states[slot] = (struct process_state){ 0, time_ns };
	return slot;
}

static uint32_t actor_of(struct encoding *e, const struct sm_block_row *row)
{
	uint64_t key = (uint64_t)row->process << 32 | row->thread;
	uint32_t actor = sm_map_get(&e->actors, key);

	if (actor != SM_MAP_NONE || e->status)
		return actor;
	actor = e->actors.count;
	e->status = sm_map_add(&e->actors, key, actor);
	sm_bytes_put_varint(&e->columns[SM_COLUMN_ACTORS], row->process);
	sm_bytes_put_varint(&e->columns[SM_COLUMN_ACTORS], row->thread);
	return actor;
}

static void put_run(struct encoding *e, uint32_t events, uint32_t actor)
{
	sm_bytes_put_varint(&e->columns[SM_COLUMN_RUNS], events);
	sm_bytes_put_varint(&e->columns[SM_COLUMN_RUNS], actor);
}

static void put_rows(struct encoding *e, uint64_t first_ns)
{
	struct bit_writer low = { &e->columns[SM_COLUMN_TIME_LOW], 0, 0 };
	const struct sm_block_row *last = NULL;
	uint32_t actor = 0, run = 0, between = 0, slot = 0;
	uint64_t time_ns = first_ns;

	for (uint32_t i = e->from; i < e->to && !e->status; i++, run++) {
		const struct sm_block_row *row = &e->b->rows[i];

		sm_bytes_put_varint(&e->columns[SM_COLUMN_ORDER],
				    e->local_of[row->group] - 1);
		if (!last || last->process != row->process ||
		    last->thread != row->thread) {
			if (run)
				put_run(e, run, actor);
			run = 0;
			actor = actor_of(e, row);
			slot = process_slot(e, row->process, time_ns);
			if (e->status)
				return;
		}
		last = row;
		put_log(&e->columns[SM_COLUMN_TIME], &low,
			sm_zigzag(row->time_ns - e->states[slot].time_ns));
		if (row->seq != e->states[slot].seq + 1) {
			struct sm_bytes *seq = &e->columns[SM_COLUMN_SEQ];

			sm_bytes_put_varint(seq, between);
			sm_bytes_put_varint(
				seq,
				sm_zigzag(row->seq - e->states[slot].seq - 1));
			between = 0;
		} else {
			between++;
		}
		e->states[slot] =
			(struct process_state){ row->seq, row->time_ns };
		time_ns = row->time_ns;
	}
	if (run)
		put_run(e, run, actor);
	if (low.count)
		put_bits(&low, 0, 8 - low.count);
}

static void put_leaf(struct encoding *e, uint32_t group, uint32_t leaf,
		     enum sm_leaf_kind kind, uint64_t *start)
{
	const struct sm_block_builder *b = e->b;
	const uint32_t *rows = e->by_group + e->starts[group];
	uint32_t n = e->starts[group + 1] - e->starts[group];
	uint64_t last = kind == SM_LEAF_STRING ? *start : 0;

	for (uint32_t k = 0; k < n; k++) {
		uint64_t value = b->leaves[b->rows[rows[k]].leaf + leaf];
		uint64_t bits = value ^ last;

		switch (kind) {
		case SM_LEAF_STRING:
			sm_bytes_put_varint(&e->columns[SM_COLUMN_STRINGS],
					    sm_zigzag(value - last));
			if (!k)
				*start = value;
			if (value && (value != last || !k))
				add_to_set(e, &e->strings, value);
			break;
		case SM_LEAF_INT:
			sm_bytes_put_varint(&e->columns[SM_COLUMN_INTS],
					    sm_zigzag(value - last));
			break;
		default:
			for (unsigned i = 0; i < 64; i += 8)
				sm_bytes_put_byte(&e->columns[SM_COLUMN_FLOATS],
						  (uint8_t)(bits >> i));
			break;
		}
		last = value;
	}
}

static void put_leaves(struct encoding *e)
{
	uint64_t start = 0;

	for (uint32_t g = 0; g < e->group_count; g++) {
		uint32_t shape = e->b->groups[e->groups[g]].shape;
		const struct sm_shape *s = &e->b->shapes[shape].decoded;

		for (uint32_t l = 0; l < s->leaf_count && !e->status; l++)
			put_leaf(e, g, l, s->leaves[l].kind, &start);
	}
}

enum sm_column_encoding sm_block_encoding(enum sm_column column)
{
	switch (column) {
	case SM_COLUMN_TIME:
		return SM_ENCODE_LOG;
	case SM_COLUMN_TIME_LOW:
		return SM_ENCODE_BITS;
	case SM_COLUMN_FLOATS:
		return SM_ENCODE_RAW;
	default:
		return SM_ENCODE_VARINT;
	}
}

static enum sm_status join(struct encoding *e, struct sm_block_summary *out)
{
	sm_frame_put_head(&out->raw, SM_COLUMNS - 1);
	for (unsigned c = 1; c < SM_COLUMNS; c++) {
		sm_frame_put(&out->raw, c, sm_block_encoding(c),
			     &e->columns[c]);
		/* Noise gets its own entropy tables. */
		if (c == SM_COLUMN_TIME || c == SM_COLUMN_TIME_LOW)
			out->ends[out->end_count++] = out->raw.len;
	}
	return out->raw.has_failed ? SM_NOMEM : SM_OK;
}

static int compare_u32(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static enum sm_status put_list(struct sm_bytes *out, enum sm_list list,
			       const struct sm_map *set)
{
	uint32_t *keys = malloc((set->count + 1) * sizeof(*keys));
	struct sm_bytes deltas = { 0 };
	uint32_t n = 0, last = 0;

	if (!keys)
		return SM_NOMEM;
	for (uint32_t i = 0; i < set->room; i++)
		if (set->values[i] != SM_MAP_NONE)
			keys[n++] = (uint32_t)set->keys[i];
	qsort(keys, n, sizeof(*keys), compare_u32);
	for (uint32_t i = 0; i < n; i++) {
		sm_bytes_put_varint(&deltas, keys[i] - last);
		last = keys[i];
	}
	free(keys);
	sm_frame_put(out, list, SM_ENCODE_VARINT, &deltas);
	sm_bytes_fini(&deltas);
	return out->has_failed ? SM_NOMEM : SM_OK;
}

static enum sm_status summarize(struct encoding *e,
				struct sm_block_summary *out)
{
	enum sm_status status;

	sm_frame_put_head(&out->zone, 2);
	status = put_list(&out->zone, SM_LIST_EVENTS, &e->names);
	if (!status)
		status = put_list(&out->zone, SM_LIST_PROCESSES, &e->processes);
	sm_frame_put_head(&out->postings, 2);
	if (!status)
		status = put_list(&out->postings, SM_LIST_STRINGS, &e->strings);
	if (!status)
		status = put_list(&out->postings, SM_LIST_SITES, &e->sites);
	return status;
}

static bool row_is_denied(const struct sm_block_builder *b,
			  const struct sm_block_row *row)
{
	uint32_t shape = b->groups[row->group].shape;

	return (b->shapes[shape].decoded.flags & SM_SHAPE_DECISION) >=
	       SM_WARNED;
}

static void find_bounds(const struct encoding *e, struct sm_block_summary *out)
{
	out->events = e->to - e->from;
	out->first_ns = UINT64_MAX;
	out->first_process = UINT32_MAX;
	for (uint32_t i = e->from; i < e->to; i++) {
		const struct sm_block_row *row = &e->b->rows[i];

		if (row->time_ns < out->first_ns)
			out->first_ns = row->time_ns;
		if (row->time_ns > out->last_ns)
			out->last_ns = row->time_ns;
		if (row->process < out->first_process)
			out->first_process = row->process;
		if (row->process > out->last_process)
			out->last_process = row->process;
		out->denials += row_is_denied(e->b, row);
	}
}

enum sm_status sm_block_encode(const struct sm_block_builder *b, uint32_t from,
			       uint32_t to, sm_block_event_name *event_name,
			       void *context, struct sm_block_summary *out)
{
	struct encoding e = { .b = b, .from = from, .to = to };

	*out = (struct sm_block_summary){ 0 };
	find_bounds(&e, out);
	e.status = group_rows(&e);
	if (!e.status)
		put_groups(&e);
	if (!e.status)
		put_rows(&e, out->first_ns);
	if (!e.status)
		put_leaves(&e);
	for (uint32_t g = 0; g < e.group_count && !e.status; g++)
		add_to_set(&e, &e.names,
			   event_name(context, b->groups[e.groups[g]].site));
	if (!e.status)
		e.status = join(&e, out);
	if (!e.status)
		e.status = summarize(&e, out);
	fini_encoding(&e);
	if (e.status)
		sm_block_summary_fini(out);
	return e.status;
}
