/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is made of a tree of inputs, in directories of the same names: a site's
 * pages, object files. It will have the directories the inputs will have.
 */
#include "learner/open.h"

/* Everything below node was made, in directories called what opened. */
static bool is_of_known(const struct sm_str_list *stems,
			const struct sm_node *node, struct sm_sketch *known)
{
	for (size_t i = 0; i < node->count; i++) {
		const struct sm_node *kid = node->kids[i];
		bool has_known = sm_list_has(
			stems, kid->is_dir ? kid->name : sm_stem_of(kid->name));

		if (sm_is_spelled(kid))
			continue;
		if (!kid->is_made ||
		    sm_is_code_suffix(sm_extension(kid->name)) ||
		    (kid->is_dir && !kid->is_slot && !has_known) ||
		    !is_of_known(stems, kid, known))
			return false;
		if (has_known)
			sm_sketch_add(known,
				      sm_hash_str(SM_HASH_SEED, kid->name));
	}
	return true;
}

bool sm_is_mirror(const struct sm_learn *l, const struct sm_str_list *stems,
		  const struct sm_node *node, struct sm_str dir,
		  const struct sm_place *place)
{
	struct sm_evidence e = { .some_recur = true };
	struct sm_sketch known = { 0 };

	if (!node->is_made || !sm_node_has_dirs(node) ||
	    !sm_may_open_whole(l, dir, place) ||
	    !is_of_known(stems, node, &known))
		return false;
	e.distinct = known.count;
	return sm_is_open(l, &e);
}
