/* SPDX-License-Identifier: Apache-2.0 */
/*
 * whens.c: who made the events of a block, in what order and when: the columns
 * that are read for every event there is, so all that moves is in variables.
 */
#include <stdlib.h>

#include "schema/trace/columns.h"

/* ----------------------------------------------------------- runs of actors */

/* Four at a time: these are all events there are, mostly of one run. */
static void fill(uint16_t *to, uint64_t count, uint16_t value)
{
	const uint64_t four = value * UINT64_C(0x0001000100010001);

	for (; count >= 4; count -= 4, to += 4)
		memcpy(to, &four, sizeof(four));
	for (; count; count--)
		*to++ = value;
}

enum sm_status sm_columns_whose(const struct sm_columns *c,
				const struct sm_block *b, uint16_t *actors)
{
	struct sm_bytes_reader r = c->at[SM_COLUMN_RUNS];
	uint32_t i = 0;

	while (r.at < r.end) {
		uint64_t n = sm_bytes_get_varint(&r);
		uint64_t actor = sm_bytes_get_varint(&r);

		if (!n || n > b->events - i || actor >= b->actor_count)
			return SM_DAMAGED;
		fill(actors + i, n, (uint16_t)actor);
		i += (uint32_t)n;
	}
	return i != b->events || r.has_failed ? SM_DAMAGED : SM_OK;
}

/* What has run on so far in one process: its number or its time. */
struct state {
	uint64_t last;
	bool is_known;
};

/* Runs, that sm_columns_whose() has checked, with their processes' states. */
struct runs {
	struct sm_bytes_reader at;
	struct state *states; /* one per actor */
	uint32_t *slots;      /* which of its process's actors has the state */
	uint32_t end;	      /* of the current run */
};

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

static void runs_fini(struct runs *runs)
{
	free(runs->states);
	free(runs->slots);
}

static enum sm_status runs_init(struct runs *runs, const struct sm_columns *c,
				const struct sm_block *b)
{
	enum sm_status status = SM_NOMEM;

	*runs = (struct runs){
		.at = c->at[SM_COLUMN_RUNS],
		.states = calloc(b->actor_count + 1u, sizeof(*runs->states)),
		.slots = calloc(b->actor_count + 1u, sizeof(*runs->slots)),
	};
	if (runs->states && runs->slots)
		status = share_processes(b, runs->slots);
	if (status)
		runs_fini(runs);
	return status;
}

/* The next run goes to runs->end; the state of its process. */
static struct state *next_run(struct runs *runs)
{
	runs->end += (uint32_t)sm_bytes_get_varint(&runs->at);
	return &runs->states[runs->slots[sm_bytes_get_varint(&runs->at)]];
}

/* ----------------------------------------------------------------- numbers */

/* Numbers are one more than the last of the process, but for exceptions. */
struct exceptions {
	struct sm_bytes_reader at;
	uint64_t between; /* events until the next one */
};

static void find_exception(struct exceptions *x)
{
	x->between =
		x->at.at < x->at.end ? sm_bytes_get_varint(&x->at) : UINT64_MAX;
}

static uint64_t take_exception(struct exceptions *x)
{
	uint64_t delta = sm_unzigzag(sm_bytes_get_varint(&x->at));

	find_exception(x);
	return delta;
}

enum sm_status sm_columns_seqs(const struct sm_columns *c,
			       const struct sm_block *b, uint64_t *seqs)
{
	struct exceptions x = { .at = c->at[SM_COLUMN_SEQ] };
	struct runs runs;
	enum sm_status status = runs_init(&runs, c, b);

	if (status)
		return status;
	find_exception(&x);
	for (uint32_t i = 0; i < b->events;) {
		struct state *s = next_run(&runs);
		uint64_t seq = s->last;

		for (; i < runs.end; i++) {
			seq++;
			if (__builtin_expect(!x.between--, 0))
				seq += take_exception(&x);
			seqs[i] = seq;
		}
		s->last = seq;
	}
	runs_fini(&runs);
	return x.at.has_failed || x.at.at != x.at.end ? SM_DAMAGED : SM_OK;
}

/* ------------------------------------------------------------------- times */

