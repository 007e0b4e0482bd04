/* SPDX-License-Identifier: Apache-2.0 */
/*
 * events_sql.h: secmgr-events --sql: one SELECT over a trace's tables and the
 * table-valued `event`, which only exists here.
 */
#ifndef TOOLS_EVENTS_SQL_H
#define TOOLS_EVENTS_SQL_H

#include <stdio.h>

#include "schema/trace.h"
#include "tools/cli_clock.h"

/*
 * Runs query and prints the rows: tab separated below a line of names, or a
 * JSON object a row. Anything but reading is refused (SM_INVALID).
 * is_over: asked now and then; true ends the query, and what was printed stays.
 */
SM_CHECKED enum sm_status sm_events_sql(FILE *out, struct sm_trace *trace,
					const struct sm_clock *clock,
					const char *query, bool wants_json,
					bool (*is_over)(void),
					struct sm_diag *diag);

#endif
