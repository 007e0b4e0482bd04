/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trace_set.h: the files of a rotated trace: FILE.N ... FILE.2, FILE.1, FILE.
 */
#ifndef TOOLS_TRACE_SET_H
#define TOOLS_TRACE_SET_H

#include <stdbool.h>

#include "schema/status.h"

struct trace_set {
	char **paths; /* oldest first; owned */
	int count;
};

/*
 * Adds path to set, the older files before it if is_set. SM_NOMEM; the set is
 * to be freed in any case.
 */
SM_CHECKED enum sm_status trace_set_add(struct trace_set *set, const char *path,
					bool is_set);
void trace_set_fini(struct trace_set *set);

#endif
