/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an option was told in other lines of its program. Whether a line was
 * recorded with each of the values, or with one that came back every day, is an
 * accident: where one of them was told in both, what all of them open as is
 * what it may be told here.
 */
#include "learner/argv_options.h"

/* More lines of one program are not compared. */
#define LINES_MAX 256

bool sm_lines_do_the_same(const struct sm_line *a, const struct sm_line *b)
{
	return !sm_is_subcommand(a, 1) ||
	       (b->count > 1 &&
		sm_str_equal(a->words[1].value, b->words[1].value));
}

static bool is_value(const struct sm_word *w)
{
	return sm_word_is_value(w) && !w->is_path;
}

/* The option that word `at` is the value of; empty: of none. */
static struct sm_str option_of(const struct sm_line *line, uint32_t at)
{
	return at > 1 && is_value(&line->words[at]) &&
			       sm_word_is_option(&line->words[at - 1])
		       ? line->words[at - 1].value
		       : SM_STR("");
}

/* What the option was told in lines of other groups. */
struct said {
	struct sm_values values;
	bool is_common; /* one of them was told here as well */
};

static bool is_among(const struct sm_values *v, struct sm_str text)
{
	for (size_t i = 0; i < v->count; i++)
		if (sm_str_equal(v->items[i].text, text))
			return true;
	return false;
}

static void add_said(const struct sm_values *own, const struct sm_line *line,
		     struct sm_str option, struct said *said)
{
	for (uint32_t i = 2; i < line->count; i++) {
		if (!sm_str_equal(option_of(line, i), option))
			continue;
		said->is_common |= is_among(own, line->words[i].value);
		said->values.items[said->values.count++] =
			sm_value_of(line, &line->words[i]);
	}
}

struct others {
	const struct sm_line *items[LINES_MAX];
	size_t count, words;
};

static bool add_other(struct others *o, const struct sm_line *own,
		      const struct sm_line *line)
{
	if (line->access != own->access || o->count == LINES_MAX ||
	    !sm_str_equal(line->program, own->program))
		return false;
	if (sm_lines_do_the_same(own, line)) {
		o->items[o->count++] = line;
		o->words += line->count;
	}
	return true;
}

static struct sm_str slot_at(struct sm_learn *l, const struct others *others,
			     const struct sm_line *lines, size_t count,
			     uint32_t at)
{
	struct sm_values own = sm_values_at(l, lines, count, at);
	struct said said = { .is_common = false };

	if (sm_word_slot(l, lines, at, &own).len)
		return SM_STR("");
	said.values.items = sm_learn_take(l, (own.count + others->words) *
						     sizeof(*own.items));
	for (size_t i = 0; i < own.count; i++)
		said.values.items[said.values.count++] = own.items[i];
	for (size_t i = 0; i < others->count; i++)
		add_said(&own, others->items[i], option_of(lines, at), &said);
	if (!said.is_common)
		return SM_STR("");
	sm_values_sort(&said.values);
	return sm_word_slot(l, lines, at, &said.values);
}

void sm_lines_open_said(struct sm_learn *l, const struct sm_line *lines,
			size_t count, size_t first, size_t end,
			struct sm_str *open)
{
	const struct sm_line *own = &lines[first];
	struct others *others;

	if (own->access != SM_ACCESS_EXEC || l->options.level == SM_LEVEL_TIGHT)
		return;
	others = sm_learn_take(l, sizeof(*others));
	others->count = others->words = 0;
	for (size_t i = first; i && add_other(others, own, &lines[i - 1]); i--)
		;
	for (size_t i = end; i < count && add_other(others, own, &lines[i]);
	     i++)
		;
	for (uint32_t i = 2; others->count && i < own->count; i++)
		if (!open[i].len && option_of(own, i).len)
			open[i] = slot_at(l, others, own, end - first, i);
}
