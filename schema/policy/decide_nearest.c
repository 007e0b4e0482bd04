/* SPDX-License-Identifier: Apache-2.0 */
/*
 * decide_nearest.c: the rule a person would have wanted to match.
 *
 * Only denials come here. Rules whose pattern fits are noted while deciding;
 * this finds one whose pattern does not: it shares the longest literal start
 * with the path and would have granted all but for its pattern. Bounded by
 * LOOKS_MAX, so that a denial costs no more than a few decisions.
 */
#include "schema/policy/blob.h"

#define LOOKS_MAX   512 /* edges, branches and rules looked at */
#define CHAIN_MAX   64	/* more components than a pattern may have */
#define WAITING_MAX 64

struct search {
	const struct sm_policy *policy;
	sm_decide_fits *fits;
	const void *context;
	uint32_t looks, best;
	uint32_t waiting[WAITING_MAX]; /* nodes still to be looked into */
	uint32_t count;
};

static const struct sm_blob_node *node_at(const struct sm_policy *policy,
					  uint32_t node)
{
	return (const struct sm_blob_node *)sm_blob_section(policy,
							    SM_BLOB_NODES) +
	       node;
}

static uint32_t find_child(const struct sm_policy *policy,
			   const struct sm_blob_node *node, struct sm_str text)
{
	const struct sm_blob_edge *edges =
		sm_blob_section(policy, SM_BLOB_EDGES);
	uint32_t hash = sm_blob_hash(text), mask = node->edges.count - 1, i;

	edges += node->edges.first;
	for (i = 0; i < node->edges.count; i++) {
		const struct sm_blob_edge *e = &edges[(hash + i) & mask];

		if (e->node == SM_BLOB_NONE)
			break;
		if (e->hash == hash &&
		    sm_str_equal(sm_blob_str(policy, e->text), text))
			return e->node;
	}
	return SM_BLOB_NONE;
}

/* Nodes that literal components of path lead to, the root's children first. */
static uint32_t follow(const struct sm_policy *policy, uint32_t node,
		       struct sm_str path, uint32_t chain[CHAIN_MAX])
{
	uint32_t at = 1, end, count = 0;

	for (; at < path.len && count < CHAIN_MAX; at = end + 1) {
		for (end = at; end < path.len && path.p[end] != '/';)
			end++;
		node = find_child(policy, node_at(policy, node),
				  (struct sm_str){ path.p + at, end - at });
		if (node == SM_BLOB_NONE)
			break;
		chain[count++] = node;
	}
	return count;
}

static void wait_for(struct search *s, uint32_t node)
{
	if (node != SM_BLOB_NONE && s->count < WAITING_MAX)
		s->waiting[s->count++] = node;
}

static void look_at(struct search *s, uint32_t number)
{
	const struct sm_blob_node *node = node_at(s->policy, number);
	const struct sm_blob_edge *edges =
		sm_blob_section(s->policy, SM_BLOB_EDGES);
	const struct sm_blob_branch *branches =
		sm_blob_section(s->policy, SM_BLOB_BRANCHES);
	const uint32_t *index = sm_blob_section(s->policy, SM_BLOB_INDEX);
	const struct sm_blob_rule *rules =
		sm_blob_section(s->policy, SM_BLOB_RULES);
	uint32_t i, rule;

	for (i = 0; i < node->rules.count && s->looks; i++, s->looks--) {
		rule = index[node->rules.first + i];
		if (rule < s->best && s->fits(s->context, &rules[rule]))
			s->best = rule;
	}
	wait_for(s, node->below);
	wait_for(s, node->tidy);
	for (i = 0; i < node->branches.count && s->looks; i++, s->looks--)
		wait_for(s, branches[node->branches.first + i].node);
	for (i = 0; i < node->edges.count && s->looks; i++, s->looks--)
		wait_for(s, edges[node->edges.first + i].node);
}

uint32_t sm_decide_neighbour(const struct sm_policy *policy, uint32_t root,
			     struct sm_str path, sm_decide_fits *fits,
			     const void *context)
{
	struct search s = { .policy = policy,
			    .fits = fits,
			    .context = context,
			    .looks = LOOKS_MAX,
			    .best = SM_BLOB_NONE };
	uint32_t chain[CHAIN_MAX], depth;

	if (!path.len || path.p[0] != '/')
		return SM_BLOB_NONE;
	depth = follow(policy, root, path, chain);
	while (depth-- && s.best == SM_BLOB_NONE && s.looks) {
		wait_for(&s, chain[depth]);
		while (s.count && s.looks)
			look_at(&s, s.waiting[--s.count]);
	}
	return s.best;
}
