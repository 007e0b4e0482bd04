/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who walks a tree that another fills takes what is there: what it reads at any
 * depth below a directory's own directories, whatever it is called, it reads in
 * the directory itself, too. A recording may have met only files of one kind
 * there.
 */
#include "learner/open.h"

static bool has(const struct sm_node *node, struct sm_str by, uint32_t access)
{
	return node && sm_node_access_by(node, by) & access;
}

/* It has read files there, though of one kind; or at any depth. */
static bool reads_in(const struct sm_node *node, struct sm_str by)
{
	for (size_t i = 0; i < node->count; i++) {
		const struct sm_node *kid = node->kids[i];

		if (sm_node_is_tree(kid)
			    ? reads_in(kid, by)
			    : !kid->is_dir && has(kid, by, SM_ACCESS_READ))
			return true;
	}
	return false;
}

/* Files opened there, by part of their names at least; or directories that are
 * made there under any name: a rule for them says nothing of what they are. */
static bool is_open(const struct sm_node *node)
{
	for (size_t i = 0; i < node->count; i++) {
		const struct sm_node *kid = node->kids[i];

		if (sm_node_is_tree(kid)
			    ? is_open(kid)
			    : kid->is_slot &&
				      sm_str_starts(kid->name,
						    SM_STR("<name>")) &&
				      (!kid->is_dir ||
				       sm_node_access(kid) & SM_ACCESS_CREATE))
			return true;
	}
	return false;
}

static bool is_walker(const struct sm_node *node, const struct sm_node *dirs,
		      struct sm_str by)
{
	const struct sm_node *tree = sm_node_tree_in(dirs);
	const struct sm_node *below =
		sm_node_slot(tree, SM_STR("<name>"), true);

	/* A slot for directories may stand for files as well. */
	return has(sm_node_any_slot(tree), by, SM_ACCESS_READ) &&
	       has(below, by, SM_ACCESS_LIST) &&
	       has(dirs, by, SM_ACCESS_LIST) && has(node, by, SM_ACCESS_LIST) &&
	       reads_in(node, by);
}

static void let_walkers_read(struct sm_learn *l, struct sm_node *node)
{
	const struct sm_node *dirs = sm_node_slot(node, SM_STR("<name>"), true);
	struct sm_node *files = sm_node_slot(node, SM_STR("<name>"), false);

	for (const struct sm_grant *g = node->grants; g; g = g->next) {
		if (!is_walker(node, dirs, g->by))
			continue;
		if (!files) {
			files = sm_node_new_slot(l, node, SM_STR("<name>"),
						 false);
			files->why = SM_STR("who walks the directories in it "
					    "takes what is there");
		}
		sm_node_grant(l, files, g->by, SM_ACCESS_READ);
	}
	sm_node_tidy(l, node);
}

void sm_tree_walk(struct sm_learn *l, struct sm_node *node, struct sm_str dir)
{
	struct sm_place place = sm_place_of(l, dir);

	for (size_t i = 0; i < node->count; i++)
		sm_tree_walk(l, node->kids[i],
			     sm_kid_path(l, dir, node->kids[i]));
	if (node->is_made && is_open(node) &&
	    l->options.level != SM_LEVEL_TIGHT &&
	    sm_may_open_whole(l, dir, &place))
		let_walkers_read(l, node);
}
