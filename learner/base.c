/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Learning onto a policy that a person has edited: it stays as it is, and gets
 * those learned rules that something recorded needs beside it.
 *
 * What a deny rule of it stops is not asked for again.
 */
#include <stdio.h>
#include <stdlib.h>

#include "learner/observe.h"

struct joining {
	const struct sm_observations *observations;
	const struct sm_rules *base, *learned;
	bool *needed;	      /* by learned rule */
	struct sm_str *names; /* of learned variables, in the joined policy */
	bool uses_bundles;    /* learned ones too */
	struct sm_policy allows; /* the learned policy */
	struct sm_arena arena;
	struct sm_diag *diag;
};

/* ---------------------------------------------------------------- variables */

static const struct sm_variable *find_variable(const struct sm_rules *rules,
					       struct sm_str name)
{
	for (size_t i = 0; i < rules->variable_count; i++)
		if (sm_str_equal(rules->variables[i].name, name))
			return &rules->variables[i];
	return NULL;
}

static bool is_same(const struct sm_variable *a, const struct sm_variable *b)
{
	for (size_t i = 0; i < a->values.count; i++)
		if (!sm_strings_have(&b->values, a->values.items[i]))
			return false;
	return a->values.count == b->values.count;
}

/* Where Python and packages are: bundles speak of it, so it has one name. */
static bool is_shared(struct sm_str name)
{
	return sm_str_equal(name, SM_STR("STDLIB")) ||
	       sm_str_equal(name, SM_STR("SITE"));
}

/* The learned variable's name; another one where the base means otherwise. */
static enum sm_status name_variable(struct joining *j, size_t at)
{
	const struct sm_variable *mine = &j->learned->variables[at], *theirs;
	char text[64];

	j->names[at] = mine->name;
	for (int n = 2; n < 100; n++) {
		theirs = find_variable(j->base, j->names[at]);
		if (!theirs || is_same(mine, theirs) || is_shared(mine->name))
			return SM_OK;
		snprintf(text, sizeof(text), "%.*s_%d", (int)mine->name.len,
			 mine->name.p, n);
		j->names[at] = sm_arena_copy(&j->arena, sm_str_of(text));
		if (!j->names[at].p)
			return SM_NOMEM;
	}
	return SM_LIMIT;
}

static enum sm_status set_variable(struct joining *j, struct sm_rules *out,
				   size_t at)
{
	const struct sm_variable *mine = &j->learned->variables[at];
	const struct sm_variable *theirs = find_variable(j->base, j->names[at]);
	size_t count = theirs ? theirs->values.count : 0;
	struct sm_str *values;
	enum sm_status status;

	if (theirs && !is_shared(mine->name))
		return SM_OK;
	values = calloc(count + mine->values.count + 1, sizeof(*values));
	if (!values)
		return SM_NOMEM;
	if (theirs)
		memcpy(values, theirs->values.items, count * sizeof(*values));
	for (size_t i = 0; i < mine->values.count; i++)
		if (!theirs ||
		    !sm_strings_have(&theirs->values, mine->values.items[i]))
			values[count++] = mine->values.items[i];
	status = sm_rules_set_variable(out, j->names[at], values, count);
	free(values);
	return status;
}

static bool is_used(const struct joining *j, size_t at)
{
	char text[72];
	struct sm_str name = j->learned->variables[at].name, use;

	if (is_shared(name))
		return true;
	snprintf(text, sizeof(text), "${%.*s}", (int)name.len, name.p);
	use = sm_str_of(text);
	for (size_t i = 0; i < j->learned->count; i++) {
		const struct sm_rule *rule = &j->learned->rules[i];

		if (!j->needed[i])
			continue;
		if (memmem(rule->pattern.p, rule->pattern.len, use.p, use.len))
			return true;
		for (size_t k = 0; k < rule->args.count; k++)
			if (memmem(rule->args.items[k].p,
				   rule->args.items[k].len, use.p, use.len))
				return true;
	}
	return false;
}

/* The name at ${NAME}, as it stands at p; its number, or SIZE_MAX. */
static size_t variable_at(const struct joining *j, const char *p, size_t n)
{
	for (size_t i = 0; i < j->learned->variable_count; i++) {
		struct sm_str name = j->learned->variables[i].name;

		if (n >= name.len + 3u && p[0] == '$' && p[1] == '{' &&
		    !memcmp(p + 2, name.p, name.len) && p[2 + name.len] == '}')
			return i;
	}
	return SIZE_MAX;
}

/* text with variables under their names in the joined policy. */
static struct sm_str rename_in(struct joining *j, struct sm_str text)
{
	char *out = sm_arena_take(&j->arena, 2 * (size_t)text.len + 64);
	uint32_t n = 0;

