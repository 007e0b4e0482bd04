/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Observations out of a trace.
 */
#include <stdlib.h>

#include "learner/observe.h"
#include "learner/seen.h"

#define NOBODY UINT32_MAX /* a process outside of the window */

static uint64_t meta_number(const struct sm_trace *trace, const char *key)
{
	const char *text = sm_trace_meta(trace, key);

	return text ? strtoull(text, NULL, 10) : 0;
}

struct run {
	uint64_t identity, end_ns;
	uint32_t parent_pid;
};

/* A trace that was continued holds several recordings: several runs. */
struct runs {
	struct run *all;
	size_t count;
	bool *begins; /* by number of process: a recording does, with it */
	bool is_told;
};

static enum sm_status runs_init(struct runs *runs, const struct sm_trace *trace,
				size_t processes)
{
	const struct sm_str recording = SM_STR(SM_META_RECORDING);
	const char *key, *command;

	*runs = (struct runs){
		.all = calloc(processes + 1, sizeof(*runs->all)),
		.begins = calloc(processes + 1, sizeof(*runs->begins)),
	};
	if (!runs->all || !runs->begins)
		return SM_NOMEM;
	for (size_t i = 0; (key = sm_trace_meta_at(trace, i, &command)); i++) {
		unsigned long number;

		if (!sm_str_starts(sm_str_of(key), recording))
			continue;
		number = strtoul(key + recording.len, NULL, 10);
		if (number && number <= processes)
			runs->begins[number] = true;
	}
	return SM_OK;
}

static void runs_fini(struct runs *runs)
{
	free(runs->all);
	free(runs->begins);
}

/*
 * What a recording started is of its run, however late it came. Where the trace
 * does not tell recordings (it was begun by an older secmgr): processes of one
 * overlap, or have the recorder for a parent. NULL: of none yet.
 */
static struct run *run_of(struct runs *runs,
			  const struct sm_trace_process_info *process)
{
	const struct sm_trace_process *start = &process->start;

	if (runs->begins[process->number])
		runs->is_told = true;
	if (runs->is_told)
		return runs->begins[process->number]
			       ? NULL
			       : &runs->all[runs->count - 1];
	for (struct run *run = runs->all + runs->count; run-- > runs->all;)
		if (start->start_ns <= run->end_ns ||
		    (start->parent_pid && start->parent_pid == run->parent_pid))
			return run;
	return NULL;
}

/*
 * A file that continues a recording names its first process first; what was
 * alive when the file began is of the same run, also if that one was not.
 */
static uint64_t continued_to(const struct sm_trace *trace)
{
	const char *part = sm_trace_meta(trace, "part");

	return part && strcmp(part, "1") != 0
		       ? meta_number(trace, "clock.monotonic_ns")
		       : 0;
}

static bool is_in(const struct sm_window *window, uint64_t from_ns,
		  uint64_t to_ns)
{
	return to_ns >= window->from_ns &&
	       (!window->to_ns || from_ns <= window->to_ns);
}

static struct run *add_run(struct runs *runs, const struct sm_trace *trace,
			   const struct sm_trace_process *first)
{
	struct run *run = &runs->all[runs->count++];

	run->identity =
		sm_trace_process_identity(sm_trace_host_identity(trace), first);
	run->parent_pid = first->parent_pid;
	if (runs->count == 1)
		run->end_ns = continued_to(trace);
	return run;
}

static enum sm_status add_processes(struct sm_observations *o,
				    const struct sm_trace *trace,
				    const struct sm_window *window,
				    uint32_t *owners, size_t count)
{
	struct runs runs;
	struct run *run;
	enum sm_status status = runs_init(&runs, trace, count);

	for (size_t i = 1; status == SM_OK && i <= count; i++) {
		const struct sm_trace_process_info *p =
			sm_trace_process(trace, (uint32_t)i);
		uint64_t end = p->has_ended ? p->account.end_ns : UINT64_MAX;

		run = run_of(&runs, p);
		if (!run)
			run = add_run(&runs, trace, &p->start);
		if (end > run->end_ns)
			run->end_ns = end;
		owners[i] = NOBODY;
		if (!is_in(window, p->start.start_ns, end))
			continue;
		status = sm_observations_add_process(o, run->identity,
						     &p->start, &p->interpreter,
						     &owners[i]);
		if (status == SM_OK)
			o->owners[owners[i]].recorded->host =
				sm_trace_host_identity(trace);
	}
	runs_fini(&runs);
	return status;
}

struct reading {
	struct sm_observations *o;
	const struct sm_trace *trace;
	struct sm_trace_cursor *cursor;
	struct sm_seen seen;
	const uint32_t *owners;
	size_t owner_count;
	const uint64_t
		*named; /* of each process: what its command line named */
	const struct sm_window *window;
	bool has_window;
	uint64_t offset_ns; /* CLOCK_REALTIME less CLOCK_MONOTONIC */
};

