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

/* What some option was told in a line of another group. */
struct told {
	struct sm_str option;
	const struct sm_line *line;
	uint32_t at;
};

struct others {
	struct told *items;
	size_t count, room, lines;
};

static bool add_other(struct sm_learn *l, struct others *o,
		      const struct sm_line *own, const struct sm_line *line)
{
	if (line->access != own->access || o->lines == LINES_MAX ||
	    !sm_str_equal(line->program, own->program))
		return false;
	o->lines++;
	for (uint32_t i = 2; i < line->count && sm_lines_do_the_same(own, line);
	     i++) {
		struct sm_str option = sm_word_option(line, i);

		if (!option.len)
			continue;
		o->items = sm_learn_grow(l, o->items, o->count, &o->room,
					 sizeof(*o->items));
		o->items[o->count++] = (struct told){ option, line, i };
	}
	return true;
}

/* One of its values was told here as well. */
static bool is_common(const struct others *others, const struct sm_values *own,
		      struct sm_str option, size_t *count)
{
	bool found = false;

	*count = 0;
	for (size_t i = 0; i < others->count; i++) {
		const struct told *t = &others->items[i];

		if (!sm_str_equal(t->option, option))
			continue;
		++*count;
		found = found ||
			sm_values_have(own, t->line->words[t->at].value);
	}
	return found;
}

static struct sm_str slot_at(struct sm_learn *l, const struct others *others,
			     const struct sm_line *lines, size_t count,
			     uint32_t at)
{
	struct sm_values own = sm_values_at(l, lines, count, at), said = own;
	struct sm_str option = sm_word_option(lines, at);
	size_t more;

	if (!is_common(others, &own, option, &more) ||
	    sm_word_slot(l, lines, at, &own).len)
		return SM_STR("");
	said.items = sm_learn_take(l, (own.count + more) * sizeof(*said.items));
	memcpy(said.items, own.items, own.count * sizeof(*said.items));
	for (size_t i = 0; i < others->count; i++) {
		const struct told *t = &others->items[i];

		if (sm_str_equal(t->option, option))
			said.items[said.count++] =
				sm_value_of(t->line, &t->line->words[t->at]);
	}
	sm_values_sort(&said);
	return sm_word_slot(l, lines, at, &said);
}

void sm_lines_open_said(struct sm_learn *l, const struct sm_line *lines,
			size_t count, size_t first, size_t end,
			struct sm_str *open)
{
	const struct sm_line *own = &lines[first];
	struct others others = { .count = 0 };

	if (own->access != SM_ACCESS_EXEC || l->options.level == SM_LEVEL_TIGHT)
		return;
	for (size_t i = first; i && add_other(l, &others, own, &lines[i - 1]);
	     i--)
		;
	for (size_t i = end; i < count && add_other(l, &others, own, &lines[i]);
	     i++)
		;
	for (uint32_t i = 2; others.count && i < own->count; i++)
		if (!open[i].len && sm_word_option(own, i).len)
			open[i] = slot_at(l, &others, own, end - first, i);
}
