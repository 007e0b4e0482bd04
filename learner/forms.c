/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The forms a directory of the tree of recorded paths may take, laid out as
 * decisions:
 *
 * level   its directories become slots or stay, group by group, and so do its
 *         files;
 * tree    it is a tree of data, below which depth and names mean nothing;
 * texts   documents open at any depth beside code, the rest as in level.
 *
 * What a form makes of the directory is tried on a copy, and decided further
 * there; the copies of the forms that are taken become the tree.
 */
#include <stdio.h>

#include "learner/open.h"
#include "learner/paths.h"

/*
 * Each level of directories that may open is tried twice below it. When that
 * came to so many copies, what may open opens.
 */
#define TRIED_MAX (1u << 16)

/* A directory. */
struct dir_cut {
	struct sm_choice cut;
	struct sm_node *node;
};

/* A group of directories. */
struct group_cut {
	struct sm_choice cut;
	struct sm_node *parent;
};

/* Directories as one, tried on copies of them. */
struct slot {
	struct sm_members members;
	struct sm_copies copies;
	struct sm_node *node;
};

struct form {
	struct sm_form form;
	/* Does what the form says; its parts are done. */
	void (*apply)(struct sm_learn *l, struct sm_choice *cut,
		      const struct form *form);
	struct slot *slots; /* of a group */
	size_t slot_count;
	struct sm_copies copies; /* of a directory */
	struct sm_node *copy;
	struct sm_choice *files; /* the part that is about them */
	bool is_tree;
};

static struct sm_choice *cut_dir(struct sm_learn *l, struct sm_node *node,
				 const struct sm_scope *scope);

static struct form *add_form(struct sm_learn *l, struct sm_choice *cut,
			     size_t parts)
{
	struct form *form = sm_learn_take(l, sizeof(*form));
	struct sm_form **at = &cut->forms;

	form->form.parts = sm_learn_take(l, (parts + 1) * sizeof(cut));
	while (*at)
		at = &(*at)->next;
	*at = &form->form;
	return form;
}

static void add_part(struct form *form, struct sm_choice *part)
{
	form->form.parts[form->form.count++] = part;
}

struct sm_str sm_cut_why(struct sm_learn *l, const struct sm_choice *cut,
			 size_t count, const char *what)
{
	char text[128];

	snprintf(text, sizeof(text),
		 "%zu %s cost %.2f as recorded, %.2f opened", count, what,
		 cut->forms->least, cut->best->least);
	return sm_learn_copy(l, sm_str_of(text));
}

/* ------------------------------------------------------------------- scopes */

static bool is_base_dir(const struct sm_learn *l, struct sm_str dir)
{
	for (size_t i = 0; i < l->prefix_count; i++)
		if (sm_str_equal(l->prefixes[i].dir, dir))
			return true;
	return false;
}

/* The scope of a directory in the one of scope. */
static struct sm_scope scope_below(struct sm_learn *l,
				   const struct sm_scope *scope,
				   const struct sm_node *node)
{
	struct sm_scope below = *scope;
	double sensitivity;

	below.dir = SM_STR("");
	/* What a slot's subtree inherits: nothing literal is known there. */
	below.place.is_code = below.place.is_shared = false;
	below.is_owned |= node->is_slot && node->is_made;
	below.reach = sm_reach_below(&scope->reach, node);
	if (scope->dir.len && !node->is_slot) {
		below.dir = sm_path_below(l, scope->dir, node->name);
		below.place = sm_place_of(l, below.dir);
		if (is_base_dir(l, below.dir))
			below.reach.depth = 0;
	}
	if (!below.is_own)
		below.is_own = sm_is_own(l, node, below.dir);
	sensitivity = sm_sensitivity(&below.place, node, below.is_own);
	if (!below.reach.slots || below.is_own ||
	    sensitivity > below.reach.sensitivity)
		below.reach.sensitivity = sensitivity;
	return below;
}

/* ------------------------------------------------------------------- groups */

