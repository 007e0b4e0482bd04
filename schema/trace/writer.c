/* SPDX-License-Identifier: Apache-2.0 */
/*
 * writer.c: opening a trace to write it, and its events.
 */
#include <stdlib.h>
#include <unistd.h>

#include "schema/trace/writer.h"

/* What may wait for the disk before sm_trace_append() refuses. */
#define BUFFERED_MAX ((size_t)256 << 20)

static uint32_t event_name(void *context, uint32_t site)
{
	const struct sm_trace_writer *w = context;

	return w->dictionary.site_info[site].event;
}

enum sm_status sm_trace_intern_site(struct sm_trace_writer *w,
				    const struct sm_site *site, uint32_t *id)
{
	return sm_dictionary_site(&w->dictionary, site, true, id);
}

/* However many take what they may, there is something left for the next. */
#define SHARE 4

enum sm_status sm_trace_intern_site_of(struct sm_trace_writer *w,
				       const struct sm_site *site,
				       size_t *taken, uint32_t *id)
{
	size_t bytes = sm_dictionary_bytes(&w->dictionary);
	bool may_add = bytes < SM_DICTIONARY_MAX &&
		       *taken < (SM_DICTIONARY_MAX - bytes) / SHARE;
	enum sm_status status =
		sm_dictionary_site(&w->dictionary, site, may_add, id);

	*taken += sm_dictionary_bytes(&w->dictionary) - bytes;
	return status;
}

/* ----------------------------------------------------------------- opening */

static enum sm_status load_counts(struct sm_trace_writer *w)
{
	static const char query[] =
		"SELECT ifnull(max(number),0),"
		"(SELECT ifnull(max(number),0) FROM policy) FROM process";
	sqlite3_stmt *q = NULL;
	int code = sqlite3_prepare_v2(w->db, query, -1, &q, NULL);

	if (!code && (code = sqlite3_step(q)) == SQLITE_ROW) {
		w->process_count = (uint32_t)sqlite3_column_int64(q, 0);
		w->policy_count = (uint32_t)sqlite3_column_int64(q, 1);
	}
	sqlite3_finalize(q);
	return code == SQLITE_ROW ? SM_OK : SM_IO;
}

static enum sm_status learn_string(void *context, struct sm_str s, uint32_t id)
{
	struct sm_trace_writer *w = context;

	w->strings.next = id + 1;
	return sm_intern_learn(&w->strings, s, id);
}

/* The next checkpoint must not vouch for what was changed since the last. */
static enum sm_status take_up(struct sm_trace_writer *w,
			      const struct sm_checkpoint *last)
{
	struct sm_mark marks[SM_PARTS];
	enum sm_status status = sm_seal_resume(w->rows.seal, w->db);

	if (!status)
		status = sm_seal_write(w->rows.seal, w->db, w->store.chain,
				       marks);
	if (status)
		return status;
	sm_writer_mark(&w->store.strings, &w->store.events, marks);
	for (int i = 0; i < SM_PARTS; i++)
		if (i != SM_PART_FULL_CHUNK && i != SM_PART_FULL_BLOCK &&
		    (marks[i].count != last->marks[i].count ||
		     memcmp(marks[i].hash, last->marks[i].hash,
			    SM_HASH_BYTES) != 0))
			return SM_DAMAGED;
	sm_seal_committed(w->rows.seal);
	return SM_OK;
}

static enum sm_status load(struct sm_trace_writer *w)
{
	struct sm_checkpoint last;
	enum sm_status status;

	status = sm_dictionary_load(&w->dictionary);
	if (!status)
		status = load_counts(w);
	if (!status)
		status = sm_voucher_resume(&w->voucher, &last);
	if (!status)
		status = sm_store_resume(&w->store,
					 last.marks[SM_PART_FULL_BLOCK].count,
					 learn_string, w);
	if (!status)
		status = take_up(w, &last);
	if (!status)
		status = sm_summary_load(w->summary, w->db);
	if (!status) {
		sm_rows_begin(&w->rows, SM_CUT_META);
		sm_rows_str(&w->rows, SM_STR("closed"));
		status = sm_rows_end(&w->rows);
	}
	return status;
}

