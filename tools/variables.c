/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/variables.h"

#include <stdio.h>
#include <stdlib.h>

/* "APP, DATA": those that the policies give a value themselves. */
static char *list_own(const struct sm_rules *const *policies, size_t count)
{
	size_t bytes, n = 0;
	char *text = NULL;
	FILE *out = open_memstream(&text, &bytes);

	if (!out)
		return NULL;
	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; k < policies[i]->variable_count; k++) {
			struct sm_str name = policies[i]->variables[k].name;

			fprintf(out, "%s%.*s", n++ ? ", " : "", (int)name.len,
				name.p);
		}
	if (!fclose(out))
		return text;
	free(text);
	return NULL;
}

static bool is_known(struct sm_str name, const struct sm_rules *const *policies,
		     size_t count)
{
	bool has = false;

	for (size_t i = 0; !has && i < count; i++)
		if (sm_policy_has_variable(policies[i], name, &has))
			return true; /* no memory: not the name's fault */
	return has;
}

bool sm_variables_are_known(const struct sm_program *program,
			    const char *option,
			    const struct sm_binding *bindings, size_t count,
			    const struct sm_rules *const *policies,
			    size_t policy_count)
{
	char *own;

	for (size_t i = 0; i < count; i++) {
		if (is_known(sm_str_of(bindings[i].name), policies,
			     policy_count))
			continue;
		own = list_own(policies, policy_count);
		sm_cli_error(program, option,
			     "the policy has no variable %s; it has %s",
			     bindings[i].name,
			     own && *own ? own : "none of its own");
		free(own);
		return false;
	}
	return true;
}
