/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/trace/pack.h"

enum sm_status sm_pack_parts(ZSTD_CCtx *zstd, const struct sm_bytes *raw,
			     const size_t *ends, unsigned n,
			     struct sm_bytes *out)
{
	/* A flushed part may cost a block header and an empty block. */
	size_t bound = ZSTD_compressBound(raw->len) + 16 * ((size_t)n + 1);
	ZSTD_inBuffer in = { raw->p, 0, 0 };
	ZSTD_outBuffer to = { 0 };

	out->len = 0;
	if (raw->has_failed || !sm_bytes_grow(out, bound)) {
		out->has_failed = false;
		return SM_NOMEM;
	}
	to = (ZSTD_outBuffer){ out->p, bound, 0 };
	ZSTD_CCtx_reset(zstd, ZSTD_reset_session_and_parameters);
	ZSTD_CCtx_setParameter(zstd, ZSTD_c_compressionLevel, SM_PACK_LEVEL);
	ZSTD_CCtx_setPledgedSrcSize(zstd, raw->len);
	for (unsigned i = 0; i <= n; i++) {
		in.size = i < n ? ends[i] : raw->len;
		if (ZSTD_compressStream2(zstd, &to, &in,
					 i < n ? ZSTD_e_flush : ZSTD_e_end))
			return SM_NOMEM;
	}
	out->len = to.pos;
	return SM_OK;
}

enum sm_status sm_pack(ZSTD_CCtx *zstd, const struct sm_bytes *raw,
		       struct sm_bytes *out)
{
	return sm_pack_parts(zstd, raw, NULL, 0, out);
}

ZSTD_DCtx *sm_unpack_new(void)
{
	ZSTD_DCtx *zstd = ZSTD_createDCtx();

	if (zstd)
		ZSTD_DCtx_setParameter(zstd, ZSTD_d_windowLogMax,
				       SM_PACK_WINDOW_LOG);
	return zstd;
}

enum sm_status sm_unpack(ZSTD_DCtx *zstd, const void *data, size_t len,
			 int64_t raw_bytes, size_t max, struct sm_bytes *out)
{
	unsigned long long size = data ? ZSTD_getFrameContentSize(data, len)
				       : ZSTD_CONTENTSIZE_ERROR;
	size_t got;

	out->len = 0;
	if (size > max || (raw_bytes >= 0 && size != (uint64_t)raw_bytes) ||
	    ZSTD_findFrameCompressedSize(data, len) != len)
		return SM_DAMAGED;
	if (!sm_bytes_grow(out, size)) {
		out->has_failed = false;
		return SM_NOMEM;
	}
	got = ZSTD_decompressDCtx(zstd, out->p, size, data, len);
	if (got != size) {
		out->len = 0;
		return SM_DAMAGED;
	}
	return SM_OK;
}
