/* SPDX-License-Identifier: Apache-2.0 */
/*
 * parse_settings.c: what a policy says beside its rules: variables, bundles in
 * use, modes, and why rules stand under review.
 */
#include <stdlib.h>

#include "schema/ascii.h"
#include "schema/path.h"
#include "schema/policy/parse.h"
#include "schema/policy/pattern.h"

static bool is_variable_name(struct sm_str name)
{
	uint32_t i;

	for (i = 0; i < name.len; i++) {
		char c = name.p[i];

		if (!(sm_is_upper(c) || (i && (sm_is_digit(c) || c == '_'))))
			return false;
	}
	return name.len && name.len <= 64;
}

static enum sm_status read_value(struct sm_parser *p, struct sm_strings *values)
{
	size_t place = sm_json_place(&p->json);
	struct sm_str text;
	enum sm_status status = sm_json_string(&p->json, "a variable", &text);

	if (status)
		return status;
	if (values->count == SM_POLICY_ITEMS_MAX)
		return sm_json_fail(&p->json, SM_LIMIT, place,
				    "more than %d values of a variable",
				    SM_POLICY_ITEMS_MAX);
	if (!sm_path_is_canonical(text))
		return sm_json_fail(&p->json, SM_INVALID, place,
				    "a variable is an absolute path without "
				    "//, ., .. and trailing /");
	return sm_strings_add(p->rules, values, text);
}

static enum sm_status read_values(struct sm_parser *p,
				  struct sm_strings *values)
{
	size_t place = sm_json_place(&p->json);
	bool is_first = true;
	enum sm_status status;

	if (sm_json_peek(&p->json) != '[')
		return read_value(p, values);
	status = sm_json_enter(&p->json, '[', "a variable");
	while (!status) {
		status = sm_json_item(&p->json, ']', &is_first);
		if (!status)
			status = read_value(p, values);
	}
	if (status == SM_END && !values->count)
		return sm_json_fail(&p->json, SM_INVALID, place,
				    "a variable needs a value");
	return status == SM_END ? SM_OK : status;
}

static enum sm_status read_variable(struct sm_parser *p)
{
	size_t place = sm_json_place(&p->json), i;
	struct sm_strings values = { NULL, 0 };
	struct sm_str name;
	enum sm_status status = sm_json_key(&p->json, &name);

	if (status)
		return status;
	if (p->rules->variable_count == SM_POLICY_VARIABLES_MAX)
		return sm_json_fail(&p->json, SM_LIMIT, place,
				    "more than %d variables",
				    SM_POLICY_VARIABLES_MAX);
	if (!is_variable_name(name))
		return sm_json_fail(&p->json, SM_INVALID, place,
				    "variables are named like APP: capital "
				    "letters, digits and _");
	if (sm_pattern_is_told(name))
		return sm_json_fail(&p->json, SM_INVALID, place,
				    "${%.*s} is told to each process by its "
				    "command line: it takes no value",
				    (int)name.len, name.p);
	for (i = 0; i < p->rules->variable_count; i++)
		if (sm_str_equal(p->rules->variables[i].name, name))
			return sm_json_fail(&p->json, SM_INVALID, place,
					    "variable \"%.*s\" stands twice",
					    (int)name.len, name.p);
	status = sm_parse_keep(p, name, &name);
	if (!status)
		status = read_values(p, &values);
	if (status)
		return status;
	return sm_rules_set_variable(p->rules, name, values.items,
				     values.count);
}

enum sm_status sm_parse_variables(struct sm_parser *p)
{
	bool is_first = true;
	enum sm_status status = sm_json_enter(&p->json, '{', "variables");

	while (!status) {
		status = sm_json_item(&p->json, '}', &is_first);
		if (!status)
			status = read_variable(p);
	}
	return status == SM_END ? SM_OK : status;
}

static enum sm_status add_use(struct sm_parser *p, void *into,
			      struct sm_str text, size_t place)
{
	char names[SM_PARSE_NAMES_BYTES];
	struct sm_str name;
	size_t count = 0;

	(void)into;
	if (sm_parse_keep(p, text, &name))
		return SM_NOMEM;
	if (!sm_bundle_text(name.p)) {
		while (sm_bundle_names()[count])
			count++;
		sm_parse_names(sm_bundle_names(), count, names);
		return sm_json_fail(&p->json, SM_INVALID, place,
				    "there is no bundle \"%.*s\"; one of %s",
				    (int)text.len, text.p, names);
	}
	if (sm_strings_have(&p->rules->use, text))
		return sm_json_fail(&p->json, SM_INVALID, place,
				    "bundle \"%.*s\" stands twice",
				    (int)text.len, text.p);
	return sm_strings_add(p->rules, &p->rules->use, text);
}

