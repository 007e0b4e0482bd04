/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plain.h: reading a trace's plain tables; sm_trace_refresh() reads them all.
 */
#ifndef SCHEMA_TRACE_PLAIN_H
#define SCHEMA_TRACE_PLAIN_H

#include "schema/trace/reader.h"

/* SM_DAMAGED, SM_NOMEM: the row that q stands on cannot be one of ours. */
typedef enum sm_status sm_plain_row(struct sm_trace *trace, sqlite3_stmt *q);

/*
 * Calls row for each row of sql, whose first parameter is from. SM_LIMIT: the
 * tables take more memory than a trace may.
 */
SM_CHECKED enum sm_status sm_plain_each(struct sm_trace *trace, const char *sql,
					int64_t from, sm_plain_row *row,
					struct sm_diag *diag);
/* Processes, those already known as well, and what was lost of each. */
SM_CHECKED enum sm_status sm_plain_processes(struct sm_trace *trace,
					     struct sm_diag *diag);

#endif
