/* SPDX-License-Identifier: Apache-2.0 */
/*
 * build.c: the forest of patterns while it grows, and its layout.
 */
#include "schema/policy/build.h"

#include <stdlib.h>

#include "schema/policy/stop.h"

#define NONE SM_BLOB_NONE

void sm_build_init(struct sm_build *b)
{
	b->left = (struct sm_build_left){ SM_BUILD_MAX, false };
	b->nodes.left = b->links.left = &b->left;
	for (int s = 0; s < SM_BLOB_SECTIONS; s++)
		b->sections[s].left = &b->left;
}

static bool grow(struct sm_vector *v, size_t room, size_t size)
{
	size_t more = (room - v->room) * size;
	char *p;

	if (more > v->left->bytes) {
		v->left->is_short = true;
		return false;
	}
	p = realloc(v->p, room * size);
	if (!p)
		return false;
	v->left->bytes -= more;
	v->p = p;
	v->room = room;
	return true;
}

void *sm_build_push(struct sm_vector *v, size_t size)
{
	if (v->count == v->room && !grow(v, v->room ? 2 * v->room : 64, size))
		return NULL;
	memset(v->p + v->count * size, 0, size);
	return v->p + v->count++ * size;
}

enum sm_status sm_build_text(struct sm_build *b, struct sm_str s,
			     struct sm_blob_text *out)
{
	struct sm_vector *v = &b->sections[SM_BLOB_TEXT];
	size_t room = v->room ? v->room : 4096;

	while (room - v->count < s.len)
		room *= 2;
	if (room != v->room && !grow(v, room, 1))
		return SM_NOMEM;
	*out = (struct sm_blob_text){ (uint32_t)v->count, s.len };
	if (s.len)
		memcpy(v->p + v->count, s.p, s.len);
	v->count += s.len;
	return SM_OK;
}

enum sm_status sm_build_node(struct sm_build *b, uint32_t *node)
{
	struct sm_build_node *n = sm_build_push(&b->nodes, sizeof(*n));

	if (!n)
		return SM_NOMEM;
	n->below = n->tidy = n->edges = n->branches = n->rules = NONE;
	*node = (uint32_t)(b->nodes.count - 1);
	return SM_OK;
}

/* Appends a link to the list whose head and tail are given by offset. */
static enum sm_status append(struct sm_build *b, uint32_t *number)
{
	struct sm_build_link *l = sm_build_push(&b->links, sizeof(*l));

	if (!l)
		return SM_NOMEM;
	l->next = NONE;
	*number = (uint32_t)(b->links.count - 1);
	return SM_OK;
}

static void chain(struct sm_build *b, uint32_t link, uint32_t *head,
		  uint32_t *tail, uint32_t *count)
{
	if (*head == NONE)
		*head = link;
	else
		sm_build_link_at(b, *tail)->next = link;
	*tail = link;
	++*count;
}

/* ---------------------------------------------------------------- children */

static size_t slot_of(const struct sm_build *b, uint32_t parent, uint32_t hash)
{
	return (size_t)sm_blob_mix(hash, parent + 1) & (b->child_room - 1);
}

/* links of the map remember their parent in `hash` + the text. */
struct child_key {
	uint32_t parent;
	bool is_branch;
	struct sm_str text;
	uint32_t hash;
};

static struct sm_str link_text(struct sm_build *b,
			       const struct sm_build_link *l)
{
	return (struct sm_str){ b->sections[SM_BLOB_TEXT].p + l->text.at,
				l->text.len };
}

/* Map entries: three words: parent (top bit: branch), link + 1, unused. */
static bool is_entry(struct sm_build *b, const uint32_t *entry,
		     const struct child_key *key)
{
	const struct sm_build_link *l = sm_build_link_at(b, entry[1] - 1);

	return entry[0] == (key->parent | (key->is_branch ? 1u << 31 : 0)) &&
	       l->hash == key->hash && sm_str_equal(link_text(b, l), key->text);
}

static uint32_t *find_entry(struct sm_build *b, const struct child_key *key)
{
	size_t at = slot_of(b, key->parent, key->hash);

	while (b->children[2 * at + 1] &&
	       !is_entry(b, &b->children[2 * at], key))
		at = (at + 1) & (b->child_room - 1);
	return &b->children[2 * at];
}

static enum sm_status make_room(struct sm_build *b)
{
	uint32_t *old = b->children;
	size_t old_room = b->child_room, i, at;

