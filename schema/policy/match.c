/* SPDX-License-Identifier: Apache-2.0 */
/*
 * match.c: one key against the forest of patterns.
 *
 * Most rules begin with directories spelled out: where these end is looked up,
 * the longest start first (stop.h). From there on a set of active nodes moves
 * down component by component, as in an NFA. Nodes form trees, so a node can
 * become active in one way only (but for `**`, where it is looked up), and the
 * set's size is bounded: time is components times active nodes, plus items
 * times bytes per pattern tried.
 */
#include "schema/policy/find_stop.h"

/* Marks a `**` node that has not consumed a component yet. */
#define FRESH 0x80000000u

/* What is asked of a node: one component of a path, or a whole key. */
struct component {
	struct sm_str text;
	uint32_t hash;
	uint64_t may; /* one bit of sm_blob_node.may; keys: all */
};

static uint64_t may_of(struct sm_str text)
{
	return text.len ? sm_stop_may(text.p, text.p + text.len) : UINT64_MAX;
}

static struct sm_str text_at(struct sm_str path, uint32_t at)
{
	const char *start = path.p + at;
	const char *end = memchr(start, '/', path.len - at);
	uint32_t left = path.len - at;

	return (struct sm_str){ start, end ? (uint32_t)(end - start) : left };
}

static struct component component_at(struct sm_str path, uint32_t at)
{
	struct sm_str text = text_at(path, at);

	return (struct component){ text, sm_blob_hash(text), may_of(text) };
}

/* Sections of the blob a match goes through. */
struct forest {
	const struct sm_policy *policy;
	const struct sm_blob_node *nodes;
	const struct sm_blob_edge *edges;
	const struct sm_blob_branch *branches;
	const char *text;
};

SM_HOT struct forest forest_of(const struct sm_policy *policy)
{
	return (struct forest){ policy, sm_blob_section(policy, SM_BLOB_NODES),
				sm_blob_section(policy, SM_BLOB_EDGES),
				sm_blob_section(policy, SM_BLOB_BRANCHES),
				sm_blob_section(policy, SM_BLOB_TEXT) };
}

static uint32_t find_literal(const struct forest *f,
			     const struct sm_blob_node *node,
			     const struct component *c)
{
	const struct sm_blob_edge *edges = f->edges + node->edges.first;
	uint32_t i, mask = node->edges.count - 1;

	for (i = 0; i < node->edges.count; i++) {
		const struct sm_blob_edge *e = &edges[(c->hash + i) & mask];

		if (e->node == SM_BLOB_NONE)
			break;
		/* The hash only finds: the bytes decide. */
		if (e->hash == c->hash && e->text.len == c->text.len &&
		    sm_find_same(f->text + e->text.at, c->text.p, c->text.len))
			return e->node;
	}
	return SM_BLOB_NONE;
}

SM_HOT void push(struct sm_match_set *set, uint32_t node)
{
	if (set->count == SM_ACTIVE_MAX) {
		set->has_overflown = true;
		return;
	}
	set->nodes[set->count++] = node;
}

static bool holds(const struct sm_match_set *set, uint32_t node)
{
	uint32_t i;

	for (i = 0; i < set->count; i++)
		if ((set->nodes[i] & ~FRESH) == node)
			return true;
	return false;
}

/* `**` may stand for nothing when more follows: its node is active too. */
static void close_set(const struct forest *f, struct sm_match_set *set)
{
	uint32_t i;

	for (i = 0; i < set->count; i++) {
		const struct sm_blob_node *node =
			&f->nodes[set->nodes[i] & ~FRESH];
		uint32_t below = node->below, tidy = node->tidy;

		if (below != SM_BLOB_NONE && !holds(set, below))
			push(set, below | FRESH);
		if (tidy != SM_BLOB_NONE && !holds(set, tidy))
			push(set, tidy | FRESH);
	}
}

/* Children of node for the component, but for `**`. */
static void step(const struct forest *f, const struct sm_blob_node *node,
		 const struct component *c, bool is_path,
		 struct sm_match_set *next)
{
	uint32_t i, child;

