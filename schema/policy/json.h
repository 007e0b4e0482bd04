/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json.h: a strict JSON reader (RFC 8259) that knows where it is.
 *
 * Pull parser over a text in memory; every error carries line and column,
 * including those the caller finds later: an unknown key, a pattern that is
 * none, a rule another one hides. That is why no library reads policies:
 * jansson keeps the place of a syntax error, but no value's place.
 */
#ifndef SCHEMA_POLICY_JSON_H
#define SCHEMA_POLICY_JSON_H

#include "schema/status.h"
#include "schema/value.h"

struct sm_json {
	const char *text;
	size_t bytes;
	size_t at;
	char *scratch; /* decoded string; grows */
	size_t scratch_room;
	struct sm_diag *diag;
	/* Where lines were last counted; rules ask in the order they stand. */
	size_t counted;
	unsigned lines, columns;
};

void sm_json_init(struct sm_json *json, const char *text, size_t bytes,
		  struct sm_diag *diag);
void sm_json_fini(struct sm_json *json);

/* Offset of the next value or punctuation, blanks skipped. */
size_t sm_json_place(struct sm_json *json);
/* From 1; constant time, all in all, when places do not go back. */
unsigned sm_json_line(struct sm_json *json, size_t place);
/* From 1, in characters; as above. */
unsigned sm_json_column(struct sm_json *json, size_t place);

/* Fails with the line and column of place (column in characters). */
enum sm_status sm_json_fail(struct sm_json *json, enum sm_status status,
			    size_t place, const char *format, ...)
	SM_PRINTF(4, 5);

/* Consumes open ('{' or '['). */
SM_CHECKED enum sm_status sm_json_enter(struct sm_json *json, char open,
					const char *what);
/*
 * At the start of an item: SM_OK, or SM_END having consumed close. *is_first
 * starts true; handles the commas between items.
 */
SM_CHECKED enum sm_status sm_json_item(struct sm_json *json, char close,
				       bool *is_first);
/*
 * A string, decoded: valid until the next call. \u0000 is refused; \udc80 to
 * \udcff alone is a byte that is not UTF-8, as Python writes it.
 */
SM_CHECKED enum sm_status sm_json_string(struct sm_json *json, const char *what,
					 struct sm_str *out);
/* A string and the colon behind it. */
SM_CHECKED enum sm_status sm_json_key(struct sm_json *json, struct sm_str *out);
/* A whole number without sign, fraction or exponent. */
SM_CHECKED enum sm_status sm_json_uint(struct sm_json *json, const char *what,
				       uint64_t *out);
/* Nothing but blanks may follow. */
SM_CHECKED enum sm_status sm_json_end(struct sm_json *json);
/* '"', '{', '[', '0' for a number, 't', 'f', 'n', or 0 at the end. */
char sm_json_peek(struct sm_json *json);

#endif
