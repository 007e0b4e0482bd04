/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <math.h>

#include "tools/cli.h"
#include "tools/cli_escape.h"

static void put_unit(FILE *out, int32_t unit)
{
	fprintf(out, "\\u%04x", (unsigned)unit);
}

static void put_escape(FILE *out, int32_t point)
{
	if (point == '"' || point == '\\')
		fprintf(out, "\\%c", (char)point);
	else if (point == '\n')
		fputs("\\n", out);
	else if (point == '\t')
		fputs("\\t", out);
	else if (point < 0x10000)
		put_unit(out, point);
	else { /* RFC 8259, 7: a UTF-16 surrogate pair */
		put_unit(out, 0xd7c0 + (point >> 10));
		put_unit(out, 0xdc00 + (point & 0x3ff));
	}
}

void sm_cli_put_json(FILE *out, struct sm_str text)
{
	uint32_t run = 0; /* start of the plain bytes not written yet */
	uint32_t n;

	putc('"', out);
	for (uint32_t at = 0; at < text.len; at += n) {
		int32_t point = sm_utf8_next(text, at, &n);

		if (point >= 0 && point != '"' && point != '\\' &&
		    !sm_is_unsafe(point))
			continue;
		if (at > run)
			fwrite(text.p + run, 1, at - run, out);
		run = at + n;
		if (point < 0) /* as Python's surrogateescape, PEP 383 */
			put_unit(out, 0xdc00 + (uint8_t)text.p[at]);
		else
			put_escape(out, point);
	}
	if (text.len > run)
		fwrite(text.p + run, 1, text.len - run, out);
	putc('"', out);
}

static void new_line(struct sm_json *j)
{
	if (!j->is_pretty)
		return;
	putc('\n', j->out);
	for (unsigned i = 0; i < j->depth; i++)
		fputs("  ", j->out);
}

static void begin_item(struct sm_json *j, const char *key)
{
	if (j->depth) {
		bool *has = &j->has_items[j->depth - 1];

		if (*has)
			fputs(j->is_pretty ? "," : ", ", j->out);
		*has = true;
		new_line(j);
	}
	if (key) {
		sm_cli_put_json(j->out, sm_str_of(key));
		fputs(": ", j->out);
	}
}

void sm_json_open(struct sm_json *j, const char *key, char bracket)
{
	begin_item(j, key);
	putc(bracket, j->out);
	if (j->depth < SM_JSON_DEPTH_MAX)
		j->has_items[j->depth++] = false;
}

void sm_json_close(struct sm_json *j, char bracket)
{
	bool had = j->depth && j->has_items[j->depth - 1];

	if (j->depth)
		j->depth--;
	if (had)
		new_line(j);
	putc(bracket, j->out);
	if (!j->depth)
		putc('\n', j->out);
}

void sm_json_put_str(struct sm_json *j, const char *key, struct sm_str value)
{
	begin_item(j, key);
	sm_cli_put_json(j->out, value);
}

void sm_json_put_raw(struct sm_json *j, const char *key, const char *json)
{
	begin_item(j, key);
	fputs(json, j->out);
}

void sm_json_put_text(struct sm_json *j, const char *key, const char *value)
{
	if (value)
		sm_json_put_str(j, key, sm_str_of(value));
	else
		sm_json_put_null(j, key);
}

void sm_json_put_uint(struct sm_json *j, const char *key, uint64_t value)
{
	begin_item(j, key);
	fprintf(j->out, "%" PRIu64, value);
}

void sm_json_put_int(struct sm_json *j, const char *key, int64_t value)
{
	begin_item(j, key);
	fprintf(j->out, "%" PRId64, value);
}

void sm_json_put_float(struct sm_json *j, const char *key, double value)
{
	if (isfinite(value)) {
		begin_item(j, key);
		fprintf(j->out, "%.17g", value);
		return;
	}
	sm_json_open(j, key, '{');
	sm_json_put_text(j, "float",
			 isnan(value) ? "nan"
			 : value < 0  ? "-inf"
				      : "inf");
	sm_json_close(j, '}');
}

void sm_json_put_bool(struct sm_json *j, const char *key, bool value)
{
	begin_item(j, key);
	fputs(value ? "true" : "false", j->out);
}

void sm_json_put_null(struct sm_json *j, const char *key)
{
	begin_item(j, key);
	fputs("null", j->out);
}

/* ----------------------------------------------------------------- values */

static void put_wrapped(struct sm_json *j, const char *key, const char *name,
			struct sm_str text)
{
	sm_json_open(j, key, '{');
	sm_json_put_str(j, name, text);
	sm_json_close(j, '}');
}

static void put_digest(struct sm_json *j, const char *key,
		       const struct sm_value *value)
{
	char hash[17];

	snprintf(hash, sizeof(hash), "%016" PRIx64, (uint64_t)value->i);
	sm_json_open(j, key, '{');
	sm_json_put_uint(j, "length", value->full_len);
	sm_json_put_text(j, "hash", hash);
	sm_json_close(j, '}');
}

static void put_list(struct sm_json *j, const char *key,
		     const struct sm_value *value)
{
	sm_json_open(j, key, '[');
	for (uint32_t i = 0; i < value->len; i++)
		sm_json_put_value(j, NULL, &value->items[i]);
	sm_json_close(j, ']');
}

static void put_whole(struct sm_json *j, const char *key,
		      const struct sm_value *value)
{
	switch ((enum sm_type)value->type) {
	case SM_NONE:
		sm_json_put_null(j, key);
		return;
	case SM_FALSE:
	case SM_TRUE:
		sm_json_put_bool(j, key, value->type == SM_TRUE);
		return;
	case SM_INT:
		sm_json_put_int(j, key, value->i);
		return;
	case SM_FLOAT:
		sm_json_put_float(j, key, value->f);
		return;
	case SM_TEXT:
		sm_json_put_str(j, key, sm_value_str(value));
		return;
	case SM_BYTES:
		put_wrapped(j, key, "bytes", sm_value_str(value));
		return;
	case SM_LIST:
		put_list(j, key, value);
		return;
	case SM_OPAQUE:
		put_wrapped(j, key, "type", sm_value_str(value));
		return;
	case SM_DIGEST:
		put_digest(j, key, value);
		return;
	}
	put_wrapped(j, key, "type", SM_STR("?"));
}

static bool has_length(const struct sm_value *value)
{
	return sm_value_is_string(value) || value->type == SM_LIST ||
	       value->type == SM_OPAQUE;
}

void sm_json_put_value(struct sm_json *j, const char *key,
		       const struct sm_value *value)
{
	if (!has_length(value) || !sm_value_is_cut(value)) {
		put_whole(j, key, value);
		return;
	}
	sm_json_open(j, key, '{');
	put_whole(j, "cut", value);
	sm_json_put_uint(j, "length", value->full_len);
	sm_json_close(j, '}');
}
