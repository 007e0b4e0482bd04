/* SPDX-License-Identifier: Apache-2.0 */
/*
 * decide_look_up.c: the rules that a request meets, and what each of them says.
 */
#include "schema/policy/decide.h"

#include "schema/path.h"

/* Of rules as near, the one that says more of the value literally. */
static bool is_nearer(const struct sm_deciding *d, uint32_t rule,
		      enum sm_nearness nearness)
{
	uint32_t literals, others;

	if (nearness != d->nearness)
		return nearness > d->nearness;
	literals = sm_decide_rule(d->policy, rule)->literals;
	others = sm_decide_rule(d->policy, d->nearest)->literals;
	return literals != others ? literals > others : rule < d->nearest;
}

static void note(struct sm_deciding *d, uint32_t rule,
		 enum sm_nearness nearness)
{
	const struct sm_blob_rule *r = sm_decide_rule(d->policy, rule);

	if (r->flags & SM_RULE_DENY || !is_nearer(d, rule, nearness))
		return;
	d->nearness = nearness;
	d->nearest = rule;
}

/* --------------------------------------------------------------- one rule */

void sm_decide_weigh(struct sm_deciding *d, uint32_t number)
{
	const struct sm_blob_rule *rule = sm_decide_rule(d->policy, number);
	uint32_t overlap = rule->access & d->access;

	if (rule->flags & SM_RULE_NOT_STDLIB) {
		d->is_capability = true;
		return;
	}
	if (!overlap) {
		/* Nor is one near that shares neither purpose nor place. */
		if (rule->via >> d->request->via & 1 && rule->literals)
			note(d, number, NEAR_ACCESS);
		return;
	}
	if (!sm_decide_details(d, rule)) {
		note(d, number, NEAR_ARGUMENTS);
		return;
	}
	if (!sm_decide_by(d->policy, rule, d->subject,
			  d->request->via != SM_VIA_DIRECT ||
				  d->request->access == SM_ACCESS_LOAD)) {
		note(d, number, NEAR_PRINCIPAL);
		return;
	}
	if (!(rule->via >> d->request->via & 1)) {
		note(d, number, rule->literals ? NEAR_VIA : NEAR_ANYWHERE);
		return;
	}
	if (rule->flags & SM_RULE_DENY) {
		if (number < d->denying)
			d->denying = number;
		return;
	}
	if (d->only_denials) {
		note(d, number, NEAR_ADDRESS);
		return;
	}
	if (rule->flags & SM_RULE_STDLIB) {
		if (number < d->stdlib)
			d->stdlib = number;
		return;
	}
	d->granted |= overlap;
	if (number < d->granting)
		d->granting = number;
}

static void consider_set(struct sm_deciding *d, const struct sm_match_set *set)
{
	const struct sm_blob_node *nodes =
		sm_blob_section(d->policy, SM_BLOB_NODES);
	const uint32_t *index = sm_blob_section(d->policy, SM_BLOB_INDEX);
	uint32_t i, j;

	d->has_overflown |= set->has_overflown;
	for (i = 0; i < set->count; i++) {
		struct sm_blob_span rules = nodes[set->nodes[i]].rules;

		for (j = 0; j < rules.count; j++)
			sm_decide_weigh(d, index[rules.first + j]);
	}
}

void sm_decide_path(struct sm_deciding *d, enum sm_blob_root root,
		    struct sm_str path)
{
	struct sm_match_set set;

	sm_match_path(d->policy, root, path, &set);
	consider_set(d, &set);
}

/* The first rule of the nodes that is_wanted. */
uint32_t sm_decide_first(const struct sm_policy *policy,
			 const struct sm_match_set *set,
			 bool (*is_wanted)(const struct sm_blob_rule *))
{
	const struct sm_blob_node *nodes =
		sm_blob_section(policy, SM_BLOB_NODES);
	const uint32_t *index = sm_blob_section(policy, SM_BLOB_INDEX);
	uint32_t i, j, best = SM_BLOB_NONE;

	for (i = 0; i < set->count; i++) {
		struct sm_blob_span rules = nodes[set->nodes[i]].rules;

		for (j = 0; j < rules.count; j++) {
			uint32_t number = index[rules.first + j];

			if (number < best &&
			    is_wanted(sm_decide_rule(policy, number)))
				best = number;
		}
	}
	return best;
}

