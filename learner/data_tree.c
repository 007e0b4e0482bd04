/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Trees of data: directories below which neither names nor depth belong to the
 * program. Eight kinds, by who makes the names up:
 *
 * owned   one of many alike, in which the program makes things: what is in it
 *         belongs to the user or request the directory stands for;
 * walked  the program lists it and the directories in it, and takes what it
 *         finds;
 * output  the program has made all of it, and only writes;
 * filed   the program made it, names of files in it are chosen, and some lie
 *         in directories it made there and are used alike;
 * mirror  the program made it of what opened elsewhere, as the names of its
 *         directories tell: see derived.c;
 * served  packages read data there by name, and nobody else: served.c;
 * storage a package made the directory and nobody else uses what is in it: how
 *         it keeps things there is its own affair, dotfiles included;
 * drawn   the program drew the directory's name and made it: nobody else knows
 *         of it, so it may do there what it likes, to dotfiles, too.
 *
 * What is granted to a principal anywhere in such a tree is granted to it in
 * all of it. Names that are spelled by the program stay rules of their own:
 * dotfiles, key material, those tempfile made up, and those most owners have.
 */
#include "learner/open.h"

/* What is done with what one keeps for oneself. */
#define KEEPS                                                                  \
	(SM_ACCESS_READ | SM_ACCESS_WRITE | SM_ACCESS_CREATE |                 \
	 SM_ACCESS_DELETE | SM_ACCESS_LIST | SM_ACCESS_META)

struct scan {
	size_t files, dirs, made, names;
	size_t dated;		 /* names with a day or time of the recording */
	struct sm_sketch dotted; /* names that begin with a dot */
	struct sm_str by;	 /* of the first grant */
	bool is_shared;		 /* there are others */
	struct sm_str extension; /* of the first file */
	bool is_mixed;		 /* there are several */
	uint32_t access;	 /* of all that is in it */
};

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
static void note_principals(const struct sm_node *node, struct scan *s)
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
		      struct scan *s)
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

static struct scan scan_tree(const struct sm_learn *l,
			     const struct sm_node *node)
{
	struct scan s = { .extension = SM_STR(""), .by = SM_STR("") };

	note_principals(node, &s);
	scan_kids(l, node, &s);
	return s;
}

/*
 * Names most owners have: the program's, whoever the owner is. But the day of
 * the recording is everybody's, and tomorrow it is nobody's.
 */
static bool is_common(const struct sm_learn *l, const struct sm_node *parent,
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

/*
 * Names most owners have, but so many that they are the owners' choice after
 * all: people upload what they were told to.
 */
static bool are_common_open(struct sm_learn *l, const struct sm_node *node)
{
	struct sm_evidence e = { .distinct = 0 };

	for (size_t i = 0; i < node->count; i++)
		e.distinct +=
			is_common(l, node, node->kids[i]) &&
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
		    !is_common(l, node, node->kids[i]) &&
		    !is_assigned(l, node->kids[i]))
			return true;
	return are_common_open(l, node);
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
		      const struct scan *s)
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

/* Sub-directories that are not owners'. */
static bool has_literal_dir(const struct sm_node *node)
{
	for (size_t i = 0; i < node->count; i++)
		if (node->kids[i]->is_dir && !node->kids[i]->is_slot)
			return true;
	return false;
}

static bool is_output(const struct sm_node *node, const struct scan *s)
{
	const uint32_t writes =
		SM_ACCESS_WRITE | SM_ACCESS_CREATE | SM_ACCESS_META;

	return node->is_made && has_literal_dir(node) && s->files > 2 &&
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
	return node->is_made && has_literal_dir(node) && sm_is_open(l, &e) &&
	       is_done_alike(node, files.grants);
}

bool sm_is_base(const struct sm_learn *l, struct sm_str dir)
{
	for (size_t i = 0; i < l->prefix_count; i++)
		if (sm_path_is_under(l->prefixes[i].dir, dir))
			return true;
	return false;
}

static bool is_storage(const struct sm_node *node, const struct scan *s)
{
	return sm_node_access(node) & SM_ACCESS_CREATE && s->dirs &&
	       s->names + s->dirs > 1 && !s->is_shared && sm_is_package(s->by);
}

