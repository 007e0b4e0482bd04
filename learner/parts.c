/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Observations as they would be had less been recorded.
 */
#include <stdlib.h>

#include "learner/observe.h"

static int by_value(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static bool has_id(const struct sm_part *part, uint64_t id)
{
	return part->id_count && bsearch(&id, part->ids, part->id_count,
					 sizeof(*part->ids), by_value);
}

/* A full sketch may stand for more than it lists. */
static bool holds_all(const struct sm_part *part, const struct sm_sketch *ids)
{
	for (uint32_t i = 0; i < ids->count; i++)
		if (!has_id(part, ids->hash[i]))
			return false;
	return ids->count < SM_SKETCH_MAX;
}

bool sm_part_holds(const struct sm_part *part, const struct sm_call *call)
{
	switch (part->kind) {
	case SM_PART_RUNS:
		return holds_all(part, &call->runs);
	case SM_PART_PROCESSES:
		return holds_all(part, &call->owners);
	case SM_PART_SESSION:
		return call->first_ns >= part->from_ns &&
		       call->last_ns <= part->to_ns;
	case SM_PART_REST:
		return call->first_ns >= part->from_ns;
	}
	return false;
}

/* Its ids are those of runs. */
static bool has_runs(const struct sm_part *part)
{
	return part->kind == SM_PART_RUNS || part->kind == SM_PART_SESSION;
}

static void leave_out(const struct sm_part *part, struct sm_sketch *ids)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < ids->count; i++)
		if (!has_id(part, ids->hash[i]))
			ids->hash[n++] = ids->hash[i];
	ids->count = n;
}

static enum sm_status copy_call(struct sm_observations *into,
				const struct sm_call *call,
				const struct sm_part *part)
{
	struct sm_call *mine;
	enum sm_status status = sm_observe_find(into, call->key, &mine);

	if (status != SM_OK)
		return status;
	mine->count = call->count;
	mine->first_ns = call->first_ns;
	mine->last_ns = call->last_ns;
	mine->runs = call->runs;
	mine->owners = call->owners;
	mine->hosts = call->hosts;
	if (has_runs(part))
		leave_out(part, &mine->runs);
	if (part->kind == SM_PART_PROCESSES)
		leave_out(part, &mine->owners);
	return SM_OK;
}

static bool is_out(const struct sm_part *part, const struct sm_owner *owner)
{
	return (has_runs(part) && has_id(part, owner->run)) ||
	       (part->kind == SM_PART_PROCESSES &&
		has_id(part, owner->identity));
}

/* What a recorded program said to those it started stays its own, also where
 * that program is left out. */
static enum sm_status copy_owners(struct sm_observations *into,
				  const struct sm_observations *from,
				  const struct sm_part *part)
{
	struct sm_arena arena = { 0 };
	const bool *started = sm_owners_started(from, &arena);
	enum sm_status status = started ? SM_OK : SM_NOMEM;
	uint32_t number;

	for (size_t i = 0; status == SM_OK && i < from->owner_count; i++) {
		struct sm_owner owner = from->owners[i];

		if (is_out(part, &owner))
			continue;
		if (started[i])
			owner.given = SM_STR("");
		status = sm_observe_owner(into, &owner, &number);
		if (status == SM_OK)
			into->owners[number].events = owner.events;
	}
	sm_arena_fini(&arena);
	for (size_t i = 0; status == SM_OK && i < into->run_count; i++)
		*into->runs[i] = *sm_observations_find_run(
			from, into->runs[i]->identity);
	return status;
}

static struct sm_observations *start(const struct sm_observations *o,
				     const struct sm_part *part)
{
	struct sm_observations *rest = sm_observations_new();

	enum sm_status status = rest ? copy_owners(rest, o, part) : SM_NOMEM;

	for (size_t i = 0; status == SM_OK && i < o->trace_count; i++)
		if (!sm_observations_add_trace(rest, o->traces[i]))
			status = SM_NOMEM;
	if (status == SM_OK)
		status = sm_observe_installed_of(rest, o);
	if (status == SM_OK)
		return rest;
	sm_observations_free(rest);
	return NULL;
}

static void count_events(struct sm_observations *rest,
			 const struct sm_observations *o)
{
	for (size_t i = 0; i < rest->owner_count; i++)
		rest->events += rest->owners[i].events;
	rest->missed = o->missed;
}

struct sm_observations *sm_observations_without(const struct sm_observations *o,
						const struct sm_part *part)
{
	struct sm_observations *rest = start(o, part);
	enum sm_status status = rest ? SM_OK : SM_NOMEM;

	for (size_t i = 0; status == SM_OK && i < o->call_room; i++)
		if (o->calls[i] && !sm_part_holds(part, o->calls[i]))
			status = copy_call(rest, o->calls[i], part);
	if (status != SM_OK) {
		sm_observations_free(rest);
		return NULL;
	}
	count_events(rest, o);
	return rest;
}

struct sm_observations *sm_observations_select(const struct sm_observations *o,
					       sm_keep_call *keep,
					       void *context)
{
	const struct sm_part nothing = { .kind = SM_PART_REST,
					 .from_ns = UINT64_MAX };
	struct sm_observations *rest = start(o, &nothing);
	enum sm_status status = rest ? SM_OK : SM_NOMEM;

	for (size_t i = 0; status == SM_OK && i < o->call_room; i++)
		if (o->calls[i] && keep(context, o->calls[i]))
			status = copy_call(rest, o->calls[i], &nothing);
	if (status != SM_OK) {
		sm_observations_free(rest);
		return NULL;
	}
	count_events(rest, o);
	return rest;
}

struct sm_observations *
sm_observations_without_runs(const struct sm_observations *observations,
			     const uint64_t *identities, size_t count)
{
	struct sm_part part = { .kind = SM_PART_RUNS, .id_count = count };
	struct sm_observations *rest = NULL;
	uint64_t *ids = calloc(count + 1, sizeof(*ids));

	if (!ids)
		return NULL;
	memcpy(ids, identities, count * sizeof(*ids));
	if (count)
		qsort(ids, count, sizeof(*ids), sm_by_number);
	part.ids = ids;
	rest = sm_observations_without(observations, &part);
	free(ids);
	return rest;
}
