/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Options of a program that a line may hold or not: two lines that are alike
 * but for some tell of these, and how many words behind them are theirs.
 */
#include "learner/argv_options.h"

/* Lines that look different, of one program; more are not compared. */
#define SHAPES_MAX 128

/* What it costs to take two lines for the same, a word at a time. */
enum cost { SAME = 0, OTHER_PLACE = 1, LEFT_OUT = 1, MORE = 3, NEVER = 10000 };

/* ---------------------------------------------------------------- options */

/* Bytes that are spelled as they are, quoted by nobody. */
static bool is_plain(struct sm_str text)
{
	for (uint32_t i = 0; i < text.len; i++)
		if (!strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwx"
			    "yz0123456789-_=+,.:/",
			    text.p[i]))
			return false;
	return true;
}

bool sm_word_is_option(const struct sm_word *w)
{
	struct sm_str text = w->head.len ? w->head : w->value;

	return !w->is_raw && !w->is_pattern && !w->is_command && !w->is_path &&
	       sm_is_option(text) && is_plain(text) &&
	       !sm_str_equal(text, SM_STR("--")) &&
	       (w->head.len || w->is_fixed);
}

struct sm_str sm_word_option(const struct sm_line *line, uint32_t at)
{
	const struct sm_word *w = &line->words[at];

	return at > 1 && sm_word_is_value(w) && !w->is_path &&
			       sm_word_is_option(w - 1)
		       ? (w - 1)->value
		       : SM_STR("");
}

/* Behind what says what is run: code, a module, a script. */
static uint32_t first_own(const struct sm_line *line)
{
	uint32_t first = 1;

	for (uint32_t i = 1; line->access == SM_ACCESS_EXEC && i < line->count;
	     i++) {
		const struct sm_word *w = &line->words[i];

		if (w->is_command || w->is_pattern ||
		    (w->is_fixed && !w->is_path && !sm_is_option(w->value)))
			first = i + 1;
	}
	return first;
}

struct sm_option *sm_option_at(struct sm_options *o, const struct sm_line *line,
			       uint32_t at)
{
	const struct sm_word *w = &line->words[at];
	struct sm_str command = sm_line_command(line, at);

	if (!sm_word_is_option(w) || at < first_own(line))
		return NULL;
	for (size_t i = 0; i < o->count; i++)
		if (sm_str_equal(o->items[i].text,
				 w->head.len ? w->head : w->value) &&
		    sm_str_equal(o->items[i].command, command))
			return &o->items[i];
	return NULL;
}

static void vote(struct sm_learn *l, struct sm_options *o,
		 const struct sm_line *line, uint32_t at, uint32_t takes)
{
	const struct sm_word *w = &line->words[at];
	struct sm_option *option = sm_option_at(o, line, at);

	if (!option) {
		o->items = sm_learn_grow(l, o->items, o->count, &o->room,
					 sizeof(*o->items));
		option = &o->items[o->count++];
		*option = (struct sm_option){
			.command = sm_line_command(line, at),
			.text = w->head.len ? w->head : w->value,
		};
	}
	option->votes[takes]++;
}

uint32_t sm_option_takes(const struct sm_option *o)
{
	uint32_t best = 1;

	for (uint32_t i = 0; i <= SM_TAKES_MAX; i++)
		if (o->votes[i] > o->votes[best])
			best = i;
	return best;
}

bool sm_option_has_values(const struct sm_line *line, uint32_t at,
			  uint32_t count)
{
	if (count && line->words[at].head.len)
		return false;
	for (uint32_t i = 1; i <= count; i++)
		if (at + i >= line->count ||
		    !sm_word_is_value(&line->words[at + i]))
			return false;
	return true;
}

/* ----------------------------------------------------------- two lines */

static bool is_number(struct sm_str s)
{
	return s.len && sm_token_match(SM_TOKEN_INT, s) == s.len;
}

static struct sm_str dir_in(struct sm_str text)
{
	while (text.len && text.p[text.len - 1] != '/')
		text.len--;
	return text;
}

