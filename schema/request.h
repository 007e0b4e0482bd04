/* SPDX-License-Identifier: Apache-2.0 */
/*
 * request.h: what an event asks for, in the policy's terms.
 *
 * The single place where arguments of audit events are interpreted: the
 * engine, the learner, the trace's summary and the filters all use it.
 */
#ifndef SCHEMA_REQUEST_H
#define SCHEMA_REQUEST_H

#include "schema/event.h"
#include "schema/path.h"

#define SM_REQUESTS_MAX 4

struct sm_request {
	enum sm_family family;
	uint32_t access; /* SM_ACCESS_*; several bits only for files */
	enum sm_via via; /* the event's; files and code */
	/*
	 * files, code load: canonical path ("" when it cannot be known: it
	 *   then matches no rule); code exec: the code's name: a path, or
	 *   `<string>`; network: "host:port", "[v6]:port", a unix path,
	 *   "@abstract", or for SOCKET the kind; processes: resolved program,
	 *   or the whole shell line; signal: "self", "child", "group" or
	 *   "other"; pickles: "module.name"; native: library or symbol ("" =
	 *   the program itself, dlopen(NULL)); events: the event's name.
	 */
	struct sm_str value;
	struct sm_str host; /* network, without brackets and port */
	int32_t port;	    /* network; -1: none */
	/*
	 * connect, as recorded: the address that host, where it is a name, led
	 * to; and the names that address had been the answer for, separated by
	 * spaces.
	 */
	struct sm_str address, names;
	struct sm_str proto; /* network: SM_ROLE_SOCKET's text */
	/* processes EXEC: argv; events: the event's arguments. */
	const struct sm_value *args;
	uint32_t argc;
	bool cut; /* a bound cut something: no allow rule can match */
	/*
	 * Needs no rule: denied only by one that denies, where rules let what
	 * would be loaded be written, and where cut.
	 */
	bool is_free;
};

/* Caller's storage for what requests point to. Large: 3 paths. */
struct sm_request_scratch {
	char text[3][SM_PATH_MAX + 64];
};

/*
 * The requests of an event, at most SM_REQUESTS_MAX; 0 when it asks for nothing
 * (composites, noise, look-ups, numeric getaddrinfo, signals to oneself).
 * Pointers live as long as event and scratch. No allocation, no system calls,
 * any thread. Never fails: what cannot be understood sets cut.
 *
 * subprocess.Popen asks for the program although 3.14 raises
 * _posixsubprocess.fork_exec after it: that one asks for nothing when a Popen
 * frame raised it (site.function), so that nothing is counted twice.
 */
unsigned sm_event_requests(const struct sm_event *event,
			   struct sm_request_scratch *scratch,
			   struct sm_request out[SM_REQUESTS_MAX]);

/* Cuts the first of a request's names off; empty between two spaces. */
struct sm_str sm_request_next_name(struct sm_str *names);

/*
 * argv that runs a shell line: SHELL -c LINE [NAME...]; SHELL one of the
 * POSIX shells by base name. Returns the line, or an empty string.
 */
struct sm_str sm_request_shell_line(struct sm_str program,
				    const struct sm_value *argv, uint32_t argc);

/*
 * Of what the command line of the event's process names, what decides it: the
 * paths its requests for files are, or lie below. Borrows.
 */
void sm_event_named(const struct sm_event *event,
		    const struct sm_request *requests, unsigned count,
		    struct sm_named *out);

#endif
