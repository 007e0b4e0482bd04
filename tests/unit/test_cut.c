/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cut that is chosen against all there are: on decisions made up at random,
 * and on what small random trees of paths may become.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "learner/open.h"

/* A generator of our own: the same cases everywhere. */
static uint64_t state_of_dice;

static unsigned dice(unsigned sides)
{
	state_of_dice =
		state_of_dice * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(state_of_dice >> 33) % sides;
}

/* ------------------------------------------------------------ all the cuts */

#define DECISIONS_MAX 512
#define CUTS_MAX      200000

/* One way through the decisions: which form each takes, as they come up. */
struct script {
	unsigned form[DECISIONS_MAX], forms[DECISIONS_MAX];
	unsigned at;
};

static double cost_along(const struct sm_choice *cut, struct script *s)
{
	const struct sm_form *form = cut->forms;
	unsigned at = s->at++, count = 1;
	double cost;

	assert_true(at < DECISIONS_MAX);
	for (const struct sm_form *f = form->next; f; f = f->next)
		count++;
	s->forms[at] = count;
	for (unsigned i = 0; form->next && i < s->form[at]; i++)
		form = form->next;
	cost = form->cost;
	for (size_t i = 0; i < form->count; i++)
		cost += cost_along(form->parts[i], s);
	return cost;
}

/* The next way: the last decision that has another form takes it. */
static bool turn(struct script *s)
{
	while (s->at && s->form[s->at - 1] + 1 == s->forms[s->at - 1])
		s->form[--s->at] = 0;
	if (!s->at)
		return false;
	s->form[s->at - 1]++;
	for (unsigned i = s->at; i < DECISIONS_MAX; i++)
		s->form[i] = 0;
	return true;
}

/* The least cost of all cuts, each added up for itself; *cuts: how many. */
static double least_of_all(const struct sm_choice *cut, size_t *cuts)
{
	struct script s = { .at = 0 };
	double least = 0, cost;

	*cuts = 0;
	do {
		s.at = 0;
		cost = cost_along(cut, &s);
		if (!*cuts || cost < least)
			least = cost;
		++*cuts;
	} while (*cuts < CUTS_MAX && turn(&s));
	return least;
}

static bool is_same(double a, double b)
{
	return a - b < 1e-6 && b - a < 1e-6;
}

/* ------------------------------------------------------------ made up ones */

static struct sm_choice *made_up(struct sm_arena *arena, unsigned depth,
				 unsigned *left)
{
	struct sm_choice *cut = sm_arena_take(arena, sizeof(*cut));
	struct sm_form **at = &cut->forms;
	unsigned forms = 1 + dice(3);

	while (forms--) {
		struct sm_form *form = sm_arena_take(arena, sizeof(*form));
		unsigned parts = depth ? dice(3) : 0;

		form->cost = dice(1000) / 8.0;
		form->parts = sm_arena_take(arena, 4 * sizeof(cut));
		while (parts-- && *left) {
			--*left;
			form->parts[form->count++] =
				made_up(arena, depth - 1, left);
		}
		*at = form;
		at = &form->next;
	}
	return cut;
}

static void the_least_of_all_cuts_is_found(void **state)
{
	size_t most = 0;

	(void)state;
	state_of_dice = 7;
	for (int i = 0; i < 500; i++) {
		struct sm_arena arena = { NULL, 0, 0 };
		unsigned left = 10;
		struct sm_choice *cut = made_up(&arena, 4, &left);
		size_t cuts;
		double least = least_of_all(cut, &cuts);

		assert_true(cuts < CUTS_MAX);
		most = cuts > most ? cuts : most;
		sm_cut_solve(cut);
		if (!is_same(cut->best->least, least))
			fail_msg("case %d: %f, but %f of %zu cuts", i,
				 cut->best->least, least, cuts);
		sm_arena_fini(&arena);
	}
	assert_true(most > 100);
}

static void of_equal_forms_the_first_is_taken(void **state)
{
	struct sm_form third = { .cost = 1 };
	struct sm_form second = { .cost = 1 + 1e-12, .next = &third };
	struct sm_form first = { .cost = 1 + 2e-12, .next = &second };
	struct sm_choice cut = { .forms = &first };

	(void)state;
	sm_cut_solve(&cut);
	assert_ptr_equal(cut.best, &first);
	third.cost = 0.5;
	sm_cut_solve(&cut);
	assert_ptr_equal(cut.best, &third);
}

