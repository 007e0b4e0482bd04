/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/secret.h"
#include "schema/ascii.h"

uint32_t sm_secret_match(struct sm_str text)
{
	uint32_t head = sizeof(SM_SECRET_HEAD) - 1, i;

	if (sm_str_starts(text, SM_STR(SM_SECRET)))
		return sizeof(SM_SECRET) - 1;
	if (text.len < SM_SECRET_MAX ||
	    !sm_str_starts(text, SM_STR(SM_SECRET_HEAD)) ||
	    text.p[SM_SECRET_MAX - 1] != '%')
		return 0;
	for (i = head; i < head + SM_SECRET_DIGITS; i++)
		if (!sm_is_hex(text.p[i]))
			return 0;
	return SM_SECRET_MAX;
}

void sm_secret_put(uint64_t hash, char *out)
{
	static const char digits[] = "0123456789abcdef";

	memcpy(out, SM_SECRET_HEAD, sizeof(SM_SECRET_HEAD) - 1);
	out += sizeof(SM_SECRET_HEAD) - 1;
	for (int i = SM_SECRET_DIGITS - 1; i >= 0; i--)
		*out++ = digits[hash >> (4 * i) & 15];
	*out = '%';
}

uint32_t sm_secret_forget(struct sm_str text, char *out)
{
	uint32_t at = 0, used = 0;

	while (at < text.len) {
		struct sm_str rest = { text.p + at, text.len - at };
		const char *next = memchr(rest.p, '%', rest.len);
		uint32_t n = next ? (uint32_t)(next - rest.p) : rest.len;

		memmove(out + used, rest.p, n);
		used += n;
		at += n;
		if (!next)
			break;
		rest = (struct sm_str){ next, text.len - at };
		n = sm_secret_match(rest);
		if (n) {
			memcpy(out + used, SM_SECRET, sizeof(SM_SECRET) - 1);
			used += sizeof(SM_SECRET) - 1;
			at += n;
		} else {
			out[used++] = text.p[at++];
		}
	}
	return used;
}
