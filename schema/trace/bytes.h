/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bytes.h: growing byte buffers, integer columns in them, and a small map.
 *
 * A buffer that could not grow stays failed and swallows what comes after, so
 * that encoders check once at their end. Readers stay failed likewise.
 */
#ifndef SCHEMA_TRACE_BYTES_H
#define SCHEMA_TRACE_BYTES_H

#include "schema/status.h"
#include "schema/value.h"

struct sm_bytes {
	uint8_t *p;
	size_t len, room;
	bool has_failed;
};

void sm_bytes_fini(struct sm_bytes *b);
/* Makes room for n more bytes and returns where they go; NULL on failure. */
uint8_t *sm_bytes_grow(struct sm_bytes *b, size_t n);
void sm_bytes_put(struct sm_bytes *b, const void *p, size_t n);
void sm_bytes_put_byte(struct sm_bytes *b, uint8_t byte);
/* LEB128, 1 to 10 bytes. */
void sm_bytes_put_varint(struct sm_bytes *b, uint64_t value);

struct sm_bytes_reader {
	const uint8_t *at, *end;
	bool has_failed; /* ran past the end, or a varint over 64 bits */
};

uint64_t sm_bytes_get_varint_slow(struct sm_bytes_reader *r);

static inline uint64_t sm_bytes_get_varint(struct sm_bytes_reader *r)
{
	if (r->at < r->end && *r->at < 0x80)
		return *r->at++;
	if (r->end - r->at >= 2 && r->at[1] < 0x80) {
		r->at += 2;
		return (uint64_t)(r->at[-2] & 0x7f) | (uint64_t)r->at[-1] << 7;
	}
	return sm_bytes_get_varint_slow(r);
}

/* Small magnitudes of either sign become small numbers. */
static inline uint64_t sm_zigzag(uint64_t delta)
{
	return (delta << 1) ^ (0 - (delta >> 63));
}

static inline uint64_t sm_unzigzag(uint64_t coded)
{
	return (coded >> 1) ^ (0 - (coded & 1));
}

static inline uint64_t sm_mix(uint64_t a, uint64_t b)
{
	unsigned __int128 m = (unsigned __int128)(a ^ 0x9e3779b97f4a7c15) *
			      (b ^ 0xd6e8feb86659fd93);

	return (uint64_t)m ^ (uint64_t)(m >> 64);
}

/* Seeded against guests that choose colliding strings. */
uint64_t sm_bytes_hash(const void *p, size_t n, uint64_t seed);

/* uint64_t -> uint32_t, open addressing; UINT32_MAX is not a value. */
struct sm_map {
	uint64_t *keys;
	uint32_t *values;
	uint32_t count, room; /* room: power of two, or 0 */
};

#define SM_MAP_NONE UINT32_MAX

void sm_map_fini(struct sm_map *map);
void sm_map_clear(struct sm_map *map);
/* The value of key, or SM_MAP_NONE. */
uint32_t sm_map_get(const struct sm_map *map, uint64_t key);
/* Sets key, which must not be there yet. SM_NOMEM. */
SM_CHECKED enum sm_status sm_map_add(struct sm_map *map, uint64_t key,
				     uint32_t value);

/*
 * Makes *array hold at least want items of size bytes, doubling; *room counts
 * items. SM_NOMEM leaves it as it was.
 */
SM_CHECKED enum sm_status sm_array_reserve(void **array, size_t *room,
					   size_t want, size_t size);

#endif
