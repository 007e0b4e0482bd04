/* SPDX-License-Identifier: Apache-2.0 */
/*
 * redact.c: credentials must not reach the ring; nothing behind it may scrub.
 *
 * Masked are `password=X`, `--api-key X`, `scheme://user:X@host` and the like.
 * Policies are learned from and decided on the masked text alike, so masking
 * never makes the two differ.
 */
#include "recorder/redact.h"

static const char *const words[] = {
	"password",	 "passwd",     "passphrase",  "secret",
	"token",	 "api-key",    "api_key",     "apikey",
	"access-key",	 "access_key", "private-key", "private_key",
	"authorization",
};

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

static bool has_word(struct sm_str s, struct sm_str word)
{
	for (uint32_t at = 0; at + word.len <= s.len; at++) {
		uint32_t i = 0;

		while (i < word.len && lower(s.p[at + i]) == word.p[i])
			i++;
		if (i == word.len)
			return true;
	}
	return false;
}

static bool is_secret_name(struct sm_str name)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (has_word(name, sm_str_of(words[i])))
			return true;
	return false;
}

static bool is_name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || c == '-' || c == '_';
}

static bool is_end(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '&' || c == ';' ||
	       c == '"' || c == '\'';
}

bool sm_redact_next(struct sm_str option)
{
	if (option.len < 3 || option.p[0] != '-' ||
	    memchr(option.p, '=', option.len))
		return false;
	return is_secret_name(option);
}

/* The name in front of text.p[at], an `=`. */
static struct sm_str name_before(struct sm_str text, uint32_t at)
{
	uint32_t start = at;

	while (start && is_name_char(text.p[start - 1]))
		start--;
	return (struct sm_str){ text.p + start, at - start };
}

/*
 * A credential begins at text.p[at]; its end, or at when there is none. What
 * decides is in front of it: `NAME=`, `Authorization: ` or `://USER:`.
 */
static uint32_t end_of_value(struct sm_str text, uint32_t at)
{
	uint32_t end = at;
	char quote = 0;

	if (at < text.len && (text.p[at] == '"' || text.p[at] == '\''))
		quote = text.p[end++];
	while (end < text.len &&
	       (quote ? text.p[end] != quote : !is_end(text.p[end])))
		end++;
	return end + (quote && end < text.len);
}

/* `://USER:SECRET@` with the colon of the scheme at text.p[at]. */
static bool is_url(struct sm_str text, uint32_t at, uint32_t *from,
		   uint32_t *to)
{
	uint32_t i = at + 3, colon = 0;

	if (at + 3 > text.len || memcmp(text.p + at, "://", 3))
		return false;
	for (; i < text.len && !is_end(text.p[i]) && text.p[i] != '/'; i++) {
		if (text.p[i] == ':' && !colon)
			colon = i;
		if (text.p[i] == '@' && colon) {
			*from = colon + 1;
			*to = i;
			return true;
		}
	}
	return false;
}

static bool is_header(struct sm_str text, uint32_t at, uint32_t *from,
		      uint32_t *to)
{
	if (at + 1 >= text.len || text.p[at + 1] != ' ' ||
	    !is_secret_name(name_before(text, at)))
		return false;
	*from = at + 2;
	*to = *from;
	while (*to < text.len && text.p[*to] != '"' && text.p[*to] != '\'' &&
	       text.p[*to] != '\n')
		++*to;
	return true;
}

/* The next credential at or behind at: [*from, *to). */
static bool next_secret(struct sm_str text, uint32_t at, uint32_t *from,
			uint32_t *to)
{
	for (; at < text.len; at++) {
		if (text.p[at] == ':' && (is_url(text, at, from, to) ||
					  is_header(text, at, from, to)))
			return true;
		if (text.p[at] != '=' || !is_secret_name(name_before(text, at)))
			continue;
		*from = at + 1;
		*to = end_of_value(text, at + 1);
		if (*to > *from)
			return true;
	}
	return false;
}

static bool append(char *out, uint32_t room, uint32_t *used, const char *p,
		   uint32_t n)
{
	if (n > room - *used)
		return false;
	memcpy(out + *used, p, n);
	*used += n;
	return true;
}

