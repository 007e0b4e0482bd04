/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/trace/strings.h"

#include <stdlib.h>

#include "schema/cbor.h"
#include "schema/secret.h"
#include "schema/trace/db.h"

enum { PAGES = SM_INTERN_LAST >> SM_PAGE_BITS };

enum sm_status sm_strings_init(struct sm_strings *s)
{
	*s = (struct sm_strings){ .zstd = sm_unpack_new() };
	/* 2 MiB of zeros that cost memory only where they are touched. */
	s->pages = calloc(PAGES, sizeof(struct sm_str *));
	return s->pages && s->zstd ? SM_OK : SM_NOMEM;
}

static void forget(struct sm_strings *s)
{
	for (size_t i = 0; s->pages && i < PAGES; i++) {
		free(s->pages[i]);
		s->pages[i] = NULL;
	}
	for (size_t i = 0; i < s->chunk_count; i++)
		sm_bytes_fini(&s->chunks[i]);
	s->chunk_count = 0;
	s->bytes = 0;
}

void sm_strings_fini(struct sm_strings *s)
{
	sm_strings_park(s);
	if (s->chunk_count)
		forget(s);
	free(s->pages);
	free(s->chunks);
	ZSTD_freeDCtx(s->zstd);
	*s = (struct sm_strings){ 0 };
}

void sm_strings_park(struct sm_strings *s)
{
	sqlite3_finalize(s->query);
	s->query = NULL;
}

void sm_strings_relax(struct sm_strings *s)
{
	if (s->bytes > SM_STRINGS_CACHE)
		forget(s);
}

static enum sm_status note(struct sm_strings *s, uint32_t id, struct sm_str str)
{
	struct sm_str **page = &s->pages[id >> SM_PAGE_BITS];

	if (!*page) {
		*page = calloc(SM_PAGE_STRINGS, sizeof(**page));
		if (!*page)
			return SM_NOMEM;
		s->bytes += SM_PAGE_STRINGS * sizeof(**page);
	}
	(*page)[id & (SM_PAGE_STRINGS - 1)] = str;
	return SM_OK;
}

static char *in_place(const struct sm_bytes *raw, struct sm_str str)
{
	return (char *)raw->p + ((const uint8_t *)str.p - raw->p);
}

/* The strings of raw, numbered from id; each goes to note or is only checked.
 */
static enum sm_status number(struct sm_strings *s, const struct sm_bytes *raw,
			     uint32_t id, uint32_t count)
{
	struct sm_cbor_reader r = { raw->p, raw->p + raw->len };
	enum sm_status status = SM_OK;

	for (uint32_t i = 0; i < count && !status; i++) {
		struct sm_str str;

		status = sm_cbor_get_str(&r, &str, NULL);
		if (!status && (!str.len || str.len > SM_STRING_MAX))
			status = SM_DAMAGED;
		if (!status && !s->tells_secrets)
			str.len = sm_secret_forget(str, in_place(raw, str));
		if (!status)
			status = note(s, id + i, str);
	}
	return !status && r.at != r.end ? SM_DAMAGED : status;
}

struct chunk_row {
	uint32_t id, count;
};

static enum sm_status read_chunk(struct sm_strings *s, sqlite3_stmt *q,
				 struct chunk_row *row, struct sm_bytes *raw)
{
	int64_t id = sqlite3_column_int64(q, 0);
	int64_t count = sqlite3_column_int64(q, 1);
	int64_t raw_bytes = sqlite3_column_int64(q, 2);
	const void *data = sqlite3_column_blob(q, 3);

	if (id <= 0 || count <= 0 || count > SM_CHUNK_RAW_MAX ||
	    id + count > SM_INTERN_LAST || raw_bytes < count)
		return SM_DAMAGED;
	*row = (struct chunk_row){ (uint32_t)id, (uint32_t)count };
	if (!data && sm_db_status(sqlite3_db_handle(q)) == SM_NOMEM)
		return SM_NOMEM;
	return sm_unpack(s->zstd, data, (size_t)sqlite3_column_bytes(q, 3),
			 raw_bytes, SM_CHUNK_RAW_MAX, raw);
}

#define CHUNK_QUERY "SELECT id,count,raw_bytes,data FROM chunk "

static enum sm_status find_chunk(struct sm_strings *s, sqlite3 *db, uint32_t id,
				 struct chunk_row *row, struct sm_bytes *raw)
{
	enum sm_status status;

