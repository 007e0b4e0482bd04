/* SPDX-License-Identifier: Apache-2.0 */
/*
 * replay_live_policy.h: a recording's policy for the live interpreter:
 * variables with its paths.
 */
#ifndef TOOLS_REPLAY_LIVE_POLICY_H
#define TOOLS_REPLAY_LIVE_POLICY_H

#include "replay/live.h"
#include "schema/policy.h"

struct replay_live_bindings {
	struct sm_binding *items;
	char **texts;
	size_t count;
};

/* given, and the policy's own, as they are there. False: out of memory. */
SM_CHECKED bool replay_live_map(struct replay_live_bindings *b,
				const struct sm_live *run,
				const struct sm_trace *trace,
				const struct sm_rules *rules,
				const struct sm_binding *given, size_t count);
/* What replay_live_map() made, all of it or a part. */
void replay_live_bindings_free(struct replay_live_bindings *b);

#endif
