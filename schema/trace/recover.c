/* SPDX-License-Identifier: Apache-2.0 */
/*
 * recover.c: a new trace of all that can still be read of a damaged one.
 *
 * Rows are taken from the pages as they are. What refers to rows that are gone
 * gets a substitute that says so: a reader needs every name, site and string
 * that an event refers to. Hashes and checkpoints are kept, so that
 * verification still tells what is as written.
 */
#include <stdlib.h>
#include <unistd.h>

#include "schema/cbor.h"
#include "schema/named.h"
#include "schema/path.h"
#include "schema/trace.h"
#include "schema/trace/argv.h"
#include "schema/trace/block.h"
#include "schema/trace/db.h"
#include "schema/trace/pack.h"
#include "schema/trace/pages.h"
#include "schema/trace/substitute.h"

/* A damaged file has few such rows; a hostile one a million of 4 MiB. */
#define IN_VAIN_MAX (UINT64_C(1) << 30)

/* Columns: k row's number, i integer, s text or blob, b blob, ? anything. */
enum table {
	TABLE_META,
	TABLE_PROCESS,
	TABLE_POLICY,
	TABLE_ADOPTION,
	TABLE_NAME,
	TABLE_CHECKPOINT,
	TABLE_SITE,
	TABLE_RESOURCE,
	TABLE_DENIAL,
	TABLE_LOSS,
	TABLE_CHUNK,
	TABLE_BLOCK,
	TABLES
};
static const struct {
	const char *columns, *insert;
	bool is_of_now; /* rows of the past are others, and not wanted */
} tables[TABLES] = {
#define INTO "INSERT OR IGNORE INTO "
	[TABLE_META] = { "s?", INTO "meta VALUES(?,?)", false },
	[TABLE_PROCESS] = { "kiiiiisssss?????????????????",
			    INTO "process VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,"
				 "?,?,?,?,?,?,?,?,?,?,?,?,?)",
			    false },
	[TABLE_POLICY] = { "kis??????", INTO "policy VALUES(?,?,?,?,?,?,?,?,?)",
			   false },
	[TABLE_ADOPTION] = { "kiiii", INTO "adoption VALUES(?,?,?,?,?)",
			     false },
	[TABLE_NAME] = { "ks", INTO "name VALUES(?,?)", false },
	[TABLE_CHECKPOINT] = { "ks?", INTO "checkpoint VALUES(?,?,?)", true },
	[TABLE_SITE] = { "kiiiiiiii", INTO "site_row VALUES(?,?,?,?,?,?,?,?,?)",
			 false },
	[TABLE_RESOURCE] = { "kssss?iiii",
			     INTO "resource VALUES(?,?,?,?,?,?,?,?,?,?)",
			     true },
	[TABLE_DENIAL] = { "kssisiiiii",
			   INTO "denial VALUES(?,?,?,?,?,?,?,?,?,?)", false },
	[TABLE_LOSS] = { "kisii", INTO "loss VALUES(?,?,?,?,?)", false },
	[TABLE_CHUNK] = { "ksiibb", INTO "chunk VALUES(?,?,?,?,?,?)", false },
	[TABLE_BLOCK] = { "kiiiiiiibbbb",
			  INTO "block VALUES(?,?,?,?,?,?,?,?,?,?,?,?)", false },
#undef INTO
};

/* A chunk or block that decodes. */
struct candidate {
	uint64_t id, count;
	uint64_t last_site, last_string; /* that a block refers to */
	uint32_t page;
	uint16_t index;
	bool is_reachable;
};

struct candidates {
	struct candidate *at;
	size_t count, room;
};

struct recovering {
	struct sm_pages *pages;
	sqlite3 *db;
	sqlite3_stmt *inserts[TABLES];
	ZSTD_DCtx *zstd;
	struct sm_bytes raw;
	struct sm_chain *chain;
	uint64_t in_vain; /* bytes unpacked of what did not decode */
	struct candidates chunks, blocks;
	uint64_t sites;	     /* the last one that blocks refer to */
	uint64_t strings;    /* likewise */
	uint64_t string_end; /* behind the last chunk */
	struct sm_trace_recovered *result;
};

