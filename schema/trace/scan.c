/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/trace/scan.h"

#include <stdlib.h>

void sm_scan_fini(struct sm_scan *s)
{
	free(s->groups);
	free(s->group_of);
	free(s->next);
	free(s->keys);
	free(s->rows);
	free(s->actors);
	free(s->processes);
	free(s->times_ns);
	free(s->seqs);
	free(s->values);
	*s = (struct sm_scan){ 0 };
}

static bool make_room(struct sm_scan *s)
{
	const size_t n = SM_BLOCK_EVENTS;

	if (s->group_of)
		return true;
	s->next = malloc(n * sizeof(*s->next));
	s->keys = malloc(n * sizeof(*s->keys));
	s->rows = malloc(n * sizeof(*s->rows));
	s->actors = malloc(n * sizeof(*s->actors));
	s->processes = malloc(n * sizeof(*s->processes));
	s->times_ns = malloc(n * sizeof(*s->times_ns));
	s->seqs = malloc(n * sizeof(*s->seqs));
	if (s->next && s->keys && s->rows && s->actors && s->processes &&
	    s->times_ns && s->seqs)
		s->group_of = malloc(n * sizeof(*s->group_of));
	if (!s->group_of) {
		sm_scan_fini(s);
		return false;
	}
	s->whens.times_ns = s->times_ns;
	s->whens.processes = s->processes;
	return true;
}

/* ------------------------------------------------------------------- order */

/* Which group each event is of, and how many each has. */
static enum sm_status get_order(struct sm_scan *s, struct sm_block *head)
{
	struct sm_bytes_reader r = s->columns.at[SM_COLUMN_ORDER];
	uint32_t count = head->group_count, *next = s->next;
	uint16_t *group_of = s->group_of;

	memset(next, 0, count * sizeof(*next));
	for (uint32_t i = 0, n = s->events; i < n; i++) {
		uint64_t group = sm_bytes_get_varint(&r);

		if (group >= count)
			return SM_DAMAGED;
		group_of[i] = (uint16_t)group;
		next[group]++;
	}
	return r.has_failed || r.at != r.end ? SM_DAMAGED : SM_OK;
}

static enum sm_status place_groups(struct sm_scan *s, struct sm_block *head)
{
	enum sm_status status =
		sm_array_reserve((void **)&s->groups, &s->group_room,
				 head->group_count, sizeof(*s->groups));
	uint32_t first = 0;

	for (uint32_t g = 0; !status && g < head->group_count; g++) {
		if (!s->next[g])
			return SM_DAMAGED;
		head->groups[g].events = s->next[g];
		s->groups[g].first = first;
		first += s->next[g];
	}
	return status;
}

enum sm_status sm_scan_begin(struct sm_scan *s, const uint8_t *raw, size_t len,
			     uint32_t events, struct sm_block *head)
{
	enum sm_status status = sm_columns_open(raw, len, &s->columns);

	s->has_whens = s->has_seqs = false;
	s->values_of = 0;
	s->start = 0;
	s->events = head->events = events;
	if (!events || events > SM_BLOCK_EVENTS)
		return SM_DAMAGED;
	if (!status && !make_room(s))
		status = SM_NOMEM;
	if (!status)
		status = sm_columns_groups(&s->columns, head);
	if (!status)
		status = get_order(s, head);
	if (!status)
		status = place_groups(s, head);
	return status;
}

/* -------------------------------------------------------------------- keys */

#define HIGH_BITS UINT64_C(0x8080808080808080)
#define LOW_BITS  UINT64_C(0x0101010101010101)

/* Passes over n varints: over bytes until n have ended. */
static void skip(struct sm_bytes_reader *r, uint32_t n)
{
	while (n >= 8 && r->end - r->at >= 8) {
		uint64_t word;

		memcpy(&word, r->at, 8);
		n -= (uint32_t)((((~word & HIGH_BITS) >> 7) * LOW_BITS) >> 56);
		r->at += 8;
	}
	for (; n && r->at < r->end; r->at++)
		n -= *r->at < 0x80;
	r->has_failed |= n > 0;
}

/* Whether the next n bytes, and varints, are all 0; then they are read. */
static bool skip_zeros(struct sm_bytes_reader *r, uint32_t n)
{
	const uint8_t *at = r->at, *end = r->at + n;

	if ((size_t)(r->end - r->at) < n)
		return false;
	for (; end - at >= 8; at += 8) {
		uint64_t word;

		memcpy(&word, at, 8);
		if (word)
			return false;
	}
	for (; at < end; at++)
		if (*at)
			return false;
	r->at = end;
	return true;
}

