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

static bool may_open_dir(struct sm_learn *l, struct sm_str dir,
			 const struct sm_node *node)
{
	if (node->is_slot || node->forward || sm_is_guarded_name(node->name))
		return false;
	return !dir.len || !sm_holds_code(l, sm_path_below(l, dir, node->name));
}

/* Those that may open; *others: the rest. */
static struct sm_members dirs_of(struct sm_learn *l, const struct sm_node *node,
				 const struct sm_scope *scope,
				 struct sm_members *others)
{
	size_t room = (node->count + 1) * sizeof(struct sm_member);
	struct sm_members m = { sm_learn_take(l, room), 0 };

	*others = (struct sm_members){ sm_learn_take(l, room), 0 };
	for (size_t i = 0; i < node->count; i++) {
		struct sm_member new = { .node = node->kids[i] };

		if (!new.node->is_dir)
			continue;
		if (scope->place.is_closed ||
		    !may_open_dir(l, scope->dir, new.node)) {
			others->items[others->count++] = new;
			continue;
		}
		new.skeleton = sm_skeleton(l, new.node->name, &new.typed);
		if (new.node->is_made)
			new.skeleton = sm_open_version(l, new.skeleton);
		if (sm_is_shelf(new.node)) {
			new.skeleton = SM_STR("<name>");
			new.typed = 1;
		}
		add_shape(l, new.node, &new.shape);
		add_profile(new.node, 0, &new.profile);
		m.items[m.count++] = new;
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

static void add_group(struct sm_groups *groups, struct sm_member *members,
		      size_t count, struct sm_str slot)
{
	struct sm_group *new = &groups->items[groups->count++];

	*new = (struct sm_group){ { members, count }, slot };
}

static bool may_open_typed(struct sm_learn *l, const struct sm_node *node,
			   const struct sm_place *place,
			   const struct sm_member *members, size_t count)
{
	struct sm_evidence e = sm_members_weigh(l, node, members, count);
	struct sm_str name = members[0].skeleton;

	return members[0].typed && sm_is_open(l, &e) &&
	       is_data_place(members, count) &&
	       (!place->is_shared || (sm_has_fixed_start(name) && e.is_made)) &&
	       (!(place->is_code || place->is_hidden) || e.is_made);
}

struct sm_groups sm_typed_groups(struct sm_learn *l, const struct sm_node *node,
				 const struct sm_scope *scope,
				 const struct sm_members *members)
{
	size_t n = members->count, end;
	struct sm_member *m = sm_learn_take(l, (n + 1) * sizeof(*m));
	struct sm_groups groups = {
		.items = sm_learn_take(l, (n + 1) * sizeof(*groups.items))
	};

	if (n) {
		memcpy(m, members->items, n * sizeof(*m));
		qsort(m, n, sizeof(*m), sm_by_skeleton);
	}
	for (size_t i = 0; i < n; i = end) {
		bool may;

		for (end = i + 1;
		     end < n && sm_str_equal(m[end].skeleton, m[i].skeleton);)
			end++;
		may = may_open_typed(l, node, &scope->place, &m[i], end - i);
		add_group(&groups, &m[i], end - i,
			  may ? m[i].skeleton : SM_STR(""));
	}
	return groups;
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

/*
 * The program made both and put things of the same names in them: they are two
 * of a kind, though both come back every day.
 */
static bool are_instances(const struct sm_member *members, size_t count)
{
	const struct sm_node *first = members[0].node;

	for (size_t i = 0; i < count; i++) {
		const struct sm_node *node = members[i].node;

		if (!(sm_node_access(node) & SM_ACCESS_CREATE) ||
		    !node->count || node->count != first->count)
			return false;
		for (size_t k = 0; k < node->count; k++)
			if (!sm_str_equal(node->kids[k]->name,
					  first->kids[k]->name))
				return false;
	}
	return count > 1;
}

/* Files below node that the program made under names that did not come back. */
static size_t count_passing(const struct sm_node *node)
{
	size_t n = 0;

	for (size_t i = 0; i < node->count; i++) {
		const struct sm_node *kid = node->kids[i];

		if (kid->is_dir)
			n += count_passing(kid);
		else
			n += kid->is_made &&
			     (kid->is_slot || kid->runs.count < 2);
	}
	return n;
}

/*
 * The program made them all and fills each with what does not come back: they
 * stand for customers or rooms, though the same few came every day.
 */
static bool are_owners(const struct sm_learn *l,
		       const struct sm_member *members, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct sm_node *node = members[i].node;

		if (!(sm_node_access(node) & SM_ACCESS_CREATE) ||
		    count_passing(node) < 2)
			return false;
	}
	return count > 1 && l->run_count > 1;
}

static bool may_open_free(struct sm_learn *l, const struct sm_node *node,
			  const struct sm_place *place,
			  const struct sm_member *members, size_t count)
{
	struct sm_evidence e = sm_members_weigh(l, node, members, count);

	e.is_typed = false;
	return sm_count_skeletons(members, count) > 1 &&
	       (sm_is_open(l, &e) || (l->options.level != SM_LEVEL_TIGHT &&
				      (are_instances(members, count) ||
				       are_owners(l, members, count)))) &&
	       is_data_place(members, count) &&
	       (!place->is_hidden || e.is_made);
}

static bool is_made_member(const struct sm_member *members, size_t count,
			   struct sm_str name)
{
	for (size_t i = 0; i < count; i++)
		if (sm_str_equal(members[i].node->name, name))
			return members[i].node->is_made;
	return false;
}

/* Text that is run, as templates are, lies in a directory of dir in which
 * nothing is made: what may be written there could not be run any more. */
static bool has_run_beside(const struct sm_learn *l, struct sm_str dir,
			   const struct sm_member *members, size_t count)
{
	for (size_t i = 0; dir.len && i < l->text_dirs.count; i++) {
		struct sm_str name = l->text_dirs.items[i];
		const char *slash;

		if (name.len == dir.len || !sm_path_is_under(name, dir))
			continue;
		name = sm_str_part(name, dir.len + 1, name.len);
		slash = memchr(name.p, '/', name.len);
		name.len = slash ? (uint32_t)(slash - name.p) : name.len;
		if (!is_made_member(members, count, name))
			return true;
	}
	return false;
}

static bool are_made(const struct sm_member *members, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (members[i].node->is_made)
			return true;
	return false;
}

/*
 * Clusters that may open come to the front of all; how many members that is.
 * They have one slot, so they are one group.
 */
static size_t free_members(struct sm_learn *l, const struct sm_node *node,
			   const struct sm_scope *scope, struct sm_members *all)
{
	const struct sm_place *place = &scope->place;
	struct sm_members m = {
		sm_learn_take(l, (all->count + 1) * sizeof(*m.items)), 0
	};
	struct sm_member *rest =
		sm_learn_take(l, (all->count + 1) * sizeof(*rest));
	size_t open = 0, left = 0, end;

	if (place->is_shared || place->is_code)
		return 0;
	/* Any name: that of the directory of plug-ins beside them, too. */
	if (scope->dir.len && sm_holds_code(l, scope->dir))
		return 0;
	for (size_t i = 0; i < all->count; i++)
		if (sm_has_probed(all->items[i].node))
			return 0;
	for (size_t i = 0; i < all->count; i++)
		if (sm_is_all_typed(all->items[i].skeleton, all->items[i].node))
			rest[left++] = all->items[i];
		else
			m.items[m.count++] = all->items[i];
	cluster(&m);
	for (size_t i = 0; i < m.count; i = end) {
		bool may;

		for (end = i + 1; end < m.count &&
				  m.items[end].cluster == m.items[i].cluster;)
			end++;
		may = may_open_free(l, node, place, &m.items[i], end - i);
		for (size_t k = i; k < end; k++)
			if (may)
				all->items[open++] = m.items[k];
			else
				rest[left++] = m.items[k];
	}
	if (left)
		memcpy(all->items + open, rest, left * sizeof(*rest));
	if (are_made(all->items, open) &&
	    has_run_beside(l, scope->dir, all->items, open))
		return 0;
	return open;
}

struct sm_groups sm_dir_groups(struct sm_learn *l, const struct sm_node *node,
			       const struct sm_scope *scope)
{
	struct sm_members others, dirs = dirs_of(l, node, scope, &others);
	size_t open = free_members(l, node, scope, &dirs);
	struct sm_members rest = { dirs.items + open, dirs.count - open };
	struct sm_groups groups = sm_typed_groups(l, node, scope, &rest);

	groups.others = others;
	if (open)
		add_group(&groups, dirs.items, open, SM_STR("<name>"));
	return groups;
}
