/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verify.c: is this the trace that was written?
 *
 * Every row is hashed again and compared with what the checkpoints say: the
 * last one of the whole file, those before it of what never changes.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "schema/cbor.h"
#include "schema/trace/column.h"
#include "schema/trace/verify.h"

/* --------------------------------------------------------------- findings */

/* Passes status on. What there is no memory for says nothing of the file. */
enum sm_status sm_verify_note(struct verifying *v, enum sm_status status)
{
	v->lacks_memory |= status == SM_NOMEM;
	return status;
}

static void report(struct verifying *v, const struct sm_diag *finding)
{
	/* A statement that failed comes right before what it is told by. */
	if (v->trace)
		sm_verify_note(v, sm_db_status(v->trace->db));
	if (v->lacks_memory)
		return;
	if (!v->first.status)
		v->first = *finding;
	if (v->found)
		v->found(v->context, finding);
}

void sm_verify_report_row(struct verifying *v, const char *part, uint64_t id,
			  const char *what)
{
	struct sm_diag finding = { 0 };

	sm_fail(&finding, SM_DAMAGED, "%s: %s %" PRIu64 ": %s", v->trace->path,
		part, id, what);
	report(v, &finding);
}

/* Of a table only the first: what follows from it says no more. */
void sm_verify_report_part(struct verifying *v, enum sm_part part,
			   const char *what)
{
	struct sm_diag finding = { 0 };

	if (v->is_reported[part])
		return;
	v->is_reported[part] = true;
	sm_fail(&finding, SM_DAMAGED, "%s: table %s: %s", v->trace->path,
		sm_part_name(part), what);
	report(v, &finding);
}

/* -------------------------------------------------------- chunks and blocks */

static struct sm_sealed row_of(sqlite3_stmt *q, bool is_block)
{
	return (struct sm_sealed){
		.is_block = is_block,
		.id = (uint64_t)sqlite3_column_int64(q, 0),
		.count = (uint32_t)sqlite3_column_int64(q, is_block ? 1 : 2),
		.raw_bytes =
			(uint32_t)sqlite3_column_int64(q, is_block ? 7 : 3),
		.first_ns = is_block ? (uint64_t)sqlite3_column_int64(q, 2) : 0,
	};
}

/* NULL when the chunk's strings are what the row says. */
static const char *check_strings(const struct verifying *v,
				 const struct sm_sealed *s)
{
	struct sm_cbor_reader r = { v->raw.p, v->raw.p + v->raw.len };

	for (uint32_t i = 0; i < s->count; i++) {
		struct sm_str str;

		if (sm_cbor_get_str(&r, &str, NULL) || !str.len)
			return "does not decode";
	}
	return r.at == r.end ? NULL : "does not decode";
}

static const char *check_numbers(const struct verifying *v,
				 const struct sm_block *b)
{
	uint64_t strings = v->now[SM_PART_CHUNK].count;

	for (uint32_t g = 0; g < b->group_count; g++) {
		const struct sm_block_view *view = &b->groups[g];
		const struct sm_shape *shape = &b->shapes[view->shape];

		if (!view->site || view->site >= v->trace->site_count)
			return "refers to a site that does not exist";
		for (uint32_t l = 0; l < shape->leaf_count; l++) {
			const uint64_t *ids = b->leaves + view->leaves +
					      (size_t)l * view->events;

			if (shape->leaves[l].kind != SM_LEAF_STRING)
				continue;
			for (uint32_t k = 0; k < view->events; k++)
				if (ids[k] >= strings)
					return "refers to a string that does "
					       "not exist";
		}
	}
	return NULL;
}

static const char *check_events(struct verifying *v, const struct sm_sealed *s)
{
	struct sm_block block;
	const char *what;

	if (sm_verify_note(v, sm_block_decode(v->raw.p, v->raw.len, s->count,
					      s->first_ns, &block)))
		return "does not decode";
	what = check_numbers(v, &block);
	sm_block_fini(&block);
	return what;
}

/* The hash, the last column, is over all others. */
static bool hash_matches(struct verifying *v, sqlite3_stmt *q,
			 const uint8_t previous[SM_HASH_BYTES],
			 struct sm_str stored)
{
	int columns = sqlite3_column_count(q) - 1;
	uint8_t hash[SM_HASH_BYTES];

	sm_chain_start(v->chain, previous);
	sm_chain_row(v->chain, q, columns);
	return !sm_verify_note(v, sm_chain_end(v->chain, hash)) &&
	       sqlite3_column_type(q, columns) == SQLITE_BLOB &&
	       stored.len == SM_HASH_BYTES &&
	       !memcmp(hash, stored.p, SM_HASH_BYTES);
}

