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
	struct sm_trace_when *whens; /* likewise */
	bool has_whens;
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
/* Sets whens. SM_NOMEM, SM_DAMAGED. */
SM_CHECKED enum sm_status sm_scan_whens(struct sm_scan *scan, uint64_t first_ns,
					struct sm_block *head);
/*
 * The leaves of a group, as sm_block.leaves has them; valid until another
 * group's or block's. SM_NOMEM, SM_DAMAGED.
 */
SM_CHECKED enum sm_status sm_scan_values(struct sm_scan *scan,
					 const struct sm_block *head,
					 uint32_t group, const uint64_t **out);

#endif
