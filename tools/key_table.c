/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/key_table.h"

#include <stdlib.h>

#define ROOM_MIN 64

uint64_t sm_key_hash(uint64_t seed, const void *bytes, size_t size)
{
	const unsigned char *p = bytes;

	for (size_t i = 0; i < size; i++)
		seed = (seed ^ p[i]) * 0x100000001b3u;
	return seed;
}

static struct sm_key_entry *find(const struct sm_key_table *t, uint64_t key)
{
	size_t at = (size_t)(key ^ key >> 32) & (t->room - 1);

	while (t->entries[at].value && t->entries[at].key != key)
		at = (at + 1) & (t->room - 1);
	return &t->entries[at];
}

static bool grow(struct sm_key_table *t)
{
	struct sm_key_table larger = { .room = t->room ? 2 * t->room : ROOM_MIN,
				       .used = t->used };

	if (t->used * 2 < t->room)
		return true;
	larger.entries = calloc(larger.room, sizeof(*larger.entries));
	if (!larger.entries)
		return false;
	for (size_t i = 0; i < t->room; i++)
		if (t->entries[i].value)
			*find(&larger, t->entries[i].key) = t->entries[i];
	free(t->entries);
	*t = larger;
	return true;
}

uint32_t *sm_key_table_at(struct sm_key_table *table, uint64_t key)
{
	struct sm_key_entry *entry;

	if (!grow(table))
		return NULL;
	entry = find(table, key);
	if (!entry->value) {
		entry->key = key;
		table->used++;
	}
	return &entry->value;
}

bool sm_key_table_add(struct sm_key_table *table, uint64_t key)
{
	uint32_t *value = sm_key_table_at(table, key);

	if (!value || *value)
		return !value;
	*value = 1;
	return true;
}

void sm_key_table_fini(struct sm_key_table *table)
{
	free(table->entries);
	*table = (struct sm_key_table){ 0 };
}
