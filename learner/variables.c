/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which directories get a name. The interpreter says where its library, home
 * and temporary files are; the application is where its executed code lies.
 */
#include "learner/learn.h"

#include <stdlib.h>

struct sm_str sm_dir_of(struct sm_str path)
{
	uint32_t n = path.len - sm_path_name(path).len;

	if (path.len == 1)
		return (struct sm_str){ path.p, 0 };
	return (struct sm_str){ path.p, n > 1 ? n - 1 : n };
}

struct sm_str sm_common_dir(struct sm_str dir, struct sm_str path)
{
	while (dir.len > 1 && !sm_path_is_under(path, dir))
		dir = sm_dir_of(dir);
	return dir;
}

static struct sm_str site_in(struct sm_str path)
{
	static const struct sm_str names[] = { SM_STR("/site-packages/"),
					       SM_STR("/dist-packages/") };

	for (uint32_t i = path.len; i-- > 0;)
		for (size_t k = 0; k < 2; k++)
			if (path.len - i >= names[k].len &&
			    !memcmp(path.p + i, names[k].p, names[k].len))
				return (struct sm_str){ path.p,
							i + names[k].len - 1 };
	return (struct sm_str){ path.p, 0 };
}

/* The longest directory of list that path is in, or empty. */
static struct sm_str holder(const struct sm_str_list *list, struct sm_str path)
{
	struct sm_str best = { "", 0 };

	for (size_t i = 0; i < list->count; i++)
		if (sm_path_is_under(path, list->items[i]) &&
		    list->items[i].len > best.len)
			best = list->items[i];
	return best;
}

struct sm_str sm_site_of(const struct sm_learn *l, struct sm_str path)
{
	return holder(&l->site, path);
}

struct sm_str sm_stdlib_of(const struct sm_learn *l, struct sm_str path)
{
	return holder(&l->stdlib, path);
}

bool sm_is_stdlib(const struct sm_learn *l, struct sm_str path)
{
	return !sm_site_of(l, path).len && holder(&l->stdlib, path).len;
}

/* "pkg/mod.py", "pkg.py" and "pkg.abi3.so" all belong to "pkg". */
static struct sm_str top_name(struct sm_str file, struct sm_str dir)
{
	uint32_t from = dir.len + 1, to = from;

	if (file.len <= from)
		return (struct sm_str){ "", 0 };
	while (to < file.len && file.p[to] != '/' && file.p[to] != '.')
		to++;
	return (struct sm_str){ file.p + from, to - from };
}

struct sm_str sm_stdlib_module(const struct sm_learn *l, struct sm_str file)
{
	const struct sm_str frozen = SM_STR("<frozen ");
	struct sm_str name;

	if (sm_str_starts(file, frozen)) {
		name = top_name(file,
				(struct sm_str){ file.p, frozen.len - 1 });
		if (name.len && name.p[name.len - 1] == '>')
			name.len--;
		return name;
	}
	if (!sm_is_stdlib(l, file))
		return (struct sm_str){ "", 0 };
	name = top_name(file, holder(&l->stdlib, file));
	/* Extension modules lie one directory down. */
	if (sm_str_equal(name, SM_STR("lib-dynload")))
		name = top_name(file, sm_dir_of(file));
	return name;
}

struct sm_str sm_distribution_of(const struct sm_learn *l, struct sm_str file)
{
	struct sm_str site = sm_site_of(l, file);

	if (!site.len)
		return (struct sm_str){ "", 0 };
	return top_name(file, site);
}

/* ------------------------------------------------------------- what was run */

static void note_code(struct sm_learn *l, struct sm_str file)
{
	struct sm_str site;

	if (!sm_path_is_canonical(file))
		return;
	site = site_in(file);
	if (site.len) {
		sm_list_add(l, &l->site, site);
		return;
	}
	if (holder(&l->stdlib, file).len) {
		sm_list_add(l, &l->stdlib_files, file);
		return;
	}
	sm_list_add(l, &l->code_files, file);
	sm_list_add(l, &l->own_code, file);
	sm_list_add(l, &l->code_dirs, sm_dir_of(file));
}

/* Nobody's code, but as little to be written to. */
static void note_program(struct sm_learn *l, struct sm_str file)
{
	if (!sm_path_is_canonical(file))
		return;
	sm_list_add(l, &l->code_files, file);
	sm_list_add(l, &l->program_dirs, sm_dir_of(file));
}

