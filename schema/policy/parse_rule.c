/* SPDX-License-Identifier: Apache-2.0 */
/*
 * parse_rule.c: rule objects: their keys, what goes with what, their patterns.
 */
#include <stdlib.h>
#include <string.h>

#include "schema/ascii.h"
#include "schema/policy/keys.h"
#include "schema/policy/parse.h"
#include "schema/policy/pattern.h"

/* One rule object while it is read; offsets for later complaints. */
struct draft {
	struct sm_rule rule;
	uint32_t seen; /* bits 1 << enum key */
	size_t place;
	size_t places[KEYS];
	enum key subject;
};

static const char *const key_names[] = {
#define SM_KEY(id, name, sections, is_subject) name,
#include "schema/policy/keys.def"
#undef SM_KEY
};

static const char *const key_sections[] = {
#define SM_KEY(id, name, sections, is_subject) sections,
#include "schema/policy/keys.def"
#undef SM_KEY
};

static const bool key_is_subject[] = {
#define SM_KEY(id, name, sections, is_subject) is_subject,
#include "schema/policy/keys.def"
#undef SM_KEY
};

static bool is_key_of(enum key key, enum sm_family family)
{
	return family == SM_FAMILY_FROM_KEYS ||
	       strchr(key_sections[key], SM_SECTION_LETTERS[family]);
}

static int find_key(struct sm_str name)
{
	int k;

	for (k = 0; k < KEYS; k++)
		if (sm_str_equal(name, sm_str_of(key_names[k])))
			return k;
	return -1;
}

/* ------------------------------------------------------------- rule members */

static enum sm_status add_access(struct sm_parser *p, void *into,
				 struct sm_str text, size_t place)
{
	struct draft *d = into;
	uint32_t bit = sm_access_find(SM_FAMILY_FILES, text);

	if (!bit)
		return sm_json_fail(&p->json, SM_INVALID, place,
				    "unknown access \"%.*s\"; one of read, "
				    "write, create, delete, list, meta, link, "
				    "sqlite",
				    (int)text.len, text.p);
	if (d->rule.access & bit)
		return sm_json_fail(&p->json, SM_INVALID, place,
				    "access \"%.*s\" stands twice",
				    (int)text.len, text.p);
	d->rule.access |= bit;
	return SM_OK;
}

static enum sm_status add_via(struct sm_parser *p, void *into,
			      struct sm_str text, size_t place)
{
	struct draft *d = into;
	int via = sm_via_find(text);

	if (via < 0)
		return sm_json_fail(&p->json, SM_INVALID, place,
				    "unknown via \"%.*s\"; one of direct, "
				    "import, traceback, exec",
				    (int)text.len, text.p);
	if (d->rule.via & 1u << via)
		return sm_json_fail(&p->json, SM_INVALID, place,
				    "via \"%.*s\" stands twice", (int)text.len,
				    text.p);
	d->rule.via |= 1u << via;
	return SM_OK;
}

static enum sm_status add_by(struct sm_parser *p, void *into,
			     struct sm_str text, size_t place)
{
	struct draft *d = into;
	struct sm_diag why;

	if (sm_pattern_check_by(text, &why))
		return sm_json_fail(&p->json, SM_INVALID, place, "%s",
				    why.text);
	if (sm_strings_have(&d->rule.by, text))
		return sm_json_fail(&p->json, SM_INVALID, place,
				    "\"%.*s\" stands twice", (int)text.len,
				    text.p);
	return sm_strings_add(p->rules, &d->rule.by, text);
}

static enum sm_status add_arg(struct sm_parser *p, void *into,
			      struct sm_str text, size_t place)
{
	struct draft *d = into;
	(void)place;
	return sm_strings_add(p->rules, &d->rule.args, text);
}

static enum sm_status read_id(struct sm_parser *p, struct draft *d)
{
	size_t place = sm_json_place(&p->json);
	struct sm_str text;
	enum sm_status status = sm_json_string(&p->json, "id", &text);
	uint32_t i;

	if (status)
		return status;
	for (i = 0; i < text.len; i++) {
		char c = text.p[i];

		if (!(sm_is_alnum(c) || strchr("-_.", c)))
			break;
	}
	if (!text.len || i < text.len || text.len > 64)
		return sm_json_fail(&p->json, SM_INVALID, place,
				    "an id is 1 to 64 letters, digits, -, _ "
				    "and .");
	return sm_parse_keep(p, text, &d->rule.id);
}

