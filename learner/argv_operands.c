/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Operands of a program are of the same kinds whichever options come with them.
 * Where lines with some options had one or more words at the end, behind the
 * paths that all its lines have, a line with others may have more than one,
 * too.
 *
 * What may be left out behind such a path, as what to take out of an archive,
 * may be several things. Where another command names a directory of what one
 * names, things of any ending are in it.
 */
#include "learner/argv_options.h"

/* More lines of one program are not compared. */
#define LINES_MAX 256

/* The paths in a row that end in front of `at`. */
static uint32_t paths_before(const struct sm_line *line, uint32_t at)
{
	uint32_t n = 0;

	while (n < at && line->words[at - n - 1].is_path)
		n++;
	return n;
}

/* Its last word is an operand behind a path. */
static bool has_operand(const struct sm_line *line)
{
	uint32_t last = line->count - 1;

	return last && sm_word_is_value(&line->words[last]) &&
	       !line->words[last].is_path && paths_before(line, last);
}

/* It ends in a word that may come again. */
static bool is_list(const struct sm_line *line)
{
	return line->count > 1 && line->words[line->count - 1].is_run;
}

/* It ends in one word of the kind that list takes several of. */
static bool may_be_list(const struct sm_line *line, const struct sm_line *list)
{
	uint32_t last = line->count - 1, paths = paths_before(line, last);
	uint32_t end = list->count - 1;

	if (!has_operand(line) || paths != paths_before(list, end) ||
	    !sm_slot_holds(list->words[end].value, line->words[last].value))
		return false;
	for (uint32_t i = 1; i <= paths; i++)
		if (!sm_str_equal(line->words[last - i].value,
				  list->words[end - i].value))
			return false;
	return true;
}

static bool is_word(const struct sm_word *a, const struct sm_word *b)
{
	return !sm_word_compare_flags(a, b) && sm_str_equal(a->head, b->head) &&
	       sm_str_equal(a->value, b->value);
}

/* The same words, but for those from `count` on. */
static bool start_alike(const struct sm_line *a, const struct sm_line *b,
			uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		if (!is_word(&a->words[i], &b->words[i]))
			return false;
	return true;
}

/* One of the lines is this one without its last word. */
static bool may_be_left_out(const struct sm_line *lines, size_t count,
			    const struct sm_line *line)
{
	for (size_t i = 0; i < count; i++)
		if (lines[i].count == line->count - 1 &&
		    start_alike(&lines[i], line, lines[i].count))
			return true;
	return false;
}

static bool lies_in(struct sm_str path, struct sm_str dir)
{
	return sm_path_is_under(path, dir) && path.len > dir.len;
}

/* Another line names a directory, behind the same paths, of what this one names
 * at its end. */
static bool is_in_directory(const struct sm_line *lines, size_t count,
			    const struct sm_line *line)
{
	uint32_t last = line->count - 1, paths = paths_before(line, last);

	for (size_t i = 0; i < count; i++) {
		uint32_t end = lines[i].count - 1;

		if (has_operand(&lines[i]) &&
		    paths_before(&lines[i], end) == paths &&
		    lies_in(line->words[last].value,
			    lines[i].words[end].value) &&
		    is_word(&lines[i].words[end - 1], &line->words[last - 1]))
			return true;
	}
	return false;
}

static bool differ_at_end(const struct sm_line *a, const struct sm_line *b)
{
	return has_operand(b) && a->count == b->count &&
	       start_alike(a, b, a->count - 1);
}

/* What stood at the end of lines like `line`. */
static struct sm_values values_at_end(struct sm_learn *l,
				      const struct sm_line *lines, size_t count,
				      const struct sm_line *line)
{
	struct sm_values v = { .items = sm_learn_take(
				       l, (count + 1) * sizeof(*v.items)) };

	for (size_t i = 0; i < count; i++) {
		if (!differ_at_end(line, &lines[i]))
			continue;
		v.has_dirs |= is_in_directory(lines, count, &lines[i]);
		v.items[v.count++] = sm_value_of(
			&lines[i], &lines[i].words[lines[i].count - 1]);
	}
	sm_values_sort(&v);
	return v;
}

/* Behind `-C DIR` or `-f FILE`, where a command stands: log, clean. */
static bool may_be_commands(const struct sm_line *line,
			    const struct sm_values *v)
{
	uint32_t last = line->count - 1;
	uint32_t first = last - paths_before(line, last);

	return first && sm_word_is_option(&line->words[first - 1]) &&
	       sm_values_all(v, sm_is_command_word);
}

/* Operands that may be left out become lists. */
static void fold_optional(struct sm_learn *l, struct sm_line *lines,
			  size_t count)
{
	struct sm_str *slots = sm_learn_take(l, (count + 1) * sizeof(*slots));

	for (size_t i = 0; i < count; i++) {
		struct sm_values v;

		slots[i] = SM_STR("");
		if (!has_operand(&lines[i]) ||
		    !may_be_left_out(lines, count, &lines[i]))
			continue;
		v = values_at_end(l, lines, count, &lines[i]);
		if (v.count > 1 && !may_be_commands(&lines[i], &v))
			slots[i] = sm_values_slot(l, &v);
	}
	for (size_t i = 0; i < count; i++)
		if (slots[i].len)
			sm_line_fold(l, &lines[i], lines[i].count - 1, 1,
				     slots[i]);
}

/* Lines of one program; those with its command learn from each other. */
static void fold_program(struct sm_learn *l, struct sm_line *lines,
			 size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct sm_line *list = &lines[i];

		if (!is_list(list))
			continue;
		for (size_t k = 0; k < count; k++)
			if (!is_list(&lines[k]) &&
			    may_be_list(&lines[k], list) &&
			    sm_lines_do_the_same(list, &lines[k]))
				sm_line_fold(
					l, &lines[k], lines[k].count - 1, 1,
					list->words[list->count - 1].value);
	}
}

void sm_lines_fold_operands(struct sm_learn *l, struct sm_line *lines,
			    size_t count)
{
	size_t end;

	if (l->options.level == SM_LEVEL_TIGHT)
		return;
	for (size_t i = 0; i < count; i = end) {
		for (end = i + 1;
		     end < count && lines[end].access == lines[i].access &&
		     sm_str_equal(lines[end].program, lines[i].program);)
			end++;
		if (lines[i].access != SM_ACCESS_EXEC || end - i > LINES_MAX)
			continue;
		fold_program(l, &lines[i], end - i);
		fold_optional(l, &lines[i], end - i);
	}
}
