/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A real blob with bytes changed as the input says, its checksum made right
 * again: open refuses it, or deciding stays inside it. Input: triples of
 * offset (two bytes) and value.
 */
#include <fcntl.h>
#include <stdlib.h>

#include "schema/policy/blob.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char text[] =
	"{\"secmgr\": 1, \"use\": [\"python-runtime\"],"
	"\"variables\": {\"STDLIB\": \"/l\", \"SITE\": [\"/s\", \"/t\"]},"
	"\"files\": [{\"path\": \"/a/**/<int>-<hex>x*.c\", \"access\": "
	"[\"read\"], \"by\": [\"app\", \"dynamic:x\"]}],"
	"\"network\": [{\"connect\": \"10.0.0.0/8:*\"}],"
	"\"processes\": [{\"exec\": \"/b\", \"argv\": [\"b\", "
	"\"--x=<option:a|b>\", \"<path:/q/<name>>\", \"*\"]},"
	"{\"shell\": \"ls <word> > /x\"}],"
	"\"code\": [{\"load\": \"/a/*.py\"}]}";

static void decide(const struct sm_policy *policy, const char *name,
		   const struct sm_value *args, uint32_t argc)
{
	struct sm_event event = { .args = args, .argc = argc };
	struct sm_verdict verdict;
	char sentence[300];

	event.site.event = sm_str_of(name);
	event.site.kind = sm_catalogue_find(event.site.event);
	event.site.file = SM_STR("/l/x.py");
	event.site.principal.kind = SM_PRINCIPAL_APP;
	event.site.principal.file = SM_STR("/a/x.py");
	sm_policy_decide(policy, &event, &verdict);
	sm_verdict_explain(&event, &verdict, sentence, sizeof(sentence));
}

static struct sm_value text_value(const char *s)
{
	struct sm_value v = { .type = SM_TEXT, .len = (uint32_t)strlen(s) };

	v.s = s;
	v.full_len = v.len;
	return v;
}

static void decide_all(const struct sm_policy *policy)
{
	struct sm_value words[] = { text_value("b"), text_value("--x=a"),
				    text_value("/q/z"), text_value("w") };
	struct sm_value list = { .type = SM_LIST, .len = 4, .full_len = 4 };
	struct sm_value args[3] = { text_value("/a/b/12-deadbeefxy.c") };

	list.items = words;
	args[1].type = SM_NONE;
	args[2].type = SM_INT;
	decide(policy, "open", args, 3);
	args[0] = text_value("/b");
	args[1] = list;
	decide(policy, "os.posix_spawn", args, 2);
	args[0] = text_value("ls x > /x");
	decide(policy, "os.system", args, 1);
	args[0] = text_value("10.1.2.3");
	decide(policy, "socket.getaddrinfo", args, 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sm_rules *rules;
	struct sm_policy policy;
	struct sm_diag diag;
	uint64_t sum;
	uint8_t *blob;
	size_t bytes, i;
	void *p;

	if (sm_policy_parse(text, sizeof(text) - 1, &rules, &diag) ||
	    sm_policy_compile(rules, NULL, 0, &p, &bytes, &diag))
		abort();
	blob = p;
	for (i = 0; i + 3 <= size; i += 3)
		blob[(data[i] << 8 | data[i + 1]) % bytes] = data[i + 2];
	sum = sm_blob_checksum(blob, bytes);
	memcpy(blob + offsetof(struct sm_blob_header, checksum), &sum, 8);
	if (!sm_policy_open(&policy, blob, bytes, &diag))
		decide_all(&policy);
	free(blob);
	sm_rules_free(rules);
	return 0;
}
