/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who reads installed code as data, as linters and documentation tools do,
 * reads what the code at hand imports; who lists it, as reloaders do that watch
 * all of sys.path, lists what happens to be installed. It is public: three
 * files, or three directories, of the standard library or of distributions open
 * all of its kind. And who asks for what is installed, as a command does that
 * prints its version or misses a plug-in, lists each directory of sys.path.
 */
#include <stdlib.h>

#include "learner/paths.h"

struct source {
	struct sm_str by, root, file;
	uint64_t seen;
};

static int by_reader(const void *a, const void *b)
{
	const struct source *x = a, *y = b;
	int r = sm_str_compare(x->by, y->by);

	if (!r)
		r = sm_str_compare(x->root, y->root);
	return r ? r : sm_str_compare(x->file, y->file);
}

/* What is looked at, and what it opens below its root. */
struct kind {
	uint32_t access;
	struct sm_str extension, pattern, why;
};

static bool is_source(struct sm_learn *l, const struct kind *kind,
		      const struct sm_fact *fact, struct source *source)
{
	const struct sm_request *r = fact->request;

	if (r->via != SM_VIA_DIRECT || r->access != kind->access ||
	    !sm_path_is_canonical(r->value) ||
	    (kind->extension.len &&
	     !sm_str_equal(sm_extension(r->value), kind->extension)))
		return false;
	*source = (struct source){ sm_by_of(l, &fact->view->event),
				   sm_site_of(l, r->value), r->value,
				   fact->view->call->count };
	if (!source->root.len)
		source->root = sm_stdlib_of(l, r->value);
	return source->root.len && sm_is_package(source->by);
}

static void open_sources(struct sm_learn *l, const struct kind *kind,
			 const struct source *s, size_t count)
{
	struct sm_evidence e = { .distinct = 0 };
	struct sm_rule rule = { .family = SM_FAMILY_FILES,
				.access = kind->access };
	struct sm_str by[1] = { s->by };

	for (size_t i = 0; i < count; i++) {
		e.distinct += !i || !sm_str_equal(s[i].file, s[i - 1].file);
		rule.seen += s[i].seen;
	}
	if (!sm_is_open(l, &e))
		return;
	rule.by = (struct sm_strings){ by, 1 };
	rule.pattern =
		sm_learn_join(l, sm_learn_path(l, s->root), kind->pattern);
	l->why = kind->why;
	sm_learn_rule(l, &rule);
}

static void learn_kind(struct sm_learn *l, const struct kind *kind)
{
	struct sm_facts f = sm_learn_facts(l, SM_FAMILY_FILES, kind->access);
	struct source *s = sm_learn_take(l, (f.count + 1) * sizeof(*s));
	size_t n = 0, end;

	for (size_t i = 0; i < f.count; i++)
		n += is_source(l, kind, &f.items[i], &s[n]);
	if (n)
		qsort(s, n, sizeof(*s), by_reader);
	for (size_t i = 0; i < n; i = end) {
		for (end = i + 1; end < n && sm_str_equal(s[end].by, s[i].by) &&
				  sm_str_equal(s[end].root, s[i].root);)
			end++;
		open_sources(l, kind, &s[i], end - i);
	}
}

void sm_learn_sources(struct sm_learn *l)
{
	const struct kind kinds[] = {
		{ SM_ACCESS_READ, SM_STR(".py"), SM_STR("/**/<name>.py"),
		  SM_STR("three of its source files were read as data") },
		{ SM_ACCESS_LIST, SM_STR(""), SM_STR("/**"),
		  SM_STR("three of its directories were listed") },
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		learn_kind(l, &kinds[i]);
}

/* --------------------------------------------------- directories of sys.path
 */

/* What looks for distributions was loaded. */
static bool may_search(const struct sm_learn *l)
{
	for (size_t i = 0; i < l->stdlib_files.count; i++)
		if (sm_is_module(l->stdlib_files.items[i],
				 SM_STR("importlib.metadata")))
			return true;
	return sm_list_has(&l->loaded, SM_STR("importlib_metadata")) ||
	       sm_list_has(&l->loaded, SM_STR("pkg_resources"));
}

/* Code was run from it that belongs to no package there. */
static bool is_search_dir(struct sm_learn *l, struct sm_str dir)
{
	return !sm_place_of(l, dir).is_shared &&
	       !sm_list_has(&l->code_files,
			    sm_path_below(l, dir, SM_STR("__init__.py")));
}

void sm_learn_search(struct sm_learn *l)
{
	struct sm_rule rule = { .family = SM_FAMILY_FILES,
				.access = SM_ACCESS_LIST };

	if (!may_search(l))
		return;
	l->why = SM_STR("code was run from it: who asks for what is installed "
			"lists it");
	for (size_t i = 0; i < l->code_dirs.count; i++) {
		if (!is_search_dir(l, l->code_dirs.items[i]))
			continue;
		rule.pattern = sm_learn_path(l, l->code_dirs.items[i]);
		sm_learn_rule(l, &rule);
	}
}
