/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two versions of a program, by the rules they need. Both policies are learned;
 * a rule of the old one that decides nothing now has gone, and what the old one
 * lacks of the new is new. So a file that is but another member of a known set
 * is no drift.
 */
#include <stdlib.h>

#include "learner/observe.h"

static bool stands_in(const struct sm_rules *rules, const struct sm_rule *rule)
{
	for (size_t i = 0; i < rules->count; i++)
		if (sm_str_equal(rules->rules[i].id, rule->id))
			return true;
	return false;
}

/* Which of the policy's own rules the observations use. */
static enum sm_status mark_used(const struct sm_observations *o,
				const struct sm_rules *rules, bool *used,
				struct sm_diag *diag)
{
	struct sm_arena arena = { 0 };
	struct sm_policy policy;
	struct sm_verdict verdict;
	struct sm_event event;
	void *blob = NULL;
	size_t bytes = 0;
	enum sm_status status =
		sm_policy_compile(rules, NULL, 0, &blob, &bytes, diag);

	if (status == SM_OK)
		status = sm_policy_open(&policy, blob, bytes, diag);
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

/* What nothing asked for before either has not gone. */
static enum sm_status put_gone(const struct sm_observations *before,
			       const struct sm_observations *now,
			       const struct sm_rules *old,
			       sm_drift_found *found, void *context,
			       struct sm_diag *diag)
{
	bool *was_used = calloc(old->count + 1, sizeof(*was_used));
	bool *is_used = calloc(old->count + 1, sizeof(*is_used));
	enum sm_status status = SM_NOMEM;

	if (was_used && is_used)
		status = mark_used(before, old, was_used, diag);
	if (status == SM_OK)
		status = mark_used(now, old, is_used, diag);
	for (size_t i = 0; status == SM_OK && i < old->count; i++)
		if (was_used[i] && !is_used[i])
			found(context,
			      &(struct sm_drift){ false, &old->rules[i] });
	free(was_used);
	free(is_used);
	return status;
}

enum sm_status sm_learn_drift(const struct sm_observations *before,
			      const struct sm_observations *now,
			      const struct sm_learn_options *options,
			      sm_drift_found *found, void *context,
			      struct sm_diag *diag)
{
	struct sm_learn_options onto = *options;
	struct sm_learned old, new = { 0 };
	enum sm_status status = sm_learn(before, options, &old, diag);

	onto.base = old.rules;
	if (status == SM_OK)
		status = sm_learn(now, &onto, &new, diag);
	if (status == SM_OK)
		status = put_gone(before, now, old.rules, found, context, diag);
	for (size_t i = 0; status == SM_OK && i < new.rules->count; i++)
		if (!stands_in(old.rules, &new.rules->rules[i]))
			found(context,
			      &(struct sm_drift){ true, &new.rules->rules[i] });
	sm_learned_fini(&old);
	sm_learned_fini(&new);
	return status == SM_NOMEM ? sm_fail(diag, status, "out of memory")
				  : status;
}
