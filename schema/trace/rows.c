/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/trace/rows.h"

#include "schema/cbor.h"

static const char *const texts[SM_STATEMENTS] = {
	[SM_PUT_META] = "INSERT OR REPLACE INTO meta VALUES(?,?)",
	[SM_CUT_META] = "DELETE FROM meta WHERE key=?",
	[SM_PUT_PROCESS] =
		"INSERT INTO process(number,pid,guest_pid,parent_pid,uid,"
		"start_ns,started_by,exe,argv,cwd,named) "
		"VALUES(?,?,?,?,?,?,?,?,?,?,?)",
	[SM_SET_INTERPRETER] =
		"UPDATE process SET version=?2,stdlib=?3,prefix=?4,home=?5,"
		"tmp=?6 WHERE number=?1",
	[SM_END_PROCESS] =
		"UPDATE process SET end_ns=?2,exit_status=?3,attempts=?4,"
		"stored=?5,noise=?6,ring_full=?7,too_large=?8,torn=?9,"
		"damaged=?10,no_channel=?11,store=?12 WHERE number=?1",
	[SM_PUT_LOSS] = "INSERT INTO loss(process,cause,count,time_ns) "
			"VALUES(?,?,?,?)",
	[SM_SET_AFTER_DENIAL] =
		"UPDATE process SET after_denial=?2 WHERE number=?1",
	[SM_PUT_POLICY] = "INSERT INTO policy VALUES(?,?,?,?,?,?,?,?,?)",
	[SM_PUT_ADOPTION] = "INSERT INTO adoption(process,seq,policy,time_ns) "
			    "VALUES(?,?,?,?)",
	[SM_PUT_NAME] = "INSERT INTO name VALUES(?,?)",
	[SM_PUT_SITE] = "INSERT INTO site_row VALUES(?,?,?,?,?,?,?,?,?)",
	[SM_PUT_DENIAL] =
		"INSERT OR REPLACE INTO denial VALUES(?,?,?,?,?,?,?,?,?,?)",
	[SM_CUT_RESOURCES] = "DELETE FROM resource",
	[SM_PUT_RESOURCE] =
		"INSERT INTO resource(family,access,value,principal,via,"
		"events,processes,first_ns,last_ns) VALUES(?,?,?,?,?,?,?,?,?)",
	[SM_CUT_CHUNKS] = "DELETE FROM chunk WHERE id>=?",
	[SM_PUT_CHUNK] = "INSERT INTO chunk VALUES(?,?,?,?,?,?)",
	[SM_CUT_BLOCKS] = "DELETE FROM block WHERE id>=?",
	[SM_PUT_BLOCK] = "INSERT INTO block VALUES(?,?,?,?,?,?,?,?,?,?,?,?)",
	[SM_CUT_CHECKPOINTS] = "DELETE FROM checkpoint WHERE id>? AND id<>?",
	[SM_PUT_CHECKPOINT] = "INSERT INTO checkpoint VALUES(?,?,?)",
};

/* The table a statement changes; 0: no plain one. */
static const enum sm_part parts[SM_STATEMENTS] = {
	[SM_PUT_META] = SM_PART_META,
	[SM_CUT_META] = SM_PART_META,
	[SM_PUT_PROCESS] = SM_PART_PROCESS,
	[SM_SET_INTERPRETER] = SM_PART_PROCESS,
	[SM_END_PROCESS] = SM_PART_PROCESS,
	[SM_SET_AFTER_DENIAL] = SM_PART_PROCESS,
	[SM_PUT_LOSS] = SM_PART_LOSS,
	[SM_PUT_POLICY] = SM_PART_POLICY,
	[SM_PUT_ADOPTION] = SM_PART_ADOPTION,
	[SM_PUT_NAME] = SM_PART_NAME,
	[SM_PUT_SITE] = SM_PART_SITE,
	[SM_PUT_DENIAL] = SM_PART_DENIAL,
	[SM_CUT_RESOURCES] = SM_PART_RESOURCE,
	[SM_PUT_RESOURCE] = SM_PART_RESOURCE,
};

void sm_rows_init(struct sm_rows *rows, sqlite3 *db)
{
	*rows = (struct sm_rows){ .db = db };
}

