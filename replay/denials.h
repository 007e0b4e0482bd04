/* SPDX-License-Identifier: Apache-2.0 */
/*
 * denials.h: denied events, grouped; every group owns a copy of its first.
 */
#ifndef REPLAY_DENIALS_H
#define REPLAY_DENIALS_H

#include "replay/keep.h"
#include "replay/memo.h"
#include "replay/replay.h"

struct denial {
	struct sm_replay_denial shown; /* first: sorted lists point here */
	struct sm_keep kept;	       /* what shown points to */
};

struct denials {
	struct denial **items;
	size_t count, room;
	struct sm_memo by_digest; /* -> index into items */
};

#define DENIAL_NONE UINT32_MAX

bool sm_denials_init(struct denials *denials);
void sm_denials_fini(struct denials *denials);

/*
 * The group of a denied event, made when it is new; trace (a path) and info
 * say where it stands, info may be NULL. DENIAL_NONE: SM_REPLAY_DENIALS_MAX
 * groups exist, or out of memory.
 */
uint32_t sm_denials_group(struct denials *denials, const struct sm_event *event,
			  const struct sm_verdict *verdict,
			  const struct sm_request *requests, unsigned count,
			  const char *trace,
			  const struct sm_trace_process_info *info);

/* Order of a report: see sm_replay_denials(). For qsort of pointers. */
int sm_denials_compare(const void *a, const void *b);

#endif
