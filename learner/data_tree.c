/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Trees of data: directories below which neither names nor depth belong to the
 * program. Nine kinds, by who makes the names up:
 *
 * owned   one of many alike, in which the program makes things: what is in it
 *         belongs to the user or request the directory stands for;
 * walked  the program lists it and the directories in it, and takes what it
 *         finds;
 * output  the program has made all of it, and only writes;
 * filed   the program made it, names of files in it are chosen, and some lie
 *         in directories it made there and are used alike;
 * mirror  the program made it of what opened elsewhere, as the names of its
 *         directories tell: mirror.c;
 * served  packages read data there by name, and nobody else: served.c;
 * told    data is read there by names that were others each time: served.c;
 * storage a package made the directory and nobody else uses what is in it: how
 *         it keeps things there is its own affair, dotfiles included;
 * drawn   the program drew the directory's name and made it: nobody else knows
 *         of it, so it may do there what it likes, to dotfiles, too.
 *
 * What is granted to a principal anywhere in such a tree is granted to it in
 * all of it. Names that are spelled by the program stay rules of their own:
 * dotfiles, key material, those tempfile made up, and those most owners have.
 */
#include "learner/data_tree.h"

bool sm_is_spelled(const struct sm_node *node)
{
	struct sm_str name = node->name;

	if (!node->is_slot)
		return node->is_probed || sm_is_guarded_name(name);
	if (name.p[0] == '.' || name.p[0] == '\\')
		return true;
	for (uint32_t i = 0; i + 5 <= name.len; i++)
		if (!memcmp(name.p + i, "<tmp>", 5))
			return true;
	return false;
}

/* Python on its own is whoever called it. */
static void note_principals(const struct sm_node *node, struct sm_scan *s)
{
	for (const struct sm_grant *g = node->grants; g; g = g->next) {
		if (sm_str_equal(g->by, SM_STR("python")))
			continue;
		if (!s->by.len)
			s->by = g->by;
		s->is_shared |= !sm_str_equal(g->by, s->by);
	}
}

static void scan_kids(const struct sm_learn *l, const struct sm_node *node,
		      struct sm_scan *s)
{
	for (size_t i = 0; i < node->count; i++) {
		const struct sm_node *kid = node->kids[i];
		struct sm_str extension = sm_extension(kid->name);

		s->access |= sm_node_access(kid);
		note_principals(kid, s);
		if (sm_is_spelled(kid)) {
			s->dirs += kid->is_dir;
			if (!kid->is_slot && kid->name.p[0] == '.')
				sm_sketch_add(
					&s->dotted,
					sm_hash_str(SM_HASH_SEED, kid->name));
			continue;
		}
		s->names++;
		s->made += kid->is_made;
		s->dated += !kid->is_dir &&
			    (kid->is_drawn || sm_has_clock(l, kid->name));
		scan_kids(l, kid, s);
		if (kid->is_dir) {
			s->dirs++;
			continue;
		}
		if (!s->files++)
			s->extension = extension;
		s->is_mixed |= !sm_str_equal(extension, s->extension);
	}
}

bool sm_node_is_listed(const struct sm_node *node)
{
	return sm_node_access(node) & SM_ACCESS_LIST;
}

/* Directories that were listed and are no slots of their own. */
static size_t listed_dirs(const struct sm_node *node)
{
	size_t n = 0;

	for (size_t i = 0; i < node->count; i++)
		n += !node->kids[i]->is_slot && !sm_is_spelled(node->kids[i]) &&
		     sm_node_is_listed(node->kids[i]);
	return n;
}

static struct sm_scan scan_tree(const struct sm_learn *l,
				const struct sm_node *node)
{
	struct sm_scan s = { .extension = SM_STR(""), .by = SM_STR("") };

	note_principals(node, &s);
	scan_kids(l, node, &s);
	return s;
}

bool sm_is_common(const struct sm_learn *l, const struct sm_node *parent,
		  const struct sm_node *kid)
{
	return !kid->is_slot && parent->sources > 1 && kid->sources > 1 &&
	       2 * kid->sources > parent->sources &&
	       !sm_has_clock(l, kid->name);
}

/* "17.json", "<date>": the program has a say in these names. */
static bool is_assigned(struct sm_learn *l, const struct sm_node *node)
{
	struct sm_str text = node->name;
	unsigned typed = 1;

	if (!node->is_slot)
		text = sm_skeleton(l, node->name, &typed);
	return typed && sm_is_all_typed(text, node) &&
	       !sm_str_starts(text, SM_STR("<name>"));
}

bool sm_are_common_open(struct sm_learn *l, const struct sm_node *node)
{
	struct sm_evidence e = { .distinct = 0 };

	for (size_t i = 0; i < node->count; i++)
		e.distinct +=
			sm_is_common(l, node, node->kids[i]) &&
			(node->kids[i]->is_made || sm_node_is_listed(node)) &&
			!sm_is_spelled(node->kids[i]) &&
			!is_assigned(l, node->kids[i]);
	return sm_is_open(l, &e);
}

/* Some name is an owner's choice. */
static bool has_free_kid(struct sm_learn *l, const struct sm_node *node)
{
	for (size_t i = 0; i < node->count; i++)
		if (!sm_is_spelled(node->kids[i]) &&
		    !sm_is_common(l, node, node->kids[i]) &&
		    !is_assigned(l, node->kids[i]))
			return true;
	return sm_are_common_open(l, node);
}

