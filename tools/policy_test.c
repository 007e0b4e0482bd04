/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy_test.c: expectations about a policy, as a list of cases in JSON.
 */
#include <jansson.h>
#include <stdlib.h>

#include "tools/policy_tool.h"
#include "tools/report.h"

#define TEXT_MAX 8192

struct suite {
	const char *path;
	const struct sm_compiled *compiled;
	struct sm_report_case *cases;
	size_t count, failures;
};

static int bad_case(const struct suite *s, size_t at, const char *reason,
		    const char *what)
{
	sm_cli_error(&sm_policy_program, s->path, "case %zu: %s%s%s", at + 1,
		     reason, what ? " " : "", what ? what : "");
	return SM_EXIT_USAGE;
}

static const char *check_keys(json_t *one)
{
	static const char *const known[] = { "name", "event",  "args",
					     "by",   "via",    "resolved",
					     "file", "expect", "rule" };
	const char *key;
	json_t *value;
	size_t i;

	json_object_foreach(one, key, value)
	{
		for (i = 0; i < sizeof(known) / sizeof(*known); i++)
			if (!strcmp(key, known[i]))
				break;
		if (i == sizeof(known) / sizeof(*known))
			return key;
	}
	return NULL;
}

/* Lists hold plain values only: argv, an address. */
static bool put_value(struct sm_spoken *s, json_t *from, uint32_t *items,
		      struct sm_value *to)
{
	uint32_t first = *items;
	size_t i, n = json_array_size(from);

	memset(to, 0, sizeof(*to));
	switch (json_typeof(from)) {
	case JSON_STRING:
		to->type = SM_TEXT;
		to->s = json_string_value(from);
		to->len = (uint32_t)json_string_length(from);
		to->full_len = to->len;
		return to->len <= SM_STRING_MAX;
	case JSON_INTEGER:
		to->type = SM_INT;
		to->i = json_integer_value(from);
		return true;
	case JSON_REAL:
		to->type = SM_FLOAT;
		to->f = json_real_value(from);
		return true;
	case JSON_TRUE:
	case JSON_FALSE:
		to->type = json_is_true(from) ? SM_TRUE : SM_FALSE;
		return true;
	case JSON_NULL:
		to->type = SM_NONE;
		return true;
	case JSON_ARRAY:
		if (n > SM_ITEMS_MAX - first)
			return false;
		*items += (uint32_t)n;
		to->type = SM_LIST;
		to->len = (uint32_t)n;
		to->full_len = n;
		to->items = s->items + first;
		for (i = 0; i < n; i++)
			if (json_is_array(json_array_get(from, i)) ||
			    !put_value(s, json_array_get(from, i), items,
				       &s->items[first + i]))
				return false;
		return true;
	case JSON_OBJECT:
		break;
	}
	return false;
}

static bool put_arguments(struct sm_spoken *s, json_t *args)
{
	uint32_t items = 0;
	size_t i, n = json_array_size(args);

	if ((args && !json_is_array(args)) || n > SM_ARGS_MAX)
		return false;
	for (i = 0; i < n; i++)
		if (!put_value(s, json_array_get(args, i), &items, &s->args[i]))
			return false;
	s->event.args = s->args;
	s->event.argc = (uint32_t)n;
	return true;
}

static bool put_resolved(struct sm_spoken *s, json_t *resolved)
{
	size_t i, n = json_array_size(resolved);

	if ((resolved && !json_is_array(resolved)) || n > SM_RESOLVED_MAX)
		return false;
	for (i = 0; i < n; i++) {
		const char *text =
			json_string_value(json_array_get(resolved, i));

		if (!text)
			return false;
		s->event.resolved[i] = sm_str_of(text);
	}
	return true;
}

/* An audit event with its arguments, or (without them) a sentence. */
static const char *make_event(const struct suite *suite, json_t *one,
			      char *text, struct sm_spoken *s)
{
	const char *by = json_string_value(json_object_get(one, "by"));
	const char *via = json_string_value(json_object_get(one, "via"));
	const char *file = json_string_value(json_object_get(one, "file"));
	int number;

	if (!json_object_get(one, "args")) {
		if (!sm_sentence_parse(suite->compiled, text, s))
			return "\"event\" is no sentence, and there are no "
			       "\"args\"";
	} else {
		memset(s, 0, sizeof(*s));
		s->event.site.event = sm_str_of(text);
		s->event.site.kind = sm_catalogue_find(s->event.site.event);
		if (!put_arguments(s, json_object_get(one, "args")))
			return "\"args\" is no list of plain values and lists "
			       "of them";
		sm_sentence_set_principal(suite->compiled, by ? by : "app", s);
	}
	if (by)
		sm_sentence_set_principal(suite->compiled, by, s);
	number = via ? sm_via_find(sm_str_of(via)) : 0;
	if (number < 0)
		return "\"via\" is one of direct, import, traceback, exec";
	if (via)
		s->event.site.via = number;
	if (file)
		s->event.site.file = sm_str_of(file);
	if (!put_resolved(s, json_object_get(one, "resolved")))
		return "\"resolved\" is no list of at most two paths";
	return NULL;
}

static bool is_text(json_t *one, const char *key)
{
	json_t *value = json_object_get(one, key);

	return !value || json_is_string(value);
}