/* Files of one pattern, or in one directory; or neither names one. */
static bool lie_together(const struct sm_word *a, const struct sm_word *b)
{
	struct sm_str pattern = sm_word_pattern(a);

	return (pattern.len && sm_str_equal(pattern, sm_word_pattern(b))) ||
	       sm_str_equal(dir_in(a->value), dir_in(b->value));
}

/* A word that somebody gave; but who gives a command asks for another thing. */
static bool is_given(const struct sm_learn *l, const struct sm_line *line,
		     uint32_t at)
{
	return sm_list_has(&l->given, line->words[at].value) &&
	       !sm_is_subcommand(line, at);
}

/* What it costs to take one word for another. */
static unsigned compare(const struct sm_learn *l, const struct sm_line *line,
			uint32_t at, const struct sm_word *b)
{
	const struct sm_word *a = &line->words[at];

	if (!sm_word_is_value(a) || !sm_word_is_value(b))
		return sm_word_compare_flags(a, b) ||
				       !sm_str_equal(a->head, b->head) ||
				       (a->is_fixed &&
					!sm_str_equal(a->value, b->value))
			       ? NEVER
			       : SAME;
	if (sm_str_equal(a->value, b->value))
		return SAME;
	if (is_number(a->value) != is_number(b->value))
		return NEVER;
	/* Another word, another thing to do. */
	if (sm_is_command_word(a->value) && sm_is_command_word(b->value) &&
	    !sm_list_has(&l->members, a->value) && !is_given(l, line, at))
		return NEVER;
	return lie_together(a, b) ? SAME : OTHER_PLACE;
}

/* How line a becomes line b, least costs from each pair of words on. */
struct way {
	const struct sm_line *a, *b;
	uint32_t first; /* of a: options before are not left out */
	unsigned *cost; /* (a->count + 1) times (b->count + 1) */
};

static unsigned *cost_at(const struct way *w, uint32_t i, uint32_t j)
{
	return &w->cost[i * (w->b->count + 1) + j];
}

static bool may_leave_out(const struct way *w, uint32_t i, uint32_t count)
{
	return i >= w->first && i < w->a->count &&
	       sm_word_is_option(&w->a->words[i]) &&
	       sm_option_has_values(w->a, i, count);
}

/* One more value in a row of them. */
static bool is_one_more(const struct sm_line *line, uint32_t i)
{
	return i && sm_word_is_value(&line->words[i]) &&
	       sm_word_is_value(&line->words[i - 1]);
}

/* LEAVE and what follows it: with so many words behind. */
enum step { TAKE, MORE_A, MORE_B, LEAVE, STEPS = LEAVE + SM_TAKES_MAX + 1 };

static unsigned step_cost(const struct sm_learn *l, const struct way *w,
			  uint32_t i, uint32_t j, enum step step)
{
	bool in_a = i < w->a->count, in_b = j < w->b->count;

	switch (step) {
	case TAKE:
		if (!in_a || !in_b)
			return NEVER;
		return compare(l, w->a, i, &w->b->words[j]) +
		       *cost_at(w, i + 1, j + 1);
	case MORE_A:
		return in_a && is_one_more(w->a, i)
			       ? MORE + *cost_at(w, i + 1, j)
			       : NEVER;
	case MORE_B:
		return in_b && is_one_more(w->b, j)
			       ? MORE + *cost_at(w, i, j + 1)
			       : NEVER;
	default:
		return may_leave_out(w, i, step - LEAVE)
			       ? LEFT_OUT + *cost_at(w, i + 1 + step - LEAVE, j)
			       : NEVER;
	}
}

static enum step best_step(const struct sm_learn *l, const struct way *w,
			   uint32_t i, uint32_t j)
{
	enum step best = TAKE;

	for (enum step step = TAKE; step < STEPS; step++)
		if (step_cost(l, w, i, j, step) < step_cost(l, w, i, j, best))
			best = step;
	return best;
}

