/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Source that is only quoted. A linter reads a file and shows lines of it, by
 * way of what quotes code in reports of errors; it runs none of it. Whoever may
 * read a file as data may quote it, so that such a file is data.
 */
#include "learner/learn.h"

/* "PATH\nWHO" */
static struct sm_str pair(struct sm_learn *l, const struct sm_view *view,
			  const struct sm_request *r)
{
	return sm_learn_join(l, sm_learn_join(l, r->value, SM_STR("\n")),
			     sm_by_of(l, &view->event));
}

static bool is_quoting(const struct sm_request *r)
{
	return r->access == SM_ACCESS_LOAD && r->via == SM_VIA_TRACEBACK &&
	       sm_path_is_canonical(r->value);
}

static bool is_reading(const struct sm_request *r)
{
	return r->family == SM_FAMILY_FILES && r->access & SM_ACCESS_READ &&
	       r->via == SM_VIA_DIRECT;
}

bool sm_is_quoted(const struct sm_learn *l, const struct sm_request *request)
{
	return l->quoted.count && is_quoting(request) &&
	       sm_list_has(&l->quoted, request->value);
}

struct uses {
	struct sm_str_list quoted, run;	  /* paths */
	struct sm_str_list quoting, read; /* pairs */
};

static void note_quotes(struct sm_learn *l, struct uses *u)
{
	for (size_t i = 0; i < l->view_count; i++)
		for (unsigned k = 0; k < l->views[i].request_count; k++) {
			const struct sm_request *r = &l->views[i].requests[k];

			if (!is_quoting(r))
				continue;
			sm_list_add(l, &u->quoted, r->value);
			sm_list_add(l, &u->quoting, pair(l, &l->views[i], r));
		}
}

static void note_others(struct sm_learn *l, struct uses *u)
{
	for (size_t i = 0; i < l->view_count; i++)
		for (unsigned k = 0; k < l->views[i].request_count; k++) {
			const struct sm_request *r = &l->views[i].requests[k];

			if (!sm_list_has(&u->quoted, r->value))
				continue;
			if (is_reading(r))
				sm_list_add(l, &u->read,
					    pair(l, &l->views[i], r));
			else if (r->access == SM_ACCESS_LOAD && !is_quoting(r))
				sm_list_add(l, &u->run, r->value);
		}
}

static bool is_read_by_all(const struct uses *u, struct sm_str path)
{
	for (size_t i = sm_str_place(u->quoting.items, u->quoting.count, path);
	     i < u->quoting.count; i++) {
		struct sm_str one = u->quoting.items[i];

		if (!sm_str_starts(one, path))
			break;
		if (one.p[path.len] == '\n' && !sm_list_has(&u->read, one))
			return false;
	}
	return true;
}

void sm_learn_quoted(struct sm_learn *l)
{
	struct uses u = { .quoted = { NULL, 0, 0 } };

	note_quotes(l, &u);
	if (!u.quoted.count)
		return;
	note_others(l, &u);
	for (size_t i = 0; i < u.quoted.count; i++)
		if (!sm_list_has(&u.run, u.quoted.items[i]) &&
		    is_read_by_all(&u, u.quoted.items[i]))
			sm_list_add(l, &l->quoted, u.quoted.items[i]);
}
