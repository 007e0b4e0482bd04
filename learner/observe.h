/* SPDX-License-Identifier: Apache-2.0 */
/*
 * observe.h: inside a set of observations; for learner/ only.
 */
#ifndef LEARNER_OBSERVE_H
#define LEARNER_OBSERVE_H

#include "learner/arena.h"
#include "learner/learner.h"
#include "learner/timeline.h"
#include "schema/hash.h"

/*
 * The smallest hashes of a set: enough to tell one, a few and many, to compare
 * with another set, and the same whatever order they came in.
 */
#define SM_SKETCH_MAX 8
struct sm_sketch {
	uint32_t count;
	uint64_t hash[SM_SKETCH_MAX]; /* ascending */
};
void sm_sketch_add(struct sm_sketch *sketch, uint64_t hash);
void sm_sketch_merge(struct sm_sketch *into, const struct sm_sketch *from);
bool sm_sketch_equal(const struct sm_sketch *a, const struct sm_sketch *b);

struct sm_call {
	struct sm_str key; /* CBOR: see call_key.c */
	uint64_t hash;
	uint64_t count;
	uint64_t first_ns, last_ns; /* CLOCK_REALTIME */
	struct sm_sketch runs, owners, hosts;
};

/* A recording: from the start of a command to the end of its last process. */
struct sm_run {
	uint64_t identity, host;
	uint64_t trace; /* the smallest identity of those it is in; 0: none */
	uint64_t first_ns, last_ns; /* CLOCK_REALTIME, of its events */
	struct sm_timeline events;
};

/* A process that was recorded. Strings live in the set's arena. */
struct sm_owner {
	uint64_t run, identity;
	struct sm_run *recorded;
	uint64_t role; /* equal for processes that run the same thing */
	uint64_t events;
	uint64_t start_ns; /* tells the order of a run's processes */
	uint32_t pid, guest_pid, parent_pid;
	uint32_t python; /* minor version of CPython 3; 0: unknown */
	struct sm_str exe, cwd, script, stdlib, prefix, home, tmp;
	struct sm_str given; /* see given.c */
};

/* What a command line gives, a word a line; at most so many bytes. */
#define SM_GIVEN_BYTES 2048
struct sm_str sm_given_words(const struct sm_trace_process *process, char *out);

struct sm_observations {
	struct sm_arena arena;
	struct sm_call **calls; /* open addressing, power of two */
	size_t call_room, call_count;
	struct sm_owner *owners;
	size_t owner_room, owner_count;
	uint32_t *owner_slots; /* by identity; open addressing */
	size_t owner_slot_room;
	uint64_t *traces; /* identities */
	size_t trace_room, trace_count;
	struct sm_run **runs; /* by identity */
	size_t run_room, run_count;
	/* What was installed, a line each as recorder/distributions.h has it,
	 * and the application's modules, a path each; sorted by bytes. */
	struct sm_str *installed;
	size_t installed_room, installed_count;
	uint64_t events, denied, forged, followers;
	struct sm_missed missed;
};

/* Of each owner whether another one of its run started it; NULL: out of memory.
 */
bool *sm_owners_started(const struct sm_observations *o,
			struct sm_arena *arena);

/* A part of the recording that is left out, to be asked about. */
enum sm_part_kind {
	SM_PART_RUNS,
	SM_PART_PROCESSES,
	SM_PART_SESSION, /* all runs of a time: a call may have any number */
	SM_PART_REST,
};
struct sm_part {
	enum sm_part_kind kind;
	const uint64_t *ids; /* runs or processes, ascending */
	size_t id_count;
	uint64_t from_ns, to_ns; /* SESSION; REST: everything from here on */
};
/* The call was made in the part and nowhere else. */
bool sm_part_holds(const struct sm_part *part, const struct sm_call *call);
/*
 * Observations as they were had the part not been recorded; NULL when out of
 * memory.
 */
struct sm_observations *sm_observations_without(const struct sm_observations *o,
						const struct sm_part *part);
/* Those calls that are to be kept, of all runs and processes; likewise. */
typedef bool sm_keep_call(void *context, const struct sm_call *call);
struct sm_observations *sm_observations_select(const struct sm_observations *o,
					       sm_keep_call *keep,
					       void *context);
/* NULL: there is none. */
const struct sm_run *sm_observations_find_run(const struct sm_observations *o,
					      uint64_t identity);
/* Where it is among runs; run_count: there is none. */
size_t sm_observations_place_run(const struct sm_observations *o,
				 uint64_t identity);

