/* SPDX-License-Identifier: Apache-2.0 */
/*
 * redact.h: credentials in argument lists and texts. Used in the guest before
 * anything reaches the ring, and by the wrappers for what they store of
 * COMMAND themselves.
 */
#ifndef RECORDER_REDACT_H
#define RECORDER_REDACT_H

#include "schema/value.h"

/*
 * True when text holds something that looks like a credential; then writes the
 * same text with it masked to out[room] and its length to *length; 0 when it
 * does not fit.
 */
bool sm_redact(struct sm_str text, char *out, uint32_t room, uint32_t *length);
/* True when the word after this option is a credential. */
bool sm_redact_next(struct sm_str option);
/* Keyed hash (SipHash-1-3; the key is the channel's) of a secret. */
uint64_t sm_digest(const void *bytes, size_t n);
void sm_digest_key(const char *text);
/* The same under a fixed key: equal in every run, and so open to guessing. */
uint64_t sm_digest_fixed(const void *bytes, size_t n);

#endif
