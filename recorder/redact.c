/* SPDX-License-Identifier: Apache-2.0 */
/*
 * redact.c: credentials must not reach the ring; nothing behind it may scrub.
 *
 * One pass from left to right. A policy decides by what is left, so what is
 * taken out of a line for a shell holds nothing the shell would act on: else a
 * command could hide behind `--password=`.
 */
#include "recorder/redact_internal.h"

/* A run of word bytes that may be a token, or was drawn by chance. */
#define SHAPE_MIN 15

/* ---------------------------------------------------------------- words */

/* `Bearer X`, where no header's name says so. */
static bool is_behind_scheme(const struct sm_redact_scan *s,
			     struct sm_span *out)
{
	uint32_t n, from, to;
	struct sm_str word;

	if (sm_lower(sm_peek(s, s->at)) != 'b') /* bearer, basic */
		return false;
	n = sm_scheme_at(s, s->at);
	from = s->at + n;
	to = sm_redact_end(s->kind, s->text, from, s->quote, 0);
	word = sm_str_part(s->text, from, to);
	if (!n || word.len < 8)
		return false;
	if (n == 6 && !sm_is_basic(word))
		return false;
	return sm_take(s, from, to, out);
}

/* A word with slashes that is neither a path nor inside of a URL. */
static uint32_t base64_end(const struct sm_redact_scan *s, uint32_t from,
			   uint32_t to)
{
	bool has_slash = false;

	while (to < s->text.len &&
	       (sm_is_word(s->text.p[to]) || s->text.p[to] == '/')) {
		has_slash |= s->text.p[to] == '/';
		to++;
	}
	if (!has_slash || s->is_url ||
	    (sm_peek(s, to) == '.' && sm_is_word(sm_peek(s, to + 1))))
		return 0;
	return sm_base64_is_random(sm_str_part(s->text, from, to)) ? to : 0;
}

/* Whether the word is a path's component. */
static bool is_component(const struct sm_redact_scan *s, uint32_t from,
			 uint32_t to)
{
	return !s->is_url &&
	       ((from &&
		 (s->text.p[from - 1] == '/' || s->text.p[from - 1] == '.')) ||
		sm_peek(s, to) == '/' ||
		(sm_peek(s, to) == '.' && sm_is_alnum(sm_peek(s, to + 1))));
}

static uint32_t padded(const struct sm_redact_scan *s, uint32_t to)
{
	uint32_t n = 0;

	while (n < 2 && sm_peek(s, to + n) == '=')
		n++;
	return to + n;
}

static bool is_token(const struct sm_redact_scan *s, uint32_t from, uint32_t to,
		     struct sm_span *out)
{
	/* Those with a short word in front have one of these behind it. */
	if (to - from < SHAPE_MIN && sm_peek(s, to) != '.' &&
	    sm_peek(s, to) != ':')
		return false;
	for (uint32_t at = from; at < to; at++) {
		uint32_t n;

		if (at > from && sm_is_alnum(s->text.p[at - 1]))
			continue;
		if (at > from && s->text.p[at - 1] == '+')
			continue;
		n = sm_token_shape(sm_str_part(s->text, at, s->text.len));
		if (n) {
			*out = (struct sm_span){ at, at + n };
			/* Without it, what is in front would be one, too. */
			if (sm_word_is_random(sm_str_part(s->text, from, at)))
				out->from = from;
			return true;
		}
	}
	return false;
}

/* `$NAME`, `${NAME}`: not the value itself. */
static bool is_variable(const struct sm_redact_scan *s, uint32_t from)
{
	bool is_braced = from > 1 && s->text.p[from - 1] == '{';

	return from && s->text.p[from - 1 - is_braced] == '$';
}

/* The word at the cursor, which is its first letter. */
static bool is_word(struct sm_redact_scan *s, struct sm_span *out)
{
	uint32_t from = s->at, to = from;

	while (to < s->text.len && sm_is_word(s->text.p[to]))
		to++;
	s->run_end = to;
	s->has_values |=
		sm_is_same_name(sm_str_part(s->text, from, to), "values");
	if (is_variable(s, from))
		return false;
	if (is_behind_scheme(s, out) ||
	    (s->text.len - from >= 16 && is_token(s, from, to, out)))
		return true;
	if (is_component(s, from, to)) {
		if (from && s->text.p[from - 1] == '/')
			return false;
		to = base64_end(s, from, to);
		if (!to)
			return false;
	} else if (!sm_word_is_random(sm_str_part(s->text, from, to))) {
		return false;
	}
	*out = (struct sm_span){ from, padded(s, to) };
	return true;
}

