/* SPDX-License-Identifier: Apache-2.0 */
/*
 * command.c: files below paths that a command line names. Where different
 * names were used alike, not the names are what the program is about but that
 * they were named: one rule of ${ARG} in place of a tree for each.
 *
 * What only reads is told from what makes and changes, so that inputs do not
 * become outputs by being read beside them. And what holds code is no output,
 * whatever is made in it: secmgr-policy(5).
 */
#include <stdio.h>
#include <stdlib.h>

#include "learner/open.h"
#include "learner/paths.h"

/* A file below a name, as rules of ${ARG} would say it. */
struct use {
	struct sm_str shape; /* pattern text */
	bool is_change;
	struct sm_str name;
	const struct sm_fact *fact;
	size_t at;	 /* of the fact */
	bool is_settled; /* rules of ${ARG} are enough for it */
};

bool sm_told_is_code(const struct sm_learn *l, struct sm_str path)
{
	return sm_list_has(&l->code_files, path) || sm_site_of(l, path).len ||
	       sm_stdlib_of(l, path).len;
}

bool sm_told_holds_code(const struct sm_learn *l, struct sm_str name)
{
	for (size_t i = 0; i < l->site.count; i++)
		if (sm_path_is_under(l->site.items[i], name))
			return true;
	return sm_holds_code(l, name);
}

/* The name path ends with, but for what tempfile drew in it. */
static struct sm_str spelled(struct sm_learn *l, struct sm_str path)
{
	struct sm_str name = sm_path_name(path);
	uint32_t at;

	return sm_list_has(&l->tmp_names, path) && sm_find_tmp(name, &at)
		       ? sm_with_token(l, name, at, at + 8, "<tmp>")
		       : sm_escape(l, name);
}

/*
 * ${ARG} for the name itself, ${ARG}/<tree> for what is below. A component that
 * begins with a dot is spelled, and what is below that is the program's own: in
 * ${ARG}/.hg all is hidden.
 */
static struct sm_str shape_of(struct sm_learn *l, struct sm_str name,
			      struct sm_str path)
{
	struct sm_str shape = SM_STR("${ARG}");
	bool is_deep = false;
	uint32_t at, end;

	for (at = name.len + 1; at < path.len; at = end + 1) {
		struct sm_str c;

		for (end = at; end < path.len && path.p[end] != '/';)
			end++;
		c = sm_str_part(path, at, end);
		if (c.p[0] != '.') {
			if (!is_deep)
				shape = sm_learn_join(l, shape,
						      SM_STR("/<tree>"));
			is_deep = true;
			continue;
		}
		shape = sm_learn_join(l, shape, SM_STR("/"));
		shape = sm_learn_join(l, shape,
				      spelled(l, sm_str_part(path, 0, end)));
		if (end < path.len)
			shape = sm_learn_join(l, shape, SM_STR("/**"));
		break;
	}
	return shape;
}

static int by_class(const void *a, const void *b)
{
	const struct use *x = a, *y = b;
	int r = (x->is_change > y->is_change) - (x->is_change < y->is_change);

	if (!r)
		r = sm_str_compare(x->name, y->name);
	return r ? r : (x->at > y->at) - (x->at < y->at);
}

static int by_name(const void *a, const void *b)
{
	const struct use *x = a, *y = b;
	int r = sm_str_compare(x->name, y->name);

	return r ? r : (x->at > y->at) - (x->at < y->at);
}

static size_t find_uses(struct sm_learn *l, const struct sm_facts *f,
			struct use *uses)
{
	size_t count = 0;

	for (size_t i = 0; i < f->count; i++) {
		const struct sm_request *r = f->items[i].request;
		const struct sm_named *named = f->items[i].view->event.named;
		int n = sm_named_find(named, r->value);
		struct use *use = &uses[count];

		if (n < 0 || r->via != SM_VIA_DIRECT ||
		    sm_told_is_code(l, r->value))
			continue;
		use->name = named->paths[n];
		use->shape = shape_of(l, use->name, r->value);
		use->is_change = r->access & SM_TOLD_CHANGES;
		if (use->is_change && sm_told_holds_code(l, use->name))
			continue;
		use->fact = &f->items[i];
		use->at = i;
		count++;
	}
	if (count)
		qsort(uses, count, sizeof(*uses), by_class);
	return count;
}

/* What processes made that had been told its name. */
static struct sm_str_list find_made(struct sm_learn *l, const struct use *uses,
				    size_t count)
{
	struct sm_str_list made = { NULL, 0, 0 };

	for (size_t i = 0; i < count; i++) {
		const struct sm_request *r = uses[i].fact->request;

		if (r->access & SM_ACCESS_CREATE &&
		    sm_str_equal(r->value, uses[i].name))
			sm_list_add(l, &made, uses[i].name);
	}
	return made;
}

/*
 * Three names read, or changed; or two that different processes were told: one
 * with two names may just take both of its kind. Or one that the program made
 * because it was told to: another time it is told another.
 */
static bool is_open(const struct sm_learn *l, const struct sm_str_list *made,
		    const struct use *uses, size_t count)
{
	struct sm_evidence e = { .distinct = count > 0 };
	struct sm_sketch owners = { 0 };

	for (size_t i = 0; i < count; i++) {
		e.distinct +=
			i && !sm_str_equal(uses[i].name, uses[i - 1].name);
		e.is_made |= sm_list_has(made, uses[i].name);
		sm_sketch_merge(&owners, &uses[i].fact->view->call->owners);
	}
	e.distinct += e.is_made;
	e.is_typed = owners.count > 1;
	return sm_is_open(l, &e);
}

