/* SPDX-License-Identifier: Apache-2.0 */
#include "replay/replay.h"

#include <stdlib.h>

#include "replay/denials.h"
#include "replay/digest.h"
#include "replay/memo.h"

#define PROGRESS_EVERY ((uint64_t)1 << 20) /* events; a power of two */

/* What a memo's value says: the decision, and the group above these bits. */
#define DECISION_BITS 2
#define DECISION_MASK 3

struct sm_replay {
	struct sm_replay_totals totals;
	struct sm_memo memo; /* sm_trace_key() -> outcome; of one trace */
	struct sm_memo
		seen; /* sm_digest_decision() of all traces -> decision */
	struct denials denials;
	const struct sm_replay_denial **sorted;
	struct sm_request_scratch scratch;
};

struct sm_replay *sm_replay_new(void)
{
	struct sm_replay *replay = calloc(1, sizeof(*replay));

	if (replay && sm_memo_init(&replay->memo) &&
	    sm_memo_init(&replay->seen) && sm_denials_init(&replay->denials))
		return replay;
	sm_replay_free(replay);
	return NULL;
}

void sm_replay_free(struct sm_replay *replay)
{
	if (!replay)
		return;
	sm_memo_fini(&replay->memo);
	sm_memo_fini(&replay->seen);
	sm_denials_fini(&replay->denials);
	free(replay->sorted);
	free(replay);
}

static bool is_denial(enum sm_decision decision)
{
	return decision == SM_DENIED || decision == SM_WARNED;
}

/* Counts a decision that differs from all before; past the bound: not. */
static void count_distinct(struct sm_replay *replay,
			   const struct sm_event *event,
			   const struct sm_verdict *verdict,
			   const struct sm_request *requests, unsigned count)
{
	uint64_t digest = sm_digest_decision(event, requests, count);

	if (sm_memo_find(&replay->seen, digest) ||
	    !sm_memo_add(&replay->seen, digest, verdict->decision))
		return;
	replay->totals.distinct++;
	replay->totals.blocked_distinct += verdict->decision == SM_DENIED;
}

/* Decides an event not seen before in this trace. */
static uint64_t decide(struct sm_replay *replay, struct sm_trace *trace,
		       const struct sm_policy *policy,
		       const struct sm_event *event)
{
	struct sm_request requests[SM_REQUESTS_MAX];
	struct sm_verdict verdict;
	unsigned count = sm_event_requests(event, &replay->scratch, requests);
	uint64_t group = DENIAL_NONE;

	sm_policy_decide(policy, event, &verdict);
	count_distinct(replay, event, &verdict, requests, count);
	if (is_denial(verdict.decision))
		group = sm_denials_group(
			&replay->denials, event, &verdict, requests, count,
			sm_trace_path(trace),
			sm_trace_process(trace, event->process));
	return group << DECISION_BITS | verdict.decision;
}

static void count_denial(struct sm_replay *replay, uint64_t outcome)
{
	uint64_t group = outcome >> DECISION_BITS;

	if (group < replay->denials.count)
		replay->denials.items[group]->shown.count++;
	else
		replay->totals.ungrouped++;
}

static void count_event(struct sm_replay *replay,
			uint64_t by_decision[DECISION_MASK + 1],
			enum sm_decision recorded, uint64_t outcome)
{
	enum sm_decision decision = outcome & DECISION_MASK;

	by_decision[decision]++;
	if (is_denial(decision))
		count_denial(replay, outcome);
	if (recorded == SM_UNDECIDED)
		return;
	replay->totals.enforced++;
	replay->totals.differs += recorded != decision;
}

/* False when the event turns out to be damaged. */
static bool look_up(struct sm_replay *replay, struct sm_trace *trace,
		    const struct sm_policy *policy,
		    struct sm_trace_cursor *cursor, uint64_t key,
		    uint64_t *outcome)
{
	struct sm_memo_slot *slot = sm_memo_find(&replay->memo, key);
	const struct sm_event *event;

	if (slot) {
		*outcome = slot->value;
		return true;
	}
	event = sm_trace_event(cursor);
	if (!event)
		return false;
	*outcome = decide(replay, trace, policy, event);
	/* A full table only costs time: the next one is decided again. */
	(void)sm_memo_add(&replay->memo, key, *outcome);
	return true;
}

/* SM_OK at the end; the first damage is kept in diag and counted. */
static enum sm_status walk(struct sm_replay *replay, struct sm_trace *trace,
			   const struct sm_policy *policy,
			   struct sm_trace_cursor *cursor,
			   sm_replay_progress *progress, void *context,
			   struct sm_diag *diag)
{
	uint64_t by_decision[DECISION_MASK + 1] = { 0 };
	struct sm_replay_totals *totals = &replay->totals;
	struct sm_diag other; /* damage after the first */
	uint64_t damaged = 0, events = 0;
	struct sm_trace_brief brief;
	enum sm_status status;
	uint64_t outcome;

	for (;;) {
		status = sm_trace_skim(cursor, &brief, damaged ? &other : diag);
		if (status == SM_DAMAGED) {
			damaged++;
			continue;
		}
		if (status != SM_OK)
			break;
		/* Damage found only now is told by the next call. */
		if (!look_up(replay, trace, policy, cursor, brief.key,
			     &outcome))
			continue;
		count_event(replay, by_decision, brief.decision, outcome);
		if (!(++events & (PROGRESS_EVERY - 1)) && progress)
			progress(context, totals->events + events);
	}
	totals->events += events;
	totals->undecided += by_decision[SM_UNDECIDED];
	totals->allowed += by_decision[SM_ALLOWED];
	totals->warned += by_decision[SM_WARNED];
	totals->blocked += by_decision[SM_DENIED];
	totals->damaged += damaged;
	if (status != SM_END)
		return status;
	return damaged ? SM_DAMAGED : SM_OK;
}

enum sm_status sm_replay_run(struct sm_replay *replay, struct sm_trace *trace,
			     const struct sm_policy *policy,
			     sm_replay_progress *progress, void *context,
			     struct sm_diag *diag)
{
	struct sm_replay_totals *totals = &replay->totals;
	struct sm_trace_cursor *cursor = NULL;
	uint64_t lost[SM_LOSSES] = { 0 };
	enum sm_status status;

	status = sm_trace_events(trace, NULL, &cursor, diag);
	if (status != SM_OK)
		return status;
	/* Keys are numbers of one trace. */
	sm_memo_clear(&replay->memo);
	totals->traces++;
	totals->processes += (uint32_t)sm_trace_process_count(trace);
	totals->lost += sm_trace_lost(trace, lost);
	for (unsigned i = 0; i < SM_LOSSES; i++)
		totals->losses[i] += lost[i];
	status = walk(replay, trace, policy, cursor, progress, context, diag);
	sm_trace_cursor_free(cursor);
	return status;
}

const struct sm_replay_totals *sm_replay_totals(const struct sm_replay *replay)
{
	return &replay->totals;
}

const struct sm_replay_denial *const *
sm_replay_denials(struct sm_replay *replay, size_t *count)
{
	size_t n = replay->denials.count;

	*count = 0;
	free(replay->sorted);
	replay->sorted = calloc(n + 1, sizeof(*replay->sorted));
	if (!replay->sorted)
		return NULL;
	for (size_t i = 0; i < n; i++)
		replay->sorted[i] = &replay->denials.items[i]->shown;
	qsort(replay->sorted, n, sizeof(*replay->sorted), sm_denials_compare);
	*count = n;
	return replay->sorted;
}
