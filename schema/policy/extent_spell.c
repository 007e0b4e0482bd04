/* SPDX-License-Identifier: Apache-2.0 */
/*
 * extent_spell.c: what a pattern's text found stands for, as people write it.
 */
#include "schema/policy/extent.h"

#include <arpa/inet.h>
#include <stdio.h>

#include "schema/shell.h"

struct out {
	char *p;
	size_t room, len;
};

static void put(struct out *o, const char *p, size_t n)
{
	for (; n && o->len + 1 < o->room; n--)
		o->p[o->len++] = *p++;
	o->p[o->len] = 0;
}

static void put_text(struct out *o, const char *text)
{
	put(o, text, strlen(text));
}

static bool format_key(const char *bytes, char out[INET6_ADDRSTRLEN])
{
	static const char mapped[12] = { 0, 0, 0, 0, 0,		 0,
					 0, 0, 0, 0, (char)0xff, (char)0xff };

	if (!memcmp(bytes, mapped, sizeof(mapped)))
		return inet_ntop(AF_INET, bytes + 12, out, INET6_ADDRSTRLEN);
	return inet_ntop(AF_INET6, bytes, out, INET6_ADDRSTRLEN);
}

/* The rest of a host: NUL, protocol, and two bytes of port or none. */
static void put_address(struct out *o, const struct sm_found_text *t)
{
	char text[INET6_ADDRSTRLEN] = "", port[16] = ":*";
	const char *host = t->bytes + 1, *end = t->bytes + t->len;
	size_t n = t->bytes[0] == 'i' ? 16 : strlen(host);
	unsigned proto;

	if (t->bytes[0] == 'i' && n <= t->len - 1 && format_key(host, text)) {
		host = text;
	}
	if (t->bytes + 1 + n + 1 >= end) { /* only to be resolved */
		put(o, host, host == text ? strlen(text) : n);
		return;
	}
	proto = (unsigned char)t->bytes[1 + n + 1] - 'a';
	if (proto && sm_extent_protocol(proto)) {
		put_text(o, sm_extent_protocol(proto));
		put_text(o, ":");
	}
	if (t->bytes + 1 + n + 4 == end)
		snprintf(port, sizeof(port), ":%u",
			 (unsigned)((uint8_t)end[-2] << 8 | (uint8_t)end[-1]));
	if (host == text && strchr(text, ':'))
		put_text(o, "[");
	put(o, host, host == text ? strlen(text) : n);
	if (host == text && strchr(text, ':'))
		put_text(o, "]");
	put_text(o, port);
}

static void put_words(struct out *o, const char *p, const char *end)
{
	for (; p < end; p += strlen(p) + 1) {
		put_text(o, " ");
		put_text(o, *p == SM_RESPELLED[0] ? p + 1 : *p ? p : "''");
	}
}

static void put_shell(struct out *o, const char *p, const char *end)
{
	char word[2 * SM_FOUND_MAX];
	const char *tail = "";

	for (bool is_first = true; p < end; p += strlen(p) + 1) {
		const char *text = p + 1 + (p[1] == SM_RESPELLED[0]);
		uint32_t n = (uint32_t)strlen(text);

		if (*p == 't') { /* of the word that follows */
			tail = p + 1;
			continue;
		}
		if (!is_first)
			put_text(o, " ");
		is_first = false;
		if (*p == 'w') {
			n = sm_shell_quote((struct sm_str){ text, n }, word,
					   sizeof(word));
			text = n <= sizeof(word) ? word : text;
		}
		put(o, text, n);
		put_text(o, tail);
		tail = "";
	}
}

void sm_extent_spell(const struct sm_found_text *t, char *out, size_t room)
{
	struct out o = { out, room, 0 };
	const char *end = t->bytes + t->len;
	size_t n;

	out[0] = 0;
	switch (t->bytes[0]) {
	case 'h':
	case 'i':
		put_address(&o, t);
		return;
	case 'w':
	case 'l':
	case 'o':
	case 'r':
		put_shell(&o, t->bytes, end);
		return;
	}
	n = strlen(t->bytes);
	if (t->bytes[0] == 'n' || t->bytes[0] == 's') {
		put_text(&o, t->bytes[0] == 'n' ? "${" SM_VARIABLE_NAMED "}"
						: "${" SM_VARIABLE_START "}");
		put_text(&o, n > 2 ? t->bytes + 1 : "");
		return;
	}
	put_text(&o, t->bytes + (n && t->bytes[0] != '/'));
	if (t->bytes + n < end)
		put_words(&o, t->bytes + n + 1, end);
}

bool sm_extent_respell(const struct sm_found_text *t,
		       struct sm_found_text *other)
{
	char text[INET6_ADDRSTRLEN], key[SM_ADDRESS_KEY];
	size_t n = strlen(t->bytes + 1), rest, to;

	if (t->bytes[0] == 'h' && t->len &&
	    sm_match_address((struct sm_str){ t->bytes + 1, (uint32_t)n },
			     key)) {
		other->bytes[0] = 'i';
		memcpy(other->bytes + 1, key + 1, 16);
		to = 17;
	} else if (t->bytes[0] == 'i' && t->len >= 17 &&
		   format_key(t->bytes + 1, text)) {
		n = 16;
		other->bytes[0] = 'h';
		to = 1 + strlen(text);
		memcpy(other->bytes + 1, text, to - 1);
	} else {
		return false;
	}
	rest = t->len - 1 - n;
	if (to + rest >= sizeof(other->bytes))
		return false;
	memcpy(other->bytes + to, t->bytes + 1 + n, rest);
	other->len = (uint32_t)(to + rest);
	other->bytes[other->len] = 0;
	return true;
}