static void check_row(struct verifying *v, enum sm_part part, sqlite3_stmt *q)
{
	bool is_block = part == SM_PART_BLOCK;
	struct sm_sealed s = row_of(q, is_block);
	struct sm_str stored = sm_column_str(q, sqlite3_column_count(q) - 1);
	struct sm_str data = sm_column_str(q, is_block ? 10 : 4);
	size_t max = is_block ? SM_BLOCK_RAW_MAX : SM_CHUNK_RAW_MAX;
	struct sm_mark *now = &v->now[part];
	const char *what = NULL;

	if (s.id != now->count)
		what = "rows before it are missing or overlap it";
	else if (!hash_matches(v, q, now->hash, stored))
		what = "its hash does not match: it, or what stands before "
		       "it, was changed";
	else if (sm_verify_note(v,
				sm_unpack(v->trace->strings.zstd, data.p,
					  data.len, s.raw_bytes, max, &v->raw)))
		what = "does not unpack";
	else
		what = is_block ? check_events(v, &s) : check_strings(v, &s);
	if (what)
		sm_verify_report_row(v, sm_part_name(part), s.id, what);
	/* Go on from what is stored, so that one change is one finding. */
	if (stored.len == SM_HASH_BYTES)
		memcpy(now->hash, stored.p, SM_HASH_BYTES);
	now->count = s.id + s.count;
}

static void check_lane(struct verifying *v, enum sm_part part,
		       enum sm_part full, const char *sql, uint64_t *rows)
{
	struct sm_mark *now = &v->now[part];
	sqlite3_stmt *q = NULL;
	int code = sqlite3_prepare_v2(v->trace->db, sql, -1, &q, NULL);

	now->count = 1;
	v->now[full] = *now;
	sm_verify_pass(v, full);
	while (!code && (code = sqlite3_step(q)) == SQLITE_ROW) {
		code = SQLITE_OK;
		check_row(v, part, q);
		if (part == SM_PART_BLOCK)
			sm_trace_tell(v->trace, now->count);
		v->now[full] = *now;
		sm_verify_pass(v, full);
		++*rows;
	}
	sqlite3_finalize(q);
	if (code != SQLITE_DONE)
		sm_verify_report_row(v, sm_part_name(part), now->count,
				     "cannot be read");
}

/* ------------------------------------------------------------ plain tables */

/* Of a group that ends: it is part of its table's hash. */
static void end_group(struct verifying *v, struct sm_mark *group)
{
	if (group->count)
		sm_bytes_put(&v->hashes, group->hash, SM_HASH_BYTES);
	*group = (struct sm_mark){ 0 };
}

static enum sm_status hash_grouped(struct verifying *v, struct sm_mark *now,
				   sqlite3_stmt *q, int *code)
{
	enum sm_status status = SM_OK;
	struct sm_mark group = { 0 };
	int64_t at = 0;

	v->hashes.len = 0;
	while (!status && (*code = sqlite3_step(q)) == SQLITE_ROW) {
		int64_t of = (sqlite3_column_int64(q, 0) - 1) / SM_GROUP_ROWS;

		if (of != at)
			end_group(v, &group);
		at = of;
		sm_chain_start(v->chain, group.hash);
		sm_chain_row(v->chain, q, sqlite3_column_count(q));
		status = sm_chain_end(v->chain, group.hash);
		group.count++;
		now->count++;
	}
	end_group(v, &group);
	if (status || !now->count)
		return status;
	sm_chain_open(v->chain);
	sm_chain_raw(v->chain, v->hashes.p, v->hashes.len);
	return v->hashes.has_failed ? SM_NOMEM
				    : sm_chain_end(v->chain, now->hash);
}

static enum sm_status hash_rows(struct verifying *v,
				const struct sm_table *table, sqlite3_stmt *q,
				int *code)
{
	bool is_appended = table->kind == SM_TABLE_APPENDED;
	struct sm_mark *now = &v->now[table->part];
	enum sm_status status = SM_OK;

	if (is_appended)
		sm_verify_pass(v, table->part);
	while (!status && (*code = sqlite3_step(q)) == SQLITE_ROW) {
		sm_chain_start(v->chain, now->hash);
		sm_chain_row(v->chain, q, sqlite3_column_count(q));
		status = sm_chain_end(v->chain, now->hash);
		now->count++;
		if (is_appended)
			sm_verify_pass(v, table->part);
	}
	return status;
}

static void check_table(struct verifying *v, const struct sm_table *table)
{
	struct sm_mark *now = &v->now[table->part];
	enum sm_status status = SM_OK;
	sqlite3_stmt *q = NULL;
	int code = sqlite3_prepare_v2(v->trace->db, table->rows, -1, &q, NULL);

	if (!code && table->kind != SM_TABLE_WHOLE) {
		sqlite3_bind_int64(q, 1, INT64_MIN);
		sqlite3_bind_int64(q, 2, INT64_MAX);
	}
	if (!code)
		status = table->kind == SM_TABLE_GROUPED
				 ? hash_grouped(v, now, q, &code)
				 : hash_rows(v, table, q, &code);
	sqlite3_finalize(q);
	sm_verify_note(v, status);
	if (code != SQLITE_DONE)
		sm_verify_report_part(v, table->part, "cannot be read");
}

