/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a policy: parsed, printed, parsed again to the same text, and
 * compiled to a blob that opens.
 */
#include <stdlib.h>

#include "schema/policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *print(const struct sm_rules *rules, size_t *bytes)
{
	char *text;

	if (sm_policy_print(rules, &text, bytes))
		abort();
	return text;
}

static void compile(const struct sm_rules *rules)
{
	static const struct sm_binding bindings[] = {
		{ "APP", "/srv/app" },	     { "TMP", "/tmp" },
		{ "STDLIB", "/usr/lib/py" }, { "SITE", "/site/a:/site/b" },
		{ "HOME", "/root" },
	};
	struct sm_policy policy;
	struct sm_diag diag;
	void *blob;
	size_t bytes;

	if (sm_policy_compile(rules, bindings,
			      sizeof(bindings) / sizeof(*bindings), &blob,
			      &bytes, &diag))
		return;
	if (sm_policy_open(&policy, blob, bytes, &diag))
		abort();
	free(blob);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sm_rules *rules, *again;
	struct sm_diag diag;
	size_t bytes, other_bytes;
	char *text, *other;

	if (sm_policy_parse((const char *)data, size, &rules, &diag))
		return 0;
	text = print(rules, &bytes);
	if (sm_policy_parse(text, bytes, &again, &diag))
		abort();
	other = print(again, &other_bytes);
	if (bytes != other_bytes || memcmp(text, other, bytes))
		abort();
	compile(rules);
	sm_rules_free(rules);
	sm_rules_free(again);
	free(text);
	free(other);
	return 0;
}