/* Each of the members for itself. */
static void add_members(struct sm_learn *l, struct form *form,
			const struct sm_scope *scope,
			const struct sm_members *m)
{
	for (size_t i = 0; i < m->count; i++) {
		struct sm_node *node = m->items[i].node;
		struct sm_scope below = scope_below(l, scope, node);

		add_part(form, cut_dir(l, node, &below));
	}
}

/* The members as one slot. */
static void add_slot(struct sm_learn *l, struct form *form,
		     const struct sm_scope *scope, const struct sm_group *group,
		     struct sm_node *parent)
{
	struct slot *slot = &form->slots[form->slot_count++];
	size_t count = group->members.count;
	struct sm_node **nodes = sm_learn_take(l, count * sizeof(*nodes));
	struct sm_scope below;

	slot->members = group->members;
	for (size_t i = 0; i < count; i++)
		nodes[i] = sm_node_copy(l, group->members.items[i].node,
					&slot->copies);
	slot->node = sm_members_join(l, nodes, count, group->slot);
	slot->node->parent = parent;
	below = scope_below(l, scope, slot->node);
	add_part(form, cut_dir(l, slot->node, &below));
}

static void put_kid(struct sm_learn *l, struct sm_node *node,
		    struct sm_node *kid)
{
	struct sm_node **kids =
		sm_learn_take(l, (node->count + 1) * sizeof(*kids));

	memcpy(kids, node->kids, node->count * sizeof(*kids));
	kids[node->count++] = kid;
	node->kids = kids;
	node->room = node->count;
	kid->parent = node;
}

/* Slots take their members' place. */
static void apply_slots(struct sm_learn *l, struct sm_choice *cut,
			const struct form *form)
{
	for (size_t i = 0; i < form->slot_count; i++) {
		const struct slot *slot = &form->slots[i];

		sm_members_note(l, slot->members.items, slot->members.count);
		sm_copies_adopt(&slot->copies);
		slot->node->why =
			sm_cut_why(l, cut, slot->members.count, "names");
		put_kid(l, ((struct group_cut *)cut)->parent, slot->node);
	}
}

/* A form of a group with room for slots. */
static struct form *add_slots(struct sm_learn *l, struct sm_choice *cut,
			      size_t slots, size_t parts)
{
	struct form *form = add_form(l, cut, parts);

	form->apply = apply_slots;
	form->slots = sm_learn_take(l, slots * sizeof(*form->slots));
	return form;
}

static double closed_cost(const struct sm_learn *l,
			  const struct sm_members *closed,
			  const struct sm_members *open, bool has_types,
			  double share, uint32_t dirs)
{
	struct sm_novelty novelty = { .is_closed = has_types };

	for (size_t i = 0; i < closed->count; i++)
		sm_novelty_add(&novelty, closed->items[i].node, true);
	for (size_t i = 0; i < open->count; i++)
		sm_novelty_add(&novelty, open->items[i].node, false);
	return sm_block_cost(l, share * sm_novelty_unseen(&novelty, dirs));
}

static bool has_slot(const struct sm_groups *groups)
{
	for (size_t i = 0; i < groups->count; i++)
		if (groups->items[i].slot.len)
			return true;
	return false;
}

/* A group that may become one slot, by the types of its names. */
static void add_types(struct sm_learn *l, struct sm_choice *cut,
		      const struct sm_scope *scope, const struct sm_members *m,
		      double share, struct sm_node *node)
{
	struct sm_groups groups = sm_typed_groups(l, node, scope, m);
	struct sm_members closed = { .count = 0 };
	bool is_varied = groups.count > 1;
	struct form *form;

	if (!has_slot(&groups))
		return;
	closed.items = sm_learn_take(l, m->count * sizeof(*closed.items));
	form = add_slots(l, cut, groups.count, m->count);
	for (size_t i = 0; i < groups.count; i++) {
		const struct sm_group *group = &groups.items[i];

		if (group->slot.len) {
			add_slot(l, form, scope, group, node);
			continue;
		}
		memcpy(closed.items + closed.count, group->members.items,
		       group->members.count * sizeof(*closed.items));
		closed.count += group->members.count;
	}
	add_members(l, form, scope, &closed);
	form->form.cost =
		closed_cost(l, &closed, m, is_varied, share, node->sources);
}

