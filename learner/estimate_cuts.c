/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a recording is cut into parts that are left out one by one: runs,
 * sessions, processes, and the last of the time.
 */
#include <stdlib.h>

#include "learner/estimate.h"

#define GROUPS 5

/* Something that can be left out. */
struct item {
	uint64_t role, id, events;
};

static int by_role(const void *a, const void *b)
{
	const struct item *x = a, *y = b;

	if (x->role != y->role)
		return x->role < y->role ? -1 : 1;
	return (x->id > y->id) - (x->id < y->id);
}

/* Every GROUPS-th item, from group on; ids: room for all. */
static enum sm_status fold_group(struct sm_estimating *e,
				 enum sm_part_kind kind,
				 const struct item *items, size_t count,
				 size_t group, uint64_t *ids,
				 struct sm_cut_estimate *cut)
{
	struct sm_part part = { .kind = kind, .ids = ids };
	uint64_t events = 0;

	for (size_t i = group; i < count; i += GROUPS) {
		ids[part.id_count++] = items[i].id;
		events += items[i].events;
	}
	if (!part.id_count)
		return SM_OK;
	qsort(ids, part.id_count, sizeof(*ids), sm_by_number);
	return sm_estimate_fold(e, &part, events, cut);
}

static enum sm_status fold_items(struct sm_estimating *e,
				 enum sm_part_kind kind, struct item *items,
				 size_t count, struct sm_cut_estimate *cut)
{
	uint64_t *ids = calloc(count + 1, sizeof(*ids));
	enum sm_status status = ids ? SM_OK : SM_NOMEM;

	if (ids && count)
		qsort(items, count, sizeof(*items), by_role);
	for (size_t g = 0; status == SM_OK && g < GROUPS; g++)
		status = fold_group(e, kind, items, count, g, ids, cut);
	free(ids);
	sm_estimate_finish(e, cut);
	return status;
}

enum sm_status sm_estimate_by_run(struct sm_estimating *e)
{
	const struct sm_observations *o = e->observations;
	struct item *items = calloc(o->run_count + 1, sizeof(*items));
	enum sm_status status = SM_OK;

	if (!items)
		return SM_NOMEM;
	for (size_t i = 0; i < o->run_count; i++)
		items[i] = (struct item){ .id = o->runs[i]->identity,
					  .events = sm_timeline_total(
						  &o->runs[i]->events) };
	if (o->run_count > 1)
		status = fold_items(e, SM_PART_RUNS, items, o->run_count,
				    &e->out->cuts[SM_CUT_RUN]);
	free(items);
	return status;
}

/*
 * Runs of one trace hang together: a name of that day is in each of them, so
 * that no run tells how many names the next day brings. What is in no other
 * trace is told by its time; runs of two traces at one time are one session.
 */
struct session {
	const struct sm_run *run;
	size_t number;
};

static int by_start(const void *a, const void *b)
{
	const struct sm_run *x = ((const struct session *)a)->run;
	const struct sm_run *y = ((const struct session *)b)->run;

	if (x->first_ns != y->first_ns)
		return x->first_ns < y->first_ns ? -1 : 1;
	return (x->identity > y->identity) - (x->identity < y->identity);
}

/* Numbers runs that are in the order of time; how many sessions there are. */
static size_t number_sessions(struct session *s, size_t count)
{
	uint64_t end_ns = 0;
	size_t n = 0;

	for (size_t i = 0; i < count; i++) {
		if (!i || (s[i].run->trace != s[i - 1].run->trace &&
			   s[i].run->first_ns > end_ns))
			n++;
		s[i].number = n - 1;
		if (s[i].run->last_ns > end_ns)
			end_ns = s[i].run->last_ns;
	}
	return n;
}

/* One session, from s on; ids: room for its runs. */
static enum sm_status fold_session(struct sm_estimating *e,
				   const struct session *s, size_t count,
				   uint64_t *ids, struct sm_cut_estimate *cut)
{
	struct sm_part part = { .kind = SM_PART_SESSION,
				.ids = ids,
				.from_ns = s->run->first_ns };
	uint64_t events = 0;

	for (size_t i = 0; i < count && s[i].number == s->number; i++) {
		ids[part.id_count++] = s[i].run->identity;
		events += sm_timeline_total(&s[i].run->events);
		if (s[i].run->last_ns > part.to_ns)
			part.to_ns = s[i].run->last_ns;
	}
	qsort(ids, part.id_count, sizeof(*ids), sm_by_number);
	return sm_estimate_fold(e, &part, events, cut);
}

