/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Code without a file: by the name it was compiled under, for who runs it. Who
 * makes code from text makes its names up: what a distribution numbers, or
 * names after a class or by a digest of the text, is another name the next
 * time. That a name looks like a file's makes none: nobody has read it.
 */
#include <stdlib.h>

#include "learner/paths.h"

struct generated {
	struct sm_str by, name;
	struct sm_str form; /* name with its numbers as slots; empty: none */
	uint64_t seen;
	bool is_numbered; /* enough others have that form */
};

/* `<name>`, or `<path:` and the like, at name[at]. */
static bool spells_token(struct sm_str name, uint32_t at)
{
	for (int t = 0; t < SM_TOKENS; t++) {
		struct sm_str token = sm_str_of(sm_token_name(t));
		uint32_t end = at + 1 + token.len;

		if (end < name.len &&
		    !memcmp(name.p + at + 1, token.p, token.len) &&
		    (name.p[end] == '>' || name.p[end] == ':'))
			return true;
	}
	return false;
}

/* As a whole it is a name: `<name>`. */
static bool is_whole(struct sm_str name, uint32_t at)
{
	const char *end = memchr(name.p, '>', name.len);

	return !at && end == name.p + name.len - 1;
}

/* `<` means something in a code's name only where it spells a token. */
static struct sm_str escape(struct sm_learn *l, struct sm_str name)
{
	char *p = sm_learn_take(l, 2 * (size_t)name.len + 1);
	uint32_t n = 0;

	for (uint32_t i = 0; i < name.len; i++) {
		if (name.p[i] == '\\' || name.p[i] == '*' ||
		    (name.p[i] == '<' && spells_token(name, i) &&
		     !is_whole(name, i)))
			p[n++] = '\\';
		p[n++] = name.p[i];
	}
	return (struct sm_str){ p, n };
}

bool sm_code_name(struct sm_learn *l, struct sm_str name,
		  struct sm_str *pattern)
{
	*pattern = (struct sm_str){ "", 0 };
	if (name.len && name.p[0] != '<')
		return false;
	*pattern = escape(l, name);
	return true;
}

static int by_name(const void *a, const void *b)
{
	const struct generated *x = a, *y = b;
	int r = sm_str_compare(x->by, y->by);

	return r ? r : sm_str_compare(x->name, y->name);
}

/* Not `<string>.generated.py`, as tornado names a template's code. */
static bool is_bracketed(struct sm_str name)
{
	return name.len > 2 && name.p[0] == '<' && name.p[name.len - 1] == '>';
}

/* `<attrs ` of `<attrs generated eq Point>`; empty: one word. */
static struct sm_str head_of(struct sm_str name)
{
	const char *space =
		is_bracketed(name) ? memchr(name.p, ' ', name.len) : NULL;

	if (!space)
		return (struct sm_str){ "", 0 };
	return (struct sm_str){ name.p, (uint32_t)(space - name.p) + 1 };
}

/* The application names few things by itself: words in them stay literal. */
static bool is_maker(struct sm_str by)
{
	static const char *const others[] = { "app", "main", "foreign" };

	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		if (sm_str_equal(by, sm_str_of(others[i])))
			return false;
	return !sm_str_starts(by, SM_STR("dynamic"));
}

static void add_rule(struct sm_learn *l, const struct generated *g,
		     struct sm_str pattern)
{
	struct sm_str by[1] = { g->by };
	struct sm_rule rule = { .family = SM_FAMILY_CODE,
				.access = SM_ACCESS_RUN,
				.pattern = pattern,
				.by = { by, 1 },
				.seen = g->seen };

	sm_learn_rule(l, &rule);
}

/* `<rule <int>>` of `<rule 17>`; empty where nothing has a type. */
static struct sm_str form_of(struct sm_learn *l, struct sm_str name)
{
	struct sm_str text = { "", 0 };
	unsigned typed;

	if (!is_bracketed(name))
		return text;
	text = sm_skeleton(l, (struct sm_str){ name.p + 1, name.len - 2 },
			   &typed);
	if (!typed)
		return (struct sm_str){ "", 0 };
	text = sm_learn_join(l, SM_STR("<"), text);
	return sm_learn_join(l, text, SM_STR(">"));
}

static int by_form(const void *a, const void *b)
{
	const struct generated *x = *(struct generated *const *)a;
	const struct generated *y = *(struct generated *const *)b;
	int r = sm_str_compare(x->by, y->by);

	return r ? r : sm_str_compare(x->form, y->form);
}

/*
 * Numbers and hashes in a name open when seen once, where a distribution gives
 * it; the application's as those of other names do.
 */
static void open_numbers(struct sm_learn *l, struct generated *g, size_t count)
{
	struct generated **sorted =
		sm_learn_take(l, (count + 1) * sizeof(*sorted));
	size_t end;

	for (size_t i = 0; i < count; i++)
		sorted[i] = &g[i];
	if (count)
		qsort(sorted, count, sizeof(struct generated *), by_form);
	for (size_t i = 0; i < count; i = end) {
		struct sm_evidence e = { .some_recur = true };
		bool is_open;

		for (end = i; end < count && !by_form(&sorted[i], &sorted[end]);
		     end++)
			/* They are sorted by name where they stand. */
			e.distinct += sorted[end] == g ||
				      !sm_str_equal(sorted[end]->by,
						    sorted[end][-1].by) ||
				      !sm_str_equal(sorted[end]->name,
						    sorted[end][-1].name);
		is_open = sorted[i]->form.len &&
			  (is_maker(sorted[i]->by) ||
			   (sm_str_equal(sorted[i]->by, SM_STR("app")) &&
			    sm_is_open(l, &e)));
		for (size_t k = i; k < end; k++)
			sorted[k]->is_numbered = is_open;
	}
}

