/* SPDX-License-Identifier: Apache-2.0 */
/*
 * substitute.h: rows that say that the real ones are lost, so that what refers
 * to them can be read.
 */
#ifndef SCHEMA_TRACE_SUBSTITUTE_H
#define SCHEMA_TRACE_SUBSTITUTE_H

#include <sqlite3.h>

#include "schema/status.h"

/* More that is lost and still referred to is no honest file. */
#define SM_STRINGS_LOST_MAX (4u << 20)
#define SM_ROWS_LOST_MAX    (1u << 20)

/* Strings from number id on, as chunks; *done counts. SM_LIMIT, SM_IO. */
SM_CHECKED enum sm_status sm_substitute_strings(sqlite3 *db, uint64_t id,
						uint64_t count, uint64_t *done);
/*
 * Names, sites up to last_site, processes and policies that other rows refer
 * to, so that none is missing in between. SM_LIMIT, SM_IO.
 */
SM_CHECKED enum sm_status sm_substitute_rows(sqlite3 *db, uint64_t last_site,
					     uint64_t *done);

#endif
