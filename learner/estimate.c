/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How often the policy will be wrong: it is learned again without a part of the
 * recording and asked about that part. Events of one session hang together, so
 * the parts are runs, sessions, processes and stretches of time, never single
 * events.
 *
 * A call made in two parts is known whichever is left out, because what was
 * recorded is granted. So only calls of one part alone have to be asked about.
 */
#include <math.h>
#include <stdlib.h>

#include "learner/estimate.h"

const char *sm_cut_name(enum sm_cut cut)
{
	static const char *const names[SM_CUTS] = {
		[SM_CUT_RUN] = "run",
		[SM_CUT_SESSION] = "session",
		[SM_CUT_PROCESS] = "process",
		[SM_CUT_TIME] = "time",
	};

	return cut < SM_CUTS ? names[cut] : "";
}

/*
 * 95 % upper limit of a Poisson mean of which n were seen: half the chi-square
 * quantile with 2n + 2 degrees, by Wilson and Hilferty's approximation.
 */
static double poisson_limit(uint64_t n)
{
	double k = (double)n + 1;
	double root = 1 - 1 / (9 * k) + 1.6449 / (3 * sqrt(k));

	return k * root * root * root;
}

static double per_1000(double part, uint64_t whole)
{
	return whole ? 1000 * part / (double)whole : 0;
}

/* ------------------------------------------------------------------- asking */

/* Malloc'ed blob of rules, opened. */
static enum sm_status open_rules(const struct sm_rules *rules,
				 struct sm_policy *policy, void **blob,
				 struct sm_diag *diag)
{
	size_t bytes = 0;
	enum sm_status status =
		sm_policy_compile(rules, NULL, 0, blob, &bytes, diag);

	return status == SM_OK ? sm_policy_open(policy, *blob, bytes, diag)
			       : status;
}

static bool is_blocked(const struct sm_policy *policy,
		       const struct sm_event *event, struct sm_verdict *verdict)
{
	sm_policy_decide(policy, event, verdict);
	return verdict->decision == SM_DENIED;
}

/* Asks policy about what only the part holds. */
static enum sm_status ask(struct sm_estimating *e,
			  const struct sm_policy *policy,
			  const struct sm_part *part,
			  struct sm_cut_estimate *cut)
{
	const struct sm_observations *o = e->observations;
	struct sm_verdict verdict;
	struct sm_event event;

	for (size_t i = 0; i < o->call_room; i++) {
		const struct sm_call *call = o->calls[i];

		if (!call || !sm_part_holds(part, call))
			continue;
		if (!sm_call_event(call, &e->arena, &event))
			return SM_NOMEM;
		if (is_blocked(&e->whole, &event, &verdict))
			continue;
		cut->alone[verdict.family] += call->count;
		cut->alone_calls[verdict.family]++;
		if (!is_blocked(policy, &event, &verdict))
			continue;
		cut->calls++;
		cut->blocked += call->count;
		cut->family[verdict.family] += call->count;
		cut->family_calls[verdict.family]++;
	}
	return SM_OK;
}

static enum sm_status ask_without(struct sm_estimating *e,
				  const struct sm_observations *rest,
				  const struct sm_part *part,
				  struct sm_cut_estimate *cut)
{
	struct sm_learned learned;
	struct sm_policy policy;
	void *blob = NULL;
	struct sm_learn_options options = *e->options;
	enum sm_status status;

	options.keeps_covered = true;
	status = sm_learn(rest, &options, &learned, e->diag);
	if (status == SM_OK)
		status = open_rules(learned.rules, &policy, &blob, e->diag);
	if (status == SM_OK)
		status = ask(e, &policy, part, cut);
	free(blob);
	sm_learned_fini(&learned);
	return status;
}

enum sm_status sm_estimate_fold(struct sm_estimating *e,
				const struct sm_part *part, uint64_t events,
				struct sm_cut_estimate *cut)
{
	struct sm_observations *rest;
	enum sm_status status = SM_OK;

	rest = sm_observations_without(e->observations, part);
	if (!rest)
		return SM_NOMEM;
	/* Nothing to learn from tells nothing. */
	if (rest->call_count && events) {
		status = ask_without(e, rest, part, cut);
		cut->folds++;
		cut->events += events;
	}
	sm_observations_free(rest);
	return status;
}

