/* SPDX-License-Identifier: Apache-2.0 */
/*
 * summary.h: the tables `resource` and `denial`, gathered while events pass.
 *
 * Calls seen before cost one look-up by their key. Everything is bounded:
 * what is too much is summed in rows called '(other)'.
 */
#ifndef SCHEMA_TRACE_SUMMARY_H
#define SCHEMA_TRACE_SUMMARY_H

#include "schema/request.h"
#include "schema/trace/rows.h"

#define SM_SUMMARY_RESOURCES (1u << 16)
#define SM_SUMMARY_DENIALS   (1u << 14)
#define SM_SUMMARY_BYTES     (16u << 20) /* of texts */
#define SM_SUMMARY_CALLS     (1u << 17)	 /* remembered, then forgotten */
#define SM_SUMMARY_SEEN	     (1u << 18)	 /* resources by processes */

struct sm_summary;

struct sm_summary *sm_summary_new(void);
void sm_summary_free(struct sm_summary *summary);
/*
 * Counts an event. key is equal for equal calls of a site; known_site says
 * that event->site is filled, which is only needed when sm_summary_knows() is
 * false. SM_NOMEM.
 */
bool sm_summary_knows(const struct sm_summary *summary, uint64_t key);
SM_CHECKED enum sm_status sm_summary_add(struct sm_summary *summary,
					 uint64_t key, uint32_t site,
					 const struct sm_event *event);
/* Reads the tables of a trace that is continued. SM_IO, SM_NOMEM. */
SM_CHECKED enum sm_status sm_summary_load(struct sm_summary *summary,
					  sqlite3 *db);
/* Queues the denials that changed. SM_NOMEM. */
SM_CHECKED enum sm_status sm_summary_put_denials(struct sm_summary *summary,
						 struct sm_rows *rows);
/* Queues the whole resource table, in at most about max_bytes. SM_NOMEM. */
SM_CHECKED enum sm_status sm_summary_put_resources(struct sm_summary *summary,
						   size_t max_bytes,
						   struct sm_rows *rows);

#endif
