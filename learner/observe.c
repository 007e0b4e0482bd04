/* SPDX-License-Identifier: Apache-2.0 */
#include "learner/observe.h"

#include <stdlib.h>

#include "schema/cbor.h"
#include "schema/request.h"

struct sm_observations *sm_observations_new(void)
{
	return calloc(1, sizeof(struct sm_observations));
}

void sm_observations_free(struct sm_observations *observations)
{
	if (!observations)
		return;
	sm_arena_fini(&observations->arena);
	free(observations->calls);
	free(observations->owners);
	free(observations->owner_slots);
	free(observations->traces);
	free(observations->runs);
	free(observations->installed);
	free(observations);
}

size_t sm_str_place(const struct sm_str *sorted, size_t count,
		    struct sm_str text)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (sm_str_compare(sorted[middle], text) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void note_span(uint64_t *first_ns, uint64_t *last_ns, uint64_t from_ns,
		      uint64_t to_ns)
{
	if (from_ns < *first_ns)
		*first_ns = from_ns;
	if (to_ns > *last_ns)
		*last_ns = to_ns;
}

static struct sm_call **slot_of(struct sm_call **calls, size_t room,
				struct sm_str key, uint64_t hash)
{
	size_t i = hash & (room - 1);

	while (calls[i] &&
	       (calls[i]->hash != hash || !sm_str_equal(calls[i]->key, key)))
		i = (i + 1) & (room - 1);
	return &calls[i];
}

static bool make_room(struct sm_observations *o)
{
	size_t room = o->call_room ? o->call_room * 2 : 1024;
	struct sm_call **calls;

	if (o->call_count * 2 < o->call_room)
		return true;
	calls = calloc(room, sizeof(struct sm_call *));
	if (!calls)
		return false;
	for (size_t i = 0; i < o->call_room; i++)
		if (o->calls[i])
			*slot_of(calls, room, o->calls[i]->key,
				 o->calls[i]->hash) = o->calls[i];
	free(o->calls);
	o->calls = calls;
	o->call_room = room;
	return true;
}

enum sm_status sm_observe_find(struct sm_observations *o, struct sm_str key,
			       struct sm_call **out)
{
	uint64_t hash = sm_hash(SM_HASH_SEED, key.p, key.len);
	struct sm_call **slot, *call;

	*out = NULL;
	if (!make_room(o))
		return SM_NOMEM;
	slot = slot_of(o->calls, o->call_room, key, hash);
	if (!*slot) {
		if (o->call_count == SM_CALLS_MAX)
			return SM_LIMIT;
		call = sm_arena_take(&o->arena, sizeof(*call));
		if (!call)
			return SM_NOMEM;
		call->key = sm_arena_copy(&o->arena, key);
		if (!call->key.p)
			return SM_NOMEM;
		call->hash = hash;
		call->first_ns = UINT64_MAX;
		*slot = call;
		o->call_count++;
	}
	*out = *slot;
	return SM_OK;
}

void sm_observe_events(struct sm_observations *o, uint32_t owner,
		       const struct sm_span *span, uint64_t count)
{
	struct sm_run *run = o->owners[owner].recorded;

	o->events += count;
	o->owners[owner].events += count;
	note_span(&run->first_ns, &run->last_ns, span->first_ns, span->last_ns);
	sm_timeline_add(&run->events, span->first_ns, count);
}

void sm_observe_maker(const struct sm_observations *o, struct sm_call *call,
		      uint32_t owner)
{
	const struct sm_owner *who = &o->owners[owner];

	sm_sketch_add(&call->runs, who->run);
	sm_sketch_add(&call->owners, who->identity);
	sm_sketch_add(&call->hosts, who->recorded->host);
}

/*
 * Asks for nothing itself, but says which names were made up, and which
 * addresses were meant as such.
 */
static bool is_evidence(enum sm_event_kind kind)
{
	return kind == SM_EVENT_SOCKET_GETADDRINFO ||
	       kind == SM_EVENT_TEMPFILE_MKSTEMP ||
	       kind == SM_EVENT_TEMPFILE_MKDTEMP;
}

uint32_t sm_observe_families(const struct sm_event *event)
{
	struct sm_request requests[SM_REQUESTS_MAX];
	struct sm_request_scratch scratch;
	size_t n = sm_event_requests(event, &scratch, requests);
	uint32_t families = 0;

	while (n)
		families |= 1u << requests[--n].family;
	return families;
}

static bool is_wanted(const struct sm_event *event)
{
	return is_evidence(event->site.kind) || sm_observe_families(event);
}

bool sm_observe_is_forged(const struct sm_event *event)
{
	return event->site.kind == SM_EVENT_OTHER &&
	       sm_str_starts(event->site.event, SM_STR(SM_EVENT_FORGED));
}

enum sm_status sm_observe_call(struct sm_observations *o,
			       const struct sm_event *event,
			       struct sm_call **out)
{
	size_t room = 2048;
	enum sm_status status = SM_OK;

	*out = NULL;
	if (!is_wanted(event))
		return SM_OK;
	for (;;) {
		uint8_t *bytes = malloc(room);
		struct sm_cbor_writer w = { bytes, bytes + room, false };

		if (!bytes)
			return SM_NOMEM;
		sm_call_key(&w, event);
		if (!w.has_failed)
			status = sm_observe_find(
				o,
				(struct sm_str){ (char *)bytes,
						 (uint32_t)(w.at - bytes) },
				out);
		free(bytes);
		if (!w.has_failed)
			return status;
		room *= 4;
	}
}

enum sm_status sm_observations_add(struct sm_observations *observations,
				   uint32_t owner, const struct sm_event *event)
{
	const struct sm_span span = sm_span_of(event->time_ns);
	struct sm_call *call;
	enum sm_status status;

	if (owner >= observations->owner_count)
		return SM_INVALID;
	sm_observe_events(observations, owner, &span, 1);
	if (event->verdict.decision == SM_DENIED) {
		observations->denied++;
		return SM_OK;
	}
	if (sm_observe_is_forged(event)) {
		observations->forged++;
		return SM_OK;
	}
	status = sm_observe_call(observations, event, &call);
	if (status != SM_OK || !call)
		return status;
	sm_observe_count(call, &span, 1);
	sm_observe_maker(observations, call, owner);
	return SM_OK;
}

/* ------------------------------------------------------------------- merge */

static void add_missed(struct sm_missed *into, const struct sm_missed *from)
{
	into->all += from->all;
	into->anywhere += from->anywhere;
	for (int i = 0; i < SM_FAMILIES; i++)
		into->by[i] += from->by[i];
}

/* True when every trace of from is in into already. */
static bool has_all(const struct sm_observations *into,
		    const struct sm_observations *from)
{
	if (!from->trace_count)
		return into == from;
	for (size_t i = 0; i < from->trace_count; i++)
		if (!sm_observations_has_trace(into, from->traces[i]))
			return false;
	return true;
}

static enum sm_status merge_calls(struct sm_observations *into,
				  const struct sm_observations *from)
{
	for (size_t i = 0; i < from->call_room; i++) {
		const struct sm_call *theirs = from->calls[i];
		struct sm_call *mine;
		enum sm_status status;

		if (!theirs)
			continue;
		status = sm_observe_find(into, theirs->key, &mine);
		if (status != SM_OK)
			return status;
		mine->count += theirs->count;
		note_span(&mine->first_ns, &mine->last_ns, theirs->first_ns,
			  theirs->last_ns);
		sm_sketch_merge(&mine->runs, &theirs->runs);
		sm_sketch_merge(&mine->owners, &theirs->owners);
		sm_sketch_merge(&mine->hosts, &theirs->hosts);
	}
	return SM_OK;
}

static enum sm_status merge_runs(struct sm_observations *into,
				 const struct sm_observations *from)
{
	for (size_t i = 0; i < from->run_count; i++) {
		const struct sm_run *theirs = from->runs[i];
		struct sm_run *mine = sm_observe_run(into, theirs->identity);

		if (!mine)
			return SM_NOMEM;
		mine->host = theirs->host;
		sm_observe_trace(mine, theirs->trace);
		note_span(&mine->first_ns, &mine->last_ns, theirs->first_ns,
			  theirs->last_ns);
		sm_timeline_merge(&mine->events, &theirs->events);
	}
	return SM_OK;
}

enum sm_status sm_observations_merge(struct sm_observations *into,
				     const struct sm_observations *from)
{
	enum sm_status status;
	uint32_t number;

	if (has_all(into, from))
		return SM_OK;
	for (size_t i = 0; i < from->owner_count; i++) {
		status = sm_observe_owner(into, &from->owners[i], &number);
		if (status != SM_OK)
			return status;
		into->owners[number].events += from->owners[i].events;
	}
	for (size_t i = 0; i < from->trace_count; i++)
		if (!sm_observations_add_trace(into, from->traces[i]))
			return SM_NOMEM;
	status = sm_observe_installed_of(into, from);
	if (status == SM_OK)
		status = merge_runs(into, from);
	if (status == SM_OK)
		status = merge_calls(into, from);
	if (status != SM_OK)
		return status;
	into->events += from->events;
	into->denied += from->denied;
	into->forged += from->forged;
	into->followers += from->followers;
	add_missed(&into->missed, &from->missed);
	return SM_OK;
}

void sm_observations_count(const struct sm_observations *observations,
			   struct sm_observed *out)
{
	*out = (struct sm_observed){
		.traces = observations->trace_count,
		.runs = observations->run_count,
		.processes = observations->owner_count,
		.events = observations->events,
		.calls = observations->call_count,
		.denied = observations->denied,
		.forged = observations->forged,
		.followers = observations->followers,
		.missed = observations->missed,
	};
}
