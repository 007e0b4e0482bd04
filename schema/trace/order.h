/* SPDX-License-Identifier: Apache-2.0 */
/*
 * order.h: the order of time within a block, each process's own kept.
 *
 * Blocks hold events as the collector drained them, ring by ring, because that
 * compresses; who reads wants them as they happened.
 */
#ifndef SCHEMA_TRACE_ORDER_H
#define SCHEMA_TRACE_ORDER_H

#include "schema/trace/block.h"

/*
 * *order becomes an allocated permutation of the rows, or NULL when they are
 * in order as they stand. SM_NOMEM.
 */
SM_CHECKED enum sm_status sm_block_order(const struct sm_block *block,
					 uint32_t **order);

#endif
