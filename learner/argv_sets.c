/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Words that stay as they are and name one of few things, as a backup or a
 * repository: files or addresses beside one another that a program was given.
 * Whichever was named in one of its lines may be in another: which operation
 * was recorded with which of them is an accident.
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

static bool may_be_one(const struct sm_line *line, uint32_t at)
{
	const struct sm_word *w = &line->words[at];
	struct sm_str name, dir = dir_in(w->value);

	name = (struct sm_str){ w->value.p + dir.len, w->value.len - dir.len };
	return line->access == SM_ACCESS_EXEC && sm_word_is_value(w) &&
	       !w->is_path && dir.len > 1 && is_plain(name) &&
	       !sm_is_code_suffix(sm_extension(name));
}

/* "PROGRAM SCRIPT DIR .EXT ", before the name. */
static struct sm_str role_of(struct sm_learn *l, const struct sm_line *line,
			     uint32_t at)
{
	const struct sm_str end = SM_STR("\n");
	struct sm_str value = line->words[at].value, script = { "", 0 }, text;

	for (uint32_t i = 0; !script.len && i < line->count; i++)
		if (line->words[i].is_command)
			script = line->words[i].value;
	text = sm_learn_join(l, line->program, end);
	text = sm_learn_join(l, sm_learn_join(l, text, script), end);
	text = sm_learn_join(l, sm_learn_join(l, text, dir_in(value)), end);
	text = sm_learn_join(l, text, sm_extension(value));
	return sm_learn_join(l, text, end);
}

void sm_lines_note_sets(struct sm_learn *l, const struct sm_line *lines,
			size_t count)
{
	for (size_t i = 0; i < count; i++)
		for (uint32_t at = 1; at < lines[i].count; at++) {
			struct sm_str value = lines[i].words[at].value;
			uint32_t n = dir_in(value).len;

			if (!may_be_one(&lines[i], at))
				continue;
			sm_list_add(l, &l->word_sets,
				    sm_learn_join(
					    l, role_of(l, &lines[i], at),
					    (struct sm_str){ value.p + n,
							     value.len - n }));
		}
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
	if (count < 2 || count > SET_MAX)
		return (struct sm_str){ "", 0 };
	text = sm_learn_join(l, SM_STR("<option:"), text);
	text = sm_learn_join(l, text, SM_STR(">"));
	return sm_learn_join(l, sm_escape(l, dir_in(line->words[at].value)),
			     text);
}
