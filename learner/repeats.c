/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Recordings of one day, made several times over. Names that come back in
 * another run belong to the program, because people would have brought others.
 * But where the same commands were run in the same order and asked for the same
 * files, down to the last, all names came back, those of users, too: somebody
 * played it again. That tells nothing of any of them, and what is left is
 * what one day tells. So such runs count once.
 */
#include <stdlib.h>

#include "learner/tree.h"
#include "schema/ascii.h"

/* Names of files by which recordings are compared. */
#define NAMES_MIN 24

struct play {
	const struct sm_run *run;
	uint64_t command;
};

struct plays {
	struct play *items; /* by time */
	size_t *places;	    /* of the runs as they are kept */
	size_t count;
	size_t length; /* runs until they begin again; count: they do not */
};

static int by_time(const void *a, const void *b)
{
	const struct sm_run *x = ((const struct play *)a)->run;
	const struct sm_run *y = ((const struct play *)b)->run;

	if (x->first_ns != y->first_ns)
		return x->first_ns < y->first_ns ? -1 : 1;
	return (x->identity > y->identity) - (x->identity < y->identity);
}

/*
 * What all processes of each run that were started from outside are and were
 * given, in any order; those they start are told temporary names.
 */
static void add_commands(struct sm_learn *l, struct play *plays)
{
	const struct sm_observations *o = l->observations;
	const bool *started = sm_owners_started(o, &l->arena);

	if (!started)
		sm_learn_fail(l, SM_NOMEM);
	for (size_t i = 0; i < o->owner_count; i++) {
		const struct sm_owner *owner = &o->owners[i];
		size_t at = sm_observations_place_run(o, owner->run);

		if (!started[i])
			plays[at].command +=
				sm_hash_str(owner->role, owner->given);
	}
}

static bool is_repeated(const struct plays *p, size_t length)
{
	if (p->count % length)
		return false;
	for (size_t i = length; i < p->count; i++)
		if (p->items[i].command != p->items[i - length].command)
			return false;
	return true;
}

static struct plays find_plays(struct sm_learn *l)
{
	const struct sm_observations *o = l->observations;
	struct plays p = { .count = o->run_count, .length = 1 };

	p.items = sm_learn_take(l, (p.count + 1) * sizeof(*p.items));
	p.places = sm_learn_take(l, (p.count + 1) * sizeof(*p.places));
	memset(p.items, 0, (p.count + 1) * sizeof(*p.items));
	for (size_t i = 0; i < p.count; i++)
		p.items[i].run = o->runs[i];
	add_commands(l, p.items);
	qsort(p.items, p.count, sizeof(*p.items), by_time);
	for (size_t i = 0; i < p.count; i++)
		p.places[sm_observations_place_run(
			o, p.items[i].run->identity)] = i;
	p.places[p.count] = p.count;
	while (p.length < p.count && !is_repeated(&p, p.length))
		p.length++;
	return p;
}

/* ------------------------------------------------------------------- names */

/* A name of a file, and the first and the last time played that it came. */
struct use {
	uint64_t name;
	size_t first, last;
	uint32_t access;
};

static int by_name(const void *a, const void *b)
{
	const struct use *x = a, *y = b;

	return (x->name > y->name) - (x->name < y->name);
}

/* Times and others' pids have so many digits; people count from 1. */
#define CHANCE_DIGITS 5

static bool has_long_number(struct sm_str name)
{
	unsigned digits = 0;

	for (uint32_t i = 0; i < name.len && digits < CHANCE_DIGITS; i++)
		digits = sm_is_digit(name.p[i]) ? digits + 1 : 0;
	return digits >= CHANCE_DIGITS;
}

/*
 * An id, a pid of users, a time or a temporary name, which is new whatever is
 * played again.
 */
static bool is_chance(struct sm_learn *l, struct sm_str name,
		      const struct sm_sketch *users)
{
	const struct sm_str picked = SM_STR("<int>");
	unsigned typed;
	struct sm_str skeleton = sm_skeleton(l, name, &typed);
	uint32_t from, to;

	for (uint32_t i = 0; i < skeleton.len; i++) {
		struct sm_str rest = { skeleton.p + i, skeleton.len - i };

		if (rest.p[0] == '\\')
			i++;
		else if (rest.p[0] == '<' && !sm_str_starts(rest, picked))
			return true;
	}
	return has_long_number(name) || sm_find_pid(l, name, users, &from, &to);
}

