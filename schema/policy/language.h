/* SPDX-License-Identifier: Apache-2.0 */
/*
 * language.h: what patterns match, compared exactly.
 *
 * Patterns are regular: each becomes a small automaton with the meaning of
 * match.c, and "is all of A matched by B or C" becomes a search for one text
 * that A matches and B and C do not. For review tools: allocates.
 */
#ifndef SCHEMA_POLICY_LANGUAGE_H
#define SCHEMA_POLICY_LANGUAGE_H

#include "schema/policy.h"

struct sm_build;
struct sm_language; /* a union of alternatives; empty matches nothing */

enum sm_spelling {
	SM_SPELLED_KEY,	 /* names, hosts, arguments */
	SM_SPELLED_CODE, /* names of code objects */
};

/* In front of a canonical path: any other spelling of it. */
#define SM_RESPELLED "\001"

struct sm_language *sm_language_new(void); /* NULL: out of memory */
void sm_language_free(struct sm_language *language);

/*
 * An alternative is read part by part between begin and end, which alone tells
 * whether it could be: SM_UNSUPPORTED for what is no plain pattern, SM_LIMIT
 * when the language is too large or memory ran out.
 */
void sm_language_begin(struct sm_language *language);
void sm_language_text(struct sm_language *language, struct sm_str text);
void sm_language_byte(struct sm_language *language, unsigned low,
		      unsigned high);
/* Canonical paths: directory (literal, may be empty) and then pattern. */
void sm_language_path(struct sm_language *language, struct sm_str directory,
		      struct sm_str pattern);
/* One word; values (may be NULL) gives ${NAME} in it a meaning. */
void sm_language_word(struct sm_language *language, enum sm_spelling spelling,
		      struct sm_str pattern, struct sm_build *values);
void sm_language_any(struct sm_language *language); /* one word, any */
/* Where it was read up to, and that what was read since may come again. */
uint32_t sm_language_here(const struct sm_language *language);
void sm_language_again(struct sm_language *language, uint32_t since);
/* A place that nothing before it shares; going round ends where it began. */
uint32_t sm_language_apart(struct sm_language *language);
void sm_language_round(struct sm_language *language, uint32_t since);
/* Any number of words, a NUL behind each; not_first: 0, or how none begins. */
void sm_language_words(struct sm_language *language, char not_first);
SM_CHECKED enum sm_status sm_language_end(struct sm_language *language);

#define SM_FOUND_MAX 512

struct sm_found_text {
	uint32_t len;
	char bytes[SM_FOUND_MAX]; /* NUL-terminated, and may hold more */
};

/* States: what building it took, and following a text may take a byte. */
uint32_t sm_language_size(const struct sm_language *language);
/* Whether the language matches the text. */
bool sm_language_has(const struct sm_language *language, const char *text,
		     uint32_t len);
/* The bytes, up to a NUL, that all its texts begin with. */
uint32_t sm_language_head(const struct sm_language *language, char *out,
			  uint32_t room);

enum sm_found {
	SM_FOUND_NOTHING, /* there is none: proved */
	SM_FOUND_ONE,	  /* text holds one */
	SM_FOUND_UNKNOWN, /* too large to search, or out of memory */
};

/* All but `in` may be NULL. */
struct sm_search {
	const struct sm_language *in, *also;	  /* both match it, */
	const struct sm_language *out;		  /* this does not, */
	const struct sm_language *broad, *except; /* nor this, but for that */
	/* Words of state sets that may be looked at; counts down. NULL: any. */
	uint64_t *left;
};

/* Takes cost from *left, which may be NULL; false: it was less. */
static inline bool sm_search_spend(uint64_t *left, uint64_t cost)
{
	if (!left)
		return true;
	if (*left < cost) {
		*left = 0;
		return false;
	}
	*left -= cost;
	return true;
}

/*
 * A shortest text that is searched for. One that begins with a slash is a
 * canonical path up to its end or a NUL.
 */
enum sm_found sm_language_search(const struct sm_search *search,
				 struct sm_found_text *text);

#endif
