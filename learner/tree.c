/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tree of recorded paths: nodes that become one, and the order they stand
 * in.
 */
#include <stdlib.h>

#include "learner/tree.h"

bool sm_node_is_tree(const struct sm_node *node)
{
	return node->is_slot && sm_str_equal(node->name, SM_STR("**"));
}

bool sm_node_has_dirs(const struct sm_node *node)
{
	for (size_t i = 0; i < node->count; i++)
		if (node->kids[i]->is_dir && !node->kids[i]->is_slot)
			return true;
	return false;
}

uint32_t sm_node_access(const struct sm_node *node)
{
	uint32_t access = 0;

	for (const struct sm_grant *g = node->grants; g; g = g->next)
		access |= g->access;
	return access;
}

uint32_t sm_node_access_by(const struct sm_node *node, struct sm_str by)
{
	for (const struct sm_grant *g = node->grants; g; g = g->next)
		if (sm_str_equal(g->by, by))
			return g->access;
	return 0;
}

struct sm_node *sm_node_resolve(struct sm_node *node)
{
	while (node->forward)
		node = node->forward;
	return node;
}

int sm_node_compare(const struct sm_node *a, const struct sm_node *b)
{
	if (a->is_slot != b->is_slot)
		return a->is_slot ? -1 : 1;
	return sm_str_compare(a->name, b->name);
}

static int by_name(const void *a, const void *b)
{
	return sm_node_compare(*(struct sm_node *const *)a,
			       *(struct sm_node *const *)b);
}

struct sm_node *sm_node_kid(const struct sm_node *node, struct sm_str name)
{
	struct sm_node wanted = { .name = name };
	struct sm_node *key = &wanted, **found;

	if (!node->count)
		return NULL;
	found = bsearch(&key, node->kids, node->count, sizeof(struct sm_node *),
			by_name);
	return found ? *found : NULL;
}

bool sm_is_package(struct sm_str by)
{
	static const char *const others[] = { "app", "python", "main",
					      "foreign" };

	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		if (sm_str_equal(by, sm_str_of(others[i])))
			return false;
	return !sm_str_starts(by, SM_STR("dynamic"));
}

struct sm_grant *sm_node_grant(struct sm_learn *l, struct sm_node *node,
			       struct sm_str by, uint32_t access)
{
	struct sm_grant **at = &node->grants, *new;

	while (*at && sm_str_compare((*at)->by, by) < 0)
		at = &(*at)->next;
	if (*at && sm_str_equal((*at)->by, by)) {
		(*at)->access |= access;
		return *at;
	}
	new = sm_learn_take(l, sizeof(*new));
	*new = (struct sm_grant){ .by = by, .access = access, .next = *at };
	*at = new;
	return new;
}

/* Everything of from but its kids. */
void sm_node_take(struct sm_learn *l, struct sm_node *into,
		  struct sm_node *from)
{
	from->forward = into;
	for (struct sm_grant *g = from->grants; g; g = g->next)
		sm_node_grant(l, into, g->by, g->access)->seen += g->seen;
	sm_sketch_merge(&into->runs, &from->runs);
	sm_sketch_merge(&into->processes, &from->processes);
	if (!into->why.len)
		into->why = from->why;
	into->windows |= from->windows;
	if (!into->time.last_ns)
		into->time = from->time;
	else if (from->time.last_ns)
		sm_span_merge(&into->time, &from->time);
	into->sources += from->sources;
	into->is_both |= from->is_both ||
			 (into->is_slot && into->is_dir != from->is_dir);
	into->is_dir |= from->is_dir;
	into->is_made |= from->is_made;
	into->is_created |= from->is_created;
	into->is_link |= from->is_link;
	into->is_made_dir |= from->is_made_dir;
	into->is_varied |= from->is_varied;
	into->is_probed |= from->is_probed;
	into->holds_undata |= from->holds_undata;
	into->is_own_dir &= from->is_own_dir;
	into->is_text |= from->is_text;
	if (!into->source)
		into->source = from->source;
	if (!into->draft)
		into->draft = from->draft;
}

/*
 * Makes nodes[0] stand for all of them. The kids are gathered first and joined
 * once: merging pair by pair would copy them again and again.
 */
void sm_nodes_join(struct sm_learn *l, struct sm_node *const *nodes,
		   size_t count)
{
	struct sm_node *into = nodes[0], **kids;
	size_t n = 0, total = 0;

	for (size_t i = 0; i < count; i++)
		total += nodes[i]->count;
	kids = sm_learn_take(l, (total + 1) * sizeof(*kids));
	for (size_t i = 0; i < count; i++) {
		for (size_t k = 0; k < nodes[i]->count; k++) {
			kids[n] = nodes[i]->kids[k];
			kids[n++]->parent = into;
		}
		if (i)
			sm_node_take(l, into, nodes[i]);
	}
	into->kids = kids;
	into->count = into->room = n;
	if (count > 1 && n)
		sm_node_tidy(l, into);
}

/* ------------------------------------------------------------------- copies */

