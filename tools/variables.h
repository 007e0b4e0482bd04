/* SPDX-License-Identifier: Apache-2.0 */
/*
 * variables.h: values that a command line gives to variables of policies.
 */
#ifndef TOOLS_VARIABLES_H
#define TOOLS_VARIABLES_H

#include "schema/policy.h"
#include "tools/cli.h"

/*
 * False: tells of one that none of the policies has, as one that was mistyped.
 * option: what gave the values, "--set".
 */
bool sm_variables_are_known(const struct sm_program *program,
			    const char *option,
			    const struct sm_binding *bindings, size_t count,
			    const struct sm_rules *const *policies,
			    size_t policy_count);

#endif
