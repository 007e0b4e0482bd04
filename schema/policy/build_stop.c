/* SPDX-License-Identifier: Apache-2.0 */
/*
 * build_stop.c: what is behind one literal start of paths (stop.h).
 */
#include "schema/policy/build.h"
#include "schema/policy/stop.h"

#define NONE SM_BLOB_NONE
#define MANY 255 /* of anything in one stop */

struct sm_blob_stop *sm_build_stop_at(struct sm_build *b, uint32_t word)
{
	char *p = b->sections[SM_BLOB_STOPS].p;

	return (struct sm_blob_stop *)(void *)(p + 8 * (size_t)word);
}

static struct sm_blob_way *ways_of(struct sm_blob_stop *stop)
{
	return (struct sm_blob_way *)(uintptr_t)sm_stop_ways(stop);
}

static struct sm_blob_grant *grants_of(struct sm_blob_stop *stop)
{
	return (struct sm_blob_grant *)(uintptr_t)sm_stop_grants(stop);
}

static enum sm_status add_words(struct sm_build *b, uint32_t count)
{
	while (count--)
		if (!sm_build_push(&b->sections[SM_BLOB_STOPS],
				   sizeof(uint64_t)))
			return SM_NOMEM;
	return SM_OK;
}

/* -------------------------------------------------------------------- ways */

/* A way before it is written. */
struct draft {
	struct sm_blob_way way;
	struct sm_str start, end;
};

static struct sm_str text_of(const struct sm_build *b, uint32_t at,
			     uint32_t len)
{
	return (struct sm_str){ b->sections[SM_BLOB_TEXT].p + at, len };
}

/* SM_SHAPE_PATTERN stays where no shape knows what is between the literals. */
static void shape_middle(const struct sm_blob_item *item, struct draft *d)
{
	bool is_name =
		item->kind == SM_BLOB_TOKEN && item->token == SM_TOKEN_NAME;

	if (item->kind == SM_BLOB_STAR || (is_name && !d->start.len)) {
		d->way.shape = SM_SHAPE_ANY;
	} else if (item->kind == SM_BLOB_TOKEN) {
		d->way.shape = SM_SHAPE_TOKEN;
		d->way.token = (uint8_t)item->token;
	}
}

static struct draft shape_pattern(const struct sm_build *b, uint32_t pattern)
{
	const struct sm_blob_span span =
		((struct sm_blob_span *)(void *)b->sections[SM_BLOB_PATTERNS]
			 .p)[pattern];
	const struct sm_blob_item *item =
		(struct sm_blob_item *)(void *)b->sections[SM_BLOB_ITEMS].p +
		span.first;
	struct draft d = { .way.shape = SM_SHAPE_PATTERN };
	uint32_t count = span.count;

	if (count && item->kind == SM_BLOB_LITERAL) {
		d.start = text_of(b, item->a, item->b);
		item++;
		count--;
	}
	if (count > 1 && item[count - 1].kind == SM_BLOB_LITERAL) {
		count--;
		d.end = text_of(b, item[count].a, item[count].b);
	}
	if (!count && d.start.len)
		d.way.shape = SM_SHAPE_LITERAL;
	else if (count == 1)
		shape_middle(item, &d);
	if (d.start.len > MANY || d.end.len > MANY)
		d.way.shape = SM_SHAPE_PATTERN;
	if (d.way.shape == SM_SHAPE_PATTERN)
		d = (struct draft){ .way = { .shape = SM_SHAPE_PATTERN,
					     .text = pattern } };
	return d;
}

static struct draft draft_of(struct sm_build *b, const struct sm_build_link *l)
{
	struct draft d = { .way.shape = SM_SHAPE_LITERAL };

	if (l->pattern == NONE)
		d.start = text_of(b, l->text.at, l->text.len);
	else
		d = shape_pattern(b, l->pattern);
	d.way.stop = l->what; /* the node, until its stop is there */
	return d;
}

/* ----------------------------------------------------------------- content */

/* What a stop has to hold, but for the path. */
struct content {
	/* deep, tree: for `**` and <tree>; or NULL */
	const struct sm_build_node *node, *deep, *tree;
	bool has_ends;	/* else the way to it has them */
	bool has_edges; /* else literals lead to stops of their own */
	uint32_t ends, deeps, nexts, trees, ways, tails, text_bytes;
};

