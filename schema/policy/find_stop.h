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

SM_HOT __m128i sm_find_compared(const char *a, const char *b, size_t at)
{
	return _mm_cmpeq_epi8(sm_find_load(a + at), sm_find_load(b + at));
}

/* n bytes of both, at least 16. */
SM_HOT bool sm_find_same_long(const char *a, const char *b, size_t n)
{
	size_t at = n - 16; /* what is left is before it */
	__m128i same = sm_find_compared(a, b, at);

	for (; at > 32; at -= 32) {
		same = _mm_and_si128(
			_mm_and_si128(same, sm_find_compared(a, b, at - 16)),
			sm_find_compared(a, b, at - 32));
		/* or gcc reckons where it ends */
		__asm__("" : "+r"(at));
	}
	if (at > 16)
		same = _mm_and_si128(same, sm_find_compared(a, b, at - 16));
	same = _mm_and_si128(same, sm_find_compared(a, b, 0));
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
SM_HOT bool sm_find_same(const char *a, const char *b, size_t n)
{
	if (n >= 16)
		return sm_find_same_long(a, b, n);
	if (n >= 8)
		return sm_stop_load(a) == sm_stop_load(b) &&
		       sm_stop_load(a + n - 8) == sm_stop_load(b + n - 8);
	return sm_short_word(a, (uint32_t)n) == sm_short_word(b, (uint32_t)n);
}

/* Whether the last n bytes of word, from 1 to 8, are ASCII digits. */
SM_HOT bool sm_find_digits(uint64_t word, uint32_t n)
{
	const uint64_t each = 0x0101010101010101u;
	uint64_t digits = (word ^ '0' * each) >> (-8 * n % 64);

	/* A byte above 9 is 0x80 or more, or is with 0x76 added. */
	return !((digits | (digits + 0x76 * each)) & 0x80 * each);
}

/* The high bits of word's bytes that are `/`. */
SM_HOT uint64_t sm_find_slashes(uint64_t word)
{
	const uint64_t low = 0x7f7f7f7f7f7f7f7fu;
	uint64_t x = word ^ 0x2f2f2f2f2f2f2f2fu;

	return ~(((x & low) + low) | x | low);
}

#ifdef __SSE2__
/* Which of the 16 bytes at p are slashes: 0, or what __builtin_clz() takes. */
SM_HOT unsigned sm_find_16_slashes(const char *p)
{
	return (unsigned)_mm_movemask_epi8(
		_mm_cmpeq_epi8(sm_find_load(p), _mm_set1_epi8('/')));
}
#endif

/* Where the last slash before end is; the path begins with one. */
SM_HOT size_t sm_find_last_slash(const char *p, size_t end)
{
#ifdef __SSE2__
	unsigned found;

	/* Most names are not longer: the loop would cost them more. */
	if (end >= 16) {
		found = sm_find_16_slashes(p + end - 16);
		if (found)
			return end - 16 +
			       (31u ^ (unsigned)__builtin_clz(found));
		end -= 16;
	}
	for (; end >= 16; end -= 16) {
		found = sm_find_16_slashes(p + end - 16);
		if (found)
			return end - 16 +
			       (31u ^ (unsigned)__builtin_clz(found));
	}
#else
	uint64_t slashes;

	for (; end >= 8; end -= 8) {
		slashes = sm_find_slashes(sm_stop_load(p + end - 8));
		if (slashes)
			return end - 1 -
			       ((unsigned)__builtin_clzll(slashes) >> 3);
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
	const struct sm_blob_mark *mark; /* of the stop; NULL: there is none */
	size_t end; /* of the component behind it; 0: it is the path */
};

/* Nearly all starts that are no stop's are told here. */
SM_HOT bool sm_find_may(const struct sm_policy *policy, uint64_t hash)
{
	return policy->filter[hash / 64 & policy->filter_mask] >> hash % 64 & 1;
}

SM_HOT bool sm_find_is(const struct sm_policy *policy,
		       const struct sm_blob_mark *mark, enum sm_blob_root root,
		       const char *p, size_t n)
{
	if (mark->path != sm_mark_path(root, n))
		return false;
	if (n <= SM_MARK_TAIL)
		return sm_find_same(mark->tail + SM_MARK_TAIL - n, p, n);
	return sm_find_same_long(mark->tail, p + n - SM_MARK_TAIL,
				 SM_MARK_TAIL) &&
	       sm_find_same_long(policy->text + mark->start, p, mark->shared);
}

/* The first mark with these bits of its hash, or SM_BLOB_NONE. */
SM_HOT uint32_t sm_find_number(const struct sm_policy *policy, uint64_t hash)
{
	for (uint32_t at = sm_stop_slot(hash);; at++) {
		uint32_t slot = policy->slots[at & policy->slot_mask];
		uint32_t number = slot ^ sm_stop_tag(hash);

		if (slot == SM_BLOB_NONE)
			return slot;
		if (number <= SM_SLOT_MARK)
			return number;
		/*
		 * Hardly ever: nothing is worth a register that would have to
		 * be saved for it.
		 */
		__asm__("" ::: "memory");
	}
}

/* The mark of root's stop of the n bytes at p, or NULL: some slot is empty. */
SM_HOT const struct sm_blob_mark *sm_find_hashed(const struct sm_policy *policy,
						 enum sm_blob_root root,
						 uint64_t hash, const char *p,
						 size_t n)
{
	const struct sm_blob_mark *marks = policy->marks, *mark;

	for (uint32_t at = sm_stop_slot(hash);; at++) {
		uint32_t slot = policy->slots[at & policy->slot_mask];

		if (slot == SM_BLOB_NONE)
			return NULL;
		slot ^= sm_stop_tag(hash);
		if (slot <= SM_SLOT_MARK) {
			mark = &marks[slot];
			if (sm_find_is(policy, mark, root, p, n))
				return mark;
		}
		/*
		 * Hardly ever: nothing is worth a register that would have to
		 * be saved for it.
		 */
		__asm__("" ::: "memory");
	}
}

/* Of the first n bytes at p, which end does; a component up to end follows. */
SM_HOT struct sm_found_stop sm_find_from(const struct sm_policy *policy,
					 enum sm_blob_root root, const char *p,
					 size_t n, size_t end)
{
	for (;;) {
		uint64_t hash = sm_stop_hash_end(root, p, n);
		const struct sm_blob_mark *mark = NULL;

		if (sm_find_may(policy, hash)) {
			hash = sm_stop_hash_more(hash, policy->reach, p, n);
			mark = sm_find_hashed(policy, root, hash, p, n);
		}
		if (mark || !n)
			return (struct sm_found_stop){ mark, end };
		end = n;
		n = sm_find_last_slash(p, n);
	}
}

/* path is canonical. */
SM_HOT struct sm_found_stop sm_find_stop(const struct sm_policy *policy,
					 enum sm_blob_root root,
					 struct sm_str path)
{
	/* as stops are spelled */
	return sm_find_from(policy, root, path.p, path.len == 1 ? 0 : path.len,
			    0);
}

#endif
