/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Directories that others join: each product has a recipe of its own, which the
 * program loads by its path, and pictures beside it. Where files of one name
 * were loaded from several directories, and on other days from others, the next
 * directory's is loaded as well: DIR/<tree>/NAME. The name stays, since it
 * belongs to the program. It is new code in any case, and under review.
 *
 * Where code is among data nothing opens whole, for whoever may read all of it
 * reads the code. A package that takes files of one extension, as a library
 * for pictures does, reads these: DIR/<tree>/<name>.png.
 *
 * What the program makes is neither: it could be no code, and has other rules.
 */
#include <stdlib.h>

#include "learner/open.h"

/* Directories that hold such files; a tree of them counts as one. */
#define DIRS_MIN 3

/* Of runs, or of days, which had a directory that no other had. */
#define OTHERS_MIN 2

/* A directory, and what was found in it. */
struct holder {
	struct sm_str dir;  /* with its slash */
	struct sm_str what; /* their name; of data, their extension */
	struct sm_str by;   /* who reads data; empty: it is code */
	struct sm_sketch runs;
	uint64_t seen;
};

struct joined {
	struct holder *items;
	size_t count, room;
	struct sm_str *made; /* written or created by anybody; sorted */
	size_t made_count;
	struct sm_facts reads; /* of source, as data */
};

/* ------------------------------------------------------------ what was made */

static int by_bytes(const void *a, const void *b)
{
	return sm_str_compare(*(const struct sm_str *)a,
			      *(const struct sm_str *)b);
}

static void list_made(struct sm_learn *l, struct joined *j)
{
	size_t room = 0;

	for (size_t i = 0; i < l->view_count; i++)
		for (unsigned k = 0; k < l->views[i].request_count; k++) {
			const struct sm_request *r = &l->views[i].requests[k];

			if (!sm_is_writing(r))
				continue;
			j->made = sm_learn_grow(l, j->made, j->made_count,
						&room, sizeof(*j->made));
			j->made[j->made_count++] = r->value;
		}
	if (j->made_count)
		qsort(j->made, j->made_count, sizeof(*j->made), by_bytes);
}

/* Itself, or a directory that it lies in. */
static bool is_made(const struct joined *j, struct sm_str path)
{
	for (; path.len > 1; path = sm_dir_of(path)) {
		size_t at = sm_str_place(j->made, j->made_count, path);

		if (at < j->made_count && sm_str_equal(j->made[at], path))
			return true;
	}
	return false;
}

static bool is_such(const struct holder *h, struct sm_str path)
{
	struct sm_str name = sm_path_name(path);

	return sm_str_equal(h->by.len ? sm_extension(name) : name, h->what);
}

/* Such a file was made somewhere below top, which ends with a slash. */
static bool is_made_below(const struct joined *j, const struct holder *h,
			  struct sm_str top)
{
	for (size_t i = sm_str_place(j->made, j->made_count, top);
	     i < j->made_count && sm_str_starts(j->made[i], top); i++)
		if (is_such(h, j->made[i]))
			return true;
	return false;
}

/* ------------------------------------------------------------------ holders */

static int compare_kinds(const struct holder *a, const struct holder *b)
{
	int r = sm_str_compare(a->by, b->by);

	return r ? r : sm_str_compare(a->what, b->what);
}

static int by_kind(const void *a, const void *b)
{
	const struct holder *x = a, *y = b;
	int r = compare_kinds(x, y);

	return r ? r : sm_str_compare(x->dir, y->dir);
}

static void add(struct sm_learn *l, struct joined *j, const struct sm_fact *f,
		struct sm_str what, struct sm_str by)
{
	struct sm_str path = f->request->value;
	const struct sm_call *call = f->view->call;

	j->items = sm_learn_grow(l, j->items, j->count, &j->room,
				 sizeof(*j->items));
	j->items[j->count++] = (struct holder){
		.dir = { path.p, path.len - sm_path_name(path).len },
		.what = what,
		.by = by,
		.runs = call->runs,
		.seen = call->count,
	};
}

