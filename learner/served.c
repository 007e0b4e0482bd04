/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Directories of data that libraries serve or load from by name: a site's
 * static files, templates, themes. Which of them a recording saw depends on who
 * asked for what, and the same few were asked for every day; but the code that
 * reads them belongs to a package that knows none of their names.
 */
#include "learner/open.h"
#include "schema/places.h"

/* By packages, or by Python's own servers; never by the application. */
static bool are_readers(const struct sm_node *node)
{
	const uint32_t looks = SM_ACCESS_READ | SM_ACCESS_LIST | SM_ACCESS_META;

	for (const struct sm_grant *g = node->grants; g; g = g->next)
		if (g->access & ~looks ||
		    (!sm_is_package(g->by) &&
		     !sm_str_equal(g->by, SM_STR("python"))))
			return false;
	return true;
}

/* All below node is data that is only read; counts its files. */
static bool is_read_only(const struct sm_node *node, size_t *files)
{
	for (size_t i = 0; i < node->count; i++) {
		const struct sm_node *kid = node->kids[i];

		if (kid->is_made || sm_is_spelled(kid) || !are_readers(kid) ||
		    (!kid->is_dir &&
		     !sm_is_data_suffix(sm_extension(kid->name))) ||
		    !is_read_only(kid, files))
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

bool sm_is_served(const struct sm_learn *l, const struct sm_node *node,
		  struct sm_str dir, const struct sm_place *place)
{
	/*
	 * Two names will do: that they come back says nothing here. Who lists
	 * the directory takes what it finds, were it one.
	 */
	struct sm_evidence e = { .is_typed = true };

	if (!dir.len || node->is_made || !has_file(node) || place->is_closed ||
	    place->is_code || place->is_shared || place->is_hidden ||
	    sm_holds_code(l, dir) || sm_is_base(l, dir) || !are_readers(node) ||
	    !is_read_only(node, &e.distinct))
		return false;
	e.distinct += e.distinct && sm_node_is_listed(node);
	return sm_is_open(l, &e);
}
