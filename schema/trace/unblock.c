/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unblock.c: decoding of blocks.
 */
#include <stdlib.h>

#include "schema/trace/columns.h"
#include "schema/trace/frame.h"

static enum sm_status get_order(struct sm_columns *c, struct sm_block *out)
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

static enum sm_status get_whose(const struct sm_columns *c, struct sm_block *b,
				uint16_t *actors)
{
	enum sm_status status = sm_columns_whose(c, b, actors);

	for (uint32_t i = 0; i < b->events && !status; i++)
		b->rows[i].actor = actors[i];
	return status;
}

static enum sm_status get_times(const struct sm_columns *c, uint64_t first_ns,
				struct sm_block *b, uint64_t *times_ns)
{
	bool ascends;
	enum sm_status status =
		sm_columns_times(c, b, first_ns, times_ns, &ascends);

	for (uint32_t i = 0; i < b->events && !status; i++)
		b->rows[i].time_ns = times_ns[i];
	return status;
}

static enum sm_status get_seqs(const struct sm_columns *c, struct sm_block *b,
			       uint64_t *seqs)
{
	enum sm_status status = sm_columns_seqs(c, b, seqs);

	for (uint32_t i = 0; i < b->events && !status; i++)
		b->rows[i].seq = seqs[i];
	return status;
}

static enum sm_status get_whens(const struct sm_columns *c, uint64_t first_ns,
				struct sm_block *b)
{
	uint16_t *actors = malloc(b->events * sizeof(*actors));
	uint64_t *numbers = malloc(b->events * sizeof(*numbers));
	enum sm_status status = SM_NOMEM;

	if (actors && numbers)
		status = get_whose(c, b, actors);
	if (!status)
		status = get_times(c, first_ns, b, numbers);
	if (!status)
		status = get_seqs(c, b, numbers);
	free(actors);
	free(numbers);
	return status;
}

/* Every leaf takes a byte at least, so the bytes bound the memory. */
static enum sm_status place_leaves(const struct sm_columns *c,
				   struct sm_block *b)
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

static enum sm_status get_leaves(struct sm_columns *c, struct sm_block *b)
{
	enum sm_status status = place_leaves(c, b);
	uint64_t start = 0;

	for (uint32_t g = 0; g < b->group_count && !status; g++) {
		const struct sm_block_view *view = &b->groups[g];

		if (!view->events)
			return SM_DAMAGED;
		sm_columns_leaves(c, &b->shapes[view->shape], view->events,
				  &start, b->leaves + view->leaves);
	}
	for (unsigned i = SM_COLUMN_STRINGS; i < SM_COLUMNS && !status; i++)
		if (c->at[i].has_failed || c->at[i].at != c->at[i].end)
			return SM_DAMAGED;
	return status;
}

static enum sm_status decode(struct sm_columns *c, uint64_t first_ns,
			     struct sm_block *out)
{
	enum sm_status status;

	if (!out->events || out->events > SM_BLOCK_EVENTS)
		return SM_DAMAGED;
	out->rows = malloc(out->events * sizeof(*out->rows));
	status = out->rows ? sm_columns_groups(c, out) : SM_NOMEM;
	if (!status)
		status = get_order(c, out);
	if (!status)
		status = get_leaves(c, out);
	if (!status)
		status = sm_columns_actors(c, out);
	if (!status)
		status = get_whens(c, first_ns, out);
	return status;
}

enum sm_status sm_block_decode(const uint8_t *raw, size_t len, uint32_t events,
			       uint64_t first_ns, struct sm_block *out)
{
	struct sm_columns c = { 0 };
	enum sm_status status = sm_columns_open(raw, len, &c);

	*out = (struct sm_block){ .events = events };
	if (!status)
		status = decode(&c, first_ns, out);
	if (status)
		sm_block_fini(out);
	return status;
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
	struct sm_columns c = { 0 };

	if (sm_columns_open(raw->p, raw->len, &c))
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
