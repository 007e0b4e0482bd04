/* SPDX-License-Identifier: Apache-2.0 */
/*
 * parts.h: the application's functions as policies tell them apart, so that
 * each part is meant by a rule as a whole or not at all.
 */
#ifndef SCHEMA_POLICY_PARTS_H
#define SCHEMA_POLICY_PARTS_H

#include "schema/policy.h"

struct sm_parts {
	struct sm_str *items; /* as `by` spells them; none: nothing is told */
	size_t count;
};

/* Of the rules of both; free them with sm_parts_fini(). */
SM_CHECKED enum sm_status sm_parts_init(struct sm_parts *parts,
					const struct sm_rules *a,
					const struct sm_rules *b);
void sm_parts_fini(struct sm_parts *parts);

#endif
