/* SPDX-License-Identifier: Apache-2.0 */
/*
 * language.c: patterns as automata.
 */
#include "schema/policy/language_internal.h"

#include <stdlib.h>

#include "schema/policy/build.h"

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
static uint32_t guard(struct sm_reading *b, uint32_t start, char not_first,
		      bool may_be_empty)
{
	struct sm_language *l = b->l;
	uint32_t guarded = sm_language_state(l), n, i, copy;
	uint32_t *list = malloc((size_t)l->count * sizeof(*list));
	uint8_t *marks = calloc(l->count, 1);

	if (!list || !marks)
		l->has_failed = true;
	n = l->has_failed ? 0 : close_over(l, start, list, marks);
	for (i = 0; i < n && !l->has_failed; i++) {
		if (list[i] == b->at && may_be_empty)
			sm_language_free_move(l, guarded, b->at);
		if (l->states[list[i]].to == SM_STATE_NONE)
			continue;
		copy = sm_language_state(l);
		if (l->has_failed)
			break;
		l->states[copy].bytes = l->states[list[i]].bytes;
		l->states[copy].to = l->states[list[i]].to;
		sm_bytes_drop(&l->states[copy].bytes, (uint8_t)not_first);
		sm_language_free_move(l, guarded, copy);
	}
	free(list);
	free(marks);
	return guarded;
}

/* A start that goes on behind a first byte only. */
static uint32_t skip(struct sm_language *l, uint32_t start, char first)
{
	uint32_t *list = malloc((size_t)l->count * sizeof(*list));
	uint8_t *marks = calloc(l->count, 1);
	uint32_t skipped = sm_language_state(l), n = 0, i;

	if (!list || !marks)
		l->has_failed = true;
	else
		n = close_over(l, start, list, marks);
	for (i = 0; i < n && !l->has_failed; i++)
		if (l->states[list[i]].to != SM_STATE_NONE &&
		    sm_bytes_has(&l->states[list[i]].bytes, (uint8_t)first))
			sm_language_free_move(l, skipped,
					      l->states[list[i]].to);
	free(list);
	free(marks);
	return skipped;
}

/* Of `.` and `..`, which no canonical path has. */
#define DOTS_MAX 2

/*
 * A start of a component that begins with so many dots already, from which the
 * rest is read as from `start`; dots alone are no component.
 */
static uint32_t not_dots(struct sm_reading *b, uint32_t start, unsigned dots)
{
	uint32_t guarded = guard(b, start, dots < DOTS_MAX ? '.' : 0, false);
	struct sm_reading dot = { .l = b->l, .at = guarded };

	if (dots == DOTS_MAX || b->l->has_failed)
		return guarded;
	sm_read_text(&dot, SM_STR("."));
	start = not_dots(b, skip(b->l, start, '.'), dots + 1);
	if (!b->l->has_failed)
		sm_language_free_move(b->l, dot.at, start);
	return guarded;
}

static enum sm_status read_path(struct sm_reading *b, struct sm_str pattern);

/* Any one of the variable's values. */
static enum sm_status read_variable(struct sm_reading *b, struct sm_str name)
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
	end = sm_language_state(b->l);
	for (i = 0; i < count && !b->l->has_failed; i++) {
		b->at = start;
		sm_read_text(b, values[i]);
		sm_language_free_move(b->l, b->at, end);
	}
	b->at = end;
	return SM_OK;
}

/*
 * <path:PATTERN>: the canonical spelling, and any other of the same path, for
 * which SM_RESPELLED in front of the canonical one stands.
 */
static enum sm_status read_path_slot(struct sm_reading *b,
				     struct sm_str pattern)
{
	struct sm_reading inner = { .l = b->l,
				    .any = b->any,
				    .values = b->values };
	uint32_t before = b->at, start = sm_language_state(b->l), n;
	bool is_relative;
	enum sm_status status = SM_OK;

	if (b->l->has_failed)
		return SM_LIMIT;
	n = sm_pattern_variable(pattern);
	is_relative = pattern.len && pattern.p[0] != '/' && !n;
	sm_bytes_drop(&inner.any, '/');
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
		start = skip(b->l, start, '/');
	sm_language_free_move(b->l, before, start);
	b->at = before;
	sm_read_text(b, SM_STR(SM_RESPELLED));
	if (!b->l->has_failed)
		sm_language_free_move(b->l, b->at, start);
	b->at = inner.at;
	return b->l->has_failed ? SM_LIMIT : SM_OK;
}