	if (!(node->may & c->may))
		return;
	if (node->edges.count) {
		child = find_literal(f, node, c);
		if (child != SM_BLOB_NONE)
			push(next, child);
	}
	for (i = 0; i < node->branches.count; i++) {
		const struct sm_blob_branch *b =
			&f->branches[node->branches.first + i];

		if (sm_match_pattern(f->policy, b->pattern, c->text, is_path))
			push(next, b->node);
	}
}

/* `**` takes any component, <tree> none that is hidden. */
static bool goes_deeper(const struct sm_blob_node *node,
			const struct component *c)
{
	if (node->flags & SM_NODE_TIDY)
		return c->text.len && c->text.p[0] != '.';
	return node->flags & SM_NODE_DEEP;
}

static void step_all(const struct forest *f, const struct sm_match_set *set,
		     const struct component *c, struct sm_match_set *next)
{
	uint32_t i;

	next->count = 0;
	next->has_overflown = set->has_overflown;
	for (i = 0; i < set->count; i++) {
		uint32_t number = set->nodes[i] & ~FRESH;

		if (goes_deeper(&f->nodes[number], c))
			push(next, number);
		step(f, &f->nodes[number], c, true, next);
	}
}

/* A `**` that consumed nothing does not match: not the directory itself. */
static void drop_fresh(struct sm_match_set *set)
{
	uint32_t i, kept = 0;

	for (i = 0; i < set->count; i++)
		if (!(set->nodes[i] & FRESH))
			set->nodes[kept++] = set->nodes[i];
	set->count = kept;
}

/* Nothing follows a `**`: it stays whatever the path goes on with. */
static bool is_open_end(const struct sm_blob_node *node)
{
	return node->flags & SM_NODE_DEEP && !(node->flags & SM_NODE_TIDY) &&
	       !node->edges.count && !node->branches.count &&
	       node->below == SM_BLOB_NONE && node->tidy == SM_BLOB_NONE;
}

static bool is_settled(const struct forest *f, const struct sm_match_set *set)
{
	return set->count == 1 && !(set->nodes[0] & FRESH) &&
	       is_open_end(&f->nodes[set->nodes[0]]);
}

static void append(struct sm_match_set *set, const struct sm_match_set *more)
{
	uint32_t i;

	set->has_overflown |= more->has_overflown;
	for (i = 0; i < more->count; i++)
		push(set, more->nodes[i]);
}

/* Adds what node (perhaps FRESH) leads to; path behind at is left. */
__attribute__((noinline)) static void match_rest(const struct forest *f,
						 struct sm_str path,
						 uint32_t at, uint32_t node,
						 struct sm_match_set *set)
{
	struct sm_match_set one, other, *from = &one, *to = &other, *swap;

	to->count = 0;
	to->has_overflown = false;
	from->count = 1;
	from->has_overflown = false;
	from->nodes[0] = node;
	while (at < path.len && from->count && !is_settled(f, from)) {
		struct component c = component_at(path, at);

		close_set(f, from);
		step_all(f, from, &c, to);
		swap = from;
		from = to;
		to = swap;
		at += c.text.len + 1;
	}
	drop_fresh(from);
	append(set, from);
}

void sm_match_spelled(const struct sm_policy *policy, enum sm_blob_root root,
		      struct sm_str path, struct sm_match_set *set)
{
	const struct forest f = forest_of(policy);
	struct sm_match_set next;
	struct component c;

	set->count = 1;
	set->has_overflown = false;
	set->nodes[0] = sm_blob_header(policy)->roots[root];
	for (uint32_t at = 1; at < path.len; at += c.text.len + 1) {
		c = component_at(path, at);
		next.count = 0;
		next.has_overflown = set->has_overflown;
		for (uint32_t i = 0; i < set->count; i++)
			step(&f, &f.nodes[set->nodes[i]], &c, true, &next);
		set->count = 0;
		append(set, &next);
	}
}

/* ------------------------------------------------------------------- stops */

/* A path on its way through stops; scalars, to stay in registers. */
struct way {
	const struct sm_policy *policy;
	struct sm_str path;
	uint32_t name_at; /* its last component */
	uint64_t may;	  /* of that */
};

SM_HOT struct sm_str name_of(const struct way *w)
{
	return (struct sm_str){ w->path.p + w->name_at,
				w->path.len - w->name_at };
}

