/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the round trip takes back. Code cannot be loaded from where rules let be
 * written, so a slot for names that are written denies code that lies among
 * them though nobody wrote it. Such a slot gives way: to one without what is
 * hidden, where the code is, as templates are in settings of a checkout's own;
 * to one for what lies deeper than the code, or beside it and cannot be code,
 * see levels.c; to one for each
 * directory and extension it was used for; and where that does
 * not help either, to the names as they were recorded. Only writing does: who
 * looks at all that is there goes on doing so, where no source of the program's
 * lies.
 */
#include <stdlib.h>

#include "learner/narrow.h"

/* The program itself wrote what it then loaded: see makers.c. */
static bool is_written(const struct sm_learn *l, const struct sm_view *loading)
{
	for (size_t i = 0; i < l->view_count; i++)
		for (unsigned k = 0; k < l->views[i].request_count; k++)
			for (unsigned n = 0; n < loading->request_count; n++)
				if (sm_is_writing(&l->views[i].requests[k]) &&
				    sm_str_equal(l->views[i].requests[k].value,
						 loading->requests[n].value))
					return true;
	return false;
}

/* ------------------------------------------------------------ narrower forms
 */

static int by_place(const void *a, const void *b)
{
	const struct sm_used *x = a, *y = b;
	int r = sm_str_compare(x->dir, y->dir);

	if (!r)
		r = sm_str_compare(x->extension, y->extension);
	return r ? r : sm_str_compare(x->name, y->name);
}

/* What a file is renamed from and to are two requests. */
static bool is_granted_by(const struct sm_policy *policy,
			  const struct sm_view *view, unsigned request,
			  struct sm_str id)
{
	struct sm_verdict verdict;

	sm_policy_decide_request(policy, &view->event, request, &verdict);
	return verdict.decision == SM_ALLOWED && sm_str_equal(verdict.rule, id);
}

/* The files rule id was needed for; *count of them. */
static struct sm_used *find_used(struct sm_learn *l,
				 const struct sm_policy *policy,
				 struct sm_str id, size_t *count)
{
	struct sm_used *used = NULL;
	size_t room = 0;

	*count = 0;
	for (size_t i = 0; i < l->view_count; i++) {
		const struct sm_view *view = &l->views[i];

		for (unsigned k = 0; k < view->request_count; k++) {
			const struct sm_request *r = &view->requests[k];

			if (!sm_path_is_canonical(r->value) ||
			    !is_granted_by(policy, view, k, id))
				continue;
			used = sm_learn_grow(l, used, *count, &room,
					     sizeof(*used));
			used[(*count)++] = (struct sm_used){
				sm_dir_of(r->value), sm_extension(r->value),
				sm_path_name(r->value), r->access,
				view->call->count
			};
		}
	}
	if (*count)
		qsort(used, *count, sizeof(*used), by_place);
	return used;
}

void sm_used_for(struct sm_rule *rule, const struct sm_used *used, size_t count)
{
	rule->access = 0;
	rule->seen = 0;
	for (size_t i = 0; i < count; i++) {
		rule->access |= used[i].access;
		rule->seen += used[i].seen;
	}
}

/* A slot for files of one directory and extension, unless it was tried. */
static void add_narrower(struct sm_learn *l, const struct sm_rule *wide,
			 const struct sm_used *used, size_t count)
{
	struct sm_evidence e = { .distinct = 1 };
	struct sm_rule rule = *wide;

	rule.seen = used[0].seen;
	for (size_t i = 1; i < count; i++) {
		e.distinct += !sm_str_equal(used[i].name, used[i - 1].name);
		rule.seen += used[i].seen;
	}
	if (!used->extension.len || sm_is_code_suffix(used->extension) ||
	    !sm_is_open(l, &e))
		return;
	rule.pattern = sm_learn_join(l, sm_learn_path(l, used->dir),
				     SM_STR("/<name>"));
	rule.pattern =
		sm_learn_join(l, rule.pattern, sm_escape(l, used->extension));
	if (sm_list_has(&l->taken, rule.pattern))
		return;
	sm_learn_rule(l, &rule);
}

/* ------------------------------------------------------------ hidden code */

static int by_name(const void *a, const void *b)
{
	const struct sm_used *x = a, *y = b;
	int r = sm_str_compare(x->name, y->name);

	return r ? r : sm_str_compare(x->dir, y->dir);
}

/* In how many directories a file was written; sorted by these. */
static size_t count_changed(const struct sm_used *used, size_t count)
{
	const struct sm_used *last = NULL;
	size_t n = 0;

	for (size_t i = 0; i < count; i++) {
		if (!(used[i].access & SM_TOLD_CHANGES))
			continue;
		n += !last || !sm_str_equal(last->dir, used[i].dir);
		last = &used[i];
	}
	return n;
}

