/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Directories in which depth means nothing: what opened on two levels opens on
 * any, and so does what is put into a directory that is made for it.
 */
#include "learner/open.h"

static bool is_free_name(const struct sm_node *node)
{
	return node->is_slot && sm_str_starts(node->name, SM_STR("<name>"));
}

/*
 * The files that opened in the directories below node opened in node itself,
 * or the program makes files of any name on both levels, under drawn names
 * first or not; and nothing else is there. Then how deep they lie means
 * nothing.
 */
static bool is_tree(const struct sm_node *node, const struct sm_node *inner)
{
	bool has_files = false, is_made = inner->is_made;
	bool has_upper = inner->is_both && is_made;

	for (size_t i = 0; i < node->count; i++) {
		const struct sm_node *kid = node->kids[i];

		if (kid->is_dir || !kid->is_slot || kid->is_drawn)
			continue;
		is_made &= is_free_name(kid) && kid->is_made;
		has_upper = true;
	}
	for (size_t i = 0; i < inner->count; i++) {
		const struct sm_node *kid = inner->kids[i];

		if (!kid->is_slot)
			return false;
		if (!kid->is_dir && !sm_node_slot(node, kid->name, false) &&
		    !(is_made && is_free_name(kid)))
			return false;
		if (kid->is_dir && kid->count && !sm_node_is_tree(kid))
			return false;
		has_files |= !kid->is_dir;
	}
	return has_files && has_upper;
}

/* Puts the kids of a directory of the tree beside its files. */
static void fold(struct sm_learn *l, struct sm_node *tree)
{
	struct sm_node *deeper = sm_node_tree_in(tree);
	struct sm_node *both[2] = { tree, deeper };

	if (deeper)
		sm_nodes_join(l, both, 2);
}

/* The slots for files in node itself: `**` stands for no directory, too. */
static void take_files(struct sm_learn *l, struct sm_node *tree,
		       struct sm_node *node)
{
	struct sm_node **kids =
		sm_learn_take(l, (tree->count + node->count) * sizeof(*kids));
	size_t n = tree->count, left = 0;

	if (n)
		memcpy(kids, tree->kids, n * sizeof(*kids));
	for (size_t i = 0; i < node->count; i++) {
		struct sm_node *kid = node->kids[i];

		if (kid->is_dir || !kid->is_slot) {
			node->kids[left++] = kid;
			continue;
		}
		kid->parent = tree;
		kids[n++] = kid;
	}
	node->count = left;
	tree->kids = kids;
	tree->count = tree->room = n;
	sm_node_tidy(l, tree);
}

/* NODE/FILE and NODE/<name>/FILE become NODE/ ** /FILE, for any depth. */
void sm_tree_deepen(struct sm_learn *l, struct sm_node *node)
{
	struct sm_node *inner, *dir, **kids;

	for (size_t i = 0; i < node->count; i++)
		sm_tree_deepen(l, node->kids[i]);
	inner = sm_node_slot(node, SM_STR("<name>"), true);
	if (!inner || !is_tree(node, inner))
		return;
	dir = sm_learn_take(l, sizeof(*dir));
	*dir = *inner;
	dir->kids = NULL;
	dir->count = dir->room = 0;
	dir->parent = inner;
	kids = sm_learn_take(l, (inner->count + 1) * sizeof(*kids));
	memcpy(kids, inner->kids, inner->count * sizeof(*kids));
	kids[inner->count] = dir;
	inner->kids = kids;
	inner->count = inner->room = inner->count + 1;
	inner->grants = NULL;
	inner->name = SM_STR("**");
	sm_node_tidy(l, inner);
	fold(l, inner);
	take_files(l, inner, node);
	sm_node_tidy(l, node);
}

static bool works_on_files(const struct sm_node *node, struct sm_str by)
{
	for (size_t i = 0; i < node->count; i++)
		if (!node->kids[i]->is_dir &&
		    sm_node_access_by(node->kids[i], by))
			return true;
	return false;
}

/* Made, and whoever works in it works on the files of node as well. */
static bool is_made_beside(const struct sm_node *node,
			   const struct sm_node *kid)
{
	for (const struct sm_grant *g = kid->grants; g; g = g->next)
		if (!works_on_files(node, g->by))
			return false;
	for (size_t i = 0; i < kid->count; i++)
		if (!is_made_beside(node, kid->kids[i]))
			return false;
	return kid->is_made;
}

/* Nobody was seen to do anything with it: a child's line names it. */
static bool is_mention(const struct sm_node *node)
{
	return !node->grants && !node->count;
}

/*
 * All that is in node are files the program made under names that opened, and
 * were others each time; and directories it made with all that is in them.
 */
