/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files of a directory: what they cost as they are and as slots, and the
 * decision about all of them.
 */
#include <stdlib.h>

#include "learner/file_forms.h"

struct sm_file_form *sm_file_form(struct sm_learn *l, struct sm_choice *cut,
				  size_t openings, size_t parts)
{
	struct sm_file_form *form = sm_learn_take(l, sizeof(*form));
	struct sm_form **at = &cut->forms;

	form->openings =
		sm_learn_take(l, (openings + 1) * sizeof(struct sm_opening));
	form->form.parts =
		sm_learn_take(l, (parts + 1) * sizeof(struct sm_choice *));
	while (*at)
		at = &(*at)->next;
	*at = &form->form;
	return form;
}

void sm_file_form_open(struct sm_file_form *form, struct sm_member *members,
		       size_t count, struct sm_str slot)
{
	form->openings[form->count++] =
		(struct sm_opening){ members, count, slot };
}

/*
 * One use had these, another had others: somebody tells the program their
 * names. Of one run, parts of its time are what tells uses apart.
 */
static bool are_varied(const struct sm_learn *l,
		       const struct sm_member *members, size_t count)
{
	struct sm_evidence e = { .is_made = true };
	uint32_t windows = members[0].node->windows;
	bool is_apart = false;

	if (l->run_count < 2) {
		for (size_t i = 1; i < count; i++)
			is_apart |= !(members[i].node->windows & windows);
		return is_apart;
	}
	for (size_t i = 0; i < count; i++)
		e.distinct += members[i].node->runs.count == 1;
	return sm_is_open(l, &e);
}

bool sm_has_told_name(const struct sm_node *node)
{
	const struct sm_str any = SM_STR("<name>");

	return node->is_slot && node->is_varied &&
	       memmem(node->name.p, node->name.len, any.p, any.len);
}

static void apply_opening(struct sm_learn *l, const struct sm_choice *cut,
			  const struct sm_opening *o)
{
	struct sm_node **nodes =
		sm_learn_take(l, (o->count + 1) * sizeof(*nodes));
	bool is_varied = are_varied(l, o->members, o->count);
	bool is_given = true, is_named = true;
	struct sm_node *slot;

	sm_members_note(l, o->members, o->count);
	for (size_t i = 0; i < o->count; i++) {
		nodes[i] = o->members[i].node;
		is_given &= nodes[i]->is_given;
		is_named &= nodes[i]->is_named;
	}
	slot = sm_members_join(l, nodes, o->count, o->slot);
	slot->why = sm_cut_why(l, cut, o->count, "names");
	slot->is_varied = is_varied;
	slot->is_given = is_given;
	slot->is_named = is_named;
}

void sm_apply_files(struct sm_learn *l, const struct sm_choice *cut)
{
	const struct sm_file_form *form =
		(const struct sm_file_form *)cut->best;

	for (size_t i = 0; i < form->count; i++)
		apply_opening(l, cut, &form->openings[i]);
	for (size_t i = 0; i < form->form.count; i++)
		sm_apply_files(l, form->form.parts[i]);
}

static uint32_t access_of(const struct sm_member *members, size_t count)
{
	uint32_t access = 0;

	for (size_t i = 0; i < count; i++)
		access |= sm_node_access(members[i].node);
	return access;
}

double sm_literal_cost(const struct sm_reach *reach, const struct sm_node *node)
{
	uint32_t access = sm_node_access(node);
	struct sm_reach below = sm_reach_below(reach, node);

	return access ? sm_rule_cost(&below, access) : 0;
}

double sm_opening_cost(const struct sm_reach *reach, const struct sm_opening *o)
{
	struct sm_reach below = sm_reach_slot(reach, o->slot);
	uint32_t access = access_of(o->members, o->count);

	return access ? sm_rule_cost(&below, access) : 0;
}

/* ---------------------------------------------------------------- novelty */

/* What several owners have. */
static bool is_common(const struct sm_node *parent, const struct sm_node *node)
{
	return parent->sources > 1 && node->sources > 1 &&
	       !sm_is_guarded_name(node->name);
}

/* Adds where and when node was seen to a kind as a whole. */
static void add_sightings(struct sm_node *all, const struct sm_node *node)
{
	sm_sketch_merge(&all->runs, &node->runs);
	sm_sketch_merge(&all->processes, &node->processes);
	all->windows |= node->windows;
	if (node->sources > all->sources)
		all->sources = node->sources;
}

/*
 * Another extension, or another depth: the first directory, or the first file
 * beside directories. Either is one half of what may be new beside names.
 */
