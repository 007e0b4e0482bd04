/* SPDX-License-Identifier: Apache-2.0 */
/*
 * symbol.h: "stdlib", "stdlib:MODULE" and "distribution:NAME" as the paths
 * they stand for.
 */
#ifndef SCHEMA_POLICY_SYMBOL_H
#define SCHEMA_POLICY_SYMBOL_H

#include "schema/policy/build.h"

/* Whether a load pattern is one of these rather than a path. */
bool sm_is_symbol(struct sm_str pattern);

/*
 * Calls use for each path pattern: a literal directory and what follows.
 * is_exception: what lies there does not belong to "stdlib" after all.
 * SM_NOT_FOUND when STDLIB or SITE has no value.
 */
typedef enum sm_status sm_symbol_use(void *context, struct sm_str directory,
				     struct sm_str rest, bool is_exception);
SM_CHECKED enum sm_status sm_symbol_expand(struct sm_build *values,
					   struct sm_str symbol, unsigned line,
					   sm_symbol_use *use, void *context);

#endif
