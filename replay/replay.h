/* SPDX-License-Identifier: Apache-2.0 */
/*
 * replay.h: recorded events against a policy, by the engine that enforces.
 *
 *   r = sm_replay_new();
 *   for each trace: sm_replay_run(r, trace, policy, ..);
 *   sm_replay_totals(r), sm_replay_denials(r); sm_replay_free(r);
 *
 * Consults trace and policy only, never the file system of today. One thread
 * per struct sm_replay.
 */
#ifndef REPLAY_REPLAY_H
#define REPLAY_REPLAY_H

#include "schema/policy.h"
#include "schema/request.h"
#include "schema/trace.h"

#define SM_REPLAY_DENIALS_MAX 65536 /* groups kept; the rest is counted */

struct sm_replay_totals {
	uint64_t events;   /* replayed */
	uint64_t distinct; /* different decisions: event, requests, who, via */
	uint64_t allowed;
	uint64_t blocked;
	uint64_t blocked_distinct;
	uint64_t warned;    /* denied in a family whose mode is warn */
	uint64_t undecided; /* ask for nothing */
	uint64_t differs;   /* recorded verdict is another */
	uint64_t enforced;  /* events with a recorded verdict */
	uint64_t lost, losses[SM_LOSSES];
	uint64_t damaged;   /* blocks that could not be read */
	uint64_t ungrouped; /* denials past SM_REPLAY_DENIALS_MAX groups */
	uint32_t traces, processes;
};

/* Where a denied event stands, so that a person can look at it. */
struct sm_replay_example {
	const char *trace; /* path */
	uint32_t process, pid;
	uint64_t seq, time_ns;
	struct sm_str file, function;
	uint32_t line;
};

/*
 * Denials alike in event, resource, principal, via and reason. Everything is
 * owned by the struct sm_replay.
 */
struct sm_replay_denial {
	enum sm_decision decision; /* SM_DENIED or SM_WARNED */
	struct sm_str event;
	enum sm_family family;
	uint32_t access, lacking; /* asked for; not granted */
	struct sm_str resource;
	const struct sm_value *args; /* argv, event arguments */
	uint32_t argc;
	struct sm_principal principal;
	enum sm_via via;
	enum sm_reason reason;
	struct sm_str rule;	 /* deciding or nearest; may be empty */
	const char *explanation; /* sm_verdict_explain() */
	uint64_t count;
	struct sm_replay_example first;
};

struct sm_replay;

/* NULL when out of memory; free accepts NULL. */
struct sm_replay *sm_replay_new(void);
void sm_replay_free(struct sm_replay *replay);

/* Called now and then with the number of events so far. */
typedef void sm_replay_progress(void *context, uint64_t events);

/*
 * Decides every event of trace. Recorded verdicts it compares with are those of
 * the policy enforced, or of the shadow policy where policy was that one.
 * Counts add up over calls. SM_DAMAGED when some
 * blocks could not be read: diag says which came first, the totals hold the
 * rest. Other failures leave totals of what was replayed.
 */
SM_CHECKED enum sm_status sm_replay_run(struct sm_replay *replay,
					struct sm_trace *trace,
					const struct sm_policy *policy,
					sm_replay_progress *progress,
					void *context, struct sm_diag *diag);

const struct sm_replay_totals *sm_replay_totals(const struct sm_replay *replay);
/*
 * Groups, blocked before warned, most frequent first, then by event and
 * resource. Valid until the next run.
 */
const struct sm_replay_denial *const *
sm_replay_denials(struct sm_replay *replay, size_t *count);

#endif
