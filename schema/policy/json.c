/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/policy/json.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "schema/cbor.h"

void sm_json_init(struct sm_json *json, const char *text, size_t bytes,
		  struct sm_diag *diag)
{
	memset(json, 0, sizeof(*json));
	json->text = text;
	json->bytes = bytes;
	json->diag = diag;
}

void sm_json_fini(struct sm_json *json)
{
	free(json->scratch);
	json->scratch = NULL;
}

static int peek(const struct sm_json *j)
{
	return j->at < j->bytes ? (unsigned char)j->text[j->at] : -1;
}

size_t sm_json_place(struct sm_json *j)
{
	while (peek(j) == ' ' || peek(j) == '\t' || peek(j) == '\n' ||
	       peek(j) == '\r')
		j->at++;
	return j->at;
}

static void count_to(struct sm_json *j, size_t place)
{
	if (place < j->counted)
		j->counted = j->lines = j->columns = 0;
	for (; j->counted < place; j->counted++) {
		unsigned char c = (unsigned char)j->text[j->counted];

		if (c == '\n') {
			j->lines++;
			j->columns = 0;
		} else {
			/* Continuation bytes are no characters of their own. */
			j->columns += (c & 0xc0) != 0x80;
		}
	}
}

unsigned sm_json_line(struct sm_json *j, size_t place)
{
	count_to(j, place);
	return j->lines + 1;
}

unsigned sm_json_column(struct sm_json *j, size_t place)
{
	count_to(j, place);
	return j->columns + 1;
}

enum sm_status sm_json_fail(struct sm_json *j, enum sm_status status,
			    size_t place, const char *format, ...)
{
	char text[sizeof(j->diag->text)];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	return sm_fail_at(j->diag, status, sm_json_line(j, place),
			  sm_json_column(j, place), "%s", text);
}

static const char *describe(struct sm_json *j)
{
	switch (sm_json_peek(j)) {
	case 0:
		return "the end of the file";
	case '"':
		return "a string";
	case '{':
		return "an object";
	case '[':
		return "a list";
	case '0':
		return "a number";
	case 't':
	case 'f':
		return "true or false";
	case 'n':
		return "null";
	}
	return "something else";
}

char sm_json_peek(struct sm_json *j)
{
	int c;

	sm_json_place(j);
	c = peek(j);
	if (c < 0)
		return 0;
	if (c == '-' || (c >= '0' && c <= '9'))
		return '0';
	return (char)c;
}

enum sm_status sm_json_enter(struct sm_json *j, char open, const char *what)
{
	size_t place = sm_json_place(j);

	if (peek(j) != open)
		return sm_json_fail(
			j, SM_SYNTAX, place, "%s must be %s, not %s", what,
			open == '{' ? "an object" : "a list", describe(j));
	j->at++;
	return SM_OK;
}

enum sm_status sm_json_item(struct sm_json *j, char close, bool *is_first)
{
	size_t place = sm_json_place(j);
	bool was_first = *is_first;

	*is_first = false;
	if (peek(j) == close) {
		j->at++;
		return SM_END;
	}
	if (was_first)
		return SM_OK;
	if (peek(j) != ',')
		return sm_json_fail(j, SM_SYNTAX, place,
				    "expected , or %c, found %s", close,
				    describe(j));
	j->at++;
	place = sm_json_place(j);
	if (peek(j) == close)
		return sm_json_fail(j, SM_SYNTAX, place,
				    "a comma before %c is not JSON", close);
	return SM_OK;
}

/* ---------------------------------------------------------------- strings */

static bool put(struct sm_json *j, uint32_t *len, char c)
{
	size_t room;
	char *p;

	if (*len == j->scratch_room) {
		room = j->scratch_room ? 2 * j->scratch_room : 256;
		p = realloc(j->scratch, room);
		if (!p)
			return false;
		j->scratch = p;
		j->scratch_room = room;
	}
	j->scratch[(*len)++] = c;
	return true;
}

static bool put_utf8(struct sm_json *j, uint32_t *len, uint32_t c)
{
	if (c < 0x80)
		return put(j, len, (char)c);
	if (c < 0x800)
		return put(j, len, (char)(0xc0 | c >> 6)) &&
		       put(j, len, (char)(0x80 | (c & 63)));
	if (c < 0x10000)
		return put(j, len, (char)(0xe0 | c >> 12)) &&
		       put(j, len, (char)(0x80 | (c >> 6 & 63))) &&
		       put(j, len, (char)(0x80 | (c & 63)));
	return put(j, len, (char)(0xf0 | c >> 18)) &&
	       put(j, len, (char)(0x80 | (c >> 12 & 63))) &&
	       put(j, len, (char)(0x80 | (c >> 6 & 63))) &&
	       put(j, len, (char)(0x80 | (c & 63)));
}

static bool read_hex4(struct sm_json *j, uint32_t *value)
{
	int i;

	*value = 0;
	for (i = 0; i < 4; i++, j->at++) {
		int c = peek(j);

		if (c >= '0' && c <= '9')
			c -= '0';
		else if ((c | 32) >= 'a' && (c | 32) <= 'f')
			c = (c | 32) - 'a' + 10;
		else
			return false;
		*value = *value << 4 | (uint32_t)c;
	}
	return true;
}

