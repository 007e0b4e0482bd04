/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reader.h: an open trace, as reader.c, cursor.c and verify.c share it.
 */
#ifndef SCHEMA_TRACE_READER_H
#define SCHEMA_TRACE_READER_H

#include "schema/trace.h"
#include "schema/trace/block.h"
#include "schema/trace/db.h"
#include "schema/trace/kept.h"
#include "schema/trace/strings.h"

struct sm_trace {
	char *path;
	sqlite3 *db; /* NULL while parked between polls of a live trace */
	struct sm_kept kept;
	struct sm_strings strings;
	struct sm_trace_meta {
		const char *key, *value;
	} * meta;
	size_t meta_count, meta_room;
	struct sm_trace_process_info **processes;
	size_t process_count, process_room;
	struct sm_trace_loss *losses;
	size_t loss_count, loss_room;
	struct sm_trace_policy **policies;
	size_t policy_count, policy_room;
	struct sm_trace_adoption *adoptions; /* by process and seq */
	size_t adoption_count, adoption_room;
	int64_t last_adoption;		  /* id */
	uint64_t lost_outside[SM_LOSSES]; /* of no process in the table */
	struct sm_trace_name {
		struct sm_str text;
		uint16_t kind; /* enum sm_event_kind it would be */
	} * names;	       /* by id; 0 is empty */
	size_t name_count, name_room;
	struct sm_trace_site {
		struct sm_site site;
		uint32_t same_as; /* smallest id of an equal site */
		uint32_t event;	  /* name */
	} * sites;		  /* by id; 0 unused */
	size_t site_count, site_room;
	struct sm_map site_of; /* hash of content -> id */
	sqlite3_stmt *at_or_before, *behind, *data;
	struct sm_bytes raw, zone;
	uint64_t last_event; /* for progress; 0: not counted */
};

/* Opens the connection again when it was parked. */
SM_CHECKED enum sm_status sm_trace_unpark(struct sm_trace *trace,
					  struct sm_diag *diag);
/* Gives the connection up, so that a writer can settle the file. */
void sm_trace_park(struct sm_trace *trace);
/* Reads meta, processes, names and sites that came since. */
SM_CHECKED enum sm_status sm_trace_refresh(struct sm_trace *trace,
					   struct sm_diag *diag);
/* Tells who watches that the events before number done were read. */
void sm_trace_tell(struct sm_trace *trace, uint64_t done);
SM_CHECKED enum sm_status sm_trace_load_sites(struct sm_trace *trace,
					      struct sm_diag *diag);

#endif
