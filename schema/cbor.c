/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/cbor.h"

enum major { UINT, NEGATIVE, BYTES, TEXT, ARRAY, MAP, TAG, SIMPLE };

#define SIMPLE_FALSE  20
#define SIMPLE_TRUE   21
#define SIMPLE_NULL   22
#define SIMPLE_DOUBLE 27

/* ---------------------------------------------------------------- writing */

/* Small and often used: events are written inside other people's programs. */
#define HOT static inline __attribute__((always_inline))

HOT uint8_t *room_for(struct sm_cbor_writer *w, uint64_t bytes)
{
	uint8_t *at = w->at;

	if (__builtin_expect(w->has_failed || bytes > (uint64_t)(w->end - at),
			     0)) {
		w->has_failed = true;
		return NULL;
	}
	w->at = at + bytes;
	return at;
}

HOT void put_long_head(struct sm_cbor_writer *w, enum major major, uint64_t v)
{
	uint8_t head[SM_CBOR_HEAD_MAX], *at;
	size_t n;

	if (!w->has_failed && w->end - w->at >= SM_CBOR_HEAD_MAX) {
		w->at = sm_cbor_head(w->at, major, v);
		return;
	}
	n = (size_t)(sm_cbor_head(head, major, v) - head);
	at = room_for(w, n);
	if (at)
		memcpy(at, head, n);
}

HOT void put_head(struct sm_cbor_writer *w, enum major major, uint64_t v)
{
	uint8_t *at;

	if (v >= 24) {
		put_long_head(w, major, v);
		return;
	}
	at = room_for(w, 1);
	if (at)
		at[0] = (uint8_t)(major << 5 | v);
}

void sm_cbor_put_head(struct sm_cbor_writer *w, unsigned major, uint64_t value)
{
	put_head(w, (enum major)major, value);
}

static void put_int(struct sm_cbor_writer *w, int64_t value)
{
	if (value < 0)
		put_head(w, NEGATIVE, ~(uint64_t)value);
	else
		put_head(w, UINT, (uint64_t)value);
}

static void put_eight(struct sm_cbor_writer *w, uint8_t head, uint64_t value)
{
	uint8_t *at = room_for(w, 9);

	if (!at)
		return;
	value = __builtin_bswap64(value);
	at[0] = head;
	memcpy(at + 1, &value, 8);
}

static void put_string(struct sm_cbor_writer *w, enum major major,
		       const void *p, size_t n)
{
	uint8_t *at;

	put_head(w, major, n);
	at = room_for(w, n);
	if (at && n)
		memcpy(at, p, n);
}

void sm_cbor_put_str(struct sm_cbor_writer *w, struct sm_str s)
{
	put_string(w, sm_utf8_is_valid(s) ? TEXT : BYTES, s.p, s.len);
}

void sm_cbor_put_array(struct sm_cbor_writer *w, uint64_t items)
{
	put_head(w, ARRAY, items);
}

static void put_float(struct sm_cbor_writer *w, double f)
{
	uint64_t bits;

	memcpy(&bits, &f, sizeof(bits));
	put_eight(w, SIMPLE << 5 | SIMPLE_DOUBLE, bits);
}

static void put_digest(struct sm_cbor_writer *w, const struct sm_value *value)
{
	put_head(w, TAG, SM_TAG_DIGEST);
	put_head(w, ARRAY, 2);
	put_head(w, UINT, value->full_len);
	put_head(w, UINT, (uint64_t)value->i);
}