void sm_writer_free(struct sm_trace_writer *w)
{
	if (!w)
		return;
	sm_seal_free(w->rows.seal);
	sm_rows_fini(&w->rows);
	sm_voucher_fini(&w->voucher);
	sm_store_fini(&w->store);
	sm_summary_free(w->summary);
	sm_intern_fini(&w->strings);
	sm_dictionary_fini(&w->dictionary);
	sqlite3_close(w->db);
	/* After SQLite's: closing any descriptor drops all POSIX locks. */
	if (w->lock_fd >= 0)
		close(w->lock_fd);
	free(w->path);
	free(w);
}

static enum sm_status init(struct sm_trace_writer *w)
{
	enum sm_status status;

	sm_rows_init(&w->rows, w->db);
	w->rows.seal = sm_seal_new();
	w->summary = sm_summary_new();
	status = w->summary && w->rows.seal ? SM_OK : SM_NOMEM;
	if (!status)
		status = sm_intern_init(&w->strings, 1);
	if (!status)
		status = sm_dictionary_init(&w->dictionary, &w->rows);
	if (!status)
		status = sm_store_init(&w->store, &w->rows, event_name, w);
	sm_voucher_init(&w->voucher, &w->rows, w->store.chain);
	return status;
}

static enum sm_status open_db(const char *path, enum sm_trace_open_mode mode,
			      struct sm_trace_writer *w, bool *is_new,
			      struct sm_diag *diag)
{
	enum sm_status status = SM_OK;

	*is_new = true;
	if (mode == SM_TRACE_FORCE)
		status = sm_db_remove(path, diag);
	if (mode == SM_TRACE_APPEND) {
		status = sm_db_append(path, &w->db, &w->lock_fd, is_new, diag);
		if (status != SM_NOT_FOUND)
			return status;
		*is_new = true;
		status = SM_OK;
	}
	return status ? status : sm_db_create(path, &w->db, &w->lock_fd, diag);
}

enum sm_status sm_trace_writer_open(const char *path,
				    enum sm_trace_open_mode mode,
				    struct sm_trace_writer **out,
				    struct sm_diag *diag)
{
	struct sm_trace_writer *w = calloc(1, sizeof(*w));
	enum sm_status status;
	bool is_new = false;

	*out = NULL;
	if (!w)
		return sm_fail(diag, SM_NOMEM, "%s: out of memory", path);
	w->lock_fd = -1;
	w->path = strdup(path);
	status = w->path ? open_db(path, mode, w, &is_new, diag)
			 : sm_fail(diag, SM_NOMEM, "%s: out of memory", path);
	if (status)
		goto fail;
	status = init(w);
	if (!status && !is_new)
		status = load(w);
	if (!status && is_new)
		status = sm_voucher_start(&w->voucher);
	if (!status && is_new)
		status = sm_trace_set_meta(w, "format", "0");
	if (status) {
		sm_fail(diag, status, "%s: cannot be continued: %s", path,
			status == SM_IO ? sqlite3_errmsg(w->db)
					: sm_status_text(status));
		goto fail;
	}
	*out = w;
	return SM_OK;
fail:
	sm_writer_free(w);
	return status;
}

void sm_trace_sign(struct sm_trace_writer *w, const struct sm_signer *signer)
{
	w->voucher.signer = signer;
}

enum sm_status sm_trace_follow(struct sm_trace_writer *w, const char *hash)
{
	uint8_t previous[SM_HASH_BYTES];

	if (strlen(hash) != (size_t)2 * SM_HASH_BYTES ||
	    !sm_hex_get(hash, previous, SM_HASH_BYTES) || w->voucher.now.last)
		return SM_INVALID;
	memcpy(w->voucher.now.kept_hash, previous, SM_HASH_BYTES);
	return sm_trace_set_meta(w, SM_META_FOLLOWS, hash);
}

