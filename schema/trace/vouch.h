/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vouch.h: the rows of `checkpoint`: one with every commit, which the next one
 * replaces. Kept are those that vouch for more full blocks than the one kept
 * before, and the last signed one.
 */
#ifndef SCHEMA_TRACE_VOUCH_H
#define SCHEMA_TRACE_VOUCH_H

#include "schema/trace/checkpoint.h"
#include "schema/trace/rows.h"

#define SM_SIGN_EVERY_NS 10000000000u

/* Numbers of rows; 0: none. */
struct sm_vouched {
	uint64_t last, kept, signed_at;
	uint64_t full_block; /* of the one kept */
	uint64_t signed_ns;
	bool is_signed; /* the last one is */
	uint8_t kept_hash[SM_HASH_BYTES], signed_hash[SM_HASH_BYTES];
};

struct sm_voucher {
	struct sm_rows *rows;
	struct sm_chain *chain;
	const struct sm_signer *signer; /* NULL: nothing is signed */
	char trace[SM_TRACE_ID_CHARS + 1];
	struct sm_vouched now, next;
	struct sm_bytes text;
};

/* rows and chain are borrowed. */
void sm_voucher_init(struct sm_voucher *voucher, struct sm_rows *rows,
		     struct sm_chain *chain);
void sm_voucher_fini(struct sm_voucher *voucher);
/* A trace of its own: a fresh identity. SM_IO. */
SM_CHECKED enum sm_status sm_voucher_start(struct sm_voucher *voucher);
/* Goes on behind the last row, which is returned. SM_DAMAGED, SM_IO. */
SM_CHECKED enum sm_status sm_voucher_resume(struct sm_voucher *voucher,
					    struct sm_checkpoint *last);
/* A signature is due although nothing was written. */
bool sm_voucher_is_due(const struct sm_voucher *voucher);
/*
 * The row of the open transaction; to be followed by sm_voucher_committed().
 * is_last: signed whenever the last signature was. SM_IO, SM_NOMEM.
 */
SM_CHECKED enum sm_status sm_voucher_write(struct sm_voucher *voucher,
					   const struct sm_mark marks[SM_PARTS],
					   bool is_last);
void sm_voucher_committed(struct sm_voucher *voucher);

#endif
