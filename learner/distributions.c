/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What belongs to a distribution in use although it was not loaded while
 * recording: its other modules, the distributions it needs, and those it wants
 * for an option or is recommended with, if its code names them in an import
 * statement. A rarely used option imports them late. The application, which has
 * no metadata, needs what its code imports. All known from what was installed
 * where the recording was made, so that what is put there afterwards is not
 * among it.
 */
#include "learner/learn.h"

#include <stdlib.h>

/* ------------------------------------------------------------ observations */

enum sm_status sm_observe_installed(struct sm_observations *o,
				    struct sm_str line)
{
	size_t at = sm_str_place(o->installed, o->installed_count, line);
	size_t room = o->installed_room;
	struct sm_str *items = o->installed;

	if (at < o->installed_count && sm_str_equal(items[at], line))
		return SM_OK;
	if (o->installed_count == SM_INSTALLED_MAX)
		return SM_LIMIT;
	if (o->installed_count == room) {
		room = room ? 2 * room : 64;
		items = realloc(items, room * sizeof(*items));
		if (!items)
			return SM_NOMEM;
		o->installed = items;
		o->installed_room = room;
	}
	line = sm_arena_copy(&o->arena, line);
	if (!line.p)
		return SM_NOMEM;
	memmove(items + at + 1, items + at,
		(o->installed_count - at) * sizeof(*items));
	items[at] = line;
	o->installed_count++;
	return SM_OK;
}

enum sm_status sm_observe_site(struct sm_observations *o, struct sm_str text)
{
	enum sm_status status = SM_OK;

	while (text.len && status == SM_OK) {
		const char *end = memchr(text.p, '\n', text.len);
		uint32_t n = end ? (uint32_t)(end - text.p) : text.len;

		if (n && n <= SM_INSTALLED_BYTES)
			status = sm_observe_installed(
				o, (struct sm_str){ text.p, n });
		n += end ? 1 : 0;
		text = (struct sm_str){ text.p + n, text.len - n };
	}
	return status;
}

enum sm_status sm_observe_installed_of(struct sm_observations *into,
				       const struct sm_observations *from)
{
	enum sm_status status = SM_OK;

	for (size_t i = 0; i < from->installed_count && status == SM_OK; i++)
		status = sm_observe_installed(into, from->installed[i]);
	return status;
}

enum sm_status sm_observe_imports(struct sm_observations *o,
				  struct sm_str place, struct sm_str text)
{
	const struct sm_str head = SM_STR("imports=");
	char line[SM_INSTALLED_BYTES];
	uint32_t n = head.len;

	if (!sm_path_is_canonical(place) || !text.len ||
	    head.len + text.len + place.len + 2 > sizeof(line))
		return SM_OK;
	memcpy(line, head.p, n);
	for (uint32_t i = 0; i < text.len; i++)
		line[n++] = text.p[i] == '\n' ? ',' : text.p[i];
	line[n++] = ' ';
	memcpy(line + n, place.p, place.len);
	return sm_observe_installed(o, (struct sm_str){ line, n + place.len });
}

/* ------------------------------------------------------------------- lines */

struct installed {
	struct sm_str name, modules, needs, wants;
	bool is_used, is_loaded;
};

/* What code names in import statements; place is where it lies. */
struct imports {
	struct sm_str names, place;
};

/* What stands behind " KEY=" up to the next blank. */
static struct sm_str value_of(struct sm_str line, struct sm_str key)
{
	const char *at = memmem(line.p, line.len, key.p, key.len);
	uint32_t from, to;

	if (!at)
		return (struct sm_str){ "", 0 };
	from = to = (uint32_t)(at - line.p) + key.len;
	while (to < line.len && line.p[to] != ' ')
		to++;
	return (struct sm_str){ line.p + from, to - from };
}

static struct installed parse(struct sm_str line)
{
	const char *end = memchr(line.p, ' ', line.len);

	return (struct installed){
		.name = { line.p, end ? (uint32_t)(end - line.p) : line.len },
		.modules = value_of(line, SM_STR(" modules=")),
		.needs = value_of(line, SM_STR(" needs=")),
		.wants = value_of(line, SM_STR(" wants=")),
	};
}

static struct imports parse_imports(struct sm_str line)
{
	const uint32_t n = SM_STR("imports=").len;
	const char *end = memchr(line.p, ' ', line.len);

	if (!end)
		return (struct imports){ { "", 0 }, { "", 0 } };
	return (struct imports){
		.names = { line.p + n, (uint32_t)(end - line.p) - n },
		.place = { end + 1, line.len - (uint32_t)(end - line.p) - 1 },
	};
}

/* The next of a list with commas; false behind the last. */
static bool next_name(struct sm_str *list, struct sm_str *name)
{
	const char *end;
	uint32_t n;

	if (!list->len)
		return false;
	end = memchr(list->p, ',', list->len);
	n = end ? (uint32_t)(end - list->p) : list->len;
	*name = (struct sm_str){ list->p, n };
	n += end ? 1 : 0;
	*list = (struct sm_str){ list->p + n, list->len - n };
	return true;
}

/* ----------------------------------------------------------------- closure */

struct closure {
	struct sm_learn *l;
	struct installed *items; /* by name: lines are sorted */
	struct imports *imports;
	size_t count, import_count;
	struct sm_str_list names;    /* of distributions to look at */
	struct sm_str_list imported; /* modules, by what may be loaded */
};

static bool has_name(struct sm_str list, struct sm_str wanted)
{
	struct sm_str name;

	while (next_name(&list, &name))
		if (sm_str_equal(name, wanted))
			return true;
	return false;
}

static bool has_module_of(const struct installed *d,
			  const struct sm_str_list *modules)
{
	struct sm_str list = d->modules, name;

	while (next_name(&list, &name))
		if (sm_list_has(modules, name))
			return true;
	return false;
}

