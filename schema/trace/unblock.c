/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unblock.c: decoding of blocks. The bytes are hostile: every count is
 * bounded by the events the row states or by the bytes there are.
 */
#include <stdlib.h>

#include "schema/trace/block.h"
#include "schema/trace/frame.h"

struct columns {
	struct sm_bytes_reader at[SM_COLUMNS];
};

/* This build writes one encoding per column, so it reads only that. */
static enum sm_status open_columns(const uint8_t *raw, size_t len,
				   struct columns *c)
{
	struct sm_frame_part parts[SM_COLUMNS] = { 0 };

	if (sm_frame_get(raw, len, parts, SM_COLUMNS))
		return SM_DAMAGED;
	for (unsigned i = 1; i < SM_COLUMNS; i++) {
		c->at[i] = parts[i].content;
		if (!c->at[i].at || parts[i].encoding != sm_block_encoding(i))
			return SM_DAMAGED;
	}
	return SM_OK;
}

static enum sm_status get_shapes(struct columns *c, struct sm_block *out)
{
	struct sm_bytes_reader *r = &c->at[SM_COLUMN_SHAPES];
	size_t room = 0;

	while (r->at < r->end) {
		enum sm_status status;

		if (out->shape_count == out->events)
			return SM_DAMAGED;
		status = sm_array_reserve((void **)&out->shapes, &room,
					  out->shape_count + 1u,
					  sizeof(*out->shapes));
		if (!status)
			status = sm_shape_decode(
				r, &out->shapes[out->shape_count]);
		if (status)
			return status;
		out->shape_count++;
	}
	return SM_OK;
}

static enum sm_status get_groups(struct columns *c, struct sm_block *out)
{
	struct sm_bytes_reader *r = &c->at[SM_COLUMN_GROUPS];
	uint64_t site = 0, shape;

	while (r->at < r->end) {
		if (out->group_count == out->events)
			return SM_DAMAGED;
		site += sm_unzigzag(sm_bytes_get_varint(r));
		shape = sm_bytes_get_varint(r);
		if (r->has_failed || site > UINT32_MAX ||
		    shape >= out->shape_count)
			return SM_DAMAGED;
		out->groups[out->group_count++] =
			(struct sm_block_view){ .site = (uint32_t)site,
						.shape = (uint32_t)shape };
	}
	return SM_OK;
}

static enum sm_status get_order(struct columns *c, struct sm_block *out)
{
	struct sm_bytes_reader *r = &c->at[SM_COLUMN_ORDER];

	for (uint32_t i = 0; i < out->events; i++) {
		uint64_t group = sm_bytes_get_varint(r);

		if (group >= out->group_count)
			return SM_DAMAGED;
		out->rows[i].group = (uint32_t)group;
		out->rows[i].row = out->groups[group].events++;
	}
	return r->has_failed || r->at != r->end ? SM_DAMAGED : SM_OK;
}

static enum sm_status get_actors(struct columns *c, struct sm_block *out)
{
	struct sm_bytes_reader *r = &c->at[SM_COLUMN_ACTORS];

	while (r->at < r->end) {
		uint64_t process = sm_bytes_get_varint(r);
		uint64_t thread = sm_bytes_get_varint(r);

		if (r->has_failed || out->actor_count == out->events ||
		    process > UINT32_MAX || thread > UINT32_MAX)
			return SM_DAMAGED;
		out->actors[out->actor_count++] =
			(struct sm_block_actor){ (uint32_t)process,
						 (uint32_t)thread };
	}
	return SM_OK;
}

static enum sm_status get_runs(struct columns *c, struct sm_block *out)
{
	struct sm_bytes_reader *r = &c->at[SM_COLUMN_RUNS];
	uint32_t i = 0;

	while (r->at < r->end) {
		uint64_t n = sm_bytes_get_varint(r);
		uint64_t actor = sm_bytes_get_varint(r);

		if (!n || n > out->events - i || actor >= out->actor_count)
			return SM_DAMAGED;
		for (; n; n--)
			out->rows[i++].actor = (uint32_t)actor;
	}
	return i != out->events || r->has_failed ? SM_DAMAGED : SM_OK;
}

/* Bits of a packed column; reading past the end gives 0 and fails. */
struct bit_reader {
	const uint8_t *p;
	size_t bits, at;
	bool has_failed;
};

static uint64_t get_bits(struct bit_reader *r, unsigned count)
{
	uint64_t value = 0;
	unsigned got = 0;

	if (count > r->bits - r->at) {
		r->has_failed = true;
		return 0;
	}
	if (count <= 56 && r->at / 8 + 8 <= r->bits / 8) {
		memcpy(&value, r->p + r->at / 8, 8);
		value >>= r->at % 8;
		r->at += count;
		return value & ((UINT64_C(1) << count) - 1);
	}
	while (got < count) {
		unsigned part = 8 - (unsigned)(r->at % 8);
		uint64_t bits = r->p[r->at / 8] >> (r->at % 8);

		if (part > count - got)
			part = count - got;
		value |= (bits & ((1u << part) - 1)) << got;
		got += part;
		r->at += part;
	}
	return value;
}

