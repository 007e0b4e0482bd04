/* SPDX-License-Identifier: Apache-2.0 */
/*
 * language.c: patterns as automata.
 */
#include "schema/policy/language_internal.h"

#include <stdlib.h>

#include "schema/policy/build.h"

/* --------------------------------------------------------------- building */

static uint32_t add_state(struct sm_language *l)
{
	uint32_t room = l->room ? 2 * l->room : 64;
	struct sm_state *states;

	if (l->count == l->room) {
		states = l->count < SM_STATES_MAX
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
		(struct sm_state){ .to = SM_STATE_NONE,
				   .free_moves = { SM_STATE_NONE,
						   SM_STATE_NONE } };
	return l->count++;
}

/* States have room for two free moves: more go through a new one. */
static void add_free(struct sm_language *l, uint32_t from, uint32_t to)
{
	uint32_t *moves = l->states[from].free_moves, next;

	if (moves[0] == SM_STATE_NONE) {
		moves[0] = to;
	} else if (moves[1] == SM_STATE_NONE) {
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

static void put(struct sm_bytes *b, unsigned from, unsigned to)
{
	for (unsigned c = from; c <= to; c++)
		b->has[c / 64] |= 1ull << (c % 64);
}

static void drop(struct sm_bytes *b, unsigned char c)
{
	b->has[c / 64] &= ~(1ull << (c % 64));
}

static struct sm_bytes range(unsigned from, unsigned to)
{
	struct sm_bytes b = { { 0 } };

	put(&b, from, to);
	return b;
}

/* What is being built: `at` is where the pattern so far ends. */
struct build {
	struct sm_language *l;
	uint32_t at;
	struct sm_bytes any; /* without / in a component */
	struct sm_build *values;
};

static void read_one(struct build *b, struct sm_bytes bytes)
{
	uint32_t from = add_state(b->l), to = add_state(b->l);

	if (b->l->has_failed)
		return;
	add_free(b->l, b->at, from);
	b->l->states[from].bytes = bytes;
	b->l->states[from].to = to;
	b->at = to;
}

static void read_many(struct build *b, struct sm_bytes bytes)
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

static void read_times(struct build *b, struct sm_bytes bytes, unsigned times)
{
	while (times--)
		read_one(b, bytes);
}

static struct sm_bytes digits(void)
{
	return range('0', '9');
}

static struct sm_bytes hex(bool has_upper)
{
	struct sm_bytes b = digits();

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

/* 1024 to 65535 without leading zero; each text is a row of byte ranges. */
static void read_port(struct build *b)
{
	static const char *const rows[] = {
		"11002249",   "11003909",   "11190909",
		"29090909",   "1509090909", "6604090909",
		"6655040909", "6655550209", "6655553305",
	};
	uint32_t start = b->at, end = add_state(b->l);

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		b->at = start;
		for (const char *p = rows[i]; *p; p += 2)
			read_one(b, range((uint8_t)p[0], (uint8_t)p[1]));
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

static void read_but(struct build *b, struct sm_bytes bytes, char not_first)
{
	struct sm_bytes first = bytes;

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
	struct sm_bytes set = digits();

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
	case SM_TOKEN_CLASS:
		put(&set, 'a', 'z');
		put(&set, 'A', 'Z');
		put(&set, '.', '.');
		put(&set, '_', '_');
		put(&set, 0x80, 0xff);
		read_one(b, set);
		read_many(b, set);
		return true;
	case SM_TOKEN_TEXT:
		read_one(b, b->any);
		read_many(b, b->any);
		return true;
	case SM_TOKEN_PORT:
		read_port(b);
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
		const struct sm_state *s = &l->states[list[done++]];

		for (int i = 0; i < 2; i++) {
			uint32_t to = s->free_moves[i];

			if (to == SM_STATE_NONE || marks[to])
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
		if (l->states[list[i]].to == SM_STATE_NONE)
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

static enum sm_status read_path(struct build *b, struct sm_str pattern);

/* Any one of the variable's values. */
static enum sm_status read_variable(struct build *b, struct sm_str name)
{
	struct sm_str values[SM_VALUES_OF_VARIABLE_MAX];
	uint32_t start = b->at, end;
	enum sm_status status;
	size_t count, i;

	if (!b->values)
		return SM_UNSUPPORTED;
	status = sm_build_values(b->values, name, 0, values,
				 SM_VALUES_OF_VARIABLE_MAX, &count);
	if (status)
		return status;
	end = add_state(b->l);
	for (i = 0; i < count && !b->l->has_failed; i++) {
		b->at = start;
		read_text(b, values[i]);
		add_free(b->l, b->at, end);
	}
	b->at = end;
	return SM_OK;
}

/* A start that goes on behind the first slash only. */
static uint32_t skip_slash(struct sm_language *l, uint32_t start)
{
	uint32_t *list = malloc((size_t)l->count * sizeof(*list));
	uint8_t *marks = calloc(l->count, 1);
	uint32_t skipped = add_state(l), n = 0, i;

	if (!list || !marks)
		l->has_failed = true;
	else
		n = close_over(l, start, list, marks);
	for (i = 0; i < n && !l->has_failed; i++)
		if (l->states[list[i]].to != SM_STATE_NONE &&
		    sm_bytes_has(&l->states[list[i]].bytes, '/'))
			add_free(l, skipped, l->states[list[i]].to);
	free(list);
	free(marks);
	return skipped;
}

/*
 * <path:PATTERN>: the canonical spelling, and any other of the same path, for
 * which SM_RESPELLED in front of the canonical one stands.
 */
static enum sm_status read_path_slot(struct build *b, struct sm_str pattern)
{
	struct build inner = { .l = b->l, .any = b->any, .values = b->values };
	uint32_t before = b->at, start = add_state(b->l), n;
	bool is_relative;
	enum sm_status status = SM_OK;

	if (b->l->has_failed)
		return SM_LIMIT;
	n = sm_pattern_variable(pattern);
	is_relative = pattern.len && pattern.p[0] != '/' && !n;
	drop(&inner.any, '/');
	inner.at = start;
	if (n)
		status = read_variable(&inner,
				       (struct sm_str){ pattern.p + 2, n - 3 });
	pattern = (struct sm_str){ pattern.p + n, pattern.len - n };
	if (!status)
		status = read_path(&inner, pattern);
	if (status || b->l->has_failed)
		return status ? status : SM_LIMIT;
	if (is_relative)
		start = skip_slash(b->l, start);
	add_free(b->l, before, start);
	b->at = before;
	read_text(b, SM_STR(SM_RESPELLED));
	if (!b->l->has_failed)
		add_free(b->l, b->at, start);
	b->at = inner.at;
	return b->l->has_failed ? SM_LIMIT : SM_OK;
}

static enum sm_status read_item(struct build *b, const struct sm_item *item)
{
	switch (item->kind) {
	case SM_ITEM_LITERAL:
		read_text(b, item->text);
		return SM_OK;
	case SM_ITEM_STAR:
		read_many(b, b->any);
		return SM_OK;
	case SM_ITEM_OPTION:
		read_option(b, item->text);
		return SM_OK;
	case SM_ITEM_TOKEN:
		return read_token(b, item->token) ? SM_OK : SM_UNSUPPORTED;
	case SM_ITEM_VARIABLE:
		return read_variable(b, item->text);
	case SM_ITEM_PATH:
		return read_path_slot(b, item->text);
	}
	return SM_UNSUPPORTED;
}

/* Wildcards open neither hidden names nor, in words, options. */
static bool is_open_start(const struct sm_item *item, bool is_component)
{
	switch (item->kind) {
	case SM_ITEM_STAR:
	case SM_ITEM_PATH:
		return true;
	case SM_ITEM_TOKEN:
		return is_component || item->token != SM_TOKEN_TEXT;
	default:
		return false;
	}
}

static enum sm_status read_items(struct build *b, struct sm_scan scan,
				 bool is_component)
{
	uint32_t before = b->at, start = add_state(b->l);
	bool is_first = true, is_open = false;
	enum sm_status status = SM_OK, end;
	struct sm_item item;
	char not_first = is_component ? '.' : '-';

	b->at = start;
	while (!status && !(end = sm_pattern_next(&scan, &item, NULL))) {
		if (is_first)
			is_open = is_open_start(&item, is_component);
		is_first = false;
		status = read_item(b, &item);
	}
	if (!status && end != SM_END)
		status = SM_UNSUPPORTED;
	if (status)
		return status;
	if (is_open && !b->l->has_failed)
		start = guard(b, start, not_first, !is_component);
	if (!b->l->has_failed)
		add_free(b->l, before, start);
	return b->l->has_failed ? SM_LIMIT : SM_OK;
}

/* "/x/y" any number of times, at least once if it is the end. */
static void read_deep(struct build *b, enum sm_depth depth, bool is_last)
{
	struct sm_bytes first = b->any;
	uint32_t start = add_state(b->l), end;

	if (b->l->has_failed)
		return;
	add_free(b->l, b->at, start);
	b->at = start;
	if (depth == SM_DEPTH_TREE)
		drop(&first, '.');
	read_text(b, SM_STR("/"));
	read_one(b, first);
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
		if (sm_pattern_depth(c)) {
			read_deep(b, sm_pattern_depth(c), end == pattern.len);
			continue;
		}
		read_text(b, SM_STR("/"));
		scan.pattern = c;
		status = read_items(b, scan, true);
	}
	return status;
}

/* ------------------------------------------------------------ alternatives */

static struct build resume(struct sm_language *l)
{
	return (struct build){ .l = l, .at = l->at, .any = range(1, 255) };
}

static void note(struct sm_language *l, const struct build *b,
		 enum sm_status status)
{
	l->at = b->at;
	if (status == SM_LIMIT || status == SM_NOMEM)
		l->has_failed = true;
	else if (status)
		l->is_unsupported = true;
}

void sm_language_begin(struct sm_language *l)
{
	l->start = l->at = add_state(l);
	l->is_unsupported = false;
}

void sm_language_text(struct sm_language *l, struct sm_str text)
{
	struct build b = resume(l);

	read_text(&b, text);
	l->at = b.at;
}

void sm_language_byte(struct sm_language *l, unsigned low, unsigned high)
{
	struct build b = resume(l);

	read_one(&b, range(low, high));
	l->at = b.at;
}

void sm_language_path(struct sm_language *l, struct sm_str directory,
		      struct sm_str pattern)
{
	struct build b = resume(l);
	bool is_root = sm_str_equal(directory, SM_STR("/"));

	drop(&b.any, '/');
	if (is_root)
		directory.len = 0;
	read_text(&b, directory);
	if (!directory.len && pattern.len < 2)
		read_text(&b, SM_STR("/"));
	note(l, &b, read_path(&b, pattern));
}

void sm_language_word(struct sm_language *l, enum sm_spelling spelling,
		      struct sm_str pattern, struct sm_build *values)
{
	const struct sm_scan scan = { pattern, 0, values != NULL,
				      spelling == SM_SPELLED_CODE };
	struct build b = resume(l);

	b.values = values;
	note(l, &b, read_items(&b, scan, false));
}

void sm_language_any(struct sm_language *l)
{
	struct build b = resume(l);

	read_many(&b, b.any);
	l->at = b.at;
}

uint32_t sm_language_here(const struct sm_language *l)
{
	return l->at;
}

void sm_language_again(struct sm_language *l, uint32_t since)
{
	if (!l->has_failed)
		add_free(l, l->at, since);
}

void sm_language_words(struct sm_language *l, char not_first)
{
	struct build b = resume(l);
	uint32_t start = b.at, end;

	if (not_first)
		read_but(&b, b.any, not_first);
	else
		read_many(&b, b.any);
	read_one(&b, range(0, 0));
	end = add_state(l);
	if (l->has_failed)
		return;
	add_free(l, b.at, start);
	add_free(l, start, end);
	l->at = end;
}

enum sm_status sm_language_end(struct sm_language *l)
{
	if (l->has_failed)
		return SM_LIMIT;
	if (l->is_unsupported)
		return SM_UNSUPPORTED;
	l->states[l->at].is_end = true;
	add_free(l, l->starts, l->start);
	return l->has_failed ? SM_LIMIT : SM_OK;
}
