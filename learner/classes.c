/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Classes in pickles. Which of them objects are made of depends on what there
 * was to be kept, and code is granted by distributions: so those of a module,
 * or of a package, may become one rule for whoever unpickled them, if that
 * costs least (cost.h). Only what was loaded from a distribution or from the
 * application: in the standard library, what runs commands is a name away.
 */
#include <stdlib.h>

#include "learner/open.h"

/* A class one principal unpickled. */
struct class
{
	const struct sm_fact *fact;
	struct sm_str by, name;
	struct sm_str top, module; /* of its name; top is empty: it stays */
};

/* What may become one rule: classes beside each other. */
struct place {
	struct sm_choice cut;
	const struct class *classes;
	size_t count;
	struct sm_str dir; /* the module or package */
};

/* A package, and its modules. */
struct package {
	struct place place;
	struct place *modules;
	size_t count;
};

/* -------------------------------------------------------------------- names */

/* What stands before the first or the last dot; empty: there is none. */
static struct sm_str before_dot(struct sm_str name, bool last)
{
	uint32_t dot = 0;

	for (uint32_t i = 1; i < name.len; i++)
		if (name.p[i] == '.' && (last || !dot))
			dot = i;
	return (struct sm_str){ name.p, dot };
}

struct sm_str sm_module_of(struct sm_str class)
{
	return before_dot(class, true);
}

bool sm_is_module(struct sm_str file, struct sm_str module)
{
	struct sm_str suffix = SM_STR("/__init__.py");

	if (!sm_str_ends(file, suffix))
		suffix = SM_STR(".py");
	if (!module.len || file.len <= module.len + suffix.len ||
	    !sm_str_ends(file, suffix))
		return false;
	file.len -= suffix.len;
	file.p += file.len - module.len;
	for (uint32_t i = 0; i < module.len; i++)
		if (file.p[i] != (module.p[i] == '.' ? '/' : module.p[i]))
			return false;
	return file.p[-1] == '/';
}

/* The application's own, the script itself included. */
static bool is_of_app(const struct sm_learn *l, struct sm_str module)
{
	if (sm_str_equal(module, SM_STR("__main__")))
		return true;
	for (size_t i = 0; i < l->code_files.count; i++)
		if (sm_is_module(l->code_files.items[i], module))
			return true;
	return false;
}

static void read_class(struct sm_learn *l, const struct sm_fact *fact,
		       struct class *class)
{
	enum sm_principal_kind kind = fact->view->event.site.principal.kind;
	struct sm_str name = fact->request->value;

	*class = (struct class){ .fact = fact,
				 .by = sm_by_of(l, &fact->view->event),
				 .name = name };
	/* Who is nobody, and what is an attribute, has to be told. */
	if (kind == SM_PRINCIPAL_FOREIGN || kind == SM_PRINCIPAL_DYNAMIC ||
	    sm_str_has(name, ':'))
		return;
	class->module = sm_module_of(name);
	class->top = before_dot(name, false);
	if (!sm_list_has(&l->loaded, class->top) &&
	    !is_of_app(l, class->module))
		class->top.len = 0;
}

static int by_place(const void *a, const void *b)
{
	const struct class *x = a, *y = b;
	int r = sm_str_compare(x->by, y->by);

	if (!r)
		r = sm_str_compare(x->top, y->top);
	if (!r)
		r = sm_str_compare(x->module, y->module);
	return r ? r : sm_str_compare(x->name, y->name);
}

/* -------------------------------------------------------------------- costs */

static bool is_own(const struct class *class)
{
	return sm_str_equal(class->by, class->top);
}

static double rule_cost(const struct class *class, struct sm_reach reach,
			const char *slot)
{
	static const struct sm_place place = { 0 };
	static const struct sm_node node = { .count = 0 };

	reach.sensitivity = sm_sensitivity(&place, &node, is_own(class));
	if (*slot)
		reach = sm_reach_slot(&reach, sm_str_of(slot));
	return sm_rule_cost(&reach, SM_ACCESS_CLASS);
}

/* One name more: where count classes were seen. */
static void add_name(const struct sm_learn *l, struct sm_novelty *novelty,
		     const struct class *classes, size_t count)
{
	struct sm_node node = { .sources = 1 };

	for (size_t i = 0; i < count; i++)
		sm_node_note_call(l, &node, classes[i].fact->view->call);
	sm_novelty_add(novelty, &node, true);
}

static struct sm_form *add_form(struct sm_learn *l, struct sm_choice *cut,
				size_t parts)
{
	struct sm_form *form = sm_learn_take(l, sizeof(*form));
	struct sm_form **at = &cut->forms;

	form->parts = sm_learn_take(l, (parts + 1) * sizeof(cut));
	while (*at)
		at = &(*at)->next;
	*at = form;
	return form;
}

/* share: of the uses of the package. */
static void lay_out_module(struct sm_learn *l, struct place *module,
			   double share)
{
	struct sm_evidence e = { .distinct = module->count };
	const struct class *first = module->classes;
	struct sm_novelty novelty = { .windows = 0 };
	struct sm_reach reach = { .slots = 0 };
	struct sm_form *form = add_form(l, &module->cut, 0);

	for (size_t i = 0; i < module->count; i++) {
		add_name(l, &novelty, &first[i], 1);
		form->cost += rule_cost(first, reach, "");
	}
	form->cost += sm_block_cost(l, share * sm_novelty_unseen(&novelty, 1));
	if (sm_is_open(l, &e))
		add_form(l, &module->cut, 0)->cost =
			rule_cost(first, reach, "<name>");
}

