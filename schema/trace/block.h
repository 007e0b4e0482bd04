/* SPDX-License-Identifier: Apache-2.0 */
/*
 * block.h: events as columns: collecting, encoding and decoding a block.
 *
 * Events of one site and shape form a group; a group's leaves are columns,
 * each delta-coded against the value before it in the same column. All state
 * is within the block. Measured: section "Storage" of the performance notes;
 * layout "per call site", 16384 events a block, is half the size of JSON lines
 * under zstd -19.
 *
 * Raw block: CBOR map { column => [encoding, bytes] }; schema/event.cddl.
 */
#ifndef SCHEMA_TRACE_BLOCK_H
#define SCHEMA_TRACE_BLOCK_H

#include "schema/trace/pack.h"
#include "schema/trace/shape.h"

#define SM_BLOCK_EVENTS 16384

enum sm_column {
	SM_COLUMN_SHAPES = 1, /* shape.h, concatenated */
	SM_COLUMN_GROUPS,     /* per group: site delta, shape index */
	SM_COLUMN_ORDER,      /* per event: group */
	SM_COLUMN_ACTORS,     /* (process, thread) pairs */
	SM_COLUMN_RUNS,	      /* (events, actor) pairs */
	SM_COLUMN_SEQ,	      /* (events between, delta) of exceptions */
	SM_COLUMN_TIME,	      /* per event: magnitude of the ns delta */
	SM_COLUMN_TIME_LOW,   /* per event: the bits below */
	SM_COLUMN_STRINGS,    /* leaves, group by group, leaf by leaf */
	SM_COLUMN_INTS,
	SM_COLUMN_FLOATS,
	SM_COLUMNS
};

enum sm_column_encoding {
	SM_ENCODE_VARINT = 0, /* LEB128; deltas zigzag */
	SM_ENCODE_LOG = 1,    /* TIME: one byte, see event.cddl */
	SM_ENCODE_BITS = 2,   /* TIME_LOW: packed, low bits first */
	SM_ENCODE_RAW = 3,    /* FLOATS: 8 bytes little-endian XOR previous */
};
enum sm_column_encoding sm_block_encoding(enum sm_column column);

struct sm_block_row {
	uint64_t time_ns, seq;
	uint32_t process, thread;
	uint32_t group;
	uint32_t leaf; /* index of the first of its leaves */
};

struct sm_block_group {
	uint32_t site, shape;
};

/* Collects events until the block is full. */
struct sm_block_builder {
	uint32_t count; /* events */
	struct sm_block_row *rows;
	uint64_t *leaves;
	size_t leaf_count, leaf_room;
	struct sm_block_group *groups;
	size_t group_count, group_room;
	struct sm_map group_of; /* site << 32 | shape */
	struct sm_bytes shape_text;
	struct sm_built_shape {
		uint32_t at, len;
		struct sm_shape decoded;
	} * shapes;
	size_t shape_count, shape_room;
	struct sm_map shape_of; /* hash of text; chained by probing hash + 1 */
	size_t raw_bytes;	/* bound of what encoding it all would give */
};

SM_CHECKED enum sm_status sm_block_builder_init(struct sm_block_builder *b);
void sm_block_builder_fini(struct sm_block_builder *b);
void sm_block_builder_clear(struct sm_block_builder *b);
/* True when one more event of any size may not fit: encode and clear first. */
bool sm_block_builder_is_full(const struct sm_block_builder *b);
/* Index of a shape by its text; adds it. SM_NOMEM. */
SM_CHECKED enum sm_status sm_block_builder_shape(struct sm_block_builder *b,
						 const uint8_t *text,
						 uint32_t len, uint32_t *shape);
/* Adds an event by its parts; row->group and row->leaf are filled in. */
SM_CHECKED enum sm_status sm_block_builder_add(struct sm_block_builder *b,
					       uint32_t site, uint32_t shape,
					       struct sm_block_row *row,
					       const uint64_t *leaves);

/* What a block row says besides the data. */
struct sm_block_summary {
	uint32_t events, denials;
	uint64_t first_ns, last_ns;
	uint32_t first_process, last_process; /* smallest, largest */
	struct sm_bytes zone, postings;	      /* raw CBOR */
	struct sm_bytes raw;
	size_t ends[SM_COLUMNS]; /* where each column ends in raw */
	unsigned end_count;
};
void sm_block_summary_fini(struct sm_block_summary *s);
/*
 * Encodes rows [from, to). event_name maps a site to its event's name number,
 * for the zone map. SM_NOMEM.
 */
typedef uint32_t sm_block_event_name(void *context, uint32_t site);
SM_CHECKED enum sm_status sm_block_encode(const struct sm_block_builder *b,
					  uint32_t from, uint32_t to,
					  sm_block_event_name *event_name,
					  void *context,
					  struct sm_block_summary *out);

/* A decoded block. Leaf l of the k-th event of group g is
 * leaves[group.leaves + l * group.events + k]. */
struct sm_block {
	uint32_t events, group_count, shape_count, actor_count;
	struct sm_block_view {
		uint32_t site, shape, events;
		size_t leaves;
	} * groups;
	struct sm_shape *shapes;
	struct sm_block_actor {
		uint32_t process, thread;
	} * actors;
	struct sm_block_event {
		uint64_t time_ns, seq;
		uint32_t actor, group, row; /* row: index within its group */
	} * rows;
	uint64_t *leaves;
	size_t leaf_count;
	size_t bytes; /* memory held */
};

/* Decodes raw; events and first_ns are what the block's row says.
 * SM_NOMEM, SM_DAMAGED. */
SM_CHECKED enum sm_status sm_block_decode(const uint8_t *raw, size_t len,
					  uint32_t events, uint64_t first_ns,
					  struct sm_block *out);
void sm_block_fini(struct sm_block *block);
/* The bytes of one column of a raw block. */
bool sm_block_column(const struct sm_bytes *raw, enum sm_column column,
		     struct sm_bytes_reader *r);

/* zone and postings: CBOR map { list => bytes of ascending varint deltas }. */
enum sm_list {
	SM_LIST_EVENTS = 1,
	SM_LIST_PROCESSES,
	SM_LIST_STRINGS,
	SM_LIST_SITES,
	SM_LISTS
};
/* Finds a list; r reads its deltas. False when it is not there. */
bool sm_block_list(const struct sm_bytes *cbor, enum sm_list list,
		   struct sm_bytes_reader *r);

#endif
