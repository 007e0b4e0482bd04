/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What shipped bundles cover needs no rules of its own. Whether they do is
 * asked of the engine, with a policy that holds nothing but the bundle.
 */
#include <stdlib.h>

#include "learner/learn.h"

void sm_learn_read(struct sm_learn *l, const struct sm_rules *rules,
		   struct sm_policy *policy)
{
	void *blob = NULL, *copy;
	size_t bytes = 0;
	enum sm_status status =
		sm_policy_compile(rules, NULL, 0, &blob, &bytes, &l->diag);

	if (status != SM_OK)
		sm_learn_fail(l, status);
	copy = sm_arena_take(&l->arena, bytes);
	if (copy)
		memcpy(copy, blob, bytes);
	free(blob);
	if (!copy)
		sm_learn_fail(l, SM_NOMEM);
	status = sm_policy_open(policy, copy, bytes, &l->diag);
	if (status != SM_OK)
		sm_learn_fail(l, status);
}

void sm_learn_open(struct sm_learn *l, struct sm_rules *rules,
		   struct sm_policy *policy)
{
	l->building = rules;
	sm_learn_read(l, rules, policy);
	l->building = NULL;
	sm_rules_free(rules);
}

/*
 * Application code is nobody to a policy that lets none of it be loaded; so
 * that is decided apart, by asking for the event as if Python itself did it.
 */
static bool covers(const struct sm_policy *policy, const struct sm_view *view)
{
	struct sm_event event = view->event;
	struct sm_verdict verdict;

	if (event.site.principal.kind == SM_PRINCIPAL_APP)
		event.site.principal =
			(struct sm_principal){ SM_PRINCIPAL_DISTRIBUTION,
					       SM_STR("app"), SM_STR("") };
	sm_policy_decide(policy, &event, &verdict);
	return verdict.decision == SM_ALLOWED;
}

static void use(struct sm_learn *l, const char *name)
{
	struct sm_str_list before = l->use;
	struct sm_policy policy;
	size_t covered = 0;

	l->use = (struct sm_str_list){ NULL, 0, 0 };
	sm_list_add(l, &l->use, sm_str_of(name));
	sm_learn_open(l, sm_learn_frame(l), &policy);
	l->use = before;
	for (size_t i = 0; i < l->view_count; i++) {
		struct sm_view *view = &l->views[i];

		if (!view->is_covered && covers(&policy, view)) {
			view->is_covered = true;
			covered++;
		}
	}
	if (covered)
		sm_list_add(l, &l->use, sm_str_of(name));
	l->out->bundled += covered;
}

void sm_learn_bundles(struct sm_learn *l)
{
	const char *const *names = sm_bundle_names();

	for (size_t i = 0; names[i]; i++)
		use(l, names[i]);
}