/* Notes the options that line a has and line b has not. */
static void compare_lines(struct sm_learn *l, const struct sm_line *a,
			  const struct sm_line *b, unsigned *cost,
			  struct sm_options *found)
{
	struct way w = { a, b, first_own(a), cost };
	uint32_t i = 0, j = 0;

	for (i = a->count + 1; i--;)
		for (j = b->count + 1; j--;) {
			unsigned least;

			if (i == a->count && j == b->count) {
				*cost_at(&w, i, j) = 0;
				continue;
			}
			least = step_cost(l, &w, i, j, best_step(l, &w, i, j));
			*cost_at(&w, i, j) = least < NEVER ? least : NEVER;
		}
	if (*cost_at(&w, 0, 0) >= NEVER)
		return;
	for (i = j = 0; i < a->count || j < b->count;) {
		enum step step = best_step(l, &w, i, j);

		if (step >= LEAVE)
			vote(l, found, a, i, step - LEAVE);
		i += step >= LEAVE ? 1 + step - LEAVE : step != MORE_B;
		j += step == TAKE || step == MORE_B;
	}
}

static uint32_t count_options(const struct sm_line *line)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < line->count; i++)
		n += sm_word_is_option(&line->words[i]);
	return n;
}

static bool has_head(const struct sm_line *line, struct sm_str head)
{
	for (uint32_t i = 0; i < line->count; i++)
		if (sm_str_equal(line->words[i].head, head))
			return true;
	return false;
}

/* What comparing lines needs, for the longest of them. */
struct room {
	unsigned *cost;
	struct sm_word *words;
};

/*
 * The line without the settings other has not. Of two lines with a setting each
 * (--jobs=2, --rcfile=FILE) both may be left out; of two options without a
 * value each may say what is to be done.
 */
static struct sm_line without_settings(const struct sm_line *line,
				       const struct sm_line *other,
				       struct sm_word *words)
{
	struct sm_line new = *line;

	new.words = words;
	new.count = 0;
	for (uint32_t i = 0; i < line->count; i++) {
		const struct sm_word *w = &line->words[i];

		if (!w->head.len || !sm_word_is_option(w) ||
		    has_head(other, w->head))
			new.words[new.count++] = *w;
	}
	return new;
}

/* Of a and b, what a has and b has not. */
static void compare_two(struct sm_learn *l, const struct sm_line *a,
			const struct sm_line *b, const struct room *room,
			struct sm_options *found)
{
	struct sm_line less = *b;

	if (count_options(a) == count_options(b))
		less = without_settings(b, a, room->words);
	if (count_options(a) > count_options(&less))
		compare_lines(l, a, &less, room->cost, found);
}

/* They are spelled alike, and do the same. */
static bool look_alike(const struct sm_learn *l, const struct sm_line *a,
		       const struct sm_line *b)
{
	if (sm_line_compare_groups(a, b))
		return false;
	for (uint32_t i = 0; i < a->count; i++)
		if (compare(l, a, i, &b->words[i]) >= NEVER)
			return false;
	return true;
}

struct sm_options sm_options_find(struct sm_learn *l,
				  const struct sm_piece *pieces, size_t count)
{
	const struct sm_line **shapes =
		sm_learn_take(l, SHAPES_MAX * sizeof(const struct sm_line *));
	struct sm_options found = { NULL, 0, 0 };
	size_t n = 0, longest = 0;
	struct room room;

	for (size_t i = 0; i < count && n < SHAPES_MAX; i++) {
		if (i && look_alike(l, &pieces[i - 1].line, &pieces[i].line))
			continue;
		shapes[n++] = &pieces[i].line;
		longest = pieces[i].line.count > longest ? pieces[i].line.count
							 : longest;
	}
	room.cost = sm_learn_take(l, (longest + 1) * (longest + 1) *
					     sizeof(*room.cost));
	room.words = sm_learn_take(l, (longest + 1) * sizeof(*room.words));
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < n; k++)
			if (i != k)
				compare_two(l, shapes[i], shapes[k], &room,
					    &found);
	return found;
}
