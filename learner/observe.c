/* SPDX-License-Identifier: Apache-2.0 */
#include "learner/observe.h"

#include <stdlib.h>

#include "schema/cbor.h"
#include "schema/request.h"

uint64_t sm_hash(uint64_t seed, const void *bytes, size_t n)
{
	const uint8_t *p = bytes;

	for (size_t i = 0; i < n; i++)
		seed = (seed ^ p[i]) * 0x100000001b3u;
	return seed;
}

uint64_t sm_hash_str(uint64_t seed, struct sm_str s)
{
	seed = sm_hash(seed, &s.len, sizeof(s.len));
	return sm_hash(seed, s.p, s.len);
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

/* -------------------------------------------------------------------- set */

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

/* Room for one more item in an array that doubles. */
static bool grow(void *array, size_t *room, size_t count, size_t item_bytes)
{
	size_t wanted = *room ? *room * 2 : 16;
	void **p = array, *bigger;

	if (count < *room)
		return true;
	bigger = realloc(*p, wanted * item_bytes);
	if (!bigger)
		return false;
	*p = bigger;
	*room = wanted;
	return true;
}

/* -------------------------------------------------------------------- runs */

bool sm_observations_has_trace(const struct sm_observations *o, uint64_t id)
{
	for (size_t i = 0; i < o->trace_count; i++)
		if (o->traces[i] == id)
			return true;
	return false;
}

bool sm_observations_add_trace(struct sm_observations *o, uint64_t id)
{
	if (sm_observations_has_trace(o, id))
		return true;
	if (!grow(&o->traces, &o->trace_room, o->trace_count,
		  sizeof(*o->traces)))
		return false;
	o->traces[o->trace_count++] = id;
	return true;
}

/* Where the run is, or would stand. */
static size_t find_run(const struct sm_observations *o, uint64_t identity)
{
	size_t low = 0, high = o->run_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (o->runs[middle]->identity < identity)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The run, made when it is new; NULL when out of memory. */
struct sm_run *sm_observe_run(struct sm_observations *o, uint64_t identity)
{
	size_t at = find_run(o, identity);
	struct sm_run *run;

	if (at < o->run_count && o->runs[at]->identity == identity)
		return o->runs[at];
	run = sm_arena_take(&o->arena, sizeof(*run));
	if (!run ||
	    !grow(&o->runs, &o->run_room, o->run_count, sizeof(*o->runs)))
		return NULL;
	memmove(&o->runs[at + 1], &o->runs[at],
		(o->run_count - at) * sizeof(*o->runs));
	o->run_count++;
	*run = (struct sm_run){ .identity = identity, .first_ns = UINT64_MAX };
	o->runs[at] = run;
	return run;
}

const struct sm_run *sm_observations_find_run(const struct sm_observations *o,
					      uint64_t identity)
{
	size_t at = find_run(o, identity);

	if (at < o->run_count && o->runs[at]->identity == identity)
		return o->runs[at];
	return NULL;
}

static void note_span(uint64_t *first_ns, uint64_t *last_ns, uint64_t from_ns,
		      uint64_t to_ns)
{
	if (from_ns < *first_ns)
		*first_ns = from_ns;
	if (to_ns > *last_ns)
		*last_ns = to_ns;
}

/* ------------------------------------------------------------------ owners */

/* The first argument that is no option: the program an interpreter runs. */
static struct sm_str script_of(const struct sm_trace_process *process)
{
	for (uint32_t i = 1; i < process->argc; i++)
		if (process->argv[i].len && process->argv[i].p[0] != '-')
			return process->argv[i];
	return (struct sm_str){ "", 0 };
}

/* What one trace does not know of a process another may. */
static bool complete(struct sm_observations *o, struct sm_owner *known,
		     const struct sm_owner *more)
{
	if (known->stdlib.len || !more->stdlib.len)
		return true;
	known->stdlib = sm_arena_copy(&o->arena, more->stdlib);
	known->prefix = sm_arena_copy(&o->arena, more->prefix);
	known->home = sm_arena_copy(&o->arena, more->home);
	known->tmp = sm_arena_copy(&o->arena, more->tmp);
	return known->stdlib.p && known->prefix.p && known->home.p &&
	       known->tmp.p;
}

/* Where the owner's number stands or would: the number and 1, 0 for none. */
static uint32_t *owner_slot(struct sm_observations *o, uint64_t identity)
{
	size_t i = identity & (o->owner_slot_room - 1);

	while (o->owner_slots[i] &&
	       o->owners[o->owner_slots[i] - 1].identity != identity)
		i = (i + 1) & (o->owner_slot_room - 1);
	return &o->owner_slots[i];
}

static bool make_owner_room(struct sm_observations *o)
{
	size_t room = o->owner_slot_room ? o->owner_slot_room * 2 : 64;
	uint32_t *slots;

	if (o->owner_count * 2 < o->owner_slot_room)
		return true;
	slots = calloc(room, sizeof(*slots));
	if (!slots)
		return false;
	free(o->owner_slots);
	o->owner_slots = slots;
	o->owner_slot_room = room;
	for (size_t i = 0; i < o->owner_count; i++)
		*owner_slot(o, o->owners[i].identity) = (uint32_t)i + 1;
	return true;
}

enum sm_status sm_observe_owner(struct sm_observations *o,
				const struct sm_owner *owner, uint32_t *number)
{
	struct sm_owner *new;
	struct sm_run *run;
	uint32_t *slot;

	if (!make_owner_room(o))
		return SM_NOMEM;
	slot = owner_slot(o, owner->identity);
	if (*slot) {
		*number = *slot - 1;
		return complete(o, &o->owners[*number], owner) ? SM_OK
							       : SM_NOMEM;
	}
	run = sm_observe_run(o, owner->run);
	if (!run || !grow(&o->owners, &o->owner_room, o->owner_count,
			  sizeof(*o->owners)))
		return SM_NOMEM;
	new = &o->owners[o->owner_count];
	*new = *owner;
	new->events = 0;
	new->recorded = run;
	new->exe = sm_arena_copy(&o->arena, owner->exe);
	new->cwd = sm_arena_copy(&o->arena, owner->cwd);
	new->script = sm_arena_copy(&o->arena, owner->script);
	new->stdlib = sm_arena_copy(&o->arena, owner->stdlib);
	new->prefix = sm_arena_copy(&o->arena, owner->prefix);
	new->home = sm_arena_copy(&o->arena, owner->home);
	new->tmp = sm_arena_copy(&o->arena, owner->tmp);
	new->given = sm_arena_copy(&o->arena, owner->given);
	if (!new->exe.p || !new->cwd.p || !new->script.p || !new->stdlib.p ||
	    !new->prefix.p || !new->home.p || !new->tmp.p || !new->given.p)
		return SM_NOMEM;
	*number = (uint32_t)o->owner_count++;
	*slot = *number + 1;
	return SM_OK;
}

enum sm_status
sm_observations_add_process(struct sm_observations *observations, uint64_t run,
			    const struct sm_trace_process *process,
			    const struct sm_trace_interpreter *interpreter,
			    uint32_t *number)
{
	char given[SM_GIVEN_BYTES];
	struct sm_owner owner = {
		.run = run,
		.pid = process->pid,
		.guest_pid = process->guest_pid,
		.parent_pid = process->parent_pid,
		.exe = process->exe,
		.cwd = process->cwd,
		.script = script_of(process),
		.stdlib = interpreter->stdlib,
		.prefix = interpreter->prefix,
		.home = interpreter->home,
		.tmp = interpreter->tmp,
		.given = sm_given_words(process, given),
	};
	uint64_t id = sm_hash(SM_HASH_SEED, &run, sizeof(run));

	id = sm_hash(id, &process->pid, sizeof(process->pid));
	owner.role =
		sm_hash_str(sm_hash_str(SM_HASH_SEED, owner.exe), owner.script);
	owner.role = sm_hash_str(owner.role, sm_str_of(process->started_by));
	owner.identity =
		sm_hash(id, &process->start_ns, sizeof(process->start_ns));
	*number = 0;
	return sm_observe_owner(observations, &owner, number);
}

/* ------------------------------------------------------------------- calls */

static void put_named(struct sm_cbor_writer *w, const struct sm_event *event)
{
	struct sm_request requests[SM_REQUESTS_MAX];
	struct sm_request_scratch scratch;
	struct sm_named named = { 0 };

	if (event->named && event->named->count)
		sm_event_named(event, requests,
			       sm_event_requests(event, &scratch, requests),
			       &named);
	sm_cbor_put_array(w, named.count);
	for (uint32_t i = 0; i < named.count; i++)
		sm_cbor_put_str(w, named.paths[i]);
}

/* Where a child is started tells what its arguments mean. */
static bool is_told(uint8_t role)
{
	return role & SM_ROLE_KEY || role == SM_ROLE_CWD;
}

/*
 * A call's key, a CBOR sequence: event name, via, principal kind, name and
 * file, the raising function and its file where they decide, the arguments
 * (details as null, but for cwd), the two resolved texts, what the command line
 * named of the files it is about.
 */
static void put_key(struct sm_cbor_writer *w, const struct sm_event *event)
{
	const struct sm_site *site = &event->site;
	const struct sm_catalogue_entry *entry = sm_catalogue_entry(site->kind);
	const struct sm_value none = { .type = SM_NONE };
	/* Generated code belongs to the module that makes it; see decide. */
	bool by_function = site->kind == SM_EVENT_FORK_EXEC;
	bool by_file = by_function || site->kind == SM_EVENT_EXEC;

	sm_cbor_put_str(w, site->event);
	sm_cbor_put_uint(w, site->via);
	sm_cbor_put_uint(w, site->principal.kind);
	sm_cbor_put_str(w, site->principal.name);
	sm_cbor_put_str(w, site->principal.file);
	sm_cbor_put_str(w, by_file ? site->file : SM_STR(""));
	sm_cbor_put_str(w, by_function ? site->function : SM_STR(""));
	sm_cbor_put_array(w, event->argc);
	for (uint32_t i = 0; i < event->argc; i++) {
		bool decides = !entry || (i < entry->role_count &&
					  is_told(entry->roles[i]));

		sm_cbor_put_value(w, decides ? &event->args[i] : &none);
	}
	sm_cbor_put_str(w, event->resolved[0]);
	sm_cbor_put_str(w, event->resolved[1]);
	put_named(w, event);
}

static bool get_text(struct sm_cbor_reader *r, struct sm_str *text)
{
	return sm_cbor_get_str(r, text, NULL) == SM_OK;
}

static bool get_args(struct sm_cbor_reader *r, struct sm_arena *arena,
		     struct sm_event *event)
{
	struct sm_value pool[SM_VALUES_MAX], *args, *mine;
	uint64_t argc;
	uint32_t used = 0;

	if (sm_cbor_get_array(r, SM_VALUES_MAX, &argc) != SM_OK)
		return false;
	args = sm_arena_take(arena, (argc + 1) * sizeof(*args));
	if (!args)
		return false;
	for (uint64_t i = 0; i < argc; i++)
		if (sm_cbor_get_value(r, &args[i], pool, &used) != SM_OK)
			return false;
	mine = sm_arena_take(arena, (used + 1) * sizeof(*mine));
	if (!mine)
		return false;
	memcpy(mine, pool, used * sizeof(*mine));
	/* Lists point into the pool on the stack: move them along. */
	for (uint32_t i = 0; i < used; i++)
		if (mine[i].type == SM_LIST && mine[i].items)
			mine[i].items = mine + (mine[i].items - pool);
	for (uint64_t i = 0; i < argc; i++)
		if (args[i].type == SM_LIST && args[i].items)
			args[i].items = mine + (args[i].items - pool);
	event->args = args;
	event->argc = (uint32_t)argc;
	return true;
}

static bool get_named(struct sm_cbor_reader *r, struct sm_arena *arena,
		      struct sm_event *event)
{
	struct sm_named *named;
	uint64_t count;

	if (sm_cbor_get_array(r, SM_NAMED_MAX, &count) != SM_OK)
		return false;
	if (!count)
		return true;
	named = sm_arena_take(arena, sizeof(*named));
	if (!named)
		return false;
	for (named->count = 0; named->count < count; named->count++) {
		struct sm_str *path = &named->paths[named->count];

		if (!get_text(r, path) || !sm_path_is_canonical(*path))
			return false;
	}
	event->named = named;
	return true;
}

bool sm_call_event(const struct sm_call *call, struct sm_arena *arena,
		   struct sm_event *event)
{
	struct sm_cbor_reader r = { (const uint8_t *)call->key.p,
				    (const uint8_t *)call->key.p +
					    call->key.len };
	struct sm_site *site = &event->site;
	uint64_t via, kind;

	memset(event, 0, sizeof(*event));
	if (!get_text(&r, &site->event) ||
	    sm_cbor_get_uint(&r, SM_VIAS - 1, &via) != SM_OK ||
	    sm_cbor_get_uint(&r, SM_PRINCIPALS - 1, &kind) != SM_OK ||
	    !get_text(&r, &site->principal.name) ||
	    !get_text(&r, &site->principal.file) ||
	    !get_text(&r, &site->file) || !get_text(&r, &site->function) ||
	    !get_args(&r, arena, event) || !get_text(&r, &event->resolved[0]) ||
	    !get_text(&r, &event->resolved[1]) || !get_named(&r, arena, event))
		return false;
	site->kind = sm_catalogue_find(site->event);
	site->via = (enum sm_via)via;
	site->principal.kind = (enum sm_principal_kind)kind;
	return true;
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

/* The call of key, made when it is new. */
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

static bool is_wanted(const struct sm_event *event)
{
	struct sm_request requests[SM_REQUESTS_MAX];
	struct sm_request_scratch scratch;

	return is_evidence(event->site.kind) ||
	       sm_event_requests(event, &scratch, requests) > 0;
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
		put_key(&w, event);
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
	sm_observe_count(call, event->time_ns);
	sm_observe_maker(observations, call, owner);
	return SM_OK;
}

/* ------------------------------------------------------------------- merge */

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
	into->lost += from->lost;
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
		.lost = observations->lost,
	};
}

bool sm_observations_run(const struct sm_observations *observations, size_t at,
			 struct sm_run_info *info)
{
	const struct sm_run *run;

	if (at >= observations->run_count)
		return false;
	run = observations->runs[at];
	*info = (struct sm_run_info){ .identity = run->identity,
				      .first_ns = run->first_ns,
				      .last_ns = run->last_ns };
	for (size_t i = observations->owner_count; i-- > 0;) {
		const struct sm_owner *owner = &observations->owners[i];

		if (owner->run != run->identity)
			continue;
		info->events += owner->events;
		info->processes++;
		info->exe = owner->exe;
		info->script = owner->script;
	}
	return true;
}
