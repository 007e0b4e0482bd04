/* SPDX-License-Identifier: Apache-2.0 */
/*
 * start.c: files below the directory a program was started in. Whoever calls it
 * in one project will call it in another: what it did alike in two of them is
 * one rule of ${START} in place of one for each.
 *
 * Alike is the same path, seen from where it was started; then the same name,
 * at any depth; then, where each has names of its own, names with one
 * extension. What was done in one of them only stays where it was done.
 */
#include <stdlib.h>

#include "learner/open.h"
#include "learner/paths.h"

/*
 * With names of so many kinds it takes what there is; that it goes down into
 * directories of any name is one of them.
 */
#define KINDS_READ    2
#define KINDS_CHANGED 3

/* A file below a start, as a rule of ${START} would say it. */
struct use {
	struct sm_str by;
	bool is_change;
	struct sm_str shape; /* pattern text */
	struct sm_str start;
	const struct sm_fact *fact;
	size_t at; /* of the fact */
	bool is_open;
};

static bool is_of_directory(const struct sm_event *event)
{
	enum sm_event_kind kind = event->site.kind;

	return kind == SM_EVENT_OS_MKDIR || kind == SM_EVENT_OS_RMDIR ||
	       kind == SM_EVENT_OS_LISTDIR || kind == SM_EVENT_OS_SCANDIR;
}

static struct sm_str rest_of(const struct use *use)
{
	struct sm_str path = use->fact->request->value;

	return (struct sm_str){ path.p + use->start.len,
				path.len - use->start.len };
}

static struct sm_str spelled(struct sm_learn *l, const struct use *use)
{
	return sm_learn_join(l, SM_STR("${START}"), sm_escape(l, rest_of(use)));
}

/* Where in rest a component begins with a dot; its length: none does. */
static uint32_t find_dot(struct sm_str rest)
{
	for (uint32_t i = 1; i < rest.len; i++)
		if (rest.p[i] == '.' && rest.p[i - 1] == '/')
			return i;
	return rest.len;
}

static struct sm_str deep(struct sm_learn *l, struct sm_str name)
{
	return sm_learn_join(l, SM_STR("${START}/<tree>/"), name);
}

/* ${START}/<tree>/setup.cfg; as it is where dots lead to it. */
static struct sm_str named(struct sm_learn *l, const struct use *use)
{
	struct sm_str rest = rest_of(use);

	return find_dot(rest) < rest.len
		       ? use->shape
		       : deep(l, sm_escape(l, sm_path_name(rest)));
}

/*
 * A component that begins with a dot is spelled, and what is below that is the
 * program's own.
 */
static struct sm_str dotted(struct sm_learn *l, struct sm_str rest,
			    uint32_t dot)
{
	struct sm_str part = { rest.p + dot, 0 }, shape;

	while (dot + part.len < rest.len && part.p[part.len] != '/')
		part.len++;
	shape = sm_escape(l, part);
	shape = dot > 1 ? deep(l, shape)
			: sm_learn_join(l, SM_STR("${START}/"), shape);
	return dot + part.len < rest.len
		       ? sm_learn_join(l, shape, SM_STR("/**"))
		       : shape;
}

/*
 * ${START}/<tree>/<name>.csv; ${START}/<tree> for a directory and for a name
 * without extension. Names nobody chose are of no kind.
 */
static struct sm_str kind_of(struct sm_learn *l, const struct use *use)
{
	struct sm_str rest = rest_of(use), name = sm_path_name(rest), part;
	uint32_t dot = find_dot(rest);

	if (!rest.len || sm_list_has(&l->tmp_relative, name) ||
	    sm_list_has(&l->tmp_names, use->fact->request->value))
		return use->shape;
	if (dot < rest.len)
		return dotted(l, rest, dot);
	part = sm_extension(name);
	if (!part.len)
		return SM_STR("${START}/<tree>");
	return deep(l, sm_learn_join(l, SM_STR("<name>"), sm_escape(l, part)));
}

static int by_shape(const void *a, const void *b)
{
	const struct use *x = a, *y = b;
	int r = sm_str_compare(x->by, y->by);

	if (!r)
		r = (x->is_change > y->is_change) -
		    (x->is_change < y->is_change);
	if (!r)
		r = sm_str_compare(x->shape, y->shape);
	if (!r)
		r = sm_str_compare(x->start, y->start);
	return r ? r : (x->at > y->at) - (x->at < y->at);
}

