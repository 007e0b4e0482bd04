/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ahead.h: the next blocks of a trace, unpacked by another thread meanwhile.
 *
 * Blocks are packed each by itself, so unpacking them needs nothing but their
 * bytes: those go in, columns come out, and the thread sees nothing else of the
 * trace. Whoever reads it takes the blocks in their order, so that nothing else
 * depends on how many threads there are; one that could not be unpacked is
 * not given, and its reader finds out why.
 *
 * sm_ahead_new(), then sm_ahead_room() and sm_ahead_give() while there is room,
 * and sm_ahead_take() for each block.
 */
#ifndef SCHEMA_TRACE_AHEAD_H
#define SCHEMA_TRACE_AHEAD_H

#include "schema/trace/cursor.h"

struct sm_ahead;

/* A block without its packing; whens are in scan if they were asked for. */
struct sm_unpacked {
	struct sm_bytes raw;
	struct sm_scan scan; /* borrows raw */
	struct sm_block head;
};

/* Starts the thread. NULL: it cannot be, or there is but one processor. */
struct sm_ahead *sm_ahead_new(bool has_whens);
/* Waits for the block the thread is at. NULL is accepted. */
void sm_ahead_free(struct sm_ahead *ahead);
/* Whether to give it blocks, then as many as there is room for. */
bool sm_ahead_has_few(const struct sm_ahead *ahead);
/* Where the packed bytes of the next block go; NULL: later. */
struct sm_bytes *sm_ahead_room(struct sm_ahead *ahead);
/* Those bytes are there, of this row. */
void sm_ahead_give(struct sm_ahead *ahead, const struct sm_cursor_row *row);
/*
 * Puts the block of row in place of what *block holds, whose head is empty.
 * Helps until it is unpacked. False: it was not given, or is damaged, or there
 * was no memory; what was given before it, or all if it was not, is forgotten.
 */
bool sm_ahead_take(struct sm_ahead *ahead, const struct sm_cursor_row *row,
		   struct sm_unpacked *block);

#endif
