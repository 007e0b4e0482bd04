/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/trace/digest.h"

#include <stdio.h>

/* meta without SM_DIGEST_KEY */
static const char *const queries[] = {
	"SELECT * FROM meta WHERE key<>'digest' ORDER BY key",
	"SELECT * FROM process ORDER BY number",
	"SELECT * FROM name ORDER BY id",
	"SELECT * FROM site_row ORDER BY id",
	"SELECT * FROM resource ORDER BY id",
	"SELECT * FROM denial ORDER BY id",
	"SELECT * FROM loss ORDER BY id",
	"SELECT * FROM policy ORDER BY number",
	"SELECT * FROM adoption ORDER BY id",
	"SELECT id,hash FROM chunk ORDER BY id DESC LIMIT 1",
	"SELECT id,hash FROM block ORDER BY id DESC LIMIT 1",
};

static void add_row(struct sm_chain *chain, sqlite3_stmt *q)
{
	for (int i = 0; i < sqlite3_column_count(q); i++) {
		int type = sqlite3_column_type(q, i);
		int64_t value;

		sm_chain_int(chain, type);
		if (type == SQLITE_INTEGER) {
			value = sqlite3_column_int64(q, i);
			sm_chain_int(chain, value);
		} else if (type != SQLITE_NULL) {
			const void *p = sqlite3_column_blob(q, i);

			sm_chain_bytes(chain, p,
				       (size_t)sqlite3_column_bytes(q, i));
		}
	}
}

enum sm_status sm_digest_tables(sqlite3 *db, struct sm_chain *chain,
				char hex[2 * SM_HASH_BYTES + 1])
{
	uint8_t hash[SM_HASH_BYTES] = { 0 };
	enum sm_status status;

	sm_chain_start(chain, hash);
	for (unsigned i = 0; i < sizeof(queries) / sizeof(queries[0]); i++) {
		sqlite3_stmt *q = NULL;
		int code = sqlite3_prepare_v2(db, queries[i], -1, &q, NULL);

		/* A table's number keeps rows from changing tables. */
		sm_chain_int(chain, i);
		while (code == SQLITE_OK && sqlite3_step(q) == SQLITE_ROW)
			add_row(chain, q);
		code = sqlite3_finalize(q);
		if (code != SQLITE_OK)
			return SM_IO;
	}
	status = sm_chain_end(chain, hash);
	for (unsigned i = 0; i < SM_HASH_BYTES; i++)
		snprintf(hex + 2 * i, 3, "%02x", hash[i]);
	return status;
}
