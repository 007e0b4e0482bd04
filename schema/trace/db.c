/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/trace/db.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "schema/trace.h"

const char sm_db_definitions[] =
#include "trace-sql.inc"
	;

/* Small pages keep small traces small; blobs span pages either way. */
#define PAGE_BYTES "1024"
/* 4 MiB of pages between checkpoints: their cost, spread over ~1 M events. */
#define CHECKPOINT_PAGES "4096"
enum {
	BUSY_MS = 3000,
	SQL_MAX = 4096,
	CELL_MAX = 8 << 20,
	/* SQLite's steps: a row takes some 30 and 4 bytes at least. */
	STEPS_MIN = 1 << 20,
	STEPS_PER_BYTE = 16,
	STEPS_STRIDE = 4096,
};

enum sm_status sm_db_fail(sqlite3 *db, const char *path, const char *doing,
			  struct sm_diag *diag)
{
	int code = db ? sqlite3_errcode(db) : SQLITE_NOMEM;
	enum sm_status status = SM_IO;

	if (code == SQLITE_NOMEM)
		status = SM_NOMEM;
	else if (code == SQLITE_CORRUPT || code == SQLITE_NOTADB ||
		 code == SQLITE_INTERRUPT)
		status = SM_DAMAGED;
	return sm_fail(
		diag, status, "%s: %s: %s%s", path, doing,
		code == SQLITE_INTERRUPT
			? "it has more rows than its size allows"
			: (db ? sqlite3_errmsg(db) : sqlite3_errstr(code)),
		status == SM_DAMAGED
			? "; copy it again from where it was recorded, or "
			  "see secmgr-events --recover"
			: "");
}

enum sm_status sm_db_status(sqlite3 *db)
{
	return sqlite3_errcode(db) == SQLITE_NOMEM ? SM_NOMEM : SM_DAMAGED;
}

static int spend(void *context)
{
	uint64_t *strides = context;

	return !*strides || !--*strides;
}

static uint64_t size_of(sqlite3 *db, int which)
{
	sqlite3_file *file = NULL;
	sqlite3_int64 bytes = 0;

	if (sqlite3_file_control(db, "main", which, &file) || !file ||
	    !file->pMethods || file->pMethods->xFileSize(file, &bytes))
		return 0;
	return (uint64_t)bytes;
}

void sm_db_limit(sqlite3 *db, uint64_t *strides)
{
	uint64_t bytes = size_of(db, SQLITE_FCNTL_FILE_POINTER) +
			 size_of(db, SQLITE_FCNTL_JOURNAL_POINTER);

	*strides = (STEPS_MIN + bytes * STEPS_PER_BYTE) / STEPS_STRIDE;
	sqlite3_progress_handler(db, STEPS_STRIDE, spend, strides);
}

void sm_db_unlimit(sqlite3 *db)
{
	sqlite3_progress_handler(db, 0, NULL, NULL);
}

enum sm_status sm_db_exec(sqlite3 *db, const char *path, const char *sql,
			  struct sm_diag *diag)
{
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		return sm_db_fail(db, path, "cannot write", diag);
	return SM_OK;
}

/* SQLite gives ":memory:" and the like a meaning; a path has none. */
static char *plain_path(const char *path)
{
	return sqlite3_mprintf("%s%s", path[0] == '/' ? "" : "./", path);
}

static int open_plain(const char *path, int flags, sqlite3 **out)
{
	char *plain = plain_path(path);
	int code = SQLITE_NOMEM;

	*out = NULL;
	if (plain)
		code = sqlite3_open_v2(plain, out,
				       flags | SQLITE_OPEN_PRIVATECACHE |
					       SQLITE_OPEN_NOMUTEX,
				       NULL);
	sqlite3_free(plain);
	if (*out) {
		sqlite3_extended_result_codes(*out, 0);
		sqlite3_busy_timeout(*out, BUSY_MS);
	}
	return code;
}

/* ---------------------------------------------------------------- writing */

static enum sm_status lock(const char *path, int fd, struct sm_diag *diag)
{
	if (!flock(fd, LOCK_EX | LOCK_NB) || errno != EWOULDBLOCK)
		return SM_OK;
	return sm_fail(diag, SM_EXISTS,
		       "%s: another recording is writing it; wait for its end "
		       "or choose another file",
		       path);
}

