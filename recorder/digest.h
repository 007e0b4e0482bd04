/* SPDX-License-Identifier: Apache-2.0 */
/*
 * digest.h: hashes of what is never stored, under the key of the recording.
 */
#ifndef RECORDER_DIGEST_H
#define RECORDER_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#define SM_DIGEST_KEY_BYTES 16

/* Keyed hash (SipHash-1-3; long ones folded first) of a secret. */
uint64_t sm_digest(const void *bytes, size_t n);
/* From now on; until then a key that everybody knows. */
void sm_digest_key(const uint8_t key[SM_DIGEST_KEY_BYTES]);
/* Under a fixed key: equal in every run, and so open to guessing. */
uint64_t sm_digest_fixed(const void *bytes, size_t n);

#endif
