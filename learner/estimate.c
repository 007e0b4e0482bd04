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

#include "learner/observe.h"

#define GROUPS 5

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

struct estimating {
	const struct sm_observations *observations;
	const struct sm_learn_options *options;
	struct sm_policy whole;
	struct sm_arena arena; /* events of calls */
	struct sm_estimate *out;
	struct sm_diag *diag;
};

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
static enum sm_status ask(struct estimating *e, const struct sm_policy *policy,
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
		if (is_blocked(&e->whole, &event, &verdict) ||
		    !is_blocked(policy, &event, &verdict))
			continue;
		cut->calls++;
		cut->blocked += call->count;
		cut->family[verdict.family] += call->count;
		cut->family_calls[verdict.family]++;
	}
	return SM_OK;
}

static enum sm_status ask_without(struct estimating *e,
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

/* Leaves one part out; events: how many it holds. */
static enum sm_status fold(struct estimating *e, const struct sm_part *part,
			   uint64_t events, struct sm_cut_estimate *cut)
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

static struct sm_rate rate_of(uint64_t blocked, uint64_t calls, uint64_t events)
{
	double each = calls ? (double)blocked / (double)calls : 1;
	struct sm_rate rate = {
		per_1000((double)blocked, events),
		per_1000(poisson_limit(calls) * each, events),
	};

	if (rate.bound > 1000)
		rate.bound = 1000;
	return rate;
}

static void finish(struct sm_cut_estimate *cut)
{
	cut->rate = rate_of(cut->blocked, cut->calls, cut->events);
	for (int i = 0; i < SM_FAMILIES; i++)
		cut->family_rate[i] = rate_of(
			cut->family[i], cut->family_calls[i], cut->events);
}

/* ------------------------------------------------------------------ cutting */

/* Something that can be left out. */
struct item {
	uint64_t role, id, events;
};

static int by_role(const void *a, const void *b)
{
	const struct item *x = a, *y = b;

	if (x->role != y->role)
		return x->role < y->role ? -1 : 1;
	return (x->id > y->id) - (x->id < y->id);
}

/* Every GROUPS-th item, from group on; ids: room for all. */
static enum sm_status fold_group(struct estimating *e, enum sm_part_kind kind,
				 const struct item *items, size_t count,
				 size_t group, uint64_t *ids,
				 struct sm_cut_estimate *cut)
{
	struct sm_part part = { .kind = kind, .ids = ids };
	uint64_t events = 0;

	for (size_t i = group; i < count; i += GROUPS) {
		ids[part.id_count++] = items[i].id;
		events += items[i].events;
	}
	if (!part.id_count)
		return SM_OK;
	qsort(ids, part.id_count, sizeof(*ids), sm_by_number);
	return fold(e, &part, events, cut);
}

static enum sm_status fold_items(struct estimating *e, enum sm_part_kind kind,
				 struct item *items, size_t count,
				 struct sm_cut_estimate *cut)
{
	uint64_t *ids = calloc(count + 1, sizeof(*ids));
	enum sm_status status = ids ? SM_OK : SM_NOMEM;

	if (ids && count)
		qsort(items, count, sizeof(*items), by_role);
	for (size_t g = 0; status == SM_OK && g < GROUPS; g++)
		status = fold_group(e, kind, items, count, g, ids, cut);
	free(ids);
	finish(cut);
	return status;
}

static enum sm_status by_run(struct estimating *e)
{
	const struct sm_observations *o = e->observations;
	struct item *items = calloc(o->run_count + 1, sizeof(*items));
	enum sm_status status = SM_OK;

	if (!items)
		return SM_NOMEM;
	for (size_t i = 0; i < o->run_count; i++)
		items[i] = (struct item){ .id = o->runs[i]->identity,
					  .events = sm_timeline_total(
						  &o->runs[i]->events) };
	if (o->run_count > 1)
		status = fold_items(e, SM_PART_RUNS, items, o->run_count,
				    &e->out->cuts[SM_CUT_RUN]);
	free(items);
	return status;
}

/*
 * Runs of one trace hang together: a name of that day is in each of them, so
 * that no run tells how many names the next day brings. What is in no other
 * trace is told by its time; runs of two traces at one time are one session.
 */
struct session {
	const struct sm_run *run;
	size_t number;
};

static int by_start(const void *a, const void *b)
{
	const struct sm_run *x = ((const struct session *)a)->run;
	const struct sm_run *y = ((const struct session *)b)->run;

	if (x->first_ns != y->first_ns)
		return x->first_ns < y->first_ns ? -1 : 1;
	return (x->identity > y->identity) - (x->identity < y->identity);
}

/* Numbers runs that are in the order of time; how many sessions there are. */
static size_t number_sessions(struct session *s, size_t count)
{
	uint64_t end_ns = 0;
	size_t n = 0;

	for (size_t i = 0; i < count; i++) {
		if (!i || (s[i].run->trace != s[i - 1].run->trace &&
			   s[i].run->first_ns > end_ns))
			n++;
		s[i].number = n - 1;
		if (s[i].run->last_ns > end_ns)
			end_ns = s[i].run->last_ns;
	}
	return n;
}

/* One session, from s on; ids: room for its runs. */
static enum sm_status fold_session(struct estimating *e,
				   const struct session *s, size_t count,
				   uint64_t *ids, struct sm_cut_estimate *cut)
{
	struct sm_part part = { .kind = SM_PART_SESSION,
				.ids = ids,
				.from_ns = s->run->first_ns };
	uint64_t events = 0;

	for (size_t i = 0; i < count && s[i].number == s->number; i++) {
		ids[part.id_count++] = s[i].run->identity;
		events += sm_timeline_total(&s[i].run->events);
		if (s[i].run->last_ns > part.to_ns)
			part.to_ns = s[i].run->last_ns;
	}
	qsort(ids, part.id_count, sizeof(*ids), sm_by_number);
	return fold(e, &part, events, cut);
}

/* The last ones, GROUPS at most, unless a run is a session. */
static enum sm_status fold_sessions(struct estimating *e, struct session *s,
				    size_t count, uint64_t *ids)
{
	struct sm_cut_estimate *cut = &e->out->cuts[SM_CUT_SESSION];
	enum sm_status status = SM_OK;
	size_t sessions;

	if (count)
		qsort(s, count, sizeof(*s), by_start);
	sessions = number_sessions(s, count);
	if (sessions < 2 || sessions == count)
		return SM_OK;
	for (size_t i = 0; status == SM_OK && i < count; i++)
		if ((!i || s[i].number != s[i - 1].number) &&
		    s[i].number + GROUPS >= sessions)
			status = fold_session(e, s + i, count - i, ids, cut);
	finish(cut);
	return status;
}

static enum sm_status by_session(struct estimating *e)
{
	const struct sm_observations *o = e->observations;
	struct session *s = calloc(o->run_count + 1, sizeof(*s));
	uint64_t *ids = calloc(o->run_count + 1, sizeof(*ids));
	enum sm_status status = s && ids ? SM_OK : SM_NOMEM;
	size_t n = 0;

	for (size_t i = 0; status == SM_OK && i < o->run_count; i++)
		if (o->runs[i]->first_ns <= o->runs[i]->last_ns)
			s[n++].run = o->runs[i];
	if (status == SM_OK)
		status = fold_sessions(e, s, n, ids);
	free(s);
	free(ids);
	return status;
}

/* Leaves only those that are not the one of their kind: workers, not master. */
static size_t drop_unique(struct item *items, size_t count)
{
	size_t n = 0, end;

	for (size_t i = 0; i < count; i = end) {
		for (end = i + 1;
		     end < count && items[end].role == items[i].role;)
			end++;
		for (size_t k = i; end > i + 1 && k < end; k++)
			items[n++] = items[k];
	}
	return n;
}

static enum sm_status by_process(struct estimating *e)
{
	const struct sm_observations *o = e->observations;
	struct item *items = calloc(o->owner_count + 1, sizeof(*items));
	enum sm_status status = SM_OK;
	size_t count = 0;

	if (!items)
		return SM_NOMEM;
	for (size_t i = 0; i < o->owner_count; i++)
		if (o->owners[i].events)
			items[count++] = (struct item){ o->owners[i].role,
							o->owners[i].identity,
							o->owners[i].events };
	if (count)
		qsort(items, count, sizeof(*items), by_role);
	count = drop_unique(items, count);
	if (count)
		status = fold_items(e, SM_PART_PROCESSES, items, count,
				    &e->out->cuts[SM_CUT_PROCESS]);
	free(items);
	return status;
}

static const struct sm_run *run_at(const struct sm_observations *o, size_t i)
{
	const struct sm_run *run = o->runs[i];

	return run->last_ns > run->first_ns ? run : NULL;
}

/* When done of the recorded time was over; runs one after the other. */
static uint64_t time_at(const struct sm_observations *o, uint64_t total,
			double done)
{
	uint64_t left = (uint64_t)((double)total * done), at = 0, next;
	const struct sm_run *run, *first;

	for (;;) {
		next = UINT64_MAX;
		first = NULL;
		for (size_t i = 0; i < o->run_count; i++) {
			run = run_at(o, i);
			if (run && run->first_ns >= at &&
			    run->first_ns < next) {
				first = run;
				next = run->first_ns;
			}
		}
		if (!first)
			return UINT64_MAX;
		if (first->last_ns - first->first_ns > left)
			return first->first_ns + left;
		left -= first->last_ns - first->first_ns;
		at = next + 1;
	}
}

static uint64_t events_before(const struct sm_observations *o, uint64_t time_ns)
{
	uint64_t n = 0;

	for (size_t i = 0; i < o->run_count; i++)
		n += sm_timeline_before(&o->runs[i]->events, time_ns);
	return n;
}

/* Learnt from three quarters of the time, asked about the last. */
static enum sm_status by_time(struct estimating *e)
{
	const struct sm_observations *o = e->observations;
	struct sm_cut_estimate *cut = &e->out->cuts[SM_CUT_TIME];
	struct sm_part part = { .kind = SM_PART_REST };
	enum sm_status status;
	uint64_t events;

	if (!e->out->recorded_ns)
		return SM_OK;
	part.from_ns = time_at(o, e->out->recorded_ns, 0.75);
	events = e->out->events - events_before(o, part.from_ns);
	status = fold(e, &part, events, cut);
	finish(cut);
	return status;
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
		const struct sm_run *run = run_at(o, i);

		if (run && run->last_ns > time_ns)
			ns += run->last_ns - (run->first_ns > time_ns
						      ? run->first_ns
						      : time_ns);
	}
	return ns;
}

