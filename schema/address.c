/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/address.h"

#include <arpa/inet.h>

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return 99;
}

/* One number as inet_aton(3) reads it: 0x hexadecimal, 0 octal. */
static bool part(struct sm_str host, uint32_t *at, uint64_t *value)
{
	int base = 10;
	uint32_t start = *at;

	*value = 0;
	if (*at < host.len && host.p[*at] == '0') {
		base = 8;
		if (*at + 1 < host.len && (host.p[*at + 1] | 32) == 'x') {
			base = 16;
			*at += 2;
			start = *at;
		}
	}
	for (; *at < host.len && digit(host.p[*at]) < base; ++*at) {
		*value = *value * (uint64_t)base + (uint64_t)digit(host.p[*at]);
		if (*value > UINT32_MAX)
			return false;
	}
	return *at > start;
}

/*
 * getaddrinfo() takes "127.1" and "0x7f000001" too: a deny rule for
 * 127.0.0.0/8 must see them.
 */
static bool parse_v4(struct sm_str host, uint8_t out[4])
{
	uint64_t parts[4], value = 0;
	uint32_t at = 0, n = 0, i;

	for (;;) {
		if (n == 4 || !part(host, &at, &parts[n]))
			return false;
		n++;
		if (at == host.len)
			break;
		if (host.p[at++] != '.')
			return false;
	}
	for (i = 0; i + 1 < n; i++) {
		if (parts[i] > 255)
			return false;
		value |= parts[i] << (24 - 8 * i);
	}
	if (n > 1 && parts[n - 1] >> (8 * (5 - n)))
		return false;
	value |= parts[n - 1];
	for (i = 0; i < 4; i++)
		out[i] = (uint8_t)(value >> (24 - 8 * i));
	return true;
}

/* RFC 4291 2.2; a zone (%eth0) is cut off. */
static bool parse_v6(struct sm_str host, uint8_t out[16])
{
	uint8_t head[16], tail[16];
	uint32_t heads = 0, tails = 0, at = 0;
	bool is_gapped = false;

	for (uint32_t i = 0; i < host.len; i++)
		if (host.p[i] == '%')
			host.len = i;
	if (host.len >= 2 && host.p[0] == ':' && host.p[1] == ':') {
		is_gapped = true;
		at = 2;
	}
	while (at < host.len) {
		uint32_t value = 0, digits = 0, start = at;
		uint8_t *to;

		while (at < host.len && digit(host.p[at]) < 16 && digits < 5) {
			value = value << 4 | (uint32_t)digit(host.p[at++]);
			digits++;
		}
		to = is_gapped ? tail + tails : head + heads;
		if (at < host.len && host.p[at] == '.') {
			struct sm_str v4 = { host.p + start, host.len - start };

			if (heads + tails > 12 || !parse_v4(v4, to))
				return false;
			*(is_gapped ? &tails : &heads) += 4;
			break;
		}
		if (!digits || digits > 4 || heads + tails > 14)
			return false;
		to[0] = (uint8_t)(value >> 8);
		to[1] = (uint8_t)value;
		*(is_gapped ? &tails : &heads) += 2;
		if (at == host.len)
			break;
		if (host.p[at++] != ':')
			return false;
		if (at < host.len && host.p[at] == ':') {
			if (is_gapped)
				return false;
			is_gapped = true;
			at++;
		} else if (at == host.len) {
			return false;
		}
	}
	if (is_gapped ? heads + tails > 14 : heads != 16)
		return false;
	memset(out, 0, 16);
	memcpy(out, head, heads);
	memcpy(out + 16 - tails, tail, tails);
	return true;
}

bool sm_address_parse(struct sm_str host, uint8_t out[SM_ADDRESS_BYTES])
{
	uint32_t i;

	if (!host.len)
		return false;
	for (i = 0; i < host.len; i++)
		if (host.p[i] == ':')
			return parse_v6(host, out);
	memset(out, 0, 10);
	out[10] = out[11] = 0xff;
	return parse_v4(host, out + 12);
}

struct sm_str sm_address_text(const uint8_t address[SM_ADDRESS_BYTES],
			      char *out)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	bool is_v4 = !memcmp(address, mapped, sizeof(mapped));

	inet_ntop(is_v4 ? AF_INET : AF_INET6, is_v4 ? address + 12 : address,
		  out, SM_ADDRESS_TEXT_MAX);
	return sm_str_of(out);
}

