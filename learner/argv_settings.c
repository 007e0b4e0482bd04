/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Settings that go with anything: an encoding, a unit, a paper's size. Each of
 * two that an option was told came with several other things, so that it is
 * chosen for each anew; the third will be. What may be a program's name is no
 * such setting, nor what an option tells who may do what, or whom to ask.
 */
#include "learner/argv_options.h"
#include "schema/ascii.h"

#define SETTINGS_MIN 2 /* that differ */
#define LINES_MIN    2 /* in which each was told */

/* A word of letters and digits that is none of a language: latin1, A4, K. */
static bool is_setting(struct sm_str s)
{
	bool has_letter = false;

	for (uint32_t i = 0; i < s.len; i++) {
		has_letter |= sm_is_alnum(s.p[i]) && !sm_is_digit(s.p[i]);
		if (!sm_is_alnum(s.p[i]) && (!i || !strchr("-_", s.p[i])))
			return false;
	}
	return has_letter && !sm_is_command_word(s);
}

/* A path that opened stands for several in what was recorded more than once. */
static size_t count_lines(const struct sm_line *line)
{
	for (uint32_t i = 0; line->seen > 1 && i < line->count; i++)
		if (line->words[i].is_path)
			return LINES_MIN;
	return 1;
}

/* Each value was told in so many lines, which are all different. */
static bool go_with_anything(const struct sm_line *lines, size_t count,
			     uint32_t at, const struct sm_values *v)
{
	for (size_t i = 0; i < v->count; i++) {
		size_t n = 0;

		for (size_t k = 0; k < count; k++)
			if (sm_str_equal(lines[k].words[at].value,
					 v->items[i].text))
				n += count_lines(&lines[k]);
		if (n < LINES_MIN)
			return false;
	}
	return v->count >= SETTINGS_MIN;
}

static bool may_open(struct sm_learn *l, const struct sm_line *lines,
		     size_t count, uint32_t at)
{
	struct sm_values v;

	if (!sm_word_option(&lines[0], at).len ||
	    !sm_is_plain_option(&lines[0], at))
		return false;
	v = sm_values_at(l, lines, count, at);
	return sm_values_all(&v, is_setting) &&
	       go_with_anything(lines, count, at, &v) &&
	       !sm_word_slot(l, lines, at, &v).len;
}

void sm_lines_open_settings(struct sm_learn *l, const struct sm_line *lines,
			    size_t count, struct sm_str *open)
{
	if (l->options.level == SM_LEVEL_TIGHT)
		return;
	for (uint32_t i = 2; i < lines[0].count; i++)
		if (!open[i].len && may_open(l, lines, count, i))
			open[i] = SM_STR("<name>");
}