/* ------------------------------------------------------------- recognising */

static bool fits(char want, const struct sm_cell_value *v)
{
	switch (want) {
	case 'k':
		return v->type == SM_CELL_NULL;
	case 'i':
		return v->type == SM_CELL_INT;
	case 's':
		return v->type == SM_CELL_TEXT || v->type == SM_CELL_BLOB;
	case 'b':
		return v->type == SM_CELL_BLOB;
	default:
		return true;
	}
}

static enum table recognise(const struct sm_cell *cell)
{
	for (int t = 0; t < TABLES; t++) {
		const char *columns = tables[t].columns;
		unsigned i = 0;

		if (strlen(columns) != cell->columns ||
		    (columns[0] == 'k') != cell->has_rowid)
			continue;
		while (i < cell->columns && fits(columns[i], &cell->values[i]))
			i++;
		if (i == cell->columns)
			return (enum table)t;
	}
	return TABLES;
}

/* ---------------------------------------------------------------- inserting */

static void bind(sqlite3_stmt *s, int i, const struct sm_cell_value *v)
{
	double real;

	switch (v->type) {
	case SM_CELL_INT:
		sqlite3_bind_int64(s, i, v->i);
		break;
	case SM_CELL_REAL:
		memcpy(&real, &v->i, sizeof(real));
		sqlite3_bind_double(s, i, real);
		break;
	case SM_CELL_TEXT:
		sqlite3_bind_text(s, i, v->s.p, (int)v->s.len, SQLITE_STATIC);
		break;
	case SM_CELL_BLOB:
		sqlite3_bind_blob(s, i, v->s.p, (int)v->s.len, SQLITE_STATIC);
		break;
	case SM_CELL_NULL:
		break;
	}
}

static enum sm_status step(sqlite3_stmt *s)
{
	int code = sqlite3_step(s);

	sqlite3_reset(s);
	sqlite3_clear_bindings(s);
	return code == SQLITE_DONE ? SM_OK : SM_IO;
}

static enum sm_status insert(struct recovering *r, enum table t,
			     const struct sm_cell *cell)
{
	sqlite3_stmt **s = &r->inserts[t];

	if (!*s && sqlite3_prepare_v2(r->db, tables[t].insert, -1, s, NULL))
		return SM_IO;
	for (unsigned i = 0; i < cell->columns; i++)
		bind(*s, (int)i + 1, &cell->values[i]);
	if (cell->has_rowid)
		sqlite3_bind_int64(*s, 1, cell->rowid);
	r->result->rows++;
	return step(*s);
}

/* -------------------------------------------------------------- candidates */

static bool chunk_decodes(const struct recovering *r, uint64_t count)
{
	struct sm_cbor_reader c = { r->raw.p, r->raw.p + r->raw.len };
	struct sm_str s;

	for (uint64_t i = 0; i < count; i++)
		if (sm_cbor_get_str(&c, &s, NULL) || !s.len ||
		    s.len > SM_STRING_MAX)
			return false;
	return c.at == c.end;
}

/* The largest numbers that groups refer to. */
static void note_numbers(const struct sm_block *b, struct candidate *c)
{
	for (uint32_t g = 0; g < b->group_count; g++) {
		const struct sm_block_view *view = &b->groups[g];
		const struct sm_shape *shape = &b->shapes[view->shape];

		if (view->site > c->last_site)
			c->last_site = view->site;
		for (uint32_t l = 0; l < shape->leaf_count; l++) {
			const uint64_t *ids = b->leaves + view->leaves +
					      (size_t)l * view->events;

			if (shape->leaves[l].kind != SM_LEAF_STRING)
				continue;
			for (uint32_t k = 0; k < view->events; k++)
				if (ids[k] > c->last_string)
					c->last_string = ids[k];
		}
	}
}

