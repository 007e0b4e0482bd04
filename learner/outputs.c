/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Outputs that lie where their inputs do: answers/anna/choir.txt is made of
 * inbox/anna/choir.txt. Where inputs may lie at any depth, and be of any kind,
 * so may what is made of them.
 */
#include "learner/open.h"
#include "learner/path_entries.h"

/* Directories that may be the inputs'; more have the first file by chance. */
#define INPUTS_MAX 8

/* Made under a name that is not made up. */
static bool is_output(const struct sm_path_entry *e)
{
	const struct sm_node *node = sm_node_resolve(e->node);

	return e->access & SM_ACCESS_CREATE && !node->is_dir &&
	       !sm_is_spelled(node) && !node->is_drawn;
}

/* Read and not made; there may be others of its path. */
static bool is_input(const struct sm_path_entry *e)
{
	return e->access & SM_ACCESS_READ && !(e->access & SM_ACCESS_CREATE);
}

/* What stands for an input of that path; NULL: there is none. */
static const struct sm_node *find_input(const struct sm_paths *p,
					struct sm_str path)
{
	size_t count;
	const struct sm_path_entry *e = sm_path_entries_below(p, path, &count);

	for (size_t i = 0; i < count && sm_str_equal(e[i].path, path); i++)
		if (is_input(&e[i]))
			return sm_node_resolve(e[i].node);
	return NULL;
}

/* It may lie at any depth. */
static bool is_deep(const struct sm_node *node)
{
	return node->parent && sm_node_is_tree(node->parent);
}

/* Where it lies below dir; empty: right in it, or it is dir. */
static struct sm_str place_in(const struct sm_path_entry *e, struct sm_str dir)
{
	struct sm_str rest = { "", 0 };

	if (e->path.len == dir.len)
		return rest;
	rest = sm_str_part(e->path, dir.len + 1, e->path.len);
	return sm_str_has(rest, '/') ? rest : SM_STR("");
}

static bool ends_with(struct sm_str path, struct sm_str end)
{
	return path.len > end.len + 1 && sm_str_ends(path, end) &&
	       path.p[path.len - end.len - 1] == '/';
}

/* Each output in dir has an input of its name and place in `in`, which may lie
 * at any depth; how many. */
static size_t count_made_of(struct sm_learn *l, struct sm_str dir,
			    struct sm_str in)
{
	size_t count, n = 0;
	const struct sm_path_entry *made =
		sm_path_entries_below(l->paths, dir, &count);

	for (size_t i = 0; i < count; i++) {
		struct sm_str at = place_in(&made[i], dir);
		const struct sm_node *input;

		if (!at.len || !is_output(&made[i]))
			continue;
		input = find_input(l->paths, sm_path_below(l, in, at));
		if (!input || !is_deep(input))
			return 0;
		n += !i || !sm_str_equal(made[i - 1].path, made[i].path);
	}
	return n;
}

/* An input of the outputs in dir, which all have one; NULL: they have none. */
static const struct sm_node *find_inputs(struct sm_learn *l, struct sm_str dir)
{
	const struct sm_paths *p = l->paths;
	struct sm_str first = { "", 0 };
	unsigned tries = 0;
	size_t count;
	const struct sm_path_entry *made =
		sm_path_entries_below(p, dir, &count);

	for (size_t i = 0; i < count && !first.len; i++)
		if (is_output(&made[i]))
			first = place_in(&made[i], dir);
	for (size_t i = 0; first.len && i < p->count && tries < INPUTS_MAX;
	     i++) {
		struct sm_str in = p->entries[i].path;
		struct sm_evidence e = { .some_recur = true };

		if (!is_input(&p->entries[i]) || !ends_with(in, first) ||
		    sm_path_is_under(in, dir))
			continue;
		tries++;
		in.len -= first.len + 1;
		e.distinct = count_made_of(l, dir, in);
		if (sm_is_open(l, &e))
			return sm_node_resolve(p->entries[i].node);
	}
	return NULL;
}

/* It made directories of any name there, and files in them. */
static bool may_be_outputs(const struct sm_learn *l, const struct sm_node *node,
			   struct sm_str dir)
{
	const struct sm_node *dirs = sm_node_slot(node, SM_STR("<name>"), true);
	struct sm_place place;

	if (!dirs || !dirs->is_made || sm_node_tree_in(node))
		return false;
	place = sm_place_of(l, dir);
	return sm_may_open_whole(l, dir, &place);
}

static void open_below(struct sm_learn *l, struct sm_node *node,
		       struct sm_str dir)
{
	const struct sm_node *inputs = NULL;

	if (may_be_outputs(l, node, dir))
		inputs = find_inputs(l, dir);
	if (inputs) {
		sm_open_tree(l, node, true,
			     sm_str_equal(inputs->name, SM_STR("<name>")),
			     SM_STR("lies where what it is made of does"));
		if (inputs->is_text)
			sm_open_written(l, node);
		return;
	}
	for (size_t i = 0; i < node->count; i++) {
		struct sm_node *kid = node->kids[i];

		if (!kid->is_slot)
			open_below(l, kid, sm_path_below(l, dir, kid->name));
	}
}

void sm_tree_outputs(struct sm_learn *l, struct sm_node *root)
{
	if (l->options.level != SM_LEVEL_TIGHT)
		open_below(l, root, SM_STR("/"));
}
