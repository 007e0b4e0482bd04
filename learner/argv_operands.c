/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Operands of a program are of the same kinds whichever options come with them.
 * Where lines with some options had one or more words at the end, behind the
 * paths that all its lines have, a line with others may have more than one,
 * too.
 */
#include "learner/argv.h"

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

	if (!last || !paths || paths != paths_before(list, end) ||
	    !sm_word_is_value(&line->words[last]) ||
	    line->words[last].is_path ||
	    !sm_slot_holds(list->words[end].value, line->words[last].value))
		return false;
	for (uint32_t i = 1; i <= paths; i++)
		if (!sm_str_equal(line->words[last - i].value,
				  list->words[end - i].value))
			return false;
	return true;
}

/* Lines from first to end are of one program and its command. */
static void fold_program(struct sm_learn *l, struct sm_line *lines,
			 size_t count)
{
	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; k < count && is_list(&lines[i]); k++)
			if (!is_list(&lines[k]) &&
			    may_be_list(&lines[k], &lines[i]) &&
			    sm_lines_do_the_same(&lines[i], &lines[k]))
				sm_line_fold(l, &lines[k], lines[k].count - 1,
					     1,
					     lines[i].words[lines[i].count - 1]
						     .value);
}

void sm_lines_fold_operands(struct sm_learn *l, struct sm_line *lines,
			    size_t count)
{
	size_t end;

	for (size_t i = 0; i < count; i = end) {
		for (end = i + 1;
		     end < count && lines[end].access == lines[i].access &&
		     sm_str_equal(lines[end].program, lines[i].program);)
			end++;
		if (lines[i].access == SM_ACCESS_EXEC && end - i <= LINES_MAX)
			fold_program(l, &lines[i], end - i);
	}
}
