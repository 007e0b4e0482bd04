/* SPDX-License-Identifier: Apache-2.0 */
/*
 * names.h: what any command line of a trace names, and where it was given. A
 * policy with rules of ${ARG} or ${START} may decide alike events of two
 * processes differently, but only about these paths.
 */
#ifndef REPLAY_NAMES_H
#define REPLAY_NAMES_H

#include "replay/memo.h"
#include "schema/request.h"
#include "schema/trace.h"

struct sm_names {
	struct sm_memo paths; /* by digest; slots NULL: none */
	bool has_all;	      /* false: out of memory, or too many */
};

/* Reads the processes of trace. Finish with sm_names_fini() in any case. */
void sm_names_init(struct sm_names *names, const struct sm_trace *trace);
void sm_names_fini(struct sm_names *names);
/* Whether one of the requests may be for a file that somebody named. */
bool sm_names_have(const struct sm_names *names,
		   const struct sm_request *requests, unsigned count);

#endif
