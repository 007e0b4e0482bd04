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

#include "schema/path.h"

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

/* --------------------------------------------------------------- patterns */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_lower_hex(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'f');
}

static bool is_host(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z') ||
	       (c >= 'A' && c <= 'Z') || c == '.' || c == '-' || c == '_' ||
	       c == ':';
}

static bool is_not_slash(char c)
{
	return c != '/';
}

static bool is_any(char c)
{
	(void)c;
	return true;
}

/* Tokens that match every length from least up to a run's end. */
struct span_token {
	bool (*is)(char);
	uint32_t least;
	char not_first; /* 0: any byte may start it */
};

static bool span_token(const struct sm_blob_item *item, struct span_token *out)
{
	static const struct span_token star = { is_any, 0, 0 };
	static const struct span_token tokens[SM_TOKENS] = {
		[SM_TOKEN_INT] = { is_digit, 1, 0 },
		[SM_TOKEN_HEX] = { is_lower_hex, 8, 0 },
		[SM_TOKEN_NAME] = { is_not_slash, 1, '.' },
		[SM_TOKEN_WORD] = { is_any, 1, '-' },
		[SM_TOKEN_HOST] = { is_host, 1, '-' },
		[SM_TOKEN_TEXT] = { is_any, 1, 0 },
	};

	if (item->kind == SM_BLOB_STAR) {
		*out = star;
		return true;
	}
	if (item->kind != SM_BLOB_TOKEN || !tokens[item->token].is)
		return false;
	*out = tokens[item->token];
	return true;
}

static bool matches_path(const struct sm_policy *policy,
			 const struct sm_blob_item *item, struct sm_str text)
{
	const struct sm_blob_node *nodes =
		sm_blob_section(policy, SM_BLOB_NODES);
	char out[SM_PATH_MAX];
	struct sm_match_set set;
	struct sm_str path;
	bool is_relative = text.len && text.p[0] != '/';
	uint32_t i;

	if (is_relative != (item->token != 0))
		return false;
	/* Below an unknown directory `..` could lead anywhere. */
	for (i = 0; is_relative && i + 1 < text.len; i++)
		if (text.p[i] == '.' && text.p[i + 1] == '.' &&
		    (!i || text.p[i - 1] == '/') &&
		    (i + 2 == text.len || text.p[i + 2] == '/'))
			return false;
	if (sm_path_canonical(SM_STR("/"), text, out, &path))
		return false;
	sm_match_path(policy, item->a, path, &set);
	/* Inner nodes are reached too; only ends hold a rule. */
	for (i = 0; i < set.count; i++)
		if (nodes[set.nodes[i]].rules.count)
			return !set.has_overflown;
	return false;
}

static bool matches_cidr(const struct sm_policy *policy,
			 const struct sm_blob_item *item, struct sm_str key)
{
	struct sm_str net =
		sm_blob_str(policy, (struct sm_blob_text){ item->a, item->b });
	uint32_t whole = item->token / 8, rest = item->token % 8;

	if (key.len != SM_ADDRESS_KEY || key.p[0] ||
	    memcmp(key.p + 1, net.p + 1, whole))
		return false;
	return !rest ||
	       !(((uint8_t)key.p[1 + whole] ^ (uint8_t)net.p[1 + whole]) >>
		 (8 - rest));
}

/* Whether one item that is not literal matches all of text. */
static bool matches_whole(const struct sm_policy *policy,
			  const struct sm_blob_item *item, struct sm_str text)
{
	const struct sm_blob_text *names;
	uint32_t i;

	switch (item->kind) {
	case SM_BLOB_STAR:
		return true;
	case SM_BLOB_TOKEN:
		return text.len &&
		       sm_token_match(item->token, text) == text.len;
	case SM_BLOB_OPTION:
		names = sm_blob_section(policy, SM_BLOB_NAMES);
		for (i = 0; i < item->b; i++)
			if (sm_str_equal(
				    sm_blob_str(policy, names[item->a + i]),
				    text))
				return true;
		return false;
	case SM_BLOB_PATH:
		return matches_path(policy, item, text);
	case SM_BLOB_CIDR:
		return matches_cidr(policy, item, text);
	}
	return false;
}

/* Sets of positions in a text, one bit each. */
#define POSITIONS (SM_STRING_MAX + 1)

struct positions {
	uint64_t bits[POSITIONS / 64 + 1];
};

static bool has(const struct positions *p, uint32_t i)
{
	return p->bits[i / 64] >> (i % 64) & 1;
}

static void put(struct positions *p, uint32_t i)
{
	p->bits[i / 64] |= 1ull << (i % 64);
}

