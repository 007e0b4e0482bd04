/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tally.h: the events of a trace, counted by call, by process and by time; for
 * learner/ only.
 *
 * A long trace has a thousand times as many events as calls. So what is done
 * for each event is little: neighbours of one call and process are taken
 * together, and what they add up to is put down once.
 */
#ifndef LEARNER_TALLY_H
#define LEARNER_TALLY_H

#include "learner/observe.h"
#include "learner/seen.h"

#define SM_NOBODY UINT32_MAX /* a process outside of the window */

/* A process of the trace, as a maker of calls. */
struct sm_maker {
	const struct sm_trace_process_info *info;
	uint64_t named; /* a hash of what its command line named; 0: nothing */
	uint32_t owner; /* number in the observations, SM_NOBODY */
	uint32_t families; /* bits: in which it was seen to do something */
};

/*
 * A step of the line of time of an owner's run, and what was counted in it
 * since it became the current one: all between from_ns and to_ns.
 */
struct sm_step {
	uint32_t owner;
	uint64_t from_ns, to_ns, count;
	struct sm_span span;
};

struct sm_tally {
	struct sm_observations *o;
	struct sm_trace *trace;
	const struct sm_window *window;
	struct sm_maker *makers; /* by number of process; 0: nobody */
	size_t maker_count;
	uint64_t offset_ns; /* CLOCK_REALTIME less CLOCK_MONOTONIC */
	/* Inside of sm_tally_events(): */
	struct sm_trace_cursor *cursor;
	struct sm_seen seen;
	struct sm_step step;
};

/*
 * Counts all events of the trace; all but the last three members of tally are
 * set. SM_NOMEM, SM_LIMIT and what sm_trace_bulk() gives; damaged blocks are
 * counted as lost.
 */
SM_CHECKED enum sm_status sm_tally_events(struct sm_tally *tally,
					  struct sm_diag *diag);

#endif
