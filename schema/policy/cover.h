/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cover.h: whether some rules of policies together mean all that a rule means,
 * proved either way. What diff.c and check.c ask. In the worst case each rule
 * is compared with each: the work of a struct sm_cover is bounded, by steps
 * and not by time, so that the same policies get the same answers.
 */
#ifndef SCHEMA_POLICY_COVER_H
#define SCHEMA_POLICY_COVER_H

#include "schema/policy/build.h"
#include "schema/policy/language.h"

/* A policy with its bundles; rules are found by how their extents begin. */
struct sm_cover {
	struct sm_rules *rules;
	struct sm_build values;
	struct sm_cover_entry *entries; /* sorted by head */
	size_t count;
	bool *is_hidden;		 /* by rule: left out of all answers */
	struct sm_cover_extent *extents; /* by rule: kept once built */
	size_t kept_states;		 /* of them */
	uint64_t left; /* work there may still be; 0: answers are UNKNOWN */
};

SM_CHECKED enum sm_status sm_cover_init(struct sm_cover *cover,
					const struct sm_rules *rules,
					const struct sm_binding *bindings,
					size_t binding_count,
					struct sm_diag *diag);
void sm_cover_fini(struct sm_cover *cover);
/* Takes looking at count rules from the work; false: there was less left. */
bool sm_cover_spend(struct sm_cover *cover, size_t count);

/* One access, one way, one principal; by empty: whom rules without `by` mean.
 */
struct sm_ask {
	uint32_t access;
	uint32_t via;
	struct sm_str by;
};

uint32_t sm_cover_access(const struct sm_rule *rule); /* with what it implies */
uint32_t sm_cover_via(const struct sm_rule *rule);
bool sm_cover_by(const struct sm_rule *rule, const struct sm_ask *ask);

/* What makes the files it means no code; and what is code. */
bool sm_cover_lets_write(const struct sm_rule *rule);
bool sm_cover_is_code(const struct sm_rule *rule);

/* How rules stand to what is asked. */
enum {
	SM_COVER_GRANTS = 1 << 0, /* allow it */
	SM_COVER_DENIES = 1 << 1,
	SM_COVER_WRITES = 1 << 2, /* let it be written: it is no code */
};

/* Rules that may not mean the text that is searched for. */
struct sm_cover_term {
	struct sm_cover *cover;
	unsigned stands;
};

#define SM_COVER_RULES_MAX 4

struct sm_cover_answer {
	enum sm_found found;
	struct sm_found_text text; /* SM_FOUND_ONE */
	/* SM_FOUND_NOTHING: the rules that mean it all; how many there are. */
	const struct sm_rule *rules[SM_COVER_RULES_MAX];
	size_t count;
};

/*
 * Searches for a request that rule of own means, and also (with its cover; may
 * be NULL), but none of the terms' rules.
 */
void sm_cover_search(struct sm_cover *own, const struct sm_rule *rule,
		     struct sm_cover *other, const struct sm_rule *also,
		     const struct sm_cover_term *terms, size_t count,
		     const struct sm_ask *ask, struct sm_cover_answer *answer);

#endif
