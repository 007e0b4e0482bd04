/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sibling directories of one shape become one and share their subtree.
 */
#include <stdlib.h>

#include "learner/open.h"

static uint64_t hash_grant(uint64_t seed, const struct sm_grant *g)
{
	seed = sm_hash_str(seed, g->by);
	return sm_hash(seed, &g->access, sizeof(g->access));
}

/* Which kinds of files are below, and who uses them; at any depth. */
static void add_shape(struct sm_learn *l, const struct sm_node *node,
		      struct sm_sketch *shape)
{
	struct sm_str extension = sm_extension(node->name), text;
	unsigned typed;
	uint64_t kind;

	for (size_t i = 0; i < node->count; i++)
		add_shape(l, node->kids[i], shape);
	if (node->is_dir)
		return;
	text = sm_skeleton(l, node->name, &typed);
	if (!node->is_slot && !sm_is_all_typed(text, node))
		text = extension;
	kind = sm_hash_str(SM_HASH_SEED, text);
	for (const struct sm_grant *g = node->grants; g; g = g->next)
		sm_sketch_add(shape, extension.len ? sm_hash_str(kind, g->by)
						   : hash_grant(kind, g));
}

/* Who does what on which level, whatever it is called. */
static void add_profile(const struct sm_node *node, uint64_t depth,
			struct sm_sketch *profile)
{
	uint64_t level = sm_hash(SM_HASH_SEED, &depth, sizeof(depth));

	for (size_t i = 0; i < node->count; i++)
		add_profile(node->kids[i], depth + 1, profile);
	for (const struct sm_grant *g = node->grants; g; g = g->next)
		sm_sketch_add(profile, hash_grant(level + node->is_dir, g));
}

static bool shapes_meet(const struct sm_sketch *a, const struct sm_sketch *b)
{
	if (!a->count || !b->count)
		return true;
	for (uint32_t i = 0; i < a->count; i++)
		for (uint32_t k = 0; k < b->count; k++)
			if (a->hash[i] == b->hash[k])
				return true;
	return false;
}

bool sm_holds_code(const struct sm_learn *l, struct sm_str dir)
{
	for (size_t i = 0; i < l->code_dirs.count; i++)
		if (sm_path_is_under(l->code_dirs.items[i], dir))
			return true;
	return false;
}

static bool may_open_dir(struct sm_learn *l, struct sm_str dir,
			 const struct sm_member *m)
{
	const struct sm_node *node = m->node;

	if (node->is_slot || node->forward || sm_is_guarded_name(node->name))
		return false;
	return !dir.len || !sm_holds_code(l, sm_path_below(l, dir, node->name));
}

static struct sm_members dirs_of(struct sm_learn *l, struct sm_node *node,
				 struct sm_str dir)
{
	struct sm_members m = {
		sm_learn_take(l, (node->count + 1) * sizeof(*m.items)), 0
	};

	for (size_t i = 0; i < node->count; i++) {
		struct sm_member *new = &m.items[m.count];

		memset(new, 0, sizeof(*new));
		new->node = node->kids[i];
		if (!new->node->is_dir)
			continue;
		new->skeleton = sm_skeleton(l, new->node->name, &new->typed);
		if (!may_open_dir(l, dir, new))
			continue;
		add_shape(l, new->node, &new->shape);
		add_profile(new->node, 0, &new->profile);
		m.count++;
	}
	return m;
}

static int by_cluster(const void *a, const void *b)
{
	const struct sm_member *x = a, *y = b;

	if (x->cluster != y->cluster)
		return x->cluster < y->cluster ? -1 : 1;
	return sm_by_skeleton(a, b);
}

/*
 * Directories of one kind hold the same kinds of files; or the program makes
 * them and does the same in them, with files of any kind.
 */
static bool are_alike(const struct sm_member *a, const struct sm_member *b)
{
	if (shapes_meet(&a->shape, &b->shape))
		return true;
	return a->node->is_made && b->node->is_made && a->profile.count &&
	       sm_sketch_equal(&a->profile, &b->profile);
}

