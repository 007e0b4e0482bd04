/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events no other family covers.
 */
#include <stdlib.h>

#include "learner/learn.h"

static int by_name(const void *a, const void *b)
{
	const struct sm_fact *x = a, *y = b;

	return sm_str_compare(x->request->value, y->request->value);
}

static bool is_number(const struct sm_value *v)
{
	return v->type == SM_INT && v->i >= 0;
}

static bool is_text(const struct sm_value *v)
{
	return sm_value_is_string(v) && v->len && !sm_value_is_cut(v);
}

/*
 * One slot for an argument: <int> when it is always a number, itself when at
 * least three calls agree on a text, otherwise anything.
 */
static struct sm_str argument(struct sm_learn *l, const struct sm_fact *facts,
			      size_t count, uint32_t at)
{
	const struct sm_value *first = &facts[0].request->args[at];
	bool numbers = true, same = count >= 3;

	for (size_t i = 0; i < count; i++) {
		const struct sm_value *v = &facts[i].request->args[at];

		numbers &= is_number(v);
		same &= is_text(v) && is_text(first) &&
			sm_str_equal(sm_value_str(v), sm_value_str(first));
	}
	if (numbers)
		return SM_STR("<int>");
	return same ? sm_escape(l, sm_value_str(first)) : SM_STR("*");
}

static void add_event(struct sm_learn *l, const struct sm_fact *facts,
		      size_t count)
{
	const struct sm_request *first = facts[0].request;
	bool is_known = facts[0].view->event.site.kind != SM_EVENT_OTHER;
	struct sm_rule rule = { .family = SM_FAMILY_EVENTS,
				.access = SM_ACCESS_RAISE,
				.pattern = sm_escape(l, first->value),
				.has_args = !is_known && first->argc };
	struct sm_str *args;

	for (size_t i = 1; i < count; i++)
		rule.has_args &= facts[i].request->argc == first->argc;
	args = sm_learn_take(l, (first->argc + 1) * sizeof(*args));
	for (uint32_t i = 0; rule.has_args && i < first->argc; i++)
		args[i] = argument(l, facts, count, i);
	if (rule.has_args)
		rule.args = (struct sm_strings){ args, first->argc };
	for (size_t i = 0; i < count; i++) {
		rule.seen = facts[i].view->call->count;
		sm_learn_rule_by(l, &rule, &facts[i].view->event);
	}
}

static void add_events(struct sm_learn *l)
{
	struct sm_facts f = sm_learn_facts(l, SM_FAMILY_EVENTS, UINT32_MAX);
	size_t end;

	if (f.count)
		qsort(f.items, f.count, sizeof(*f.items), by_name);
	for (size_t i = 0; i < f.count; i = end) {
		for (end = i + 1;
		     end < f.count && !by_name(&f.items[i], &f.items[end]);)
			end++;
		add_event(l, &f.items[i], end - i);
	}
}

void sm_learn_named(struct sm_learn *l)
{
	sm_learn_classes(l);
	sm_learn_native(l);
	add_events(l);
}