static uint64_t get_log(unsigned magnitude, struct bit_reader *low)
{
	unsigned rest;

	if (magnitude < 4)
		return magnitude;
	rest = (magnitude - 4) / 4;
	if (rest > 61) {
		low->has_failed = true;
		return 0;
	}
	return (UINT64_C(4) | ((magnitude - 4) & 3)) << rest |
	       get_bits(low, rest);
}

/* Per actor: which of its process's actors holds the running state. */
static enum sm_status share_processes(const struct sm_block *b, uint32_t *slots)
{
	struct sm_map first = { 0 };
	enum sm_status status = SM_OK;

	for (uint32_t i = 0; i < b->actor_count && !status; i++) {
		slots[i] = sm_map_get(&first, b->actors[i].process);
		if (slots[i] == SM_MAP_NONE) {
			slots[i] = i;
			status = sm_map_add(&first, b->actors[i].process, i);
		}
	}
	sm_map_fini(&first);
	return status;
}

struct process_state {
	uint64_t seq, time_ns;
	bool is_known;
};

static enum sm_status get_times(struct columns *c, uint64_t first_ns,
				struct sm_block *b, const uint32_t *slots,
				struct process_state *states)
{
	struct sm_bytes_reader *r = &c->at[SM_COLUMN_TIME];
	struct sm_bytes_reader *x = &c->at[SM_COLUMN_SEQ];
	struct bit_reader low = { c->at[SM_COLUMN_TIME_LOW].at,
				  (size_t)(c->at[SM_COLUMN_TIME_LOW].end -
					   c->at[SM_COLUMN_TIME_LOW].at) *
					  8,
				  0, false };
	uint64_t between = x->at < x->end ? sm_bytes_get_varint(x) : UINT64_MAX;
	uint64_t last_ns = first_ns;

	if ((size_t)(r->end - r->at) != b->events)
		return SM_DAMAGED;
	for (uint32_t i = 0; i < b->events; i++) {
		struct sm_block_event *row = &b->rows[i];
		struct process_state *s = &states[slots[row->actor]];

		if (!s->is_known) {
			s->time_ns = last_ns;
			s->is_known = true;
		}
		s->time_ns += sm_unzigzag(get_log(*r->at++, &low));
		s->seq++;
		if (!between) {
			s->seq += sm_unzigzag(sm_bytes_get_varint(x));
			between = x->at < x->end ? sm_bytes_get_varint(x)
						 : UINT64_MAX;
		} else {
			between--;
		}
		row->seq = s->seq;
		row->time_ns = last_ns = s->time_ns;
	}
	if (low.has_failed || low.bits - low.at > 7 || x->has_failed ||
	    x->at != x->end)
		return SM_DAMAGED;
	return SM_OK;
}

static enum sm_status get_rows(struct columns *c, uint64_t first_ns,
			       struct sm_block *b)
{
	struct process_state *states = calloc(b->events, sizeof(*states));
	uint32_t *slots = calloc(b->events, sizeof(*slots));
	enum sm_status status = states && slots ? SM_OK : SM_NOMEM;

	if (!status)
		status = share_processes(b, slots);
	if (!status)
		status = get_times(c, first_ns, b, slots, states);
	free(states);
	free(slots);
	return status;
}

/* Every leaf takes a byte at least, so the bytes bound the memory. */
static enum sm_status place_leaves(const struct columns *c, struct sm_block *b)
{
	const struct sm_bytes_reader *s = &c->at[SM_COLUMN_STRINGS];
	const struct sm_bytes_reader *i = &c->at[SM_COLUMN_INTS];
	const struct sm_bytes_reader *f = &c->at[SM_COLUMN_FLOATS];
	size_t max = (size_t)(s->end - s->at) + (size_t)(i->end - i->at) +
		     (size_t)(f->end - f->at) / 8;
	size_t total = 0;

	for (uint32_t g = 0; g < b->group_count; g++) {
		struct sm_block_view *view = &b->groups[g];

		view->leaves = total;
		total += (size_t)view->events *
			 b->shapes[view->shape].leaf_count;
		if (total > max)
			return SM_DAMAGED;
	}
	b->leaf_count = total;
	b->leaves = malloc(total * sizeof(*b->leaves) + 1);
	return b->leaves ? SM_OK : SM_NOMEM;
}

static uint64_t get_deltas(struct sm_bytes_reader *r, uint64_t last,
			   uint64_t *out, uint32_t n)
{
	uint64_t first = last;

	for (uint32_t k = 0; k < n; k++) {
		last += sm_unzigzag(sm_bytes_get_varint(r));
		out[k] = last;
		if (!k)
			first = last;
	}
	return first;
}

static void get_floats(struct sm_bytes_reader *r, uint64_t *out, uint32_t n)
{
	uint64_t last = 0;

	if ((size_t)(r->end - r->at) / 8 < n) {
		r->has_failed = true;
		n = 0;
	}
	for (uint32_t k = 0; k < n; k++, r->at += 8) {
		uint64_t bits = 0;

		for (unsigned i = 0; i < 8; i++)
			bits |= (uint64_t)r->at[i] << (8 * i);
		out[k] = last ^= bits;
	}
}