/* Keys of a group being added up. */
struct adding {
	uint64_t base; /* what all of them have in common */
	uint64_t *keys;
	uint32_t count;
	bool is_set; /* keys hold something */
};

/* last: the value before the column's first; which is returned. */
static uint64_t add_deltas(struct adding *a, struct sm_bytes_reader *column,
			   uint64_t last, uint64_t salt)
{
	struct sm_bytes_reader r = *column;
	uint64_t first = last + sm_unzigzag(sm_bytes_get_varint(&r));
	uint64_t part = sm_mix(first, salt), *keys = a->keys;

	if (skip_zeros(&r, a->count - 1)) {
		a->base += part;
		*column = r;
		return first;
	}
	if (!a->is_set)
		memset(keys, 0, a->count * sizeof(*keys));
	a->is_set = true;
	keys[0] += part;
	last = first;
	for (uint32_t k = 1, n = a->count; k < n; k++) {
		uint64_t delta = sm_bytes_get_varint(&r);

		if (delta) {
			last += sm_unzigzag(delta);
			part = sm_mix(last, salt);
		}
		keys[k] += part;
	}
	*column = r;
	return first;
}

static uint64_t skip_deltas(struct sm_bytes_reader *r, uint64_t last,
			    uint32_t count)
{
	uint64_t first = last + sm_unzigzag(sm_bytes_get_varint(r));

	skip(r, count - 1);
	return first;
}

static void add_floats(struct adding *a, struct sm_bytes_reader *r,
		       uint64_t salt)
{
	uint64_t last = 0;

	if (!a->is_set)
		memset(a->keys, 0, a->count * sizeof(*a->keys));
	a->is_set = true;
	for (uint32_t k = 0; k < a->count; k++) {
		last ^= sm_columns_float(r);
		a->keys[k] += sm_mix(last, salt);
	}
}

static void skip_floats(struct sm_bytes_reader *r, uint32_t count)
{
	if ((size_t)(r->end - r->at) / 8 < count)
		r->has_failed = true;
	else
		r->at += 8 * (size_t)count;
}

static void finish(const struct adding *a)
{
	if (a->is_set)
		for (uint32_t k = 0; k < a->count; k++)
			a->keys[k] += a->base;
	else
		for (uint32_t k = 0; k < a->count; k++)
			a->keys[k] = a->base;
}

static void remember(struct sm_scan *s, uint32_t group)
{
	s->groups[group].strings = s->columns.at[SM_COLUMN_STRINGS].at;
	s->groups[group].ints = s->columns.at[SM_COLUMN_INTS].at;
	s->groups[group].floats = s->columns.at[SM_COLUMN_FLOATS].at;
	s->groups[group].start = s->start;
}

static void read_leaf(struct sm_scan *s, struct adding *a,
		      enum sm_leaf_kind kind, uint64_t salt)
{
	struct sm_bytes_reader *at = s->columns.at;

	switch (kind) {
	case SM_LEAF_STRING:
		s->start =
			add_deltas(a, &at[SM_COLUMN_STRINGS], s->start, salt);
		break;
	case SM_LEAF_INT:
		add_deltas(a, &at[SM_COLUMN_INTS], 0, salt);
		break;
	default:
		add_floats(a, &at[SM_COLUMN_FLOATS], salt);
		break;
	}
}

static void pass_leaf(struct sm_scan *s, uint32_t count, enum sm_leaf_kind kind)
{
	struct sm_bytes_reader *at = s->columns.at;

	switch (kind) {
	case SM_LEAF_STRING:
		s->start = skip_deltas(&at[SM_COLUMN_STRINGS], s->start, count);
		break;
	case SM_LEAF_INT:
		skip(&at[SM_COLUMN_INTS], count);
		break;
	default:
		skip_floats(&at[SM_COLUMN_FLOATS], count);
		break;
	}
}

