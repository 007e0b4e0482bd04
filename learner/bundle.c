/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What shipped bundles cover needs no rules of its own. Whether they do is
 * asked of the engine, with a policy that holds nothing but the bundle. One is
 * used where what it grants beside costs no more than to do without: a rule for
 * each call, and what the rest of it will be needed for.
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
		event.site.principal = (struct sm_principal){
			.kind = SM_PRINCIPAL_DISTRIBUTION,
			.name = SM_STR("app"),
			.file = SM_STR(""),
		};
	sm_policy_decide(policy, &event, verdict);
	return verdict->decision == SM_ALLOWED;
}

/* What was recorded that one rule of a bundle allows. */
struct needed {
	struct sm_node node; /* in which parts of the recording */
	size_t calls;
};

/* A bundle, tried. */
struct trial {
	const char *name;
	const struct sm_rule *rules;
	struct needed *needed; /* of each rule */
	size_t count, needed_count;
	size_t calls;
	bool is_changing; /* something was changed through it */
	double with, without;
};

/* ------------------------------------------------------------------- rules */

/* In the arena; nothing but what is weighed. */
static void read_rules(struct sm_learn *l, struct trial *t)
{
	const char *text = sm_bundle_text(t->name);
	struct sm_rule *copies;
	enum sm_status status =
		sm_policy_parse(text, strlen(text), &l->building, &l->diag);

	if (status != SM_OK)
		sm_learn_fail(l, status);
	t->count = l->building->count;
	t->rules = copies =
		sm_learn_take(l, (t->count + 1) * sizeof(*t->rules));
	t->needed = sm_learn_take(l, (t->count + 1) * sizeof(*t->needed));
	for (size_t i = 0; i < t->count; i++) {
		const struct sm_rule *rule = &l->building->rules[i];

		copies[i] = (struct sm_rule){
			.family = rule->family,
			.access = rule->access,
			.id = sm_learn_copy(l, rule->id),
			.pattern = sm_learn_copy(l, rule->pattern),
		};
	}
	sm_rules_free(l->building);
	l->building = NULL;
}

/* It holds errors, whatever they are called. */
static bool is_for_errors(const struct trial *t)
{
	for (size_t i = 0; i < t->count; i++)
		if (t->rules[i].family == SM_FAMILY_PICKLES &&
		    sm_str_equal(t->rules[i].pattern, SM_STR("*Error")))
			return true;
	return false;
}

/* Classes by name, and nothing else: they hold a value and do nothing. */
static bool is_for_values(const struct trial *t)
{
	for (size_t i = 0; i < t->count; i++)
		if (t->rules[i].family != SM_FAMILY_PICKLES ||
		    sm_is_pattern(t->rules[i].pattern))
			return false;
	return t->count;
}

static bool is_loaded(const struct sm_learn *l, struct sm_str module)
{
	for (size_t i = 0; i < l->stdlib_files.count; i++)
		if (sm_is_module(l->stdlib_files.items[i], module))
			return true;
	return false;
}

/*
 * Some module the bundle names classes of was loaded: a bundle for what goes
 * wrong is needed by who saw nothing go wrong, and no event tells of pickles
 * without classes.
 */
static bool speaks_of_loaded(const struct sm_learn *l, const struct trial *t)
{
	if (is_for_values(t))
		return is_loaded(l, SM_STR("pickle"));
	if (!is_for_errors(t))
		return false;
	for (size_t i = 0; i < t->count; i++) {
		if (t->rules[i].family != SM_FAMILY_PICKLES)
			continue;
		if (is_loaded(l, sm_module_of(t->rules[i].pattern)))
			return true;
	}
	return false;
}

/* Waits for others, and what they send may be of any size. */
static bool is_server(struct sm_learn *l)
{
	struct sm_facts f =
		sm_learn_facts(l, SM_FAMILY_NETWORK, SM_ACCESS_BIND);

	for (size_t i = 0; i < f.count; i++)
		if (f.items[i].request->port) /* 0: an address, to call from */
			return true;
	return false;
}

/*
 * What is sent to a server is kept in memory as long as it is small, and then
 * in a temporary file, though nothing large was recorded.
 */
static bool is_for_large(struct sm_learn *l, const struct trial *t)
{
	return !strcmp(t->name, "tempfile") &&
	       is_loaded(l, SM_STR("tempfile")) && is_server(l);
}

/* ------------------------------------------------------------------- costs */

/* A bundle's rules speak of what is there for everybody. */
#define PUBLIC 0.25
/* Times, for a rule that changes where nothing recorded changed anything. */
#define DIRECTION 8

/* Neither changes anything nor talks to anybody. */
static bool is_look(uint32_t access)
{
	const uint32_t looks = SM_ACCESS_READ | SM_ACCESS_LIST |
			       SM_ACCESS_META | SM_ACCESS_LOAD | SM_ACCESS_RUN |
			       SM_ACCESS_RESOLVE | SM_ACCESS_CLASS;

	return !(access & ~looks);
}

