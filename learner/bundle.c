/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What shipped bundles cover needs no rules of its own. Whether they do is
 * asked of the engine, with a policy that holds nothing but the bundle.
 */
#include <stdlib.h>

#include "learner/cost.h"

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
static bool covers(const struct sm_policy *policy, const struct sm_view *view,
		   struct sm_verdict *verdict)
{
	struct sm_event event = view->event;

	if (event.site.principal.kind == SM_PRINCIPAL_APP)
		event.site.principal =
			(struct sm_principal){ SM_PRINCIPAL_DISTRIBUTION,
					       SM_STR("app"), SM_STR("") };
	sm_policy_decide(policy, &event, verdict);
	return verdict->decision == SM_ALLOWED;
}

/*
 * Some module a bundle names classes of was loaded: a bundle for what goes
 * wrong is needed by who saw nothing go wrong.
 */
static bool names_loaded(const struct sm_learn *l, const struct sm_rules *rules)
{
	for (size_t i = 0; i < rules->count; i++) {
		const struct sm_rule *rule = &rules->rules[i];

		if (rule->family != SM_FAMILY_PICKLES)
			continue;
		for (size_t k = 0; k < l->stdlib_files.count; k++)
			if (sm_is_module(l->stdlib_files.items[k],
					 sm_module_of(rule->pattern)))
				return true;
	}
	return false;
}

/* Rules of a bundle; l->building until they are freed. */
static const struct sm_rules *parse(struct sm_learn *l, const char *name)
{
	const char *text = sm_bundle_text(name);
	enum sm_status status =
		sm_policy_parse(text, strlen(text), &l->building, &l->diag);

	if (status != SM_OK)
		sm_learn_fail(l, status);
	return l->building;
}

static void drop(struct sm_learn *l)
{
	sm_rules_free(l->building);
	l->building = NULL;
}

static bool speaks_of_loaded(struct sm_learn *l, const char *name)
{
	bool does = names_loaded(l, parse(l, name));

	drop(l);
	return does;
}

/* needed: ids of rules that decided something, as verdicts spell them. */
static void note_use(struct sm_learn *l, const char *name,
		     const struct sm_str_list *needed)
{
	const struct sm_rules *rules = parse(l, name);
	struct sm_bundle_use *use = &l->out->bundles[l->out->bundle_count++];

	*use = (struct sm_bundle_use){ name, rules->count, needed->count, 0 };
	for (size_t i = 0; i < rules->count; i++) {
		const struct sm_rule *rule = &rules->rules[i];
		struct sm_str id =
			sm_learn_join(l, sm_str_of(name), SM_STR("/"));

		id = sm_learn_join(l, id, rule->id);
		if (rule->family == SM_FAMILY_FILES && !sm_list_has(needed, id))
			use->exposure += sm_pattern_exposure(rule->pattern,
							     rule->access);
	}
	drop(l);
}

static void use(struct sm_learn *l, const char *name)
{
	struct sm_str_list before = l->use, needed = { NULL, 0, 0 };
	struct sm_policy policy;
	bool is_used = speaks_of_loaded(l, name);
	size_t covered = 0;

	l->use = (struct sm_str_list){ NULL, 0, 0 };
	sm_list_add(l, &l->use, sm_str_of(name));
	sm_learn_open(l, sm_learn_frame(l), &policy);
	l->use = before;
	for (size_t i = 0; i < l->view_count; i++) {
		struct sm_view *view = &l->views[i];
		struct sm_verdict verdict;

		if (view->is_covered || !covers(&policy, view, &verdict))
			continue;
		view->is_covered = true;
		sm_list_add(l, &needed, verdict.rule);
		covered++;
	}
	if (is_used || covered) {
		sm_list_add(l, &l->use, sm_str_of(name));
		note_use(l, name, &needed);
	}
	l->out->bundled += covered;
}

void sm_learn_bundles(struct sm_learn *l)
{
	const char *const *names = sm_bundle_names();
	size_t count = 0;

	while (names[count])
		count++;
	l->out->bundles = sm_learn_take(l, count * sizeof(*l->out->bundles));
	for (size_t i = 0; names[i]; i++)
		use(l, names[i]);
}
