/* SPDX-License-Identifier: Apache-2.0 */
/*
 * language_internal.h: the automaton behind a language; built by language.c, of
 * language_state.c's steps and language_token.c's slots, walked by search.c.
 */
#ifndef SCHEMA_POLICY_LANGUAGE_INTERNAL_H
#define SCHEMA_POLICY_LANGUAGE_INTERNAL_H

#include "schema/policy/language.h"
#include "schema/policy/pattern.h"

#define SM_STATE_NONE UINT32_MAX
#define SM_STATES_MAX 16384 /* of all languages of a search */

/* A set of bytes. */
struct sm_bytes {
	uint64_t has[4];
};

/* Reads one byte of `bytes` and goes to `to`, or goes on for nothing. */
struct sm_state {
	struct sm_bytes bytes;
	uint32_t to;
	uint32_t free_moves[2];
	bool is_end;
};

struct sm_language {
	struct sm_state *states;
	uint32_t count, room;
	bool has_failed, is_unsupported;
	uint32_t starts; /* chain of free moves to every alternative's start */
	uint32_t start, at; /* of the alternative being read */
};

static inline bool sm_bytes_has(const struct sm_bytes *set, unsigned c)
{
	return set->has[c / 64] >> (c % 64) & 1;
}

static inline void sm_bytes_add(struct sm_bytes *b, unsigned from, unsigned to)
{
	for (unsigned c = from; c <= to; c++)
		b->has[c / 64] |= 1ull << (c % 64);
}

static inline void sm_bytes_drop(struct sm_bytes *b, unsigned char c)
{
	b->has[c / 64] &= ~(1ull << (c % 64));
}

static inline struct sm_bytes sm_bytes_range(unsigned from, unsigned to)
{
	struct sm_bytes b = { { 0 } };

	sm_bytes_add(&b, from, to);
	return b;
}

/* The byte a set holds alone; -1: it holds none, or several. */
static inline int sm_bytes_sole(const struct sm_bytes *set)
{
	int byte = -1;

	for (int i = 0; i < 4; i++) {
		uint64_t has = set->has[i];

		if (!has)
			continue;
		if (byte >= 0 || has & (has - 1))
			return -1;
		byte = i * 64 + __builtin_ctzll(has);
	}
	return byte;
}

/* A state of its own, and that `to` is reached from `from` for nothing. */
uint32_t sm_language_state(struct sm_language *l);
void sm_language_free_move(struct sm_language *l, uint32_t from, uint32_t to);

/* What is being built: `at` is where the pattern so far ends. */
struct sm_reading {
	struct sm_language *l;
	uint32_t at;
	struct sm_bytes any;	 /* without / in a component */
	struct sm_build *values; /* of variables */
};

/* What a pattern reads next: a byte, any number of them, a text, a slot. */
void sm_read_one(struct sm_reading *r, struct sm_bytes bytes);
void sm_read_many(struct sm_reading *r, struct sm_bytes bytes);
void sm_read_text(struct sm_reading *r, struct sm_str text);
/* One or more, the first not this. */
void sm_read_but(struct sm_reading *r, struct sm_bytes bytes, char not_first);
void sm_read_option(struct sm_reading *r, struct sm_str text);
/* False: no automaton is made of it. */
bool sm_read_token(struct sm_reading *r, enum sm_token token);

/*
 * One byte of each kind, the plainest first, and how many: those of a kind no
 * state of the languages tells apart, nor who tells where a path stands. Some
 * languages may be NULL.
 */
unsigned sm_language_kinds(const struct sm_language *const *languages,
			   unsigned count, uint8_t bytes[256]);

#endif
