/* SPDX-License-Identifier: Apache-2.0 */
/*
 * events_evidence.h: secmgr-events --export=evidence.
 */
#ifndef TOOLS_EVENTS_EVIDENCE_H
#define TOOLS_EVENTS_EVIDENCE_H

#include "tools/cli.h"

/* Writes an archive to stdout; an exit status, 1 when the trace is damaged. */
int sm_events_evidence(const struct sm_program *program, const char *path);

#endif
