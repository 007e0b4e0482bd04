/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a checkpoint: refused, or printed again byte for byte.
 */
#include <stdlib.h>
#include <string.h>

#include "schema/trace/checkpoint.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sm_checkpoint checkpoint;
	struct sm_bytes text = { 0 };

	if (size > UINT32_MAX ||
	    sm_checkpoint_parse(
		    (struct sm_str){ (const char *)data, (uint32_t)size },
		    &checkpoint))
		return 0;
	sm_checkpoint_print(&checkpoint, &text);
	if (text.has_failed || text.len != size ||
	    memcmp(text.p, data, size) != 0)
		abort();
	sm_bytes_fini(&text);
	return 0;
}
