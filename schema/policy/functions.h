/* SPDX-License-Identifier: Apache-2.0 */
/*
 * functions.h: principals that are some of the application's functions:
 * "app:load,main" are these, "app:!load,main" all others.
 */
#ifndef SCHEMA_POLICY_FUNCTIONS_H
#define SCHEMA_POLICY_FUNCTIONS_H

#include "schema/value.h"

/* Bytes of a name; of longer ones traces have nothing. */
#define SM_FUNCTION_MAX 256

struct sm_functions {
	struct sm_str names; /* with commas between them */
	bool are_others;
};

/* False: by is no such principal, or badly spelled. */
bool sm_functions_read(struct sm_str by, struct sm_functions *out);
/* Cuts the first of names off; there is one. */
struct sm_str sm_functions_next(struct sm_str *names);
/* Whether the function is one of names. */
bool sm_functions_list(struct sm_str names, struct sm_str function);
/* Whether all whom b means are meant by a. */
bool sm_functions_hold(struct sm_str a, struct sm_str b);

#endif
