/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/policy/language.h"

#include <stdlib.h>

#include "schema/policy/pattern.h"

#define NONE	   UINT32_MAX
#define STATES_MAX 16384 /* of all languages of a search */
#define NODES_MAX  20000 /* sets of states looked at */

struct bytes {
	uint64_t has[4];
};

/* Reads one byte of `bytes` and goes to `to`, or goes on for nothing. */
struct state {
	struct bytes bytes;
	uint32_t to;
	uint32_t free_moves[2];
	bool is_end;
};

struct sm_language {
	struct state *states;
	uint32_t count, room;
	bool has_failed;
	uint32_t starts; /* chain of free moves to every pattern's start */
};

/* --------------------------------------------------------------- building */

static uint32_t add_state(struct sm_language *l)
{
	uint32_t room = l->room ? 2 * l->room : 64;
	struct state *states;

	if (l->count == l->room) {
		states = l->count < STATES_MAX
				 ? realloc(l->states, room * sizeof(*states))
				 : NULL;
		if (!states) {
			l->has_failed = true;
			return 0;
		}
		l->states = states;
		l->room = room;
	}
	l->states[l->count] =
		(struct state){ .to = NONE, .free_moves = { NONE, NONE } };
	return l->count++;
}

/* States have room for two free moves: more go through a new one. */
static void add_free(struct sm_language *l, uint32_t from, uint32_t to)
{
	uint32_t *moves = l->states[from].free_moves, next;

	if (moves[0] == NONE) {
		moves[0] = to;
	} else if (moves[1] == NONE) {
		moves[1] = to;
	} else {
		next = add_state(l);
		if (l->has_failed)
			return;
		l->states[next].free_moves[0] = l->states[from].free_moves[1];
		l->states[next].free_moves[1] = to;
		l->states[from].free_moves[1] = next;
	}
}

struct sm_language *sm_language_new(void)
{
	struct sm_language *l = calloc(1, sizeof(*l));

	if (l)
		l->starts = add_state(l);
	if (l && l->has_failed) {
		sm_language_free(l);
		return NULL;
	}
	return l;
}

void sm_language_free(struct sm_language *l)
{
	if (!l)
		return;
	free(l->states);
	free(l);
}

static void put(struct bytes *b, unsigned from, unsigned to)
{
	for (unsigned c = from; c <= to; c++)
		b->has[c / 64] |= 1ull << (c % 64);
}

static void drop(struct bytes *b, unsigned char c)
{
	b->has[c / 64] &= ~(1ull << (c % 64));
}

static struct bytes range(unsigned from, unsigned to)
{
	struct bytes b = { { 0 } };

	put(&b, from, to);
	return b;
}

/* What is being built: `at` is where the pattern so far ends. */
struct build {
	struct sm_language *l;
	uint32_t at;
	struct bytes any; /* without / in a component */
};

static void read_one(struct build *b, struct bytes bytes)
{
	uint32_t from = add_state(b->l), to = add_state(b->l);

	if (b->l->has_failed)
		return;
	add_free(b->l, b->at, from);
	b->l->states[from].bytes = bytes;
	b->l->states[from].to = to;
	b->at = to;
}

static void read_many(struct build *b, struct bytes bytes)
{
	uint32_t loop = add_state(b->l), to = add_state(b->l);

	if (b->l->has_failed)
		return;
	add_free(b->l, b->at, loop);
	b->l->states[loop].bytes = bytes;
	b->l->states[loop].to = loop;
	add_free(b->l, loop, to);
	b->at = to;
}

static void read_text(struct build *b, struct sm_str text)
{
	for (uint32_t i = 0; i < text.len; i++)
		read_one(b, range((uint8_t)text.p[i], (uint8_t)text.p[i]));
}

static void read_times(struct build *b, struct bytes bytes, unsigned times)
{
	while (times--)
		read_one(b, bytes);
}

static struct bytes digits(void)
{
	return range('0', '9');
}

static struct bytes hex(bool has_upper)
{
	struct bytes b = digits();

	put(&b, 'a', 'f');
	if (has_upper)
		put(&b, 'A', 'F');
	return b;
}

/* Two digits: first from low to high, second from a to z. */
struct two {
	char low, high, a, z;
};

static void read_twos(struct build *b, const struct two *twos, size_t count)
{
	uint32_t start = b->at, end = add_state(b->l);

	for (size_t i = 0; i < count && !b->l->has_failed; i++) {
		b->at = start;
		read_one(b, range((uint8_t)twos[i].low, (uint8_t)twos[i].high));
		read_one(b, range((uint8_t)twos[i].a, (uint8_t)twos[i].z));
		add_free(b->l, b->at, end);
	}
	b->at = end;
}