static enum sm_status read_makes(struct sm_parser *p, struct draft *d)
{
	size_t place = sm_json_place(&p->json);
	struct sm_str text;
	enum sm_status status = sm_json_string(&p->json, "makes", &text);

	if (status)
		return status;
	if (!sm_str_equal(text, SM_STR("code")))
		return sm_json_fail(&p->json, SM_INVALID, place,
				    "unknown \"makes\": \"%.*s\"; it is code",
				    (int)text.len, text.p);
	d->rule.makes_code = true;
	return SM_OK;
}

static enum sm_status read_member(struct sm_parser *p, struct draft *d,
				  enum key key)
{
	struct sm_str text;
	enum sm_status status;

	switch (key) {
	case KEY_ID:
		return read_id(p, d);
	case KEY_ACCESS:
		return sm_parse_list(p, "access", false, add_access, d);
	case KEY_ARGV:
	case KEY_ARGS:
		d->rule.has_args = true;
		return sm_parse_list(p, key_names[key], key == KEY_ARGS,
				     add_arg, d);
	case KEY_BY:
		return sm_parse_list(p, "by", false, add_by, d);
	case KEY_VIA:
		return sm_parse_list(p, "via", false, add_via, d);
	case KEY_MAKES:
		return read_makes(p, d);
	case KEY_SEEN:
		return sm_json_uint(&p->json, "seen", &d->rule.seen);
	default:
		status = sm_json_string(&p->json, key_names[key], &text);
		if (status)
			return status;
		d->subject = key;
		return sm_parse_keep(p, text, &d->rule.pattern);
	}
}

/* ------------------------------------------------------------------- rules */

/* In `deny`: "<string>" and "" are code, every other exec is a program. */
static enum sm_family family_of(const struct draft *d)
{
	const char *letters = key_sections[d->subject];

	if (d->subject == KEY_EXEC)
		return !d->rule.pattern.len || d->rule.pattern.p[0] == '<'
			       ? SM_FAMILY_CODE
			       : SM_FAMILY_PROCESSES;
	return (enum sm_family)(strchr(SM_SECTION_LETTERS, letters[0]) -
				SM_SECTION_LETTERS);
}

static uint32_t access_of(const struct draft *d)
{
	if (d->rule.family == SM_FAMILY_FILES)
		return d->rule.access;
	if (d->subject == KEY_NAME)
		return SM_ACCESS_RAISE;
	return sm_access_find(d->rule.family, sm_str_of(key_names[d->subject]));
}

static const char *section_name(enum sm_family family)
{
	return family == SM_FAMILY_FROM_KEYS ? "deny" : sm_family_name(family);
}

static enum sm_status unknown_key(struct sm_parser *p, struct sm_str name,
				  size_t place, enum sm_family section)
{
	char text[SM_PARSE_NAMES_BYTES];
	const char *names[KEYS];
	size_t count = 0;

	for (int key = 0; key < KEYS; key++)
		if (is_key_of((enum key)key, section))
			names[count++] = key_names[key];
	sm_parse_names(names, count, text);
	return sm_json_fail(&p->json, SM_INVALID, place,
			    "unknown key \"%.*s\" in a rule of %s; one of %s",
			    (int)name.len, name.p, section_name(section), text);
}

static enum sm_status read_members(struct sm_parser *p, struct draft *d,
				   enum sm_family section)
{
	bool is_first = true;
	enum sm_status status;
	struct sm_str name;
	size_t place;
	int key;

	while (!(status = sm_json_item(&p->json, '}', &is_first))) {
		place = sm_json_place(&p->json);
		status = sm_json_key(&p->json, &name);
		if (status)
			return status;
		key = find_key(name);
		if (key < 0 || !is_key_of(key, section))
			return unknown_key(p, name, place, section);
		if (d->seen & 1u << key)
			return sm_json_fail(&p->json, SM_INVALID, place,
					    "key \"%s\" stands twice",
					    key_names[key]);
		if (key_is_subject[key] && d->rule.pattern.p)
			return sm_json_fail(&p->json, SM_INVALID, place,
					    "a rule has one of \"%s\" and "
					    "\"%s\"",
					    key_names[d->subject],
					    key_names[key]);
		d->seen |= 1u << key;
		d->places[key] = sm_json_place(&p->json);
		status = read_member(p, d, key);
		if (status)
			return status;
	}
	return status == SM_END ? SM_OK : status;
}

