/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What slots grant all of needs no rules of its own.
 */
#include <stdlib.h>

#include "learner/tree.h"

bool sm_grants_cover(const struct sm_grant *wide, const struct sm_grant *narrow)
{
	for (; narrow; narrow = narrow->next) {
		const struct sm_grant *g = wide;

		while (g && !sm_str_equal(g->by, narrow->by))
			g = g->next;
		if (!g || narrow->access & ~g->access)
			return false;
	}
	return true;
}

static int by_name(const void *a, const void *b)
{
	return sm_node_compare(*(struct sm_node *const *)a,
			       *(struct sm_node *const *)b);
}

bool sm_node_covers(const struct sm_node *wide, const struct sm_node *narrow)
{
	if (!sm_grants_cover(wide->grants, narrow->grants))
		return false;
	for (size_t i = 0; i < narrow->count; i++)
		if (!sm_node_covering(wide, narrow->kids[i]))
			return false;
	return true;
}

/* A literal name the slot stands for. */
static bool holds(const struct sm_node *slot, const struct sm_node *kid)
{
	return !kid->is_slot && sm_slot_holds(slot->name, kid->name);
}

struct sm_node *sm_node_covering(const struct sm_node *node,
				 const struct sm_node *kid)
{
	struct sm_node *const *found;
	size_t i;

	/* Slots come first and are few; literals are found by name. */
	for (i = 0; i < node->count && node->kids[i]->is_slot; i++)
		if (node->kids[i] != kid && holds(node->kids[i], kid) &&
		    sm_node_covers(node->kids[i], kid))
			return node->kids[i];
	if (!node->count)
		return NULL;
	found = bsearch(&kid, node->kids, node->count, sizeof(struct sm_node *),
			by_name);
	return found && *found != kid && sm_node_covers(*found, kid) ? *found
								     : NULL;
}

/*
 * Merges narrow into wide; its kids go where wide has a slot for them. Nothing
 * is added to what wide grants.
 */
static void take_in(struct sm_learn *l, struct sm_node *wide,
		    struct sm_node *narrow)
{
	for (size_t i = 0; i < narrow->count; i++)
		take_in(l, sm_node_covering(wide, narrow->kids[i]),
			narrow->kids[i]);
	narrow->count = 0;
	sm_node_take(l, wide, narrow);
}

/* Names that a slot beside them grants all of need no rules. */
void sm_tree_absorb(struct sm_learn *l, struct sm_node *node)
{
	for (size_t i = 0; i < node->count; i++) {
		struct sm_node *kid = node->kids[i];
		struct sm_node *wide;

		sm_tree_absorb(l, kid);
		wide = sm_node_covering(node, kid);
		if (wide)
			take_in(l, wide, kid);
	}
	sm_node_tidy(l, node);
}