/* The component at `at` matches a pattern; end: where it ends, if known. */
__attribute__((noinline)) static void
take_branches(struct way w, const struct sm_blob_node *node, uint32_t at,
	      uint32_t end, struct sm_match_set *set)
{
	const struct forest f = forest_of(w.policy);
	const struct sm_blob_branch *b = f.branches + node->branches.first;
	struct sm_str text = { w.path.p + at, end - at };
	uint32_t i;

	if (!end) {
		text = text_at(w.path, at);
		end = at + text.len;
	}
	if (!(node->may & (end == w.path.len ? w.may : may_of(text))))
		return;
	for (i = 0; i < node->branches.count; i++) {
		if (!sm_match_pattern(f.policy, b[i].pattern, text, true))
			continue;
		if (end == w.path.len)
			push(set, b[i].node);
		else
			match_rest(&f, w.path, end + 1, b[i].node, set);
	}
}

/* `**`, where at least one component is left, and not as usual. */
__attribute__((noinline)) static void go_deep(struct way w,
					      const struct sm_blob_node *node,
					      uint32_t number, uint32_t at,
					      struct sm_match_set *set)
{
	const struct forest f = forest_of(w.policy);
	struct sm_str name = name_of(&w);
	struct component last = { name, sm_blob_hash(name), w.may };

	if (node->flags & SM_NODE_TAIL)
		step(&f, node, &last, true, set);
	else
		match_rest(&f, w.path, at, number | FRESH, set);
}

__attribute__((noinline)) static void
go_tidy(struct way w, uint32_t tidy, uint32_t at, struct sm_match_set *set)
{
	const struct forest f = forest_of(w.policy);

	match_rest(&f, w.path, at, tidy | FRESH, set);
}

/* The path goes on behind stop, with a component up to end, if that is known.
 */
SM_HOT void go_on(const struct way *w, const struct sm_blob_stop *stop,
		  uint32_t end, struct sm_match_set *set)
{
	const struct sm_blob_node *nodes =
		sm_blob_section(w->policy, SM_BLOB_NODES);
	const struct sm_blob_node *node = &nodes[stop->node];
	uint32_t at = stop->length + 1u, below = node->below;

	if (node->branches.count)
		take_branches(*w, node, at, end, set);
	if (node->tidy != SM_BLOB_NONE)
		go_tidy(*w, node->tidy, at, set);
	if (below == SM_BLOB_NONE)
		return;
	node = &nodes[below];
	if (node->flags & SM_NODE_TAIL)
		push(set, below);
	if (!(node->flags & SM_NODE_TAIL) || node->may & w->may)
		go_deep(*w, node, below, at, set);
}

void sm_match_path(const struct sm_policy *policy, enum sm_blob_root root,
		   struct sm_str path, struct sm_match_set *set)
{
	struct way w = { .policy = policy, .path = path };
	struct sm_found_stop found;
	const struct sm_blob_stop *stop;

	set->count = 0;
	set->has_overflown = false;
	if (!path.len || path.p[0] != '/')
		return;
	w.name_at = (uint32_t)sm_find_last_slash(path.p, path.len) + 1;
	w.may = may_of(name_of(&w));
	found = sm_find_stop(policy, root, path);
	if (!found.mark)
		return;
	stop = sm_blob_stop(policy, found.mark->stop);
	if (!found.end)
		push(set, stop->node); /* the whole path */
	else
		go_on(&w, stop, (uint32_t)found.end, set);
	while (stop->up != SM_BLOB_NONE) {
		stop = sm_blob_stop(policy, stop->up);
		go_on(&w, stop, 0, set);
	}
}

void sm_match_below(const struct sm_policy *policy, uint32_t node,
		    struct sm_str path, struct sm_match_set *set)
{
	const struct forest f = forest_of(policy);

	set->count = 0;
	set->has_overflown = false;
	if (path.len && path.p[0] == '/')
		match_rest(&f, path, 1, node, set);
}

void sm_match_key(const struct sm_policy *policy, uint32_t root,
		  struct sm_str key, struct sm_match_set *set)
{
	const struct forest f = forest_of(policy);
	struct component c = { key, sm_blob_hash(key), UINT64_MAX };

	set->count = 0;
	set->has_overflown = false;
	step(&f, &f.nodes[root], &c, false, set);
}
