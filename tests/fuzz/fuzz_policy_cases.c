/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as expectations about a policy: refused with a line of the text, or
 * every case is an object of it and its event is decided.
 */
#include <stdlib.h>

#include "tools/policy_cases.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

const struct sm_program sm_policy_program = { .name = "fuzz" };

static const char policy[] =
	"{\"secmgr\": 1, \"variables\": {\"APP\": \"/srv\"}, \"files\": "
	"[{\"id\": \"f1\", \"path\": \"${APP}/**\", \"access\": [\"read\"]}],"
	"\"network\": [{\"connect\": \"a.example:443\"}],"
	"\"processes\": [{\"exec\": \"/bin/ls\", \"argv\": [\"ls\", "
	"\"<path:/srv/**>\"]}, {\"shell\": \"ping <host>\"}],"
	"\"code\": [{\"load\": \"${APP}/*.py\"}]}";

static struct sm_compiled compiled;

static void compile_once(void)
{
	struct sm_diag diag;
	size_t bytes;

	if (compiled.blob)
		return;
	if (sm_policy_parse(policy, sizeof(policy) - 1, &compiled.rules,
			    &diag) ||
	    sm_policy_compile(compiled.rules, NULL, 0, &compiled.blob, &bytes,
			      &diag) ||
	    sm_policy_open(&compiled.policy, compiled.blob, bytes, &diag))
		abort();
}

/* What starts where the case says it does. */
static char at_place(const char *text, size_t size, unsigned line,
		     unsigned column)
{
	unsigned l = 1, c = 1;
	size_t i;

	for (i = 0; i < size && (l != line || c != column); i++) {
		c += (text[i] & 0xc0) != 0x80;
		if (text[i] == '\n') {
			l++;
			c = 1;
		}
	}
	return i < size ? text[i] : 0;
}

static void decide_case(const struct sm_case *one)
{
	struct sm_diag diag = { 0 };
	char *sentence, text[300];
	struct sm_verdict verdict;
	struct sm_spoken spoken;

	if (!sm_case_event(one, &compiled, &spoken, &sentence, &diag)) {
		sm_policy_decide(&compiled.policy, &spoken.event, &verdict);
		sm_verdict_explain(&spoken.event, &verdict, text, sizeof(text));
	} else if (!diag.text[0] || diag.line != one->line) {
		abort();
	}
	free(sentence);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	struct sm_cases cases;
	struct sm_diag diag = { 0 };
	unsigned lines = 1;
	size_t i;

	compile_once();
	for (i = 0; i < size; i++)
		lines += text[i] == '\n';
	if (sm_cases_parse(text, size, &cases, &diag)) {
		if (!diag.text[0] || diag.line > lines || cases.items)
			abort();
		return 0;
	}
	for (i = 0; i < cases.count; i++) {
		if (at_place(text, size, cases.items[i].line,
			     cases.items[i].column) != '{')
			abort();
		decide_case(&cases.items[i]);
	}
	sm_cases_fini(&cases);
	return 0;
}
