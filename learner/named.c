/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events no other family covers.
 */
#include <stdlib.h>

#include "learner/cost.h"

static int by_name(const void *a, const void *b)
{
	const struct sm_fact *x = a, *y = b;

	return sm_str_compare(x->request->value, y->request->value);
}

/* What an argument may be listed as: policies are read by people. */
#define OPTIONS_MAX 8

struct value {
	struct sm_str text;
	const struct sm_call *call;
};

static bool is_number(const struct sm_value *v)
{
	return v->type == SM_INT && v->i >= 0;
}

static bool is_text(const struct sm_value *v)
{
	return sm_value_is_string(v) && v->len && !sm_value_is_cut(v);
}

/* Names, which an <option:...> can list as they are. */
static bool is_plain(struct sm_str text)
{
	for (uint32_t i = 0; i < text.len; i++)
		if (!text.p[i] || strchr("|<>\\*$", text.p[i]))
			return false;
	return true;
}

static int by_text(const void *a, const void *b)
{
	return sm_str_compare(((const struct value *)a)->text,
			      ((const struct value *)b)->text);
}

/* The type all values have; SM_TOKENS: none that says much. */
static enum sm_token type_of(const struct value *values, size_t count)
{
	enum sm_token type = sm_token_of(values[0].text);

	for (size_t i = 1; i < count; i++)
		if (sm_token_of(values[i].text) != type)
			return SM_TOKENS;
	return type == SM_TOKEN_INT || type == SM_TOKEN_DATE ||
			       type == SM_TOKEN_UUID || type == SM_TOKEN_HEX
		       ? type
		       : SM_TOKENS;
}

/*
 * <option:a|b> where another value is so unlikely that to expect one costs
 * more; empty: anything may come.
 */
static struct sm_str options(struct sm_learn *l, const struct value *values,
			     size_t count)
{
	struct sm_str text = SM_STR("<option:"), last = { "", 0 };
	struct sm_novelty novelty = { .windows = 0 };
	struct sm_reach reach = { .sensitivity = 1 };
	double open = sm_rule_cost(&reach, 0), closed = open;
	size_t distinct = 0;

	for (size_t i = 0; i < count; i++) {
		struct sm_node node = { .sources = 1 };
		size_t from = i;

		while (i + 1 < count && !by_text(&values[from], &values[i + 1]))
			i++;
		for (size_t k = from; k <= i; k++)
			sm_node_note_call(l, &node, values[k].call);
		sm_novelty_add(&novelty, &node, true);
		if (last.len)
			text = sm_learn_join(l, text, SM_STR("|"));
		last = values[i].text;
		text = sm_learn_join(l, text, last);
		if (!is_plain(last) || ++distinct > OPTIONS_MAX)
			return (struct sm_str){ "", 0 };
	}
	reach = sm_reach_slot(&reach, SM_STR("<name>"));
	open = sm_rule_cost(&reach, SM_ACCESS_RAISE);
	closed += sm_block_cost(l, sm_novelty_unseen(&novelty, 1));
	if (closed >= open)
		return (struct sm_str){ "", 0 };
	return distinct == 1 ? sm_escape(l, last)
			     : sm_learn_join(l, text, SM_STR(">"));
}

static struct sm_str spell_token(struct sm_learn *l, enum sm_token token)
{
	struct sm_str text =
		sm_learn_join(l, SM_STR("<"), sm_str_of(sm_token_name(token)));

	return sm_learn_join(l, text, SM_STR(">"));
}

/*
 * One slot for an argument: <int> when it is always a number, the type all
 * texts have, one text that at least three calls agree on, a few that come back
 * all the time; otherwise anything.
 */
static struct sm_str argument(struct sm_learn *l, const struct sm_fact *facts,
			      size_t count, uint32_t at)
{
	struct value *values = sm_learn_take(l, count * sizeof(*values));
	bool numbers = true, texts = true;
	struct sm_str slot = { "", 0 };
	enum sm_token type;

	for (size_t i = 0; i < count; i++) {
		const struct sm_value *v = &facts[i].request->args[at];

		numbers &= is_number(v);
		texts &= is_text(v);
		values[i] =
			(struct value){ sm_value_str(v), facts[i].view->call };
	}
	if (numbers)
		return SM_STR("<int>");
	if (!texts)
		return SM_STR("*");
	qsort(values, count, sizeof(*values), by_text);
	if (count >= 3 && !by_text(&values[0], &values[count - 1]))
		return sm_escape(l, values[0].text);
	type = type_of(values, count);
	if (type != SM_TOKENS)
		return spell_token(l, type);
	slot = options(l, values, count);
	return slot.len ? slot : SM_STR("*");
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