enum sm_status sm_parse_use(struct sm_parser *p)
{
	size_t place = sm_json_place(&p->json);

	p->rules->use_line = sm_json_line(&p->json, place);
	p->rules->use_column = sm_json_column(&p->json, place);
	return sm_parse_list(p, "use", true, add_use, NULL);
}

static enum sm_status read_mode(struct sm_parser *p)
{
	static const char *const names[] = { [SM_MODE_OFF] = "off",
					     [SM_MODE_WARN] = "warn",
					     [SM_MODE_BLOCK] = "block" };
	size_t place = sm_json_place(&p->json);
	struct sm_str text;
	enum sm_status status = sm_json_key(&p->json, &text);
	int family, mode;

	if (status)
		return status;
	family = sm_family_find(text);
	if (family < 0)
		return sm_json_fail(&p->json, SM_INVALID, place,
				    "unknown key \"%.*s\" in modes; one of "
				    "files, network, processes, code, pickles, "
				    "native, events",
				    (int)text.len, text.p);
	if (p->rules->modes[family])
		return sm_json_fail(&p->json, SM_INVALID, place,
				    "key \"%.*s\" stands twice", (int)text.len,
				    text.p);
	place = sm_json_place(&p->json);
	status = sm_json_string(&p->json, "a mode", &text);
	if (status)
		return status;
	for (mode = SM_MODE_OFF; mode <= SM_MODE_BLOCK; mode++)
		if (sm_str_equal(text, sm_str_of(names[mode]))) {
			p->rules->modes[family] = mode;
			return SM_OK;
		}
	return sm_json_fail(&p->json, SM_INVALID, place,
			    "unknown mode \"%.*s\"; one of off, warn, block",
			    (int)text.len, text.p);
}

enum sm_status sm_parse_modes(struct sm_parser *p)
{
	bool is_first = true;
	enum sm_status status = sm_json_enter(&p->json, '{', "modes");

	while (!status) {
		status = sm_json_item(&p->json, '}', &is_first);
		if (!status)
			status = read_mode(p);
	}
	return status == SM_END ? SM_OK : status;
}

static enum sm_status read_review_members(struct sm_parser *p,
					  struct sm_parser_review *r)
{
	bool is_first = true;
	enum sm_status status;
	struct sm_str name, text;

	while (!(status = sm_json_item(&p->json, '}', &is_first))) {
		size_t place = sm_json_place(&p->json);
		struct sm_str *to;

		status = sm_json_key(&p->json, &name);
		if (status)
			return status;
		if (sm_str_equal(name, SM_STR("id")))
			to = &r->id;
		else if (sm_str_equal(name, SM_STR("reason")))
			to = &r->reason;
		else
			return sm_json_fail(
				&p->json, SM_INVALID, place,
				"unknown key \"%.*s\" in review; one of "
				"id, reason",
				(int)name.len, name.p);
		if (to->p)
			return sm_json_fail(&p->json, SM_INVALID, place,
					    "key \"%.*s\" stands twice",
					    (int)name.len, name.p);
		place = sm_json_place(&p->json);
		status = sm_json_string(&p->json, "a review entry", &text);
		if (!status && !text.len)
			status = sm_json_fail(&p->json, SM_INVALID, place,
					      "must not be empty");
		if (!status)
			status = sm_parse_keep(p, text, to);
		if (status)
			return status;
	}
	return status == SM_END ? SM_OK : status;
}

static enum sm_status read_review(struct sm_parser *p)
{
	size_t room = p->review_room ? 2 * p->review_room : 16;
	struct sm_parser_review r = { .place = sm_json_place(&p->json) },
				*reviews;
	enum sm_status status = sm_json_enter(&p->json, '{', "a review entry");

	if (!status && p->review_count == SM_POLICY_RULES_MAX)
		status = sm_json_fail(&p->json, SM_LIMIT, r.place,
				      "more than %d review entries",
				      SM_POLICY_RULES_MAX);
	if (!status)
		status = read_review_members(p, &r);
	if (status)
		return status;
	if (!r.id.p || !r.reason.p)
		return sm_json_fail(&p->json, SM_INVALID, r.place,
				    "a review entry has id and reason");
	if (p->review_count == p->review_room) {
		reviews = realloc(p->reviews, room * sizeof(*reviews));
		if (!reviews)
			return SM_NOMEM;
		p->reviews = reviews;
		p->review_room = room;
	}
	p->reviews[p->review_count++] = r;
	return SM_OK;
}

enum sm_status sm_parse_reviews(struct sm_parser *p)
{
	bool is_first = true;
	enum sm_status status = sm_json_enter(&p->json, '[', "review");

	while (!status) {
		status = sm_json_item(&p->json, ']', &is_first);
		if (!status)
			status = read_review(p);
	}
	return status == SM_END ? SM_OK : status;
}