/* ----------------------------------------------------------------- scan */

static bool is_known(struct sm_redact_scan *s, struct sm_span *out)
{
	const struct sm_spans *known = s->known;

	while (s->next_known < known->count &&
	       known->items[s->next_known].from < s->at)
		s->next_known++;
	if (s->next_known == known->count ||
	    known->items[s->next_known].from != s->at)
		return false;
	*out = known->items[s->next_known++];
	return true;
}

/* Follows quotes; true: the byte behind the cursor is none to look at. */
static bool follow(struct sm_redact_scan *s)
{
	char c = s->text.p[s->at];

	if (s->kind != SM_REDACT_LINE)
		return false;
	if (c == '\\' && s->quote != '\'')
		return true;
	if (s->is_strict)
		return false;
	if (c == s->quote)
		s->quote = 0;
	else if (!s->quote && sm_is_quote(c))
		s->quote = c;
	return false;
}

/* A private key; of one in a line, what the shell takes as it is. */
static bool is_key(const struct sm_redact_scan *s, struct sm_span *out)
{
	struct sm_str rest = sm_str_part(s->text, s->at, s->text.len);
	uint32_t end = s->at + sm_pem_shape(rest), to = s->at;

	while (to < end && (s->kind != SM_REDACT_LINE ||
			    !sm_is_live(s->text.p[to], s->quote)))
		to++;
	return sm_take(s, s->at, to, out);
}

static bool look(struct sm_redact_scan *s, struct sm_span *out)
{
	char c = s->text.p[s->at];

	switch (c) {
	case ':':
		/* In front of the password may stand another credential. */
		if (sm_is_authority(s, &s->ahead))
			return false;
		return sm_is_named(s, out);
	case '=':
		return sm_is_named(s, out);
	case '?':
		s->is_query = true;
		return false;
	case '\'':
	case '"':
		s->is_url = s->is_query = false;
		return sm_is_sql(s, out) || sm_is_paired(s, out);
	case '>':
		return sm_is_element(s, out);
	case '-':
		return is_key(s, out);
	default:
		if (sm_is_blank(c))
			s->is_url = s->is_query = false;
		return s->at >= s->run_end && sm_is_alnum(c) && is_word(s, out);
	}
}

/* Whoever cut the text again took bytes behind the token of its tail. */
static bool is_in_tail(const struct sm_redact_scan *s, uint32_t bytes)
{
	const struct sm_spans *known = s->known;
	const struct sm_span *last;

	if (!s->is_cut || !known->count)
		return false;
	last = &known->items[known->count - 1];
	return last->from == s->at && last->to == s->text.len &&
	       s->at + bytes < s->text.len;
}

/* The next credential at or behind the cursor. */
static bool next_secret(struct sm_redact_scan *s, struct sm_span *out)
{
	for (; s->at < s->text.len; s->at++) {
		uint32_t n = 0;

		if (s->text.p[s->at] == '%')
			n = sm_secret_match(
				sm_str_part(s->text, s->at, s->text.len));
		if (n && !is_in_tail(s, n)) {
			s->at += n - 1;
			s->run_end = s->at + 1;
			continue;
		}
		if (s->ahead.to && s->at == s->ahead.from) {
			*out = s->ahead;
			s->ahead.to = 0;
			return true;
		}
		if (is_known(s, out))
			return true;
		if (follow(s)) {
			s->at++;
			continue;
		}
		if (look(s, out))
			return true;
	}
	return false;
}

/* Quotes between the cursor and to, which is where it goes on. */
static void skip_to(struct sm_redact_scan *s, uint32_t to)
{
	for (s->at++; s->at < to; s->at++)
		if (follow(s))
			s->at++;
	s->at = to;
	if (s->run_end < to)
		s->run_end = to;
}

/* A shell expands ~ behind : and =, so one of these stays in front of it. */
static uint32_t before_home(const struct sm_redact_scan *s, struct sm_span span)
{
	uint32_t to = span.to;

	if (s->kind != SM_REDACT_LINE || sm_peek(s, to) != '~')
		return to;
	while (to > span.from + 1 &&
	       (s->text.p[to - 1] == ':' || s->text.p[to - 1] == '='))
		to--;
	return to;
}

/* ---------------------------------------------------------------- output */

static bool append(char *out, uint32_t room, uint32_t *used, const char *p,
		   uint32_t n)
{
	if (n > room - *used)
		return false;
	memcpy(out + *used, p, n);
	*used += n;
	return true;
}

