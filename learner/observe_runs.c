/* SPDX-License-Identifier: Apache-2.0 */
/* What a set was recorded from: traces, runs and their processes. */
#include "learner/observe.h"

#include <stdlib.h>

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

size_t sm_observations_place_run(const struct sm_observations *o,
				 uint64_t identity)
{
	size_t at = find_run(o, identity);

	return at < o->run_count && o->runs[at]->identity == identity
		       ? at
		       : o->run_count;
}

const struct sm_run *sm_observations_find_run(const struct sm_observations *o,
					      uint64_t identity)
{
	size_t at = sm_observations_place_run(o, identity);

	return at < o->run_count ? o->runs[at] : NULL;
}

static bool is_before(const struct sm_owner *a, const struct sm_owner *b)
{
	return a->start_ns != b->start_ns ? a->start_ns < b->start_ns
					  : a->pid < b->pid;
}

bool sm_observations_run(const struct sm_observations *observations, size_t at,
			 struct sm_run_info *info)
{
	const struct sm_owner *first = NULL;
	const struct sm_run *run;

	if (at >= observations->run_count)
		return false;
	run = observations->runs[at];
	*info = (struct sm_run_info){ .identity = run->identity,
				      .host = run->host,
				      .first_ns = run->first_ns,
				      .last_ns = run->last_ns };
	for (size_t i = 0; i < observations->owner_count; i++) {
		const struct sm_owner *owner = &observations->owners[i];

		if (owner->run != run->identity)
			continue;
		info->events += owner->events;
		info->processes++;
		if (!first || is_before(owner, first))
			first = owner;
	}
	if (first) {
		info->exe = first->exe;
		info->script = first->script;
	}
	return true;
}

/* ------------------------------------------------------------------ owners */

/* "-c", "-Ic": code follows. */
static bool gives_code(struct sm_str option)
{
	return option.len > 1 && option.p[1] != '-' &&
	       option.p[option.len - 1] == 'c';
}

/*
 * The first argument that is no option: the program an interpreter runs, a
 * module of -m, or code.
 */
static uint32_t find_script(const struct sm_trace_process *process)
{
	uint32_t i = 1;

	while (i < process->argc &&
	       (!process->argv[i].len || process->argv[i].p[0] == '-'))
		i++;
	return i;
}

/* What a process is called by; code is called by its option. */
static struct sm_str script_of(const struct sm_trace_process *process)
{
	uint32_t at = find_script(process);

	if (at >= process->argc)
		return (struct sm_str){ "", 0 };
	return process
		->argv[at > 1 && gives_code(process->argv[at - 1]) ? at - 1
								   : at];
}

/* What one trace does not know of a process another may. */
static bool complete(struct sm_observations *o, struct sm_owner *known,
		     const struct sm_owner *more)
{
	if (known->stdlib.len || !more->stdlib.len)
		return true;
	known->python = more->python;
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
	uint32_t at;
	struct sm_owner owner = {
		.run = run,
		.start_ns = process->start_ns,
		.pid = process->pid,
		.guest_pid = process->guest_pid,
		.parent_pid = process->parent_pid,
		.exe = process->exe,
		.cwd = process->cwd,
		.script = script_of(process),
		.python = sm_python_minor(interpreter->version),
		.stdlib = interpreter->stdlib,
		.prefix = interpreter->prefix,
		.home = interpreter->home,
		.tmp = interpreter->tmp,
		.given = sm_given_words(process, given),
	};
	uint64_t id = sm_hash(SM_HASH_SEED, &run, sizeof(run));

	id = sm_hash(id, &process->pid, sizeof(process->pid));
	at = find_script(process);
	owner.role = sm_hash_str(SM_HASH_SEED, owner.exe);
	owner.role =
		sm_hash_str(owner.role, at < process->argc ? process->argv[at]
							   : sm_str_of(""));
	owner.role = sm_hash_str(owner.role, sm_str_of(process->started_by));
	owner.identity =
		sm_hash(id, &process->start_ns, sizeof(process->start_ns));
	*number = 0;
	return sm_observe_owner(observations, &owner, number);
}
