/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Code: distributions whole, the application's files by name, modules of the
 * standard library that give more than its rest does one by one.
 */
#include "learner/paths.h"

static void add_load(struct sm_learn *l, struct sm_str pattern,
		     const struct sm_event *event, uint64_t seen)
{
	struct sm_rule rule = { .family = SM_FAMILY_CODE,
				.access = SM_ACCESS_LOAD,
				.pattern = pattern,
				.seen = seen };

	sm_learn_rule_by(l, &rule, event);
}

/*
 * What the bundle leaves of the standard library needs a principal. Python
 * itself is one: which package first needs a module is an accident of order.
 */
static void add_stdlib(struct sm_learn *l, struct sm_str module,
		       const struct sm_event *event, uint64_t seen)
{
	struct sm_rule rule = { .family = SM_FAMILY_CODE,
				.access = SM_ACCESS_LOAD,
				.pattern = sm_learn_join(l, SM_STR("stdlib:"),
							 module),
				.seen = seen };
	struct sm_str by[2] = { sm_by_of(l, event), SM_STR("python") };

	rule.by = (struct sm_strings){ by, 2 };
	sm_learn_rule(l, &rule);
}

/*
 * A package reads what lies in its own directory: which of it depends on what
 * goes wrong, and on its version. Others may not; see package_data.c. What is
 * hidden there is nobody's data.
 */
void sm_learn_own_data(struct sm_learn *l, struct sm_str directory,
		       struct sm_strings by)
{
	struct sm_rule rule = { .family = SM_FAMILY_FILES,
				.access = SM_ACCESS_READ | SM_ACCESS_LIST,
				.by = by };

	rule.pattern = sm_learn_join(l, sm_learn_path(l, directory),
				     SM_STR("/<tree>"));
	l->why = SM_STR("a package in use reads its own files");
	sm_learn_rule(l, &rule);
	l->why = SM_STR("");
}

/* Code that is named after what it was made from: an object, a template. */
static struct sm_str made_from(struct sm_learn *l, struct sm_str path)
{
	struct sm_str name = sm_path_name(path), dir;
	bool slotted;
	unsigned typed;

	if (sm_has_address(name)) {
		dir = sm_learn_join(l, sm_learn_path(l, sm_dir_of(path)),
				    SM_STR("/"));
		return sm_learn_join(l, dir, sm_skeleton(l, name, &typed));
	}
	dir = sm_learn_package_code(l, path);
	return dir.len ? dir : sm_paths_pattern(l, path, &slotted);
}

/* Files of which code was run; none, if nothing tells. */
static struct sm_str_list list_run(struct sm_learn *l)
{
	struct sm_str_list run = { NULL, 0, 0 };

	for (size_t i = 0; i < l->view_count; i++) {
		const struct sm_view *view = &l->views[i];
		enum sm_event_kind kind = view->event.site.kind;

		/* Extension modules are imported, and not run. */
		if (kind != SM_EVENT_EXEC && kind != SM_EVENT_IMPORT)
			continue;
		for (unsigned k = 0; k < view->request_count; k++)
			if (view->requests[k].access == SM_ACCESS_LOAD)
				sm_list_add(l, &run, view->requests[k].value);
	}
	return run;
}

/*
 * Read to be run, but it was not there, or not what was expected. What a link
 * led to has an event of its own, and is run under the name of the link.
 */
static void list_unrun(struct sm_learn *l, const struct sm_facts *f)
{
	struct sm_str_list run = list_run(l);

	for (size_t i = 0; run.count && i < f->count; i++) {
		const struct sm_request *r = f->items[i].request;
		bool is_open =
			f->items[i].view->event.site.kind == SM_EVENT_OPEN;

		if (is_open && r->access == SM_ACCESS_LOAD &&
		    !sm_is_quoted(l, r) && !sm_list_has(&run, r->value))
			sm_list_add(l, &l->unrun, sm_learn_path(l, r->value));
	}
}

static void load_file(struct sm_learn *l, struct sm_str path,
		      const struct sm_event *event, uint64_t seen)
{
	struct sm_str extension = sm_extension(path), name;
	bool is_code = sm_is_code_suffix(extension) &&
		       !sm_str_equal(extension, SM_STR(".pth"));

	if (sm_learn_nameless(l, path, event, seen))
		return;
	name = sm_distribution_of(l, path);
	if (name.len && is_code) {
		uint32_t top = sm_site_of(l, path).len + 1 + name.len;

		if (path.len > top && path.p[top] == '/')
			sm_learn_own_data(l, (struct sm_str){ path.p, top },
					  (struct sm_strings){ &name, 1 });
		sm_list_add(l, &l->loaded, name);
		if (event->site.principal.kind != SM_PRINCIPAL_PYTHON)
			sm_list_add(l, &l->wanted, name);
		add_load(l, sm_learn_join(l, SM_STR("distribution:"), name),
			 event, seen);
		return;
	}
	name = sm_stdlib_module(l, path);
	if (name.len && is_code) {
		add_stdlib(l, name, event, seen);
		return;
	}
	add_load(l, is_code ? sm_learn_path(l, path) : made_from(l, path),
		 event, seen);
}

/* Whoever acts as the application must be code that may be loaded. */
static void load_principal(struct sm_learn *l, const struct sm_view *view)
{
	const struct sm_principal *who = &view->event.site.principal;

	if (who->kind != SM_PRINCIPAL_APP && who->kind != SM_PRINCIPAL_DYNAMIC)
		return;
	if (!sm_path_is_canonical(who->file) || sm_is_stdlib(l, who->file))
		return;
	load_file(l, who->file, &view->event, view->call->count);
}

void sm_learn_code(struct sm_learn *l)
{
	struct sm_facts f = sm_learn_facts(l, SM_FAMILY_CODE, UINT32_MAX);

	sm_learn_find_nameless(l);
	list_unrun(l, &f);
	for (size_t i = 0; i < f.count; i++) {
		const struct sm_view *view = f.items[i].view;

		if (f.items[i].request->access != SM_ACCESS_RUN &&
		    !sm_is_quoted(l, f.items[i].request))
			load_file(l, f.items[i].request->value, &view->event,
				  view->call->count);
	}
	sm_learn_generated(l);
	for (size_t i = 0; i < l->view_count; i++)
		load_principal(l, &l->views[i]);
	sm_learn_needs(l);
}
