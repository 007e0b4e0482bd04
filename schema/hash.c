/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/hash.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

struct sm_sha256 {
	EVP_MD_CTX *context;
	bool has_failed;
};

bool sm_openssl_has_begun(void)
{
#if OPENSSL_VERSION_NUMBER >= 0x30000000L
	return OSSL_LIB_CTX_get0_global_default();
#else
	return OPENSSL_init_crypto(0, NULL); /* 1.1.1, of Debian 11 */
#endif
}

struct sm_sha256 *sm_sha256_new(void)
{
	struct sm_sha256 *hash = calloc(1, sizeof(*hash));

	if (!hash)
		return NULL;
	hash->context = sm_openssl_has_begun() ? EVP_MD_CTX_new() : NULL;
	if (hash->context &&
	    EVP_DigestInit_ex(hash->context, EVP_sha256(), NULL) == 1)
		return hash;
	EVP_MD_CTX_free(hash->context);
	free(hash);
	return NULL;
}

void sm_sha256_add(struct sm_sha256 *hash, const void *p, size_t n)
{
	if (n && EVP_DigestUpdate(hash->context, p, n) != 1)
		hash->has_failed = true;
}

static enum sm_status end(struct sm_sha256 *hash,
			  uint8_t digest[SM_SHA256_BYTES])
{
	bool has_failed = hash->has_failed ||
			  EVP_DigestFinal_ex(hash->context, digest, NULL) != 1;

	EVP_MD_CTX_free(hash->context);
	free(hash);
	return has_failed ? SM_NOMEM : SM_OK;
}

enum sm_status sm_sha256_end(struct sm_sha256 *hash, char hex[SM_SHA256_HEX])
{
	uint8_t digest[SM_SHA256_BYTES] = { 0 };
	enum sm_status status = end(hash, digest);

	for (unsigned i = 0; i < SM_SHA256_BYTES; i++)
		snprintf(hex + 2 * i, 3, "%02x", digest[i]);
	return status;
}

enum sm_status sm_sha256(const void *p, size_t n,
			 uint8_t digest[SM_SHA256_BYTES])
{
	struct sm_sha256 *hash = sm_sha256_new();

	if (!hash)
		return SM_NOMEM;
	sm_sha256_add(hash, p, n);
	return end(hash, digest);
}

uint64_t sm_hash(uint64_t seed, const void *bytes, size_t n)
{
	const uint8_t *p = bytes;

	for (size_t i = 0; i < n; i++)
		seed = (seed ^ p[i]) * 0x100000001b3u;
	return seed;
}

uint64_t sm_hash_str(uint64_t seed, struct sm_str s)
{
	seed = sm_hash(seed, &s.len, sizeof(s.len));
	return sm_hash(seed, s.p, s.len);
}
