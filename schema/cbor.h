/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cbor.h: bounded CBOR (RFC 8949) cursors for records and chunks.
 *
 * The agent links libc alone, so what the ring carries is written and read
 * here; where the guest is not involved, libcbor does it (trace/frame.c).
 *
 * Writing never allocates and checks every byte against the room it was given;
 * once something did not fit, the writer stays failed. Reading is strict:
 * definite lengths, shortest or fixed-width heads both accepted, no tags but
 * the three below, depth and counts bounded; it never reads past the end.
 */
#ifndef SCHEMA_CBOR_H
#define SCHEMA_CBOR_H

#include "schema/status.h"
#include "schema/value.h"

/* Tags of values JSON-like CBOR has no word for. First-come, unregistered. */
#define SM_TAG_OPAQUE 27550 /* text: type name of an object not opened */
#define SM_TAG_DIGEST 27551 /* [length, hash]: bytes never stored */
#define SM_TAG_CUT    27552 /* [value, full length]: cut by a bound */

struct sm_cbor_writer {
	uint8_t *at, *end;
	bool has_failed;
};

/* Any head: major type (RFC 8949, 3.1) and its argument. */
void sm_cbor_put_head(struct sm_cbor_writer *w, unsigned major, uint64_t value);

#define SM_CBOR_HEAD_MAX 9 /* bytes of the longest head */

/*
 * For whoever checked the room: writes a head at `at`, where SM_CBOR_HEAD_MAX
 * bytes must be free, and returns what follows it. Inline: events are hot.
 */
static inline uint8_t *sm_cbor_head(uint8_t *at, unsigned major, uint64_t value)
{
	unsigned size; /* log2 of the bytes that follow: 1, 2, 4 or 8 */
	uint64_t big;

	if (value < 24) {
		*at = (uint8_t)(major << 5 | value);
		return at + 1;
	}
	size = value <= 0xff	     ? 0
	       : value <= 0xffff     ? 1
	       : value <= 0xffffffff ? 2
				     : 3;
	/* Eight bytes at once; what is too many is written over next. */
	big = __builtin_bswap64(value << (64 - (8u << size)));
	*at = (uint8_t)(major << 5 | (24 + size));
	memcpy(at + 1, &big, sizeof(big));
	return at + 1 + (1u << size);
}

static inline void sm_cbor_put_uint(struct sm_cbor_writer *w, uint64_t value)
{
	if (value < 24 && !w->has_failed && w->at < w->end)
		*w->at++ = (uint8_t)value;
	else
		sm_cbor_put_head(w, 0, value);
}

/* Text when valid UTF-8, bytes otherwise. */
void sm_cbor_put_str(struct sm_cbor_writer *w, struct sm_str s);
void sm_cbor_put_array(struct sm_cbor_writer *w, uint64_t items);
void sm_cbor_put_value(struct sm_cbor_writer *w, const struct sm_value *value);

struct sm_cbor_reader {
	const uint8_t *at, *end;
};

/* Each returns SM_DAMAGED when the next item is not of the asked kind. */
SM_CHECKED enum sm_status sm_cbor_get_uint(struct sm_cbor_reader *r,
					   uint64_t max, uint64_t *value);
/* Text or bytes; *is_text may be NULL. Points into the input. */
SM_CHECKED enum sm_status sm_cbor_get_str(struct sm_cbor_reader *r,
					  struct sm_str *s, bool *is_text);
SM_CHECKED enum sm_status sm_cbor_get_array(struct sm_cbor_reader *r,
					    uint64_t max, uint64_t *items);
SM_CHECKED enum sm_status sm_cbor_get_map(struct sm_cbor_reader *r,
					  uint64_t max, uint64_t *pairs);
/* Major type (0..7) of the next item, or -1 at the end. */
int sm_cbor_peek(const struct sm_cbor_reader *r);
/*
 * Decodes one value. Nested items are taken from pool (SM_VALUES_MAX long),
 * *used counts what is taken so far; start at 0 per event.
 */
SM_CHECKED enum sm_status sm_cbor_get_value(struct sm_cbor_reader *r,
					    struct sm_value *value,
					    struct sm_value *pool,
					    uint32_t *used);

#define SM_UTF8_HIGH_BITS UINT64_C(0x8080808080808080)

/* Inline, in words, the last of which may overlap: most strings are short. */
static inline bool sm_utf8_is_ascii(struct sm_str s)
{
	uint64_t high = 0, word;
	uint32_t first, last;

	if (s.len >= 8) {
		for (uint32_t at = 0; at + 8 < s.len; at += 8) {
			memcpy(&word, s.p + at, 8);
			high |= word;
		}
		memcpy(&word, s.p + s.len - 8, 8);
		return !((high | word) & SM_UTF8_HIGH_BITS);
	}
	if (s.len >= 4) {
		memcpy(&first, s.p, 4);
		memcpy(&last, s.p + s.len - 4, 4);
		return !((first | last) & (uint32_t)SM_UTF8_HIGH_BITS);
	}
	return !s.len || !((s.p[0] | s.p[s.len / 2] | s.p[s.len - 1]) & 0x80);
}

/* True for valid UTF-8 (no surrogates, no overlong forms; RFC 3629). */
bool sm_utf8_is_valid(struct sm_str s);

#endif
