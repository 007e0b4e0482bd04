/* SPDX-License-Identifier: Apache-2.0 */
/*
 * enforce_policy.h: a policy file as secmgr-enforce hands it out: compiled, and
 * as the trace keeps it.
 */
#ifndef TOOLS_ENFORCE_POLICY_H
#define TOOLS_ENFORCE_POLICY_H

#include "schema/policy.h"

struct enforce_policy {
	const char *path; /* NULL: none; the caller's */
	char *place;	  /* path made absolute, where it is a file's */
	void *blob;	  /* malloc'ed, as all here */
	size_t blob_bytes;
	struct sm_rules *rules; /* as in the file, but for modes */
	char *canonical;
	char digest[2 * SM_POLICY_DIGEST_BYTES + 1]; /* hex */
};

/*
 * Compiles policy->path. modes[SM_FAMILIES] stand in place of the file's where
 * they are not SM_MODE_DEFAULT; NULL: the file's. Whatever happens,
 * enforce_policy_free() frees.
 */
SM_CHECKED enum sm_status
enforce_policy_compile(struct enforce_policy *policy, const enum sm_mode *modes,
		       const struct sm_binding *variables, size_t count,
		       struct sm_diag *diag);
void enforce_policy_free(struct enforce_policy *policy);

#endif
