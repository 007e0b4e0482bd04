/* SPDX-License-Identifier: Apache-2.0 */
/*
 * events_show.h: the events of traces as lines, JSON, CBOR or statistics.
 */
#ifndef TOOLS_EVENTS_SHOW_H
#define TOOLS_EVENTS_SHOW_H

#include "tools/cli.h"
#include "tools/events_filter.h"
#include "tools/events_format.h"
#include "tools/trace_set.h"

#define SM_EVENTS_TAIL_MAX 100000 /* lines kept in memory */

struct event_show {
	struct event_filter filter;
	enum event_time time;
	uint64_t limit; /* events; 0: all */
	uint64_t tail;	/* the last ones only, at most SM_EVENTS_TAIL_MAX */
	uint64_t top;	/* rows of each table of statistics; 0: all */
	bool wants_stats, wants_json, wants_cbor, follows;
	const char *sql; /* a query in place of the events, or NULL */
};

/*
 * Prints the events of the set's files, one file after the other, to stdout
 * and messages to stderr; an exit status. From here on SIGINT and SIGTERM end
 * it behind the line under way: call sm_events_die_as_told() then. One at a
 * time: signals belong to the process.
 */
int sm_events_show(const struct sm_program *program, struct event_show *show,
		   const struct trace_set *set);
/* Ends the process by the signal that came meanwhile, if one did. */
void sm_events_die_as_told(void);

#endif
