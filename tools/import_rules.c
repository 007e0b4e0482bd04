/* SPDX-License-Identifier: Apache-2.0 */
/*
 * import_rules.c: rules that are imported, each once; what cannot be said is
 * noted and left out.
 */
#include "tools/import_pysecmgr.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void sm_import_say(struct sm_import *m, unsigned line, const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	m->note(m->context, line, text);
}

/* Twice the rules and more, a power of two. */
#define TABLE_ROOM 65536u

/* But for the accesses of a file, which are joined. */
static bool is_same(const struct sm_rule *a, const struct sm_rule *b)
{
	return a->family == b->family && a->has_args == b->has_args &&
	       (a->family == SM_FAMILY_FILES || a->access == b->access) &&
	       sm_str_equal(a->pattern, b->pattern) &&
	       sm_strings_equal(&a->args, &b->args) &&
	       sm_strings_equal(&a->by, &b->by);
}

static uint32_t hash_text(uint32_t hash, struct sm_str text)
{
	uint32_t i;

	for (i = 0; i < text.len; i++)
		hash = (hash ^ (uint8_t)text.p[i]) * 16777619u;
	return hash * 31 + text.len;
}

static uint32_t hash_rule(const struct sm_rule *rule)
{
	uint32_t hash = hash_text(2166136261u, rule->pattern);
	size_t i;

	for (i = 0; i < rule->args.count; i++)
		hash = hash_text(hash, rule->args.items[i]);
	return hash;
}

/* A policy's text holds no NUL. */
static bool has_nul(const struct sm_rule *rule)
{
	size_t i;

	if (sm_str_has(rule->pattern, 0))
		return true;
	for (i = 0; i < rule->args.count; i++)
		if (rule->args.items[i].len &&
		    sm_str_has(rule->args.items[i], 0))
			return true;
	return false;
}

/* Rules of one path are one; nothing stands twice. */
enum sm_status sm_import_add(struct sm_import *m, unsigned line,
			     struct sm_rule *rule)
{
	enum sm_status status;
	struct sm_diag why;
	uint32_t at;

	if (!m->table)
		m->table = calloc(TABLE_ROOM, sizeof(*m->table));
	if (!m->table)
		return SM_NOMEM;
	for (at = hash_rule(rule) & (TABLE_ROOM - 1); m->table[at];
	     at = (at + 1) & (TABLE_ROOM - 1)) {
		struct sm_rule *other = &m->rules->rules[m->table[at] - 1];

		if (!is_same(other, rule))
			continue;
		other->access |= rule->access;
		return SM_OK;
	}
	if (!rule->access) {
		sm_import_say(m, line, "left out: no r, w, a or x");
		return SM_OK;
	}
	if (has_nul(rule)) {
		sm_import_say(m, line, "left out: a NUL in it");
		return SM_OK;
	}
	if (sm_policy_check_rule(rule, &why)) {
		sm_import_say(m, line, "left out: %s", why.text);
		return SM_OK;
	}
	if (m->rules->count == SM_IMPORT_RULES_MAX) {
		if (!m->is_full)
			sm_import_say(m, line,
				      "left out: this and all further rules");
		m->is_full = true;
		return SM_OK;
	}
	rule->line = line;
	status = sm_rules_add(m->rules, rule);
	m->table[at] = (uint32_t)m->rules->count;
	return status;
}

enum sm_status sm_import_add_pattern(struct sm_import *m, unsigned line,
				     enum sm_family family, uint32_t access,
				     const char *pattern, const char *review)
{
	struct sm_rule rule = { .family = family,
				.access = access,
				.pattern = sm_str_of(pattern),
				.review = sm_str_of(review ? review : "") };

	return sm_import_add(m, line, &rule);
}

/* A literal in the spelling of patterns; false, and noted: too long. */
bool sm_import_escape(struct sm_import *m, unsigned line, struct sm_str text,
		      char out[SM_IMPORT_LITERAL_MAX])
{
	if (sm_regex_escape(text, out, SM_IMPORT_LITERAL_MAX))
		return true;
	sm_import_say(m, line, "left out: too long, or a NUL in it");
	return false;
}

bool sm_import_convert(struct sm_import *m, unsigned line, struct sm_str regex,
		       enum sm_regex_for what, struct sm_regex *out)
{
	if (!sm_regex_convert(regex, what, out)) {
		sm_import_say(m, line, "left out: \"%.*s\": %s", (int)regex.len,
			      regex.p, out->error);
		return false;
	}
	if (out->narrower)
		sm_import_say(m, line, "narrower: \"%.*s\": %s", (int)regex.len,
			      regex.p, out->narrower);
	return true;
}

void sm_import_set_warn(struct sm_import *m, unsigned line,
			enum sm_family family, const char *what)
{
	m->rules->modes[family] = SM_MODE_WARN;
	sm_import_say(m, line,
		      "%s: everything was allowed; the mode of %s is warn",
		      what, sm_family_name(family));
}
