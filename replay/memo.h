/* SPDX-License-Identifier: Apache-2.0 */
/*
 * memo.h: 64-bit keys to small numbers: one open-addressed table.
 */
#ifndef REPLAY_MEMO_H
#define REPLAY_MEMO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sm_memo_slot {
	uint64_t key; /* 0: empty; key 0 itself is stored as 1 */
	uint64_t value;
};

struct sm_memo {
	struct sm_memo_slot *slots;
	size_t mask, used;
};

/* Bound of a table: 2^22 keys, 128 MiB; past it nothing is remembered. */
#define MEMO_KEYS_MAX ((size_t)1 << 22)

bool sm_memo_init(struct sm_memo *memo);
void sm_memo_fini(struct sm_memo *memo);
/* Forgets everything, keeps the memory. */
void sm_memo_clear(struct sm_memo *memo);

/* The slot of key, or NULL. Valid until the next sm_memo_add(). */
static inline struct sm_memo_slot *sm_memo_find(const struct sm_memo *memo,
						uint64_t key)
{
	uint64_t wanted = key + !key;
	/* Keys may be counters: spread them (Fibonacci hashing). */
	size_t at = (size_t)(wanted * 0x9e3779b97f4a7c15u >> 20);

	for (;; at++) {
		struct sm_memo_slot *slot = &memo->slots[at & memo->mask];

		if (slot->key == wanted)
			return slot;
		if (!slot->key)
			return NULL;
	}
}

/* Adds a key that is not there; false when full or out of memory. */
bool sm_memo_add(struct sm_memo *memo, uint64_t key, uint64_t value);

#endif
