/* SPDX-License-Identifier: Apache-2.0 */
/*
 * events_tally.h: counts by name: bounded, the rest is "(other)".
 */
#ifndef TOOLS_EVENTS_TALLY_H
#define TOOLS_EVENTS_TALLY_H

#include "replay/memo.h"
#include "schema/value.h"

#define TALLY_ROWS_MAX 262144

struct tally_row {
	char *name;
	uint32_t len;
	uint64_t count;
};

struct tally {
	struct tally_row *rows;
	size_t count, room;
	uint64_t other; /* what found no row */
	struct sm_memo by_digest;
};

#define TALLY_OTHER UINT32_MAX

bool sm_tally_init(struct tally *tally);
void sm_tally_fini(struct tally *tally);
/* The row of a name, made when new; TALLY_OTHER past the bound. */
uint32_t sm_tally_row(struct tally *tally, struct sm_str name);
void sm_tally_add(struct tally *tally, uint32_t row, uint64_t count);
/* Most frequent first, then by name. Row numbers are void after it. */
void sm_tally_sort(struct tally *tally);

#endif
