/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compile.h: what compile.c makes of one rule, by its family.
 */
#ifndef SCHEMA_POLICY_COMPILE_H
#define SCHEMA_POLICY_COMPILE_H

#include "schema/policy/build.h"

/* Who may, how, with which arguments: the next of SM_BLOB_RULES. */
SM_CHECKED enum sm_status sm_compile_record(struct sm_build *b,
					    const struct sm_rule *rule);

static inline struct sm_blob_rule *sm_compile_record_at(struct sm_build *b,
							uint32_t number)
{
	return (struct sm_blob_rule *)(void *)b->sections[SM_BLOB_RULES].p +
	       number;
}

/*
 * Where rule number is found by what it says: a key of one component, a peer,
 * a shell line.
 */
SM_CHECKED enum sm_status sm_compile_key(struct sm_build *b,
					 enum sm_blob_root root,
					 struct sm_str spelling,
					 uint32_t number);
SM_CHECKED enum sm_status sm_compile_network(struct sm_build *b,
					     const struct sm_rule *rule,
					     uint32_t number);
SM_CHECKED enum sm_status sm_compile_shell(struct sm_build *b,
					   const struct sm_rule *rule,
					   uint32_t number);

#endif
