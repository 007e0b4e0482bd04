/* SPDX-License-Identifier: Apache-2.0 */
/*
 * parse.c: policy text to rules. Everything that can be wrong is told with the
 * line and column of the word that is wrong.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "schema/path.h"
#include "schema/policy/json.h"
#include "schema/policy/keys.h"
#include "schema/policy/pattern.h"

/* A policy of more bytes than this is a mistake. */
#define POLICY_BYTES_MAX (64u << 20)

/* The family of a rule in `deny`, where the section does not tell. */
#define FAMILY_FROM_KEYS SM_FAMILIES

/* A review entry waits until all ids are known. */
struct review {
	struct sm_str id, reason;
	size_t place;
};

struct parser {
	struct sm_json json;
	struct sm_rules *rules;
	struct review *reviews;
	size_t review_count, review_room;
	size_t *id_places; /* of rules->rules, for duplicates */
	size_t id_room;
};

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
	return family == FAMILY_FROM_KEYS ||
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

static enum sm_status keep(struct parser *p, struct sm_str text,
			   struct sm_str *out)
{
	*out = sm_rules_keep(p->rules, text);
	return out->p ? SM_OK : SM_NOMEM;
}

/* ------------------------------------------------------------- rule members */

typedef enum sm_status item_check(struct parser *p, struct draft *d,
				  struct sm_str text, size_t place);

static enum sm_status add_access(struct parser *p, struct draft *d,
				 struct sm_str text, size_t place)
{
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

static enum sm_status add_via(struct parser *p, struct draft *d,
			      struct sm_str text, size_t place)
{
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

static enum sm_status add_by(struct parser *p, struct draft *d,
			     struct sm_str text, size_t place)
{
	struct sm_diag why;
	size_t i;

	if (sm_pattern_check_by(text, &why))
		return sm_json_fail(&p->json, SM_INVALID, place, "%s",
				    why.text);
	for (i = 0; i < d->rule.by.count; i++)
		if (sm_str_equal(d->rule.by.items[i], text))
			return sm_json_fail(&p->json, SM_INVALID, place,
					    "\"%.*s\" stands twice",
					    (int)text.len, text.p);
	return sm_strings_add(p->rules, &d->rule.by, text);
}

static enum sm_status add_arg(struct parser *p, struct draft *d,
			      struct sm_str text, size_t place)
{
	(void)place;
	return sm_strings_add(p->rules, &d->rule.args, text);
}

static enum sm_status read_list(struct parser *p, struct draft *d,
				const char *what, bool may_be_empty,
				item_check *check)
{
	size_t start = sm_json_place(&p->json);
	enum sm_status status = sm_json_enter(&p->json, '[', what);
	bool is_first = true, is_empty = true;
	struct sm_str text;

	if (status)
		return status;
	while (!(status = sm_json_item(&p->json, ']', &is_first))) {
		size_t place = sm_json_place(&p->json);

		is_empty = false;
		status = sm_json_string(&p->json, what, &text);
		if (!status)
			status = check(p, d, text, place);
		if (status)
			return status;
	}
	if (status == SM_END && is_empty && !may_be_empty)
		return sm_json_fail(&p->json, SM_INVALID, start,
				    "%s must not be empty", what);
	return status == SM_END ? SM_OK : status;
}

static enum sm_status read_id(struct parser *p, struct draft *d)
{
	size_t place = sm_json_place(&p->json);
	struct sm_str text;
	enum sm_status status = sm_json_string(&p->json, "id", &text);
	uint32_t i;

	if (status)
		return status;
	for (i = 0; i < text.len; i++) {
		char c = text.p[i];

		if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
		      (c >= 'A' && c <= 'Z') || strchr("-_.", c)))
			break;
	}
	if (!text.len || i < text.len || text.len > 64)
		return sm_json_fail(&p->json, SM_INVALID, place,
				    "an id is 1 to 64 letters, digits, -, _ "
				    "and .");
	return keep(p, text, &d->rule.id);
}

static enum sm_status read_member(struct parser *p, struct draft *d,
				  enum key key)
{
	struct sm_str text;
	enum sm_status status;

	switch (key) {
	case KEY_ID:
		return read_id(p, d);
	case KEY_ACCESS:
		return read_list(p, d, "access", false, add_access);
	case KEY_ARGV:
	case KEY_ARGS:
		d->rule.has_args = true;
		return read_list(p, d, key_names[key], key == KEY_ARGS,
				 add_arg);
	case KEY_BY:
		return read_list(p, d, "by", false, add_by);
	case KEY_VIA:
		return read_list(p, d, "via", false, add_via);
	case KEY_SEEN:
		return sm_json_uint(&p->json, "seen", &d->rule.seen);
	default:
		status = sm_json_string(&p->json, key_names[key], &text);
		if (status)
			return status;
		d->subject = key;
		return keep(p, text, &d->rule.pattern);
	}
}

