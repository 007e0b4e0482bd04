/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What becomes of the tree of recorded paths: names that were made up become
 * slots, the cheapest cut decides the rest, and what then says the same twice
 * is joined.
 */
#include "learner/open.h"
#include "learner/paths.h"

/*
 * Before anything opens: made-up names look different each time and would hide
 * that directories have one shape. A made-up directory's path is known no
 * further, which is all right: what is below is made up or its own.
 */
static void rename_all(struct sm_learn *l, struct sm_node *node,
		       struct sm_str dir)
{
	struct sm_place place = sm_place_of(l, dir);

	sm_node_note_drawn(l, node, &place);
	for (size_t i = 0; i < node->count; i++) {
		struct sm_node *kid = node->kids[i];

		if (kid->count)
			rename_all(l, kid, sm_path_below(l, dir, kid->name));
		sm_node_rename(l, kid, &place);
	}
	sm_node_tidy(l, node);
	sm_node_note_bases(l, node);
}

void sm_generalise(struct sm_learn *l, struct sm_node *root)
{
	struct sm_choice *cut;

	rename_all(l, root, SM_STR("/"));
	cut = sm_cut_lay_out(l, root);
	sm_cut_solve(cut);
	sm_cut_apply(l, cut);
	sm_tree_derive(l, root);
	sm_tree_spread(l, root);
	sm_tree_rename_once(l, root, SM_STR("/"));
	sm_tree_rotate(l, root);
	sm_tree_absorb(l, root);
	sm_tree_walk(l, root, SM_STR("/"));
	sm_tree_deepen(l, root);
	sm_tree_outputs(l, root);
	sm_tree_look_behind(l, root);
	sm_tree_empty(l, root, SM_STR("/"));
	sm_tree_twin(l, root);
	sm_tree_join_slots(l, root);
}
