/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines cut into commands, which have options each, and put together again.
 */
#include <stdlib.h>

#include "learner/argv_options.h"

/* Of one program, at the same place in their lines. */
static int compare_pieces(const struct sm_piece *a, const struct sm_piece *b)
{
	int r = sm_line_compare_heads(&a->line, &b->line);

	return r ? r : (a->at > b->at) - (a->at < b->at);
}

static int by_piece(const void *x, const void *y)
{
	const struct sm_piece *a = x, *b = y;
	int r = compare_pieces(a, b);

	if (!r)
		r = sm_line_compare(&a->line, &b->line);
	return r ? r : (a->number > b->number) - (a->number < b->number);
}

static int by_number(const void *x, const void *y)
{
	const struct sm_piece *a = x, *b = y;

	return (a->number > b->number) - (a->number < b->number);
}

static bool is_operator(const struct sm_word *w)
{
	static const char *const list[] = { "|", "||", "&&", ";",  ";;",
					    "&", "(",  ")",  "\n", NULL };

	return w->is_raw && !w->is_pattern && sm_is_among(w->value, list);
}

/* Behind the command that begins at `at`. */
static uint32_t piece_end(const struct sm_line *line, uint32_t at)
{
	while (at < line->count && !is_operator(&line->words[at]))
		at++;
	return at;
}

static size_t cut(const struct sm_line *line, struct sm_piece *pieces, size_t n)
{
	uint32_t end, number = 0;

	for (uint32_t at = 0; at <= line->count; at = end + 1) {
		struct sm_line piece = *line;

		end = piece_end(line, at);
		piece.words = line->words + at;
		piece.count = end - at;
		for (uint32_t i = at; i < end; i++)
			if (line->words[i].is_command)
				piece.program = line->words[i].value;
		pieces[n] = (struct sm_piece){ piece, number++, n };
		n++;
	}
	return n;
}

/* The line of its pieces, with the operators it had between. */
static size_t join(struct sm_learn *l, struct sm_line *line,
		   const struct sm_piece *pieces, size_t n)
{
	uint32_t count = line->count, end;
	struct sm_word *words;
	size_t of = n;

	for (uint32_t at = 0; at <= line->count; at = end + 1) {
		end = piece_end(line, at);
		count += pieces[of++].line.count;
	}
	words = sm_learn_take(l, (count + 1) * sizeof(*words));
	count = 0;
	for (uint32_t at = 0; at <= line->count; at = end + 1) {
		const struct sm_line *piece = &pieces[n++].line;

		end = piece_end(line, at);
		if (piece->count)
			memcpy(words + count, piece->words,
			       piece->count * sizeof(*words));
		count += piece->count;
		if (end < line->count)
			words[count++] = line->words[end];
	}
	line->words = words;
	line->count = count;
	return n;
}

void sm_lines_group(struct sm_learn *l, struct sm_line *lines, size_t count)
{
	struct sm_piece *pieces;
	size_t room = 0, n = 0, end;

	for (size_t i = 0; i < count; i++)
		room += (size_t)lines[i].count + 1;
	pieces = sm_learn_take(l, (room + 1) * sizeof(*pieces));
	for (size_t i = 0; i < count; i++)
		if (lines[i].is_parsed)
			n = cut(&lines[i], pieces, n);
	if (!n)
		return;
	qsort(pieces, n, sizeof(*pieces), by_piece);
	for (size_t i = 0; i < n; i = end) {
		for (end = i + 1;
		     end < n && !compare_pieces(&pieces[i], &pieces[end]);)
			end++;
		sm_pieces_group(l, pieces + i, end - i);
	}
	qsort(pieces, n, sizeof(*pieces), by_number);
	for (size_t i = 0, at = 0; i < count; i++)
		if (lines[i].is_parsed)
			at = join(l, &lines[i], pieces, at);
}
