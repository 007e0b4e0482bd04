/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_redact_table.c: how many credentials are found, and how much else.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "recorder/redact.h"

#define ROUNDS	 40 /* other credentials of the same kinds */
#define TEXT_MAX 2048

enum kind { TEXT, WORD, LINE, ARGV };

enum alphabet {
	LOWER,
	UPPER,
	DIGITS,
	HEX,
	BASE32,
	BASE36,
	BASE62,
	BASE64,
	BASE64URL,
	PASSWORD,
	JWT,
	BASIC,
};

static const char *const alphabets[] = {
	[LOWER] = "abcdefghijklmnopqrstuvwxyz",
	[UPPER] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567",
	[DIGITS] = "0123456789",
	[HEX] = "0123456789abcdef",
	[BASE32] = "abcdefghijklmnopqrstuvwxyz234567",
	[BASE36] = "abcdefghijklmnopqrstuvwxyz0123456789",
	[BASE62] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
		   "0123456789",
	[BASE64] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
		   "0123456789+/",
	[BASE64URL] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
		      "0123456789-_",
	[PASSWORD] = "abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ"
		     "23456789!.:_+-=^",
	[JWT] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
		"0123456789-_",
	[BASIC] = "abcdefghijklmnopqrstuvwxyz",
};

struct labelled {
	enum kind kind;
	const char *text, *prefix;
	enum alphabet alphabet;
	unsigned count;
};

static const struct labelled secrets[] = {
#define SECRET(kind, text, prefix, alphabet, count)                            \
	{ kind, text, prefix, alphabet, count },
#include "tests/unit/redact_secrets.def"
#undef SECRET
};

static const struct {
	enum kind kind;
	const char *text;
} ordinary[] = {
#define ORDINARY(kind, text) { kind, text },
#include "tests/unit/redact_ordinary.def"
#undef ORDINARY
};

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

/* xorshift64*; the same in every run. */
static uint64_t draw(void)
{
	static uint64_t state = 0x9e3779b97f4a7c15u;

	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return state * 0x2545f4914f6cdd1du;
}

static void base64(const char *plain, char *out)
{
	const char *digits = alphabets[BASE64];
	size_t n = strlen(plain);

	for (size_t i = 0; i < n; i += 3) {
		uint32_t word = (uint32_t)(uint8_t)plain[i] << 16 |
				(uint32_t)(uint8_t)plain[i + 1] << 8 |
				(uint8_t)plain[i + 2];

		for (int k = 18; k >= 0; k -= 6)
			*out++ = digits[word >> k & 63];
	}
	*out = '\0';
}

static void make_secret(const struct labelled *row, char *out)
{
	const char *digits = alphabets[row->alphabet];
	size_t n = strlen(digits), at = strlen(row->prefix);
	char plain[64] = "user:";

	strcpy(out, row->prefix);
	for (unsigned i = 0; i < row->count; i++)
		out[at++] = row->alphabet == JWT && i == row->count / 2
				    ? '.'
				    : digits[draw() % n];
	out[at] = '\0';
	if (row->alphabet != BASIC)
		return;
	strcat(plain, out);
	strcat(plain, "x"); /* 18 bytes: no padding */
	base64(plain, out);
}

/* text with its ~ replaced. */
static void put(const char *text, const char *what, char *out)
{
	const char *mark = strchr(text, '~');

	if (!mark)
		snprintf(out, TEXT_MAX, "%s", text);
	else
		snprintf(out, TEXT_MAX, "%.*s%s%s", (int)(mark - text), text,
			 what, mark + 1);
}

static uint32_t redact_words(struct sm_str text, char *out)
{
	struct sm_redact_argv argv = { 0 };
	uint32_t used = 0, at = 0;

	while (at <= text.len) {
		const char *bar =
			at < text.len ? memchr(text.p + at, '|', text.len - at)
				      : NULL;
		uint32_t end = bar ? (uint32_t)(bar - text.p) : text.len, n;
		struct sm_redact_text word = { { text.p + at, end - at },
					       false };

		if (sm_redact_argument(&argv, word, out + used, TEXT_MAX - used,
				       &n)) {
			assert_true(n);
		} else {
			memcpy(out + used, word.s.p, word.s.len);
			n = word.s.len;
		}
		used += n;
		if (bar)
			out[used++] = '|';
		at = end + 1;
	}
	return used;
}