static void read_date(struct build *b)
{
	static const struct two months[] = { { '0', '0', '1', '9' },
					     { '1', '1', '0', '2' } };
	static const struct two days[] = { { '0', '0', '1', '9' },
					   { '1', '2', '0', '9' },
					   { '3', '3', '0', '1' } };
	uint32_t start = b->at, end = add_state(b->l);

	for (int has_dashes = 0; has_dashes < 2; has_dashes++) {
		b->at = start;
		read_times(b, digits(), 4);
		if (has_dashes)
			read_text(b, SM_STR("-"));
		read_twos(b, months, 2);
		if (has_dashes)
			read_text(b, SM_STR("-"));
		read_twos(b, days, 3);
		if (b->l->has_failed)
			return;
		add_free(b->l, b->at, end);
	}
	b->at = end;
}

static void read_uuid(struct build *b)
{
	static const unsigned groups[] = { 8, 4, 4, 4, 12 };

	for (unsigned i = 0; i < 5; i++) {
		if (i)
			read_text(b, SM_STR("-"));
		read_times(b, hex(true), groups[i]);
	}
}

static void read_but(struct build *b, struct bytes bytes, char not_first)
{
	struct bytes first = bytes;

	drop(&first, (uint8_t)not_first);
	read_one(b, first);
	read_many(b, bytes);
}

static void read_option(struct build *b, struct sm_str text)
{
	uint32_t start = b->at, end = add_state(b->l), i;

	for (i = 0; i <= text.len && !b->l->has_failed; i++) {
		if (i == text.len || text.p[i] == '|') {
			add_free(b->l, b->at, end);
			b->at = start;
			continue;
		}
		if (text.p[i] == '\\' && i + 1 < text.len)
			i++;
		read_text(b, (struct sm_str){ text.p + i, 1 });
	}
	b->at = end;
}

static bool read_token(struct build *b, enum sm_token token)
{
	struct bytes set = digits();

	switch (token) {
	case SM_TOKEN_INT:
		read_one(b, set);
		read_many(b, set);
		return true;
	case SM_TOKEN_HEX:
		read_times(b, hex(false), 8);
		read_many(b, hex(false));
		return true;
	case SM_TOKEN_UUID:
		read_uuid(b);
		return true;
	case SM_TOKEN_DATE:
		read_date(b);
		return true;
	case SM_TOKEN_TMP:
		put(&set, 'a', 'z');
		put(&set, '_', '_');
		read_times(b, set, 8);
		return true;
	case SM_TOKEN_NAME:
		set = b->any;
		drop(&set, '/');
		read_but(b, set, '.');
		return true;
	case SM_TOKEN_WORD:
		read_but(b, b->any, '-');
		return true;
	case SM_TOKEN_HOST:
		put(&set, 'a', 'z');
		put(&set, 'A', 'Z');
		put(&set, '-', '.');
		put(&set, '_', '_');
		put(&set, ':', ':');
		read_but(b, set, '-');
		return true;
	case SM_TOKEN_TEXT:
		read_one(b, b->any);
		read_many(b, b->any);
		return true;
	default:
		return false;
	}
}

/* All states that `from` reaches for nothing; a stack and marks. */
static uint32_t close_over(const struct sm_language *l, uint32_t from,
			   uint32_t *list, uint8_t *marks)
{
	uint32_t count = 0, done = 0;

	marks[from] = 1;
	list[count++] = from;
	while (done < count) {
		const struct state *s = &l->states[list[done++]];

		for (int i = 0; i < 2; i++) {
			uint32_t to = s->free_moves[i];

			if (to == NONE || marks[to])
				continue;
			marks[to] = 1;
			list[count++] = to;
		}
	}
	return count;
}

/*
 * A new start that reads no `not_first` first; from there on as from `start`.
 * Nothing at all is read only if may_be_empty.
 */
