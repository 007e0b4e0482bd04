/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as answers to a review: refused with their line and none taken, or
 * what is taken is written and read again as the same.
 */
#include <stdlib.h>

#include "tools/review.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

const struct sm_program sm_policy_program = { .name = "fuzz" };

static const char policy[] =
	"{\"secmgr\": 1, \"files\": [{\"id\": \"f1\", \"path\": "
	"\"/srv/a/<int>\", \"access\": [\"read\"]}], \"processes\": [{\"id\": "
	"\"p1\", \"exec\": \"/bin/ls\", \"argv\": [\"ls\", \"a\"]}]}";

static struct sm_review review;
/* The last one is about a bundle. */
static struct sm_question questions[3];
static struct sm_evidence evidence;

static void start_once(void)
{
	struct sm_diag diag;
	size_t i;

	if (review.rules)
		return;
	if (sm_policy_parse(policy, sizeof(policy) - 1, &review.rules, &diag))
		abort();
	review.places.policy = review.rules;
	review.questions = questions;
	review.count = 3;
	questions[2].id = SM_STR("bundle:tls");
	questions[2].bundle = sm_rules_new();
	snprintf(review.digest, sizeof(review.digest), "d1");
	for (i = 0; i < 2; i++) {
		questions[i].rule = &review.rules->rules[i];
		questions[i].id = questions[i].rule->id;
		questions[i].evidence = &evidence;
		questions[i].looser =
			sm_step_looser(&review.places, questions[i].rule);
		if (!questions[i].looser)
			abort();
	}
}

static enum sm_status take(const char *text, size_t size, struct sm_diag *diag)
{
	FILE *in = fmemopen((void *)(uintptr_t)text, size, "r");
	enum sm_status status;

	if (!in)
		abort();
	status = sm_review_take_answers(&review, in, diag);
	(void)fclose(in);
	return status;
}

static char *print(size_t *bytes)
{
	char *text = NULL;
	FILE *out = open_memstream(&text, bytes);

	if (!out)
		abort();
	sm_review_print_answers(&review, out, false);
	if (fclose(out))
		abort();
	return text;
}

static void forget(void)
{
	size_t i;

	for (i = 0; i < review.count; i++)
		sm_review_answer(&questions[i], SM_ANSWER_NONE, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sm_diag diag;
	char *once, *twice;
	size_t bytes, again;

	start_once();
	if (!size || size > 20000)
		return 0;
	if (take((const char *)data, size, &diag)) {
		if (!diag.text[0] || sm_review_left(&review) != review.count)
			abort();
		return 0;
	}
	once = print(&bytes);
	forget();
	if (take(once, bytes, &diag))
		abort();
	twice = print(&again);
	if (bytes != again || memcmp(once, twice, bytes))
		abort();
	forget();
	free(once);
	free(twice);
	return 0;
}
