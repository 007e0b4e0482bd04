/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seen.h: the calls behind keys of one trace; for learner/ only.
 *
 * Most events of a long trace repeat some thousands of calls, which are decoded
 * and looked up once.
 */
#ifndef LEARNER_SEEN_H
#define LEARNER_SEEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "schema/status.h"

struct sm_call;
struct sm_seen_call {
	struct sm_call *call; /* NULL: asks for nothing */
	uint64_t makers;      /* bits: those below 64 who made it */
	uint32_t families;    /* bits: in which it asks for something */
	bool is_forged;
};

struct sm_seen {
	struct sm_seen_slot {
		uint64_t key;
		struct sm_seen_call is;
		bool is_used;
	} * slots;
	size_t mask, used;
};

/* Keys remembered at most; a new one takes the place of another then. */
#define SM_SEEN_MAX ((size_t)1 << 20)

bool sm_seen_init(struct sm_seen *seen);
void sm_seen_fini(struct sm_seen *seen);

/* Keys are well mixed: sm_trace_key(). */
static inline struct sm_seen_slot *sm_seen_slot(const struct sm_seen *seen,
						uint64_t key)
{
	size_t at = (size_t)(key ^ key >> 32);

	for (;; at++) {
		struct sm_seen_slot *slot = &seen->slots[at & seen->mask];

		if (slot->key == key || !slot->is_used)
			return slot;
	}
}

/* NULL: not seen yet. Valid until sm_seen_add(). */
static inline struct sm_seen_call *sm_seen_find(const struct sm_seen *seen,
						uint64_t key)
{
	struct sm_seen_slot *slot = sm_seen_slot(seen, key);

	return slot->is_used ? &slot->is : NULL;
}

/* Adds a key that is not there; NULL: SM_NOMEM. */
struct sm_seen_call *sm_seen_add(struct sm_seen *seen, uint64_t key,
				 const struct sm_seen_call *call,
				 enum sm_status *status);

#endif