/* The last ones, GROUPS at most, unless a run is a session. */
static enum sm_status fold_sessions(struct sm_estimating *e, struct session *s,
				    size_t count, uint64_t *ids)
{
	struct sm_cut_estimate *cut = &e->out->cuts[SM_CUT_SESSION];
	enum sm_status status = SM_OK;
	size_t sessions;

	if (count)
		qsort(s, count, sizeof(*s), by_start);
	sessions = number_sessions(s, count);
	if (sessions < 2 || sessions == count)
		return SM_OK;
	for (size_t i = 0; status == SM_OK && i < count; i++)
		if ((!i || s[i].number != s[i - 1].number) &&
		    s[i].number + GROUPS >= sessions)
			status = fold_session(e, s + i, count - i, ids, cut);
	sm_estimate_finish(e, cut);
	return status;
}

enum sm_status sm_estimate_by_session(struct sm_estimating *e)
{
	const struct sm_observations *o = e->observations;
	struct session *s = calloc(o->run_count + 1, sizeof(*s));
	uint64_t *ids = calloc(o->run_count + 1, sizeof(*ids));
	enum sm_status status = s && ids ? SM_OK : SM_NOMEM;
	size_t n = 0;

	for (size_t i = 0; status == SM_OK && i < o->run_count; i++)
		if (o->runs[i]->first_ns <= o->runs[i]->last_ns)
			s[n++].run = o->runs[i];
	if (status == SM_OK)
		status = fold_sessions(e, s, n, ids);
	free(s);
	free(ids);
	return status;
}

/* Leaves only those that are not the one of their kind: workers, not master. */
static size_t drop_unique(struct item *items, size_t count)
{
	size_t n = 0, end;

	for (size_t i = 0; i < count; i = end) {
		for (end = i + 1;
		     end < count && items[end].role == items[i].role;)
			end++;
		for (size_t k = i; end > i + 1 && k < end; k++)
			items[n++] = items[k];
	}
	return n;
}

enum sm_status sm_estimate_by_process(struct sm_estimating *e)
{
	const struct sm_observations *o = e->observations;
	struct item *items = calloc(o->owner_count + 1, sizeof(*items));
	enum sm_status status = SM_OK;
	size_t count = 0;

	if (!items)
		return SM_NOMEM;
	for (size_t i = 0; i < o->owner_count; i++)
		if (o->owners[i].events)
			items[count++] = (struct item){ o->owners[i].role,
							o->owners[i].identity,
							o->owners[i].events };
	if (count)
		qsort(items, count, sizeof(*items), by_role);
	count = drop_unique(items, count);
	if (count)
		status = fold_items(e, SM_PART_PROCESSES, items, count,
				    &e->out->cuts[SM_CUT_PROCESS]);
	free(items);
	return status;
}

/* When done of the recorded time was over; runs one after the other. */
static uint64_t time_at(const struct sm_observations *o, uint64_t total,
			double done)
{
	uint64_t left = (uint64_t)((double)total * done), at = 0, next;
	const struct sm_run *run, *first;

	for (;;) {
		next = UINT64_MAX;
		first = NULL;
		for (size_t i = 0; i < o->run_count; i++) {
			run = sm_run_at(o, i);
			if (run && run->first_ns >= at &&
			    run->first_ns < next) {
				first = run;
				next = run->first_ns;
			}
		}
		if (!first)
			return UINT64_MAX;
		if (first->last_ns - first->first_ns > left)
			return first->first_ns + left;
		left -= first->last_ns - first->first_ns;
		at = next + 1;
	}
}

static uint64_t events_before(const struct sm_observations *o, uint64_t time_ns)
{
	uint64_t n = 0;

	for (size_t i = 0; i < o->run_count; i++)
		n += sm_timeline_before(&o->runs[i]->events, time_ns);
	return n;
}

/* Learnt from three quarters of the time, asked about the last. */
enum sm_status sm_estimate_by_time(struct sm_estimating *e)
{
	const struct sm_observations *o = e->observations;
	struct sm_cut_estimate *cut = &e->out->cuts[SM_CUT_TIME];
	struct sm_part part = { .kind = SM_PART_REST };
	enum sm_status status;
	uint64_t events;

	if (!e->out->recorded_ns)
		return SM_OK;
	part.from_ns = time_at(o, e->out->recorded_ns, 0.75);
	events = e->out->events - events_before(o, part.from_ns);
	status = sm_estimate_fold(e, &part, events, cut);
	sm_estimate_finish(e, cut);
	return status;
}
