/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check.c: what a reviewer should see although it compiles.
 */
#include <stdlib.h>

#include "schema/policy.h"
#include "schema/policy/pattern.h"

struct checker {
	const struct sm_rules *rules;
	sm_policy_finding *found;
	void *context;
};

static void tell(const struct checker *c, const struct sm_rule *rule,
		 const char *text, const struct sm_rule *other)
{
	struct sm_diag diag;

	sm_fail_at(&diag, SM_INVALID, rule->line, rule->line ? 5 : 0,
		   "rule \"%.*s\" %s \"%.*s\" on line %u", (int)rule->id.len,
		   rule->id.p, text, (int)other->id.len, other->id.p,
		   other->line);
	c->found(c->context, &diag);
}

static bool holds(const struct sm_strings *list, struct sm_str text)
{
	size_t i;

	for (i = 0; i < list->count; i++)
		if (sm_str_equal(list->items[i], text))
			return true;
	return false;
}

/* Whether every principal of b is one of a's. */
static bool covers_by(const struct sm_rule *a, const struct sm_rule *b)
{
	size_t i;

	if (!a->by.count && a->deny)
		return true;
	if (!b->by.count)
		return !a->by.count;
	for (i = 0; i < b->by.count; i++) {
		struct sm_str name = b->by.items[i];
		bool is_special = sm_str_equal(name, SM_STR("foreign")) ||
				  sm_str_starts(name, SM_STR("dynamic"));

		if (a->by.count ? !holds(&a->by, name) &&
					  !(sm_str_starts(name,
							  SM_STR("dynamic:")) &&
					    holds(&a->by, SM_STR("dynamic")))
				: is_special)
			return false;
	}
	return true;
}

static uint32_t via_of(const struct sm_rule *r)
{
	if (r->via)
		return r->via;
	return r->family == SM_FAMILY_FILES && !r->deny ? 1u << SM_VIA_DIRECT
							: (1u << SM_VIAS) - 1;
}

static uint32_t access_of(const struct sm_rule *r)
{
	return r->access & SM_ACCESS_CREATE ? r->access | SM_ACCESS_WRITE
					    : r->access;
}

static bool covers_args(const struct sm_rule *a, const struct sm_rule *b)
{
	size_t i;

	if (!a->has_args)
		return true;
	if (!b->has_args || a->args.count != b->args.count)
		return false;
	for (i = 0; i < a->args.count; i++)
		if (!sm_str_equal(a->args.items[i], b->args.items[i]))
			return false;
	return true;
}

/* DIR/ followed by ** covers what lies below DIR; else equal spelling only. */
static bool covers_pattern(const struct sm_rule *a, const struct sm_rule *b)
{
	struct sm_str dir = a->pattern;

	if (sm_str_equal(a->pattern, b->pattern))
		return true;
	if (a->family != SM_FAMILY_FILES && a->access != SM_ACCESS_LOAD &&
	    a->access != SM_ACCESS_EXEC)
		return false;
	if (dir.len < 3 || memcmp(dir.p + dir.len - 3, "/**", 3))
		return false;
	dir.len -= 2;
	return b->pattern.len > dir.len && sm_str_starts(b->pattern, dir);
}

static bool covers(const struct sm_rule *a, const struct sm_rule *b)
{
	return a->family == b->family && a->deny >= b->deny &&
	       covers_pattern(a, b) && !(access_of(b) & ~access_of(a)) &&
	       !(via_of(b) & ~via_of(a)) && covers_by(a, b) &&
	       covers_args(a, b);
}

static int compare_patterns(const void *left, const void *right)
{
	const struct sm_rule *a = *(const struct sm_rule *const *)left;
	const struct sm_rule *b = *(const struct sm_rule *const *)right;
	int r = sm_str_compare(a->pattern, b->pattern);

	return r ? r : (a > b) - (a < b);
}

/* First rule in order whose pattern is at least text. */
static size_t seek(const struct sm_rule *const *order, size_t count,
		   struct sm_str text)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (sm_str_compare(order[middle]->pattern, text) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Looks among the rules spelled text for one that makes rule superfluous. */
static bool check_against(const struct checker *c,
			  const struct sm_rule *const *order, size_t count,
			  struct sm_str text, const struct sm_rule *rule)
{
	size_t i;

	for (i = seek(order, count, text);
	     i < count && sm_str_equal(order[i]->pattern, text); i++) {
		const struct sm_rule *other = order[i];

		if (other == rule || !covers(other, rule))
			continue;
		/* Of two that cover each other the later one is told. */
		if (covers(rule, other) && other > rule)
			continue;
		tell(c, rule,
		     other->deny && !rule->deny ? "never applies: denied by"
						: "adds nothing to",
		     other);
		return true;
	}
	return false;
}

static enum sm_status check_rule(const struct checker *c,
				 const struct sm_rule *const *order,
				 size_t count, const struct sm_rule *rule)
{
	struct sm_str p = rule->pattern, text;
	char *spelling;
	bool is_told = check_against(c, order, count, p, rule);
	uint32_t i;

	if (is_told ||
	    !(rule->family == SM_FAMILY_FILES ||
	      rule->access == SM_ACCESS_LOAD || rule->access == SM_ACCESS_EXEC))
		return SM_OK;
	spelling = malloc((size_t)p.len + 3);
	if (!spelling)
		return SM_NOMEM;
	for (i = p.len; i && !is_told; i--) {
		if (p.p[i - 1] != '/')
			continue;
		memcpy(spelling, p.p, i);
		memcpy(spelling + i, "**", 2);
		text = (struct sm_str){ spelling, i + 2 };
		is_told = check_against(c, order, count, text, rule);
	}
	free(spelling);
	return SM_OK;
}

static void check_families(const struct checker *c)
{
	bool has[SM_FAMILIES] = { false };
	struct sm_diag diag;
	size_t i;
	int f;

	for (i = 0; i < c->rules->count; i++)
		if (!c->rules->rules[i].deny)
			has[c->rules->rules[i].family] = true;
	/* Bundles grant files and code. */
	for (f = 0; f < SM_FAMILIES; f++) {
		bool may_be_empty =
			c->rules->use.count &&
			(f == SM_FAMILY_FILES || f == SM_FAMILY_CODE);

		if (has[f] || may_be_empty ||
		    c->rules->modes[f] != SM_MODE_BLOCK)
			continue;
		sm_fail(&diag, SM_INVALID,
			"mode block for %s, but no rule grants any",
			sm_family_name(f));
		c->found(c->context, &diag);
	}
}

enum sm_status sm_policy_check(const struct sm_rules *rules,
			       sm_policy_finding *found, void *context,
			       struct sm_diag *diag)
{
	struct checker c = { rules, found, context };
	const struct sm_rule **order;
	enum sm_status status = SM_OK;
	size_t i;

	order = malloc((rules->count + 1) * sizeof(*order));
	if (!order)
		return sm_fail(diag, SM_NOMEM, "out of memory");
	for (i = 0; i < rules->count; i++)
		order[i] = &rules->rules[i];
	if (rules->count)
		qsort(order, rules->count, sizeof(*order), compare_patterns);
	for (i = 0; !status && i < rules->count; i++)
		status = check_rule(&c, order, rules->count, &rules->rules[i]);
	free(order);
	if (status)
		return sm_fail(diag, status, "out of memory");
	check_families(&c);
	return SM_OK;
}