/* ------------------------------------------------------------------- kinds */

struct block {
	uint8_t address[SM_ADDRESS_BYTES];
	uint8_t bits, kind;
};

#define V4(a, b, c, d, bits, kind)                                             \
	{                                                                      \
		{ 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, d },      \
			96 + (bits), SM_ADDRESS_##kind                         \
	}
#define V6(a, b, c, d, bits, kind)                                             \
	{                                                                      \
		{ (a) >> 8, (a)&0xff, (b) >> 8, (b)&0xff, (c) >> 8, (c)&0xff,  \
		  0,	    0,	      0,	0,	  0,	    0,         \
		  0,	    0,	      (d) >> 8, (d)&0xff },                    \
			(bits), SM_ADDRESS_##kind                              \
	}

/* The first that holds an address says its kind. */
static const struct block blocks[] = {
	V4(169, 254, 0, 0, 16, METADATA),     /* link-local, and most clouds */
	V4(100, 100, 100, 200, 32, METADATA), /* Alibaba Cloud */
	V4(192, 0, 0, 192, 32, METADATA),     /* Oracle Cloud */
	V4(168, 63, 129, 16, 32, METADATA),   /* Azure */
	V6(0xfe80, 0, 0, 0, 10, METADATA),    /* link-local */
	V6(0xfd00, 0x0ec2, 0, 0, 32, METADATA), /* AWS */
	V6(0xfd20, 0x00ce, 0, 0, 32, METADATA), /* Google Cloud */
	V4(127, 0, 0, 0, 8, LOOPBACK),
	V4(0, 0, 0, 0, 8, LOOPBACK),
	V6(0, 0, 0, 1, 128, LOOPBACK),
	V6(0, 0, 0, 0, 128, LOOPBACK),
	V4(10, 0, 0, 0, 8, PRIVATE),
	V4(172, 16, 0, 0, 12, PRIVATE),
	V4(192, 168, 0, 0, 16, PRIVATE),
	V4(100, 64, 0, 0, 10, PRIVATE), /* carriers' NAT */
	V4(192, 0, 0, 0, 24, PRIVATE),	/* protocol assignments */
	V4(198, 18, 0, 0, 15, PRIVATE), /* benchmarks */
	V6(0xfc00, 0, 0, 0, 7, PRIVATE),
	V4(224, 0, 0, 0, 3, OTHER), /* multicast and what is above */
	V4(0, 0, 0, 0, 0, PUBLIC),
	V6(0xff00, 0, 0, 0, 8, OTHER),	/* multicast */
	V6(0xfec0, 0, 0, 0, 10, OTHER), /* what site-local was */
	V6(0, 0, 0, 0, 8, OTHER),
};

static bool holds(const struct block *block, const uint8_t *address)
{
	uint32_t bytes = block->bits / 8, rest = block->bits % 8;

	if (memcmp(block->address, address, bytes) != 0)
		return false;
	return !rest ||
	       !((block->address[bytes] ^ address[bytes]) >> (8 - rest));
}

static enum sm_address_kind kind_of(const uint8_t address[SM_ADDRESS_BYTES])
{
	/* 64:ff9b::/96: what it leads to is the IPv4 address inside it. */
	static const uint8_t translated[12] = { 0, 0x64, 0xff, 0x9b };
	uint8_t inner[SM_ADDRESS_BYTES] = { [10] = 0xff, [11] = 0xff };

	if (!memcmp(address, translated, sizeof(translated))) {
		memcpy(inner + 12, address + 12, 4);
		address = inner;
	}
	for (size_t i = 0; i < sizeof(blocks) / sizeof(*blocks); i++)
		if (holds(&blocks[i], address))
			return (enum sm_address_kind)blocks[i].kind;
	return SM_ADDRESS_PUBLIC;
}

enum sm_address_kind sm_address_kind_of(struct sm_str host)
{
	uint8_t address[SM_ADDRESS_BYTES];

	return sm_address_parse(host, address) ? kind_of(address)
					       : SM_ADDRESS_NONE;
}