/* What a rule grants that was not asked for. */
static double extra_of(const struct trial *t, size_t at)
{
	const struct sm_rule *rule = &t->rules[at];
	bool is_file = rule->family == SM_FAMILY_FILES ||
		       rule->family == SM_FAMILY_PICKLES;
	uint32_t access = is_file		  ? rule->access
			  : is_look(rule->access) ? SM_ACCESS_READ
						  : SM_ACCESS_WRITE;
	double extra = PUBLIC * sm_pattern_exposure(rule->pattern, access);

	if (t->needed[at].calls && !sm_is_pattern(rule->pattern))
		return 0;
	if (!t->is_changing && !is_look(rule->access))
		extra *= DIRECTION;
	return extra;
}

/* A rule for each call, and a block where another rule would be needed. */
static double cost_without(const struct sm_learn *l, const struct trial *t)
{
	const struct sm_reach literal = { .slots = 0 };
	struct sm_novelty novelty = { .windows = 0 };

	for (size_t i = 0; i < t->count; i++)
		if (t->needed[i].calls)
			sm_novelty_add(&novelty, &t->needed[i].node, true);
	return (double)t->calls * sm_rule_cost(&literal, 0) +
	       sm_block_cost(l, sm_novelty_unseen(&novelty, 1));
}

static void weigh(const struct sm_learn *l, struct trial *t)
{
	for (size_t i = 0; i < t->count; i++)
		t->with += extra_of(t, i);
	t->without = cost_without(l, t);
}

/* ------------------------------------------------------------------ trials */

/* What verdicts call BUNDLE/ID. */
static struct needed *find_rule(struct trial *t, struct sm_str name)
{
	uint32_t skip = (uint32_t)strlen(t->name) + 1;

	for (size_t i = 0; i < t->count && name.len > skip; i++)
		if (sm_str_equal(
			    t->rules[i].id,
			    (struct sm_str){ name.p + skip, name.len - skip }))
			return &t->needed[i];
	return &t->needed[t->count]; /* by a mode alone: no rule's */
}

static void note_call(const struct sm_learn *l, struct trial *t,
		      const struct sm_view *view, struct sm_str rule)
{
	struct needed *needed = find_rule(t, rule);

	t->calls++;
	t->needed_count += !needed->calls++;
	for (unsigned i = 0; i < view->request_count; i++)
		t->is_changing |= !is_look(view->requests[i].access);
	sm_node_note_call(l, &needed->node, view->call);
	needed->node.sources = 1;
}

/* Which calls the bundle covers. */
static bool *try_bundle(struct sm_learn *l, struct trial *t)
{
	bool *covered = sm_learn_take(l, l->view_count + 1);
	struct sm_str_list before = l->use;
	struct sm_policy policy;

	l->use = (struct sm_str_list){ NULL, 0, 0 };
	sm_list_add(l, &l->use, sm_str_of(t->name));
	sm_learn_open(l, sm_learn_frame(l), &policy);
	l->use = before;
	for (size_t i = 0; i < l->view_count; i++) {
		struct sm_verdict verdict;

		covered[i] = !l->views[i].is_covered &&
			     covers(&policy, &l->views[i], &verdict);
		if (covered[i])
			note_call(l, t, &l->views[i], verdict.rule);
	}
	return covered;
}

static void use(struct sm_learn *l, const struct trial *t, const bool *covered)
{
	sm_list_add(l, &l->use, sm_str_of(t->name));
	for (size_t i = 0; i < l->view_count; i++)
		l->views[i].is_covered |= covered[i];
	l->out->bundled += t->calls;
}

static void consider(struct sm_learn *l, const char *name)
{
	struct trial t = { .name = name };
	struct sm_bundle_use *found;
	bool is_expected, *covered;

	read_rules(l, &t);
	covered = try_bundle(l, &t);
	is_expected = speaks_of_loaded(l, &t) || is_for_large(l, &t);
	if (!t.calls && !is_expected)
		return;
	weigh(l, &t);
	found = &l->out->bundles[l->out->bundle_count++];
	*found = (struct sm_bundle_use){ .name = name,
					 .rules = t.count,
					 .needed = t.needed_count,
					 .exposure = t.with,
					 .without = t.without,
					 .is_used = is_expected ||
						    t.with <= t.without };
	if (found->is_used)
		use(l, &t, covered);
}

void sm_learn_bundles(struct sm_learn *l)
{
	const char *const *names = sm_bundle_names();
	size_t count = 0;

	while (names[count])
		count++;
	l->out->bundles = sm_learn_take(l, count * sizeof(*l->out->bundles));
	for (size_t i = 0; names[i]; i++)
		consider(l, names[i]);
}
