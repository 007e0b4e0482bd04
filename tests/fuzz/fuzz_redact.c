/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a program says, looked through for credentials: what comes out comes
 * out the same again, and a line for a shell still does what it did.
 */
#include <stdlib.h>

#include "recorder/redact.h"
#include "schema/shell.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint32_t redact(enum sm_redact_kind kind, struct sm_redact_text text,
		       char out[SM_STRING_MAX])
{
	uint32_t n;

	if (!sm_redact(kind, text, out, SM_STRING_MAX, &n)) {
		n = text.s.len;
		if (n)
			memcpy(out, text.s.p, n);
	}
	if (n > SM_STRING_MAX)
		abort();
	return n;
}

static void check_twice(enum sm_redact_kind kind, struct sm_str once)
{
	static char twice[SM_STRING_MAX], brief[SM_STRING_MAX];
	struct sm_redact_text text = { once, false };
	uint32_t n = redact(kind, text, twice);

	if (n && !sm_str_equal(once, (struct sm_str){ twice, n }))
		abort();
	text.s = (struct sm_str){ brief, sm_secret_forget(once, brief) };
	n = redact(kind, text, twice);
	if (n && !sm_str_equal(text.s, (struct sm_str){ twice, n }))
		abort();
}

/* The same words and operators, live where they were. */
static void check_line(struct sm_str before, struct sm_str after)
{
	static struct sm_shell a, b;
	bool is_parsed = sm_shell_parse(before, false, &a);

	if (is_parsed != sm_shell_parse(after, false, &b))
		abort();
	for (uint32_t i = 0; is_parsed && i < a.count; i++)
		if (i >= b.count || a.tokens[i].kind != b.tokens[i].kind ||
		    a.tokens[i].is_live != b.tokens[i].is_live ||
		    (a.tokens[i].kind != SM_SHELL_WORD &&
		     !sm_str_equal(a.tokens[i].text, b.tokens[i].text)))
			abort();
	if (is_parsed && a.count != b.count)
		abort();
}

/* Words of a list end at a NUL. */
static void check_list(struct sm_str text)
{
	static char out[SM_STRING_MAX];
	struct sm_redact_argv argv = { 0 };

	while (text.len) {
		const char *end = memchr(text.p, '\0', text.len);
		uint32_t n = end ? (uint32_t)(end - text.p) : text.len, length;
		struct sm_redact_text word = { { text.p, n }, false };

		sm_redact_argument(&argv, word, out, sizeof(out), &length);
		n += end != NULL;
		text.p += n;
		text.len -= n;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char out[SM_STRING_MAX];
	struct sm_redact_text text;
	uint32_t n;

	if (size > SM_STRING_MAX / 32)
		return 0;
	for (int kind = 0; kind <= SM_REDACT_WORD; kind++) {
		text = (struct sm_redact_text){
			{ (const char *)data, (uint32_t)size }, false
		};
		n = redact((enum sm_redact_kind)kind, text, out);
		check_twice((enum sm_redact_kind)kind,
			    (struct sm_str){ out, n });
		if (kind == SM_REDACT_LINE)
			check_line(text.s, (struct sm_str){ out, n });
		text.is_cut = true;
		redact((enum sm_redact_kind)kind, text, out);
	}
	check_list(text.s);
	return 0;
}
