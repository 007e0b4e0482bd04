/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Directories of data that is read by name, at any depth.
 *
 * Libraries serve or load from some: a site's static files, templates, themes.
 * Which of them a recording saw depends on who asked for what, and the same few
 * were asked for every day; but the code that reads them belongs to a package
 * that knows none of their names. What is made to be shown, and stands among
 * nothing else, is nobody's secret: there it may be the application that reads.
 * What people write for people is nobody's either, and the next text is written
 * in another format.
 *
 * Others hold a program's input, and who starts the program, or asks it, tells
 * it which file: names were other ones each time, or stood in command lines,
 * and the next may have a slash in it, or another extension where there were
 * several.
 */
#include "learner/open.h"
#include "schema/places.h"

static bool is_library(struct sm_str by)
{
	return sm_is_package(by) || sm_str_equal(by, SM_STR("python"));
}

/* By packages, or by Python's own servers; anybody: by the application too. */
static bool are_readers(const struct sm_node *node, bool anybody)
{
	const uint32_t looks = SM_ACCESS_READ | SM_ACCESS_LIST | SM_ACCESS_META;

	for (const struct sm_grant *g = node->grants; g; g = g->next)
		if (g->access & ~looks || (!anybody && !is_library(g->by)))
			return false;
	return true;
}

/* Used, and no data; that a command line mentions a name says nothing. */
static bool is_no_data(const struct sm_node *node)
{
	return !node->is_dir && node->grants &&
	       !sm_is_data_suffix(sm_extension(node->name));
}

/* All below node is data that is only read; counts its files. */
static bool is_read_only(const struct sm_node *node, bool anybody,
			 size_t *files)
{
	for (size_t i = 0; i < node->count; i++) {
		const struct sm_node *kid = node->kids[i];

		if (kid->is_made || sm_is_spelled(kid) || is_no_data(kid) ||
		    !are_readers(kid, anybody) ||
		    !is_read_only(kid, anybody, files))
			return false;
		if (!kid->is_dir && sm_node_access(kid) & SM_ACCESS_READ)
			*files += kid->sources;
	}
	return true;
}

static bool has_file(const struct sm_node *node)
{
	for (size_t i = 0; i < node->count; i++)
		if (!node->kids[i]->is_dir)
			return true;
	return false;
}

/* A directory that may be a tree of data and is no start of anything else. */
static bool may_be_tree(const struct sm_learn *l, const struct sm_node *node,
			struct sm_str dir, const struct sm_place *place)
{
	return !node->is_made && sm_may_open_whole(l, dir, place);
}

/* What is made to be shown: pages, what goes with them, and templates. */
static bool is_shown_suffix(struct sm_str extension)
{
	static const char *const list[] = {
		".avif", ".css",  ".ejs",    ".eot",	  ".gif",    ".haml",
		".hbs",	 ".htm",  ".html",   ".ico",	  ".j2",     ".jinja",
		".jpeg", ".jpg",  ".jinja2", ".js",	  ".liquid", ".mako",
		".map",	 ".mjs",  ".mo",     ".mustache", ".otf",    ".png",
		".po",	 ".pt",	  ".pug",    ".svg",	  ".tmpl",   ".tpl",
		".ttf",	 ".twig", ".webp",   ".woff",	  ".woff2",  ".xhtml",
		NULL
	};

	return sm_is_among(extension, list);
}

/* What people write for people: help, articles, letters. */
static const char *const written[] = { ".md",	".rst",	     ".txt",
				       ".adoc", ".markdown", NULL };

/* The first so many are met anywhere. */
#define WRITTEN_COMMON 3

static bool is_written_suffix(struct sm_str extension)
{
	return sm_is_among(extension, written);
}

/* All files below are: nobody's secret, whoever reads them. */
static bool are_all(const struct sm_node *node, bool (*is)(struct sm_str))
{
	for (size_t i = 0; i < node->count; i++) {
		const struct sm_node *kid = node->kids[i];

		if (kid->is_dir ? !are_all(kid, is)
				: !is(sm_extension(kid->name)))
			return false;
	}
	return true;
}

static bool is_asset(const struct sm_node *node)
{
	static const char *const list[] = { ".css",  ".eot",   ".ico", ".js",
					    ".map",  ".mjs",   ".otf", ".ttf",
					    ".woff", ".woff2", NULL };

	return !node->is_dir && sm_is_among(sm_extension(node->name), list);
}

static bool has_own_asset(const struct sm_node *node)
{
	for (size_t i = 0; i < node->count; i++)
		if (is_asset(node->kids[i]))
			return true;
	return false;
}

