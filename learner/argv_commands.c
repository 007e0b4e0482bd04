/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Words behind options that say what a program does: `log` in `git -C DIR log`.
 * With each of them come options of its own; a name that stands there comes
 * with the same ones as the next. They are spelled, whoever gave them.
 */
#include <stdlib.h>

#include "learner/argv.h"

/* A word that may be one, in its line. */
struct candidate {
	struct sm_word *word;
	const struct sm_line *line;
	struct sm_str command;
	uint32_t at;
};

/* Where one word of one command stood, and which options came with it. */
struct spoken {
	const struct candidate *at;
	size_t count;
	struct sm_str_list options;
};

/* Behind the options, each perhaps with a value, of the command at `at`. */
static uint32_t behind_options(const struct sm_line *line, uint32_t at)
{
	uint32_t from = ++at;

	while (at < line->count && line->words[at].is_fixed &&
	       !line->words[at].is_raw && sm_is_option(line->words[at].value)) {
		at++;
		if (at < line->count && sm_word_is_value(&line->words[at]))
			at++;
	}
	return at > from ? at : line->count;
}

static size_t find(const struct sm_learn *l, struct sm_line *line,
		   struct candidate *found)
{
	size_t n = 0;

	for (uint32_t i = 0; i < line->count; i++) {
		bool is_program = !i && line->access == SM_ACCESS_EXEC;
		uint32_t at;

		if (!is_program && !line->words[i].is_command)
			continue;
		at = behind_options(line, i);
		if (at >= line->count || !sm_word_is_value(&line->words[at]) ||
		    line->words[at].is_path ||
		    !sm_is_command_word(line->words[at].value) ||
		    sm_list_has(&l->members, line->words[at].value))
			continue;
		found[n++] = (struct candidate){
			&line->words[at], line,
			sm_path_name(is_program ? line->program
						: line->words[i].value),
			at
		};
	}
	return n;
}

static int by_command(const void *x, const void *y)
{
	const struct candidate *a = x, *b = y;
	int r = sm_str_compare(a->command, b->command);

	return r ? r : sm_str_compare(a->word->value, b->word->value);
}

/* Those behind the word, up to an operator. */
static void add_options(struct sm_learn *l, const struct candidate *c,
			struct sm_str_list *options)
{
	for (uint32_t i = c->at + 1; i < c->line->count; i++) {
		const struct sm_word *w = &c->line->words[i];

		if (w->is_raw)
			break;
		if (w->head.len)
			sm_list_add(l, options, w->head);
		else if (w->is_fixed && sm_is_option(w->value))
			sm_list_add(l, options, w->value);
	}
}

/* Sorted candidates, by their words; how many these are. */
static size_t join(struct sm_learn *l, const struct candidate *all,
		   size_t count, struct spoken *words)
{
	size_t n = 0, end;

	for (size_t i = 0; i < count; i = end, n++) {
		words[n] = (struct spoken){ .at = &all[i] };
		for (end = i; end < count && !by_command(&all[i], &all[end]);
		     end++)
			add_options(l, &all[end], &words[n].options);
		words[n].count = end - i;
	}
	return n;
}

static int by_options(const void *x, const void *y)
{
	const struct sm_str_list *a = &((const struct spoken *)x)->options;
	const struct sm_str_list *b = &((const struct spoken *)y)->options;
	int r = (a->count > b->count) - (a->count < b->count);

	for (size_t i = 0; !r && i < a->count; i++)
		r = sm_str_compare(a->items[i], b->items[i]);
	return r;
}

static bool has_own(const struct spoken *word, const struct spoken *other)
{
	for (size_t i = 0; i < word->options.count; i++)
		if (!sm_list_has(&other->options, word->options.items[i]))
			return true;
	return false;
}

/* Each has an option that never came with the other. */
static bool are_apart(const struct spoken *a, const struct spoken *b)
{
	return has_own(a, b) && has_own(b, a);
}

/* Spells those of one command that are apart from another one. */
static void spell(struct spoken *words, size_t count)
{
	size_t end;

	qsort(words, count, sizeof(*words), by_options);
	for (size_t i = 0; i < count; i = end) {
		bool is_command = false;

		for (size_t k = 0; !is_command && k < count; k++)
			is_command = are_apart(&words[i], &words[k]);
		for (end = i;
		     end < count && !by_options(&words[i], &words[end]); end++)
			for (size_t k = 0; k < words[end].count; k++)
				words[end].at[k].word->is_fixed |= is_command;
	}
}

void sm_lines_spell_commands(struct sm_learn *l, struct sm_line *lines,
			     size_t count)
{
	struct candidate *all;
	struct spoken *words;
	size_t room = 0, n = 0, end;

	for (size_t i = 0; i < count; i++)
		room += lines[i].count;
	all = sm_learn_take(l, (room + 1) * sizeof(*all));
	for (size_t i = 0; i < count; i++)
		if (lines[i].is_parsed)
			n += find(l, &lines[i], all + n);
	if (!n)
		return;
	qsort(all, n, sizeof(*all), by_command);
	words = sm_learn_take(l, n * sizeof(*words));
	n = join(l, all, n, words);
	for (size_t i = 0; i < n; i = end) {
		for (end = i + 1;
		     end < n && sm_str_equal(words[end].at->command,
					     words[i].at->command);)
			end++;
		spell(words + i, end - i);
	}
}
