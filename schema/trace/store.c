/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/trace/store.h"

#include <stdlib.h>

#include "schema/cbor.h"

static void sealed_fini(struct sm_sealed *s)
{
	sm_bytes_fini(&s->data);
	sm_bytes_fini(&s->zone);
	sm_bytes_fini(&s->postings);
}

/*
 * The hash of a row whose predecessor's hash is previous: sm_chain_row() of all
 * columns but hash gives the same. SM_NOMEM.
 */
static enum sm_status hash_sealed(const struct sm_sealed *s,
				  struct sm_chain *chain,
				  const uint8_t previous[SM_HASH_BYTES],
				  uint8_t hash[SM_HASH_BYTES])
{
	sm_chain_start(chain, previous);
	sm_chain_int(chain, (int64_t)s->id);
	if (!s->is_block)
		sm_chain_text(chain, SM_CHUNK_KIND, sizeof(SM_CHUNK_KIND) - 1);
	sm_chain_int(chain, s->count);
	if (s->is_block) {
		sm_chain_int(chain, (int64_t)s->first_ns);
		sm_chain_int(chain, (int64_t)s->last_ns);
		sm_chain_int(chain, s->first_process);
		sm_chain_int(chain, s->last_process);
		sm_chain_int(chain, s->denials);
	}
	sm_chain_int(chain, s->raw_bytes);
	if (s->is_block) {
		sm_chain_bytes(chain, s->zone.p, s->zone.len);
		sm_chain_bytes(chain, s->postings.p, s->postings.len);
	}
	sm_chain_bytes(chain, s->data.p, s->data.len);
	return sm_chain_end(chain, hash);
}

enum sm_status sm_store_init(struct sm_store *store, struct sm_rows *rows,
			     sm_block_event_name *event_name, void *context)
{
	*store = (struct sm_store){ .rows = rows,
				    .event_name = event_name,
				    .context = context };
	store->strings.first = store->events.first = 1;
	store->chain = sm_chain_new();
	store->zstd = ZSTD_createCCtx();
	if (!store->chain || !store->zstd)
		return SM_NOMEM;
	return sm_block_builder_init(&store->builder);
}

static void fini_lane(struct sm_lane *lane)
{
	for (size_t i = 0; i < lane->sealed_count; i++)
		sealed_fini(&lane->sealed[i]);
	free(lane->sealed);
}

void sm_store_fini(struct sm_store *store)
{
	fini_lane(&store->strings);
	fini_lane(&store->events);
	sm_bytes_fini(&store->chunk);
	sm_block_builder_fini(&store->builder);
	sm_chain_free(store->chain);
	ZSTD_freeCCtx(store->zstd);
	*store = (struct sm_store){ 0 };
}

/* ----------------------------------------------------------------- sealing */

static enum sm_status push(struct sm_lane *lane, const struct sm_sealed *sealed)
{
	enum sm_status status =
		sm_array_reserve((void **)&lane->sealed, &lane->sealed_room,
				 lane->sealed_count + 1, sizeof(*sealed));

	if (status)
		return status;
	lane->sealed[lane->sealed_count++] = *sealed;
	lane->sealed_bytes +=
		sealed->data.len + sealed->zone.len + sealed->postings.len;
	return SM_OK;
}

/* Gives back the slack of a blob that may wait for long. */
static void shrink(struct sm_bytes *b)
{
	uint8_t *p = b->len ? realloc(b->p, b->len) : NULL;

	if (p) {
		b->p = p;
		b->room = b->len;
	}
}

static enum sm_status pack_strings(struct sm_store *store, size_t from,
				   uint32_t first, uint32_t count,
				   struct sm_sealed *out)
{
	struct sm_bytes part = { .p = store->chunk.p + from,
				 .len = store->chunk.len - from };
	enum sm_status status;

	*out = (struct sm_sealed){ .id = store->strings.first + first,
				   .count = count,
				   .raw_bytes = (uint32_t)part.len };
	status = sm_pack(store->zstd, &part, &out->data);
	if (status)
		sealed_fini(out);
	else
		shrink(&out->data);
	return status;
}

static enum sm_status cut_chunk(struct sm_store *store)
{
	struct sm_sealed sealed;
	enum sm_status status =
		pack_strings(store, 0, 0, store->chunk_count, &sealed);

	if (status)
		return status;
	status = push(&store->strings, &sealed);
	if (status) {
		sealed_fini(&sealed);
		return status;
	}
	store->strings.first += store->chunk_count;
	store->strings.written = 0;
	store->strings.tails = 0;
	store->chunk_count = 0;
	store->chunk.len = 0;
	store->chunk_written = 0;
	return SM_OK;
}

enum sm_status sm_store_string(struct sm_store *store, struct sm_str s)
{
	size_t room = (size_t)s.len + 9;
	struct sm_cbor_writer w = { 0 };
	uint8_t *at;

