/* SPDX-License-Identifier: Apache-2.0 */
/*
 * search.c: one text that some languages match and others do not, shortest
 * first: sets of states of all of them together, breadth first.
 */
#include <stdlib.h>

#include "schema/policy/language_internal.h"

#define NONE	  SM_STATE_NONE
#define NODES_MAX 20000 /* sets of states looked at */
/* What telling kinds of bytes apart takes, in words of sets for each state. */
#define KINDS_WORK UINT64_C(40)

/* Where a canonical path stands, perhaps behind an n (extent.h). */
enum place { OUTSIDE, ROOT, SLASH, DOT, DOTS, INSIDE, FREE, NOWHERE };

static enum place move(enum place at, unsigned char c)
{
	switch (at) {
	case OUTSIDE:
		return c == '/' ? ROOT : c == 'n' || c == 's' ? OUTSIDE : FREE;
	case ROOT:
		return !c ? FREE : move(SLASH, c);
	case SLASH:
		return c == '/' || !c ? NOWHERE : c == '.' ? DOT : INSIDE;
	case DOT:
		return c == '/' || !c ? NOWHERE : c == '.' ? DOTS : INSIDE;
	case DOTS:
		return c == '/' || !c ? NOWHERE : INSIDE;
	case INSIDE:
		return !c ? FREE : c == '/' ? SLASH : INSIDE;
	case FREE:
		return FREE;
	case NOWHERE:
		break;
	}
	return NOWHERE;
}

static bool is_whole(enum place at)
{
	return at == OUTSIDE || at == ROOT || at == INSIDE || at == FREE;
}

/* A set of states of all languages, and how it was reached. */
struct node {
	uint32_t from;
	uint32_t hash;
	uint8_t byte, place;
};

enum { IN, ALSO, OUT, BROAD, EXCEPT, LANGUAGES };

struct walk {
	const struct sm_language *languages[LANGUAGES];
	uint32_t offsets[LANGUAGES + 1];
	uint32_t words; /* of a set */
	uint64_t *ends; /* set: the states that end a text */
	uint32_t *members, bounds[LANGUAGES + 1]; /* list_members() */
	struct node *nodes;
	uint64_t *sets;
	uint32_t *table; /* node + 1 */
	uint32_t count, room, table_room;
	uint8_t bytes[256]; /* one of each kind, the plainest first */
	unsigned byte_count;
	uint64_t *left; /* as in struct sm_search */
};

static uint64_t *set_of(const struct walk *w, uint32_t node)
{
	return w->sets + (size_t)node * w->words;
}

static bool holds(const uint64_t *set, uint32_t state)
{
	return set[state / 64] >> (state % 64) & 1;
}

static void include(const struct walk *w, uint64_t *set, unsigned language,
		    uint32_t state)
{
	const struct sm_language *l = w->languages[language];

	/* The chain of alternatives hangs on the first move: no recursion. */
	while (state != NONE) {
		uint32_t at = w->offsets[language] + state;

		if (holds(set, at))
			return;
		set[at / 64] |= 1ull << (at % 64);
		if (l->states[state].free_moves[1] != NONE)
			include(w, set, language,
				l->states[state].free_moves[1]);
		state = l->states[state].free_moves[0];
	}
}

/* ----------------------------------------------------------------- walking */

static bool is_accepted(const struct walk *w, const uint64_t *set,
			unsigned language)
{
	uint32_t first = w->offsets[language], last = w->offsets[language + 1];

	for (uint32_t i = first / 64; i * 64 < last; i++) {
		uint64_t hits = set[i] & w->ends[i];

		if (i == first / 64)
			hits &= ~0ull << first % 64;
		if (i == last / 64)
			hits &= (1ull << last % 64) - 1;
		if (hits)
			return true;
	}
	return false;
}

