/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/trace/argv.h"

#include "schema/cbor.h"

static void put_escape(struct sm_bytes *out, unsigned code)
{
	static const char digits[] = "0123456789abcdef";
	char text[6] = { '\\',
			 'u',
			 digits[code >> 12 & 15],
			 digits[code >> 8 & 15],
			 digits[code >> 4 & 15],
			 digits[code & 15] };

	sm_bytes_put(out, text, sizeof(text));
}

/* Bytes of the valid character at s, 0 for none. */
static uint32_t character_length(struct sm_str s)
{
	for (uint32_t n = 1; n <= 4 && n <= s.len; n++)
		if (sm_utf8_is_valid((struct sm_str){ s.p, n }))
			return n;
	return 0;
}

static void put_string(struct sm_bytes *out, struct sm_str s)
{
	sm_bytes_put_byte(out, '"');
	while (s.len) {
		uint32_t n = character_length(s);
		uint8_t byte = (uint8_t)*s.p;

		if (!n) {
			put_escape(out, 0xdc00u | byte);
			n = 1;
		} else if (byte < 0x20) {
			put_escape(out, byte);
		} else {
			if (byte == '"' || byte == '\\')
				sm_bytes_put_byte(out, '\\');
			sm_bytes_put(out, s.p, n);
		}
		s.p += n;
		s.len -= n;
	}
	sm_bytes_put_byte(out, '"');
}

void sm_argv_put(struct sm_bytes *out, const struct sm_str *argv, uint32_t argc)
{
	sm_bytes_put_byte(out, '[');
	for (uint32_t i = 0; i < argc; i++) {
		if (i)
			sm_bytes_put_byte(out, ',');
		put_string(out, argv[i]);
	}
	sm_bytes_put_byte(out, ']');
}

/* Four hex digits to a byte: below 0x20, or a surrogate's; -1 for others. */
static int get_escape(const char *p, const char *end)
{
	unsigned code = 0;

	if (end - p < 4)
		return -1;
	for (unsigned i = 0; i < 4; i++) {
		const char *digits = "0123456789abcdef";
		const char *at = p[i] ? strchr(digits, p[i]) : NULL;

		if (!at)
			return -1;
		code = code << 4 | (unsigned)(at - digits);
	}
	if (code < 0x20)
		return (int)code;
	return code >> 8 == 0xdc && code & 0x80 ? (int)(code & 0xff) : -1;
}

/* Decodes a string in place; *at stands behind its opening quote. */
static bool get_string(char **at, const char *end, struct sm_str *s)
{
	char *to = *at;

	*s = (struct sm_str){ to, 0 };
	while (*at < end && **at != '"') {
		int byte = (unsigned char)*(*at)++;

		if (byte == '\\') {
			if (*at == end)
				return false;
			byte = (unsigned char)*(*at)++;
			if (byte == 'u') {
				byte = get_escape(*at, end);
				if (byte < 0)
					return false;
				*at += 4;
			} else if (byte != '"' && byte != '\\') {
				return false;
			}
		}
		*to++ = (char)byte;
	}
	s->len = (uint32_t)(to - s->p);
	return (*at)++ < end;
}

int sm_argv_get(char *text, size_t len, struct sm_str *argv, int max)
{
	char *at = text;
	const char *end = text + len;
	int n = 0;

	if (len < 2 || *at++ != '[')
		return -1;
	if (*at == ']')
		return len == 2 ? 0 : -1;
	for (;; at++) {
		if (n == max || at == end || *at++ != '"' ||
		    !get_string(&at, end, &argv[n]))
			return -1;
		n++;
		if (at == end)
			return -1;
		if (*at == ']')
			return at + 1 == end ? n : -1;
		if (*at != ',')
			return -1;
	}
}
