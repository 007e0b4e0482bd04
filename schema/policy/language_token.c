/* SPDX-License-Identifier: Apache-2.0 */
/*
 * language_token.c: what <int>, <date>, <option:...> and their like match.
 */
#include "schema/policy/language_internal.h"

static void read_times(struct sm_reading *b, struct sm_bytes bytes,
		       unsigned times)
{
	while (times--)
		sm_read_one(b, bytes);
}

static struct sm_bytes digits(void)
{
	return sm_bytes_range('0', '9');
}

static struct sm_bytes hex(bool has_upper)
{
	struct sm_bytes b = digits();

	sm_bytes_add(&b, 'a', 'f');
	if (has_upper)
		sm_bytes_add(&b, 'A', 'F');
	return b;
}

/* Two digits: first from low to high, second from a to z. */
struct two {
	char low, high, a, z;
};

static void read_twos(struct sm_reading *b, const struct two *twos,
		      size_t count)
{
	uint32_t start = b->at, end = sm_language_state(b->l);

	for (size_t i = 0; i < count && !b->l->has_failed; i++) {
		b->at = start;
		sm_read_one(b, sm_bytes_range((uint8_t)twos[i].low,
					      (uint8_t)twos[i].high));
		sm_read_one(b, sm_bytes_range((uint8_t)twos[i].a,
					      (uint8_t)twos[i].z));
		sm_language_free_move(b->l, b->at, end);
	}
	b->at = end;
}

static void read_date(struct sm_reading *b)
{
	static const struct two months[] = { { '0', '0', '1', '9' },
					     { '1', '1', '0', '2' } };
	static const struct two days[] = { { '0', '0', '1', '9' },
					   { '1', '2', '0', '9' },
					   { '3', '3', '0', '1' } };
	uint32_t start = b->at, end = sm_language_state(b->l);

	for (int has_dashes = 0; has_dashes < 2; has_dashes++) {
		b->at = start;
		read_times(b, digits(), 4);
		if (has_dashes)
			sm_read_text(b, SM_STR("-"));
		read_twos(b, months, 2);
		if (has_dashes)
			sm_read_text(b, SM_STR("-"));
		read_twos(b, days, 3);
		if (b->l->has_failed)
			return;
		sm_language_free_move(b->l, b->at, end);
	}
	b->at = end;
}

/* 1024 to 65535 without leading zero; each text is a row of byte ranges. */
static void read_port(struct sm_reading *b)
{
	static const char *const rows[] = {
		"11002249",   "11003909",   "11190909",
		"29090909",   "1509090909", "6604090909",
		"6655040909", "6655550209", "6655553305",
	};
	uint32_t start = b->at, end = sm_language_state(b->l);

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		b->at = start;
		for (const char *p = rows[i]; *p; p += 2)
			sm_read_one(b, sm_bytes_range((uint8_t)p[0],
						      (uint8_t)p[1]));
		if (b->l->has_failed)
			return;
		sm_language_free_move(b->l, b->at, end);
	}
	b->at = end;
}

static void read_uuid(struct sm_reading *b)
{
	static const unsigned groups[] = { 8, 4, 4, 4, 12 };

	for (unsigned i = 0; i < 5; i++) {
		if (i)
			sm_read_text(b, SM_STR("-"));
		read_times(b, hex(true), groups[i]);
	}
}

void sm_read_option(struct sm_reading *b, struct sm_str text)
{
	uint32_t start = b->at, end = sm_language_state(b->l), i;

	for (i = 0; i <= text.len && !b->l->has_failed; i++) {
		if (i == text.len || text.p[i] == '|') {
			sm_language_free_move(b->l, b->at, end);
			b->at = start;
			continue;
		}
		if (text.p[i] == '\\' && i + 1 < text.len)
			i++;
		sm_read_text(b, (struct sm_str){ text.p + i, 1 });
	}
	b->at = end;
}

bool sm_read_token(struct sm_reading *b, enum sm_token token)
{
	struct sm_bytes set = digits();

	switch (token) {
	case SM_TOKEN_INT:
		sm_read_one(b, set);
		sm_read_many(b, set);
		return true;
	case SM_TOKEN_HEX:
		read_times(b, hex(false), 8);
		sm_read_many(b, hex(false));
		return true;
	case SM_TOKEN_UUID:
		read_uuid(b);
		return true;
	case SM_TOKEN_DATE:
		read_date(b);
		return true;
	case SM_TOKEN_TMP:
		sm_bytes_add(&set, 'a', 'z');
		sm_bytes_add(&set, '_', '_');
		read_times(b, set, 8);
		return true;
	case SM_TOKEN_NAME:
		set = b->any;
		sm_bytes_drop(&set, '/');
		sm_read_but(b, set, '.');
		return true;
	case SM_TOKEN_WORD:
		sm_read_but(b, b->any, '-');
		return true;
	case SM_TOKEN_HOST:
		sm_bytes_add(&set, 'a', 'z');
		sm_bytes_add(&set, 'A', 'Z');
		sm_bytes_add(&set, '-', '.');
		sm_bytes_add(&set, '_', '_');
		sm_bytes_add(&set, ':', ':');
		sm_read_but(b, set, '-');
		return true;
	case SM_TOKEN_CLASS:
		sm_bytes_add(&set, 'a', 'z');
		sm_bytes_add(&set, 'A', 'Z');
		sm_bytes_add(&set, '.', '.');
		sm_bytes_add(&set, '_', '_');
		sm_bytes_add(&set, 0x80, 0xff);
		sm_read_one(b, set);
		sm_read_many(b, set);
		return true;
	case SM_TOKEN_TEXT:
		sm_read_one(b, b->any);
		sm_read_many(b, b->any);
		return true;
	case SM_TOKEN_PORT:
		read_port(b);
		return true;
	default:
		return false;
	}
}
