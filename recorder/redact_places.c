/* SPDX-License-Identifier: Apache-2.0 */
/*
 * redact_places.c: credentials by where they stand: behind names, in headers
 * and URLs.
 */
#include "recorder/redact_internal.h"

/* -------------------------------------------------------------- extents */

/* What a shell acts on, by the quotes it stands in. */
bool sm_has_substitution(struct sm_str line)
{
	for (uint32_t i = 0; i < line.len; i++)
		if (line.p[i] == '`' ||
		    (line.p[i] == '$' && i + 1 < line.len &&
		     (line.p[i + 1] == '(' || line.p[i + 1] == '{')))
			return true;
	return false;
}

bool sm_is_live(char c, char quote)
{
	if (!c)
		return true; /* the line ends there, or is none */
	if (quote == '\'')
		return c == '\'';
	if (quote == '"')
		return c == '"' || c == '$' || c == '`' || c == '\\';
	return sm_is_blank(c) || strchr(";&|()<>$`\\'\"*?[]{}~#", c);
}

static bool is_end(char c)
{
	return sm_is_blank(c) || sm_is_quote(c) || c == '&' || c == ';' ||
	       c == ',' || c == ')' || c == '}' || c == ']' || c == '>' ||
	       c == '\\';
}

uint32_t sm_redact_end(enum sm_redact_kind kind, struct sm_str text,
		       uint32_t from, char quote, char closing)
{
	uint32_t at = from;

	for (; at < text.len; at++) {
		char c = text.p[at];

		if (kind == SM_REDACT_LINE && sm_is_live(c, quote))
			break;
		if (closing ? c == closing || (c == '\\' && closing == '"')
			    : is_end(c))
			break;
	}
	return at;
}

/* A span that is worth hiding. */
bool sm_take(const struct sm_redact_scan *s, uint32_t from, uint32_t to,
	     struct sm_span *out)
{
	if (from >= to || sm_is_no_secret(sm_str_part(s->text, from, to)))
		return false;
	*out = (struct sm_span){ from, to };
	return true;
}

/* ---------------------------------------------------------------- names */

/* The name in front of text.p[at], an = or :, blanks and a quote skipped. */
static struct sm_str name_before(const struct sm_redact_scan *s, uint32_t at)
{
	bool has_blanks = s->kind != SM_REDACT_LINE || s->quote || s->is_strict;
	uint32_t start;

	while (has_blanks && at && s->text.p[at - 1] == ' ')
		at--;
	if (at && sm_is_quote(s->text.p[at - 1]))
		at--;
	if (at && s->text.p[at - 1] == '\\')
		at--;
	for (start = at; start && sm_is_name(s->text.p[start - 1]);)
		start--;
	return sm_str_part(s->text, start, at);
}

/* A value, while it is looked for. */
struct value {
	uint32_t from;
	char closing; /* the quote that ends it, or 0 */
	char quote;   /* LINE: the one a shell sees open there, or 0 */
};

#define PREFIX_MAX 2  /* letters in front of a string: b'', N'', rb'' */
#define CALL_MAX   24 /* of a function's name: md5(''), PASSWORD('') */
#define CALLS_MAX  3

/* A quote with another behind it, and not the one that a shell's word ends. */
static bool opens_string(const struct sm_redact_scan *s, uint32_t at)
{
	char c = sm_peek(s, at);

	return sm_is_quote(c) && c != s->quote &&
	       memchr(s->text.p + at + 1, c, s->text.len - at - 1);
}

/*
 * Where the string starts that stands at at with letters in front of it, or as
 * what a function is called with; at: none does.
 */
static uint32_t string_at(const struct sm_redact_scan *s, uint32_t at)
{
	uint32_t from = at;

	for (unsigned calls = 0; calls <= CALLS_MAX; calls++) {
		uint32_t n = 0;

		while (n < CALL_MAX && (sm_is_alnum(sm_peek(s, from + n)) ||
					sm_peek(s, from + n) == '_' ||
					sm_peek(s, from + n) == '.'))
			n++;
		if (n <= PREFIX_MAX && opens_string(s, from + n))
			return from + n;
		if (!n || sm_peek(s, from + n) != '(')
			return at;
		from += n + 1;
		while (sm_peek(s, from) == ' ')
			from++;
	}
	return at;
}

/* Where the value starts behind an = or :; false: a quote ends there. */
static bool find_value(const struct sm_redact_scan *s, uint32_t at,
		       struct value *value)
{
	bool is_line = s->kind == SM_REDACT_LINE, is_escaped;
	char c;

	*value = (struct value){ .quote = s->quote };
	if (sm_peek(s, at) == '>') /* => */
		at++;
	if (!is_line || s->quote || s->is_strict) {
		while (sm_peek(s, at) == ' ')
			at++;
		at = string_at(s, at);
	}
	is_escaped = sm_peek(s, at) == '\\' && sm_is_quote(sm_peek(s, at + 1));
	at += is_escaped;
	c = sm_peek(s, at);
	if (sm_is_quote(c)) {
		if (is_line && s->quote == c && !is_escaped)
			return false;
		if (is_line && !s->quote && !is_escaped && !s->is_strict)
			value->quote = c;
		value->closing = c;
		at++;
	}
	value->from = at;
	return true;
}