static void note_made_up(struct sm_learn *l, const struct sm_event *event)
{
	struct sm_str path;

	if (!event->argc || !sm_value_is_string(&event->args[0]))
		return;
	path = sm_value_str(&event->args[0]);
	if (!path.len || path.p[0] != '/') {
		sm_list_add(l, &l->tmp_relative, sm_path_name(path));
		return;
	}
	sm_list_add(l, &l->tmp_names, path);
	sm_list_add(l, &l->tmp_words, sm_path_name(path));
}

static void note_view(struct sm_learn *l, const struct sm_view *view)
{
	enum sm_event_kind kind = view->event.site.kind;

	if (kind == SM_EVENT_TEMPFILE_MKSTEMP ||
	    kind == SM_EVENT_TEMPFILE_MKDTEMP) {
		note_made_up(l, &view->event);
		return;
	}
	for (unsigned i = 0; i < view->request_count; i++) {
		const struct sm_request *r = &view->requests[i];

		if (r->access == SM_ACCESS_EXEC && !r->cut)
			note_program(l, r->value);
		if (kind == SM_EVENT_OS_MKDIR && !r->cut &&
		    l->options.level != SM_LEVEL_TIGHT &&
		    sm_path_name(r->value).p[0] == '.')
			sm_list_add(l, &l->made_hidden, r->value);
		if (r->access != SM_ACCESS_LOAD || r->cut || sm_is_quoted(l, r))
			continue;
		/* Jinja and others name generated code after its template. */
		if (sm_is_code_suffix(sm_extension(r->value)) ||
		    r->via == SM_VIA_EXEC)
			note_code(l, r->value);
		else if (sm_path_is_canonical(r->value))
			sm_list_add(l, &l->text_dirs, sm_dir_of(r->value));
	}
	if (view->event.site.principal.kind == SM_PRINCIPAL_APP)
		note_code(l, view->event.site.principal.file);
}

static void note_owners(struct sm_learn *l)
{
	const struct sm_observations *o = l->observations;

	for (size_t i = 0; i < o->owner_count; i++) {
		const struct sm_owner *owner = &o->owners[i];

		if (sm_path_is_canonical(owner->stdlib))
			sm_list_add(l, &l->stdlib, owner->stdlib);
	}
	sm_note_pids(l);
}

/* --------------------------------------------------------------------- APP */

/* Directories that hold everybody's things and name nobody's. */
static bool is_common_ground(struct sm_str dir)
{
	static const char *const list[] = {
		"/",	    "/bin",	  "/sbin",	     "/usr",
		"/usr/bin", "/usr/sbin",  "/usr/local",	     "/usr/local/bin",
		"/usr/lib", "/usr/share", "/home",	     "/opt",
		"/srv",	    "/var",	  "/var/lib",	     "/tmp",
		"/etc",	    "/mnt",	  "/media",	     "/run",
		"/var/tmp", "/dev/shm",	  "/usr/local/sbin", "/usr/local/lib",
		NULL
	};

	return !dir.len || sm_is_among(dir, list);
}

static bool is_owner_dir(const struct sm_learn *l, struct sm_str dir)
{
	const struct sm_observations *o = l->observations;

	for (size_t i = 0; i < o->owner_count; i++) {
		const struct sm_owner *owner = &o->owners[i];

		if (sm_str_equal(dir, owner->home) ||
		    sm_str_equal(dir, owner->tmp))
			return true;
	}
	return is_common_ground(dir);
}

/* Where programs are installed: their directory is not an application. */
static bool is_bin(const struct sm_learn *l, struct sm_str dir)
{
	const struct sm_observations *o = l->observations;
	struct sm_str name = sm_path_name(dir);

	if (sm_str_equal(name, SM_STR("bin")) ||
	    sm_str_equal(name, SM_STR("sbin")))
		return true;
	for (size_t i = 0; i < o->owner_count; i++)
		if (sm_str_equal(dir, sm_dir_of(o->owners[i].exe)))
			return true;
	return false;
}

/* The directory all code directories share, leaving out installed programs. */
static struct sm_str shared_code_dir(const struct sm_learn *l)
{
	struct sm_str shared = { "", 0 }, deepest = { "", 0 };

