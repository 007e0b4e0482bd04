/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a shell line: tokens lie inside it, in order, a word that is
 * quoted again reads back as itself, and so do tokens with blanks between.
 */
#include <stdlib.h>

#include "schema/shell.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_quoting(struct sm_str word)
{
	static char quoted[4 * SM_STRING_MAX + 8];
	static struct sm_shell again;
	uint32_t n = sm_shell_quote(word, quoted, sizeof(quoted));

	if (n > SM_STRING_MAX || (word.len && memchr(word.p, 0, word.len)))
		return;
	if (!sm_shell_parse((struct sm_str){ quoted, n }, false, &again) ||
	    again.count != 1 || again.tokens[0].is_live ||
	    !sm_str_equal(again.tokens[0].text, word))
		abort();
}

/* As lines are written from their tokens. */
static void check_tokens(const struct sm_shell *shell)
{
	static char line[2 * SM_STRING_MAX];
	static struct sm_shell again;
	uint32_t n = 0;

	for (uint32_t i = 0; i < shell->count; i++) {
		const struct sm_shell_token *t = &shell->tokens[i];

		if (i)
			line[n++] = ' ';
		memcpy(line + n, t->raw.p, t->raw.len);
		n += t->raw.len;
	}
	if (n > SM_STRING_MAX)
		return;
	if (!sm_shell_parse((struct sm_str){ line, n }, false, &again) ||
	    again.count != shell->count)
		abort();
	for (uint32_t i = 0; i < shell->count; i++) {
		const struct sm_shell_token *a = &shell->tokens[i];
		const struct sm_shell_token *b = &again.tokens[i];

		if (a->kind != b->kind || a->depth != b->depth ||
		    a->is_live != b->is_live ||
		    a->is_command != b->is_command ||
		    !sm_str_equal(a->raw, b->raw) ||
		    !sm_str_equal(a->text, b->text))
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct sm_shell shell;
	struct sm_str line = { (const char *)data, (uint32_t)size };
	const char *at = line.p;
	uint32_t i;

	if (size > 100000)
		return 0;
	(void)sm_shell_parse(line, true, &shell);
	if (!sm_shell_parse(line, false, &shell))
		return 0;
	for (i = 0; i < shell.count; i++) {
		const struct sm_shell_token *t = &shell.tokens[i];

		if (t->raw.p < at || t->raw.p + t->raw.len > line.p + line.len)
			abort();
		at = t->raw.p + t->raw.len;
		if (t->kind == SM_SHELL_WORD && !t->is_live)
			check_quoting(t->text);
	}
	check_tokens(&shell);
	return 0;
}
