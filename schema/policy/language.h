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

struct sm_language; /* a union of patterns; empty matches nothing */

enum sm_spelling {
	SM_SPELLED_PATH, /* canonical paths, component by component */
	SM_SPELLED_KEY,	 /* names, hosts, arguments: one text */
	SM_SPELLED_CODE, /* names of code objects */
};

struct sm_language *sm_language_new(void); /* NULL: out of memory */
void sm_language_free(struct sm_language *language);
/*
 * Adds what `directory` (literal, may be empty) followed by `pattern` matches.
 * SM_UNSUPPORTED for what is no plain pattern: variables, <path:...>, <port>.
 */
SM_CHECKED enum sm_status sm_language_add(struct sm_language *language,
					  enum sm_spelling spelling,
					  struct sm_str directory,
					  struct sm_str pattern);

enum sm_found {
	SM_FOUND_NOTHING, /* there is none: proved */
	SM_FOUND_ONE,	  /* text holds one */
	SM_FOUND_UNKNOWN, /* too large to search, or out of memory */
};

#define SM_FOUND_MAX 512

/*
 * A shortest text that `in` (and `also`, unless NULL) matches and `out` (may be
 * NULL) does not. is_path: canonical paths only.
 */
enum sm_found sm_language_search(const struct sm_language *in,
				 const struct sm_language *also,
				 const struct sm_language *out, bool is_path,
				 char text[SM_FOUND_MAX]);

#endif
