/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verify.h: what the files of sm_trace_verify() share.
 */
#ifndef SCHEMA_TRACE_VERIFY_H
#define SCHEMA_TRACE_VERIFY_H

#include "schema/trace/reader.h"
#include "schema/trace/seal.h"
#include "schema/trace/store.h"

struct verifying {
	struct sm_trace *trace;
	const struct sm_trace_trust *trust;
	struct sm_checkpoint anchor;
	struct sm_trace_verified *result;
	struct sm_chain *chain;
	sm_trace_finding *found;
	void *context;
	struct sm_diag first; /* finding */
	struct sm_bytes raw, hashes;
	struct sm_checkpoint *checkpoints; /* ascending; the file's last last */
	size_t checkpoint_count, checkpoint_room;
	struct sm_mark now[SM_PARTS]; /* as hashed so far */
	size_t passed[SM_PARTS];      /* checkpoints compared */
	bool is_reported[SM_PARTS];
	bool lacks_memory; /* then nothing more is found */
};

/* ---------------------------------------------------------------- verify.c */

/* Notes that memory ran out; status. */
enum sm_status sm_verify_note(struct verifying *v, enum sm_status status);
/* A row of part is wrong. */
void sm_verify_report_row(struct verifying *v, const char *part, uint64_t id,
			  const char *what);
/* The first finding of part. */
void sm_verify_report_part(struct verifying *v, enum sm_part part,
			   const char *what);

/* ---------------------------------------------------- verify_checkpoints.c */

bool sm_verify_is_closed(const struct sm_trace *trace);
/* Reads and checks them all. */
void sm_verify_checkpoints(struct verifying *v);
/* Puts the anchor, if one is given, among them. */
void sm_verify_place_anchor(struct verifying *v);
/* Compares the marks that now[part] has reached. */
void sm_verify_pass(struct verifying *v, enum sm_part part);

#endif
