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
#include "schema/policy/stop.h"

/* Marks a `**` node that has not consumed a component yet. */
#define FRESH 0x80000000u

#define HOT static inline __attribute__((always_inline))

HOT uint64_t load(const char *p)
{
	uint64_t word;

	memcpy(&word, p, sizeof(word));
	return word;
}

HOT uint32_t load_half(const char *p)
{
	uint32_t word;

	memcpy(&word, p, sizeof(word));
	return word;
}

HOT bool differ(const char *a, const char *b)
{
	return (load(a) ^ load(b)) | (load(a + 8) ^ load(b + 8));
}

/* n bytes of both; short ones, which a call of memcmp would cost more for. */
HOT bool are_same(const char *a, const char *b, uint32_t n)
{
	if (n >= 16) {
		for (uint32_t at = 0; at < n - 16; at += 16)
			if (differ(a + at, b + at))
				return false;
		return !differ(a + n - 16, b + n - 16);
	}
	if (n >= 8)
		return load(a) == load(b) && load(a + n - 8) == load(b + n - 8);
	if (n >= 4)
		return load_half(a) == load_half(b) &&
		       load_half(a + n - 4) == load_half(b + n - 4);
	return !n ||
	       (a[0] == b[0] && a[n / 2] == b[n / 2] && a[n - 1] == b[n - 1]);
}

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

static struct component component_at(struct sm_str path, uint32_t at)
{
	const char *start = path.p + at;
	const char *end = memchr(start, '/', path.len - at);
	struct sm_str text = { start,
			       end ? (uint32_t)(end - start) : path.len - at };

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

HOT struct forest forest_of(const struct sm_policy *policy)
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
		    are_same(f->text + e->text.at, c->text.p, c->text.len))
			return e->node;
	}
	return SM_BLOB_NONE;
}

HOT void push(struct sm_match_set *set, uint32_t node)
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
		uint32_t below = f->nodes[set->nodes[i] & ~FRESH].below;

		if (below != SM_BLOB_NONE && !holds(set, below))
			push(set, below | FRESH);
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

