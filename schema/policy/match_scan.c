/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/ascii.h"
#include "schema/policy/pattern.h"

/* Length of the token spelled at the start of text ("<int>"), or 0. */
static uint32_t token_at(struct sm_str text, enum sm_token *token,
			 struct sm_str *argument)
{
	uint32_t name_end = 1, end;
	int t;

	if (!text.len || text.p[0] != '<')
		return 0;
	while (name_end < text.len && sm_is_lower(text.p[name_end]))
		name_end++;
	for (t = 0; t < SM_TOKENS; t++)
		if (sm_str_equal(sm_str_part(text, 1, name_end),
				 sm_str_of(sm_token_name(t))))
			break;
	if (t == SM_TOKENS || name_end == text.len)
		return 0;
	*token = t;
	*argument = (struct sm_str){ NULL, 0 };
	if (t != SM_TOKEN_OPTION && t != SM_TOKEN_PATH)
		return text.p[name_end] == '>' ? name_end + 1 : 0;
	if (text.p[name_end] != ':')
		return 0;
	/* Tokens nest once: <path:/a/<int>/b>. */
	int depth = 1;

	for (end = name_end + 1; end < text.len; end++) {
		if (text.p[end] == '\\' && end + 1 < text.len)
			end++;
		else if (text.p[end] == '<')
			depth++;
		else if (text.p[end] == '>' && --depth == 0)
			break;
	}
	if (end >= text.len || end == name_end + 1)
		return 0;
	*argument = sm_str_part(text, name_end + 1, end);
	return end + 1;
}

uint32_t sm_pattern_variable(struct sm_str text)
{
	uint32_t n = 2;

	if (text.len < 4 || text.p[0] != '$' || text.p[1] != '{' ||
	    !sm_is_upper(text.p[2]))
		return 0;
	while (n < text.len && (sm_is_upper(text.p[n]) ||
				sm_is_digit(text.p[n]) || text.p[n] == '_'))
		n++;
	return n < text.len && text.p[n] == '}' ? n + 1 : 0;
}

uint32_t sm_pattern_named(struct sm_str text)
{
	const struct sm_str named = SM_STR("${" SM_VARIABLE_NAMED "}");

	return sm_str_starts(text, named) ? named.len : 0;
}

uint32_t sm_pattern_start(struct sm_str text)
{
	const struct sm_str start = SM_STR("${" SM_VARIABLE_START "}");

	return sm_str_starts(text, start) ? start.len : 0;
}

bool sm_pattern_is_told(struct sm_str name)
{
	return sm_str_equal(name, SM_STR(SM_VARIABLE_NAMED)) ||
	       sm_str_equal(name, SM_STR(SM_VARIABLE_START));
}

uint32_t sm_pattern_run(struct sm_str argument)
{
	const struct sm_str dots = SM_STR("...");
	struct sm_scan scan = { argument, 0, true, false };
	bool has_slot = false;
	enum sm_status status;
	struct sm_item item;

	if (argument.len <= dots.len || !sm_str_ends(argument, dots))
		return 0;
	scan.pattern.len -= dots.len;
	while (!(status = sm_pattern_next(&scan, &item, NULL)))
		has_slot |= item.kind == SM_ITEM_TOKEN ||
			    item.kind == SM_ITEM_OPTION ||
			    item.kind == SM_ITEM_PATH;
	return status == SM_END && has_slot ? scan.pattern.len : 0;
}

/* Where the word of a group that begins at `at` ends. */
static uint32_t group_word_end(struct sm_str text, uint32_t at)
{
	enum sm_token token;
	struct sm_str argument;
	uint32_t n;

	while (at < text.len && text.p[at] != ' ') {
		n = token_at(sm_str_part(text, at, text.len), &token,
			     &argument);
		at += n ? n : text.p[at] == '\\' ? 2 : 1;
	}
	return at;
}

uint32_t sm_pattern_group(struct sm_str argument,
			  struct sm_str words[SM_GROUP_WORDS_MAX])
{
	uint32_t at = 1, end, count = 0;