/* The rest of a line, for headers; has_quotes: of its own. */
static uint32_t end_of_line(const struct sm_redact_scan *s, uint32_t from,
			    const struct value *value, bool has_quotes)
{
	uint32_t at = from;

	for (; at < s->text.len; at++) {
		char c = s->text.p[at];

		if (s->kind == SM_REDACT_LINE && sm_is_live(c, value->quote))
			break;
		if (c == '\n' || c == '\r' ||
		    (value->closing && c == value->closing))
			break;
		if (!has_quotes &&
		    (c == '"' ||
		     (c == '\\' && sm_is_quote(sm_peek(s, at + 1)))))
			break;
	}
	return at;
}

static const char *const schemes[] = { "bearer ", "basic ", "token ", "digest ",
				       "apikey " };

/* Length of an authorization scheme at at, with its blank. */
uint32_t sm_scheme_at(const struct sm_redact_scan *s, uint32_t at)
{
	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		uint32_t n = 0;

		while (schemes[i][n] &&
		       sm_lower(sm_peek(s, at + n)) == schemes[i][n])
			n++;
		if (!schemes[i][n])
			return n;
	}
	return 0;
}

/*
 * `--name=value` or `NAME=value`, with all of the argument in front of the =:
 * then all behind it is the value.
 */
static bool is_argument(const struct sm_redact_scan *s, struct sm_str name)
{
	if (s->kind != SM_REDACT_WORD || name.p != s->text.p ||
	    name.len != s->at)
		return false;
	if (name.p[0] == '-')
		return true;
	for (uint32_t i = 0; i < name.len; i++)
		if (!sm_is_upper(name.p[i]) && !sm_is_digit(name.p[i]) &&
		    name.p[i] != '_')
			return false;
	return true;
}

/* `/password:x`, `-password:x` */
static bool is_option(const struct sm_redact_scan *s, struct sm_str name)
{
	return s->kind == SM_REDACT_WORD &&
	       ((name.p == s->text.p && name.p[0] == '-') ||
		(name.p == s->text.p + 1 && s->text.p[0] == '/'));
}

#define DRAWN_MAX 256 /* bytes of a value that are looked at */

static bool has_drawn_value(const struct sm_redact_scan *s)
{
	uint32_t from = s->at + 1, most = s->text.len - from;
	struct sm_str text = sm_str_part(
		s->text, 0, from + (most < DRAWN_MAX ? most : DRAWN_MAX));

	return sm_is_drawn(sm_str_part(
		text, from, sm_redact_end(s->kind, text, from, s->quote, 0)));
}

/* Whether a name that is plain elsewhere is a credential's here. */
static bool is_secret_here(const struct sm_redact_scan *s, struct sm_str name,
			   bool is_query)
{
	if (is_query && (sm_is_query_secret(name) ||
			 (sm_is_drawn_query(name) && has_drawn_value(s))))
		return true;
	return sm_is_value_of_secret(s, name) || sm_is_pragma(s, name);
}

/* `name=value` and `name: value`. */
bool sm_is_named(const struct sm_redact_scan *s, struct sm_span *out)
{
	struct sm_str name = name_before(s, s->at);
	enum sm_name_kind kind = sm_name_kind_of(name);
	bool is_whole, is_assigned = s->text.p[s->at] == '=', is_digest;
	struct value value;
	uint32_t from, to;

	if (kind == SM_NAME_PLAIN &&
	    is_secret_here(s, name, is_assigned && s->is_query))
		kind = SM_NAME_SECRET;
	if (kind == SM_NAME_PLAIN || !find_value(s, s->at + 1, &value))
		return false;
	from = value.from;
	if (!is_assigned && from == s->at + 1 && !value.closing &&
	    !is_option(s, name))
		return false; /* a:b */
	is_digest = sm_lower(sm_peek(s, from)) == 'd' && sm_scheme_at(s, from);
	if (kind == SM_NAME_HEADER)
		from += sm_scheme_at(s, from);
	is_whole = is_assigned && !value.closing && is_argument(s, name);
	if (is_whole)
		to = s->text.len;
	else if (kind == SM_NAME_HEADER)
		to = end_of_line(s, from, &value, is_digest);
	else
		to = sm_redact_end(s->kind, s->text, from, value.quote,
				   value.closing);
	/* PWD=/home: not every pw is a password */
	if (sm_peek(s, from) == '/' && name.len >= 3 &&
	    sm_lower(name.p[name.len - 1]) == 'd' &&
	    sm_lower(name.p[name.len - 2]) == 'w')
		return false;
	return sm_take(s, from, to, out);
}

/* ----------------------------------------------------------------- URLs */

/* `://USER:SECRET@`, `://SECRET@` */
bool sm_is_authority(struct sm_redact_scan *s, struct sm_span *out)
{
	uint32_t at = s->at + 3, colon = 0, end = 0;

	if (sm_peek(s, s->at + 1) != '/' || sm_peek(s, s->at + 2) != '/')
		return false;
	s->is_url = true;
	for (; at < s->text.len; at++) {
		char c = s->text.p[at];

		if (s->kind == SM_REDACT_LINE && sm_is_live(c, s->quote))
			break;
		if (c == '%') {
			uint32_t n = sm_secret_match(
				sm_str_part(s->text, at, s->text.len));

			at += n ? n - 1 : 0;
			continue;
		}
		if (sm_is_blank(c) || sm_is_quote(c) || c == '/' || c == '?' ||
		    c == '#')
			break;
		if (c == ':' && !colon)
			colon = at;
		if (c == '@')
			end = at;
	}
	if (!end)
		return false;
	if (!colon || colon > end) /* of a port */
		colon = end;
	if (sm_is_drawn(sm_str_part(s->text, s->at + 3, colon)))
		return sm_take(s, s->at + 3, end, out);
	return sm_take(s, colon + 1, end, out);
}
