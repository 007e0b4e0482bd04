/* SPDX-License-Identifier: Apache-2.0 */
/*
 * diff.c: what a change of policy newly allows and denies.
 *
 * A side allows what its rules grant and do not deny, and loads and executes
 * only what they do not let be written. So one side allows what the other does
 * not exactly where
 *
 *   a rule grants what the other side does not grant,
 *   it grants what the other side denies, or
 *   it grants the code that the other side lets be written,
 *
 * and does not deny it (or let it be written) itself. Each is a search for one
 * such request, rule by rule, access by access, principal by principal.
 */
#include <stdlib.h>

#include "schema/policy/cover.h"
#include "schema/policy/extent.h"
#include "schema/policy/functions.h"
#include "schema/policy/parts.h"

struct side {
	const struct sm_rules *own;
	struct sm_cover cover;
	const struct sm_rule **order; /* all rules, in canonical order */
	const struct sm_parts *parts; /* of both sides */
};

struct differ {
	struct side old, new;
	struct sm_parts parts;
	bool has_same_variables;
	sm_policy_changed *changed;
	void *context;
};

/* What was found about a rule; the first request found is enough. */
struct outcome {
	enum sm_found found;
	struct sm_ask ask;
	struct sm_found_text text;
};

/* ------------------------------------------------------------------ asking */

/* Calls work with every access, way and principal until one is found. */
typedef enum sm_found asker(struct side *own, const struct sm_rule *rule,
			    struct side *other, const struct sm_rule *also,
			    const struct sm_ask *ask,
			    struct sm_found_text *text);

/*
 * What is found for several functions may be none of any of them: then each
 * part is asked about.
 */
static enum sm_found ask_parts(asker *work, struct side *own,
			       const struct sm_rule *rule, struct side *other,
			       const struct sm_rule *also, struct sm_ask *ask,
			       struct sm_found_text *text)
{
	enum sm_found found = work(own, rule, other, also, ask, text), part;
	const struct sm_parts *parts = own->parts;
	struct sm_str whole = ask->by;

	if (found != SM_FOUND_ONE)
		return found;
	for (size_t i = 0; i < parts->count; i++) {
		if (!whole.len || !sm_functions_hold(whole, parts->items[i]))
			continue;
		if (found == SM_FOUND_ONE)
			found = SM_FOUND_NOTHING;
		ask->by = parts->items[i];
		part = work(own, rule, other, also, ask, text);
		if (part == SM_FOUND_ONE)
			return part;
		if (part == SM_FOUND_UNKNOWN)
			found = part;
	}
	return found;
}

static void ask_all(asker *work, struct side *own, const struct sm_rule *rule,
		    struct side *other, const struct sm_rule *also,
		    uint32_t accesses, uint32_t vias,
		    const struct sm_strings *by, struct outcome *out)
{
	size_t i, count = by->count ? by->count : 1;
	struct sm_found_text text;
	int access, via;

	for (access = 0; access < SM_ACCESSES; access++)
		for (via = 0; via < SM_VIAS; via++)
			for (i = 0; i < count; i++) {
				struct sm_ask ask = {
					accesses & 1u << access,
					vias & 1u << via,
					by->count ? by->items[i]
						  : (struct sm_str){ NULL, 0 }
				};
				enum sm_found found;

				if (!ask.access || !ask.via ||
				    out->found == SM_FOUND_ONE)
					continue;
				found = ask_parts(work, own, rule, other, also,
						  &ask, &text);
				if (found == SM_FOUND_NOTHING ||
				    (found == SM_FOUND_UNKNOWN && out->found))
					continue;
				*out = (struct outcome){ found, ask, text };
			}
}

/* What own grants by rule, does not take back, and other does not grant. */
static enum sm_found find_granted(struct side *own, const struct sm_rule *rule,
				  struct side *other,
				  const struct sm_rule *also,
				  const struct sm_ask *ask,
				  struct sm_found_text *text)
{
	const struct sm_cover_term terms[] = {
		{ &other->cover, SM_COVER_GRANTS },
		{ &own->cover, SM_COVER_DENIES | SM_COVER_WRITES },
	};
	struct sm_cover_answer answer;

	(void)also;
	sm_cover_search(&own->cover, rule, NULL, NULL, terms, 2, ask, &answer);
	*text = answer.text;
	return answer.found;
}

/* What rule of own takes from other's rule `also`, and other itself does not.
 */
static enum sm_found find_taken(struct side *own, const struct sm_rule *rule,
				struct side *other, const struct sm_rule *also,
				const struct sm_ask *ask,
				struct sm_found_text *text)
{
	const struct sm_cover_term term = { &other->cover,
					    SM_COVER_DENIES | SM_COVER_WRITES };
	struct sm_cover_answer answer;

	sm_cover_search(&own->cover, rule, &other->cover, also, &term, 1, ask,
			&answer);
	*text = answer.text;
	return answer.found;
}

/* --------------------------------------------------------------- reporting */

