/* SPDX-License-Identifier: Apache-2.0 */
/*
 * review_write.c: the policy that comes of the answers.
 */
#include <stdlib.h>

#include "tools/review_bundle.h"

static bool has_id(const struct sm_rules *rules, struct sm_str id)
{
	size_t i;

	for (i = 0; i < rules->count; i++)
		if (sm_str_equal(rules->rules[i].id, id))
			return true;
	return false;
}

/*
 * A rule in the place of old: what a person has looked at is not under review.
 * Only the first one can have the id of old; the others are numbered.
 */
static bool add_decided(struct sm_rules *to, const struct sm_review *r,
			const struct sm_rule *old, const struct sm_rule *rule)
{
	struct sm_rule copy = *rule;
	char id[96];
	int n = 2;

	copy.review = (struct sm_str){ NULL, 0 };
	copy.id = old->id;
	while (has_id(to, copy.id) || (n > 2 && has_id(r->rules, copy.id))) {
		snprintf(id, sizeof(id), "%.*s-%d", (int)old->id.len, old->id.p,
			 n++);
		copy.id = sm_str_of(id);
	}
	/* Longer than an id may be: sm_policy_normalise() gives another. */
	if (copy.id.len > 64)
		copy.id = (struct sm_str){ NULL, 0 };
	return !sm_rules_add(to, &copy);
}

static bool add_all_decided(struct sm_rules *to, const struct sm_review *r,
			    const struct sm_rule *old,
			    const struct sm_rules *rules)
{
	size_t i;

	for (i = 0; rules && i < rules->count; i++)
		if (!add_decided(to, r, old, &rules->rules[i]))
			return false;
	return rules != NULL;
}

static bool add_denied(struct sm_rules *to, const struct sm_review *r,
		       const struct sm_rule *rule)
{
	struct sm_rules *denied = sm_step_deny(&r->places, rule);
	bool is_good = add_all_decided(to, r, rule, denied);

	sm_rules_free(denied);
	return is_good;
}

static bool add_answered(struct sm_rules *to, const struct sm_review *r,
			 const struct sm_rule *rule,
			 const struct sm_question *q)
{
	switch (q ? q->answer : SM_ANSWER_NONE) {
	case SM_ANSWER_NONE:
	case SM_ANSWER_IGNORE:
		return (q && q->is_proposed) || !sm_rules_add(to, rule);
	case SM_ANSWER_ALLOW:
		return add_decided(to, r, rule, rule);
	case SM_ANSWER_REPLACE:
		return add_all_decided(to, r, rule, q->becomes);
	case SM_ANSWER_DENY:
		return add_denied(to, r, rule);
	case SM_ANSWER_REMOVE:
		break;
	}
	return true;
}

static const struct sm_question *question_of(const struct sm_review *r,
					     const struct sm_rule *rule)
{
	size_t i;

	for (i = 0; i < r->count; i++)
		if (r->questions[i].rule == rule)
			return &r->questions[i];
	return NULL;
}

static bool is_used(const struct sm_rules *rules, struct sm_str name)
{
	char text[80];
	size_t i, k;

	snprintf(text, sizeof(text), "${%.*s}", (int)name.len, name.p);
	for (i = 0; i < rules->count; i++) {
		const struct sm_rule *rule = &rules->rules[i];

		if (memmem(rule->pattern.p, rule->pattern.len, text,
			   strlen(text)))
			return true;
		for (k = 0; k < rule->args.count; k++)
			if (memmem(rule->args.items[k].p,
				   rule->args.items[k].len, text, strlen(text)))
				return true;
	}
	return false;
}

/* By a rule, or by a bundle that was added. */
static bool is_needed(const struct sm_review *r, const struct sm_rules *rules,
		      struct sm_str name)
{
	size_t i;

	for (i = 0; i < r->count; i++)
		if (r->questions[i].bundle &&
		    r->questions[i].answer == SM_ANSWER_ALLOW &&
		    is_used(r->questions[i].bundle, name))
			return true;
	return is_used(rules, name);
}

/* By place in the file; what has none comes last. */
static int compare_places(const void *left, const void *right)
{
	const struct sm_rule *a = left, *b = right;

	if (!a->line != !b->line)
		return a->line ? -1 : 1;
	if (a->line != b->line)
		return a->line < b->line ? -1 : 1;
	if (a->column != b->column)
		return a->column < b->column ? -1 : 1;
	return sm_str_compare(a->id, b->id);
}

/* A person's own order is kept, so that a diff shows the answers only. */
static enum sm_status put_in_order(const struct sm_review *r,
				   struct sm_rules *rules)
{
	enum sm_status status = sm_policy_normalise(rules);

	if (!status && !r->is_sorted && rules->count)
		qsort(rules->rules, rules->count, sizeof(*rules->rules),
		      compare_places);
	return status;
}

static struct sm_rules *build(const struct sm_review *r)
{
	struct sm_rules *out = sm_rules_new();
	bool is_good =
		out && sm_review_add_frame(out, r->rules, r->own_variables);
	size_t i;

	if (is_good)
		sm_review_drop_bundles(r, out);
	for (i = 0; is_good && i < r->rules->count; i++) {
		const struct sm_rule *rule = &r->rules->rules[i];

		is_good = add_answered(out, r, rule, question_of(r, rule));
	}
	for (i = r->own_variables; is_good && i < r->rules->variable_count;
	     i++) {
		const struct sm_variable *v = &r->rules->variables[i];

		if (is_needed(r, out, v->name))
			is_good = !sm_rules_set_variable(
				out, v->name, v->values.items, v->values.count);
	}
	if (is_good && !put_in_order(r, out))
		return out;
	sm_rules_free(out);
	return NULL;
}

/* Nothing is written that secmgr-enforce would refuse. */
static bool is_policy(const struct sm_review *r, const struct sm_rules *rules)
{
	struct sm_diag diag;
	void *blob = NULL;
	size_t bytes;
	enum sm_status status =
		sm_policy_compile(rules, r->settled.items, r->settled.count,
				  &blob, &bytes, &diag);

	free(blob);
	if (status)
		sm_cli_diag(&sm_policy_program, r->path, &diag);
	return !status;
}

static void print_total(const struct sm_review *r)
{
	size_t counts[SM_ANSWER_REMOVE + 1] = { 0 }, i;

	for (i = 0; i < r->count; i++)
		counts[r->questions[i].answer]++;
	printf("%s: %zu allowed, %zu replaced, %zu denied, %zu removed, %zu "
	       "left\n",
	       r->path, counts[SM_ANSWER_ALLOW], counts[SM_ANSWER_REPLACE],
	       counts[SM_ANSWER_DENY], counts[SM_ANSWER_REMOVE],
	       sm_review_left(r));
}

int sm_review_write(const struct sm_review *review)
{
	struct sm_rules *rules = build(review);
	int status = SM_EXIT_USAGE;
	char *text = NULL;
	size_t bytes;

	if (!rules || sm_policy_print(rules, &text, &bytes))
		sm_cli_error(&sm_policy_program, review->path, "out of memory");
	else if (is_policy(review, rules))
		status = sm_policy_replace(review->path, text, bytes);
	if (!status)
		print_total(review);
	free(text);
	sm_rules_free(rules);
	return status;
}
