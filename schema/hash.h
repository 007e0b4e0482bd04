/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hash.h: SHA-256 of what comes in pieces, and numbers for what is compared
 * in memory.
 */
#ifndef SCHEMA_HASH_H
#define SCHEMA_HASH_H

#include <stddef.h>

#include "schema/status.h"
#include "schema/value.h"

#define SM_SHA256_HEX	65 /* with a NUL */
#define SM_SHA256_BYTES 32

/*
 * Whether OpenSSL's own beginning had memory: where it had none, all else of it
 * reads a null pointer. Asked before anything of it is used.
 */
bool sm_openssl_has_begun(void);

/* Of what is in one piece. SM_NOMEM: some step failed. */
SM_CHECKED enum sm_status sm_sha256(const void *p, size_t n,
				    uint8_t digest[SM_SHA256_BYTES]);

struct sm_sha256;
/* NULL: out of memory. */
struct sm_sha256 *sm_sha256_new(void);
void sm_sha256_add(struct sm_sha256 *hash, const void *p, size_t n);
/* Ends and frees hash. SM_NOMEM: some step failed. */
SM_CHECKED enum sm_status sm_sha256_end(struct sm_sha256 *hash,
					char hex[SM_SHA256_HEX]);

/* FNV-1a, 64 bits: identity of bytes in sets that are never printed;
 * no defence against who chooses the bytes. */
uint64_t sm_hash(uint64_t seed, const void *bytes, size_t n);
uint64_t sm_hash_str(uint64_t seed, struct sm_str s);
#define SM_HASH_SEED 0xcbf29ce484222325u

#endif