static struct sm_choice *cut_group(struct sm_learn *l, struct sm_node *node,
				   const struct sm_scope *scope,
				   const struct sm_group *group, double share)
{
	const struct sm_members *m = &group->members, none = { NULL, 0 };
	struct group_cut *cut = sm_learn_take(l, sizeof(*cut));
	struct form *form;

	cut->parent = node;
	if (group->slot.len && l->tried > TRIED_MAX) {
		form = add_slots(l, &cut->cut, 1, 1);
		add_slot(l, form, scope, group, node);
		return &cut->cut;
	}
	form = add_form(l, &cut->cut, m->count);
	form->form.cost = closed_cost(l, m, &none, false, share, node->sources);
	add_members(l, form, scope, m);
	if (!group->slot.len)
		return &cut->cut;
	if (sm_str_equal(group->slot, SM_STR("<name>")))
		add_types(l, &cut->cut, scope, m, share, node);
	form = add_slots(l, &cut->cut, 1, 1);
	add_slot(l, form, scope, group, node);
	return &cut->cut;
}

/* -------------------------------------------------------------- directories */

static double own_cost(const struct sm_node *node, const struct sm_reach *reach)
{
	uint32_t access = sm_node_access(node);

	return access ? sm_rule_cost(reach, access) : 0;
}

static void apply_level(struct sm_learn *l, struct sm_choice *cut,
			const struct form *form)
{
	struct sm_node *node = ((struct dir_cut *)cut)->node;

	if (form->files)
		sm_apply_files(l, form->files);
	sm_node_tidy(l, node);
}

static void add_level(struct sm_learn *l, struct dir_cut *cut,
		      const struct sm_scope *scope)
{
	struct sm_node *node = cut->node;
	struct form *form = add_form(l, &cut->cut, 2 * node->count + 1);
	struct sm_groups groups;
	size_t dirs = 0;

	form->apply = apply_level;
	form->form.cost = own_cost(node, &scope->reach);
	groups = sm_dir_groups(l, node, scope);
	for (size_t i = 0; i < groups.count; i++)
		dirs += groups.items[i].members.count;
	for (size_t i = 0; i < groups.count; i++)
		add_part(form, cut_group(l, node, scope, &groups.items[i],
					 (double)groups.items[i].members.count /
						 (double)dirs));
	add_members(l, form, scope, &groups.others);
	if (scope->place.is_closed || !node->count)
		return;
	form->files = sm_cut_files(l, node, scope);
	add_part(form, form->files);
}

static void apply_copy(struct sm_learn *l, struct sm_choice *cut,
		       const struct form *form)
{
	struct sm_node *node = ((struct dir_cut *)cut)->node;
	struct sm_str why = sm_cut_why(l, cut, node->count, "entries");
	struct sm_node *tree;

	if (form->is_tree)
		sm_members_note_tree(l, node);
	sm_copies_replace(&form->copies, node, form->copy);
	tree = sm_node_tree_in(node);
	if (tree)
		tree->why = why;
}

/* Directories that may become one are no part of a tree for themselves. */
static void open_dirs(struct sm_learn *l, struct sm_node *node,
		      const struct sm_scope *scope)
{
	struct sm_groups groups = sm_dir_groups(l, node, scope);

	for (size_t i = 0; i < groups.count; i++) {
		const struct sm_members *m = &groups.items[i].members;
		struct sm_node **nodes;

		if (!groups.items[i].slot.len)
			continue;
		nodes = sm_learn_take(l, m->count * sizeof(*nodes));
		for (size_t k = 0; k < m->count; k++)
			nodes[k] = m->items[k].node;
		sm_members_join(l, nodes, m->count, groups.items[i].slot);
	}
	sm_node_tidy(l, node);
}

