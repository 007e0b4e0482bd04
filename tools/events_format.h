/* SPDX-License-Identifier: Apache-2.0 */
/*
 * events_format.h: one event as a line, as JSON and as CBOR.
 */
#ifndef TOOLS_EVENTS_FORMAT_H
#define TOOLS_EVENTS_FORMAT_H

#include "schema/request.h"
#include "schema/trace.h"
#include "tools/cli.h"
#include "tools/cli_clock.h"

enum event_time { EVENT_TIME_RELATIVE, EVENT_TIME_ABSOLUTE, EVENT_TIME_NONE };

struct event_format {
	const struct sm_trace *trace;
	struct sm_clock clock;
	enum event_time time;
	bool has_colour;
	struct sm_request_scratch scratch;
};

/*
 * "+1.000002 4711 open('a.txt', 'r', O_RDONLY|O_CLOEXEC) -> '/srv/a.txt' by app
 * via import  app.py:3 main  = denied (f7)" and a newline. Inert.
 */
void sm_event_put_line(FILE *out, const struct event_format *format,
		       const struct sm_event *event);
/* One JSON object and a newline; keys: secmgr-events(1). */
void sm_event_put_json(FILE *out, struct event_format *format,
		       const struct sm_event *event);

/* The arguments as a JSON array. */
void sm_event_put_args(struct sm_json *j, const char *key,
		       const struct sm_event *event);

/*
 * A CBOR sequence (RFC 8742): the trace's header, then an item an event; see
 * schema/event.cddl.
 */
void sm_event_put_cbor_header(FILE *out, const struct sm_trace *trace);
void sm_event_put_cbor(FILE *out, const struct sm_event *event);

#endif
