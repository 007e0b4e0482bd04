/* SPDX-License-Identifier: Apache-2.0 */
#include "replay/replay.h"

#include <stdio.h>
#include <stdlib.h>

#include "replay/denials.h"
#include "replay/digest.h"
#include "replay/memo.h"
#include "replay/names.h"

#define PROGRESS_EVERY ((uint64_t)1 << 20) /* events */

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

	/* Some rules look at the frame too: the outcome tells such apart. */
	digest = sm_digest_bytes(digest, &verdict->decision,
				 sizeof(verdict->decision));
	if (sm_memo_find(&replay->seen, digest) ||
	    !sm_memo_add(&replay->seen, digest, verdict->decision))
		return;
	replay->totals.distinct++;
	replay->totals.blocked_distinct += verdict->decision == SM_DENIED;
}

/* What a pass over one trace needs. */
struct pass {
	struct sm_replay *replay;
	struct sm_trace *trace;
	const struct sm_policy *policy;
	struct sm_trace_cursor *cursor;
	struct sm_names names;
	bool has_details; /* see is_keyed() */
	bool has_named;	  /* rules of ${ARG} or ${START}: names is in use */
	bool is_shadow;	  /* the policy was the trace's shadow policy */
	bool is_mixed;	  /* only some of the events were decided by it */
	uint64_t by_decision[DECISION_MASK + 1]; /* of the events */
	uint64_t events, damaged;
};

/*
 * Decides an event not seen before in this trace. *is_own: alike ones of other
 * processes may be decided differently.
 */