/* The earliest start inside a run stands for all later ones. */
static void advance_span(const struct span_token *t, struct sm_str text,
			 const struct positions *from, struct positions *to)
{
	uint32_t i, start_at = SM_BLOB_NONE;

	for (i = 0; i <= text.len; i++) {
		if (!t->least && has(from, i))
			put(to, i);
		if (start_at == SM_BLOB_NONE && i < text.len && has(from, i) &&
		    !(t->not_first && text.p[i] == t->not_first))
			start_at = i;
		if (i == text.len || !t->is(text.p[i]))
			start_at = SM_BLOB_NONE;
		else if (start_at != SM_BLOB_NONE &&
			 i + 1 - start_at >= t->least)
			put(to, i + 1);
	}
}

static void advance_texts(const struct sm_policy *policy,
			  const struct sm_blob_item *item, struct sm_str text,
			  uint32_t at, struct positions *to)
{
	const struct sm_blob_text *names =
		sm_blob_section(policy, SM_BLOB_NAMES);
	struct sm_blob_text literal = { item->a, item->b };
	bool is_option = item->kind == SM_BLOB_OPTION;
	struct sm_str rest = { text.p + at, text.len - at }, s;
	uint32_t i, count = is_option ? item->b : 1;

	for (i = 0; i < count; i++) {
		s = sm_blob_str(policy,
				is_option ? names[item->a + i] : literal);
		if (sm_str_starts(rest, s))
			put(to, at + s.len);
	}
}

static void advance(const struct sm_policy *policy,
		    const struct sm_blob_item *item, struct sm_str text,
		    const struct positions *from, struct positions *to)
{
	struct span_token span;
	uint32_t at;

	memset(to, 0, sizeof(*to));
	if (span_token(item, &span)) {
		advance_span(&span, text, from, to);
		return;
	}
	for (at = 0; at <= text.len; at++) {
		struct sm_str rest = { text.p + at, text.len - at };
		size_t n;

		if (!has(from, at))
			continue;
		if (item->kind == SM_BLOB_TOKEN) {
			n = sm_token_match(item->token, rest);
			if (n)
				put(to, at + (uint32_t)n);
		} else if (item->kind == SM_BLOB_PATH) {
			if (matches_path(policy, item, rest))
				put(to, text.len);
		} else if (item->kind != SM_BLOB_CIDR) {
			advance_texts(policy, item, text, at, to);
		}
	}
}

static bool matches_items(const struct sm_policy *policy,
			  const struct sm_blob_item *items, uint32_t count,
			  struct sm_str text)
{
	struct positions a, b, *from = &a, *to = &b, *swap;
	uint32_t i;

	if (text.len >= POSITIONS)
		return false;
	memset(from, 0, sizeof(*from));
	put(from, 0);
	for (i = 0; i < count; i++) {
		advance(policy, &items[i], text, from, to);
		swap = from;
		from = to;
		to = swap;
	}
	return has(from, text.len);
}

/* Wildcards open neither hidden names nor, in words, options. */
static bool is_refused_start(const struct sm_blob_item *item, char first,
			     bool is_component)
{
	if (item->kind == SM_BLOB_LITERAL || item->kind == SM_BLOB_OPTION)
		return false;
	if (is_component)
		return first == '.';
	return first == '-' &&
	       !(item->kind == SM_BLOB_TOKEN && item->token == SM_TOKEN_TEXT);
}

bool sm_match_pattern(const struct sm_policy *policy, uint32_t pattern,
		      struct sm_str text, bool is_component)
{
	const struct sm_blob_span *patterns =
		sm_blob_section(policy, SM_BLOB_PATTERNS);
	const struct sm_blob_item *items =
		sm_blob_section(policy, SM_BLOB_ITEMS);
	uint32_t count = patterns[pattern].count;
	struct sm_str s;

	items += patterns[pattern].first;
	if (count && text.len &&
	    is_refused_start(&items[0], text.p[0], is_component))
		return false;
	if (count && items[0].kind == SM_BLOB_LITERAL) {
		s = sm_blob_str(policy, (struct sm_blob_text){ items[0].a,
							       items[0].b });
		if (!sm_str_starts(text, s))
			return false;
		text.p += s.len;
		text.len -= s.len;
		items++;
		count--;
	}
	if (count && items[count - 1].kind == SM_BLOB_LITERAL) {
		s = sm_blob_str(policy,
				(struct sm_blob_text){ items[count - 1].a,
						       items[count - 1].b });
		if (text.len < s.len ||
		    memcmp(text.p + text.len - s.len, s.p, s.len))
			return false;
		text.len -= s.len;
		count--;
	}
	if (!count)
		return !text.len;
	if (count == 1)
		return matches_whole(policy, items, text);
	return matches_items(policy, items, count, text);
}