/* ------------------------------------------------------------ trees of paths
 */

static struct sm_node *kid_of(struct sm_learn *l, struct sm_node *node,
			      const char *name)
{
	struct sm_node *kid;

	for (size_t i = 0; i < node->count; i++)
		if (sm_str_equal(node->kids[i]->name, sm_str_of(name)))
			return node->kids[i];
	kid = sm_node_new_slot(l, node, sm_str_of(name), false);
	kid->is_slot = false;
	kid->sources = 1;
	node->is_dir = true;
	return kid;
}

static void see(struct sm_node *node, uint64_t run)
{
	sm_sketch_add(&node->runs, 1 + run);
	sm_sketch_add(&node->processes, 1 + run + 8 * dice(2));
	node->windows |= 1u << dice(8);
}

/* Up to 26 files, two or three levels down, by one or two principals. */
static void plant(struct sm_learn *l, struct sm_node *root)
{
	static const char *const tops[] = { "media", "in", "cache", ".conf" };
	static const char *const dirs[] = { "anna", "ben", "17", "18", "x-1" };
	static const char *const files[] = { "a.txt",  "b.txt", "3.png",
					     "4.png",  "c.pdf", "key.pem",
					     "it.log", "noext" };
	unsigned count = 3 + dice(24);

	root->is_dir = true;
	root->sources = 1;
	while (count--) {
		uint64_t run = dice(3);
		struct sm_node *node = kid_of(l, root, "srv");
		unsigned depth = dice(3);
		bool is_made = dice(2);

		node = kid_of(l, node, "app");
		node = kid_of(l, node, tops[dice(dice(2) ? 4 : 2)]);
		while (depth--)
			node = kid_of(l, node, dirs[dice(5)]);
		node = kid_of(l, node, files[dice(8)]);
		sm_node_grant(l, node, SM_STR("app"),
			      is_made ? SM_ACCESS_WRITE | SM_ACCESS_CREATE
				      : SM_ACCESS_READ);
		if (node->parent != root && dice(3) == 0)
			sm_node_grant(l, node->parent, SM_STR("app"),
				      SM_ACCESS_LIST);
		for (; node; node = node->parent) {
			node->is_made |= is_made;
			see(node, run);
		}
	}
}

static void tidy(struct sm_learn *l, struct sm_node *node)
{
	for (size_t i = 0; i < node->count; i++)
		tidy(l, node->kids[i]);
	sm_node_tidy(l, node);
}

/* How many trees were solved, had a choice, and the most cuts of one. */
static size_t solved, open_trees, most_cuts;

static void solve_tree(struct sm_learn *l)
{
	struct sm_node root = { .parent = NULL };
	struct sm_choice *cut;
	size_t cuts;
	double least;

	l->options.level = (enum sm_level)dice(SM_LEVELS);
	l->app = SM_STR("/srv/app");
	plant(l, &root);
	tidy(l, &root);
	cut = sm_cut_lay_out(l, &root);
	sm_cut_solve(cut);
	least = least_of_all(cut, &cuts);
	if (cuts < CUTS_MAX) {
		solved++;
		open_trees += cuts > 1;
		most_cuts = cuts > most_cuts ? cuts : most_cuts;
		if (!is_same(cut->best->least, least))
			fail_msg("%f, but %f of %zu cuts", cut->best->least,
				 least, cuts);
	}
	sm_cut_apply(l, cut);
}

static void solve_one(struct sm_learn *l)
{
	struct sm_observations *none = sm_observations_new();

	assert_non_null(none);
	l->observations = none;
	if (setjmp(l->failed))
		fail_msg("out of memory");
	solve_tree(l);
	sm_arena_fini(&l->arena);
	sm_observations_free((struct sm_observations *)l->observations);
}

static void the_cheapest_form_of_a_tree_is_found(void **state)
{
	(void)state;
	state_of_dice = 11;
	for (int i = 0; i < 400; i++) {
		struct sm_learn l = { .status = SM_OK };

		solve_one(&l);
	}
	assert_true(solved > 350 && open_trees > 100 && most_cuts > 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_least_of_all_cuts_is_found),
		cmocka_unit_test(of_equal_forms_the_first_is_taken),
		cmocka_unit_test(the_cheapest_form_of_a_tree_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
