/* SPDX-License-Identifier: Apache-2.0 */
/*
 * events_verify.h: secmgr-events --verify.
 */
#ifndef TOOLS_EVENTS_VERIFY_H
#define TOOLS_EVENTS_VERIFY_H

#include "tools/cli.h"
#include "tools/trace_set.h"

struct verify_settings {
	const char *key, *anchor; /* files, or NULL */
	bool wants_json;
};

/*
 * Prints findings and what was vouched for, file by file, and whether each
 * follows from the one before; an exit status.
 */
int sm_events_verify(const struct sm_program *program,
		     const struct verify_settings *settings,
		     const struct trace_set *set);

#endif