/* In order, each directory of a kind once. */
static void join_holders(struct joined *j)
{
	size_t n = 0;

	if (j->count)
		qsort(j->items, j->count, sizeof(*j->items), by_kind);
	for (size_t i = 0; i < j->count; i++) {
		struct holder *last = n ? &j->items[n - 1] : NULL;

		if (!last || by_kind(last, &j->items[i])) {
			j->items[n++] = j->items[i];
			continue;
		}
		sm_sketch_merge(&last->runs, &j->items[i].runs);
		last->seen += j->items[i].seen;
	}
	j->count = n;
}

/* Behind the last of the same kind as the one at. */
static size_t end_of_kind(const struct joined *j, size_t at)
{
	size_t end = at + 1;

	while (end < j->count && !compare_kinds(&j->items[at], &j->items[end]))
		end++;
	return end;
}

/* The traces of runs; none, where they are not all known. */
static struct sm_sketch days_of(const struct sm_learn *l,
				const struct sm_sketch *runs)
{
	struct sm_sketch days = { 0 }, none = { 0 };

	for (uint32_t i = 0; i < runs->count; i++) {
		const struct sm_run *run = sm_observations_find_run(
			l->observations, runs->hash[i]);

		if (!run || !run->trace || runs->count == SM_SKETCH_MAX)
			return none;
		sm_sketch_add(&days, run->trace);
	}
	return days;
}

/* Those of today are not those of yesterday, nor the other way round. */
static bool do_others_join(const struct sm_learn *l, const struct holder *same,
			   size_t count)
{
	struct sm_sketch runs = { 0 }, days = { 0 };

	for (size_t i = 0; i < count; i++) {
		struct sm_sketch own = days_of(l, &same[i].runs);

		if (same[i].runs.count == 1)
			sm_sketch_add(&runs, same[i].runs.hash[0]);
		if (own.count == 1)
			sm_sketch_add(&days, own.hash[0]);
	}
	return runs.count >= OTHERS_MIN || days.count >= OTHERS_MIN;
}

/* The application's own, and none that holds libraries or homes. */
static bool may_hold(const struct sm_learn *l, struct sm_str dir)
{
	struct sm_place place = sm_place_of(l, dir);

	for (size_t i = 0; i < l->prefix_count; i++)
		if (!sm_str_equal(l->prefixes[i].dir, dir) &&
		    sm_path_is_under(l->prefixes[i].dir, dir))
			return false;
	return place.is_app && !place.is_closed && !place.is_shared &&
	       !place.is_hidden;
}

/* --------------------------------------------------------------------- code */

static bool is_package(const struct sm_learn *l, struct sm_str dir)
{
	const struct sm_str init = SM_STR("/__init__.py");
	size_t at = sm_str_place(l->code_files.items, l->code_files.count, dir);

	for (; at < l->code_files.count &&
	       sm_str_starts(l->code_files.items[at], dir);
	     at++) {
		struct sm_str file = l->code_files.items[at];

		if (file.len == dir.len + init.len &&
		    !memcmp(file.p + dir.len, init.p, init.len))
			return true;
	}
	return false;
}

/* What Python looks for by itself, whatever program it runs. */
static bool is_pythons(struct sm_str name)
{
	static const char *const names[] = { "__init__.py", "__main__.py",
					     "sitecustomize.py",
					     "usercustomize.py", NULL };

	return sm_is_among(name, names);
}

/* It was read to be run, and then it was. */
static bool is_loaded(struct sm_learn *l, const struct sm_fact *f)
{
	const struct sm_request *r = f->request;

	return f->view->event.site.kind == SM_EVENT_OPEN &&
	       (r->via == SM_VIA_IMPORT || r->via == SM_VIA_EXEC) &&
	       !sm_list_has(&l->unrun, sm_learn_path(l, r->value));
}

