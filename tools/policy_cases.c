/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy_cases.c: cases from JSON, and events from cases.
 */
#include "tools/policy_cases.h"

#include <jansson.h>
#include <stdlib.h>

#include "schema/path.h"

/* ------------------------------------------------------------------ places */

/* jansson keeps no place of a value: found in text that is known to be JSON. */
struct scan {
	const char *text;
	size_t bytes, at;
	unsigned line, column;
};

static void step(struct scan *s)
{
	char c = s->text[s->at++];

	if (c == '\n') {
		s->line++;
		s->column = 1;
	} else if ((c & 0xc0) != 0x80) {
		s->column++;
	}
}

/* Behind the closing quote. */
static void skip_string(struct scan *s)
{
	step(s);
	while (s->at < s->bytes && s->text[s->at] != '"') {
		if (s->text[s->at] == '\\')
			step(s);
		step(s);
	}
	step(s);
}

/* To the start of the next value in the outer list; false: there is none. */
static bool next_value(struct scan *s)
{
	while (s->at < s->bytes && strchr("[, \t\r\n", s->text[s->at]))
		step(s);
	return s->at < s->bytes && s->text[s->at] != ']';
}

static void skip_value(struct scan *s)
{
	size_t depth = 0;

	while (s->at < s->bytes) {
		char c = s->text[s->at];

		if (!depth && strchr(",]", c))
			return;
		if (c == '"') {
			skip_string(s);
			continue;
		}
		depth += c == '[' || c == '{';
		depth -= c == ']' || c == '}';
		step(s);
	}
}

/* ------------------------------------------------------------------ parsing */

static enum sm_status check_keys(const struct sm_case *c, json_t *one,
				 struct sm_diag *diag)
{
	static const char *const known[] = { "name", "event",  "args",
					     "by",   "via",    "resolved",
					     "file", "expect", "rule",
					     "named" };
	const char *key;
	json_t *value;
	size_t i;

	json_object_foreach(one, key, value)
	{
		for (i = 0; i < sizeof(known) / sizeof(*known); i++)
			if (!strcmp(key, known[i]))
				break;
		if (i == sizeof(known) / sizeof(*known))
			return sm_fail_at(diag, SM_INVALID, c->line, c->column,
					  "unknown key \"%s\" in a case", key);
	}
	return SM_OK;
}

static enum sm_status read_text(struct sm_case *c, json_t *one, const char *key,
				const char **out, struct sm_diag *diag)
{
	json_t *value = json_object_get(one, key);

	*out = json_string_value(value);
	if (!value || *out)
		return SM_OK;
	return sm_fail_at(diag, SM_INVALID, c->line, c->column,
			  "\"%s\" is no text", key);
}

static enum sm_status read_texts(struct sm_case *c, json_t *one,
				 struct sm_diag *diag)
{
	const struct {
		const char *key, **to;
	} texts[] = { { "name", &c->name }, { "event", &c->event },
		      { "by", &c->by },	    { "via", &c->via },
		      { "file", &c->file }, { "rule", &c->rule } };
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		if (read_text(c, one, texts[i].key, texts[i].to, diag))
			return diag->status;
	if (!c->event)
		return sm_fail_at(diag, SM_INVALID, c->line, c->column,
				  "the case has no \"event\"");
	if (!c->name)
		c->name = c->event;
	if (c->via && sm_via_find(sm_str_of(c->via)) < 0)
		return sm_fail_at(diag, SM_INVALID, c->line, c->column,
				  "\"via\" is one of direct, import, "
				  "traceback, exec");
	return SM_OK;
}

static enum sm_status read_case(struct sm_case *c, json_t *one,
				struct sm_diag *diag)
{
	const char *expect = json_string_value(json_object_get(one, "expect"));

	if (!json_is_object(one))
		return sm_fail_at(diag, SM_INVALID, c->line, c->column,
				  "a case is an object");
	if (check_keys(c, one, diag) || read_texts(c, one, diag))
		return diag->status;
	if (!expect || (strcmp(expect, "allow") && strcmp(expect, "deny")))
		return sm_fail_at(diag, SM_INVALID, c->line, c->column,
				  "\"expect\" is allow or deny");
	c->expects_denial = !strcmp(expect, "deny");
	c->args = json_object_get(one, "args");
	c->resolved = json_object_get(one, "resolved");
	c->named = json_object_get(one, "named");
	return SM_OK;
}