static bool block_decodes(const struct recovering *r,
			  const struct sm_cell *cell, struct candidate *c)
{
	struct sm_block block;

	if (sm_block_decode(r->raw.p, r->raw.len, (uint32_t)cell->values[1].i,
			    (uint64_t)cell->values[2].i, &block))
		return false;
	note_numbers(&block, c);
	sm_block_fini(&block);
	return true;
}

static enum sm_status note(struct recovering *r, const struct sm_cell *cell,
			   bool is_block)
{
	struct candidates *list = is_block ? &r->blocks : &r->chunks;
	const struct sm_cell_value *v = cell->values;
	const struct sm_str *data = &v[is_block ? 11 : 5].s;
	int64_t count = v[is_block ? 1 : 2].i;
	int64_t max = is_block ? SM_BLOCK_EVENTS : SM_CHUNK_RAW_MAX;
	size_t raw_max = is_block ? SM_BLOCK_RAW_MAX : SM_CHUNK_RAW_MAX;
	struct candidate c = { .id = (uint64_t)cell->rowid,
			       .count = (uint64_t)count,
			       .page = cell->page,
			       .index = cell->index,
			       .is_reachable = cell->is_reachable };
	enum sm_status status;

	if (cell->rowid < 1 || cell->rowid > INT64_MAX / 2 || count < 1 ||
	    count > max || (!is_block && cell->rowid + count > UINT32_MAX / 2))
		return SM_OK;
	if (r->in_vain > IN_VAIN_MAX)
		return SM_LIMIT;
	status = sm_unpack(r->zstd, data->p, data->len, v[is_block ? 7 : 3].i,
			   raw_max, &r->raw);
	if (status)
		return status == SM_NOMEM ? status : SM_OK;
	if (is_block ? !block_decodes(r, cell, &c)
		     : !chunk_decodes(r, (uint64_t)count)) {
		r->in_vain += r->raw.len;
		return SM_OK;
	}
	status = sm_array_reserve((void **)&list->at, &list->room,
				  list->count + 1, sizeof(*list->at));
	if (!status)
		list->at[list->count++] = c;
	return status;
}

/* By place; of those at one place the present before the past, then the long.
 */
static int compare(const void *x, const void *y)
{
	const struct candidate *a = x, *b = y;

	if (a->id != b->id)
		return a->id < b->id ? -1 : 1;
	if (a->is_reachable != b->is_reachable)
		return a->is_reachable ? -1 : 1;
	return (a->count < b->count) - (a->count > b->count);
}

/* Whether c overlaps the present rows from *at on; skips those before it. */
static bool meets_present(const struct candidates *list, size_t *at,
			  const struct candidate *c)
{
	for (; *at < list->count; ++*at) {
		const struct candidate *p = &list->at[*at];

		if (!p->is_reachable || p->id + p->count <= c->id)
			continue;
		return p->id < c->id + c->count;
	}
	return false;
}

/* The row accepted last: of one that stands behind it the hash can be told. */
struct last {
	uint64_t end; /* number behind it */
	bool is_known, is_reachable;
	uint8_t hash[SM_HASH_BYTES];
};

static void hash_cell(struct sm_chain *chain, const struct sm_cell *cell,
		      unsigned hash_column)
{
	sm_chain_int(chain, cell->rowid);
	for (unsigned i = 1; i < cell->columns; i++) {
		const struct sm_cell_value *v = &cell->values[i];

		if (i == hash_column)
			continue;
		if (v->type == SM_CELL_INT)
			sm_chain_int(chain, v->i);
		else if (v->type == SM_CELL_TEXT)
			sm_chain_text(chain, v->s.p, v->s.len);
		else
			sm_chain_bytes(chain, v->s.p, v->s.len);
	}
}