void sm_scan_keys(struct sm_scan *s, const struct sm_block *head,
		  uint32_t group, const struct sm_scan_key *key)
{
	const struct sm_shape *shape = &head->shapes[head->groups[group].shape];
	struct adding a = { .base = key->seed,
			    .keys = s->keys + s->groups[group].first,
			    .count = head->groups[group].events };
	uint32_t at = 0;

	remember(s, group);
	for (uint32_t l = 0; l < shape->leaf_count; l++) {
		if (at < key->count && key->leaves[at] == l) {
			read_leaf(s, &a, shape->leaves[l].kind,
				  sm_shape_key_salt(l));
			at++;
		} else {
			pass_leaf(s, a.count, shape->leaves[l].kind);
		}
	}
	finish(&a);
	s->groups[group].is_one = !a.is_set;
}

bool sm_scan_end(const struct sm_scan *s)
{
	for (unsigned i = SM_COLUMN_STRINGS; i < SM_COLUMNS; i++)
		if (s->columns.at[i].has_failed ||
		    s->columns.at[i].at != s->columns.at[i].end)
			return false;
	return true;
}

/* ------------------------------------------------------------------- whens */

/* Whose each event is; or, as is usual, all. */
static void find_processes(struct sm_scan *s, const struct sm_block *head)
{
	uint32_t process = head->actors[s->actors[0]].process;
	bool is_one = true;

	for (uint32_t i = 0; i < head->actor_count; i++)
		is_one &= head->actors[i].process == process;
	s->whens.process = is_one ? process : 0;
	if (s->whens.process)
		return;
	for (uint32_t i = 0; i < s->events; i++)
		s->processes[i] = head->actors[s->actors[i]].process;
}

static void place_rows(struct sm_scan *s, const struct sm_block *head)
{
	const uint16_t *group_of = s->group_of;
	uint16_t *rows = s->rows;
	uint32_t *next = s->next;

	for (uint32_t g = 0; g < head->group_count; g++)
		next[g] = s->groups[g].first;
	for (uint32_t i = 0, n = s->events; i < n; i++)
		rows[next[group_of[i]]++] = (uint16_t)i;
}

enum sm_status sm_scan_whens(struct sm_scan *s, uint64_t first_ns,
			     struct sm_block *head)
{
	enum sm_status status = SM_OK;

	if (s->has_whens)
		return SM_OK;
	status = sm_columns_actors(&s->columns, head);
	if (!status)
		status = sm_columns_whose(&s->columns, head, s->actors);
	if (!status)
		status = sm_columns_times(&s->columns, head, first_ns,
					  s->times_ns, &s->whens.ascends);
	if (status)
		return status;
	find_processes(s, head);
	place_rows(s, head);
	s->has_whens = true;
	return SM_OK;
}

enum sm_status sm_scan_when(struct sm_scan *s, uint64_t first_ns,
			    struct sm_block *head, uint32_t at,
			    struct sm_trace_when *when)
{
	enum sm_status status = sm_scan_whens(s, first_ns, head);
	const struct sm_block_actor *actor;
	uint16_t row;

	if (!status && !s->has_seqs)
		status = sm_columns_seqs(&s->columns, head, s->seqs);
	if (status)
		return status;
	s->has_seqs = true;
	row = s->rows[at];
	actor = &head->actors[s->actors[row]];
	*when = (struct sm_trace_when){ s->times_ns[row], s->seqs[row],
					actor->process, actor->thread };
	return SM_OK;
}

/* ------------------------------------------------------------------ values */

enum sm_status sm_scan_values(struct sm_scan *s, const struct sm_block *head,
			      uint32_t group, const uint64_t **out)
{
	const struct sm_scan_group *from = &s->groups[group];
	const struct sm_block_view *view = &head->groups[group];
	const struct sm_shape *shape = &head->shapes[view->shape];
	struct sm_columns c = s->columns;
	uint64_t start = from->start;

	*out = s->values;
	if (s->values_of == group + 1)
		return SM_OK;
	s->values_of = 0;
	if (sm_array_reserve((void **)&s->values, &s->value_room,
			     (size_t)view->events * shape->leaf_count + 1,
			     sizeof(*s->values)))
		return SM_NOMEM;
	c.at[SM_COLUMN_STRINGS].at = from->strings;
	c.at[SM_COLUMN_INTS].at = from->ints;
	c.at[SM_COLUMN_FLOATS].at = from->floats;
	sm_columns_leaves(&c, shape, view->events, &start, s->values);
	for (unsigned i = SM_COLUMN_STRINGS; i < SM_COLUMNS; i++)
		if (c.at[i].has_failed)
			return SM_DAMAGED;
	s->values_of = group + 1;
	*out = s->values;
	return SM_OK;
}
