/* SPDX-License-Identifier: Apache-2.0 */
/*
 * anchor.c: checkpoints, and whole traces, to keep elsewhere.
 */
#include "schema/trace.h"
#include "schema/trace/checkpoint.h"
#include "schema/trace/column.h"

static enum sm_status read_last(sqlite3 *db, struct sm_chain *chain,
				struct sm_trace_seal *out)
{
	sqlite3_stmt *q = NULL;
	enum sm_status status = SM_DAMAGED;
	struct sm_str text, signature;
	uint8_t hash[SM_HASH_BYTES];

	if (!sqlite3_prepare_v2(db,
				"SELECT text,signature FROM checkpoint ORDER "
				"BY id DESC LIMIT 1",
				-1, &q, NULL) &&
	    sqlite3_step(q) == SQLITE_ROW) {
		text = sm_column_str(q, 0);
		signature = sm_column_str(q, 1);
		status = SM_OK;
		if (text.len >= sizeof(out->text) ||
		    (signature.len != SM_HASH_BYTES &&
		     signature.len != SM_SIGNATURE_BYTES))
			status = SM_DAMAGED;
		if (!status)
			status = sm_checkpoint_hash(chain, text, signature,
						    hash);
		if (!status) {
			memcpy(out->text, text.p, text.len);
			if (signature.len == SM_SIGNATURE_BYTES)
				sm_hex_put((const uint8_t *)signature.p,
					   signature.len, out->signature);
			sm_hex_put(hash, sizeof(hash), out->hash);
		}
	}
	sqlite3_finalize(q);
	return status;
}

enum sm_status sm_trace_last_seal(const char *path, struct sm_trace_seal *out,
				  struct sm_diag *diag)
{
	struct sm_chain *chain = sm_chain_new();
	sqlite3 *db = NULL;
	enum sm_status status;

	*out = (struct sm_trace_seal){ 0 };
	if (!chain)
		return sm_fail(diag, SM_NOMEM, "%s: out of memory", path);
	status = sm_db_read(path, &db, diag);
	if (!status) {
		status = read_last(db, chain, out);
		if (status)
			sm_fail(diag, status, "%s: its last checkpoint: %s",
				path, sm_status_text(status));
	}
	sqlite3_close(db);
	sm_chain_free(chain);
	return status;
}

static enum sm_status each_checkpoint(sqlite3 *db, sm_trace_checkpoint *each,
				      void *context)
{
	sqlite3_stmt *q = NULL;
	int code = sqlite3_prepare_v2(
		db, "SELECT text,signature FROM checkpoint ORDER BY id", -1, &q,
		NULL);

	while (!code && (code = sqlite3_step(q)) == SQLITE_ROW) {
		struct sm_str signature = sm_column_str(q, 1);
		char hex[2 * SM_SIGNATURE_BYTES + 1] = "";

		code = SQLITE_OK;
		if (signature.len == SM_SIGNATURE_BYTES)
			sm_hex_put((const uint8_t *)signature.p, signature.len,
				   hex);
		each(context, sm_column_str(q, 0), hex);
	}
	sqlite3_finalize(q);
	return code == SQLITE_DONE ? SM_OK : SM_DAMAGED;
}

enum sm_status sm_trace_checkpoints(const char *path, sm_trace_checkpoint *each,
				    void *context, struct sm_diag *diag)
{
	sqlite3 *db = NULL;
	enum sm_status status = sm_db_read(path, &db, diag);

	if (!status) {
		status = each_checkpoint(db, each, context);
		if (status)
			sm_db_fail(db, path, "cannot read", diag);
	}
	sqlite3_close(db);
	return status;
}

bool sm_trace_is_written(const char *path)
{
	return sm_db_is_written(path);
}

static enum sm_status copy_pages(sqlite3 *from, sqlite3 *to, const char *out,
				 struct sm_diag *diag)
{
	sqlite3_backup *backup = sqlite3_backup_init(to, "main", from, "main");
	int code;

	if (!backup)
		return sm_db_fail(to, out, "cannot write", diag);
	/* In one step, so that no commit comes in between. */
	code = sqlite3_backup_step(backup, -1);
	sqlite3_backup_finish(backup);
	if (code != SQLITE_DONE)
		return sm_db_fail(to, out, "cannot write", diag);
	return sm_db_exec(to, out, "PRAGMA journal_mode=DELETE", diag);
}

enum sm_status sm_trace_snapshot(const char *path, const char *out,
				 struct sm_diag *diag)
{
	sqlite3 *from = NULL, *to = NULL;
	enum sm_status status = sm_db_read(path, &from, diag);

	/* Reading is all that is allowed; copying is not SQL. */
	if (!status && sqlite3_open(out, &to))
		status = sm_db_fail(to, out, "cannot create", diag);
	if (!status)
		status = copy_pages(from, to, out, diag);
	sqlite3_close(to);
	sqlite3_close(from);
	return status;
}