	if (b->child_count * 2 < b->child_room)
		return SM_OK;
	b->child_room = old_room ? 2 * old_room : 256;
	b->children = calloc(b->child_room, 2 * sizeof(*b->children));
	if (!b->children) {
		b->children = old;
		b->child_room = old_room;
		return SM_NOMEM;
	}
	for (i = 0; i < old_room; i++) {
		if (!old[2 * i + 1])
			continue;
		at = slot_of(b, old[2 * i] & ~(1u << 31),
			     sm_build_link_at(b, old[2 * i + 1] - 1)->hash);
		while (b->children[2 * at + 1])
			at = (at + 1) & (b->child_room - 1);
		b->children[2 * at] = old[2 * i];
		b->children[2 * at + 1] = old[2 * i + 1];
	}
	free(old);
	return SM_OK;
}

static enum sm_status add_child(struct sm_build *b, const struct child_key *key,
				uint32_t pattern, uint32_t *child)
{
	enum sm_status status = make_room(b);
	struct sm_build_node *n;
	struct sm_build_link *l;
	struct sm_blob_text text;
	uint32_t *entry, number;

	if (status)
		return status;
	entry = find_entry(b, key);
	if (entry[1]) {
		*child = sm_build_link_at(b, entry[1] - 1)->what;
		return SM_OK;
	}
	status = sm_build_text(b, key->text, &text);
	if (!status)
		status = sm_build_node(b, child);
	if (!status)
		status = append(b, &number);
	if (status)
		return status;
	l = sm_build_link_at(b, number);
	l->what = *child;
	l->pattern = pattern;
	l->text = text;
	l->hash = key->hash;
	entry[0] = key->parent | (key->is_branch ? 1u << 31 : 0);
	entry[1] = number + 1;
	b->child_count++;
	n = sm_build_node_at(b, key->parent);
	if (key->is_branch)
		chain(b, number, &n->branches, &n->branch_tail,
		      &n->branch_count);
	else
		chain(b, number, &n->edges, &n->edge_tail, &n->edge_count);
	return SM_OK;
}

enum sm_status sm_build_literal(struct sm_build *b, uint32_t parent,
				struct sm_str text, uint32_t *child)
{
	struct child_key key = { parent, false, text, sm_blob_hash(text) };

	return add_child(b, &key, NONE, child);
}

enum sm_status sm_build_branch(struct sm_build *b, uint32_t parent,
			       struct sm_str spelling, uint32_t pattern,
			       uint32_t *child)
{
	struct child_key key = { parent, true, spelling,
				 sm_blob_hash(spelling) };

	return add_child(b, &key, pattern, child);
}

/* All of a pattern as literal bytes in out; false when it holds a wildcard. */
static bool unescape(struct sm_scan scan, char *out, struct sm_str *literal)
{
	struct sm_item item;
	uint32_t len = 0;
	enum sm_status status;

	while (!(status = sm_pattern_next(&scan, &item, NULL))) {
		if (item.kind != SM_ITEM_LITERAL)
			return false;
		memcpy(out + len, item.text.p, item.text.len);
		len += item.text.len;
	}
	*literal = (struct sm_str){ out, len };
	return status == SM_END;
}

enum sm_status sm_build_child(struct sm_build *b, uint32_t parent,
			      struct sm_str spelling, struct sm_scan how,
			      uint32_t *child)
{
	char *out = malloc((size_t)spelling.len + 1);
	struct sm_str literal;
	enum sm_status status;
	uint32_t pattern;

	if (!out)
		return SM_NOMEM;
	how.pattern = spelling;
	if (unescape(how, out, &literal)) {
		status = sm_build_literal(b, parent, literal, child);
	} else {
		status = sm_build_pattern(b, how, 0, &pattern);
		if (!status)
			status = sm_build_branch(b, parent, spelling, pattern,
						 child);
	}
	free(out);
	return status;
}

enum sm_status sm_build_grant(struct sm_build *b, uint32_t node, uint32_t rule)
{
	struct sm_build_node *n = sm_build_node_at(b, node);
	enum sm_status status;
	uint32_t number;

	if (rule == NONE)
		return SM_OK;
	if (n->rules != NONE && sm_build_link_at(b, n->rule_tail)->what == rule)
		return SM_OK;
	status = append(b, &number);
	if (status)
		return status;
	sm_build_link_at(b, number)->what = rule;
	chain(b, number, &n->rules, &n->rule_tail, &n->rule_count);
	return SM_OK;
}

