/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pids of traced processes in names: the next process has another. With many
 * processes nearly every number is somebody's pid, so that whose it is counts.
 */
#include <stdlib.h>

#include "learner/learn.h"
#include "schema/ascii.h"

/* In its own namespace, or where it was recorded. */
struct sm_pid {
	uint32_t pid;
	const struct sm_owner *owner;
};

static int by_pid(const void *a, const void *b)
{
	const struct sm_pid *x = a, *y = b;

	return (x->pid > y->pid) - (x->pid < y->pid);
}

static int by_identity(const void *a, const void *b)
{
	const struct sm_owner *x = *(const struct sm_owner *const *)a;
	const struct sm_owner *y = *(const struct sm_owner *const *)b;

	return (x->identity > y->identity) - (x->identity < y->identity);
}

void sm_note_pids(struct sm_learn *l)
{
	const struct sm_observations *o = l->observations;
	size_t count = o->owner_count;

	l->pids = sm_learn_take(l, (2 * count + 1) * sizeof(*l->pids));
	l->processes = sm_learn_take(l, (count + 1) * sizeof(*l->processes));
	for (size_t i = 0; i < count; i++) {
		const struct sm_owner *owner = &o->owners[i];

		l->processes[i] = owner;
		l->pids[2 * i] = (struct sm_pid){ owner->pid, owner };
		l->pids[2 * i + 1] = (struct sm_pid){ owner->guest_pid, owner };
	}
	l->process_count = count;
	qsort(l->pids, 2 * count, sizeof(*l->pids), by_pid);
	qsort(l->processes, count, sizeof(const struct sm_owner *),
	      by_identity);
}

static const struct sm_owner *process_of(const struct sm_learn *l,
					 uint64_t identity)
{
	const struct sm_owner wanted = { .identity = identity };
	const struct sm_owner *key = &wanted, **found;

	found = bsearch(&key, l->processes, l->process_count,
			sizeof(const struct sm_owner *), by_identity);
	return found ? *found : NULL;
}

static bool are_kin(const struct sm_owner *a, const struct sm_owner *b)
{
	return a == b || (a->run == b->run &&
			  (a->parent_pid == b->pid || b->parent_pid == a->pid));
}

static bool is_kin_of_users(const struct sm_learn *l,
			    const struct sm_owner *owner,
			    const struct sm_sketch *users)
{
	if (!users || !users->count || users->count == SM_SKETCH_MAX)
		return true;
	for (uint32_t i = 0; i < users->count; i++) {
		const struct sm_owner *user = process_of(l, users->hash[i]);

		if (!user || are_kin(owner, user))
			return true;
	}
	return false;
}

/* Digits are one's pid. */
static bool is_pid(const struct sm_learn *l, struct sm_str digits,
		   const struct sm_sketch *users)
{
	size_t count = 2 * l->process_count, low = 0, high = count;
	uint64_t value = 0;

	if (digits.len > 7)
		return false;
	for (uint32_t i = 0; i < digits.len; i++)
		value = value * 10 + (uint64_t)(digits.p[i] - '0');
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (l->pids[middle].pid < value)
			low = middle + 1;
		else
			high = middle;
	}
	for (; value > 1 && low < count && l->pids[low].pid == value; low++)
		if (is_kin_of_users(l, l->pids[low].owner, users))
			return true;
	return false;
}

static bool is_drawn(char c)
{
	return sm_is_alnum(c) || c == '_';
}

#define PID_DIGITS 4

/*
 * In a namespace of its own a program's pids are 1, 2 and 3, and such digits
 * are in every name: there they stand alone, and in none that may be drawn
 * (tempfile's are of a to z, 0 to 9 and _).
 */
static bool stands_out(struct sm_str name, uint32_t from, uint32_t to)
{
	return to - from >= PID_DIGITS ||
	       ((!from || !is_drawn(name.p[from - 1])) &&
		(to == name.len || !is_drawn(name.p[to])));
}

bool sm_find_pid(const struct sm_learn *l, struct sm_str name,
		 const struct sm_sketch *users, uint32_t *from, uint32_t *to)
{
	for (uint32_t i = 0; i < name.len; i = *to) {
		*from = *to = i;
		while (*to < name.len && sm_is_digit(name.p[*to]))
			++*to;
		if (*to > i && stands_out(name, i, *to) &&
		    is_pid(l, (struct sm_str){ name.p + i, *to - i }, users))
			return true;
		if (*to == i)
			++*to;
	}
	return false;
}