static bool is_goal(const struct walk *w, uint32_t node)
{
	const uint64_t *set = set_of(w, node);

	return is_whole(w->nodes[node].place) && is_accepted(w, set, IN) &&
	       (!w->languages[ALSO] || is_accepted(w, set, ALSO)) &&
	       !is_accepted(w, set, OUT) &&
	       (!is_accepted(w, set, BROAD) || is_accepted(w, set, EXCEPT));
}

/* Lists the states of a set, for as many bytes as may follow. */
static void list_members(struct walk *w, const uint64_t *set)
{
	uint32_t count = 0;
	unsigned language = 0;

	w->bounds[0] = 0;
	for (uint32_t i = 0; i < w->words; i++) {
		uint64_t word = set[i];

		for (; word; word &= word - 1) {
			uint32_t at = i * 64 + (uint32_t)__builtin_ctzll(word);

			while (at >= w->offsets[language + 1])
				w->bounds[++language] = count;
			w->members[count++] = at;
		}
	}
	while (language < LANGUAGES)
		w->bounds[++language] = count;
}

/* All that the listed states of one language read. */
static struct sm_bytes read_by(const struct walk *w, unsigned language)
{
	const struct sm_language *l = w->languages[language];
	struct sm_bytes any = { { 0 } };

	for (uint32_t i = w->bounds[language]; i < w->bounds[language + 1];
	     i++) {
		const struct sm_state *state =
			&l->states[w->members[i] - w->offsets[language]];

		for (int j = 0; state->to != NONE && j < 4; j++)
			any.has[j] |= state->bytes.has[j];
	}
	return any;
}

/* What all wanted languages read: after other bytes they cannot go on. */
static struct sm_bytes readable(const struct walk *w)
{
	struct sm_bytes in = read_by(w, IN), also;

	if (!w->languages[ALSO])
		return in;
	also = read_by(w, ALSO);
	for (int i = 0; i < 4; i++)
		in.has[i] &= also.has[i];
	return in;
}

/* The states of one language after byte; false when there are none. */
static bool advance_one(const struct walk *w, unsigned language, uint8_t byte,
			uint64_t *to)
{
	const struct sm_language *l = w->languages[language];
	bool has_any = false;

	for (uint32_t i = w->bounds[language]; i < w->bounds[language + 1];
	     i++) {
		const struct sm_state *state =
			&l->states[w->members[i] - w->offsets[language]];

		if (state->to == NONE || !sm_bytes_has(&state->bytes, byte))
			continue;
		include(w, to, language, state->to);
		has_any = true;
	}
	return has_any;
}

/* Those after byte, a readable one, of the states that are listed. */
static void advance(const struct walk *w, uint8_t byte, uint64_t *to)
{
	memset(to, 0, w->words * sizeof(*to));
	for (unsigned i = 0; i < LANGUAGES; i++)
		advance_one(w, i, byte, to);
}

static uint32_t hash_set(const struct walk *w, const uint64_t *set,
			 uint8_t place)
{
	uint64_t hash = place;

	for (uint32_t i = 0; i < w->words; i++) {
		hash = (hash ^ set[i]) * 0x9e3779b97f4a7c15u;
		hash ^= hash >> 29;
	}
	return (uint32_t)(hash ^ hash >> 32);
}

/* Room for one more set behind the last node's; doubles. */
static bool make_room(struct walk *w)
{
	uint32_t room = w->room ? 2 * w->room : 256, i, at;
	struct node *nodes;
	uint64_t *sets;

	if (w->count + 1 < w->room)
		return true;
	nodes = realloc(w->nodes, room * sizeof(*nodes));
	if (nodes)
		w->nodes = nodes;
	sets = realloc(w->sets, (size_t)room * w->words * sizeof(*sets));
	if (sets)
		w->sets = sets;
	if (!nodes || !sets)
		return false;
	w->room = room;
	free(w->table);
	w->table_room = 4 * room;
	w->table = calloc(w->table_room, sizeof(*w->table));
	for (i = 0; w->table && i < w->count; i++) {
		at = w->nodes[i].hash & (w->table_room - 1);
		while (w->table[at])
			at = (at + 1) & (w->table_room - 1);
		w->table[at] = i + 1;
	}
	return w->table != NULL;
}

