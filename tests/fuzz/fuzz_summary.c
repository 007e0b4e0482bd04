/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a summary: refused, or a set that can be learned from and that
 * reads back from what it is written as.
 */
#include <stdlib.h>

#include "learner/learner.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void learn_from(const struct sm_observations *observations)
{
	const struct sm_learn_options options = { 0 };
	struct sm_learned learned;

	(void)!sm_learn(observations, &options, &learned, NULL);
	sm_learned_fini(&learned);
}

static void write_and_read(const struct sm_observations *observations)
{
	struct sm_observations *again = sm_observations_new();
	uint8_t *first = NULL, *second = NULL;
	size_t first_size = 0, second_size = 0;

	if (!again ||
	    sm_summary_write(observations, &first, &first_size) != SM_OK ||
	    sm_summary_read(first, first_size, again, NULL) != SM_OK ||
	    sm_summary_write(again, &second, &second_size) != SM_OK ||
	    first_size != second_size || memcmp(first, second, first_size) != 0)
		abort();
	free(first);
	free(second);
	sm_observations_free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sm_observations *observations = sm_observations_new();

	if (!observations)
		return 0;
	if (sm_summary_read(data, size, observations, NULL) == SM_OK) {
		write_and_read(observations);
		learn_from(observations);
	}
	sm_observations_free(observations);
	return 0;
}