static void say_why(struct sm_learn *l, const struct sm_str_list *made,
		    const struct use *uses, size_t count)
{
	struct sm_sketch owners = { 0 };
	size_t names = 0, told = 0;
	char text[160];

	for (size_t i = 0; i < count; i++) {
		bool is_new =
			!i || !sm_str_equal(uses[i].name, uses[i - 1].name);

		names += is_new;
		told += is_new && sm_list_has(made, uses[i].name);
		sm_sketch_merge(&owners, &uses[i].fact->view->call->owners);
	}
	snprintf(text, sizeof(text),
		 "what command lines name was %s: %zu name%s, %u%s process%s, "
		 "%zu made as told",
		 uses[0].is_change ? "changed" : "read", names,
		 names == 1 ? "" : "s", owners.count,
		 owners.count == SM_SKETCH_MAX ? " or more" : "",
		 owners.count == 1 ? "" : "es", told);
	l->why = sm_learn_copy(l, sm_str_of(text));
}

/* Who sets the mode and times of what it makes; anywhere below a name. */
static struct sm_str_list find_tuned(struct sm_learn *l, const struct use *uses,
				     size_t count)
{
	struct sm_str_list tuned = { NULL, 0, 0 };

	for (size_t i = 0; i < count; i++)
		if (uses[i].fact->request->access & SM_ACCESS_META)
			sm_list_add(l, &tuned,
				    sm_by_of(l, &uses[i].fact->view->event));
	return tuned;
}

static bool have_two_names(const struct use *uses, size_t count)
{
	for (size_t i = 1; i < count; i++)
		if (!sm_str_equal(uses[i].name, uses[0].name))
			return true;
	return false;
}

static void open(struct sm_learn *l, struct use *uses, size_t count)
{
	/* One name may be the program's own as well. */
	bool is_settled = have_two_names(uses, count);
	const struct sm_str_list tuned = find_tuned(l, uses, count);

	for (size_t i = 0; i < count; i++) {
		const struct sm_view *view = uses[i].fact->view;
		struct sm_rule rule = {
			.family = SM_FAMILY_FILES,
			.access = uses[i].fact->request->access,
			.pattern = uses[i].shape,
			.seen = view->call->count,
		};

		if (rule.access & SM_ACCESS_CREATE &&
		    sm_list_has(&tuned, sm_by_of(l, &view->event)))
			rule.access |= SM_ACCESS_META;
		uses[i].is_settled = is_settled;
		if (uses[i].is_change && !sm_list_has(&l->told, uses[i].name))
			sm_list_add(l, &l->told, uses[i].name);
		sm_learn_rule_by(l, &rule, &view->event);
	}
}

/*
 * Who lists what he is told and goes on below it walks it: there was just no
 * directory in it yet.
 */
static void open_walks(struct sm_learn *l, const struct use *uses, size_t count)
{
	bool is_deep = false;

	for (size_t i = 0; i < count; i++)
		is_deep |= uses[i].fact->request->value.len > uses[i].name.len;
	for (size_t i = 0; is_deep && i < count; i++) {
		const struct sm_view *view = uses[i].fact->view;
		struct sm_rule rule = { .family = SM_FAMILY_FILES,
					.access = SM_ACCESS_LIST,
					.pattern = SM_STR("${ARG}/<tree>"),
					.seen = view->call->count };

		if (uses[i].fact->request->access & SM_ACCESS_LIST &&
		    sm_str_equal(uses[i].fact->request->value, uses[i].name))
			sm_learn_rule_by(l, &rule, &view->event);
	}
}

/* A tree that keeps a part of its evidence would say less than with all. */
static void take_whole(struct use *uses, size_t count, bool *is_taken)
{
	size_t end;

	if (count)
		qsort(uses, count, sizeof(*uses), by_name);
	for (size_t i = 0; i < count; i = end) {
		bool is_whole = true;

		for (end = i;
		     end < count && sm_str_equal(uses[end].name, uses[i].name);
		     end++)
			is_whole &= uses[end].is_settled;
		for (size_t k = i; is_whole && k < end; k++)
			is_taken[uses[k].at] = true;
	}
}

bool *sm_learn_command(struct sm_learn *l, const struct sm_facts *f)
{
	bool *is_taken = sm_learn_take(l, f->count + 1);
	struct use *uses = sm_learn_take(l, (f->count + 1) * sizeof(*uses));
	size_t count = find_uses(l, f, uses), reads = 0;
	struct sm_str_list made = find_made(l, uses, count);

	while (reads < count && !uses[reads].is_change)
		reads++;
	if (is_open(l, &made, uses, reads)) {
		say_why(l, &made, uses, reads);
		open(l, uses, reads);
		open_walks(l, uses, reads);
	}
	if (is_open(l, &made, uses + reads, count - reads)) {
		say_why(l, &made, uses + reads, count - reads);
		open(l, uses + reads, count - reads);
		if (l->options.level != SM_LEVEL_TIGHT)
			sm_learn_other_formats(l);
	}
	l->why = SM_STR("");
	take_whole(uses, count, is_taken);
	return is_taken;
}