static bool are_alike(const struct use *a, const struct use *b)
{
	return sm_str_equal(a->by, b->by) && a->is_change == b->is_change;
}

static size_t find_uses(struct sm_learn *l, const struct sm_facts *f,
			const bool *is_taken, struct use *uses)
{
	size_t count = 0;

	for (size_t i = 0; i < f->count; i++) {
		const struct sm_request *r = f->items[i].request;
		const struct sm_event *event = &f->items[i].view->event;
		struct use *use = &uses[count];

		*use = (struct use){ .start = sm_named_start(event->named),
				     .fact = &f->items[i],
				     .is_change = r->access & SM_TOLD_CHANGES,
				     .at = i };
		if (is_taken[i] || r->via != SM_VIA_DIRECT || !use->start.len ||
		    !sm_path_is_under(r->value, use->start) ||
		    sm_told_is_code(l, r->value) ||
		    (use->is_change && sm_told_holds_code(l, use->start)))
			continue;
		use->by = sm_by_of(l, event);
		use->shape = spelled(l, use);
		count++;
	}
	return count;
}

/* Where somebody starts it is always his choice. */
static bool is_open(const struct sm_learn *l, size_t starts)
{
	const struct sm_evidence e = { .distinct = starts, .is_typed = true };

	return starts > 1 && sm_is_open(l, &e);
}

/* Opens shapes that programs were started in different places for. */
static void open_alike(const struct sm_learn *l, struct use *uses, size_t count)
{
	size_t end;

	if (count)
		qsort(uses, count, sizeof(*uses), by_shape);
	for (size_t i = 0; i < count; i = end) {
		size_t starts = 1;

		for (end = i; end < count && are_alike(&uses[i], &uses[end]) &&
			      sm_str_equal(uses[i].shape, uses[end].shape);
		     end++)
			starts += end > i && !sm_str_equal(uses[end].start,
							   uses[end - 1].start);
		for (size_t k = i; k < end; k++)
			uses[k].is_open |= is_open(l, starts);
	}
}

static int by_fact(const void *a, const void *b)
{
	const struct use *x = a, *y = b;

	return (x->at > y->at) - (x->at < y->at);
}

/* Those that are not open yet as others are called, open or not. */
static void open_named(struct sm_learn *l, struct use *uses, size_t count)
{
	struct use *others = sm_learn_take(l, (count + 1) * sizeof(*others));

	if (!count)
		return;
	memcpy(others, uses, count * sizeof(*uses));
	for (size_t i = 0; i < count; i++) {
		others[i].is_open = false;
		if (!is_of_directory(&others[i].fact->view->event))
			others[i].shape = named(l, &others[i]);
	}
	open_alike(l, others, count);
	qsort(others, count, sizeof(*others), by_fact);
	qsort(uses, count, sizeof(*uses), by_fact);
	for (size_t i = 0; i < count; i++)
		if (!uses[i].is_open && others[i].is_open)
			uses[i] = others[i];
}

/* Then by their kind. */
static void open_kinds(struct sm_learn *l, struct use *uses, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!uses[i].is_open)
			uses[i].shape = kind_of(l, &uses[i]);
	open_alike(l, uses, count);
}

static void add_rule(struct sm_learn *l, const struct use *use,
		     struct sm_str pattern, uint32_t access)
{
	const struct sm_view *view = use->fact->view;
	struct sm_rule rule = { .family = SM_FAMILY_FILES,
				.access = access,
				.pattern = pattern,
				.seen = view->call->count };

	sm_learn_rule_by(l, &rule, &view->event);
}

static bool is_kind(struct sm_str shape)
{
	return sm_str_equal(shape, SM_STR("${START}/<tree>")) ||
	       sm_str_starts(shape, SM_STR("${START}/<tree>/<name>."));
}

static size_t count_kinds(const struct use *uses, size_t count)
{
	struct sm_str last = { "", 0 };
	size_t kinds = 0;

	for (size_t i = 0; i < count; i++)
		if (uses[i].is_open && is_kind(uses[i].shape)) {
			kinds += !sm_str_equal(uses[i].shape, last);
			last = uses[i].shape;
		}
	return kinds;
}

/*
 * Who takes files of several kinds in every project, takes the others, too; who
 * lists where it was started and reads what has names of its own there, goes
 * down: there was just no directory yet.
 */
