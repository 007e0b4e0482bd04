/* SPDX-License-Identifier: Apache-2.0 */
/*
 * enforce_remedy.h: what a policy lacks for an event it denies.
 */
#ifndef TOOLS_ENFORCE_REMEDY_H
#define TOOLS_ENFORCE_REMEDY_H

#include "schema/policy.h"

/*
 * "WHAT by WHOM: WHY; add ... to ...": why the policy of that canonical text,
 * compiled with these variables, denies event, and what to add for it to pass.
 * The engine has been asked whether it does. Where nothing of that kind helps
 * the sentence ends before; NULL: it is not denied, or out of memory.
 * malloc'ed.
 */
char *enforce_remedy(const char *policy, const struct sm_binding *variables,
		     size_t count, const struct sm_event *event);

#endif