/* Styles in one directory and scripts in another: pictures and fonts may lie
 * beside them. */
static bool has_asset_dirs(const struct sm_node *node)
{
	size_t dirs = 0, files = 0;

	for (size_t i = 0; i < node->count; i++)
		dirs += has_own_asset(node->kids[i]);
	return dirs > 1 && are_all(node, is_shown_suffix) &&
	       is_read_only(node, false, &files);
}

bool sm_is_served(const struct sm_learn *l, const struct sm_node *node,
		  struct sm_str dir, const struct sm_place *place)
{
	/*
	 * Two names will do: that they come back says nothing here. Who lists
	 * the directory takes what it finds, were it one; and one that is shown
	 * by a package is one of those that are there to be shown.
	 */
	struct sm_evidence e = { .is_typed = true };
	/* Pages beside texts would be shown to who asks for a text. */
	bool anybody = are_all(node, is_shown_suffix) ||
		       are_all(node, is_written_suffix);
	size_t all = 0;

	if (!may_be_tree(l, node, dir, place) ||
	    !(has_file(node) || has_asset_dirs(node)) ||
	    !are_readers(node, anybody) ||
	    !is_read_only(node, anybody, &e.distinct))
		return false;
	if (are_all(node, is_shown_suffix) && e.distinct &&
	    are_readers(node, false) && is_read_only(node, false, &all))
		return true;
	e.distinct += e.distinct && sm_node_is_listed(node);
	return sm_is_open(l, &e);
}

bool sm_has_assets(const struct sm_node *node)
{
	for (size_t i = 0; i < node->count; i++)
		if (is_asset(node->kids[i]) || sm_has_assets(node->kids[i]))
			return true;
	return false;
}

/* Opened, and all of them are words of command lines, or made of these. */
static bool has_given_name(const struct sm_node *node)
{
	const struct sm_str any = SM_STR("<name>");

	return node->is_slot && node->is_given && !node->is_dir &&
	       memmem(node->name.p, node->name.len, any.p, any.len);
}

/* Files whose names opened, and were others each time, or which somebody said.
 */
static bool has_told_names(const struct sm_node *node)
{
	for (size_t i = 0; i < node->count; i++) {
		const struct sm_node *kid = node->kids[i];

		if ((sm_has_told_name(kid) || has_given_name(kid)) &&
		    sm_node_access(kid) & SM_ACCESS_READ)
			return true;
	}
	return false;
}

/*
 * Files of several kinds, and each use had another: their names are somebody's
 * choice as those of one kind are.
 */
static bool has_fresh_files(const struct sm_learn *l,
			    const struct sm_node *node)
{
	struct sm_evidence e = { .is_typed = true };

	for (size_t i = 0; i < node->count; i++) {
		const struct sm_node *kid = node->kids[i];

		if (kid->is_dir || kid->is_slot || kid->runs.count != 1)
			return false;
		e.distinct++;
	}
	return l->run_count > 1 && sm_is_open(l, &e);
}

bool sm_is_written(const struct sm_node *node)
{
	return are_all(node, is_written_suffix);
}

static void open_written(struct sm_learn *l, struct sm_node *tree,
			 struct sm_node *files)
{
	struct sm_str name = sm_stem_of(files->name), text;
	struct sm_node *slot;

	files->is_text = files->is_slot;
	for (size_t i = 0; i < WRITTEN_COMMON; i++) {
		text = sm_learn_join(l, name, sm_str_of(written[i]));
		if (sm_str_equal(text, files->name))
			continue;
		slot = sm_node_new_slot(l, tree, text, false);
		slot->why =
			SM_STR("texts are written in one format or another");
		for (const struct sm_grant *g = files->grants; g; g = g->next)
			sm_node_grant(l, slot, g->by, g->access);
	}
}

void sm_open_written(struct sm_learn *l, struct sm_node *node)
{
	struct sm_node *tree = sm_node_tree_in(node);
	size_t count = tree ? tree->count : 0;

	for (size_t i = 0; i < count; i++)
		if (is_written_suffix(sm_extension(tree->kids[i]->name)))
			open_written(l, tree, tree->kids[i]);
	if (tree)
		sm_node_tidy(l, tree);
}

bool sm_is_told(const struct sm_learn *l, const struct sm_node *node,
		struct sm_str dir, const struct sm_place *place)
{
	size_t files = 0;

	return may_be_tree(l, node, dir, place) &&
	       (has_told_names(node) || has_fresh_files(l, node)) &&
	       are_readers(node, true) && is_read_only(node, true, &files);
}
