/* SPDX-License-Identifier: Apache-2.0 */
/*
 * checkpoint.h: what a commit leaves behind: a text that vouches for every row
 * of the file, signed now and then. schema/event.cddl describes it.
 */
#ifndef SCHEMA_TRACE_CHECKPOINT_H
#define SCHEMA_TRACE_CHECKPOINT_H

#include "schema/trace/bytes.h"
#include "schema/trace/db.h"
#include "schema/trace/sign.h"

/*
 * What a checkpoint has a hash of. The full rows of chunk and block stay as
 * they are for good, and so do the rows of most tables: that part can be
 * checked in any later state of the file, the rest in this one only.
 */
enum sm_part {
	SM_PART_CHUNK,	    /* all rows, tails included */
	SM_PART_BLOCK,	    /* likewise */
	SM_PART_FULL_CHUNK, /* without tails, which merge into full rows */
	SM_PART_FULL_BLOCK,
	SM_PART_TABLES, /* the plain tables follow */
	SM_PART_META = SM_PART_TABLES,
	SM_PART_PROCESS,
	SM_PART_POLICY,
	SM_PART_ADOPTION,
	SM_PART_NAME,
	SM_PART_SITE,
	SM_PART_RESOURCE,
	SM_PART_DENIAL,
	SM_PART_LOSS,
	SM_PARTS
};
const char *sm_part_name(enum sm_part part);

struct sm_mark {
	uint64_t count; /* rows; of chunk and block the next number */
	uint8_t hash[SM_HASH_BYTES];
};

#define SM_TRACE_ID_CHARS 32

struct sm_checkpoint {
	char trace[SM_TRACE_ID_CHARS + 1];
	uint64_t number;
	uint8_t previous[SM_HASH_BYTES]; /* sm_checkpoint_hash() of the one
					    before; zeros: none */
	uint64_t time_ns;		 /* CLOCK_REALTIME */
	struct sm_mark marks[SM_PARTS];
	bool is_signed;
	uint8_t key[SM_KEY_BYTES];
};

void sm_checkpoint_print(const struct sm_checkpoint *checkpoint,
			 struct sm_bytes *out);
/* Only what print() would print again, byte for byte. SM_INVALID. */
SM_CHECKED enum sm_status sm_checkpoint_parse(struct sm_str text,
					      struct sm_checkpoint *checkpoint);
/* Of a row: its text and, if it has one, its signature. SM_NOMEM. */
SM_CHECKED enum sm_status sm_checkpoint_hash(struct sm_chain *chain,
					     struct sm_str text,
					     struct sm_str signature,
					     uint8_t hash[SM_HASH_BYTES]);
/*
 * Of a row: signed by the key that it names or, where it names none, followed
 * by its text's hash: against damage, not against people. SM_DAMAGED: it is
 * not. SM_NOMEM.
 */
SM_CHECKED enum sm_status
sm_checkpoint_check(struct sm_chain *chain,
		    const struct sm_checkpoint *checkpoint, struct sm_str text,
		    struct sm_str signature);
void sm_hex_put(const uint8_t *bytes, size_t n, char *hex);
/* 2n lower-case digits; false when they are not. */
bool sm_hex_get(const char *hex, uint8_t *bytes, size_t n);

#endif
