/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/enforce_policy.h"

#include <stdio.h>
#include <stdlib.h>

static void print_digest(struct enforce_policy *policy,
			 const struct sm_policy *opened)
{
	const uint8_t *digest = sm_policy_digest(opened);

	for (int i = 0; i < SM_POLICY_DIGEST_BYTES; i++)
		snprintf(policy->digest + 2 * i, 3, "%02x", digest[i]);
}

static enum sm_status compile(struct enforce_policy *policy,
			      const struct sm_rules *rules,
			      const struct sm_binding *variables, size_t count,
			      struct sm_diag *diag)
{
	struct sm_policy opened;
	enum sm_status status;
	size_t bytes;

	status = sm_policy_compile(rules, variables, count, &policy->blob,
				   &policy->blob_bytes, diag);
	if (!status)
		status = sm_policy_open(&opened, policy->blob,
					policy->blob_bytes, diag);
	if (!status && sm_policy_print(rules, &policy->canonical, &bytes))
		status = sm_fail(diag, SM_NOMEM, "out of memory");
	if (!status)
		print_digest(policy, &opened);
	return status;
}

enum sm_status enforce_policy_compile(struct enforce_policy *policy,
				      const enum sm_mode *modes,
				      const struct sm_binding *variables,
				      size_t count, struct sm_diag *diag)
{
	struct sm_rules *rules = NULL;
	enum sm_status status = sm_policy_load(policy->path, &rules, diag);

	policy->place = realpath(policy->path, NULL);
	if (!policy->place)
		policy->place = strdup(policy->path);
	if (!status && !policy->place)
		status = sm_fail(diag, SM_NOMEM, "out of memory");

	for (int i = 0; !status && modes && i < SM_FAMILIES; i++)
		if (modes[i] != SM_MODE_DEFAULT)
			rules->modes[i] = modes[i];
	if (!status)
		status = compile(policy, rules, variables, count, diag);
	policy->rules = rules;
	return status;
}

void enforce_policy_free(struct enforce_policy *policy)
{
	sm_rules_free(policy->rules);
	free(policy->blob);
	free(policy->canonical);
	free(policy->place);
	policy->rules = NULL;
	policy->place = NULL;
	policy->blob = NULL;
	policy->canonical = NULL;
}
