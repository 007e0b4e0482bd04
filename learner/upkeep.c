/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a program does with directories of its own that a recording is too short
 * to show: it makes them where they are missing, and removes what is old. It
 * keeps so many backups or builds, and the one too many comes next week.
 */
#include "learner/open.h"

/* sqlite3.connect() makes what it opens. */
#define MAKES (SM_ACCESS_CREATE | SM_ACCESS_SQLITE)

static bool is_made_by_package(const struct sm_node *kid)
{
	for (const struct sm_grant *g = kid->grants; g; g = g->next)
		if (g->access & MAKES && g->by.len && sm_is_package(g->by))
			return true;
	return false;
}

/*
 * The owner made it. Or he made the directory, and a program that he started
 * made the file, for no Python code was seen to make or read it; or he is the
 * application and told a package where to put it, as a picture.
 */
static bool is_his(const struct sm_node *kid, const struct sm_grant *owner)
{
	if (sm_node_access_by(kid, owner->by) & MAKES)
		return true;
	if (!(owner->access & SM_ACCESS_CREATE))
		return false;
	if (sm_str_equal(owner->by, SM_STR("app")) && is_made_by_package(kid))
		return true;
	return !kid->is_dir &&
	       !(sm_node_access(kid) & (MAKES | SM_ACCESS_READ));
}

/* Files under names that change, of who makes them and lists the directory:
 * what one may write over is as good as removed. In a tree a name stands for
 * directories, too. */
static void let_remove(struct sm_learn *l, struct sm_node *node,
		       const struct sm_grant *owner)
{
	bool is_tree = sm_node_is_tree(node);

	for (size_t i = 0; i < node->count; i++) {
		struct sm_node *kid = node->kids[i];

		if (sm_node_is_tree(kid))
			let_remove(l, kid, owner);
		else if (kid->is_slot && (is_tree || !kid->is_dir) &&
			 is_his(kid, owner))
			sm_node_grant(l, kid, owner->by, SM_ACCESS_DELETE);
	}
}

/* What a package keeps in a file it reads back, the next time. */
static void let_read_back(struct sm_node *node)
{
	for (size_t i = 0; i < node->count; i++)
		for (struct sm_grant *g = node->kids[i]->grants;
		     g && !node->kids[i]->is_dir; g = g->next)
			if (g->access & SM_ACCESS_CREATE &&
			    sm_is_package(g->by))
				g->access |= SM_ACCESS_READ;
}

/*
 * What the application lets a package write or read among its own files: which
 * package that is depends on the format. Only code that was made up is left
 * out.
 */
void sm_node_let_packages(struct sm_learn *l, struct sm_node *files)
{
	const uint32_t uses =
		SM_ACCESS_READ | SM_ACCESS_WRITE | SM_ACCESS_CREATE;
	uint32_t access = 0;
	bool is_apps = false;

	for (const struct sm_grant *g = files->grants; g; g = g->next) {
		if (sm_is_package(g->by) && g->by.len)
			access |= g->access & uses;
		is_apps |= sm_str_equal(g->by, SM_STR("app")) &&
			   g->access & SM_ACCESS_CREATE;
	}
	if (is_apps && access & SM_ACCESS_CREATE)
		sm_node_grant(l, files, SM_STR(""), access);
}

static bool makes_slots(const struct sm_node *node, struct sm_str by)
{
	for (size_t i = 0; i < node->count; i++) {
		const struct sm_node *kid = node->kids[i];

		if (kid->is_dir && kid->is_slot && !sm_node_is_tree(kid) &&
		    sm_node_access_by(kid, by) & SM_ACCESS_CREATE)
			return true;
	}
	return false;
}

/* Of what the application made there and by reads, all may go. */
static void let_clean_below(struct sm_learn *l, struct sm_node *node,
			    struct sm_str by)
{
	for (size_t i = 0; i < node->count; i++) {
		struct sm_node *kid = node->kids[i];

		/* A slot may stand for directories as well. */
		if (sm_node_access_by(kid, SM_STR("app")) & MAKES &&
		    sm_node_access_by(kid, by) & SM_ACCESS_READ)
			sm_node_grant(l, kid, by, SM_ACCESS_DELETE);
		let_clean_below(l, kid, by);
	}
}

/*
 * Build tools clean up what they had the application make. One that removed a
 * file of its in a directory it made will be asked to remove the others that
 * it looked at.
 */
static void let_clean(struct sm_learn *l, struct sm_node *node)
{
	const struct sm_str app = SM_STR("app");

	if (!(sm_node_access_by(node, app) & SM_ACCESS_CREATE))
		return;
	for (size_t i = 0; i < node->count; i++) {
		const struct sm_node *kid = node->kids[i];

		if (kid->is_dir || !(sm_node_access_by(kid, app) & MAKES))
			continue;
		for (const struct sm_grant *g = kid->grants; g; g = g->next)
			if (g->access & SM_ACCESS_DELETE && g->by.len &&
			    sm_is_package(g->by))
				let_clean_below(l, node, g->by);
	}
}

void sm_node_keep_up(struct sm_learn *l, struct sm_node *node)
{
	let_read_back(node);
	let_clean(l, node);
	if (sm_node_is_tree(node))
		return;
	for (struct sm_grant *g = node->grants; g; g = g->next) {
		/* mkdir -p: all above, too. */
		if (g->access & SM_ACCESS_LIST && makes_slots(node, g->by))
			g->access |= SM_ACCESS_WRITE | SM_ACCESS_CREATE;
		if (g->access & SM_ACCESS_LIST)
			let_remove(l, node, g);
	}
}
