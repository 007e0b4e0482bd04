/* SPDX-License-Identifier: Apache-2.0 */
/*
 * arena.h: memory that is freed at once. Learning builds many small things
 * that live equally long.
 */
#ifndef LEARNER_ARENA_H
#define LEARNER_ARENA_H

#include "schema/value.h"

struct sm_arena_block;

struct sm_arena {
	struct sm_arena_block *blocks;
	size_t used, room; /* of the newest block */
};

/* Zeroed bytes, aligned for any object; NULL when out of memory. */
void *sm_arena_take(struct sm_arena *arena, size_t bytes);
/* A copy with a NUL behind it. p is NULL when out of memory. */
struct sm_str sm_arena_copy(struct sm_arena *arena, struct sm_str text);
void sm_arena_fini(struct sm_arena *arena);

#endif
