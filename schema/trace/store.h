/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store.h: chunks and blocks on their way into the file.
 *
 * What is not full yet is written at every commit as a small row ("tail") and
 * again, merged, when it is full; what was written is kept until then. Both
 * happen in the caller's transaction, and the store moves on only when that
 * was committed, so a full disk costs nothing but memory.
 */
#ifndef SCHEMA_TRACE_STORE_H
#define SCHEMA_TRACE_STORE_H

#include "schema/trace/block.h"
#include "schema/trace/db.h"
#include "schema/trace/rows.h"

#define SM_CHUNK_RAW_TARGET (256u << 10)
#define SM_CHUNK_KIND	    "strings"
#define SM_TAILS_MAX	    32 /* then they become one */

/* A row of `chunk` or `block` that is ready to be written. */
struct sm_sealed {
	bool is_block;
	uint64_t id;
	uint32_t count; /* strings or events */
	uint32_t raw_bytes;
	uint64_t first_ns, last_ns;
	uint32_t first_process, last_process, denials;
	struct sm_bytes data, zone, postings;
};

/* One of the two tables. */
struct sm_lane {
	uint8_t full_hash[SM_HASH_BYTES]; /* after the last full row */
	uint8_t tail_hash[SM_HASH_BYTES]; /* after the last tail */
	uint64_t first;			  /* id of what is collected */
	uint32_t written;		  /* of it are in tails */
	unsigned tails;
	struct sm_sealed *sealed;
	size_t sealed_count, sealed_room, sealed_bytes;
};

struct sm_store {
	struct sm_rows *rows;
	struct sm_chain *chain;
	ZSTD_CCtx *zstd;
	struct sm_lane strings, events;
	struct sm_bytes chunk; /* CBOR of strings from strings.first on */
	uint32_t chunk_count;
	size_t chunk_written; /* bytes of it in tails */
	struct sm_block_builder builder;
	sm_block_event_name *event_name;
	void *context;
	uint64_t payload; /* bytes of blobs written, for the summary's cap */
};

SM_CHECKED enum sm_status sm_store_init(struct sm_store *store,
					struct sm_rows *rows,
					sm_block_event_name *event_name,
					void *context);
void sm_store_fini(struct sm_store *store);
/* Appends a string's record; cuts a chunk when it is full. SM_NOMEM. */
SM_CHECKED enum sm_status sm_store_string(struct sm_store *store,
					  struct sm_str s);
/* Cuts a block of all collected events. SM_NOMEM. */
SM_CHECKED enum sm_status sm_store_cut(struct sm_store *store);
bool sm_store_has_news(const struct sm_store *store);
size_t sm_store_bytes(const struct sm_store *store);
/*
 * Writes all inside the open transaction. is_last: what is left becomes one
 * row each. Then, when it was committed, sm_store_committed(). SM_IO, SM_NOMEM.
 */
struct sm_store_step {
	struct sm_lane strings, events; /* as they will be */
	size_t chunk_written;
	uint64_t payload;
};
SM_CHECKED enum sm_status sm_store_write(struct sm_store *store, bool is_last,
					 struct sm_store_step *step);
void sm_store_committed(struct sm_store *store,
			const struct sm_store_step *step);
/*
 * Continues a trace: reads hashes and tails. Blocks before full_block stay as
 * they are. SM_DAMAGED, SM_IO, SM_NOMEM.
 */
typedef enum sm_status sm_store_learn(void *context, struct sm_str s,
				      uint32_t id);
SM_CHECKED enum sm_status sm_store_resume(struct sm_store *store,
					  uint64_t full_block,
					  sm_store_learn *learn, void *context);

#endif
