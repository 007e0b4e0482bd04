/* SPDX-License-Identifier: Apache-2.0 */
/*
 * review_step.c: steps are built generously and then proved; what cannot be
 * proved is not offered.
 */
#include <stdlib.h>

#include "schema/policy/pattern.h"
#include "tools/review_draft.h"

static void add_variables(struct sm_draft *s)
{
	const struct sm_rules *policy = s->places->policy;
	size_t i;

	for (i = 0; i < policy->variable_count; i++)
		if (sm_rules_set_variable(s->out, policy->variables[i].name,
					  policy->variables[i].values.items,
					  policy->variables[i].values.count))
			s->has_failed = true;
}

bool sm_draft_start(struct sm_draft *s)
{
	s->out = sm_rules_new();
	s->has_failed = !s->out;
	if (s->out)
		add_variables(s);
	return !s->has_failed;
}

void sm_draft_add(struct sm_draft *s, const struct sm_rule *rule)
{
	struct sm_rule copy = *rule;
	char id[96];

	copy.id = s->rule->id;
	if (s->out->count && copy.id.len) {
		snprintf(id, sizeof(id), "%.*s-%zu", (int)copy.id.len,
			 copy.id.p, s->out->count + 1);
		copy.id = sm_str_of(id);
	}
	if (s->out->count == SM_STEP_RULES_MAX || copy.id.len > 64 ||
	    sm_policy_check_rule(&copy, NULL) || sm_rules_add(s->out, &copy))
		s->has_failed = true;
}

void sm_draft_add_pattern(struct sm_draft *s, struct sm_str pattern)
{
	struct sm_rule copy = *s->rule;

	copy.pattern = pattern;
	if (pattern.p)
		sm_draft_add(s, &copy);
	else
		s->has_failed = true;
}

static void note_change(void *context, const struct sm_policy_change *change)
{
	uint32_t *changes = context;

	*changes |= 1u << change->change;
}

/* Whether the step differs from the rule in this direction only. */
static bool is_proved(const struct sm_draft *s, enum sm_change change)
{
	struct sm_rules *same = sm_step_same(s->places, s->rule);
	struct sm_diag diag;
	uint32_t changes = 0;
	enum sm_status status =
		same ? sm_policy_diff(same, s->out, s->places->bindings,
				      s->places->binding_count, note_change,
				      &changes, &diag)
		     : SM_NOMEM;

	sm_rules_free(same);
	return !status && changes == 1u << change;
}

struct sm_rules *sm_draft_finish(struct sm_draft *s, enum sm_change change)
{
	if (!s->has_failed && s->out && s->out->count && is_proved(s, change))
		return s->out;
	sm_rules_free(s->out);
	s->out = NULL;
	return NULL;
}

void sm_draft_add_part(struct sm_draft *s, const struct sm_slot *slot,
		       struct sm_str part)
{
	struct sm_parts parts = slot->parts;

	parts.parts[slot->at] = part;
	if (part.p)
		sm_draft_add_pattern(s, sm_parts_join(&parts, s->out));
	else
		s->has_failed = true;
}

void sm_draft_add_argument(struct sm_draft *s, size_t at, struct sm_str slot)
{
	struct sm_rule copy = *s->rule;
	size_t i;

	copy.args = (struct sm_strings){ NULL, 0 };
	for (i = 0; i < s->rule->args.count; i++)
		if (sm_strings_add(s->out, &copy.args,
				   i == at ? slot : s->rule->args.items[i]))
			s->has_failed = true;
	sm_draft_add(s, &copy);
}

enum sm_token sm_draft_type(const struct sm_str *values, size_t count)
{
	static const enum sm_token types[] = { SM_TOKEN_INT, SM_TOKEN_DATE,
					       SM_TOKEN_UUID, SM_TOKEN_HEX };
	size_t t, i;

	for (t = 0; t < sizeof(types) / sizeof(*types); t++) {
		for (i = 0; i < count; i++)
			if (sm_token_match(types[t], values[i]) !=
			    values[i].len)
				break;
		if (i == count && count)
			return types[t];
	}
	return SM_TOKENS;
}

struct sm_str sm_draft_token(struct sm_draft *s, enum sm_token token)
{
	char text[32];

	snprintf(text, sizeof(text), "<%s>", sm_token_name(token));
	return sm_rules_keep(s->out, sm_str_of(text));
}

struct sm_str sm_draft_protocol(const struct sm_rule *rule)
{
	struct sm_address_pattern address;
	struct sm_diag diag;

	if (rule->family != SM_FAMILY_NETWORK ||
	    sm_pattern_address(rule->pattern, true, &address, &diag) ||
	    !address.proto.len)
		return (struct sm_str){ "", 0 };
	return (struct sm_str){ rule->pattern.p, address.proto.len + 1 };
}

/* ------------------------------------------------------------- the others */

struct sm_rules *sm_step_deny(const struct sm_places *places,
			      const struct sm_rule *rule)
{
	struct sm_draft s = { places, rule, NULL, NULL, false };
	struct sm_rule copy = *rule;

	copy.deny = true;
	copy.review = (struct sm_str){ NULL, 0 };
	/* `deny` means every way where `via` is left out. */
	if (rule->family == SM_FAMILY_FILES && !rule->via)
		copy.via = 1u << SM_VIA_DIRECT;
	if (sm_draft_start(&s))
		sm_draft_add(&s, &copy);
	if (!s.has_failed)
		return s.out;
	sm_rules_free(s.out);
	return NULL;
}

struct sm_rules *sm_step_same(const struct sm_places *places,
			      const struct sm_rule *rule)
{
	struct sm_draft s = { places, rule, NULL, NULL, false };
	struct sm_rule copy = *rule;

	if (sm_draft_start(&s))
		sm_draft_add(&s, &copy);
	if (!s.has_failed)
		return s.out;
	sm_rules_free(s.out);
	return NULL;
}
