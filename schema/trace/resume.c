/* SPDX-License-Identifier: Apache-2.0 */
/*
 * resume.c: taking up the tails of a trace that is continued, so that they
 * merge with what comes.
 */
#include <stdlib.h>

#include "schema/cbor.h"
#include "schema/trace/store.h"

struct resuming {
	struct sm_store *store;
	sm_store_learn *learn;
	void *context;
	ZSTD_DCtx *zstd;
	struct sm_bytes raw;
};

static enum sm_status unpack(struct resuming *r, sqlite3_stmt *q, int column,
			     int64_t raw_bytes, size_t max)
{
	const void *data = sqlite3_column_blob(q, column);
	int len = sqlite3_column_bytes(q, column);

	return sm_unpack(r->zstd, data, (size_t)len, raw_bytes, max, &r->raw);
}

static enum sm_status take_hash(sqlite3_stmt *q, int column,
				uint8_t hash[SM_HASH_BYTES])
{
	const void *p = sqlite3_column_blob(q, column);

	if (!p || sqlite3_column_bytes(q, column) != SM_HASH_BYTES)
		return SM_DAMAGED;
	memcpy(hash, p, SM_HASH_BYTES);
	return SM_OK;
}

/* A chunk that is not full, behind the full ones, is collected again. */
static enum sm_status take_chunk(struct resuming *r, sqlite3_stmt *q)
{
	struct sm_lane *lane = &r->store->strings;
	int64_t id = sqlite3_column_int64(q, 0);
	int64_t count = sqlite3_column_int64(q, 1);
	struct sm_cbor_reader c;
	enum sm_status status =
		unpack(r, q, 4, sqlite3_column_int64(q, 2), SM_CHUNK_RAW_MAX);
	bool is_full = r->raw.len >= SM_CHUNK_RAW_TARGET;

	if (status)
		return status;
	if (id != (int64_t)(lane->first + lane->written) || count <= 0 ||
	    id + count > UINT32_MAX)
		return SM_DAMAGED;
	c = (struct sm_cbor_reader){ r->raw.p, r->raw.p + r->raw.len };
	for (int64_t i = 0; i < count && !status; i++) {
		struct sm_str s;

		status = sm_cbor_get_str(&c, &s, NULL);
		if (!status)
			status = r->learn(r->context, s, (uint32_t)(id + i));
	}
	if (!status)
		status = take_hash(q, 3, lane->tail_hash);
	if (status)
		return status;
	if (is_full || r->store->chunk.len + r->raw.len > SM_CHUNK_RAW_MAX) {
		/* Tails before a full row stay as they are. */
		memcpy(lane->full_hash, lane->tail_hash, SM_HASH_BYTES);
		lane->first = (uint64_t)(id + count);
		lane->written = lane->tails = 0;
		r->store->chunk.len = 0;
		r->store->chunk_count = 0;
	} else {
		sm_bytes_put(&r->store->chunk, r->raw.p, r->raw.len);
		lane->written += (uint32_t)count;
		lane->tails++;
		r->store->chunk_count += (uint32_t)count;
	}
	r->store->chunk_written = r->store->chunk.len;
	return r->store->chunk.has_failed ? SM_NOMEM : SM_OK;
}

/* Re-adds a decoded event by its numbers. */
static enum sm_status retake_event(struct sm_block_builder *b,
				   const struct sm_block *block, uint32_t i,
				   const uint32_t *shapes)
{
	const struct sm_block_event *e = &block->rows[i];
	const struct sm_block_view *view = &block->groups[e->group];
	uint64_t leaves[SM_LEAVES_MAX];
	struct sm_block_row row = {
		.time_ns = e->time_ns,
		.seq = e->seq,
		.process = block->actors[e->actor].process,
		.thread = block->actors[e->actor].thread,
	};

	for (uint32_t l = 0; l < block->shapes[view->shape].leaf_count; l++)
		leaves[l] = block->leaves[view->leaves +
					  (size_t)l * view->events + e->row];
	return sm_block_builder_add(b, view->site, shapes[view->shape], &row,
				    leaves);
}

static enum sm_status retake_shapes(struct sm_block_builder *b,
				    const struct resuming *r, uint32_t *shapes)
{
	struct sm_bytes_reader text;
	enum sm_status status = SM_OK;

	if (!sm_block_column(&r->raw, SM_COLUMN_SHAPES, &text))
		return SM_DAMAGED;
	for (uint32_t i = 0; text.at < text.end && !status; i++) {
		const uint8_t *from = text.at;
		struct sm_shape shape;

		status = sm_shape_decode(&text, &shape);
		if (status)
			return status;
		sm_shape_fini(&shape);
		status = sm_block_builder_shape(
			b, from, (uint32_t)(text.at - from), &shapes[i]);
	}
	return status;
}

static enum sm_status retake(struct resuming *r, uint32_t events,
			     uint64_t first_ns)
{
	struct sm_block_builder *b = &r->store->builder;
	struct sm_block block;
	enum sm_status status =
		sm_block_decode(r->raw.p, r->raw.len, events, first_ns, &block);
	uint32_t *shapes;

	if (status)
		return status;
	shapes = malloc((block.shape_count + 1) * sizeof(*shapes));
	status = shapes ? retake_shapes(b, r, shapes) : SM_NOMEM;
	for (uint32_t i = 0; i < events && !status; i++)
		status = sm_block_builder_is_full(b)
				 ? SM_DAMAGED
				 : retake_event(b, &block, i, shapes);
	free(shapes);
	sm_block_fini(&block);
	return status;
}

