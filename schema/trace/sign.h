/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sign.h: Ed25519 signatures (RFC 8032) of checkpoints, and their keys.
 */
#ifndef SCHEMA_TRACE_SIGN_H
#define SCHEMA_TRACE_SIGN_H

#include "schema/status.h"
#include "schema/value.h"

#define SM_KEY_BYTES	   32 /* a public key */
#define SM_SIGNATURE_BYTES 64

struct sm_signer;

/* A private key in PEM, without a passphrase. SM_IO, SM_INVALID, SM_NOMEM. */
SM_CHECKED enum sm_status
sm_signer_open(const char *path, struct sm_signer **out, struct sm_diag *diag);
void sm_signer_free(struct sm_signer *signer);
void sm_signer_key(const struct sm_signer *signer, uint8_t key[SM_KEY_BYTES]);
SM_CHECKED enum sm_status sm_sign(const struct sm_signer *signer, const void *p,
				  size_t n,
				  uint8_t signature[SM_SIGNATURE_BYTES]);
/* SM_DAMAGED: signature is not that key's over the n bytes at p. SM_NOMEM. */
SM_CHECKED enum sm_status sm_sign_check(const uint8_t key[SM_KEY_BYTES],
					const void *p, size_t n,
					struct sm_str signature);
/* A public key in PEM. SM_IO, SM_INVALID. */
SM_CHECKED enum sm_status sm_public_key_read(const char *path,
					     uint8_t key[SM_KEY_BYTES],
					     struct sm_diag *diag);

#endif
