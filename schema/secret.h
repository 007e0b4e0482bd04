/* SPDX-License-Identifier: Apache-2.0 */
/*
 * secret.h: what stands where a credential stood.
 *
 * A trace keeps "%secret:HEX%", in which HEX is a keyed hash: equal credentials
 * stay equal, and no more is known of them. Nothing is learned from the hash or
 * decided by it, as another recording has another key: policies are made of and
 * compared with the short form, "%secret%".
 *
 * No byte of either means anything to a shell, in a pattern or as an option.
 */
#ifndef SCHEMA_SECRET_H
#define SCHEMA_SECRET_H

#include "schema/value.h"

#define SM_SECRET	 "%secret%"
#define SM_SECRET_HEAD	 "%secret:"
#define SM_SECRET_DIGITS 16
#define SM_SECRET_MAX	 (sizeof(SM_SECRET_HEAD) + SM_SECRET_DIGITS)

/* Length of either form at the start of text; 0: there is none. */
uint32_t sm_secret_match(struct sm_str text);
/* Writes "%secret:HEX%", SM_SECRET_MAX bytes without a NUL. */
void sm_secret_put(uint64_t hash, char *out);
/*
 * Writes text with its long forms made short to out, which has text.len bytes
 * and may be text.p itself. Returns the length.
 */
uint32_t sm_secret_forget(struct sm_str text, char *out);

#endif
