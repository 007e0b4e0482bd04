/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as another tool's configuration or log: what comes out is a policy
 * that parses again, and every note has a line of the text.
 */
#include <stdlib.h>

#include "tools/policy_import.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct lines {
	unsigned count;
};

static void check_note(void *context, unsigned line, const char *text)
{
	const struct lines *lines = context;

	if (!line || line > lines->count || !text[0])
		abort();
}

static void check_policy(struct sm_rules *rules)
{
	struct sm_rules *again = NULL;
	struct sm_diag diag;
	char *text;
	size_t bytes;

	if (sm_policy_normalise(rules) || sm_policy_print(rules, &text, &bytes))
		abort();
	if (sm_policy_parse(text, bytes, &again, &diag) ||
	    again->count != rules->count)
		abort();
	sm_rules_free(again);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lines lines = { 1 };
	struct sm_import import = { .rules = sm_rules_new(),
				    .note = check_note,
				    .context = &lines };
	size_t i;

	if (!import.rules || size > 20000) {
		sm_rules_free(import.rules);
		return 0;
	}
	for (i = 0; i < size; i++)
		lines.count += data[i] == '\n';
	if (!sm_import_pysecmgr(&import, (struct sm_str){ (const char *)data,
							  (uint32_t)size }))
		check_policy(import.rules);
	sm_rules_free(import.rules);
	free(import.table);
	return 0;
}