static void tell(const struct differ *d, bool is_new, bool is_wider,
		 const struct sm_rule *rule, const char *why,
		 const struct outcome *out)
{
	char example[2 * SM_FOUND_MAX];
	struct sm_policy_change c = {
		.change = out->found == SM_FOUND_UNKNOWN ? SM_CHANGE_UNKNOWN
			  : is_wider			 ? SM_CHANGE_WIDER
							 : SM_CHANGE_NARROWER,
		.rule = rule,
		.is_new = is_new,
		.family = rule->family,
		.why = out->found == SM_FOUND_UNKNOWN ? "changed, cannot tell"
						      : why,
		.access = out->ask.access,
		.by = out->ask.by,
	};

	if (out->found == SM_FOUND_ONE) {
		sm_extent_spell(&out->text, example, sizeof(example));
		c.example = example[0] ? example : NULL;
	}
	d->changed(d->context, &c);
}

/* --------------------------------------------------------------- comparing */

/* Of names, those that both rules mean. */
static void ask_named(struct side *own, const struct sm_rule *rule,
		      struct side *other, const struct sm_rule *also,
		      uint32_t accesses, const struct sm_strings *by,
		      struct outcome *out)
{
	uint32_t vias = sm_cover_via(also) & sm_cover_via(rule);
	struct sm_strings both = { NULL, 0 };
	size_t i;

	for (i = 0; i < by->count; i++) {
		const struct sm_ask ask = { accesses, vias, by->items[i] };

		both.items = &by->items[i];
		both.count = 1;
		if (sm_cover_by(rule, &ask) && sm_cover_by(also, &ask))
			ask_all(find_taken, own, rule, other, also, accesses,
				vias, &both, out);
	}
}

/* Whom both rules mean: some of those whom either names. */
static void ask_both(struct side *own, const struct sm_rule *rule,
		     struct side *other, const struct sm_rule *also,
		     uint32_t accesses, struct outcome *out)
{
	uint32_t vias = sm_cover_via(also) & sm_cover_via(rule);

	if (!rule->by.count && !also->by.count) {
		ask_all(find_taken, own, rule, other, also, accesses, vias,
			&rule->by, out);
		return;
	}
	ask_named(own, rule, other, also, accesses, &also->by, out);
	ask_named(own, rule, other, also, accesses, &rule->by, out);
	ask_named(own, rule, other, also, accesses,
		  &(struct sm_strings){ own->parts->items, own->parts->count },
		  out);
}

/* A deny rule counts where the side without it allows something. */
static void compare_deny(struct differ *d, struct side *own, struct side *other,
			 const struct sm_rule *rule, bool is_new)
{
	const struct sm_rules *rules = other->cover.rules;
	struct outcome out = { .found = SM_FOUND_NOTHING };
	size_t i;

	for (i = 0; i < rules->count && out.found != SM_FOUND_ONE; i++) {
		const struct sm_rule *also = &rules->rules[i];
		bool is_load = also->access == SM_ACCESS_LOAD &&
			       rule->family == SM_FAMILY_FILES;

		if (!sm_cover_spend(&own->cover, 1)) {
			out.found = SM_FOUND_UNKNOWN;
			break;
		}
		if (!also->deny && (is_load || also->family == rule->family))
			ask_both(own, rule, other, also,
				 sm_cover_access(rule) & sm_cover_access(also),
				 &out);
	}
	if (out.found != SM_FOUND_NOTHING)
		tell(d, is_new, !is_new, rule,
		     is_new ? "newly denied" : "no longer denied", &out);
}

/* What may be written is no code: writing here takes loading there. */
static void compare_written(struct differ *d, struct side *own,
			    struct side *other, const struct sm_rule *rule,
			    bool is_new)
{
	const struct sm_rules *rules = other->cover.rules;
	struct outcome out = { .found = SM_FOUND_NOTHING };
	size_t i;

	for (i = 0; i < rules->count && out.found != SM_FOUND_ONE; i++) {
		const struct sm_rule *also = &rules->rules[i];

		if (!sm_cover_spend(&own->cover, 1)) {
			out.found = SM_FOUND_UNKNOWN;
			break;
		}
		/*
		 * Whoever writes it, and however, nobody may load it. What the
		 * interpreter looks for everywhere is not missed.
		 */
		if (sm_cover_is_code(also) && !(is_new && also->bundle.len))
			ask_all(find_taken, own, rule, other, also,
				also->access, sm_cover_via(also), &also->by,
				&out);
	}
	if (out.found != SM_FOUND_NOTHING)
		tell(d, is_new, !is_new, rule,
		     is_new ? "may be written now and so no longer run"
			    : "can no longer be written and so may run",
		     &out);
}

static void compare_rule(struct differ *d, struct side *own, struct side *other,
			 const struct sm_rule *rule, bool is_new)
{
	struct outcome out = { .found = SM_FOUND_NOTHING };

	if (rule->deny) {
		compare_deny(d, own, other, rule, is_new);
		return;
	}
	ask_all(find_granted, own, rule, other, NULL, sm_cover_access(rule),
		sm_cover_via(rule), &rule->by, &out);
	if (out.found != SM_FOUND_NOTHING)
		tell(d, is_new, is_new, rule,
		     is_new ? "newly allowed" : "no longer allowed", &out);
	if (sm_cover_lets_write(rule))
		compare_written(d, own, other, rule, is_new);
}

