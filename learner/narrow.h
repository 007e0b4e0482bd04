/* SPDX-License-Identifier: Apache-2.0 */
/*
 * narrow.h: what slots that deny recorded code give way to; for learner/ only.
 */
#ifndef LEARNER_NARROW_H
#define LEARNER_NARROW_H

#include "learner/paths.h"

/* A file a rule was needed for. */
struct sm_used {
	struct sm_str dir, extension, name;
	uint32_t access;
	uint64_t seen;
};

/* The rule is seen as often, and grants as much, as these say. */
void sm_used_for(struct sm_rule *rule, const struct sm_used *used,
		 size_t count);

/* FRONT of the pattern of a tree, whose end goes to *end; empty: it is none. */
struct sm_str sm_tree_front(struct sm_str pattern, struct sm_str *end);

/*
 * Rules for what was changed in a tree, which the wide rule stood for: deeper
 * than a file of code that lies in it, and beside it under names that code has
 * not. used: the files the rule was needed for.
 */
void sm_narrow_levels(struct sm_learn *l, const struct sm_rule *wide,
		      struct sm_str code, const struct sm_used *used,
		      size_t count);

#endif
