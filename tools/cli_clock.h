/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli_clock.h: recorded times as people read and write them.
 */
#ifndef TOOLS_CLI_CLOCK_H
#define TOOLS_CLI_CLOCK_H

#include <stdio.h>

#include "schema/trace.h"

/* How a trace's CLOCK_MONOTONIC relates to its start and to the world's. */
struct sm_clock {
	uint64_t origin_ns;		    /* what relative times count from */
	uint64_t monotonic_ns, realtime_ns; /* read together; 0, 0: unknown */
};

/*
 * From the trace's meta (clock.monotonic_ns, clock.realtime_ns); the origin is
 * the start of its first process.
 */
void sm_clock_init(struct sm_clock *clock, const struct sm_trace *trace);

/* "+12.345678" (seconds since the origin). */
void sm_clock_put_relative(FILE *out, const struct sm_clock *clock,
			   uint64_t time_ns);
/*
 * Nanoseconds since 1970, or false when the trace does not say.
 */
bool sm_clock_realtime(const struct sm_clock *clock, uint64_t time_ns,
		       uint64_t *realtime_ns);
/* "2026-11-21T09:10:01.123456Z" into out[40]; empty when unknown. */
void sm_clock_format(const struct sm_clock *clock, uint64_t time_ns,
		     char out[40]);
/*
 * The reverse of what people type: "12.5" or "+12.5" seconds since the origin,
 * or ISO 8601 with Z, with an offset, or local: "2026-11-21T09:10[:01[.5]][Z]".
 */
SM_CHECKED enum sm_status sm_clock_parse(const struct sm_clock *clock,
					 const char *text, uint64_t *time_ns,
					 struct sm_diag *diag);

#endif