static enum sm_status read_cases(const char *text, size_t bytes,
				 struct sm_cases *cases, struct sm_diag *diag)
{
	struct scan scan = { text, bytes, 0, 1, 1 };
	json_t *list = cases->document;
	size_t i, n = json_array_size(list);

	cases->items = calloc(n + 1, sizeof(*cases->items));
	if (!cases->items)
		return sm_fail(diag, SM_NOMEM, "out of memory");
	for (i = 0; i < n && next_value(&scan); i++) {
		struct sm_case *one = &cases->items[cases->count++];

		one->line = scan.line;
		one->column = scan.column;
		if (read_case(one, json_array_get(list, i), diag))
			return diag->status;
		skip_value(&scan);
	}
	return SM_OK;
}

enum sm_status sm_cases_parse(const char *text, size_t bytes,
			      struct sm_cases *cases, struct sm_diag *diag)
{
	json_error_t error;
	json_t *list = json_loadb(text, bytes, JSON_REJECT_DUPLICATES, &error);

	*cases = (struct sm_cases){ .document = list };
	if (!list)
		return sm_fail_at(diag, SM_SYNTAX, (unsigned)error.line,
				  (unsigned)error.column, "%s", error.text);
	if (!json_is_array(list))
		sm_fail_at(diag, SM_INVALID, 1, 1,
			   "cases are a list of objects");
	else if (!read_cases(text, bytes, cases, diag))
		return SM_OK;
	sm_cases_fini(cases);
	return diag->status;
}

void sm_cases_fini(struct sm_cases *cases)
{
	free(cases->items);
	json_decref(cases->document);
	*cases = (struct sm_cases){ 0 };
}

/* ------------------------------------------------------------------- events */

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

static bool put_named(struct sm_spoken *s, json_t *named)
{
	size_t i, n = json_array_size(named);

	if ((named && !json_is_array(named)) || n > SM_NAMED_MAX)
		return false;
	for (i = 0; i < n; i++) {
		s->named.paths[i] =
			sm_str_of(json_string_value(json_array_get(named, i)));
		if (!sm_named_is_valid(s->named.paths[i]))
			return false;
	}
	s->named.count = (uint32_t)n;
	s->event.named = &s->named;
	return true;
}

static enum sm_status make_event(const struct sm_case *one,
				 const struct sm_compiled *c,
				 struct sm_spoken *s, struct sm_diag *diag)
{
	memset(s, 0, sizeof(*s));
	s->event.site.event = sm_str_of(one->event);
	s->event.site.kind = sm_catalogue_find(s->event.site.event);
	if (!put_arguments(s, one->args))
		return sm_fail_at(diag, SM_INVALID, one->line, one->column,
				  "\"args\" is no list of plain values and "
				  "lists of them");
	sm_sentence_set_principal(c, one->by ? one->by : "app", s);
	return SM_OK;
}

static enum sm_status say_event(const struct sm_case *one,
				const struct sm_compiled *c,
				struct sm_spoken *s, char **sentence,
				struct sm_diag *diag)
{
	*sentence = strdup(one->event);
	if (!*sentence)
		return sm_fail(diag, SM_NOMEM, "out of memory");
	if (sm_sentence_parse(c, *sentence, s, NULL))
		return sm_fail_at(diag, SM_INVALID, one->line, one->column,
				  "\"event\" is no sentence, and there are no "
				  "\"args\"");
	if (one->by)
		sm_sentence_set_principal(c, one->by, s);
	return SM_OK;
}

enum sm_status sm_case_event(const struct sm_case *one,
			     const struct sm_compiled *c, struct sm_spoken *s,
			     char **sentence, struct sm_diag *diag)
{
	enum sm_status status;

	*sentence = NULL;
	status = one->args ? make_event(one, c, s, diag)
			   : say_event(one, c, s, sentence, diag);
	if (status)
		return status;
	if (one->via)
		s->event.site.via = sm_via_find(sm_str_of(one->via));
	if (one->file)
		s->event.site.file = sm_str_of(one->file);
	if (!put_named(s, one->named))
		return sm_fail_at(diag, SM_INVALID, one->line, one->column,
				  "\"named\" is no list of at most %d "
				  "absolute paths",
				  SM_NAMED_MAX);
	if (!put_resolved(s, one->resolved))
		return sm_fail_at(diag, SM_INVALID, one->line, one->column,
				  "\"resolved\" is no list of at most two "
				  "paths");
	return SM_OK;
}
