/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The round trip: every distinct call is decided by the finished policy. What
 * is denied gets a literal rule; a slot that denies it gives way to narrower
 * ones; who loads what it wrote makes code; what even that cannot grant is
 * listed.
 */
#include <stdio.h>

#include "learner/learn.h"

/* Each takes back what the one before made, or adds what is missing. */
#define ROUNDS 8

/* Adds literal rules that grant request. */
static void add_literal(struct sm_learn *l, const struct sm_view *view,
			const struct sm_request *request)
{
	struct sm_rule rule = { .family = request->family,
				.access = request->access,
				.seen = view->call->count };
	struct sm_str *args;
	struct sm_str value = request->value;

	if (request->cut || request->is_free)
		return;
	if (request->family == SM_FAMILY_FILES && request->via)
		rule.via = 1u << request->via;
	if (request->access == SM_ACCESS_RUN) {
		if (!sm_code_name(l, value, &rule.pattern))
			return;
	} else if (request->access == SM_ACCESS_SHELL) {
		rule.pattern = value;
	} else if (sm_path_is_canonical(value)) {
		rule.pattern = sm_learn_path(l, value);
	} else {
		rule.pattern = sm_escape(l, value);
	}
	if (!rule.pattern.len && request->family != SM_FAMILY_NATIVE &&
	    request->access != SM_ACCESS_RUN)
		return;
	if (request->access == SM_ACCESS_EXEC) {
		args = sm_learn_take(l, (request->argc + 1) * sizeof(*args));
		for (uint32_t i = 0; i < request->argc; i++)
			args[i] = sm_escape(l, sm_value_str(&request->args[i]));
		rule.args = (struct sm_strings){ args, request->argc };
		rule.has_args = true;
	}
	sm_learn_rule_by(l, &rule, &view->event);
}

static bool is_denied(const struct sm_policy *policy,
		      const struct sm_view *view, struct sm_verdict *verdict)
{
	if (!view->request_count)
		return false;
	sm_policy_decide(policy, &view->event, verdict);
	return verdict->decision == SM_DENIED || verdict->decision == SM_WARNED;
}

/*
 * Literal rules for what policy denies, or narrower ones for what denies it;
 * how many calls that was.
 */
static size_t repair(struct sm_learn *l, const struct sm_policy *policy,
		     bool *took_back)
{
	struct sm_verdict verdict;
	size_t n = 0;

	*took_back = false;
	for (size_t i = 0; i < l->view_count; i++) {
		struct sm_view *view = &l->views[i];

		if (!is_denied(policy, view, &verdict))
			continue;
		if (sm_learn_narrow(l, policy, view, &verdict) ||
		    sm_learn_maker(l, view, &verdict)) {
			*took_back = true;
			continue;
		}
		for (unsigned k = 0; k < view->request_count; k++)
			add_literal(l, view, &view->requests[k]);
		n++;
	}
	return n;
}

/* full: the policy with what --strict leaves out, or NULL. */
static void explain(struct sm_learn *l, const struct sm_policy *full,
		    const struct sm_view *view,
		    const struct sm_verdict *verdict, char *text, size_t room)
{
	struct sm_verdict granted;
	struct sm_str risk;
	size_t n;

	sm_verdict_explain(&view->event, verdict, text, room);
	if (!full || is_denied(full, view, &granted))
		return;
	risk = sm_learn_risk_of(l, granted.rule);
	sm_verdict_explain(&view->event, &granted, text, room);
	n = strlen(text);
	snprintf(text + n, room - n, ", which --strict leaves out: %.*s",
		 (int)risk.len, risk.p);
}

static void list_residue(struct sm_learn *l, const struct sm_policy *policy,
			 const struct sm_policy *full)
{
	struct sm_str_list list = { NULL, 0, 0 };
	struct sm_verdict verdict;
	char text[700];

	for (size_t i = 0; i < l->view_count; i++) {
		if (!is_denied(policy, &l->views[i], &verdict))
			continue;
		explain(l, full, &l->views[i], &verdict, text, sizeof(text));
		sm_list_add(l, &list, sm_str_of(text));
	}
	l->out->residue =
		sm_learn_take(l, (list.count + 1) * sizeof(*l->out->residue));
	for (size_t i = 0; i < list.count; i++)
		l->out->residue[i].what = list.items[i];
	l->out->residue_count = list.count;
}

static bool is_slotted(const struct sm_rule *rule)
{
	struct sm_str p = rule->pattern;
	bool slotted = false;

	for (size_t i = 0; i <= rule->args.count; i++) {
		if (i)
			p = rule->args.items[i - 1];
		for (uint32_t k = 0; k < p.len; k++) {
			if (p.p[k] == '\\')
				k++;
			else
				slotted |= p.p[k] == '<';
		}
	}
	return slotted && rule->family != SM_FAMILY_CODE;
}

static void count(struct sm_learn *l)
{
	struct sm_learned *out = l->out;

	for (size_t i = 0; i < out->rules->count; i++) {
		const struct sm_rule *rule = &out->rules->rules[i];

		out->family[rule->family]++;
		out->slotted += is_slotted(rule);
		out->reviews += rule->review.len > 0;
	}
}

/* What was counted for one rule counts for the one that says the same. */
static void count_for(struct sm_learn *l, struct sm_rule *into,
		      const struct sm_rule *from)
{
	struct sm_learned_reason *reason = sm_learn_reason(l, into->id);
	const struct sm_learned_reason *other = sm_learn_reason(l, from->id);

	into->seen += from->seen;
	if (reason && other)
		reason->events += other->events;
}

/* What structure opened may mean all that another rule was made for. */
static void drop_covered(struct sm_learn *l, struct sm_rules *rules)
{
	size_t *by = sm_learn_take(l, (rules->count + 1) * sizeof(*by));
	enum sm_status status = sm_policy_covered(rules, by, &l->diag);
	size_t kept = 0;

	if (status != SM_OK)
		sm_learn_fail(l, status);
	/* Backwards: who covers an earlier one was not covered itself. */
	for (size_t i = rules->count; i-- > 0;)
		if (by[i] < rules->count)
			count_for(l, &rules->rules[by[i]], &rules->rules[i]);
	for (size_t i = 0; i < rules->count; i++)
		if (by[i] == SIZE_MAX)
			rules->rules[kept++] = rules->rules[i];
	rules->count = kept;
}

static void add_to_base(struct sm_learn *l)
{
	enum sm_status status;

	if (!l->options.base)
		return;
	status = sm_learn_onto(l->options.base, l->observations, &l->out->rules,
			       &l->diag);
	if (status != SM_OK)
		sm_learn_fail(l, status);
}

void sm_learn_gate(struct sm_learn *l)
{
	bool reviewed = !l->options.strict;
	struct sm_policy policy, full;
	bool took_back = true;
	size_t n = 0, last = 0;

	l->why = SM_STR("a recorded call no other rule allowed");
	for (int round = 0; round < ROUNDS; round++) {
		sm_learn_open(l, sm_learn_build(l, true), &policy);
		n = repair(l, &policy, &took_back);
		if (!took_back && (!n || n == last))
			break;
		if (!last)
			l->out->repaired = n;
		last = n;
	}
	full = policy;
	sm_learn_modules(l, &policy);
	l->out->rules = sm_learn_build(l, reviewed);
	if (!l->options.keeps_covered || l->options.base)
		drop_covered(l, l->out->rules);
	sm_learn_apart(l, l->out->rules);
	add_to_base(l);
	sm_learn_read(l, l->out->rules, &policy);
	list_residue(l, &policy, reviewed ? NULL : &full);
	count(l);
}
