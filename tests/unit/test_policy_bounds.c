/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a policy may hold, at each bound, and how much work comparing its rules
 * may be.
 */
#include "tests/unit/policy_fixture.h"

/* A text that grows. */
struct text {
	char *p;
	size_t len, room;
};

static void put(struct text *t, const char *s)
{
	size_t n = strlen(s);

	while (t->room - t->len <= n) {
		t->room = t->room ? 2 * t->room : 4096;
		t->p = realloc(t->p, t->room);
		assert_non_null(t->p);
	}
	memcpy(t->p + t->len, s, n + 1);
	t->len += n;
}

/* A number in the place of each #. */
static void put_numbered(struct text *t, const char *form, unsigned number)
{
	char text[200], *at = text;

	for (; *form; form++) {
		if (*form == '#')
			at += sprintf(at, "%u", number);
		else
			*at++ = *form;
	}
	*at = 0;
	put(t, text);
}

/* before, count times the numbered form with commas between, after. */
static struct text repeat(const char *before, unsigned count, const char *form,
			  const char *after)
{
	struct text t = { 0 };

	put(&t, before);
	for (unsigned i = 0; i < count; i++) {
		put(&t, i ? ",\n" : "");
		put_numbered(&t, form, i);
	}
	put(&t, after);
	return t;
}

#define START "{\"secmgr\": 1,\n"

/* Each bound: what is repeated, and how often it may be. */
static const struct {
	const char *before, *one, *after;
	unsigned most;
	const char *said;
} bounds[] = {
	{ START "\"files\": [\n", "{\"path\": \"/f#\", \"access\": [\"read\"]}",
	  "]}", SM_POLICY_RULES_MAX, "more than 50000 rules" },
	{ START "\"deny\": [\n", "{\"path\": \"/f#\"}", "]}",
	  SM_POLICY_RULES_MAX, "more than 50000 rules" },
	{ START "\"files\": [{\"path\": \"/a\", \"access\": [\"read\"], "
		"\"by\": [\n",
	  "\"p#\"", "]}]}", SM_POLICY_ITEMS_MAX,
	  "more than 256 items in \"by\"" },
	{ START "\"processes\": [{\"exec\": \"/a\", \"argv\": [\n", "\"p#\"",
	  "]}]}", SM_POLICY_ITEMS_MAX, "more than 256 items in \"argv\"" },
	{ START "\"variables\": {\n", "\"V#\": \"/a\"", "}}",
	  SM_POLICY_VARIABLES_MAX, "more than 256 variables" },
	{ START "\"variables\": {\"V\": [\n", "\"/a#\"", "]}}",
	  SM_POLICY_ITEMS_MAX, "more than 256 values of a variable" },
	{ START "\"review\": [\n", "{\"id\": \"i#\", \"reason\": \"r\"}", "]}",
	  SM_POLICY_RULES_MAX, "more than 50000 review entries" },
};

static void what_passes_a_bound_is_refused_with_its_place(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bounds) / sizeof(*bounds); i++)
		for (unsigned n = bounds[i].most - 1; n <= bounds[i].most + 1;
		     n++) {
			struct text t = repeat(bounds[i].before, n,
					       bounds[i].one, bounds[i].after);
			struct sm_rules *rules;
			struct sm_diag diag = { 0 };
			enum sm_status status =
				sm_policy_parse(t.p, t.len, &rules, &diag);

			assert_int_equal(status == SM_LIMIT,
					 n > bounds[i].most);
			if (status == SM_LIMIT) {
				assert_non_null(
					strstr(diag.text, bounds[i].said));
				/* Two lines, and one for each before it. */
				assert_int_equal(diag.line, 3 + n - 1);
			}
			sm_rules_free(rules);
			free(t.p);
		}
}

static void a_text_that_is_too_long_is_not_read(void **state)
{
	const size_t most = SM_POLICY_BYTES_MAX;
	char *text = malloc(most + 1);
	struct sm_rules *rules;
	struct sm_diag diag = { 0 };

	(void)state;
	assert_non_null(text);
	memset(text, ' ', most + 1);
	memcpy(text, "{\"secmgr\": 1}", 13);
	assert_int_equal(sm_policy_parse(text, most, &rules, &diag), SM_OK);
	sm_rules_free(rules);
	assert_int_equal(sm_policy_parse(text, most + 1, &rules, &diag),
			 SM_LIMIT);
	assert_non_null(strstr(diag.text, "more than 16777216 bytes"));
	free(text);
}

