/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/unicode.h"

/*
 * General category Cf, Zl and Zp of Unicode 15, C1 included: nothing of it
 * can be seen, and some of it reorders the rest of the line (Trojan Source,
 * CVE-2021-42574).
 */
static const struct {
	int32_t from, to;
} unsafe[] = {
	{ 0x00, 0x1f },	      { 0x7f, 0x9f },	    { 0xad, 0xad },
	{ 0x600, 0x605 },     { 0x61c, 0x61c },	    { 0x6dd, 0x6dd },
	{ 0x70f, 0x70f },     { 0x890, 0x891 },	    { 0x8e2, 0x8e2 },
	{ 0x180e, 0x180e },   { 0x200b, 0x200f },   { 0x2028, 0x202e },
	{ 0x2060, 0x206f },   { 0xfeff, 0xfeff },   { 0xfff9, 0xfffb },
	{ 0x110bd, 0x110bd }, { 0x110cd, 0x110cd }, { 0x13430, 0x1343f },
	{ 0x1bca0, 0x1bca3 }, { 0x1d173, 0x1d17a }, { 0xe0000, 0xe0fff },
};

bool sm_is_unsafe(int32_t point)
{
	if (point >= 0x20 && point < 0x7f)
		return false;
	for (size_t i = 0; i < sizeof(unsafe) / sizeof(*unsafe); i++)
		if (point >= unsafe[i].from && point <= unsafe[i].to)
			return true;
	return false;
}

int32_t sm_utf8_next(struct sm_str text, uint32_t at, uint32_t *bytes)
{
	static const int32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const uint8_t *p = (const uint8_t *)text.p + at;
	uint32_t n = p[0] < 0x80   ? 1
		     : p[0] < 0xc2 ? 0
		     : p[0] < 0xe0 ? 2
		     : p[0] < 0xf0 ? 3
		     : p[0] < 0xf5 ? 4
				   : 0;
	int32_t point;

	*bytes = 1;
	if (n == 1)
		return p[0];
	if (!n || n > text.len - at)
		return -1;
	point = p[0] & (0x7f >> n);
	for (uint32_t i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return -1;
		point = point << 6 | (p[i] & 0x3f);
	}
	if (point < least[n] || point > 0x10ffff ||
	    (point >= 0xd800 && point <= 0xdfff))
		return -1;
	*bytes = n;
	return point;
}
