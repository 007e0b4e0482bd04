/* SPDX-License-Identifier: Apache-2.0 */
/*
 * replay_report.h: what a replay found, for people, programs and CI.
 */
#ifndef TOOLS_REPLAY_REPORT_H
#define TOOLS_REPLAY_REPORT_H

#include "replay/replay.h"
#include "tools/cli.h"
#include "tools/cli_clock.h"
#include "tools/replay_live.h"

struct replay_report {
	const struct sm_program *program;
	const char *junit, *sarif; /* files to write, or NULL */
	uint64_t limit;		   /* groups printed; 0: all */
	bool wants_json, is_strict;
	const struct replay_live *live; /* NULL: not wanted */
};

/* Clocks of all traces: examples say only a path. */
struct replay_clocks {
	const char **paths;
	struct sm_clock *clocks;
	uint64_t *identities; /* sm_trace_identity() of those opened */
	size_t count;
};

/* Totals and denials as text or one JSON object, to stdout. */
void sm_replay_report(const struct replay_report *report,
		      struct sm_replay *replay,
		      const struct replay_clocks *clocks);
/* JUnit and SARIF, where wanted; an exit status, told why. */
int sm_replay_report_files(const struct replay_report *report,
			   struct sm_replay *replay);

#endif
