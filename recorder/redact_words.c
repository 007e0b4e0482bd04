/* SPDX-License-Identifier: Apache-2.0 */
/*
 * redact_words.c: words that are credentials by what they look like.
 */
#include "recorder/redact_internal.h"

/* ------------------------------------------------------------ drawn by chance
 */

/*
 * Pairs of letters that names are made of: bit b of row a. 303 of 676, which
 * are 96.5 % of the pairs in the words of CPython's library and in the names of
 * the files of a Debian installation.
 */
static const uint32_t pairs[26] = {
	0x13ebd6e, 0x1164b15, 0x11edd95, 0x01edb1b, 0x1eff97f, 0x01ac931,
	0x21e69d1, 0x00a4111, 0x2aef87f, 0x0040011, 0x0040111, 0x13cc939,
	0x014d91b, 0x13ced7d, 0x07efd6f, 0x11ef99d, 0x0100000, 0x13efd7d,
	0x17cfdb5, 0x1ded9bd, 0x00eb95f, 0x0000111, 0x0066191, 0x0089114,
	0x00eb005, 0x0000010,
};

/* In hundredths of the pairs of a word; names stay below, chance above. */
#define UNLIKELY_MIN	    34
#define UNLIKELY_BASE64_MIN 40
#define DISTINCT_MIN	    10 /* bytes: zzzz is no credential */
#define BASE64_MIN	    32
#define DRAWN_HEX_MIN	    32
#define PIECE_MAX	    12

static bool is_usual(char a, char b)
{
	return pairs[sm_lower(a) - 'a'] >> (sm_lower(b) - 'a') & 1;
}

/* Neighbours that no name would have: rare letters, letters and digits. */
static uint32_t count_unlikely(struct sm_str word)
{
	uint32_t n = 0;

	for (uint32_t i = 1; i < word.len; i++) {
		char a = word.p[i - 1], b = word.p[i];

		if (sm_is_letter(a) && sm_is_letter(b))
			n += !is_usual(a, b);
		else if (sm_is_alnum(a) && sm_is_alnum(b))
			n += sm_is_digit(a) != sm_is_digit(b);
	}
	return n;
}

static uint32_t count_distinct(struct sm_str word)
{
	uint64_t seen[4] = { 0 };
	uint32_t n = 0;

	for (uint32_t i = 0; i < word.len; i++) {
		uint8_t c = (uint8_t)word.p[i];

		n += !(seen[c / 64] >> (c % 64) & 1);
		seen[c / 64] |= UINT64_C(1) << (c % 64);
	}
	return n;
}

/* Hashes and UUIDs name contents and things; they are no credentials. */
static bool is_hex(struct sm_str word)
{
	bool is_lower = true, is_big = true;

	for (uint32_t i = 0; i < word.len; i++) {
		char c = word.p[i];

		if (c == '-' || c == '_' || sm_is_digit(c))
			continue;
		if (sm_lower(c) < 'a' || sm_lower(c) > 'f')
			return false;
		is_lower &= !sm_is_upper(c);
		is_big &= sm_is_upper(c);
	}
	return is_lower || is_big;
}

/* `sha256-`, `x86_64-`: what comes behind decides. */
static struct sm_str behind_hash_name(struct sm_str word)
{
	static const char *const names[] = { "sha1",   "sha224", "sha256",
					     "sha384", "sha512", "md5" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		uint32_t n = (uint32_t)strlen(names[i]);

		if (word.len > n + 1 && !memcmp(word.p, names[i], n) &&
		    (word.p[n] == '-' || word.p[n] == '_'))
			return sm_str_part(word, n + 1, word.len);
	}
	return word;
}

/*
 * `shop-api-7c9d6b5f48-x2lqz`: small letters and digits in short pieces, as
 * names that a machine made up for things are. Tokens have capitals, or longer
 * pieces.
 */
static bool is_pieces(struct sm_str word)
{
	uint32_t pieces = 1, piece = 0;

	for (uint32_t i = 0; i < word.len; i++) {
		char c = word.p[i];

		if (!sm_is_alnum(c) && c != '-')
			return false;
		if (sm_is_upper(c) || ++piece > PIECE_MAX)
			return false;
		if (c == '-') {
			pieces++;
			piece = 0;
		}
	}
	return pieces > 2;
}

bool sm_word_is_random(struct sm_str word)
{
	if (word.len < SM_RANDOM_MIN || is_hex(behind_hash_name(word)) ||
	    is_pieces(word))
		return false;
	return count_unlikely(word) * 100 >= UNLIKELY_MIN * (word.len - 1) &&
	       count_distinct(word) >= DISTINCT_MIN;
}

bool sm_is_drawn(struct sm_str user)
{
	return sm_word_is_random(user) ||
	       (user.len >= DRAWN_HEX_MIN && is_hex(user));
}

