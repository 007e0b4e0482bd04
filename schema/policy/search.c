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

/* ---------------------------------------------------------- kinds of bytes */

/* Bytes that no set of any state tells apart are of one kind. */
struct kinds {
	uint16_t of[256];
	unsigned count;
};

static void split_kinds(const struct sm_bytes *set, struct kinds *kinds)
{
	uint16_t inside[512];
	unsigned c, used = 0;

	memset(inside, 0xff, sizeof(inside));
	for (c = 0; c < 256; c++) {
		if (!sm_bytes_has(set, c))
			continue;
		if (inside[kinds->of[c]] == 0xffff)
			inside[kinds->of[c]] = (uint16_t)kinds->count++;
		kinds->of[c] = inside[kinds->of[c]];
	}
	/* Kinds that moved as a whole leave holes: at most 256 are in use. */
	if (kinds->count <= 256)
		return;
	memset(inside, 0xff, sizeof(inside));
	for (c = 0; c < 256; c++) {
		if (inside[kinds->of[c]] == 0xffff)
			inside[kinds->of[c]] = (uint16_t)used++;
		kinds->of[c] = inside[kinds->of[c]];
	}
	kinds->count = used;
}

static void split_special(struct kinds *kinds)
{
	static const char special[] = { 0, '.', '/' };
	size_t i;

	for (i = 0; i < sizeof(special); i++) {
		struct sm_bytes one = { { 0 } };
		unsigned c = (unsigned char)special[i];

		one.has[c / 64] = 1ull << (c % 64);
		split_kinds(&one, kinds);
	}
}

static bool equal_bytes(const struct sm_bytes *a, const struct sm_bytes *b)
{
	return !memcmp(a->has, b->has, sizeof(a->has));
}

/* Sets that split already: to do it again changes nothing. */
#define SPLIT_MAX 16
struct split {
	struct sm_bytes one, many[SPLIT_MAX]; /* one: sets of a single byte */
	unsigned next;
};

static bool has_split(struct split *s, const struct sm_bytes *set)
{
	unsigned count = 0, byte = 0;

	for (unsigned i = 0; i < 4; i++) {
		count += (unsigned)__builtin_popcountll(set->has[i]);
		if (set->has[i])
			byte = i * 64 + (unsigned)__builtin_ctzll(set->has[i]);
	}
	if (count == 1) {
		bool had = sm_bytes_has(&s->one, byte);

		s->one.has[byte / 64] |= 1ull << (byte % 64);
		return had;
	}
	for (unsigned i = 0; i < SPLIT_MAX; i++)
		if (equal_bytes(&s->many[i], set))
			return true;
	s->many[s->next++ % SPLIT_MAX] = *set;
	return false;
}

#define PLAIN "abcdefghijklmnopqrstuvwxyz0123456789/-_."

static void choose_bytes(struct walk *w)
{
	const unsigned plain = sizeof(PLAIN) - 1;
	struct kinds kinds = { .count = 1 };
	struct split split = { .next = 0 };
	bool has[512] = { false };
	unsigned c;

	split_special(&kinds);
	for (unsigned i = 0; i < LANGUAGES; i++) {
		const struct sm_language *l = w->languages[i];

		for (uint32_t j = 0; l && j < l->count; j++)
			if (l->states[j].to != NONE &&
			    !has_split(&split, &l->states[j].bytes))
				split_kinds(&l->states[j].bytes, &kinds);
	}
	for (c = 0; c < plain + 256; c++) {
		uint8_t byte = c < plain ? (uint8_t)PLAIN[c]
					 : (uint8_t)(c - plain + '!');

		if (has[kinds.of[byte]])
			continue;
		has[kinds.of[byte]] = true;
		w->bytes[w->byte_count++] = byte;
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

/* Those after byte of the states that are listed; false when a wanted language
 * cannot go on. */
static bool advance(const struct walk *w, uint8_t byte, uint64_t *to)
{
	memset(to, 0, w->words * sizeof(*to));
	for (unsigned i = 0; i < LANGUAGES; i++)
		if (w->languages[i] && !advance_one(w, i, byte, to) &&
		    (i == IN || i == ALSO))
			return false;
	return true;
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

static enum sm_found walk_on(struct walk *w, struct sm_found_text *text)
{
	uint32_t at;
	unsigned i;

	for (at = 0; at < w->count; at++) {
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
		for (i = 0; i < w->byte_count; i++) {
			uint8_t byte = w->bytes[i];
			enum place place = move(w->nodes[at].place, byte);

			if (place != NOWHERE &&
			    advance(w, byte, set_of(w, w->count)) &&
			    !keep(w, at, byte, (uint8_t)place))
				return SM_FOUND_UNKNOWN;
		}
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
	choose_bytes(&w);
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

/* A walk of one language, one set forward and back. */
struct stroll {
	struct walk walk;
	uint64_t *now, *next;
};

static void stroll_fini(struct stroll *s)
{
	free(s->now);
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
	s->now = calloc(2 * (size_t)s->walk.words, sizeof(*s->now));
	if (!s->now || !prepare(&s->walk)) {
		stroll_fini(s);
		return false;
	}
	s->next = s->now + s->walk.words;
	include(&s->walk, s->now, IN, l->starts);
	return true;
}

static bool stroll_on(struct stroll *s, uint8_t byte)
{
	bool goes_on;

	list_members(&s->walk, s->now);
	goes_on = advance(&s->walk, byte, s->next);
	memcpy(s->now, s->next, s->walk.words * sizeof(*s->now));
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
	has = has && is_accepted(&s.walk, s.now, IN);
	stroll_fini(&s);
	return has;
}

/* The one byte all states of the set read, or -1. */
static int only_byte(const struct stroll *s, const struct sm_language *l)
{
	struct sm_bytes any = { { 0 } };
	int count = 0, byte = -1;

	for (uint32_t i = 0; i < l->count; i++) {
		if (!holds(s->now, i) || l->states[i].to == NONE)
			continue;
		for (int j = 0; j < 4; j++)
			any.has[j] |= l->states[i].bytes.has[j];
	}
	for (int j = 0; j < 4; j++) {
		count += __builtin_popcountll(any.has[j]);
		if (any.has[j])
			byte = j * 64 + __builtin_ctzll(any.has[j]);
	}
	return count == 1 ? byte : -1;
}

uint32_t sm_language_head(const struct sm_language *l, char *out, uint32_t room)
{
	struct stroll s;
	uint32_t n = 0;
	int byte;

	if (l->has_failed || !stroll_init(&s, l))
		return 0;
	while (n < room && !is_accepted(&s.walk, s.now, IN) &&
	       (byte = only_byte(&s, l)) > 0) {
		out[n++] = (char)byte;
		stroll_on(&s, (uint8_t)byte);
	}
	stroll_fini(&s);
	return n;
}
