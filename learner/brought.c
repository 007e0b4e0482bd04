/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names that files bring along. All that failed so far was called bad.json, and
 * put away under that name: the next one is called as it may be called where it
 * is taken from.
 */
#include "learner/open.h"

/* Who takes the file away may take all that the slot stands for. */
static bool may_be_taken(const struct sm_node *slot, const struct sm_node *file)
{
	const uint32_t done = SM_ACCESS_READ | SM_ACCESS_DELETE;
	struct sm_grant takes;

	for (const struct sm_grant *g = file->grants; g; g = g->next) {
		takes = (struct sm_grant){ .by = g->by,
					   .access = g->access & done };
		if (g->access & SM_ACCESS_DELETE &&
		    !sm_grants_cover(slot->grants, &takes))
			return false;
	}
	return slot->is_slot && !slot->is_drawn &&
	       sm_slot_holds(slot->name, file->name);
}

/* A name that all directories of a kind have stays beside the slot for all. */
static const struct sm_node *slot_of(const struct sm_node *file)
{
	const struct sm_node *dir = file->parent;

	/* At any depth the one slot is for directories and for files. */
	if (file->is_slot)
		return file->is_drawn || (file->is_dir && !sm_node_is_tree(dir))
			       ? NULL
			       : file;
	for (size_t i = 0; dir && i < dir->count; i++) {
		const struct sm_node *kid = dir->kids[i];

		if (may_be_taken(kid, file))
			return kid;
		for (size_t k = 0; sm_node_is_tree(kid) && k < kid->count; k++)
			if (may_be_taken(kid->kids[k], file))
				return kid->kids[k];
	}
	return NULL;
}

/* All that lies there was made by the program. */
static bool is_of_made(const struct sm_node *node)
{
	for (size_t i = 0; i < node->count; i++)
		if (!node->kids[i]->is_made)
			return false;
	return true;
}

/* Made with its name, which is that of a file that was read elsewhere, where
 * names opened. */
static bool may_be_copy(const struct sm_learn *l, const struct sm_node *file)
{
	return file->is_created && !file->is_slot && file->name.p[0] != '.' &&
	       !sm_is_guarded_name(file->name) &&
	       !sm_is_code_suffix(sm_extension(file->name)) &&
	       sm_list_has(&l->found, file->name);
}

/* Files of several kinds, all of them called as such, are copies. */
static bool are_copies(const struct sm_learn *l, const struct sm_node *node)
{
	struct sm_evidence e = { .is_made = true };
	struct sm_str first = SM_STR("");
	bool are_mixed = false;

	for (size_t i = 0; i < node->count; i++) {
		const struct sm_node *kid = node->kids[i];
		struct sm_str extension = sm_extension(kid->name);

		if (kid->is_dir)
			continue;
		if (!may_be_copy(l, kid))
			return false;
		are_mixed |= e.distinct && !sm_str_equal(extension, first);
		first = extension;
		e.distinct++;
	}
	return are_mixed && sm_is_open(l, &e);
}

static void open_copies(const struct sm_learn *l, struct sm_node *node)
{
	if (!are_copies(l, node))
		return;
	for (size_t i = 0; i < node->count; i++) {
		struct sm_node *kid = node->kids[i];

		if (kid->is_dir)
			continue;
		kid->name = SM_STR("<name>");
		kid->is_slot = true;
		kid->why = SM_STR("called as what was read where names "
				  "opened");
	}
}

void sm_open_brought(const struct sm_learn *l, struct sm_node *node)
{
	if (l->options.level == SM_LEVEL_TIGHT || !is_of_made(node))
		return;
	for (size_t i = 0; i < node->count; i++) {
		struct sm_node *kid = node->kids[i];
		const struct sm_node *slot;

		if (!kid->source || kid->is_slot || kid->is_dir ||
		    sm_is_guarded_name(kid->name))
			continue;
		slot = slot_of(sm_node_resolve(kid->source));
		if (!slot)
			continue;
		kid->name = slot->name;
		kid->is_slot = true;
		kid->why = SM_STR("moved here from where names opened");
	}
	open_copies(l, node);
}
