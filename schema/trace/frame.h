/* SPDX-License-Identifier: Apache-2.0 */
/*
 * frame.h: the CBOR map { part => [encoding, bytes] } of blocks, zones and
 * postings; schema/event.cddl.
 */
#ifndef SCHEMA_TRACE_FRAME_H
#define SCHEMA_TRACE_FRAME_H

#include "schema/trace/bytes.h"

/* A frame's head, then its parts in the order they are put. */
void sm_frame_put_head(struct sm_bytes *out, unsigned parts);
void sm_frame_put(struct sm_bytes *out, unsigned part, unsigned encoding,
		  const struct sm_bytes *content);

struct sm_frame_part {
	struct sm_bytes_reader content; /* at is NULL: not there */
	uint64_t encoding;
};

/*
 * Reads a frame of parts 1 to count - 1 into parts, which is zeroed. Points
 * into p. SM_DAMAGED: anything but one map of that form with definite lengths,
 * a part unknown or there twice.
 */
SM_CHECKED enum sm_status sm_frame_get(const uint8_t *p, size_t n,
				       struct sm_frame_part *parts,
				       unsigned count);

#endif
