/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The directory that words of a line are meant from, where the recording does
 * not say it: a path given to subprocess as cwd= is often an object, of which
 * only the type is recorded. It is the only one in which all files lie that the
 * line names.
 */
#include <stdlib.h>

#include "learner/paths.h"

/* One file may lie in one directory by chance. */
#define NAMED_MIN 2

/* Recorded paths by what they are called. */
struct sm_called {
	struct sm_str *paths;
	size_t count;
};

static int by_name(const void *a, const void *b)
{
	struct sm_str x = *(const struct sm_str *)a;
	struct sm_str y = *(const struct sm_str *)b;
	int r = sm_str_compare(sm_path_name(x), sm_path_name(y));

	return r ? r : sm_str_compare(x, y);
}

struct sm_called *sm_called_index(struct sm_learn *l, struct sm_str *paths,
				  size_t count)
{
	struct sm_called *called = sm_learn_take(l, sizeof(*called));

	*called = (struct sm_called){ paths, count };
	if (count)
		qsort(paths, count, sizeof(*paths), by_name);
	return called;
}

void sm_paths_index(struct sm_learn *l)
{
	struct sm_str *paths, path;
	size_t n = 0, count = 0;

	while (sm_paths_recorded(l, n, &path))
		n++;
	paths = sm_learn_take(l, (n + 1) * sizeof(*paths));
	for (size_t i = 0; i < n; i++)
		if (sm_paths_recorded(l, i, &path) && path.len)
			paths[count++] = path;
	l->called = sm_called_index(l, paths, count);
}

/* The first path that is called name, or where it would be. */
static size_t find_name(const struct sm_called *called, struct sm_str name)
{
	size_t low = 0, high = called->count, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (sm_str_compare(sm_path_name(called->paths[middle]), name) <
		    0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The word itself, or in whatever directory. */
static bool ends_as(struct sm_str path, struct sm_str word)
{
	return sm_str_ends(path, word) &&
	       (path.len == word.len || word.p[0] == '/' ||
		path.p[path.len - word.len - 1] == '/');
}

bool sm_called_has(const struct sm_called *called, struct sm_str word)
{
	struct sm_str name = sm_path_name(word);

	for (size_t i = find_name(called, name); i < called->count; i++) {
		if (!sm_str_equal(sm_path_name(called->paths[i]), name))
			break;
		if (ends_as(called->paths[i], word))
			return true;
	}
	return false;
}

/* A word that names a file, seen from somewhere. */
static bool is_name(struct sm_str word)
{
	return word.len && word.p[0] != '/' && word.p[0] != '-' &&
	       (sm_str_has(word, '/') || sm_is_data_suffix(sm_extension(word)));
}

static bool holds_all(struct sm_learn *l, struct sm_str dir,
		      const struct sm_str *names, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct sm_node *node =
			sm_paths_find(l, sm_path_below(l, dir, names[i]));

		if (!node || !node->grants)
			return false;
	}
	return true;
}

static struct sm_str only_dir(struct sm_learn *l,
			      const struct sm_called *called,
			      const struct sm_str *names, size_t count)
{
	struct sm_str none = { "", 0 }, dir = none, path;
	struct sm_str first = names[0], name = sm_path_name(first);

	for (size_t i = find_name(called, name); i < called->count; i++) {
		path = called->paths[i];
		if (!sm_str_equal(sm_path_name(path), name))
			break;
		if (path.len < first.len + 2 || !sm_str_ends(path, first) ||
		    path.p[path.len - first.len - 1] != '/')
			continue;
		path.len -= first.len + 1;
		if (sm_str_equal(path, dir) ||
		    !holds_all(l, path, names, count))
			continue;
		if (dir.len)
			return none;
		dir = path;
	}
	return dir;
}

struct sm_str sm_paths_holding(struct sm_learn *l, const struct sm_str *words,
			       size_t count)
{
	struct sm_str *names = sm_learn_take(l, (count + 1) * sizeof(*names));
	const struct sm_called *called = l->called;
	struct sm_str_list known = { NULL, 0, 0 };
	size_t n = 0;

	if (!called)
		return SM_STR("");
	for (size_t i = 0; i < count; i++) {
		if (!is_name(words[i]) || sm_list_has(&known, words[i]))
			continue;
		sm_list_add(l, &known, words[i]);
		names[n++] = words[i];
	}
	return n < NAMED_MIN ? SM_STR("") : only_dir(l, called, names, n);
}