/* ------------------------------------------------------------------ the end */

static void report_missing_events(struct verifying *v, uint64_t want)
{
	struct sm_diag finding = { 0 };
	uint64_t have = v->now[SM_PART_BLOCK].count;

	sm_fail(&finding, SM_DAMAGED,
		"%s: the end is missing: events %" PRIu64 " to %" PRIu64,
		v->trace->path, have, want - 1);
	report(v, &finding);
}

/* The last checkpoint is of all there is. */
static void check_last(struct verifying *v)
{
	const struct sm_checkpoint *last;

	if (!v->checkpoint_count)
		return;
	last = &v->checkpoints[v->checkpoint_count - 1];
	for (int i = 0; i < SM_PARTS; i++) {
		const struct sm_mark *want = &last->marks[i];
		const struct sm_mark *have = &v->now[i];

		/* Had to be passed on the way, like all before. */
		if (i == SM_PART_FULL_CHUNK || i == SM_PART_FULL_BLOCK) {
			if (v->passed[i] < v->checkpoint_count)
				sm_verify_report_part(v, (enum sm_part)i,
						      "rows are missing");
			continue;
		}
		if (i == SM_PART_BLOCK && have->count < want->count)
			report_missing_events(v, want->count);
		else if (have->count != want->count)
			sm_verify_report_part(v, (enum sm_part)i,
					      have->count < want->count
						      ? "rows are missing"
						      : "rows were added");
		else if (memcmp(have->hash, want->hash, SM_HASH_BYTES) != 0)
			sm_verify_report_part(
				v, (enum sm_part)i,
				"its hash does not match: rows were "
				"changed");
	}
}

static void check_all(struct verifying *v)
{
	struct sm_trace_verified *r = v->result;

	sm_verify_checkpoints(v);
	sm_verify_place_anchor(v);
	check_lane(v, SM_PART_CHUNK, SM_PART_FULL_CHUNK,
		   "SELECT id,kind,count,raw_bytes,data,hash FROM chunk ORDER "
		   "BY id",
		   &r->chunks);
	check_lane(v, SM_PART_BLOCK, SM_PART_FULL_BLOCK,
		   "SELECT id,events,first_ns,last_ns,first_process,"
		   "last_process,denials,raw_bytes,zone,postings,data,hash "
		   "FROM block ORDER BY id",
		   &r->blocks);
	for (int i = SM_PART_TABLES; i < SM_PARTS; i++)
		check_table(v, sm_table_of((enum sm_part)i));
	check_last(v);
	r->events = v->now[SM_PART_BLOCK].count - 1;
	r->is_closed = sm_verify_is_closed(v->trace);
}

/* All of one state, also of a trace that is being written. */
static enum sm_status open_still(const char *path, struct sm_trace **out,
				 struct sm_diag *diag)
{
	enum sm_status status = sm_trace_open(path, out, diag);

	if (!status && sqlite3_exec((*out)->db, "BEGIN", NULL, NULL, NULL))
		status = sm_db_fail((*out)->db, path, "cannot read", diag);
	return status ? status : sm_trace_refresh(*out, diag);
}

enum sm_status sm_trace_verify(const char *path,
			       const struct sm_trace_trust *trust,
			       sm_trace_finding *found, void *context,
			       struct sm_trace_verified *result,
			       struct sm_diag *diag)
{
	static const struct sm_trace_trust none;
	struct verifying v = { .found = found,
			       .context = context,
			       .trust = trust ? trust : &none,
			       .result = result,
			       .chain = sm_chain_new() };
	struct sm_diag finding = { 0 };
	enum sm_status status = SM_OK;

	*result = (struct sm_trace_verified){ 0 };
	if (v.trust->anchor.len)
		status = sm_checkpoint_parse(v.trust->anchor, &v.anchor);
	if (status)
		sm_fail(&finding, status, "%s: the given checkpoint is none",
			path);
	else
		status = open_still(path, &v.trace, &finding);
	if (!status && !v.chain)
		status = sm_fail(&finding, SM_NOMEM, "%s: out of memory", path);
	if (!status)
		check_all(&v);
	if (!status && v.lacks_memory && !v.first.status)
		status = sm_fail(&finding, SM_NOMEM, "%s: out of memory", path);
	if (!status)
		status = v.first.status;
	else if (status == SM_DAMAGED)
		report(&v, &finding);
	else
		v.first = finding;
	if (v.first.status && diag)
		*diag = v.first;
	sm_chain_free(v.chain);
	sm_bytes_fini(&v.raw);
	sm_bytes_fini(&v.hashes);
	free(v.checkpoints);
	sm_trace_close(v.trace);
	return status;
}