static enum sm_status go_live(sqlite3 *db, const char *path,
			      struct sm_diag *diag)
{
	return sm_db_exec(db, path,
			  "PRAGMA journal_mode=WAL;PRAGMA synchronous=FULL;"
			  "PRAGMA wal_autocheckpoint=" CHECKPOINT_PAGES ";"
			  "PRAGMA temp_store=MEMORY;PRAGMA cache_size=-2048",
			  diag);
}

static enum sm_status define(sqlite3 *db, const char *path,
			     struct sm_diag *diag)
{
	char head[160];
	enum sm_status status;

	snprintf(head, sizeof(head),
		 "PRAGMA page_size=" PAGE_BYTES ";PRAGMA encoding='UTF-8';"
		 "BEGIN;PRAGMA application_id=%d;PRAGMA user_version=%d",
		 SM_DB_APPLICATION_ID, SM_TRACE_FORMAT);
	status = sm_db_exec(db, path, head, diag);
	if (!status)
		status = sm_db_exec(db, path, sm_db_definitions, diag);
	if (!status)
		status = sm_db_exec(db, path, "COMMIT", diag);
	return status;
}

/* What a file of this name left behind must not be taken for the new one's. */
static void remove_leftovers(const char *path)
{
	static const char *const tails[] = { "-wal", "-shm", "-journal" };

	for (unsigned i = 0; i < sizeof(tails) / sizeof(tails[0]); i++) {
		char *name = sqlite3_mprintf("%s%s", path, tails[i]);

		if (name)
			unlink(name);
		sqlite3_free(name);
	}
}

static bool is_directory(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISDIR(st.st_mode);
}

enum sm_status sm_db_create(const char *path, sqlite3 **out, int *lock_fd,
			    struct sm_diag *diag)
{
	/* A trace holds what a program did: for its owner's eyes. */
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	enum sm_status status;

	*out = NULL;
	*lock_fd = -1;
	if (fd < 0 && errno == EEXIST && is_directory(path))
		return sm_fail(diag, SM_INVALID,
			       "%s: a directory; name a file in it", path);
	if (fd < 0 && errno == EEXIST)
		return sm_fail(diag, SM_EXISTS,
			       "%s: exists; append to it, replace it, or "
			       "choose another file",
			       path);
	if (fd < 0)
		return sm_fail(diag, SM_IO, "%s: cannot create: %s", path,
			       strerror(errno));
	remove_leftovers(path);
	status = lock(path, fd, diag);
	if (!status && open_plain(path, SQLITE_OPEN_READWRITE, out))
		status = sm_db_fail(*out, path, "cannot create", diag);
	if (!status)
		status = define(*out, path, diag);
	if (!status)
		status = go_live(*out, path, diag);
	if (!status) {
		*lock_fd = fd;
		return SM_OK;
	}
	sqlite3_close(*out);
	*out = NULL;
	close(fd);
	unlink(path);
	return status;
}

/* Nothing of it, once SQLite has rolled back what was being made. */
static bool is_empty(sqlite3 *db, int fd)
{
	struct stat st;

	return !sqlite3_exec(db, "SELECT count(*) FROM sqlite_schema", NULL,
			     NULL, NULL) &&
	       !fstat(fd, &st) && !st.st_size;
}

/* The first commit has rows in all of these. */
static bool is_blank(sqlite3 *db)
{
	sqlite3_stmt *q = NULL;
	bool has_any = true;

	if (!sqlite3_prepare_v2(db,
				"SELECT EXISTS(SELECT 1 FROM meta) OR "
				"EXISTS(SELECT 1 FROM checkpoint) OR "
				"EXISTS(SELECT 1 FROM process) OR "
				"EXISTS(SELECT 1 FROM chunk) OR "
				"EXISTS(SELECT 1 FROM block)",
				-1, &q, NULL) &&
	    sqlite3_step(q) == SQLITE_ROW)
		has_any = sqlite3_column_int(q, 0);
	sqlite3_finalize(q);
	return !has_any;
}

