/* SPDX-License-Identifier: Apache-2.0 */
/*
 * review.c: which rules and bundles to ask about.
 */
#include "tools/review.h"

#include <stdlib.h>

#include "tools/review_bundle.h"
#include "tools/review_learn.h"

/* ---------------------------------------------------------------- policies */

bool sm_review_add_frame(struct sm_rules *to, const struct sm_rules *from,
			 size_t variables)
{
	size_t i;

	memcpy(to->modes, from->modes, sizeof(to->modes));
	for (i = 0; i < from->use.count; i++)
		if (sm_strings_add(to, &to->use, from->use.items[i]))
			return false;
	for (i = 0; i < variables; i++)
		if (sm_rules_set_variable(to, from->variables[i].name,
					  from->variables[i].values.items,
					  from->variables[i].values.count))
			return false;
	return true;
}

static bool add_rules(struct sm_rules *to, const struct sm_rules *from)
{
	size_t i;

	for (i = 0; i < from->count; i++)
		if (sm_rules_add(to, &from->rules[i]))
			return false;
	return true;
}

/* The rule as text, without what does not decide; malloc'ed. */
static char *text_of(const struct sm_rule *rule)
{
	struct sm_rule copy = *rule;
	char *text;

	copy.id = (struct sm_str){ NULL, 0 };
	copy.seen = 0;
	return sm_policy_print_rule(&copy, &text) ? NULL : text;
}

static void note_wider(void *context, const struct sm_policy_change *change)
{
	*(bool *)context |= change->change != SM_CHANGE_NARROWER;
}

bool sm_review_is_wider(const struct sm_review *r, const struct sm_rules *old,
			const struct sm_rules *more)
{
	bool is_wider = false;
	struct sm_diag diag;

	return sm_policy_diff(old, more, r->settled.items, r->settled.count,
			      note_wider, &is_wider, &diag) ||
	       is_wider;
}

/* Whether the older policy lacks what the rule grants, on any of its rules. */
static bool adds_to(const struct sm_review *r, const struct sm_rules *old,
		    const struct sm_rule *rule)
{
	struct sm_rules *more = sm_rules_new();
	struct sm_rule copy = *rule;
	bool is_wider;

	copy.id = (struct sm_str){ NULL, 0 };
	/* Rather one question too many. */
	is_wider = !more ||
		   !sm_review_add_frame(more, old, old->variable_count) ||
		   !add_rules(more, old) || sm_rules_add(more, &copy) ||
		   sm_review_is_wider(r, old, more);
	sm_rules_free(more);
	return is_wider;
}

static bool is_in(const struct sm_rules *old, const struct sm_rule *rule)
{
	char *mine = text_of(rule), *theirs;
	bool is_same = false;
	size_t i;

	for (i = 0; mine && !is_same && i < old->count; i++) {
		theirs = old->rules[i].deny == rule->deny
				 ? text_of(&old->rules[i])
				 : NULL;
		is_same = theirs && !strcmp(mine, theirs);
		free(theirs);
	}
	free(mine);
	return is_same;
}

/* --------------------------------------------------------------- questions */

bool sm_question_is_risky(const struct sm_question *q)
{
	uint64_t denied = 0;

	for (size_t i = 0; i < sm_question_rules(q); i++)
		denied += q->evidence[i].denied;
	return denied || (q->rule && q->rule->review.len);
}

static bool is_asked(const struct sm_review *r, const struct sm_rules *old,
		     const struct sm_rules *proposed, struct sm_question *q)
{
	const struct sm_rule *rule = q->rule;
	size_t i;

	for (i = 0; i < proposed->count; i++)
		q->is_proposed |= sm_str_equal(proposed->rules[i].id, rule->id);
	if (rule->deny)
		return false;
	if (!q->is_proposed && old)
		q->is_new = !is_in(old, rule) && adds_to(r, old, rule);
	return q->is_proposed || q->is_new || rule->review.len ||
	       r->o->shows_all;
}

/* For each rule that is asked about, those of bundles too. */
static bool take_evidence(struct sm_review *r)
{
	size_t count = 0, i;

	for (i = 0; i < r->count; i++)
		count += sm_question_rules(&r->questions[i]);
	r->evidence = calloc(count + 1, sizeof(*r->evidence));
	for (i = 0; r->evidence && i < r->count; i++) {
		struct sm_question *q = &r->questions[i];

		q->evidence = &r->evidence[r->evidence_count];
		r->evidence_count += sm_question_rules(q);
	}
	return r->evidence != NULL;
}

