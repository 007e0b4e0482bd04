/* SPDX-License-Identifier: Apache-2.0 */
/*
 * learn_input.h: which observations secmgr-learn learns from.
 */
#ifndef TOOLS_LEARN_INPUT_H
#define TOOLS_LEARN_INPUT_H

#include "learner/learner.h"
#include "tools/cli.h"

#define SM_EXCLUDED_MAX 64

struct sm_learn_input {
	const char *since, *until; /* as typed; NULL: all */
	bool takes_followers;	   /* of a denial */
	bool is_set; /* each with the older files of its rotation */
	const char *excluded[SM_EXCLUDED_MAX];
	size_t excluded_count;
};

/* Adds all traces to observations; the exit status, after a message. */
int sm_learn_input_read(const struct sm_program *program,
			const struct sm_learn_input *input, int count,
			char **paths, struct sm_observations *observations);
/* One run a line on standard output. */
bool sm_learn_input_list(const struct sm_observations *observations);
/*
 * The observations without the excluded runs, NULL after a message. A run is
 * named by the first digits of its identity.
 */
struct sm_observations *
sm_learn_input_exclude(const struct sm_program *program,
		       const struct sm_learn_input *input,
		       const struct sm_observations *observations);

#endif