struct sm_cbor_writer;
/* Writes the key of the call event makes: all that tells calls apart. */
void sm_call_key(struct sm_cbor_writer *w, const struct sm_event *event);
/* The event behind a call, rebuilt in arena; false when out of memory. */
bool sm_call_event(const struct sm_call *call, struct sm_arena *arena,
		   struct sm_event *event);

/* Whether Python code made event up; see SM_EVENT_FORGED. */
bool sm_observe_is_forged(const struct sm_event *event);
/* Bits of families in which event asks for something. */
uint32_t sm_observe_families(const struct sm_event *event);
/* The call event makes, NULL when it asks for nothing. */
SM_CHECKED enum sm_status sm_observe_call(struct sm_observations *o,
					  const struct sm_event *event,
					  struct sm_call **out);
/* The call of key, made when it is new. */
SM_CHECKED enum sm_status sm_observe_find(struct sm_observations *o,
					  struct sm_str key,
					  struct sm_call **out);
/* The run is in the trace, too. */
static inline void sm_observe_trace(struct sm_run *run, uint64_t trace)
{
	if (trace && (!run->trace || trace < run->trace))
		run->trace = trace;
}
/* The run, made when it is new; NULL when out of memory. */
struct sm_run *sm_observe_run(struct sm_observations *o, uint64_t identity);
/* The number of a process, which is added when it is new. */
SM_CHECKED enum sm_status sm_observe_owner(struct sm_observations *o,
					   const struct sm_owner *owner,
					   uint32_t *number);
/* From when to when, CLOCK_REALTIME. */
struct sm_span {
	uint64_t first_ns, last_ns;
};
static inline struct sm_span sm_span_of(uint64_t time_ns)
{
	return (struct sm_span){ time_ns, time_ns };
}
static inline void sm_span_add(struct sm_span *span, uint64_t time_ns)
{
	if (time_ns < span->first_ns)
		span->first_ns = time_ns;
	if (time_ns > span->last_ns)
		span->last_ns = time_ns;
}
static inline void sm_span_merge(struct sm_span *span,
				 const struct sm_span *other)
{
	sm_span_add(span, other->first_ns);
	sm_span_add(span, other->last_ns);
}
/* More events of call, */
static inline void sm_observe_count(struct sm_call *call,
				    const struct sm_span *span, uint64_t count)
{
	call->count += count;
	if (span->first_ns < call->first_ns)
		call->first_ns = span->first_ns;
	if (span->last_ns > call->last_ns)
		call->last_ns = span->last_ns;
}
/* and who made it. */
void sm_observe_maker(const struct sm_observations *o, struct sm_call *call,
		      uint32_t owner);
/*
 * Events of the owner were read, whatever becomes of them; all within one step
 * of its run's line of time: sm_timeline_shift().
 */
void sm_observe_events(struct sm_observations *o, uint32_t owner,
		       const struct sm_span *span, uint64_t count);
bool sm_observations_has_trace(const struct sm_observations *o, uint64_t id);
bool sm_observations_add_trace(struct sm_observations *o, uint64_t id);

/* Where text stands in strings sorted by bytes, or would. */
size_t sm_str_place(const struct sm_str *sorted, size_t count,
		    struct sm_str text);
/* Another line of what is installed: copied, kept once. */
#define SM_INSTALLED_MAX   65536
#define SM_INSTALLED_BYTES 16384
SM_CHECKED enum sm_status sm_observe_installed(struct sm_observations *o,
					       struct sm_str line);
/* All lines of one site directory, and of another set. */
SM_CHECKED enum sm_status sm_observe_site(struct sm_observations *o,
					  struct sm_str text);
/* A line for each of the application's modules: their paths. See modules.c. */
SM_CHECKED enum sm_status sm_observe_modules(struct sm_observations *o,
					     struct sm_str root,
					     struct sm_str text);
/* What code in place imports, a name a line; one line of its own. */
SM_CHECKED enum sm_status sm_observe_imports(struct sm_observations *o,
					     struct sm_str place,
					     struct sm_str text);
SM_CHECKED enum sm_status
sm_observe_installed_of(struct sm_observations *into,
			const struct sm_observations *from);

/*
 * Puts all of base, as it is, and those of *rules that something observed needs
 * beside it into a new policy, and frees the old *rules.
 */
SM_CHECKED enum sm_status sm_learn_onto(const struct sm_rules *base,
					const struct sm_observations *o,
					struct sm_rules **rules,
					struct sm_diag *diag);

/* qsort() and bsearch(): of identities, and other uint64_t. */
int sm_by_number(const void *a, const void *b);

#endif
