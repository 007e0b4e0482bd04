/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a policy would deny of what was recorded.
 */
#include <stdlib.h>

#include "learner/observe.h"

static int by_key(const void *a, const void *b)
{
	const struct sm_call *x = *(const struct sm_call *const *)a;
	const struct sm_call *y = *(const struct sm_call *const *)b;

	return sm_str_compare(x->key, y->key);
}

static enum sm_status ask_all(const struct sm_observations *o,
			      const struct sm_policy *policy,
			      struct sm_call **calls, sm_missing_found *found,
			      void *context)
{
	struct sm_arena arena = { 0 };
	struct sm_verdict verdict;
	struct sm_event event;
	char text[512];
	size_t n = 0;

	for (size_t i = 0; i < o->call_room; i++)
		if (o->calls[i])
			calls[n++] = o->calls[i];
	if (n)
		qsort(calls, n, sizeof(*calls), by_key);
	for (size_t i = 0; i < n; i++) {
		if (!sm_call_event(calls[i], &arena, &event)) {
			sm_arena_fini(&arena);
			return SM_NOMEM;
		}
		sm_policy_decide(policy, &event, &verdict);
		if (verdict.decision != SM_DENIED &&
		    verdict.decision != SM_WARNED)
			continue;
		sm_verdict_explain(&event, &verdict, text, sizeof(text));
		found(context, text);
	}
	sm_arena_fini(&arena);
	return SM_OK;
}

enum sm_status sm_learn_missing(const struct sm_observations *observations,
				const struct sm_rules *rules,
				sm_missing_found *found, void *context,
				struct sm_diag *diag)
{
	struct sm_call **calls =
		calloc(observations->call_count + 1, sizeof(*calls));
	struct sm_policy policy;
	void *blob = NULL;
	size_t bytes = 0;
	enum sm_status status = calls ? SM_OK : SM_NOMEM;

	if (status == SM_OK)
		status = sm_policy_compile(rules, NULL, 0, &blob, &bytes, diag);
	if (status == SM_OK)
		status = sm_policy_open(&policy, blob, bytes, diag);
	if (status == SM_OK)
		status = ask_all(observations, &policy, calls, found, context);
	free(calls);
	free(blob);
	return status;
}
