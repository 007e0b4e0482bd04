/* SPDX-License-Identifier: Apache-2.0 */
/*
 * collector_sites.c: what there was where code came from, into the trace.
 */
#include "recorder/collector_internal.h"

#include "recorder/origins.h"

static void store(void *context, const char *key, const char *value)
{
	struct sm_collector *collector = context;

	if (!collector->is_storing_given_up)
		collector_note(collector,
			       sm_trace_set_meta(collector->trace, key, value));
}

void sites_note(struct sm_collector *collector,
		const struct sm_record_code *code)
{
	if (collector->origins)
		sm_origins_note(collector->origins, code);
}

void sites_store(struct sm_collector *collector)
{
	if (collector->origins && collector->trace &&
	    sm_origins_have_news(collector->origins))
		sm_origins_tell(collector->origins, false, store, collector);
}

void sites_next_file(struct sm_collector *collector)
{
	if (collector->origins && collector->trace)
		sm_origins_tell(collector->origins, true, store, collector);
}

void sites_end(struct sm_collector *collector)
{
	if (!collector->origins)
		return;
	sm_origins_finish(collector->origins, collector->is_storing_given_up
						      ? 0
						      : SM_ORIGINS_GRACE_MS);
	sites_store(collector);
}
