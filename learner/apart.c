/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Settings and databases apart from what a program is asked for.
 *
 * A program reads its settings and keys itself, and files whose names come from
 * outside; both as the application. What tells them apart is the function. One
 * that read several files, all of them in directories of their own, and never
 * this file of settings, which lies elsewhere, gets there by a name that leads
 * out of its directories: rules for the settings are for all others.
 *
 * The same where rules of ${ARG} let settings be read because command lines
 * name them: they are for who read what a command line named.
 *
 * Of functions nothing is known of nothing is taken: settings that are read
 * again elsewhere, as after a signal, stay readable. Nor of those that are at
 * home everywhere, as one that opens files for the others.
 */
#include <stdlib.h>

#include "learner/learn.h"
#include "schema/policy/functions.h"

/* So that a rule stays a line somebody reads. */
#define NAMES_MAX 64

/* A path the application read, by a function; empty: it is not known. */
struct reading {
	struct sm_str function, path;
	size_t area;  /* of the variables; their number: none */
	bool is_told; /* a command line named it */
};

/* What a function read in an area: so many files, all below a directory. */
struct home {
	struct sm_str function, dir;
	const struct reading *readings;
	size_t area, count, files;
	bool is_told;	/* a command line named one */
	bool is_direct; /* some lie directly in the directory */
};

/* A file that the application reads and nobody writes, but as a database. */
struct setting {
	struct sm_str pattern, path;
};

struct apart {
	struct sm_learn *l;
	struct reading *readings; /* by function, area and path */
	size_t count;
	struct home *homes; /* by function */
	size_t home_count;
	struct setting *settings; /* by pattern */
	size_t setting_count;
};

/* ----------------------------------------------------------------- settings */

static bool has_word(struct sm_str name, const char *word)
{
	size_t n = strlen(word);

	for (uint32_t i = 0; i + n <= name.len; i++) {
		size_t k = 0;

		while (k < n && (name.p[i + k] | 0x20) == word[k])
			k++;
		if (k == n)
			return true;
	}
	return false;
}

/* By their names; what libraries open when they first need it has others. */
static bool is_setting(struct sm_str path)
{
	static const char *const extensions[] = {
		".ini",	 ".cfg", ".cnf", ".conf", ".config",	 ".toml",
		".yaml", ".yml", ".env", ".json", ".properties", NULL
	};
	static const char *const words[] = { "secret",	"token", "passw",
					     "credent", "salt",	 "setting",
					     "config",	"key",	 NULL };
	struct sm_str name = sm_path_name(path);

	if (sm_is_guarded_name(name) ||
	    sm_is_among(sm_extension(name), extensions))
		return true;
	for (size_t i = 0; words[i]; i++)
		if (has_word(name, words[i]))
			return true;
	return false;
}

static bool is_kept(const struct sm_str_list *databases, struct sm_str path)
{
	return is_setting(path) || sm_list_has(databases, path);
}

/* ----------------------------------------------------------------- readings */

static size_t area_of(const struct sm_learn *l, struct sm_str path)
{
	size_t i = 0;

	while (i < l->prefix_count &&
	       !sm_path_is_under(path, l->prefixes[i].dir))
		i++;
	return i;
}

static int compare(const void *a, const void *b)
{
	const struct reading *x = a, *y = b;
	int r = sm_str_compare(x->function, y->function);

	if (!r)
		r = (x->area > y->area) - (x->area < y->area);
	return r ? r : sm_str_compare(x->path, y->path);
}

static bool is_told(const struct sm_event *event, struct sm_str path)
{
	return sm_named_find(event->named, path) >= 0;
}

static void find_readings(struct apart *a)
{
	struct sm_learn *l = a->l;
	struct sm_facts f = sm_learn_facts(l, SM_FAMILY_FILES, SM_ACCESS_READ);

	a->readings = sm_learn_take(l, (f.count + 1) * sizeof(*a->readings));
	for (size_t i = 0; i < f.count; i++) {
		const struct sm_site *site = &f.items[i].view->event.site;
		struct sm_str path = f.items[i].request->value;

		if (site->principal.kind != SM_PRINCIPAL_APP ||
		    site->via != SM_VIA_DIRECT || !sm_path_is_canonical(path))
			continue;
		a->readings[a->count++] = (struct reading){
			site->principal.function, path, area_of(l, path),
			is_told(&f.items[i].view->event, path)
		};
	}
	if (a->count)
		qsort(a->readings, a->count, sizeof(*a->readings), compare);
}