static uint64_t decide(const struct pass *pass, const struct sm_event *event,
		       bool *is_own)
{
	struct sm_replay *replay = pass->replay;
	struct sm_request requests[SM_REQUESTS_MAX];
	struct sm_verdict verdict;
	unsigned count = sm_event_requests(event, &replay->scratch, requests);
	uint64_t group = DENIAL_NONE;

	sm_policy_decide(pass->policy, event, &verdict);
	*is_own |=
		pass->has_named && sm_names_have(&pass->names, requests, count);
	count_distinct(replay, event, &verdict, requests, count);
	if (is_denial(verdict.decision))
		group = sm_denials_group(
			&replay->denials, event, &verdict, requests, count,
			sm_trace_path(pass->trace),
			sm_trace_process(pass->trace, event->process));
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

/*
 * Whether equal keys mean equal outcomes: not where a rule compares arguments
 * that are no part of the key. What is damaged is told when it is decided.
 */
static bool is_keyed(const struct pass *pass)
{
	const struct sm_event *event;

	if (!pass->has_details)
		return true;
	event = sm_trace_bulk_event(pass->cursor, 0);
	return !event ||
	       !sm_policy_sees_details(pass->policy, event->site.event);
}

/*
 * False when the event turns out to be damaged, or out of memory. *is_own: the
 * outcome is this event's alone.
 */
static bool decide_new(struct pass *pass, const struct sm_trace_bulk *bulk,
		       uint32_t at, uint64_t *outcome, bool *is_own)
{
	const struct sm_event *event = sm_trace_bulk_event(pass->cursor, at);

	if (!event)
		return false;
	*outcome = decide(pass, event, is_own);
	if (*is_own)
		return true;
	/* A full table only costs time: the next one is decided again. */
	(void)sm_memo_add(&pass->replay->memo, bulk->keys[at], *outcome);
	return true;
}

static bool is_digest(struct sm_str hex, const uint8_t *digest)
{
	char want[2 * SM_POLICY_DIGEST_BYTES + 1];

	for (int i = 0; i < SM_POLICY_DIGEST_BYTES; i++)
		snprintf(want + 2 * i, 3, "%02x", digest[i]);
	return sm_str_equal(hex, sm_str_of(want));
}

/* Of one event of a trace with several policies: it may be another's. */
static void compare(struct pass *pass, uint32_t at, unsigned recorded,
		    unsigned decision)
{
	struct sm_replay_totals *totals = &pass->replay->totals;
	const struct sm_event *event = sm_trace_bulk_event(pass->cursor, at);
	const struct sm_trace_policy *p;

	if (!event)
		return;
	p = sm_trace_policy(
		pass->trace,
		sm_trace_policy_of(pass->trace, event->process, event->seq));
	if (!p ||
	    !is_digest(pass->is_shadow ? p->shadow.sha256 : p->enforced.sha256,
		       sm_policy_digest(pass->policy)))
		return;
	totals->enforced++;
	totals->differs += decision != recorded;
}

/*
 * Events of one site and form. Neighbours are often the same: the last
 * outcome is tried before the table.
 */
static void count_bulk(struct pass *pass, const struct sm_trace_bulk *bulk)
{
	struct sm_replay_totals *totals = &pass->replay->totals;
	uint64_t by_decision[DECISION_MASK + 1] = { 0 };
	unsigned recorded = pass->is_shadow ? bulk->shadow : bulk->decision;
	bool keyed = is_keyed(pass);
	bool is_own = true; /* the last outcome was its event's alone */
	uint64_t outcome = 0;
	uint32_t done = 0;

	for (; done < bulk->count; done++) {
		struct sm_memo_slot *slot = NULL;

		if (is_own || bulk->keys[done] != bulk->keys[done - 1]) {
			if (keyed)
				slot = sm_memo_find(&pass->replay->memo,
						    bulk->keys[done]);
			is_own = !keyed;
			if (slot)
				outcome = slot->value;
			else if (!decide_new(pass, bulk, done, &outcome,
					     &is_own))
				break; /* told by the next call */
		}
		by_decision[outcome & DECISION_MASK]++;
		if (pass->is_mixed && recorded != SM_UNDECIDED)
			compare(pass, done, recorded, outcome & DECISION_MASK);
		if (is_denial(outcome & DECISION_MASK))
			count_denial(pass->replay, outcome);
	}
	pass->events += done;
	for (unsigned i = 0; i <= DECISION_MASK; i++)
		pass->by_decision[i] += by_decision[i];
	if (recorded == SM_UNDECIDED || pass->is_mixed)
		return;
	totals->enforced += done;
	totals->differs += done - by_decision[recorded & DECISION_MASK];
}

/* SM_END at the end; the first damage is kept in diag and counted. */
static enum sm_status walk(struct pass *pass, sm_replay_progress *progress,
			   void *context, struct sm_diag *diag)
{
	uint64_t told = 0;
	struct sm_diag other; /* damage after the first */

	for (;;) {
		struct sm_trace_bulk bulk;
		enum sm_status status = sm_trace_bulk(
			pass->cursor, &bulk, pass->damaged ? &other : diag);

		if (status == SM_DAMAGED)
			pass->damaged++;
		else if (status != SM_OK)
			return status;
		else
			count_bulk(pass, &bulk);
		if (progress && pass->events - told >= PROGRESS_EVERY) {
			told = pass->events;
			progress(context, pass->replay->totals.events + told);
		}
	}
}

static void add_up(const struct pass *pass)
{
	struct sm_replay_totals *totals = &pass->replay->totals;
	uint64_t lost[SM_LOSSES] = { 0 };

	totals->traces++;
	totals->processes += (uint32_t)sm_trace_process_count(pass->trace);
	totals->lost += sm_trace_lost(pass->trace, lost);
	for (unsigned i = 0; i < SM_LOSSES; i++)
		totals->losses[i] += lost[i];
	totals->events += pass->events;
	totals->undecided += pass->by_decision[SM_UNDECIDED];
	totals->allowed += pass->by_decision[SM_ALLOWED];
	totals->warned += pass->by_decision[SM_WARNED];
	totals->blocked += pass->by_decision[SM_DENIED];
	totals->damaged += pass->damaged;
}

/*
 * Which recorded verdicts this policy's are compared with: those of the shadow
 * policy if it was one and never enforced, else those of what was enforced.
 * Where a reload brought others, only of events that were decided by it.
 */
static void find_role(struct pass *pass)
{
	const uint8_t *digest = sm_policy_digest(pass->policy);
	const struct sm_trace_policy *p;
	bool is_enforced = false, is_shadow = false, is_other = false;

	for (uint32_t n = 1; (p = sm_trace_policy(pass->trace, n)); n++) {
		is_enforced |= is_digest(p->enforced.sha256, digest);
		is_shadow |= is_digest(p->shadow.sha256, digest);
	}
	pass->is_shadow = is_shadow && !is_enforced;
	for (uint32_t n = 1; (p = sm_trace_policy(pass->trace, n)); n++)
		is_other |= !is_digest(pass->is_shadow ? p->shadow.sha256
						       : p->enforced.sha256,
				       digest);
	pass->is_mixed = is_other && (is_shadow || is_enforced);
}

enum sm_status sm_replay_run(struct sm_replay *replay, struct sm_trace *trace,
			     const struct sm_policy *policy,
			     sm_replay_progress *progress, void *context,
			     struct sm_diag *diag)
{
	struct pass pass = { .replay = replay,
			     .trace = trace,
			     .policy = policy,
			     .has_details = sm_policy_has_details(policy),
			     .has_named = sm_policy_has_named(policy) };
	enum sm_status status;

	status = sm_trace_events(trace, NULL, &pass.cursor, diag);
	if (status != SM_OK)
		return status;
	find_role(&pass);
	/* Keys are numbers of one trace. */
	sm_memo_clear(&replay->memo);
	if (pass.has_named)
		sm_names_init(&pass.names, trace);
	status = walk(&pass, progress, context, diag);
	if (pass.has_named)
		sm_names_fini(&pass.names);
	add_up(&pass);
	sm_trace_cursor_free(pass.cursor);
	if (status != SM_END)
		return status;
	return pass.damaged ? SM_DAMAGED : SM_OK;
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