/* Keeps the set behind the last node unless it is known. */
static bool keep(struct walk *w, uint32_t from, uint8_t byte, uint8_t place)
{
	const uint64_t *set = set_of(w, w->count);
	uint32_t hash = hash_set(w, set, place), at;

	for (at = hash & (w->table_room - 1); w->table[at];
	     at = (at + 1) & (w->table_room - 1)) {
		uint32_t other = w->table[at] - 1;

		if (w->nodes[other].hash == hash &&
		    w->nodes[other].place == place &&
		    !memcmp(set_of(w, other), set, w->words * sizeof(*set)))
			return true;
	}
	if (w->count == NODES_MAX)
		return false;
	w->nodes[w->count] = (struct node){ from, hash, byte, place };
	w->table[at] = ++w->count;
	return make_room(w);
}

static bool spell(const struct walk *w, uint32_t node,
		  struct sm_found_text *text)
{
	uint32_t n = 0, i;

	for (i = node; w->nodes[i].from != NONE; i = w->nodes[i].from)
		n++;
	if (n >= sizeof(text->bytes))
		return false;
	text->len = n;
	text->bytes[n] = 0;
	for (i = node; w->nodes[i].from != NONE; i = w->nodes[i].from)
		text->bytes[--n] = (char)w->nodes[i].byte;
	return true;
}

/* Sets one byte behind that of a node, whose states are listed; false: there
 * are too many. */
static bool step(struct walk *w, uint32_t from)
{
	const struct sm_bytes bytes = readable(w);

	for (unsigned i = 0; i < w->byte_count; i++) {
		uint8_t byte = w->bytes[i];
		enum place place = sm_bytes_has(&bytes, byte)
					   ? move(w->nodes[from].place, byte)
					   : NOWHERE;

		if (place == NOWHERE)
			continue;
		advance(w, byte, set_of(w, w->count));
		if (!keep(w, from, byte, (uint8_t)place))
			return false;
	}
	return true;
}

static enum sm_found walk_on(struct walk *w, struct sm_found_text *text)
{
	for (uint32_t at = 0; at < w->count; at++) {
		if (is_goal(w, at))
			return spell(w, at, text) ? SM_FOUND_ONE
						  : SM_FOUND_UNKNOWN;
		list_members(w, set_of(w, at));
		if (!sm_search_spend(w->left,
				     w->offsets[LANGUAGES] / 4 +
					     w->byte_count *
						     ((uint64_t)w->words +
						      w->bounds[LANGUAGES])))
			return SM_FOUND_UNKNOWN;
		if (!step(w, at))
			return SM_FOUND_UNKNOWN;
	}
	return SM_FOUND_NOTHING;
}

/* Room for lists of states, and which of them end a text. */
static bool prepare(struct walk *w)
{
	w->ends = calloc(w->words, sizeof(*w->ends));
	w->members = malloc(((size_t)w->offsets[LANGUAGES] + 1) *
			    sizeof(*w->members));
	if (!w->ends || !w->members)
		return false;
	for (unsigned i = 0; i < LANGUAGES; i++) {
		const struct sm_language *l = w->languages[i];

		for (uint32_t j = 0; l && j < l->count; j++) {
			uint32_t at = w->offsets[i] + j;

			if (l->states[j].is_end)
				w->ends[at / 64] |= 1ull << (at % 64);
		}
	}
	return true;
}

/* The empty text: the set that everything starts from. */
static bool start(struct walk *w)
{
	if (!prepare(w) || !make_room(w))
		return false;
	memset(w->sets, 0, w->words * sizeof(*w->sets));
	for (unsigned i = 0; i < LANGUAGES; i++)
		if (w->languages[i])
			include(w, w->sets, i, w->languages[i]->starts);
	return keep(w, NONE, 0, OUTSIDE);
}