static enum sm_status take_block(struct resuming *r, sqlite3_stmt *q)
{
	enum sm_status status =
		unpack(r, q, 4, sqlite3_column_int64(q, 5), SM_BLOCK_RAW_MAX);

	if (!status)
		status = retake(r, (uint32_t)sqlite3_column_int64(q, 1),
				(uint64_t)sqlite3_column_int64(q, 2));
	if (status)
		return status;
	r->store->events.written = r->store->builder.count;
	r->store->events.tails++;
	return take_hash(q, 3, r->store->events.tail_hash);
}

/* Skips full blocks; the rest are the tails. */
static enum sm_status place_block(struct resuming *r, sqlite3_stmt *q,
				  uint64_t tail_from)
{
	struct sm_lane *lane = &r->store->events;
	uint64_t id = (uint64_t)sqlite3_column_int64(q, 0);
	int64_t events = sqlite3_column_int64(q, 1);
	enum sm_status status;

	if (id != lane->first + lane->written || events <= 0 ||
	    events > SM_BLOCK_EVENTS)
		return SM_DAMAGED;
	if (id >= tail_from)
		return take_block(r, q);
	status = take_hash(q, 3, lane->full_hash);
	memcpy(lane->tail_hash, lane->full_hash, SM_HASH_BYTES);
	lane->first = id + (uint64_t)events;
	return status;
}

static enum sm_status scalar(struct resuming *r, const char *sql, int64_t *out)
{
	sqlite3_stmt *q = NULL;
	enum sm_status status = SM_IO;

	if (!sqlite3_prepare_v2(r->store->rows->db, sql, -1, &q, NULL) &&
	    sqlite3_step(q) == SQLITE_ROW) {
		*out = sqlite3_column_int64(q, 0);
		status = SM_OK;
	}
	sqlite3_finalize(q);
	return status;
}

/*
 * The first block from which on all blocks together are at most one full
 * block's events and a quarter of its bytes, so that the builder takes them.
 */
static enum sm_status find_tail(struct resuming *r, uint64_t full_block,
				uint64_t *from)
{
	sqlite3_stmt *q = NULL;
	int64_t events = 0, bytes = 0;
	int code = sqlite3_prepare_v2(
		r->store->rows->db,
		"SELECT id,events,raw_bytes FROM block ORDER BY id DESC", -1,
		&q, NULL);

	*from = UINT64_MAX;
	while (!code && (code = sqlite3_step(q)) == SQLITE_ROW) {
		code = SQLITE_OK;
		events += sqlite3_column_int64(q, 1);
		bytes += sqlite3_column_int64(q, 2);
		if (sqlite3_column_int64(q, 0) < (int64_t)full_block)
			break;
		if (events >= SM_BLOCK_EVENTS || bytes > SM_BLOCK_RAW_MAX / 16)
			break;
		*from = (uint64_t)sqlite3_column_int64(q, 0);
	}
	sqlite3_finalize(q);
	return code == SQLITE_DONE || code == SQLITE_OK ? SM_OK : SM_IO;
}

static enum sm_status take_all(struct resuming *r, uint64_t full_block)
{
	sqlite3 *db = r->store->rows->db;
	enum sm_status status = SM_OK;
	sqlite3_stmt *q = NULL;
	uint64_t tail_from;
	int64_t payload = 0;
	int code;

	if (sqlite3_prepare_v2(db,
			       "SELECT id,count,raw_bytes,hash,data FROM chunk "
			       "ORDER BY id",
			       -1, &q, NULL))
		return SM_IO;
	while (!status && (code = sqlite3_step(q)) == SQLITE_ROW)
		status = take_chunk(r, q);
	sqlite3_finalize(q);
	if (status || code != SQLITE_DONE)
		return status ? status : SM_IO;
	status = find_tail(r, full_block, &tail_from);
	if (status)
		return status;
	if (sqlite3_prepare_v2(db,
			       "SELECT id,events,first_ns,hash,data,raw_bytes "
			       "FROM block ORDER BY id",
			       -1, &q, NULL))
		return SM_IO;
	while (!status && (code = sqlite3_step(q)) == SQLITE_ROW)
		status = place_block(r, q, tail_from);
	sqlite3_finalize(q);
	if (status || code != SQLITE_DONE)
		return status ? status : SM_IO;
	status = scalar(r,
			"SELECT ifnull((SELECT sum(length(data)) FROM block),0)"
			"+ifnull((SELECT sum(length(data)) FROM chunk),0)",
			&payload);
	r->store->payload = (uint64_t)payload;
	return status;
}

enum sm_status sm_store_resume(struct sm_store *store, uint64_t full_block,
			       sm_store_learn *learn, void *context)
{
	struct resuming r = { store, learn, context, sm_unpack_new(), { 0 } };
	enum sm_status status = r.zstd ? take_all(&r, full_block) : SM_NOMEM;

	sm_bytes_fini(&r.raw);
	ZSTD_freeDCtx(r.zstd);
	return status;
}