	if (!s->query &&
	    sqlite3_prepare_v2(db,
			       CHUNK_QUERY "WHERE id<=? ORDER BY id DESC "
					   "LIMIT 1",
			       -1, &s->query, NULL))
		return sm_db_status(db);
	sqlite3_bind_int64(s->query, 1, id);
	if (sqlite3_step(s->query) == SQLITE_ROW)
		status = read_chunk(s, s->query, row, raw);
	else
		status = sm_db_status(db);
	sqlite3_reset(s->query);
	return status;
}

enum sm_status sm_strings_load(struct sm_strings *s, sqlite3 *db, uint32_t id)
{
	struct sm_bytes raw = { 0 };
	struct chunk_row row = { 0, 0 };
	enum sm_status status;

	status = sm_array_reserve((void **)&s->chunks, &s->chunk_room,
				  s->chunk_count + 1, sizeof(*s->chunks));
	if (!status)
		status = find_chunk(s, db, id, &row, &raw);
	if (!status && id - row.id >= row.count)
		status = SM_DAMAGED;
	if (status) {
		sm_bytes_fini(&raw);
		return status;
	}
	/* Kept even when its end is damaged: its start may be in use. */
	s->chunks[s->chunk_count++] = raw;
	s->bytes += raw.room;
	status = number(s, &raw, row.id, row.count);
	return status == SM_NOMEM || !s->pages[id >> SM_PAGE_BITS] ||
			       !s->pages[id >> SM_PAGE_BITS]
					[id & (SM_PAGE_STRINGS - 1)]
						.p
		       ? (status ? status : SM_DAMAGED)
		       : SM_OK;
}

/* ----------------------------------------------------------------- matches */

enum sm_status sm_matches_init(struct sm_matches *m, struct sm_str needle)
{
	char *copy = malloc(needle.len + 1u);

	*m = (struct sm_matches){ .next = 1 };
	m->pages = calloc(PAGES, sizeof(*m->pages));
	if (!copy || !m->pages) {
		free(copy);
		free(m->pages);
		m->pages = NULL;
		return SM_NOMEM;
	}
	memcpy(copy, needle.p, needle.len);
	m->needle = (struct sm_str){ copy, needle.len };
	return SM_OK;
}

void sm_matches_fini(struct sm_matches *m)
{
	for (size_t i = 0;
	     m->pages && i <= m->next >> SM_PAGE_BITS && i < PAGES; i++)
		free(m->pages[i]);
	free(m->pages);
	free((char *)m->needle.p);
	*m = (struct sm_matches){ 0 };
}

static enum sm_status mark(struct sm_matches *m, uint32_t id)
{
	uint8_t **page = &m->pages[id >> SM_PAGE_BITS];
	uint32_t at = id & (SM_PAGE_STRINGS - 1);

	if (!*page)
		*page = calloc(SM_PAGE_STRINGS / 8, 1);
	if (!*page)
		return SM_NOMEM;
	(*page)[at / 8] |= (uint8_t)(1u << (at % 8));
	return SM_OK;
}

static enum sm_status match_chunk(struct sm_matches *m, struct sm_strings *s,
				  sqlite3_stmt *q)
{
	struct sm_bytes raw = { 0 };
	struct chunk_row row = { 0, 0 };
	enum sm_status status = read_chunk(s, q, &row, &raw);
	struct sm_cbor_reader r = { raw.p, raw.p + raw.len };
	bool is_damaged = status == SM_DAMAGED;

	status = is_damaged ? SM_OK : status;
	for (uint32_t i = 0; i < row.count && !status; i++) {
		struct sm_str str;

		if (!is_damaged && sm_cbor_get_str(&r, &str, NULL))
			is_damaged = true;
		if (is_damaged ||
		    memmem(str.p, str.len, m->needle.p, m->needle.len))
			status = mark(m, row.id + i);
	}
	if (row.count)
		m->next = (uint64_t)row.id + row.count;
	sm_bytes_fini(&raw);
	return status;
}

enum sm_status sm_matches_update(struct sm_matches *m, struct sm_strings *s,
				 sqlite3 *db)
{
	enum sm_status status = SM_OK;
	sqlite3_stmt *q = NULL;

	if (sqlite3_prepare_v2(db, CHUNK_QUERY "WHERE id+count>? ORDER BY id",
			       -1, &q, NULL))
		return SM_IO;
	sqlite3_bind_int64(q, 1, (int64_t)m->next);
	/* What cannot be read stays unknown, and so matches. */
	while (!status && sqlite3_step(q) == SQLITE_ROW)
		status = match_chunk(m, s, q);
	sqlite3_finalize(q);
	return status;
}
