/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/events_tally.h"

#include <stdlib.h>

#include "replay/digest.h"

bool sm_tally_init(struct tally *tally)
{
	*tally = (struct tally){ .rows = NULL };
	return sm_memo_init(&tally->by_digest);
}

void sm_tally_fini(struct tally *tally)
{
	for (size_t i = 0; i < tally->count; i++)
		free(tally->rows[i].name);
	free(tally->rows);
	sm_memo_fini(&tally->by_digest);
}

static bool make_room(struct tally *tally)
{
	size_t room = tally->room ? tally->room * 2 : 256;
	struct tally_row *rows;

	if (tally->count < tally->room)
		return true;
	rows = realloc(tally->rows, room * sizeof(*rows));
	if (!rows)
		return false;
	tally->rows = rows;
	tally->room = room;
	return true;
}

uint32_t sm_tally_row(struct tally *tally, struct sm_str name)
{
	uint64_t digest = sm_digest_str(0, name);
	struct sm_memo_slot *slot = sm_memo_find(&tally->by_digest, digest);
	char *copy;

	if (slot)
		return (uint32_t)slot->value;
	if (tally->count >= TALLY_ROWS_MAX || !make_room(tally))
		return TALLY_OTHER;
	copy = malloc(name.len + 1u);
	if (!copy || !sm_memo_add(&tally->by_digest, digest, tally->count)) {
		free(copy);
		return TALLY_OTHER;
	}
	if (name.len)
		memcpy(copy, name.p, name.len);
	copy[name.len] = 0;
	tally->rows[tally->count] = (struct tally_row){ copy, name.len, 0 };
	return (uint32_t)tally->count++;
}

void sm_tally_add(struct tally *tally, uint32_t row, uint64_t count)
{
	if (row < tally->count)
		tally->rows[row].count += count;
	else
		tally->other += count;
}

static int compare(const void *a, const void *b)
{
	const struct tally_row *x = a, *y = b;
	int order = (y->count > x->count) - (y->count < x->count);

	if (order)
		return order;
	return sm_str_compare((struct sm_str){ x->name, x->len },
			      (struct sm_str){ y->name, y->len });
}

void sm_tally_sort(struct tally *tally)
{
	if (tally->count)
		qsort(tally->rows, tally->count, sizeof(*tally->rows), compare);
}