static enum sm_status read_item(struct sm_reading *b,
				const struct sm_item *item)
{
	switch (item->kind) {
	case SM_ITEM_LITERAL:
		sm_read_text(b, item->text);
		return SM_OK;
	case SM_ITEM_STAR:
		sm_read_many(b, b->any);
		return SM_OK;
	case SM_ITEM_OPTION:
		sm_read_option(b, item->text);
		return SM_OK;
	case SM_ITEM_TOKEN:
		return sm_read_token(b, item->token) ? SM_OK : SM_UNSUPPORTED;
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

static enum sm_status read_items(struct sm_reading *b, struct sm_scan scan,
				 bool is_component)
{
	uint32_t before = b->at, start = sm_language_state(b->l);
	bool is_open = false, is_hidden = false;
	uint32_t count = 0;
	enum sm_status status = SM_OK, end;
	struct sm_item item;
	char not_first = is_component ? '.' : '-';

	b->at = start;
	while (!status && !(end = sm_pattern_next(&scan, &item, NULL))) {
		if (!count++) {
			is_open = is_open_start(&item, is_component);
			is_hidden = is_component &&
				    item.kind == SM_ITEM_LITERAL &&
				    sm_str_starts(item.text, SM_STR("."));
		}
		status = read_item(b, &item);
	}
	if (!status && end != SM_END)
		status = SM_UNSUPPORTED;
	if (status)
		return status;
	if (is_open && !b->l->has_failed)
		start = guard(b, start, not_first, !is_component);
	if (is_hidden && count > 1 && !b->l->has_failed)
		start = not_dots(b, start, 0);
	if (!b->l->has_failed)
		sm_language_free_move(b->l, before, start);
	return b->l->has_failed ? SM_LIMIT : SM_OK;
}

/* Any component; hidden: with a dot in front, too. */
static void read_component(struct sm_reading *b, bool may_be_hidden)
{
	uint32_t before = b->at, start = sm_language_state(b->l);

	b->at = start;
	sm_read_one(b, b->any);
	sm_read_many(b, b->any);
	if (b->l->has_failed)
		return;
	start = may_be_hidden ? not_dots(b, start, 0)
			      : guard(b, start, '.', false);
	if (!b->l->has_failed)
		sm_language_free_move(b->l, before, start);
}

/* "/x/y" any number of times, at least once if it is the end. */
static void read_deep(struct sm_reading *b, enum sm_depth depth, bool is_last)
{
	uint32_t start = sm_language_state(b->l), end;

	if (b->l->has_failed)
		return;
	sm_language_free_move(b->l, b->at, start);
	b->at = start;
	sm_read_text(b, SM_STR("/"));
	read_component(b, depth != SM_DEPTH_TREE);
	end = sm_language_state(b->l);
	if (b->l->has_failed)
		return;
	sm_language_free_move(b->l, b->at, start);
	sm_language_free_move(b->l, b->at, end);
	if (!is_last)
		sm_language_free_move(b->l, start, end);
	b->at = end;
}

static enum sm_status read_path(struct sm_reading *b, struct sm_str pattern)
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
		sm_read_text(b, SM_STR("/"));
		scan.pattern = c;
		status = read_items(b, scan, true);
	}
	return status;
}

/* ------------------------------------------------------------ alternatives */

static struct sm_reading resume(struct sm_language *l)
{
	return (struct sm_reading){ .l = l,
				    .at = l->at,
				    .any = sm_bytes_range(1, 255) };
}

static void note(struct sm_language *l, const struct sm_reading *b,
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
	l->start = l->at = sm_language_state(l);
	l->is_unsupported = false;
}

void sm_language_text(struct sm_language *l, struct sm_str text)
{
	struct sm_reading b = resume(l);

	sm_read_text(&b, text);
	l->at = b.at;
}

void sm_language_byte(struct sm_language *l, unsigned low, unsigned high)
{
	struct sm_reading b = resume(l);

	sm_read_one(&b, sm_bytes_range(low, high));
	l->at = b.at;
}

void sm_language_path(struct sm_language *l, struct sm_str directory,
		      struct sm_str pattern)
{
	struct sm_reading b = resume(l);
	bool is_root = sm_str_equal(directory, SM_STR("/"));

	sm_bytes_drop(&b.any, '/');
	if (is_root)
		directory.len = 0;
	sm_read_text(&b, directory);
	if (!directory.len && pattern.len < 2)
		sm_read_text(&b, SM_STR("/"));
	note(l, &b, read_path(&b, pattern));
}

void sm_language_word(struct sm_language *l, enum sm_spelling spelling,
		      struct sm_str pattern, struct sm_build *values)
{
	const struct sm_scan scan = { pattern, 0, values != NULL,
				      spelling == SM_SPELLED_CODE };
	struct sm_reading b = resume(l);

	b.values = values;
	note(l, &b, read_items(&b, scan, false));
}

void sm_language_any(struct sm_language *l)
{
	struct sm_reading b = resume(l);

	sm_read_many(&b, b.any);
	l->at = b.at;
}

uint32_t sm_language_here(const struct sm_language *l)
{
	return l->at;
}

void sm_language_again(struct sm_language *l, uint32_t since)
{
	if (!l->has_failed)
		sm_language_free_move(l, l->at, since);
}

uint32_t sm_language_apart(struct sm_language *l)
{
	uint32_t place = sm_language_state(l);

	if (!l->has_failed) {
		sm_language_free_move(l, l->at, place);
		l->at = place;
	}
	return l->at;
}

void sm_language_round(struct sm_language *l, uint32_t since)
{
	sm_language_again(l, since);
	l->at = since;
}

void sm_language_words(struct sm_language *l, char not_first)
{
	struct sm_reading b = resume(l);
	uint32_t start = b.at, end;

	if (not_first)
		sm_read_but(&b, b.any, not_first);
	else
		sm_read_many(&b, b.any);
	sm_read_one(&b, sm_bytes_range(0, 0));
	end = sm_language_state(l);
	if (l->has_failed)
		return;
	sm_language_free_move(l, b.at, start);
	sm_language_free_move(l, start, end);
	l->at = end;
}

enum sm_status sm_language_end(struct sm_language *l)
{
	if (l->has_failed)
		return SM_LIMIT;
	if (l->is_unsupported)
		return SM_UNSUPPORTED;
	l->states[l->at].is_end = true;
	sm_language_free_move(l, l->starts, l->start);
	return l->has_failed ? SM_LIMIT : SM_OK;
}
