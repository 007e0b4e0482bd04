/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verify.c: is this the trace that was written?
 */
#include <stdlib.h>

#include "schema/cbor.h"
#include "schema/trace/digest.h"
#include "schema/trace/reader.h"
#include "schema/trace/store.h"

struct verifying {
	struct sm_trace *trace;
	struct sm_chain *chain;
	sm_trace_finding *found;
	void *context;
	struct sm_diag first; /* finding */
	uint64_t strings;     /* number behind the last string */
	uint64_t events;
	uint64_t blocks;
	uint8_t hash[SM_HASH_BYTES];
	struct sm_bytes raw;
};

static void report(struct verifying *v, const struct sm_diag *finding)
{
	if (!v->first.status)
		v->first = *finding;
	if (v->found)
		v->found(v->context, finding);
}

static void report_row(struct verifying *v, bool is_block, uint64_t id,
		       const char *what)
{
	struct sm_diag finding = { 0 };

	sm_fail(&finding, SM_DAMAGED, "%s: %s %llu: %s", v->trace->path,
		is_block ? "block" : "chunk", (unsigned long long)id, what);
	report(v, &finding);
}

/* Blobs stay SQLite's: buffers without room are not freed. */
static struct sm_bytes column_bytes(sqlite3_stmt *q, int i)
{
	const void *p = sqlite3_column_blob(q, i);

	return (struct sm_bytes){ .p = (uint8_t *)p,
				  .len = p ? (size_t)sqlite3_column_bytes(q, i)
					   : 0 };
}

static struct sm_sealed chunk_of(sqlite3_stmt *q)
{
	return (struct sm_sealed){
		.id = (uint64_t)sqlite3_column_int64(q, 0),
		.count = (uint32_t)sqlite3_column_int64(q, 1),
		.raw_bytes = (uint32_t)sqlite3_column_int64(q, 2),
		.data = column_bytes(q, 4),
	};
}

static struct sm_sealed block_of(sqlite3_stmt *q)
{
	return (struct sm_sealed){
		.is_block = true,
		.id = (uint64_t)sqlite3_column_int64(q, 0),
		.count = (uint32_t)sqlite3_column_int64(q, 1),
		.raw_bytes = (uint32_t)sqlite3_column_int64(q, 2),
		.data = column_bytes(q, 4),
		.first_ns = (uint64_t)sqlite3_column_int64(q, 5),
		.last_ns = (uint64_t)sqlite3_column_int64(q, 6),
		.first_process = (uint32_t)sqlite3_column_int64(q, 7),
		.last_process = (uint32_t)sqlite3_column_int64(q, 8),
		.denials = (uint32_t)sqlite3_column_int64(q, 9),
		.zone = column_bytes(q, 10),
		.postings = column_bytes(q, 11),
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
				if (ids[k] >= v->strings)
					return "refers to a string that does "
					       "not exist";
		}
	}
	return NULL;
}

static const char *check_events(const struct verifying *v,
				const struct sm_sealed *s)
{
	struct sm_block block;
	const char *what;

	if (sm_block_decode(v->raw.p, v->raw.len, s->count, s->first_ns,
			    &block))
		return "does not decode";
	what = check_numbers(v, &block);
	sm_block_fini(&block);
	return what;
}

static void check_row(struct verifying *v, const struct sm_sealed *s,
		      const struct sm_bytes *stored)
{
	uint64_t *next = s->is_block ? &v->events : &v->strings;
	size_t max = s->is_block ? SM_BLOCK_RAW_MAX : SM_CHUNK_RAW_MAX;
	uint8_t hash[SM_HASH_BYTES];
	const char *what = NULL;

	if (s->id != *next)
		what = "rows before it are missing or overlap it";
	else if (sm_sealed_hash(s, v->chain, v->hash, hash) ||
		 stored->len != SM_HASH_BYTES ||
		 memcmp(hash, stored->p, SM_HASH_BYTES))
		what = "its hash does not match: it, or what stands before "
		       "it, was changed";
	else if (sm_unpack(v->trace->strings.zstd, s->data.p, s->data.len,
			   s->raw_bytes, max, &v->raw))
		what = "does not unpack";
	else
		what = s->is_block ? check_events(v, s) : check_strings(v, s);
	if (what)
		report_row(v, s->is_block, s->id, what);
	/* Go on from what is stored, so that one change is one finding. */
	if (stored->len == SM_HASH_BYTES)
		memcpy(v->hash, stored->p, SM_HASH_BYTES);
	*next = s->id + s->count;
}

static void check_table(struct verifying *v, bool is_block)
{
	const char *sql =
		is_block ? "SELECT id,events,raw_bytes,hash,data,"
			   "first_ns,last_ns,first_process,last_process,"
			   "denials,zone,postings FROM block ORDER BY id"
			 : "SELECT id,count,raw_bytes,hash,data FROM "
			   "chunk ORDER BY id";
	sqlite3_stmt *q = NULL;
	int code = sqlite3_prepare_v2(v->trace->db, sql, -1, &q, NULL);

	memset(v->hash, 0, sizeof(v->hash));
	while (!code && (code = sqlite3_step(q)) == SQLITE_ROW) {
		struct sm_sealed s = is_block ? block_of(q) : chunk_of(q);
		struct sm_bytes stored = column_bytes(q, 3);

		code = SQLITE_OK;
		check_row(v, &s, &stored);
		v->blocks += is_block;
	}
	sqlite3_finalize(q);
	if (code != SQLITE_DONE)
		report_row(v, is_block, is_block ? v->events : v->strings,
			   "cannot be read");
}

static void check_tables(struct verifying *v)
{
	const char *digest = sm_trace_meta(v->trace, SM_DIGEST_KEY);
	struct sm_diag finding = { 0 };
	char hex[2 * SM_HASH_BYTES + 1];

	/* A writer that was killed left none. */
	if (!sm_trace_meta(v->trace, "closed"))
		return;
	if (digest && !sm_digest_tables(v->trace->db, v->chain, hex) &&
	    !strcmp(hex, digest))
		return;
	sm_fail(&finding, SM_DAMAGED,
		"%s: plain tables: their digest does not match: rows were "
		"changed, or the end was cut off",
		v->trace->path);
	report(v, &finding);
}

enum sm_status sm_trace_verify(const char *path, sm_trace_finding *found,
			       void *context, uint64_t *blocks,
			       struct sm_diag *diag)
{
	struct verifying v = { .found = found,
			       .context = context,
			       .strings = 1,
			       .events = 1,
			       .chain = sm_chain_new() };
	enum sm_status status = sm_trace_open(path, &v.trace, diag);

	*blocks = 0;
	if (!status && !v.chain)
		status = sm_fail(diag, SM_NOMEM, "%s: out of memory", path);
	if (!status) {
		check_table(&v, false);
		check_table(&v, true);
		check_tables(&v);
		*blocks = v.blocks;
		if (v.first.status && diag)
			*diag = v.first;
		status = v.first.status;
	}
	sm_chain_free(v.chain);
	sm_bytes_fini(&v.raw);
	sm_trace_close(v.trace);
	return status;
}