/* ------------------------------------------------------------------ events */

static enum sm_status intern_string(void *context, struct sm_str s,
				    uint32_t *id)
{
	struct sm_trace_writer *w = context;
	enum sm_status status;
	bool is_new;

	status = sm_intern_find(&w->strings, s, id, &is_new);
	if (status || !is_new)
		return status;
	status = sm_store_string(&w->store, s);
	if (status)
		sm_intern_undo(&w->strings, s);
	return status;
}

static enum sm_status summarize(struct sm_trace_writer *w, uint32_t site,
				const struct sm_shape *shape,
				const uint64_t *leaves,
				const struct sm_event *event)
{
	enum sm_event_kind kind = w->dictionary.site_info[site].kind;
	uint64_t key = sm_shape_key_seed(shape, kind, site);
	struct sm_event full;

	for (uint32_t l = 0; l < shape->leaf_count; l++)
		if (sm_shape_leaf_is_key(shape, l, kind))
			key = sm_mix(key, leaves[l]);
	if (event->verdict.decision < SM_WARNED &&
	    sm_summary_knows(w->summary, key))
		return sm_summary_add(w->summary, key, site, event);
	full = *event;
	sm_dictionary_get(&w->dictionary, site, &full.site);
	return sm_summary_add(w->summary, key, site, &full);
}

enum sm_status sm_trace_append(struct sm_trace_writer *w, uint32_t site,
			       const struct sm_event *event)
{
	struct sm_block_row row = { .time_ns = event->time_ns,
				    .seq = event->seq,
				    .process = event->process,
				    .thread = event->thread };
	uint8_t text[SM_SHAPE_MAX];
	uint64_t leaves[SM_LEAVES_MAX];
	uint32_t len, shape, count;
	enum sm_status status;

	if (!site || site >= w->dictionary.site_count || !event->process ||
	    event->process > w->process_count || event->time_ns > INT64_MAX)
		return SM_INVALID;
	if (sm_block_builder_is_full(&w->store.builder)) {
		if (sm_trace_buffered_bytes(w) > BUFFERED_MAX)
			return SM_LIMIT;
		status = sm_store_cut(&w->store);
		if (status)
			return status;
		/* A disk that refuses is reported by the next commit. */
		if (!w->is_retrying)
			w->is_retrying = sm_trace_commit(w, NULL) == SM_IO;
	}
	status = sm_shape_of(event, text, &len);
	if (!status)
		status = sm_shape_leaves(event, intern_string, w, leaves,
					 &count);
	if (!status)
		status = sm_block_builder_shape(&w->store.builder, text, len,
						&shape);
	if (!status)
		status = sm_block_builder_add(&w->store.builder, site, shape,
					      &row, leaves);
	/* Stored is stored: a summary without memory is only less complete. */
	if (!status &&
	    summarize(w, site, &w->store.builder.shapes[shape].decoded, leaves,
		      event))
		return SM_OK;
	return status;
}

size_t sm_trace_buffered_bytes(const struct sm_trace_writer *w)
{
	return w->rows.queue.len + sm_store_bytes(&w->store);
}

uint64_t sm_trace_bytes(const struct sm_trace_writer *w)
{
	sqlite3_stmt *q = NULL;
	int64_t bytes = 0;

	if (!sqlite3_prepare_v2(w->db,
				"SELECT p.page_count*s.page_size FROM "
				"pragma_page_count p,pragma_page_size s",
				-1, &q, NULL) &&
	    sqlite3_step(q) == SQLITE_ROW)
		bytes = sqlite3_column_int64(q, 0);
	sqlite3_finalize(q);
	/* Columns shrink to a tenth; the summary's cap, see summarize_all(). */
	return (uint64_t)bytes + sm_trace_buffered_bytes(w) / 4 + (16u << 10) +
	       (uint64_t)bytes / 24;
}
