/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Trees in which code lies. Everybody keeps templates in a directory of his
 * own, and the program writes there what he asks for: a rule that lets it write
 * anything below denies the templates. What lies deeper than these goes on; on
 * their level files do by extensions that code has not, and names without one
 * that came in several directories. Nothing opens above: who may make any
 * directory there may move what he wrote to where code is.
 */
#include <stdlib.h>

#include "learner/narrow.h"

struct sm_str sm_tree_front(struct sm_str pattern, struct sm_str *end)
{
	const struct sm_str ends[] = { SM_STR("/**"), SM_STR("/<tree>"),
				       SM_STR("/<tree>/<name>") };

	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
		*end = ends[i];
		if (sm_str_ends(pattern, ends[i]))
			return sm_str_part(pattern, 0,
					   pattern.len - ends[i].len);
	}
	return SM_STR("");
}

static struct sm_str next_part(struct sm_str *path)
{
	struct sm_str part = *path;
	const char *slash = part.len ? memchr(part.p, '/', part.len) : NULL;

	if (slash)
		part.len = (uint32_t)(slash - part.p);
	path->p += part.len + (slash != NULL);
	path->len -= part.len + (slash != NULL);
	return part;
}

#define NONE SIZE_MAX

/* Components of path below a directory the front stands for; or NONE. */
static size_t level_of(struct sm_str front, struct sm_str path)
{
	size_t level = 0;

	while (front.len) {
		struct sm_str pattern = next_part(&front);
		struct sm_str name = next_part(&path);

		if (!sm_str_equal(pattern, name) &&
		    !sm_slot_holds(pattern, name))
			return NONE;
	}
	for (; path.len; level++)
		(void)next_part(&path);
	return level;
}

static struct sm_str below(struct sm_learn *l, struct sm_str front,
			   struct sm_str name)
{
	return sm_learn_join(l, sm_learn_join(l, front, SM_STR("/")), name);
}

static int by_extension(const void *a, const void *b)
{
	const struct sm_used *x = a, *y = b;
	int r = sm_str_compare(x->extension, y->extension);

	if (!r)
		r = sm_str_compare(x->name, y->name);
	return r ? r : sm_str_compare(x->dir, y->dir);
}

#define MAKES (SM_ACCESS_CREATE | SM_ACCESS_SQLITE)
/* Not times and modes. */
#define CHANGES (SM_TOLD_CHANGES & ~SM_ACCESS_META)

/*
 * What was changed directly in directories the front stands for, or deeper; not
 * what is hidden. dir of each becomes the one among these, or the one in them.
 */
static struct sm_used *pick(struct sm_learn *l, struct sm_str front,
			    bool is_deeper, const struct sm_used *used,
			    size_t *count)
{
	struct sm_used *picked =
		sm_learn_take(l, (*count + 1) * sizeof(*picked));
	size_t n = 0;

	for (size_t i = 0; i < *count; i++) {
		size_t above = level_of(front, sm_learn_path(l, used[i].dir));

		if (!(used[i].access & CHANGES) || above == NONE ||
		    (above > 0) != is_deeper || used[i].name.p[0] == '.' ||
		    sm_place_is_dotted(used[i].dir))
			continue;
		picked[n] = used[i];
		for (; above > 1; above--)
			picked[n].dir = sm_dir_of(picked[n].dir);
		n++;
	}
	*count = n;
	if (n)
		qsort(picked, n, sizeof(*picked), by_extension);
	return picked;
}

/* So many are enough for any evidence. */
#define ENOUGH 16

static size_t count_dirs(struct sm_learn *l, const struct sm_used *used,
			 size_t count)
{
	struct sm_str_list dirs = { NULL, 0, 0 };

	for (size_t i = 0; i < count && dirs.count < ENOUGH; i++)
		sm_list_add(l, &dirs, used[i].dir);
	return dirs.count;
}

/* What was done there may be done in any, and no more. */
static void add_open(struct sm_learn *l, const struct sm_rule *wide,
		     struct sm_str pattern, const struct sm_used *used,
		     size_t count, const struct sm_evidence *e)
{
	struct sm_rule rule = *wide;

	if (!sm_is_open(l, e) || sm_list_has(&l->taken, pattern))
		return;
	rule.pattern = pattern;
	sm_used_for(&rule, used, count);
	sm_learn_rule(l, &rule);
}

static size_t count_alike(const struct sm_used *used, size_t count,
			  bool by_name)
{
	size_t n = 1;

	while (n < count && sm_str_equal(used[n].extension, used->extension) &&
	       (!by_name || sm_str_equal(used[n].name, used->name)))
		n++;
	return n;
}

/* Files beside code, sorted by name: in how many directories, and whether one
 * came back in another. */
static struct sm_evidence weigh(struct sm_learn *l, const struct sm_used *used,
				size_t count)
{
	struct sm_evidence e = { .distinct = count_dirs(l, used, count),
				 .is_made = true };

	for (size_t i = 0; i < count; i++) {
		e.is_made &= (used[i].access & MAKES) != 0;
		e.some_recur |= i &&
				sm_str_equal(used[i].name, used[i - 1].name) &&
				!sm_str_equal(used[i].dir, used[i - 1].dir);
	}
	return e;
}

/* On the level of code: FRONT/<name>.EXTENSION, or FRONT/NAME of what has none;
 * not what is called as code is. */
static void add_beside(struct sm_learn *l, const struct sm_rule *wide,
		       struct sm_str front, struct sm_str suffix,
		       const struct sm_used *used, size_t count)
{
	for (size_t i = 0, n; i < count; i += n) {
		struct sm_str extension = used[i].extension, name;
		struct sm_evidence e;

		n = count_alike(&used[i], count - i, !extension.len);
		name = extension.len ? sm_learn_join(l, SM_STR("<name>"),
						     sm_escape(l, extension))
				     : sm_escape(l, used[i].name);
		e = weigh(l, &used[i], n);
		if (!sm_str_equal(extension, suffix) &&
		    !sm_is_code_suffix(extension))
			add_open(l, wide, below(l, front, name), &used[i], n,
				 &e);
	}
}

void sm_narrow_levels(struct sm_learn *l, const struct sm_rule *wide,
		      struct sm_str code, const struct sm_used *used,
		      size_t count)
{
	const struct sm_str any = SM_STR("<name>");
	struct sm_str end, front = sm_tree_front(wide->pattern, &end);
	struct sm_evidence deeper = { .distinct = 0 };
	struct sm_used *picked;
	size_t level, n = count;

	if (!front.len || !sm_path_is_canonical(code))
		return;
	level = level_of(front, sm_learn_path(l, code));
	if (level == NONE || !level)
		return;
	for (size_t i = 1; i < level; i++)
		front = below(l, front, any);
	picked = pick(l, front, false, used, &n);
	add_beside(l, wide, front, sm_extension(code), picked, n);
	n = count;
	picked = pick(l, front, true, used, &n);
	deeper.distinct = count_dirs(l, picked, n);
	add_open(l, wide, sm_learn_join(l, below(l, front, any), end), picked,
		 n, &deeper);
}
