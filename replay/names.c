/* SPDX-License-Identifier: Apache-2.0 */
#include "replay/names.h"

#include "replay/digest.h"

static bool add(struct sm_names *names, struct sm_str path)
{
	uint64_t key = sm_digest_bytes(0, path.p, path.len);

	return sm_memo_find(&names->paths, key) ||
	       sm_memo_add(&names->paths, key, 1);
}

void sm_names_init(struct sm_names *names, const struct sm_trace *trace)
{
	names->has_all = sm_memo_init(&names->paths);
	for (uint32_t i = 1;
	     names->has_all && i <= sm_trace_process_count(trace); i++) {
		const struct sm_named *named =
			sm_trace_process(trace, i)->start.named;

		for (uint32_t k = 0; k < named->count; k++)
			names->has_all &= add(names, sm_named_place(named, k));
	}
}

void sm_names_fini(struct sm_names *names)
{
	sm_memo_fini(&names->paths);
}

static bool has(const struct sm_names *names, struct sm_str path)
{
	for (uint32_t end = 1; end <= path.len; end++)
		if ((end == path.len || path.p[end] == '/') &&
		    sm_memo_find(&names->paths,
				 sm_digest_bytes(0, path.p, end)))
			return true;
	return false;
}

bool sm_names_have(const struct sm_names *names,
		   const struct sm_request *requests, unsigned count)
{
	if (!names->has_all)
		return true;
	for (unsigned i = 0; i < count; i++)
		if (requests[i].family == SM_FAMILY_FILES &&
		    has(names, requests[i].value))
			return true;
	return false;
}
