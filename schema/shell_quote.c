/* SPDX-License-Identifier: Apache-2.0 */
/* Writing words so that a shell reads them back as they are. */
#include "schema/ascii.h"
#include "schema/shell.h"

static bool is_safe(char c)
{
	return sm_is_alnum(c) || c == '_' || c == '/' || c == '.' || c == '-' ||
	       c == '+' || c == ',' || c == ':' || c == '@' || c == '%' ||
	       c == '=';
}

uint32_t sm_shell_quote(struct sm_str word, char *out, uint32_t room)
{
	uint32_t i, n = 0;
	bool is_plain = word.len > 0;

	for (i = 0; is_plain && i < word.len; i++)
		is_plain = is_safe(word.p[i]);
	if (is_plain) {
		if (word.len <= room)
			memcpy(out, word.p, word.len);
		return word.len;
	}
#define PUT(c)                                                                 \
	do {                                                                   \
		if (n < room)                                                  \
			out[n] = (c);                                          \
		n++;                                                           \
	} while (0)
	PUT('\'');
	for (i = 0; i < word.len; i++) {
		if (word.p[i] != '\'') {
			PUT(word.p[i]);
			continue;
		}
		PUT('\'');
		PUT('\\');
		PUT('\'');
		PUT('\'');
	}
	PUT('\'');
#undef PUT
	return n;
}
