/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/shell_skip.h"

/* Substitutions inside substitutions that are followed. */
#define NESTING_MAX 8

struct cursor {
	struct sm_str line;
	uint32_t at;
};

static int peek(const struct cursor *l, uint32_t ahead)
{
	return l->at + ahead < l->line.len
		       ? (unsigned char)l->line.p[l->at + ahead]
		       : -1;
}

static bool skip_substitution(struct cursor *l, int depth);

/* Behind an opening "; ends behind the closing one. Keeps nothing. */
static bool skip_double(struct cursor *l, int depth)
{
	int c;

	while ((c = peek(l, 0)) >= 0) {
		if (c == '"') {
			l->at++;
			return true;
		}
		if (c == '\\')
			l->at += 2;
		else if (c == '$' || c == '`') {
			if (!skip_substitution(l, depth))
				return false;
		} else
			l->at++;
	}
	return false;
}

static bool skip_single(struct cursor *l)
{
	while (peek(l, 0) >= 0 && peek(l, 0) != '\'')
		l->at++;
	l->at++;
	return l->at <= l->line.len;
}

/* Behind an opening ( or {; ends behind its closing one. */
static bool skip_balanced(struct cursor *l, char open, char close, int depth)
{
	unsigned level = 1;
	int c;

	while ((c = peek(l, 0)) >= 0) {
		if (c == '\\') {
			l->at += 2;
			continue;
		}
		if (c == '$' || c == '`') {
			if (!skip_substitution(l, depth))
				return false;
			continue;
		}
		l->at++;
		if (c == '\'' && !skip_single(l))
			return false;
		if (c == '"' && !skip_double(l, depth))
			return false;
		if (c == '#')
			return false; /* a comment may hide the end */
		if (c == open)
			level++;
		if (c == close && --level == 0)
			return true;
	}
	return false;
}

/* At $ or `; ends behind the expansion. Keeps nothing. */
static bool skip_substitution(struct cursor *l, int depth)
{
	if (depth >= NESTING_MAX)
		return false;
	if (peek(l, 0) == '`') {
		for (l->at++; peek(l, 0) >= 0 && peek(l, 0) != '`'; l->at++)
			if (peek(l, 0) == '\\')
				l->at++;
		l->at++;
		return l->at <= l->line.len;
	}
	l->at++;
	if (peek(l, 0) == '(') {
		l->at++;
		return skip_balanced(l, '(', ')', depth + 1);
	}
	if (peek(l, 0) == '{') {
		l->at++;
		return skip_balanced(l, '{', '}', depth + 1);
	}
	return true;
}

bool sm_shell_skip(struct sm_str line, uint32_t *at)
{
	struct cursor l = { line, *at };

	if (!skip_substitution(&l, 0) || l.at > line.len)
		return false;
	*at = l.at;
	return true;
}
