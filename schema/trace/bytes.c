/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/trace/bytes.h"

#include <stdlib.h>

void sm_bytes_fini(struct sm_bytes *b)
{
	free(b->p);
	*b = (struct sm_bytes){ 0 };
}

uint8_t *sm_bytes_grow(struct sm_bytes *b, size_t n)
{
	uint8_t *at;

	if (b->has_failed)
		return NULL;
	if (!b->p || n > b->room - b->len) {
		size_t room = b->room ? b->room : 256;
		uint8_t *p;

		while (room - b->len < n) {
			if (room > SIZE_MAX / 2)
				goto fail;
			room *= 2;
		}
		p = realloc(b->p, room);
		if (!p)
			goto fail;
		b->p = p;
		b->room = room;
	}
	at = b->p + b->len;
	b->len += n;
	return at;
fail:
	b->has_failed = true;
	return NULL;
}

void sm_bytes_put(struct sm_bytes *b, const void *p, size_t n)
{
	uint8_t *at = sm_bytes_grow(b, n);

	if (at && n)
		memcpy(at, p, n);
}

void sm_bytes_put_byte(struct sm_bytes *b, uint8_t byte)
{
	sm_bytes_put(b, &byte, 1);
}

void sm_bytes_put_varint(struct sm_bytes *b, uint64_t value)
{
	uint8_t text[10];
	size_t n = 0;

	if (value < 0x80 && b->len < b->room && !b->has_failed) {
		b->p[b->len++] = (uint8_t)value;
		return;
	}
	for (; value >= 0x80; value >>= 7)
		text[n++] = (uint8_t)(value | 0x80);
	text[n++] = (uint8_t)value;
	sm_bytes_put(b, text, n);
}

uint64_t sm_bytes_get_varint_slow(struct sm_bytes_reader *r)
{
	uint64_t value = 0;

	for (unsigned shift = 0; r->at < r->end && shift < 64; shift += 7) {
		uint8_t byte = *r->at++;

		if (shift == 63 && byte > 1)
			break;
		value |= (uint64_t)(byte & 0x7f) << shift;
		if (byte < 0x80)
			return value;
	}
	r->has_failed = true;
	r->at = r->end;
	return 0;
}

uint64_t sm_bytes_hash(const void *p, size_t n, uint64_t seed)
{
	const uint8_t *at = p;
	uint64_t h = seed ^ n, word = 0;

	for (; n >= 8; n -= 8, at += 8) {
		memcpy(&word, at, 8);
		h = sm_mix(h, word);
	}
	word = 0;
	if (n)
		memcpy(&word, at, n);
	return sm_mix(h, word);
}

void sm_map_fini(struct sm_map *map)
{
	free(map->keys);
	free(map->values);
	*map = (struct sm_map){ 0 };
}

void sm_map_clear(struct sm_map *map)
{
	if (map->count)
		memset(map->values, 0xff, map->room * sizeof(*map->values));
	map->count = 0;
}

static uint32_t slot_of(const struct sm_map *map, uint64_t key)
{
	uint32_t mask = map->room - 1;
	uint32_t at = (uint32_t)(sm_mix(key, 1) >> 32) & mask;

	while (map->values[at] != SM_MAP_NONE && map->keys[at] != key)
		at = (at + 1) & mask;
	return at;
}

uint32_t sm_map_get(const struct sm_map *map, uint64_t key)
{
	return map->count ? map->values[slot_of(map, key)] : SM_MAP_NONE;
}

static enum sm_status grow(struct sm_map *map)
{
	struct sm_map larger = { .room = map->room ? map->room * 2 : 64 };

	if (map->room > UINT32_MAX / 4)
		return SM_NOMEM;
	larger.keys = malloc(larger.room * sizeof(*larger.keys));
	larger.values = malloc(larger.room * sizeof(*larger.values));
	if (!larger.keys || !larger.values) {
		sm_map_fini(&larger);
		return SM_NOMEM;
	}
	memset(larger.values, 0xff, larger.room * sizeof(*larger.values));
	for (uint32_t i = 0; i < map->room; i++) {
		uint32_t at;

		if (map->values[i] == SM_MAP_NONE)
			continue;
		at = slot_of(&larger, map->keys[i]);
		larger.keys[at] = map->keys[i];
		larger.values[at] = map->values[i];
	}
	larger.count = map->count;
	free(map->keys);
	free(map->values);
	map->keys = larger.keys;
	map->values = larger.values;
	map->room = larger.room;
	return SM_OK;
}

enum sm_status sm_map_add(struct sm_map *map, uint64_t key, uint32_t value)
{
	uint32_t at;

	if (map->count >= map->room / 2) {
		enum sm_status status = grow(map);

		if (status)
			return status;
	}
	at = slot_of(map, key);
	map->keys[at] = key;
	map->values[at] = value;
	map->count++;
	return SM_OK;
}

enum sm_status sm_array_reserve(void **array, size_t *room, size_t want,
				size_t size)
{
	size_t larger = *room ? *room : 16;
	void *p;

	if (want <= *room)
		return SM_OK;
	while (larger < want) {
		if (larger > SIZE_MAX / 2 / size)
			return SM_NOMEM;
		larger *= 2;
	}
	p = realloc(*array, larger * size);
	if (!p)
		return SM_NOMEM;
	*array = p;
	*room = larger;
	return SM_OK;
}
