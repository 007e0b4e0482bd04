/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/trace/sign.h"

#include <errno.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct sm_signer {
	EVP_PKEY *pkey;
};

/* OpenSSL would ask on the terminal, which is the recorded program's. */
static int no_passphrase(char *to, int size, int is_writing, void *context)
{
	(void)to;
	(void)size;
	(void)is_writing;
	(void)context;
	return 0;
}

typedef EVP_PKEY *pem_reader(FILE *in, EVP_PKEY **pkey, pem_password_cb *ask,
			     void *context);

static enum sm_status read_pem(const char *path, pem_reader *read_it,
			       const char *what, EVP_PKEY **out,
			       struct sm_diag *diag)
{
	FILE *in = fopen(path, "re");

	*out = NULL;
	if (!in)
		return sm_fail(diag, SM_IO, "%s: cannot open: %s", path,
			       strerror(errno));
	*out = read_it(in, NULL, no_passphrase, NULL);
	(void)fclose(in);
	if (*out && EVP_PKEY_base_id(*out) == EVP_PKEY_ED25519)
		return SM_OK;
	EVP_PKEY_free(*out);
	*out = NULL;
	return sm_fail(diag, SM_INVALID,
		       "%s: no %s Ed25519 key in PEM; openssl genpkey "
		       "-algorithm ed25519 makes one",
		       path, what);
}

static void raw_key(const EVP_PKEY *pkey, uint8_t key[SM_KEY_BYTES])
{
	size_t n = SM_KEY_BYTES;

	if (EVP_PKEY_get_raw_public_key(pkey, key, &n) != 1)
		memset(key, 0, SM_KEY_BYTES);
}

enum sm_status sm_signer_open(const char *path, struct sm_signer **out,
			      struct sm_diag *diag)
{
	struct sm_signer *signer = calloc(1, sizeof(*signer));
	enum sm_status status;

	*out = NULL;
	if (!signer)
		return sm_fail(diag, SM_NOMEM, "%s: out of memory", path);
	status = read_pem(path, PEM_read_PrivateKey, "private", &signer->pkey,
			  diag);
	if (status)
		free(signer);
	else
		*out = signer;
	return status;
}

void sm_signer_free(struct sm_signer *signer)
{
	if (!signer)
		return;
	EVP_PKEY_free(signer->pkey);
	free(signer);
}

void sm_signer_key(const struct sm_signer *signer, uint8_t key[SM_KEY_BYTES])
{
	raw_key(signer->pkey, key);
}

enum sm_status sm_sign(const struct sm_signer *signer, const void *p, size_t n,
		       uint8_t signature[SM_SIGNATURE_BYTES])
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	size_t len = SM_SIGNATURE_BYTES;
	bool is_done = context &&
		       EVP_DigestSignInit(context, NULL, NULL, NULL,
					  signer->pkey) == 1 &&
		       EVP_DigestSign(context, signature, &len, p, n) == 1 &&
		       len == SM_SIGNATURE_BYTES;

	EVP_MD_CTX_free(context);
	return is_done ? SM_OK : SM_NOMEM;
}

enum sm_status sm_sign_check(const uint8_t key[SM_KEY_BYTES], const void *p,
			     size_t n, struct sm_str signature)
{
	EVP_PKEY *pkey = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL,
						     key, SM_KEY_BYTES);
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	enum sm_status status = SM_DAMAGED;

	/* Until the bytes are looked at, only memory can be missing. */
	if (!pkey || !context ||
	    EVP_DigestVerifyInit(context, NULL, NULL, NULL, pkey) != 1)
		status = SM_NOMEM;
	else if (signature.len == SM_SIGNATURE_BYTES &&
		 EVP_DigestVerify(context, (const uint8_t *)signature.p,
				  signature.len, p, n) == 1)
		status = SM_OK;
	EVP_MD_CTX_free(context);
	EVP_PKEY_free(pkey);
	return status;
}

enum sm_status sm_public_key_read(const char *path, uint8_t key[SM_KEY_BYTES],
				  struct sm_diag *diag)
{
	EVP_PKEY *pkey;
	enum sm_status status =
		read_pem(path, PEM_read_PUBKEY, "public", &pkey, diag);

	if (!status)
		raw_key(pkey, key);
	EVP_PKEY_free(pkey);
	return status;
}
