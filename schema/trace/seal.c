/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/trace/seal.h"

#include <stdlib.h>

struct group {
	uint8_t hash[SM_HASH_BYTES];
	uint32_t rows;
	bool is_dirty;
};

struct groups {
	struct group *at;
	size_t count, room;
};

/* Of a table: what was committed, what the open transaction makes of it. */
struct state {
	struct sm_mark now, next;
	int64_t last, next_last; /* APPENDED: key of the last row hashed */
	bool is_touched;
	struct groups groups;
};

struct sm_seal {
	struct state states[SM_PARTS];
	struct sm_bytes hashes; /* of groups */
};

#define ROWS(table, key)                                                       \
	"SELECT * FROM " table " WHERE " key ">=?1 AND " key                   \
	"<=?2 ORDER BY " key

static const struct sm_table tables[SM_TABLES] = {
	{ SM_PART_META, SM_TABLE_WHOLE, "SELECT * FROM meta ORDER BY key" },
	{ SM_PART_PROCESS, SM_TABLE_GROUPED, ROWS("process", "number") },
	{ SM_PART_POLICY, SM_TABLE_APPENDED, ROWS("policy", "number") },
	{ SM_PART_ADOPTION, SM_TABLE_APPENDED, ROWS("adoption", "id") },
	{ SM_PART_NAME, SM_TABLE_APPENDED, ROWS("name", "id") },
	{ SM_PART_SITE, SM_TABLE_APPENDED, ROWS("site_row", "id") },
	{ SM_PART_RESOURCE, SM_TABLE_WHOLE,
	  "SELECT * FROM resource ORDER BY id" },
	{ SM_PART_DENIAL, SM_TABLE_GROUPED, ROWS("denial", "id") },
	{ SM_PART_LOSS, SM_TABLE_APPENDED, ROWS("loss", "id") },
};

const struct sm_table *sm_table_of(enum sm_part part)
{
	return &tables[part - SM_PART_TABLES];
}

struct sm_seal *sm_seal_new(void)
{
	return calloc(1, sizeof(struct sm_seal));
}

void sm_seal_free(struct sm_seal *seal)
{
	if (!seal)
		return;
	for (int i = 0; i < SM_PARTS; i++)
		free(seal->states[i].groups.at);
	sm_bytes_fini(&seal->hashes);
	free(seal);
}

enum sm_status sm_seal_touch(struct sm_seal *seal, enum sm_part part,
			     int64_t id)
{
	struct state *s = &seal->states[part];
	struct groups *g = &s->groups;
	size_t at = (size_t)(id - 1) / SM_GROUP_ROWS;

	s->is_touched = true;
	if (sm_table_of(part)->kind != SM_TABLE_GROUPED)
		return SM_OK;
	if (id < 1 || id > UINT32_MAX)
		return SM_DAMAGED;
	if (sm_array_reserve((void **)&g->at, &g->room, at + 1, sizeof(*g->at)))
		return SM_NOMEM;
	while (g->count <= at)
		g->at[g->count++] = (struct group){ .is_dirty = true };
	g->at[at].is_dirty = true;
	return SM_OK;
}

/* Numbers count from 1 without gaps, or groups would be without bound. */
static enum sm_status touch_all_rows(struct sm_seal *seal, sqlite3 *db,
				     enum sm_part part)
{
	sqlite3_stmt *q = NULL;
	enum sm_status status = SM_IO;
	char sql[96];
	int64_t rows = 0, last = 0;

	sqlite3_snprintf(sizeof(sql), sql,
			 "SELECT count(*),ifnull(max(rowid),0) FROM %s",
			 sm_part_name(part));
	if (!sqlite3_prepare_v2(db, sql, -1, &q, NULL) &&
	    sqlite3_step(q) == SQLITE_ROW) {
		rows = sqlite3_column_int64(q, 0);
		last = sqlite3_column_int64(q, 1);
		status = rows == last ? SM_OK : SM_DAMAGED;
	}
	sqlite3_finalize(q);
	for (int64_t id = 1; id <= last && !status; id += SM_GROUP_ROWS)
		status = sm_seal_touch(seal, part, id);
	return status;
}

enum sm_status sm_seal_resume(struct sm_seal *seal, sqlite3 *db)
{
	enum sm_status status = SM_OK;

	for (unsigned i = 0; i < SM_TABLES && !status; i++)
		if (tables[i].kind == SM_TABLE_GROUPED)
			status = touch_all_rows(seal, db, tables[i].part);
		else
			status = sm_seal_touch(seal, tables[i].part, 1);
	return status;
}