/* Behind \u. */
static enum sm_status read_unicode(struct sm_json *j, size_t place,
				   uint32_t *len)
{
	uint32_t c, low;

	if (!read_hex4(j, &c))
		return sm_json_fail(j, SM_SYNTAX, place,
				    "\\u needs four hexadecimal digits");
	if (!c)
		return sm_json_fail(j, SM_INVALID, place,
				    "\\u0000 cannot stand in a policy");
	if (c >= 0xdc80 && c <= 0xdcff)
		return put(j, len, (char)(c & 0xff)) ? SM_OK : SM_NOMEM;
	if (c >= 0xd800 && c < 0xdc00) {
		if (j->at + 1 < j->bytes && j->text[j->at] == '\\' &&
		    j->text[j->at + 1] == 'u') {
			j->at += 2;
			if (read_hex4(j, &low) && low >= 0xdc00 &&
			    low < 0xe000) {
				c = 0x10000 + ((c & 0x3ff) << 10) +
				    (low & 0x3ff);
				return put_utf8(j, len, c) ? SM_OK : SM_NOMEM;
			}
		}
		c = 0xdc00;
	}
	if (c >= 0xdc00 && c < 0xe000)
		return sm_json_fail(j, SM_SYNTAX, place, "lone surrogate");
	return put_utf8(j, len, c) ? SM_OK : SM_NOMEM;
}

static enum sm_status read_escape(struct sm_json *j, uint32_t *len)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	size_t place = j->at - 1;
	int c = peek(j);
	const char *found = c > 0 ? strchr(from, c) : NULL;

	if (c >= 0)
		j->at++;
	if (c == 'u')
		return read_unicode(j, place, len);
	if (!found)
		return sm_json_fail(j, SM_SYNTAX, place,
				    "unknown escape in a string");
	return put(j, len, to[found - from]) ? SM_OK : SM_NOMEM;
}

enum sm_status sm_json_string(struct sm_json *j, const char *what,
			      struct sm_str *out)
{
	size_t place = sm_json_place(j), start;
	enum sm_status status = SM_OK;
	uint32_t len = 0;
	int c;

	*out = (struct sm_str){ NULL, 0 };
	if (peek(j) != '"')
		return sm_json_fail(j, SM_SYNTAX, place,
				    "%s must be a string, not %s", what,
				    describe(j));
	start = ++j->at;
	while (!status && (c = peek(j)) != '"') {
		if (c < 0)
			return sm_json_fail(j, SM_SYNTAX, place,
					    "the string does not end");
		if (c < 0x20)
			return sm_json_fail(j, SM_SYNTAX, j->at,
					    "a control character in a string "
					    "must be escaped");
		j->at++;
		if (c == '\\')
			status = read_escape(j, &len);
		else if (!put(j, &len, (char)c))
			status = SM_NOMEM;
	}
	if (status)
		return status;
	if (!sm_utf8_is_valid((struct sm_str){ j->text + start,
					       (uint32_t)(j->at - start) }))
		return sm_json_fail(j, SM_SYNTAX, place,
				    "the string is not UTF-8");
	j->at++;
	if (!put(j, &len, 0)) /* a pointer even when empty */
		return SM_NOMEM;
	*out = (struct sm_str){ j->scratch, len - 1 };
	return SM_OK;
}

enum sm_status sm_json_key(struct sm_json *j, struct sm_str *out)
{
	enum sm_status status = sm_json_string(j, "a key", out);
	size_t place;

	if (status)
		return status;
	place = sm_json_place(j);
	if (peek(j) != ':')
		return sm_json_fail(j, SM_SYNTAX, place,
				    "expected : behind the key, found %s",
				    describe(j));
	j->at++;
	return SM_OK;
}

enum sm_status sm_json_uint(struct sm_json *j, const char *what, uint64_t *out)
{
	size_t place = sm_json_place(j);
	uint64_t value = 0;
	int c = peek(j);
	bool is_zero = c == '0';

	*out = 0;
	if (c < '0' || c > '9')
		return sm_json_fail(j, SM_SYNTAX, place,
				    "%s must be a whole number, not %s", what,
				    describe(j));
	for (; (c = peek(j)) >= '0' && c <= '9'; j->at++) {
		if (value > (UINT64_MAX - 9) / 10)
			return sm_json_fail(j, SM_SYNTAX, place,
					    "%s is too large", what);
		value = value * 10 + (uint64_t)(c - '0');
	}
	if ((is_zero && j->at != place + 1) || c == '.' || c == 'e' || c == 'E')
		return sm_json_fail(j, SM_SYNTAX, place,
				    "%s must be a whole number", what);
	*out = value;
	return SM_OK;
}

enum sm_status sm_json_end(struct sm_json *j)
{
	size_t place = sm_json_place(j);

	if (j->at == j->bytes)
		return SM_OK;
	return sm_json_fail(j, SM_SYNTAX, place,
			    "text behind the end of the policy");
}
