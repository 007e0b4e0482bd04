/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scan.h: a block for passes over whole traces, without its values.
 *
 * Most events of a long trace repeat what was seen, and of those a key, and
 * perhaps a time, is all a pass needs. So columns that do not decide are passed
 * over, and nothing is allocated from block to block.
 *
 * Begin with a raw block, ask for the keys of each of its groups, in turn; the
 * rest is optional.
 */
#ifndef SCHEMA_TRACE_SCAN_H
#define SCHEMA_TRACE_SCAN_H

#include "schema/trace.h"
#include "schema/trace/columns.h"

/* Where a group begins. */
struct sm_scan_group {
	uint32_t first; /* in all that is group by group */
	const uint8_t *strings, *ints, *floats;
	uint64_t start; /* see sm_columns_leaves() */
	bool is_one;	/* all its keys are equal */
};

struct sm_scan {
	struct sm_columns columns;
	uint32_t events;
	uint64_t start; /* of the group to come */
	struct sm_scan_group *groups;
	size_t group_room;
	uint16_t *group_of;	     /* [SM_BLOCK_EVENTS], as stored */
	uint32_t *next;		     /* of groups: scratch */
	uint64_t *keys;		     /* [SM_BLOCK_EVENTS], by groups */
	uint16_t *rows;		     /* likewise: which event, as stored */
	uint16_t *actors;	     /* [SM_BLOCK_EVENTS], as stored, */
	uint32_t *processes;	     /* as are these, */
	uint64_t *times_ns, *seqs;   /* and these */
	struct sm_trace_whens whens; /* of the block */
	bool has_whens, has_seqs;
	uint64_t *values; /* of one group: see sm_scan_values() */
	size_t value_room;
	uint32_t values_of; /* that group and 1; 0: none */
};

void sm_scan_fini(struct sm_scan *scan);
/*
 * Shapes, groups and which group is whose: sets events, shapes and groups of
 * head, which must be empty. raw is borrowed until the next block. SM_NOMEM,
 * SM_DAMAGED.
 */
SM_CHECKED enum sm_status sm_scan_begin(struct sm_scan *scan,
					const uint8_t *raw, size_t len,
					uint32_t events, struct sm_block *head);
/* What makes a key: leaves of a group, ascending, and where it starts. */
struct sm_scan_key {
	uint64_t seed;
	const uint16_t *leaves;
	uint32_t count;
};
/*
 * Keys of one group; all groups are asked for, in turn. Readers fail, which
 * sm_scan_end() tells.
 */
void sm_scan_keys(struct sm_scan *scan, const struct sm_block *head,
		  uint32_t group, const struct sm_scan_key *key);
/* Whether all columns of leaves were read, and no more. */
bool sm_scan_end(const struct sm_scan *scan);
/* Sets rows and whens. SM_NOMEM, SM_DAMAGED. */
SM_CHECKED enum sm_status sm_scan_whens(struct sm_scan *scan, uint64_t first_ns,
					struct sm_block *head);
/* Of one event, number at by groups. SM_NOMEM, SM_DAMAGED. */
SM_CHECKED enum sm_status sm_scan_when(struct sm_scan *scan, uint64_t first_ns,
				       struct sm_block *head, uint32_t at,
				       struct sm_trace_when *when);
/*
 * The leaves of a group, as sm_block.leaves has them; valid until another
 * group's or block's. SM_NOMEM, SM_DAMAGED.
 */
SM_CHECKED enum sm_status sm_scan_values(struct sm_scan *scan,
					 const struct sm_block *head,
					 uint32_t group, const uint64_t **out);

#endif
