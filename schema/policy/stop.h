/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stop.h: where a path's literal start ends. Private to schema/policy.
 *
 * A stop is a node that literal components alone lead to, and where a rule
 * stands or a wildcard follows. All of them lie in one table, by the hash of
 * the path that leads there: a path is hashed once, in blocks, and what is
 * known of its blocks gives the hash of each of its starts.
 */
#ifndef SCHEMA_POLICY_STOP_H
#define SCHEMA_POLICY_STOP_H

#include "schema/policy/blob.h"

#define SM_STOP_BLOCK 16u

static inline uint64_t sm_stop_load(const char *p)
{
	uint64_t word;

	memcpy(&word, p, sizeof(word));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	word = __builtin_bswap64(word);
#endif
	return word;
}

/* Fewer than 8 bytes; of three, each. */
static inline uint64_t sm_stop_load_short(const char *p, uint32_t n)
{
	uint32_t first, last;

	if (n >= 4) {
		memcpy(&first, p, sizeof(first));
		memcpy(&last, p + n - 4, sizeof(last));
		return first | (uint64_t)last << 32;
	}
	if (!n)
		return 0;
	return (uint8_t)p[0] | (uint64_t)(uint8_t)p[n / 2] << 8 |
	       (uint64_t)(uint8_t)p[n - 1] << 16;
}

static inline uint64_t sm_stop_mix(uint64_t hash, uint64_t first,
				   uint64_t second)
{
	__extension__ typedef unsigned __int128 wide;
	wide product = (wide)(first ^ hash ^ 0x9e3779b97f4a7c15u) *
		       (second ^ 0xd6e8feb86659fd93u);

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* Paths of different families do not meet. */
static inline uint64_t sm_stop_begin(enum sm_blob_root root)
{
	return (uint64_t)(root + 1) * 0xa0761d6478bd642fu;
}

/* What is mixed of the block at p. */
static inline uint64_t sm_stop_block(uint64_t hash, const char *p)
{
	return sm_stop_mix(hash, sm_stop_load(p), sm_stop_load(p + 8));
}

/*
 * The hash of the len bytes at p, of which hash holds the whole blocks. What is
 * behind them is mixed as the last block's worth of bytes, whatever of them was
 * mixed before: nothing needs to be cut off.
 */
static inline uint32_t sm_stop_end(uint64_t hash, const char *p, uint32_t len)
{
	if (len >= SM_STOP_BLOCK)
		hash = sm_stop_block(hash, p + len - SM_STOP_BLOCK);
	else if (len >= 8)
		hash = sm_stop_mix(hash, sm_stop_load(p),
				   sm_stop_load(p + len - 8));
	else
		hash = sm_stop_mix(hash, sm_stop_load_short(p, len), 0);
	return (uint32_t)(hash ^ hash >> 32);
}

static inline uint32_t sm_stop_hash(enum sm_blob_root root, struct sm_str path)
{
	uint64_t hash = sm_stop_begin(root);

	for (uint32_t i = 0; i < path.len / SM_STOP_BLOCK; i++)
		hash = sm_stop_block(hash, path.p + i * SM_STOP_BLOCK);
	return sm_stop_end(hash, path.p, path.len);
}

/*
 * Which components a node's children could accept, by the first byte and the
 * last two: a bit of sm_blob_node.may. Not for an empty one.
 */
static inline uint64_t sm_stop_may(const char *first, const char *end)
{
	uint32_t ends = (uint8_t)*first | (uint32_t)(uint8_t)end[-1] << 8 |
			(uint32_t)(uint8_t)end[end - first > 1 ? -2 : -1] << 16;

	return UINT64_C(1) << ((ends * 0x9e3779b1u) >> 26);
}

#endif
