/* SPDX-License-Identifier: Apache-2.0 */
/*
 * resolve.h: what resolve.c and resolve_program.c share.
 */
#ifndef RECORDER_AGENT_RESOLVE_H
#define RECORDER_AGENT_RESOLVE_H

#include "recorder/agent/agent.h"

/* The argument in this role; NULL: the event has none. */
const struct sm_value *
sm_resolve_argument(const struct sm_event *event,
		    const struct sm_catalogue_entry *entry, enum sm_role role);
/*
 * path, relative to base or, without one, to the cwd, into out (SM_PATH_MAX).
 * Empty: it is canonical already, or none.
 */
struct sm_str sm_resolve_absolute(struct sm_str base, struct sm_str path,
				  char *out);
/* event->resolved[0] of a program, and [1] of the environment it gets. */
void sm_resolve_run(struct sm_box *box, const struct sm_catalogue_entry *entry,
		    struct py_object *args, struct sm_event *event);
void sm_resolve_environment(struct sm_box *box,
			    const struct sm_catalogue_entry *entry,
			    struct py_object *args, struct sm_event *event);

#endif
