/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bits.h: sets of small numbers, a bit each. Private to schema/policy.
 */
#ifndef SCHEMA_POLICY_BITS_H
#define SCHEMA_POLICY_BITS_H

#include <stdbool.h>
#include <stdint.h>

/* Words that hold numbers below count. */
#define SM_BITS_WORDS(count) ((count) / 64 + 1)

static inline bool sm_bits_has(const uint64_t *bits, uint32_t i)
{
	return bits[i / 64] >> (i % 64) & 1;
}

static inline void sm_bits_put(uint64_t *bits, uint32_t i)
{
	bits[i / 64] |= UINT64_C(1) << (i % 64);
}

#endif