static bool is_filled(const struct sm_node *node)
{
	bool is_varied = false;

	for (size_t i = 0; i < node->count; i++) {
		const struct sm_node *kid = node->kids[i];

		if (is_mention(kid) ||
		    (kid->is_dir && is_made_beside(node, kid)))
			continue;
		if (kid->is_dir || !kid->is_slot || !kid->is_made)
			return false;
		is_varied |= sm_has_told_name(kid);
	}
	return is_varied;
}

static bool may_be_deep(const struct sm_learn *l, const struct sm_node *node,
			struct sm_str dir, const struct sm_place *place)
{
	return node->count && sm_may_open_whole(l, dir, place);
}

/*
 * All that is in node, a directory it made, lies in directories of any name, at
 * any depth, and the program made it: a name without a slash lies in node.
 */
static struct sm_node *files_below(const struct sm_node *node)
{
	const struct sm_node *dirs = sm_node_slot(node, SM_STR("<name>"), true);

	for (size_t i = 0; i < node->count; i++)
		if (!node->kids[i]->is_slot || !node->kids[i]->is_dir)
			return NULL;
	return sm_node_any_slot(sm_node_tree_in(dirs));
}

static void let_lie_in(struct sm_learn *l, struct sm_node *node)
{
	const struct sm_node *files = files_below(node);
	struct sm_node *here;

	if (!files || !files->is_made)
		return;
	here = sm_node_new_slot(l, node, SM_STR("<name>"), false);
	here->is_made = true;
	here->why = SM_STR("as in the directories beside it");
	for (const struct sm_grant *g = files->grants; g; g = g->next)
		sm_node_grant(l, here, g->by, g->access);
	sm_node_tidy(l, node);
}

static bool is_data_name(const struct sm_node *node)
{
	return !node->is_dir && is_free_name(node) &&
	       sm_is_data_suffix(sm_extension(node->name));
}

static bool is_read_data(const struct sm_node *node)
{
	return is_data_name(node) && sm_node_access(node) & SM_ACCESS_READ;
}

/* With numbers or not: what any name grants covers it. */
static bool is_slot_for_data(const struct sm_node *node)
{
	return !node->is_dir && node->is_slot &&
	       sm_is_data_suffix(sm_extension(node->name)) &&
	       sm_node_access(node) & SM_ACCESS_READ;
}

/* A directory of any name, in which nothing is made or listed, with nothing in
 * it but data that is read and the like directories. */
static bool holds_read_data(const struct sm_node *dir, bool *is_varied)
{
	if (!dir->is_slot || dir->is_made || sm_node_is_listed(dir))
		return false;
	for (size_t i = 0; i < dir->count; i++) {
		const struct sm_node *kid = dir->kids[i];

		if (kid->is_dir ? !holds_read_data(kid, is_varied)
				: !is_slot_for_data(kid))
			return false;
		*is_varied |= kid->is_varied;
	}
	return dir->count;
}

/*
 * Files of data under names that somebody tells, others in each run, in a
 * directory nobody lists: another name has a directory in front, as those may
 * have that were told.
 */
static bool is_told(const struct sm_learn *l, const struct sm_node *node)
{
	bool is_varied = false;

	for (size_t i = 0; i < node->count; i++) {
		const struct sm_node *kid = node->kids[i];

		if (kid->is_dir ? !holds_read_data(kid, &is_varied)
				: sm_is_guarded_name(kid->name))
			return false;
		is_varied |= kid->is_varied && is_read_data(kid);
	}
	return is_varied && !sm_node_is_listed(node) &&
	       l->options.level != SM_LEVEL_TIGHT;
}

/* Another format than the first one, which is remembered. */
static bool is_second_format(const struct sm_node **first,
			     const struct sm_node *kid)
{
	if (*first && !sm_str_equal(sm_extension((*first)->name),
				    sm_extension(kid->name)))
		return true;
	*first = kid;
	return false;
}

/*
 * Who made node before he put files of two formats there, which he reads like
 * those whose names he is told, was told these names, too.
 */
static bool puts_back(const struct sm_node *node, struct sm_str by)
{
	const uint32_t both = SM_ACCESS_READ | SM_ACCESS_CREATE;
	const struct sm_node *first = NULL;

	if (!(sm_node_access_by(node, by) & SM_ACCESS_CREATE))
		return false;
	for (size_t i = 0; i < node->count; i++) {
		const struct sm_node *kid = node->kids[i];

		if (is_data_name(kid) &&
		    (sm_node_access_by(kid, by) & both) == both &&
		    is_second_format(&first, kid))
			return true;
	}
	return false;
}

/* Who reads kid reads and removes in all of tree, by name, and those who put
 * back what they read put it there; the rest stays. */
