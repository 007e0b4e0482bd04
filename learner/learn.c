/* SPDX-License-Identifier: Apache-2.0 */
#include "learner/learn.h"

#include <stdlib.h>

_Noreturn void sm_learn_fail(struct sm_learn *l, enum sm_status status)
{
	l->status = status;
	longjmp(l->failed, 1);
}

void *sm_learn_take(struct sm_learn *l, size_t bytes)
{
	void *p = sm_arena_take(&l->arena, bytes);

	if (!p)
		sm_learn_fail(l, SM_NOMEM);
	return p;
}

void *sm_learn_grow(struct sm_learn *l, void *items, size_t count, size_t *room,
		    size_t item_bytes)
{
	void *bigger;

	if (count < *room)
		return items;
	*room = *room ? *room * 2 : 4;
	bigger = sm_learn_take(l, *room * item_bytes);
	if (count)
		memcpy(bigger, items, count * item_bytes);
	return bigger;
}

struct sm_str sm_learn_copy(struct sm_learn *l, struct sm_str text)
{
	struct sm_str copy = sm_arena_copy(&l->arena, text);

	if (!copy.p)
		sm_learn_fail(l, SM_NOMEM);
	return copy;
}

struct sm_str sm_learn_join(struct sm_learn *l, struct sm_str a,
			    struct sm_str b)
{
	char *p = sm_learn_take(l, (size_t)a.len + b.len + 1);

	if (a.len)
		memcpy(p, a.p, a.len);
	if (b.len)
		memcpy(p + a.len, b.p, b.len);
	return (struct sm_str){ p, a.len + b.len };
}

bool sm_list_has(const struct sm_str_list *list, struct sm_str text)
{
	size_t at = sm_str_place(list->items, list->count, text);

	return at < list->count && sm_str_equal(list->items[at], text);
}

bool sm_is_among(struct sm_str text, const char *const *names)
{
	for (size_t i = 0; names[i]; i++)
		if (sm_str_equal(text, sm_str_of(names[i])))
			return true;
	return false;
}

void sm_list_add(struct sm_learn *l, struct sm_str_list *list,
		 struct sm_str text)
{
	size_t at = sm_str_place(list->items, list->count, text);

	if (at < list->count && sm_str_equal(list->items[at], text))
		return;
	list->items = sm_learn_grow(l, list->items, list->count, &list->room,
				    sizeof(*list->items));
	memmove(list->items + at + 1, list->items + at,
		(list->count - at) * sizeof(*list->items));
	list->items[at] = sm_learn_copy(l, text);
	list->count++;
}

struct sm_str sm_escape(struct sm_learn *l, struct sm_str literal)
{
	char *p = sm_learn_take(l, 2 * (size_t)literal.len + 1);
	uint32_t n = 0;

	/* An argument of "[-x]" would be an option that may be left out. */
	if (sm_str_starts(literal, SM_STR("[-")))
		p[n++] = '\\';
	for (uint32_t i = 0; i < literal.len; i++) {
		if (literal.p[i] && strchr("*<\\$", literal.p[i]))
			p[n++] = '\\';
		p[n++] = literal.p[i];
	}
	return (struct sm_str){ p, n };
}

struct sm_str sm_by_of(struct sm_learn *l, const struct sm_event *event)
{
	const struct sm_principal *who = &event->site.principal;
	struct sm_str owner;

	if (who->kind == SM_PRINCIPAL_DISTRIBUTION && who->name.len)
		return sm_learn_copy(l, who->name);
	if (who->kind != SM_PRINCIPAL_DYNAMIC)
		return sm_str_of(sm_principal_kind_name(who->kind));
	owner = sm_distribution_of(l, who->file);
	if (!who->file.len)
		owner = SM_STR("main");
	else if (!owner.len)
		owner = sm_stdlib_module(l, who->file).len ? SM_STR("python")
							   : SM_STR("app");
	return sm_learn_join(l, SM_STR("dynamic:"), owner);
}

/* ------------------------------------------------------------------- views */

static int by_key(const void *a, const void *b)
{
	const struct sm_view *x = a, *y = b;

	return sm_str_compare(x->call->key, y->call->key);
}

static struct sm_str keep(struct sm_learn *l, struct sm_str text)
{
	return text.len ? sm_learn_copy(l, text) : SM_STR("");
}

