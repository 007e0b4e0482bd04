/* SPDX-License-Identifier: Apache-2.0 */
/*
 * match.c: one key against the forest of patterns.
 *
 * A set of active nodes moves down component by component, as in an NFA. Nodes
 * form trees, so a node can become active in one way only (but for `**`, where
 * it is looked up), and the set's size is bounded: time is components times
 * active nodes, plus items times bytes per pattern tried.
 */
#include "schema/policy/blob.h"

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

/* A component's hash and end, found in one pass over the bytes. */
struct component {
	struct sm_str text;
	uint32_t hash;
};

/* The high bit of the lowest byte of word that is `/`; more above it. */
HOT uint64_t find_slash(uint64_t word)
{
	const uint64_t x = word ^ 0x2f2f2f2f2f2f2f2fu;

	return (x - 0x0101010101010101u) & ~x & 0x8080808080808080u;
}

/* The last n < 8 bytes before end; start lies at or before them. */
HOT uint64_t load_last(const char *start, const char *end, uint32_t n)
{
	uint64_t word = 0;

	if (end - start >= 8)
		return n ? load(end - 8) >> (64 - 8 * n) : 0;
	for (uint32_t i = 0; i < n; i++)
		word |= (uint64_t)(uint8_t)end[(int32_t)i - (int32_t)n]
			<< (8 * i);
	return word;
}

HOT struct component next_component(struct sm_str path, uint32_t at)
{
	const char *p = path.p + at, *end = path.p + path.len;
	uint64_t hash = 0, word, slash;
	uint32_t n;

	for (; end - p >= 8; p += 8) {
		word = load(p);
		slash = find_slash(word);
		if (slash) {
			n = (uint32_t)__builtin_ctzll(slash) >> 3;
			word &= ~(~UINT64_C(0) << (8 * n));
			goto found;
		}
		hash = sm_blob_mix(hash, word);
	}
	n = (uint32_t)(end - p);
	word = load_last(path.p, end, n);
	slash = find_slash(word);
	if (slash) {
		n = (uint32_t)__builtin_ctzll(slash) >> 3;
		word &= ~(~UINT64_C(0) << (8 * n));
	}
found:
	if (n)
		hash = sm_blob_mix(hash, word);
	n += (uint32_t)(p - path.p) - at;
	return (struct component){ { path.p + at, n }, sm_blob_hash_end(hash) };
}

/* n bytes of both; short ones, which a call of memcmp would cost more for. */
HOT bool are_same(const char *a, const char *b, uint32_t n)
{
	if (n >= 8) {
		for (uint32_t at = 0; at + 8 < n; at += 8)
			if (load(a + at) != load(b + at))
				return false;
		return load(a + n - 8) == load(b + n - 8);
	}
	if (n >= 4)
		return load_half(a) == load_half(b) &&
		       load_half(a + n - 4) == load_half(b + n - 4);
	return !n ||
	       (a[0] == b[0] && a[n / 2] == b[n / 2] && a[n - 1] == b[n - 1]);
}

/* Sections of the blob a match goes through. */
struct forest {
	const struct sm_policy *policy;
	const struct sm_blob_node *nodes;
	const struct sm_blob_edge *edges;
	const char *text;
};

HOT struct forest forest_of(const struct sm_policy *policy)
{
	return (struct forest){ policy, sm_blob_section(policy, SM_BLOB_NODES),
				sm_blob_section(policy, SM_BLOB_EDGES),
				sm_blob_section(policy, SM_BLOB_TEXT) };
}

