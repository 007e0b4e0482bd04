/* SPDX-License-Identifier: Apache-2.0 */
/*
 * decide_file.c: the usual question, whether a file is allowed.
 *
 * decide.c answers it as well, and says why not. Here nothing is remembered of
 * rules that do not grant.
 */
#include "schema/policy/blob.h"

/* Rules for this one purpose, by anybody whom the policy knows. */
static inline bool grants(const struct sm_policy *policy,
			  const struct sm_blob_rule *rule,
			  const struct sm_subject *subject, uint32_t access)
{
	return rule->access & access && rule->via >> SM_VIA_DIRECT & 1 &&
	       (sm_decide_by_kind(rule, subject) ||
		sm_decide_by(policy, rule, subject, false));
}

/* Not without a rule that grants, nor with one that denies. */
static uint32_t find_rule(const struct sm_policy *policy,
			  const struct sm_match_set *set,
			  const struct sm_subject *subject, uint32_t access)
{
	const struct sm_blob_node *nodes =
		sm_blob_section(policy, SM_BLOB_NODES);
	const uint32_t *index = sm_blob_section(policy, SM_BLOB_INDEX);
	const struct sm_blob_rule *rules =
		sm_blob_section(policy, SM_BLOB_RULES);
	uint32_t first = SM_BLOB_NONE, granted = 0, i, j;

	for (i = 0; i < set->count; i++) {
		const struct sm_blob_node *node = &nodes[set->nodes[i]];

		if (!(node->access & access))
			continue;
		for (j = 0; j < node->rules.count; j++) {
			uint32_t number = index[node->rules.first + j];
			const struct sm_blob_rule *rule = &rules[number];

			if (!grants(policy, rule, subject, access))
				continue;
			if (rule->flags & SM_RULE_DENY)
				return SM_BLOB_NONE;
			granted |= rule->access;
			if (number < first)
				first = number;
		}
	}
	return access & ~granted ? SM_BLOB_NONE : first;
}

uint32_t sm_decide_file(const struct sm_policy *policy,
			const struct sm_subject *subject, struct sm_str path,
			uint32_t access)
{
	const struct sm_blob_header *h = sm_blob_header(policy);
	struct sm_match_set set;

	if (h->modes[SM_FAMILY_FILES] == SM_MODE_OFF || h->has_event_rules)
		return SM_BLOB_NONE;
	sm_match_path(policy, SM_ROOT_FILES, path, &set);
	if (set.has_overflown)
		return SM_BLOB_NONE;
	return find_rule(policy, &set, subject, access);
}

bool sm_policy_allows_file(const struct sm_policy *policy,
			   const struct sm_subject *subject, struct sm_str path,
			   uint32_t access, struct sm_str *id)
{
	const struct sm_blob_rule *rules =
		sm_blob_section(policy, SM_BLOB_RULES);
	uint32_t rule = sm_decide_file(policy, subject, path, access);

	if (rule == SM_BLOB_NONE)
		return false;
	*id = sm_blob_str(policy, rules[rule].id);
	return true;
}
