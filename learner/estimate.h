/* SPDX-License-Identifier: Apache-2.0 */
/*
 * estimate.h: learning without parts of a recording; for estimate*.c only.
 */
#ifndef LEARNER_ESTIMATE_H
#define LEARNER_ESTIMATE_H

#include "learner/observe.h"

/* Of calls that came in the fewest runs, but not in all: how many, how often.
 */
struct sm_rarest {
	uint32_t runs;
	uint64_t events, calls;
};

struct sm_estimating {
	const struct sm_observations *observations;
	const struct sm_learn_options *options;
	struct sm_policy whole;
	struct sm_arena arena; /* events of calls */
	struct sm_rarest rarest[SM_FAMILIES];
	struct sm_estimate *out;
	struct sm_diag *diag;
};

/* A run whose events took time, or NULL. */
static inline const struct sm_run *sm_run_at(const struct sm_observations *o,
					     size_t i)
{
	const struct sm_run *run = o->runs[i];

	return run->last_ns > run->first_ns ? run : NULL;
}

/* Leaves one part out; events: how many it holds. */
enum sm_status sm_estimate_fold(struct sm_estimating *e,
				const struct sm_part *part, uint64_t events,
				struct sm_cut_estimate *cut);
/* The rates of a cut, all parts of which were left out. */
void sm_estimate_finish(const struct sm_estimating *e,
			struct sm_cut_estimate *cut);

/* The cuts: estimate_cuts.c */
enum sm_status sm_estimate_by_run(struct sm_estimating *e);
enum sm_status sm_estimate_by_session(struct sm_estimating *e);
enum sm_status sm_estimate_by_process(struct sm_estimating *e);
enum sm_status sm_estimate_by_time(struct sm_estimating *e);

#endif
