/* SPDX-License-Identifier: Apache-2.0 */
/*
 * redact_pairs.c: credentials whose name is a value itself: ('password', 'x'),
 * {"name": "TOKEN", "value": "x"}, and text between the tags of XML.
 */
#include "recorder/redact_internal.h"

/* Quotes are Python's there, or JSON's, not those of a shell. */
static bool has_own_quotes(const struct sm_redact_scan *s)
{
	return s->kind != SM_REDACT_LINE || s->quote || s->is_strict;
}

static uint32_t skip_back(const struct sm_redact_scan *s, uint32_t at)
{
	while (at && sm_is_blank(s->text.p[at - 1]))
		at--;
	return at;
}

/* The name that ends at at. */
static struct sm_str name_ending(const struct sm_redact_scan *s, uint32_t at)
{
	uint32_t start = at;

	while (start && sm_is_name(s->text.p[start - 1]))
		start--;
	return sm_str_part(s->text, start, at);
}

/* Two in brackets, or an option and what stands behind it in a list. */
static bool is_pair(const struct sm_redact_scan *s, struct sm_str name,
		    uint32_t to)
{
	uint32_t before = (uint32_t)(name.p - s->text.p) - 1;

	if (name.p[0] == '-')
		return true;
	before = skip_back(s, before);
	for (to++; sm_is_blank(sm_peek(s, to));)
		to++;
	return before &&
	       ((s->text.p[before - 1] == '(' && sm_peek(s, to) == ')') ||
		(s->text.p[before - 1] == '[' && sm_peek(s, to) == ']'));
}

bool sm_is_paired(const struct sm_redact_scan *s, struct sm_span *out)
{
	uint32_t at = skip_back(s, s->at), from = s->at + 1, to;
	char quote = s->text.p[s->at];
	enum sm_name_kind kind;
	struct sm_str name;

	if (!at || s->text.p[at - 1] != ',' || !has_own_quotes(s))
		return false;
	at = skip_back(s, at - 1);
	if (!at || !sm_is_quote(s->text.p[at - 1]))
		return false;
	name = name_ending(s, at - 1);
	kind = name.len ? sm_name_kind_of(name) : SM_NAME_PLAIN;
	if (kind == SM_NAME_PLAIN || name.p == s->text.p ||
	    name.p[-1] != s->text.p[at - 1])
		return false;
	to = sm_redact_end(s->kind, s->text, from, s->quote, quote);
	if (sm_peek(s, to) != quote || !is_pair(s, name, to))
		return false;
	if (kind == SM_NAME_HEADER)
		from += sm_scheme_at(s, from);
	return sm_take(s, from, to, out);
}

/* Between what a setting is called and its value. */
#define BETWEEN_MAX 32

bool sm_is_value_of_secret(const struct sm_redact_scan *s, struct sm_str name)
{
	uint32_t start = (uint32_t)(name.p - s->text.p), at = start;
	bool is_apart = false;

	if (!sm_is_same_name(name, "value"))
		return false;
	for (; at && start - at < BETWEEN_MAX; at--) {
		char c = s->text.p[at - 1];

		is_apart |= sm_is_quote(c) || c == '\n';
		if (!sm_is_quote(c) && !sm_is_blank(c) && c != ',' && c != '\\')
			break;
	}
	return is_apart &&
	       sm_name_kind_of(name_ending(s, at)) == SM_NAME_SECRET;
}

bool sm_is_element(const struct sm_redact_scan *s, struct sm_span *out)
{
	struct sm_str name = name_ending(s, s->at);
	uint32_t from = s->at + 1, to = from;

	if (!has_own_quotes(s) || name.p == s->text.p || name.p[-1] != '<' ||
	    sm_name_kind_of(name) != SM_NAME_SECRET)
		return false;
	while (to < s->text.len && s->text.p[to] != '<' &&
	       (s->kind != SM_REDACT_LINE ||
		!sm_is_live(s->text.p[to], s->quote)))
		to++;
	return sm_peek(s, to) == '<' && sm_take(s, from, to, out);
}
