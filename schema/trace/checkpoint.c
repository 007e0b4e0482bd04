/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/trace/checkpoint.h"

#include <inttypes.h>
#include <stdio.h>

#define TITLE "secmgr checkpoint 1\n"

const char *sm_part_name(enum sm_part part)
{
	static const char *const names[SM_PARTS] = {
		[SM_PART_CHUNK] = "chunk",
		[SM_PART_BLOCK] = "block",
		[SM_PART_FULL_CHUNK] = "full-chunk",
		[SM_PART_FULL_BLOCK] = "full-block",
		[SM_PART_META] = "meta",
		[SM_PART_PROCESS] = "process",
		[SM_PART_POLICY] = "policy",
		[SM_PART_ADOPTION] = "adoption",
		[SM_PART_NAME] = "name",
		[SM_PART_SITE] = "site_row",
		[SM_PART_RESOURCE] = "resource",
		[SM_PART_DENIAL] = "denial",
		[SM_PART_LOSS] = "loss",
	};

	return names[part];
}

void sm_hex_put(const uint8_t *bytes, size_t n, char *hex)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < n; i++) {
		*hex++ = digits[bytes[i] >> 4];
		*hex++ = digits[bytes[i] & 15];
	}
	*hex = '\0';
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool sm_hex_get(const char *hex, uint8_t *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		int high = digit(hex[2 * i]);
		int low = high < 0 ? -1 : digit(hex[2 * i + 1]);

		if (low < 0)
			return false;
		bytes[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

/* ---------------------------------------------------------------- printing */

static void put_text(struct sm_bytes *out, const char *text)
{
	sm_bytes_put(out, text, strlen(text));
}

static void put_number(struct sm_bytes *out, const char *name, uint64_t value)
{
	char line[64];

	snprintf(line, sizeof(line), "%s %" PRIu64, name, value);
	put_text(out, line);
}

static void put_hash(struct sm_bytes *out, const uint8_t hash[SM_HASH_BYTES])
{
	char hex[2 * SM_HASH_BYTES + 1];

	sm_hex_put(hash, SM_HASH_BYTES, hex);
	put_text(out, " ");
	put_text(out, hex);
	put_text(out, "\n");
}

void sm_checkpoint_print(const struct sm_checkpoint *c, struct sm_bytes *out)
{
	out->len = 0;
	put_text(out, TITLE "trace ");
	put_text(out, c->trace);
	put_number(out, "\nnumber", c->number);
	put_text(out, "\nprevious");
	put_hash(out, c->previous);
	put_number(out, "time", c->time_ns);
	put_text(out, "\n");
	for (int i = 0; i < SM_PARTS; i++) {
		put_number(out, sm_part_name((enum sm_part)i),
			   c->marks[i].count);
		put_hash(out, c->marks[i].hash);
	}
	if (c->is_signed) {
		put_text(out, "key");
		put_hash(out, c->key);
	}
}

/* ----------------------------------------------------------------- parsing */

struct cursor {
	const char *at, *end;
};

static bool take(struct cursor *c, const char *literal)
{
	size_t n = strlen(literal);

	if ((size_t)(c->end - c->at) < n || memcmp(c->at, literal, n) != 0)
		return false;
	c->at += n;
	return true;
}

static bool take_number(struct cursor *c, uint64_t *value)
{
	const char *from = c->at;

	*value = 0;
	for (; c->at < c->end && *c->at >= '0' && *c->at <= '9'; c->at++)
		if (__builtin_mul_overflow(*value, 10, value) ||
		    __builtin_add_overflow(*value, (uint64_t)(*c->at - '0'),
					   value))
			return false;
	return c->at > from;
}

static bool take_hash(struct cursor *c, uint8_t hash[SM_HASH_BYTES])
{
	ptrdiff_t n = (ptrdiff_t)2 * SM_HASH_BYTES;

	if (!take(c, " ") || c->end - c->at < n ||
	    !sm_hex_get(c->at, hash, SM_HASH_BYTES))
		return false;
	c->at += n;
	return take(c, "\n");
}

static bool take_id(struct cursor *c, char id[SM_TRACE_ID_CHARS + 1])
{
	uint8_t bytes[SM_TRACE_ID_CHARS / 2];

	if (c->end - c->at < SM_TRACE_ID_CHARS ||
	    !sm_hex_get(c->at, bytes, sizeof(bytes)))
		return false;
	sm_hex_put(bytes, sizeof(bytes), id);
	c->at += SM_TRACE_ID_CHARS;
	return true;
}

static bool take_all(struct cursor *c, struct sm_checkpoint *out)
{
	if (!take(c, TITLE "trace ") || !take_id(c, out->trace) ||
	    !take(c, "\nnumber ") || !take_number(c, &out->number) ||
	    !take(c, "\nprevious") || !take_hash(c, out->previous) ||
	    !take(c, "time ") || !take_number(c, &out->time_ns) ||
	    !take(c, "\n"))
		return false;
	for (int i = 0; i < SM_PARTS; i++)
		if (!take(c, sm_part_name((enum sm_part)i)) || !take(c, " ") ||
		    !take_number(c, &out->marks[i].count) ||
		    !take_hash(c, out->marks[i].hash))
			return false;
	out->is_signed = take(c, "key");
	return !out->is_signed || take_hash(c, out->key);
}

enum sm_status sm_checkpoint_parse(struct sm_str text,
				   struct sm_checkpoint *checkpoint)
{
	struct cursor c = { text.p, text.p + text.len };
	struct sm_bytes again = { 0 };
	enum sm_status status = SM_INVALID;

	*checkpoint = (struct sm_checkpoint){ 0 };
	if (!take_all(&c, checkpoint) || c.at != c.end)
		return SM_INVALID;
	/* Numbers with leading zeros would be another spelling. */
	sm_checkpoint_print(checkpoint, &again);
	if (again.has_failed)
		status = SM_NOMEM;
	else if (again.len == text.len && !memcmp(again.p, text.p, text.len))
		status = SM_OK;
	sm_bytes_fini(&again);
	return status;
}

enum sm_status sm_checkpoint_hash(struct sm_chain *chain, struct sm_str text,
				  struct sm_str signature,
				  uint8_t hash[SM_HASH_BYTES])
{
	sm_chain_open(chain);
	sm_chain_raw(chain, text.p, text.len);
	sm_chain_raw(chain, signature.p, signature.len);
	return sm_chain_end(chain, hash);
}

enum sm_status sm_checkpoint_check(struct sm_chain *chain,
				   const struct sm_checkpoint *c,
				   struct sm_str text, struct sm_str signature)
{
	static const struct sm_str none;
	uint8_t hash[SM_HASH_BYTES];
	enum sm_status status;

	if (c->is_signed)
		return sm_sign_check(c->key, text.p, text.len, signature);
	status = sm_checkpoint_hash(chain, text, none, hash);
	if (!status && (signature.len != SM_HASH_BYTES ||
			memcmp(signature.p, hash, SM_HASH_BYTES) != 0))
		status = SM_DAMAGED;
	return status;
}
