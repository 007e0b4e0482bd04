/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/hash.h"
#include "schema/trace.h"

uint64_t sm_trace_process_identity(uint64_t seed,
				   const struct sm_trace_process *p)
{
	seed = sm_hash(seed, &p->pid, sizeof(p->pid));
	seed = sm_hash(seed, &p->start_ns, sizeof(p->start_ns));
	seed = sm_hash(seed, &p->uid, sizeof(p->uid));
	seed = sm_hash_str(seed, p->exe);
	for (uint32_t i = 0; i < p->argc; i++)
		seed = sm_hash_str(seed, p->argv[i]);
	return seed;
}

uint64_t sm_trace_host_identity(const struct sm_trace *trace)
{
	const char *boot = sm_trace_meta(trace, "boot_id");
	const char *host = sm_trace_meta(trace, "host");

	return sm_hash_str(sm_hash_str(SM_HASH_SEED, sm_str_of(boot)),
			   sm_str_of(host));
}

uint64_t sm_trace_identity(const struct sm_trace *trace)
{
	const char *clock = sm_trace_meta(trace, "clock.monotonic_ns");
	uint64_t id =
		sm_hash_str(sm_trace_host_identity(trace), sm_str_of(clock));

	for (size_t i = 1; i <= sm_trace_process_count(trace); i++) {
		const struct sm_trace_process_info *p =
			sm_trace_process(trace, (uint32_t)i);

		id = sm_trace_process_identity(id, &p->start);
		id = sm_hash(id, &p->account.stored, sizeof(uint64_t));
		id = sm_hash(id, &p->account.attempts, sizeof(uint64_t));
	}
	return id;
}
