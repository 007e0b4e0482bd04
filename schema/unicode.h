/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unicode.h: characters of UTF-8 text, and those nobody can see.
 */
#ifndef SCHEMA_UNICODE_H
#define SCHEMA_UNICODE_H

#include "schema/value.h"

/*
 * Decodes the code point at text[at]; *bytes is its length. -1: the byte there
 * begins no valid sequence (RFC 3629), *bytes is 1.
 */
int32_t sm_utf8_next(struct sm_str text, uint32_t at, uint32_t *bytes);

/*
 * True for characters that move, hide or reorder what is around them: C0, DEL,
 * C1, line separators and Unicode's format characters (Cf).
 */
bool sm_is_unsafe(int32_t point);

#endif
