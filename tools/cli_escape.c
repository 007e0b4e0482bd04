/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/cli_escape.h"

#include <inttypes.h>

#include "tools/cli.h"

/* The escape of what was decoded at p, or an empty text when it is safe. */
static int escape(char out[12], int32_t point, uint8_t byte)
{
	if (point < 0)
		return snprintf(out, 12, "\\x%02x", byte);
	if (!sm_is_unsafe(point))
		return 0;
	if (point < 0x80)
		return snprintf(out, 12, "\\x%02x", (unsigned)point);
	if (point < 0x10000)
		return snprintf(out, 12, "\\u%04x", (unsigned)point);
	return snprintf(out, 12, "\\U%08x", (unsigned)point);
}

size_t sm_escape_line(char *line, size_t room, size_t used, const char *text)
{
	struct sm_str s = sm_str_of(text);
	uint32_t n;

	for (uint32_t at = 0; at < s.len; at += n) {
		int32_t point = sm_utf8_next(s, at, &n);
		char escaped[12];
		size_t length =
			(size_t)escape(escaped, point, (uint8_t)s.p[at]);
		const char *from = length ? escaped : s.p + at;

		if (!length)
			length = n;
		if (used + length > room)
			break;
		memcpy(line + used, from, length);
		used += length;
	}
	return used;
}

static void put_escaped(FILE *out, struct sm_str text, char quote)
{
	uint32_t run = 0; /* start of the safe bytes not written yet */
	uint32_t n;

	if (quote)
		putc(quote, out);
	for (uint32_t at = 0; at < text.len; at += n) {
		int32_t point = sm_utf8_next(text, at, &n);
		char escaped[12];
		int length = escape(escaped, point, (uint8_t)text.p[at]);

		if (point == '\\' || (quote && point == quote))
			length = snprintf(escaped, sizeof(escaped), "\\%c",
					  (char)point);
		if (!length)
			continue;
		fwrite(text.p + run, 1, at - run, out);
		fwrite(escaped, 1, (size_t)length, out);
		run = at + n;
	}
	if (text.len > run)
		fwrite(text.p + run, 1, text.len - run, out);
	if (quote)
		putc(quote, out);
}

void sm_cli_put(FILE *out, struct sm_str text, bool quoted)
{
	put_escaped(out, text, quoted ? '"' : 0);
}

static void put_list(FILE *out, const struct sm_value *value)
{
	putc('[', out);
	for (uint32_t i = 0; i < value->len; i++) {
		if (i)
			fputs(", ", out);
		sm_cli_put_value(out, &value->items[i]);
	}
	if (sm_value_is_cut(value))
		fprintf(out, "%s... %" PRIu64 " in all", value->len ? ", " : "",
			value->full_len);
	putc(']', out);
}

static void put_string(FILE *out, const struct sm_value *value)
{
	if (value->type == SM_BYTES)
		putc('b', out);
	put_escaped(out, sm_value_str(value), '\'');
	if (sm_value_is_cut(value))
		fprintf(out, "...<%" PRIu64 " bytes>", value->full_len);
}

void sm_cli_put_value(FILE *out, const struct sm_value *value)
{
	switch ((enum sm_type)value->type) {
	case SM_NONE:
		fputs("None", out);
		return;
	case SM_FALSE:
		fputs("False", out);
		return;
	case SM_TRUE:
		fputs("True", out);
		return;
	case SM_INT:
		fprintf(out, "%" PRId64, value->i);
		return;
	case SM_FLOAT:
		fprintf(out, "%.17g", value->f);
		return;
	case SM_TEXT:
	case SM_BYTES:
		put_string(out, value);
		return;
	case SM_LIST:
		put_list(out, value);
		return;
	case SM_OPAQUE:
		putc('<', out);
		put_escaped(out, sm_value_str(value), 0);
		putc('>', out);
		return;
	case SM_DIGEST:
		fprintf(out, "<%" PRIu64 " bytes, %016" PRIx64 ">",
			value->full_len, (uint64_t)value->i);
		return;
	}
	fputs("<?>", out);
}
