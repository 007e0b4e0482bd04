/* SPDX-License-Identifier: Apache-2.0 */
/*
 * decide_arguments.c: what a rule says beside its pattern: arguments, words of
 * shell lines, ports and protocols.
 */
#include "schema/policy/decide.h"

/* --------------------------------------------------------------- arguments */

#define NUMBER_MAX 24

static struct sm_str format_number(int64_t value, char out[NUMBER_MAX])
{
	uint64_t left = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
	char *at = out + NUMBER_MAX;

	do
		*--at = (char)('0' + left % 10);
	while (left /= 10);
	if (value < 0)
		*--at = '-';
	return (struct sm_str){ at, (uint32_t)(out + NUMBER_MAX - at) };
}

/* An argument as text; false for what only `*` matches. */
static bool value_text(const struct sm_value *value, char number[NUMBER_MAX],
		       struct sm_str *text)
{
	switch (value->type) {
	case SM_TEXT:
	case SM_BYTES:
		*text = sm_value_str(value);
		return !sm_value_is_cut(value);
	case SM_INT:
		*text = format_number(value->i, number);
		return true;
	case SM_NONE:
		*text = SM_STR("None");
		return true;
	case SM_TRUE:
		*text = SM_STR("True");
		return true;
	case SM_FALSE:
		*text = SM_STR("False");
		return true;
	}
	return false;
}

/* A slot that is just `*`, which in events matches any value. */
static bool is_any(const struct sm_policy *policy, uint32_t pattern)
{
	const struct sm_blob_span *p =
		sm_blob_section(policy, SM_BLOB_PATTERNS);
	const struct sm_blob_item *items =
		sm_blob_section(policy, SM_BLOB_ITEMS);

	return p[pattern].count == 1 &&
	       items[p[pattern].first].kind == SM_BLOB_STAR;
}

static bool slot_matches(const struct sm_deciding *d, uint32_t pattern,
			 const struct sm_value *value)
{
	char number[NUMBER_MAX];
	struct sm_str text;

	if (d->request->family == SM_FAMILY_EVENTS &&
	    is_any(d->policy, pattern))
		return true;
	return value_text(value, number, &text) &&
	       sm_match_pattern(d->policy, pattern, text, false);
}

/* Further words of a command line may not be options. */
static bool are_words(const struct sm_value *args, uint32_t count)
{
	uint32_t i;

	for (i = 0; i < count; i++) {
		struct sm_str s = sm_value_str(&args[i]);

		if (!s.len || s.p[0] == '-' || sm_value_is_cut(&args[i]))
			return false;
	}
	return true;
}

/*
 * The slot that word `at` of `words` meets: those behind one that comes again
 * are counted from the end.
 */
static uint32_t slot_of(const struct sm_blob_rule *rule, uint32_t at,
			uint32_t words)
{
	uint32_t more = words - rule->args.count, from = rule->run - 1;

	if (!rule->run || at <= from)
		return at;
	return at - (at - from < more ? at - from : more);
}

/* Whether a rule has slots for so many words, or for so many at the start. */
static bool counts_match(const struct sm_blob_rule *rule, uint32_t words)
{
	if (rule->flags & SM_RULE_REST || rule->run)
		return words >= rule->args.count;
	return words == rule->args.count;
}

static bool argument_meets(const struct sm_deciding *d,
			   const struct sm_blob_token *slot, uint32_t word)
{
	const struct sm_value *value = &d->request->args[word];

	return slot ? slot_matches(d, slot->pattern, value)
		    : are_words(value, 1);
}

static bool args_match(const struct sm_deciding *d,
		       const struct sm_blob_rule *rule)
{
	const struct sm_request *r = d->request;
	const uint32_t *slots = sm_blob_section(d->policy, SM_BLOB_INDEX);
	uint32_t i, at, count;

	if (rule->flags & SM_RULE_ANY_ARGS)
		return true;
	if (rule->flags & SM_RULE_GROUPS)
		return sm_decide_groups(d, rule, r->argc, argument_meets);
	if (!counts_match(rule, r->argc))
		return false;
	count = rule->run ? r->argc : rule->args.count;
	for (i = 0; i < count; i++) {
		at = rule->args.first + slot_of(rule, i, count);
		if (!slot_matches(d, slots[at], &r->args[i]))
			return false;
	}
	return are_words(r->args + count, r->argc - count);
}

static bool token_matches(const struct sm_policy *policy,
			  const struct sm_blob_token *t,
			  const struct sm_shell_token *word)
{
	if (t->kind == SM_BLOB_STEM)
		return word->kind == SM_SHELL_WORD && sm_shell_has_stem(word) &&
		       sm_str_equal(sm_blob_str(policy, t->text), word->tail) &&
		       sm_match_pattern(policy, t->pattern, word->stem, false);
	if (t->kind != (uint32_t)word->kind)
		return false;
	if (word->kind != SM_SHELL_WORD || word->is_live ||
	    t->pattern == SM_BLOB_NONE)
		return (word->kind != SM_SHELL_WORD || word->is_live) &&
		       sm_str_equal(sm_blob_str(policy, t->text), word->raw);
	return sm_match_pattern(policy, t->pattern, word->text, false);
}

static bool word_meets(const struct sm_deciding *d,
		       const struct sm_blob_token *slot, uint32_t word)
{
	return slot && token_matches(d->policy, slot, &d->shell->tokens[word]);
}

static bool shell_matches(const struct sm_deciding *d,
			  const struct sm_blob_rule *rule)
{
	const struct sm_blob_token *t =
		sm_blob_section(d->policy, SM_BLOB_TOKENS);
	uint32_t i, at;

	if (!d->shell)
		return !rule->args.count; /* found by the whole line */
	if (rule->flags & SM_RULE_GROUPS)
		return sm_decide_groups(d, rule, d->shell->count, word_meets);
	if (!rule->args.count || !counts_match(rule, d->shell->count))
		return false;
	for (i = 0; i < d->shell->count; i++) {
		at = rule->args.first + slot_of(rule, i, d->shell->count);
		if (!token_matches(d->policy, &t[at], &d->shell->tokens[i]))
			return false;
	}
	return true;
}

static bool network_matches(const struct sm_deciding *d,
			    const struct sm_blob_rule *rule)
{
	const struct sm_request *r = d->request;
	struct sm_str proto = sm_blob_str(d->policy, rule->proto);

	if (r->access == SM_ACCESS_RESOLVE || r->access == SM_ACCESS_SOCKET)
		return true;
	if (r->port < rule->port_low || r->port > rule->port_high)
		return false;
	if (proto.len)
		return sm_str_equal(proto, r->proto);
	return !sm_str_equal(r->proto, SM_STR("raw")) &&
	       !sm_str_equal(r->proto, SM_STR("packet")) &&
	       !sm_str_equal(r->proto, SM_STR("netlink"));
}

bool sm_decide_details(const struct sm_deciding *d,
		       const struct sm_blob_rule *rule)
{
	switch (d->request->family) {
	case SM_FAMILY_NETWORK:
		return network_matches(d, rule);
	case SM_FAMILY_PROCESSES:
		if (d->request->access == SM_ACCESS_SHELL)
			return shell_matches(d, rule);
		return d->request->access != SM_ACCESS_EXEC ||
		       args_match(d, rule);
	case SM_FAMILY_EVENTS:
		return args_match(d, rule);
	default:
		return true;
	}
}
