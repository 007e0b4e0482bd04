/* SPDX-License-Identifier: Apache-2.0 */
/*
 * summary_internal.h: what summary.c, which counts, and summary_file.c share.
 */
#ifndef SCHEMA_TRACE_SUMMARY_INTERNAL_H
#define SCHEMA_TRACE_SUMMARY_INTERNAL_H

#include "schema/trace/summary.h"

#define OTHER SM_STR("(other)")

enum { CALL_RESOURCES = 8 }; /* (request, access) pairs counted per call */

struct text {
	size_t at;
	uint32_t len;
};

struct resource {
	uint8_t family, via;
	uint8_t access; /* enum sm_access_number */
	bool has_via;
	struct text value, principal;
	uint64_t events, first_ns, last_ns;
	uint32_t processes, last_process;
};

struct denial {
	uint8_t decision;
	bool is_dirty;
	uint32_t site, process;
	struct text rule, value;
	uint64_t events, seq, first_ns, last_ns;
};

struct call {
	uint32_t resources[CALL_RESOURCES];
	uint32_t count;
};

struct sm_summary {
	struct sm_bytes texts;
	struct resource *resources;
	size_t resource_count, resource_room;
	struct denial *denials;
	size_t denial_count, denial_room;
	struct call *calls;
	size_t call_count, call_room;
	struct sm_map resource_of, denial_of, call_of;
	struct sm_map seen; /* resource << 32 | process */
	struct sm_request_scratch scratch;
};

struct resource_key {
	uint8_t family, access, via;
	bool has_via;
	struct sm_str value, principal;
};

struct sm_str sm_summary_str(const struct sm_summary *s, struct text t);
enum sm_status sm_summary_find_resource(struct sm_summary *s,
					struct resource_key k, uint32_t *index);
enum sm_status sm_summary_find_denial(struct sm_summary *s, uint32_t site,
				      enum sm_decision decision,
				      struct sm_str rule, struct sm_str value,
				      uint32_t *index);

#endif