static void put_bare(struct sm_cbor_writer *w, const struct sm_value *value,
		     unsigned depth)
{
	switch ((enum sm_type)value->type) {
	case SM_NONE:
		put_head(w, SIMPLE, SIMPLE_NULL);
		return;
	case SM_FALSE:
		put_head(w, SIMPLE, SIMPLE_FALSE);
		return;
	case SM_TRUE:
		put_head(w, SIMPLE, SIMPLE_TRUE);
		return;
	case SM_INT:
		put_int(w, value->i);
		return;
	case SM_FLOAT:
		put_float(w, value->f);
		return;
	case SM_TEXT:
		put_string(w, TEXT, value->s, value->len);
		return;
	case SM_BYTES:
		put_string(w, BYTES, value->s, value->len);
		return;
	case SM_OPAQUE:
		put_head(w, TAG, SM_TAG_OPAQUE);
		put_string(w, TEXT, value->s, value->len);
		return;
	case SM_DIGEST:
		put_digest(w, value);
		return;
	case SM_LIST:
		break;
	}
	put_head(w, ARRAY, value->len);
	for (uint32_t i = 0; i < value->len; i++) {
		const struct sm_value *item = &value->items[i];

		if (depth > SM_DEPTH_MAX) {
			w->has_failed = true;
			return;
		}
		if (sm_value_is_cut(item)) {
			put_head(w, TAG, SM_TAG_CUT);
			put_head(w, ARRAY, 2);
		}
		put_bare(w, item, depth + 1);
		if (sm_value_is_cut(item))
			put_head(w, UINT, item->full_len);
	}
}

void sm_cbor_put_value(struct sm_cbor_writer *w, const struct sm_value *value)
{
	bool is_cut = sm_value_is_cut(value);

	if (is_cut) {
		put_head(w, TAG, SM_TAG_CUT);
		put_head(w, ARRAY, 2);
	}
	put_bare(w, value, 1);
	if (is_cut)
		put_head(w, UINT, value->full_len);
}

/* ---------------------------------------------------------------- reading */

/* Reads a head; refuses indefinite lengths and reserved values. */
static enum sm_status get_head(struct sm_cbor_reader *r, unsigned *major,
			       unsigned *info, uint64_t *value)
{
	unsigned extra;

	if (r->at >= r->end)
		return SM_DAMAGED;
	*major = *r->at >> 5;
	*info = *r->at & 31;
	r->at++;
	*value = *info;
	if (*info < 24)
		return SM_OK;
	if (*info > 27)
		return SM_DAMAGED;
	extra = 1u << (*info - 24);
	if (extra > (size_t)(r->end - r->at))
		return SM_DAMAGED;
	*value = 0;
	while (extra--)
		*value = *value << 8 | *r->at++;
	return SM_OK;
}

/* A head of one major type; the reader stays where it was on failure. */
static enum sm_status get_kind(struct sm_cbor_reader *r, enum major wanted,
			       uint64_t max, uint64_t *value)
{
	struct sm_cbor_reader start = *r;
	unsigned major, info;

	*value = 0;
	if (get_head(r, &major, &info, value) != SM_OK || major != wanted ||
	    *value > max) {
		*r = start;
		return SM_DAMAGED;
	}
	return SM_OK;
}

enum sm_status sm_cbor_get_uint(struct sm_cbor_reader *r, uint64_t max,
				uint64_t *value)
{
	return get_kind(r, UINT, max, value);
}

static enum sm_status get_int(struct sm_cbor_reader *r, int64_t *value)
{
	uint64_t v;

	*value = 0;
	if (get_kind(r, UINT, INT64_MAX, &v) == SM_OK) {
		*value = (int64_t)v;
		return SM_OK;
	}
	if (get_kind(r, NEGATIVE, INT64_MAX, &v) == SM_OK) {
		*value = -1 - (int64_t)v;
		return SM_OK;
	}
	return SM_DAMAGED;
}

enum sm_status sm_cbor_get_str(struct sm_cbor_reader *r, struct sm_str *s,
			       bool *is_text)
{
	struct sm_cbor_reader start = *r;
	bool text = sm_cbor_peek(r) == TEXT;
	uint64_t n;

	*s = (struct sm_str){ NULL, 0 };
	if (get_kind(r, text ? TEXT : BYTES, UINT32_MAX, &n) != SM_OK)
		return SM_DAMAGED;
	if (n > (uint64_t)(r->end - r->at)) {
		*r = start;
		return SM_DAMAGED;
	}
	*s = (struct sm_str){ (const char *)r->at, (uint32_t)n };
	r->at += n;
	if (text && !sm_utf8_is_valid(*s)) {
		*r = start;
		return SM_DAMAGED;
	}
	if (is_text)
		*is_text = text;
	return SM_OK;
}

