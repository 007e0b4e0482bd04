/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names that directories of a project have in common. A build tool or a linter
 * looks for one file of its own in each directory there is: what the file is
 * called belongs to the program, where it lies to whoever adds the next
 * directory. So PROJECT/BUILD, PROJECT/src/BUILD and PROJECT/tests/BUILD are
 * read at any depth.
 *
 * Packages that read the application's source as data, in several directories,
 * are made to: linters, and generators of documentation. They read all of it.
 */
#include <stdlib.h>

#include "learner/open.h"

/* Directories that have the file; one that holds the others counts twice. */
#define DIRS_MIN 3

struct found {
	struct sm_node **items;
	size_t count, room;
};

/* Source that packages read, and nobody else. */
static bool is_source(const struct sm_node *node)
{
	if (!sm_str_equal(sm_extension(node->name), SM_STR(".py")))
		return false;
	for (const struct sm_grant *g = node->grants; g; g = g->next)
		if (!sm_is_package(g->by))
			return false;
	return true;
}

/* Only read, and neither code nor what nobody is to come across. */
static bool may_spread(const struct sm_learn *l, const struct sm_node *node,
		       struct sm_str path)
{
	const uint32_t looks = SM_ACCESS_READ | SM_ACCESS_META;

	if (node->is_dir || node->is_slot || node->is_made || !node->grants ||
	    sm_node_access(node) & ~looks ||
	    !(sm_node_access(node) & SM_ACCESS_READ) ||
	    sm_is_guarded_name(node->name))
		return false;
	return is_source(node) ||
	       (!sm_is_code_suffix(sm_extension(node->name)) &&
		!sm_list_has(&l->code_files, path));
}

/* What is one of a kind: files of one name, and source. */
static struct sm_str kind_of(const struct sm_node *node)
{
	return is_source(node) ? SM_STR("*.py") : node->name;
}

static void add(struct sm_learn *l, struct found *f, struct sm_node *node)
{
	f->items = sm_learn_grow(l, f->items, f->count, &f->room,
				 sizeof(struct sm_node *));
	f->items[f->count++] = node;
}

static int by_kind(const void *a, const void *b)
{
	const struct sm_node *x = *(struct sm_node *const *)a;
	const struct sm_node *y = *(struct sm_node *const *)b;

	return sm_str_compare(kind_of(x), kind_of(y));
}

static bool may_hold(const struct sm_learn *l, struct sm_str dir)
{
	struct sm_place place = sm_place_of(l, dir);

	return !place.is_closed && !place.is_shared && !place.is_hidden &&
	       (place.is_app || !sm_is_base(l, dir));
}

static bool lie_apart(struct sm_node *const *nodes, size_t count)
{
	for (size_t i = 1; i < count; i++)
		if (nodes[i]->parent != nodes[0]->parent)
			return true;
	return false;
}

/* In so many directories, or in node and one below it; what spread below node
 * already says that there are several. */
static bool is_spread(const struct sm_node *node, struct sm_node *const *same,
		      size_t count)
{
	size_t dirs = count;

	if (is_source(same[0]))
		return count >= DIRS_MIN && lie_apart(same, count);
	for (size_t i = 0; i < count; i++)
		dirs += same[i]->is_slot || same[i]->parent == node;
	return count > 1 && dirs >= DIRS_MIN;
}

/* NODE/<tree>/NAME, or any name of source; what it stands for goes. */
static struct sm_node *spread(struct sm_learn *l, struct sm_node *node,
			      struct sm_node *const *same, size_t count)
{
	struct sm_node *any = sm_node_slot_in(l, node, SM_STR("**"));
	struct sm_str name = is_source(same[0]) ? SM_STR("<name>.py")
						: sm_escape(l, same[0]->name);
	struct sm_node *slot = sm_node_new_slot(l, any, name, false);

	slot->why = any->why = SM_STR("read in each directory that has it");
	for (size_t i = 0; i < count; i++)
		sm_node_take(l, slot, same[i]);
	return slot;
}

static struct found spread_below(struct sm_learn *l, struct sm_node *node,
				 struct sm_str dir);

static struct found find_below(struct sm_learn *l, struct sm_node *node,
			       struct sm_str dir)
{
	struct found all = { NULL, 0, 0 };

	for (size_t i = 0; i < node->count; i++) {
		struct sm_node *kid = node->kids[i];
		struct sm_str path = sm_path_below(l, dir, kid->name);
		struct found below = { NULL, 0, 0 };

		if (may_spread(l, kid, path))
			add(l, &all, kid);
		else if (kid->count && !kid->is_slot)
			below = spread_below(l, kid, path);
		for (size_t k = 0; k < below.count; k++)
			add(l, &all, below.items[k]);
	}
	return all;
}

/* What is read below node and stays as it is. */
static struct found spread_below(struct sm_learn *l, struct sm_node *node,
				 struct sm_str dir)
{
	struct found all = find_below(l, node, dir);
	struct found left = { NULL, 0, 0 };
	bool may = may_hold(l, dir);
	size_t end;

	if (all.count)
		qsort(all.items, all.count, sizeof(*all.items), by_kind);
	for (size_t i = 0; i < all.count; i = end) {
		for (end = i + 1; end < all.count &&
				  !by_kind(&all.items[i], &all.items[end]);)
			end++;
		if (may && is_spread(node, all.items + i, end - i)) {
			add(l, &left, spread(l, node, all.items + i, end - i));
			continue;
		}
		for (size_t k = i; k < end; k++)
			add(l, &left, all.items[k]);
	}
	sm_node_tidy(l, node);
	return left;
}

void sm_tree_spread(struct sm_learn *l, struct sm_node *root)
{
	if (l->options.level != SM_LEVEL_TIGHT)
		spread_below(l, root, SM_STR("/"));
}