/* each: events of a call, if none was blocked. */
static struct sm_rate rate_of(uint64_t blocked, uint64_t calls, uint64_t events,
			      double each)
{
	struct sm_rate rate;

	if (calls)
		each = (double)blocked / (double)calls;
	rate = (struct sm_rate){
		per_1000((double)blocked, events),
		per_1000(poisson_limit(calls) * each, events),
	};
	if (rate.bound > 1000)
		rate.bound = 1000;
	return rate;
}

/*
 * Where nothing was blocked, a call that will be is made as often as those that
 * are of one part alone, or as the rarest: a crawler that meets a new site asks
 * it for each of its pages, whenever it is called.
 */
static double each_of(uint64_t alone, uint64_t calls,
		      const struct sm_rarest *rarest)
{
	if (calls)
		return (double)alone / (double)calls;
	if (rarest->calls)
		return (double)rarest->events / (double)rarest->calls;
	return 1;
}

void sm_estimate_finish(const struct sm_estimating *e,
			struct sm_cut_estimate *cut)
{
	struct sm_rarest rarest = { .runs = 0 };
	uint64_t alone = 0, calls = 0;

	for (int i = 0; i < SM_FAMILIES; i++) {
		alone += cut->alone[i];
		calls += cut->alone_calls[i];
		rarest.events += e->rarest[i].events;
		rarest.calls += e->rarest[i].calls;
		cut->family_rate[i] = rate_of(
			cut->family[i], cut->family_calls[i], cut->events,
			each_of(cut->alone[i], cut->alone_calls[i],
				&e->rarest[i]));
	}
	cut->rate = rate_of(cut->blocked, cut->calls, cut->events,
			    each_of(alone, calls, &rarest));
}

/* --------------------------------------------------------------- saturation */

struct use {
	uint64_t events, first_ns;
};

/* How much was recorded from then on. */
static uint64_t recorded_since(const struct sm_observations *o,
			       uint64_t time_ns)
{
	uint64_t ns = 0;

	for (size_t i = 0; i < o->run_count; i++) {
		const struct sm_run *run = sm_run_at(o, i);

		if (run && run->last_ns > time_ns)
			ns += run->last_ns - (run->first_ns > time_ns
						      ? run->first_ns
						      : time_ns);
	}
	return ns;
}

static void note_uses(struct sm_estimating *e, const struct use *uses,
		      size_t count)
{
	uint64_t last = 0;

	for (size_t i = 0; i < count; i++) {
		if (!uses[i].events)
			continue;
		e->out->rules++;
		e->out->singles += uses[i].events == 1;
		if (uses[i].first_ns > last)
			last = uses[i].first_ns;
	}
	e->out->since_new_ns = recorded_since(e->observations, last);
	e->out->unseen = per_1000((double)e->out->singles, e->out->events);
	e->out->unseen_bound =
		per_1000(poisson_limit(e->out->singles), e->out->events);
}

/* What came in all runs, or in more than are counted, is not rare. */
static void note_rare(struct sm_estimating *e, enum sm_family family,
		      const struct sm_call *call)
{
	struct sm_rarest *rarest = &e->rarest[family];
	uint32_t runs = call->runs.count;

	if (runs == SM_SKETCH_MAX || runs >= e->observations->run_count ||
	    (rarest->calls && runs > rarest->runs))
		return;
	if (!rarest->calls || runs < rarest->runs)
		*rarest = (struct sm_rarest){ .runs = runs };
	rarest->events += call->count;
	rarest->calls++;
}

static enum sm_status saturation(struct sm_estimating *e, size_t rules)
{
	const struct sm_observations *o = e->observations;
	struct use *uses = calloc(rules + 1, sizeof(*uses));
	struct sm_verdict verdict;
	struct sm_event event;

