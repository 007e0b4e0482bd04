/* SPDX-License-Identifier: Apache-2.0 */
/*
 * review_step.h: a rule one step tighter or looser.
 */
#ifndef TOOLS_REVIEW_STEP_H
#define TOOLS_REVIEW_STEP_H

#include "tools/review_evidence.h"
#include "tools/review_path.h"

/* More rules than this are no step. */
#define SM_STEP_RULES_MAX 8

/*
 * What would stand instead of rule: one rule, or a few, with the policy's
 * variables; the first keeps the id. NULL: there is no such step. A tighter one
 * grants all that was seen, and nothing more than rule; a looser one all that
 * rule does. Both are proved (sm_policy_diff). Free with sm_rules_free().
 */
struct sm_rules *sm_step_tighter(const struct sm_places *places,
				 const struct sm_rule *rule,
				 const struct sm_evidence *seen);
struct sm_rules *sm_step_looser(const struct sm_places *places,
				const struct sm_rule *rule);
/* What rule grants, denied. */
struct sm_rules *sm_step_deny(const struct sm_places *places,
			      const struct sm_rule *rule);
/* The rule as it is, in a policy of its own. */
struct sm_rules *sm_step_same(const struct sm_places *places,
			      const struct sm_rule *rule);

#endif