	if (store->chunk.len >= SM_CHUNK_RAW_TARGET) {
		enum sm_status status = cut_chunk(store);

		if (status)
			return status;
	}
	at = sm_bytes_grow(&store->chunk, room);
	if (!at) {
		store->chunk.has_failed = false;
		return SM_NOMEM;
	}
	w = (struct sm_cbor_writer){ at, at + room, false };
	sm_cbor_put_str(&w, s);
	store->chunk.len = (size_t)(w.at - store->chunk.p);
	store->chunk_count++;
	return SM_OK;
}

static enum sm_status pack_events(struct sm_store *store, uint32_t from,
				  struct sm_sealed *out)
{
	struct sm_block_summary s = { 0 };
	enum sm_status status =
		sm_block_encode(&store->builder, from, store->builder.count,
				store->event_name, store->context, &s);

	*out = (struct sm_sealed){ .is_block = true };
	if (status)
		return status;
	out->id = store->events.first + from;
	out->count = s.events;
	out->raw_bytes = (uint32_t)s.raw.len;
	out->first_ns = s.first_ns;
	out->last_ns = s.last_ns;
	out->first_process = s.first_process;
	out->last_process = s.last_process;
	out->denials = s.denials;
	status = sm_pack_parts(store->zstd, &s.raw, s.ends, s.end_count,
			       &out->data);
	if (!status)
		status = sm_pack(store->zstd, &s.zone, &out->zone);
	if (!status)
		status = sm_pack(store->zstd, &s.postings, &out->postings);
	sm_block_summary_fini(&s);
	if (status) {
		sealed_fini(out);
		return status;
	}
	shrink(&out->data);
	shrink(&out->postings);
	return SM_OK;
}

enum sm_status sm_store_cut(struct sm_store *store)
{
	struct sm_sealed sealed;
	enum sm_status status;

	if (!store->builder.count)
		return SM_OK;
	status = pack_events(store, 0, &sealed);
	if (status)
		return status;
	status = push(&store->events, &sealed);
	if (status) {
		sealed_fini(&sealed);
		return status;
	}
	store->events.first += store->builder.count;
	store->events.written = 0;
	store->events.tails = 0;
	sm_block_builder_clear(&store->builder);
	return SM_OK;
}

bool sm_store_has_news(const struct sm_store *store)
{
	return store->strings.sealed_count || store->events.sealed_count ||
	       store->builder.count > store->events.written ||
	       store->chunk_count > store->strings.written;
}

size_t sm_store_bytes(const struct sm_store *store)
{
	return store->strings.sealed_bytes + store->events.sealed_bytes +
	       store->chunk.len - store->chunk_written +
	       (store->builder.count - store->events.written) *
		       sizeof(struct sm_block_row) +
	       store->builder.leaf_count * sizeof(uint64_t);
}

/* ----------------------------------------------------------------- writing */

static enum sm_status run_cut(struct sm_store *store, bool is_block,
			      uint64_t from)
{
	sqlite3_stmt *s = sm_rows_statement(
		store->rows, is_block ? SM_CUT_BLOCKS : SM_CUT_CHUNKS);

	if (!s)
		return SM_IO;
	sqlite3_bind_int64(s, 1, (int64_t)from);
	return sm_rows_step(s);
}

static void bind_bytes(sqlite3_stmt *s, int i, const struct sm_bytes *b)
{
	sqlite3_bind_blob(s, i, b->p, (int)b->len, SQLITE_STATIC);
}

static enum sm_status put(struct sm_store *store, const struct sm_sealed *x,
			  const uint8_t hash[SM_HASH_BYTES])
{
	sqlite3_stmt *s = sm_rows_statement(
		store->rows, x->is_block ? SM_PUT_BLOCK : SM_PUT_CHUNK);

	if (!s)
		return SM_IO;
	sqlite3_bind_int64(s, 1, (int64_t)x->id);
	if (!x->is_block) {
		sqlite3_bind_text(s, 2, SM_CHUNK_KIND, -1, SQLITE_STATIC);
		sqlite3_bind_int64(s, 3, x->count);
		sqlite3_bind_int64(s, 4, x->raw_bytes);
		sqlite3_bind_blob(s, 5, hash, SM_HASH_BYTES, SQLITE_STATIC);
		bind_bytes(s, 6, &x->data);
		return sm_rows_step(s);
	}
	sqlite3_bind_int64(s, 2, x->count);
	sqlite3_bind_int64(s, 3, (int64_t)x->first_ns);
	sqlite3_bind_int64(s, 4, (int64_t)x->last_ns);
	sqlite3_bind_int64(s, 5, x->first_process);
	sqlite3_bind_int64(s, 6, x->last_process);
	sqlite3_bind_int64(s, 7, x->denials);
	sqlite3_bind_int64(s, 8, x->raw_bytes);
	sqlite3_bind_blob(s, 9, hash, SM_HASH_BYTES, SQLITE_STATIC);
	bind_bytes(s, 10, &x->zone);
	bind_bytes(s, 11, &x->postings);
	bind_bytes(s, 12, &x->data);
	return sm_rows_step(s);
}

