/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Observations out of a trace.
 */
#include <stdlib.h>

#include "learner/tally.h"

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

/* A hash of the paths that a command line names; 0: none. */
static uint64_t hash_named(const struct sm_named *named)
{
	uint64_t hash = 0;

	for (uint32_t i = 0; i < named->count; i++)
		hash = sm_hash_str(hash, named->paths[i]);
	return hash;
}

static enum sm_status add_process(struct sm_observations *o,
				  const struct sm_trace *trace, uint64_t run,
				  const struct sm_trace_process_info *p,
				  struct sm_maker *maker)
{
	enum sm_status status = sm_observations_add_process(
		o, run, &p->start, &p->interpreter, &maker->owner);
	struct sm_run *recorded;

	if (status != SM_OK)
		return status;
	recorded = o->owners[maker->owner].recorded;
	recorded->host = sm_trace_host_identity(trace);
	sm_observe_trace(recorded, sm_trace_identity(trace));
	maker->info = p;
	maker->named = hash_named(p->start.named);
	return SM_OK;
}

static enum sm_status add_processes(struct sm_observations *o,
				    const struct sm_trace *trace,
				    const struct sm_window *window,
				    struct sm_maker *makers, size_t count)
{
	struct runs runs;
	struct run *run;
	enum sm_status status = runs_init(&runs, trace, count);

	makers[0].owner = SM_NOBODY;
	for (size_t i = 1; status == SM_OK && i <= count; i++) {
		const struct sm_trace_process_info *p =
			sm_trace_process(trace, (uint32_t)i);
		uint64_t end = p->has_ended ? p->account.end_ns : UINT64_MAX;

		run = run_of(&runs, p);
		if (!run)
			run = add_run(&runs, trace, &p->start);
		if (end > run->end_ns)
			run->end_ns = end;
		makers[i].owner = SM_NOBODY;
		if (is_in(window, p->start.start_ns, end))
			status = add_process(o, trace, run->identity, p,
					     &makers[i]);
	}
	runs_fini(&runs);
	return status;
}

static uint64_t clock_offset(const struct sm_trace *trace)
{
	uint64_t real = meta_number(trace, "clock.realtime_ns");

	return real ? real - meta_number(trace, "clock.monotonic_ns") : 0;
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

/* What each process lost, by what else it did. */
static void add_missed(struct sm_missed *missed, const struct sm_trace *trace,
		       const struct sm_maker *makers, size_t count)
{
	uint64_t lost[SM_LOSSES], rest = sm_trace_lost(trace, lost);

	missed->all += rest;
	for (size_t i = 1; i <= count; i++) {
		uint64_t n = 0;

		for (int c = 0; makers[i].families && c < SM_LOSSES; c++)
			n += makers[i].info->account.lost[c];
		for (int f = 0; f < SM_FAMILIES; f++)
			if (makers[i].families & 1u << f)
				missed->by[f] += n;
		rest -= n < rest ? n : rest;
	}
	missed->anywhere += rest;
}

enum sm_status sm_observations_read(struct sm_observations *observations,
				    struct sm_trace *trace,
				    const struct sm_window *window,
				    struct sm_diag *diag)
{
	size_t count = sm_trace_process_count(trace);
	uint64_t id = sm_trace_identity(trace);
	struct sm_maker *makers;
	struct sm_tally tally = { .o = observations,
				  .trace = trace,
				  .window = window,
				  .maker_count = count,
				  .offset_ns = clock_offset(trace) };
	enum sm_status status = SM_NOMEM;

	if (sm_observations_has_trace(observations, id))
		return SM_OK;
	tally.makers = makers = calloc(count + 1, sizeof(*makers));
	if (makers)
		status = add_processes(observations, trace, window, makers,
				       count);
	if (status == SM_OK)
		status = add_installed(observations, trace);
	if (status == SM_OK)
		status = sm_tally_events(&tally, diag);
	if (makers)
		add_missed(&observations->missed, trace, makers, count);
	if (status == SM_OK && !sm_observations_add_trace(observations, id))
		status = SM_NOMEM;
	free(makers);
	if (status == SM_NOMEM)
		return sm_fail(diag, status, "out of memory");
	return status;
}
