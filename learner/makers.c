/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Code that a package makes and loads itself, as template engines that keep
 * modules of what they compiled do. What may be written is no code otherwise,
 * so that no rule could grant what was recorded. The rule to write says that it
 * makes code then, is under review, and is for packages only: what everybody
 * else may write stays no code.
 */
#include "learner/learn.h"

/* What is known of one directory: who makes code there, and of which names. */
struct workshop {
	struct sm_str dir;
	struct sm_str_list by;
	struct sm_str_list written, loaded; /* paths */
	uint32_t access;
	uint64_t seen;
	bool is_shared;	  /* others change something there, too */
	bool has_modules; /* some of it is loaded as Python's */
};

static bool is_loading(const struct sm_request *r)
{
	return r->access == SM_ACCESS_LOAD || r->access == SM_ACCESS_DLOPEN;
}

bool sm_is_writing(const struct sm_request *r)
{
	const uint32_t changes = SM_ACCESS_WRITE | SM_ACCESS_CREATE |
				 SM_ACCESS_SQLITE | SM_ACCESS_LINK;

	return r->family == SM_FAMILY_FILES && r->access & changes &&
	       r->via != SM_VIA_IMPORT;
}

static void look(struct sm_learn *l, struct workshop *w,
		 const struct sm_view *view, const struct sm_request *r)
{
	if (!sm_path_is_canonical(r->value) ||
	    !sm_str_equal(sm_dir_of(r->value), w->dir))
		return;
	if (is_loading(r))
		sm_list_add(l, &w->loaded, r->value);
	w->has_modules |= r->access == SM_ACCESS_LOAD;
	if (!sm_is_writing(r))
		return;
	w->is_shared |= !sm_list_has(&w->by, sm_by_of(l, &view->event));
	sm_list_add(l, &w->written, r->value);
	if (!sm_list_has(&w->loaded, r->value))
		return;
	w->access |= r->access;
	w->seen += view->call->count;
}

/* Twice: how what was loaded came there is known once all of it is. */
static void look_around(struct sm_learn *l, struct workshop *w)
{
	for (int turn = 0; turn < 2; turn++) {
		w->access = 0;
		w->seen = 0;
		for (size_t i = 0; i < l->view_count; i++)
			for (unsigned k = 0; k < l->views[i].request_count; k++)
				look(l, w, &l->views[i],
				     &l->views[i].requests[k]);
	}
}

/* What all names end with, from a dot on; empty: nothing that means code. */
static struct sm_str common_ending(const struct sm_str_list *paths)
{
	struct sm_str first = sm_path_name(paths->items[0]), end = first;

	for (size_t i = 1; i < paths->count; i++) {
		struct sm_str name = sm_path_name(paths->items[i]);
		uint32_t n = 0;

		while (n < end.len && n < name.len &&
		       end.p[end.len - 1 - n] == name.p[name.len - 1 - n])
			n++;
		end = (struct sm_str){ end.p + end.len - n, n };
	}
	while (end.len && *end.p != '.')
		end = (struct sm_str){ end.p + 1, end.len - 1 };
	if (end.len == first.len || !sm_is_code_suffix(sm_extension(end)))
		return SM_STR("");
	return end;
}

/* All that is loaded there was made there, and nobody else changes any. */
static bool made_all(const struct workshop *w)
{
	for (size_t i = 0; i < w->loaded.count; i++)
		if (!sm_list_has(&w->written, w->loaded.items[i]))
			return false;
	return !w->is_shared;
}

/* Where enough were made, however fresh their names, another one will be. */
static void open_workshop(struct sm_learn *l, const struct workshop *w)
{
	struct sm_rule rule = { .family = SM_FAMILY_FILES,
				.access = w->access,
				.by = { w->by.items, w->by.count },
				.makes_code = true,
				.seen = w->seen };
	struct sm_rule load = { .family = SM_FAMILY_CODE,
				.access = SM_ACCESS_LOAD,
				.seen = w->seen };
	const struct sm_evidence e = { .distinct = w->loaded.count,
				       .some_recur = true };
	struct sm_str why = l->why, ending;

	if (!w->loaded.count || !made_all(w) || !sm_is_open(l, &e))
		return;
	ending = common_ending(&w->loaded);
	rule.pattern =
		sm_learn_join(l, sm_learn_path(l, w->dir), SM_STR("/<name>"));
	rule.pattern = sm_learn_join(l, rule.pattern, sm_escape(l, ending));
	if (!ending.len || sm_list_has(&l->taken, rule.pattern))
		return;
	sm_list_add(l, &l->taken, rule.pattern);
	load.pattern = rule.pattern;
	l->why = SM_STR("code that a package makes and loads");
	sm_learn_rule(l, &rule);
	if (w->has_modules)
		sm_learn_rule(l, &load);
	l->why = why;
}

bool sm_learn_maker(struct sm_learn *l, const struct sm_view *view,
		    const struct sm_verdict *verdict)
{
	struct workshop w = { .access = 0 };

	if (verdict->reason != SM_REASON_WRITTEN || !view->request_count ||
	    !is_loading(&view->requests[0]) ||
	    !sm_learn_makes_code(l, verdict->rule, &w.by))
		return false;
	w.dir = sm_dir_of(view->requests[0].value);
	look_around(l, &w);
	open_workshop(l, &w);
	return true;
}
