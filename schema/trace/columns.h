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

/* ------------------------------------------------------------------- times */

/* Bits of a packed column, low bits first. */
struct sm_bit_reader {
	const uint8_t *p;
	size_t bits, at;
	bool has_failed; /* read past the end */
};

/* By value, and inline, so that all that moves stays in registers. */
struct sm_bit_reader sm_log_get_slow(struct sm_bit_reader low,
				     unsigned magnitude, uint64_t *value);

/*
 * The next of the times' deltas: its magnitude is a byte, which is all if it is
 * below 4; else two bits of it follow the highest, and the rest is in low.
 */
static inline __attribute__((always_inline)) uint64_t
sm_log_get(struct sm_bit_reader *low, unsigned magnitude)
{
	unsigned rest = magnitude < 4 ? 0 : (magnitude - 4) / 4;
	uint64_t high = magnitude < 4 ? magnitude : 4 | (magnitude & 3);
	uint64_t bits;

	/* What starts within a byte and fits eight of them. */
	if (__builtin_expect(rest > 56 || low->at + 64 > low->bits, 0)) {
		*low = sm_log_get_slow(*low, magnitude, &bits);
		return bits;
	}
	memcpy(&bits, low->p + low->at / 8, 8);
	bits >>= low->at % 8;
	low->at += rest;
	return high << rest | (bits & ((UINT64_C(1) << rest) - 1));
}

/* What has run on so far in one process. */
struct sm_process_state {
	uint64_t seq, time_ns;
	bool is_known;
};

/* One per actor; slots: which of its process's actors holds the state. */
SM_CHECKED enum sm_status sm_columns_states(const struct sm_block *b,
					    struct sm_process_state **states,
					    uint32_t **slots);

/* Numbers are one more than the last of the process, but for exceptions. */
struct sm_exceptions {
	struct sm_bytes_reader at;
	uint64_t between; /* events until the next one */
};
struct sm_exceptions sm_exceptions_begin(const struct sm_columns *c);
struct sm_exceptions sm_exceptions_next(struct sm_exceptions x,
					uint64_t *delta);

/*
 * Calls put for every event in the order they are stored. Inline, and all that
 * moves held in variables: it is done for every event there is.
 */
typedef void sm_times_put(void *context, uint32_t row, uint32_t actor,
			  uint64_t time_ns, uint64_t seq);
static inline __attribute__((always_inline)) enum sm_status
sm_columns_times(const struct sm_columns *c, uint64_t first_ns,
		 const struct sm_block *b, struct sm_process_state *states,
		 const uint32_t *slots, sm_times_put *put, void *context)
{
	const struct sm_bytes_reader *times = &c->at[SM_COLUMN_TIME];
	const struct sm_bytes_reader *lows = &c->at[SM_COLUMN_TIME_LOW];
	struct sm_bytes_reader runs = c->at[SM_COLUMN_RUNS];
	struct sm_bit_reader low = { lows->at,
				     (size_t)(lows->end - lows->at) * 8, 0,
				     false };
	struct sm_exceptions x = sm_exceptions_begin(c);
	uint64_t last_ns = first_ns;
	uint32_t i = 0;

	if ((size_t)(times->end - times->at) != b->events)
		return SM_DAMAGED;
	while (runs.at < runs.end) {
		uint64_t n = sm_bytes_get_varint(&runs);
		uint64_t actor = sm_bytes_get_varint(&runs);
		struct sm_process_state *s;
		uint64_t time_ns, seq;

		if (!n || n > b->events - i || actor >= b->actor_count)
			return SM_DAMAGED;
		s = &states[slots[actor]];
		time_ns = s->is_known ? s->time_ns : last_ns;
		seq = s->seq;
		for (; n; n--, i++) {
			time_ns += sm_unzigzag(sm_log_get(&low, times->at[i]));
			seq++;
			if (__builtin_expect(!x.between--, 0)) {
				uint64_t delta;

				x = sm_exceptions_next(x, &delta);
				seq += delta;
			}
			put(context, i, (uint32_t)actor, time_ns, seq);
		}
		last_ns = time_ns;
		*s = (struct sm_process_state){ seq, time_ns, true };
	}
	if (i != b->events || low.has_failed || low.bits - low.at > 7 ||
	    runs.has_failed || x.at.has_failed || x.at.at != x.at.end)
		return SM_DAMAGED;
	return SM_OK;
}

#endif