static uint64_t clock_offset(const struct sm_trace *trace)
{
	uint64_t real = meta_number(trace, "clock.realtime_ns");

	return real ? real - meta_number(trace, "clock.monotonic_ns") : 0;
}

/* Whether events of a process have to be looked at one by one. */
static bool is_picky(const struct reading *r, uint32_t process)
{
	const struct sm_trace_process_info *info =
		sm_trace_process(r->trace, process);

	return r->has_window ||
	       (!r->window->takes_followers && info && info->after_denial);
}

static bool is_left_out(const struct reading *r,
			const struct sm_trace_when *when)
{
	const struct sm_event event = { .process = when->process,
					.seq = when->seq };

	return !r->window->takes_followers &&
	       sm_trace_is_after_denial(r->trace, &event);
}

/* The call of event number at; NULL: damaged, or *status. */
static struct sm_seen_call *see(struct reading *r, uint64_t key, uint32_t at,
				enum sm_status *status)
{
	const struct sm_event *event = sm_trace_bulk_event(r->cursor, at);
	struct sm_seen_call new = { 0 };

	*status = SM_OK;
	if (!event) /* told by the next sm_trace_bulk() */
		return NULL;
	new.is_forged = sm_observe_is_forged(event);
	if (!new.is_forged)
		*status = sm_observe_call(r->o, event, &new.call);
	return *status ? NULL : sm_seen_add(&r->seen, key, &new, status);
}

/* Who makes a call is told once, or, of many processes, each time. */
static void add_maker(struct reading *r, struct sm_seen_call *seen,
		      uint32_t owner)
{
	uint64_t bit = owner < 64 ? UINT64_C(1) << owner : 0;

	if (seen->makers & bit || !seen->call)
		return;
	sm_observe_maker(r->o, seen->call, owner);
	seen->makers |= bit;
}

static struct sm_seen_call *find(struct reading *r,
				 const struct sm_trace_bulk *bulk, uint32_t at,
				 uint32_t owner, enum sm_status *status)
{
	uint64_t key = bulk->keys[at] ^ r->named[bulk->whens[at].process];
	struct sm_seen_call *seen = sm_seen_find(&r->seen, key);

	*status = SM_OK;
	if (!seen)
		seen = see(r, key, at, status);
	if (seen)
		add_maker(r, seen, owner);
	return seen;
}

/* Calls of one owner, none of which is to be left out. */
static enum sm_status add_calls(struct reading *r,
				const struct sm_trace_bulk *bulk, uint32_t from,
				uint32_t to, uint32_t owner)
{
	const struct sm_trace_when *whens = bulk->whens;
	const uint64_t *keys = bulk->keys;
	struct sm_seen_call *seen = NULL;
	enum sm_status status;

	if (bulk->decision == SM_DENIED) {
		r->o->denied += to - from;
		return SM_OK;
	}
	for (uint32_t i = from; i < to; i++) {
		if (!seen || keys[i] != keys[i - 1])
			seen = find(r, bulk, i, owner, &status);
		if (!seen && status)
			return status;
		if (seen && seen->is_forged)
			r->o->forged++;
		if (seen && seen->call)
			sm_observe_count(seen->call,
					 whens[i].time_ns + r->offset_ns);
	}
	return SM_OK;
}

/* Counts events of one owner, by stretches of one step of its run's line. */
static void add_times(struct reading *r, const struct sm_trace_bulk *bulk,
		      uint32_t from, uint32_t to, uint32_t owner)
{
	const struct sm_trace_when *whens = bulk->whens;

	while (from < to) {
		unsigned shift = sm_timeline_shift(
			&r->o->owners[owner].recorded->events);
		struct sm_span span =
			sm_span_of(whens[from].time_ns + r->offset_ns);
		uint64_t step = span.first_ns >> shift;
		uint32_t end = from + 1;

		for (; end < to; end++) {
			uint64_t at_ns = whens[end].time_ns + r->offset_ns;

			if (at_ns >> shift != step)
				break;
			sm_span_add(&span, at_ns);
		}
		sm_observe_events(r->o, owner, &span, end - from);
		from = end;
	}
}

/* Events of one process, one after the other. */
static enum sm_status add_some(struct reading *r,
			       const struct sm_trace_bulk *bulk, uint32_t from,
			       uint32_t to)
{
	uint32_t process = bulk->whens[from].process;
	uint32_t owner;

	if (!process || process > r->owner_count ||
	    (owner = r->owners[process]) == NOBODY)
		return SM_OK;
	add_times(r, bulk, from, to, owner);
	return add_calls(r, bulk, from, to, owner);
}

/* As add_some(), of a single event that may have to be left out. */
static enum sm_status add_one(struct reading *r,
			      const struct sm_trace_bulk *bulk, uint32_t at)
{
	const struct sm_trace_when *when = &bulk->whens[at];

	if (!is_in(r->window, when->time_ns, when->time_ns))
		return SM_OK;
	if (bulk->decision == SM_DENIED || !is_left_out(r, when))
		return add_some(r, bulk, at, at + 1);
	if (when->process > r->owner_count ||
	    r->owners[when->process] == NOBODY)
		return SM_OK;
	add_times(r, bulk, at, at + 1, r->owners[when->process]);
	r->o->followers++;
	return SM_OK;
}

