/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What paths are called in rules, once the tree of paths is generalised: those
 * of files, and those in what children are told.
 */
#include "learner/open.h"
#include "learner/paths.h"

/*
 * A `**` that leads to names leads to them past no hidden directory: what was
 * done there has nodes of its own. At the end it is a tree with dotfiles.
 */
static struct sm_str spelling_of(struct sm_learn *l, const struct sm_node *node,
				 bool is_last)
{
	if (!node->is_slot)
		return sm_escape(l, node->name);
	if (!is_last && sm_str_equal(node->name, SM_STR("**")))
		return SM_STR("<tree>");
	return node->name;
}

/*
 * One of several directories that command lines gave and the program made:
 * where a build goes is up to who asks for it. In what a child is told, not in
 * rules for files, which have ${ARG} for it.
 */
#define TOLD "/<tree>/<name>" /* who tells it may use slashes */

/* Of any depth; a pattern with more is none. */
#define TREES_MAX 2

/* It was made itself: a home directory in which files were is where it is. */
static bool is_told(const struct sm_node *node)
{
	return node->is_dir && node->is_created && node->is_given &&
	       !sm_node_is_tree(node) && !sm_is_spelled(node);
}

static bool is_parameter(const struct sm_node *node)
{
	size_t told = 0;

	if (!node->parent || !is_told(node))
		return false;
	for (size_t i = 0; i < node->parent->count; i++)
		told += is_told(node->parent->kids[i]);
	return told > 1 || node->is_slot;
}

/* One of so many trees that there may still be, or a name. */
static struct sm_str told(size_t *trees)
{
	return *trees && (*trees)-- ? SM_STR(TOLD) : SM_STR("/<name>");
}

/* What leads to a node, the node first; how many that is. */
struct chain {
	const struct sm_node *nodes[SM_PATH_MAX / 2];
	size_t count, literal; /* literal: from here on none is a slot */
	size_t told;	       /* those before may be parameters */
	bool is_word;	       /* in a line: texts may be of any format */
};

#define TOLD_ALL SIZE_MAX

/* base: nothing from it on is a parameter; or NULL. */
static void climb(const struct sm_node *node, const struct sm_node *base,
		  size_t most_told, struct chain *c)
{
	c->count = c->literal = 0;
	c->told = most_told;
	c->is_word = false;
	for (; node->parent; node = node->parent) {
		if (node == base)
			c->told = c->count;
		c->nodes[c->count++] = node;
		if (node->is_slot ||
		    (c->count <= c->told && is_parameter(node)))
			c->literal = c->count;
	}
}

static bool is_told_at(const struct chain *c, size_t i)
{
	return i < c->told && is_parameter(c->nodes[i]);
}

static bool is_any_depth(struct sm_str component)
{
	return sm_str_equal(component, SM_STR("**")) ||
	       sm_str_equal(component, SM_STR("<tree>"));
}

/* How many trees parameters may be. */
static size_t trees_left(const struct chain *c)
{
	size_t left = TREES_MAX;

	for (size_t i = 0; i < c->literal && left; i++)
		left -= c->nodes[i]->is_slot && !is_told_at(c, i) &&
			is_any_depth(c->nodes[i]->name);
	return left;
}

/*
 * The pattern of a chain: variables and literals, then slots. *path is the path
 * itself when there is no slot in it, else empty.
 */
static struct sm_str pattern_of_chain(struct sm_learn *l, const struct chain *c,
				      struct sm_str *path)
{
	struct sm_str literal = { "", 0 }, text;
	size_t trees = trees_left(c), i;

	*path = SM_STR("/");
	if (!c->count)
		return SM_STR("/");
	for (i = c->count; i-- > c->literal;) {
		literal = sm_learn_join(l, literal, SM_STR("/"));
		literal = sm_learn_join(l, literal, c->nodes[i]->name);
	}
	text = literal.len ? sm_learn_path(l, literal) : literal;
	*path = c->literal ? SM_STR("") : literal;
	for (i = c->literal; i-- > 0;) {
		if (is_told_at(c, i)) {
			text = sm_learn_join(l, text, told(&trees));
			continue;
		}
		text = sm_learn_join(l, text, SM_STR("/"));
		text = sm_learn_join(l, text,
				     !i && c->is_word && c->nodes[0]->is_text
					     ? sm_stem_of(c->nodes[0]->name)
					     : spelling_of(l, c->nodes[i], !i));
	}
	return text;
}

struct sm_str sm_node_pattern(struct sm_learn *l, const struct sm_node *node,
			      struct sm_str *path)
{
	struct chain c;

	climb(node, NULL, 0, &c);
	return pattern_of_chain(l, &c, path);
}

struct sm_str sm_paths_told(struct sm_learn *l, struct sm_str path)
{
	struct sm_str text = { "", 0 };
	size_t trees = TREES_MAX;
	uint32_t end;

	for (uint32_t at = 1; at < path.len; at = end + 1) {
		struct sm_str name, until;
		const struct sm_node *node;

		for (end = at; end < path.len && path.p[end] != '/';)
			end++;
		name = (struct sm_str){ path.p + at, end - at };
		until = (struct sm_str){ path.p, end };
		node = end < path.len ? sm_paths_find(l, until) : NULL;
		if (node && is_parameter(node)) {
			if (!text.len)
				text = sm_learn_path(
					l, (struct sm_str){ path.p, at - 1 });
			text = sm_learn_join(l, text, told(&trees));
		} else if (text.len) {
			text = sm_learn_join(l, text, SM_STR("/"));
			text = sm_learn_join(l, text, sm_escape(l, name));
		}
	}
	return text.len ? text : sm_learn_path(l, path);
}