enum sm_status sm_cbor_get_array(struct sm_cbor_reader *r, uint64_t max,
				 uint64_t *items)
{
	return get_kind(r, ARRAY, max, items);
}

enum sm_status sm_cbor_get_map(struct sm_cbor_reader *r, uint64_t max,
			       uint64_t *pairs)
{
	return get_kind(r, MAP, max, pairs);
}

int sm_cbor_peek(const struct sm_cbor_reader *r)
{
	return r->at < r->end ? *r->at >> 5 : -1;
}

struct decode {
	struct sm_cbor_reader *r;
	struct sm_value *pool;
	uint32_t *used;
};

static enum sm_status get_any(struct decode *d, struct sm_value *value,
			      unsigned depth);

static enum sm_status get_items(struct decode *d, struct sm_value *value,
				unsigned depth)
{
	struct sm_value *items;
	uint64_t n;

	if (get_kind(d->r, ARRAY, SM_ITEMS_MAX, &n) != SM_OK)
		return SM_DAMAGED;
	if (n > SM_VALUES_MAX - *d->used || (n && depth > SM_DEPTH_MAX))
		return SM_DAMAGED;
	items = d->pool + *d->used;
	*d->used += (uint32_t)n;
	for (uint64_t i = 0; i < n; i++)
		if (get_any(d, &items[i], depth + 1) != SM_OK)
			return SM_DAMAGED;
	value->type = SM_LIST;
	value->len = (uint32_t)n;
	value->full_len = n;
	value->items = items;
	return SM_OK;
}

static enum sm_status get_text(struct decode *d, struct sm_value *value)
{
	struct sm_str s;
	bool is_text;

	if (sm_cbor_get_str(d->r, &s, &is_text) != SM_OK ||
	    s.len > SM_STRING_MAX)
		return SM_DAMAGED;
	value->type = is_text ? SM_TEXT : SM_BYTES;
	value->s = s.p;
	value->len = s.len;
	value->full_len = s.len;
	return SM_OK;
}

static enum sm_status get_simple(struct sm_cbor_reader *r,
				 struct sm_value *value)
{
	unsigned major, info;
	uint64_t bits;

	if (get_head(r, &major, &info, &bits) != SM_OK)
		return SM_DAMAGED;
	switch (info) {
	case SIMPLE_NULL:
		value->type = SM_NONE;
		return SM_OK;
	case SIMPLE_FALSE:
		value->type = SM_FALSE;
		return SM_OK;
	case SIMPLE_TRUE:
		value->type = SM_TRUE;
		return SM_OK;
	case SIMPLE_DOUBLE:
		value->type = SM_FLOAT;
		memcpy(&value->f, &bits, sizeof(bits));
		return SM_OK;
	default:
		return SM_DAMAGED;
	}
}

static enum sm_status get_cut(struct decode *d, struct sm_value *value,
			      unsigned depth)
{
	struct sm_cbor_reader ahead;
	uint64_t n, tag;
	int next;

	if (get_kind(d->r, ARRAY, 2, &n) != SM_OK || n != 2)
		return SM_DAMAGED;
	ahead = *d->r;
	next = sm_cbor_peek(d->r);
	/* A cut value is not cut again: this bounds the recursion. */
	if (get_kind(&ahead, TAG, UINT32_MAX, &tag) == SM_OK &&
	    tag != SM_TAG_OPAQUE)
		return SM_DAMAGED;
	if (next != TEXT && next != BYTES && next != ARRAY && next != TAG)
		return SM_DAMAGED;
	if (get_any(d, value, depth) != SM_OK)
		return SM_DAMAGED;
	if (sm_cbor_get_uint(d->r, UINT64_MAX, &n) != SM_OK || n <= value->len)
		return SM_DAMAGED;
	value->full_len = n;
	return SM_OK;
}

