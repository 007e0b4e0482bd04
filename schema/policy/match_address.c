/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/policy/blob.h"

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

bool sm_match_address(struct sm_str host, char key[SM_ADDRESS_KEY])
{
	uint8_t out[16] = { 0 };
	uint32_t i;
	bool is_v6 = false;

	if (!host.len)
		return false;
	for (i = 0; i < host.len && !is_v6; i++)
		is_v6 = host.p[i] == ':';
	if (is_v6) {
		if (!parse_v6(host, out))
			return false;
	} else {
		if (!parse_v4(host, out + 12))
			return false;
		out[10] = out[11] = 0xff;
	}
	key[0] = 0;
	memcpy(key + 1, out, 16);
	return true;
}