static void read_below(struct sm_learn *l, struct sm_node *tree,
		       struct sm_node *kid, struct sm_str name,
		       const struct sm_str_list *putters)
{
	struct sm_node *deep = sm_node_new_slot(l, tree, name, false);
	struct sm_grant **at = &kid->grants;

	deep->why = kid->why;
	while (*at) {
		struct sm_grant *g = *at;
		uint32_t takes = SM_ACCESS_READ | SM_ACCESS_DELETE;

		if (sm_list_has(putters, g->by))
			takes |= SM_ACCESS_WRITE | SM_ACCESS_CREATE;
		if (g->access & SM_ACCESS_READ) {
			deep->is_made |= takes & g->access & SM_ACCESS_CREATE;
			sm_node_grant(l, deep, g->by, g->access & takes)
				->seen += g->seen;
			g->access &= ~takes;
		}
		if (g->access)
			at = &g->next;
		else
			*at = g->next;
	}
	if (!kid->grants)
		sm_node_take(l, deep, kid);
}

/* Who took two formats takes a third one. */
static bool has_formats(const struct sm_node *node,
			const struct sm_node **first)
{
	for (size_t i = 0; i < node->count; i++) {
		const struct sm_node *kid = node->kids[i];

		if (kid->is_dir
			    ? has_formats(kid, first)
			    : is_read_data(kid) && is_second_format(first, kid))
			return true;
	}
	return false;
}

/* Moves what is read in node into tree. */
static void read_all_below(struct sm_learn *l, struct sm_node *tree,
			   struct sm_node *node, bool is_any,
			   const struct sm_str_list *putters)
{
	size_t count = node->count;

	for (size_t i = 0; i < count; i++) {
		struct sm_node *kid = node->kids[i];

		if (kid == tree)
			continue;
		if (kid->is_dir)
			read_all_below(l, tree, kid, is_any, putters);
		else if (is_any && is_slot_for_data(kid))
			read_below(l, tree, kid, SM_STR("<name>"), putters);
		else if (is_read_data(kid))
			read_below(l, tree, kid, kid->name, putters);
	}
}

static void let_read_below(struct sm_learn *l, struct sm_node *node)
{
	struct sm_str_list putters = { NULL, 0, 0 };
	const struct sm_node *first = NULL;
	bool is_any = has_formats(node, &first);
	bool is_written = !node->is_made && sm_is_written(node);
	struct sm_node *tree = sm_node_new_slot(l, node, SM_STR("**"), true);

	for (struct sm_grant *g = node->grants; g; g = g->next)
		if (puts_back(node, g->by))
			sm_list_add(l, &putters, g->by);
	tree->why = SM_STR("names that somebody tells");
	read_all_below(l, tree, node, is_any, &putters);
	sm_node_tidy(l, tree);
	sm_node_tidy(l, node);
	if (is_written)
		sm_open_written(l, node);
}

/* What is put into node is put at any depth below it by who makes it. */
static void file_below(struct sm_learn *l, struct sm_node *node)
{
	struct sm_node *tree = sm_node_new_slot(l, node, SM_STR("**"), true);
	struct sm_node *dirs =
		sm_node_new_slot(l, tree, SM_STR("<name>"), true);

	tree->why = SM_STR("made with what is put into it, under names that "
			   "somebody tells");
	tree->is_made = dirs->is_made = true;
	for (const struct sm_grant *g = node->grants; g; g = g->next)
		if (g->access & SM_ACCESS_CREATE)
			sm_node_grant(l, dirs, g->by, g->access);
	take_files(l, tree, node);
	sm_node_tidy(l, node);
}

/*
 * Who makes the directory before he puts things into it makes the one that a
 * name with a slash asks for, too.
 */
void sm_node_deepen(struct sm_learn *l, struct sm_node *node, struct sm_str dir,
		    const struct sm_place *place)
{
	bool makes = sm_node_access(node) & SM_ACCESS_CREATE;

	if (!may_be_deep(l, node, dir, place))
		return;
	if (makes && is_filled(node))
		file_below(l, node);
	else if (is_told(l, node))
		let_read_below(l, node);
	else if (makes)
		let_lie_in(l, node);
}

/*
 * Files a slot for any name grants all of. Only now: before, slots for files
 * told directories of one shape and trees apart.
 */
void sm_tree_join_slots(struct sm_learn *l, struct sm_node *node)
{
	struct sm_node *any = sm_node_any_slot(node);

	for (size_t i = 0; i < node->count; i++) {
		struct sm_node *kid = node->kids[i];

		sm_tree_join_slots(l, kid);
		if (any && kid != any && kid->is_slot && !kid->is_dir &&
		    kid->name.p[0] != '.' && kid->name.p[0] != '\\' &&
		    sm_grants_cover(any->grants, kid->grants))
			sm_node_take(l, any, kid);
	}
	sm_node_tidy(l, node);
}
