/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When something was recorded: the time from the first call to the last is
 * divided into eight parts.
 */
#include "learner/tree.h"

#define WINDOWS 8

void sm_learn_measure_time(struct sm_learn *l)
{
	l->first_ns = UINT64_MAX;
	l->last_ns = 0;
	for (size_t i = 0; i < l->view_count; i++) {
		const struct sm_call *call = l->views[i].call;

		if (call->first_ns < l->first_ns)
			l->first_ns = call->first_ns;
		if (call->last_ns > l->last_ns)
			l->last_ns = call->last_ns;
	}
}

static unsigned window_of(const struct sm_learn *l, uint64_t time_ns)
{
	uint64_t width = (l->last_ns - l->first_ns) / WINDOWS + 1;

	/* Summaries may say anything. */
	if (time_ns < l->first_ns || time_ns > l->last_ns)
		return 0;
	return (unsigned)((time_ns - l->first_ns) / width);
}

/*
 * A bit for each part of the time in which a call was made: of its first and
 * its last time, and those between if it was made often enough to have been
 * made in each.
 */
static uint32_t windows_of(const struct sm_learn *l, const struct sm_call *call)
{
	unsigned first = window_of(l, call->first_ns);
	unsigned last = window_of(l, call->last_ns);
	uint32_t windows = 1u << first | 1u << last;

	for (unsigned i = first; call->count > last - first && i < last; i++)
		windows |= 1u << i;
	return windows;
}

void sm_node_note_call(const struct sm_learn *l, struct sm_node *node,
		       const struct sm_call *call)
{
	sm_sketch_merge(&node->runs, &call->runs);
	sm_sketch_merge(&node->processes, &call->owners);
	node->windows |= windows_of(l, call);
	if (!node->time.last_ns)
		node->time = sm_span_of(call->first_ns);
	sm_span_add(&node->time, call->first_ns);
	sm_span_add(&node->time, call->last_ns);
}

static bool have_run_in_common(const struct sm_sketch *a,
			       const struct sm_sketch *b)
{
	for (uint32_t i = 0; i < a->count; i++)
		for (uint32_t k = 0; k < b->count; k++)
			if (a->hash[i] == b->hash[k])
				return true;
	return false;
}

bool sm_uses_follow(const struct sm_use *uses, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct sm_use *a = &uses[i];

		if (a->runs->count < 2)
			return false;
		for (size_t k = 0; k < i; k++) {
			const struct sm_use *b = &uses[k];

			if ((a->time.first_ns <= b->time.last_ns &&
			     b->time.first_ns <= a->time.last_ns) ||
			    have_run_in_common(a->runs, b->runs))
				return false;
		}
	}
	return count > 1;
}