/* Goes on with mark over the rows of q, and *last to the last one's key. */
static enum sm_status fold(sqlite3_stmt *q, struct sm_chain *chain,
			   struct sm_mark *mark, int64_t *last)
{
	enum sm_status status = SM_OK;
	int code = SQLITE_DONE;

	while (!status && (code = sqlite3_step(q)) == SQLITE_ROW) {
		sm_chain_start(chain, mark->hash);
		sm_chain_row(chain, q, sqlite3_column_count(q));
		status = sm_chain_end(chain, mark->hash);
		mark->count++;
		*last = sqlite3_column_int64(q, 0);
	}
	sqlite3_reset(q);
	return !status && code != SQLITE_DONE ? SM_IO : status;
}

static enum sm_status write_group(sqlite3_stmt *q, struct sm_chain *chain,
				  struct group *g, size_t at)
{
	struct sm_mark mark = { 0 };
	int64_t last = 0;
	enum sm_status status;

	sqlite3_bind_int64(q, 1, (int64_t)at * SM_GROUP_ROWS + 1);
	sqlite3_bind_int64(q, 2, (int64_t)(at + 1) * SM_GROUP_ROWS);
	status = fold(q, chain, &mark, &last);
	memcpy(g->hash, mark.hash, SM_HASH_BYTES);
	g->rows = (uint32_t)mark.count;
	return status;
}

static enum sm_status write_groups(struct sm_seal *seal, struct state *s,
				   sqlite3_stmt *q, struct sm_chain *chain)
{
	enum sm_status status = SM_OK;

	seal->hashes.len = 0;
	s->next.count = 0;
	for (size_t i = 0; i < s->groups.count && !status; i++) {
		struct group *g = &s->groups.at[i];

		if (g->is_dirty)
			status = write_group(q, chain, g, i);
		s->next.count += g->rows;
		sm_bytes_put(&seal->hashes, g->hash, SM_HASH_BYTES);
	}
	if (status || seal->hashes.has_failed) {
		seal->hashes.has_failed = false;
		return status ? status : SM_NOMEM;
	}
	sm_chain_open(chain);
	sm_chain_raw(chain, seal->hashes.p, seal->hashes.len);
	return sm_chain_end(chain, s->next.hash);
}

static enum sm_status write_rows(const struct sm_table *table, struct state *s,
				 sqlite3_stmt *q, struct sm_chain *chain)
{
	bool is_whole = table->kind == SM_TABLE_WHOLE;

	s->next = is_whole ? (struct sm_mark){ 0 } : s->now;
	s->next_last = s->last;
	if (!is_whole) {
		sqlite3_bind_int64(q, 1, s->last + 1);
		sqlite3_bind_int64(q, 2, INT64_MAX);
	}
	return fold(q, chain, &s->next, &s->next_last);
}

static enum sm_status write_table(struct sm_seal *seal, sqlite3 *db,
				  const struct sm_table *table,
				  struct sm_chain *chain)
{
	struct state *s = &seal->states[table->part];
	sqlite3_stmt *q = NULL;
	enum sm_status status = SM_IO;

	if (!sqlite3_prepare_v2(db, table->rows, -1, &q, NULL))
		status = table->kind == SM_TABLE_GROUPED
				 ? write_groups(seal, s, q, chain)
				 : write_rows(table, s, q, chain);
	sqlite3_finalize(q);
	return status;
}

enum sm_status sm_seal_write(struct sm_seal *seal, sqlite3 *db,
			     struct sm_chain *chain,
			     struct sm_mark marks[SM_PARTS])
{
	enum sm_status status = SM_OK;

	for (unsigned i = 0; i < SM_TABLES && !status; i++) {
		struct state *s = &seal->states[tables[i].part];

		s->next = s->now;
		s->next_last = s->last;
		if (s->is_touched)
			status = write_table(seal, db, &tables[i], chain);
		marks[tables[i].part] = s->next;
	}
	return status;
}

void sm_seal_committed(struct sm_seal *seal)
{
	for (int i = SM_PART_TABLES; i < SM_PARTS; i++) {
		struct state *s = &seal->states[i];

		if (!s->is_touched)
			continue;
		s->now = s->next;
		s->last = s->next_last;
		s->is_touched = false;
		for (size_t g = 0; g < s->groups.count; g++)
			s->groups.at[g].is_dirty = false;
	}
}
