/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opening slots in the tree of recorded paths, from the top down: names that
 * were made up, then sibling directories of one shape (they become one and
 * share their subtree), then files with one extension.
 */
#include "learner/open.h"
#include "learner/paths.h"

/* What a slot's subtree inherits: nothing literal is known below it. */
static struct sm_place place_below_slot(const struct sm_place *place)
{
	struct sm_place inner = *place;

	inner.is_code = inner.is_shared = false;
	return inner;
}

/*
 * Before anything opens: made-up names look different each time and would hide
 * that directories have one shape. A made-up directory's path is known no
 * further, which is all right: what is below is made up or its own.
 */
static void rename_all(struct sm_learn *l, struct sm_node *node,
		       struct sm_str dir)
{
	struct sm_place place = sm_place_of(l, dir);

	sm_node_note_drawn(node, &place);
	for (size_t i = 0; i < node->count; i++) {
		struct sm_node *kid = node->kids[i];

		if (kid->count)
			rename_all(l, kid, sm_path_below(l, dir, kid->name));
		sm_node_rename(l, kid, &place);
	}
	sm_node_tidy(l, node);
}

static void open_below(struct sm_learn *l, struct sm_node *node,
		       struct sm_str dir, struct sm_place place, bool is_owned)
{
	if (!place.is_closed) {
		sm_open_dirs(l, node, dir, &place);
		if (sm_open_data_tree(l, node, dir, &place, is_owned))
			return;
		if (place.is_code && !place.is_shared)
			sm_open_texts(l, node);
		sm_open_files(l, node, dir, &place);
	}
	for (size_t i = 0; i < node->count; i++) {
		struct sm_node *kid = node->kids[i];
		struct sm_str inner = { "", 0 };
		struct sm_place below = place_below_slot(&place);

		if (!kid->count)
			continue;
		if (dir.len && !kid->is_slot) {
			inner = sm_path_below(l, dir, kid->name);
			below = sm_place_of(l, inner);
		}
		open_below(l, kid, inner, below,
			   is_owned || (kid->is_slot && kid->is_made));
	}
}

void sm_generalise(struct sm_learn *l, struct sm_node *root)
{
	rename_all(l, root, SM_STR("/"));
	open_below(l, root, SM_STR("/"), sm_place_of(l, SM_STR("/")), false);
	sm_tree_rename_once(l, root, SM_STR("/"));
	sm_tree_rotate(l, root);
	sm_tree_absorb(l, root);
	sm_tree_deepen(l, root);
	sm_tree_join_slots(l, root);
}