bool sm_redact(struct sm_str text, char *out, uint32_t room, uint32_t *length)
{
	uint32_t at = 0, used = 0, from, to;

	*length = 0;
	while (next_secret(text, at, &from, &to)) {
		if (!append(out, room, &used, text.p + at, from - at) ||
		    !append(out, room, &used, "***", 3))
			return true;
		at = to;
	}
	if (!at)
		return false;
	if (append(out, room, &used, text.p + at, text.len - at))
		*length = used;
	return true;
}

/* ------------------------------------------------------------------ digest */

static uint64_t key[2] = { 0x736563, 0x6d6772 };

static uint64_t rotate(uint64_t x, int bits)
{
	return x << bits | x >> (64 - bits);
}

static void round_of(uint64_t v[4])
{
	v[0] += v[1];
	v[1] = rotate(v[1], 13) ^ v[0];
	v[0] = rotate(v[0], 32);
	v[2] += v[3];
	v[3] = rotate(v[3], 16) ^ v[2];
	v[0] += v[3];
	v[3] = rotate(v[3], 21) ^ v[0];
	v[2] += v[1];
	v[1] = rotate(v[1], 17) ^ v[2];
	v[2] = rotate(v[2], 32);
}

/* Aumasson, Bernstein: SipHash, a fast short-input PRF (1-3 rounds). */
static uint64_t sip_hash(const uint64_t k[2], const void *bytes, size_t n)
{
	uint64_t v[4] = { k[0] ^ 0x736f6d6570736575u,
			  k[1] ^ 0x646f72616e646f6du,
			  k[0] ^ 0x6c7967656e657261u,
			  k[1] ^ 0x7465646279746573u };
	const uint8_t *p = bytes;
	uint64_t m, last = (uint64_t)n << 56;
	size_t whole = n & ~(size_t)7;

	for (size_t i = 0; i < whole; i += 8) {
		memcpy(&m, p + i, 8);
		v[3] ^= m;
		round_of(v);
		v[0] ^= m;
	}
	for (size_t i = whole; i < n; i++)
		last |= (uint64_t)p[i] << (8 * (i - whole));
	v[3] ^= last;
	round_of(v);
	v[0] ^= last;
	v[2] ^= 0xff;
	round_of(v);
	round_of(v);
	round_of(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

#define LONG_BYTES 256 /* too long to be guessed, long enough to be slow */

static uint64_t multiply(uint64_t a, uint64_t b)
{
	unsigned __int128 product = (unsigned __int128)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* 64 bytes into four lanes, the way wyhash (public domain) does it. */
static void fold(uint64_t lanes[4], const uint8_t *p)
{
	uint64_t w[8];

	memcpy(w, p, sizeof(w));
	lanes[0] = multiply(w[0] ^ key[0], w[1] ^ lanes[0]);
	lanes[1] = multiply(w[2] ^ key[1], w[3] ^ lanes[1]);
	lanes[2] = multiply(w[4] ^ ~key[0], w[5] ^ lanes[2]);
	lanes[3] = multiply(w[6] ^ ~key[1], w[7] ^ lanes[3]);
}

/*
 * Modules are long: hashing what marshal reads at SipHash's pace took four
 * fifths of the agent's time while Django started.
 */
uint64_t sm_digest(const void *bytes, size_t n)
{
	struct {
		uint64_t lanes[4], length;
		uint8_t tail[64];
	} all = { { 1, 2, 3, 4 }, n, { 0 } };
	const uint8_t *p = bytes, *end = p + n;

	if (n <= LONG_BYTES)
		return sip_hash(key, bytes, n);
	for (; end - p >= 64; p += 64)
		fold(all.lanes, p);
	memcpy(all.tail, p, (size_t)(end - p));
	return sip_hash(key, &all, sizeof(all));
}

void sm_digest_key(const char *text)
{
	size_t n = strlen(text);
	uint64_t first = sip_hash(key, text, n);

	key[1] = sip_hash(key, &first, sizeof(first));
	key[0] = first;
}

uint64_t sm_digest_fixed(const void *bytes, size_t n)
{
	static const uint64_t fixed[2] = { 0x736563, 0x6d6772 };

	return sip_hash(fixed, bytes, n);
}