bool sm_decide_lets_run(const struct sm_blob_rule *rule)
{
	return !(rule->flags & (SM_RULE_DENY | SM_RULE_NOT_STDLIB));
}

/* Whether some allow rule of a family of code means path, whoever asks. */
bool sm_decide_is_granted(const struct sm_policy *policy,
			  enum sm_blob_root root, struct sm_str path)
{
	struct sm_match_set set;

	sm_match_path(policy, root, path, &set);
	return sm_decide_first(policy, &set, sm_decide_lets_run) !=
	       SM_BLOB_NONE;
}

void sm_decide_key(struct sm_deciding *d, enum sm_blob_root root,
		   struct sm_str key)
{
	struct sm_match_set set;

	sm_match_key(d->policy, sm_blob_header(d->policy)->roots[root], key,
		     &set);
	consider_set(d, &set);
}

static void look_up_shell(struct sm_deciding *d)
{
	struct sm_shell shell;
	const struct sm_shell_token *first = &shell.tokens[0];

	if (!sm_shell_parse(d->request->value, false, &shell)) {
		sm_decide_key(d, SM_ROOT_SHELL_LINE, d->request->value);
		return;
	}
	d->shell = &shell;
	sm_decide_key(d, SM_ROOT_SHELL_WORD,
		      first->is_live ? first->raw : first->text);
	d->shell = NULL;
}

static void look_up_processes(struct sm_deciding *d)
{
	switch (d->request->access) {
	case SM_ACCESS_EXEC:
		sm_decide_path(d, SM_ROOT_PROGRAM, d->request->value);
		break;
	case SM_ACCESS_SHELL:
		look_up_shell(d);
		break;
	case SM_ACCESS_ENVIRONMENT:
		sm_decide_key(d, SM_ROOT_ENVIRONMENT, d->request->value);
		break;
	default:
		sm_decide_key(d, SM_ROOT_SIGNAL, d->request->value);
	}
}

static void look_up_native(struct sm_deciding *d)
{
	struct sm_str value = d->request->value;

	if (d->request->access == SM_ACCESS_DLOPEN && value.len &&
	    value.p[0] == '/')
		sm_decide_path(d, SM_ROOT_LIBRARY, value);
	else
		sm_decide_key(d, SM_ROOT_NATIVE, value);
}

static void look_up_load(struct sm_deciding *d)
{
	sm_decide_path(d, SM_ROOT_LOAD, d->request->value);
	if (d->stdlib == SM_BLOB_NONE || d->is_capability)
		return;
	d->granted |= SM_ACCESS_LOAD;
	if (d->stdlib < d->granting)
		d->granting = d->stdlib;
}

void sm_decide_look_up(struct sm_deciding *d)
{
	switch (d->request->family) {
	case SM_FAMILY_FILES:
		sm_decide_path(d, SM_ROOT_FILES, d->request->value);
		if (sm_blob_header(d->policy)->has_told_rules)
			sm_decide_named(d, d->request->value);
		break;
	case SM_FAMILY_NETWORK:
		sm_decide_network(d);
		break;
	case SM_FAMILY_PROCESSES:
		look_up_processes(d);
		break;
	case SM_FAMILY_CODE:
		if (d->request->access == SM_ACCESS_RUN)
			sm_decide_key(d, SM_ROOT_RUN, d->request->value);
		else
			look_up_load(d);
		break;
	case SM_FAMILY_PICKLES:
		sm_decide_key(d, SM_ROOT_CLASS, d->request->value);
		break;
	case SM_FAMILY_NATIVE:
		look_up_native(d);
		break;
	case SM_FAMILY_EVENTS:
		sm_decide_key(d, SM_ROOT_EVENT, d->request->value);
		break;
	case SM_FAMILIES:
		break;
	}
}
