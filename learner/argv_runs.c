/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines that differ in how many words of a kind they hold, as `tar -cf OUT A B`
 * and `tar -cf OUT A B C`: the words become one that stands for any number.
 *
 * A line is words that are spelled by the program and, between them, stretches
 * of words that are values. Lines alike but for the length of a stretch share
 * it. Which words at its start and end have a meaning of their own, as an
 * archive before what goes in, is what costs least (cost.h).
 */
#include <stdlib.h>

#include "learner/argv.h"
#include "learner/cost.h"

/* Words with a meaning of their own that are told apart from a list. */
#define LEADING_MAX  6
#define TRAILING_MAX 2

/* One more rule; as in cost.c. */
#define RULE_WEIGHT 0.25

struct sm_str sm_word_pattern(const struct sm_word *word)
{
	return word->is_path ? word->value : word->known;
}

bool sm_word_is_value(const struct sm_word *w)
{
	return !w->is_raw && !w->is_pattern && !w->is_command && !w->head.len &&
	       !w->tail.len && (!w->is_fixed || w->is_path);
}

/* Behind the stretch that begins at `at`. */
static uint32_t stretch_end(const struct sm_line *line, uint32_t at)
{
	while (at < line->count && sm_word_is_value(&line->words[at]))
		at++;
	return at;
}

/* ------------------------------------------------------------------ shapes */

static int compare_spelled(const struct sm_word *a, const struct sm_word *b)
{
	int r = sm_word_compare_flags(a, b);

	if (!r)
		r = sm_str_compare(a->head, b->head);
	return r || !a->is_fixed ? r : sm_str_compare(a->value, b->value);
}

/* Two stretches are alike, however long. */
static int compare_words(const struct sm_line *a, const struct sm_line *b)
{
	uint32_t i = 0, j = 0;
	int r = 0;

	while (!r && i < a->count && j < b->count) {
		bool x = sm_word_is_value(&a->words[i]);
		bool y = sm_word_is_value(&b->words[j]);

		r = (x > y) - (x < y);
		if (r || x) {
			i = stretch_end(a, i);
			j = stretch_end(b, j);
			continue;
		}
		r = compare_spelled(&a->words[i++], &b->words[j++]);
	}
	return r ? r : (i < a->count) - (j < b->count);
}

int sm_line_compare_shapes(const struct sm_line *a, const struct sm_line *b)
{
	int r = sm_line_compare_heads(a, b);

	return r ? r : compare_words(a, b);
}

static int by_shape(const void *x, const void *y)
{
	int r = sm_line_compare_shapes(x, y);

	return r ? r : sm_line_compare(x, y);
}

/* --------------------------------------------------------------- stretches */

/* Where the stretch with this number begins. */
static uint32_t stretch_at(const struct sm_line *line, unsigned number)
{
	uint32_t at = 0;

	for (;; at = stretch_end(line, at)) {
		while (at < line->count && !sm_word_is_value(&line->words[at]))
			at++;
		if (!number-- || at == line->count)
			return at;
	}
}

static uint32_t length_of(const struct sm_line *line, unsigned number)
{
	uint32_t at = stretch_at(line, number);

	return stretch_end(line, at) - at;
}

static unsigned count_stretches(const struct sm_line *line)
{
	unsigned n = 0;

	while (stretch_at(line, n) < line->count)
		n++;
	return n;
}

void sm_line_fold(struct sm_learn *l, struct sm_line *line, uint32_t at,
		  uint32_t had, struct sm_str slot)
{
	uint32_t rest = line->count - at - had;
	struct sm_word *words =
		sm_learn_take(l, (at + 1 + rest) * sizeof(*words));

	memcpy(words, line->words, at * sizeof(*words));
	words[at] = (struct sm_word){ .value = slot,
				      .is_fixed = true,
				      .is_pattern = true,
				      .is_run = true };
	memcpy(words + at + 1, line->words + at + had, rest * sizeof(*words));
	line->words = words;
	line->count = at + 1 + rest;
}

struct sm_str sm_path_slot(struct sm_learn *l, struct sm_str pattern)
{
	pattern = sm_learn_join(l, SM_STR("<path:"), pattern);
	return sm_learn_join(l, pattern, SM_STR(">"));
}

/* ---------------------------------------------------------------- the cut */

/* Lines that differ in the length of one stretch, and the words in it. */
struct stretch {
	struct sm_line *lines;
	size_t count;
	unsigned number;
	uint32_t least; /* its length */
	bool has_dirs;	/* others have a directory there */
};

