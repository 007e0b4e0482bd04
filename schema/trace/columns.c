/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/trace/columns.h"

#include <stdlib.h>

#include "schema/trace/frame.h"

enum sm_status sm_columns_open(const uint8_t *raw, size_t len,
			       struct sm_columns *c)
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

/* Items of at least item_bytes there can be, and no more than events. */
static size_t most_items(const struct sm_bytes_reader *r, size_t item_bytes,
			 uint32_t events)
{
	size_t n = (size_t)(r->end - r->at) / item_bytes;

	return n < events ? n : events;
}

static enum sm_status get_shapes(struct sm_columns *c, struct sm_block *out)
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

static enum sm_status get_groups(struct sm_columns *c, struct sm_block *out)
{
	struct sm_bytes_reader *r = &c->at[SM_COLUMN_GROUPS];
	size_t most = most_items(r, 2, out->events);
	uint64_t site = 0, shape;

	out->groups = malloc(most * sizeof(*out->groups) + 1);
	if (!out->groups)
		return SM_NOMEM;
	while (r->at < r->end) {
		if (out->group_count == most)
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

enum sm_status sm_columns_groups(struct sm_columns *c, struct sm_block *out)
{
	enum sm_status status = get_shapes(c, out);

	return status ? status : get_groups(c, out);
}

enum sm_status sm_columns_actors(struct sm_columns *c, struct sm_block *out)
{
	struct sm_bytes_reader *r = &c->at[SM_COLUMN_ACTORS];
	size_t most = most_items(r, 2, out->events);

	free(out->actors);
	out->actor_count = 0;
	out->actors = malloc(most * sizeof(*out->actors) + 1);
	if (!out->actors)
		return SM_NOMEM;
	while (r->at < r->end) {
		uint64_t process = sm_bytes_get_varint(r);
		uint64_t thread = sm_bytes_get_varint(r);

		if (r->has_failed || out->actor_count == most ||
		    process > UINT32_MAX || thread > UINT32_MAX)
			return SM_DAMAGED;
		out->actors[out->actor_count++] =
			(struct sm_block_actor){ (uint32_t)process,
						 (uint32_t)thread };
	}
	return SM_OK;
}

/* ------------------------------------------------------------------ leaves */

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

	for (uint32_t k = 0; k < n; k++)
		out[k] = last ^= sm_columns_float(r);
}

void sm_columns_leaves(struct sm_columns *c, const struct sm_shape *shape,
		       uint32_t events, uint64_t *start, uint64_t *out)
{
	for (uint32_t l = 0; l < shape->leaf_count; l++, out += events) {
		switch (shape->leaves[l].kind) {
		case SM_LEAF_STRING:
			*start = get_deltas(&c->at[SM_COLUMN_STRINGS], *start,
					    out, events);
			break;
		case SM_LEAF_INT:
			get_deltas(&c->at[SM_COLUMN_INTS], 0, out, events);
			break;
		default:
			get_floats(&c->at[SM_COLUMN_FLOATS], out, events);
			break;
		}
	}
}
