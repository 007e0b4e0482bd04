/* SPDX-License-Identifier: Apache-2.0 */
/*
 * enforce_reload.h: other policies for a program that already runs.
 */
#ifndef TOOLS_ENFORCE_RELOAD_H
#define TOOLS_ENFORCE_RELOAD_H

#include "schema/policy.h"
#include "tools/cli.h"

struct enforce_reload {
	const struct sm_program *program;
	uint64_t pid; /* of the wrapper or of COMMAND */
	/* NULL: stays; neither is given: both are read again */
	const char *policy, *shadow;
	bool has_no_shadow;		    /* the shadow goes */
	bool has_mode, is_warning;	    /* of all families */
	const enum sm_mode *modes;	    /* of the policy's families */
	const struct sm_binding *variables; /* --set, before COMMAND's */
	size_t variable_count;
};

/* Prints what came of it; the exit status. */
int enforce_reload_run(const struct enforce_reload *reload);

#endif
