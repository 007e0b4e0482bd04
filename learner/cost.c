/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Exposure is counted from the pattern alone, because what lies on the disk of
 * who learns says nothing about where the policy will be used: how free its
 * slots are, what may be done, and what is near.
 */
#include <string.h>

#include "learner/cost.h"

/* A block in a place that is used again weighs as much as this many slots. */
static const double block_weight[SM_LEVELS] = {
	[SM_LEVEL_BALANCED] = 8,
	[SM_LEVEL_TIGHT] = 4,
	[SM_LEVEL_LOOSE] = 16,
};
/* Four rules less are worth one slot: a policy is read by people. */
#define RULE_WEIGHT 0.25

/* What a slot leaves open: any name is 1. */
#define FREEDOM_TYPED 0.15 /* <int>, <date> … */
#define FREEDOM_FRAME 0.35 /* a start and an extension of its own */
#define FREEDOM_PART  0.5  /* either of them */
#define FREEDOM_NAME  1.0
/* Any depth; less for each literal component that leads there. */
#define FREEDOM_TREE	    2.0
#define TREE_PER_COMPONENT  0.75
#define TREE_ANY_NAME	    1.5	 /* times, below `**` */
#define TREE_WITH_DOTS	    1.75 /* times, `**` itself */
#define FREEDOM_LITERAL	    0.25 /* times, for a name below slots */
#define FREEDOM_SLOT_BESIDE 0.1	 /* for each slot but the widest */

/* What may be done with what is reached. */
#define ACCESS_READ   1.0
#define ACCESS_MODIFY 1.25
#define ACCESS_LOOK   0.25
#define ACCESS_CALL   2.0 /* what a pickle names */
/* Where. */
#define NEAR_CODE    1.5
#define NEAR_SECRETS 1.5
#define OWN	     0.25 /* nobody else's are there to be reached */

static bool has_token(struct sm_str text, const char *token)
{
	size_t n = strlen(token);

	for (uint32_t i = 0; i + n <= text.len; i++)
		if (!memcmp(text.p + i, token, n))
			return true;
	return false;
}

static bool starts_free(struct sm_str slot)
{
	return sm_str_starts(slot, SM_STR("<name>")) || slot.p[0] == '*';
}

static bool ends_free(struct sm_str slot)
{
	return slot.p[slot.len - 1] == '*' ||
	       sm_str_ends(slot, SM_STR("<name>"));
}

static double freedom(struct sm_str slot)
{
	if (!has_token(slot, "<name>") && !has_token(slot, "*"))
		return FREEDOM_TYPED;
	if (starts_free(slot) && ends_free(slot))
		return FREEDOM_NAME;
	return starts_free(slot) || ends_free(slot) ? FREEDOM_PART
						    : FREEDOM_FRAME;
}

static bool is_tree(struct sm_str slot)
{
	return sm_str_equal(slot, SM_STR("**"));
}

static double tree_freedom(unsigned depth)
{
	double width = FREEDOM_TREE;

	while (depth--)
		width *= TREE_PER_COMPONENT;
	return width;
}

struct sm_reach sm_reach_slot(const struct sm_reach *reach, struct sm_str slot)
{
	struct sm_reach r = *reach;
	double width;

	if (is_tree(slot))
		width = tree_freedom(r.depth);
	else if (r.is_tree)
		width = r.widest *
			(freedom(slot) >= FREEDOM_NAME ? TREE_ANY_NAME : 1);
	else
		width = freedom(slot);
	if (width > r.widest)
		r.widest = width;
	r.is_tree |= is_tree(slot);
	r.is_literal = false;
	r.slots++;
	r.depth++;
	return r;
}

struct sm_reach sm_reach_below(const struct sm_reach *reach,
			       const struct sm_node *node)
{
	struct sm_reach r = *reach;

	if (node->is_slot)
		return sm_reach_slot(reach, node->name);
	r.depth++;
	r.is_literal = true;
	return r;
}

double sm_sensitivity(const struct sm_place *place, const struct sm_node *node,
		      bool is_own)
{
	double sensitivity = place->is_code || place->is_app ? NEAR_CODE : 1;

	if (is_own)
		return OWN;
	for (size_t i = 0; i < node->count; i++)
		if (!node->kids[i]->is_slot &&
		    sm_is_guarded_name(node->kids[i]->name))
			return sensitivity * NEAR_SECRETS;
	return sensitivity;
}

double sm_rule_cost(const struct sm_reach *reach, uint32_t access)
{
	const uint32_t look = SM_ACCESS_LIST | SM_ACCESS_META;
	double weight = 0, width = reach->widest;

	if (access & SM_ACCESS_CLASS)
		weight += ACCESS_CALL;
	if (access & SM_ACCESS_READ)
		weight += ACCESS_READ;
	if (access & ~(SM_ACCESS_READ | SM_ACCESS_CLASS | look))
		weight += ACCESS_MODIFY;
	if (access & look)
		weight += ACCESS_LOOK;
	if (reach->slots > 1)
		width += FREEDOM_SLOT_BESIDE * (reach->slots - 1);
	if (reach->is_literal)
		width *= FREEDOM_LITERAL;
	return RULE_WEIGHT + weight * width * reach->sensitivity;
}