static enum sm_status check_members(struct sm_parser *p, struct draft *d)
{
	int key;

	for (key = 0; key < KEYS; key++)
		if ((d->seen >> key & 1) && !is_key_of(key, d->rule.family))
			return sm_json_fail(
				&p->json, SM_INVALID, d->places[key],
				"\"%s\" does not go with \"%s\"",
				key_names[key], key_names[d->subject]);
	if (d->rule.has_args && d->rule.family == SM_FAMILY_PROCESSES &&
	    d->subject != KEY_EXEC)
		return sm_json_fail(&p->json, SM_INVALID, d->places[KEY_ARGV],
				    "argv goes with exec only");
	if (d->rule.makes_code && (d->rule.deny || !d->rule.by.count))
		return sm_json_fail(&p->json, SM_INVALID, d->places[KEY_MAKES],
				    d->rule.deny
					    ? "\"makes\" goes with what is "
					      "allowed only"
					    : "who makes code must be named: "
					      "\"makes\" needs \"by\"");
	if (d->rule.family == SM_FAMILY_FILES && !d->rule.access) {
		if (!d->rule.deny)
			return sm_json_fail(&p->json, SM_INVALID, d->place,
					    "the rule has no access");
		d->rule.access = SM_ACCESS_ANY_FILE;
	}
	return SM_OK;
}

static enum sm_status check_patterns(struct sm_parser *p, struct draft *d)
{
	enum key args =
		d->rule.family == SM_FAMILY_EVENTS ? KEY_ARGS : KEY_ARGV;
	struct sm_diag why;
	size_t i;

	if (sm_pattern_check_rule(&d->rule, &why))
		return sm_json_fail(&p->json, SM_INVALID, d->places[d->subject],
				    "%s", why.text);
	for (i = 0; i < d->rule.args.count; i++)
		if (sm_pattern_check_slot(&d->rule, i, &why))
			return sm_json_fail(&p->json, SM_INVALID,
					    d->places[args],
					    "%s number %zu: %s",
					    key_names[args], i + 1, why.text);
	return SM_OK;
}

static enum sm_status add_rule(struct sm_parser *p, struct draft *d)
{
	size_t room = p->id_room ? 2 * p->id_room : 64, *places;

	if (p->rules->count >= p->id_room) {
		places = realloc(p->id_places, room * sizeof(*places));
		if (!places)
			return SM_NOMEM;
		p->id_places = places;
		p->id_room = room;
	}
	p->id_places[p->rules->count] = d->places[KEY_ID];
	return sm_rules_add(p->rules, &d->rule);
}

static enum sm_status read_rule(struct sm_parser *p, enum sm_family section)
{
	struct draft d = { .place = sm_json_place(&p->json) };
	enum sm_status status = sm_json_enter(&p->json, '{', "a rule");

	if (status)
		return status;
	if (p->rules->count == SM_POLICY_RULES_MAX)
		return sm_json_fail(&p->json, SM_LIMIT, d.place,
				    "more than %d rules; a pattern can stand "
				    "for many, see secmgr-policy(5)",
				    SM_POLICY_RULES_MAX);
	d.rule.deny = section == SM_FAMILY_FROM_KEYS;
	d.rule.line = sm_json_line(&p->json, d.place);
	d.rule.column = sm_json_column(&p->json, d.place);
	status = read_members(p, &d, section);
	if (status)
		return status;
	if (!d.rule.pattern.p)
		return sm_json_fail(&p->json, SM_INVALID, d.place,
				    "the rule of %s names nothing",
				    section_name(section));
	d.rule.family = d.rule.deny ? family_of(&d) : section;
	d.rule.access = access_of(&d);
	status = check_members(p, &d);
	if (!status)
		status = check_patterns(p, &d);
	return status ? status : add_rule(p, &d);
}

enum sm_status sm_parse_rules(struct sm_parser *p, enum sm_family section)
{
	bool is_first = true;
	enum sm_status status =
		sm_json_enter(&p->json, '[', section_name(section));

	while (!status) {
		status = sm_json_item(&p->json, ']', &is_first);
		if (!status)
			status = read_rule(p, section);
	}
	return status == SM_END ? SM_OK : status;
}
