/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Links that the program makes: latest, current. What is looked at behind one
 * is decided a second time where it lies, so that names there say no more of it
 * than the rules for that place do. Not so of what was a directory at times.
 */
#include "learner/open.h"

static bool is_looked_at(const struct sm_node *node)
{
	const uint32_t looks = SM_ACCESS_READ | SM_ACCESS_LIST | SM_ACCESS_META;

	for (const struct sm_grant *g = node->grants; g; g = g->next)
		if (g->access & ~looks)
			return false;
	return true;
}

/* Everything below node that is only looked at goes to behind. */
static void take_looks(struct sm_learn *l, struct sm_node *behind,
		       struct sm_node *node)
{
	size_t kept = 0;

	for (size_t i = 0; i < node->count; i++) {
		struct sm_node *kid = node->kids[i];

		take_looks(l, behind, kid);
		if (kid->count || !is_looked_at(kid) || sm_is_spelled(kid))
			node->kids[kept++] = kid;
		else
			sm_node_take(l, behind, kid);
	}
	node->count = kept;
}

static void look_behind(struct sm_learn *l, struct sm_node *link)
{
	struct sm_node *behind = sm_learn_take(l, sizeof(*behind));
	struct sm_node *tree, *any;

	memset(behind, 0, sizeof(*behind));
	take_looks(l, behind, link);
	if (!behind->grants)
		return;
	tree = sm_node_new_slot(l, link, SM_STR("**"), true);
	any = sm_node_new_slot(l, tree, SM_STR("<name>"), false);
	tree->why = any->why =
		SM_STR("behind a link; where it leads needs a rule, too");
	sm_node_take(l, any, behind);
	any->is_dir = false;
	sm_node_tidy(l, tree);
	sm_node_tidy(l, link);
}

void sm_tree_look_behind(struct sm_learn *l, struct sm_node *node)
{
	for (size_t i = 0; i < node->count; i++)
		sm_tree_look_behind(l, node->kids[i]);
	if (node->is_link && !node->is_made_dir &&
	    l->options.level != SM_LEVEL_TIGHT)
		look_behind(l, node);
}