/* ------------------------------------------------------------------- rules */

/* In `deny`: {"exec": "<string>"} is code, every other exec a program. */
static enum sm_family family_of(const struct draft *d)
{
	const char *letters = key_sections[d->subject];

	if (d->subject == KEY_EXEC)
		return d->rule.pattern.len && d->rule.pattern.p[0] == '<'
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
	return family == FAMILY_FROM_KEYS ? "deny" : sm_family_name(family);
}

static enum sm_status read_members(struct parser *p, struct draft *d,
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
			return sm_json_fail(&p->json, SM_INVALID, place,
					    "unknown key \"%.*s\" in a rule of "
					    "%s",
					    (int)name.len, name.p,
					    section_name(section));
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

static enum sm_status check_members(struct parser *p, struct draft *d)
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
	if (d->rule.family == SM_FAMILY_FILES && !d->rule.access) {
		if (!d->rule.deny)
			return sm_json_fail(&p->json, SM_INVALID, d->place,
					    "the rule has no access");
		d->rule.access = SM_ACCESS_READ | SM_ACCESS_WRITE |
				 SM_ACCESS_CREATE | SM_ACCESS_DELETE |
				 SM_ACCESS_LIST | SM_ACCESS_META |
				 SM_ACCESS_LINK | SM_ACCESS_SQLITE;
	}
	return SM_OK;
}

static enum sm_status check_patterns(struct parser *p, struct draft *d)
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

static enum sm_status add_rule(struct parser *p, struct draft *d)
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

static enum sm_status read_rule(struct parser *p, enum sm_family section)
{
	struct draft d = { .place = sm_json_place(&p->json) };
	enum sm_status status = sm_json_enter(&p->json, '{', "a rule");

	if (status)
		return status;
	d.rule.deny = section == FAMILY_FROM_KEYS;
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

static enum sm_status read_rules(struct parser *p, enum sm_family section)
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

/* ---------------------------------------------------------------- the rest */

static bool is_variable_name(struct sm_str name)
{
	uint32_t i;

	for (i = 0; i < name.len; i++) {
		char c = name.p[i];

		if (!((c >= 'A' && c <= 'Z') ||
		      (i && ((c >= '0' && c <= '9') || c == '_'))))
			return false;
	}
	return name.len && name.len <= 64;
}

static enum sm_status read_value(struct parser *p, struct sm_strings *values)
{
	size_t place = sm_json_place(&p->json);
	struct sm_str text;
	enum sm_status status = sm_json_string(&p->json, "a variable", &text);

	if (status)
		return status;
	if (!sm_path_is_canonical(text))
		return sm_json_fail(&p->json, SM_INVALID, place,
				    "a variable is an absolute path without "
				    "//, ., .. and trailing /");
	return sm_strings_add(p->rules, values, text);
}

static enum sm_status read_values(struct parser *p, struct sm_strings *values)
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

static enum sm_status read_variable(struct parser *p)
{
	size_t place = sm_json_place(&p->json), i;
	struct sm_strings values = { NULL, 0 };
	struct sm_str name;
	enum sm_status status = sm_json_key(&p->json, &name);

	if (status)
		return status;
	if (!is_variable_name(name))
		return sm_json_fail(&p->json, SM_INVALID, place,
				    "variables are named like APP: capital "
				    "letters, digits and _");
	for (i = 0; i < p->rules->variable_count; i++)
		if (sm_str_equal(p->rules->variables[i].name, name))
			return sm_json_fail(&p->json, SM_INVALID, place,
					    "variable \"%.*s\" stands twice",
					    (int)name.len, name.p);
	status = keep(p, name, &name);
	if (!status)
		status = read_values(p, &values);
	if (status)
		return status;
	return sm_rules_set_variable(p->rules, name, values.items,
				     values.count);
}

static enum sm_status read_variables(struct parser *p)
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

static enum sm_status add_use(struct parser *p, struct draft *d,
			      struct sm_str text, size_t place)
{
	struct sm_str name;
	size_t i;

	(void)d;
	if (keep(p, text, &name))
		return SM_NOMEM;
	if (!sm_bundle_text(name.p))
		return sm_json_fail(&p->json, SM_INVALID, place,
				    "there is no bundle \"%.*s\"",
				    (int)text.len, text.p);
	for (i = 0; i < p->rules->use.count; i++)
		if (sm_str_equal(p->rules->use.items[i], text))
			return sm_json_fail(&p->json, SM_INVALID, place,
					    "bundle \"%.*s\" stands twice",
					    (int)text.len, text.p);
	return sm_strings_add(p->rules, &p->rules->use, text);
}

static enum sm_status read_use(struct parser *p)
{
	static struct draft none;
	size_t place = sm_json_place(&p->json);

