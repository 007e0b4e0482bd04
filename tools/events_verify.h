/* SPDX-License-Identifier: Apache-2.0 */
/*
 * events_verify.h: secmgr-events --verify.
 */
#ifndef TOOLS_EVENTS_VERIFY_H
#define TOOLS_EVENTS_VERIFY_H

#include "tools/cli.h"

struct verify_settings {
	const char *key, *anchor; /* files, or NULL */
	bool wants_json;
};

/* Prints findings and what was vouched for; an exit status. */
int sm_events_verify(const struct sm_program *program,
		     const struct verify_settings *settings, const char *path);

#endif
