/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules need several runs behind them. Calls as such do not: of an open set,
 * each run shows other members. So a policy is learned from everything, and of
 * each of its rules the runs are counted of those calls that have too few by
 * themselves. Where these are too few together, they are taken away; until
 * nothing more falls. What many runs did speaks for itself, and not for what
 * one run did beside it: reading one file for a write, or for its neighbours.
 */
#include <stdlib.h>

#include "learner/observe.h"

struct support {
	const struct sm_observations *observations;
	const struct sm_quorum *quorum;
	struct sm_policy policy;
	struct sm_sketch *rules; /* by rule: who did what few did */
	size_t rule_count;
	struct sm_arena arena;
	size_t kept; /* calls with rules that have enough behind them */
	bool has_failed;
};

/* The rule that allows call, or rule_count. */
static size_t rule_of(struct support *s, const struct sm_call *call)
{
	struct sm_verdict verdict;
	struct sm_event event;

	if (!sm_call_event(call, &s->arena, &event)) {
		s->has_failed = true;
		return s->rule_count;
	}
	sm_policy_decide(&s->policy, &event, &verdict);
	if (verdict.decision != SM_ALLOWED ||
	    verdict.rule_index >= s->rule_count)
		return s->rule_count;
	return verdict.rule_index;
}

/* The runs of call, or its hosts. */
static const struct sm_sketch *backers(const struct support *s,
				       const struct sm_call *call)
{
	return s->quorum->by_host ? &call->hosts : &call->runs;
}

static void add_support(struct support *s, const struct sm_call *call)
{
	const struct sm_sketch *own = backers(s, call);
	size_t rule;

	if (own->count >= s->quorum->least)
		return;
	rule = rule_of(s, call);
	if (rule != s->rule_count)
		sm_sketch_merge(&s->rules[rule], own);
}

/* What no rule explains stays: sm_learn() says of it what there is to say. */
static bool is_supported(void *context, const struct sm_call *call)
{
	struct support *s = context;
	size_t rule = rule_of(s, call);

	if (rule == s->rule_count)
		return true;
	if (backers(s, call)->count < s->quorum->least &&
	    s->rules[rule].count < s->quorum->least)
		return false;
	s->kept++;
	return true;
}

static enum sm_status open_learned(struct support *s,
				   const struct sm_learned *learned,
				   void **blob, struct sm_diag *diag)
{
	struct sm_rules *all = NULL;
	size_t bytes = 0;
	enum sm_status status = sm_policy_expand(learned->rules, &all, diag);

	if (status != SM_OK)
		return status;
	s->rule_count = all->count;
	sm_rules_free(all);
	s->rules = calloc(s->rule_count + 1, sizeof(*s->rules));
	if (!s->rules)
		return SM_NOMEM;
	status = sm_policy_compile(learned->rules, NULL, 0, blob, &bytes, diag);
	return status == SM_OK ? sm_policy_open(&s->policy, *blob, bytes, diag)
			       : status;
}

static struct sm_observations *supported(struct support *s)
{
	const struct sm_observations *o = s->observations;
	struct sm_observations *rest;

	for (size_t i = 0; i < o->call_room; i++)
		if (o->calls[i])
			add_support(s, o->calls[i]);
	rest = sm_observations_select(o, is_supported, s);
	if (rest && s->has_failed) {
		sm_observations_free(rest);
		return NULL;
	}
	return rest;
}

/* One round; *out is NULL when nothing fell. */
static enum sm_status fall(const struct sm_observations *observations,
			   const struct sm_learn_options *options,
			   const struct sm_quorum *quorum,
			   struct sm_observations **out, struct sm_diag *diag)
{
	struct support s = { .observations = observations, .quorum = quorum };
	struct sm_learned learned;
	void *blob = NULL;
	enum sm_status status = sm_learn(observations, options, &learned, diag);

	*out = NULL;
	if (status == SM_OK)
		status = open_learned(&s, &learned, &blob, diag);
	if (status == SM_OK) {
		*out = supported(&s);
		status = *out ? SM_OK : SM_NOMEM;
	}
	if (status == SM_OK && !s.kept)
		status = sm_fail(
			diag, SM_INVALID, "nothing was done by at least %u %s",
			quorum->least, quorum->by_host ? "hosts" : "runs");
	if (*out && (status != SM_OK ||
		     (*out)->call_count == observations->call_count)) {
		sm_observations_free(*out);
		*out = NULL;
	}
	free(blob);
	free(s.rules);
	sm_arena_fini(&s.arena);
	sm_learned_fini(&learned);
	return status;
}

static bool keep_all(void *context, const struct sm_call *call)
{
	(void)context;
	(void)call;
	return true;
}

enum sm_status sm_learn_quorum(const struct sm_observations *observations,
			       const struct sm_learn_options *options,
			       const struct sm_quorum *quorum,
			       struct sm_observations **out,
			       struct sm_diag *diag)
{
	struct sm_observations *next = NULL;
	enum sm_status status = SM_OK;

	*out = sm_observations_select(observations, keep_all, NULL);
	if (!*out)
		return sm_fail(diag, SM_NOMEM, "out of memory");
	/* Each round takes calls away, so there is a last one. */
	while (status == SM_OK) {
		if (!(*out)->call_count)
			break;
		status = fall(*out, options, quorum, &next, diag);
		if (!next)
			break;
		sm_observations_free(*out);
		*out = next;
	}
	if (status == SM_OK)
		return status;
	sm_observations_free(*out);
	*out = NULL;
	return status == SM_NOMEM ? sm_fail(diag, status, "out of memory")
				  : status;
}
