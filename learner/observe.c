/* SPDX-License-Identifier: Apache-2.0 */
#include "learner/observe.h"

#include <stdlib.h>

#include "schema/cbor.h"

uint64_t sm_hash(uint64_t seed, const void *bytes, size_t n)
{
	const uint8_t *p = bytes;

	for (size_t i = 0; i < n; i++)
		seed = (seed ^ p[i]) * 0x100000001b3u;
	return seed;
}

static uint64_t hash_str(uint64_t seed, struct sm_str s)
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
	free(observations->traces);
	free(observations->run_ids);
	free(observations);
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

static bool has_id(const uint64_t *ids, size_t count, uint64_t id)
{
	for (size_t i = 0; i < count; i++)
		if (ids[i] == id)
			return true;
	return false;
}

static bool add_id(uint64_t **ids, size_t *room, size_t *count, uint64_t id)
{
	if (has_id(*ids, *count, id))
		return true;
	if (!grow(ids, room, *count, sizeof(**ids)))
		return false;
	(*ids)[(*count)++] = id;
	return true;
}

static bool add_run(struct sm_observations *o, uint64_t run)
{
	sm_sketch_add(&o->runs, run);
	return add_id(&o->run_ids, &o->run_room, &o->run_count, run);
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

static enum sm_status add_owner(struct sm_observations *o,
				const struct sm_owner *owner, uint32_t *number)
{
	struct sm_owner *new;

	for (size_t i = o->owner_count; i-- > 0;) {
		if (o->owners[i].identity == owner->identity) {
			*number = (uint32_t)i;
			return complete(o, &o->owners[i], owner) ? SM_OK
								 : SM_NOMEM;
		}
	}
	if (!add_run(o, owner->run) ||
	    !grow(&o->owners, &o->owner_room, o->owner_count,
		  sizeof(*o->owners)))
		return SM_NOMEM;
	new = &o->owners[o->owner_count];
	*new = *owner;
	new->exe = sm_arena_copy(&o->arena, owner->exe);
	new->cwd = sm_arena_copy(&o->arena, owner->cwd);
	new->script = sm_arena_copy(&o->arena, owner->script);
	new->stdlib = sm_arena_copy(&o->arena, owner->stdlib);
	new->prefix = sm_arena_copy(&o->arena, owner->prefix);
	new->home = sm_arena_copy(&o->arena, owner->home);
	new->tmp = sm_arena_copy(&o->arena, owner->tmp);
	if (!new->exe.p || !new->cwd.p || !new->script.p || !new->stdlib.p ||
	    !new->prefix.p || !new->home.p || !new->tmp.p)
		return SM_NOMEM;
	*number = (uint32_t)o->owner_count++;
	return SM_OK;
}

enum sm_status
sm_observations_add_process(struct sm_observations *observations, uint64_t run,
			    const struct sm_trace_process *process,
			    const struct sm_trace_interpreter *interpreter,
			    uint32_t *number)
{
	struct sm_owner owner = {
		.run = run,
		.pid = process->pid,
		.guest_pid = process->guest_pid,
		.exe = process->exe,
		.cwd = process->cwd,
		.script = script_of(process),
		.stdlib = interpreter->stdlib,
		.prefix = interpreter->prefix,
		.home = interpreter->home,
		.tmp = interpreter->tmp,
	};
	uint64_t id = sm_hash(SM_HASH_SEED, &run, sizeof(run));

	id = sm_hash(id, &process->pid, sizeof(process->pid));
	owner.identity =
		sm_hash(id, &process->start_ns, sizeof(process->start_ns));
	*number = 0;
	return add_owner(observations, &owner, number);
}

/* ------------------------------------------------------------------- calls */

/*
 * A call's key, a CBOR sequence: event name, via, principal kind, name and
 * file, the raising function and its file where they decide, the arguments
 * (details as null), the two resolved texts.
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
					  entry->roles[i] & SM_ROLE_KEY);

		sm_cbor_put_value(w, decides ? &event->args[i] : &none);
	}
	sm_cbor_put_str(w, event->resolved[0]);
	sm_cbor_put_str(w, event->resolved[1]);
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
	    !get_text(&r, &event->resolved[1]))
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
static enum sm_status find_call(struct sm_observations *o, struct sm_str key,
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
		*slot = call;
		o->call_count++;
	}
	*out = *slot;
	return SM_OK;
}

static void count_call(struct sm_observations *o, struct sm_call *call,
		       uint32_t owner)
{
	const struct sm_owner *who = &o->owners[owner];

	call->count++;
	sm_sketch_add(&call->runs, who->run);
	sm_sketch_add(&call->owners, who->identity);
}

/* Asks for nothing itself, but says which names were made up. */
static bool is_evidence(enum sm_event_kind kind)
{
	return kind == SM_EVENT_TEMPFILE_MKSTEMP ||
	       kind == SM_EVENT_TEMPFILE_MKDTEMP;
}

static bool is_wanted(const struct sm_event *event)
{
	struct sm_request requests[SM_REQUESTS_MAX];
	struct sm_request_scratch scratch;

	return is_evidence(event->site.kind) ||
	       sm_event_requests(event, &scratch, requests) > 0;
}

static enum sm_status call_of(struct sm_observations *o,
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
			status = find_call(
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
	struct sm_call *call;
	enum sm_status status;

	if (owner >= observations->owner_count)
		return SM_INVALID;
	observations->events++;
	if (event->verdict.decision == SM_DENIED) {
		observations->denied++;
		return SM_OK;
	}
	status = call_of(observations, event, &call);
	if (status == SM_OK && call)
		count_call(observations, call, owner);
	return status;
}

/* ------------------------------------------------------------------- trace */

/* Recently seen keys: most events of a long trace repeat a few hundred. */
#define MEMO_SIZE 16384
struct memo {
	uint64_t key;
	struct sm_call *call;
	bool is_known;
};

static uint64_t process_identity(uint64_t seed,
				 const struct sm_trace_process *p)
{
	seed = sm_hash(seed, &p->pid, sizeof(p->pid));
	seed = sm_hash(seed, &p->start_ns, sizeof(p->start_ns));
	seed = sm_hash(seed, &p->uid, sizeof(p->uid));
	seed = hash_str(seed, p->exe);
	for (uint32_t i = 0; i < p->argc; i++)
		seed = hash_str(seed, p->argv[i]);
	return seed;
}

static uint64_t host_identity(const struct sm_trace *trace)
{
	const char *boot = sm_trace_meta(trace, "boot_id");
	const char *host = sm_trace_meta(trace, "host");

	return hash_str(hash_str(SM_HASH_SEED, sm_str_of(boot)),
			sm_str_of(host));
}

/*
 * Processes of one recording overlap, or have the recorder for a parent. A
 * trace that was continued holds several recordings: several runs.
 */
struct run {
	uint64_t identity, end_ns;
	uint32_t parent_pid;
};

static struct run *run_of(struct run *runs, size_t count,
			  const struct sm_trace_process *process)
{
	for (size_t i = count; i-- > 0;)
		if (process->start_ns <= runs[i].end_ns ||
		    (process->parent_pid &&
		     process->parent_pid == runs[i].parent_pid))
			return &runs[i];
	return NULL;
}

static uint64_t trace_identity(const struct sm_trace *trace)
{
	const char *clock = sm_trace_meta(trace, "clock.monotonic_ns");
	uint64_t id = hash_str(host_identity(trace), sm_str_of(clock));

	for (size_t i = 1; i <= sm_trace_process_count(trace); i++) {
		const struct sm_trace_process_info *p =
			sm_trace_process(trace, (uint32_t)i);

		id = process_identity(id, &p->start);
		id = sm_hash(id, &p->account.stored, sizeof(uint64_t));
		id = sm_hash(id, &p->account.attempts, sizeof(uint64_t));
	}
	return id;
}

static enum sm_status add_processes(struct sm_observations *o,
				    const struct sm_trace *trace,
				    uint32_t *owners, size_t count)
{
	struct run *runs = calloc(count + 1, sizeof(*runs)), *run;
	enum sm_status status = runs ? SM_OK : SM_NOMEM;
	size_t run_count = 0;

	for (size_t i = 1; status == SM_OK && i <= count; i++) {
		const struct sm_trace_process_info *p =
			sm_trace_process(trace, (uint32_t)i);
		uint64_t end = p->has_ended ? p->account.end_ns : UINT64_MAX;

		run = run_of(runs, run_count, &p->start);
		if (!run) {
			run = &runs[run_count++];
			run->identity = process_identity(host_identity(trace),
							 &p->start);
			run->parent_pid = p->start.parent_pid;
		}
		if (end > run->end_ns)
			run->end_ns = end;
		status = sm_observations_add_process(o, run->identity,
						     &p->start, &p->interpreter,
						     &owners[i]);
	}
	free(runs);
	return status;
}

struct reading {
	struct sm_observations *o;
	struct sm_trace_cursor *cursor;
	struct memo *memo;
	const uint32_t *owners;
	size_t owner_count;
};

static enum sm_status add_event(struct reading *r, const struct sm_event *event)
{
	uint64_t key = sm_trace_key(r->cursor);
	struct memo *memo = &r->memo[(key ^ key >> 32) % MEMO_SIZE];
	enum sm_status status;

	if (!event->process || event->process > r->owner_count)
		return SM_OK;
	r->o->events++;
	if (event->verdict.decision == SM_DENIED) {
		r->o->denied++;
		return SM_OK;
	}
	if (!memo->is_known || memo->key != key) {
		status = call_of(r->o, event, &memo->call);
		if (status != SM_OK)
			return status;
		memo->key = key;
		memo->is_known = true;
	}
	if (memo->call)
		count_call(r->o, memo->call, r->owners[event->process]);
	return SM_OK;
}

static enum sm_status add_events(struct reading *r, struct sm_diag *diag)
{
	const struct sm_event *event;
	enum sm_status status;
	uint32_t site;

	for (;;) {
		status = sm_trace_next(r->cursor, &event, &site, diag);
		if (status == SM_END)
			return SM_OK;
		if (status == SM_DAMAGED) {
			r->o->lost++;
			continue;
		}
		if (status == SM_OK)
			status = add_event(r, event);
		if (status == SM_LIMIT)
			return sm_fail(diag, status,
				       "more than %u distinct calls; learn "
				       "from fewer traces at once",
				       SM_CALLS_MAX);
		if (status != SM_OK)
			return status;
	}
}

enum sm_status sm_observations_read(struct sm_observations *observations,
				    struct sm_trace *trace,
				    struct sm_diag *diag)
{
	size_t count = sm_trace_process_count(trace);
	uint64_t id = trace_identity(trace), lost[SM_LOSSES];
	uint32_t *owners = calloc(count + 1, sizeof(*owners));
	struct reading r = { .o = observations,
			     .owners = owners,
			     .owner_count = count };
	enum sm_status status = SM_NOMEM;

	if (has_id(observations->traces, observations->trace_count, id)) {
		free(owners);
		return SM_OK;
	}
	r.memo = calloc(MEMO_SIZE, sizeof(*r.memo));
	if (!owners || !r.memo)
		goto done;
	status = add_processes(observations, trace, owners, count);
	if (status == SM_OK)
		status = sm_trace_events(trace, NULL, &r.cursor, diag);
	if (status != SM_OK)
		goto done;
	status = add_events(&r, diag);
	sm_trace_cursor_free(r.cursor);
	observations->lost += sm_trace_lost(trace, lost);
	if (status == SM_OK &&
	    !add_id(&observations->traces, &observations->trace_room,
		    &observations->trace_count, id))
		status = SM_NOMEM;
done:
	free(owners);
	free(r.memo);
	if (status == SM_NOMEM)
		return sm_fail(diag, status, "out of memory");
	return status;
}

/* ------------------------------------------------------------------- merge */

/* True when every trace of from is in into already. */
static bool has_all(const struct sm_observations *into,
		    const struct sm_observations *from)
{
	if (!from->trace_count)
		return into == from;
	for (size_t i = 0; i < from->trace_count; i++)
		if (!has_id(into->traces, into->trace_count, from->traces[i]))
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
		status = find_call(into, theirs->key, &mine);
		if (status != SM_OK)
			return status;
		mine->count += theirs->count;
		sm_sketch_merge(&mine->runs, &theirs->runs);
		sm_sketch_merge(&mine->owners, &theirs->owners);
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
		status = add_owner(into, &from->owners[i], &number);
		if (status != SM_OK)
			return status;
	}
	for (size_t i = 0; i < from->trace_count; i++)
		if (!add_id(&into->traces, &into->trace_room,
			    &into->trace_count, from->traces[i]))
			return SM_NOMEM;
	status = merge_calls(into, from);
	if (status != SM_OK)
		return status;
	into->events += from->events;
	into->denied += from->denied;
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
		.lost = observations->lost,
	};
}
