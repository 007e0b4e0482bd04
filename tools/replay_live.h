/* SPDX-License-Identifier: Apache-2.0 */
/*
 * replay_live.h: secmgr-replay --live: recorded calls raised again in a real
 * interpreter that carries the shipped agent, its verdicts beside replay's.
 */
#ifndef TOOLS_REPLAY_LIVE_H
#define TOOLS_REPLAY_LIVE_H

#include "replay/live.h"
#include "tools/cli.h"

/* All zero: not wanted. */
struct replay_live {
	bool is_wanted;
	const char *python; /* NULL: the one secmgr was built with */
	char program[4096]; /* what is run: a path */
	char agent[4096];
	char version[64];
	char stdlib[4096];
	struct sm_live **runs; /* one a trace */
	size_t run_count;
};

/* Finds agent and interpreter and asks the latter who it is. */
SM_CHECKED enum sm_status replay_live_start(struct replay_live *live,
					    struct sm_diag *diag);
/* Raises the calls of trace. bindings as replay compiles the policy with. */
SM_CHECKED enum sm_status
replay_live_run(struct replay_live *live, struct sm_trace *trace,
		const struct sm_rules *rules, const struct sm_binding *bindings,
		size_t binding_count, struct sm_diag *diag);
void replay_live_free(struct replay_live *live);

/* Sums over all traces. */
struct sm_live_totals replay_live_totals(const struct replay_live *live);
void replay_live_put(const struct replay_live *live);
/* The object `live`. */
void replay_live_put_json(const struct replay_live *live, struct sm_json *j);

#endif
