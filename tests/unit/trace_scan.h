/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trace_scan.h: a whole block by scan.h, for the test and the fuzzer that give
 * it bad ones.
 */
#ifndef TESTS_UNIT_TRACE_SCAN_H
#define TESTS_UNIT_TRACE_SCAN_H

#include "schema/trace/scan.h"

/* Every leaf a key, then everything else there is of it. */
static inline enum sm_status scan_all(struct sm_scan *scan, const uint8_t *raw,
				      size_t len, uint32_t events,
				      struct sm_block *head)
{
	uint16_t leaves[SM_LEAVES_MAX];
	struct sm_trace_when when;
	enum sm_status status;

	for (uint16_t i = 0; i < SM_LEAVES_MAX; i++)
		leaves[i] = i;
	*head = (struct sm_block){ 0 };
	status = sm_scan_begin(scan, raw, len, events, head);
	for (uint32_t g = 0; !status && g < head->group_count; g++) {
		const struct sm_scan_key key = { g, leaves, SM_LEAVES_MAX };

		sm_scan_keys(scan, head, g, &key);
	}
	if (!status && !sm_scan_end(scan))
		status = SM_DAMAGED;
	if (!status)
		status = sm_scan_when(scan, 1000, head, 0, &when);
	return status;
}

#endif
