/* SPDX-License-Identifier: Apache-2.0 */
#include "replay/memo.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_SLOTS 4096

bool sm_memo_init(struct sm_memo *memo)
{
	memo->used = 0;
	memo->mask = FIRST_SLOTS - 1;
	memo->slots = calloc(FIRST_SLOTS, sizeof(*memo->slots));
	return memo->slots;
}

void sm_memo_fini(struct sm_memo *memo)
{
	free(memo->slots);
	memo->slots = NULL;
}

void sm_memo_clear(struct sm_memo *memo)
{
	memset(memo->slots, 0, (memo->mask + 1) * sizeof(*memo->slots));
	memo->used = 0;
}

static void insert(struct sm_memo *memo, uint64_t key, uint64_t value)
{
	size_t at = (size_t)(key * 0x9e3779b97f4a7c15u >> 20);

	while (memo->slots[at & memo->mask].key)
		at++;
	memo->slots[at & memo->mask] = (struct sm_memo_slot){ key, value };
}

static bool grow(struct sm_memo *memo)
{
	struct sm_memo bigger = { .mask = memo->mask * 2 + 1 };

	bigger.slots = calloc(bigger.mask + 1, sizeof(*bigger.slots));
	if (!bigger.slots)
		return false;
	for (size_t i = 0; i <= memo->mask; i++)
		if (memo->slots[i].key)
			insert(&bigger, memo->slots[i].key,
			       memo->slots[i].value);
	free(memo->slots);
	memo->slots = bigger.slots;
	memo->mask = bigger.mask;
	return true;
}

bool sm_memo_add(struct sm_memo *memo, uint64_t key, uint64_t value)
{
	if (memo->used >= MEMO_KEYS_MAX)
		return false;
	if (memo->used * 2 > memo->mask && !grow(memo))
		return false;
	insert(memo, key + !key, value);
	memo->used++;
	return true;
}