	if (!out)
		return (struct sm_str){ NULL, 0 };
	for (uint32_t i = 0; i < text.len; i++) {
		size_t at = variable_at(j, text.p + i, text.len - i);

		if (at == SIZE_MAX) {
			out[n++] = text.p[i];
			if (text.p[i] == '\\' && i + 1 < text.len)
				out[n++] = text.p[++i];
			continue;
		}
		memcpy(out + n, "${", 2);
		memcpy(out + n + 2, j->names[at].p, j->names[at].len);
		n += 2 + j->names[at].len;
		out[n++] = '}';
		i += j->learned->variables[at].name.len + 2;
	}
	return (struct sm_str){ out, n };
}

/* --------------------------------------------------------------------- join */

static bool has_id(const struct sm_rules *rules, struct sm_str id)
{
	for (size_t i = 0; i < rules->count; i++)
		if (sm_str_equal(rules->rules[i].id, id))
			return true;
	return false;
}

static bool has_rule(const struct sm_rules *rules, const struct sm_rule *rule)
{
	for (size_t i = 0; i < rules->count; i++)
		if (!sm_rule_compare(&rules->rules[i], rule))
			return true;
	return false;
}

static enum sm_status add_rule(struct joining *j, struct sm_rules *out,
			       const struct sm_rule *learned)
{
	struct sm_rule rule = *learned;
	struct sm_str *args =
		sm_arena_take(&j->arena, (rule.args.count + 1) * sizeof(*args));
	char id[64];

	if (!args)
		return SM_NOMEM;
	for (size_t i = 0; i < rule.args.count; i++) {
		args[i] = rename_in(j, rule.args.items[i]);
		if (!args[i].p)
			return SM_NOMEM;
	}
	rule.args.items = args;
	rule.pattern = rename_in(j, rule.pattern);
	if (!rule.pattern.p)
		return SM_NOMEM;
	/* The same words, which say more with what variables hold now. */
	if (has_rule(j->base, &rule))
		return SM_OK;
	for (int n = 2; has_id(out, rule.id); n++) {
		snprintf(id, sizeof(id), "%.*s-%d", (int)learned->id.len,
			 learned->id.p, n);
		rule.id = sm_str_of(id);
	}
	return sm_rules_add(out, &rule);
}

static enum sm_status add_all(struct joining *j, struct sm_rules *out)
{
	const struct sm_rules *base = j->base, *learned = j->learned;
	enum sm_status status = SM_OK;

	memcpy(out->modes, base->modes, sizeof(out->modes));
	for (size_t i = 0; status == SM_OK && i < base->variable_count; i++)
		status = sm_rules_set_variable(out, base->variables[i].name,
					       base->variables[i].values.items,
					       base->variables[i].values.count);
	for (size_t i = 0; status == SM_OK && i < learned->variable_count; i++)
		if (is_used(j, i))
			status = set_variable(j, out, i);
	for (size_t i = 0; status == SM_OK && i < base->use.count; i++)
		status = sm_strings_add(out, &out->use, base->use.items[i]);
	for (size_t i = 0;
	     status == SM_OK && j->uses_bundles && i < learned->use.count; i++)
		if (!sm_strings_have(&base->use, learned->use.items[i]))
			status = sm_strings_add(out, &out->use,
						learned->use.items[i]);
	for (size_t i = 0; status == SM_OK && i < base->count; i++)
		status = sm_rules_add(out, &base->rules[i]);
	for (size_t i = 0; status == SM_OK && i < learned->count; i++)
		if (j->needed[i])
			status = add_rule(j, out, &learned->rules[i]);
	return status == SM_OK ? sm_policy_normalise(out) : status;
}

static enum sm_status join(struct joining *j, struct sm_rules **out)
{
	enum sm_status status;

	*out = sm_rules_new();
	status = *out ? add_all(j, *out) : SM_NOMEM;
	if (status == SM_OK)
		return status;
	sm_rules_free(*out);
	*out = NULL;
	return status;
}

/* -------------------------------------------------------------------- decide
 */

struct opened {
	struct sm_policy policy;
	void *blob;
};

static enum sm_status open_rules(struct joining *j,
				 const struct sm_rules *rules,
				 struct opened *opened)
{
	size_t bytes = 0;
	enum sm_status status;

	opened->blob = NULL;
	status = sm_policy_compile(rules, NULL, 0, &opened->blob, &bytes,
				   j->diag);
	if (status == SM_OK)
		status = sm_policy_open(&opened->policy, opened->blob, bytes,
					j->diag);
	return status;
}

static enum sm_status open_joined(struct joining *j, struct opened *opened)
{
	struct sm_rules *rules;
	enum sm_status status = join(j, &rules);

	opened->blob = NULL;
	if (status == SM_OK)
		status = open_rules(j, rules, opened);
	sm_rules_free(rules);
	return status;
}

