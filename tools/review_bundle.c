/* SPDX-License-Identifier: Apache-2.0 */
/*
 * review_bundle.c: which bundles are new in `use`, or would be, and what each
 * grants.
 */
#include "tools/review_bundle.h"

#include <inttypes.h>
#include <stdlib.h>

/* No rule has such an id. */
#define BUNDLE_MARK "bundle:"

/* A bundle's name; empty: it is about a rule. */
static struct sm_str bundle_name(const struct sm_question *q)
{
	struct sm_str name = q->id;

	if (q->rule)
		return (struct sm_str){ "", 0 };
	name.p += strlen(BUNDLE_MARK);
	name.len -= (uint32_t)strlen(BUNDLE_MARK);
	return name;
}

size_t sm_question_rules(const struct sm_question *q)
{
	return q->rule ? 1 : q->bundle->count;
}

const struct sm_rule *sm_question_rule(const struct sm_question *q, size_t at)
{
	return q->rule ? q->rule : &q->bundle->rules[at];
}

/* ------------------------------------------------------------------- asking */

/* Whether the older policy lacks what the bundle grants. */
static bool adds_to(const struct sm_review *r, const struct sm_rules *old,
		    struct sm_str name)
{
	struct sm_rules *more;
	bool is_wider;

	if (sm_strings_have(&old->use, name))
		return false;
	more = sm_review_copy(old);
	is_wider = !more ||
		   !sm_review_add_frame(more, old, old->variable_count) ||
		   sm_strings_add(more, &more->use, name) ||
		   sm_review_is_wider(r, old, more);
	sm_rules_free(more);
	return is_wider;
}

/* The rules of the bundle; NULL: out of memory. */
static struct sm_rules *rules_of(struct sm_str name)
{
	struct sm_rules *use = sm_rules_new(), *all = NULL;
	struct sm_diag diag;

	if (use && !sm_strings_add(use, &use->use, name))
		(void)!sm_policy_expand(use, &all, &diag);
	sm_rules_free(use);
	return all;
}

static bool add_question(struct sm_review *r, struct sm_str name,
			 bool is_proposed)
{
	struct sm_question *q = &r->questions[r->count];
	char id[128];

	snprintf(id, sizeof(id), BUNDLE_MARK "%.*s", (int)name.len, name.p);
	*q = (struct sm_question){ .id = sm_rules_keep(r->rules, sm_str_of(id)),
				   .bundle = rules_of(name),
				   .is_proposed = is_proposed,
				   .is_new = !is_proposed };
	r->count += q->bundle != NULL;
	return q->id.p && q->bundle;
}

bool sm_review_find_bundles(struct sm_review *r, const struct sm_rules *old)
{
	for (size_t i = 0; i < r->rules->use.count; i++) {
		struct sm_str name = r->rules->use.items[i];
		bool is_proposed = i >= r->own_bundles;

		if ((is_proposed || (old && adds_to(r, old, name))) &&
		    !add_question(r, name, is_proposed))
			return false;
	}
	return true;
}

/* ---------------------------------------------------------------- answering */

static bool is_dropped(const struct sm_review *r, struct sm_str name)
{
	for (size_t i = 0; i < r->count; i++) {
		const struct sm_question *q = &r->questions[i];

		if (sm_str_equal(bundle_name(q), name))
			return q->answer == SM_ANSWER_DENY ||
			       q->answer == SM_ANSWER_REMOVE ||
			       (q->is_proposed && q->answer != SM_ANSWER_ALLOW);
	}
	return false;
}

void sm_review_drop_bundles(const struct sm_review *r, struct sm_rules *rules)
{
	size_t left = 0;

	for (size_t i = 0; i < rules->use.count; i++)
		if (!is_dropped(r, rules->use.items[i]))
			rules->use.items[left++] = rules->use.items[i];
	rules->use.count = left;
}

/* ------------------------------------------------------------------ showing */

static void put_seen(FILE *out, const struct sm_review *r,
		     const struct sm_evidence *e)
{
	if (!r->trace_count)
		return;
	if (e->events)
		fprintf(out, "seen %" PRIu64 " time%s, %" PRIu64 " different",
			e->events, e->events == 1 ? "" : "s", e->distinct);
	else
		fputs("never seen", out);
	if (e->denied)
		fprintf(out, ", stopped %" PRIu64, e->denied);
	fputs("; ", out);
}

static void put_rule(FILE *out, const struct sm_review *r,
		     const struct sm_rule *rule, const struct sm_evidence *e,
		     const char *before)
{
	char *text = NULL;

	if (sm_policy_print_rule(rule, &text))
		text = NULL;
	fprintf(out, "%s%12s%s\n%s%14s", before, "", text ? text : "?", before,
		"");
	free(text);
	put_seen(out, r, e);
	text = sm_review_exposure(r, rule, e);
	fprintf(out, "%s\n", text ? text : "?");
	free(text);
}

static size_t count_seen(const struct sm_question *q)
{
	size_t n = 0;

	for (size_t i = 0; i < q->bundle->count; i++)
		n += q->evidence[i].events > 0;
	return n;
}

void sm_review_show_bundle(const struct sm_review *r,
			   const struct sm_question *q, const char *before,
			   FILE *out)
{
	fprintf(out, "%s  %-9s ", before, "bundle");
	sm_cli_put(out, bundle_name(q), false);
	fprintf(out, ": %zu rule%s", q->bundle->count,
		q->bundle->count == 1 ? "" : "s");
	if (r->trace_count)
		fprintf(out, ", used in these recordings: %zu", count_seen(q));
	putc('\n', out);
	for (size_t i = 0; i < q->bundle->count; i++)
		put_rule(out, r, &q->bundle->rules[i], &q->evidence[i], before);
}

void sm_review_put_bundle(struct sm_json *j, const struct sm_review *r,
			  const struct sm_question *q)
{
	sm_json_put_str(j, "bundle", bundle_name(q));
	sm_json_put_text(j, "state", q->is_proposed ? "proposed" : "new");
	sm_json_open(j, "grants", '[');
	for (size_t i = 0; i < q->bundle->count; i++) {
		const struct sm_rule *rule = &q->bundle->rules[i];
		char *text;

		sm_json_open(j, NULL, '{');
		sm_json_put_text(j, "family", sm_family_name(rule->family));
		if (!sm_policy_print_rule(rule, &text)) {
			sm_json_put_raw(j, "rule", text);
			free(text);
		}
		sm_review_put_seen(j, &q->evidence[i]);
		text = sm_review_exposure(r, rule, &q->evidence[i]);
		sm_json_put_text(j, "exposure", text);
		free(text);
		sm_json_close(j, '}');
	}
	sm_json_close(j, ']');
}
