/* SPDX-License-Identifier: Apache-2.0 */
/*
 * import_regex.h: regular expressions as patterns of a policy that together
 * match the same or less, never more (but that a dot means a newline too).
 */
#ifndef TOOLS_IMPORT_REGEX_H
#define TOOLS_IMPORT_REGEX_H

#include "schema/policy.h"

#define SM_REGEX_PATTERNS_MAX 32
#define SM_REGEX_BYTES_MAX    1024

enum sm_regex_for {
	SM_REGEX_PATH,
	SM_REGEX_WORD, /* an argument */
	SM_REGEX_HOST, /* or a port */
};

struct sm_regex {
	char patterns[SM_REGEX_PATTERNS_MAX][SM_REGEX_BYTES_MAX];
	size_t count;
	const char *narrower; /* what is matched no longer; or NULL */
	const char *error;    /* why it has no pattern; or NULL */
};

/* The whole of a value is meant to match, as with re.fullmatch(). */
bool sm_regex_convert(struct sm_str regex, enum sm_regex_for what,
		      struct sm_regex *out);
/* Literal text in the spelling of patterns. False: longer than room. */
bool sm_regex_escape(struct sm_str text, char *out, size_t room);

#endif