/* Words of a stretch from its start up to so many before its end. */
static struct sm_values pool(struct sm_learn *l, const struct stretch *s,
			     uint32_t leading, uint32_t trailing, bool *is_path,
			     bool *is_plain)
{
	struct sm_values v = { .count = 0 };
	size_t room = 0;

	*is_path = *is_plain = true;
	for (size_t i = 0; i < s->count; i++)
		room += s->lines[i].count;
	v.items = sm_learn_take(l, (room + 1) * sizeof(*v.items));
	for (size_t i = 0; i < s->count; i++) {
		const struct sm_line *line = &s->lines[i];
		uint32_t at = stretch_at(line, s->number);
		uint32_t end = stretch_end(line, at) - trailing;

		for (at += leading; at < end; at++) {
			const struct sm_word *w = &line->words[at];

			*is_path &= w->is_path;
			*is_plain &= !w->is_path;
			v.items[v.count++] = sm_value_of(line, w);
		}
	}
	sm_values_sort(&v);
	return v;
}

/* What stands `at` words behind the start, or before the end. */
static struct sm_values column(struct sm_learn *l, const struct stretch *s,
			       uint32_t at, bool is_trailing, bool *is_path)
{
	struct sm_values v = { .items = sm_learn_take(
				       l, s->count * sizeof(*v.items)),
			       .count = s->count };

	*is_path = true;
	for (size_t i = 0; i < s->count; i++) {
		const struct sm_line *line = &s->lines[i];
		uint32_t from = stretch_at(line, s->number);
		const struct sm_word *w =
			&line->words[is_trailing
					     ? stretch_end(line, from) - 1 - at
					     : from + at];

		*is_path &= w->is_path;
		v.items[i] = sm_value_of(line, w);
	}
	sm_values_sort(&v);
	return v;
}

static double exposure(struct sm_str slot)
{
	const struct sm_str path = SM_STR("<path:");

	if (sm_str_starts(slot, path)) {
		slot.p += path.len;
		slot.len -= path.len + 1;
	}
	return sm_pattern_exposure(slot, SM_ACCESS_READ);
}

/* How likely the next value is none of these: Good and Turing, by run. */
static double unseen(const struct sm_values *v)
{
	double once = 0, seen = 0;

	for (size_t i = 0; i < v->count; i++) {
		once += v->items[i].runs.count == 1;
		seen += v->items[i].runs.count;
	}
	return once / seen;
}

/* Of a word on its own: as a slot, if it may be one, or as recorded. */
static double column_cost(struct sm_learn *l, const struct stretch *s,
			  uint32_t at, bool is_trailing)
{
	bool is_path;
	struct sm_values v = column(l, s, at, is_trailing, &is_path);
	struct sm_str slot = { "", 0 };

	if (v.count == 1 && is_path)
		return exposure(sm_path_slot(l, v.items[0].text));
	if (v.count == 1 && !v.items[0].known.len)
		return 0;
	if (!is_path)
		slot = sm_values_slot(l, &v);
	if (slot.len)
		return exposure(slot);
	return RULE_WEIGHT * (double)(v.count - 1) +
	       sm_block_cost(l, unseen(&v));
}

/* The slot of the words between, or empty when they are of no one kind. */
static struct sm_str run_slot(struct sm_learn *l, const struct stretch *s,
			      uint32_t leading, uint32_t trailing)
{
	bool is_path, is_plain;
	struct sm_str slot = { "", 0 };
	struct sm_values v = pool(l, s, leading, trailing, &is_path, &is_plain);

	v.has_dirs = s->has_dirs;
	if (is_path && v.count == 1)
		return sm_path_slot(l, v.items[0].text);
	if (!is_plain)
		return SM_STR("");
	if (v.count > 1 || v.items[0].known.len)
		slot = sm_values_slot(l, &v);
	return slot.len ? slot : sm_values_given_any(l, &v);
}

/*
 * Each word the shortest line has, and those that are more. So a word in front
 * stays apart where it is of a narrower kind than what follows.
 */
static double cut_cost(struct sm_learn *l, const struct stretch *s,
		       uint32_t leading, uint32_t trailing, struct sm_str slot)
{
	double cost =
		exposure(slot) * (double)(s->least - leading - trailing + 1);

	for (uint32_t i = 0; i < leading; i++)
		cost += column_cost(l, s, i, false);
	for (uint32_t i = 0; i < trailing; i++)
		cost += column_cost(l, s, i, true);
	return cost;
}