/* ------------------------------------------------------------------- paths */

static enum sm_status descend_deep(struct sm_build *b, uint32_t flags,
				   uint32_t *node)
{
	const struct sm_build_node *from = sm_build_node_at(b, *node);
	uint32_t below = flags & SM_NODE_TIDY ? from->tidy : from->below;
	enum sm_status status;

	if (from->flags == flags)
		return SM_OK; /* a second ** in a row adds nothing */
	if (below == NONE) {
		status = sm_build_node(b, &below);
		if (status)
			return status;
		sm_build_node_at(b, below)->flags = flags;
		if (flags & SM_NODE_TIDY)
			sm_build_node_at(b, *node)->tidy = below;
		else
			sm_build_node_at(b, *node)->below = below;
	}
	*node = below;
	return SM_OK;
}

static enum sm_status descend(struct sm_build *b, struct sm_str path,
			      bool is_literal, uint32_t *node)
{
	const struct sm_scan how = { .has_variables = true };
	enum sm_status status = SM_OK;
	uint32_t at = path.len && path.p[0] == '/' ? 1 : 0, end;

	for (; !status && at < path.len; at = end + 1) {
		struct sm_str c;

		for (end = at; end < path.len && path.p[end] != '/';)
			end++;
		c = (struct sm_str){ path.p + at, end - at };
		if (is_literal)
			status = sm_build_literal(b, *node, c, node);
		else if (sm_pattern_depth(c))
			status = descend_deep(
				b,
				SM_NODE_DEEP |
					(sm_pattern_depth(c) == SM_DEPTH_TREE
						 ? SM_NODE_TIDY
						 : 0),
				node);
		else
			status = sm_build_child(b, *node, c, how, node);
	}
	return status;
}

enum sm_status sm_build_below(struct sm_build *b, uint32_t root,
			      struct sm_str directory, struct sm_str rest,
			      uint32_t rule)
{
	uint32_t node = root;
	enum sm_status status = descend(b, directory, true, &node);

	if (!status)
		status = descend(b, rest, false, &node);
	return status ? status : sm_build_grant(b, node, rule);
}

enum sm_status sm_build_path(struct sm_build *b, uint32_t root,
			     struct sm_str pattern, unsigned line,
			     uint32_t rule)
{
	struct sm_str values[SM_VALUES_OF_VARIABLE_MAX], name, rest;
	uint32_t n = sm_pattern_variable(pattern);
	enum sm_status status;
	size_t count, i;

	if (!n)
		return sm_build_below(b, root, (struct sm_str){ NULL, 0 },
				      pattern, rule);
	name = (struct sm_str){ pattern.p + 2, n - 3 };
	rest = (struct sm_str){ pattern.p + n, pattern.len - n };
	status = sm_build_values(b, name, line, values,
				 SM_VALUES_OF_VARIABLE_MAX, &count);
	for (i = 0; !status && i < count; i++)
		status = sm_build_below(b, root, values[i], rest, rule);
	return status;
}

/* ---------------------------------------------------------------- patterns */

static enum sm_status push_item(struct sm_build *b, uint32_t first,
				const struct sm_blob_item *item)
{
	struct sm_vector *v = &b->sections[SM_BLOB_ITEMS];
	struct sm_blob_item *to, *last;

	/* Neighbouring literals are one: their texts were added in a row. */
	if (v->count > first && item->kind == SM_BLOB_LITERAL) {
		last = (struct sm_blob_item *)(void *)v->p + v->count - 1;
		if (last->kind == SM_BLOB_LITERAL &&
		    last->a + last->b == item->a) {
			last->b += item->b;
			return SM_OK;
		}
	}
	to = sm_build_push(v, sizeof(*to));
	if (!to)
		return SM_NOMEM;
	*to = *item;
	return SM_OK;
}

static enum sm_status push_name(struct sm_build *b, struct sm_str text,
				struct sm_blob_item *item)
{
	struct sm_vector *v = &b->sections[SM_BLOB_NAMES];
	struct sm_blob_text at, *to;
	enum sm_status status = sm_build_text(b, text, &at);

	if (status)
		return status;
	to = sm_build_push(v, sizeof(*to));
	if (!to)
		return SM_NOMEM;
	*to = at;
	if (!item->b)
		item->a = (uint32_t)v->count - 1;
	item->b++;
	return SM_OK;
}