static bool find_questions(struct sm_review *r, const struct sm_rules *old,
			   const struct sm_rules *proposed)
{
	size_t i, n = r->rules->count;

	r->questions =
		calloc(n + r->rules->use.count + 1, sizeof(*r->questions));
	if (!r->questions || !sm_review_find_bundles(r, old))
		return false;
	for (i = 0; i < n; i++) {
		const struct sm_rule *rule = &r->rules->rules[i];
		struct sm_question *q = &r->questions[r->count];

		*q = (struct sm_question){ .id = rule->id, .rule = rule };
		r->count += is_asked(r, old, proposed, q);
	}
	return take_evidence(r);
}

static int read_evidence(struct sm_review *r)
{
	const struct sm_rule **rules =
		calloc(r->evidence_count + 1, sizeof(*rules));
	int status = SM_EXIT_USAGE;
	size_t i, k, n = 0;

	if (!rules)
		return status;
	for (i = 0; i < r->count; i++)
		for (k = 0; k < sm_question_rules(&r->questions[i]); k++)
			rules[n++] = sm_question_rule(&r->questions[i], k);
	status = sm_evidence_read(r->o, r->rules, rules, n, r->traces,
				  r->trace_count, r->evidence);
	free(rules);
	return status;
}

/* What is risky comes first; otherwise in the order of the policy, in which
 * bundles come before rules. */
static int compare_questions(const void *left, const void *right)
{
	const struct sm_question *a = left, *b = right;
	int risky = sm_question_is_risky(b) - sm_question_is_risky(a);

	if (risky)
		return risky;
	if (!a->rule || !b->rule)
		return a->rule || b->rule ? (a->rule ? 1 : -1)
					  : sm_str_compare(a->id, b->id);
	return (a->rule > b->rule) - (a->rule < b->rule);
}

static void find_steps(struct sm_review *r)
{
	size_t i;

	for (i = 0; i < r->count; i++) {
		struct sm_question *q = &r->questions[i];

		if (!q->rule)
			continue;
		q->tighter = sm_step_tighter(&r->places, q->rule, q->evidence);
		q->looser = sm_step_looser(&r->places, q->rule);
	}
}

/* --------------------------------------------------------------------- open */

static bool digest_of(struct sm_review *r, const struct sm_compiled *c)
{
	const uint8_t *digest = sm_policy_digest(&c->policy);
	int i;

	for (i = 0; i < SM_POLICY_DIGEST_BYTES; i++)
		snprintf(r->digest + 2 * i, 3, "%02x", digest[i]);
	return true;
}

/* What only proposals need stands behind the policy's own. */
static bool join(struct sm_review *r, const struct sm_rules *own,
		 const struct sm_rules *proposed)
{
	r->rules = sm_rules_new();
	if (!r->rules ||
	    !sm_review_add_frame(r->rules, own, own->variable_count))
		return false;
	r->own_variables = own->variable_count;
	r->own_bundles = own->use.count;
	for (size_t i = 0; i < proposed->use.count; i++)
		if (sm_strings_add(r->rules, &r->rules->use,
				   proposed->use.items[i]))
			return false;
	for (size_t i = 0; i < proposed->variable_count; i++)
		if (sm_rules_set_variable(r->rules, proposed->variables[i].name,
					  proposed->variables[i].values.items,
					  proposed->variables[i].values.count))
			return false;
	return add_rules(r->rules, own) && add_rules(r->rules, proposed);
}

static bool collect(struct sm_review *r, const struct sm_rules *own,
		    const struct sm_rules *old, const struct sm_rules *proposed)
{
	if (!join(r, own, proposed)) {
		sm_cli_error(&sm_policy_program, r->path, "out of memory");
		return false;
	}
	sm_policy_settle(r->o, r->rules, NULL, &r->settled);
	r->places = (struct sm_places){ r->rules, r->settled.items,
					r->settled.count };
	if (find_questions(r, old, proposed))
		return true;
	sm_cli_error(&sm_policy_program, r->path, "out of memory");
	return false;
}

