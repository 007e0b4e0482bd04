/* SPDX-License-Identifier: Apache-2.0 */
/*
 * db.h: the SQLite file below a trace: opening, definitions, hash chain.
 */
#ifndef SCHEMA_TRACE_DB_H
#define SCHEMA_TRACE_DB_H

#include <sqlite3.h>

#include "schema/status.h"
#include "schema/value.h"

#define SM_DB_APPLICATION_ID 0x53434d54 /* "SCMT", in the file's header */

#define SM_HASH_BYTES 32 /* SHA-256 */

/*
 * An empty trace at path, which must not exist. SM_EXISTS, SM_IO. The file is
 * left locked (flock) by *lock_fd as long as a writer lives.
 */
SM_CHECKED enum sm_status sm_db_create(const char *path, sqlite3 **out,
				       int *lock_fd, struct sm_diag *diag);
/*
 * An existing trace, for appending. is_new: nothing was ever committed to it,
 * as when who began it was killed at once; an empty file is one, too.
 */
SM_CHECKED enum sm_status sm_db_append(const char *path, sqlite3 **out,
				       int *lock_fd, bool *is_new,
				       struct sm_diag *diag);
/* Read-only, checked and guarded against what a hostile file may hold. */
SM_CHECKED enum sm_status sm_db_read(const char *path, sqlite3 **out,
				     struct sm_diag *diag);
/*
 * Removes path and its -wal, -shm, -journal. SM_EXISTS: a writer has it;
 * SM_NOT_OURS: it is no trace.
 */
SM_CHECKED enum sm_status sm_db_remove(const char *path, struct sm_diag *diag);
/* True while a writer holds path's lock. */
bool sm_db_is_written(const char *path);

/* The table definitions, schema/trace.sql. */
extern const char sm_db_definitions[];
/* SM_NOT_OURS, SM_VERSION, SM_DAMAGED: it is not what this format is. */
SM_CHECKED enum sm_status sm_db_check(sqlite3 *db, const char *path,
				      struct sm_diag *diag);
/* The same of its header only. */
SM_CHECKED enum sm_status sm_db_check_header(sqlite3 *db, const char *path,
					     struct sm_diag *diag);
/* SM_NOT_OURS: path holds something, and that never was a trace. */
SM_CHECKED enum sm_status sm_db_check_old(const char *path,
					  struct sm_diag *diag);
/* Whether there is a file of this name and tail that is not empty. */
bool sm_db_has_beside(const char *path, const char *tail);

/* SM_IO, SM_NOMEM or SM_DAMAGED, with SQLite's words. */
enum sm_status sm_db_fail(sqlite3 *db, const char *path, const char *doing,
			  struct sm_diag *diag);
/* Of a statement that failed: SM_NOMEM, or else SM_DAMAGED. */
enum sm_status sm_db_status(sqlite3 *db);
SM_CHECKED enum sm_status sm_db_exec(sqlite3 *db, const char *path,
				     const char *sql, struct sm_diag *diag);

/*
 * Pages that share their children make a small file as long as one likes to a
 * reader. Until sm_db_unlimit(), statements together may take the steps that
 * rows of the file's size can need; then they fail as damaged. *strides counts
 * them down and must live as long.
 */
void sm_db_limit(sqlite3 *db, uint64_t *strides);
void sm_db_unlimit(sqlite3 *db);

/*
 * SHA-256. A chained row's is of the hash before and every column in order;
 * integers, texts and blobs of the same bytes differ.
 */
struct sm_chain;
struct sm_chain *sm_chain_new(void);
void sm_chain_free(struct sm_chain *chain);
/* Starts a hash of what sm_chain_raw() gives. */
void sm_chain_open(struct sm_chain *chain);
void sm_chain_raw(struct sm_chain *chain, const void *p, size_t n);
/* Starts a row. */
void sm_chain_start(struct sm_chain *chain,
		    const uint8_t previous[SM_HASH_BYTES]);
void sm_chain_int(struct sm_chain *chain, int64_t value);
void sm_chain_text(struct sm_chain *chain, const char *p, size_t n);
void sm_chain_bytes(struct sm_chain *chain, const void *p, size_t n);
/* The first columns of the row that q stands on. */
void sm_chain_row(struct sm_chain *chain, sqlite3_stmt *q, int columns);
/* SM_NOMEM when any step failed. */
SM_CHECKED enum sm_status sm_chain_end(struct sm_chain *chain,
				       uint8_t hash[SM_HASH_BYTES]);

#endif
