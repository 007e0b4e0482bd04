/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/trace/order.h"

#include <stdlib.h>

struct keyed {
	uint64_t key;
	uint32_t row;
};

static bool is_ordered(const struct sm_block *b)
{
	for (uint32_t i = 1; i < b->events; i++)
		if (b->rows[i].time_ns < b->rows[i - 1].time_ns)
			return false;
	return true;
}

/*
 * Threads of a process may take their time before they take their number; a
 * key that never falls within a process keeps the numbers in order.
 */
static enum sm_status find_keys(const struct sm_block *b, struct keyed *keys)
{
	uint64_t *latest = calloc(b->actor_count + 1u, sizeof(*latest));
	uint32_t *slots = malloc((b->actor_count + 1u) * sizeof(*slots));
	struct sm_map first = { 0 };
	enum sm_status status = latest && slots ? SM_OK : SM_NOMEM;

	for (uint32_t i = 0; i < b->actor_count && !status; i++) {
		slots[i] = sm_map_get(&first, b->actors[i].process);
		if (slots[i] == SM_MAP_NONE) {
			slots[i] = i;
			status = sm_map_add(&first, b->actors[i].process, i);
		}
	}
	for (uint32_t i = 0; i < b->events && !status; i++) {
		uint64_t *last = &latest[slots[b->rows[i].actor]];

		if (b->rows[i].time_ns > *last)
			*last = b->rows[i].time_ns;
		keys[i] = (struct keyed){ *last, i };
	}
	sm_map_fini(&first);
	free(latest);
	free(slots);
	return status;
}

static uint32_t run_end(const struct keyed *a, uint32_t from, uint32_t n)
{
	while (from + 1 < n && a[from].key <= a[from + 1].key)
		from++;
	return from + 1;
}

static void merge(const struct keyed *a, uint32_t from, uint32_t middle,
		  uint32_t end, struct keyed *out)
{
	uint32_t i = from, j = middle;

	for (uint32_t k = from; k < end; k++) {
		bool takes_left =
			j == end || (i < middle && a[i].key <= a[j].key);

		out[k] = takes_left ? a[i++] : a[j++];
	}
}

/* Natural merge sort: drained batches are runs already. */
static struct keyed *sort(struct keyed *a, struct keyed *b, uint32_t n)
{
	for (;;) {
		uint32_t at = 0, merges = 0;
		struct keyed *swap = a;

		while (at < n) {
			uint32_t middle = run_end(a, at, n);
			uint32_t end = middle < n ? run_end(a, middle, n) : n;

			merge(a, at, middle, end, b);
			merges += middle < n;
			at = end;
		}
		a = b;
		b = swap;
		if (merges <= 1)
			return a;
	}
}

enum sm_status sm_block_order(const struct sm_block *b, uint32_t **order)
{
	struct keyed *keys, *spare, *sorted;
	enum sm_status status = SM_NOMEM;

	*order = NULL;
	if (is_ordered(b))
		return SM_OK;
	keys = calloc(b->events, sizeof(*keys));
	spare = calloc(b->events, sizeof(*spare));
	*order = malloc(b->events * sizeof(**order));
	if (keys && spare && *order)
		status = find_keys(b, keys);
	if (!status) {
		sorted = sort(keys, spare, b->events);
		for (uint32_t i = 0; i < b->events; i++)
			(*order)[i] = sorted[i].row;
	} else {
		free(*order);
		*order = NULL;
	}
	free(keys);
	free(spare);
	return status;
}