static void redact(enum kind kind, const char *text, char *out)
{
	static const enum sm_redact_kind kinds[] = {
		[TEXT] = SM_REDACT_TEXT,
		[WORD] = SM_REDACT_WORD,
		[LINE] = SM_REDACT_LINE,
	};
	struct sm_str s = sm_str_of(text);
	uint32_t n = s.len;

	if (kind == ARGV)
		n = redact_words(s, out);
	else if (!sm_redact(kinds[kind], (struct sm_redact_text){ s, false },
			    out, TEXT_MAX, &n))
		memcpy(out, text, n = s.len);
	out[n] = '\0';
}

/* Nothing of it is left that is worth having: no six bytes in a row. */
static bool is_hidden(const char *secret, const char *text)
{
	size_t n = strlen(secret), part = n < 6 ? n : 6;
	char piece[8] = { 0 };

	for (size_t i = 0; i + part <= n; i++) {
		memcpy(piece, secret + i, part);
		if (strstr(text, piece))
			return false;
	}
	return true;
}

static void finds_credentials(void **state)
{
	size_t missed = 0, rows = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(secrets); i++) {
		unsigned misses = 0;
		char secret[512], text[TEXT_MAX], out[TEXT_MAX];

		for (unsigned round = 0; round < ROUNDS; round++) {
			make_secret(&secrets[i], secret);
			put(secrets[i].text, secret, text);
			redact(secrets[i].kind, text, out);
			misses += !is_hidden(secret + strlen(secrets[i].prefix),
					     out) ||
				  !strstr(out, SM_SECRET_HEAD);
		}
		if (misses)
			print_message("missed %u of %u: %s -> %s\n", misses,
				      ROUNDS, secrets[i].text, out);
		missed += misses;
		rows += misses * 2 > ROUNDS;
	}
	print_message("%zu kinds, %zu credentials: %zu missed\n",
		      COUNT(secrets), COUNT(secrets) * ROUNDS, missed);
	assert_true(COUNT(secrets) >= 300);
	assert_int_equal(rows, 0);
	assert_true(missed * 100 <= COUNT(secrets) * ROUNDS);
}

static void fill(char *out, const char *digits, size_t n)
{
	size_t count = strlen(digits);

	for (size_t i = 0; i < n; i++)
		out[i] = digits[draw() % count];
	out[n] = '\0';
}

static void make_hash(unsigned round, char out[72])
{
	if (round % 3 == 0) {
		fill(out, alphabets[HEX], 40);
	} else if (round % 3 == 1) {
		fill(out, alphabets[HEX], 36);
		out[8] = out[13] = out[18] = out[23] = '-';
	} else {
		fill(out, alphabets[HEX], 64);
	}
}

static void leaves_everything_else_alone(void **state)
{
	size_t masked = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(ordinary); i++)
		for (unsigned round = 0; round < 9; round++) {
			char hash[72], text[TEXT_MAX], out[TEXT_MAX];

			make_hash(round, hash);
			put(ordinary[i].text, hash, text);
			redact(ordinary[i].kind, text, out);
			if (!strcmp(text, out))
				continue;
			print_message("masked: %s -> %s\n", text, out);
			masked++;
		}
	print_message("%zu ordinary texts: %zu masked\n", COUNT(ordinary) * 9,
		      masked);
	assert_true(masked * 100 < COUNT(ordinary) * 9);
}

/* A trace's text raised again, as secmgr-replay --live does. */
static void leaves_alone_what_was_redacted(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(secrets); i++) {
		char secret[512], text[TEXT_MAX], once[TEXT_MAX],
			twice[TEXT_MAX], brief[TEXT_MAX];
		uint32_t n;

		make_secret(&secrets[i], secret);
		put(secrets[i].text, secret, text);
		redact(secrets[i].kind, text, once);
		redact(secrets[i].kind, once, twice);
		assert_string_equal(once, twice);
		n = sm_secret_forget(sm_str_of(once), brief);
		brief[n] = '\0';
		redact(secrets[i].kind, brief, twice);
		assert_string_equal(brief, twice);
	}
}

/* The value ends the authority before it, until it is taken out. */
static void finds_what_shows_when_another_is_gone(void **state)
{
	char out[TEXT_MAX];

	(void)state;
	redact(TEXT, "amqp://a;password=b://c)d:hunter42@e", out);
	assert_null(strstr(out, "hunter42"));
	assert_null(strstr(out, "b://c"));
	assert_non_null(strstr(out, "@e"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_credentials),
		cmocka_unit_test(finds_what_shows_when_another_is_gone),
		cmocka_unit_test(leaves_everything_else_alone),
		cmocka_unit_test(leaves_alone_what_was_redacted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