static uint32_t count_grants(struct sm_build *b, const struct sm_build_node *n,
			     struct content *c)
{
	for (uint32_t link = n->rules; link != NONE;
	     link = sm_build_link_at(b, link)->next)
		c->text_bytes +=
			sm_build_rule_at(b, sm_build_link_at(b, link)->what)
				->id.len;
	return n->rule_count;
}

static bool goes_on(const struct sm_build_node *n)
{
	return n->edge_count || n->branch_count || n->below != NONE ||
	       n->tidy != NONE;
}

/* Any name that is not hidden. */
static bool is_plain(const struct draft *d)
{
	return d->way.shape == SM_SHAPE_ANY && !d->start.len && !d->end.len;
}

/* Whether there is a way, beside what nexts say of it. */
static bool is_way(struct sm_build *b, const struct draft *d)
{
	return !is_plain(d) || goes_on(sm_build_node_at(b, d->way.stop));
}

/* Returns how many there are; those with longer texts count as too many. */
static uint32_t count_ways(struct sm_build *b, uint32_t link, struct content *c)
{
	uint32_t count = 0;

	for (; link != NONE; link = sm_build_link_at(b, link)->next) {
		struct draft d = draft_of(b, sm_build_link_at(b, link));

		c->text_bytes += d.start.len + d.end.len;
		if (is_plain(&d))
			c->nexts += count_grants(
				b, sm_build_node_at(b, d.way.stop), c);
		count += is_way(b, &d);
		if (d.start.len > MANY)
			count += MANY + 1;
	}
	return count;
}

/* False: it is too much, or of a kind, that only the forest knows. */
static bool read_content(struct sm_build *b, struct content *c)
{
	const struct sm_build_node *d = c->deep;
	uint32_t nexts;

	c->ends = c->has_ends ? count_grants(b, c->node, c) : 0;
	c->ways = count_ways(b, c->node->branches, c);
	if (c->has_edges)
		c->ways += count_ways(b, c->node->edges, c);
	if (d) {
		if (d->flags != SM_NODE_DEEP ||
		    (goes_on(d) && !sm_build_is_tail(b, d)))
			return false;
		c->deeps = count_grants(b, d, c);
		nexts = c->nexts;
		c->tails = count_ways(b, d->edges, c) +
			   count_ways(b, d->branches, c);
		if (c->nexts > nexts)
			return false; /* any name, anywhere: a `**` */
	}
	if (c->tree && goes_on(c->tree))
		return false;
	if (c->tree)
		c->trees = count_grants(b, c->tree, c);
	return c->ends <= MANY && c->deeps <= MANY && c->nexts <= MANY &&
	       c->trees <= MANY && c->ways <= MANY && c->tails <= MANY;
}

static uint32_t grants_of_content(const struct content *c)
{
	return c->ends + c->deeps + c->nexts + c->trees;
}

static uint32_t words_of(const struct content *c)
{
	return (uint32_t)(SM_STOP_WORDS +
			  SM_GRANT_WORDS * grants_of_content(c) +
			  SM_WAY_WORDS * (c->ways + c->tails)) +
	       (c->text_bytes + 7) / 8;
}

/* ------------------------------------------------------------------ filling */

/* Where text goes on in a stop that is being filled. */
struct cursor {
	struct sm_build *b;
	uint32_t at; /* byte of SM_BLOB_STOPS */
};

static uint32_t put_text(struct cursor *c, struct sm_str s)
{
	uint32_t at = c->at;

	if (s.len)
		memcpy(c->b->sections[SM_BLOB_STOPS].p + at, s.p, s.len);
	c->at += s.len;
	return at;
}

static uint32_t want_of(const struct sm_blob_rule *rule)
{
	uint32_t want = 0;

	if (rule->flags & SM_RULE_NOT_STDLIB)
		return UINT32_MAX;
	for (int via = 0; via < SM_VIAS; via++)
		if (rule->via >> via & 1)
			want |= sm_stop_want(rule->access, (enum sm_via)via);
	return want;
}

static struct sm_blob_grant *put_grants(struct cursor *c, uint32_t node,
					struct sm_blob_grant *to)
{
	for (uint32_t link = sm_build_node_at(c->b, node)->rules; link != NONE;
	     link = sm_build_link_at(c->b, link)->next, to++) {
		uint32_t number = sm_build_link_at(c->b, link)->what;
		const struct sm_blob_rule *rule =
			sm_build_rule_at(c->b, number);

		to->want = want_of(rule);
		to->who = rule->who;
		to->rule = number;
		if (rule->flags & SM_RULE_DENY)
			to->rule |= SM_GRANT_DENIES;
		if (rule->flags & (SM_RULE_STDLIB | SM_RULE_NOT_STDLIB))
			to->rule |= SM_GRANT_ASKS_MORE;
		to->id.len = rule->id.len;
		to->id.at = put_text(c, sm_build_str(c->b, rule->id));
	}
	return to;
}

