/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pack.h: blobs are one zstd frame, unpacked only within stated bounds.
 *
 * A hostile frame can claim any size and window; 4 GiB of zeros fit in 130 kB.
 * So the frame must state its size, the size must be what the row says, the
 * blob must be that one frame and nothing else.
 */
#ifndef SCHEMA_TRACE_PACK_H
#define SCHEMA_TRACE_PACK_H

#include <zstd.h>

#include "schema/trace/bytes.h"

#define SM_PACK_LEVEL	   3
#define SM_PACK_WINDOW_LOG 22 /* 4 MiB, the largest blob */
#define SM_CHUNK_RAW_MAX   (1u << 20)
#define SM_BLOCK_RAW_MAX   (4u << 20)

/* Replaces out by a frame of raw. SM_NOMEM. */
SM_CHECKED enum sm_status sm_pack(ZSTD_CCtx *zstd, const struct sm_bytes *raw,
				  struct sm_bytes *out);
/* As sm_pack, for raw that is known in n parts: each gets its own tables. */
SM_CHECKED enum sm_status sm_pack_parts(ZSTD_CCtx *zstd,
					const struct sm_bytes *raw,
					const size_t *ends, unsigned n,
					struct sm_bytes *out);
ZSTD_DCtx *sm_unpack_new(void);
/*
 * Replaces out by the frame's content, which must be at most max bytes, and
 * raw_bytes unless that is negative. SM_NOMEM, SM_DAMAGED.
 */
SM_CHECKED enum sm_status sm_unpack(ZSTD_DCtx *zstd, const void *data,
				    size_t len, int64_t raw_bytes, size_t max,
				    struct sm_bytes *out);

#endif