HOT uint32_t find_literal(const struct forest *f,
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

static void push(struct sm_match_set *set, uint32_t node)
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

/*
 * `**` nodes that only the last component matters to: rules like
 * DIR/<any depth>/NAME would otherwise be tried at every component.
 */
struct tails {
	uint32_t count;
	uint32_t nodes[SM_ACTIVE_MAX];
};

/* The child for `**` of an active node. False: it has to be active itself. */
static bool wait_for_end(const struct forest *f, uint32_t below,
			 struct tails *tails)
{
	uint32_t i;

	if (!(f->nodes[below].flags & SM_NODE_TAIL))
		return false;
	for (i = 0; i < tails->count; i++)
		if (tails->nodes[i] == below)
			return true;
	if (tails->count == SM_ACTIVE_MAX)
		return false;
	tails->nodes[tails->count++] = below;
	return true;
}

/* `**` may stand for nothing when more follows: its node is active too. */
static void close_set(const struct forest *f, struct sm_match_set *set,
		      struct tails *tails)
{
	uint32_t i;

	for (i = 0; i < set->count; i++) {
		uint32_t below = f->nodes[set->nodes[i] & ~FRESH].below;

		if (below != SM_BLOB_NONE && !wait_for_end(f, below, tails) &&
		    !holds(set, below))
			push(set, below | FRESH);
	}
}

static void step(const struct forest *f, uint32_t number,
		 const struct component *c, bool is_path,
		 struct sm_match_set *next)
{
	const struct sm_blob_branch *branches =
		sm_blob_section(f->policy, SM_BLOB_BRANCHES);
	const struct sm_blob_node *node = &f->nodes[number];
	uint32_t i, child;

	if (node->flags & SM_NODE_DEEP)
		push(next, number);
	if (node->edges.count) {
		child = find_literal(f, node, c);
		if (child != SM_BLOB_NONE)
			push(next, child);
	}
	for (i = 0; i < node->branches.count; i++) {
		const struct sm_blob_branch *b =
			&branches[node->branches.first + i];

		if (sm_match_pattern(f->policy, b->pattern, c->text, is_path))
			push(next, b->node);
	}
}

static void step_all(const struct forest *f, struct sm_match_set *set,
		     const struct component *c, struct sm_match_set *next)
{
	uint32_t i;

	next->count = 0;
	next->has_overflown = set->has_overflown;
	for (i = 0; i < set->count; i++)
		step(f, set->nodes[i] & ~FRESH, c, true, next);
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

static void start(struct sm_match_set *set, uint32_t node)
{
	set->count = 1;
	set->has_overflown = false;
	set->nodes[0] = node;
}

/* Nothing can join this node any more, and it stays whatever follows. */
static bool is_end(const struct forest *f, const struct sm_match_set *set)
{
	const struct sm_blob_node *node;

	if (set->count != 1 || set->nodes[0] & FRESH)
		return false;
	node = &f->nodes[set->nodes[0]];
	return node->flags & SM_NODE_DEEP && !node->edges.count &&
	       !node->branches.count && node->below == SM_BLOB_NONE;
}

/* From the node in set on; path behind at is left. */
__attribute__((noinline)) static void
match_rest(const struct forest *f, struct sm_str path, uint32_t at,
	   struct sm_match_set *set, struct tails *tails)
{
	struct sm_match_set other, *from = set, *to = &other, *swap;

	while (at < path.len && from->count && !is_end(f, from)) {
		struct component c = next_component(path, at);

		close_set(f, from, tails);
		step_all(f, from, &c, to);
		swap = from;
		from = to;
		to = swap;
		at += c.text.len + 1;
	}
	drop_fresh(from);
	if (from == set)
		return;
	set->count = from->count;
	set->has_overflown = from->has_overflown;
	memcpy(set->nodes, from->nodes, from->count * sizeof(*set->nodes));
}

__attribute__((noinline)) static void match_tails(const struct forest *f,
						  struct sm_str path,
						  const struct tails *tails,
						  struct sm_match_set *set)
{
	uint32_t i, at = path.len;
	struct component last;

	while (path.p[at - 1] != '/')
		at--;
	last = next_component(path, at);
	for (i = 0; i < tails->count; i++)
		step(f, tails->nodes[i], &last, true, set);
}

/* The only child of a node that has one, if it is path's component at. */
HOT uint32_t follow_only(const struct forest *f,
			 const struct sm_blob_node *node, struct sm_str path,
			 uint32_t at, uint32_t *end)
{
	const struct sm_blob_edge *e = f->edges + node->edges.first;
	uint32_t left = path.len - at;

	e += e->node == SM_BLOB_NONE;
	*end = at + e->text.len;
	if (e->node == SM_BLOB_NONE || e->text.len > left ||
	    (e->text.len < left && path.p[*end] != '/') ||
	    !are_same(f->text + e->text.at, path.p + at, e->text.len))
		return SM_BLOB_NONE;
	return e->node;
}

HOT uint32_t follow(const struct forest *f, const struct sm_blob_node *node,
		    struct sm_str path, uint32_t at, uint32_t *end)
{
	struct component c;

	if (node->edges.count == 2)
		return follow_only(f, node, path, at, end);
	c = next_component(path, at);
	*end = at + c.text.len;
	return find_literal(f, node, &c);
}

/* Only literals follow, but for what waits for the end. */
HOT bool is_plain(const struct forest *f, const struct sm_blob_node *node,
		  struct tails *tails)
{
	return !node->branches.count && !node->flags &&
	       (node->below == SM_BLOB_NONE ||
		wait_for_end(f, node->below, tails));
}

/*
 * One node at a time while only literals follow: most rules begin with
 * directories spelled out.
 */
void sm_match_path(const struct sm_policy *policy, uint32_t root,
		   struct sm_str path, struct sm_match_set *set)
{
	const struct forest f = forest_of(policy);
	uint32_t at = 1, number = root, end;
	struct tails tails;

	tails.count = 0;
	set->count = 0;
	set->has_overflown = false;
	if (!path.len || path.p[0] != '/')
		return;
	while (number != SM_BLOB_NONE && at < path.len &&
	       is_plain(&f, &f.nodes[number], &tails)) {
		number = follow(&f, &f.nodes[number], path, at, &end);
		at = end + 1;
	}
	if (number != SM_BLOB_NONE) {
		start(set, number);
		if (at < path.len)
			match_rest(&f, path, at, set, &tails);
	}
	if (tails.count)
		match_tails(&f, path, &tails, set);
}

void sm_match_key(const struct sm_policy *policy, uint32_t root,
		  struct sm_str key, struct sm_match_set *set)
{
	const struct forest f = forest_of(policy);
	struct component c = { key, sm_blob_hash(key) };

	set->count = 0;
	set->has_overflown = false;
	step(&f, root, &c, false, set);
}
