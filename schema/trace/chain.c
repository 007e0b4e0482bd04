/* SPDX-License-Identifier: Apache-2.0 */
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "schema/hash.h"
#include "schema/trace/db.h"

/* OpenSSL 1.1.1, of Debian 11, has its digests in constants. */
#if OPENSSL_VERSION_NUMBER < 0x30000000L
#define EVP_MD_fetch(context, name, wanted) EVP_MD_meth_dup(EVP_sha256())
#define EVP_MD_free			    EVP_MD_meth_free
#endif

struct sm_chain {
	EVP_MD_CTX *context;
	EVP_MD *sha256;
	bool has_failed;
};

void sm_chain_free(struct sm_chain *chain)
{
	if (!chain)
		return;
	EVP_MD_free(chain->sha256);
	EVP_MD_CTX_free(chain->context);
	free(chain);
}

/* All of OpenSSL that allocates is asked for here. */
struct sm_chain *sm_chain_new(void)
{
	struct sm_chain *chain = calloc(1, sizeof(*chain));

	if (chain && sm_openssl_has_begun()) {
		chain->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
		chain->context = EVP_MD_CTX_new();
	}
	if (chain && chain->sha256 && chain->context)
		return chain;
	sm_chain_free(chain);
	return NULL;
}

void sm_chain_open(struct sm_chain *chain)
{
	chain->has_failed =
		EVP_DigestInit_ex(chain->context, chain->sha256, NULL) != 1;
}

void sm_chain_raw(struct sm_chain *chain, const void *p, size_t n)
{
	if (chain->has_failed)
		return;
	if (n && EVP_DigestUpdate(chain->context, p, n) != 1)
		chain->has_failed = true;
}

/* Type, length and bytes: no two rows give the same input. */
static void add_field(struct sm_chain *chain, char type, const void *p,
		      size_t n)
{
	uint8_t head[9] = { (uint8_t)type };

	for (unsigned i = 0; i < 8; i++)
		head[1 + i] = (uint8_t)((uint64_t)n >> (8 * i));
	sm_chain_raw(chain, head, sizeof(head));
	sm_chain_raw(chain, p, n);
}

void sm_chain_start(struct sm_chain *chain,
		    const uint8_t previous[SM_HASH_BYTES])
{
	sm_chain_open(chain);
	sm_chain_raw(chain, previous, SM_HASH_BYTES);
}

static void add_64(struct sm_chain *chain, char type, uint64_t value)
{
	uint8_t bytes[8];

	for (unsigned i = 0; i < 8; i++)
		bytes[i] = (uint8_t)(value >> (8 * i));
	add_field(chain, type, bytes, sizeof(bytes));
}

void sm_chain_int(struct sm_chain *chain, int64_t value)
{
	add_64(chain, 'i', (uint64_t)value);
}

void sm_chain_text(struct sm_chain *chain, const char *p, size_t n)
{
	add_field(chain, 't', p, n);
}

void sm_chain_bytes(struct sm_chain *chain, const void *p, size_t n)
{
	add_field(chain, 'b', p, n);
}

static void add_column(struct sm_chain *chain, sqlite3_stmt *q, int i)
{
	int type = sqlite3_column_type(q, i);
	uint64_t bits;
	double real;

	switch (type) {
	case SQLITE_INTEGER:
		sm_chain_int(chain, sqlite3_column_int64(q, i));
		break;
	case SQLITE_FLOAT:
		real = sqlite3_column_double(q, i);
		memcpy(&bits, &real, sizeof(bits));
		add_64(chain, 'r', bits);
		break;
	case SQLITE_NULL:
		add_field(chain, 'n', NULL, 0);
		break;
	default:
		/* Before the length, which depends on what was asked for. */
		{
			const void *p = sqlite3_column_blob(q, i);

			add_field(chain, type == SQLITE_TEXT ? 't' : 'b', p,
				  (size_t)sqlite3_column_bytes(q, i));
		}
	}
}

void sm_chain_row(struct sm_chain *chain, sqlite3_stmt *q, int columns)
{
	for (int i = 0; i < columns; i++)
		add_column(chain, q, i);
}

enum sm_status sm_chain_end(struct sm_chain *chain, uint8_t hash[SM_HASH_BYTES])
{
	if (chain->has_failed ||
	    EVP_DigestFinal_ex(chain->context, hash, NULL) != 1)
		return SM_NOMEM;
	return SM_OK;
}
