/* SPDX-License-Identifier: Apache-2.0 */
/*
 * value.h: the typed argument of an audit event, as every module sees it.
 *
 * Values borrow: strings and list items point into memory the producer of the
 * event owns (a Python object, a decoded record, a test's literal).
 */
#ifndef SCHEMA_VALUE_H
#define SCHEMA_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/*
 * What every event goes through: compilers put it together. Spread among what
 * hardly ever runs, it has more lines than a set of the nearest cache, which it
 * shares with the interpreter, holds.
 */
#define SM_OFTEN  __attribute__((hot))
#define SM_RARELY __attribute__((cold, noinline)) /* not beside it */

/* Bytes with a length; p may be NULL only when len is 0. Not terminated. */
struct sm_str {
	const char *p;
	uint32_t len;
};

#define SM_STR(literal) ((struct sm_str){ (literal), sizeof(literal) - 1 })

/* All of fewer than 8 bytes as one word to hash, in loads that overlap. */
static inline uint64_t sm_short_word(const char *p, uint32_t n)
{
	uint32_t first, last;

	if (n >= 4) {
		memcpy(&first, p, sizeof(first));
		memcpy(&last, p + n - 4, sizeof(last));
		return first | (uint64_t)last << 32;
	}
	if (!n)
		return 0;
	return (uint8_t)p[0] | (uint64_t)(uint8_t)p[n / 2] << 8 |
	       (uint64_t)(uint8_t)p[n - 1] << 16;
}

static inline struct sm_str sm_str_of(const char *text)
{
	return (struct sm_str){ text, text ? (uint32_t)strlen(text) : 0 };
}

static inline bool sm_str_equal(struct sm_str a, struct sm_str b)
{
	return a.len == b.len && (!a.len || !memcmp(a.p, b.p, a.len));
}

static inline bool sm_str_starts(struct sm_str s, struct sm_str prefix)
{
	return s.len >= prefix.len &&
	       (!prefix.len || !memcmp(s.p, prefix.p, prefix.len));
}

static inline bool sm_str_ends(struct sm_str s, struct sm_str end)
{
	return s.len >= end.len &&
	       (!end.len || !memcmp(s.p + s.len - end.len, end.p, end.len));
}

static inline bool sm_str_has(struct sm_str s, char c)
{
	return s.len && memchr(s.p, c, s.len);
}

/* Bytes [from, to). */
static inline struct sm_str sm_str_part(struct sm_str s, uint32_t from,
					uint32_t to)
{
	return (struct sm_str){ s.p + from, to - from };
}

/* Order by bytes, then by length: the order of everything that is printed. */
static inline int sm_str_compare(struct sm_str a, struct sm_str b)
{
	uint32_t n = a.len < b.len ? a.len : b.len;
	int r = n ? memcmp(a.p, b.p, n) : 0;

	return r ? r : (a.len > b.len) - (a.len < b.len);
}

enum sm_type {
	SM_NONE,
	SM_FALSE,
	SM_TRUE,
	SM_INT,	   /* i; Python ints outside int64 become SM_OPAQUE "int" */
	SM_FLOAT,  /* f */
	SM_TEXT,   /* s, len: valid UTF-8 */
	SM_BYTES,  /* s, len: bytes, or a str holding surrogate escapes */
	SM_LIST,   /* items, len: list, tuple, or the sorted keys of a dict */
	SM_OPAQUE, /* s, len: the type name of an object that is never opened */
	SM_DIGEST, /* full_len, i: length and hash of bytes never stored */
};

#define SM_DEPTH_MAX  4	   /* nesting of SM_LIST, the argument list excluded */
#define SM_STRING_MAX 4096 /* bytes of one string kept; PATH_MAX fits */
#define SM_ITEMS_MAX  64   /* items kept of one list; argv mostly fits */
#define SM_VALUES_MAX 160  /* values in one event, nested ones included */

struct sm_value {
	uint8_t type;	   /* enum sm_type */
	uint32_t len;	   /* bytes or items kept */
	uint64_t full_len; /* what it was before SM_*_MAX cut it; >= len */
	union {
		int64_t i;
		double f;
		const char *s;
		const struct sm_value *items;
	};
};

static inline bool sm_value_is_string(const struct sm_value *v)
{
	return v->type == SM_TEXT || v->type == SM_BYTES;
}

/* The bytes of SM_TEXT, SM_BYTES and SM_OPAQUE; empty for everything else. */
static inline struct sm_str sm_value_str(const struct sm_value *v)
{
	if (sm_value_is_string(v) || v->type == SM_OPAQUE)
		return (struct sm_str){ v->s, v->len };
	return (struct sm_str){ NULL, 0 };
}

/* A value cut by a bound can never match an allow rule. */
static inline bool sm_value_is_cut(const struct sm_value *v)
{
	return v->type != SM_DIGEST && v->full_len > v->len;
}

#endif