/* 0: one that says nothing. */
static uint64_t name_of(struct sm_learn *l, struct sm_str path,
			const struct sm_sketch *users)
{
	struct sm_str rest = path;

	while (rest.len) {
		const char *end = memchr(rest.p, '/', rest.len);
		uint32_t len = end ? (uint32_t)(end - rest.p) : rest.len;
		struct sm_str name = { rest.p, len };

		if (is_chance(l, name, users))
			return 0;
		len += end != NULL;
		rest.p += len;
		rest.len -= len;
	}
	return sm_hash_str(SM_HASH_SEED, path);
}

static struct use use_of(struct sm_learn *l, const struct plays *p,
			 const struct sm_fact *fact)
{
	const struct sm_observations *o = l->observations;
	const struct sm_call *call = fact->view->call;
	const struct sm_sketch *runs = &call->runs;
	struct use use = { .name = name_of(l, fact->request->value,
					   &call->owners),
			   .first = SIZE_MAX,
			   .access = fact->request->access };

	for (uint32_t i = 0; i < runs->count; i++) {
		size_t at =
			p->places[sm_observations_place_run(o, runs->hash[i])] /
			p->length;

		use.first = at < use.first ? at : use.first;
		use.last = at > use.last ? at : use.last;
	}
	return use;
}

static void join(struct use *into, const struct use *from)
{
	into->access |= from->access;
	if (from->first < into->first)
		into->first = from->first;
	if (from->last > into->last)
		into->last = from->last;
}

/* It passes: made, and put away or under its name. */
static bool is_passing(const struct use *use)
{
	const uint32_t both = SM_ACCESS_CREATE | SM_ACCESS_DELETE;

	return (use->access & both) == both;
}

/* All names of files that stay came more than once. */
static bool are_repeated(struct use *uses, size_t count)
{
	size_t names = 0, end;

	qsort(uses, count, sizeof(*uses), by_name);
	for (size_t i = 0; i < count; i = end) {
		for (end = i + 1; end < count && uses[end].name == uses[i].name;
		     end++)
			join(&uses[i], &uses[end]);
		if (!uses[i].name || is_passing(&uses[i]))
			continue;
		if (uses[i].first == uses[i].last)
			return false;
		names++;
	}
	return names >= NAMES_MIN;
}

static bool are_names_repeated(struct sm_learn *l, const struct plays *p)
{
	struct sm_facts files = sm_learn_facts(l, SM_FAMILY_FILES, UINT32_MAX);
	struct use *uses = sm_learn_take(l, (files.count + 1) * sizeof(*uses));
	size_t count = 0;

	for (size_t i = 0; i < files.count; i++)
		if (files.items[i].view->event.site.via == SM_VIA_DIRECT)
			uses[count++] = use_of(l, p, &files.items[i]);
	return are_repeated(uses, count);
}

/* ------------------------------------------------------------------- runs */

/* The call as the first time it was played, whenever it was made. */
static const struct sm_call *as_first(struct sm_learn *l, const struct plays *p,
				      const struct sm_call *call)
{
	const struct sm_observations *o = l->observations;
	struct sm_call *mine = sm_learn_take(l, sizeof(*mine));

	*mine = *call;
	mine->runs.count = 0;
	for (uint32_t i = 0; i < call->runs.count; i++) {
		size_t at = p->places[sm_observations_place_run(
			o, call->runs.hash[i])];

		if (at < p->count)
			sm_sketch_add(&mine->runs,
				      p->items[at % p->length].run->identity);
	}
	return mine;
}

void sm_learn_repeats(struct sm_learn *l)
{
	struct plays p = find_plays(l);

	l->run_count = p.count;
	if (l->options.level == SM_LEVEL_TIGHT || p.length >= p.count ||
	    !are_names_repeated(l, &p))
		return;
	l->run_count = p.length;
	for (size_t i = 0; i < l->view_count; i++)
		l->views[i].call = as_first(l, &p, l->views[i].call);
}