static void get_group_leaves(struct columns *c, const struct sm_block *b,
			     const struct sm_block_view *view, uint64_t *start)
{
	const struct sm_shape *shape = &b->shapes[view->shape];
	uint64_t *out = b->leaves + view->leaves;

	for (uint32_t l = 0; l < shape->leaf_count; l++, out += view->events) {
		switch (shape->leaves[l].kind) {
		case SM_LEAF_STRING:
			*start = get_deltas(&c->at[SM_COLUMN_STRINGS], *start,
					    out, view->events);
			break;
		case SM_LEAF_INT:
			get_deltas(&c->at[SM_COLUMN_INTS], 0, out,
				   view->events);
			break;
		default:
			get_floats(&c->at[SM_COLUMN_FLOATS], out, view->events);
			break;
		}
	}
}

static enum sm_status get_leaves(struct columns *c, struct sm_block *b)
{
	enum sm_status status = place_leaves(c, b);
	uint64_t start = 0;

	for (uint32_t g = 0; g < b->group_count && !status; g++) {
		if (!b->groups[g].events)
			return SM_DAMAGED;
		get_group_leaves(c, b, &b->groups[g], &start);
	}
	for (unsigned i = SM_COLUMN_STRINGS; i < SM_COLUMNS && !status; i++)
		if (c->at[i].has_failed || c->at[i].at != c->at[i].end)
			return SM_DAMAGED;
	return status;
}

static enum sm_status decode_what(struct columns *c, uint32_t events,
				  struct sm_block *out)
{
	enum sm_status status = SM_OK;

	*out = (struct sm_block){ .events = events };
	if (!events || events > SM_BLOCK_EVENTS)
		return SM_DAMAGED;
	out->groups = calloc(events, sizeof(*out->groups));
	out->rows = calloc(events, sizeof(*out->rows));
	if (!out->groups || !out->rows)
		status = SM_NOMEM;
	if (!status)
		status = get_shapes(c, out);
	if (!status)
		status = get_groups(c, out);
	if (!status)
		status = get_order(c, out);
	if (!status)
		status = get_leaves(c, out);
	return status;
}

static enum sm_status decode_when(struct columns *c, uint64_t first_ns,
				  struct sm_block *b)
{
	enum sm_status status = SM_OK;

	b->actor_count = 0;
	b->actors = calloc(b->events, sizeof(*b->actors));
	if (!b->actors)
		status = SM_NOMEM;
	if (!status)
		status = get_actors(c, b);
	if (!status)
		status = get_runs(c, b);
	if (!status)
		status = get_rows(c, first_ns, b);
	return status;
}

enum sm_status sm_block_decode(const uint8_t *raw, size_t len, uint32_t events,
			       uint64_t first_ns, struct sm_block *out)
{
	struct columns c = { 0 };
	enum sm_status status = open_columns(raw, len, &c);

	*out = (struct sm_block){ 0 };
	if (!status)
		status = decode_what(&c, events, out);
	if (!status)
		status = decode_when(&c, first_ns, out);
	if (status)
		sm_block_fini(out);
	return status;
}

enum sm_status sm_block_decode_what(const uint8_t *raw, size_t len,
				    uint32_t events, struct sm_block *out)
{
	struct columns c = { 0 };
	enum sm_status status = open_columns(raw, len, &c);

	*out = (struct sm_block){ 0 };
	if (!status)
		status = decode_what(&c, events, out);
	if (status)
		sm_block_fini(out);
	return status;
}

enum sm_status sm_block_decode_when(const uint8_t *raw, size_t len,
				    uint64_t first_ns, struct sm_block *block)
{
	struct columns c = { 0 };
	enum sm_status status = open_columns(raw, len, &c);

	if (block->actors) /* done already */
		return SM_OK;
	return status ? status : decode_when(&c, first_ns, block);
}

void sm_block_fini(struct sm_block *b)
{
	for (uint32_t i = 0; i < b->shape_count; i++)
		sm_shape_fini(&b->shapes[i]);
	free(b->groups);
	free(b->shapes);
	free(b->actors);
	free(b->rows);
	free(b->leaves);
	*b = (struct sm_block){ 0 };
}

bool sm_block_column(const struct sm_bytes *raw, enum sm_column column,
		     struct sm_bytes_reader *r)
{
	struct columns c = { 0 };

	if (open_columns(raw->p, raw->len, &c))
		return false;
	*r = c.at[column];
	return true;
}

bool sm_block_list(const struct sm_bytes *cbor, enum sm_list list,
		   struct sm_bytes_reader *r)
{
	struct sm_frame_part parts[SM_LISTS] = { 0 };

	if (!cbor->p || sm_frame_get(cbor->p, cbor->len, parts, SM_LISTS) ||
	    parts[list].encoding != SM_ENCODE_VARINT)
		return false;
	*r = parts[list].content;
	return r->at;
}
