/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check.c: what a reviewer should see although it compiles.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "schema/policy/cover.h"

/* The worst that is known of a rule. */
enum fault {
	FAULT_NONE,
	FAULT_DENIED,
	FAULT_WRITTEN,
	FAULT_COVERED,
	FAULT_COUNTED,
	FAULT_TOLD,
};

struct finding {
	enum fault fault;
	const struct sm_rule *rules[SM_COVER_RULES_MAX];
	size_t count;
};

struct checker {
	const struct sm_rules *rules;
	struct sm_cover cover;
	struct finding *findings; /* of rules->rules */
	size_t unknown;		  /* rules for which the work did not suffice */
};

/* -------------------------------------------------------------- one rule */

static void add_rules(struct finding *f, const struct sm_cover_answer *a)
{
	size_t i, j;

	for (i = 0; i < a->count && i < SM_COVER_RULES_MAX; i++) {
		for (j = 0; j < f->count; j++)
			if (f->rules[j] == a->rules[i])
				break;
		if (j == f->count && j < SM_COVER_RULES_MAX)
			f->rules[f->count++] = a->rules[i];
	}
}

static bool is_covered_for(struct checker *c, const struct sm_rule *rule,
			   unsigned stands, const struct sm_ask *ask,
			   struct finding *f)
{
	struct sm_cover_term term = { &c->cover, stands };
	struct sm_cover_answer answer;

	sm_cover_search(&c->cover, rule, NULL, NULL, &term, 1, ask, &answer);
	if (answer.found != SM_FOUND_NOTHING)
		return false;
	add_rules(f, &answer);
	return true;
}

/* Whether all that rule means, for every access, way and principal, is. */
static bool is_covered(struct checker *c, const struct sm_rule *rule,
		       unsigned stands, struct finding *f)
{
	size_t i, count = rule->by.count ? rule->by.count : 1;
	struct sm_ask ask = { 0 };
	int access, via;

	f->count = 0;
	for (access = 0; access < SM_ACCESSES; access++)
		for (via = 0; via < SM_VIAS; via++)
			for (i = 0; i < count; i++) {
				ask.access =
					sm_cover_access(rule) & 1u << access;
				ask.via = sm_cover_via(rule) & 1u << via;
				if (rule->by.count)
					ask.by = rule->by.items[i];
				if (ask.access && ask.via &&
				    !is_covered_for(c, rule, stands, &ask, f))
					return false;
			}
	return f->count > 0;
}

/* Even denied, a rule to write keeps what it means from being run. */
static bool keeps_code(struct checker *c, const struct sm_rule *rule)
{
	const struct sm_rules *rules = c->cover.rules;
	struct sm_cover_answer answer;
	size_t i;

	for (i = 0; sm_cover_lets_write(rule) && i < rules->count; i++) {
		struct sm_ask ask = { .access = rules->rules[i].access };

		if (!sm_cover_spend(&c->cover, 1))
			return true;
		if (!sm_cover_is_code(&rules->rules[i]))
			continue;
		sm_cover_search(&c->cover, rule, &c->cover, &rules->rules[i],
				NULL, 0, &ask, &answer);
		if (answer.found != SM_FOUND_NOTHING)
			return true;
	}
	return false;
}

/* An event by its name: some are not decided, some only tell. */
static enum fault fault_of_event(const struct sm_rule *rule)
{
	enum sm_event_kind kind;

	if (rule->family != SM_FAMILY_EVENTS)
		return FAULT_NONE;
	kind = sm_catalogue_find(rule->pattern);
	if (sm_event_class(kind) == SM_CLASS_NOISE)
		return FAULT_COUNTED;
	return rule->deny && !sm_policy_can_block(kind) ? FAULT_TOLD
							: FAULT_NONE;
}

/* A rule that makes no code also takes something away: it keeps what it lets be
 * written from being run, which none that makes code does in its place. */
static void hide_makers(struct checker *c, bool are_hidden)
{
	const struct sm_rules *rules = c->cover.rules;
	size_t i;

	for (i = 0; i < rules->count; i++)
		if (rules->rules[i].makes_code)
			c->cover.is_hidden[i] =
				are_hidden || c->findings[i].fault;
}

static bool adds_nothing(struct checker *c, const struct sm_rule *rule,
			 struct finding *f)
{
	bool keeps = sm_cover_lets_write(rule), is;

	if (keeps)
		hide_makers(c, true);
	is = is_covered(c, rule, rule->deny ? SM_COVER_DENIES : SM_COVER_GRANTS,
			f);
	if (keeps)
		hide_makers(c, false);
	return is;
}

/* Its own number hides a rule from the search that it is the subject of. */
static void check_rule(struct checker *c, size_t number)
{
	const struct sm_rule *rule = &c->cover.rules->rules[number];
	struct finding *f = &c->findings[number];

	c->cover.is_hidden[number] = true;
	f->fault = fault_of_event(rule);
	if (f->fault)
		return;
	if (!rule->deny && is_covered(c, rule, SM_COVER_DENIES, f) &&
	    !keeps_code(c, rule))
		f->fault = FAULT_DENIED;
	else if (!rule->deny && is_covered(c, rule, SM_COVER_WRITES, f))
		f->fault = FAULT_WRITTEN;
	else if (adds_nothing(c, rule, f))
		f->fault = FAULT_COVERED;
	/* What is told counts as gone: of two alike, one is told. */
	c->cover.is_hidden[number] = f->fault != FAULT_NONE;
}

/* ---------------------------------------------------------------- reporting */

