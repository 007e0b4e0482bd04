/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a tree of data becomes: one slot of any depth, which takes what was
 * granted below the directory. Which directories are trees: data_tree.c.
 */
#include "learner/data_tree.h"

/* What is done with what one keeps for oneself. */
#define KEEPS                                                                  \
	(SM_ACCESS_READ | SM_ACCESS_WRITE | SM_ACCESS_CREATE |                 \
	 SM_ACCESS_DELETE | SM_ACCESS_LIST | SM_ACCESS_META)

/*
 * What stands for everything in the tree. made: what is done with directories
 * themselves; dirs, but where one name stands for files as well.
 */
struct deep {
	struct sm_node *any, *files, *dirs, *made;
	bool holds_dotted;
};

static bool is_kept(const struct deep *deep, const struct sm_node *node)
{
	if (!sm_is_spelled(node))
		return false;
	return !deep->holds_dotted || node->is_slot || node->name.p[0] != '.';
}

/* Names tempfile made up: drawn in every directory of the tree. */
static bool is_drawn(const struct deep *deep, const struct sm_node *node)
{
	return deep->files != deep->any && node->is_slot && !node->count &&
	       sm_is_spelled(node);
}

static struct sm_node *drawn_in(struct sm_learn *l, const struct deep *deep,
				const struct sm_node *node)
{
	struct sm_node *drawn;

	for (size_t i = 0; i < deep->any->count; i++) {
		struct sm_node *kid = deep->any->kids[i];

		if (kid->is_dir == node->is_dir &&
		    sm_str_equal(kid->name, node->name))
			return kid;
	}
	drawn = sm_node_new_slot(l, deep->any, node->name, node->is_dir);
	drawn->is_drawn = node->is_drawn;
	drawn->is_made = node->is_made;
	drawn->base = node->base;
	return drawn;
}

/*
 * A name that most owners have stays, but who makes it, or what is in it, makes
 * the owner's other files, too: a logo of each was scaled, a picture is next.
 */
static void share_makers(struct sm_learn *l, const struct sm_node *node,
			 const struct deep *deep)
{
	for (size_t i = 0; i < node->count; i++)
		share_makers(l, node->kids[i], deep);
	if (node->is_dir || is_kept(deep, node))
		return;
	for (const struct sm_grant *g = node->grants; g; g = g->next)
		if (g->access & SM_ACCESS_CREATE)
			sm_node_grant(l, deep->files, g->by, g->access & KEEPS);
}

static void grant_all(struct sm_learn *l, struct sm_node *into,
		      const struct sm_node *from)
{
	for (const struct sm_grant *g = from->grants; g; g = g->next)
		sm_node_grant(l, into, g->by, g->access);
}

/* A file below which something was only looked for (well.png/contents.lr). */
static bool is_file(const struct sm_node *node)
{
	uint32_t access = sm_node_access(node);

	if (!sm_extension(node->name).len || !(access & SM_ACCESS_READ) ||
	    access & (SM_ACCESS_LIST | SM_ACCESS_CREATE))
		return false;
	for (size_t i = 0; i < node->count; i++)
		if (!node->kids[i]->forward)
			return false;
	return true;
}

/* Hands what is granted below node to deep; what is spelled stays. */
static void sink(struct sm_learn *l, struct sm_node *node,
		 const struct deep *deep, bool keep_common)
{
	for (size_t i = 0; i < node->count; i++) {
		struct sm_node *kid = node->kids[i];
		struct sm_node *into = kid->is_dir ? deep->dirs : deep->files;

		if (kid != deep->any && is_drawn(deep, kid)) {
			sm_node_take(l, drawn_in(l, deep, kid), kid);
			continue;
		}
		if (kid == deep->any || is_kept(deep, kid))
			continue;
		if (keep_common && sm_is_common(l, node, kid)) {
			share_makers(l, kid, deep);
			continue;
		}
		sink(l, kid, deep, false);
		if (kid->is_dir && deep->made != into)
			grant_all(l, deep->made, kid);
		if (!kid->count || is_file(kid)) {
			sm_node_take(l, into, kid);
			continue;
		}
		grant_all(l, into, kid);
		kid->grants = NULL;
	}
}

static void sink_all(struct sm_learn *l, struct sm_node *node,
		     struct sm_node *any)
{
	for (size_t i = 0; i < node->count; i++) {
		if (node->kids[i] == any)
			continue;
		sink_all(l, node->kids[i], any);
		sm_node_take(l, any, node->kids[i]);
	}
}

/* Only when nothing sinks any more: it would join slots in the meantime. */
static void tidy_all(struct sm_learn *l, struct sm_node *node)
{
	for (size_t i = 0; i < node->count; i++)
		if (!node->kids[i]->forward)
			tidy_all(l, node->kids[i]);
	sm_node_tidy(l, node);
}

/* Who makes files removes them when something fails, and sets their mode. */
static void clean_up(struct sm_node *node)
{
	for (struct sm_grant *g = node->grants; g; g = g->next)
		if (g->access & SM_ACCESS_CREATE)
			g->access |= SM_ACCESS_DELETE | SM_ACCESS_META;
}

/* shutil.rmtree() opens the directories it empties, for reading. */
static void let_empty(struct sm_node *dirs)
{
	const uint32_t empties = SM_ACCESS_DELETE | SM_ACCESS_LIST;

	for (struct sm_grant *g = dirs->grants; g; g = g->next)
		if ((g->access & empties) == empties)
			g->access |= SM_ACCESS_READ;
}

/* Who may make from may make into. */
static void grant_makers(struct sm_learn *l, struct sm_node *into,
			 const struct sm_node *from)
{
	for (const struct sm_grant *g = from->grants; g; g = g->next)
		if (g->access & SM_ACCESS_CREATE)
			sm_node_grant(l, into, g->by, g->access);
}