/* False: they are of no one kind, wherever it is cut. */
static bool fold_stretch(struct sm_learn *l, const struct stretch *s)
{
	uint32_t leading = 0, trailing = 0;
	struct sm_str best = { "", 0 };
	double least = 0;

	/* Of equal ones that with the fewest words apart, those in front. */
	for (uint32_t apart = 0;
	     apart < s->least && apart <= LEADING_MAX + TRAILING_MAX; apart++)
		for (uint32_t t = 0; t <= apart && t <= TRAILING_MAX; t++) {
			struct sm_str slot;
			double cost;

			if (apart - t > LEADING_MAX)
				continue;
			slot = run_slot(l, s, apart - t, t);
			if (!slot.len)
				continue;
			cost = cut_cost(l, s, apart - t, t, slot);
			if (best.len && cost > least - 1e-9)
				continue;
			best = slot;
			least = cost;
			leading = apart - t;
			trailing = t;
		}
	for (size_t i = 0; best.len && i < s->count; i++) {
		uint32_t from = stretch_at(&s->lines[i], s->number);
		uint32_t end = stretch_end(&s->lines[i], from);

		sm_line_fold(l, &s->lines[i], from + leading,
			     end - trailing - from - leading, best);
	}
	return best.len;
}

/* ------------------------------------------------------------------- lines */

/* A line, and what others have to share to be looked at with it. */
struct keyed {
	struct sm_line line;
	uint32_t *key;
	uint32_t count;
};

static int by_key(const void *x, const void *y)
{
	const struct keyed *a = x, *b = y;
	int r = 0;

	for (uint32_t i = 0; !r && i < a->count; i++)
		r = (a->key[i] > b->key[i]) - (a->key[i] < b->key[i]);
	return r ? r : sm_line_compare(&a->line, &b->line);
}

/* Lengths of the stretch with this number that occur. */
static size_t count_lengths(const struct sm_line *lines, size_t count,
			    unsigned number)
{
	size_t n = 0, k;

	for (size_t i = 0; i < count; i++) {
		uint32_t length = length_of(&lines[i], number);

		for (k = 0; k < i; k++)
			if (length_of(&lines[k], number) == length)
				break;
		n += k == i;
	}
	return n;
}

/* The least length of the stretch, UINT32_MAX without lines. */
static uint32_t least_length(const struct sm_line *lines, size_t count,
			     unsigned number)
{
	uint32_t least = UINT32_MAX, n;

	for (size_t i = 0; i < count; i++) {
		n = length_of(&lines[i], number);
		least = n < least ? n : least;
	}
	return least;
}

/* Lines that differ in the length of this stretch, if in any; here: how long it
 * is at least in others that have a directory there, UINT32_MAX for none. */
static void fold_alike(struct sm_learn *l, struct sm_line *lines, size_t count,
		       unsigned number, uint32_t here)
{
	struct stretch s = { lines, count, number,
			     least_length(lines, count, number),
			     here != UINT32_MAX };
	uint32_t most = 0;

	for (size_t i = 0; i < count; i++) {
		uint32_t length = length_of(&lines[i], number);

		most = length > most ? length : most;
	}
	s.least = here < s.least ? here : s.least;
	if (s.least < most && fold_stretch(l, &s))
		return;
	sm_lines_list_files(l, lines, count);
}

static bool is_in_all(const struct sm_line *lines, size_t count,
		      unsigned number, uint32_t at)
{
	const struct sm_word *first =
		lines[0].words + stretch_at(&lines[0], number);

	for (size_t i = 0; i < count; i++) {
		const struct sm_word *w =
			lines[i].words + stretch_at(&lines[i], number);

		if (at >= length_of(&lines[i], number) ||
		    !sm_str_equal(w[at].value, first[at].value))
			return false;
	}
	return true;
}

/* Words at the start of the stretch that are the same in all lines. */
static uint32_t count_shared(const struct sm_line *lines, size_t count,
			     unsigned number)
{
	uint32_t n = 0;

	while (is_in_all(lines, count, number, n))
		n++;
	return n;
}

/* Where all that lies in the directory was meant, behind what all lines have:
 * no name, and no slot's. */
static bool stands_here(const struct sm_line *line, unsigned number,
			uint32_t shared)
{
	uint32_t at = stretch_at(line, number), end = stretch_end(line, at);

	for (at += shared; at < end; at++)
		if (sm_str_equal(line->words[at].value, SM_STR(".")))
			return true;
	return false;
}