static enum sm_status build_option(struct sm_build *b, struct sm_str text,
				   struct sm_blob_item *item)
{
	char *out = malloc((size_t)text.len + 1);
	enum sm_status status = out ? SM_OK : SM_NOMEM;
	uint32_t i, len = 0;

	item->kind = SM_BLOB_OPTION;
	for (i = 0; !status && i <= text.len; i++) {
		if (i == text.len || text.p[i] == '|') {
			status =
				push_name(b, (struct sm_str){ out, len }, item);
			len = 0;
			continue;
		}
		if (text.p[i] == '\\' && i + 1 < text.len)
			i++;
		out[len++] = text.p[i];
	}
	free(out);
	return status;
}

static enum sm_status build_variable(struct sm_build *b, struct sm_str name,
				     unsigned line, struct sm_blob_item *item)
{
	struct sm_str values[SM_VALUES_OF_VARIABLE_MAX];
	struct sm_blob_text text;
	enum sm_status status;
	size_t count, i;

	status = sm_build_values(b, name, line, values,
				 SM_VALUES_OF_VARIABLE_MAX, &count);
	if (status)
		return status;
	item->kind = count == 1 ? SM_BLOB_LITERAL : SM_BLOB_OPTION;
	if (count == 1) {
		status = sm_build_text(b, values[0], &text);
		if (status)
			return status;
		item->a = text.at;
		item->b = text.len;
		return SM_OK;
	}
	for (i = 0; !status && i < count; i++)
		status = push_name(b, values[i], item);
	return status;
}

/* A tree of its own, whose ends say yes. */
static enum sm_status build_path_item(struct sm_build *b, struct sm_str text,
				      unsigned line, struct sm_blob_item *item)
{
	uint32_t root;
	enum sm_status status = sm_build_node(b, &root);

	if (status)
		return status;
	item->kind = SM_BLOB_PATH;
	item->a = root;
	item->token =
		text.len && text.p[0] != '/' && !sm_pattern_variable(text);
	return sm_build_path(b, root, text, line, 0);
}

static enum sm_status build_item(struct sm_build *b, const struct sm_item *from,
				 unsigned line, struct sm_blob_item *to)
{
	struct sm_blob_text text;
	enum sm_status status;

	memset(to, 0, sizeof(*to));
	switch (from->kind) {
	case SM_ITEM_LITERAL:
		to->kind = SM_BLOB_LITERAL;
		status = sm_build_text(b, from->text, &text);
		if (status)
			return status;
		to->a = text.at;
		to->b = text.len;
		return SM_OK;
	case SM_ITEM_STAR:
		to->kind = SM_BLOB_STAR;
		return SM_OK;
	case SM_ITEM_TOKEN:
		to->kind = SM_BLOB_TOKEN;
		to->token = from->token;
		return SM_OK;
	case SM_ITEM_OPTION:
		return build_option(b, from->text, to);
	case SM_ITEM_PATH:
		return build_path_item(b, from->text, line, to);
	case SM_ITEM_VARIABLE:
		return build_variable(b, from->text, line, to);
	}
	return SM_INVALID;
}

/*
 * Two passes over the spelling: a <path:...> grows a tree that may itself hold
 * patterns, whose items must not come between this pattern's.
 */
#define ITEMS_MAX 64

enum sm_status sm_build_pattern(struct sm_build *b, struct sm_scan scan,
				unsigned line, uint32_t *pattern)
{
	struct sm_blob_item items[ITEMS_MAX];
	struct sm_blob_span *span;
	struct sm_item item;
	enum sm_status status;
	uint32_t count = 0, first, i;

	while (!(status = sm_pattern_next(&scan, &item, b->diag))) {
		if (count == ITEMS_MAX)
			return sm_fail_at(b->diag, SM_LIMIT, line, 1,
					  "a pattern of more than %d parts",
					  ITEMS_MAX);
		status = build_item(b, &item, line, &items[count++]);
		if (status)
			return status;
	}
	if (status != SM_END)
		return status;
	first = (uint32_t)b->sections[SM_BLOB_ITEMS].count;
	for (i = 0; i < count; i++) {
		status = push_item(b, first, &items[i]);
		if (status)
			return status;
	}
	span = sm_build_push(&b->sections[SM_BLOB_PATTERNS], sizeof(*span));
	if (!span)
		return SM_NOMEM;
	span->first = first;
	span->count = (uint32_t)b->sections[SM_BLOB_ITEMS].count - first;
	*pattern = (uint32_t)b->sections[SM_BLOB_PATTERNS].count - 1;
	return SM_OK;
}

