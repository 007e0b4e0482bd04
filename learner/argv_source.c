/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Words that name source for a program to look at, as `x.py` in `mypy x.py`. A
 * name that ends as code does is spelled, for it may be what is run; but where
 * the program is Python's, what it runs is recorded as well. What a package
 * read as data then, and nobody ran, is an input like others.
 */
#include "learner/argv.h"

/* Code some package read, and who else did does not matter. */
static bool is_inspected(struct sm_learn *l, const struct sm_fact *fact)
{
	const struct sm_request *r = fact->request;

	return r->via == SM_VIA_DIRECT && !r->cut &&
	       sm_is_code_suffix(sm_extension(r->value)) &&
	       sm_is_package(sm_by_of(l, &fact->view->event));
}

static struct sm_called *
index_facts(struct sm_learn *l, enum sm_family family, uint32_t access,
	    bool (*is)(struct sm_learn *, const struct sm_fact *))
{
	struct sm_facts f = sm_learn_facts(l, family, access);
	struct sm_str *paths = sm_learn_take(l, (f.count + 1) * sizeof(*paths));
	size_t n = 0;

	for (size_t i = 0; i < f.count; i++)
		if (is(l, &f.items[i]))
			paths[n++] = f.items[i].request->value;
	return sm_called_index(l, paths, n);
}

/* Modules have no file that the event names; code has, or what it says. */
static bool is_any(struct sm_learn *l, const struct sm_fact *fact)
{
	(void)l;
	return fact->request->value.len;
}

void sm_learn_source_words(struct sm_learn *l)
{
	l->inspected =
		index_facts(l, SM_FAMILY_FILES, SM_ACCESS_READ, is_inspected);
	l->ran = index_facts(l, SM_FAMILY_CODE, SM_ACCESS_LOAD, is_any);
}

void sm_line_note_source(struct sm_learn *l, struct sm_line *line, uint32_t at)
{
	/* The words of `-c` are for code of nobody's. */
	if (!at || at > line->count ||
	    (at > 1 && sm_str_equal(line->words[at - 2].value, SM_STR("-c"))))
		return;
	for (; at < line->count; at++) {
		struct sm_word *w = &line->words[at];

		w->is_source = sm_word_is_value(w) && !w->is_path &&
			       sm_is_code_suffix(sm_extension(w->value)) &&
			       sm_called_has(l->inspected, w->value) &&
			       !sm_called_has(l->ran, w->value);
	}
}