/*
 * All members hold only data, or the program makes things in some of them, or
 * it lists them and takes what is there.
 */
static bool is_data_place(const struct sm_member *members, size_t count)
{
	bool is_made = false, is_data = true;

	for (size_t i = 0; i < count; i++) {
		is_made |= members[i].node->is_made ||
			   sm_node_is_listed(members[i].node);
		is_data &= !members[i].node->holds_undata;
	}
	return is_made || is_data;
}

/* Numbers and dates alone, and what is left with some in it. */
static void open_typed_dirs(struct sm_learn *l, struct sm_node *node,
			    struct sm_members *m, const struct sm_place *place)
{
	size_t end, left = 0;

	for (size_t i = 0; i < m->count; i++)
		if (!m->items[i].node->forward && !m->items[i].node->is_slot)
			m->items[left++] = m->items[i];
	m->count = left;
	if (m->count)
		qsort(m->items, m->count, sizeof(*m->items), sm_by_skeleton);
	for (size_t i = 0; i < m->count; i = end) {
		struct sm_member *first = &m->items[i];
		struct sm_evidence e;

		for (end = i + 1;
		     end < m->count &&
		     sm_str_equal(m->items[end].skeleton, first->skeleton);)
			end++;
		e = sm_members_weigh(l, node, first, end - i);
		if (!first->typed || !sm_is_open(l, &e) ||
		    !is_data_place(first, end - i) ||
		    (place->is_shared &&
		     (!sm_has_fixed_start(first->skeleton) || !e.is_made)) ||
		    ((place->is_code || place->is_hidden) && !e.is_made))
			continue;
		sm_members_open(l, first, end - i, first->skeleton);
	}
}

/* Numbers the members by shape, in the order of their names. */
static void cluster(struct sm_members *m)
{
	unsigned clusters = 0;

	for (size_t i = 0; i < m->count; i++) {
		struct sm_member *member = &m->items[i];

		member->cluster = clusters;
		for (size_t k = 0; k < i; k++) {
			if (!are_alike(&m->items[k], member))
				continue;
			member->cluster = m->items[k].cluster;
			sm_sketch_merge(&m->items[k].shape, &member->shape);
			break;
		}
		clusters += member->cluster == clusters;
	}
	if (m->count)
		qsort(m->items, m->count, sizeof(*m->items), by_cluster);
}

static void open_free_dirs(struct sm_learn *l, struct sm_node *node,
			   struct sm_str dir, const struct sm_members *all,
			   const struct sm_place *place)
{
	struct sm_members m = {
		sm_learn_take(l, (all->count + 1) * sizeof(*m.items)), 0
	};
	size_t end;

	if (place->is_shared || place->is_code)
		return;
	/* Any name: that of the directory of plug-ins beside them, too. */
	if (dir.len && sm_holds_code(l, dir))
		return;
	for (size_t i = 0; i < all->count; i++)
		if (!sm_is_all_typed(all->items[i].skeleton,
				     all->items[i].node))
			m.items[m.count++] = all->items[i];
	cluster(&m);
	for (size_t i = 0; i < m.count; i = end) {
		struct sm_member *first = &m.items[i];
		struct sm_evidence e;

		for (end = i + 1;
		     end < m.count && m.items[end].cluster == first->cluster;)
			end++;
		e = sm_members_weigh(l, node, first, end - i);
		e.distinct = sm_count_skeletons(first, end - i);
		e.is_typed = false;
		if (e.distinct < 2 || !sm_is_open(l, &e) ||
		    !is_data_place(first, end - i) ||
		    (place->is_hidden && !e.is_made))
			continue;
		sm_members_open(l, first, end - i, SM_STR("<name>"));
	}
}

void sm_open_dirs(struct sm_learn *l, struct sm_node *node, struct sm_str dir,
		  const struct sm_place *place)
{
	struct sm_members dirs = dirs_of(l, node, dir);

	open_free_dirs(l, node, dir, &dirs, place);
	open_typed_dirs(l, node, &dirs, place);
	sm_node_tidy(l, node);
}
