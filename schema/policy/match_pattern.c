/* SPDX-License-Identifier: Apache-2.0 */
/*
 * match_pattern.c: one component, word or key against one pattern.
 */
#include "schema/ascii.h"
#include "schema/policy/bits.h"
#include "schema/policy/blob.h"

#include "schema/path.h"

static bool is_not_slash(char c)
{
	return c != '/';
}

static bool is_any(char c)
{
	(void)c;
	return true;
}

/* Tokens that match every length from least up to a run's end. */
struct span_token {
	bool (*is)(char);
	uint32_t least;
	char not_first; /* 0: any byte may start it */
};

static bool span_token(const struct sm_blob_item *item, struct span_token *out)
{
	static const struct span_token star = { is_any, 0, 0 };
	static const struct span_token tokens[SM_TOKENS] = {
		[SM_TOKEN_INT] = { sm_is_digit, 1, 0 },
		[SM_TOKEN_HEX] = { sm_is_hex, 8, 0 },
		[SM_TOKEN_NAME] = { is_not_slash, 1, '.' },
		[SM_TOKEN_WORD] = { is_any, 1, '-' },
		[SM_TOKEN_HOST] = { sm_is_of_host, 1, '-' },
		[SM_TOKEN_TEXT] = { is_any, 1, 0 },
		[SM_TOKEN_CLASS] = { sm_is_of_class, 1, 0 },
	};

	if (item->kind == SM_BLOB_STAR) {
		*out = star;
		return true;
	}
	if (item->kind != SM_BLOB_TOKEN || !tokens[item->token].is)
		return false;
	*out = tokens[item->token];
	return true;
}

static bool matches_path(const struct sm_policy *policy,
			 const struct sm_blob_item *item, struct sm_str text)
{
	const struct sm_blob_node *nodes =
		sm_blob_section(policy, SM_BLOB_NODES);
	char out[SM_PATH_MAX];
	struct sm_match_set set;
	struct sm_str path;
	bool is_relative = text.len && text.p[0] != '/';
	uint32_t i;

	if (is_relative != (item->token != 0))
		return false;
	/* Below an unknown directory `..` could lead anywhere. */
	for (i = 0; is_relative && i + 1 < text.len; i++)
		if (text.p[i] == '.' && text.p[i + 1] == '.' &&
		    (!i || text.p[i - 1] == '/') &&
		    (i + 2 == text.len || text.p[i + 2] == '/'))
			return false;
	if (sm_path_canonical(SM_STR("/"), text, out, &path))
		return false;
	sm_match_below(policy, item->a, path, &set);
	/* Inner nodes are reached too; only ends hold a rule. */
	for (i = 0; i < set.count; i++)
		if (nodes[set.nodes[i]].rules.count)
			return !set.has_overflown;
	return false;
}

static bool matches_cidr(const struct sm_policy *policy,
			 const struct sm_blob_item *item, struct sm_str key)
{
	struct sm_str net =
		sm_blob_str(policy, (struct sm_blob_text){ item->a, item->b });
	uint32_t whole = item->token / 8, rest = item->token % 8;

	if (key.len != SM_ADDRESS_KEY || key.p[0] ||
	    memcmp(key.p + 1, net.p + 1, whole))
		return false;
	return !rest ||
	       !(((uint8_t)key.p[1 + whole] ^ (uint8_t)net.p[1 + whole]) >>
		 (8 - rest));
}

/* Whether one item that is not literal matches all of text. */
static bool matches_whole(const struct sm_policy *policy,
			  const struct sm_blob_item *item, struct sm_str text)
{
	const struct sm_blob_text *names;
	uint32_t i;

	switch (item->kind) {
	case SM_BLOB_STAR:
		return true;
	case SM_BLOB_TOKEN:
		return text.len &&
		       sm_token_match(item->token, text) == text.len;
	case SM_BLOB_OPTION:
		names = sm_blob_section(policy, SM_BLOB_NAMES);
		for (i = 0; i < item->b; i++)
			if (sm_str_equal(
				    sm_blob_str(policy, names[item->a + i]),
				    text))
				return true;
		return false;
	case SM_BLOB_PATH:
		return matches_path(policy, item, text);
	case SM_BLOB_CIDR:
		return matches_cidr(policy, item, text);
	}
	return false;
}

/* Sets of positions in a text, one bit each. */
#define POSITIONS (SM_STRING_MAX + 1)

struct positions {
	uint64_t bits[SM_BITS_WORDS(POSITIONS)];
};

/* The earliest start inside a run stands for all later ones. */
static void advance_span(const struct span_token *t, struct sm_str text,
			 const struct positions *from, struct positions *to)
{
	uint32_t i, start_at = SM_BLOB_NONE;

	for (i = 0; i <= text.len; i++) {
		if (!t->least && sm_bits_has(from->bits, i))
			sm_bits_put(to->bits, i);
		if (start_at == SM_BLOB_NONE && i < text.len &&
		    sm_bits_has(from->bits, i) &&
		    !(t->not_first && text.p[i] == t->not_first))
			start_at = i;
		if (i == text.len || !t->is(text.p[i]))
			start_at = SM_BLOB_NONE;
		else if (start_at != SM_BLOB_NONE &&
			 i + 1 - start_at >= t->least)
			sm_bits_put(to->bits, i + 1);
	}
}

