/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Directories that a program makes and removes with all that is in it: build/,
 * dist/. What is in it the next time it empties it nobody knows, it only lists
 * it. And an owner's, which it made, it removes when the owner goes. Nothing is
 * granted but to look and to remove.
 */
#include "learner/open.h"

#define EMPTIES (SM_ACCESS_CREATE | SM_ACCESS_DELETE | SM_ACCESS_LIST)

/* It removed something in it before. */
static bool has_removed(const struct sm_node *node, struct sm_str by)
{
	for (size_t i = 0; i < node->count; i++)
		if (sm_node_access_by(node->kids[i], by) & SM_ACCESS_DELETE)
			return true;
	return false;
}

static void let_empty(struct sm_learn *l, struct sm_node *node,
		      struct sm_str by)
{
	struct sm_node *any = sm_node_slot_in(l, node, SM_STR("**"));
	struct sm_node *name = sm_node_slot_in(l, any, SM_STR("<name>"));

	/* shutil.rmtree() opens directories for reading. */
	sm_node_grant(l, name, by,
		      SM_ACCESS_DELETE | SM_ACCESS_LIST | SM_ACCESS_READ);
	if (!name->why.len)
		name->why = SM_STR("who makes the directory empties it");
}

/* It lists the directory, or one in it. */
static bool lists_in(const struct sm_node *node, struct sm_str by)
{
	if (sm_node_access_by(node, by) & SM_ACCESS_LIST)
		return true;
	for (size_t i = 0; i < node->count; i++)
		if (lists_in(node->kids[i], by))
			return true;
	return false;
}

/*
 * An owner's directory goes when the owner does, and whoever made it removes it
 * with what is in it, whoever put it there: shutil.rmtree() lists and opens
 * directories for that. Who never listed anything there opens nothing.
 */
static void let_remove(struct sm_learn *l, struct sm_node *node)
{
	for (struct sm_grant *g = node->grants; g; g = g->next) {
		uint32_t removes = SM_ACCESS_DELETE;
		struct sm_node *any;

		if (!(g->access & SM_ACCESS_CREATE))
			continue;
		if (lists_in(node, g->by))
			removes |= SM_ACCESS_READ | SM_ACCESS_LIST;
		/* Files may be called as the directory is: who lists knows. */
		g->access |= SM_ACCESS_DELETE;
		if (g->access & SM_ACCESS_LIST)
			g->access |= removes;
		any = sm_node_slot_in(l, node, SM_STR("**"));
		sm_node_grant(l, any, g->by, removes);
		if (!any->why.len)
			any->why = SM_STR("who makes an owner's directory "
					  "removes it");
	}
}

/* It is called by any name that somebody chose. */
static bool is_owners(const struct sm_node *node)
{
	return node->is_slot && node->is_dir && node->count &&
	       sm_str_equal(node->name, SM_STR("<name>"));
}

/* may: the directory above may be emptied. */
static void empty_below(struct sm_learn *l, struct sm_node *node,
			struct sm_str dir, bool may)
{
	if (dir.len) {
		struct sm_place place = sm_place_of(l, dir);

		may = sm_may_open_whole(l, dir, &place);
	}
	for (size_t i = 0; i < node->count; i++) {
		struct sm_node *kid = node->kids[i];

		empty_below(l, kid, sm_kid_path(l, dir, kid), may);
		if (may && is_owners(kid))
			let_remove(l, kid);
	}
	for (const struct sm_grant *g = node->grants; may && dir.len && g;
	     g = g->next)
		if ((g->access & EMPTIES) == EMPTIES &&
		    has_removed(node, g->by))
			let_empty(l, node, g->by);
	sm_node_tidy(l, node);
}

void sm_tree_empty(struct sm_learn *l, struct sm_node *node, struct sm_str dir)
{
	empty_below(l, node, dir, false);
}
