/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a program does with directories of its own that a recording is too short
 * to show: it makes them where they are missing, and removes what is old. It
 * keeps so many backups or builds, and the one too many comes next week.
 */
#include "learner/open.h"

static bool has(const struct sm_node *node, struct sm_str by, uint32_t access)
{
	for (const struct sm_grant *g = node->grants; g; g = g->next)
		if (sm_str_equal(g->by, by))
			return g->access & access;
	return false;
}

/* sqlite3.connect() makes what it opens. */
#define MAKES (SM_ACCESS_CREATE | SM_ACCESS_SQLITE)

/* Files under names that change, of who lists and made the directory. */
static void let_remove(struct sm_learn *l, struct sm_node *node,
		       const struct sm_grant *owner)
{
	for (size_t i = 0; i < node->count; i++) {
		struct sm_node *kid = node->kids[i];

		if (sm_node_is_tree(kid))
			let_remove(l, kid, owner);
		else if (kid->is_slot && !kid->is_dir &&
			 has(kid, owner->by, MAKES))
			sm_node_grant(l, kid, owner->by, SM_ACCESS_DELETE);
	}
}

static bool makes_slots(const struct sm_node *node, struct sm_str by)
{
	for (size_t i = 0; i < node->count; i++) {
		const struct sm_node *kid = node->kids[i];

		if (kid->is_dir && kid->is_slot && !sm_node_is_tree(kid) &&
		    has(kid, by, SM_ACCESS_CREATE))
			return true;
	}
	return false;
}

void sm_node_keep_up(struct sm_learn *l, struct sm_node *node)
{
	const uint32_t owns = SM_ACCESS_LIST | SM_ACCESS_CREATE;

	if (sm_node_is_tree(node))
		return;
	for (struct sm_grant *g = node->grants; g; g = g->next) {
		/* mkdir -p: all above, too. */
		if (g->access & SM_ACCESS_LIST && makes_slots(node, g->by))
			g->access |= SM_ACCESS_WRITE | SM_ACCESS_CREATE;
		if ((g->access & owns) == owns)
			let_remove(l, node, g);
	}
}
