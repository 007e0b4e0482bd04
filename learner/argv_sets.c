/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Words that stay as they are and name one of few things, as a backup or a
 * repository: files or addresses beside one another that a program was given.
 * Whichever was named in one of its lines may be in another: which operation
 * was recorded with which of them is an accident.
 *
 * Where the same is done to several of them, in more than one way, it is not
 * the names that the program is about: the next one is treated alike.
 */
#include "learner/argv.h"

/* More are no list of what there is. */
#define SET_MAX 16

static struct sm_str dir_in(struct sm_str text)
{
	uint32_t n = text.len;

	while (n && text.p[n - 1] != '/')
		n--;
	return (struct sm_str){ text.p, n };
}

/* Bytes that mean nothing in a slot. */
static bool is_plain(struct sm_str name)
{
	for (uint32_t i = 0; i < name.len; i++)
		if (strchr("|<>\\*$", name.p[i]))
			return false;
	return name.len && name.p[0] != '.';
}

/* A file that a shell writes or reads itself. */
static bool is_redirected(const struct sm_line *line, uint32_t at)
{
	const struct sm_word *w = at ? &line->words[at - 1] : NULL;

	return w && w->is_raw && w->value.len &&
	       (sm_str_has(w->value, '<') || sm_str_has(w->value, '>'));
}

static bool may_be_one(const struct sm_line *line, uint32_t at)
{
	const struct sm_word *w = &line->words[at];
	struct sm_str name, dir = dir_in(w->value);

	name = (struct sm_str){ w->value.p + dir.len, w->value.len - dir.len };
	return sm_word_is_value(w) && !w->is_path && dir.len > 1 &&
	       is_plain(name) && !is_redirected(line, at) &&
	       !sm_is_code_suffix(sm_extension(name));
}

static struct sm_str add_line(struct sm_learn *l, struct sm_str text,
			      struct sm_str more)
{
	return sm_learn_join(l, sm_learn_join(l, text, more), SM_STR("\n"));
}

/* Of a shell line, the command that the word belongs to. */
static struct sm_str program_of(const struct sm_line *line, uint32_t at)
{
	return line->access == SM_ACCESS_EXEC ? line->program
					      : sm_line_command(line, at);
}

static struct sm_str script_of(const struct sm_line *line)
{
	for (uint32_t i = 0; line->access == SM_ACCESS_EXEC && i < line->count;
	     i++)
		if (line->words[i].is_command)
			return line->words[i].value;
	return SM_STR("");
}

/* "PROGRAM SCRIPT DIR .EXT ", before the name. */
static struct sm_str role_of(struct sm_learn *l, const struct sm_line *line,
			     uint32_t at)
{
	struct sm_str value = line->words[at].value, text;

	text = add_line(l, program_of(line, at), script_of(line));
	text = add_line(l, text, dir_in(value));
	return add_line(l, text, sm_extension(value));
}

/* Likewise, of whatever directory that is called so, and for any program of
 * that name: what is said in a shell line, or from elsewhere, counts too. */
static struct sm_str kin_of(struct sm_learn *l, const struct sm_line *line,
			    uint32_t at)
{
	struct sm_str value = line->words[at].value, dir = dir_in(value), text;

	dir.len--;
	text = add_line(l, sm_path_name(program_of(line, at)), script_of(line));
	text = add_line(l, text, sm_path_name(dir));
	return add_line(l, text, sm_extension(value));
}

/* What is done: all that the program spells. */
static struct sm_str way_of(struct sm_learn *l, const struct sm_line *line,
			    uint32_t at)
{
	struct sm_str text = SM_STR("");

	for (uint32_t i = 0; i < line->count; i++) {
		const struct sm_word *w = &line->words[i];

		text = sm_learn_join(l, text, w->head);
		text = sm_learn_join(l, text,
				     i == at	   ? SM_STR("^")
				     : w->is_fixed ? w->value
						   : SM_STR("?"));
		text = sm_learn_join(l, text, SM_STR(" "));
	}
	return add_line(l, text, SM_STR(""));
}

void sm_lines_note_sets(struct sm_learn *l, const struct sm_line *lines,
			size_t count)
{
	for (size_t i = 0; i < count; i++)
		for (uint32_t at = 1; at < lines[i].count; at++) {
			struct sm_str value = lines[i].words[at].value, name;
			struct sm_str way;
			uint32_t n = dir_in(value).len;

			if (!may_be_one(&lines[i], at))
				continue;
			name = (struct sm_str){ value.p + n, value.len - n };
			way = sm_learn_join(l, kin_of(l, &lines[i], at),
					    way_of(l, &lines[i], at));
			sm_list_add(l, &l->word_sets,
				    sm_learn_join(l, role_of(l, &lines[i], at),
						  name));
			sm_list_add(l, &l->word_ways,
				    sm_learn_join(l, way, name));
		}
}

/* Without the name behind the last newline. */
static struct sm_str without_name(struct sm_str text)
{
	while (text.len && text.p[text.len - 1] != '\n')
		text.len--;
	return text;
}

/* Two things or more were done to two names or more each. */
static bool are_treated_alike(struct sm_learn *l, struct sm_str kin)
{
	const struct sm_str_list *list = &l->word_ways;
	unsigned ways = 0, names = 0;

	for (size_t i = sm_str_place(list->items, list->count, kin);
	     i < list->count && sm_str_starts(list->items[i], kin); i++) {
		struct sm_str way = without_name(list->items[i]);

		names = i && sm_str_equal(way, without_name(list->items[i - 1]))
				? names + 1
				: 1;
		ways += names == 2;
	}
	return ways > 1;
}

struct sm_str sm_line_set(struct sm_learn *l, const struct sm_line *line,
			  uint32_t at)
{
	struct sm_str role, text = { "", 0 }, name;
	unsigned count = 0;

	if (!may_be_one(line, at))
		return text;
	role = role_of(l, line, at);
	for (size_t i =
		     sm_str_place(l->word_sets.items, l->word_sets.count, role);
	     i < l->word_sets.count; i++) {
		name = l->word_sets.items[i];
		if (!sm_str_starts(name, role))
			break;
		name.p += role.len;
		name.len -= role.len;
		if (count++)
			text = sm_learn_join(l, text, SM_STR("|"));
		text = sm_learn_join(l, text, name);
	}
	if (count < 2)
		return SM_STR("");
	if (are_treated_alike(l, kin_of(l, line, at))) {
		name = sm_extension(line->words[at].value);
		text = sm_learn_join(l, SM_STR("<name>"), sm_escape(l, name));
	} else if (count > SET_MAX) {
		return SM_STR("");
	} else {
		text = sm_learn_join(l, SM_STR("<option:"), text);
		text = sm_learn_join(l, text, SM_STR(">"));
	}
	return sm_learn_join(l, sm_escape(l, dir_in(line->words[at].value)),
			     text);
}
