/* SPDX-License-Identifier: Apache-2.0 */
/*
 * review_evidence.h: what recordings show of the use of single rules.
 *
 * Every rule is asked alone, beside the load rules that say what code is the
 * application's: what another rule grants too is evidence for both.
 */
#ifndef TOOLS_REVIEW_EVIDENCE_H
#define TOOLS_REVIEW_EVIDENCE_H

#include "tools/policy_tool.h"

#define SM_SEEN_MAX 64 /* kept with their text; the rest is counted */
#define SM_BY_MAX   16

/* A resource a rule was used for. Owned. */
struct sm_seen_value {
	struct sm_str text; /* as struct sm_request's value */
	struct sm_strings args;
	bool has_args; /* of programs; false: not all are plain text */
	uint64_t count;
	uint64_t recordings; /* a bit each, by number modulo 64 */
};

struct sm_evidence {
	uint64_t events, denied; /* denied: stopped when it was recorded */
	uint64_t distinct;	 /* values; more than value_count: cut */
	struct sm_seen_value values[SM_SEEN_MAX];
	size_t value_count;
	uint32_t access;	     /* what of the rule's was asked for */
	struct sm_str by[SM_BY_MAX]; /* who */
	size_t by_count;
	bool by_is_cut;
	unsigned recordings;
	uint64_t processes;
	uint64_t first_ns, last_ns; /* since 1970; 0: unknown */
	/* The first event. */
	struct sm_str trace, file, function;
	uint32_t process, line;
	uint64_t seq;
	void *keep; /* the arena of all texts, and keys: private */
};

/*
 * Reads the traces and fills found[i] for rules[i]. The exit status, after a
 * message. Free with sm_evidence_free() in any case.
 */
int sm_evidence_read(const struct sm_policy_options *o,
		     const struct sm_rules *policy,
		     const struct sm_rule *const *rules, size_t count,
		     char **traces, size_t trace_count,
		     struct sm_evidence *found);
void sm_evidence_free(struct sm_evidence *found, size_t count);

#endif
