/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is made of a tree of inputs, in directories of the same names: a site's
 * pages, object files. It will have the directories the inputs will have.
 *
 * Or the other way round: of collections/maps and its neighbours the program
 * makes state/maps.json, and so it will of the next one, which has directories
 * and files as no other has.
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

/* Keys or hidden files are below: none of them is what others have, too. */
static bool holds_guarded(const struct sm_node *node)
{
	for (size_t i = 0; i < node->count; i++)
		if (sm_is_guarded_name(node->kids[i]->name) ||
		    holds_guarded(node->kids[i]))
			return true;
	return false;
}

/* Data that is looked at, by who lists it and takes what it finds. */
static bool is_input(const struct sm_str_list *stems,
		     const struct sm_node *node)
{
	return !node->is_slot && !node->is_made &&
	       (!node->holds_undata || sm_node_is_listed(node)) &&
	       !sm_is_guarded_name(node->name) &&
	       sm_list_has(stems, node->name) && !holds_guarded(node);
}

/* The directories in node, or 0: one is no input. */
static size_t find_inputs(const struct sm_str_list *stems,
			  const struct sm_node *node, struct sm_node **inputs)
{
	size_t count = 0;

	for (size_t i = 0; i < node->count; i++) {
		if (!node->kids[i]->is_dir)
			continue;
		if (!is_input(stems, node->kids[i]))
			return 0;
		inputs[count++] = node->kids[i];
	}
	return count;
}

void sm_open_inputs(struct sm_learn *l, const struct sm_str_list *stems,
		    struct sm_node *node, struct sm_str dir,
		    const struct sm_place *place)
{
	struct sm_str why = SM_STR("inputs called what opened elsewhere");
	struct sm_evidence e = { .some_recur = true };
	struct sm_node **inputs;

	if (node->is_made || !sm_may_open_whole(l, dir, place))
		return;
	inputs = sm_learn_take(l, (node->count + 1) * sizeof(*inputs));
	e.distinct = find_inputs(stems, node, inputs);
	if (!sm_is_open(l, &e))
		return;
	node = sm_members_join(l, inputs, e.distinct, SM_STR("<name>"));
	node->why = why;
	sm_open_tree(l, node, false, false, why);
}
