/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/ascii.h"
#include "schema/policy.h"

static bool is_tmp(char c)
{
	return sm_is_digit(c) || sm_is_lower(c) || c == '_';
}

/* Length of the leading run of bytes that satisfy is. */
static uint32_t run(struct sm_str s, bool (*is)(char))
{
	uint32_t n = 0;

	while (n < s.len && is(s.p[n]))
		n++;
	return n;
}

static size_t match_uuid(struct sm_str s)
{
	uint32_t i;

	if (s.len < 36)
		return 0;
	for (i = 0; i < 36; i++) {
		bool is_dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (is_dash ? s.p[i] != '-'
			    : !sm_is_hex(s.p[i]) &&
				      !(s.p[i] >= 'A' && s.p[i] <= 'F'))
			return 0;
	}
	return 36;
}

static bool is_month_and_day(const char *month, const char *day)
{
	int m = (month[0] - '0') * 10 + month[1] - '0';
	int d = (day[0] - '0') * 10 + day[1] - '0';

	return m >= 1 && m <= 12 && d >= 1 && d <= 31;
}

static size_t match_date(struct sm_str s)
{
	uint32_t digits = run(s, sm_is_digit);
	struct sm_str rest;

	if (digits >= 8)
		return is_month_and_day(s.p + 4, s.p + 6) ? 8 : 0;
	if (digits != 4 || s.len < 10 || s.p[4] != '-' || s.p[7] != '-')
		return 0;
	rest = (struct sm_str){ s.p + 5, 2 };
	if (run(rest, sm_is_digit) != 2)
		return 0;
	rest.p = s.p + 8;
	if (run(rest, sm_is_digit) != 2)
		return 0;
	return is_month_and_day(s.p + 5, s.p + 8) ? 10 : 0;
}

/* The longest run of digits that is 1024..65535, without leading zero. */
static size_t match_port(struct sm_str s)
{
	uint32_t n = run(s, sm_is_digit), i, value = 0;
	size_t best = 0;

	if (!n || s.p[0] == '0')
		return 0;
	for (i = 0; i < n && i < 5; i++) {
		value = value * 10 + (uint32_t)(s.p[i] - '0');
		if (value >= 1024 && value <= 65535)
			best = i + 1;
	}
	return best;
}

size_t sm_token_match(enum sm_token token, struct sm_str text)
{
	uint32_t n;

	if (!text.len)
		return 0;
	switch (token) {
	case SM_TOKEN_INT:
		return run(text, sm_is_digit);
	case SM_TOKEN_HEX:
		n = run(text, sm_is_hex);
		return n >= 8 ? n : 0;
	case SM_TOKEN_UUID:
		return match_uuid(text);
	case SM_TOKEN_DATE:
		return match_date(text);
	case SM_TOKEN_TMP:
		return run(text, is_tmp) >= 8 ? 8 : 0;
	case SM_TOKEN_NAME:
		if (text.p[0] == '.')
			return 0;
		for (n = 0; n < text.len && text.p[n] != '/';)
			n++;
		return n;
	case SM_TOKEN_WORD:
		return text.p[0] == '-' ? 0 : text.len;
	case SM_TOKEN_TEXT:
		return text.len;
	case SM_TOKEN_HOST:
		return text.p[0] == '-' ? 0 : run(text, sm_is_of_host);
	case SM_TOKEN_PORT:
		return match_port(text);
	case SM_TOKEN_CLASS:
		return run(text, sm_is_of_class);
	case SM_TOKEN_OPTION:
	case SM_TOKEN_PATH:
	case SM_TOKEN_TREE: /* of components, not bytes */
	case SM_TOKENS:
		break;
	}
	return 0;
}

/* From narrow to wide; the order in which a value is named. */
static const enum sm_token narrow_first[] = {
	SM_TOKEN_UUID, SM_TOKEN_DATE, SM_TOKEN_INT,
	SM_TOKEN_HEX,  SM_TOKEN_TMP,  SM_TOKEN_NAME,
};

/*
 * A run of letters only is a word more often than hex or a temporary name:
 * those two need a digit to be named.
 */
static bool has_digit(struct sm_str s)
{
	uint32_t i;

	for (i = 0; i < s.len; i++)
		if (sm_is_digit(s.p[i]))
			return true;
	return false;
}

enum sm_token sm_token_of(struct sm_str text)
{
	size_t i;

	for (i = 0; i < sizeof(narrow_first) / sizeof(*narrow_first); i++) {
		enum sm_token token = narrow_first[i];

		if ((token == SM_TOKEN_HEX || token == SM_TOKEN_TMP) &&
		    !has_digit(text))
			continue;
		if (text.len && sm_token_match(token, text) == text.len)
			return token;
	}
	return SM_TOKENS;
}

const char *sm_token_name(enum sm_token token)
{
	static const char *const names[] = {
		[SM_TOKEN_INT] = "int",	  [SM_TOKEN_HEX] = "hex",
		[SM_TOKEN_UUID] = "uuid", [SM_TOKEN_DATE] = "date",
		[SM_TOKEN_TMP] = "tmp",	  [SM_TOKEN_NAME] = "name",
		[SM_TOKEN_WORD] = "word", [SM_TOKEN_OPTION] = "option",
		[SM_TOKEN_PATH] = "path", [SM_TOKEN_HOST] = "host",
		[SM_TOKEN_PORT] = "port", [SM_TOKEN_TEXT] = "text",
		[SM_TOKEN_TREE] = "tree", [SM_TOKEN_CLASS] = "class",
	};

	return token < SM_TOKENS ? names[token] : "";
}