static enum sm_status add_bulk(struct reading *r,
			       const struct sm_trace_bulk *bulk)
{
	enum sm_status status = SM_OK;

	for (uint32_t at = 0; !status && at < bulk->count;) {
		uint32_t process = bulk->whens[at].process, end = at + 1;

		if (is_picky(r, process)) {
			status = add_one(r, bulk, at++);
			continue;
		}
		while (end < bulk->count && bulk->whens[end].process == process)
			end++;
		status = add_some(r, bulk, at, end);
		at = end;
	}
	return status;
}

static enum sm_status add_events(struct reading *r, struct sm_diag *diag)
{
	struct sm_trace_bulk bulk;
	enum sm_status status;

	sm_trace_bulk_with_whens(r->cursor);
	for (;;) {
		status = sm_trace_bulk(r->cursor, &bulk, diag);
		if (status == SM_END)
			return SM_OK;
		if (status == SM_DAMAGED) {
			r->o->lost++;
			continue;
		}
		if (status == SM_OK)
			status = add_bulk(r, &bulk);
		if (status == SM_LIMIT)
			return sm_fail(diag, status,
				       "more than %u distinct calls; learn "
				       "from fewer traces at once",
				       SM_CALLS_MAX);
		if (status != SM_OK)
			return status;
	}
}

/* A hash of the paths that each process's command line names; 0: none. */
static uint64_t *hash_named(const struct sm_trace *trace, size_t count)
{
	uint64_t *hashes = calloc(count + 1, sizeof(*hashes));

	for (size_t i = 1; hashes && i <= count; i++) {
		const struct sm_named *named =
			sm_trace_process(trace, (uint32_t)i)->start.named;

		for (uint32_t k = 0; k < named->count; k++)
			hashes[i] = sm_hash_str(hashes[i], named->paths[k]);
	}
	return hashes;
}

static enum sm_status add_installed(struct sm_observations *o,
				    const struct sm_trace *trace)
{
	const struct sm_str distributions = SM_STR(SM_META_DISTRIBUTIONS),
			    modules = SM_STR(SM_META_MODULES),
			    imports = SM_STR(SM_META_IMPORTS);
	enum sm_status status = SM_OK;
	const char *name, *value;

	for (size_t i = 0;
	     status == SM_OK && (name = sm_trace_meta_at(trace, i, &value));
	     i++) {
		struct sm_str key = sm_str_of(name);

		if (value && sm_str_starts(key, distributions))
			status = sm_observe_site(o, sm_str_of(value));
		else if (value && sm_str_starts(key, modules))
			status = sm_observe_modules(
				o, sm_str_of(name + modules.len),
				sm_str_of(value));
		else if (value && sm_str_starts(key, imports))
			status = sm_observe_imports(
				o, sm_str_of(name + imports.len),
				sm_str_of(value));
	}
	return status;
}

enum sm_status sm_observations_read(struct sm_observations *observations,
				    struct sm_trace *trace,
				    const struct sm_window *window,
				    struct sm_diag *diag)
{
	const struct sm_trace_query query = { .from_ns = window->from_ns,
					      .to_ns = window->to_ns };
	size_t count = sm_trace_process_count(trace);
	uint64_t id = sm_trace_identity(trace), lost[SM_LOSSES];
	uint32_t *owners = calloc(count + 1, sizeof(*owners));
	uint64_t *named = hash_named(trace, count);
	struct reading r = { .o = observations,
			     .trace = trace,
			     .owners = owners,
			     .named = named,
			     .owner_count = count,
			     .window = window,
			     .has_window = window->from_ns || window->to_ns,
			     .offset_ns = clock_offset(trace) };
	enum sm_status status = SM_NOMEM;

	if (sm_observations_has_trace(observations, id)) {
		free(owners);
		free(named);
		return SM_OK;
	}
	if (!owners || !named || !sm_seen_init(&r.seen))
		goto done;
	status = add_processes(observations, trace, window, owners, count);
	if (status == SM_OK)
		status = add_installed(observations, trace);
	if (status == SM_OK)
		status = sm_trace_events(trace, &query, &r.cursor, diag);
	if (status != SM_OK)
		goto done;
	status = add_events(&r, diag);
	sm_trace_cursor_free(r.cursor);
	observations->lost += sm_trace_lost(trace, lost);
	if (status == SM_OK && !sm_observations_add_trace(observations, id))
		status = SM_NOMEM;
done:
	free(owners);
	free(named);
	sm_seen_fini(&r.seen);
	if (status == SM_NOMEM)
		return sm_fail(diag, status, "out of memory");
	return status;
}
