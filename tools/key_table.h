/* SPDX-License-Identifier: Apache-2.0 */
/*
 * key_table.h: numbers by 64-bit keys, for passes over traces that remember
 * what they have seen. Zeroed memory is an empty table.
 */
#ifndef TOOLS_KEY_TABLE_H
#define TOOLS_KEY_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* FNV-1a, for keys made of bytes; start with the seed. */
#define SM_KEY_SEED 0xcbf29ce484222325u
uint64_t sm_key_hash(uint64_t seed, const void *bytes, size_t size);

struct sm_key_table {
	struct sm_key_entry {
		uint64_t key;
		uint32_t value; /* never 0 for a key that is there */
	} * entries;
	size_t room, used;
};

/*
 * The number of key: 0 when it is new, and to be set at once. NULL: out of
 * memory. Valid until the next call.
 */
uint32_t *sm_key_table_at(struct sm_key_table *table, uint64_t key);
/* True the first time, and when out of memory. */
bool sm_key_table_add(struct sm_key_table *table, uint64_t key);
void sm_key_table_fini(struct sm_key_table *table);

#endif