static uint32_t guard(struct build *b, uint32_t start, char not_first,
		      bool may_be_empty)
{
	struct sm_language *l = b->l;
	uint32_t guarded = add_state(l), n, i, copy;
	uint32_t *list = malloc((size_t)l->count * sizeof(*list));
	uint8_t *marks = calloc(l->count, 1);

	if (!list || !marks)
		l->has_failed = true;
	n = l->has_failed ? 0 : close_over(l, start, list, marks);
	for (i = 0; i < n && !l->has_failed; i++) {
		if (list[i] == b->at && may_be_empty)
			add_free(l, guarded, b->at);
		if (l->states[list[i]].to == NONE)
			continue;
		copy = add_state(l);
		if (l->has_failed)
			break;
		l->states[copy].bytes = l->states[list[i]].bytes;
		l->states[copy].to = l->states[list[i]].to;
		drop(&l->states[copy].bytes, (uint8_t)not_first);
		add_free(l, guarded, copy);
	}
	free(list);
	free(marks);
	return guarded;
}

static enum sm_status read_items(struct build *b, struct sm_scan scan,
				 bool is_component)
{
	uint32_t before = b->at, start = add_state(b->l);
	bool is_first = true, is_open = false, is_known = true;
	struct sm_item item;
	enum sm_status status;
	char not_first = is_component ? '.' : '-';

	b->at = start;
	while (!(status = sm_pattern_next(&scan, &item, NULL)) && is_known) {
		if (is_first)
			is_open =
				item.kind == SM_ITEM_STAR ||
				(item.kind == SM_ITEM_TOKEN &&
				 (is_component || item.token != SM_TOKEN_TEXT));
		is_first = false;
		if (item.kind == SM_ITEM_LITERAL)
			read_text(b, item.text);
		else if (item.kind == SM_ITEM_STAR)
			read_many(b, b->any);
		else if (item.kind == SM_ITEM_OPTION)
			read_option(b, item.text);
		else
			is_known = item.kind == SM_ITEM_TOKEN &&
				   read_token(b, item.token);
	}
	if (status != SM_END || !is_known)
		return SM_UNSUPPORTED;
	if (is_open && !b->l->has_failed)
		start = guard(b, start, not_first, !is_component);
	if (!b->l->has_failed)
		add_free(b->l, before, start);
	return b->l->has_failed ? SM_LIMIT : SM_OK;
}

/* "/x/y" any number of times, at least once if it is the end. */
static void read_deep(struct build *b, bool is_last)
{
	uint32_t start = add_state(b->l), end;

	if (b->l->has_failed)
		return;
	add_free(b->l, b->at, start);
	b->at = start;
	read_text(b, SM_STR("/"));
	read_one(b, b->any);
	read_many(b, b->any);
	end = add_state(b->l);
	if (b->l->has_failed)
		return;
	add_free(b->l, b->at, start);
	add_free(b->l, b->at, end);
	if (!is_last)
		add_free(b->l, start, end);
	b->at = end;
}

static enum sm_status read_path(struct build *b, struct sm_str pattern)
{
	struct sm_scan scan = { .has_variables = true };
	enum sm_status status = SM_OK;
	uint32_t at = pattern.len && pattern.p[0] == '/', end;

	for (; !status && at < pattern.len; at = end + 1) {
		struct sm_str c;

		for (end = at; end < pattern.len && pattern.p[end] != '/';)
			end++;
		c = (struct sm_str){ pattern.p + at, end - at };
		if (sm_str_equal(c, SM_STR("**"))) {
			read_deep(b, end == pattern.len);
			continue;
		}
		read_text(b, SM_STR("/"));
		scan.pattern = c;
		status = read_items(b, scan, true);
	}
	return status;
}

enum sm_status sm_language_add(struct sm_language *l, enum sm_spelling spelling,
			       struct sm_str directory, struct sm_str pattern)
{
	struct build b = { .l = l, .any = range(1, 255) };
	struct sm_scan scan = { pattern, 0, true, spelling == SM_SPELLED_CODE };
	uint32_t start = add_state(l);
	enum sm_status status;

	if (l->has_failed)
		return SM_LIMIT;
	b.at = start;
	if (sm_str_equal(directory, SM_STR("/")))
		directory.len = 0;
	read_text(&b, directory);
	if (spelling == SM_SPELLED_PATH) {
		drop(&b.any, '/');
		if (!directory.len && pattern.len < 2)
			read_text(&b, SM_STR("/"));
		status = read_path(&b, pattern);
	} else {
		status = read_items(&b, scan, false);
	}
	if (l->has_failed)
		return SM_LIMIT;
	if (status)
		return status;
	l->states[b.at].is_end = true;
	add_free(l, l->starts, start);
	return l->has_failed ? SM_LIMIT : SM_OK;
}

/* ------------------------------------------------------------- searching */

/* Where a canonical path stands. */
enum place { OUTSIDE, ROOT, SLASH, DOT, DOTS, INSIDE, NOWHERE };