bool sm_base64_is_random(struct sm_str word)
{
	bool has_upper = false, has_lower = false, has_digit = false;

	if (word.len < BASE64_MIN)
		return false;
	for (uint32_t i = 0; i < word.len; i++) {
		has_upper |= sm_is_upper(word.p[i]);
		has_lower |= sm_is_letter(word.p[i]) && !sm_is_upper(word.p[i]);
		has_digit |= sm_is_digit(word.p[i]);
	}
	return has_upper && has_lower && has_digit &&
	       count_unlikely(word) * 100 >=
		       UNLIKELY_BASE64_MIN * (word.len - 1) &&
	       count_distinct(word) >= DISTINCT_MIN;
}

/* -------------------------------------------------------------------- shapes
 */

enum set { UPPER, HEX, WORD, WORD_DASH, WORD_DOT };

static bool is_in(enum set set, char c)
{
	switch (set) {
	case UPPER:
		return sm_is_upper(c) || sm_is_digit(c);
	case HEX:
		return sm_is_hex(c);
	case WORD:
		return sm_is_alnum(c) || c == '_';
	case WORD_DASH:
		return sm_is_alnum(c) || c == '_' || c == '-';
	case WORD_DOT:
		return sm_is_alnum(c) || c == '_' || c == '-' || c == '.';
	}
	return false;
}

struct shape {
	struct sm_str prefix;
	uint32_t min, max;
	enum set set;
};

static const struct shape shapes[] = {
#define SM_SHAPE(prefix, min, max, set)                                        \
	{ { prefix, sizeof(prefix) - 1 }, min, max, set },
#include "recorder/redact_shapes.def"
#undef SM_SHAPE
};

static uint32_t run_of(enum set set, struct sm_str text, uint32_t from)
{
	uint32_t n = from;

	while (n < text.len && is_in(set, text.p[n]))
		n++;
	return n - from;
}

/* Three parts of base64url, the first of which is a JSON object. */
static uint32_t match_jwt(struct sm_str text)
{
	uint32_t at = 0, n;

	if (!sm_str_starts(text, SM_STR("eyJ")))
		return 0;
	for (unsigned part = 0; part < 3; part++) {
		n = run_of(WORD_DASH, text, at);
		if (part < 2 &&
		    (n < 10 || at + n >= text.len || text.p[at + n] != '.'))
			return 0;
		at += n + (part < 2);
	}
	return at;
}

/* A bot's of Telegram: its number, a colon, 35 bytes. */
static uint32_t match_bot(struct sm_str text)
{
	uint32_t digits = 0;

	while (digits < text.len && sm_is_digit(text.p[digits]))
		digits++;
	if (digits < 8 || digits > 12 || digits >= text.len ||
	    text.p[digits] != ':' || run_of(WORD_DASH, text, digits + 1) != 35)
		return 0;
	return digits + 36;
}

uint32_t sm_token_shape(struct sm_str text)
{
	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		const struct shape *s = &shapes[i];
		uint32_t n;

		if (s->prefix.p[0] != text.p[0] ||
		    !sm_str_starts(text, s->prefix))
			continue;
		n = run_of(s->set, text, s->prefix.len);
		if (n >= s->min && n <= s->max)
			return s->prefix.len + n;
	}
	return sm_is_digit(text.p[0]) ? match_bot(text) : match_jwt(text);
}

/* Length of "KIND PRIVATE KEY", in capitals and blanks; 0: it is not that. */
static uint32_t match_key_name(struct sm_str text)
{
	static const char name[] = "PRIVATE KEY";
	uint32_t n = 0, length = sizeof(name) - 1;

	while (n < text.len && (is_in(UPPER, text.p[n]) || text.p[n] == ' '))
		n++;
	return n >= length && !memcmp(text.p + n - length, name, length) ? n
									 : 0;
}

uint32_t sm_pem_shape(struct sm_str text)
{
	const char *end;
	uint32_t from;

	if (!sm_str_starts(text, SM_STR("-----BEGIN ")))
		return 0;
	from = match_key_name(sm_str_part(text, 11, text.len));
	if (!from)
		return 0;
	from += 11;
	end = memmem(text.p + from, text.len - from, "-----END ", 9);
	if (end)
		end = memmem(end + 9, text.len - (size_t)(end + 9 - text.p),
			     "-----", 5);
	return end ? (uint32_t)(end - text.p) + 5 : text.len;
}

/* -------------------------------------------------------------------- base64
 */

static int digit_of(char c)
{
	if (sm_is_upper(c))
		return c - 'A';
	if (sm_is_letter(c))
		return c - 'a' + 26;
	if (sm_is_digit(c))
		return c - '0' + 52;
	return c == '+' || c == '-' ? 62 : c == '/' || c == '_' ? 63 : -1;
}

bool sm_is_basic(struct sm_str word)
{
	uint32_t bits = 0, held = 0;
	bool has_colon = false;

	if (word.len < 8)
		return false;
	for (uint32_t i = 0; i < word.len && word.p[i] != '='; i++) {
		int digit = digit_of(word.p[i]);

		if (digit < 0)
			return false;
		held = held << 6 | (uint32_t)digit;
		bits += 6;
		if (bits < 8)
			continue;
		bits -= 8;
		if ((held >> bits & 0xff) < ' ')
			return false;
		has_colon |= (held >> bits & 0xff) == ':';
	}
	return has_colon;
}
