/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What subprocess said of a command that was run then. The program itself is
 * seen once more when it starts, under the name that links lead to (`cc`, then
 * `x86_64-linux-gnu-gcc-12`), but not where: its words are meant from where the
 * announced ones are.
 */
#include <stdlib.h>

#include "learner/words.h"

/* Facts of subprocess, by their words. */
struct sm_announced {
	struct sm_fact *items;
	size_t count;
};

static int compare_words(const struct sm_request *a, const struct sm_request *b)
{
	int r = (a->argc > b->argc) - (a->argc < b->argc);

	for (uint32_t i = 0; !r && i < a->argc; i++)
		r = sm_str_compare(sm_value_str(&a->args[i]),
				   sm_value_str(&b->args[i]));
	return r;
}

static int by_words(const void *a, const void *b)
{
	return compare_words(((const struct sm_fact *)a)->request,
			     ((const struct sm_fact *)b)->request);
}

static bool says_where(const struct sm_event *e)
{
	return e->site.kind == SM_EVENT_SUBPROCESS_POPEN && e->argc >= 3;
}

static const struct sm_announced *announced(struct sm_learn *l)
{
	struct sm_announced *all = l->announced;
	struct sm_facts f;

	if (all)
		return all;
	f = sm_learn_facts(l, SM_FAMILY_PROCESSES, SM_ACCESS_EXEC);
	all = l->announced = sm_learn_take(l, sizeof(*all));
	*all = (struct sm_announced){ f.items, 0 };
	for (size_t i = 0; i < f.count; i++)
		if (says_where(&f.items[i].view->event))
			all->items[all->count++] = f.items[i];
	if (all->count)
		qsort(all->items, all->count, sizeof(*all->items), by_words);
	return all;
}

static bool is_same_place(const struct sm_value *a, const struct sm_value *b)
{
	if (a->type != b->type)
		return false;
	return !sm_value_is_string(a) ||
	       sm_str_equal(sm_value_str(a), sm_value_str(b));
}

const struct sm_event *sm_announcement(struct sm_learn *l,
				       const struct sm_fact *fact)
{
	const struct sm_event *found = NULL, *e;
	const struct sm_announced *all;
	size_t low = 0, high, middle;

	if (fact->view->event.site.kind != SM_EVENT_EXECUTED)
		return NULL;
	all = announced(l);
	high = all->count;
	while (low < high) {
		middle = low + (high - low) / 2;
		if (by_words(&all->items[middle], fact) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < all->count && !by_words(&all->items[low], fact); low++) {
		e = &all->items[low].view->event;
		if (found && !is_same_place(&found->args[2], &e->args[2]))
			return NULL;
		found = e;
	}
	return found;
}