/* A package's own modules are its own affair; two say that others follow. */
static void lay_out_package(struct sm_learn *l, struct package *package)
{
	struct place *all = &package->place;
	struct sm_evidence e = { .distinct = all->count };
	struct sm_reach reach = { .depth = 1 };
	struct sm_novelty novelty = { .windows = 0 };
	struct sm_form *form = add_form(l, &all->cut, package->count);

	for (size_t i = 0; i < package->count; i++) {
		struct place *module = &package->modules[i];

		lay_out_module(l, module,
			       (double)module->count / (double)all->count);
		add_name(l, &novelty, module->classes, module->count);
		form->parts[form->count++] = &module->cut;
	}
	form->cost = sm_block_cost(l, sm_novelty_unseen(&novelty, 1) / 2);
	if (sm_is_open(l, &e) && (package->count > 1 || is_own(all->classes)))
		add_form(l, &all->cut, 0)->cost =
			rule_cost(all->classes, reach, "**");
}

/* -------------------------------------------------------------------- rules */

/*
 * What processes of one program send one another is read by multiprocessing. A
 * pool that the application made has it on the stack of its first workers; the
 * thread that starts others, when those are done, has nobody there.
 */
static bool is_sent(const struct sm_learn *l, const struct sm_event *event)
{
	return event->site.principal.kind == SM_PRINCIPAL_APP &&
	       sm_str_equal(sm_stdlib_module(l, event->site.file),
			    SM_STR("multiprocessing"));
}

static void add_rule(struct sm_learn *l, const struct class *class,
		     struct sm_str pattern)
{
	const struct sm_fact *fact = class->fact;
	struct sm_event nobody = fact->view->event;
	struct sm_rule rule = { .family = SM_FAMILY_PICKLES,
				.access = SM_ACCESS_CLASS,
				.pattern = pattern,
				.seen = fact->view->call->count };

	sm_learn_rule_by(l, &rule, &fact->view->event);
	if (!is_sent(l, &fact->view->event))
		return;
	nobody.site.principal =
		(struct sm_principal){ .kind = SM_PRINCIPAL_PYTHON };
	rule.seen = 0;
	sm_learn_rule_by(l, &rule, &nobody);
}

static void add_literals(struct sm_learn *l, const struct class *classes,
			 size_t count)
{
	for (size_t i = 0; i < count; i++)
		add_rule(l, &classes[i], sm_escape(l, classes[i].name));
}

/* The form that was chosen, if it is not the first. */
static void add_slot(struct sm_learn *l, const struct place *place)
{
	struct sm_str pattern =
		sm_learn_join(l, sm_escape(l, place->dir), SM_STR(".<class>"));

	l->why = sm_cut_why(l, &place->cut, place->count, "classes");
	for (size_t i = 0; i < place->count; i++)
		add_rule(l, &place->classes[i], pattern);
	l->why = SM_STR("");
}

static void add_package(struct sm_learn *l, const struct package *package)
{
	if (package->place.cut.best != package->place.cut.forms) {
		add_slot(l, &package->place);
		return;
	}
	for (size_t i = 0; i < package->count; i++) {
		const struct place *module = &package->modules[i];

		if (module->cut.best != module->cut.forms)
			add_slot(l, module);
		else
			add_literals(l, module->classes, module->count);
	}
}

/* Classes of one package for one principal, by module. */
static void learn_package(struct sm_learn *l, const struct class *classes,
			  size_t count)
{
	struct package package = { .place = { .classes = classes,
					      .count = count,
					      .dir = classes[0].top } };
	size_t end;

	package.modules = sm_learn_take(l, count * sizeof(*package.modules));
	for (size_t i = 0; i < count; i = end) {
		for (end = i + 1;
		     end < count &&
		     sm_str_equal(classes[end].module, classes[i].module);)
			end++;
		package.modules[package.count++] =
			(struct place){ .classes = &classes[i],
					.count = end - i,
					.dir = classes[i].module };
	}
	lay_out_package(l, &package);
	sm_cut_solve(&package.place.cut);
	add_package(l, &package);
}

void sm_learn_classes(struct sm_learn *l)
{
	struct sm_facts f = sm_learn_facts(l, SM_FAMILY_PICKLES, UINT32_MAX);
	struct class *classes =
		sm_learn_take(l, (f.count + 1) * sizeof(*classes));
	size_t end;

	for (size_t i = 0; i < f.count; i++)
		read_class(l, &f.items[i], &classes[i]);
	if (f.count)
		qsort(classes, f.count, sizeof(*classes), by_place);
	for (size_t i = 0; i < f.count; i = end) {
		const struct class *c = &classes[i];

		for (end = i + 1; end < f.count &&
				  sm_str_equal(classes[end].by, c->by) &&
				  sm_str_equal(classes[end].top, c->top);)
			end++;
		if (c->top.len)
			learn_package(l, c, end - i);
		else
			add_literals(l, c, end - i);
	}
}
