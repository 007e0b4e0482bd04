/* SPDX-License-Identifier: Apache-2.0 */
/*
 * enforce_start.h: interpreters that a policy keeps from starting. CPython then
 * ends in "Fatal Python error", or says that it cannot open its program: what
 * was denied, and what the policy lacks, is told beside it.
 */
#ifndef TOOLS_ENFORCE_START_H
#define TOOLS_ENFORCE_START_H

#include "tools/cli.h"
#include "tools/enforce_policy.h"

#define ENFORCE_STARTS_MAX 64 /* processes starting at a time */

struct enforce_start {
	const struct sm_program *program;
	const struct enforce_policy *policy;
	const struct sm_binding *variables;
	size_t variable_count;
	struct {
		uint32_t pid;
		char *why; /* NULL: unknown */
	} starting[ENFORCE_STARTS_MAX];
	size_t count;
};

/* event was denied to a process whose program does not run yet. */
void enforce_start_denied(struct enforce_start *start, uint32_t pid,
			  const struct sm_event *event);
/* A process has ended; tells its last denial unless its program had begun. */
void enforce_start_ended(struct enforce_start *start, uint32_t pid,
			 bool has_begun);

#endif