/* ------------------------------------------------------------------ layout */

static enum sm_status lay_edges(struct sm_build *b,
				const struct sm_build_node *from,
				struct sm_blob_node *to)
{
	struct sm_vector *v = &b->sections[SM_BLOB_EDGES];
	struct sm_blob_edge *edges;
	uint32_t size = 2, i, link;

	to->edges.first = (uint32_t)v->count;
	if (!from->edge_count)
		return SM_OK;
	while (size < 2 * from->edge_count)
		size *= 2;
	for (i = 0; i < size; i++) {
		edges = sm_build_push(v, sizeof(*edges));
		if (!edges)
			return SM_NOMEM;
		edges->node = NONE;
	}
	to->edges.count = size;
	edges = (struct sm_blob_edge *)(void *)v->p + to->edges.first;
	for (link = from->edges; link != NONE;
	     link = sm_build_link_at(b, link)->next) {
		const struct sm_build_link *l = sm_build_link_at(b, link);

		i = l->hash & (size - 1);
		while (edges[i].node != NONE)
			i = (i + 1) & (size - 1);
		edges[i] = (struct sm_blob_edge){ l->hash, l->what, l->text };
	}
	return SM_OK;
}

static bool is_end(struct sm_build *b, uint32_t number)
{
	const struct sm_build_node *node = sm_build_node_at(b, number);

	return !node->edge_count && !node->branch_count &&
	       node->below == NONE && node->tidy == NONE;
}

bool sm_build_is_tail(struct sm_build *b, const struct sm_build_node *node)
{
	uint32_t link;

	if (node->flags != SM_NODE_DEEP || node->below != NONE ||
	    node->tidy != NONE)
		return false;
	for (link = node->edges; link != NONE;
	     link = sm_build_link_at(b, link)->next)
		if (!is_end(b, sm_build_link_at(b, link)->what))
			return false;
	for (link = node->branches; link != NONE;
	     link = sm_build_link_at(b, link)->next)
		if (!is_end(b, sm_build_link_at(b, link)->what))
			return false;
	return true;
}

static bool is_long(const struct sm_blob_item *item, uint32_t least)
{
	return item->kind == SM_BLOB_LITERAL && item->b >= least;
}

/* What the pattern matches begins with a text and ends with two known bytes. */
static uint64_t may_of_pattern(struct sm_build *b, uint32_t pattern)
{
	const struct sm_blob_span span =
		((struct sm_blob_span *)(void *)b->sections[SM_BLOB_PATTERNS]
			 .p)[pattern];
	const struct sm_blob_item *items =
		(struct sm_blob_item *)(void *)b->sections[SM_BLOB_ITEMS].p +
		span.first;
	const struct sm_blob_item *last = items + span.count - 1;
	const char *text = b->sections[SM_BLOB_TEXT].p;
	char ends[3];

	if (!span.count || !is_long(items, 1) || !is_long(last, 2))
		return UINT64_MAX;
	ends[0] = text[items->a];
	memcpy(ends + 1, text + last->a + last->b - 2, 2);
	return sm_stop_may(ends, ends + 3);
}

static uint64_t may_follow(struct sm_build *b, const struct sm_build_node *node)
{
	uint64_t may = 0;
	uint32_t link;

	for (link = node->edges; link != NONE;
	     link = sm_build_link_at(b, link)->next) {
		struct sm_blob_text t = sm_build_link_at(b, link)->text;
		const char *text = b->sections[SM_BLOB_TEXT].p + t.at;

		may |= t.len ? sm_stop_may(text, text + t.len) : UINT64_MAX;
	}
	for (link = node->branches; link != NONE;
	     link = sm_build_link_at(b, link)->next)
		may |= may_of_pattern(b, sm_build_link_at(b, link)->pattern);
	return may;
}

/* Ends of <path:...> name a rule that need not be. */
static uint32_t access_of(struct sm_build *b, uint32_t rule)
{
	const struct sm_vector *v = &b->sections[SM_BLOB_RULES];

	if (rule >= v->count)
		return 0;
	return ((const struct sm_blob_rule *)(const void *)v->p)[rule].access;
}

static enum sm_status lay_node(struct sm_build *b,
			       const struct sm_build_node *from,
			       struct sm_blob_node *to)
{
	struct sm_blob_branch *branch;
	enum sm_status status = lay_edges(b, from, to);
	uint32_t link, *rule;