double sm_new_kind(const struct sm_node *node, const struct sm_kind *kinds,
		   size_t count, bool is_filled)
{
	struct sm_novelty extensions = { .is_closed = false };
	struct sm_novelty depth = { .is_closed = false };
	struct sm_node all = { .sources = 0 }, one;
	bool is_tree = false;

	for (size_t i = 0; i < node->count; i++) {
		is_tree |= sm_node_is_tree(node->kids[i]);
		if (node->kids[i]->is_dir || node->kids[i]->is_slot ||
		    is_common(node, node->kids[i]))
			add_sightings(&all, node->kids[i]);
	}
	if (all.runs.count)
		sm_novelty_add(&extensions, &all, true);
	for (size_t i = 0; i < count; i++) {
		one = (struct sm_node){ .sources = 0 };
		for (size_t k = 0; k < kinds[i].count; k++)
			add_sightings(&one, kinds[i].members[k].node);
		add_sightings(&all, &one);
		sm_novelty_add(&extensions, &one, true);
	}
	sm_novelty_add(&depth, &all, true);
	return (is_filled ? 0 : sm_novelty_unseen(&extensions, node->sources)) /
		       2 +
	       (is_tree ? 0 : sm_novelty_unseen(&depth, node->sources)) / 2;
}

/* ------------------------------------------------------------ a directory */

static bool may_open_file(struct sm_learn *l, const struct sm_node *parent,
			  struct sm_str dir, const struct sm_member *m)
{
	const struct sm_node *node = m->node;

	if (node->is_slot || node->forward || node->is_dir || node->is_probed ||
	    sm_is_guarded_name(node->name) || sm_is_structure(parent, m))
		return false;
	return !dir.len ||
	       !sm_list_has(&l->code_files, sm_path_below(l, dir, node->name));
}

static struct sm_members files_of(struct sm_learn *l,
				  const struct sm_node *node, struct sm_str dir)
{
	struct sm_members m = {
		sm_learn_take(l, (node->count + 1) * sizeof(*m.items)), 0
	};

	for (size_t i = 0; i < node->count; i++) {
		struct sm_member *new = &m.items[m.count];

		memset(new, 0, sizeof(*new));
		new->node = node->kids[i];
		new->extension = sm_extension(new->node->name);
		new->skeleton = sm_skeleton(l, new->node->name, &new->typed);
		m.count += may_open_file(l, node, dir, new);
	}
	if (m.count)
		qsort(m.items, m.count, sizeof(*m.items), sm_by_skeleton);
	return m;
}

/* Files that are part of slots already, those at any depth included. */
static size_t count_taken(const struct sm_node *node)
{
	size_t n = 0;

	for (size_t i = 0; i < node->count; i++) {
		const struct sm_node *kid = node->kids[i];

		if (kid->is_slot)
			n += kid->is_dir ? count_taken(kid) : kid->sources;
	}
	return n;
}

/* Names that were made there have blanks. */
static bool has_blanks(const struct sm_members *m)
{
	for (size_t i = 0; i < m->count; i++) {
		const struct sm_node *node = m->items[i].node;

		if (node->is_made && sm_str_has(node->name, ' '))
			return true;
	}
	return false;
}

/* The extensions in node: kinds and their decisions, by extension. */
static size_t find_kinds(struct sm_learn *l, const struct sm_node *node,
			 const struct sm_scope *scope,
			 const struct sm_members *m, struct sm_kind *kinds)
{
	size_t count = 0, taken = count_taken(node), end;
	bool blanks = has_blanks(m);

	for (size_t i = 0; i < m->count; i = end) {
		struct sm_kind *k = &kinds[count++];

		for (end = i + 1;
		     end < m->count && sm_str_equal(m->items[end].extension,
						    m->items[i].extension);)
			end++;
		*k = (struct sm_kind){ .node = node, .scope = scope };
		k->members = &m->items[i];
		k->count = end - i;
		k->all = m->count + taken;
		k->has_blanks = blanks;
		sm_cut_extension(l, k);
	}
	return count;
}

/* Files that have to stay. */
static double others_cost(const struct sm_node *node,
			  const struct sm_scope *scope,
			  const struct sm_members *m)
{
	double cost = 0;

	for (size_t i = 0; i < node->count; i++)
		if (!node->kids[i]->is_dir)
			cost += sm_literal_cost(&scope->reach, node->kids[i]);
	for (size_t i = 0; i < m->count; i++)
		cost -= sm_literal_cost(&scope->reach, m->items[i].node);
	return cost;
}

struct sm_choice *sm_cut_files(struct sm_learn *l, const struct sm_node *node,
			       const struct sm_scope *scope)
{
	struct sm_members m = files_of(l, node, scope->dir);
	struct sm_kind *kinds =
		sm_learn_take(l, (m.count + 1) * sizeof(*kinds));
	size_t count = find_kinds(l, node, scope, &m, kinds);
	struct sm_choice *cut = sm_learn_take(l, sizeof(*cut));
	struct sm_file_form *each;
	const struct sm_place *place = &scope->place;

	each = sm_file_form(l, cut, 0, count);
	for (size_t i = 0; i < count; i++)
		each->form.parts[each->form.count++] = kinds[i].cut;
	each->form.cost = others_cost(node, scope, &m);
	if (!place->is_code && !place->is_shared && !place->is_hidden)
		sm_cut_filling(l, cut, node, kinds, count, scope,
			       each->form.cost);
	each->form.cost +=
		sm_block_cost(l, sm_new_kind(node, kinds, count, false));
	return cut;
}
