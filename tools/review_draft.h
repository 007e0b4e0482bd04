/* SPDX-License-Identifier: Apache-2.0 */
/*
 * review_draft.h: rules in the place of another, while a step is made. Private
 * to review_step.c, review_tighter.c and review_looser.c.
 */
#ifndef TOOLS_REVIEW_DRAFT_H
#define TOOLS_REVIEW_DRAFT_H

#include "tools/review_step.h"

struct sm_draft {
	const struct sm_places *places;
	const struct sm_rule *rule;
	const struct sm_evidence *seen; /* tighter only */
	struct sm_rules *out;
	bool has_failed; /* out of memory, or too many rules */
};

/* One component of a path, and what it stood for. */
struct sm_slot {
	struct sm_parts parts;
	size_t at;
	struct sm_str values[SM_SEEN_MAX];
	size_t count;
};

static inline bool sm_draft_is(struct sm_str text, const char *word)
{
	return sm_str_equal(text, sm_str_of(word));
}

bool sm_draft_start(struct sm_draft *s);
/* The first rule keeps the id, the others get it with a number behind. */
void sm_draft_add(struct sm_draft *s, const struct sm_rule *rule);
void sm_draft_add_pattern(struct sm_draft *s, struct sm_str pattern);
void sm_draft_add_part(struct sm_draft *s, const struct sm_slot *slot,
		       struct sm_str part);
void sm_draft_add_argument(struct sm_draft *s, size_t at, struct sm_str slot);
/* The rules, if they are proved to differ in this direction only; or NULL. */
struct sm_rules *sm_draft_finish(struct sm_draft *s, enum sm_change change);

/* The narrower type of all values of a slot; SM_TOKENS: they have none. */
enum sm_token sm_draft_type(const struct sm_str *values, size_t count);
struct sm_str sm_draft_token(struct sm_draft *s, enum sm_token token);
/* "udp:" of a network rule, which stays in front; or empty. */
struct sm_str sm_draft_protocol(const struct sm_rule *rule);

#endif