/* Bits of a packed column, low bits first. */
struct bit_reader {
	const uint8_t *p;
	size_t bits, at;
	bool has_failed; /* read past the end */
};

static uint64_t get_bits(struct bit_reader *r, unsigned count)
{
	uint64_t value = 0;
	unsigned got = 0;

	if (count > r->bits - r->at) {
		r->has_failed = true;
		return 0;
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

/*
 * A delta: its magnitude is a byte, which is all if it is below 4; else two
 * bits of it follow the highest, and the rest is in low.
 */
static uint64_t get_delta(struct bit_reader *low, unsigned magnitude)
{
	unsigned rest = magnitude < 4 ? 0 : (magnitude - 4) / 4;

	if (magnitude < 4)
		return magnitude;
	if (rest > 61) {
		low->has_failed = true;
		return 0;
	}
	return (UINT64_C(4) | (magnitude & 3)) << rest | get_bits(low, rest);
}

/* What a magnitude says of its delta; rest: bits in low, SLOW: see get_delta()
 */
struct magnitude {
	uint64_t top, mask;
	size_t rest;
};
#define SLOW 64

static void list_magnitudes(struct magnitude list[256])
{
	for (unsigned i = 0; i < 256; i++) {
		unsigned rest = i < 4 ? 0 : (i - 4) / 4;
		uint64_t top = i < 4 ? i : UINT64_C(4) | i % 4;

		/* What starts within a byte and fits eight of them. */
		list[i] =
			rest > 56
				? (struct magnitude){ 0, 0, SLOW }
				: (struct magnitude){ top << rest,
						      (UINT64_C(1) << rest) - 1,
						      rest };
	}
}

/* As get_delta(), all of them at once. */
static void get_deltas(struct bit_reader *low, const uint8_t *magnitudes,
		       uint32_t n, uint64_t *deltas)
{
	/* Before it eight bytes can be loaded. */
	size_t at = 0, safe = low->bits >= 64 ? low->bits - 63 : 0;
	const uint8_t *p = low->p;
	struct magnitude list[256];

	list_magnitudes(list);
	for (uint32_t i = 0; i < n; i++) {
		const struct magnitude *m = &list[magnitudes[i]];
		uint64_t bits;

		if (__builtin_expect(m->rest == SLOW || at >= safe, 0)) {
			low->at = at;
			deltas[i] = get_delta(low, magnitudes[i]);
			at = low->at;
			continue;
		}
		memcpy(&bits, p + at / 8, 8);
		deltas[i] = m->top | (bits >> at % 8 & m->mask);
		at += m->rest;
	}
	low->at = at;
}

/* Makes deltas times, process by process. True: none is negative. */
static bool add_up(struct runs *runs, uint32_t n, uint64_t first_ns,
		   uint64_t *times_ns)
{
	uint64_t time_ns = first_ns, signs = 0;

	for (uint32_t i = 0; i < n;) {
		struct state *s = next_run(runs);

		if (s->is_known)
			time_ns = s->last;
		for (; i < runs->end; i++) {
			signs |= times_ns[i];
			time_ns += sm_unzigzag(times_ns[i]);
			times_ns[i] = time_ns;
		}
		*s = (struct state){ time_ns, true };
	}
	return !(signs & 1);
}

enum sm_status sm_columns_times(const struct sm_columns *c,
				const struct sm_block *b, uint64_t first_ns,
				uint64_t *times_ns, bool *ascends)
{
	const struct sm_bytes_reader *magnitudes = &c->at[SM_COLUMN_TIME];
	const struct sm_bytes_reader *lows = &c->at[SM_COLUMN_TIME_LOW];
	struct bit_reader low = { lows->at, (size_t)(lows->end - lows->at) * 8,
				  0, false };
	struct runs runs;
	enum sm_status status;

	*ascends = false;
	if ((size_t)(magnitudes->end - magnitudes->at) != b->events)
		return SM_DAMAGED;
	get_deltas(&low, magnitudes->at, b->events, times_ns);
	if (low.has_failed || low.bits - low.at > 7)
		return SM_DAMAGED;
	status = runs_init(&runs, c, b);
	if (status)
		return status;
	*ascends = add_up(&runs, b->events, first_ns, times_ns);
	runs_fini(&runs);
	return SM_OK;
}
