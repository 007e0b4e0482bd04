/* SPDX-License-Identifier: Apache-2.0 */
/*
 * commit.c: bringing what was gathered into the file, and its end.
 */
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>

#include "schema/trace/writer.h"

static void set_mark(struct sm_mark *mark, uint64_t count,
		     const uint8_t hash[SM_HASH_BYTES])
{
	mark->count = count;
	memcpy(mark->hash, hash, SM_HASH_BYTES);
}

void sm_writer_mark(const struct sm_lane *strings, const struct sm_lane *events,
		    struct sm_mark marks[SM_PARTS])
{
	set_mark(&marks[SM_PART_CHUNK], strings->first + strings->written,
		 strings->tail_hash);
	set_mark(&marks[SM_PART_BLOCK], events->first + events->written,
		 events->tail_hash);
	set_mark(&marks[SM_PART_FULL_CHUNK], strings->first,
		 strings->full_hash);
	set_mark(&marks[SM_PART_FULL_BLOCK], events->first, events->full_hash);
}

enum commit {
	COMMIT_TAIL,
	COMMIT_MERGED, /* what is left becomes one row each */
	COMMIT_CLOSED, /* and nothing comes after it */
};

static enum sm_status vouch(struct sm_trace_writer *w, enum commit kind,
			    const struct sm_store_step *step)
{
	struct sm_mark marks[SM_PARTS];
	enum sm_status status =
		sm_seal_write(w->rows.seal, w->db, w->store.chain, marks);

	sm_writer_mark(&step->strings, &step->events, marks);
	return status ? status
		      : sm_voucher_write(&w->voucher, marks,
					 kind == COMMIT_CLOSED);
}

static enum sm_status write_all(struct sm_trace_writer *w, enum commit kind,
				struct sm_store_step *step)
{
	enum sm_status status = SM_IO;

	if (!sqlite3_exec(w->db, "BEGIN IMMEDIATE", NULL, NULL, NULL))
		status = SM_OK;
	if (!status)
		status = sm_rows_run(&w->rows);
	if (!status)
		status = sm_store_write(&w->store, kind != COMMIT_TAIL, step);
	if (!status)
		status = vouch(w, kind, step);
	if (!status && sqlite3_exec(w->db, "COMMIT", NULL, NULL, NULL))
		status = SM_IO;
	return status;
}

static enum sm_status commit(struct sm_trace_writer *w, enum commit kind,
			     struct sm_diag *diag)
{
	struct sm_store_step step;
	enum sm_status status = sm_summary_put_denials(w->summary, &w->rows);

	if (status)
		return sm_fail(diag, status, "%s: out of memory", w->path);
	status = write_all(w, kind, &step);
	if (status) {
		if (status == SM_IO)
			sm_db_fail(w->db, w->path, "cannot write", diag);
		else
			sm_fail(diag, status, "%s: %s", w->path,
				sm_status_text(status));
		if (!sqlite3_get_autocommit(w->db))
			sqlite3_exec(w->db, "ROLLBACK", NULL, NULL, NULL);
		return status;
	}
	sm_rows_forget(&w->rows);
	sm_store_committed(&w->store, &step);
	sm_seal_committed(w->rows.seal);
	sm_voucher_committed(&w->voucher);
	w->is_retrying = false;
	return SM_OK;
}

enum sm_status sm_trace_commit(struct sm_trace_writer *w, struct sm_diag *diag)
{
	if (!w->rows.queue.len && !sm_store_has_news(&w->store) &&
	    !sm_voucher_is_due(&w->voucher))
		return SM_OK;
	return commit(w, COMMIT_TAIL, diag);
}

static enum sm_status summarize_all(struct sm_trace_writer *w)
{
	/* At most a fraction of the file, so that it stays a summary. */
	size_t max = (16u << 10) + (size_t)(w->store.payload / 24);
	struct timespec now;
	char text[32];

	clock_gettime(CLOCK_REALTIME, &now);
	snprintf(text, sizeof(text), "%lld", (long long)now.tv_sec);
	if (sm_summary_put_resources(w->summary, max, &w->rows))
		return SM_NOMEM;
	return sm_trace_set_meta(w, "closed", text);
}

/* Tails leave free pages behind; compacting costs nothing in small files. */
static bool is_worth_compacting(sqlite3 *db)
{
	sqlite3_stmt *q = NULL;
	int64_t pages = 0, unused = 0;

	if (!sqlite3_prepare_v2(db,
				"SELECT p.page_count,f.freelist_count FROM "
				"pragma_page_count p,pragma_freelist_count f",
				-1, &q, NULL) &&
	    sqlite3_step(q) == SQLITE_ROW) {
		pages = sqlite3_column_int64(q, 0);
		unused = sqlite3_column_int64(q, 1);
	}
	sqlite3_finalize(q);
	return unused * 50 > pages && pages < 65536;
}

/*
 * Makes one file of it. Compacting comes first, through the log: a rollback
 * journal left by a power failure would have to be rolled back, and readers
 * write nothing. The one that journal_mode makes is for a page that is as good
 * before as after. A reader that is just looking keeps the log: the trace is
 * whole all the same.
 */
static void settle(struct sm_trace_writer *w)
{
	if (is_worth_compacting(w->db))
		sqlite3_exec(w->db, "VACUUM", NULL, NULL, NULL);
	sqlite3_exec(w->db, "PRAGMA wal_checkpoint(TRUNCATE)", NULL, NULL,
		     NULL);
	sqlite3_exec(w->db, "PRAGMA journal_mode=DELETE", NULL, NULL, NULL);
}

/* To SQLite a file without a name is as good as any. */
static enum sm_status expect_named(const struct sm_trace_writer *w,
				   struct sm_diag *diag)
{
	struct stat file;

	if (fstat(w->lock_fd, &file) || file.st_nlink)
		return SM_OK;
	return sm_fail(diag, SM_NOT_FOUND,
		       "%s: was removed while it was written: nothing of it is "
		       "left",
		       w->path);
}

enum sm_status sm_trace_writer_close(struct sm_trace_writer *w,
				     struct sm_diag *diag)
{
	enum sm_status status;

	if (!w)
		return SM_OK;
	/* First what there is: the payload's size bounds the summary. */
	status = commit(w, COMMIT_MERGED, diag);
	/* Merging takes more memory and disk than the tail alone. */
	if (status)
		status = commit(w, COMMIT_TAIL, diag);
	if (!status)
		status = summarize_all(w);
	if (!status)
		status = commit(w, COMMIT_CLOSED, diag);
	for (unsigned i = 0; i < SM_STATEMENTS; i++) {
		sqlite3_finalize(w->rows.statements[i]);
		w->rows.statements[i] = NULL;
	}
	if (!status) {
		settle(w);
		status = expect_named(w, diag);
	}
	sm_writer_free(w);
	return status;
}