static enum sm_status get_tagged(struct decode *d, struct sm_value *value,
				 unsigned depth)
{
	uint64_t tag, n, hash;

	if (get_kind(d->r, TAG, UINT32_MAX, &tag) != SM_OK)
		return SM_DAMAGED;
	switch (tag) {
	case SM_TAG_OPAQUE:
		if (sm_cbor_peek(d->r) != TEXT || get_text(d, value) != SM_OK)
			return SM_DAMAGED;
		value->type = SM_OPAQUE;
		return SM_OK;
	case SM_TAG_DIGEST:
		if (get_kind(d->r, ARRAY, 2, &n) != SM_OK || n != 2 ||
		    sm_cbor_get_uint(d->r, UINT64_MAX, &n) != SM_OK ||
		    sm_cbor_get_uint(d->r, UINT64_MAX, &hash) != SM_OK)
			return SM_DAMAGED;
		value->type = SM_DIGEST;
		value->full_len = n;
		value->i = (int64_t)hash;
		return SM_OK;
	case SM_TAG_CUT:
		return get_cut(d, value, depth);
	default:
		return SM_DAMAGED;
	}
}

/* Recursion is bounded: arrays by SM_DEPTH_MAX, tags by what may follow. */
static enum sm_status get_any(struct decode *d, struct sm_value *value,
			      unsigned depth)
{
	memset(value, 0, sizeof(*value));
	switch (sm_cbor_peek(d->r)) {
	case UINT:
	case NEGATIVE:
		value->type = SM_INT;
		return get_int(d->r, &value->i);
	case BYTES:
	case TEXT:
		return get_text(d, value);
	case ARRAY:
		return get_items(d, value, depth);
	case TAG:
		return get_tagged(d, value, depth);
	case SIMPLE:
		return get_simple(d->r, value);
	default:
		return SM_DAMAGED;
	}
}

enum sm_status sm_cbor_get_value(struct sm_cbor_reader *r,
				 struct sm_value *value, struct sm_value *pool,
				 uint32_t *used)
{
	struct decode d = { r, pool, used };
	struct sm_cbor_reader start = *r;

	if (get_any(&d, value, 1) == SM_OK)
		return SM_OK;
	*r = start;
	memset(value, 0, sizeof(*value));
	return SM_DAMAGED;
}

/* RFC 3629 section 4: the well-formed byte sequences, table-free. */
static bool is_utf8(struct sm_str s)
{
	const uint8_t *p = (const uint8_t *)s.p, *end = p + s.len;

	while (p < end) {
		uint8_t lead = *p++, low = 0x80, high = 0xbf;
		unsigned more;
		uint64_t word;

		if (lead < 0x80) {
			while (end - p >= 8) { /* eight ASCII bytes at once */
				memcpy(&word, p, 8);
				if (word & SM_UTF8_HIGH_BITS)
					break;
				p += 8;
			}
			continue;
		}
		if (lead < 0xc2 || lead > 0xf4)
			return false;
		more = lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;
		if ((size_t)(end - p) < more)
			return false;
		if (lead == 0xe0)
			low = 0xa0;
		else if (lead == 0xed)
			high = 0x9f;
		else if (lead == 0xf0)
			low = 0x90;
		else if (lead == 0xf4)
			high = 0x8f;
		if (*p < low || *p > high)
			return false;
		for (p++, more--; more; p++, more--)
			if (*p < 0x80 || *p > 0xbf)
				return false;
	}
	return true;
}

bool sm_utf8_is_valid(struct sm_str s)
{
	return sm_utf8_is_ascii(s) || is_utf8(s);
}