static enum place move(enum place at, unsigned char c)
{
	switch (at) {
	case OUTSIDE:
		return c == '/' ? ROOT : NOWHERE;
	case ROOT:
	case SLASH:
		return c == '/' ? NOWHERE : c == '.' ? DOT : INSIDE;
	case DOT:
		return c == '/' ? NOWHERE : c == '.' ? DOTS : INSIDE;
	case DOTS:
		return c == '/' ? NOWHERE : INSIDE;
	case INSIDE:
		return c == '/' ? SLASH : INSIDE;
	case NOWHERE:
		break;
	}
	return NOWHERE;
}

/* A set of states of all languages, and how it was reached. */
struct node {
	uint32_t from;
	uint8_t byte, place;
};

#define LANGUAGES 3

struct search {
	const struct sm_language *languages[LANGUAGES];
	uint32_t offsets[LANGUAGES + 1];
	uint32_t words; /* of a set */
	bool is_path;
	struct node *nodes;
	uint64_t *sets;
	uint32_t *table; /* node + 1 */
	uint32_t count, table_room;
	uint8_t bytes[256]; /* one of each kind, the plainest first */
	unsigned byte_count;
};

static uint64_t *set_of(const struct search *s, uint32_t node)
{
	return s->sets + (size_t)node * s->words;
}

static bool holds(const uint64_t *set, uint32_t state)
{
	return set[state / 64] >> (state % 64) & 1;
}

static void include(const struct search *s, uint64_t *set, unsigned language,
		    uint32_t state)
{
	const struct sm_language *l = s->languages[language];
	uint32_t at = s->offsets[language] + state;

	if (state == NONE || holds(set, at))
		return;
	set[at / 64] |= 1ull << (at % 64);
	include(s, set, language, l->states[state].free_moves[0]);
	include(s, set, language, l->states[state].free_moves[1]);
}

/* Bytes that no set of any state tells apart are of one kind. */
static void split_kinds(const struct bytes *set, uint16_t kinds[256],
			unsigned *count)
{
	uint16_t inside[512];
	unsigned c, used = 0;

	memset(inside, 0xff, sizeof(inside));
	for (c = 1; c < 256; c++) {
		if (!(set->has[c / 64] >> (c % 64) & 1))
			continue;
		if (inside[kinds[c]] == 0xffff)
			inside[kinds[c]] = (uint16_t)(*count)++;
		kinds[c] = inside[kinds[c]];
	}
	/* Kinds that moved as a whole leave holes: at most 255 are in use. */
	if (*count <= 256)
		return;
	memset(inside, 0xff, sizeof(inside));
	for (c = 1; c < 256; c++) {
		if (inside[kinds[c]] == 0xffff)
			inside[kinds[c]] = (uint16_t)used++;
		kinds[c] = inside[kinds[c]];
	}
	*count = used;
}

static void choose_bytes(struct search *s)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz0123456789/-_.";
	uint16_t kinds[256] = { 0 };
	bool has[512] = { false };
	const struct bytes slash = range('/', '/'), dot = range('.', '.');
	unsigned count = 1, c;

	split_kinds(&slash, kinds, &count);
	split_kinds(&dot, kinds, &count);
	for (unsigned i = 0; i < LANGUAGES; i++) {
		const struct sm_language *l = s->languages[i];

		for (uint32_t j = 0; l && j < l->count; j++)
			if (l->states[j].to != NONE)
				split_kinds(&l->states[j].bytes, kinds, &count);
	}
	for (c = 0; c < 40 + 255; c++) {
		uint8_t byte = c < 40 ? (uint8_t)plain[c] : (uint8_t)(c - 39);

		if (has[kinds[byte]])
			continue;
		has[kinds[byte]] = true;
		s->bytes[s->byte_count++] = byte;
	}
}

static bool is_accepted(const struct search *s, const uint64_t *set,
			unsigned language)
{
	const struct sm_language *l = s->languages[language];

	for (uint32_t i = 0; i < l->count; i++)
		if (l->states[i].is_end && holds(set, s->offsets[language] + i))
			return true;
	return false;
}

static bool is_goal(const struct search *s, uint32_t node)
{
	const uint64_t *set = set_of(s, node);

	if (s->is_path && s->nodes[node].place != ROOT &&
	    s->nodes[node].place != INSIDE)
		return false;
	return is_accepted(s, set, 0) &&
	       (!s->languages[1] || is_accepted(s, set, 1)) &&
	       !(s->languages[2] && is_accepted(s, set, 2));
}

