/* SPDX-License-Identifier: Apache-2.0 */
/*
 * db_check.c: whether a file is a trace of ours.
 */
#include "schema/trace/db.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "schema/trace.h"

enum {
	HEADER_BYTES = 100,
	AT_USER_VERSION = 60,
	AT_APPLICATION_ID = 68,
	AT_PAGE_SIZE = 16,
	AT_PAGE_COUNT = 28,
};

static const char magic[16] = "SQLite format 3";

static uint32_t big_endian(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	       (uint32_t)p[2] << 8 | p[3];
}

bool sm_db_has_beside(const char *path, const char *tail)
{
	char *name = sqlite3_mprintf("%s%s", path, tail);
	struct stat st;
	bool has = name && !stat(name, &st) && st.st_size > 0;

	sqlite3_free(name);
	return has;
}

/*
 * Looks at the file's header through SQLite's own descriptor: opening and
 * closing another one would drop this process's POSIX locks on the file.
 */
enum sm_status sm_db_check_header(sqlite3 *db, const char *path,
				  struct sm_diag *diag)
{
	uint8_t head[HEADER_BYTES] = { 0 };
	sqlite3_file *file = NULL;
	sqlite3_int64 bytes = 0, want;
	uint32_t page;

	if (sqlite3_file_control(db, "main", SQLITE_FCNTL_FILE_POINTER,
				 &file) ||
	    !file || !file->pMethods || file->pMethods->xFileSize(file, &bytes))
		return sm_fail(diag, SM_IO, "%s: cannot read", path);
	if (bytes >= HEADER_BYTES &&
	    file->pMethods->xRead(file, head, sizeof(head), 0))
		return sm_fail(diag, SM_IO, "%s: cannot read", path);
	if (memcmp(head, magic, sizeof(magic)))
		return sm_fail(diag, SM_NOT_OURS, "%s: not a secmgr trace (%s)",
			       path,
			       bytes ? "not an SQLite file" : "empty file");
	if (big_endian(head + AT_APPLICATION_ID) != SM_DB_APPLICATION_ID)
		return sm_fail(diag, SM_NOT_OURS,
			       "%s: not a secmgr trace (SQLite file without "
			       "secmgr tables)",
			       path);
	if (big_endian(head + AT_USER_VERSION) != SM_TRACE_FORMAT)
		return sm_fail(diag, SM_VERSION,
			       "%s: trace format %u; this program reads format "
			       "%u: use the secmgr that recorded it",
			       path, big_endian(head + AT_USER_VERSION),
			       SM_TRACE_FORMAT);
	page = (uint32_t)head[AT_PAGE_SIZE] << 8 | head[AT_PAGE_SIZE + 1];
	want = (sqlite3_int64)(page == 1 ? 65536 : page) *
	       big_endian(head + AT_PAGE_COUNT);
	if (bytes < want && !sm_db_has_beside(path, "-wal"))
		return sm_fail(diag, SM_DAMAGED,
			       "%s: truncated: %lld of %lld bytes; copy it "
			       "again from where it was recorded",
			       path, (long long)bytes, (long long)want);
	return SM_OK;
}

bool sm_trace_is(const char *path)
{
	uint8_t head[HEADER_BYTES];
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : pread(fd, head, sizeof(head), 0);

	if (fd >= 0)
		close(fd);
	return n == HEADER_BYTES && !memcmp(head, magic, sizeof(magic)) &&
	       big_endian(head + AT_APPLICATION_ID) == SM_DB_APPLICATION_ID;
}

enum sm_status sm_db_check_old(const char *path, struct sm_diag *diag)
{
	uint8_t head[HEADER_BYTES];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, head, sizeof(head));
	int error = errno;

	if (fd >= 0)
		close(fd);
	if (n < 0)
		return sm_fail(diag, SM_IO, "%s: cannot read: %s", path,
			       strerror(error));
	if (memcmp(head, magic,
		   (size_t)n < sizeof(magic) ? (size_t)n : sizeof(magic)) ||
	    (n >= HEADER_BYTES &&
	     big_endian(head + AT_APPLICATION_ID) != SM_DB_APPLICATION_ID))
		return sm_fail(diag, SM_NOT_OURS,
			       "%s: not a secmgr trace; it is not replaced: "
			       "choose another file",
			       path);
	return SM_OK;
}

#define SCHEMA_QUERY                                                           \
	"SELECT type, name, tbl_name, ifnull(sql, '') FROM sqlite_schema "     \
	"ORDER BY type, name"

static bool rows_equal(sqlite3_stmt *a, sqlite3_stmt *b)
{
	for (int i = 0; i < 4; i++) {
		int n = sqlite3_column_bytes(a, i);
		const void *x = sqlite3_column_blob(a, i);
		const void *y = sqlite3_column_blob(b, i);

		if (sqlite3_column_type(a, i) != sqlite3_column_type(b, i) ||
		    n != sqlite3_column_bytes(b, i) || (n && (!x || !y)) ||
		    (n && memcmp(x, y, (size_t)n)))
			return false;
	}
	return true;
}

/* They differ; or one of them could not be read for want of memory. */
static enum sm_status refuse(sqlite3 *db, sqlite3 *ours, const char *path,
			     struct sm_diag *diag)
{
	if (sm_db_status(db) == SM_NOMEM || sm_db_status(ours) == SM_NOMEM)
		return sm_fail(diag, SM_NOMEM, "%s: out of memory", path);
	return sm_fail(diag, SM_DAMAGED,
		       "%s: its table definitions are not those of format %d: "
		       "altered, or not a trace",
		       path, SM_TRACE_FORMAT);
}

/* Steps both. */
static enum sm_status compare_schemas(sqlite3 *db, sqlite3 *ours,
				      const char *path, struct sm_diag *diag)
{
	sqlite3_stmt *a = NULL, *b = NULL;
	enum sm_status status = SM_OK;
	int got, want;

	if (sqlite3_prepare_v2(db, SCHEMA_QUERY, -1, &a, NULL)) {
		status = sm_db_fail(db, path, "cannot read", diag);
		goto out;
	}
	if (sqlite3_prepare_v2(ours, SCHEMA_QUERY, -1, &b, NULL)) {
		status = sm_db_fail(ours, path, "cannot read", diag);
		goto out;
	}
	do {
		got = sqlite3_step(a);
		want = sqlite3_step(b);
		if (got != SQLITE_ROW && got != SQLITE_DONE) {
			status = sm_db_fail(db, path, "cannot read", diag);
		} else if (got != want ||
			   (got == SQLITE_ROW && !rows_equal(a, b))) {
			status = refuse(db, ours, path, diag);
		}
	} while (!status && got == SQLITE_ROW);
out:
	sqlite3_finalize(a);
	sqlite3_finalize(b);
	return status;
}

enum sm_status sm_db_check(sqlite3 *db, const char *path, struct sm_diag *diag)
{
	enum sm_status status = sm_db_check_header(db, path, diag);
	sqlite3 *ours = NULL;

	if (status)
		return status;
	if (sqlite3_open(":memory:", &ours) ||
	    sqlite3_exec(ours, sm_db_definitions, NULL, NULL, NULL))
		status = sm_fail(diag, SM_NOMEM, "%s: out of memory", path);
	else
		status = compare_schemas(db, ours, path, diag);
	sqlite3_close(ours);
	return status;
}
