/* SPDX-License-Identifier: Apache-2.0 */
/* Ring records as a hostile guest could write them. */
#include <stdlib.h>

#include "recorder/record.h"
#include "schema/request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct sm_request_scratch scratch;
	static uint8_t again[128 << 10];
	struct sm_request requests[SM_REQUESTS_MAX];
	struct sm_value values[SM_VALUES_MAX];
	struct sm_record record;

	if (size > 64 << 10 ||
	    sm_record_get(data, (uint32_t)size, values, &record) != SM_OK ||
	    record.type != SM_RECORD_EVENT)
		return 0;
	sm_event_requests(&record.event.event, &scratch, requests);
	/* What decoded encodes again: the collector may rely on it. */
	if (!sm_record_put_event(again, sizeof(again), &record.event))
		abort();
	return 0;
}
