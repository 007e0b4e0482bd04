/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Data of distributions that packages read: granted by its extension all over
 * the distribution, as its code is granted whole. Which translation or error
 * page is read depends on what happens to go wrong, and on versions. Systems
 * keep such data in PREFIX/share/NAME, too, where whoever may log in reads it.
 */
#include <stdlib.h>

#include "learner/paths.h"

/* Where a distribution keeps data. */
struct home {
	struct sm_str dir, name;
	bool is_shared; /* PREFIX/share/NAME */
};

/* The component of path behind dir, if there is something below it. */
static struct home home_in(struct sm_str path, struct sm_str dir,
			   bool is_shared)
{
	struct home home = { .is_shared = false };
	uint32_t from = dir.len + 1, to = from;

	if (!sm_path_is_under(path, dir))
		return home;
	while (to < path.len && path.p[to] != '/')
		to++;
	if (to >= path.len)
		return home;
	home.name = (struct sm_str){ path.p + from, to - from };
	home.dir = (struct sm_str){ path.p, to };
	home.is_shared = is_shared;
	return home;
}

static struct home find_home(struct sm_learn *l, struct sm_str path)
{
	const struct sm_observations *o = l->observations;
	struct sm_str site = sm_site_of(l, path);
	struct home home;

	if (site.len)
		return home_in(path, site, false);
	home = home_in(path, SM_STR("/usr/share"), true);
	if (!home.dir.len)
		home = home_in(path, SM_STR("/usr/local/share"), true);
	for (size_t i = 0; !home.dir.len && i < o->owner_count; i++)
		if (sm_path_is_canonical(o->owners[i].prefix))
			home = home_in(path,
				       sm_learn_join(l, o->owners[i].prefix,
						     SM_STR("/share")),
				       true);
	return home;
}

/* Below a site directory that went with the code; see sm_learn_own_data(). */
static void grant_own(struct sm_learn *l, const struct home *home,
		      struct sm_str by)
{
	if (home->is_shared)
		sm_learn_own_data(l, home->dir, (struct sm_strings){ &by, 1 });
}

static bool is_hidden(const struct home *home, struct sm_str path)
{
	return sm_is_guarded_name(sm_path_name(path)) ||
	       sm_place_is_dotted((struct sm_str){ path.p + home->dir.len,
						   path.len - home->dir.len });
}

/* Source that a package reads is data to it, as to a test runner that rewrites
 * what it loads. */
static bool is_data(const struct home *home, struct sm_str extension)
{
	if (!home->is_shared)
		return sm_is_data_suffix(extension) ||
		       sm_str_equal(extension, SM_STR(".py"));
	return extension.len && !sm_is_code_suffix(extension);
}

static struct sm_str by_extension(struct sm_learn *l, struct sm_str dir,
				  struct sm_str extension)
{
	struct sm_str pattern = sm_learn_join(l, sm_learn_path(l, dir),
					      SM_STR("/<tree>/<name>"));

	return sm_learn_join(l, pattern, sm_escape(l, extension));
}

struct sm_str sm_learn_package_code(struct sm_learn *l, struct sm_str path)
{
	struct home home = find_home(l, path);
	struct sm_str extension = sm_extension(path);

	if (!home.is_shared || !is_data(&home, extension) ||
	    is_hidden(&home, path))
		return (struct sm_str){ "", 0 };
	return by_extension(l, home.dir, extension);
}

/* ------------------------------------------------------------------ readers */

/* PREFIX/share. */
static struct sm_str share_of(const struct home *home)
{
	return (struct sm_str){ home->dir.p,
				home->dir.len - home->name.len - 1 };
}

/* A package, and where it reads what others keep. */
struct reader {
	struct sm_str key; /* its name and PREFIX/share */
	struct sm_str dir;
};

static struct sm_str reader_key(struct sm_learn *l, const struct home *home,
				struct sm_str by)
{
	return sm_learn_join(l, by, share_of(home));
}

static int by_key(const void *a, const void *b)
{
	const struct reader *x = a, *y = b;
	int r = sm_str_compare(x->key, y->key);

	return r ? r : sm_str_compare(x->dir, y->dir);
}

