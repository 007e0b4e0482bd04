/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Words behind options that say what a program does: `log` in `git -C DIR log`.
 * With each of them come options of its own; a name that stands there comes
 * with the same ones as the next. They are spelled, whoever gave them.
 */
#include "learner/argv.h"

/* A word that may be one, and what stands behind it. */
struct candidate {
	struct sm_word *word;
	const struct sm_line *line;
	struct sm_str command;
	uint32_t at;
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

/* Options of the candidate's words up to an operator; at from 0. */
static struct sm_str next_option(const struct candidate *c, uint32_t *at)
{
	for (uint32_t i = c->at + 1 + *at; i < c->line->count; i++) {
		const struct sm_word *w = &c->line->words[i];

		if (w->is_raw)
			break;
		*at = i - c->at;
		if (w->head.len)
			return w->head;
		if (w->is_fixed && sm_is_option(w->value))
			return w->value;
	}
	return SM_STR("");
}

/* A line of `of` has an option that none has with the other word. */
static bool has_own(const struct candidate *all, size_t count,
		    struct sm_str command, struct sm_str of,
		    struct sm_str other)
{
	struct sm_str option, theirs;

	for (size_t i = 0; i < count; i++) {
		uint32_t at = 0;

		if (!sm_str_equal(all[i].command, command) ||
		    !sm_str_equal(all[i].word->value, of))
			continue;
		while ((option = next_option(&all[i], &at)).len) {
			bool is_shared = false;

			for (size_t k = 0; !is_shared && k < count; k++) {
				uint32_t from = 0;

				if (!sm_str_equal(all[k].command, command) ||
				    !sm_str_equal(all[k].word->value, other))
					continue;
				while (!is_shared &&
				       (theirs = next_option(&all[k], &from))
					       .len)
					is_shared =
						sm_str_equal(option, theirs);
			}
			if (!is_shared)
				return true;
		}
	}
	return false;
}

void sm_lines_spell_commands(struct sm_learn *l, struct sm_line *lines,
			     size_t count)
{
	struct candidate *all;
	size_t room = 0, n = 0;
	bool *is_command;

	for (size_t i = 0; i < count; i++)
		room += lines[i].count;
	all = sm_learn_take(l, (room + 1) * sizeof(*all));
	for (size_t i = 0; i < count; i++)
		if (lines[i].is_parsed)
			n += find(l, &lines[i], all + n);
	is_command = sm_learn_take(l, n + 1);
	for (size_t i = 0; i < n; i++) {
		is_command[i] = false;
		for (size_t k = 0; !is_command[i] && k < n; k++)
			is_command[i] =
				sm_str_equal(all[i].command, all[k].command) &&
				!sm_str_equal(all[i].word->value,
					      all[k].word->value) &&
				has_own(all, n, all[i].command,
					all[i].word->value,
					all[k].word->value) &&
				has_own(all, n, all[i].command,
					all[k].word->value, all[i].word->value);
	}
	for (size_t i = 0; i < n; i++)
		all[i].word->is_fixed |= is_command[i];
}
