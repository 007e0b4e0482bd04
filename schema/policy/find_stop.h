/* SPDX-License-Identifier: Apache-2.0 */
/*
 * find_stop.h: the longest literal start of a path that rules know. Private to
 * schema/policy; inline, since every decision about a path begins with it.
 */
#ifndef SCHEMA_POLICY_FIND_STOP_H
#define SCHEMA_POLICY_FIND_STOP_H

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "schema/policy/stop.h"

#define SM_HOT static inline __attribute__((always_inline))
/* Without arrays that could be left, and called too often for a guard of them.
 */
#define SM_UNGUARDED __attribute__((no_stack_protector))

#ifdef __SSE2__
SM_HOT __m128i sm_find_load(const char *p)
{
	return _mm_loadu_si128((const __m128i *)(const void *)p);
}

SM_HOT __m128i sm_find_compared(const char *a, const char *b, uint32_t at)
{
	return _mm_cmpeq_epi8(sm_find_load(a + at), sm_find_load(b + at));
}

/* n bytes of both, at least 16. */
SM_HOT bool sm_find_same_long(const char *a, const char *b, uint32_t n)
{
	__m128i same = sm_find_compared(a, b, 0);

	for (n -= 16; n > 16; n -= 16)
		same = _mm_and_si128(same, sm_find_compared(a, b, n));
	same = _mm_and_si128(same, sm_find_compared(a, b, n));
	return _mm_movemask_epi8(same) == 0xffff;
}
#else
SM_HOT uint64_t sm_find_difference(const char *a, const char *b)
{
	return (sm_stop_load(a) ^ sm_stop_load(b)) |
	       (sm_stop_load(a + 8) ^ sm_stop_load(b + 8));
}

SM_HOT bool sm_find_same_long(const char *a, const char *b, uint32_t n)
{
	uint64_t difference = sm_find_difference(a + n - 16, b + n - 16);

	for (; n > 16; n -= 16, a += 16, b += 16)
		difference |= sm_find_difference(a, b);
	return !difference;
}
#endif

/* n bytes of both; short ones, which a call of memcmp would cost more for. */
SM_HOT bool sm_find_same(const char *a, const char *b, uint32_t n)
{
	if (n >= 16)
		return sm_find_same_long(a, b, n);
	if (n >= 8)
		return sm_stop_load(a) == sm_stop_load(b) &&
		       sm_stop_load(a + n - 8) == sm_stop_load(b + n - 8);
	return sm_short_word(a, n) == sm_short_word(b, n);
}

/* The high bits of word's bytes that are no ASCII digits. */
SM_HOT uint64_t sm_find_no_digits(uint64_t word)
{
	const uint64_t each = 0x0101010101010101u, high = 0x80 * each;

	/* not ASCII, below '0', above '9' */
	return (word | ~((word | high) - '0' * each) |
		((word & ~high) + (0x7f - '9') * each)) &
	       high;
}

/* The high bits of word's bytes that are `/`. */
SM_HOT uint64_t sm_find_slashes(uint64_t word)
{
	const uint64_t low = 0x7f7f7f7f7f7f7f7fu;
	uint64_t x = word ^ 0x2f2f2f2f2f2f2f2fu;

	return ~(((x & low) + low) | x | low);
}

/* Where the last slash before end is; the path begins with one. */
SM_HOT uint32_t sm_find_last_slash(const char *p, uint32_t end)
{
#ifdef __SSE2__
	const __m128i slash = _mm_set1_epi8('/');
	unsigned found;

	for (; end >= 16; end -= 16) {
		found = (unsigned)_mm_movemask_epi8(
			_mm_cmpeq_epi8(sm_find_load(p + end - 16), slash));
		if (found)
			return end - 16 + (31 ^ (uint32_t)__builtin_clz(found));
	}
#else
	uint64_t slashes;

	for (; end >= 8; end -= 8) {
		slashes = sm_find_slashes(sm_stop_load(p + end - 8));
		if (slashes)
			return end - 1 -
			       ((uint32_t)__builtin_clzll(slashes) >> 3);
	}
#endif
	while (end && p[end - 1] != '/')
		end--;
	return end ? end - 1 : 0;
}

/* The end of the component at `at`. */
SM_HOT uint32_t sm_find_end(struct sm_str path, uint32_t at)
{
	uint64_t slashes;

	for (; at + 8 <= path.len; at += 8) {
		slashes = sm_find_slashes(sm_stop_load(path.p + at));
		if (slashes)
			return at + ((uint32_t)__builtin_ctzll(slashes) >> 3);
	}
	while (at < path.len && path.p[at] != '/')
		at++;
	return at;
}

struct sm_found_stop {
	const struct sm_blob_stop *stop; /* NULL: there is none */
	uint32_t end;	 /* of the component behind it; 0: it is the path */
	uint32_t length; /* of the start it should be */
};

/* The stop of a hash, or SM_BLOB_NONE: some slot is empty. */
SM_HOT uint32_t sm_find_slot(const struct sm_policy *policy, uint32_t hash)
{
	const struct sm_blob_slot *slots = (const void *)policy->slots;

	for (uint32_t i = hash;; i++) {
		const struct sm_blob_slot *slot = &slots[i & policy->slot_mask];

		if (slot->stop == SM_BLOB_NONE || slot->hash == hash)
			return slot->stop;
	}
}

SM_HOT bool sm_find_is(const struct sm_blob_stop *stop, const char *p,
		       uint32_t n)
{
	return stop->length == n && sm_find_same(sm_stop_path(stop), p, n);
}

/*
 * path is canonical. The hash only finds: whether it is that stop, sm_find_is()
 * has to say.
 */
SM_HOT struct sm_found_stop sm_find_stop(const struct sm_policy *policy,
					 enum sm_blob_root root,
					 struct sm_str path)
{
	uint64_t sum = sm_stop_begin(root), key = SM_STOP_KEY;
	uint32_t n = path.len == 1 ? 0 : path.len; /* as stops are spelled */
	const char *whole = path.p;		   /* behind its whole blocks */
	uint32_t end = 0, stop;

	for (; n >= SM_STOP_BLOCK; n -= SM_STOP_BLOCK) {
		sum += sm_stop_block(whole, key);
		whole += SM_STOP_BLOCK;
		key += SM_STOP_KEY;
	}
	n += (uint32_t)(whole - path.p);
	for (;;) {
		stop = sm_find_slot(policy, sm_stop_end(sum, path.p, n));
		if (stop != SM_BLOB_NONE)
			return (struct sm_found_stop){
				sm_blob_stop(policy, stop), end, n
			};
		if (!n)
			return (struct sm_found_stop){ NULL, 0, 0 };
		end = n;
		n = sm_find_last_slash(path.p, n);
		while (whole > path.p + n) {
			whole -= SM_STOP_BLOCK;
			key -= SM_STOP_KEY;
			sum -= sm_stop_block(whole, key);
		}
	}
}

#endif
