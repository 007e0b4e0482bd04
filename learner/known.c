/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What opened in one directory is no fixed name in another.
 */
#include <stdlib.h>

#include "learner/open.h"
#include "schema/places.h"

/* Data that is only read about who has a directory elsewhere. */
static bool is_settings(const struct sm_learn *l, const struct sm_node *kid)
{
	const uint32_t looks = SM_ACCESS_READ | SM_ACCESS_META;

	return !kid->is_dir && !kid->is_made &&
	       !(sm_node_access(kid) & ~looks) &&
	       !sm_is_guarded_name(kid->name) &&
	       sm_list_has(&l->members, sm_stem_of(kid->name)) &&
	       sm_is_data_suffix(sm_extension(kid->name));
}

static bool is_known(const struct sm_learn *l, const struct sm_str_list *stems,
		     const struct sm_node *kid)
{
	return !kid->is_slot && sm_extension(kid->name).len &&
	       (sm_is_derivable(kid) || is_settings(l, kid)) &&
	       kid->name.p[0] != '.' &&
	       sm_list_has(stems, sm_stem_of(kid->name));
}

/* day-<int>.seen, where names such as day-1.md opened for any. */
static bool is_known_slot(const struct sm_str_list *stems,
			  const struct sm_node *kid)
{
	struct sm_str extension = sm_extension(kid->name);

	return kid->is_slot && !kid->is_dir && !kid->is_drawn && kid->is_made &&
	       extension.len && !sm_is_code_suffix(extension) &&
	       sm_list_has(stems, sm_stem_of(kid->name));
}

static int by_extension(const void *a, const void *b)
{
	const struct sm_node *x = *(struct sm_node *const *)a;
	const struct sm_node *y = *(struct sm_node *const *)b;
	int r = sm_str_compare(sm_extension(x->name), sm_extension(y->name));

	return r ? r : sm_str_compare(x->name, y->name);
}

static void open_kid(struct sm_learn *l, struct sm_node *kid)
{
	kid->name = sm_learn_join(l, SM_STR("<name>"),
				  sm_escape(l, sm_extension(kid->name)));
	kid->is_slot = true;
	kid->why = SM_STR("names that opened elsewhere");
}

/*
 * One person has rules/anna.yaml so far. A command line said "anna", and who
 * else is called so has another name elsewhere: it is hers. Where a file of the
 * kind is called otherwise, the name says nothing.
 */
static bool is_asked_for(const struct sm_learn *l, const struct sm_node *node,
			 const struct sm_node *kid)
{
	struct sm_str extension = sm_extension(kid->name);

	if (l->options.level == SM_LEVEL_TIGHT || !kid->is_given ||
	    !sm_list_has(&l->members, sm_stem_of(kid->name)))
		return false;
	for (size_t i = 0; i < node->count; i++) {
		const struct sm_node *other = node->kids[i];

		if (other != kid && !other->is_dir &&
		    sm_str_equal(sm_extension(other->name), extension))
			return false;
	}
	return true;
}

static void open_alike(struct sm_learn *l, const struct sm_node *node,
		       struct sm_node **kids, size_t count)
{
	struct sm_evidence e = { .distinct = count, .is_made = true };
	bool has_moved = false;

	for (size_t i = 0; i < count; i++)
		has_moved |= kids[i]->is_moved &&
			     sm_list_has(&l->members, kids[i]->name);
	if (!has_moved && !sm_is_open(l, &e) &&
	    !(count == 1 && is_asked_for(l, node, kids[0])))
		return;
	for (size_t i = 0; i < count; i++)
		open_kid(l, kids[i]);
}

/*
 * state/anna.state and ben.state come back in every run, because those are the
 * people there are; that people come and go, data/<name> shows.
 * What was moved here says so by itself.
 */
void sm_open_known(struct sm_learn *l, const struct sm_str_list *stems,
		   struct sm_node *node)
{
	struct sm_node **kids =
		sm_learn_take(l, (node->count + 1) * sizeof(struct sm_node *));
	size_t count = 0, end;

	for (size_t i = 0; i < node->count; i++)
		if (is_known_slot(stems, node->kids[i]))
			open_kid(l, node->kids[i]);
		else if (is_known(l, stems, node->kids[i]))
			kids[count++] = node->kids[i];
	if (count)
		qsort(kids, count, sizeof(struct sm_node *), by_extension);
	for (size_t i = 0; i < count; i = end) {
		struct sm_str extension = sm_extension(kids[i]->name);

		for (end = i + 1;
		     end < count &&
		     sm_str_equal(sm_extension(kids[end]->name), extension);)
			end++;
		open_alike(l, node, kids + i, end - i);
	}
}