static void find_code(struct sm_learn *l, struct joined *j)
{
	struct sm_facts f = sm_learn_facts(l, SM_FAMILY_CODE, SM_ACCESS_LOAD);

	for (size_t i = 0; i < f.count; i++) {
		struct sm_str path = f.items[i].request->value;
		struct sm_str name = sm_path_name(path), dir;

		if (!sm_path_is_canonical(path) || is_pythons(name) ||
		    !sm_str_equal(sm_extension(name), SM_STR(".py")) ||
		    sm_is_guarded_name(name))
			continue;
		dir = sm_dir_of(path);
		if (may_hold(l, dir) && !is_package(l, dir) &&
		    is_loaded(l, &f.items[i]) && !is_made(j, path))
			add(l, j, &f.items[i], name, SM_STR(""));
	}
}

static void find_reads(struct sm_learn *l, struct joined *j)
{
	struct sm_facts f = sm_learn_facts(l, SM_FAMILY_FILES, SM_ACCESS_READ);

	for (size_t i = 0; i < f.count; i++) {
		const struct sm_request *r = f.items[i].request;

		if (r->via == SM_VIA_DIRECT &&
		    sm_str_equal(sm_extension(sm_path_name(r->value)),
				 SM_STR(".py")))
			f.items[j->reads.count++] = f.items[i];
	}
	j->reads.items = f.items;
}

/* Who reads the same file as data, in several of the directories. */
static struct sm_strings find_readers(struct sm_learn *l,
				      const struct joined *all,
				      const struct holder *same, size_t count)
{
	const struct sm_facts f = all->reads;
	struct joined j = { .count = 0 };
	struct sm_str_list by = { NULL, 0, 0 };
	size_t end;

	for (size_t i = 0; i < f.count; i++) {
		struct sm_str path = f.items[i].request->value;
		struct holder key = *same;

		key.dir = (struct sm_str){ path.p,
					   path.len - sm_path_name(path).len };
		if (is_such(same, path) &&
		    bsearch(&key, same, count, sizeof(key), by_kind))
			add(l, &j, &f.items[i], same->what,
			    sm_by_of(l, &f.items[i].view->event));
	}
	join_holders(&j);
	for (size_t i = 0; i < j.count; i = end) {
		end = end_of_kind(&j, i);
		if (end - i >= DIRS_MIN)
			sm_list_add(l, &by, j.items[i].by);
	}
	return (struct sm_strings){ by.items, by.count };
}

/* -------------------------------------------------------------------- rules */

/* DIR/<tree>/NAME, or any name with the extension. */
static struct sm_str pattern_of(struct sm_learn *l, const struct holder *h,
				struct sm_str top)
{
	struct sm_str any =
		h->by.len ? SM_STR("/<tree>/<name>") : SM_STR("/<tree>/");

	any = sm_learn_join(l, sm_learn_path(l, top), any);
	return sm_learn_join(l, any, sm_escape(l, h->what));
}

static void grant(struct sm_learn *l, const struct joined *j,
		  struct holder *same, size_t count, struct sm_str top)
{
	struct sm_rule load = { .family = SM_FAMILY_CODE,
				.access = SM_ACCESS_LOAD,
				.pattern = pattern_of(l, same, top) };
	struct sm_rule read = { .family = SM_FAMILY_FILES,
				.access = SM_ACCESS_READ,
				.pattern = load.pattern,
				.by = { &same->by, 1 } };

	if (!same->by.len) {
		sm_learn_rule(l, &load);
		read.by = find_readers(l, j, same, count);
	}
	if (read.by.count)
		sm_learn_rule(l, &read);
}

/* Data beside code; where there is none, it may open whole. */
static bool may_grant(const struct sm_learn *l, const struct holder *h,
		      struct sm_str top)
{
	return may_hold(l, top) &&
	       (!h->by.len || (sm_holds_code(l, top) && !sm_is_base(l, top)));
}