static bool is_blocked(const struct sm_verdict *v)
{
	return (v->decision == SM_DENIED || v->decision == SM_WARNED) &&
	       v->reason != SM_REASON_DENY_RULE;
}

/* What the base blocks and the learned policy allows, by a rule or a bundle. */
static enum sm_status find_needed(struct joining *j)
{
	const struct sm_observations *o = j->observations;
	struct opened base = { .blob = NULL };
	struct sm_verdict verdict;
	struct sm_event event;
	enum sm_status status = open_rules(j, j->base, &base);

	for (size_t i = 0; status == SM_OK && i < o->call_room; i++) {
		if (!o->calls[i])
			continue;
		if (!sm_call_event(o->calls[i], &j->arena, &event)) {
			status = SM_NOMEM;
			break;
		}
		sm_policy_decide(&base.policy, &event, &verdict);
		if (!is_blocked(&verdict))
			continue;
		sm_policy_decide(&j->allows, &event, &verdict);
		if (verdict.decision != SM_ALLOWED)
			continue;
		if (verdict.rule_index < j->learned->count)
			j->needed[verdict.rule_index] = true;
		else
			j->uses_bundles = true;
	}
	free(base.blob);
	return status;
}

/* Whether event gets further when the policy has learned rule at as well. */
static enum sm_status try_rule(struct joining *j, size_t at,
			       const struct sm_event *event,
			       struct sm_verdict *verdict)
{
	struct opened with = { .blob = NULL };
	struct sm_verdict now;
	enum sm_status status;

	j->needed[at] = true;
	status = open_joined(j, &with);
	if (status == SM_OK) {
		sm_policy_decide(&with.policy, event, &now);
		j->needed[at] =
			!is_blocked(&now) || now.request > verdict->request ||
			(now.lacking & verdict->lacking) != verdict->lacking;
		if (j->needed[at])
			*verdict = now;
	}
	free(with.blob);
	return status;
}

/*
 * An event that asks for several things, or several accesses, names one of the
 * rules it needs; the others are found by trying.
 */
static enum sm_status complete(struct joining *j, const struct sm_event *event,
			       struct sm_verdict *verdict)
{
	enum sm_status status = SM_OK;

	for (size_t i = 0; status == SM_OK && i < j->learned->count; i++) {
		if (!is_blocked(verdict))
			return SM_OK;
		if (!j->needed[i] &&
		    j->learned->rules[i].family == verdict->family)
			status = try_rule(j, i, event, verdict);
	}
	return status;
}

static enum sm_status complete_all(struct joining *j)
{
	const struct sm_observations *o = j->observations;
	struct opened joined;
	struct sm_verdict verdict;
	struct sm_event event;
	enum sm_status status = open_joined(j, &joined);

	for (size_t i = 0; status == SM_OK && i < o->call_room; i++) {
		if (!o->calls[i])
			continue;
		if (!sm_call_event(o->calls[i], &j->arena, &event)) {
			status = SM_NOMEM;
			break;
		}
		sm_policy_decide(&j->allows, &event, &verdict);
		if (verdict.decision != SM_ALLOWED)
			continue;
		sm_policy_decide(&joined.policy, &event, &verdict);
		if (!is_blocked(&verdict))
			continue;
		status = complete(j, &event, &verdict);
		free(joined.blob);
		joined.blob = NULL;
		if (status == SM_OK)
			status = open_joined(j, &joined);
	}
	free(joined.blob);
	return status;
}

enum sm_status sm_learn_onto(const struct sm_rules *base,
			     const struct sm_observations *observations,
			     struct sm_rules **rules, struct sm_diag *diag)
{
	struct joining j = { .observations = observations,
			     .base = base,
			     .learned = *rules,
			     .diag = diag };
	struct opened learned = { .blob = NULL };
	struct sm_rules *joined = NULL;
	enum sm_status status;

	j.needed = calloc(j.learned->count + 1, sizeof(*j.needed));
	j.names = calloc(j.learned->variable_count + 1, sizeof(*j.names));
	status = j.needed && j.names ? open_rules(&j, j.learned, &learned)
				     : SM_NOMEM;
	j.allows = learned.policy;
	for (size_t i = 0; status == SM_OK && i < j.learned->variable_count;
	     i++)
		status = name_variable(&j, i);
	if (status == SM_OK)
		status = find_needed(&j);
	if (status == SM_OK)
		status = complete_all(&j);
	if (status == SM_OK)
		status = join(&j, &joined);
	if (status == SM_OK) {
		sm_rules_free(*rules);
		*rules = joined;
	}
	free(learned.blob);
	free(j.needed);
	free(j.names);
	sm_arena_fini(&j.arena);
	return status;
}