static struct sm_blob_grant *put_nexts(struct cursor *c, uint32_t link,
				       struct sm_blob_grant *to)
{
	for (; link != NONE; link = sm_build_link_at(c->b, link)->next) {
		struct draft d = draft_of(c->b, sm_build_link_at(c->b, link));

		if (is_plain(&d))
			to = put_grants(c, d.way.stop, to);
	}
	return to;
}

static void put_words(struct sm_blob_way *way, const struct draft *d)
{
	uint32_t start = d->start.len < 8 ? d->start.len : 8;
	uint32_t end = d->end.len < 8 ? d->end.len : 8;

	if (start)
		memcpy(&way->first, d->start.p, start);
	memset(&way->first_mask, 0xff, start);
	if (end)
		memcpy((char *)&way->last + 8 - end,
		       d->end.p + d->end.len - end, end);
	memset((char *)&way->last_mask + 8 - end, 0xff, end);
}

static struct sm_blob_way *put_ways(struct cursor *c, uint32_t link,
				    struct sm_blob_way *to)
{
	for (; link != NONE; link = sm_build_link_at(c->b, link)->next) {
		struct draft d = draft_of(c->b, sm_build_link_at(c->b, link));

		if (!is_way(c->b, &d))
			continue;
		*to = d.way;
		if (to->shape != SM_SHAPE_PATTERN) {
			to->start = (uint8_t)d.start.len;
			to->end = (uint8_t)d.end.len;
			to->texts = d.start.len + d.end.len;
			to->text = put_text(c, d.start);
			put_text(c, d.end);
			put_words(to, &d);
		}
		to++;
	}
	return to;
}

static uint32_t wants_of(const struct sm_blob_grant *g, uint32_t count)
{
	uint32_t want = 0;

	while (count--)
		want |= g++->want;
	return want;
}

/* The stop has room for the content. */
static void fill(struct sm_build *b, const struct content *c, uint32_t node,
		 struct sm_blob_stop *stop)
{
	struct cursor cursor = { .b = b };
	struct sm_blob_grant *grant;
	struct sm_blob_way *way;

	stop->ends = (uint8_t)c->ends;
	stop->deeps = (uint8_t)c->deeps;
	stop->nexts = (uint8_t)c->nexts;
	stop->trees = (uint8_t)c->trees;
	stop->ways = (uint8_t)c->ways;
	stop->tails = (uint8_t)c->tails;
	way = ways_of(stop);
	cursor.at = (uint32_t)((char *)(way + c->ways + c->tails) -
			       b->sections[SM_BLOB_STOPS].p);
	grant = grants_of(stop);
	if (c->has_ends)
		grant = put_grants(&cursor, node, grant);
	if (c->deep)
		grant = put_grants(&cursor, c->node->below, grant);
	grant = put_nexts(&cursor, c->node->branches, grant);
	if (c->tree)
		put_grants(&cursor, c->node->tidy, grant);
	stop->want = wants_of(sm_stop_grants(stop) + c->ends,
			      c->deeps + c->nexts + c->trees);
	stop->beside = wants_of(
		sm_stop_grants(stop) + c->ends + c->deeps + c->nexts, c->trees);
	stop->deeper = stop->beside |
		       wants_of(sm_stop_grants(stop) + c->ends, c->deeps);
	way = put_ways(&cursor, c->node->branches, way);
	if (c->has_edges)
		way = put_ways(&cursor, c->node->edges, way);
	if (!c->deep || !c->tails)
		return;
	way = put_ways(&cursor, c->deep->edges, way);
	put_ways(&cursor, c->deep->branches, way);
}

/* Only the forest knows, of the path itself and of what is below. */
static void fill_with_doubt(uint32_t node, struct sm_blob_stop *stop)
{
	const struct sm_blob_grant doubt = { .who = UINT64_MAX,
					     .want = UINT32_MAX,
					     .rule = SM_GRANT_ASKS_MORE };

	stop->node = node;
	stop->ends = stop->deeps = 1;
	grants_of(stop)[0] = grants_of(stop)[1] = doubt;
	stop->want = stop->deeper = UINT32_MAX;
}

/* ------------------------------------------------------------------- a stop */