static enum sm_status put_chained(struct sm_store *store,
				  const struct sm_sealed *x,
				  uint8_t hash[SM_HASH_BYTES],
				  struct sm_store_step *step)
{
	enum sm_status status = hash_sealed(x, store->chain, hash, hash);

	if (!status)
		status = put(store, x, hash);
	step->payload += x->data.len + x->zone.len + x->postings.len;
	return status;
}

/* Full rows replace the tails they are made of. */
static enum sm_status write_sealed(struct sm_store *store, struct sm_lane *lane,
				   struct sm_store_step *step)
{
	for (size_t i = 0; i < lane->sealed_count; i++) {
		const struct sm_sealed *x = &lane->sealed[i];
		enum sm_status status = SM_OK;

		if (!i)
			status = run_cut(store, x->is_block, x->id);
		if (!status)
			status = put_chained(store, x, lane->full_hash, step);
		if (status)
			return status;
	}
	if (lane->sealed_count)
		memcpy(lane->tail_hash, lane->full_hash, SM_HASH_BYTES);
	return SM_OK;
}

/* Where the next tail starts: at 0 when the tails become one. */
static bool merge_tails(struct sm_store *store, struct sm_lane *lane,
			bool is_block, bool is_last, enum sm_status *status)
{
	if (!lane->written || (!is_last && lane->tails < SM_TAILS_MAX))
		return false;
	*status = run_cut(store, is_block, lane->first);
	memcpy(lane->tail_hash, lane->full_hash, SM_HASH_BYTES);
	lane->tails = 0;
	lane->written = 0;
	return true;
}

static enum sm_status write_strings(struct sm_store *store, bool is_last,
				    struct sm_store_step *step)
{
	struct sm_lane *lane = &step->strings;
	size_t from = store->chunk_written;
	enum sm_status status = SM_OK;
	struct sm_sealed tail;

	if (lane->written == store->chunk_count &&
	    !(is_last && lane->tails > 1))
		return SM_OK;
	if (merge_tails(store, lane, false, is_last, &status))
		from = 0;
	if (!status)
		status =
			pack_strings(store, from, lane->written,
				     store->chunk_count - lane->written, &tail);
	if (status)
		return status;
	status = put_chained(store, &tail, lane->tail_hash, step);
	sealed_fini(&tail);
	lane->written = store->chunk_count;
	lane->tails++;
	step->chunk_written = store->chunk.len;
	return status;
}

static enum sm_status write_events(struct sm_store *store, bool is_last,
				   struct sm_store_step *step)
{
	struct sm_lane *lane = &step->events;
	enum sm_status status = SM_OK;
	struct sm_sealed tail;

	if (lane->written == store->builder.count &&
	    !(is_last && lane->tails > 1))
		return SM_OK;
	merge_tails(store, lane, true, is_last, &status);
	if (!status)
		status = pack_events(store, lane->written, &tail);
	if (status)
		return status;
	status = put_chained(store, &tail, lane->tail_hash, step);
	sealed_fini(&tail);
	lane->written = store->builder.count;
	lane->tails++;
	return status;
}

enum sm_status sm_store_write(struct sm_store *store, bool is_last,
			      struct sm_store_step *step)
{
	enum sm_status status = SM_OK;

	if (store->chunk.len >= SM_CHUNK_RAW_TARGET)
		status = cut_chunk(store);
	*step = (struct sm_store_step){ .strings = store->strings,
					.events = store->events,
					.chunk_written = store->chunk_written,
					.payload = store->payload };
	if (!status)
		status = write_sealed(store, &step->strings, step);
	if (!status)
		status = write_strings(store, is_last, step);
	if (!status)
		status = write_sealed(store, &step->events, step);
	if (!status)
		status = write_events(store, is_last, step);
	return status;
}

static void forget_sealed(struct sm_lane *lane)
{
	for (size_t i = 0; i < lane->sealed_count; i++)
		sealed_fini(&lane->sealed[i]);
	lane->sealed_count = 0;
	lane->sealed_bytes = 0;
}

void sm_store_committed(struct sm_store *store,
			const struct sm_store_step *step)
{
	store->strings = step->strings;
	store->events = step->events;
	store->chunk_written = step->chunk_written;
	store->payload = step->payload;
	forget_sealed(&store->strings);
	forget_sealed(&store->events);
}