	p->rules->use_line = sm_json_line(&p->json, place);
	p->rules->use_column = sm_json_column(&p->json, place);
	return read_list(p, &none, "use", true, add_use);
}

static enum sm_status read_mode(struct parser *p)
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
				    "unknown key \"%.*s\" in modes; modes are "
				    "set by family",
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

static enum sm_status read_modes(struct parser *p)
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

static enum sm_status read_review_members(struct parser *p, struct review *r)
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
			return sm_json_fail(&p->json, SM_INVALID, place,
					    "unknown key \"%.*s\" in review",
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
			status = keep(p, text, to);
		if (status)
			return status;
	}
	return status == SM_END ? SM_OK : status;
}

static enum sm_status read_review(struct parser *p)
{
	size_t room = p->review_room ? 2 * p->review_room : 16;
	struct review r = { .place = sm_json_place(&p->json) }, *reviews;
	enum sm_status status = sm_json_enter(&p->json, '{', "a review entry");

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

static enum sm_status read_reviews(struct parser *p)
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

static enum sm_status read_version(struct parser *p)
{
	size_t place = sm_json_place(&p->json);
	uint64_t version;
	enum sm_status status = sm_json_uint(&p->json, "secmgr", &version);

	if (!status && version != 1)
		return sm_json_fail(&p->json, SM_VERSION, place,
				    "policy format %llu; this build reads "
				    "format 1",
				    (unsigned long long)version);
	return status;
}

static const char *const top_keys[] = { "secmgr", "variables", "use",
					"files",  "network",   "processes",
					"code",	  "pickles",   "native",
					"events", "deny",      "review",
					"modes" };
#define TOP_KEYS (sizeof(top_keys) / sizeof(*top_keys))

static enum sm_status read_top(struct parser *p, size_t key, struct sm_str name)
{
	switch (key) {
	case 0:
		return read_version(p);
	case 1:
		return read_variables(p);
	case 2:
		return read_use(p);
	case 10:
		return read_rules(p, FAMILY_FROM_KEYS);
	case 11:
		return read_reviews(p);
	case 12:
		return read_modes(p);
	}
	return read_rules(p, (enum sm_family)sm_family_find(name));
}

static enum sm_status read_policy(struct parser *p)
{
	size_t start = sm_json_place(&p->json);
	enum sm_status status = sm_json_enter(&p->json, '{', "a policy");
	bool is_first = true;
	uint32_t seen = 0;

	if (status)
		return status;
	while (!(status = sm_json_item(&p->json, '}', &is_first))) {
		size_t place = sm_json_place(&p->json), key;
		struct sm_str name;

		status = sm_json_key(&p->json, &name);
		if (status)
			return status;
		for (key = 0; key < TOP_KEYS; key++)
			if (sm_str_equal(name, sm_str_of(top_keys[key])))
				break;
		if (key == TOP_KEYS)
			return sm_json_fail(&p->json, SM_INVALID, place,
					    "unknown key \"%.*s\"",
					    (int)name.len, name.p);
		if (seen & 1u << key)
			return sm_json_fail(&p->json, SM_INVALID, place,
					    "key \"%s\" stands twice",
					    top_keys[key]);
		seen |= 1u << key;
		status = read_top(p, key, sm_str_of(top_keys[key]));
		if (status)
			return status;
	}
	if (status != SM_END)
		return status;
	if (!(seen & 1))
		return sm_json_fail(&p->json, SM_NOT_OURS, start,
				    "no policy: \"secmgr\": 1 is missing");
	return sm_json_end(&p->json);
}

/* ---------------------------------------------------------- across the file */

struct id_entry {
	struct sm_str id;
	size_t rule;
};

static int compare_ids(const void *left, const void *right)
{
	const struct id_entry *a = left, *b = right;
	int r = sm_str_compare(a->id, b->id);

	return r ? r : (a->rule > b->rule) - (a->rule < b->rule);
}

static struct id_entry *sorted_ids(const struct sm_rules *rules, size_t *count)
{
	struct id_entry *ids = calloc(rules->count + 1, sizeof(*ids));
	size_t i;