bool sm_is_found(const struct sm_node *node)
{
	const uint32_t makes =
		SM_ACCESS_CREATE | SM_ACCESS_WRITE | SM_ACCESS_SQLITE;

	return node->is_given || node->is_brought ||
	       !(sm_node_access(node) & makes);
}

/* Somebody else's choice, whatever it looks like. */
static bool has_found_kid(struct sm_learn *l, const struct sm_node *node)
{
	for (size_t i = 0; i < node->count; i++)
		if (!sm_is_spelled(node->kids[i]) && !node->kids[i]->is_slot &&
		    !node->kids[i]->is_dir && sm_is_found(node->kids[i]))
			return true;
	return has_free_kid(l, node);
}

static bool is_walked(struct sm_learn *l, const struct sm_node *node,
		      const struct sm_scan *s)
{
	if (!sm_node_is_listed(node))
		return false;
	/* Who is told which directory to walk is not told what is in it. */
	if (node->is_slot)
		return node->is_given || has_found_kid(l, node);
	if (!s->dirs)
		return s->names > 1 && has_found_kid(l, node);
	return listed_dirs(node) > 0 && s->names > 2;
}

static bool is_output(const struct sm_node *node, const struct sm_scan *s)
{
	const uint32_t writes =
		SM_ACCESS_WRITE | SM_ACCESS_CREATE | SM_ACCESS_META;

	return node->is_made && sm_node_has_dirs(node) && s->files > 2 &&
	       s->made == s->names && !(s->access & ~writes);
}

/* What is done with files in node itself is all that is done below it. */
static bool is_done_alike(const struct sm_node *node,
			  const struct sm_grant *files)
{
	for (size_t i = 0; i < node->count; i++) {
		const struct sm_node *kid = node->kids[i];

		if (sm_is_spelled(kid) || (kid->is_dir && !kid->is_made) ||
		    (!kid->is_dir && !sm_grants_cover(files, kid->grants)) ||
		    !is_done_alike(kid, files))
			return false;
	}
	return true;
}

/*
 * The program gives files in node names of people's choice, and has put some of
 * the same kind into directories it made there: their names are chosen, too.
 */
static bool is_filed(struct sm_learn *l, const struct sm_node *node)
{
	struct sm_evidence e = { .distinct = 0 };
	struct sm_node files = { .grants = NULL };

	for (size_t i = 0; i < node->count; i++) {
		const struct sm_node *kid = node->kids[i];

		if (kid->is_dir || kid->is_slot || !kid->is_made ||
		    is_assigned(l, kid))
			continue;
		e.distinct++;
		for (const struct sm_grant *g = kid->grants; g; g = g->next)
			sm_node_grant(l, &files, g->by, g->access);
	}
	return node->is_made && sm_node_has_dirs(node) && sm_is_open(l, &e) &&
	       is_done_alike(node, files.grants);
}

static bool is_storage(const struct sm_learn *l, const struct sm_node *node,
		       const struct sm_scan *s, struct sm_str dir)
{
	if (dir.len && sm_is_base(l, dir))
		return false;
	return sm_node_access(node) & SM_ACCESS_CREATE && s->dirs &&
	       s->names + s->dirs > 1 && !s->is_shared && sm_is_package(s->by);
}

bool sm_may_be_data_tree(const struct sm_node *node,
			 const struct sm_scope *scope)
{
	const struct sm_place *place = &scope->place;

	return node->count && !place->is_closed && !place->is_code &&
	       !place->is_shared &&
	       (scope->is_owned || node->is_made || sm_node_is_listed(node));
}

bool sm_open_data_tree(struct sm_learn *l, struct sm_node *node,
		       const struct sm_scope *scope)
{
	struct sm_str dir = scope->dir;
	struct sm_scan s;

	if (!sm_may_be_data_tree(node, scope) ||
	    (dir.len && sm_holds_code(l, dir)))
		return false;
	s = scan_tree(l, node);
	if (is_storage(l, node, &s, dir)) {
		sm_collapse_storage(l, node);
		return true;
	}
	if (scope->place.is_hidden)
		return false;
	if (scope->is_owned ? has_free_kid(l, node)
			    : is_output(node, &s) || is_filed(l, node)) {
		sm_collapse(l, node, &s, true);
		return true;
	}
	if (!is_walked(l, node, &s))
		return false;
	sm_collapse(l, node, &s, false);
	if (s.made == s.names && s.dated == s.files)
		sm_let_expire(l, node);
	return true;
}

/* Who names each file names one of another format next time, unless it was the
 * program that added the extension. */
static bool are_all_named(const struct sm_node *node)
{
	for (size_t i = 0; i < node->count; i++) {
		const struct sm_node *kid = node->kids[i];

		if (kid->is_dir ? !are_all_named(kid) : !kid->is_named)
			return false;
	}
	return true;
}

void sm_open_tree(struct sm_learn *l, struct sm_node *node, bool is_made,
		  bool is_mixed, struct sm_str why)
{
	struct sm_scan s = scan_tree(l, node);
	struct sm_node *tree;

	s.is_mixed |= is_mixed || are_all_named(node);
	sm_collapse(l, node, &s, is_made);
	tree = sm_node_tree_in(node);
	if (tree)
		tree->why = why;
}

bool sm_is_own(const struct sm_learn *l, const struct sm_node *node,
	       struct sm_str dir)
{
	struct sm_scan s = scan_tree(l, node);

	return is_storage(l, node, &s, dir);
}
