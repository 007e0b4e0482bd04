/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who makes the same in another format. Unasked the program makes 2026-11.json
 * itself and has a package make 2026-11.xlsx; where a command line says what is
 * to be made, it was a .json so far. Which package makes it is a matter of the
 * format, and the next name may be that of a spreadsheet.
 */
#include <stdlib.h>

#include "learner/paths.h"

/* A file that was made, and by whom. */
struct product {
	struct sm_str near; /* directories with the same one lie together */
	struct sm_str name, by;
	uint32_t access;
	bool is_told; /* he makes files where a command line says, too */
};

static int compare_things(const struct product *a, const struct product *b)
{
	int r = sm_str_compare(sm_stem_of(a->name), sm_stem_of(b->name));

	return r ? r : sm_str_compare(a->near, b->near);
}

static int by_thing(const void *a, const void *b)
{
	const struct product *x = a, *y = b;
	int r = compare_things(x, y);

	if (!r)
		r = sm_str_compare(x->name, y->name);
	return r ? r : sm_str_compare(x->by, y->by);
}

static struct sm_str_list find_told(struct sm_learn *l,
				    const struct sm_facts *f)
{
	struct sm_str_list told = { NULL, 0, 0 };

	for (size_t i = 0; i < f->count; i++) {
		const struct sm_event *e = &f->items[i].view->event;
		int n = sm_named_find(e->named, f->items[i].request->value);

		if (n >= 0 && e->site.kind == SM_EVENT_OPEN &&
		    sm_str_equal(e->named->paths[n],
				 f->items[i].request->value))
			sm_list_add(l, &told, sm_by_of(l, e));
	}
	return told;
}

static size_t find_products(struct sm_learn *l, const struct sm_facts *f,
			    const struct sm_str_list *told,
			    struct product *products)
{
	size_t n = 0;

	for (size_t i = 0; i < f->count; i++) {
		const struct sm_request *r = f->items[i].request;
		const struct sm_event *e = &f->items[i].view->event;
		struct sm_str name = sm_path_name(r->value);
		struct sm_str by = sm_by_of(l, e), dir = sm_dir_of(r->value);

		if (e->site.kind != SM_EVENT_OPEN || r->via != SM_VIA_DIRECT ||
		    !sm_is_data_suffix(sm_extension(name)))
			continue;
		if (sm_dir_of(dir).len > 1)
			dir = sm_dir_of(dir);
		products[n++] = (struct product){ dir, name, by, r->access,
						  sm_list_has(told, by) };
	}
	if (n)
		qsort(products, n, sizeof(*products), by_thing);
	return n;
}

static void let_make(struct sm_learn *l, struct product *p)
{
	const struct sm_rule rule = { .family = SM_FAMILY_FILES,
				      .access = p->access,
				      .pattern = SM_STR("${ARG}"),
				      .by = { &p->by, 1 } };

	l->why = SM_STR("made in another format where nothing is told");
	sm_learn_rule(l, &rule);
	l->why = SM_STR("");
}

/* All of it is one thing. */
static void let_packages_make(struct sm_learn *l, struct product *p,
			      size_t count)
{
	struct sm_str_list formats = { NULL, 0, 0 };

	for (size_t i = 0; i < count; i++)
		if (p[i].is_told)
			sm_list_add(l, &formats, sm_extension(p[i].name));
	for (size_t i = 0; formats.count && i < count; i++)
		if (!p[i].is_told && sm_is_package(p[i].by) &&
		    !sm_list_has(&formats, sm_extension(p[i].name)))
			let_make(l, &p[i]);
}

void sm_learn_other_formats(struct sm_learn *l)
{
	const struct sm_facts f =
		sm_learn_facts(l, SM_FAMILY_FILES, SM_ACCESS_CREATE);
	const struct sm_str_list told = find_told(l, &f);
	struct product *p;
	size_t count, end;

	if (!told.count)
		return;
	p = sm_learn_take(l, (f.count + 1) * sizeof(*p));
	count = find_products(l, &f, &told, p);
	for (size_t i = 0; i < count; i = end) {
		for (end = i + 1;
		     end < count && !compare_things(&p[end], &p[i]);)
			end++;
		let_packages_make(l, p + i, end - i);
	}
}
