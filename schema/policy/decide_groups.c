/* SPDX-License-Identifier: Apache-2.0 */
/*
 * decide_groups.c: words of a line against slots of which some are in groups:
 * options that may stand there, with what goes with them, or not. Groups beside
 * one another may do so in any order and any number of times.
 *
 * All slots that the next word may meet are followed at once, a bit each: time
 * is words times slots.
 */
#include "schema/policy/bits.h"
#include "schema/policy/decide.h"

/* The last position is behind all slots. */
#define POSITIONS (SM_SLOTS_MAX + 1)

struct positions {
	uint64_t bits[SM_BITS_WORDS(POSITIONS)];
};

struct slots {
	const struct sm_blob_token *items;
	uint32_t count;
	uint32_t run; /* as in the rule */
};

static bool is_in_group(const struct slots *s, uint32_t i)
{
	return i < s->count && s->items[i].group;
}

/* In front of the first of the groups that stand beside slot i. */
static uint32_t first_group(const struct slots *s, uint32_t i)
{
	while (i && s->items[i - 1].group)
		i--;
	return i;
}

/* Where slot i is reached, so is what may stand in place of its groups. */
static void reach(const struct slots *s, uint32_t i, struct positions *to)
{
	sm_bits_put(to->bits, i);
	for (; is_in_group(s, i); i++)
		if (i + 1 == s->count ||
		    s->items[i].group != s->items[i + 1].group)
			sm_bits_put(to->bits, i + 1);
}

/* A word met slot i. */
static void leave(const struct slots *s, uint32_t i, struct positions *to)
{
	if (i + 1 == s->run)
		sm_bits_put(to->bits, i);
	if (!s->items[i].group)
		reach(s, i + 1, to);
	else if (is_in_group(s, i + 1) &&
		 s->items[i].group == s->items[i + 1].group)
		sm_bits_put(to->bits, i + 1);
	else
		reach(s, first_group(s, i), to);
}

bool sm_decide_groups(const struct sm_deciding *d,
		      const struct sm_blob_rule *rule, uint32_t words,
		      sm_decide_word *meets)
{
	const struct sm_blob_token *tokens =
		sm_blob_section(d->policy, SM_BLOB_TOKENS);
	const struct slots s = { tokens + rule->args.first, rule->args.count,
				 rule->run };
	bool has_rest = rule->flags & SM_RULE_REST, is_reached = true;
	struct positions from = { { 0 } }, to;

	reach(&s, 0, &from);
	for (uint32_t i = 0; is_reached && i < words; i++) {
		memset(&to, 0, sizeof(to));
		is_reached = false;
		for (uint32_t k = 0; k <= s.count; k++) {
			if (!sm_bits_has(from.bits, k) ||
			    !(k < s.count ? meets(d, &s.items[k], i)
					  : has_rest && meets(d, NULL, i)))
				continue;
			is_reached = true;
			if (k < s.count)
				leave(&s, k, &to);
			else
				sm_bits_put(to.bits, k);
		}
		from = to;
	}
	return is_reached && sm_bits_has(from.bits, s.count);
}
