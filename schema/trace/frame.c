/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/trace/frame.h"

#include <cbor.h>

/* A part's key, array head, encoding and byte string head; 9 bytes each. */
enum { HEAD_MAX = 4 * 9, MAJOR_BYTES = 2 << 5 };

/* ---------------------------------------------------------------- writing */

void sm_frame_put_head(struct sm_bytes *out, unsigned parts)
{
	uint8_t head[HEAD_MAX];

	sm_bytes_put(out, head, cbor_encode_map_start(parts, head, HEAD_MAX));
}

/*
 * A length is within the first byte or four bytes long, which libcbor writes
 * for integers only; the major type makes a byte string of it (RFC 8949, 3.1).
 */
static size_t put_length(size_t len, uint8_t *at, size_t room)
{
	size_t n;

	if (len < 24)
		return cbor_encode_bytestring_start(len, at, room);
	n = cbor_encode_uint32((uint32_t)len, at, room);
	at[0] |= MAJOR_BYTES;
	return n;
}

void sm_frame_put(struct sm_bytes *out, unsigned part, unsigned encoding,
		  const struct sm_bytes *content)
{
	uint8_t head[HEAD_MAX];
	size_t n = cbor_encode_uint(part, head, HEAD_MAX);

	n += cbor_encode_array_start(2, head + n, HEAD_MAX - n);
	n += cbor_encode_uint(encoding, head + n, HEAD_MAX - n);
	n += put_length(content->len, head + n, HEAD_MAX - n);
	sm_bytes_put(out, head, n);
	sm_bytes_put(out, content->p, content->len);
	out->has_failed |= content->has_failed;
}

/* ---------------------------------------------------------------- reading */

/* What the decoder called back with; all else leaves NOTHING behind. */
struct item {
	enum kind { NOTHING, NUMBER, BYTES, ARRAY, MAP } kind;
	uint64_t number; /* value, or count of items or pairs */
	struct sm_bytes_reader bytes;
};

static void see_uint8(void *context, uint8_t value)
{
	*(struct item *)context = (struct item){ NUMBER, value, { 0 } };
}

static void see_uint16(void *context, uint16_t value)
{
	*(struct item *)context = (struct item){ NUMBER, value, { 0 } };
}

static void see_uint32(void *context, uint32_t value)
{
	*(struct item *)context = (struct item){ NUMBER, value, { 0 } };
}

static void see_uint64(void *context, uint64_t value)
{
	*(struct item *)context = (struct item){ NUMBER, value, { 0 } };
}

static void see_bytes(void *context, cbor_data p, size_t n)
{
	*(struct item *)context =
		(struct item){ BYTES, n, { p, p + n, false } };
}

static void see_array(void *context, size_t items)
{
	*(struct item *)context = (struct item){ ARRAY, items, { 0 } };
}

static void see_map(void *context, size_t pairs)
{
	*(struct item *)context = (struct item){ MAP, pairs, { 0 } };
}

/* The decoder allocates nothing and does not call with bytes it has not. */
static bool get(struct sm_bytes_reader *r, enum kind kind, struct item *item)
{
	struct cbor_callbacks see = cbor_empty_callbacks;
	struct cbor_decoder_result result;

	see.uint8 = see_uint8;
	see.uint16 = see_uint16;
	see.uint32 = see_uint32;
	see.uint64 = see_uint64;
	see.byte_string = see_bytes;
	see.array_start = see_array;
	see.map_start = see_map;
	*item = (struct item){ 0 };
	result =
		cbor_stream_decode(r->at, (size_t)(r->end - r->at), &see, item);
	if (result.status != CBOR_DECODER_FINISHED || item->kind != kind)
		return false;
	r->at += result.read;
	return true;
}

static bool get_part(struct sm_bytes_reader *r, struct sm_frame_part *parts,
		     unsigned count)
{
	struct item part, pair, encoding, bytes;

	if (!get(r, NUMBER, &part) || !part.number || part.number >= count ||
	    parts[part.number].content.at)
		return false;
	if (!get(r, ARRAY, &pair) || pair.number != 2 ||
	    !get(r, NUMBER, &encoding) || !get(r, BYTES, &bytes))
		return false;
	parts[part.number] =
		(struct sm_frame_part){ bytes.bytes, encoding.number };
	return true;
}

enum sm_status sm_frame_get(const uint8_t *p, size_t n,
			    struct sm_frame_part *parts, unsigned count)
{
	struct sm_bytes_reader r = { p, p + n, false };
	struct item map;

	if (!get(&r, MAP, &map) || map.number >= count)
		return SM_DAMAGED;
	for (uint64_t i = 0; i < map.number; i++)
		if (!get_part(&r, parts, count))
			return SM_DAMAGED;
	return r.at == r.end ? SM_OK : SM_DAMAGED;
}