/* Of what was not loaded is known what loading it would load as well. */
static void add_imports(struct closure *c, const struct installed *d)
{
	for (size_t i = 0; i < c->import_count; i++) {
		struct sm_str list = c->imports[i].names, name;

		if (!has_name(d->modules, sm_path_name(c->imports[i].place)) ||
		    !sm_site_of(c->l, c->imports[i].place).len)
			continue;
		while (next_name(&list, &name))
			sm_list_add(c->l, &c->imported, name);
	}
}

static void use(struct closure *c, struct installed *d)
{
	struct sm_str list = d->needs, name;

	d->is_used = true;
	while (next_name(&list, &name))
		sm_list_add(c->l, &c->names, name);
	if (!d->is_loaded)
		add_imports(c, d);
}

/* Until nothing new is needed: at most as often as a chain is long. */
static void follow_needs(struct closure *c)
{
	bool is_done = false;

	while (!is_done) {
		is_done = true;
		for (size_t i = 0; i < c->count; i++) {
			struct installed *d = &c->items[i];

			if (d->is_used || (!sm_list_has(&c->names, d->name) &&
					   !has_module_of(d, &c->imported)))
				continue;
			use(c, d);
			is_done = false;
		}
	}
}

/* --------------------------------------------------------------------- wants
 */

/* Code of d names a module of wanted's. */
static bool imports_from(const struct closure *c, const struct installed *d,
			 const struct installed *wanted)
{
	for (size_t i = 0; i < c->import_count; i++) {
		struct sm_str list = wanted->modules, name;

		if (!has_name(d->modules, sm_path_name(c->imports[i].place)))
			continue;
		while (next_name(&list, &name))
			if (has_name(c->imports[i].names, name))
				return true;
	}
	return false;
}

static void use_wanted(struct closure *c, const struct installed *d)
{
	for (size_t i = 0; i < c->count; i++)
		if (has_name(d->wants, c->items[i].name) &&
		    imports_from(c, d, &c->items[i]))
			sm_list_add(c->l, &c->names, c->items[i].name);
}

/* What was loaded, what that asks for, and what the application imports. */
static void begin(struct closure *c)
{
	for (size_t i = 0; i < c->import_count; i++) {
		struct sm_str list = c->imports[i].names, name;

		if (sm_site_of(c->l, c->imports[i].place).len)
			continue;
		while (next_name(&list, &name))
			sm_list_add(c->l, &c->imported, name);
	}
	for (size_t i = 0; i < c->count; i++) {
		struct installed *d = &c->items[i];

		d->is_loaded = has_module_of(d, &c->l->loaded);
		if (!has_module_of(d, &c->l->wanted))
			continue;
		use_wanted(c, d);
		use(c, d);
	}
}

static void read_lines(struct closure *c, const struct sm_observations *o)
{
	c->items = sm_learn_take(c->l,
				 (o->installed_count + 1) * sizeof(*c->items));
	c->imports = sm_learn_take(c->l, (o->installed_count + 1) *
						 sizeof(*c->imports));
	for (size_t i = 0; i < o->installed_count; i++) {
		struct sm_str line = o->installed[i];

		/* A path: a module of the application's, see modules.c. */
		if (line.p[0] == '/')
			continue;
		if (sm_str_starts(line, SM_STR("imports=")))
			c->imports[c->import_count++] = parse_imports(line);
		else
			c->items[c->count++] = parse(line);
	}
}

/* ------------------------------------------------------------------- rules */

#define KIN_MAX 8 /* modules of a distribution that read each other's files */

/* Seen nowhere, and so without a count and for whoever imports it. */
static void add_load(struct sm_learn *l, struct sm_str module)
{
	struct sm_rule rule = { .family = SM_FAMILY_CODE,
				.access = SM_ACCESS_LOAD };

	rule.pattern = sm_learn_join(l, SM_STR("distribution:"), module);
	l->why = SM_STR("comes with what was loaded, or is needed by it");
	sm_learn_rule(l, &rule);
	l->why = SM_STR("");
}

static void add_data(struct sm_learn *l, struct sm_str module,
		     struct sm_strings by)
{
	struct sm_rule rule = { .family = SM_FAMILY_FILES,
				.access = SM_ACCESS_LIST,
				.by = by };
	struct sm_str directory;

	for (size_t i = 0; i < l->site.count; i++) {
		directory = sm_learn_join(l, l->site.items[i], SM_STR("/"));
		directory = sm_learn_join(l, directory, module);
		sm_learn_own_data(l, directory, by);
		rule.pattern = sm_learn_path(l, directory);
		if (by.count > 1)
			sm_learn_rule(l, &rule);
	}
}

/* What is one project in several modules: plugins beside the program. */
static void add_distribution(struct sm_learn *l, const struct installed *d)
{
	struct sm_str list = d->modules, kin[KIN_MAX], name;
	size_t count = 0;

	while (count < KIN_MAX && next_name(&list, &name))
		kin[count++] = name;
	if (list.len)
		count = 0;
	list = d->modules;
	while (next_name(&list, &name)) {
		bool is_loaded = sm_list_has(&l->loaded, name);

		if (!is_loaded)
			add_load(l, name);
		if (count > 1)
			add_data(l, name, (struct sm_strings){ kin, count });
		else if (!is_loaded)
			add_data(l, name, (struct sm_strings){ &name, 1 });
	}
}

void sm_learn_needs(struct sm_learn *l)
{
	struct closure c = { .l = l };

	read_lines(&c, l->observations);
	begin(&c);
	follow_needs(&c);
	for (size_t i = 0; i < c.count; i++)
		if (c.items[i].is_used)
			add_distribution(l, &c.items[i]);
}