static void add_requests(struct sm_learn *l, struct sm_view *view)
{
	struct sm_request requests[SM_REQUESTS_MAX];
	struct sm_request_scratch scratch;
	unsigned n = sm_event_requests(&view->event, &scratch, requests);

	view->requests = sm_learn_take(l, (n + 1) * sizeof(*view->requests));
	view->request_count = n;
	for (unsigned i = 0; i < n; i++) {
		view->requests[i] = requests[i];
		view->requests[i].value = keep(l, requests[i].value);
		view->requests[i].host = keep(l, requests[i].host);
		view->requests[i].proto = keep(l, requests[i].proto);
	}
}

static void make_views(struct sm_learn *l)
{
	const struct sm_observations *o = l->observations;

	l->views = sm_learn_take(l, (o->call_count + 1) * sizeof(*l->views));
	for (size_t i = 0; i < o->call_room; i++)
		if (o->calls[i])
			l->views[l->view_count++].call = o->calls[i];
	qsort(l->views, l->view_count, sizeof(*l->views), by_key);
	for (size_t i = 0; i < l->view_count; i++) {
		struct sm_view *view = &l->views[i];

		view->recorded = view->call;
		if (!sm_call_event(view->call, &l->arena, &view->event))
			sm_learn_fail(l, SM_NOMEM);
		add_requests(l, view);
	}
}

struct sm_facts sm_learn_facts(struct sm_learn *l, enum sm_family family,
			       uint32_t access)
{
	struct sm_facts facts = { NULL, 0 };
	size_t room = 0;

	for (size_t i = 0; i < l->view_count; i++)
		if (!l->views[i].is_covered)
			room += l->views[i].request_count;
	facts.items = sm_learn_take(l, (room + 1) * sizeof(*facts.items));
	for (size_t i = 0; i < l->view_count; i++) {
		struct sm_view *view = &l->views[i];

		for (unsigned r = 0;
		     !view->is_covered && r < view->request_count; r++) {
			struct sm_request *request = &view->requests[r];

			if (request->family == family &&
			    request->access & access && !request->cut &&
			    !request->is_free)
				facts.items[facts.count++] =
					(struct sm_fact){ request, view };
		}
	}
	return facts;
}

/* ------------------------------------------------------------------- learn */

/* Each family's rules give their own reasons. */
static void learn_family(struct sm_learn *l, void (*family)(struct sm_learn *))
{
	l->why = SM_STR("");
	family(l);
	l->why = SM_STR("");
}

static void learn(struct sm_learn *l)
{
	make_views(l);
	sm_learn_measure_time(l);
	sm_learn_variables(l);
	sm_learn_repeats(l);
	sm_learn_given(l);
	sm_learn_bundles(l);
	learn_family(l, sm_learn_paths);
	learn_family(l, sm_learn_argv);
	learn_family(l, sm_learn_network);
	learn_family(l, sm_learn_code);
	learn_family(l, sm_learn_joined);
	learn_family(l, sm_learn_search);
	learn_family(l, sm_learn_named);
	sm_learn_gate(l);
}

enum sm_status sm_learn(const struct sm_observations *observations,
			const struct sm_learn_options *options,
			struct sm_learned *out, struct sm_diag *diag)
{
	struct sm_learn *l = calloc(1, sizeof(*l));
	enum sm_status status;

	memset(out, 0, sizeof(*out));
	if (!l)
		return sm_fail(diag, SM_NOMEM, "out of memory");
	if (!observations->call_count) {
		free(l);
		return sm_fail(diag, SM_INVALID,
			       "nothing was recorded that a policy could "
			       "allow; record the program first");
	}
	l->observations = observations;
	l->options = *options;
	l->out = out;
	if (!setjmp(l->failed)) {
		learn(l);
	}
	status = l->status;
	sm_rules_free(l->building);
	if (diag && status != SM_OK)
		*diag = l->diag;
	/* Residue texts live on: they belong to out from here. */
	out->arena = malloc(sizeof(l->arena));
	if (out->arena)
		memcpy(out->arena, &l->arena, sizeof(l->arena));
	else
		sm_arena_fini(&l->arena);
	free(l);
	if (status == SM_OK && !out->arena)
		status = SM_NOMEM;
	if (status != SM_OK) {
		sm_learned_fini(out);
		if (status == SM_NOMEM)
			return sm_fail(diag, status, "out of memory");
	}
	return status;
}

void sm_learned_fini(struct sm_learned *learned)
{
	sm_rules_free(learned->rules);
	if (learned->arena)
		sm_arena_fini(learned->arena);
	free(learned->arena);
	memset(learned, 0, sizeof(*learned));
}