	if (argument.len < 4 || argument.p[argument.len - 1] != ']' ||
	    !sm_str_starts(argument, SM_STR("[-")))
		return 0;
	argument.len--;
	for (; at <= argument.len; at = end + 1) {
		end = group_word_end(argument, at);
		if (end == at || end > argument.len ||
		    count == SM_GROUP_WORDS_MAX)
			return 0;
		words[count++] = sm_str_part(argument, at, end);
	}
	return count;
}

bool sm_pattern_is_group(struct sm_str argument)
{
	struct sm_str words[SM_GROUP_WORDS_MAX];

	return sm_pattern_group(argument, words) > 0;
}

enum sm_depth sm_pattern_depth(struct sm_str component)
{
	if (sm_str_equal(component, SM_STR("**")))
		return SM_DEPTH_ANY;
	return sm_str_equal(component, SM_STR("<tree>")) ? SM_DEPTH_TREE
							 : SM_DEPTH_NONE;
}

static bool is_plain(const struct sm_scan *scan, char c)
{
	return c != '*' && c != '<' && c != '\\' &&
	       !(c == '$' && scan->has_variables);
}

static enum sm_status next_token(struct sm_scan *scan, struct sm_item *item,
				 struct sm_diag *diag)
{
	struct sm_str rest =
		sm_str_part(scan->pattern, scan->at, scan->pattern.len);
	uint32_t n = token_at(rest, &item->token, &item->text);

	if (scan->is_code_name && (!n || n == scan->pattern.len)) {
		item->text = sm_str_part(rest, 0, 1);
		scan->at++;
		return SM_OK;
	}
	if (!n)
		return sm_fail(diag, SM_INVALID,
			       "unknown token at byte %u of the pattern; "
			       "write \\< for a literal <",
			       scan->at + 1);
	item->kind = item->token == SM_TOKEN_OPTION ? SM_ITEM_OPTION
		     : item->token == SM_TOKEN_PATH ? SM_ITEM_PATH
						    : SM_ITEM_TOKEN;
	scan->at += n;
	return SM_OK;
}

static enum sm_status next_variable(struct sm_scan *scan, struct sm_item *item,
				    struct sm_diag *diag)
{
	struct sm_str rest =
		sm_str_part(scan->pattern, scan->at, scan->pattern.len);
	uint32_t n = sm_pattern_variable(rest);

	if (n) {
		item->kind = SM_ITEM_VARIABLE;
		item->text = sm_str_part(rest, 2, n - 1);
		scan->at += n;
		return SM_OK;
	}
	if (rest.len > 1 && rest.p[1] == '{')
		return sm_fail(diag, SM_INVALID,
			       "bad variable at byte %u of the pattern; "
			       "write ${NAME}, or \\$ for a literal $",
			       scan->at + 1);
	item->kind = SM_ITEM_LITERAL;
	item->text = sm_str_part(rest, 0, 1);
	scan->at++;
	return SM_OK;
}

enum sm_status sm_pattern_next(struct sm_scan *scan, struct sm_item *item,
			       struct sm_diag *diag)
{
	struct sm_str p = scan->pattern;
	uint32_t start = scan->at;

	memset(item, 0, sizeof(*item));
	item->at = start;
	if (start >= p.len)
		return SM_END;
	switch (p.p[start]) {
	case '*':
		item->kind = SM_ITEM_STAR;
		scan->at++;
		return SM_OK;
	case '<':
		return next_token(scan, item, diag);
	case '\\':
		if (start + 1 == p.len)
			return sm_fail(diag, SM_INVALID,
				       "the pattern ends with a lone \\");
		item->text = sm_str_part(p, start + 1, start + 2);
		scan->at += 2;
		return SM_OK;
	case '$':
		if (scan->has_variables)
			return next_variable(scan, item, diag);
		break;
	}
	while (scan->at < p.len && is_plain(scan, p.p[scan->at]))
		scan->at++;
	item->text = sm_str_part(p, start, scan->at);
	return SM_OK;
}