void sm_rows_fini(struct sm_rows *rows)
{
	for (unsigned i = 0; i < SM_STATEMENTS; i++)
		sqlite3_finalize(rows->statements[i]);
	sm_bytes_fini(&rows->queue);
	*rows = (struct sm_rows){ 0 };
}

void sm_rows_begin(struct sm_rows *rows, enum sm_statement statement)
{
	rows->row_at = rows->queue.len;
	sm_bytes_put_byte(&rows->queue, (uint8_t)statement);
}

void sm_rows_int(struct sm_rows *rows, int64_t value)
{
	sm_bytes_put_byte(&rows->queue, 'i');
	sm_bytes_put(&rows->queue, &value, sizeof(value));
}

void sm_rows_null(struct sm_rows *rows)
{
	sm_bytes_put_byte(&rows->queue, 'n');
}

void sm_rows_str(struct sm_rows *rows, struct sm_str s)
{
	bool is_text = sm_utf8_is_valid(s) && !sm_str_has(s, '\0');

	sm_bytes_put_byte(&rows->queue, is_text ? 't' : 'b');
	sm_bytes_put(&rows->queue, &s.len, sizeof(s.len));
	sm_bytes_put(&rows->queue, s.p, s.len);
}

enum sm_status sm_rows_end(struct sm_rows *rows)
{
	sm_bytes_put_byte(&rows->queue, 'e');
	if (!rows->queue.has_failed)
		return SM_OK;
	rows->queue.has_failed = false;
	rows->queue.len = rows->row_at;
	return SM_NOMEM;
}

sqlite3_stmt *sm_rows_statement(struct sm_rows *rows,
				enum sm_statement statement)
{
	sqlite3_stmt **s = &rows->statements[statement];

	if (!*s && sqlite3_prepare_v3(rows->db, texts[statement], -1,
				      SQLITE_PREPARE_PERSISTENT, s, NULL))
		return NULL;
	return *s;
}

enum sm_status sm_rows_step(sqlite3_stmt *statement)
{
	int code = sqlite3_step(statement);

	/* Text and blobs are bound in place: they must outlive this only. */
	sqlite3_reset(statement);
	sqlite3_clear_bindings(statement);
	return code == SQLITE_DONE || code == SQLITE_ROW ? SM_OK : SM_IO;
}

/* Binds one queued row from at; returns what follows it. */
static const uint8_t *bind(sqlite3_stmt *s, const uint8_t *at)
{
	for (int i = 1; *at != 'e'; i++) {
		uint8_t type = *at++;
		int64_t value;
		uint32_t len;

		if (type == 'i') {
			memcpy(&value, at, sizeof(value));
			sqlite3_bind_int64(s, i, value);
			at += sizeof(value);
		} else if (type != 'n') {
			memcpy(&len, at, sizeof(len));
			at += sizeof(len);
			if (type == 't')
				sqlite3_bind_text(s, i, (const char *)at,
						  (int)len, SQLITE_STATIC);
			else
				sqlite3_bind_blob(s, i, at, (int)len,
						  SQLITE_STATIC);
			at += len;
		}
	}
	return at + 1;
}

/* The number of a row that starts with one, as those of GROUPED tables do. */
static enum sm_status touch(struct sm_rows *rows, enum sm_part part,
			    const uint8_t *at)
{
	int64_t id = 1;

	if (!part || !rows->seal)
		return SM_OK;
	if (*at == 'i')
		memcpy(&id, at + 1, sizeof(id));
	return sm_seal_touch(rows->seal, part, id);
}

enum sm_status sm_rows_run(struct sm_rows *rows)
{
	const uint8_t *at = rows->queue.p;
	const uint8_t *end = at + rows->queue.len;

	while (at < end) {
		enum sm_statement statement = (enum sm_statement) * at++;
		sqlite3_stmt *s = sm_rows_statement(rows, statement);
		enum sm_status status = touch(rows, parts[statement], at);

		if (status)
			return status;
		if (!s)
			return SM_IO;
		at = bind(s, at);
		if (sm_rows_step(s))
			return SM_IO;
	}
	return SM_OK;
}

void sm_rows_forget(struct sm_rows *rows)
{
	rows->queue.len = 0;
}