static bool append_secret(char *out, uint32_t room, uint32_t *used,
			  struct sm_str secret)
{
	char text[SM_SECRET_MAX];

	sm_secret_put(sm_digest(secret.p, secret.len), text);
	return append(out, room, used, text, sizeof(text));
}

/*
 * By ASCII code: w and B (b) are of words, = is behind names, . is neither. One
 * load a byte: letters and digits are too many cases else.
 */
static const char class_of[] = "................................"
			       "..=....=...w.-..wwwwwwwwww=..==."
			       ".wBwwwwwwwwwwwwwwwwwwwwwwww....w"
			       ".wBwwwwwwwwwwwwwwwwwwwwwwww.....";

/*
 * Whether a text may hold any: most hold none of what everything above starts
 * with, and events pay for each byte that is looked at twice.
 */
static bool may_hold_any(struct sm_str text)
{
	uint32_t start = 0; /* of the word */

	for (uint32_t i = 0; i < text.len; i++) {
		uint8_t c = (uint8_t)text.p[i];
		char class = c < 128 ? class_of[c] : '.';

		if (class == '.') {
			start = i + 1;
			continue;
		}
		if (class == '=' || i - start + 1 >= SHAPE_MIN)
			return true;
		/* bearer, basic: with a blank and what follows */
		if (class == 'B' && i == start && text.len - i >= 14)
			return true;
		if (class == '-' && i + 1 < text.len && text.p[i + 1] == '-')
			return true; /* a key, or -- of an option */
	}
	return false;
}

/* The last word, where it is not told whether it ends there. */
static void add_tail(struct sm_str text, struct sm_spans *known)
{
	uint32_t from = text.len;

	while (from && !sm_is_blank(text.p[from - 1]) &&
	       !sm_is_quote(text.p[from - 1]))
		from--;
	while (known->count && known->items[known->count - 1].to > from)
		known->count--;
	if (from < text.len && known->count < SM_SPANS_MAX)
		known->items[known->count++] =
			(struct sm_span){ from, text.len };
}

static bool redact_once(enum sm_redact_kind kind, struct sm_redact_text text,
			struct sm_spans *known, char *out, uint32_t room,
			uint32_t *length)
{
	struct sm_redact_scan s = { .kind = kind,
				    .text = text.s,
				    .known = known,
				    .is_cut = text.is_cut };
	uint32_t done = 0, used = 0;
	struct sm_span span;

	*length = 0;
	s.is_strict = kind == SM_REDACT_LINE && sm_has_substitution(text.s);
	if (text.is_cut)
		add_tail(text.s, known);
	else if (!known->count && !may_hold_any(text.s))
		return false;
	while (next_secret(&s, &span)) {
		span.to = before_home(&s, span);
		if (!append(out, room, &used, text.s.p + done,
			    span.from - done) ||
		    !append_secret(out, room, &used,
				   sm_str_part(text.s, span.from, span.to)))
			return true;
		done = span.to;
		skip_to(&s, span.to);
	}
	if (!used)
		return false;
	if (append(out, room, &used, text.s.p + done, text.s.len - done))
		*length = used;
	return true;
}

static void find_options(enum sm_redact_kind kind, struct sm_str text,
			 struct sm_spans *known)
{
	known->count = 0;
	if (kind == SM_REDACT_LINE)
		sm_redact_line_options(text, known);
}

/*
 * What was taken out may have ended what came before it: without it more shows.
 * Every time less is left that could.
 */
static void redact_rest(enum sm_redact_kind kind, char *out, uint32_t room,
			uint32_t *length)
{
	char before[SM_STRING_MAX];
	struct sm_spans known;
	uint32_t n = *length;

	while (n && n <= sizeof(before)) {
		struct sm_redact_text text = { { before, n }, false };

		memcpy(before, out, n);
		find_options(kind, text.s, &known);
		if (!redact_once(kind, text, &known, out, room, length))
			break;
		n = *length;
	}
	*length = n;
}

bool sm_redact_with(enum sm_redact_kind kind, struct sm_redact_text text,
		    struct sm_spans *known, char *out, uint32_t room,
		    uint32_t *length)
{
	if (!redact_once(kind, text, known, out, room, length))
		return false;
	redact_rest(kind, out, room, length);
	return true;
}

bool sm_redact(enum sm_redact_kind kind, struct sm_redact_text text, char *out,
	       uint32_t room, uint32_t *length)
{
	struct sm_spans known;

	find_options(kind, text.s, &known);
	return sm_redact_with(kind, text, &known, out, room, length);
}
