/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keep.h: copies of borrowed texts and values, freed together.
 */
#ifndef REPLAY_KEEP_H
#define REPLAY_KEEP_H

#include "schema/event.h"

struct sm_keep_chunk;

/* Starts as all zero; small until it holds much. */
struct sm_keep {
	struct sm_keep_chunk *chunks;
};

void sm_keep_fini(struct sm_keep *keep);

/* Aligned for any type; NULL when out of memory. */
void *sm_keep_bytes(struct sm_keep *keep, size_t bytes);
/* Copies end with a NUL that is not counted. False: out of memory. */
bool sm_keep_str(struct sm_keep *keep, struct sm_str from, struct sm_str *to);
/* A list with everything inside it. */
bool sm_keep_values(struct sm_keep *keep, const struct sm_value *from,
		    uint32_t count, const struct sm_value **to);
/* Site, arguments, resolved texts and verdict; to may be from. */
bool sm_keep_event(struct sm_keep *keep, const struct sm_event *from,
		   struct sm_event *to);

#endif
