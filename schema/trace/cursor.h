/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cursor.h: what the files that iterate over events share.
 *
 * The cursor's place is an event's number, not a row: tails it has read may
 * become part of a larger block meanwhile. cursor_find.c finds the rows,
 * cursor_load.c makes them blocks, cursor.c delivers their events one by one,
 * cursor_bulk.c by groups, for which cursor_ahead.c unpacks the next blocks.
 */
#ifndef SCHEMA_TRACE_CURSOR_H
#define SCHEMA_TRACE_CURSOR_H

#include "schema/trace/reader.h"
#include "schema/trace/scan.h"

/* What events of one group share; the event is patched in place. */
struct sm_cursor_group {
	struct sm_event event;
	uint32_t site;	       /* smallest id of equal sites */
	bool is_wanted, holds; /* holds: its site's texts hold the needle */
	uint64_t key_seed;
	uint32_t key_from, key_count; /* in key_leaves */
	uint32_t first;		      /* bulk: rows before it were delivered */
};

struct sm_trace_cursor {
	struct sm_trace *trace;
	struct sm_trace_query query;
	bool kinds[SM_EVENTS];
	bool has_needle;
	struct sm_matches matches;
	uint64_t position; /* number of the next event to deliver */
	uint64_t base;	   /* number of the block's first event */
	bool is_loaded, is_over;
	uint32_t damages; /* blocks told of */
	struct sm_block block;
	uint32_t *order;
	struct sm_cursor_group *groups;
	uint16_t *key_leaves;  /* which leaves decide, group by group */
	enum sm_status broken; /* why an event of the block was not given */
	uint32_t at;	       /* next row in order */
	uint32_t row;	       /* the one delivered */
	bool is_bulk;	     /* sm_trace_bulk(): block has shapes and groups */
	bool has_whens;	     /* bulk: they are asked for */
	struct sm_scan scan; /* bulk: what else there is of the block */
	uint64_t first_ns;   /* bulk: of the block, */
	struct sm_bytes raw; /* and its bytes: its row may go meanwhile */
	uint32_t bulk_group; /* the next one; the last one delivered is -1 */
	struct sm_ahead *ahead; /* bulk: NULL before, and where none can be */
	uint64_t given;		/* to it: events before this one */
	uint32_t loads;		/* blocks, before there was one */
};

/* The row of `block`, before its data is looked at. */
struct sm_cursor_row {
	uint64_t id, first_ns, last_ns;
	uint32_t events, first_process, last_process, denials;
	int64_t raw_bytes;
};

/* The row holding event number position, or the next one behind it. SM_END. */
enum sm_status sm_cursor_find(struct sm_trace_cursor *c, uint64_t position,
			      struct sm_cursor_row *row);
/* Whether the zone allows for a wanted event; sm_cursor_find() left it. */
bool sm_cursor_may_match(const struct sm_trace_cursor *c,
			 const struct sm_cursor_row *row);
/* Goes behind a row that cannot even be read: to the next id, or the end. */
void sm_cursor_skip(struct sm_trace_cursor *c);

/* Loads the next block, or goes behind one without wanted events. */
enum sm_status sm_cursor_next_block(struct sm_trace_cursor *c,
				    struct sm_diag *diag);
void sm_cursor_unload(struct sm_trace_cursor *c);
/* Of a bulk: has blocks from event number position on unpacked meanwhile. */
void sm_cursor_read_ahead(struct sm_trace_cursor *c, uint64_t position);
/* The block of row, if it was; else it is loaded as if there were no such. */
bool sm_cursor_take_ahead(struct sm_trace_cursor *c,
			  const struct sm_cursor_row *row);
/*
 * Goes behind a block whose strings turn out not to be there. why: SM_NOMEM,
 * and nothing is said of the block, or what it is damaged by.
 */
enum sm_status sm_cursor_give_up(struct sm_trace_cursor *c, enum sm_status why,
				 struct sm_diag *diag);
/* At the end of what there is: the writer may go on. */
void sm_cursor_rest(struct sm_trace_cursor *c);
/*
 * Fills in the event of a group: leaf l of it is leaves[l * stride]. SM_NOMEM,
 * SM_DAMAGED.
 */
SM_CHECKED enum sm_status sm_cursor_fill(struct sm_trace_cursor *c,
					 uint32_t group, const uint64_t *leaves,
					 size_t stride,
					 const struct sm_trace_when *when);

#endif
