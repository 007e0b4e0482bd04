/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The generalised tree of paths, as rules with the reasons for their slots.
 */
#include "learner/path_entries.h"

/* Why one slot opened. The rule may spell any depth in another way. */
static struct sm_str why_open(struct sm_learn *l, const struct sm_node *node)
{
	struct sm_str why = node->why;

	if (!why.len)
		why = node->parent && sm_node_is_tree(node->parent)
			      ? SM_STR("as the depth")
			      : SM_STR("by its form");
	return sm_learn_join(
		l,
		sm_node_is_tree(node)
			? SM_STR("any depth: ")
			: sm_learn_join(l, node->name, SM_STR(": ")),
		why);
}

/* Why its slots opened, from the top. */
static struct sm_str reason_of(struct sm_learn *l, const struct sm_node *node)
{
	struct sm_str why = { "", 0 }, one;

	for (; node; node = node->parent) {
		if (!node->is_slot)
			continue;
		one = why_open(l, node);
		if (why.len)
			one = sm_learn_join(l, one, SM_STR("; "));
		why = sm_learn_join(l, one, why);
	}
	return why;
}

/* A grant before it has the same accesses, and their rule. */
static bool has_rule(const struct sm_node *node, const struct sm_grant *grant)
{
	const struct sm_grant *g = node->grants;

	while (g->access != grant->access)
		g = g->next;
	return g != grant;
}

/* One rule per set of accesses, for all principals that have it. What other
 * rules grant is taken from the node. */
static void emit_node(struct sm_learn *l, struct sm_node *node)
{
	struct sm_str path, pattern = sm_node_pattern(l, node, &path);

	if (path.len && sm_path_is_taken(l->paths, path)) {
		for (struct sm_grant *g = node->grants; g; g = g->next)
			g->access = 0;
		return;
	}
	/* Where a program may lie that is built there, it is looked at, too. */
	if (path.len && node->is_probed &&
	    !(sm_node_access(node) & ~(SM_ACCESS_READ | SM_ACCESS_META)))
		pattern = sm_paths_told(l, path);
	sm_learn_package_data(l, node, path);
	l->why = reason_of(l, node);
	for (struct sm_grant *g = node->grants; g; g = g->next) {
		struct sm_rule rule = { .family = SM_FAMILY_FILES,
					.access = g->access,
					.pattern = pattern };
		struct sm_str_list by = { NULL, 0, 0 };
		bool is_free = false;

		if (!g->access || has_rule(node, g))
			continue;
		for (struct sm_grant *k = g; k; k = k->next) {
			if (k->access != g->access)
				continue;
			is_free |= !k->by.len;
			rule.seen += k->seen;
			sm_list_add(l, &by, k->by);
		}
		if (!is_free)
			rule.by = (struct sm_strings){ by.items, by.count };
		sm_learn_rule(l, &rule);
	}
}

void sm_path_rules(struct sm_learn *l, struct sm_node *node)
{
	if (node->grants)
		emit_node(l, node);
	for (size_t i = 0; i < node->count; i++)
		sm_path_rules(l, node->kids[i]);
}

void sm_path_rules_indirect(struct sm_learn *l, const struct sm_facts *files)
{
	l->why = SM_STR("");
	for (size_t i = 0; i < files->count; i++) {
		const struct sm_request *r = files->items[i].request;
		struct sm_rule rule = {
			.family = SM_FAMILY_FILES,
			.access = r->access,
			.via = 1u << r->via,
			.seen = files->items[i].view->call->count
		};

		if (r->via == SM_VIA_DIRECT)
			continue;
		rule.pattern = sm_learn_path(l, r->value);
		sm_learn_rule_by(l, &rule, &files->items[i].view->event);
	}
}