/* What stands for everything in the tree. */
struct deep {
	struct sm_node *any, *files, *dirs;
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
		if (kid == deep->any || is_kept(deep, kid) ||
		    (keep_common && is_common(l, node, kid)))
			continue;
		sink(l, kid, deep, false);
		if (!kid->count) {
			sm_node_take(l, into, kid);
			continue;
		}
		for (struct sm_grant *g = kid->grants; g; g = g->next)
			sm_node_grant(l, into, g->by, g->access);
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
static bool are_dots_open(const struct sm_learn *l, const struct scan *s)
{
	struct sm_evidence e = { .distinct = s->dotted.count };

	return sm_is_open(l, &e);
}

/* NODE/ ** /<name>, with the extension of its files if they have one only. */
static void collapse(struct sm_learn *l, struct sm_node *node,
		     const struct scan *s, bool is_made)
{
	struct sm_str name = SM_STR("<name>");
	struct deep deep = { .holds_dotted = are_dots_open(l, s) };

	deep.any = sm_node_new_slot(l, node, SM_STR("**"), true);
	if (deep.holds_dotted) {
		deep.dirs = deep.files = deep.any;
	} else {
		deep.dirs = sm_node_new_slot(l, deep.any, name, true);
		if (!is_made && s->files && !s->is_mixed)
			name = sm_learn_join(l, name,
					     sm_escape(l, s->extension));
		deep.files = sm_node_new_slot(l, deep.any, name, false);
	}
	sink(l, node, &deep, is_made && !are_common_open(l, node));
	if (is_made) {
		sm_node_let_packages(l, deep.files);
		clean_up(deep.files);
		clean_up(deep.dirs);
	}
	/* Who lists the top lists what it finds there. */
	for (struct sm_grant *g = node->grants; g; g = g->next)
		if (g->access & SM_ACCESS_LIST)
			sm_node_grant(l, deep.dirs, g->by, SM_ACCESS_LIST);
	/* Who makes directories for an owner may be who comes first, and who
	 * made the owner's may make the next one in it. */
	if (node->is_slot) {
		grant_makers(l, node, deep.dirs);
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

/*
 * Files that are all called after the time pile up, and who lists what was made
 * there does so to remove the oldest, once there are enough.
 */
static void let_expire(struct sm_learn *l, struct sm_node *node)
{
	struct sm_node *any = NULL;

	for (size_t i = 0; i < node->count; i++)
		if (sm_node_is_tree(node->kids[i]))
			any = node->kids[i];
	for (size_t i = 0; any && i < any->count; i++)
		for (struct sm_grant *g = node->grants; g; g = g->next)
			if (g->access & SM_ACCESS_LIST)
				sm_node_grant(l, any->kids[i], g->by,
					      SM_ACCESS_DELETE);
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
	struct scan s;

	if (!sm_may_be_data_tree(node, scope) ||
	    (dir.len && sm_holds_code(l, dir)))
		return false;
	s = scan_tree(l, node);
	if (is_storage(node, &s) && !(dir.len && sm_is_base(l, dir))) {
		if (holds_probed(node))
			collapse_around(l, node);
		else
			collapse_all(l, node);
		return true;
	}
	if (scope->place.is_hidden)
		return false;
	if (scope->is_owned ? has_free_kid(l, node)
			    : is_output(node, &s) || is_filed(l, node)) {
		collapse(l, node, &s, true);
		return true;
	}
	if (!is_walked(l, node, &s))
		return false;
	collapse(l, node, &s, false);
	if (s.made == s.names && s.dated == s.files)
		let_expire(l, node);
	return true;
}

/* Who names each file names one of another format next time. */
static bool are_all_given(const struct sm_node *node)
{
	for (size_t i = 0; i < node->count; i++) {
		const struct sm_node *kid = node->kids[i];

		if (kid->is_dir ? !are_all_given(kid) : !kid->is_given)
			return false;
	}
	return true;
}

void sm_open_tree(struct sm_learn *l, struct sm_node *node, bool is_made,
		  bool is_mixed, struct sm_str why)
{
	struct scan s = scan_tree(l, node);

	s.is_mixed |= is_mixed || are_all_given(node);
	collapse(l, node, &s, is_made);
	for (size_t i = 0; i < node->count; i++)
		if (sm_node_is_tree(node->kids[i]))
			node->kids[i]->why = why;
}

bool sm_is_drawn_dir(const struct sm_node *node)
{
	static const char token[] = "<tmp>";

	return node->is_slot && node->is_dir && node->count &&
	       sm_node_access(node) & SM_ACCESS_CREATE &&
	       memmem(node->name.p, node->name.len, token, sizeof(token) - 1);
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

bool sm_is_own(const struct sm_learn *l, const struct sm_node *node,
	       struct sm_str dir)
{
	struct scan s = scan_tree(l, node);

	return is_storage(node, &s) && !(dir.len && sm_is_base(l, dir));
}