	if (status)
		return status;
	to->below = from->below;
	to->tidy = from->tidy;
	to->flags =
		from->flags | (sm_build_is_tail(b, from) ? SM_NODE_TAIL : 0);
	to->may = may_follow(b, from);
	to->branches = (struct sm_blob_span){
		(uint32_t)b->sections[SM_BLOB_BRANCHES].count,
		from->branch_count
	};
	for (link = from->branches; link != NONE;
	     link = sm_build_link_at(b, link)->next) {
		branch = sm_build_push(&b->sections[SM_BLOB_BRANCHES],
				       sizeof(*branch));
		if (!branch)
			return SM_NOMEM;
		branch->pattern = sm_build_link_at(b, link)->pattern;
		branch->node = sm_build_link_at(b, link)->what;
	}
	to->rules = (struct sm_blob_span){
		(uint32_t)b->sections[SM_BLOB_INDEX].count, from->rule_count
	};
	for (link = from->rules; link != NONE;
	     link = sm_build_link_at(b, link)->next) {
		rule = sm_build_push(&b->sections[SM_BLOB_INDEX],
				     sizeof(*rule));
		if (!rule)
			return SM_NOMEM;
		*rule = sm_build_link_at(b, link)->what;
		to->access |= access_of(b, *rule);
	}
	return SM_OK;
}

static enum sm_status lay_nodes(struct sm_build *b)
{
	enum sm_status status = SM_OK;
	struct sm_blob_node node;
	void *to;
	size_t i;

	for (i = 0; !status && i < b->nodes.count; i++) {
		memset(&node, 0, sizeof(node));
		status = lay_node(b, sm_build_node_at(b, (uint32_t)i), &node);
		to = sm_build_push(&b->sections[SM_BLOB_NODES], sizeof(node));
		if (!to)
			return SM_NOMEM;
		memcpy(to, &node, sizeof(node));
	}
	return status;
}

static size_t align(size_t bytes)
{
	return (bytes + SM_BLOB_ALIGN - 1) & ~(size_t)(SM_BLOB_ALIGN - 1);
}

enum sm_status sm_build_finish(struct sm_build *b,
			       const struct sm_blob_header *header, void **blob,
			       size_t *bytes)
{
	const struct sm_build_node *events, *named;
	struct sm_blob_header *h;
	enum sm_status status = sm_build_stops(b);
	size_t size = align(sizeof(*h)), n;
	char *out;
	int s;

	if (!status)
		status = lay_nodes(b);
	if (status)
		return status;
	for (s = 0; s < SM_BLOB_SECTIONS; s++)
		size += align(b->sections[s].count * sm_blob_element_bytes[s]);
	if (size > SM_BLOB_MAX)
		return sm_fail(b->diag, SM_LIMIT,
			       "the policy is too large to compile");
	out = calloc(1, size);
	if (!out)
		return SM_NOMEM;
	h = (struct sm_blob_header *)(void *)out;
	*h = *header;
	size = align(sizeof(*h));
	for (s = 0; s < SM_BLOB_SECTIONS; s++) {
		n = b->sections[s].count * sm_blob_element_bytes[s];
		h->sections[s].first = (uint32_t)size;
		h->sections[s].count = (uint32_t)b->sections[s].count;
		if (n)
			memcpy(out + size, b->sections[s].p, n);
		size += align(n);
	}
	memcpy(h->roots, b->roots, sizeof(h->roots));
	events = sm_build_node_at(b, b->roots[SM_ROOT_EVENT]);
	h->has_event_rules = events->edge_count || events->branch_count;
	named = sm_build_node_at(b, b->roots[SM_ROOT_NAMED]);
	h->has_named_rules = named->rule_count || named->edge_count ||
			     named->branch_count || named->below != NONE ||
			     named->tidy != NONE;
	h->reach = b->reach;
	h->magic = SM_BLOB_MAGIC;
	h->version = SM_BLOB_VERSION;
	h->bytes = (uint32_t)size;
	h->checksum = sm_blob_checksum(out, size);
	*blob = out;
	*bytes = size;
	return SM_OK;
}

void sm_build_fini(struct sm_build *b)
{
	int s;

	for (s = 0; s < SM_BLOB_SECTIONS; s++)
		free(b->sections[s].p);
	free(b->nodes.p);
	free(b->links.p);
	free(b->children);
}
