/* SPDX-License-Identifier: Apache-2.0 */
#include "learner/seen.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_SLOTS 4096

bool sm_seen_init(struct sm_seen *seen)
{
	seen->used = 0;
	seen->mask = FIRST_SLOTS - 1;
	seen->slots = calloc(FIRST_SLOTS, sizeof(*seen->slots));
	return seen->slots;
}

void sm_seen_fini(struct sm_seen *seen)
{
	free(seen->slots);
	seen->slots = NULL;
}

static bool grow(struct sm_seen *seen)
{
	struct sm_seen bigger = { .mask = seen->mask * 2 + 1,
				  .used = seen->used };

	bigger.slots = calloc(bigger.mask + 1, sizeof(*bigger.slots));
	if (!bigger.slots)
		return false;
	for (size_t i = 0; i <= seen->mask; i++)
		if (seen->slots[i].is_used)
			*sm_seen_slot(&bigger, seen->slots[i].key) =
				seen->slots[i];
	free(seen->slots);
	*seen = bigger;
	return true;
}

struct sm_seen_call *sm_seen_add(struct sm_seen *seen, uint64_t key,
				 const struct sm_seen_call *call,
				 enum sm_status *status)
{
	struct sm_seen_slot *slot;

	*status = SM_OK;
	if (seen->used == SM_SEEN_MAX) {
		/* Full is rare enough to begin again. */
		memset(seen->slots, 0, (seen->mask + 1) * sizeof(*seen->slots));
		seen->used = 0;
	}
	if (seen->used * 2 > seen->mask && !grow(seen)) {
		*status = SM_NOMEM;
		return NULL;
	}
	slot = sm_seen_slot(seen, key);
	*slot = (struct sm_seen_slot){ key, *call, true };
	seen->used++;
	return &slot->is;
}
