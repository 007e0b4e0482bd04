/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rows.h: rows of the plain tables, queued until a transaction takes them.
 *
 * A transaction that fails (full disk) leaves the queue as it was, so that the
 * next one tries again.
 */
#ifndef SCHEMA_TRACE_ROWS_H
#define SCHEMA_TRACE_ROWS_H

#include <sqlite3.h>

#include "schema/trace/bytes.h"
#include "schema/trace/seal.h"

enum sm_statement {
	SM_PUT_META,
	SM_CUT_META,
	SM_PUT_PROCESS,
	SM_SET_INTERPRETER,
	SM_END_PROCESS,
	SM_PUT_LOSS,
	SM_SET_AFTER_DENIAL,
	SM_PUT_POLICY,
	SM_PUT_ADOPTION,
	SM_PUT_NAME,
	SM_PUT_SITE,
	SM_PUT_DENIAL,
	SM_CUT_RESOURCES,
	SM_PUT_RESOURCE,
	SM_CUT_CHUNKS,
	SM_PUT_CHUNK,
	SM_CUT_BLOCKS,
	SM_PUT_BLOCK,
	SM_CUT_CHECKPOINTS,
	SM_PUT_CHECKPOINT,
	SM_STATEMENTS
};

struct sm_rows {
	sqlite3 *db;
	sqlite3_stmt *statements[SM_STATEMENTS];
	struct sm_bytes queue;
	size_t row_at;	      /* start of the row being queued */
	struct sm_seal *seal; /* told what is written; may be NULL */
};

void sm_rows_init(struct sm_rows *rows, sqlite3 *db);
void sm_rows_fini(struct sm_rows *rows);

/* Queues a row: begin, its values in order, end. end: SM_NOMEM. */
void sm_rows_begin(struct sm_rows *rows, enum sm_statement statement);
void sm_rows_int(struct sm_rows *rows, int64_t value);
void sm_rows_null(struct sm_rows *rows);
/* Text when it is UTF-8 without NUL, a blob otherwise. */
void sm_rows_str(struct sm_rows *rows, struct sm_str s);
SM_CHECKED enum sm_status sm_rows_end(struct sm_rows *rows);

/* Runs all queued rows; the queue stays until sm_rows_forget(). */
SM_CHECKED enum sm_status sm_rows_run(struct sm_rows *rows);
void sm_rows_forget(struct sm_rows *rows);

/* A statement to bind and step directly; NULL: see sqlite3_errmsg. */
sqlite3_stmt *sm_rows_statement(struct sm_rows *rows,
				enum sm_statement statement);
/* Steps, resets and unbinds. SM_IO. */
SM_CHECKED enum sm_status sm_rows_step(sqlite3_stmt *statement);

#endif
