/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/trace/substitute.h"

#include <inttypes.h>
#include <stdio.h>

#include "schema/trace/pack.h"

/* Eight bytes: a hash that events refer to is a string of that length. */
#define LOST_TEXT "[[lost]]"

static enum sm_status step(sqlite3_stmt *s)
{
	int code = sqlite3_step(s);

	sqlite3_reset(s);
	return code == SQLITE_DONE ? SM_OK : SM_IO;
}

static enum sm_status put_chunk(sqlite3_stmt *s, uint64_t id, uint64_t count,
				const struct sm_bytes *raw,
				const struct sm_bytes *packed)
{
	sqlite3_bind_int64(s, 1, (int64_t)id);
	sqlite3_bind_int64(s, 2, (int64_t)count);
	sqlite3_bind_int64(s, 3, (int64_t)raw->len);
	sqlite3_bind_blob(s, 4, packed->p, (int)packed->len, SQLITE_STATIC);
	return step(s);
}

enum sm_status sm_substitute_strings(sqlite3 *db, uint64_t id, uint64_t count,
				     uint64_t *done)
{
	static const char lost[] = "\x68" LOST_TEXT; /* CBOR */
	const uint64_t most = SM_CHUNK_RAW_MAX / sizeof(lost);
	ZSTD_CCtx *zstd = ZSTD_createCCtx();
	struct sm_bytes raw = { 0 }, packed = { 0 };
	enum sm_status status = zstd ? SM_OK : SM_NOMEM;
	sqlite3_stmt *s = NULL;

	if (count > SM_STRINGS_LOST_MAX)
		status = SM_LIMIT;
	if (!status &&
	    sqlite3_prepare_v2(db,
			       "INSERT INTO chunk VALUES(?,'strings',?,?,NULL,"
			       "?)",
			       -1, &s, NULL))
		status = SM_IO;
	while (count && !status) {
		uint64_t n = count < most ? count : most;

		raw.len = 0;
		for (uint64_t i = 0; i < n; i++)
			sm_bytes_put(&raw, lost, sizeof(lost) - 1);
		status = sm_pack(zstd, &raw, &packed);
		if (!status)
			status = put_chunk(s, id, n, &raw, &packed);
		*done += n;
		id += n;
		count -= n;
	}
	sqlite3_finalize(s);
	ZSTD_freeCCtx(zstd);
	sm_bytes_fini(&raw);
	sm_bytes_fini(&packed);
	return status;
}

static enum sm_status scalar(sqlite3 *db, const char *sql, int64_t *value)
{
	sqlite3_stmt *q = NULL;
	enum sm_status status = SM_IO;

	if (!sqlite3_prepare_v2(db, sql, -1, &q, NULL) &&
	    sqlite3_step(q) == SQLITE_ROW) {
		*value = sqlite3_column_int64(q, 0);
		status = SM_OK;
	}
	sqlite3_finalize(q);
	return status;
}

struct gaps {
	const char *ids, *last,
		*put; /* in order; up to where; ?1 is a number */
};

static enum sm_status put_gap(sqlite3_stmt *put, uint64_t *done, int64_t from,
			      int64_t to)
{
	enum sm_status status = SM_OK;

	if (to - from > SM_ROWS_LOST_MAX)
		return SM_LIMIT;
	for (int64_t i = from; i < to && !status; i++) {
		sqlite3_bind_int64(put, 1, i);
		status = step(put);
		if (++*done > SM_ROWS_LOST_MAX)
			return SM_LIMIT;
	}
	return status;
}

/* Substitutes for the rows from 1 to the last that are not there. */
static enum sm_status fill(sqlite3 *db, const struct gaps *gaps, uint64_t *done)
{
	sqlite3_stmt *q = NULL, *put = NULL;
	int64_t last = 0, next = 1;
	enum sm_status status = scalar(db, gaps->last, &last);
	int code = SQLITE_OK;

	if (!status && (sqlite3_prepare_v2(db, gaps->ids, -1, &q, NULL) ||
			sqlite3_prepare_v2(db, gaps->put, -1, &put, NULL)))
		status = SM_IO;
	while (!status && (code = sqlite3_step(q)) == SQLITE_ROW) {
		int64_t id = sqlite3_column_int64(q, 0);

		status = put_gap(put, done, next, id);
		next = id + 1;
	}
	if (!status && code != SQLITE_DONE)
		status = SM_IO;
	if (!status)
		status = put_gap(put, done, next, last + 1);
	sqlite3_finalize(q);
	sqlite3_finalize(put);
	return status;
}