/* Lines with `.` stay apart from those with names. */
static void fold_apart(struct sm_learn *l, struct sm_line *lines, size_t count,
		       unsigned number)
{
	struct sm_line *here = sm_learn_take(l, count * sizeof(*here));
	uint32_t shared = count_shared(lines, count, number);
	size_t names = 0, n = 0;

	for (size_t i = 0; i < count; i++)
		if (stands_here(&lines[i], number, shared))
			here[n++] = lines[i];
		else
			lines[names++] = lines[i];
	if (n)
		memcpy(lines + names, here, n * sizeof(*here));
	fold_alike(l, lines, names, number,
		   least_length(lines + names, n, number));
	fold_alike(l, lines + names, n, number, UINT32_MAX);
}

/* The stretch whose length differs most; one word of a line may repeat. */
static unsigned choose_stretch(const struct sm_line *lines, size_t count)
{
	unsigned best = 0, stretches = count_stretches(&lines[0]);
	size_t most = 0, n;

	for (unsigned i = 0; i < stretches; i++) {
		n = count_lengths(lines, count, i);
		if (n > most) {
			most = n;
			best = i;
		}
	}
	return best;
}

static void fold_shape(struct sm_learn *l, struct sm_line *lines, size_t count)
{
	unsigned stretches = count_stretches(&lines[0]), number, i;
	struct keyed *keyed = sm_learn_take(l, count * sizeof(*keyed));
	size_t end, k;

	if (!stretches)
		return;
	number = choose_stretch(lines, count);
	for (k = 0; k < count; k++) {
		keyed[k].line = lines[k];
		keyed[k].count = stretches;
		keyed[k].key =
			sm_learn_take(l, stretches * sizeof(*keyed[k].key));
		for (i = 0; i < stretches; i++)
			keyed[k].key[i] =
				i == number ? 0 : length_of(&lines[k], i);
	}
	qsort(keyed, count, sizeof(*keyed), by_key);
	for (k = 0; k < count; k++)
		lines[k] = keyed[k].line;
	for (k = 0; k < count; k = end) {
		for (end = k + 1;
		     end < count && !memcmp(keyed[k].key, keyed[end].key,
					    stretches * sizeof(*keyed[k].key));)
			end++;
		fold_apart(l, lines + k, end - k, number);
	}
}

/* ------------------------------------------------------------- subcommands */

/* Where a subcommand would stand: right behind the program or a script. */
static uint32_t subcommand_at(const struct sm_line *line)
{
	uint32_t at = stretch_at(line, 0);

	return at < line->count && sm_is_subcommand(line, at) ? at : 0;
}

static int by_subcommand(const void *x, const void *y)
{
	const struct sm_line *a = x, *b = y;
	uint32_t i = stretch_at(a, 0), j = stretch_at(b, 0);
	int r = sm_str_compare(a->words[i].value, b->words[j].value);

	return r ? r : sm_line_compare(a, b);
}

/* Lines of one shape: those of each subcommand for themselves. */
static void fold_commands(struct sm_learn *l, struct sm_line *lines,
			  size_t count)
{
	bool has_more = false, is_path;
	struct stretch s = { .lines = lines, .count = count };
	struct sm_values v;
	size_t end;

	for (size_t i = 0; i < count; i++)
		has_more |= subcommand_at(&lines[i]) != 0;
	if (has_more) {
		v = column(l, &s, 0, false, &is_path);
		has_more = v.count > 1 &&
			   sm_values_all(&v, sm_is_command_word) &&
			   !sm_values_are_members(l, &v);
	}
	if (!has_more) {
		fold_shape(l, lines, count);
		return;
	}
	qsort(lines, count, sizeof(*lines), by_subcommand);
	for (size_t i = 0; i < count; i = end) {
		uint32_t at = stretch_at(&lines[i], 0);

		for (end = i + 1;
		     end < count && sm_str_equal(lines[i].words[at].value,
						 lines[end].words[at].value);)
			end++;
		fold_shape(l, lines + i, end - i);
	}
}

void sm_lines_fold(struct sm_learn *l, struct sm_line *lines, size_t count)
{
	size_t end;

	if (count)
		qsort(lines, count, sizeof(*lines), by_shape);
	for (size_t i = 0; i < count; i = end) {
		for (end = i + 1;
		     end < count &&
		     !sm_line_compare_shapes(&lines[i], &lines[end]);)
			end++;
		if (lines[i].is_parsed)
			fold_commands(l, lines + i, end - i);
	}
}