/*
 * False when the row was changed for sure. Rows of the past chain with each
 * other, not with those that replaced them.
 */
static bool is_as_written(struct recovering *r, const struct sm_cell *cell,
			  unsigned hash_column, const struct candidate *c,
			  struct last *last)
{
	const struct sm_str *stored = &cell->values[hash_column].s;
	bool is_next = last->is_known && last->end == c->id &&
		       last->is_reachable == c->is_reachable;
	uint8_t hash[SM_HASH_BYTES];

	if (stored->len != SM_HASH_BYTES)
		return false;
	if (is_next) {
		sm_chain_start(r->chain, last->hash);
		hash_cell(r->chain, cell, hash_column);
		if (sm_chain_end(r->chain, hash) ||
		    memcmp(hash, stored->p, SM_HASH_BYTES) != 0)
			return false;
	}
	memcpy(last->hash, stored->p, SM_HASH_BYTES);
	last->is_known = true;
	last->is_reachable = c->is_reachable;
	return true;
}

/* What a block refers to may be lost, but not be beyond all there ever was. */
static bool refers_within(const struct recovering *r, const struct candidate *c)
{
	return c->last_string < r->string_end + SM_STRINGS_LOST_MAX &&
	       c->last_site < SM_ROWS_LOST_MAX;
}

static enum sm_status put_row(struct recovering *r, enum table t,
			      const struct candidate *c, struct last *last)
{
	bool is_block = t == TABLE_BLOCK;
	struct sm_cell cell;
	enum sm_status status =
		sm_pages_get(r->pages, c->page, c->index, &cell);

	if (status)
		return status;
	if (!is_as_written(r, &cell, is_block ? 8 : 4, c, last)) {
		r->result->changed++;
		last->is_known = false;
		return SM_OK;
	}
	if (!is_block && c->id > last->end)
		status = sm_substitute_strings(r->db, last->end,
					       c->id - last->end,
					       &r->result->substitutes);
	if (!status)
		status = insert(r, t, &cell);
	if (is_block) {
		r->result->blocks++;
		r->result->events += c->count;
		r->result->missing += c->id - last->end;
		if (c->last_site > r->sites)
			r->sites = c->last_site;
		if (c->last_string > r->strings)
			r->strings = c->last_string;
	}
	last->end = c->id + c->count;
	return status;
}

/*
 * Rows in order without overlap. Tails that were merged are of the past: they
 * fill gaps where the row they became is gone.
 */
static enum sm_status put_lane(struct recovering *r, enum table t,
			       struct candidates *list, uint64_t *end)
{
	struct last last = { .end = 1, .is_known = true, .is_reachable = true };
	enum sm_status status = SM_OK;
	size_t present = 0;

	if (list->count)
		qsort(list->at, list->count, sizeof(*list->at), compare);
	for (size_t i = 0; i < list->count && !status; i++) {
		const struct candidate *c = &list->at[i];

		if (c->id < last.end ||
		    (!c->is_reachable && meets_present(list, &present, c)) ||
		    (t == TABLE_BLOCK && !refers_within(r, c)))
			continue;
		status = put_row(r, t, c, &last);
	}
	*end = last.end;
	return status;
}

static bool is_any(struct sm_str text)
{
	(void)text;
	return true;
}

/* Whether a reader takes the list of at most max texts, each of a kind. */
static bool is_list(const struct sm_cell_value *value, size_t max,
		    bool (*is_kind)(struct sm_str text))
{
	const struct sm_str *s = &value->s;
	struct sm_str *items;
	char *copy = malloc((size_t)s->len + 1);
	bool is_valid = false;
	int n;

	if (s->len / 3 + 1 < max)
		max = s->len / 3 + 1;
	items = malloc(max * sizeof(*items));
	if (items && copy) {
		memcpy(copy, s->p, s->len);
		copy[s->len] = '\0';
		n = sm_argv_get(copy, s->len, items, (int)max);
		is_valid = n >= 0;
		for (int i = 0; i < n; i++)
			is_valid &= is_kind(items[i]);
	}
	free(items);
	free(copy);
	return is_valid;
}

