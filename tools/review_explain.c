/* SPDX-License-Identifier: Apache-2.0 */
/*
 * review_explain.c: how each rule came about: what its slots stood for.
 */
#include <stdlib.h>

#include "tools/review.h"

#define VALUES_SHOWN 8

/* Distinct texts, in the order they came, and the recordings they were in. */
struct values {
	struct sm_str items[SM_SEEN_MAX];
	uint64_t recordings[SM_SEEN_MAX];
	size_t count;
};

static void add(struct values *v, struct sm_str text,
		const struct sm_seen_value *from)
{
	size_t i;

	for (i = 0; i < v->count && !sm_str_equal(v->items[i], text); i++)
		;
	if (i == v->count) {
		v->items[v->count] = text;
		v->recordings[v->count++] = 0;
	}
	v->recordings[i] |= from->recordings;
}

/* What comes back is a name the program knows; what does not is data. */
static size_t count_again(const struct values *v)
{
	size_t i, n = 0;

	for (i = 0; i < v->count; i++)
		n += __builtin_popcountll(v->recordings[i]) > 1;
	return n;
}

static void put_values(const struct sm_review *r, const struct values *v,
		       struct sm_str slot, bool is_cut)
{
	size_t i;

	printf("  %-9s ", "");
	sm_cli_put(stdout, slot, false);
	printf(" stood for %s%zu value%s", is_cut ? "at least " : "", v->count,
	       v->count == 1 ? "" : "s");
	if (r->trace_count > 1)
		printf(" (%zu in more than one recording)", count_again(v));
	for (i = 0; i < v->count && i < VALUES_SHOWN; i++) {
		fputs(i ? ", " : ": ", stdout);
		sm_cli_put(stdout, v->items[i], false);
	}
	puts(i < v->count ? ", ..." : "");
}

static void explain_path(const struct sm_review *r, const struct sm_rule *rule,
			 const struct sm_evidence *e)
{
	struct sm_str caught[SM_PARTS_MAX];
	struct sm_parts parts;
	size_t i, k;

	if (!sm_parts_split(rule->pattern, &parts))
		return;
	for (i = 0; i < parts.count; i++) {
		struct values v = { .count = 0 };

		if (!sm_part_is_open(parts.parts[i]))
			continue;
		for (k = 0; k < e->value_count; k++)
			if (sm_parts_align(&parts, &r->places,
					   e->values[k].text, caught))
				add(&v, caught[i], &e->values[k]);
		put_values(r, &v, parts.parts[i], e->distinct > e->value_count);
	}
}

static void explain_arguments(const struct sm_review *r,
			      const struct sm_rule *rule,
			      const struct sm_evidence *e)
{
	size_t i, k;

	for (i = 0; i < rule->args.count; i++) {
		struct values v = { .count = 0 };

		if (!sm_part_is_open(rule->args.items[i]) ||
		    sm_str_equal(rule->args.items[i], SM_STR("*")))
			continue;
		for (k = 0; k < e->value_count; k++)
			if (i < e->values[k].args.count)
				add(&v, e->values[k].args.items[i],
				    &e->values[k]);
		put_values(r, &v, rule->args.items[i],
			   e->distinct > e->value_count);
	}
}

static void put_by(const struct sm_evidence *e)
{
	size_t i;

	printf("  %-9s ", "by");
	for (i = 0; i < e->by_count; i++) {
		fputs(i ? ", " : "", stdout);
		sm_cli_put(stdout, e->by[i], false);
	}
	puts(e->by_is_cut ? ", ..." : "");
}

void sm_review_explain(const struct sm_review *review)
{
	size_t i;

	for (i = 0; i < review->count; i++) {
		const struct sm_question *q = &review->questions[i];

		if (i)
			putchar('\n');
		sm_review_show(review, i, NULL, "", stdout);
		if (!q->rule || !q->evidence->events)
			continue;
		put_by(q->evidence);
		if (q->rule->family == SM_FAMILY_FILES ||
		    q->rule->access == SM_ACCESS_LOAD)
			explain_path(review, q->rule, q->evidence);
		else
			explain_arguments(review, q->rule, q->evidence);
	}
}
