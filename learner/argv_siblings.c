/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Programs of one directory that are told some of the same things in lines that
 * look alike, as a daemon tells its hooks: what one was told, another may be
 * told, too. Where a word of a program varied, and one of its values stood
 * there for another program, the values of both tell whether it opens; each
 * keeps rules of its own.
 */
#include "learner/argv.h"
#include "schema/places.h"

/* More lines of one directory are of programs that were made there. */
#define SIBLINGS_MAX 256

/* Programs lie there that have nothing to do with one another. */
static bool is_of_all(struct sm_str dir)
{
	struct sm_str name = sm_path_name(dir);

	return !dir.len || sm_place_is_system(dir) || sm_place_is_shared(dir) ||
	       sm_place_is_dotted(dir) || sm_str_equal(name, SM_STR("bin")) ||
	       sm_str_equal(name, SM_STR("sbin"));
}

/* Equal text but for values, behind the program's name. */
static bool look_alike(const struct sm_line *a, const struct sm_line *b)
{
	if (a->count != b->count)
		return false;
	for (uint32_t i = 1; i < a->count; i++) {
		const struct sm_word *x = &a->words[i], *y = &b->words[i];

		if (sm_word_compare_flags(x, y) ||
		    !sm_str_equal(x->head, y->head) ||
		    (!sm_word_is_value(x) && !sm_str_equal(x->value, y->value)))
			return false;
	}
	return true;
}

/* Somebody started both. */
static bool have_one_user(const struct sm_line *lines, size_t count,
			  const struct sm_line *other)
{
	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; k < other->by.count; k++)
			if (sm_list_has(&lines[i].by, other->by.items[k]))
				return true;
	return false;
}

struct siblings {
	const struct sm_line *own; /* lines of a group */
	size_t own_count;
	const struct sm_line *lines[SIBLINGS_MAX]; /* of other programs */
	size_t count;
	bool are_too_many;
};

/* False: line is of another directory. */
static bool add_sibling(struct siblings *s, struct sm_str dir,
			const struct sm_line *line)
{
	const struct sm_line *own = s->own;

	if (line->access != SM_ACCESS_EXEC || s->are_too_many ||
	    !sm_path_is_under(line->program, dir))
		return false;
	if (sm_str_equal(line->program, own->program) ||
	    !sm_str_equal(sm_dir_of(line->program), dir) ||
	    !look_alike(own, line) || !have_one_user(own, s->own_count, line))
		return true;
	s->are_too_many = s->count == SIBLINGS_MAX;
	if (!s->are_too_many)
		s->lines[s->count++] = line;
	return true;
}

/* Values at a position of the programs that were told one of own there. */
static struct sm_values values_of(struct sm_learn *l, const struct siblings *s,
				  const struct sm_values *own, uint32_t at)
{
	struct sm_values v = { .items = sm_learn_take(
				       l, (own->count + s->count) *
						  sizeof(*v.items)) };
	struct sm_str_list alike = { NULL, 0, 0 };

	for (size_t i = 0; i < own->count; i++)
		v.items[v.count++] = own->items[i];
	for (size_t i = 0; i < s->count; i++)
		if (sm_values_have(own, s->lines[i]->words[at].value))
			sm_list_add(l, &alike, s->lines[i]->program);
	for (size_t i = 0; i < s->count; i++)
		if (sm_list_has(&alike, s->lines[i]->program))
			v.items[v.count++] = sm_value_of(
				s->lines[i], &s->lines[i]->words[at]);
	sm_values_sort(&v);
	return v;
}

static void open_at(struct sm_learn *l, const struct siblings *s, uint32_t at,
		    struct sm_str *open)
{
	struct sm_values own = sm_values_at(l, s->own, s->own_count, at), v;

	if (own.count < 2)
		return;
	v = values_of(l, s, &own, at);
	if (v.count > own.count && !sm_are_subcommands(l, s->own, at, &v))
		*open = sm_word_slot(l, s->own, at, &v);
}

void sm_lines_open_siblings(struct sm_learn *l, const struct sm_line *lines,
			    size_t count, size_t first, size_t end,
			    struct sm_str *open)
{
	struct sm_str dir = sm_dir_of(lines[first].program);
	struct siblings *s;

	if (lines[first].access != SM_ACCESS_EXEC || end - first < 2 ||
	    is_of_all(dir))
		return;
	s = sm_learn_take(l, sizeof(*s));
	*s = (struct siblings){ .own = &lines[first],
				.own_count = end - first };
	for (size_t i = first; i && add_sibling(s, dir, &lines[i - 1]); i--)
		;
	for (size_t i = end; i < count && add_sibling(s, dir, &lines[i]); i++)
		;
	for (uint32_t i = 1;
	     s->count && !s->are_too_many && i < lines[first].count; i++)
		if (sm_word_is_value(&lines[first].words[i]) &&
		    !lines[first].words[i].is_path)
			open_at(l, s, i, &open[i]);
}
