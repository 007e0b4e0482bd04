/* SPDX-License-Identifier: Apache-2.0 */
/*
 * redact_sql.c: credentials in SQL: behind words that say so, and in a row for
 * a column that does.
 */
#include "recorder/redact_internal.h"

/* The word in front of at, blanks and ( skipped; empty: there are none. */
static struct sm_str word_before(const struct sm_redact_scan *s, uint32_t at)
{
	uint32_t start, end = at;

	while (at &&
	       (sm_is_blank(s->text.p[at - 1]) || s->text.p[at - 1] == '('))
		at--;
	if (at == end)
		return sm_str_part(s->text, at, at);
	for (start = at; start; start--)
		if (!sm_is_alnum(s->text.p[start - 1]) &&
		    s->text.p[start - 1] != '_')
			break;
	return sm_str_part(s->text, start, at);
}

static bool is_word_before(const struct sm_redact_scan *s, struct sm_str word,
			   const char *lower)
{
	return sm_is_same_name(word_before(s, (uint32_t)(word.p - s->text.p)),
			       lower);
}

/* ------------------------------------------------------- encrypted databases
 */

/* `PRAGMA key = 'x'`, `PRAGMA main.rekey='x'` */
bool sm_is_pragma(const struct sm_redact_scan *s, struct sm_str name)
{
	static const char *const keys[] = { "key", "rekey", "hexkey",
					    "hexrekey", "textkey" };
	const char *dot = name.len ? memrchr(name.p, '.', name.len) : NULL;
	struct sm_str last = name;

	if (dot)
		last = sm_str_part(name, (uint32_t)(dot + 1 - name.p),
				   name.len);
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (sm_is_same_name(last, keys[i]))
			return is_word_before(s, name, "pragma");
	return false;
}

/* `ATTACH 'file' AS name KEY 'x'` */
static bool is_key_of_file(const struct sm_redact_scan *s, struct sm_str word)
{
	struct sm_str name;

	if (!sm_is_same_name(word, "key"))
		return false;
	name = word_before(s, (uint32_t)(word.p - s->text.p));
	return name.len && is_word_before(s, name, "as");
}

/* ------------------------------------------------------------------- rows */

/* Of a row, and of the names of its columns, that are looked at. */
#define ROW_MAX 512

/*
 * Where the list opens that at is in, and how many commas stand before at in
 * it; text.len: none does.
 */
static uint32_t open_before(const struct sm_redact_scan *s, uint32_t at,
			    uint32_t *commas)
{
	uint32_t least = at > ROW_MAX ? at - ROW_MAX : 0, depth = 0;
	char quote = 0;

	for (*commas = 0; at > least; at--) {
		char c = s->text.p[at - 1];

		if (quote)
			quote = c == quote ? 0 : quote;
		else if (sm_is_quote(c))
			quote = c;
		else if (c == ')')
			depth++;
		else if (c == '(' && !depth--)
			return at - 1;
		else if (c == ',' && !depth)
			++*commas;
	}
	return s->text.len;
}

/* Of the list that ends before end, the item behind so many commas. */
static struct sm_str item_of(const struct sm_redact_scan *s, uint32_t open,
			     uint32_t end, uint32_t commas)
{
	uint32_t from = open + 1, to;

	for (; commas && from < end; from++)
		commas -= s->text.p[from] == ',';
	while (from < end && !sm_is_name(s->text.p[from]))
		from++; /* blanks, quotes */
	for (to = from; to < end && sm_is_name(s->text.p[to]);)
		to++;
	return sm_str_part(s->text, from, to);
}

/* `INSERT INTO users (name, password) VALUES ('me', 'x')` */
static bool is_inserted(const struct sm_redact_scan *s)
{
	uint32_t commas, others, row, end, list;
	struct sm_str values;

	if (!s->has_values)
		return false;
	row = open_before(s, s->at, &commas);
	if (row == s->text.len)
		return false;
	values = word_before(s, row + 1);
	if (!sm_is_same_name(values, "values"))
		return false;
	end = (uint32_t)(values.p - s->text.p);
	while (end && sm_is_blank(s->text.p[end - 1]))
		end--;
	if (!end || s->text.p[end - 1] != ')')
		return false;
	list = open_before(s, --end, &others);
	return list < end && others >= commas &&
	       sm_name_kind_of(item_of(s, list, end, commas)) == SM_NAME_SECRET;
}

/* ------------------------------------------------------------------ words */

/* PASSWORD 'x', IDENTIFIED BY 'x', IDENTIFIED WITH plugin AS 'x' */
bool sm_is_sql(const struct sm_redact_scan *s, struct sm_span *out)
{
	bool is_escaped = s->at && s->text.p[s->at - 1] == '\\';
	struct sm_str word = word_before(s, s->at - is_escaped);
	uint32_t before = (uint32_t)(word.p - s->text.p);
	char quote = s->text.p[s->at];
	bool is_behind = sm_name_kind_of(word) == SM_NAME_SECRET ||
			 is_key_of_file(s, word) || is_inserted(s);

	if (!is_behind &&
	    (sm_is_same_name(word, "by") || sm_is_same_name(word, "as"))) {
		word = word_before(s, before);
		is_behind = sm_is_same_name(word, "identified");
		if (!is_behind && word.len) {
			word = word_before(s, (uint32_t)(word.p - s->text.p));
			is_behind = sm_is_same_name(word, "with");
		}
	}
	if (!is_behind ||
	    (s->kind == SM_REDACT_LINE && !s->quote && !s->is_strict))
		return false;
	return sm_take(
		s, s->at + 1,
		sm_redact_end(s->kind, s->text, s->at + 1, s->quote, quote),
		out);
}