static enum sm_status exec(sqlite3 *db, const char *sql)
{
	return sqlite3_exec(db, sql, NULL, NULL, NULL) ? SM_IO : SM_OK;
}

static enum sm_status fill_sites(sqlite3 *db, uint64_t last, uint64_t *done)
{
	char sql[96];
	const struct gaps gaps = {
		"SELECT id FROM site_row ORDER BY id", sql,
		"INSERT INTO site_row SELECT ?1,max(id)-2,0,0,0,max(id)-1,"
		"max(id),0,0 FROM name"
	};
	enum sm_status status;

	snprintf(sql, sizeof(sql),
		 "SELECT max(%" PRIu64 ",ifnull(max(id),0)) FROM site_row",
		 last);
	/* Named after what is lost; how it came to run is not known either. */
	status = exec(db, "INSERT INTO name(value) VALUES('" LOST_TEXT
			  "'),('direct'),('foreign')");
	if (!status)
		status = fill(db, &gaps, done);
	if (!status)
		status = exec(db,
			      "UPDATE site_row SET via=(SELECT max(id)-1 FROM "
			      "name) WHERE via NOT IN (SELECT id FROM name "
			      "WHERE value IN ('direct','import','traceback',"
			      "'exec'))");
	if (!status)
		status = exec(
			db,
			"UPDATE site_row SET kind=(SELECT max(id) FROM name),"
			"principal=0,owner=0 WHERE kind NOT IN (SELECT id FROM "
			"name WHERE value IN ('app','distribution','python',"
			"'main','dynamic','foreign'))");
	return status;
}

/* What rows refer to counts, too. */
static const struct gaps names = {
	"SELECT id FROM name ORDER BY id",
	"SELECT max(ifnull((SELECT max(id) FROM name),0),ifnull((SELECT max("
	"max(event,file,function,via,kind,principal,owner)) FROM "
	"site_row),0))",
	"INSERT INTO name VALUES(?1,'" LOST_TEXT "')"
};
static const struct gaps processes = {
	"SELECT number FROM process ORDER BY number",
	"SELECT max(ifnull((SELECT max(number) FROM process),0),ifnull("
	"(SELECT max(last_process) FROM block),0))",
	"INSERT INTO process(number,pid,guest_pid,parent_pid,uid,start_ns,"
	"started_by,exe,argv,cwd,named) VALUES(?1,0,0,0,0,0,'" LOST_TEXT
	"','','[]','','[]')"
};
static const struct gaps policies = {
	"SELECT number FROM policy ORDER BY number",
	"SELECT ifnull(max(number),0) FROM policy",
	"INSERT INTO policy(number) VALUES(?1)"
};

/*
 * Rows that were changed so that no reader takes them. What is far beyond all
 * others is such a one, too: filling up to it would refuse the rest.
 */
static enum sm_status drop_changed(sqlite3 *db)
{
	return exec(db,
		    "DELETE FROM name WHERE id<1 OR id>(SELECT count(*) FROM "
		    "name)+1048576 OR length(CAST(value AS BLOB)) NOT BETWEEN "
		    "1 AND 4096;"
		    "DELETE FROM site_row WHERE id<1 OR id>(SELECT count(*) "
		    "FROM site_row)+1048576 OR min(event,file,function,line,"
		    "via,kind,principal,owner)<0 OR event=0 OR "
		    "line>4294967295 OR max(event,file,function,via,kind,"
		    "principal,owner)>(SELECT count(*) FROM name)+1048576;"
		    "DELETE FROM process WHERE number<1 OR number>(SELECT "
		    "count(*) FROM process)+1048576;"
		    "DELETE FROM policy WHERE number<1 OR number>(SELECT "
		    "count(*) FROM policy)+1048576;"
		    "DELETE FROM adoption WHERE CAST(process AS INTEGER)&"
		    "4294967295=0 OR CAST(policy AS INTEGER)&4294967295=0;"
		    "DELETE FROM loss WHERE process NOT BETWEEN 0 AND "
		    "4294967295 OR cause NOT IN ('ring-full','too-large',"
		    "'torn','damaged','no-channel','store')");
}

enum sm_status sm_substitute_rows(sqlite3 *db, uint64_t last_site,
				  uint64_t *done)
{
	enum sm_status status = drop_changed(db);

	if (!status)
		status = fill(db, &names, done);

	if (!status)
		status = fill_sites(db, last_site, done);
	if (!status)
		status = fill(db, &processes, done);
	if (!status)
		status = fill(db, &policies, done);
	if (!status)
		status = exec(db, "INSERT OR REPLACE INTO meta VALUES("
				  "'recovered','1')");
	return status;
}