	for (size_t i = 0; i < l->code_dirs.count; i++) {
		struct sm_str dir = l->code_dirs.items[i];

		if (is_bin(l, dir) || is_owner_dir(l, dir))
			continue;
		shared = shared.len ? sm_common_dir(shared, dir) : dir;
		if (!deepest.len)
			deepest = dir;
	}
	/* Code in unrelated places: the first one, in byte order. */
	return is_owner_dir(l, shared) ? deepest : shared;
}

/* The only working directory of all interpreters, or empty. */
static struct sm_str shared_cwd(const struct sm_learn *l)
{
	const struct sm_observations *o = l->observations;
	struct sm_str cwd = { "", 0 };

	for (size_t i = 0; i < o->owner_count; i++) {
		if (!o->owners[i].stdlib.len)
			continue;
		if (!sm_path_is_canonical(o->owners[i].cwd) ||
		    (cwd.len && !sm_str_equal(cwd, o->owners[i].cwd)))
			return (struct sm_str){ "", 0 };
		cwd = o->owners[i].cwd;
	}
	return cwd;
}

/* --------------------------------------------------------------- prefixes */

static void add_prefix(struct sm_learn *l, const char *name, struct sm_str dir)
{
	if (!sm_path_is_canonical(dir) || dir.len < 2)
		return;
	for (size_t i = 0; i < l->prefix_count; i++)
		if (sm_str_equal(l->prefixes[i].dir, dir))
			return;
	l->prefixes = sm_learn_grow(l, l->prefixes, l->prefix_count,
				    &l->prefix_room, sizeof(*l->prefixes));
	l->prefixes[l->prefix_count++] =
		(struct sm_prefix){ sm_str_of(name), sm_learn_copy(l, dir),
				    false };
}

static int longest_first(const void *a, const void *b)
{
	const struct sm_prefix *x = a, *y = b;

	if (x->dir.len != y->dir.len)
		return x->dir.len < y->dir.len ? 1 : -1;
	return sm_str_compare(x->dir, y->dir);
}

void sm_learn_variables(struct sm_learn *l)
{
	const struct sm_observations *o = l->observations;
	struct sm_str cwd;

	note_owners(l);
	sm_learn_quoted(l);
	for (size_t i = 0; i < l->view_count; i++)
		note_view(l, &l->views[i]);
	cwd = l->cwd = shared_cwd(l);
	if (is_owner_dir(l, cwd))
		cwd = (struct sm_str){ "", 0 };
	l->app = shared_code_dir(l);
	if (cwd.len && (!l->app.len || sm_path_is_under(l->app, cwd)))
		l->app = cwd;
	for (size_t i = 0; i < l->site.count; i++)
		add_prefix(l, "SITE", l->site.items[i]);
	for (size_t i = 0; i < l->stdlib.count; i++)
		add_prefix(l, "STDLIB", l->stdlib.items[i]);
	if (l->app.len)
		add_prefix(l, "APP", l->app);
	for (size_t i = 0; i < o->owner_count; i++)
		add_prefix(l, "HOME", o->owners[i].home);
	for (size_t i = 0; i < o->owner_count; i++)
		add_prefix(l, "TMP", o->owners[i].tmp);
	if (cwd.len)
		add_prefix(l, "CWD", cwd);
	qsort(l->prefixes, l->prefix_count, sizeof(*l->prefixes),
	      longest_first);
}

void sm_learn_place(struct sm_learn *l, struct sm_str dir)
{
	add_prefix(l, "START", dir);
	qsort(l->prefixes, l->prefix_count, sizeof(*l->prefixes),
	      longest_first);
}

struct sm_str sm_learn_path(struct sm_learn *l, struct sm_str path)
{
	for (size_t i = 0; i < l->prefix_count; i++) {
		struct sm_prefix *p = &l->prefixes[i];
		struct sm_str rest, name;

		if (!sm_path_is_under(path, p->dir))
			continue;
		p->is_used = true;
		rest = (struct sm_str){ path.p + p->dir.len,
					path.len - p->dir.len };
		name = sm_learn_join(l, SM_STR("${"), p->name);
		name = sm_learn_join(l, name, SM_STR("}"));
		return sm_learn_join(l, name, sm_escape(l, rest));
	}
	return sm_escape(l, path);
}