enum sm_status sm_db_append(const char *path, sqlite3 **out, int *lock_fd,
			    bool *is_new, struct sm_diag *diag)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);
	enum sm_status status;

	*out = NULL;
	*lock_fd = -1;
	*is_new = false;
	if (fd < 0)
		return sm_fail(diag, errno == ENOENT ? SM_NOT_FOUND : SM_IO,
			       "%s: cannot open: %s", path, strerror(errno));
	status = lock(path, fd, diag);
	if (!status && open_plain(path, SQLITE_OPEN_READWRITE, out))
		status = sm_db_fail(*out, path, "cannot open", diag);
	if (!status && is_empty(*out, fd))
		status = define(*out, path, diag);
	if (!status)
		status = sm_db_check(*out, path, diag);
	if (!status)
		*is_new = is_blank(*out);
	if (!status)
		status = go_live(*out, path, diag);
	if (!status) {
		*lock_fd = fd;
		return SM_OK;
	}
	sqlite3_close(*out);
	*out = NULL;
	close(fd);
	return status;
}

bool sm_db_is_written(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool is_written;

	if (fd < 0)
		return false;
	is_written = flock(fd, LOCK_SH | LOCK_NB) && errno == EWOULDBLOCK;
	close(fd);
	return is_written;
}

enum sm_status sm_db_remove(const char *path, struct sm_diag *diag)
{
	enum sm_status status;
	struct stat st;

	if (lstat(path, &st))
		return errno == ENOENT ? SM_OK
				       : sm_fail(diag, SM_IO, "%s: %s", path,
						 strerror(errno));
	if (!S_ISREG(st.st_mode))
		return sm_fail(diag, SM_INVALID,
			       "%s: not a regular file; it is not replaced",
			       path);
	if (sm_db_is_written(path))
		return sm_fail(diag, SM_EXISTS,
			       "%s: another recording is writing it; wait for "
			       "its end or choose another file",
			       path);
	status = sm_db_check_old(path, diag);
	if (status)
		return status;
	if (unlink(path))
		return sm_fail(diag, SM_IO, "%s: cannot replace: %s", path,
			       strerror(errno));
	remove_leftovers(path);
	return SM_OK;
}

/* ---------------------------------------------------------------- reading */

static int authorize(void *context, int action, const char *a, const char *b,
		     const char *database, const char *trigger)
{
	(void)context;
	(void)a;
	(void)b;
	(void)database;
	if (trigger)
		return SQLITE_DENY;
	switch (action) {
	case SQLITE_SELECT:
	case SQLITE_READ:
	case SQLITE_TRANSACTION:
		return SQLITE_OK;
	case SQLITE_FUNCTION:
		return b && (!strcmp(b, "ifnull") || !strcmp(b, "max"))
			       ? SQLITE_OK
			       : SQLITE_DENY;
	default:
		return SQLITE_DENY;
	}
}

static enum sm_status guard(sqlite3 *db, const char *path, struct sm_diag *diag)
{
	static const struct {
		int option, value;
	} options[] = {
		{ SQLITE_DBCONFIG_DEFENSIVE, 1 },
		{ SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0 },
		{ SQLITE_DBCONFIG_ENABLE_TRIGGER, 0 },
		{ SQLITE_DBCONFIG_ENABLE_VIEW, 0 },
		{ SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0 },
	};