static bool has_arguments(const struct sm_cell *process)
{
	return is_list(&process->values[8], 1024, is_any) &&
	       is_list(&process->values[10], SM_NAMED_MAX, sm_named_is_valid);
}

static enum sm_status take(void *context, const struct sm_cell *cell)
{
	struct recovering *r = context;
	enum table t = recognise(cell);

	if (t == TABLES || (tables[t].is_of_now && !cell->is_reachable))
		return SM_OK;
	if (t == TABLE_CHUNK || t == TABLE_BLOCK)
		return note(r, cell, t == TABLE_BLOCK);
	if (t == TABLE_PROCESS && !has_arguments(cell))
		return SM_OK;
	return insert(r, t, cell);
}

/* --------------------------------------------------------------------- all */

static enum sm_status exec(struct recovering *r, const char *sql)
{
	return sqlite3_exec(r->db, sql, NULL, NULL, NULL) ? SM_IO : SM_OK;
}

static enum sm_status recover_all(struct recovering *r)
{
	enum sm_status status = exec(r, "BEGIN");
	uint64_t end;

	if (!status)
		status = sm_pages_each(r->pages, take, r);
	if (!status)
		status = put_lane(r, TABLE_CHUNK, &r->chunks, &r->string_end);
	if (!status)
		status = put_lane(r, TABLE_BLOCK, &r->blocks, &end);
	if (!status && r->strings >= r->string_end)
		status = sm_substitute_strings(r->db, r->string_end,
					       r->strings + 1 - r->string_end,
					       &r->result->substitutes);
	if (!status && !r->result->rows)
		return SM_NOT_OURS;
	if (!status)
		status = sm_substitute_rows(r->db, r->sites,
					    &r->result->substitutes);
	if (!status)
		status = exec(r, "COMMIT");
	if (!status)
		status = exec(r, "PRAGMA journal_mode=DELETE");
	return status;
}

static enum sm_status recover_into(struct recovering *r, const char *path,
				   const char *out, struct sm_diag *diag)
{
	int lock_fd = -1;
	enum sm_status status = sm_db_create(out, &r->db, &lock_fd, diag);

	if (status)
		return status;
	status = recover_all(r);
	for (int i = 0; i < TABLES; i++)
		sqlite3_finalize(r->inserts[i]);
	if (status == SM_IO)
		sm_db_fail(r->db, out, "cannot write", diag);
	else if (status == SM_NOT_OURS)
		sm_fail(diag, status, "%s: no row of a trace is left", path);
	else if (status)
		sm_fail(diag, status, "%s: %s", path, sm_status_text(status));
	sqlite3_close(r->db);
	close(lock_fd);
	if (status) {
		struct sm_diag ignored;

		(void)!sm_db_remove(out, &ignored);
	}
	return status;
}

enum sm_status sm_trace_recover(const char *path, const char *out,
				struct sm_trace_recovered *result,
				struct sm_diag *diag)
{
	struct recovering r = { .result = result,
				.zstd = sm_unpack_new(),
				.chain = sm_chain_new() };
	enum sm_status status;

	*result = (struct sm_trace_recovered){ 0 };
	status = r.zstd && r.chain
			 ? sm_pages_open(path, &r.pages, diag)
			 : sm_fail(diag, SM_NOMEM, "%s: out of memory", path);
	if (!status)
		status = recover_into(&r, path, out, diag);
	sm_pages_close(r.pages);
	ZSTD_freeDCtx(r.zstd);
	sm_chain_free(r.chain);
	sm_bytes_fini(&r.raw);
	free(r.chunks.at);
	free(r.blocks.at);
	return status;
}
