/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Documents beside code: what a site generator reads lies where its settings
 * are run from.
 */
#include "learner/open.h"

/* Documents and data; what programs are set up by stays closed. */
static bool is_document(struct sm_str extension)
{
	static const char *const settings[] = {
		".cfg",	   ".conf",    ".db",  ".ini", ".json", ".sql", ".toml",
		".sqlite", ".sqlite3", ".xml", ".yml", ".yaml", NULL
	};

	for (size_t i = 0; settings[i]; i++)
		if (sm_str_equal(extension, sm_str_of(settings[i])))
			return false;
	return sm_is_data_suffix(extension);
}

/* Read by packages and nothing else, under a name that may open. */
static bool is_source_text(const struct sm_node *node)
{
	if (node->is_dir || node->is_slot || node->is_made ||
	    sm_is_spelled(node) || !is_document(sm_extension(node->name)))
		return false;
	for (const struct sm_grant *g = node->grants; g; g = g->next)
		if (g->access != SM_ACCESS_READ || !sm_is_package(g->by))
			return false;
	return node->grants != NULL;
}

static struct sm_node *kind_of(struct sm_learn *l, struct sm_node *any,
			       struct sm_str extension)
{
	struct sm_str name =
		sm_learn_join(l, SM_STR("<name>"), sm_escape(l, extension));

	for (size_t i = 0; i < any->count; i++)
		if (sm_str_equal(any->kids[i]->name, name))
			return any->kids[i];
	return sm_node_new_slot(l, any, name, false);
}

static size_t count_texts(const struct sm_node *node)
{
	size_t n = 0;

	for (size_t i = 0; i < node->count; i++)
		n += is_source_text(node->kids[i]);
	return n;
}

static bool is_listed_by_packages(const struct sm_node *node)
{
	bool is_listed = false;

	for (const struct sm_grant *g = node->grants; g; g = g->next) {
		if (!(g->access & SM_ACCESS_LIST))
			continue;
		if (!sm_is_package(g->by))
			return false;
		is_listed = true;
	}
	return is_listed;
}

bool sm_open_texts(struct sm_learn *l, struct sm_node *node)
{
	struct sm_node *any, *dirs;
	size_t count = node->count;

	if (!is_listed_by_packages(node) || count_texts(node) < 2)
		return false;
	any = sm_node_new_slot(l, node, SM_STR("**"), true);
	for (size_t i = 0; i < count; i++) {
		struct sm_node *kid = node->kids[i];

		if (is_source_text(kid))
			sm_node_take(l,
				     kind_of(l, any, sm_extension(kid->name)),
				     kid);
	}
	dirs = sm_node_new_slot(l, any, SM_STR("<name>"), true);
	for (struct sm_grant *g = node->grants; g; g = g->next)
		if (g->access & SM_ACCESS_LIST)
			sm_node_grant(l, dirs, g->by, SM_ACCESS_LIST);
	sm_node_tidy(l, any);
	sm_node_tidy(l, node);
	return true;
}
