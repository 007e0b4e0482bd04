/* SPDX-License-Identifier: Apache-2.0 */
/*
 * column.h: what a row of SQLite holds, as ours.
 */
#ifndef SCHEMA_TRACE_COLUMN_H
#define SCHEMA_TRACE_COLUMN_H

#include <sqlite3.h>

#include "schema/value.h"

/* The bytes of a text or blob until the next step; of NULL, and none: NULL. */
static inline struct sm_str sm_column_str(sqlite3_stmt *q, int i)
{
	const void *p = sqlite3_column_blob(q, i);

	return (struct sm_str){ p,
				p ? (uint32_t)sqlite3_column_bytes(q, i) : 0 };
}

static inline uint32_t sm_column_u32(sqlite3_stmt *q, int i)
{
	return (uint32_t)sqlite3_column_int64(q, i);
}

static inline uint64_t sm_column_u64(sqlite3_stmt *q, int i)
{
	return (uint64_t)sqlite3_column_int64(q, i);
}

#endif