static int by_pattern(const void *a, const void *b)
{
	const struct setting *x = a, *y = b;

	return sm_str_compare(x->pattern, y->pattern);
}

static struct sm_str_list find_databases(struct sm_learn *l)
{
	struct sm_facts f =
		sm_learn_facts(l, SM_FAMILY_FILES, SM_ACCESS_SQLITE);
	struct sm_str_list found = { NULL, 0, 0 };

	for (size_t i = 0; i < f.count; i++)
		sm_list_add(l, &found, f.items[i].request->value);
	return found;
}

/*
 * And databases: who reads one as a file copies all that is in it. Those that
 * the program itself writes so are no settings; nor packages' own.
 */
static void find_settings(struct apart *a)
{
	const uint32_t changes =
		SM_ACCESS_WRITE | SM_ACCESS_CREATE | SM_ACCESS_DELETE;
	struct sm_learn *l = a->l;
	struct sm_facts f = sm_learn_facts(l, SM_FAMILY_FILES, changes);
	struct sm_str_list databases = find_databases(l);
	struct sm_str_list found = { NULL, 0, 0 }, changed = { NULL, 0, 0 };

	for (size_t i = 0; i < f.count; i++)
		if (is_kept(&databases, f.items[i].request->value))
			sm_list_add(l, &changed, f.items[i].request->value);
	for (size_t i = 0; i < a->count; i++) {
		struct sm_str path = a->readings[i].path;

		if (is_kept(&databases, path) && !sm_list_has(&changed, path) &&
		    !sm_site_of(l, path).len && !sm_is_stdlib(l, path))
			sm_list_add(l, &found, path);
	}
	a->settings =
		sm_learn_take(l, (found.count + 1) * sizeof(*a->settings));
	for (; a->setting_count < found.count; a->setting_count++) {
		struct sm_str path = found.items[a->setting_count];

		a->settings[a->setting_count] =
			(struct setting){ sm_learn_path(l, path), path };
	}
	if (found.count)
		qsort(a->settings, found.count, sizeof(*a->settings),
		      by_pattern);
}

/* ------------------------------------------------------------------- homes */

static bool reads_directly(const struct home *home)
{
	for (size_t i = 0; i < home->count; i++)
		if (sm_dir_of(home->readings[i].path).len == home->dir.len)
			return true;
	return false;
}

static void find_homes(struct apart *a)
{
	struct home *home = NULL;

	a->homes = sm_learn_take(a->l, (a->count + 1) * sizeof(*a->homes));
	for (size_t i = 0; i < a->count; i++) {
		const struct reading *r = &a->readings[i];

		if (!home || home->area != r->area ||
		    !sm_str_equal(home->function, r->function)) {
			home = &a->homes[a->home_count++];
			*home = (struct home){ r->function, sm_dir_of(r->path),
					       r,	    r->area,
					       1,	    1,
					       r->is_told,  false };
			continue;
		}
		home->count++;
		home->files += !sm_str_equal(r->path, r[-1].path);
		home->dir = sm_common_dir(home->dir, r->path);
		home->is_told |= r->is_told;
	}
	for (size_t i = 0; i < a->home_count; i++)
		a->homes[i].is_direct = reads_directly(&a->homes[i]);
}

/* ------------------------------------------------------------------- rules */

/* What a rule lets be read. */
struct granted {
	const struct sm_str *paths;
	size_t count;
	bool is_told; /* if a command line names it */
};

