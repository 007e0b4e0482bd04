/* SPDX-License-Identifier: Apache-2.0 */
/*
 * build_slots.c: the table that finds stops by the end of their path (stop.h).
 */
#include <stdlib.h>

#include "schema/policy/build.h"
#include "schema/policy/stop.h"

#define NONE	  SM_BLOB_NONE
#define REACH_MAX UINT8_MAX
/*
 * For each stop at least; large tables, which should stay in a cache, have less
 * room.
 */
#define ROOMY	     4096 /* stops */
#define SLOTS	     16
#define SLOTS_LARGE  2
#define FILTER	     64 /* bits */
#define FILTER_LARGE 16
/* A stop in so many may be taken for another one before it is compared, ... */
#define MISTAKEN 16
/* ... and no more than these for one another. */
#define ALIKE_MAX 4

/* -------------------------------------------------------------------- reach */

static uint64_t end_hash_of(const struct sm_build_starts *starts, size_t i)
{
	const struct sm_build_start *start =
		(const struct sm_build_start *)(const void *)starts->starts.p +
		i;

	return sm_stop_hash_end(start->root, starts->paths.p + start->path,
				start->length);
}

static uint64_t hash_of(const struct sm_build_starts *starts, size_t i,
			uint32_t reach)
{
	const struct sm_build_start *start =
		(const struct sm_build_start *)(const void *)starts->starts.p +
		i;

	return sm_stop_hash_more(end_hash_of(starts, i), reach,
				 starts->paths.p + start->path, start->length);
}

static int compare_hashes(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* Whether hashes of so many blocks tell the stops apart, nearly all of them. */
static bool is_enough(const struct sm_build_starts *starts, uint32_t reach,
		      uint64_t *hashes)
{
	size_t mistaken = 0, alike = 1, count = starts->starts.count;

	for (size_t i = 0; i < count; i++)
		hashes[i] = hash_of(starts, i, reach);
	qsort(hashes, count, sizeof(*hashes), compare_hashes);
	for (size_t i = 1; i < count; i++) {
		alike = hashes[i] == hashes[i - 1] ? alike + 1 : 1;
		mistaken += alike > 1;
		if (alike > ALIKE_MAX)
			return false;
	}
	return mistaken <= count / MISTAKEN;
}

static uint32_t longest_of(const struct sm_vector *starts)
{
	const struct sm_build_start *start = (const void *)starts->p;
	uint32_t longest = 0;

	for (size_t i = 0; i < starts->count; i++)
		if (start[i].length > longest)
			longest = start[i].length;
	return longest;
}

/* The least reach that is enough; each one is a half longer than the last. */
static enum sm_status set_reach(struct sm_build *b,
				const struct sm_build_starts *starts)
{
	uint32_t all = longest_of(&starts->starts) / SM_STOP_BLOCK, reach = 0;
	uint64_t *hashes = calloc(starts->starts.count + 1, sizeof(*hashes));

	if (!hashes)
		return SM_NOMEM;
	if (all > REACH_MAX)
		all = REACH_MAX;
	while (reach < all && !is_enough(starts, reach, hashes))
		reach += 1 + reach / 2;
	b->reach = (uint8_t)(reach < all ? reach : all);
	free(hashes);
	return SM_OK;
}

/* -------------------------------------------------------------------- slots */

/* Elements of a power of two, at least count and 1. */
static enum sm_status make_table(struct sm_vector *v, size_t size, size_t count)
{
	size_t n = 1;

	while (n < count)
		n *= 2;
	while (n--)
		if (!sm_build_push(v, size))
			return SM_NOMEM;
	return SM_OK;
}

static enum sm_status make_slots(struct sm_build *b, size_t stops)
{
	struct sm_vector *v = &b->sections[SM_BLOB_SLOTS];
	size_t each = stops < ROOMY ? SLOTS : SLOTS_LARGE;
	enum sm_status status = make_table(v, sizeof(uint32_t), each * stops);

	if (!status)
		memset(v->p, 0xff, v->count * sizeof(uint32_t)); /* NONE */
	return status;
}

static void put_mark(struct sm_build *b, const struct sm_build_starts *starts,
		     size_t number)
{
	uint32_t *slots = (void *)b->sections[SM_BLOB_SLOTS].p;
	size_t slot_mask = b->sections[SM_BLOB_SLOTS].count - 1;
	uint64_t *filter = (void *)b->sections[SM_BLOB_FILTER].p;
	size_t filter_mask = b->sections[SM_BLOB_FILTER].count - 1;
	uint64_t end = end_hash_of(starts, number);
	uint64_t hash = hash_of(starts, number, b->reach);
	size_t at = sm_stop_slot(hash) & slot_mask;

	while (slots[at] != NONE)
		at = (at + 1) & slot_mask;
	slots[at] = sm_stop_tag(hash) | (uint32_t)number;
	filter[end / 64 & filter_mask] |= UINT64_C(1) << end % 64;
}

enum sm_status sm_build_slots(struct sm_build *b,
			      const struct sm_build_starts *starts)
{
	size_t count = starts->starts.count;
	size_t bits = count < ROOMY ? FILTER : FILTER_LARGE;
	enum sm_status status = set_reach(b, starts);

	if (!status)
		status = make_slots(b, count);
	if (!status)
		status = make_table(&b->sections[SM_BLOB_FILTER],
				    sizeof(uint64_t), count * bits / 64);
	for (size_t i = 0; !status && i < count; i++)
		put_mark(b, starts, i);
	return status;
}
