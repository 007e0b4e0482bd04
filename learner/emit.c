/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules before they are numbered, and the policy made of them. Rules that
 * differ in principals only are joined; ids come from what a rule grants, so
 * that learning again from more traces keeps them.
 */
#include <stdio.h>
#include <stdlib.h>

#include "learner/learn.h"

struct draft {
	struct sm_rule rule;
	struct sm_str_list by;
	struct sm_str why, id, risk; /* the latter by sm_learn_build() */
};

void sm_learn_rule(struct sm_learn *l, const struct sm_rule *rule)
{
	struct draft *new;

	/* As of a package whose name has a space: the gate finds another rule,
	 * or lists what none can say. */
	if (sm_policy_check_rule(rule, NULL) != SM_OK)
		return;
	l->drafts = sm_learn_grow(l, l->drafts, l->draft_count, &l->draft_room,
				  sizeof(*l->drafts));
	new = &l->drafts[l->draft_count++];
	memset(new, 0, sizeof(*new));
	new->rule = *rule;
	new->why = l->why;
	for (size_t i = 0; i < rule->by.count; i++)
		sm_list_add(l, &new->by, rule->by.items[i]);
}

void sm_learn_rule_by(struct sm_learn *l, struct sm_rule *rule,
		      const struct sm_event *event)
{
	struct sm_str by[1] = { sm_by_of(l, event) };

	/* Who triggers an import is an accident of order: policy.md, Via. */
	if ((!rule->via && rule->access != SM_ACCESS_LOAD) ||
	    event->site.principal.kind == SM_PRINCIPAL_FOREIGN)
		rule->by = (struct sm_strings){ by, 1 };
	sm_learn_rule(l, rule);
	rule->by = (struct sm_strings){ NULL, 0 };
}

/* -------------------------------------------------------------------- join */

