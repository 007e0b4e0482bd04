/* SPDX-License-Identifier: Apache-2.0 */
/*
 * code.h: what a code object's names say of it, for code.c.
 */
#ifndef RECORDER_AGENT_CODE_H
#define RECORDER_AGENT_CODE_H

#include "recorder/agent/agent.h"

/* False as long as the interpreter cannot say where its library is. */
bool sm_code_find_library(void);
void sm_code_forget_library(void);
/*
 * Fills kind, package and flags by file and function: see policy.md,
 * "Principals".
 */
void sm_code_classify(struct sm_code *c);
/* FILE in the standard library's directory or zip, or `<frozen MODULE>`. */
bool sm_code_is_library_file(const struct sm_code *code, struct sm_str file);

#endif