static void note_uses(struct estimating *e, const struct use *uses,
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

static enum sm_status saturation(struct estimating *e, size_t rules)
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
		if (verdict.decision != SM_ALLOWED ||
		    verdict.rule_index >= rules)
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

static void measure(struct estimating *e)
{
	const struct sm_observations *o = e->observations;

	e->out->runs = o->run_count;
	for (size_t i = 0; i < o->run_count; i++) {
		const struct sm_run *run = run_at(o, i);

		e->out->events += sm_timeline_total(&o->runs[i]->events);
		if (run)
			e->out->recorded_ns += run->last_ns - run->first_ns;
	}
}

/* A larger part says more where two say the same. */
static void take_worse(struct sm_rate *rate, const struct sm_rate *other)
{
	if (other->per_1000 > rate->per_1000 ||
	    (other->per_1000 == rate->per_1000 && other->bound < rate->bound))
		*rate = *other;
}

static void take_worst(struct sm_estimate *out)
{
	out->rate = (struct sm_rate){ -1, -1 };
	for (int i = 0; i < SM_FAMILIES; i++)
		out->family_rate[i] = out->rate;
	for (int i = 0; i < SM_CUTS; i++) {
		const struct sm_cut_estimate *cut = &out->cuts[i];

		if (!cut->folds)
			continue;
		take_worse(&out->rate, &cut->rate);
		for (int k = 0; k < SM_FAMILIES; k++)
			take_worse(&out->family_rate[k], &cut->family_rate[k]);
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
	struct estimating e = { .observations = observations,
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
		status = by_run(&e);
	if (status == SM_OK)
		status = by_session(&e);
	if (status == SM_OK)
		status = by_process(&e);
	if (status == SM_OK)
		status = by_time(&e);
	take_worst(out);
	sm_arena_fini(&e.arena);
	free(blob);
	if (status == SM_NOMEM)
		return sm_fail(diag, status, "out of memory");
	return status;
}