	*count = 0;
	if (!ids)
		return NULL;
	for (i = 0; i < rules->count; i++)
		if (rules->rules[i].id.len)
			ids[(*count)++] =
				(struct id_entry){ rules->rules[i].id, i };
	if (*count)
		qsort(ids, *count, sizeof(*ids), compare_ids);
	return ids;
}

static enum sm_status check_unique(struct parser *p, const struct id_entry *ids,
				   size_t count)
{
	size_t i, first = SIZE_MAX, before = 0;

	/* Of several duplicates, tell the first in the file. */
	for (i = 1; i < count; i++)
		if (sm_str_equal(ids[i].id, ids[i - 1].id) &&
		    (first == SIZE_MAX || ids[i].rule < first)) {
			first = ids[i].rule;
			before = ids[i - 1].rule;
		}
	if (first == SIZE_MAX)
		return SM_OK;
	return sm_json_fail(&p->json, SM_INVALID, p->id_places[first],
			    "id \"%.*s\" stands twice; first on line %u",
			    (int)p->rules->rules[first].id.len,
			    p->rules->rules[first].id.p,
			    p->rules->rules[before].line);
}

static enum sm_status attach_review(struct parser *p, const struct review *r,
				    const struct id_entry *ids, size_t count)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (sm_str_compare(ids[middle].id, r->id) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == count || !sm_str_equal(ids[low].id, r->id))
		return sm_json_fail(&p->json, SM_INVALID, r->place,
				    "review of \"%.*s\": no rule has this id",
				    (int)r->id.len, r->id.p);
	if (p->rules->rules[ids[low].rule].review.len)
		return sm_json_fail(&p->json, SM_INVALID, r->place,
				    "review of \"%.*s\" stands twice",
				    (int)r->id.len, r->id.p);
	p->rules->rules[ids[low].rule].review = r->reason;
	return SM_OK;
}

static enum sm_status connect_ids(struct parser *p)
{
	size_t count, i;
	struct id_entry *ids = sorted_ids(p->rules, &count);
	enum sm_status status;

	if (!ids)
		return SM_NOMEM;
	status = check_unique(p, ids, count);
	for (i = 0; !status && i < p->review_count; i++)
		status = attach_review(p, &p->reviews[i], ids, count);
	free(ids);
	return status;
}

enum sm_status sm_policy_parse(const char *text, size_t bytes,
			       struct sm_rules **out, struct sm_diag *diag)
{
	struct parser p = { .rules = sm_rules_new() };
	enum sm_status status;

	*out = NULL;
	if (!p.rules)
		return sm_fail(diag, SM_NOMEM, "out of memory");
	if (bytes > POLICY_BYTES_MAX) {
		sm_rules_free(p.rules);
		return sm_fail(diag, SM_LIMIT, "policy of more than %u bytes",
			       POLICY_BYTES_MAX);
	}
	sm_json_init(&p.json, text, bytes, diag);
	status = read_policy(&p);
	if (!status)
		status = connect_ids(&p);
	sm_json_fini(&p.json);
	free(p.reviews);
	free(p.id_places);
	if (status == SM_NOMEM)
		sm_fail(diag, SM_NOMEM, "out of memory");
	if (status) {
		sm_rules_free(p.rules);
		return status;
	}
	*out = p.rules;
	return SM_OK;
}

/* --------------------------------------------------------------------- file */

static enum sm_status read_all(int fd, const char *path, char **text,
			       size_t *bytes, struct sm_diag *diag)
{
	size_t room = 65536, len = 0;
	char *p = malloc(room), *larger;
	ssize_t n;

	while (p) {
		n = read(fd, p + len, room - len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			free(p);
			return sm_fail(diag, SM_IO, "cannot read %s: %s", path,
				       strerror(errno));
		}
		if (!n) {
			*text = p;
			*bytes = len;
			return SM_OK;
		}
		len += (size_t)n;
		if (len > POLICY_BYTES_MAX) {
			free(p);
			return sm_fail(diag, SM_LIMIT,
				       "more than %u bytes: no policy",
				       POLICY_BYTES_MAX);
		}
		if (len < room)
			continue;
		larger = realloc(p, room *= 2);
		if (!larger)
			free(p);
		p = larger;
	}
	return sm_fail(diag, SM_NOMEM, "out of memory");
}

enum sm_status sm_policy_load(const char *path, struct sm_rules **out,
			      struct sm_diag *diag)
{
	bool is_stdin = !strcmp(path, "-");
	int fd = is_stdin ? 0 : open(path, O_RDONLY | O_CLOEXEC);
	enum sm_status status;
	size_t bytes = 0;
	char *text = NULL;

	*out = NULL;
	if (fd < 0)
		return sm_fail(diag, errno == ENOENT ? SM_NOT_FOUND : SM_IO,
			       "cannot open the policy: %s", strerror(errno));
	status = read_all(fd, path, &text, &bytes, diag);
	if (!is_stdin)
		close(fd);
	if (!status)
		status = sm_policy_parse(text, bytes, out, diag);
	free(text);
	return status;
}
