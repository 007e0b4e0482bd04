/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/shell.h"

#include "schema/policy/pattern.h"
#include "schema/shell_skip.h"

/* One that was entered: where its ) is, and how many others come before. */
struct entered {
	uint32_t end, subshells;
	bool is_quoted;
};

struct lexer {
	struct sm_str line;
	uint32_t at;
	bool is_template;
	bool wants_command;
	bool is_target; /* the next word belongs to a redirection */
	bool is_in_group;
	bool is_expanded; /* the word, and not only to names of files */
	uint32_t groups;  /* so far */
	struct entered entered[SM_SHELL_DEPTH_MAX];
	uint32_t depth;
	struct sm_shell *out;
	struct sm_shell_token *token;
};

static int peek(const struct lexer *l, uint32_t ahead)
{
	return l->at + ahead < l->line.len
		       ? (unsigned char)l->line.p[l->at + ahead]
		       : -1;
}

static bool is_digit(int c)
{
	return c >= '0' && c <= '9';
}

static bool is_name_start(int c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool ends_word(int c)
{
	return c < 0 || c == ' ' || c == '\t' || c == '\n' || c == ';' ||
	       c == '&' || c == '|' || c == '(' || c == ')' || c == '<' ||
	       c == '>';
}

static bool put_raw(struct lexer *l, char c)
{
	if (l->out->used == sizeof(l->out->text))
		return false;
	l->out->text[l->out->used++] = c;
	l->token->text.len++;
	return true;
}

/* A literal byte of a word. */
static bool put(struct lexer *l, char c)
{
	if (l->is_template && (c == '*' || c == '<' || c == '\\' || c == '$') &&
	    !put_raw(l, '\\'))
		return false;
	return put_raw(l, c);
}

/* A pattern of names begins; what is in front of the first is the stem. */
static void begin_tail(struct lexer *l)
{
	struct sm_shell_token *t = l->token;

	t->is_live = true;
	if (t->tail.p)
		return;
	t->tail.p = l->line.p + l->at;
	t->stem = t->text;
}

static void end_tail(struct lexer *l)
{
	struct sm_shell_token *t = l->token;

	if (t->tail.p && !l->is_expanded) {
		t->tail.len = (uint32_t)(l->line.p + l->at - t->tail.p);
		return;
	}
	t->stem = t->tail = (struct sm_str){ NULL, 0 };
}

/* Whether $ at the cursor starts an expansion. */
static bool is_expansion(const struct lexer *l)
{
	int c = peek(l, 1);

	return is_name_start(c) || is_digit(c) || c == '(' || c == '{' ||
	       c == '\'' || c == '"' || c == '?' || c == '!' || c == '#' ||
	       c == '@' || c == '*' || c == '-' || c == '$' || c == '[';
}

/* An expansion stays in the word as it is spelled; the word is live. */
static bool take_substitution(struct lexer *l)
{
	uint32_t start = l->at;

	l->token->is_live = l->is_expanded = true;
	if (peek(l, 0) == '$' && (peek(l, 1) == '\'' || peek(l, 1) == '"'))
		return false; /* bash quoting; sh takes the $ literally */
	if (!sm_shell_skip(l->line, &l->at))
		return false;
	for (; start < l->at; start++)
		if (!put(l, l->line.p[start]))
			return false;
	return true;
}

static bool take_single(struct lexer *l)
{
	int c;

	for (l->at++; (c = peek(l, 0)) != '\''; l->at++)
		if (c < 0 || !put(l, (char)c))
			return false;
	l->at++;
	return true;
}

static bool take_double(struct lexer *l)
{
	int c;

	l->at++;
	while ((c = peek(l, 0)) != '"') {
		if (c < 0)
			return false;
		if (c == '`' || (c == '$' && is_expansion(l) &&
				 peek(l, 1) != '"' && peek(l, 1) != '\'')) {
			if (!take_substitution(l))
				return false;
			continue;
		}
		if (c == '\\') {
			int next = peek(l, 1);

			if (next == '\n') {
				l->at += 2;
				continue;
			}
			if (next == '$' || next == '`' || next == '"' ||
			    next == '\\') {
				l->at++;
				c = next;
			}
		}
		if (!put(l, (char)c))
			return false;
		l->at++;
	}
	l->at++;
	return true;
}

/* Copies a slot's spelling; false when it does not fit. */
static bool take_slot(struct lexer *l, uint32_t n)
{
	l->token->has_slot = true;
	l->is_expanded |= l->token->tail.p != NULL;
	for (; n; n--, l->at++)
		if (!put_raw(l, l->line.p[l->at]))
			return false;
	return true;
}

static uint32_t slot_length(const struct lexer *l)
{
	struct sm_str rest = { l->line.p + l->at, l->line.len - l->at };
	struct sm_scan scan = { rest, 0, true, false };
	struct sm_item item;

	if (!l->is_template || (rest.p[0] != '<' && rest.p[0] != '$'))
		return 0;
	if (sm_pattern_next(&scan, &item, NULL) ||
	    item.kind == SM_ITEM_LITERAL || item.kind == SM_ITEM_STAR)
		return 0;
	return scan.at;
}

/* One piece of a word at the cursor; false: unparsable. */
static bool take_piece(struct lexer *l, bool is_first)
{
	int c = peek(l, 0);

	switch (c) {
	case '\'':
		return take_single(l);
	case '"':
		return take_double(l);
	case '\\':
		if (peek(l, 1) < 0)
			return false;
		l->at += 2;
		return l->line.p[l->at - 1] == '\n' ||
		       put(l, l->line.p[l->at - 1]);
	case '`':
		return take_substitution(l);
	case '$':
		if (is_expansion(l))
			return take_substitution(l);
		break;
	case '*':
	case '?':
	case '[':
		begin_tail(l);
		break;
	case '{':
		l->token->is_live = l->is_expanded = true;
		break;
	case '~':
		/* Expanded at the start and behind = or : of assignments. */
		if (is_first || l->line.p[l->at - 1] == '=' ||
		    l->line.p[l->at - 1] == ':')
			l->token->is_live = l->is_expanded = true;
		break;
	case '#':
		if (is_first)
			return false;
		break;
	case '\0':
		return false;
	}
	l->at++;
	return put(l, (char)c);
}

/* Commands that run their next word, and words a command follows. */
static bool is_transparent(struct sm_str word)
{
	static const char *const names[] = { "!",     "{",    "if",   "then",
					     "else",  "elif", "do",   "while",
					     "until", "exec", "eval", "command",
					     "time",  ".",    "env",  "nohup" };
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (sm_str_equal(word, sm_str_of(names[i])))
			return true;
	return false;
}

static bool is_assignment(struct sm_str raw)
{
	uint32_t i = 0;

	while (i < raw.len && (is_name_start((unsigned char)raw.p[i]) ||
			       (i && is_digit((unsigned char)raw.p[i]))))
		i++;
	return i && i < raw.len && raw.p[i] == '=';
}

/* At a `]` that nothing follows. */
static bool ends_group(const struct lexer *l)
{
	return l->is_in_group && peek(l, 0) == ']' && ends_word(peek(l, 1));
}

/* Behind what is quoted at `at`, a slot, or any byte. */
static uint32_t skip_piece(const struct lexer *l, uint32_t at)
{
	struct lexer here = *l;
	char c = l->line.p[at];
	const char *end;
	uint32_t n;

	here.at = at;
	n = slot_length(&here);
	if (n || (c != '\'' && c != '"'))
		return at + (n ? n : c == '\\' ? 2 : 1);
	end = memchr(l->line.p + at + 1, c, l->line.len - at - 1);
	return end ? (uint32_t)(end - l->line.p) + 1 : l->line.len;
}

/* "[-o WORD]" in a template, words only: not where a command is due. */
static bool begins_group(struct lexer *l)
{
	struct lexer ahead = *l;

	if (!l->is_template || l->is_in_group || l->wants_command ||
	    l->is_target || peek(l, 0) != '[' || peek(l, 1) != '-')
		return false;
	ahead.is_in_group = true;
	for (ahead.at++; ahead.at < l->line.len && !ends_group(&ahead);) {
		int c = peek(&ahead, 0);

		if (!slot_length(&ahead) && c != ' ' &&
		    (ends_word(c) || c == '[' || c == ']'))
			return false;
		ahead.at = skip_piece(&ahead, ahead.at);
	}
	return ahead.at < l->line.len && l->line.p[ahead.at - 1] != ' ';
}

static bool take_word(struct lexer *l)
{
	uint32_t start = l->at, slot;

	l->token->kind = SM_SHELL_WORD;
	l->token->text.p = l->out->text + l->out->used;
	l->is_expanded = false;
	for (;;) {
		slot = l->at < l->line.len ? slot_length(l) : 0;
		if (slot) {
			if (!take_slot(l, slot))
				return false;
			continue;
		}
		if (ends_word(peek(l, 0)) || ends_group(l))
			break;
		if (!take_piece(l, l->at == start))
			return false;
	}
	l->token->raw = (struct sm_str){ l->line.p + start, l->at - start };
	end_tail(l);
	/* Dots that are quoted are as literal as everything quoted. */
	l->token->is_run = l->token->has_slot && !l->token->is_live &&
			   sm_pattern_run(l->token->raw);
	if (l->is_target) {
		l->is_target = false;
		return true;
	}
	l->token->is_command = l->wants_command;
	l->token->is_assignment =
		l->wants_command && is_assignment(l->token->raw);
	if (l->wants_command && !l->token->is_assignment &&
	    !is_transparent(l->token->text))
		l->wants_command = false;
	return true;
}

bool sm_shell_has_stem(const struct sm_shell_token *token)
{
	return token->tail.len && token->stem.len && !token->is_command;
}

struct sm_str sm_shell_slot(const struct sm_shell_token *token)
{
	const uint32_t dots = token->is_run ? 3 : 0;

	return (struct sm_str){ token->text.p, token->text.len - dots };
}

/* ----------------------------------------------------------- substitutions */

/*
 * The bytes of name=$( or name="$(, or 0. Names with capitals are for what the
 * shell and other programs take from the environment: POSIX.1-2008, XBD 8.1.
 */
static uint32_t substitution_head(struct sm_str rest)
{
	uint32_t n = 0;

	while (n < rest.len &&
	       ((rest.p[n] >= 'a' && rest.p[n] <= 'z') || rest.p[n] == '_' ||
		(n && is_digit((unsigned char)rest.p[n]))))
		n++;
	if (!n || n + 3 > rest.len || rest.p[n] != '=')
		return 0;
	n += rest.p[n + 1] == '"' ? 2 : 1;
	if (n + 3 > rest.len || rest.p[n] != '$' || rest.p[n + 1] != '(' ||
	    rest.p[n + 2] == '(')
		return 0;
	return n + 2;
}

/* No word stands before, not even another assignment. */
static bool begins_command(const struct sm_shell *shell)
{
	const struct sm_shell_token *last =
		shell->count ? &shell->tokens[shell->count - 1] : NULL;

	return !last || last->kind == SM_SHELL_OPERATOR;
}

static bool is_command_end(struct lexer *l)
{
	int c;

	while (peek(l, 0) == ' ' || peek(l, 0) == '\t')
		l->at++;
	c = peek(l, 0);
	return c < 0 || c == ';' || c == '&' || c == '|' || c == ')' ||
	       c == '\n';
}

/*
 * A variable that is given what commands print, and nothing else is done: these
 * are read like the rest of the line. Elsewhere a substitution is a part of its
 * word. In `case` a ) may be none of its own. Gives the bytes of its beginning;
 * 0: there is none.
 */
static uint32_t enter_substitution(struct lexer *l)
{
	struct sm_str rest = { l->line.p + l->at, l->line.len - l->at };
	uint32_t n = substitution_head(rest);
	struct lexer ahead = *l;
	struct entered e = { .is_quoted = n && rest.p[n - 3] == '"' };

	if (!n || l->is_target || l->is_in_group ||
	    l->depth == SM_SHELL_DEPTH_MAX || !begins_command(l->out))
		return 0;
	ahead.at = l->at + n - 2;
	if (!sm_shell_skip(l->line, &ahead.at))
		return 0;
	e.end = ahead.at - 1;
	if (memmem(rest.p, e.end - l->at, "case", 4))
		return 0;
	if (e.is_quoted && peek(&ahead, 0) != '"')
		return 0;
	ahead.at += e.is_quoted;
	if (!is_command_end(&ahead))
		return 0;
	l->entered[l->depth++] = e;
	return n;
}

/* At a ) that ends what was entered; false: the line is not understood. */
static bool leave_substitution(struct lexer *l, struct sm_shell_token *token)
{
	const struct entered *e = &l->entered[l->depth - 1];

	if (l->at - 1 != e->end)
		return false;
	token->raw.len += e->is_quoted;
	token->text = token->raw;
	l->at += e->is_quoted;
	l->depth--;
	return true;
}

/* Counts subshells in what was entered, and leaves it at its end. */
static bool follow_levels(struct lexer *l, struct sm_shell_token *token)
{
	struct entered *e = l->depth ? &l->entered[l->depth - 1] : NULL;

	if (!e || token->raw.len != 1)
		return true;
	if (token->raw.p[0] == ')' && !e->subshells)
		return leave_substitution(l, token);
	e->subshells += token->raw.p[0] == '(';
	e->subshells -= token->raw.p[0] == ')';
	return true;
}

/* --------------------------------------------------------------- operators */

/* Length of the operator at the cursor, redirections included; 0: none. */
static uint32_t operator_length(const struct lexer *l, enum sm_shell_kind *kind)
{
	static const char *const operators[] = { "&&", "||", ";;", ";", "&",
						 "|",  "(",  ")",  "\n" };
	static const char *const redirects[] = { ">>", ">|", ">&", ">",
						 "<>", "<&", "<" };
	struct sm_str rest = { l->line.p + l->at, l->line.len - l->at };
	uint32_t digits = 0;
	size_t i;

	*kind = SM_SHELL_OPERATOR;
	for (i = 0; i < sizeof(operators) / sizeof(*operators); i++)
		if (sm_str_starts(rest, sm_str_of(operators[i])))
			return (uint32_t)strlen(operators[i]);
	*kind = SM_SHELL_REDIRECT;
	while (digits < rest.len && is_digit(rest.p[digits]))
		digits++;
	rest.p += digits;
	rest.len -= digits;
	for (i = 0; i < sizeof(redirects) / sizeof(*redirects); i++)
		if (sm_str_starts(rest, sm_str_of(redirects[i])))
			return digits + (uint32_t)strlen(redirects[i]);
	return 0;
}

static bool take_operator(struct lexer *l, uint32_t n, enum sm_shell_kind kind)
{
	struct sm_str text = { l->line.p + l->at, n };

	if (l->is_target)
		return false;
	l->token->kind = kind;
	l->token->text = l->token->raw = text;
	l->at += n;
	if (kind == SM_SHELL_OPERATOR) {
		l->wants_command = !sm_str_equal(text, SM_STR(")"));
		return follow_levels(l, l->token);
	}
	/* << and <( read on in ways not followed here. */
	if (text.p[n - 1] == '<' && (peek(l, 0) == '<' || peek(l, 0) == '('))
		return false;
	if (text.p[n - 1] == '>' && peek(l, 0) == '(')
		return false;
	l->is_target = true;
	return true;
}

static void skip_blanks(struct lexer *l)
{
	for (;;) {
		int c = peek(l, 0);

		if (c == '\\' && peek(l, 1) == '\n')
			l->at += 2;
		else if (c == ' ' || c == '\t')
			l->at++;
		else
			return;
	}
}

bool sm_shell_parse(struct sm_str line, bool is_template,
		    struct sm_shell *shell)
{
	struct lexer l = { .line = line,
			   .is_template = is_template,
			   .wants_command = true,
			   .out = shell };

	shell->count = shell->used = 0;
	if (line.len > SM_STRING_MAX)
		return false;
	for (skip_blanks(&l); l.at < line.len; skip_blanks(&l)) {
		enum sm_shell_kind kind;
		uint32_t n = 0;
		bool is_taken;

		if (shell->count == SM_SHELL_TOKENS_MAX)
			return false;
		l.token = &shell->tokens[shell->count];
		memset(l.token, 0, sizeof(*l.token));
		if (begins_group(&l)) {
			l.is_in_group = true;
			l.groups++;
			l.at++;
		}
		l.token->group = l.is_in_group ? l.groups : 0;
		kind = SM_SHELL_OPERATOR;
		n = enter_substitution(&l);
		l.token->depth = l.depth;
		if (!n && !slot_length(&l))
			n = operator_length(&l, &kind);
		is_taken = n ? !l.is_in_group && take_operator(&l, n, kind)
			     : take_word(&l);
		if (!is_taken || l.at > line.len)
			return false;
		shell->count++;
		if (ends_group(&l)) {
			l.is_in_group = false;
			l.at++;
		}
	}
	return !l.is_target && !l.is_in_group && !l.depth && shell->count;
}

bool sm_shell_enters(const struct sm_shell *shell, uint32_t at)
{
	const struct sm_shell_token *t = &shell->tokens[at];

	return t->kind == SM_SHELL_OPERATOR &&
	       t->depth > (at ? t[-1].depth : 0);
}

bool sm_shell_leaves(const struct sm_shell *shell, uint32_t at)
{
	const struct sm_shell_token *t = &shell->tokens[at];

	return t->kind == SM_SHELL_OPERATOR &&
	       t->depth > (at + 1 < shell->count ? t[1].depth : 0);
}
