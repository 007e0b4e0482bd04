/* SPDX-License-Identifier: Apache-2.0 */
#include "learner/timeline.h"

#include <string.h>

#define FINEST 20 /* about a millisecond */

static void coarsen(struct sm_timeline *line)
{
	uint64_t counts[SM_TIMELINE_BUCKETS] = { 0 };
	uint64_t start = line->start >> 1;
	unsigned used = 0;

	for (unsigned i = 0; i < line->used; i++) {
		used = (unsigned)(((line->start + i) >> 1) - start) + 1;
		counts[used - 1] += line->counts[i];
	}
	memcpy(line->counts, counts, sizeof(counts));
	line->start = start;
	line->used = used;
	line->shift++;
}

/* Whether bucket fits beside those in use; makes it the first if it must. */
static int cover(struct sm_timeline *line, uint64_t bucket)
{
	uint64_t end = line->start + line->used, by;

	if (bucket >= line->start) {
		if (bucket - line->start >= SM_TIMELINE_BUCKETS)
			return 0;
		if (bucket >= end)
			line->used = (unsigned)(bucket - line->start) + 1;
		return 1;
	}
	if (end - bucket > SM_TIMELINE_BUCKETS)
		return 0;
	by = line->start - bucket;
	memmove(line->counts + by, line->counts,
		line->used * sizeof(line->counts[0]));
	memset(line->counts, 0, by * sizeof(line->counts[0]));
	line->start = bucket;
	line->used += (unsigned)by;
	return 1;
}

unsigned sm_timeline_shift(const struct sm_timeline *line)
{
	return line->shift < FINEST ? FINEST : line->shift;
}

void sm_timeline_add(struct sm_timeline *line, uint64_t time_ns, uint64_t count)
{
	if (!line->used) {
		line->shift = sm_timeline_shift(line);
		line->start = time_ns >> line->shift;
	}
	while (!cover(line, time_ns >> line->shift))
		coarsen(line);
	line->counts[(time_ns >> line->shift) - line->start] += count;
}

void sm_timeline_merge(struct sm_timeline *into, const struct sm_timeline *from)
{
	while (into->used && into->shift < from->shift)
		coarsen(into);
	if (!into->used)
		into->shift = from->shift;
	for (unsigned i = 0; i < from->used; i++)
		if (from->counts[i])
			sm_timeline_add(into, (from->start + i) << from->shift,
					from->counts[i]);
}

uint64_t sm_timeline_total(const struct sm_timeline *line)
{
	uint64_t total = 0;

	for (unsigned i = 0; i < line->used; i++)
		total += line->counts[i];
	return total;
}

uint64_t sm_timeline_before(const struct sm_timeline *line, uint64_t time_ns)
{
	uint64_t total = 0, width = (uint64_t)1 << line->shift;

	for (unsigned i = 0; i < line->used; i++) {
		uint64_t from = (line->start + i) << line->shift;

		if (from >= time_ns)
			break;
		if (time_ns - from >= width)
			total += line->counts[i];
		else
			total += (uint64_t)((double)line->counts[i] *
					    (double)(time_ns - from) /
					    (double)width);
	}
	return total;
}