/* What all directories begin with, up to a slash; they are in order. */
static uint32_t common_length(const struct holder *same, size_t count)
{
	struct sm_str first = same[0].dir, last = same[count - 1].dir;
	uint32_t n = 0;

	while (n < first.len && n < last.len && first.p[n] == last.p[n])
		n++;
	while (n && first.p[n - 1] != '/')
		n--;
	return n;
}

/* Up to what they have in common, and one component more. */
static bool is_beside(const struct holder *a, const struct holder *b,
		      uint32_t common)
{
	uint32_t n = common;

	while (n < a->dir.len && a->dir.p[n] != '/')
		n++;
	return n < a->dir.len && n < b->dir.len &&
	       !memcmp(a->dir.p, b->dir.p, n + 1);
}

/*
 * The deepest directories that hold enough of them; gives how many they still
 * are for the ones above.
 */
static size_t settle(struct sm_learn *l, const struct joined *j,
		     struct holder *same, size_t count)
{
	uint32_t common = common_length(same, count);
	struct sm_str top = { same->dir.p, common > 1 ? common - 1 : common };
	size_t dirs = 0, end;

	if (count < DIRS_MIN)
		return count;
	for (size_t i = 0; i < count; i = end) {
		for (end = i + 1;
		     end < count && is_beside(&same[i], &same[end], common);)
			end++;
		dirs += settle(l, j, same + i, end - i);
	}
	if (dirs < DIRS_MIN || !may_grant(l, same, top) ||
	    !do_others_join(l, same, count) ||
	    is_made_below(j, same, (struct sm_str){ top.p, common }))
		return dirs;
	grant(l, j, same, count, top);
	return 1;
}

static void settle_all(struct sm_learn *l, struct joined *j)
{
	size_t end;

	join_holders(j);
	for (size_t i = 0; i < j->count; i = end) {
		end = end_of_kind(j, i);
		settle(l, j, j->items + i, end - i);
	}
}

/* --------------------------------------------------------------------- data */

/* A name of several directories is one that whoever reads it asks for: it needs
 * no other, and is left out. What is left is called by its extension. */
static void drop_constants(struct joined *j)
{
	size_t n = 0, end;

	join_holders(j);
	for (size_t i = 0; i < j->count; i = end) {
		end = end_of_kind(j, i);
		if (end - i > 1)
			continue;
		j->items[n] = j->items[i];
		j->items[n].what = sm_extension(j->items[n].what);
		n++;
	}
	j->count = n;
}

static void find_data(struct sm_learn *l, struct joined *j)
{
	struct sm_facts f = sm_learn_facts(l, SM_FAMILY_FILES, SM_ACCESS_READ);

	for (size_t i = 0; i < f.count; i++) {
		const struct sm_request *r = f.items[i].request;
		struct sm_str name = sm_path_name(r->value), by;

		if (r->via != SM_VIA_DIRECT ||
		    !sm_path_is_canonical(r->value) ||
		    !sm_is_data_suffix(sm_extension(name)) ||
		    sm_is_guarded_name(name) ||
		    sm_list_has(&l->code_files, r->value))
			continue;
		by = sm_by_of(l, &f.items[i].view->event);
		if (sm_is_package(by) && may_hold(l, sm_dir_of(r->value)) &&
		    !is_made(j, r->value))
			add(l, j, &f.items[i], name, by);
	}
	drop_constants(j);
}

void sm_learn_joined(struct sm_learn *l)
{
	struct joined code = { .count = 0 }, data = { .count = 0 };

	if (l->options.level == SM_LEVEL_TIGHT)
		return;
	list_made(l, &code);
	data.made = code.made;
	data.made_count = code.made_count;
	l->why = SM_STR("files of one name in directories that others join");
	find_code(l, &code);
	find_reads(l, &code);
	settle_all(l, &code);
	l->why = SM_STR("files of one kind beside such code");
	find_data(l, &data);
	settle_all(l, &data);
	l->why = SM_STR("");
}