/* Sorted now: did sections stand like this in the file? */
static bool was_sorted(const struct sm_rules *rules)
{
	size_t i;

	for (i = 1; i < rules->count; i++) {
		const struct sm_rule *a = &rules->rules[i - 1], *b = a + 1;

		if (a->family == b->family && a->deny == b->deny &&
		    (a->line > b->line ||
		     (a->line == b->line && a->column > b->column)))
			return false;
	}
	return true;
}

static int open_with(struct sm_review *r, struct sm_compiled *c)
{
	struct sm_rules *old = NULL, *proposed = NULL;
	int status = SM_EXIT_USAGE;

	if (sm_policy_normalise(c->rules) || !digest_of(r, c))
		return status;
	r->is_sorted = was_sorted(c->rules);
	if (r->o->base) {
		old = sm_policy_load_or_tell(r->o->base);
		if (!old)
			return status;
	}
	proposed = sm_review_propose(r->o, c->rules, r->traces, r->trace_count);
	if (proposed && collect(r, c->rules, old, proposed))
		status = read_evidence(r);
	sm_rules_free(proposed);
	sm_rules_free(old);
	return status;
}

int sm_review_open(const struct sm_policy_options *o, int argc, char **argv,
		   struct sm_review *review)
{
	struct sm_compiled c;
	int status;

	*review = (struct sm_review){ .o = o,
				      .path = argv[0],
				      .traces = argv + 1,
				      .trace_count = (size_t)argc - 1 };
	if (!sm_compiled_init(o, argv[0], NULL, &c))
		return SM_EXIT_USAGE;
	status = sm_policy_knows_defined(o, &c, 1) ? open_with(review, &c)
						   : SM_EXIT_USAGE;
	sm_compiled_fini(&c);
	if (status)
		return status;
	if (review->count)
		qsort(review->questions, review->count,
		      sizeof(*review->questions), compare_questions);
	find_steps(review);
	return SM_EXIT_OK;
}

void sm_review_close(struct sm_review *review)
{
	size_t i;

	for (i = 0; i < review->count; i++) {
		sm_rules_free(review->questions[i].tighter);
		sm_rules_free(review->questions[i].looser);
		sm_rules_free(review->questions[i].becomes);
		sm_rules_free(review->questions[i].bundle);
	}
	if (review->evidence)
		sm_evidence_free(review->evidence, review->evidence_count);
	free(review->evidence);
	free(review->questions);
	sm_rules_free(review->rules);
}

/* ----------------------------------------------------------------- answers */

struct sm_rules *sm_review_copy(const struct sm_rules *rules)
{
	struct sm_rules *copy = sm_rules_new();

	if (copy && add_rules(copy, rules))
		return copy;
	sm_rules_free(copy);
	return NULL;
}

enum sm_status sm_review_parse_rule(const struct sm_rule *old, const char *json,
				    struct sm_rules **out, struct sm_diag *diag)
{
	struct sm_rules *rules = NULL;
	enum sm_status status;
	char *text;

	*out = NULL;
	if (asprintf(&text, "{\"secmgr\": 1, \"%s\": [%s]}",
		     sm_family_name(old->family), json) < 0)
		return sm_fail(diag, SM_NOMEM, "out of memory");
	status = sm_policy_parse(text, strlen(text), &rules, diag);
	free(text);
	if (status)
		return status;
	if (rules->count != 1 || rules->rules[0].family != old->family ||
	    rules->rules[0].deny || rules->variable_count || rules->use.count) {
		sm_rules_free(rules);
		return sm_fail(diag, SM_INVALID, "not one rule of %s",
			       sm_family_name(old->family));
	}
	rules->rules[0].id = sm_rules_keep(rules, old->id);
	rules->rules[0].line = old->line;
	rules->rules[0].column = old->column;
	*out = rules;
	return SM_OK;
}

void sm_review_answer(struct sm_question *q, enum sm_answer answer,
		      struct sm_rules *becomes)
{
	sm_rules_free(q->becomes);
	q->answer = answer;
	q->becomes = becomes;
}

const char *sm_answer_name(enum sm_answer answer)
{
	static const char *const names[] = { NULL,	"ignore", "allow",
					     "replace", "deny",	  "remove" };

	return names[answer];
}

size_t sm_review_left(const struct sm_review *review)
{
	size_t left = 0, i;

	for (i = 0; i < review->count; i++)
		left += review->questions[i].answer <= SM_ANSWER_IGNORE;
	return left;
}
