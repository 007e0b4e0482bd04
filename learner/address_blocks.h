/* SPDX-License-Identifier: Apache-2.0 */
/*
 * address_blocks.h: which addresses stand in blocks; for learner/ only.
 */
#ifndef LEARNER_ADDRESS_BLOCKS_H
#define LEARNER_ADDRESS_BLOCKS_H

#include "learner/learn.h"
#include "schema/address.h"

/* A connection without a name, that others may make unnecessary. */
struct sm_target {
	uint8_t address[SM_ADDRESS_BYTES];
	enum sm_address_kind kind;
	int32_t port;
	struct sm_str proto;
	const struct sm_call *call;
	size_t fact;
	uint32_t bits; /* of the block it is granted in; 0: by itself */
	struct sm_str why;
};

/* They are in one network, asked for at one port. */
bool sm_target_is_near(const struct sm_target *a, const struct sm_target *b);

/*
 * Decides the blocks of targets that are near one another, sorted by address:
 * the cheapest of all ways to divide them (cut.h).
 */
void sm_targets_choose(struct sm_learn *l, struct sm_target *first,
		       size_t count);

/* ADDRESS/BITS of the block of bits that the target stands in. */
struct sm_str sm_target_block(struct sm_learn *l, const struct sm_target *t);

#endif