static int compare_numbers(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

static int compare_args(const struct sm_strings *a, const struct sm_strings *b)
{
	int r = compare_numbers(a->count, b->count);

	for (size_t i = 0; !r && i < a->count; i++)
		r = sm_str_compare(a->items[i], b->items[i]);
	return r;
}

/* Order by what is granted, principals and file accesses aside. */
static int compare_subjects(const struct sm_rule *a, const struct sm_rule *b)
{
	int r = compare_numbers(a->family, b->family);

	if (!r && a->family != SM_FAMILY_FILES)
		r = compare_numbers(a->access, b->access);
	if (!r)
		r = sm_str_compare(a->pattern, b->pattern);
	if (!r)
		r = compare_numbers(a->via, b->via);
	if (!r)
		r = compare_numbers(a->makes_code, b->makes_code);
	if (!r)
		r = compare_numbers(a->has_args, b->has_args);
	return r ? r : compare_args(&a->args, &b->args);
}

static int compare_by(const struct sm_str_list *a, const struct sm_str_list *b)
{
	int r = compare_numbers(a->count, b->count);

	for (size_t i = 0; !r && i < a->count; i++)
		r = sm_str_compare(a->items[i], b->items[i]);
	return r;
}

static int by_access(const void *x, const void *y)
{
	const struct draft *a = x, *b = y;
	int r = compare_subjects(&a->rule, &b->rule);

	if (!r)
		r = compare_numbers(!a->by.count, !b->by.count);
	if (!r)
		r = compare_numbers(a->rule.access, b->rule.access);
	return r ? r : compare_by(&a->by, &b->by);
}

static int by_principals(const void *x, const void *y)
{
	const struct draft *a = x, *b = y;
	int r = compare_subjects(&a->rule, &b->rule);

	if (!r)
		r = compare_by(&a->by, &b->by);
	return r ? r : compare_numbers(a->rule.access, b->rule.access);
}

/* That something opened says more than that it was recorded. */
static void join_reasons(struct draft *into, const struct draft *from)
{
	if (!into->why.len)
		into->why = from->why;
}

/* Same subject and access: one rule for all principals. */
static void join_principals(struct sm_learn *l)
{
	struct draft *drafts = l->drafts;
	size_t n = 0;

	if (!drafts)
		return;
	qsort(drafts, l->draft_count, sizeof(*drafts), by_access);
	for (size_t i = 0; i < l->draft_count; i++) {
		struct draft *last = n ? &drafts[n - 1] : NULL;
		struct draft *this = &drafts[i];

		if (!last || compare_subjects(&last->rule, &this->rule) ||
		    last->rule.access != this->rule.access ||
		    !last->by.count != !this->by.count) {
			drafts[n++] = *this;
			continue;
		}
		for (size_t k = 0; k < this->by.count; k++)
			sm_list_add(l, &last->by, this->by.items[k]);
		last->rule.seen += this->rule.seen;
		join_reasons(last, this);
	}
	l->draft_count = n;
}

/* Same subject and principals: one rule with all accesses. */
static void join_accesses(struct sm_learn *l)
{
	struct draft *drafts = l->drafts;
	size_t n = 0;

	if (!drafts)
		return;
	qsort(drafts, l->draft_count, sizeof(*drafts), by_principals);
	for (size_t i = 0; i < l->draft_count; i++) {
		struct draft *last = n ? &drafts[n - 1] : NULL;
		struct draft *this = &drafts[i];

		if (!last || compare_subjects(&last->rule, &this->rule) ||
		    compare_by(&last->by, &this->by)) {
			drafts[n++] = *this;
			continue;
		}
		last->rule.access |= this->rule.access;
		join_reasons(last, this);
		if (this->rule.seen > last->rule.seen)
			last->rule.seen = this->rule.seen;
	}
	l->draft_count = n;
}

/* -------------------------------------------------------------------- build */

/* A letter and six digits of a hash; more where that is taken. */
static struct sm_str id_of(struct sm_learn *l, struct sm_str_list *taken,
			   const struct draft *draft)
{
	static const char letters[SM_FAMILIES] = {
		[SM_FAMILY_FILES] = 'f',     [SM_FAMILY_NETWORK] = 'n',
		[SM_FAMILY_PROCESSES] = 'p', [SM_FAMILY_CODE] = 'c',
		[SM_FAMILY_PICKLES] = 'k',   [SM_FAMILY_NATIVE] = 'd',
		[SM_FAMILY_EVENTS] = 'e',
	};
	const struct sm_rule *rule = &draft->rule;
	uint32_t access = rule->family == SM_FAMILY_FILES ? 0 : rule->access;
	uint64_t hash = sm_hash(SM_HASH_SEED, &access, sizeof(access));
	char text[24];
	struct sm_str id;

	hash = sm_hash(hash, rule->pattern.p, rule->pattern.len);
	hash = sm_hash(hash, &rule->via, sizeof(rule->via));
	for (size_t i = 0; i < rule->args.count; i++)
		hash = sm_hash(sm_hash(hash, "", 1), rule->args.items[i].p,
			       rule->args.items[i].len);
	hash ^= hash >> 29;
	for (;;) {
		snprintf(text, sizeof(text), "%c%06x", letters[rule->family],
			 (unsigned)(hash & 0xffffff));
		id = sm_str_of(text);
		if (!sm_list_has(taken, id))
			break;
		/* The same resource for other principals, or a collision. */
		hash = sm_hash(hash, "+", 1);
	}
	sm_list_add(l, taken, id);
	return sm_learn_copy(l, id);
}

static void check(struct sm_learn *l, enum sm_status status)
{
	if (status != SM_OK)
		sm_learn_fail(l, status);
}

/* The policy that was being built belongs to the caller now. */
static struct sm_rules *built(struct sm_learn *l)
{
	struct sm_rules *rules = l->building;

	l->building = NULL;
	return rules;
}

static void set_variable(struct sm_learn *l, const char *name)
{
	struct sm_str_list values = { NULL, 0, 0 };

	for (size_t i = 0; i < l->prefix_count; i++)
		if (sm_str_equal(l->prefixes[i].name, sm_str_of(name)))
			sm_list_add(l, &values, l->prefixes[i].dir);
	if (values.count)
		check(l, sm_rules_set_variable(l->building, sm_str_of(name),
					       values.items, values.count));
}

/* Bundles speak of these; the application's own only where they are used. */
static void set_variables(struct sm_learn *l)
{
	static const char *const always[] = { "HOME", "SITE", "STDLIB", "TMP" };
	bool app = false, cwd = false;

	for (size_t i = 0; i < l->prefix_count; i++) {
		struct sm_prefix *p = &l->prefixes[i];

		app |= p->is_used && sm_str_equal(p->name, SM_STR("APP"));
		cwd |= p->is_used && sm_str_equal(p->name, SM_STR("CWD"));
	}
	if (app)
		set_variable(l, "APP");
	if (cwd)
		set_variable(l, "CWD");
	for (size_t i = 0; i < 4; i++)
		set_variable(l, always[i]);
}

static void start_frame(struct sm_learn *l)
{
	l->building = sm_rules_new();
	if (!l->building)
		sm_learn_fail(l, SM_NOMEM);
	set_variables(l);
	for (size_t i = 0; i < l->use.count; i++)
		check(l, sm_strings_add(l->building, &l->building->use,
					l->use.items[i]));
}

struct sm_rules *sm_learn_frame(struct sm_learn *l)
{
	start_frame(l);
	return built(l);
}

struct sm_str sm_learn_risk_of(struct sm_learn *l, struct sm_str id)
{
	for (size_t i = 0; i < l->draft_count; i++)
		if (sm_str_equal(l->drafts[i].id, id))
			return l->drafts[i].risk;
	return SM_STR("");
}

bool sm_learn_take_back(struct sm_learn *l, struct sm_str id,
			struct sm_rule *rule)
{
	for (size_t i = 0; i < l->draft_count; i++) {
		const struct draft *d = &l->drafts[i];

		if (!sm_str_equal(d->id, id) || !sm_is_pattern(d->rule.pattern))
			continue;
		*rule = d->rule;
		rule->by = (struct sm_strings){ d->by.items, d->by.count };
		l->drafts[i] = l->drafts[--l->draft_count];
		return true;
	}
	return false;
}

bool sm_learn_makes_code(struct sm_learn *l, struct sm_str id,
			 struct sm_str_list *by)
{
	for (size_t i = 0; i < l->draft_count; i++) {
		struct draft *d = &l->drafts[i];
		bool is_package = d->by.count > 0;

		if (!id.len || !sm_str_equal(d->id, id))
			continue;
		for (size_t k = 0; k < d->by.count; k++)
			is_package &= sm_list_has(&l->loaded, d->by.items[k]);
		if (!is_package || d->rule.makes_code)
			return false;
		*by = d->by;
		return d->rule.makes_code = true;
	}
	return false;
}

static void give_reason(struct sm_learn *l, const struct sm_rule *rule,
			const struct draft *draft)
{
	struct sm_learned *out = l->out;
	struct sm_learned_reason *reason = &out->reasons[out->reason_count++];

	reason->id = sm_learn_copy(l, rule->id);
	reason->why = draft->why.len ? draft->why : SM_STR("as recorded");
	reason->events = draft->rule.seen;
}

static struct sm_learned_reason *find_reason(const struct sm_learned *learned,
					     struct sm_str id)
{
	for (size_t i = 0; i < learned->reason_count; i++)
		if (sm_str_equal(learned->reasons[i].id, id))
			return &learned->reasons[i];
	return NULL;
}

struct sm_learned_reason *sm_learn_reason(struct sm_learn *l, struct sm_str id)
{
	return find_reason(l->out, id);
}

const struct sm_learned_reason *
sm_learned_reason(const struct sm_learned *learned, struct sm_str id)
{
	return find_reason(learned, id);
}

/*
 * For --strict: who is no risk keeps what is one for others. The interpreter
 * runs lines of .pth files under the name that text of the application has.
 */
static bool keep_harmless(struct sm_learn *l, struct sm_rule *rule)
{
	struct sm_rule one = *rule;
	struct sm_str *by =
		sm_learn_take(l, (rule->by.count + 1) * sizeof(*by));
	size_t kept = 0;

	for (size_t i = 0; i < rule->by.count; i++) {
		one.by = (struct sm_strings){ &rule->by.items[i], 1 };
		if (!sm_risk_of(l, &one).len)
			by[kept++] = rule->by.items[i];
	}
	rule->by = (struct sm_strings){ by, kept };
	rule->review = SM_STR("");
	return kept > 0;
}

struct sm_rules *sm_learn_build(struct sm_learn *l, bool reviewed)
{
	struct sm_str_list taken = { NULL, 0, 0 };

	join_principals(l);
	join_accesses(l);
	start_frame(l);
	l->out->reasons = sm_learn_take(l, (l->draft_count + 1) *
						   sizeof(*l->out->reasons));
	l->out->reason_count = 0;
	for (size_t i = 0; i < l->draft_count; i++) {
		struct draft *d = &l->drafts[i];
		struct sm_rule rule = d->rule;

		rule.by = (struct sm_strings){ d->by.items, d->by.count };
		rule.id = d->id = id_of(l, &taken, d);
		rule.review = d->risk = sm_risk_of(l, &rule);
		if (rule.review.len && !reviewed && !keep_harmless(l, &rule))
			continue;
		give_reason(l, &rule, d);
		if (!l->options.evidence)
			rule.seen = 0;
		check(l, sm_rules_add(l->building, &rule));
	}
	check(l, sm_policy_normalise(l->building));
	return built(l);
}