static void step_all(const struct forest *f, const struct sm_match_set *set,
		     const struct component *c, struct sm_match_set *next)
{
	uint32_t i;

	next->count = 0;
	next->has_overflown = set->has_overflown;
	for (i = 0; i < set->count; i++) {
		uint32_t number = set->nodes[i] & ~FRESH;

		if (f->nodes[number].flags & SM_NODE_DEEP)
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
	return node->flags & SM_NODE_DEEP && !node->edges.count &&
	       !node->branches.count && node->below == SM_BLOB_NONE;
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

/* ------------------------------------------------------------------- stops */

/* Longer paths, of which there are hardly any, are followed from the root. */
#define BLOCKS 64u

HOT const struct sm_blob_stop *find_stop(const struct forest *f,
					 const struct sm_blob_stop *stops,
					 uint32_t mask, uint32_t hash,
					 struct sm_str start)
{
	uint32_t i;

	for (i = 0; i <= mask; i++) {
		const struct sm_blob_stop *s = &stops[(hash + i) & mask];

		if (s->node == SM_BLOB_NONE)
			break;
		if (s->hash == hash && s->text.len == start.len &&
		    are_same(f->text + s->text.at, start.p, start.len))
			return s;
	}
	return NULL;
}

/* The high bits of word's bytes that are `/`. */
HOT uint64_t find_slashes(uint64_t word)
{
	const uint64_t low = 0x7f7f7f7f7f7f7f7fu;
	uint64_t x = word ^ 0x2f2f2f2f2f2f2f2fu;

	return ~(((x & low) + low) | x | low);
}

/* Where the last slash before end is; the path begins with one. */
HOT uint32_t last_slash(struct sm_str path, uint32_t end)
{
	uint64_t slashes;

	for (; end >= 8; end -= 8) {
		slashes = find_slashes(sm_stop_load(path.p + end - 8));
		if (slashes)
			return end - 1 -
			       ((uint32_t)__builtin_clzll(slashes) >> 3);
	}
	while (end && path.p[end - 1] != '/')
		end--;
	return end ? end - 1 : 0;
}

/* A path on its way through stops. */
struct way {
	struct sm_str path;
	struct sm_str name; /* its last component */
	struct sm_match_set *set;
};

/* The component at `at` matches a pattern; end: where it ends, if known. */
static void take_branches(const struct forest *f,
			  const struct sm_blob_node *node, const struct way *w,
			  uint32_t at, uint32_t end)
{
	const struct sm_blob_branch *b = f->branches + node->branches.first;
	struct sm_str text = { w->path.p + at, end - at };
	uint32_t i;

	if (!end)
		text = component_at(w->path, at).text;
	if (!(node->may & may_of(text)))
		return;
	end = at + text.len;
	for (i = 0; i < node->branches.count; i++) {
		if (!sm_match_pattern(f->policy, b[i].pattern, text, true))
			continue;
		if (end == w->path.len)
			push(w->set, b[i].node);
		else
			match_rest(f, w->path, end + 1, b[i].node, w->set);
	}
}

__attribute__((noinline)) static void step_last(const struct forest *f,
						const struct sm_blob_node *node,
						const struct way *w)
{
	struct component last = { w->name, sm_blob_hash(w->name), UINT64_MAX };

	step(f, node, &last, true, w->set);
}

/* `**`, where at least one component is left. */
HOT void go_deep(const struct forest *f, uint32_t number, const struct way *w,
		 uint32_t at)
{
	const struct sm_blob_node *node = &f->nodes[number];

	if (!(node->flags & SM_NODE_TAIL)) {
		match_rest(f, w->path, at, number | FRESH, w->set);
		return;
	}
	push(w->set, number);
	if (node->may & may_of(w->name))
		step_last(f, node, w);
}

/* The path goes on behind stop, with a component up to end, if that is known.
 */
HOT void go_on(const struct forest *f, const struct sm_blob_stop *stop,
	       const struct way *w, uint32_t end)
{
	const struct sm_blob_node *node = &f->nodes[stop->node];
	uint32_t at = stop->text.len + 1;

	if (node->branches.count)
		take_branches(f, node, w, at, end);
	if (node->below != SM_BLOB_NONE)
		go_deep(f, node->below, w, at);
}

/* The longest; *len is its length, *end that of the start tried before. */
HOT const struct sm_blob_stop *longest_stop(const struct forest *f,
					    enum sm_blob_root root,
					    const struct way *w, uint32_t *len,
					    uint32_t *end)
{
	struct sm_blob_span table =
		sm_blob_header(f->policy)->sections[SM_BLOB_STOPS];
	const struct sm_blob_stop *stops = sm_blob_stops(f->policy), *found;
	const char *p = w->path.p, *block = p;
	uint64_t states[BLOCKS], *state = states;
	uint32_t n = w->path.len;

	*state = sm_stop_begin(root);
	for (; w->path.len - (block - p) >= SM_STOP_BLOCK;
	     block += SM_STOP_BLOCK, state++)
		state[1] = sm_stop_block(*state, block);
	for (*end = 0; table.count;) {
		found = find_stop(f, stops, table.count - 1,
				  sm_stop_end(states[n / SM_STOP_BLOCK], p, n),
				  (struct sm_str){ p, n });
		*len = n;
		if (found || !n)
			return found;
		*end = n;
		n = n == w->path.len ? (uint32_t)(w->name.p - p) - 1
				     : last_slash(w->path, n);
	}
	return NULL;
}

static void match_stops(const struct forest *f, enum sm_blob_root root,
			const struct way *w)
{
	const struct sm_blob_stop *stops = sm_blob_stops(f->policy), *stop;
	uint32_t len, end, next;

	stop = longest_stop(f, root, w, &len, &end);
	if (!stop)
		return;
	if (!end)
		push(w->set, stop->node); /* the whole path */
	else
		go_on(f, stop, w, end);
	for (next = stop->up; next != SM_BLOB_NONE; next = stops[next].up)
		go_on(f, &stops[next], w, 0);
}

void sm_match_path(const struct sm_policy *policy, enum sm_blob_root root,
		   struct sm_str path, struct sm_match_set *set)
{
	const struct forest f = forest_of(policy);
	struct way w = { path, { NULL, 0 }, set };
	uint32_t at;

	set->count = 0;
	set->has_overflown = false;
	if (!path.len || path.p[0] != '/')
		return;
	if (path.len >= (BLOCKS - 1) * SM_STOP_BLOCK) {
		match_rest(&f, path, 1, sm_blob_header(policy)->roots[root],
			   set);
		return;
	}
	at = last_slash(path, path.len) + 1;
	w.name = (struct sm_str){ path.p + at, path.len - at };
	if (path.len == 1)
		w.path.len = 0; /* as a stop is spelled */
	match_stops(&f, root, &w);
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
