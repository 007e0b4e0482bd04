/* SPDX-License-Identifier: Apache-2.0 */
/*
 * digest.h: one hash over the plain tables and the ends of the two chains, so
 * that a closed trace shows any change, cut-off ends included.
 */
#ifndef SCHEMA_TRACE_DIGEST_H
#define SCHEMA_TRACE_DIGEST_H

#include "schema/trace/db.h"

#define SM_DIGEST_KEY "digest" /* in meta */

/* Hex, with a NUL. SM_IO, SM_NOMEM. */
SM_CHECKED enum sm_status sm_digest_tables(sqlite3 *db, struct sm_chain *chain,
					   char hex[2 * SM_HASH_BYTES + 1]);

#endif
