/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seal.h: a hash of each plain table, brought up to date commit by commit.
 *
 * Rows that never change once written are chained like blocks, so a commit
 * costs what it adds. Rows that do change (a process ends) are hashed in groups
 * of SM_GROUP_ROWS, and a commit costs the groups it touches.
 */
#ifndef SCHEMA_TRACE_SEAL_H
#define SCHEMA_TRACE_SEAL_H

#include "schema/trace/checkpoint.h"

#define SM_GROUP_ROWS 256

enum sm_table_kind {
	SM_TABLE_APPENDED, /* hash: chain over the rows in order */
	SM_TABLE_GROUPED,  /* hash over the groups' chains, in order */
	SM_TABLE_WHOLE,	   /* as appended, but made anew when touched */
};

struct sm_table {
	enum sm_part part;
	enum sm_table_kind kind;
	const char *rows; /* all columns of rows with ?1 <= key <= ?2, in order;
			     WHOLE: of all rows */
};
#define SM_TABLES (SM_PARTS - SM_PART_TABLES)
const struct sm_table *sm_table_of(enum sm_part part);

struct sm_seal;
struct sm_seal *sm_seal_new(void);
void sm_seal_free(struct sm_seal *seal);
/* A row was or will be written; id is read of GROUPED tables only. */
SM_CHECKED enum sm_status sm_seal_touch(struct sm_seal *seal, enum sm_part part,
					int64_t id);
/* Takes up an existing file: touches all there is. SM_DAMAGED, SM_IO. */
SM_CHECKED enum sm_status sm_seal_resume(struct sm_seal *seal, sqlite3 *db);
/*
 * The marks of all plain tables, as the open transaction sees them; to be
 * followed by sm_seal_committed() when it was committed. SM_IO, SM_NOMEM.
 */
SM_CHECKED enum sm_status sm_seal_write(struct sm_seal *seal, sqlite3 *db,
					struct sm_chain *chain,
					struct sm_mark marks[SM_PARTS]);
void sm_seal_committed(struct sm_seal *seal);

#endif
