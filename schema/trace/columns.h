/* SPDX-License-Identifier: Apache-2.0 */
/*
 * columns.h: reading the columns of a raw block; for unblock.c and scan.c. The
 * bytes are hostile: every count is bounded by the events the row states or by
 * the bytes there are.
 */
#ifndef SCHEMA_TRACE_COLUMNS_H
#define SCHEMA_TRACE_COLUMNS_H

#include "schema/trace/block.h"

struct sm_columns {
	struct sm_bytes_reader at[SM_COLUMNS];
};

/* This build writes one encoding per column, so it reads only that. */
SM_CHECKED enum sm_status sm_columns_open(const uint8_t *raw, size_t len,
					  struct sm_columns *c);
/* Sets shapes and groups of out, whose events are set; groups have no events
 * and no leaves yet. What is left behind is for sm_block_fini(). */
SM_CHECKED enum sm_status sm_columns_groups(struct sm_columns *c,
					    struct sm_block *out);
/* Sets actors; frees those that were there. */
SM_CHECKED enum sm_status sm_columns_actors(struct sm_columns *c,
					    struct sm_block *out);
/*
 * The leaves of the next group, view->events of each leaf, to out. *start is
 * the first string of the group before, 0 at first. Readers fail.
 */
void sm_columns_leaves(struct sm_columns *c, const struct sm_shape *shape,
		       uint32_t events, uint64_t *start, uint64_t *out);

static inline uint64_t sm_columns_float(struct sm_bytes_reader *r)
{
	uint64_t bits = 0;

	if (r->end - r->at < 8) {
		r->has_failed = true;
		return 0;
	}
	for (unsigned i = 0; i < 8; i++)
		bits |= (uint64_t)*r->at++ << (8 * i);
	return bits;
}

/* ------------------------------------------------------------------- whens */

/*
 * Who made the events, in what order and when; each sets [b->events], as they
 * are stored. Actors come first, and are what the others are given.
 */
SM_CHECKED enum sm_status sm_columns_whose(const struct sm_columns *c,
					   const struct sm_block *b,
					   uint16_t *actors);
SM_CHECKED enum sm_status sm_columns_seqs(const struct sm_columns *c,
					  const struct sm_block *b,
					  uint64_t *seqs);
/* *ascends: no event is earlier than one of its process stored before it. */
SM_CHECKED enum sm_status sm_columns_times(const struct sm_columns *c,
					   const struct sm_block *b,
					   uint64_t first_ns,
					   uint64_t *times_ns, bool *ascends);

#endif