/* ------------------------------------------------------------ equal spelling
 */

static int compare_spelling(const void *left, const void *right)
{
	const struct sm_rule *const *a = left, *const *b = right;

	return sm_rule_compare(*a, *b);
}

static bool has_equal(const struct side *side, const struct sm_rule *rule)
{
	size_t count = side->cover.rules->count;

	return count && bsearch(&rule, side->order, count, sizeof(*side->order),
				compare_spelling);
}

static bool is_same_variables(struct side *a, struct side *b)
{
	const struct sm_rules *rules[2] = { a->cover.rules, b->cover.rules };
	struct sm_str x[SM_VALUES_OF_VARIABLE_MAX],
		y[SM_VALUES_OF_VARIABLE_MAX];
	size_t i, j, m, n;

	for (int s = 0; s < 2; s++)
		for (i = 0; i < rules[s]->variable_count; i++) {
			struct sm_str name = rules[s]->variables[i].name;

			if (sm_build_values(&a->cover.values, name, 0, x,
					    SM_VALUES_OF_VARIABLE_MAX, &m) ||
			    sm_build_values(&b->cover.values, name, 0, y,
					    SM_VALUES_OF_VARIABLE_MAX, &n) ||
			    m != n)
				return false;
			for (j = 0; j < m; j++)
				if (!sm_str_equal(x[j], y[j]))
					return false;
		}
	return true;
}

/* --------------------------------------------------------------- all of it */

static void compare_side(struct differ *d, struct side *own, struct side *other,
			 bool is_new)
{
	const struct sm_rules *rules = own->cover.rules;
	size_t i;

	for (i = 0; i < rules->count; i++) {
		const struct sm_rule *rule = &rules->rules[i];

		/* With the same variables the same words mean the same. */
		if (d->has_same_variables && has_equal(other, rule))
			continue;
		compare_rule(d, own, other, rule, is_new);
	}
}

static enum sm_mode mode_of(const struct sm_rules *rules, int family)
{
	return rules->modes[family] ? rules->modes[family] : SM_MODE_BLOCK;
}

static void compare_modes(const struct differ *d)
{
	for (int f = 0; f < SM_FAMILIES; f++) {
		enum sm_mode was = mode_of(d->old.own, f),
			     is = mode_of(d->new.own, f);
		struct sm_policy_change c = { .family = f };

		/* Unlisted events only warn until the mode is spelled out. */
		if (f == SM_FAMILY_EVENTS &&
		    d->old.own->modes[f] != d->new.own->modes[f] && was == is)
			is = d->new.own->modes[f] ? SM_MODE_BLOCK
						  : SM_MODE_WARN,
			was = is == SM_MODE_BLOCK ? SM_MODE_WARN
						  : SM_MODE_BLOCK;
		if (was == is)
			continue;
		c.change = is < was ? SM_CHANGE_WIDER : SM_CHANGE_NARROWER;
		c.why = is == SM_MODE_OFF    ? "mode is off now"
			: is == SM_MODE_WARN ? "mode is warn now"
					     : "mode is block now";
		c.is_new = true;
		d->changed(d->context, &c);
	}
}

static enum sm_status side_init(struct side *side, const struct sm_rules *rules,
				const struct sm_binding *bindings, size_t count,
				struct sm_diag *diag)
{
	enum sm_status status;
	size_t i, n;

	status = sm_cover_init(&side->cover, rules, bindings, count, diag);
	if (status)
		return status;
	side->cover.left /= 2; /* there are two */
	n = side->cover.rules->count;
	side->own = rules;
	side->order = malloc((n + 1) * sizeof(*side->order));
	if (!side->order)
		return sm_fail(diag, SM_NOMEM, "out of memory");
	for (i = 0; i < n; i++)
		side->order[i] = &side->cover.rules->rules[i];
	if (n)
		qsort(side->order, n, sizeof(*side->order), compare_spelling);
	return SM_OK;
}

static void side_fini(struct side *side)
{
	sm_cover_fini(&side->cover);
	free(side->order);
}

enum sm_status sm_policy_diff(const struct sm_rules *old,
			      const struct sm_rules *new,
			      const struct sm_binding *bindings, size_t count,
			      sm_policy_changed *changed, void *context,
			      struct sm_diag *diag)
{
	struct differ d = { .changed = changed, .context = context };
	enum sm_status status = side_init(&d.old, old, bindings, count, diag);

	if (!status)
		status = side_init(&d.new, new, bindings, count, diag);
	if (!status &&
	    sm_parts_init(&d.parts, d.old.cover.rules, d.new.cover.rules))
		status = sm_fail(diag, SM_NOMEM, "out of memory");
	if (!status) {
		d.old.parts = d.new.parts = &d.parts;
		d.has_same_variables = is_same_variables(&d.old, &d.new);
		compare_modes(&d);
		compare_side(&d, &d.new, &d.old, true);
		compare_side(&d, &d.old, &d.new, false);
	}
	side_fini(&d.old);
	side_fini(&d.new);
	sm_parts_fini(&d.parts);
	return status;
}
