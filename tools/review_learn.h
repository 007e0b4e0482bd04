/* SPDX-License-Identifier: Apache-2.0 */
/*
 * review_learn.h: rules that recordings ask for and a policy lacks.
 */
#ifndef TOOLS_REVIEW_LEARN_H
#define TOOLS_REVIEW_LEARN_H

#include "tools/policy_tool.h"

/*
 * What secmgr-learn --base would add, with the variables these rules need. What
 * was stopped when it was recorded asks too: a person decides about it. NULL
 * after a message; no rules when there are no traces.
 */
struct sm_rules *sm_review_propose(const struct sm_policy_options *o,
				   const struct sm_rules *policy, char **traces,
				   size_t trace_count);

#endif