static const char *check_types(json_t *one)
{
	static const char *const texts[] = { "name", "by",     "via",
					     "file", "expect", "rule" };
	const char *expect = json_string_value(json_object_get(one, "expect"));
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		if (!is_text(one, texts[i]))
			return texts[i];
	if (!json_is_string(json_object_get(one, "event")))
		return "event";
	if (!expect || (strcmp(expect, "allow") && strcmp(expect, "deny")))
		return "expect";
	return NULL;
}

/* NULL: as expected; else the reason's word. */
static const char *compare(json_t *one, const struct sm_verdict *v)
{
	const char *expect = json_string_value(json_object_get(one, "expect"));
	const char *rule = json_string_value(json_object_get(one, "rule"));
	bool is_denied = v->decision == SM_DENIED || v->decision == SM_WARNED;

	if (is_denied != !strcmp(expect, "deny"))
		return is_denied ? "denied" : "allowed";
	if (rule && !sm_str_equal(v->rule, sm_str_of(rule)))
		return "other-rule";
	return NULL;
}

static char *tell(const char *expect, const char *text)
{
	char *out;

	return asprintf(&out, "expected to %s, but %s", expect, text) < 0 ? NULL
									  : out;
}

static int check_case(struct suite *suite, json_t *one, size_t at)
{
	struct sm_report_case *c = &suite->cases[at];
	const char *wrong, *key = NULL, *name;
	char text[TEXT_MAX], *sentence = NULL;
	struct sm_spoken spoken;
	struct sm_verdict v;

	if (!json_is_object(one))
		return bad_case(suite, at, "is no object", NULL);
	key = check_keys(one);
	if (key)
		return bad_case(suite, at, "unknown key", key);
	key = check_types(one);
	if (key)
		return bad_case(
			suite, at,
			"missing, or not what secmgr-policy(1) says:", key);
	name = json_string_value(json_object_get(one, "event"));
	sentence = strdup(name);
	wrong = sentence ? make_event(suite, one, sentence, &spoken)
			 : "out of memory";
	if (wrong) {
		free(sentence);
		return bad_case(suite, at, wrong, NULL);
	}
	if (json_object_get(one, "name"))
		name = json_string_value(json_object_get(one, "name"));
	sm_policy_decide(&suite->compiled->policy, &spoken.event, &v);
	sm_verdict_explain(&spoken.event, &v, text, sizeof(text));
	free(sentence);
	c->suite = suite->path;
	c->name = name;
	c->count = 1;
	c->reason = compare(one, &v);
	if (!c->reason)
		return SM_EXIT_OK;
	c->outcome = SM_OUTCOME_FAIL;
	c->file = sm_str_of(suite->path);
	c->text = tell(json_string_value(json_object_get(one, "expect")), text);
	suite->failures++;
	return c->text ? SM_EXIT_OK
		       : bad_case(suite, at, "out of memory", NULL);
}

static void print_failures(const struct suite *s)
{
	size_t i;

	for (i = 0; i < s->count; i++) {
		if (s->cases[i].outcome == SM_OUTCOME_PASS)
			continue;
		fputs("failed    ", stdout);
		sm_cli_put(stdout, sm_str_of(s->cases[i].name), false);
		fputs(": ", stdout);
		sm_cli_put(stdout, sm_str_of(s->cases[i].text), false);
		putchar('\n');
	}
	printf("%zu cases, %zu failed\n", s->count, s->failures);
}

static int check_cases(const struct sm_policy_options *o, struct suite *s,
		       json_t *list)
{
	struct sm_report report = { .tool = sm_policy_program.name };
	int status = SM_EXIT_OK, one;
	size_t i;

	s->count = json_array_size(list);
	s->cases = calloc(s->count + 1, sizeof(*s->cases));
	if (!s->cases)
		return SM_EXIT_USAGE;
	for (i = 0; i < s->count; i++) {
		one = check_case(s, json_array_get(list, i), i);
		status = one > status ? one : status;
	}
	if (!status) {
		print_failures(s);
		report.cases = s->cases;
		report.count = s->count;
		status = sm_report_write(&sm_policy_program, &report, o->junit,
					 o->sarif);
	}
	for (i = 0; i < s->count; i++)
		free((char *)(uintptr_t)s->cases[i].text);
	free(s->cases);
	return status ? status : s->failures ? SM_EXIT_FINDING : SM_EXIT_OK;
}

int sm_policy_test(const struct sm_policy_options *o, int argc, char **argv)
{
	struct suite suite = { 0 };
	struct sm_compiled c;
	json_error_t error;
	json_t *list;
	int status = SM_EXIT_USAGE;

	if (argc != 2) {
		sm_cli_error(&sm_policy_program, NULL,
			     "test needs a policy and one file of cases");
		return status;
	}
	suite.path = argv[1];
	list = json_load_file(argv[1], JSON_REJECT_DUPLICATES, &error);
	if (!list || !json_is_array(list)) {
		sm_cli_error(&sm_policy_program, argv[1], "%d:%d: %s",
			     list ? 1 : error.line, list ? 1 : error.column,
			     list ? "cases are a list of objects" : error.text);
	} else if (sm_compiled_init(o, argv[0], NULL, &c)) {
		suite.compiled = &c;
		status = check_cases(o, &suite, list);
		sm_compiled_fini(&c);
	}
	json_decref(list);
	return status;
}