/* A directory that most owners have: it stays where all others are a tree. */
static bool is_left(const struct sm_node *node)
{
	return node->is_dir && !node->is_slot && node->count &&
	       !sm_is_spelled(node);
}

/*
 * What is left beside a tree is decided as any other directory, for itself:
 * whether it is one does not depend on that.
 */
static void decide_left(struct sm_learn *l, struct form *form,
			const struct sm_scope *scope)
{
	for (size_t i = 0; i < form->copy->count; i++) {
		struct sm_node *kid = form->copy->kids[i];
		struct sm_choice *cut;
		struct sm_scope below;

		if (!is_left(kid))
			continue;
		below = scope_below(l, scope, kid);
		below.is_owned = false;
		cut = cut_dir(l, kid, &below);
		form->form.cost -= sm_cut_solve(cut);
		add_part(form, cut);
	}
}

static void add_tree(struct sm_learn *l, struct dir_cut *cut,
		     const struct sm_scope *scope)
{
	struct sm_copies copies = { NULL };
	struct sm_node *copy = sm_node_copy(l, cut->node, &copies);
	struct form *form;

	open_dirs(l, copy, scope);
	if (!sm_open_data_tree(l, copy, scope))
		return;
	sm_tree_absorb(l, copy); /* or its rules would be counted twice */
	form = add_form(l, &cut->cut, copy->count);
	form->apply = apply_copy;
	form->copies = copies;
	form->copy = copy;
	form->is_tree = true;
	form->form.cost = sm_tree_cost(&scope->reach, copy);
	decide_left(l, form, scope);
}

/* False: there are no documents. */
static bool add_texts(struct sm_learn *l, struct dir_cut *cut,
		      const struct sm_scope *scope)
{
	struct sm_copies copies = { NULL };
	struct sm_node *copy = sm_node_copy(l, cut->node, &copies);
	struct dir_cut *level;
	struct form *form;

	if (!sm_open_texts(l, copy))
		return false;
	level = sm_learn_take(l, sizeof(*level));
	level->node = copy;
	add_level(l, level, scope);
	form = add_form(l, &cut->cut, 1);
	form->apply = apply_copy;
	form->copies = copies;
	form->copy = copy;
	add_part(form, &level->cut);
	return true;
}

static struct sm_choice *cut_dir(struct sm_learn *l, struct sm_node *node,
				 const struct sm_scope *scope)
{
	const struct sm_place *place = &scope->place;
	struct dir_cut *cut = sm_learn_take(l, sizeof(*cut));

	cut->node = node;
	if (sm_node_is_tree(node)) {
		add_form(l, &cut->cut, 0)->form.cost =
			sm_tree_cost(&scope->reach, node);
		return &cut->cut;
	}
	add_level(l, cut, scope);
	if (place->is_closed || !node->count)
		return &cut->cut;
	if (place->is_code && !place->is_shared) {
		add_texts(l, cut, scope);
		return &cut->cut;
	}
	if (sm_may_be_data_tree(node, scope))
		add_tree(l, cut, scope);
	return &cut->cut;
}

/* From the leaves up: a form's parts are done before it. */
void sm_cut_apply(struct sm_learn *l, struct sm_choice *cut)
{
	const struct form *form = (const struct form *)cut->best;

	for (size_t i = 0; i < form->form.count; i++)
		if (form->form.parts[i] != form->files)
			sm_cut_apply(l, form->form.parts[i]);
	if (form->apply)
		form->apply(l, cut, form);
}

struct sm_choice *sm_cut_lay_out(struct sm_learn *l, struct sm_node *root)
{
	struct sm_scope scope = { .dir = SM_STR("/"),
				  .place = sm_place_of(l, SM_STR("/")),
				  .reach = { .sensitivity = 1 } };

	return cut_dir(l, root, &scope);
}
