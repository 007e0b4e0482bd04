/* SPDX-License-Identifier: Apache-2.0 */
/*
 * observe.h: inside a set of observations; for learner/ only.
 */
#ifndef LEARNER_OBSERVE_H
#define LEARNER_OBSERVE_H

#include "learner/arena.h"
#include "learner/learner.h"

/*
 * The smallest hashes of a set: enough to tell one, a few and many, to compare
 * with another set, and the same whatever order they came in.
 */
#define SM_SKETCH_MAX 8
struct sm_sketch {
	uint32_t count;
	uint64_t hash[SM_SKETCH_MAX]; /* ascending */
};
void sm_sketch_add(struct sm_sketch *sketch, uint64_t hash);
void sm_sketch_merge(struct sm_sketch *into, const struct sm_sketch *from);
bool sm_sketch_equal(const struct sm_sketch *a, const struct sm_sketch *b);

struct sm_call {
	struct sm_str key; /* CBOR: see observe.c */
	uint64_t hash;
	uint64_t count;
	struct sm_sketch runs, owners;
};

/* A process that was recorded. Strings live in the set's arena. */
struct sm_owner {
	uint64_t run, identity;
	uint32_t pid, guest_pid;
	struct sm_str exe, cwd, script, stdlib, prefix, home, tmp;
};

struct sm_observations {
	struct sm_arena arena;
	struct sm_call **calls; /* open addressing, power of two */
	size_t call_room, call_count;
	struct sm_owner *owners;
	size_t owner_room, owner_count;
	uint64_t *traces; /* identities */
	size_t trace_room, trace_count;
	struct sm_sketch runs;
	uint64_t *run_ids;
	size_t run_room, run_count;
	uint64_t events, denied, lost;
};

/* The event behind a call, rebuilt in arena; false when out of memory. */
bool sm_call_event(const struct sm_call *call, struct sm_arena *arena,
		   struct sm_event *event);

/* FNV-1a, 64 bits: identity of bytes in sets that are never printed. */
uint64_t sm_hash(uint64_t seed, const void *bytes, size_t n);
#define SM_HASH_SEED 0xcbf29ce484222325u

#endif
