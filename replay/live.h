/* SPDX-License-Identifier: Apache-2.0 */
/*
 * live.h: the distinct calls of a trace, to be raised again in an interpreter
 * with the agent in block mode, and what came of it beside what replay says.
 *
 *   live = sm_live_new(stdlib);
 *   sm_live_collect(live, trace, policy);
 *   for each i: raise sm_live_call(live, i)->event; record it as a trace
 *   for each i: sm_live_answer(live, i, event), sm_live_note(live, i, ..)
 *   sm_live_conclude(live); sm_live_totals(live); sm_live_free(live);
 *
 * Paths of the standard library of the recorded interpreters are replaced by
 * those of the live one before anything is decided, on both sides.
 */
#ifndef REPLAY_LIVE_H
#define REPLAY_LIVE_H

#include "replay/replay.h"

#define SM_LIVE_CALLS_MAX (1u << 20) /* further ones are counted only */

enum sm_live_outcome {
	SM_LIVE_SAME,
	SM_LIVE_DIFFERS,
	SM_LIVE_NOT_RAISABLE,
};

/* What decided it, on one side. */
struct sm_live_verdict {
	enum sm_decision decision;
	struct sm_str rule; /* deciding or nearest; may be empty */
};

/* Owned by the struct sm_live. */
struct sm_live_call {
	struct sm_event event;		/* as the live interpreter sees it */
	struct sm_replay_example first; /* where it was recorded */
	struct sm_live_verdict offline, live;
	uint64_t requests; /* digest of what is asked for */
	bool has_answer, was_raised, was_denied; /* denied: with an exception */
	enum sm_live_outcome outcome;
	const char *reason; /* of SM_LIVE_NOT_RAISABLE; else NULL */
};

struct sm_live_totals {
	uint64_t calls, same, differ, not_raisable;
	uint64_t denied;	 /* calls denied, on both sides */
	uint64_t past_the_bound; /* not raised, in not_raisable too */
};

struct sm_live;

/*
 * stdlib: the live interpreter's standard library, "/usr/lib/python3.11";
 * copied. NULL when out of memory; free accepts NULL.
 */
struct sm_live *sm_live_new(struct sm_str stdlib);
void sm_live_free(struct sm_live *live);

/*
 * path as the live interpreter has it: a path in the standard library of an
 * interpreter of trace moved to its own; others stay. out as large as
 * SM_PATH_MAX; *result points into out or is path.
 */
void sm_live_map(const struct sm_live *live, const struct sm_trace *trace,
		 struct sm_str path, char *out, struct sm_str *result);

/*
 * Keeps and decides every call of trace that is distinct in event, arguments,
 * caller, principal and via. Damaged blocks are left out: replay told of them.
 */
SM_CHECKED enum sm_status sm_live_collect(struct sm_live *live,
					  struct sm_trace *trace,
					  const struct sm_policy *policy,
					  struct sm_diag *diag);
size_t sm_live_count(const struct sm_live *live);
/* NULL beyond the last. */
const struct sm_live_call *sm_live_call(const struct sm_live *live, size_t i);

/* What the agent recorded for call i. False: out of memory. */
SM_CHECKED bool sm_live_answer(struct sm_live *live, size_t i,
			       const struct sm_event *event);
/*
 * What the caller of sys.audit() saw: an exception, or not. reason (copied):
 * why the call could not be made, or NULL.
 */
SM_CHECKED bool sm_live_note(struct sm_live *live, size_t i, bool was_denied,
			     const char *reason);
/* Compares; afterwards outcome and reason of the calls are set. */
void sm_live_conclude(struct sm_live *live);
const struct sm_live_totals *sm_live_totals(const struct sm_live *live);

/* The Python program that raises calls; see replay/live/driver.py. */
const char *sm_live_driver(void);

#endif
