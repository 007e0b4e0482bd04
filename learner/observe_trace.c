/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Observations out of a trace.
 */
#include <stdlib.h>

#include "learner/observe.h"

/*
 * Keys seen, and their calls, in sets of four: most events of a long trace
 * repeat some thousands of calls, which are looked up once. Where a set is full
 * its next entry in turn goes.
 */
#define MEMO_SETS 16384
#define MEMO_WAYS 4
#define NOBODY	  UINT32_MAX /* a process outside of the window */

struct memo {
	uint64_t key;
	struct sm_call *call;
	bool is_known, is_forged;
};

struct memo_set {
	struct memo ways[MEMO_WAYS];
	unsigned next;
};

/* The entry of key, or the one to be used for it: is_known is false then. */
static struct memo *memo_of(struct memo_set *sets, uint64_t key)
{
	struct memo_set *set = &sets[(key ^ key >> 32) % MEMO_SETS];
	struct memo *memo;

	for (unsigned i = 0; i < MEMO_WAYS; i++)
		if (set->ways[i].is_known && set->ways[i].key == key)
			return &set->ways[i];
	memo = &set->ways[set->next++ % MEMO_WAYS];
	memo->is_known = false;
	return memo;
}

static uint64_t process_identity(uint64_t seed,
				 const struct sm_trace_process *p)
{
	seed = sm_hash(seed, &p->pid, sizeof(p->pid));
	seed = sm_hash(seed, &p->start_ns, sizeof(p->start_ns));
	seed = sm_hash(seed, &p->uid, sizeof(p->uid));
	seed = sm_hash_str(seed, p->exe);
	for (uint32_t i = 0; i < p->argc; i++)
		seed = sm_hash_str(seed, p->argv[i]);
	return seed;
}

static uint64_t host_identity(const struct sm_trace *trace)
{
	const char *boot = sm_trace_meta(trace, "boot_id");
	const char *host = sm_trace_meta(trace, "host");

	return sm_hash_str(sm_hash_str(SM_HASH_SEED, sm_str_of(boot)),
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
	uint64_t id = sm_hash_str(host_identity(trace), sm_str_of(clock));

	for (size_t i = 1; i <= sm_trace_process_count(trace); i++) {
		const struct sm_trace_process_info *p =
			sm_trace_process(trace, (uint32_t)i);

		id = process_identity(id, &p->start);
		id = sm_hash(id, &p->account.stored, sizeof(uint64_t));
		id = sm_hash(id, &p->account.attempts, sizeof(uint64_t));
	}
	return id;
}

static bool is_in(const struct sm_window *window, uint64_t from_ns,
		  uint64_t to_ns)
{
	return to_ns >= window->from_ns &&
	       (!window->to_ns || from_ns <= window->to_ns);
}

static enum sm_status add_processes(struct sm_observations *o,
				    const struct sm_trace *trace,
				    const struct sm_window *window,
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
		owners[i] = NOBODY;
		if (!is_in(window, p->start.start_ns, end))
			continue;
		status = sm_observations_add_process(o, run->identity,
						     &p->start, &p->interpreter,
						     &owners[i]);
		if (status == SM_OK)
			o->owners[owners[i]].recorded->host =
				host_identity(trace);
	}
	free(runs);
	return status;
}

struct reading {
	struct sm_observations *o;
	const struct sm_trace *trace;
	struct sm_trace_cursor *cursor;
	struct memo_set *memo;
	const uint32_t *owners;
	size_t owner_count;
	const uint64_t
		*named; /* of each process: what its command line named */
	const struct sm_window *window;
	uint64_t offset_ns; /* CLOCK_REALTIME less CLOCK_MONOTONIC */
};

static uint64_t meta_number(const struct sm_trace *trace, const char *key)
{
	const char *text = sm_trace_meta(trace, key);

	return text ? strtoull(text, NULL, 10) : 0;
}

static uint64_t clock_offset(const struct sm_trace *trace)
{
	uint64_t real = meta_number(trace, "clock.realtime_ns");

	return real ? real - meta_number(trace, "clock.monotonic_ns") : 0;
}

static bool is_left_out(const struct reading *r,
			const struct sm_trace_brief *brief)
{
	const struct sm_event event = { .process = brief->process,
					.seq = brief->seq };

	return !r->window->takes_followers &&
	       sm_trace_is_after_denial(r->trace, &event);
}

static enum sm_status add_event(struct reading *r,
				const struct sm_trace_brief *brief)
{
	struct memo *memo;
	uint64_t time_ns = brief->time_ns + r->offset_ns;
	const struct sm_event *event;
	enum sm_status status;
	uint64_t key;
	uint32_t owner;

	if (!brief->process || brief->process > r->owner_count ||
	    !is_in(r->window, brief->time_ns, brief->time_ns))
		return SM_OK;
	owner = r->owners[brief->process];
	if (owner == NOBODY)
		return SM_OK;
	sm_observe_event(r->o, owner, time_ns);
	if (brief->decision == SM_DENIED) {
		r->o->denied++;
		return SM_OK;
	}
	if (is_left_out(r, brief)) {
		r->o->followers++;
		return SM_OK;
	}
	key = brief->key ^ r->named[brief->process];
	memo = memo_of(r->memo, key);
	if (!memo->is_known) {
		event = sm_trace_event(r->cursor);
		if (!event) /* damaged: told by the next sm_trace_skim() */
			return SM_OK;
		memo->call = NULL;
		memo->is_forged = sm_observe_is_forged(event);
		status = memo->is_forged
				 ? SM_OK
				 : sm_observe_call(r->o, event, &memo->call);
		if (status != SM_OK)
			return status;
		memo->key = key;
		memo->is_known = true;
	}
	if (memo->is_forged)
		r->o->forged++;
	if (memo->call)
		sm_observe_count(r->o, memo->call, owner, time_ns);
	return SM_OK;
}

static enum sm_status add_events(struct reading *r, struct sm_diag *diag)
{
	struct sm_trace_brief brief;
	enum sm_status status;

	for (;;) {
		status = sm_trace_skim(r->cursor, &brief, diag);
		if (status == SM_END)
			return SM_OK;
		if (status == SM_DAMAGED) {
			r->o->lost++;
			continue;
		}
		if (status == SM_OK)
			status = add_event(r, &brief);
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
	const struct sm_str prefix = SM_STR(SM_META_DISTRIBUTIONS);
	enum sm_status status = SM_OK;
	const char *key, *value;

	for (size_t i = 0;
	     status == SM_OK && (key = sm_trace_meta_at(trace, i, &value)); i++)
		if (value && sm_str_starts(sm_str_of(key), prefix))
			status = sm_observe_site(o, sm_str_of(value));
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
	uint64_t id = trace_identity(trace), lost[SM_LOSSES];
	uint32_t *owners = calloc(count + 1, sizeof(*owners));
	uint64_t *named = hash_named(trace, count);
	struct reading r = { .o = observations,
			     .trace = trace,
			     .owners = owners,
			     .named = named,
			     .owner_count = count,
			     .window = window,
			     .offset_ns = clock_offset(trace) };
	enum sm_status status = SM_NOMEM;

	if (sm_observations_has_trace(observations, id)) {
		free(owners);
		free(named);
		return SM_OK;
	}
	r.memo = calloc(MEMO_SETS, sizeof(*r.memo));
	if (!owners || !named || !r.memo)
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
	free(r.memo);
	if (status == SM_NOMEM)
		return sm_fail(diag, status, "out of memory");
	return status;
}
