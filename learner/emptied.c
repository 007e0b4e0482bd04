/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Directories that a program makes and removes with all that is in it: build/,
 * dist/. What is in it the next time it empties it nobody knows, it only lists
 * it. Nothing is granted but to look and to remove.
 */
#include "learner/open.h"

#define EMPTIES (SM_ACCESS_CREATE | SM_ACCESS_DELETE | SM_ACCESS_LIST)

static struct sm_node *slot_in(struct sm_learn *l, struct sm_node *node,
			       struct sm_str name)
{
	for (size_t i = 0; i < node->count; i++)
		if (node->kids[i]->is_slot &&
		    sm_str_equal(node->kids[i]->name, name))
			return node->kids[i];
	return sm_node_new_slot(l, node, name, true);
}

/* It removed something in it before. */
static bool has_removed(const struct sm_node *node, struct sm_str by)
{
	for (size_t i = 0; i < node->count; i++)
		for (const struct sm_grant *g = node->kids[i]->grants; g;
		     g = g->next)
			if (sm_str_equal(g->by, by) &&
			    g->access & SM_ACCESS_DELETE)
				return true;
	return false;
}

static void let_empty(struct sm_learn *l, struct sm_node *node,
		      struct sm_str by)
{
	struct sm_node *any = slot_in(l, node, SM_STR("**"));
	struct sm_node *name = slot_in(l, any, SM_STR("<name>"));

	/* shutil.rmtree() opens directories for reading. */
	sm_node_grant(l, name, by,
		      SM_ACCESS_DELETE | SM_ACCESS_LIST | SM_ACCESS_READ);
	if (!name->why.len)
		name->why = SM_STR("who makes the directory empties it");
}

static bool may_open(const struct sm_learn *l, struct sm_str dir)
{
	struct sm_place place;

	if (!dir.len || sm_holds_code(l, dir) || sm_is_base(l, dir))
		return false;
	place = sm_place_of(l, dir);
	return !place.is_closed && !place.is_code && !place.is_shared &&
	       !place.is_hidden;
}

void sm_tree_empty(struct sm_learn *l, struct sm_node *node, struct sm_str dir)
{
	bool may = may_open(l, dir);

	for (size_t i = 0; i < node->count; i++) {
		struct sm_node *kid = node->kids[i];
		struct sm_str inner = { "", 0 };

		if (dir.len && !kid->is_slot)
			inner = sm_path_below(l, dir, kid->name);
		sm_tree_empty(l, kid, inner);
	}
	for (const struct sm_grant *g = node->grants; may && g; g = g->next)
		if ((g->access & EMPTIES) == EMPTIES &&
		    has_removed(node, g->by))
			let_empty(l, node, g->by);
	sm_node_tidy(l, node);
}
