/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Paths in command lines that lie in a tree the program fills with what it
 * likes. One that keeps a name of its own in the rules for files does so for
 * what is hidden below it; of what a child is told it is one of the tree's as
 * those beside it, and so is one that only children use.
 */
#include "learner/argv.h"
#include "learner/open.h"
#include "schema/places.h"

/* NODE/ ** /<name>, which is made there; or NULL. */
static const struct sm_node *tree_in(const struct sm_node *node)
{
	const struct sm_node *any = sm_node_any_slot(sm_node_tree_in(node));

	return any && sm_node_access(any) & SM_ACCESS_CREATE ? any : NULL;
}

/* No slot opens it. */
static bool is_closed(struct sm_str name)
{
	return !name.len || name.p[0] == '.' || name.p[0] == '\\' ||
	       sm_is_guarded_name(name);
}

/* The node of the path or of what it lies below; NULL: below a closed one. */
static const struct sm_node *nearest(const struct sm_learn *l,
				     struct sm_str path)
{
	const struct sm_node *node = sm_paths_find(l, path);

	while (!node && path.len > 1 && !is_closed(sm_path_name(path))) {
		path.len -= sm_path_name(path).len + 1;
		node = sm_paths_find(l, path);
	}
	return node;
}

/* The nearest tree beside a directory that leads to the path, if rules grant
 * there what was done with that; NULL: it has a slot, or there is none. */
static const struct sm_node *tree_of(const struct sm_learn *l,
				     struct sm_str path)
{
	const struct sm_node *same = sm_paths_find(l, path);
	const struct sm_node *at = nearest(l, path), *tree = NULL,
			     *below = NULL;

	if (same && same->is_slot)
		return NULL;
	if (same) {
		below = at;
		at = at->parent;
	}
	for (; at && !tree; below = at, at = at->parent) {
		if (below && (sm_node_is_tree(below) ||
			      is_closed(below->name) || sm_is_spelled(below)))
			return NULL;
		tree = tree_in(at);
	}
	if (tree && same && !sm_grants_cover(tree->grants, same->grants))
		return NULL;
	return tree;
}

static bool may_be_in_tree(const struct sm_learn *l, const struct sm_line *line,
			   uint32_t at)
{
	const struct sm_word *w = &line->words[at];

	return w->path.len && !w->is_command && !w->is_raw &&
	       !sm_is_code_suffix(sm_extension(w->path)) &&
	       !sm_list_has(&l->code_files, w->path) &&
	       !sm_says_what_runs(line, at) &&
	       !sm_is_interpreter(sm_line_command(line, at));
}

void sm_line_name_trees(struct sm_learn *l, struct sm_line *line)
{
	struct sm_str literal;

	for (uint32_t i = 1; i < line->count; i++) {
		struct sm_word *w = &line->words[i];
		const struct sm_node *tree =
			may_be_in_tree(l, line, i) ? tree_of(l, w->path) : NULL;

		if (!tree)
			continue;
		w->value = sm_node_pattern(l, tree, &literal);
		w->is_path = w->is_fixed = true;
	}
}
