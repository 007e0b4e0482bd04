/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kept.h: texts and tables that live as long as a trace is open.
 */
#ifndef SCHEMA_TRACE_KEPT_H
#define SCHEMA_TRACE_KEPT_H

#include <sqlite3.h>

#include "schema/status.h"
#include "schema/value.h"

struct sm_kept {
	char **parts;
	size_t part_count, part_room;
	size_t used, room; /* of the last part */
	size_t bytes;	   /* of all */
};

/*
 * A copy of n bytes, aligned for anything; or NULL. Only after a first
 * sm_kept_column().
 */
void *sm_kept_items(struct sm_kept *kept, const void *p, size_t n);
/* A text of the row that q stands on, with a NUL behind it. SM_NOMEM. */
SM_CHECKED enum sm_status sm_kept_column(struct sm_kept *kept, sqlite3_stmt *q,
					 int i, struct sm_str *out);
/*
 * The same; where it is the text of before, that one. Processes run the same
 * programs.
 */
SM_CHECKED enum sm_status sm_kept_like(struct sm_kept *kept, sqlite3_stmt *q,
				       int i, struct sm_str before,
				       struct sm_str *out);
void sm_kept_fini(struct sm_kept *kept);

#endif