/* A hidden file written in several directories is in any: FRONT/ ** /.name. */
static void add_hidden(struct sm_learn *l, const struct sm_rule *wide,
		       struct sm_str front, const struct sm_used *used,
		       size_t count)
{
	const struct sm_evidence e = { .distinct = count_changed(used, count) };
	struct sm_rule rule = *wide;

	sm_used_for(&rule, used, count);
	if (used->name.p[0] != '.' || sm_place_is_dotted(used->dir) ||
	    !sm_is_open(l, &e))
		return;
	rule.pattern = sm_learn_join(l, front, SM_STR("/<tree>/"));
	rule.pattern = sm_learn_join(l, rule.pattern, sm_escape(l, used->name));
	sm_learn_rule(l, &rule);
}

/* FRONT/ ** becomes FRONT/<tree>, if that is what the code is left out by. */
static bool hide(struct sm_learn *l, const struct sm_rule *wide,
		 const struct sm_view *loading, struct sm_used *used,
		 size_t count)
{
	struct sm_str tail, front = sm_tree_front(wide->pattern, &tail);
	struct sm_rule rule = *wide;
	size_t end;

	if (!front.len || !sm_str_equal(tail, SM_STR("/**")) ||
	    !sm_place_is_dotted(loading->requests[0].value))
		return false;
	rule.pattern = sm_learn_join(l, front, SM_STR("/<tree>"));
	if (sm_list_has(&l->taken, rule.pattern))
		return false;
	sm_learn_rule(l, &rule);
	if (count)
		qsort(used, count, sizeof(*used), by_name);
	for (size_t i = 0; i < count; i = end) {
		for (end = i + 1;
		     end < count && sm_str_equal(used[end].name, used[i].name);)
			end++;
		add_hidden(l, wide, front, &used[i], end - i);
	}
	return true;
}

/* ---------------------------------------------------------------- taking back
 */

/* What stands in front of the first slot. */
static struct sm_str literal_start(struct sm_str pattern)
{
	uint32_t n = 0;

	while (n < pattern.len && pattern.p[n] != '<' && pattern.p[n] != '*' &&
	       pattern.p[n] != '\\')
		n++;
	return (struct sm_str){ pattern.p, n };
}

static bool holds_source(struct sm_learn *l, struct sm_str pattern)
{
	struct sm_str start = literal_start(pattern);

	for (size_t i = 0; i < l->code_files.count; i++)
		if (sm_str_starts(sm_learn_path(l, l->code_files.items[i]),
				  start))
			return true;
	return false;
}

/* Looking at files denies no code. */
static void keep_looks(struct sm_learn *l, const struct sm_rule *wide)
{
	const uint32_t looks = SM_ACCESS_READ | SM_ACCESS_LIST | SM_ACCESS_META;
	struct sm_rule rule = *wide;

	rule.access &= looks;
	if (rule.access && !holds_source(l, rule.pattern))
		sm_learn_rule(l, &rule);
}

static bool take_rule(struct sm_learn *l, const struct sm_policy *policy,
		      struct sm_str id, const struct sm_view *loading)
{
	struct sm_str why = l->why;
	struct sm_rule wide;
	struct sm_used *used;
	size_t count, end;

	if (!sm_learn_take_back(l, id, &wide))
		return false;
	sm_list_add(l, &l->taken, wide.pattern);
	used = find_used(l, policy, id, &count);
	keep_looks(l, &wide);
	l->why = SM_STR("a wider slot would have denied recorded code");
	if (hide(l, &wide, loading, used, count))
		count = 0;
	sm_narrow_levels(l, &wide, loading->requests[0].value, used, count);
	for (size_t i = 0; i < count; i = end) {
		for (end = i + 1;
		     end < count && sm_str_equal(used[end].dir, used[i].dir) &&
		     sm_str_equal(used[end].extension, used[i].extension);)
			end++;
		add_narrower(l, &wide, &used[i], end - i);
	}
	l->why = why;
	return true;
}

/* What it covered gets rules as recorded. */
static bool take_bundle(struct sm_learn *l, struct sm_str id)
{
	const char *slash = memchr(id.p, '/', id.len);
	struct sm_str name = { id.p, slash ? (uint32_t)(slash - id.p) : 0 };
	size_t at = sm_str_place(l->use.items, l->use.count, name);

	if (!sm_list_has(&l->use, name))
		return false;
	memmove(l->use.items + at, l->use.items + at + 1,
		(--l->use.count - at) * sizeof(*l->use.items));
	for (size_t i = 0; i < l->out->bundle_count; i++)
		if (sm_str_equal(sm_str_of(l->out->bundles[i].name), name))
			l->out->bundles[i].is_used = false;
	return true;
}

bool sm_learn_narrow(struct sm_learn *l, const struct sm_policy *policy,
		     const struct sm_view *view,
		     const struct sm_verdict *verdict)
{
	if (verdict->reason != SM_REASON_WRITTEN || !verdict->rule.len ||
	    is_written(l, view))
		return false;
	return take_rule(l, policy, verdict->rule, view) ||
	       take_bundle(l, verdict->rule);
}