/*
 * All of one maker whose names begin with one word. A package that names what
 * it makes by itself calls what it has no name for, when something fails, as
 * ast does.
 */
static void add_alike(struct sm_learn *l, const struct generated *g,
		      size_t count)
{
	struct sm_str head = head_of(g->name), text;
	struct sm_evidence e = { .distinct = 1 };
	bool is_open;

	for (size_t i = 1; i < count; i++)
		e.distinct += !sm_str_equal(g[i].name, g[i - 1].name);
	is_open = head.len && is_maker(g->by) && sm_is_open(l, &e);
	if (sm_is_package(g->by) && is_bracketed(g->name))
		add_rule(l, g, SM_STR("<unknown>"));
	for (size_t i = 0; i < count; i++) {
		/* Other names cannot be granted: the gate lists them. */
		if (!sm_code_name(l, g[i].name, &text))
			continue;
		if (is_open)
			text = sm_learn_join(l, escape(l, head), SM_STR("*>"));
		else if (g[i].is_numbered)
			text = g[i].form;
		add_rule(l, &g[i], text);
	}
}

/* Whoever made the code, as rules name him. */
static struct sm_str maker_of(struct sm_learn *l, const struct sm_event *event)
{
	struct sm_str by = sm_stdlib_module(l, event->site.file);

	return by.len ? by : sm_by_of(l, event);
}

static bool is_run_as(const struct sm_view *view, const struct sm_request *r)
{
	return view->event.site.kind == SM_EVENT_EXEC &&
	       r->access == SM_ACCESS_LOAD && r->via == SM_VIA_DIRECT;
}

/* Paths with a value in their names, under which code was run right away. */
static void find_run(struct sm_learn *l, struct sm_str_list *paths)
{
	struct sm_facts f = sm_learn_facts(l, SM_FAMILY_CODE, SM_ACCESS_LOAD);

	for (size_t i = 0; i < f.count; i++) {
		const struct sm_request *r = f.items[i].request;
		unsigned typed = 0;

		if (!is_run_as(f.items[i].view, r) ||
		    !sm_path_is_canonical(r->value) ||
		    !is_maker(maker_of(l, &f.items[i].view->event)))
			continue;
		sm_skeleton(l, sm_stem_of(sm_path_name(r->value)), &typed);
		if (typed)
			sm_list_add(l, paths, r->value);
	}
}

void sm_learn_find_nameless(struct sm_learn *l)
{
	struct sm_str_list run = { NULL, 0, 0 }, files = { NULL, 0, 0 };

	find_run(l, &run);
	for (size_t i = 0; run.count && i < l->view_count; i++) {
		const struct sm_view *view = &l->views[i];

		for (unsigned k = 0; k < view->request_count; k++)
			if (!is_run_as(view, &view->requests[k]) &&
			    sm_list_has(&run, view->requests[k].value))
				sm_list_add(l, &files, view->requests[k].value);
	}
	for (size_t i = 0; i < run.count; i++)
		if (!sm_list_has(&files, run.items[i]))
			sm_list_add(l, &l->nameless, run.items[i]);
}

bool sm_learn_nameless(struct sm_learn *l, struct sm_str path,
		       const struct sm_event *event, uint64_t seen)
{
	struct sm_str by[1] = { maker_of(l, event) };
	struct sm_rule rule = { .family = SM_FAMILY_CODE,
				.access = SM_ACCESS_LOAD,
				.via = 1u << SM_VIA_DIRECT,
				.by = { by, 1 },
				.seen = seen };
	unsigned typed;

	if (!sm_list_has(&l->nameless, path))
		return false;
	/* What acts under the name is not what made it. */
	if (event->site.kind != SM_EVENT_EXEC)
		return true;
	rule.pattern = sm_learn_join(l, sm_learn_path(l, sm_dir_of(path)),
				     SM_STR("/"));
	rule.pattern = sm_learn_join(
		l, rule.pattern, sm_skeleton(l, sm_path_name(path), &typed));
	l->why = SM_STR("a package makes the code and its name");
	sm_learn_rule(l, &rule);
	l->why = SM_STR("");
	return true;
}

void sm_learn_generated(struct sm_learn *l)
{
	struct sm_facts f = sm_learn_facts(l, SM_FAMILY_CODE, SM_ACCESS_RUN);
	struct generated *g = sm_learn_take(l, (f.count + 1) * sizeof(*g));
	size_t end;

	for (size_t i = 0; i < f.count; i++) {
		g[i] = (struct generated){
			.by = maker_of(l, &f.items[i].view->event),
			.name = f.items[i].request->value,
			.seen = f.items[i].view->call->count,
		};
		g[i].form = form_of(l, g[i].name);
	}
	if (f.count)
		qsort(g, f.count, sizeof(*g), by_name);
	open_numbers(l, g, f.count);
	for (size_t i = 0; i < f.count; i = end) {
		struct sm_str head = head_of(g[i].name);

		for (end = i + 1; end < f.count && head.len &&
				  sm_str_equal(g[end].by, g[i].by) &&
				  sm_str_equal(head_of(g[end].name), head);)
			end++;
		add_alike(l, &g[i], end - i);
	}
}
