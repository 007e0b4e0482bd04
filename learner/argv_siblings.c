/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Programs of one directory that are told the same kind of things, as a daemon
 * tells its hooks: what one was told, another may be told, too. The words of
 * all are looked at together, and each keeps rules of its own.
 */
#include "learner/argv.h"
#include "schema/places.h"

/* Programs lie there that have nothing to do with one another. */
static bool is_of_all(struct sm_str dir)
{
	struct sm_str name = sm_path_name(dir);

	return !dir.len || sm_place_is_system(dir) || sm_place_is_shared(dir) ||
	       sm_str_equal(name, SM_STR("bin")) ||
	       sm_str_equal(name, SM_STR("sbin"));
}

static bool are_same(const struct sm_str_list *a, const struct sm_str_list *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (!sm_str_equal(a->items[i], b->items[i]))
			return false;
	return true;
}

/* Equal text but for values, behind the program's name. */
static bool look_alike(const struct sm_line *a, const struct sm_line *b)
{
	for (uint32_t i = 1; i < a->count; i++) {
		const struct sm_word *x = &a->words[i], *y = &b->words[i];

		if (sm_word_compare_flags(x, y) ||
		    !sm_str_equal(x->head, y->head) ||
		    !sm_str_equal(x->tail, y->tail) ||
		    (!sm_word_is_value(x) && !sm_str_equal(x->value, y->value)))
			return false;
	}
	return true;
}

static bool are_siblings(const struct sm_line *a, const struct sm_line *b)
{
	return b->access == SM_ACCESS_EXEC && a->count == b->count &&
	       sm_str_equal(sm_dir_of(a->program), sm_dir_of(b->program)) &&
	       are_same(&a->by, &b->by) && look_alike(a, b);
}

/* Lines of programs beside that of line, and its own; told: NULL to count. */
static size_t find_told(const struct sm_line *lines, size_t count,
			const struct sm_line *line, struct sm_line *told)
{
	bool are_several = false;
	size_t n = 0;

	for (size_t i = 0; i < count; i++) {
		if (!are_siblings(line, &lines[i]))
			continue;
		are_several |= !sm_str_equal(line->program, lines[i].program);
		if (told)
			told[n] = lines[i];
		n++;
	}
	return are_several ? n : 0;
}

void sm_lines_open_siblings(struct sm_learn *l, const struct sm_line *lines,
			    size_t count, const struct sm_line *line,
			    struct sm_str *open)
{
	struct sm_line *told;
	size_t n;

	if (line->access != SM_ACCESS_EXEC ||
	    is_of_all(sm_dir_of(line->program)))
		return;
	n = find_told(lines, count, line, NULL);
	if (!n)
		return;
	told = sm_learn_take(l, n * sizeof(*told));
	find_told(lines, count, line, told);
	for (uint32_t i = 1; i < line->count; i++) {
		struct sm_values v = sm_values_at(l, told, n, i);

		if (v.count > 1 && sm_word_is_value(&line->words[i]))
			open[i] = sm_word_slot(l, line, i, &v);
	}
}