struct text {
	char *p;
	size_t room, len;
};

static void put(struct text *t, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void put(struct text *t, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(t->p + t->len, t->room - t->len, format, args);
	va_end(args);
	if (n > 0)
		t->len += (size_t)n;
	if (t->len >= t->room)
		t->len = t->room - 1;
}

static void put_rule(struct text *t, const struct sm_rule *r)
{
	if (r->bundle.len) {
		put(t, "\"%.*s/%.*s\" (a bundle's)", (int)r->bundle.len,
		    r->bundle.p, (int)r->id.len, r->id.p);
		return;
	}
	if (r->id.len)
		put(t, "\"%.*s\" (", (int)r->id.len, r->id.p);
	else
		put(t, "the rule (");
	put(t, "line %u, column %u)", r->line, r->column);
}

static void tell(const struct sm_rule *rule, const struct finding *f,
		 sm_policy_finding *found, void *context)
{
	static const char *const starts[] = {
		[FAULT_DENIED] = "never applies: denied by ",
		[FAULT_WRITTEN] = "never applies: what may be written is no "
				  "code, and that lets ",
		[FAULT_COVERED] = "adds nothing to ",
		[FAULT_COUNTED] = "never applies: such events are counted and "
				  "not decided",
		[FAULT_TOLD] = "only warns: such an event cannot be "
			       "denied",
	};
	struct sm_diag diag;
	char others[sizeof(diag.text) / 2];
	struct text t = { others, sizeof(others), 0 };
	size_t i;

	for (i = 0; i < f->count; i++) {
		put(&t, i == 0 ? "" : i + 1 < f->count ? ", " : " and ");
		put_rule(&t, f->rules[i]);
	}
	sm_fail_at(&diag, SM_INVALID, rule->line, rule->column,
		   "rule %s%.*s%s%s%s", rule->id.len ? "\"" : "",
		   (int)rule->id.len, rule->id.len ? rule->id.p : "",
		   rule->id.len ? "\" " : "", starts[f->fault], others);
	found(context, &diag);
}

static void check_families(const struct sm_rules *rules,
			   sm_policy_finding *found, void *context)
{
	bool has[SM_FAMILIES] = { false };
	struct sm_diag diag;
	size_t i;
	int f;

	for (i = 0; i < rules->count; i++)
		if (!rules->rules[i].deny)
			has[rules->rules[i].family] = true;
	/* Bundles grant files and code. */
	for (f = 0; f < SM_FAMILIES; f++) {
		bool may_be_empty = rules->use.count && (f == SM_FAMILY_FILES ||
							 f == SM_FAMILY_CODE);

		if (has[f] || may_be_empty || rules->modes[f] != SM_MODE_BLOCK)
			continue;
		sm_fail(&diag, SM_INVALID,
			"mode block for %s, but no rule grants any",
			sm_family_name(f));
		found(context, &diag);
	}
}

static void tell_unknown(const struct checker *c, sm_policy_finding *found,
			 void *context)
{
	struct sm_diag diag;

	if (!c->unknown)
		return;
	sm_fail(&diag, SM_LIMIT,
		"too much work to compare all rules with each other: whether "
		"the first %zu of %zu are needless was not found out",
		c->unknown, c->rules->count);
	found(context, &diag);
}

static void checker_fini(struct checker *c)
{
	free(c->findings);
	sm_cover_fini(&c->cover);
}

static enum sm_status check_all(struct checker *c, const struct sm_rules *rules,
				const struct sm_binding *bindings,
				size_t binding_count, struct sm_diag *diag)
{
	enum sm_status status =
		sm_cover_init(&c->cover, rules, bindings, binding_count, diag);
	size_t i;

	if (status)
		return status;
	c->rules = rules;
	c->findings = calloc(rules->count + 1, sizeof(*c->findings));
	if (!c->findings) {
		sm_cover_fini(&c->cover);
		return sm_fail(diag, SM_NOMEM, "out of memory");
	}
	/* The policy's own rules come first, as in the file. */
	for (i = rules->count; i-- > 0;) {
		check_rule(c, i);
		c->unknown += !c->cover.left;
	}
	return SM_OK;
}

enum sm_status sm_policy_check(const struct sm_rules *rules,
			       const struct sm_binding *bindings,
			       size_t binding_count, sm_policy_finding *found,
			       void *context, struct sm_diag *diag)
{
	struct checker c = { 0 };
	enum sm_status status =
		check_all(&c, rules, bindings, binding_count, diag);
	size_t i;

	if (status)
		return status;
	for (i = 0; i < rules->count; i++)
		if (c.findings[i].fault)
			tell(&rules->rules[i], &c.findings[i], found, context);
	check_families(rules, found, context);
	tell_unknown(&c, found, context);
	checker_fini(&c);
	return SM_OK;
}

enum sm_status sm_policy_covered(const struct sm_rules *rules,
				 size_t *covered_by, struct sm_diag *diag)
{
	struct checker c = { 0 };
	enum sm_status status = check_all(&c, rules, NULL, 0, diag);
	size_t i;

	if (status)
		return status;
	for (i = 0; i < rules->count; i++) {
		const struct finding *f = &c.findings[i];

		covered_by[i] = SIZE_MAX;
		if (f->fault != FAULT_COVERED)
			continue;
		covered_by[i] = (size_t)(f->rules[0] - c.cover.rules->rules);
		if (covered_by[i] > rules->count)
			covered_by[i] = rules->count;
	}
	checker_fini(&c);
	return SM_OK;
}