/* Directories that lead to base, and base itself, are no parameters. */
static struct sm_str pattern_from(struct sm_learn *l, struct sm_str path,
				  const struct sm_node *base, bool is_word,
				  bool *slotted)
{
	const struct sm_node *node = sm_paths_find(l, path);
	struct sm_str literal;
	struct chain c;

	if (!node) {
		literal = sm_paths_told(l, path);
		*slotted = !sm_str_equal(literal, sm_learn_path(l, path));
		return literal;
	}
	climb(node, base, TOLD_ALL, &c);
	c.is_word = is_word && l->options.level != SM_LEVEL_TIGHT;
	path = pattern_of_chain(l, &c, &literal);
	*slotted = !literal.len;
	return path;
}

struct sm_str sm_paths_pattern(struct sm_learn *l, struct sm_str path,
			       bool *slotted)
{
	return pattern_from(l, path, NULL, false, slotted);
}

struct sm_str sm_paths_word(struct sm_learn *l, struct sm_str path,
			    bool *slotted)
{
	return pattern_from(l, path, NULL, true, slotted);
}

struct sm_str sm_paths_program(struct sm_learn *l, struct sm_str path)
{
	const struct sm_node *node = sm_paths_find(l, path);
	struct sm_str literal, pattern;

	if (!node || !node->is_probed)
		return sm_paths_told(l, path);
	pattern = sm_node_pattern(l, node, &literal);
	return literal.len ? sm_paths_told(l, path) : pattern;
}

static uint32_t count_components(struct sm_str path)
{
	uint32_t n = 0;

	for (uint32_t i = 0; path.len > 1 && i < path.len; i++)
		n += path.p[i] == '/';
	return n;
}

/* How much of path the variable at the start of its pattern stands for. */
static struct sm_str variable_of(const struct sm_learn *l,
				 struct sm_str pattern, struct sm_str path)
{
	for (size_t i = 0; i < l->prefix_count; i++) {
		const struct sm_prefix *p = &l->prefixes[i];

		if (pattern.len > p->name.len + 2 && pattern.p[0] == '$' &&
		    !memcmp(pattern.p + 2, p->name.p, p->name.len) &&
		    pattern.p[2 + p->name.len] == '}' &&
		    sm_path_is_under(path, p->dir))
			return p->dir;
	}
	return (struct sm_str){ "", 0 };
}

static struct sm_str component_at(struct sm_str pattern, uint32_t at)
{
	uint32_t end = at;

	while (end < pattern.len && pattern.p[end] != '/')
		end++;
	return (struct sm_str){ pattern.p + at, end - at };
}

/* How many components there are at least from a slash on. */
static uint32_t least_components(struct sm_str pattern, uint32_t at)
{
	uint32_t n = 0;

	for (; at < pattern.len; at++) {
		struct sm_str part = component_at(pattern, at + 1);

		at += part.len;
		n += !is_any_depth(part) || at + 1 >= pattern.len;
	}
	return n;
}

/* From the slash of a slot for any depth on: that of one, behind which there
 * may be so few components. */
static uint32_t next_depth(struct sm_str pattern, uint32_t at, uint32_t count)
{
	while (at < pattern.len &&
	       (!is_any_depth(component_at(pattern, at + 1)) ||
		least_components(pattern, at) > count))
		at += 1 + component_at(pattern, at + 1).len;
	return at;
}

/*
 * Where in the pattern of a path what is below one of its directories begins,
 * so many components down; a slot for any depth goes on there, or a later one
 * if that has more behind it than there is. 0: nowhere.
 */
static uint32_t below(const struct sm_learn *l, struct sm_str pattern,
		      struct sm_str path, uint32_t depth)
{
	struct sm_str part = variable_of(l, pattern, path);
	uint32_t done = count_components(part), at = 0;

	while (part.len && pattern.p[at] != '}')
		at++;
	at += part.len ? 1 : 0;
	for (; done < depth && at < pattern.len; at += 1 + part.len, done++) {
		part = component_at(pattern, at + 1);
		if (!is_any_depth(part))
			continue;
		at = next_depth(pattern, at, count_components(path) - depth);
		break;
	}
	return done <= depth && at + 1 < pattern.len ? at + 1 : 0;
}

struct sm_str sm_paths_relative(struct sm_learn *l,
				const struct sm_standing *standing,
				struct sm_str path, bool *slotted)
{
	struct sm_str none = { "", 0 }, text, full, tail;
	const struct sm_node *node;
	bool has_slash = sm_str_has(path, '/');
	uint32_t at;

	*slotted = false;
	full = sm_standing_path(l, standing, path);
	node = full.len ? sm_paths_find(l, full) : NULL;
	/* A bare word is a file only where the line says where it is. */
	if (!node || (!has_slash && (!standing->is_told || !node->grants ||
				     !sm_extension(path).len)))
		return none;
	/* Whoever told where to go told nothing of the word. */
	text = pattern_from(l, full, sm_paths_find(l, standing->dir), true,
			    slotted);
	at = below(l, text, full, count_components(standing->dir));
	tail = (struct sm_str){ text.p + at, text.len - at };
	/* A slot above only, or a variable below, is none of the word's. */
	if (!*slotted || !at ||
	    !(sm_str_has(tail, '<') || sm_str_has(tail, '*'))) {
		*slotted = false;
		return none;
	}
	return tail;
}
