/* SPDX-License-Identifier: Apache-2.0 */
/*
 * events_stats.h: secmgr-events --stats: what happened most, and whose
 * accounts say what was lost.
 */
#ifndef TOOLS_EVENTS_STATS_H
#define TOOLS_EVENTS_STATS_H

#include "schema/trace.h"
#include "tools/cli_clock.h"

struct event_stats;

/* NULL when out of memory; free accepts NULL. */
struct event_stats *sm_event_stats_new(void);
void sm_event_stats_free(struct event_stats *stats);
/* Counts an event; key: sm_trace_key(). False: out of memory. */
bool sm_event_stats_add(struct event_stats *stats, const struct sm_event *event,
			uint32_t site, uint64_t key);
/* Prints at most top rows of each table (0: all). is_written: to this day. */
void sm_event_stats_print(FILE *out, struct event_stats *stats,
			  const struct sm_trace *trace, bool is_written,
			  size_t top);
void sm_event_stats_json(FILE *out, struct event_stats *stats,
			 const struct sm_trace *trace,
			 const struct sm_clock *clock, size_t top);

#endif