/* A stop with nothing in it yet. */
static enum sm_status new_stop(struct sm_build *b, uint32_t len,
			       uint32_t grants, uint32_t words, uint32_t *at)
{
	struct sm_blob_stop *stop;
	enum sm_status status;

	*at = (uint32_t)b->sections[SM_BLOB_STOPS].count;
	status = add_words(b, words);
	if (status)
		return status;
	stop = sm_build_stop_at(b, *at);
	stop->up = stop->mark = NONE;
	stop->length = (uint16_t)len;
	stop->ways_at = (uint16_t)(SM_STOP_WORDS + SM_GRANT_WORDS * grants);
	stop->words = (uint16_t)words;
	return SM_OK;
}

static enum sm_status build_next(struct sm_build *b, enum sm_blob_root root,
				 uint32_t at, uint32_t number, unsigned depth);

/* len: bytes of the path. depth: wildcards before it. */
static enum sm_status build_stop(struct sm_build *b, enum sm_blob_root root,
				 uint32_t node, uint32_t len, struct content *c,
				 unsigned depth, uint32_t *at)
{
	enum sm_status status;
	uint32_t i;

	c->node = sm_build_node_at(b, node);
	if (c->node->below != NONE)
		c->deep = sm_build_node_at(b, c->node->below);
	if (c->node->tidy != NONE)
		c->tree = sm_build_node_at(b, c->node->tidy);
	if ((root != SM_ROOT_FILES && root != SM_ROOT_LOAD) ||
	    depth == SM_STOP_DEPTH_MAX || !read_content(b, c) ||
	    words_of(c) > SM_STOP_WORDS_MAX) {
		status = new_stop(b, len, 2, SM_STOP_WORDS + 2 * SM_GRANT_WORDS,
				  at);
		if (!status)
			fill_with_doubt(node, sm_build_stop_at(b, *at));
		return status;
	}
	status = new_stop(b, len, grants_of_content(c), words_of(c), at);
	if (status)
		return status;
	sm_build_stop_at(b, *at)->node = node;
	fill(b, c, node, sm_build_stop_at(b, *at));
	for (i = 0; !status && i < c->ways + c->tails; i++)
		status = build_next(b, root, *at, i, depth + 1);
	return status;
}

static enum sm_way_plain plain_of(const struct sm_blob_stop *stop,
				  const struct sm_blob_way *way,
				  const struct sm_blob_stop *next)
{
	if (stop->length < 7 || !way->start || way->start > 8 || way->end > 8 ||
	    next->ends != 1 || sm_stop_grants(next)->rule > SM_GRANT_RULE)
		return SM_WAY_NOT_PLAIN;
	if (way->shape == SM_SHAPE_ANY)
		return SM_WAY_PLAIN_ANY;
	return way->shape == SM_SHAPE_TOKEN && way->token == SM_TOKEN_INT
		       ? SM_WAY_PLAIN_INT
		       : SM_WAY_NOT_PLAIN;
}

/* The stop a way leads to, and what it adds to the one it belongs to. */
static enum sm_status build_next(struct sm_build *b, enum sm_blob_root root,
				 uint32_t at, uint32_t number, unsigned depth)
{
	struct sm_blob_way *way = &ways_of(sm_build_stop_at(b, at))[number];
	bool is_plain = way->shape == SM_SHAPE_ANY && !way->start && !way->end;
	struct content c = { .has_ends = !is_plain, .has_edges = true };
	const struct sm_blob_stop *next;
	struct sm_blob_stop *stop;
	uint32_t word;
	enum sm_status status =
		build_stop(b, root, way->stop, 0, &c, depth, &word);

	if (status)
		return status;
	next = sm_build_stop_at(b, word);
	stop = sm_build_stop_at(b, at);
	way = &ways_of(stop)[number];
	way->stop = word;
	way->plain = plain_of(stop, way, next);
	way->want = next->want | next->tail_want |
		    wants_of(sm_stop_grants(next), next->ends);
	if (number < stop->ways) {
		stop->beside |= way->want;
		stop->want |= way->want;
		stop->deeper |= next->want | next->tail_want;
	} else {
		stop->tail_want |= way->want;
	}
	return SM_OK;
}

enum sm_status sm_build_stop(struct sm_build *b, enum sm_blob_root root,
			     uint32_t node, uint32_t len, uint32_t *at)
{
	struct content c = { .has_ends = true };

	return build_stop(b, root, node, len, &c, 0, at);
}
