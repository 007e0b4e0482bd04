/* SPDX-License-Identifier: Apache-2.0 */
/*
 * language_internal.h: the automaton behind a language; built by language.c,
 * walked by search.c.
 */
#ifndef SCHEMA_POLICY_LANGUAGE_INTERNAL_H
#define SCHEMA_POLICY_LANGUAGE_INTERNAL_H

#include "schema/policy/language.h"

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

#endif