/* Dotfiles of many names are data, too: whose home it is that is kept. */
static bool are_dots_open(const struct sm_learn *l, const struct sm_scan *s)
{
	struct sm_evidence e = { .distinct = s->dotted.count };

	return sm_is_open(l, &e);
}

void sm_collapse(struct sm_learn *l, struct sm_node *node,
		 const struct sm_scan *s, bool is_made)
{
	struct sm_str name = SM_STR("<name>");
	struct deep deep = { .holds_dotted = are_dots_open(l, s) };
	struct sm_node made = { .grants = NULL };

	deep.any = sm_node_new_slot(l, node, SM_STR("**"), true);
	if (deep.holds_dotted) {
		deep.dirs = deep.files = deep.any;
		deep.made = &made;
	} else {
		deep.made = deep.dirs =
			sm_node_new_slot(l, deep.any, name, true);
		if (!is_made && s->files && !s->is_mixed)
			name = sm_learn_join(l, name,
					     sm_escape(l, s->extension));
		deep.files = sm_node_new_slot(l, deep.any, name, false);
	}
	sink(l, node, &deep, is_made && !sm_are_common_open(l, node));
	if (is_made) {
		sm_node_let_packages(l, deep.files);
		clean_up(deep.files);
		clean_up(deep.made);
	}
	/* Who lists the top lists what it finds there. */
	for (struct sm_grant *g = node->grants; g; g = g->next)
		if (g->access & SM_ACCESS_LIST)
			sm_node_grant(l, deep.dirs, g->by, SM_ACCESS_LIST);
	/* Who makes directories for an owner may be who comes first, and who
	 * made the owner's may make the next one in it. */
	if (node->is_slot) {
		grant_makers(l, node, deep.made);
		if (is_made && !deep.holds_dotted)
			grant_makers(l, deep.dirs, node);
	}
	if (is_made)
		let_empty(deep.dirs);
	if (is_made && node->is_slot)
		let_empty(node);
	deep.any->is_made = deep.dirs->is_made || deep.files->is_made;
	tidy_all(l, node);
}

/* NODE/ **, which holds dotfiles, too. */
static void collapse_all(struct sm_learn *l, struct sm_node *node)
{
	struct sm_node *any = sm_node_new_slot(l, node, SM_STR("**"), true);

	sink_all(l, node, any);
	for (struct sm_grant *g = node->grants; g; g = g->next)
		sm_node_grant(l, any, g->by, g->access | KEEPS);
	/* It goes as it came. */
	for (struct sm_grant *g = node->grants; g; g = g->next)
		g->access |= KEEPS;
	sm_node_tidy(l, node);
}

bool sm_has_probed(const struct sm_node *node)
{
	for (size_t i = 0; i < node->count; i++)
		if (node->kids[i]->is_probed)
			return true;
	return false;
}

static bool holds_probed(const struct sm_node *node)
{
	for (size_t i = 0; i < node->count; i++)
		if (node->kids[i]->is_probed || holds_probed(node->kids[i]))
			return true;
	return false;
}

/* The same for all but the directories in which programs are looked for. */
static void collapse_around(struct sm_learn *l, struct sm_node *node)
{
	struct sm_node *files;
	size_t count = node->count;

	if (sm_has_probed(node))
		return;
	files = sm_node_new_slot(l, node, SM_STR("<name>"), false);
	for (size_t i = 0; i < count; i++) {
		struct sm_node *kid = node->kids[i];

		if (holds_probed(kid))
			collapse_around(l, kid);
		else if (kid->is_dir)
			collapse_all(l, kid);
		else if (!sm_is_spelled(kid))
			sm_node_take(l, files, kid);
	}
	for (struct sm_grant *g = node->grants; g; g = g->next) {
		sm_node_grant(l, files, g->by, g->access | KEEPS);
		g->access |= KEEPS;
	}
	sm_node_tidy(l, node);
}

void sm_collapse_storage(struct sm_learn *l, struct sm_node *node)
{
	if (holds_probed(node))
		collapse_around(l, node);
	else
		collapse_all(l, node);
}

void sm_let_expire(struct sm_learn *l, struct sm_node *node)
{
	struct sm_node *any = sm_node_tree_in(node);

	for (size_t i = 0; any && i < any->count; i++)
		for (struct sm_grant *g = node->grants; g; g = g->next)
			if (g->access & SM_ACCESS_LIST)
				sm_node_grant(l, any->kids[i], g->by,
					      SM_ACCESS_DELETE);
}

bool sm_is_drawn_dir(const struct sm_node *node)
{
	static const char token[] = "<tmp>";

	return node->is_slot && node->is_dir && node->count &&
	       sm_node_access(node) & SM_ACCESS_CREATE &&
	       (node->is_own_dir ||
		memmem(node->name.p, node->name.len, token, sizeof(token) - 1));
}

/* Programs may work there that nothing was recorded of: who made the directory
 * sees what they leave, and removes it. */
bool sm_open_drawn(struct sm_learn *l, struct sm_node *node)
{
	const uint32_t clears =
		KEEPS & ~(uint32_t)(SM_ACCESS_WRITE | SM_ACCESS_CREATE);
	struct sm_node *any;

	if (!sm_is_drawn_dir(node))
		return false;
	any = sm_node_new_slot(l, node, SM_STR("**"), true);
	sink_all(l, node, any);
	for (struct sm_grant *g = node->grants; g; g = g->next)
		if (g->access & SM_ACCESS_CREATE)
			sm_node_grant(l, any, g->by, clears);
	any->is_made = true;
	any->why = SM_STR("the directory's name was drawn by who made it");
	sm_node_tidy(l, node);
	return true;
}