struct sm_copied {
	struct sm_node *from, *to;
	struct sm_copied *next;
};

static struct sm_grant *copy_grants(struct sm_learn *l,
				    const struct sm_grant *from)
{
	struct sm_grant *first = NULL, **at = &first;

	for (; from; from = from->next) {
		*at = sm_learn_take(l, sizeof(**at));
		**at = (struct sm_grant){ .by = from->by,
					  .access = from->access,
					  .seen = from->seen };
		at = &(*at)->next;
	}
	return first;
}

struct sm_node *sm_node_copy(struct sm_learn *l, struct sm_node *node,
			     struct sm_copies *copies)
{
	struct sm_node *copy = sm_learn_take(l, sizeof(*copy));
	struct sm_copied *pair = sm_learn_take(l, sizeof(*pair));

	l->tried++;
	*copy = *node;
	*pair = (struct sm_copied){ node, copy, copies->last };
	copies->last = pair;
	copy->grants = copy_grants(l, node->grants);
	copy->kids = sm_learn_take(l, (node->count + 1) * sizeof(*copy->kids));
	copy->room = node->count;
	for (size_t i = 0; i < node->count; i++) {
		copy->kids[i] = sm_node_copy(l, node->kids[i], copies);
		copy->kids[i]->parent = copy;
	}
	return copy;
}

void sm_copies_adopt(const struct sm_copies *copies)
{
	for (struct sm_copied *pair = copies->last; pair; pair = pair->next)
		pair->from->forward = pair->to;
}

void sm_copies_replace(const struct sm_copies *copies, struct sm_node *node,
		       struct sm_node *copy)
{
	struct sm_node *parent = node->parent;

	sm_copies_adopt(copies);
	*node = *copy;
	node->parent = parent;
	copy->forward = node;
	for (size_t i = 0; i < node->count; i++)
		node->kids[i]->parent = node;
}

/* Drops what was merged away, puts the rest in order, joins equal slots. */
void sm_node_tidy(struct sm_learn *l, struct sm_node *node)
{
	size_t n = 0, end;

	for (size_t i = 0; i < node->count; i++)
		if (!node->kids[i]->forward)
			node->kids[n++] = node->kids[i];
	node->count = n;
	if (n)
		qsort(node->kids, n, sizeof(struct sm_node *), by_name);
	n = 0;
	for (size_t i = 0; i < node->count; i = end) {
		for (end = i + 1;
		     end < node->count &&
		     !sm_node_compare(node->kids[i], node->kids[end]);)
			end++;
		if (end > i + 1)
			sm_nodes_join(l, &node->kids[i], end - i);
		node->kids[n++] = node->kids[i];
	}
	node->count = n;
}

struct sm_str sm_path_below(struct sm_learn *l, struct sm_str dir,
			    struct sm_str name)
{
	struct sm_str text = dir;

	if (dir.len != 1)
		text = sm_learn_join(l, dir, SM_STR("/"));
	return sm_learn_join(l, text, name);
}

struct sm_str sm_kid_path(struct sm_learn *l, struct sm_str dir,
			  const struct sm_node *kid)
{
	return dir.len && !kid->is_slot ? sm_path_below(l, dir, kid->name)
					: SM_STR("");
}

struct sm_node *sm_node_new_slot(struct sm_learn *l, struct sm_node *parent,
				 struct sm_str name, bool is_dir)
{
	struct sm_node **kids =
		sm_learn_take(l, (parent->count + 1) * sizeof(*kids));
	struct sm_node *node = sm_learn_take(l, sizeof(*node));

	if (parent->count)
		memcpy(kids, parent->kids, parent->count * sizeof(*kids));
	*node = (struct sm_node){ .name = name, .is_slot = true };
	node->parent = parent;
	node->is_dir = is_dir;
	kids[parent->count++] = node;
	parent->room = parent->count;
	parent->kids = kids;
	return node;
}

struct sm_node *sm_node_slot(const struct sm_node *node, struct sm_str name,
			     bool is_dir)
{
	for (size_t i = 0; node && i < node->count && node->kids[i]->is_slot;
	     i++)
		if (node->kids[i]->is_dir == is_dir &&
		    sm_str_equal(node->kids[i]->name, name))
			return node->kids[i];
	return NULL;
}

struct sm_node *sm_node_any_slot(const struct sm_node *node)
{
	struct sm_node *dirs = sm_node_slot(node, SM_STR("<name>"), true);

	return dirs ? dirs : sm_node_slot(node, SM_STR("<name>"), false);
}

struct sm_node *sm_node_tree_in(const struct sm_node *node)
{
	return sm_node_slot(node, SM_STR("**"), true);
}

struct sm_node *sm_node_slot_in(struct sm_learn *l, struct sm_node *node,
				struct sm_str name)
{
	for (size_t i = 0; i < node->count; i++)
		if (node->kids[i]->is_slot &&
		    sm_str_equal(node->kids[i]->name, name))
			return node->kids[i];
	return sm_node_new_slot(l, node, name, true);
}
