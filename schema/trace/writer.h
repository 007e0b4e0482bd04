/* SPDX-License-Identifier: Apache-2.0 */
/*
 * writer.h: what the files that write a trace share.
 *
 * writer.c opens one and takes its events, tables.c the rows of the plain
 * tables, commit.c brings both into the file.
 */
#ifndef SCHEMA_TRACE_WRITER_H
#define SCHEMA_TRACE_WRITER_H

#include "schema/trace.h"
#include "schema/trace/dictionary.h"
#include "schema/trace/store.h"
#include "schema/trace/summary.h"
#include "schema/trace/vouch.h"

struct sm_trace_writer {
	char *path;
	sqlite3 *db;
	int lock_fd;
	struct sm_rows rows;
	struct sm_store store;
	struct sm_voucher voucher;
	struct sm_summary *summary;
	struct sm_intern strings;
	struct sm_dictionary dictionary;
	uint32_t process_count, policy_count;
	bool is_retrying; /* the disk refused the last commit */
};

/* Where a lane stands, for the checkpoint. */
void sm_writer_mark(const struct sm_lane *strings, const struct sm_lane *events,
		    struct sm_mark marks[SM_PARTS]);
/* Closes what is open; nothing is written. Accepts NULL. */
void sm_writer_free(struct sm_trace_writer *w);

#endif
