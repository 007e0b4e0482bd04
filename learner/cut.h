/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cut.h: the cheapest of all ways to generalise a tree.
 *
 * A place in the tree has forms: as recorded, with a slot, as a whole. Taking
 * one costs something and leaves the decisions for the places it is made of. A
 * cut takes one form for each decision that is left; its cost is the sum. As
 * decisions of one form do not touch each other, the cheapest cut is made of
 * the cheapest cuts of its parts: sm_cut_solve() finds it from the leaves up.
 */
#ifndef LEARNER_CUT_H
#define LEARNER_CUT_H

#include <stdbool.h>
#include <stddef.h>

struct sm_choice;

struct sm_form {
	double cost;		  /* of this form, its parts aside */
	double least;		  /* with its parts; set by sm_cut_solve() */
	struct sm_choice **parts; /* decisions it leaves */
	size_t count;
	struct sm_form *next; /* the form that is looked at after this one */
};

/* A decision. Forms come in an order that depends on no memory address. */
struct sm_choice {
	struct sm_form *forms; /* one at least */
	struct sm_form *best;  /* set by sm_cut_solve() */
};

/*
 * Decides cut and all its parts, and returns what that costs. Of forms that
 * cost the same to a billionth, the one that comes first is taken.
 */
double sm_cut_solve(struct sm_choice *cut);

#endif
