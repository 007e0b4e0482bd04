/* SPDX-License-Identifier: Apache-2.0 */
/*
 * build_layout.c: nodes and sections into one blob.
 */
#include <stdlib.h>

#include "schema/policy/build.h"
#include "schema/policy/stop.h"

#define NONE SM_BLOB_NONE

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

static bool has_rules(struct sm_build *b, enum sm_blob_root root)
{
	const struct sm_build_node *n = sm_build_node_at(b, b->roots[root]);

	return n->rule_count || n->edge_count || n->branch_count ||
	       n->below != NONE || n->tidy != NONE;
}

enum sm_status sm_build_finish(struct sm_build *b,
			       const struct sm_blob_header *header, void **blob,
			       size_t *bytes)
{
	const struct sm_build_node *events;
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
	h->has_told_rules = (has_rules(b, SM_ROOT_NAMED) ? SM_TOLD_NAMED : 0) |
			    (has_rules(b, SM_ROOT_START) ? SM_TOLD_START : 0);
	h->reach = b->reach;
	h->magic = SM_BLOB_MAGIC;
	h->version = SM_BLOB_VERSION;
	h->bytes = (uint32_t)size;
	h->checksum = sm_blob_checksum(out, size);
	*blob = out;
	*bytes = size;
	return SM_OK;
}
