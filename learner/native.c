/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Native libraries and symbols. What an upgrade changes in a library's name
 * opens: the numbers behind that of its interface, and in a package's own
 * libraries every number and hash. The functions of a library begin with one
 * word; whoever asked for three of them may ask for others, if that costs
 * least.
 */
#include <stdlib.h>

#include "learner/cost.h"
#include "learner/open.h"
#include "schema/ascii.h"

static void add_name(struct sm_learn *l, const struct sm_fact *fact,
		     struct sm_str pattern)
{
	struct sm_rule rule = { .family = SM_FAMILY_NATIVE,
				.access = fact->request->access,
				.pattern = pattern,
				.seen = fact->view->call->count };

	sm_learn_rule_by(l, &rule, &fact->view->event);
}

/* ---------------------------------------------------------------- libraries */

/*
 * Behind `.so.`, and the number of the interface, which no minor upgrade
 * changes; 0: there is nothing else.
 */
static uint32_t behind_interface(struct sm_str name)
{
	const struct sm_str so = SM_STR(".so.");
	const char *at = memmem(name.p, name.len, so.p, so.len);
	uint32_t n;

	if (!at)
		return 0;
	n = (uint32_t)(at - name.p) + so.len;
	while (n < name.len && sm_is_digit(name.p[n]))
		n++;
	return n < name.len ? n : 0;
}

/* libz.so.1.2.13: libz.so.1.<int>.<int> */
static struct sm_str version_slots(struct sm_learn *l, struct sm_str name)
{
	uint32_t from = behind_interface(name);
	unsigned typed;

	if (!from)
		return sm_escape(l, name);
	return sm_learn_join(
		l, sm_escape(l, (struct sm_str){ name.p, from }),
		sm_skeleton(l,
			    (struct sm_str){ name.p + from, name.len - from },
			    &typed));
}

static struct sm_str library(struct sm_learn *l, const struct sm_fact *fact)
{
	struct sm_str value = fact->request->value, owner, name;
	unsigned typed;

	if (!sm_path_is_canonical(value) || value.len < 2)
		return version_slots(l, value);
	owner = sm_distribution_of(l, value);
	name = sm_path_name(value);
	name = owner.len && sm_str_equal(owner, sm_by_of(l, &fact->view->event))
		       ? sm_skeleton(l, name, &typed)
		       : version_slots(l, name);
	value = sm_learn_path(l, sm_dir_of(value));
	if (value.len != 1)
		value = sm_learn_join(l, value, SM_STR("/"));
	return sm_learn_join(l, value, name);
}

/* ------------------------------------------------------------------ symbols */

struct symbol {
	const struct sm_fact *fact;
	struct sm_str by, head; /* `magic_` of `magic_file`; may be empty */
};

#define HEAD_LEAST 3 /* letters that tell one library's names apart */

/* Of libc: beside harmless ones there are those that start programs. */
static bool is_of_libc(struct sm_str head)
{
	return sm_str_equal(head, SM_STR("posix_")) ||
	       sm_str_equal(head, SM_STR("process_"));
}

static struct sm_str head_of(struct sm_str name)
{
	struct sm_str head = { name.p, 0 };
	uint32_t n = 0;

	while (n < name.len && name.p[n] != '_')
		n++;
	if (n >= HEAD_LEAST && n + 1 < name.len)
		head.len = n + 1;
	if (is_of_libc(head))
		head.len = 0;
	return head;
}

static int by_head(const void *a, const void *b)
{
	const struct symbol *x = a, *y = b;
	int r = sm_str_compare(x->by, y->by);

	if (!r)
		r = sm_str_compare(x->head, y->head);
	return r ? r
		 : sm_str_compare(x->fact->request->value,
				  y->fact->request->value);
}

static void lay_out(struct sm_learn *l, struct sm_choice *cut,
		    struct sm_form forms[2], struct sm_str slot,
		    const struct symbol *symbols, size_t count)
{
	struct sm_evidence e = { .distinct = count };
	struct sm_novelty novelty = { .windows = 0 };
	struct sm_reach reach = { .sensitivity = 1 };

	cut->forms = &forms[0];
	for (size_t i = 0; i < count; i++) {
		struct sm_node node = { .sources = 1 };

		sm_node_note_call(l, &node, symbols[i].fact->view->call);
		sm_novelty_add(&novelty, &node, true);
		forms[0].cost += sm_rule_cost(&reach, SM_ACCESS_CLASS);
	}
	forms[0].cost += sm_block_cost(l, sm_novelty_unseen(&novelty, 1));
	if (!symbols->head.len || !sm_is_open(l, &e))
		return;
	forms[0].next = &forms[1];
	reach = sm_reach_slot(&reach, slot);
	forms[1].cost = sm_rule_cost(&reach, SM_ACCESS_CLASS);
}

/* Symbols of one head for one principal. */
static void learn_head(struct sm_learn *l, const struct symbol *symbols,
		       size_t count)
{
	struct sm_form forms[2] = { { .cost = 0 }, { .cost = 0 } };
	struct sm_str slot =
		sm_learn_join(l, sm_escape(l, symbols->head), SM_STR("<name>"));
	struct sm_choice cut = { NULL, NULL };
	bool is_slot;

	lay_out(l, &cut, forms, slot, symbols, count);
	sm_cut_solve(&cut);
	is_slot = cut.best == &forms[1];
	if (is_slot)
		l->why = sm_cut_why(l, &cut, count, "symbols");
	for (size_t i = 0; i < count; i++)
		add_name(l, symbols[i].fact,
			 is_slot ? slot
				 : sm_escape(l,
					     symbols[i].fact->request->value));
	l->why = SM_STR("");
}

static void learn_symbols(struct sm_learn *l)
{
	struct sm_facts f =
		sm_learn_facts(l, SM_FAMILY_NATIVE, SM_ACCESS_DLSYM);
	struct symbol *s = sm_learn_take(l, (f.count + 1) * sizeof(*s));
	size_t end;

	for (size_t i = 0; i < f.count; i++)
		s[i] = (struct symbol){ &f.items[i],
					sm_by_of(l, &f.items[i].view->event),
					head_of(f.items[i].request->value) };
	if (f.count)
		qsort(s, f.count, sizeof(*s), by_head);
	for (size_t i = 0; i < f.count; i = end) {
		for (end = i + 1; end < f.count &&
				  sm_str_equal(s[end].by, s[i].by) &&
				  sm_str_equal(s[end].head, s[i].head);)
			end++;
		learn_head(l, &s[i], end - i);
	}
}

void sm_learn_native(struct sm_learn *l)
{
	struct sm_facts f =
		sm_learn_facts(l, SM_FAMILY_NATIVE, SM_ACCESS_DLOPEN);

	for (size_t i = 0; i < f.count; i++)
		add_name(l, &f.items[i], library(l, &f.items[i]));
	learn_symbols(l);
}
