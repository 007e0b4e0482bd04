/* SPDX-License-Identifier: Apache-2.0 */
/*
 * timeline.h: how many events came when, in bounded space; for learner/ only.
 *
 * The same counts whatever order they came in: buckets are as wide as the whole
 * span needs, powers of two of a nanosecond, and start at multiples of that.
 */
#ifndef LEARNER_TIMELINE_H
#define LEARNER_TIMELINE_H

#include <stdint.h>

#define SM_TIMELINE_BUCKETS 64

struct sm_timeline {
	unsigned shift; /* buckets are 1 << shift ns wide */
	uint64_t start; /* number of the first bucket */
	unsigned used;	/* buckets from there to the last with events */
	uint64_t counts[SM_TIMELINE_BUCKETS];
};

/* An empty timeline is all zero. */
void sm_timeline_add(struct sm_timeline *line, uint64_t time_ns,
		     uint64_t count);
void sm_timeline_merge(struct sm_timeline *into,
		       const struct sm_timeline *from);
/* Times that are equal shifted right by this are counted alike. */
unsigned sm_timeline_shift(const struct sm_timeline *line);
uint64_t sm_timeline_total(const struct sm_timeline *line);
/* Events before time_ns; inside a bucket spread evenly. */
uint64_t sm_timeline_before(const struct sm_timeline *line, uint64_t time_ns);

#endif