/* It read something whose path starts so. */
static bool has_read(const struct home *home, struct sm_str start)
{
	size_t low = 0, high = home->count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (sm_str_compare(home->readings[mid].path, start) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low < home->count &&
	       sm_str_starts(home->readings[low].path, start);
}

/*
 * What is below its directory, but what is directly in one of which it only
 * read what lies deeper (pages/, pictures/ and not app.ini beside them). In the
 * application's own, where directories are of kinds and not of owners, not in
 * one that it never read from either.
 */
static bool comes_to(const struct sm_learn *l, const struct home *home,
		     struct sm_str path)
{
	uint32_t end = home->dir.len + (home->dir.len > 1);

	if (!sm_path_is_under(path, home->dir))
		return false;
	if (path.len == home->dir.len)
		return true;
	while (end < path.len && path.p[end] != '/')
		end++;
	if (end == path.len)
		return home->is_direct;
	return !sm_str_equal(home->dir, l->app) ||
	       has_read(home, sm_str_part(path, 0, end + 1));
}

static bool is_at_home(const struct apart *a, const struct home *home,
		       const struct granted *granted)
{
	for (size_t i = 0; i < granted->count; i++)
		if (home->area == area_of(a->l, granted->paths[i]) &&
		    comes_to(a->l, home, granted->paths[i]))
			return true;
	return granted->is_told && home->is_told;
}

/* One function's homes, from *at on, and whether it may come to what is granted
 * from there. */
static struct home visit(const struct apart *a, const struct granted *granted,
			 size_t *at, bool *is_there)
{
	struct home all = a->homes[*at];

	*is_there = false;
	all.files = 0;
	for (; *at < a->home_count &&
	       sm_str_equal(a->homes[*at].function, all.function);
	     ++*at) {
		all.files += a->homes[*at].files;
		*is_there |= is_at_home(a, &a->homes[*at], granted);
	}
	return all;
}

/* "app:!" and the functions that come to it from elsewhere; or empty. */
static struct sm_str find_others(const struct apart *a,
				 const struct granted *granted)
{
	struct sm_str by = SM_STR("app:!");
	struct sm_functions functions;
	size_t at = 0, names = 0;
	bool is_there;

	while (at < a->home_count) {
		struct home home = visit(a, granted, &at, &is_there);

		if (is_there && !home.function.len)
			return SM_STR("");
		if (is_there || home.files < 2 || !home.function.len ||
		    home.function.p[0] == '<') /* any module has one */
			continue;
		if (names == NAMES_MAX)
			return SM_STR("");
		if (names++)
			by = sm_learn_join(a->l, by, SM_STR(","));
		by = sm_learn_join(a->l, by, home.function);
	}
	if (!names || !sm_functions_read(by, &functions))
		return SM_STR("");
	return by;
}

static bool only_reads(const struct sm_rule *rule)
{
	return rule->family == SM_FAMILY_FILES && !rule->deny && !rule->via &&
	       rule->access == SM_ACCESS_READ;
}

/* What a literal rule lets be read; NULL: no settings. */
static const struct setting *find_setting(const struct apart *a,
					  const struct sm_rule *rule)
{
	const struct setting wanted = { .pattern = rule->pattern };

	if (!only_reads(rule) || !a->setting_count)
		return NULL;
	return bsearch(&wanted, a->settings, a->setting_count, sizeof(wanted),
		       by_pattern);
}

static void set_by(struct sm_learn *l, struct sm_rules *rules,
		   struct sm_rule *rule, struct sm_str others)
{
	struct sm_strings by = { NULL, 0 };
	enum sm_status status = SM_OK;

	for (size_t i = 0; status == SM_OK && i < rule->by.count; i++) {
		struct sm_str who = rule->by.items[i];

		if (sm_str_equal(who, SM_STR("app")))
			who = others;
		status = sm_strings_add(rules, &by, who);
	}
	if (status != SM_OK)
		sm_learn_fail(l, status);
	rule->by = by;
}

static struct sm_str find_strangers(const struct apart *a,
				    const struct sm_rule *rule,
				    const struct sm_str_list *told)
{
	const struct setting *setting = find_setting(a, rule);

	if (setting)
		return find_others(
			a, &(struct granted){ &setting->path, 1, false });
	if (!only_reads(rule) || !told->count ||
	    !sm_str_equal(rule->pattern, SM_STR("${ARG}")))
		return SM_STR("");
	return find_others(a,
			   &(struct granted){ told->items, told->count, true });
}

/* Settings that command lines named. */
static struct sm_str_list find_told(const struct apart *a)
{
	struct sm_str_list told = { NULL, 0, 0 };

	for (size_t i = 0; i < a->count; i++)
		if (a->readings[i].is_told && is_setting(a->readings[i].path))
			sm_list_add(a->l, &told, a->readings[i].path);
	return told;
}

void sm_learn_apart(struct sm_learn *l, struct sm_rules *rules)
{
	struct apart a = { .l = l };
	struct sm_str_list told;

	if (l->options.level == SM_LEVEL_LOOSE)
		return;
	find_readings(&a);
	find_homes(&a);
	find_settings(&a);
	told = find_told(&a);
	for (size_t i = 0; i < rules->count; i++) {
		struct sm_str others =
			find_strangers(&a, &rules->rules[i], &told);

		if (others.len)
			set_by(l, rules, &rules->rules[i], others);
	}
}