/* The states after byte; false when a wanted language cannot go on. */
static bool advance(const struct search *s, const uint64_t *from, uint8_t byte,
		    uint64_t *to)
{
	memset(to, 0, s->words * sizeof(*to));
	for (unsigned i = 0; i < LANGUAGES; i++) {
		const struct sm_language *l = s->languages[i];
		bool has_any = false;

		for (uint32_t j = 0; l && j < l->count; j++) {
			const struct state *state = &l->states[j];

			if (state->to == NONE ||
			    !holds(from, s->offsets[i] + j) ||
			    !(state->bytes.has[byte / 64] >> (byte % 64) & 1))
				continue;
			include(s, to, i, state->to);
			has_any = true;
		}
		if (l && i < 2 && !has_any)
			return false;
	}
	return true;
}

/* Keeps the set behind the last node unless it is known. */
static bool keep(struct search *s, uint32_t from, uint8_t byte, uint8_t place)
{
	const uint64_t *set = set_of(s, s->count);
	uint64_t hash = place;
	uint32_t at, i;

	for (i = 0; i < s->words; i++)
		hash = (hash ^ set[i]) * 0x9e3779b97f4a7c15u,
		hash ^= hash >> 29;
	for (at = (uint32_t)hash & (s->table_room - 1); s->table[at];
	     at = (at + 1) & (s->table_room - 1)) {
		uint32_t other = s->table[at] - 1;

		if (s->nodes[other].place == place &&
		    !memcmp(set_of(s, other), set, s->words * sizeof(*set)))
			return true;
	}
	if (s->count + 1 == NODES_MAX)
		return false;
	s->nodes[s->count] = (struct node){ from, byte, place };
	s->table[at] = ++s->count;
	return true;
}

static void spell(const struct search *s, uint32_t node,
		  char text[SM_FOUND_MAX])
{
	char back[SM_FOUND_MAX];
	uint32_t n = 0, i;

	for (; s->nodes[node].from != NONE; node = s->nodes[node].from)
		if (n < SM_FOUND_MAX - 1)
			back[n++] = (char)s->nodes[node].byte;
	for (i = 0; i < n; i++)
		text[i] = back[n - 1 - i];
	text[n] = 0;
}

static enum sm_found walk(struct search *s, char text[SM_FOUND_MAX])
{
	uint32_t at;
	unsigned i;

	for (at = 0; at < s->count; at++) {
		if (is_goal(s, at)) {
			spell(s, at, text);
			return SM_FOUND_ONE;
		}
		for (i = 0; i < s->byte_count; i++) {
			uint8_t byte = s->bytes[i], place = 0;

			if (s->is_path) {
				place = move(s->nodes[at].place, byte);
				if (place == NOWHERE)
					continue;
			}
			if (advance(s, set_of(s, at), byte,
				    set_of(s, s->count)) &&
			    !keep(s, at, byte, place))
				return SM_FOUND_UNKNOWN;
		}
	}
	return SM_FOUND_NOTHING;
}

enum sm_found sm_language_search(const struct sm_language *in,
				 const struct sm_language *also,
				 const struct sm_language *out, bool is_path,
				 char text[SM_FOUND_MAX])
{
	struct search s = { .languages = { in, also, out },
			    .is_path = is_path,
			    .table_room = 65536 };
	enum sm_found found = SM_FOUND_UNKNOWN;
	unsigned i;

	text[0] = 0;
	for (i = 0; i < LANGUAGES; i++) {
		const struct sm_language *l = s.languages[i];

		if (l && l->has_failed)
			return SM_FOUND_UNKNOWN;
		s.offsets[i + 1] = s.offsets[i] + (l ? l->count : 0);
	}
	if (s.offsets[LANGUAGES] > STATES_MAX)
		return SM_FOUND_UNKNOWN;
	s.words = s.offsets[LANGUAGES] / 64 + 1;
	choose_bytes(&s);
	s.nodes = calloc(NODES_MAX, sizeof(*s.nodes));
	s.sets = calloc((size_t)NODES_MAX * s.words, sizeof(*s.sets));
	s.table = calloc(s.table_room, sizeof(*s.table));
	if (s.nodes && s.sets && s.table) {
		for (i = 0; i < LANGUAGES; i++)
			if (s.languages[i])
				include(&s, s.sets, i, s.languages[i]->starts);
		if (keep(&s, NONE, 0, OUTSIDE))
			found = walk(&s, text);
	}
	free(s.nodes);
	free(s.sets);
	free(s.table);
	return found;
}
