/* SPDX-License-Identifier: Apache-2.0 */
#include "learner/observe.h"

int sm_by_number(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* ---------------------------------------------------------------- sketches */

void sm_sketch_add(struct sm_sketch *sketch, uint64_t hash)
{
	uint32_t i = 0, end;

	while (i < sketch->count && sketch->hash[i] < hash)
		i++;
	if (i == SM_SKETCH_MAX ||
	    (i < sketch->count && sketch->hash[i] == hash))
		return;
	end = sketch->count < SM_SKETCH_MAX ? sketch->count++
					    : SM_SKETCH_MAX - 1;
	memmove(&sketch->hash[i + 1], &sketch->hash[i],
		(end - i) * sizeof(sketch->hash[0]));
	sketch->hash[i] = hash;
}

void sm_sketch_merge(struct sm_sketch *into, const struct sm_sketch *from)
{
	for (uint32_t i = 0; i < from->count; i++)
		sm_sketch_add(into, from->hash[i]);
}

bool sm_sketch_equal(const struct sm_sketch *a, const struct sm_sketch *b)
{
	return a->count == b->count &&
	       !memcmp(a->hash, b->hash, a->count * sizeof(a->hash[0]));
}
