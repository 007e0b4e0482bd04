/* SPDX-License-Identifier: Apache-2.0 */
/*
 * build.c: the forest of patterns while it grows.
 */
#include "schema/policy/build.h"

#include <stdlib.h>

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

void sm_build_fini(struct sm_build *b)
{
	int s;

	for (s = 0; s < SM_BLOB_SECTIONS; s++)
		free(b->sections[s].p);
	free(b->nodes.p);
	free(b->links.p);
	free(b->children);
}