	if (!uses)
		return SM_NOMEM;
	for (size_t i = 0; i < o->call_room; i++) {
		const struct sm_call *call = o->calls[i];
		struct use *use;

		if (!call)
			continue;
		if (!sm_call_event(call, &e->arena, &event)) {
			free(uses);
			return SM_NOMEM;
		}
		sm_policy_decide(&e->whole, &event, &verdict);
		if (verdict.decision != SM_ALLOWED)
			continue;
		note_rare(e, verdict.family, call);
		if (verdict.rule_index >= rules)
			continue;
		use = &uses[verdict.rule_index];
		if (!use->events || call->first_ns < use->first_ns)
			use->first_ns = call->first_ns;
		use->events += call->count;
	}
	note_uses(e, uses, rules);
	free(uses);
	return SM_OK;
}

/* ---------------------------------------------------------------------- all */

static unsigned oldest_python(const struct sm_observations *o)
{
	unsigned oldest = 0;

	for (size_t i = 0; i < o->owner_count; i++) {
		unsigned python = o->owners[i].python;

		if (python && (!oldest || python < oldest))
			oldest = python;
	}
	return oldest;
}

static void measure(struct sm_estimating *e)
{
	const struct sm_observations *o = e->observations;

	e->out->runs = o->run_count;
	e->out->oldest_python = oldest_python(o);
	for (size_t i = 0; i < o->run_count; i++) {
		const struct sm_run *run = sm_run_at(o, i);

		e->out->events += sm_timeline_total(&o->runs[i]->events);
		if (run)
			e->out->recorded_ns += run->last_ns - run->first_ns;
	}
}

/*
 * A larger part says more where two say the same; of parts as large, those
 * whose calls hang together.
 */
static void take_worse(struct sm_rate *rate, uint64_t *events,
		       const struct sm_rate *other, uint64_t other_events)
{
	if (other->per_1000 < rate->per_1000)
		return;
	if (other->per_1000 == rate->per_1000 &&
	    (other_events < *events ||
	     (other_events == *events && other->bound < rate->bound)))
		return;
	*rate = *other;
	*events = other_events;
}

static void take_worst(struct sm_estimate *out)
{
	uint64_t events = 0, family_events[SM_FAMILIES] = { 0 };

	out->rate = (struct sm_rate){ -1, -1 };
	for (int i = 0; i < SM_FAMILIES; i++)
		out->family_rate[i] = out->rate;
	for (int i = 0; i < SM_CUTS; i++) {
		const struct sm_cut_estimate *cut = &out->cuts[i];

		if (!cut->folds)
			continue;
		take_worse(&out->rate, &events, &cut->rate, cut->events);
		for (int k = 0; k < SM_FAMILIES; k++)
			take_worse(&out->family_rate[k], &family_events[k],
				   &cut->family_rate[k], cut->events);
	}
}

static enum sm_status count_rules(const struct sm_learned *learned,
				  size_t *count, struct sm_diag *diag)
{
	struct sm_rules *all = NULL;
	enum sm_status status = sm_policy_expand(learned->rules, &all, diag);

	*count = status == SM_OK ? all->count : 0;
	sm_rules_free(all);
	return status;
}

enum sm_status sm_learn_estimate(const struct sm_observations *observations,
				 const struct sm_learn_options *options,
				 const struct sm_learned *learned,
				 struct sm_estimate *out, struct sm_diag *diag)
{
	struct sm_estimating e = { .observations = observations,
				   .options = options,
				   .out = out,
				   .diag = diag };
	enum sm_status status;
	void *blob = NULL;
	size_t rules;

	memset(out, 0, sizeof(*out));
	measure(&e);
	status = open_rules(learned->rules, &e.whole, &blob, diag);
	if (status == SM_OK)
		status = count_rules(learned, &rules, diag);
	if (status == SM_OK)
		status = saturation(&e, rules);
	if (status == SM_OK)
		status = sm_estimate_by_run(&e);
	if (status == SM_OK)
		status = sm_estimate_by_session(&e);
	if (status == SM_OK)
		status = sm_estimate_by_process(&e);
	if (status == SM_OK)
		status = sm_estimate_by_time(&e);
	take_worst(out);
	sm_arena_fini(&e.arena);
	free(blob);
	if (status == SM_NOMEM)
		return sm_fail(diag, status, "out of memory");
	return status;
}