static void advance_texts(const struct sm_policy *policy,
			  const struct sm_blob_item *item, struct sm_str text,
			  uint32_t at, struct positions *to)
{
	const struct sm_blob_text *names =
		sm_blob_section(policy, SM_BLOB_NAMES);
	struct sm_blob_text literal = { item->a, item->b };
	bool is_option = item->kind == SM_BLOB_OPTION;
	struct sm_str rest = { text.p + at, text.len - at }, s;
	uint32_t i, count = is_option ? item->b : 1;

	for (i = 0; i < count; i++) {
		s = sm_blob_str(policy,
				is_option ? names[item->a + i] : literal);
		if (sm_str_starts(rest, s))
			sm_bits_put(to->bits, at + s.len);
	}
}

static void advance(const struct sm_policy *policy,
		    const struct sm_blob_item *item, struct sm_str text,
		    const struct positions *from, struct positions *to)
{
	struct span_token span;
	uint32_t at;

	memset(to, 0, sizeof(*to));
	if (span_token(item, &span)) {
		advance_span(&span, text, from, to);
		return;
	}
	for (at = 0; at <= text.len; at++) {
		struct sm_str rest = { text.p + at, text.len - at };
		size_t n;

		if (!sm_bits_has(from->bits, at))
			continue;
		if (item->kind == SM_BLOB_TOKEN) {
			n = sm_token_match(item->token, rest);
			if (n)
				sm_bits_put(to->bits, at + (uint32_t)n);
		} else if (item->kind == SM_BLOB_PATH) {
			if (matches_path(policy, item, rest))
				sm_bits_put(to->bits, text.len);
		} else if (item->kind != SM_BLOB_CIDR) {
			advance_texts(policy, item, text, at, to);
		}
	}
}

/* Where the first s behind `from` ends in text, or SM_BLOB_NONE. */
static uint32_t find_behind(struct sm_str text, uint32_t from, struct sm_str s)
{
	const char *at;

	if (!s.len)
		return from;
	for (; text.len - from >= s.len; from++) {
		at = memchr(text.p + from, s.p[0], text.len - from - s.len + 1);
		if (!at)
			return SM_BLOB_NONE;
		from = (uint32_t)(at - text.p);
		if (!memcmp(at, s.p, s.len))
			return from + s.len;
	}
	return SM_BLOB_NONE;
}

/*
 * Most texts lack a literal of a pattern: to look for them, each behind the one
 * before, costs a twentieth of following all positions. *is_all: nothing else
 * is to be asked, since there is but `*` between them and around.
 */
static bool has_literals(const struct sm_policy *policy,
			 const struct sm_blob_item *items, uint32_t count,
			 struct sm_str text, bool *is_all)
{
	bool is_behind_star = false;
	uint32_t at = 0;

	*is_all = true;
	for (uint32_t i = 0; i < count; i++) {
		struct sm_blob_text s = { items[i].a, items[i].b };

		if (items[i].kind == SM_BLOB_LITERAL) {
			at = find_behind(text, at, sm_blob_str(policy, s));
			if (at == SM_BLOB_NONE)
				return false;
			*is_all &= is_behind_star;
		} else {
			*is_all &= items[i].kind == SM_BLOB_STAR;
		}
		is_behind_star = items[i].kind == SM_BLOB_STAR;
	}
	*is_all &= is_behind_star;
	return true;
}

static bool matches_items(const struct sm_policy *policy,
			  const struct sm_blob_item *items, uint32_t count,
			  struct sm_str text)
{
	struct positions a, b, *from = &a, *to = &b, *swap;
	bool is_all;
	uint32_t i;

	if (text.len >= POSITIONS ||
	    !has_literals(policy, items, count, text, &is_all))
		return false;
	if (is_all)
		return true;
	memset(from, 0, sizeof(*from));
	sm_bits_put(from->bits, 0);
	for (i = 0; i < count; i++) {
		advance(policy, &items[i], text, from, to);
		swap = from;
		from = to;
		to = swap;
	}
	return sm_bits_has(from->bits, text.len);
}

/* Wildcards open neither hidden names nor, in words, options. */
static bool is_refused_start(const struct sm_blob_item *item, char first,
			     bool is_component)
{
	if (item->kind == SM_BLOB_LITERAL || item->kind == SM_BLOB_OPTION)
		return false;
	if (is_component)
		return first == '.';
	return first == '-' &&
	       !(item->kind == SM_BLOB_TOKEN && item->token == SM_TOKEN_TEXT);
}

bool sm_match_pattern(const struct sm_policy *policy, uint32_t pattern,
		      struct sm_str text, bool is_component)
{
	const struct sm_blob_span *patterns =
		sm_blob_section(policy, SM_BLOB_PATTERNS);
	const struct sm_blob_item *items =
		sm_blob_section(policy, SM_BLOB_ITEMS);
	uint32_t count = patterns[pattern].count;
	struct sm_str s;

	items += patterns[pattern].first;
	if (count && text.len &&
	    is_refused_start(&items[0], text.p[0], is_component))
		return false;
	if (count == 1 && items[0].kind == SM_BLOB_STAR)
		return true;
	if (count && items[0].kind == SM_BLOB_LITERAL) {
		s = sm_blob_str(policy, (struct sm_blob_text){ items[0].a,
							       items[0].b });
		if (!sm_str_starts(text, s))
			return false;
		text.p += s.len;
		text.len -= s.len;
		items++;
		count--;
	}
	if (count && items[count - 1].kind == SM_BLOB_LITERAL) {
		s = sm_blob_str(policy,
				(struct sm_blob_text){ items[count - 1].a,
						       items[count - 1].b });
		if (!sm_str_ends(text, s))
			return false;
		text.len -= s.len;
		count--;
	}
	if (!count)
		return !text.len;
	if (count == 1)
		return matches_whole(policy, items, text);
	return matches_items(policy, items, count, text);
}
