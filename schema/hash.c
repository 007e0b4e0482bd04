/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/hash.h"

#include <openssl/evp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

struct sm_sha256 {
	EVP_MD_CTX *context;
	bool has_failed;
};

struct sm_sha256 *sm_sha256_new(void)
{
	struct sm_sha256 *hash = calloc(1, sizeof(*hash));

	if (!hash)
		return NULL;
	hash->context = EVP_MD_CTX_new();
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

enum sm_status sm_sha256_end(struct sm_sha256 *hash, char hex[SM_SHA256_HEX])
{
	uint8_t bytes[EVP_MAX_MD_SIZE] = { 0 };
	bool has_failed = hash->has_failed ||
			  EVP_DigestFinal_ex(hash->context, bytes, NULL) != 1;

	for (unsigned i = 0; i < SM_SHA256_HEX / 2; i++)
		snprintf(hex + 2 * i, 3, "%02x", bytes[i]);
	EVP_MD_CTX_free(hash->context);
	free(hash);
	return has_failed ? SM_NOMEM : SM_OK;
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
