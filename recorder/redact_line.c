/* SPDX-License-Identifier: Apache-2.0 */
/*
 * redact_line.c: lines for a shell: words that are credentials by the option or
 * program in front of them, and what is piped into a command that reads one, as
 * `echo X | sudo -S` or `echo me:X | chpasswd`.
 */
#include "recorder/redact_internal.h"

/* ------------------------------------------------------------------ words */

static bool is_operator(char c)
{
	return strchr(";&|()<>", c);
}

/* The end of the word at from: quotes hold it together. */
static uint32_t end_of_word(struct sm_str line, uint32_t from)
{
	char quote = 0;
	uint32_t at = from;

	for (; at < line.len; at++) {
		char c = line.p[at];

		if (c == '\\' && quote != '\'')
			at++;
		else if (quote)
			quote = c == quote ? 0 : quote;
		else if (c == '\'' || c == '"')
			quote = c;
		else if (sm_is_blank(c) || is_operator(c))
			break;
	}
	return at < line.len ? at : line.len;
}

/* `2>`: no word, but what a redirection is about. */
static bool is_number_of(struct sm_str line, uint32_t from, uint32_t to)
{
	if (to == line.len || (line.p[to] != '<' && line.p[to] != '>'))
		return false;
	while (from < to && sm_is_digit(line.p[from]))
		from++;
	return from == to;
}

/* The quote that is open at at, in the word that starts at from; 0: none. */
static char quote_at(struct sm_str line, uint32_t from, uint32_t at)
{
	char quote = 0;

	for (; from < at; from++) {
		char c = line.p[from];

		if (c == '\\' && quote != '\'')
			from++;
		else if (quote)
			quote = c == quote ? 0 : quote;
		else if (c == '\'' || c == '"')
			quote = c;
	}
	return quote;
}

/*
 * The part of [from, to) that the shell takes as it is: up to the first byte
 * it acts on. A quote at its start is left out.
 */
static struct sm_span plain_part(struct sm_str line, uint32_t word,
				 uint32_t from, uint32_t to)
{
	char quote = quote_at(line, word, from);
	uint32_t end;

	if (!quote && from < to &&
	    (line.p[from] == '\'' || line.p[from] == '"'))
		quote = line.p[from++];
	end = sm_redact_end(SM_REDACT_LINE, line, from,
			    sm_has_substitution(line) ? 0 : quote,
			    quote ? quote : '\n');
	return (struct sm_span){ from, end < to ? end : to };
}

static void add(struct sm_spans *spans, struct sm_str line, struct sm_span span)
{
	if (span.from >= span.to || spans->count == SM_SPANS_MAX ||
	    sm_is_no_secret(sm_str_part(line, span.from, span.to)))
		return;
	spans->items[spans->count++] = span;
}

/* ------------------------------------------------------------------ pipes */

static bool is_said_by(struct sm_str program)
{
	struct sm_str name = sm_base_name(program);

	return sm_str_equal(name, SM_STR("echo")) ||
	       sm_str_equal(name, SM_STR("printf"));
}

/* `-S`, `-kS`: sudo's password comes from there. */
static bool is_sudo_flag(struct sm_str word)
{
	return word.len > 1 && word.p[0] == '-' && word.p[1] != '-' &&
	       sm_str_has(word, 'S');
}

/* Whether an option says so, whosever it is. */
static bool is_stdin_option(struct sm_str before, struct sm_str word)
{
	return sm_str_equal(word, SM_STR("--password-stdin")) ||
	       sm_str_equal(word, SM_STR("--passphrase-fd=0")) ||
	       (sm_str_equal(word, SM_STR("0")) &&
		sm_str_equal(before, SM_STR("--passphrase-fd")));
}

/* Whether the command at at reads a credential; has_user: USER:SECRET. */
static bool takes_secret(struct sm_str line, uint32_t at, bool *has_user)
{
	struct sm_str before = { 0 };
	bool is_sudo = false;
	uint32_t end;

	*has_user = false;
	for (; at < line.len && !is_operator(line.p[at]); at = end) {
		struct sm_str word, name;

		end = at + 1;
		if (sm_is_blank(line.p[at]))
			continue;
		end = end_of_word(line, at);
		word = sm_str_part(line, at, end);
		name = sm_base_name(word);
		if (sm_str_equal(name, SM_STR("chpasswd")))
			return *has_user = true;
		if ((is_sudo && is_sudo_flag(word)) ||
		    is_stdin_option(before, word))
			return true;
		is_sudo |= sm_str_equal(name, SM_STR("sudo"));
		before = word;
	}
	return false;
}

/* What `echo` or `printf` said last, in case it is piped into somebody. */
struct said {
	bool is_saying;
	uint32_t from, to;
};

static void note_said(struct said *said, const struct sm_redact_argv *argv,
		      struct sm_str word, uint32_t at)
{
	if (argv->count == 1)
		*said = (struct said){ .is_saying = is_said_by(word) };
	else
		*said = (struct said){ said->is_saying, at, at + word.len };
}

/* The | at at pipes it into the command behind. */
static void add_said(struct sm_spans *spans, struct sm_str line,
		     const struct said *said, uint32_t at)
{
	uint32_t from = said->from;
	struct sm_span span;
	bool has_user;

	if (!said->is_saying || from == said->to || line.p[at] != '|' ||
	    !takes_secret(line, at + 1, &has_user))
		return;
	while (has_user && from < said->to && line.p[from++] != ':')
		;
	span = plain_part(line, said->from, from, said->to);
	if (!spans->count || spans->items[spans->count - 1].to <= span.from)
		add(spans, line, span);
}

void sm_redact_line_options(struct sm_str line, struct sm_spans *spans)
{
	struct sm_redact_argv argv = { 0 };
	struct said said = { 0 };
	uint32_t at = 0, end;

	spans->count = 0;
	for (; at < line.len; at = end) {
		struct sm_span found;
		struct sm_str word;

		end = at + 1;
		if (sm_is_blank(line.p[at]))
			continue;
		if (is_operator(line.p[at])) {
			add_said(spans, line, &said, at);
			said = (struct said){ 0 };
			argv = (struct sm_redact_argv){ 0 };
			continue;
		}
		end = end_of_word(line, at);
		if (is_number_of(line, at, end))
			continue;
		argv.count++;
		word = sm_str_part(line, at, end);
		note_said(&said, &argv, word, at);
		found = sm_redact_look_at(&argv, word);
		if (found.from < found.to)
			add(spans, line,
			    plain_part(line, at, at + found.from, end));
	}
}