static void open_walks(struct sm_learn *l, const struct use *uses, size_t count)
{
	size_t kinds = count_kinds(uses, count);
	bool is_any = kinds >= (uses[0].is_change ? KINDS_CHANGED : KINDS_READ);

	for (size_t i = 0; kinds && i < count; i++) {
		uint32_t access = uses[i].fact->request->access;

		if (uses[i].is_open && (is_any || access & SM_ACCESS_LIST))
			add_rule(l, &uses[i], SM_STR("${START}/<tree>"),
				 is_any ? access : SM_ACCESS_LIST);
	}
}

/* `.flake8` of flake8, `.pylintrc` of pylint: settings of its own. */
static void open_own(struct sm_learn *l, const struct use *uses, size_t count)
{
	struct sm_str own = sm_learn_join(l, SM_STR("${START}/."),
					  sm_escape(l, uses[0].by));

	if (!sm_is_package(uses[0].by))
		return;
	for (size_t i = 0; i < count; i++)
		if (uses[i].is_open &&
		    uses[i].fact->request->access & SM_ACCESS_READ) {
			add_rule(l, &uses[i],
				 sm_learn_join(l, own, SM_STR("*")),
				 SM_ACCESS_READ);
			return;
		}
}

static void open_class(struct sm_learn *l, const struct use *uses, size_t count)
{
	bool is_tuned = false;

	for (size_t i = 0; i < count; i++)
		is_tuned |= uses[i].is_open &&
			    uses[i].fact->request->access & SM_ACCESS_META;
	for (size_t i = 0; i < count; i++) {
		uint32_t access = uses[i].fact->request->access;

		if (access & SM_ACCESS_CREATE && is_tuned)
			access |= SM_ACCESS_META;
		if (uses[i].is_open)
			add_rule(l, &uses[i], uses[i].shape, access);
	}
	open_walks(l, uses, count);
	if (!uses[0].is_change)
		open_own(l, uses, count);
}

/* No path of a recording: a component of one byte that nobody types. */
#define PLACE "/\001"

static struct sm_str placed(struct sm_learn *l, struct sm_str rest)
{
	return sm_learn_join(l, SM_STR(PLACE), rest);
}

/* Temporary files of one start are temporary in all. */
static void place_temporary(struct sm_learn *l, struct sm_str start)
{
	size_t count = l->tmp_names.count;
	struct sm_str *names = sm_learn_take(l, (count + 1) * sizeof(*names));

	if (count)
		memcpy(names, l->tmp_names.items, count * sizeof(*names));
	for (size_t i = 0; i < count; i++)
		if (sm_path_is_under(names[i], start))
			sm_list_add(
				l, &l->tmp_names,
				placed(l, (struct sm_str){
						  names[i].p + start.len,
						  names[i].len - start.len }));
}

/* All of a class, where programs of it were started in two places. */
static void place_class(struct sm_learn *l, const struct use *uses,
			size_t count, struct sm_str *out)
{
	struct sm_str_list starts = { NULL, 0, 0 };

	for (size_t i = 0; i < count; i++)
		sm_list_add(l, &starts, uses[i].start);
	if (!is_open(l, starts.count))
		return;
	for (size_t i = 0; i < starts.count; i++)
		place_temporary(l, starts.items[i]);
	for (size_t i = 0; i < count; i++)
		out[uses[i].at] = placed(l, rest_of(&uses[i]));
}

const struct sm_str *sm_learn_start(struct sm_learn *l,
				    const struct sm_facts *f, bool *is_taken)
{
	struct sm_str *out = sm_learn_take(l, (f->count + 1) * sizeof(*out));
	struct use *uses = sm_learn_take(l, (f->count + 1) * sizeof(*uses));
	size_t count = find_uses(l, f, is_taken, uses), end;

	for (size_t i = 0; i < f->count; i++)
		out[i] = (struct sm_str){ "", 0 };
	open_alike(l, uses, count);
	open_named(l, uses, count);
	open_kinds(l, uses, count);
	for (size_t i = 0; i < count; i = end) {
		for (end = i; end < count && are_alike(&uses[i], &uses[end]);)
			end++;
		l->why = SM_STR("done alike where programs were started");
		open_class(l, uses + i, end - i);
		place_class(l, uses + i, end - i, out);
	}
	l->why = SM_STR("");
	for (size_t i = 0; i < count; i++)
		/* Beside code it may be the application's, wherever that is
		 * started. */
		is_taken[uses[i].at] |= uses[i].is_open &&
					!sm_told_holds_code(l, uses[i].start);
	if (count)
		sm_learn_place(l, SM_STR(PLACE));
	return out;
}
