/* SPDX-License-Identifier: Apache-2.0 */
#include "learner/cut.h"

/* Sums of the same numbers in another order differ by less. */
#define TIE 1e-9

static double least_of(struct sm_form *form)
{
	double cost = form->cost;

	for (size_t i = 0; i < form->count; i++)
		cost += sm_cut_solve(form->parts[i]);
	return cost;
}

double sm_cut_solve(struct sm_choice *cut)
{
	double least = 0;

	cut->best = NULL;
	for (struct sm_form *form = cut->forms; form; form = form->next) {
		form->least = least_of(form);
		if (cut->best && form->least >= least - TIE)
			continue;
		cut->best = form;
		least = form->least;
	}
	return least;
}