static bool is_pattern(struct sm_str component)
{
	return sm_str_has(component, '*') || sm_str_has(component, '<');
}

double sm_pattern_exposure(struct sm_str pattern, uint32_t access)
{
	struct sm_reach reach = { .widest = FREEDOM_NAME,
				  .is_literal = true,
				  .sensitivity = 1 };
	uint32_t end;

	for (uint32_t at = 0; at < pattern.len; at = end + 1) {
		struct sm_str part = { pattern.p + at, 0 };

		for (end = at; end < pattern.len && pattern.p[end] != '/';)
			end++;
		part.len = end - at;
		if (!part.len || part.p[0] == '$')
			continue;
		if (is_pattern(part)) {
			if (!reach.slots)
				reach.widest = 0;
			reach = sm_reach_slot(&reach, part);
			continue;
		}
		reach.is_literal = true;
		reach.depth++;
	}
	return sm_rule_cost(&reach, access) - RULE_WEIGHT;
}

/* What `**` in node grants under any name. */
static const struct sm_grant *any_depth(const struct sm_node *node)
{
	const struct sm_node *any = sm_node_any_slot(sm_node_tree_in(node));

	return any ? any->grants : NULL;
}

/* wide: what is granted all over the tree; its rules need no others. */
static double tree_cost(const struct sm_reach *reach,
			const struct sm_node *node, const struct sm_grant *wide)
{
	bool is_covered = wide && !node->is_slot && node->name.p[0] != '.' &&
			  sm_grants_cover(wide, node->grants);
	const struct sm_grant *deeper = any_depth(node);
	struct sm_reach below = *reach;
	double cost = 0;

	if (node->grants && !is_covered) {
		if (sm_node_is_tree(node))
			below.widest *= TREE_WITH_DOTS;
		cost = sm_rule_cost(&below, sm_node_access(node));
	}
	for (size_t i = 0; i < node->count; i++) {
		below = sm_reach_below(reach, node->kids[i]);
		cost += tree_cost(&below, node->kids[i],
				  deeper ? deeper : wide);
	}
	return cost;
}

double sm_tree_cost(const struct sm_reach *reach, const struct sm_node *node)
{
	return tree_cost(reach, node, NULL);
}

/* ------------------------------------------------------------------ novelty */

static unsigned bits(uint32_t set)
{
	unsigned n = 0;

	for (; set; set &= set - 1)
		n++;
	return n;
}

/* That somebody gave a name again says no more than that he gave it once. */
static void add(struct sm_novelty *t, enum sm_split split, unsigned parts,
		bool is_closed, bool is_given)
{
	if (parts > 1 && is_given)
		parts = 1;
	t->split[split].seen += parts;
	t->split[split].once += is_closed && parts == 1;
	t->split[split].kept += is_closed;
}

void sm_novelty_add(struct sm_novelty *novelty, const struct sm_node *node,
		    bool is_closed)
{
	sm_sketch_merge(&novelty->runs, &node->runs);
	sm_sketch_merge(&novelty->processes, &node->processes);
	novelty->windows |= node->windows;
	novelty->is_closed |= is_closed;
	add(novelty, SM_SPLIT_RUN, node->runs.count, is_closed, node->is_given);
	add(novelty, SM_SPLIT_PROCESS, node->processes.count, is_closed,
	    node->is_given);
	add(novelty, SM_SPLIT_TIME, bits(node->windows), is_closed,
	    node->is_given);
	add(novelty, SM_SPLIT_DIR, node->sources, is_closed, node->is_given);
}

/*
 * Good and Turing: of all sightings, those of names seen once are the share
 * that goes to new names. And what no part of the recording has shown, the next
 * one may still be the first to show: Laplace's one in so many, or, where a
 * part holds only some of the names, as many as there are of them for all their
 * sightings (Witten and Bell): what somebody picks each time is no fixed set.
 */
static double unseen(double once, double kept, double seen, unsigned parts)
{
	double first, share;

	if (!parts)
		return 1;
	first = kept > seen / parts ? kept / seen : 1.0 / parts;
	share = once / seen + first;
	return share < 1 ? share : 1;
}

double sm_novelty_unseen(const struct sm_novelty *novelty, uint32_t dirs)
{
	const unsigned parts[SM_SPLITS] = {
		[SM_SPLIT_RUN] = novelty->runs.count,
		[SM_SPLIT_PROCESS] = novelty->processes.count,
		[SM_SPLIT_TIME] = bits(novelty->windows),
		[SM_SPLIT_DIR] = dirs,
	};
	double most = 0, share;

	for (int i = 0; novelty->is_closed && i < SM_SPLITS; i++) {
		/* One directory is no division. */
		if (i == SM_SPLIT_DIR && dirs < 2)
			continue;
		share = unseen(novelty->split[i].once, novelty->split[i].kept,
			       novelty->split[i].seen, parts[i]);
		if (share > most)
			most = share;
	}
	return most;
}

double sm_block_cost(const struct sm_learn *l, double probability)
{
	return block_weight[l->options.level] * probability;
}
