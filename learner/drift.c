/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two versions of a program, by the rules they need. Both policies are learned;
 * a rule of the old one that decides nothing now has gone, and what the old one
 * lacks of the new is new. So a file that is but another member of a known set
 * is no drift. Nor is the same file where the new version has moved to: the old
 * policy is asked with the variables of now.
 */
#include <stdlib.h>

#include "learner/observe.h"

struct drifting {
	const struct sm_observations *before, *now;
	struct sm_rules *old, *new;
	bool *was_used, *is_used; /* rules of old */
	sm_drift_found *found;
	void *context;
	struct sm_diag *diag;
};

/* Where a rule of this id stands, or count. */
static size_t find_id(const struct sm_rules *rules, struct sm_str id)
{
	size_t i = 0;

	while (i < rules->count && !sm_str_equal(rules->rules[i].id, id))
		i++;
	return i;
}

static void tell(const struct drifting *d, const struct sm_drift *drift)
{
	d->found(d->context, drift);
}

/* ---------------------------------------------------------------- variables */

/* The old policy with the places of now: the same program, moved. */
static enum sm_status move(struct drifting *d, const struct sm_rules *now)
{
	enum sm_status status = SM_OK;

	for (size_t i = 0; status == SM_OK && i < d->old->variable_count; i++) {
		const struct sm_variable *was = &d->old->variables[i], *is;
		size_t k = 0;

		while (k < now->variable_count &&
		       !sm_str_equal(now->variables[k].name, was->name))
			k++;
		if (k == now->variable_count)
			continue;
		is = &now->variables[k];
		if (sm_strings_equal(&was->values, &is->values))
			continue;
		tell(d, &(struct sm_drift){ .moved = is });
		status = sm_rules_set_variable(
			d->old, is->name, is->values.items, is->values.count);
	}
	return status;
}

/* -------------------------------------------------------------------- rules */

/* Which rules of the policy's own the observations use; used is of old's. */
static enum sm_status mark_used(const struct drifting *d,
				const struct sm_observations *o,
				const struct sm_rules *rules, bool *used)
{
	struct sm_arena arena = { 0 };
	struct sm_policy policy;
	struct sm_verdict verdict;
	struct sm_event event;
	void *blob = NULL;
	size_t bytes = 0;
	enum sm_status status =
		sm_policy_compile(rules, NULL, 0, &blob, &bytes, d->diag);

	if (status == SM_OK)
		status = sm_policy_open(&policy, blob, bytes, d->diag);
	for (size_t i = 0; status == SM_OK && i < o->call_room; i++) {
		if (!o->calls[i])
			continue;
		if (!sm_call_event(o->calls[i], &arena, &event)) {
			status = SM_NOMEM;
			break;
		}
		sm_policy_decide(&policy, &event, &verdict);
		if (verdict.decision == SM_ALLOWED &&
		    verdict.rule_index < rules->count)
			used[verdict.rule_index] = true;
	}
	sm_arena_fini(&arena);
	free(blob);
	return status;
}

/*
 * In the old policy, and in what became of it: there new rules say whose code
 * that is which asks.
 */
static enum sm_status mark_now(const struct drifting *d)
{
	bool *used = calloc(d->new->count + 1, sizeof(*used));
	enum sm_status status = SM_NOMEM;

	if (used)
		status = mark_used(d, d->now, d->old, d->is_used);
	if (status == SM_OK)
		status = mark_used(d, d->now, d->new, used);
	for (size_t i = 0; status == SM_OK && i < d->new->count; i++) {
		size_t at = find_id(d->old, d->new->rules[i].id);

		if (used[i] && at < d->old->count)
			d->is_used[at] = true;
	}
	free(used);
	return status;
}

/* What nothing asked for before either has not gone. */
static void tell_all(const struct drifting *d, const struct sm_strings *uses)
{
	for (size_t i = 0; i < d->old->use.count; i++)
		if (!sm_strings_have(uses, d->old->use.items[i]))
			tell(d, &(struct sm_drift){
					.bundle = d->old->use.items[i] });
	for (size_t i = 0; i < d->old->count; i++)
		if (d->was_used[i] && !d->is_used[i])
			tell(d,
			     &(struct sm_drift){ .rule = &d->old->rules[i] });
	for (size_t i = 0; i < d->new->use.count; i++)
		if (!sm_strings_have(&d->old->use, d->new->use.items[i]))
			tell(d, &(struct sm_drift){
					.is_new = true,
					.bundle = d->new->use.items[i] });
	for (size_t i = 0; i < d->new->count; i++)
		if (find_id(d->old, d->new->rules[i].id) == d->old->count)
			tell(d,
			     &(struct sm_drift){ .is_new = true,
						 .rule = &d->new->rules[i] });
}

enum sm_status sm_learn_drift(const struct sm_observations *before,
			      const struct sm_observations *now,
			      const struct sm_learn_options *options,
			      sm_drift_found *found, void *context,
			      struct sm_diag *diag)
{
	struct sm_learn_options onto = *options;
	struct sm_learned old, alone = { 0 }, new = { 0 };
	struct drifting d = { .before = before,
			      .now = now,
			      .found = found,
			      .context = context,
			      .diag = diag };
	enum sm_status status = sm_learn(before, options, &old, diag);

	if (status == SM_OK)
		status = sm_learn(now, options, &alone, diag);
	if (status == SM_OK) {
		d.old = old.rules;
		d.was_used = calloc(d.old->count + 1, sizeof(*d.was_used));
		d.is_used = calloc(d.old->count + 1, sizeof(*d.is_used));
		status = d.was_used && d.is_used ? SM_OK : SM_NOMEM;
	}
	if (status == SM_OK)
		status = mark_used(&d, before, d.old, d.was_used);
	if (status == SM_OK)
		status = move(&d, alone.rules);
	onto.base = old.rules;
	if (status == SM_OK)
		status = sm_learn(now, &onto, &new, diag);
	d.new = new.rules;
	if (status == SM_OK)
		status = mark_now(&d);
	if (status == SM_OK)
		tell_all(&d, &alone.rules->use);
	free(d.was_used);
	free(d.is_used);
	sm_learned_fini(&old);
	sm_learned_fini(&alone);
	sm_learned_fini(&new);
	return status == SM_NOMEM ? sm_fail(diag, status, "out of memory")
				  : status;
}
