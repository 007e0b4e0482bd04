/* SPDX-License-Identifier: Apache-2.0 */
/*
 * open_stops.c: checks stops (stop.h) as open.c does everything else.
 *
 * Stops lie one behind the other, each followed by those its ways lead to; so
 * they are read in one pass, and none can lead back. Those with a path are the
 * ones that marks name: each names its mark, and there are as many of both.
 */
#include "schema/policy/stop.h"

static uint32_t count_of(const struct sm_policy *p, enum sm_blob_section s)
{
	return sm_blob_header(p)->sections[s].count;
}

static bool is_text(const struct sm_policy *p, uint32_t at, uint32_t len)
{
	uint64_t bytes = 8 * (uint64_t)count_of(p, SM_BLOB_STOPS);

	return at <= bytes && len <= bytes - at;
}

static bool is_way_good(const struct sm_policy *p,
			const struct sm_blob_way *way)
{
	if (way->shape == SM_SHAPE_PATTERN)
		return way->text < count_of(p, SM_BLOB_PATTERNS) &&
		       sm_open_is_component(p, way->text);
	return way->shape < SM_SHAPES && way->token < SM_TOKENS &&
	       way->texts == way->start + (uint32_t)way->end &&
	       is_text(p, way->text, way->start + (uint32_t)way->end);
}

static bool is_stop_good(const struct sm_policy *p, uint32_t at)
{
	const struct sm_blob_stop *stop = sm_blob_stop(p, at);
	uint32_t left = count_of(p, SM_BLOB_STOPS) - at, i, words;
	uint32_t grants, ways;

	if (left < SM_STOP_WORDS || stop->words > left ||
	    stop->node >= count_of(p, SM_BLOB_NODES) ||
	    stop->names >= count_of(p, SM_BLOB_ENDS))
		return false;
	grants = stop->ends + (uint32_t)stop->deeps + stop->nexts + stop->trees;
	ways = stop->ways + (uint32_t)stop->tails;
	words = (uint32_t)(SM_STOP_WORDS + SM_GRANT_WORDS * grants);
	if (stop->ways_at != words)
		return false;
	words += (uint32_t)SM_WAY_WORDS * ways;
	if (stop->words < words)
		return false;
	for (i = 0; i < grants; i++) {
		const struct sm_blob_grant *g = &sm_stop_grants(stop)[i];

		if ((g->rule & SM_GRANT_RULE) >= count_of(p, SM_BLOB_RULES) ||
		    !is_text(p, g->id.at, g->id.len))
			return false;
	}
	for (i = 0; i < ways; i++)
		if (!is_way_good(p, &sm_stop_ways(stop)[i]))
			return false;
	return true;
}

/* A plain way leads to one grant, and what is loaded lies in the path. */
static bool is_plain_good(const struct sm_policy *p,
			  const struct sm_blob_stop *stop,
			  const struct sm_blob_way *way)
{
	const struct sm_blob_stop *next = sm_blob_stop(p, way->stop);

	return !way->plain ||
	       (way->plain < SM_WAY_PLAINS && stop->length >= 7 && way->start &&
		way->start <= 8 && way->end <= 8 &&
		is_stop_good(p, way->stop) && next->ends == 1 &&
		sm_stop_grants(next)->rule <= SM_GRANT_RULE);
}

/* Returns the word behind a stop and all that its ways lead to; 0: bad. */
static uint32_t check(const struct sm_policy *p, uint32_t at, unsigned depth)
{
	const struct sm_blob_stop *stop = sm_blob_stop(p, at);
	uint32_t next;

	if (depth > SM_STOP_DEPTH_MAX || !is_stop_good(p, at))
		return 0;
	next = at + stop->words;
	for (uint32_t i = 0; next && i < stop->ways + (uint32_t)stop->tails;
	     i++) {
		if (sm_stop_ways(stop)[i].stop != next ||
		    !is_plain_good(p, stop, &sm_stop_ways(stop)[i]))
			return 0;
		next = check(p, next, depth + 1);
	}
	return next;
}

/* What decisions read where a mark says so. */
static bool is_mark_good(const struct sm_policy *p,
			 const struct sm_blob_mark *mark,
			 const struct sm_blob_stop *stop)
{
	uint64_t bytes = count_of(p, SM_BLOB_TEXT);
	const struct sm_blob_way *way = sm_stop_ways(stop);

	uint32_t length = sm_mark_length(mark);

	if (length > SM_MARK_TAIL && mark->shared < SM_MARK_SHARED_MIN)
		return false;
	return length == stop->length && mark->shared <= length &&
	       mark->names < count_of(p, SM_BLOB_ENDS) &&
	       (uint64_t)mark->start + mark->shared <= bytes &&
	       (uint64_t)mark->id + mark->id_length <= bytes &&
	       mark->rule < count_of(p, SM_BLOB_RULES) + !mark->answers &&
	       (!(mark->answers & SM_MARK_WAY) || (stop->ways && way->plain));
}

static bool has_mark(const struct sm_policy *p, uint32_t at)
{
	const struct sm_blob_mark *marks = sm_blob_section(p, SM_BLOB_MARKS);
	uint32_t mark = sm_blob_stop(p, at)->mark;

	return mark < count_of(p, SM_BLOB_MARKS) && marks[mark].stop == at;
}

/* Each stop names a shorter one or none, so that following them ends. */
static bool is_up_good(const struct sm_policy *p, uint32_t at)
{
	const struct sm_blob_stop *stop = sm_blob_stop(p, at);

	return stop->up == SM_BLOB_NONE ||
	       (stop->up < at && has_mark(p, stop->up) &&
		sm_blob_stop(p, stop->up)->length < stop->length);
}

static bool is_power(uint32_t n)
{
	return n && !(n & (n - 1));
}

/* Slots name marks, and looking for one ends. */
static bool are_slots_good(const struct sm_policy *p)
{
	const uint32_t *slots = sm_blob_section(p, SM_BLOB_SLOTS);
	uint32_t size = count_of(p, SM_BLOB_SLOTS), used = 0;

	if (!is_power(size))
		return false;
	for (uint32_t i = 0; i < size; i++) {
		if (slots[i] == SM_BLOB_NONE)
			continue;
		used++;
		if ((slots[i] & SM_SLOT_MARK) >= count_of(p, SM_BLOB_MARKS))
			return false;
	}
	return used < size;
}

bool sm_open_stops(const struct sm_policy *p)
{
	const struct sm_blob_mark *marks = sm_blob_section(p, SM_BLOB_MARKS);
	uint32_t end = count_of(p, SM_BLOB_STOPS), stops = 0, at = 0, next;

	if (!is_power(count_of(p, SM_BLOB_FILTER)) || !are_slots_good(p))
		return false;
	for (; at < end; at = next, stops++) {
		const struct sm_blob_stop *stop = sm_blob_stop(p, at);

		next = check(p, at, 0);
		if (!next || !has_mark(p, at) ||
		    !is_mark_good(p, &marks[stop->mark], stop) ||
		    !is_up_good(p, at))
			return false;
	}
	return stops == count_of(p, SM_BLOB_MARKS);
}