static void values_of_variables_cannot_multiply_without_end(void **state)
{
	struct text t = repeat(START "\"variables\": {\"V\": [\n", 64,
			       "\"/v#\"", "]},\n\"files\": [\n");
	struct text rules_text = repeat(
		"", SM_POLICY_RULES_MAX,
		"{\"path\": \"${V}/a/b/c#/**\", \"access\": [\"read\"]}", "]}");
	struct sm_rules *rules;
	struct sm_diag diag = { 0 };
	size_t bytes;
	void *blob;

	(void)state;
	put(&t, rules_text.p);
	assert_int_equal(sm_policy_parse(t.p, t.len, &rules, &diag), SM_OK);
	assert_int_equal(
		sm_policy_compile(rules, NULL, 0, &blob, &bytes, &diag),
		SM_LIMIT);
	assert_non_null(strstr(diag.text, "once for each value"));
	assert_null(blob);
	sm_rules_free(rules);
	free(rules_text.p);
	free(t.p);
}

/* ---------------------------------------------------------------- principals
 */

/* More names than there are bits for: those without one are compared. */
static void any_number_of_principals_is_told_apart(void **state)
{
	struct text t =
		repeat(START "\"files\": [\n", 300,
		       "{\"path\": \"/d/f#\", \"access\": [\"read\"], \"by\": "
		       "[\"p#\"]}",
		       "]}");
	struct sm_rules *rules;
	struct sm_policy policy;
	struct sm_diag diag;
	size_t bytes;
	void *blob;

	(void)state;
	assert_int_equal(sm_policy_parse(t.p, t.len, &rules, &diag), SM_OK);
	assert_int_equal(
		sm_policy_compile(rules, NULL, 0, &blob, &bytes, &diag), SM_OK);
	assert_int_equal(sm_policy_open(&policy, blob, bytes, &diag), SM_OK);
	for (unsigned file = 0; file < 300; file += 13)
		for (unsigned who = 0; who < 300; who += 13) {
			char path[32], name[32];
			struct sm_verdict verdict;
			struct staged event;

			snprintf(path, sizeof(path), "/d/f%u", file);
			snprintf(name, sizeof(name), "p%u", who);
			stage(&event, "open", name);
			push_arg(&event, text_value(path));
			push_arg(&event, text_value("r"));
			push_arg(&event, int_value(0));
			sm_policy_decide(&policy, &event.event, &verdict);
			assert_int_equal(verdict.decision,
					 file == who ? SM_ALLOWED : SM_DENIED);
		}
	free(blob);
	sm_rules_free(rules);
	free(t.p);
}

/* --------------------------------------------------------------------- work */

struct told {
	unsigned findings, unknown;
	char last[400];
};

static void note(void *context, const struct sm_diag *finding)
{
	struct told *told = context;

	told->findings++;
	told->unknown += finding->status == SM_LIMIT;
	memcpy(told->last, finding->text, sizeof(told->last));
}

static struct told check(const char *form, unsigned count)
{
	struct text t =
		repeat(START "\"files\": [\n", count, form,
		       "], \"modes\": {\"network\": \"off\", \"processes\": "
		       "\"off\", \"code\": \"off\", \"pickles\": \"off\", "
		       "\"native\": \"off\", \"events\": \"off\"}}");
	struct told told = { 0 };
	struct sm_rules *rules;
	struct sm_diag diag;

	assert_int_equal(sm_policy_parse(t.p, t.len, &rules, &diag), SM_OK);
	assert_int_equal(sm_policy_check(rules, NULL, 0, note, &told, &diag),
			 SM_OK);
	sm_rules_free(rules);
	free(t.p);
	return told;
}

static void rules_are_compared_as_far_as_the_work_goes(void **state)
{
	struct told told;

	(void)state;
	told = check("{\"path\": \"/srv/d#/*.txt\", \"access\": [\"read\"]}",
		     10000);
	assert_int_equal(told.findings, 0);
	/* Each of these could be in the way of each. */
	told = check("{\"path\": \"/**/a/**/b#\", \"access\": [\"read\"]}",
		     5000);
	assert_int_equal(told.unknown, 1);
	assert_int_equal(told.findings, 1);
	assert_non_null(strstr(told.last, "too much work to compare"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_passes_a_bound_is_refused_with_its_place),
		cmocka_unit_test(a_text_that_is_too_long_is_not_read),
		cmocka_unit_test(
			values_of_variables_cannot_multiply_without_end),
		cmocka_unit_test(any_number_of_principals_is_told_apart),
		cmocka_unit_test(rules_are_compared_as_far_as_the_work_goes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