	for (unsigned i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		sqlite3_db_config(db, options[i].option, options[i].value,
				  NULL);
	sqlite3_limit(db, SQLITE_LIMIT_LENGTH, CELL_MAX);
	sqlite3_limit(db, SQLITE_LIMIT_SQL_LENGTH, SQL_MAX);
	sqlite3_limit(db, SQLITE_LIMIT_ATTACHED, 0);
	sqlite3_limit(db, SQLITE_LIMIT_TRIGGER_DEPTH, 0);
	sqlite3_limit(db, SQLITE_LIMIT_WORKER_THREADS, 0);
	if (sqlite3_exec(db,
			 "PRAGMA query_only=1;PRAGMA cell_size_check=1;"
			 "PRAGMA mmap_size=0;PRAGMA temp_store=MEMORY;"
			 "PRAGMA cache_size=-2048",
			 NULL, NULL, NULL))
		return sm_db_fail(db, path, "cannot read", diag);
	return SM_OK;
}

/* file: URI of path with a parameter that makes SQLite skip all locking. */
static int open_immutable(const char *path, sqlite3 **out)
{
	char *uri = sqlite3_mprintf("file:%s", path[0] == '/' ? "" : "./");
	int code;

	for (const char *at = path; uri && *at; at++) {
		bool is_plain = strchr("/._-", *at) ||
				(*at >= '0' && *at <= '9') ||
				((*at | 32) >= 'a' && (*at | 32) <= 'z');

		uri = sqlite3_mprintf(is_plain ? "%z%c" : "%z%%%02X", uri,
				      (unsigned char)*at);
	}
	uri = sqlite3_mprintf("%z?immutable=1", uri);
	if (!uri)
		return SQLITE_NOMEM;
	code = sqlite3_open_v2(uri, out,
			       SQLITE_OPEN_READONLY | SQLITE_OPEN_URI |
				       SQLITE_OPEN_PRIVATECACHE |
				       SQLITE_OPEN_NOMUTEX,
			       NULL);
	sqlite3_free(uri);
	return code;
}

/*
 * A log is read without a -shm file when nobody else has the file: SQLite then
 * keeps the log's index in memory. Nothing is locked, and nothing is written
 * at the end.
 */
static int open_alone(const char *path, sqlite3 **out)
{
	char *plain = plain_path(path);
	int code = SQLITE_NOMEM;

	if (plain)
		code = sqlite3_open_v2(plain, out,
				       SQLITE_OPEN_READONLY |
					       SQLITE_OPEN_PRIVATECACHE |
					       SQLITE_OPEN_NOMUTEX,
				       "unix-none");
	sqlite3_free(plain);
	if (!code)
		code = sqlite3_db_config(*out, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE,
					 1, NULL);
	if (!code)
		code = sqlite3_exec(*out, "PRAGMA locking_mode=EXCLUSIVE", NULL,
				    NULL, NULL);
	return code;
}

static int open_shared(const char *path, sqlite3 **out)
{
	return open_plain(path, SQLITE_OPEN_READONLY, out);
}

typedef int opener(const char *path, sqlite3 **out);

static enum sm_status open_checked(const char *path, opener *open_it,
				   sqlite3 **out, struct sm_diag *diag)
{
	int code = open_it(path, out);
	enum sm_status status;
	uint64_t strides;

	if (code)
		return sm_db_fail(*out, path, "cannot open", diag);
	sm_db_limit(*out, &strides);
	status = sm_db_check_header(*out, path, diag);
	if (!status)
		status = guard(*out, path, diag);
	if (!status)
		status = sm_db_check(*out, path, diag);
	sm_db_unlimit(*out);
	if (!status)
		sqlite3_set_authorizer(*out, authorize, NULL);
	return status;
}

/*
 * SQLite wants to make a -shm file to read a trace in WAL mode, which a
 * read-only directory does not allow. Without a log the file alone is whole,
 * so it is read as immutable; the log of a killed writer is read alone.
 */
static opener *other_opener(sqlite3 *db, const char *path)
{
	int code = db ? sqlite3_errcode(db) : SQLITE_OK;

	if (code != SQLITE_CANTOPEN && code != SQLITE_READONLY)
		return NULL;
	if (!sm_db_has_beside(path, "-wal"))
		return open_immutable;
	if (!sm_db_has_beside(path, "-shm") && !sm_db_is_written(path))
		return open_alone;
	return NULL;
}

enum sm_status sm_db_read(const char *path, sqlite3 **out, struct sm_diag *diag)
{
	enum sm_status status;
	opener *other;
	struct stat st;

	*out = NULL;
	if (stat(path, &st))
		return sm_fail(diag,
			       errno == ENOENT || errno == ENOTDIR
				       ? SM_NOT_FOUND
				       : SM_IO,
			       "%s: cannot open: %s", path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return sm_fail(diag, SM_NOT_OURS, "%s: not a secmgr trace (%s)",
			       path,
			       S_ISDIR(st.st_mode) ? "a directory"
						   : "not a regular file");
	if (access(path, R_OK))
		return sm_fail(diag, SM_IO, "%s: cannot open: %s", path,
			       strerror(errno));
	status = open_checked(path, open_shared, out, diag);
	other = status == SM_IO ? other_opener(*out, path) : NULL;
	if (other) {
		sqlite3_close(*out);
		status = open_checked(path, other, out, diag);
	} else if (status == SM_IO && *out &&
		   sqlite3_errcode(*out) == SQLITE_CANTOPEN) {
		sm_fail(diag, SM_IO,
			"%s: its write-ahead log %s-wal cannot be read in a "
			"read-only directory: copy both files to a writable "
			"one",
			path, path);
	}
	if (status) {
		sqlite3_close(*out);
		*out = NULL;
	}
	return status;
}