/* False: nothing of another package's. */
static bool find_reader(struct sm_learn *l, const struct sm_fact *fact,
			struct reader *reader)
{
	struct sm_str path = fact->request->value;
	struct sm_str by = sm_by_of(l, &fact->view->event);
	struct home home = { .is_shared = false };

	if (fact->request->via == SM_VIA_DIRECT && sm_is_package(by))
		home = find_home(l, path);
	if (!home.is_shared || sm_str_equal(by, home.name) ||
	    !is_data(&home, sm_extension(path)) || is_hidden(&home, path))
		return false;
	*reader = (struct reader){ reader_key(l, &home, by), home.dir };
	return true;
}

/* Of one key, sorted by directory. */
static void add_reader(struct sm_learn *l, const struct reader *readers,
		       size_t count)
{
	struct sm_evidence e = { .distinct = 1, .some_recur = true };

	for (size_t i = 1; i < count; i++)
		e.distinct += !sm_str_equal(readers[i].dir, readers[i - 1].dir);
	if (sm_is_open(l, &e))
		sm_list_add(l, &l->share_readers, readers[0].key);
}

/*
 * A package that reads what three others keep there has links to it among its
 * own data, or is told where it lies: the next version, or another theme, leads
 * to a fourth. Nothing there is anybody's secret.
 */
void sm_learn_share_readers(struct sm_learn *l)
{
	struct sm_facts f = sm_learn_facts(l, SM_FAMILY_FILES, SM_ACCESS_READ);
	struct reader *readers =
		sm_learn_take(l, (f.count + 1) * sizeof(*readers));
	size_t count = 0, end;

	for (size_t i = 0; i < f.count; i++)
		count += find_reader(l, &f.items[i], &readers[count]);
	if (count)
		qsort(readers, count, sizeof(*readers), by_key);
	for (size_t i = 0; i < count; i = end) {
		for (end = i + 1; end < count && sm_str_equal(readers[end].key,
							      readers[i].key);)
			end++;
		add_reader(l, readers + i, end - i);
	}
}

static bool is_reader(struct sm_learn *l, const struct home *home,
		      struct sm_str by)
{
	return home->is_shared &&
	       sm_list_has(&l->share_readers, reader_key(l, home, by));
}

/* ------------------------------------------------------------------- rules */

/* Of the data in dir, by its extension. */
static void grant_others(struct sm_learn *l, struct sm_str dir,
			 struct sm_str extension, const struct sm_str_list *by,
			 uint64_t seen)
{
	struct sm_rule rule = { .family = SM_FAMILY_FILES,
				.access = SM_ACCESS_READ,
				.by = { by->items, by->count },
				.seen = seen };

	if (!by->count)
		return;
	rule.pattern = by_extension(l, dir, extension);
	l->why = SM_STR("data that packages read there, by its extension");
	sm_learn_rule(l, &rule);
}

void sm_learn_package_data(struct sm_learn *l, struct sm_node *node,
			   struct sm_str path)
{
	const uint32_t looks = SM_ACCESS_READ | SM_ACCESS_LIST;
	struct home home = find_home(l, path);
	struct sm_str extension = sm_extension(path);
	struct sm_str_list by = { NULL, 0, 0 }, readers = { NULL, 0, 0 };
	uint64_t seen = 0;

	if (!home.dir.len || is_hidden(&home, path))
		return;
	for (struct sm_grant *g = node->grants; g; g = g->next) {
		if (!g->access || g->access & ~looks || !sm_is_package(g->by))
			continue;
		if (sm_str_equal(g->by, home.name)) {
			grant_own(l, &home, g->by);
			g->access = 0;
		} else if (g->access == SM_ACCESS_READ &&
			   is_data(&home, extension)) {
			sm_list_add(l,
				    is_reader(l, &home, g->by) ? &readers : &by,
				    g->by);
			g->access = 0;
			seen += g->seen;
		}
	}
	grant_others(l, home.dir, extension, &by, seen);
	if (home.is_shared)
		grant_others(l, share_of(&home), extension, &readers, seen);
}