enum sm_found sm_language_search(const struct sm_search *search,
				 struct sm_found_text *text)
{
	struct walk w = { .languages = { search->in, search->also, search->out,
					 search->broad, search->except },
			  .left = search->left };
	enum sm_found found = SM_FOUND_UNKNOWN;

	text->len = 0;
	text->bytes[0] = 0;
	for (unsigned i = 0; i < LANGUAGES; i++) {
		const struct sm_language *l = w.languages[i];

		if (l && l->has_failed)
			return SM_FOUND_UNKNOWN;
		w.offsets[i + 1] = w.offsets[i] + (l ? l->count : 0);
	}
	if (w.offsets[LANGUAGES] > SM_STATES_MAX)
		return SM_FOUND_UNKNOWN;
	w.words = w.offsets[LANGUAGES] / 64 + 1;
	if (!sm_search_spend(w.left, KINDS_WORK * w.offsets[LANGUAGES]))
		return SM_FOUND_UNKNOWN;
	w.byte_count = sm_language_kinds(w.languages, LANGUAGES, w.bytes);
	if (start(&w))
		found = walk_on(&w, text);
	free(w.nodes);
	free(w.sets);
	free(w.table);
	free(w.ends);
	free(w.members);
	return found;
}

/* ------------------------------------------------------------ one language */

/* A walk of one language, one set forward. */
struct stroll {
	struct walk walk; /* the set's states are listed */
	uint64_t *set;
};

static void stroll_fini(struct stroll *s)
{
	free(s->set);
	free(s->walk.ends);
	free(s->walk.members);
}

static bool stroll_init(struct stroll *s, const struct sm_language *l)
{
	memset(s, 0, sizeof(*s));
	s->walk.languages[IN] = l;
	for (unsigned i = IN; i < LANGUAGES; i++)
		s->walk.offsets[i + 1] = l->count;
	s->walk.words = l->count / 64 + 1;
	s->set = calloc(s->walk.words, sizeof(*s->set));
	if (!s->set || !prepare(&s->walk)) {
		stroll_fini(s);
		return false;
	}
	include(&s->walk, s->set, IN, l->starts);
	list_members(&s->walk, s->set);
	return true;
}

/* False: no text goes on like that. */
static bool stroll_on(struct stroll *s, uint8_t byte)
{
	bool goes_on;

	memset(s->set, 0, s->walk.words * sizeof(*s->set));
	goes_on = advance_one(&s->walk, IN, byte, s->set);
	list_members(&s->walk, s->set);
	return goes_on;
}

uint32_t sm_language_size(const struct sm_language *l)
{
	return l->count;
}

bool sm_language_has(const struct sm_language *l, const char *text,
		     uint32_t len)
{
	struct stroll s;
	bool has;

	if (l->has_failed || !stroll_init(&s, l))
		return false;
	has = true;
	for (uint32_t i = 0; i < len && has; i++)
		has = stroll_on(&s, (uint8_t)text[i]);
	has = has && is_accepted(&s.walk, s.set, IN);
	stroll_fini(&s);
	return has;
}

uint32_t sm_language_head(const struct sm_language *l, char *out, uint32_t room)
{
	struct sm_bytes bytes;
	struct stroll s;
	uint32_t n = 0;
	int byte;

	if (l->has_failed || !stroll_init(&s, l))
		return 0;
	while (n < room && !is_accepted(&s.walk, s.set, IN)) {
		bytes = read_by(&s.walk, IN);
		byte = sm_bytes_sole(&bytes);
		if (byte <= 0)
			break;
		out[n++] = (char)byte;
		stroll_on(&s, (uint8_t)byte);
	}
	stroll_fini(&s);
	return n;
}
