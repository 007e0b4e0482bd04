/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Processes: argument vectors and shell lines, word by word. The program,
 * options and operators stay literal; a word that varied becomes a slot of the
 * narrowest type that holds what was seen.
 */
#include <stdio.h>
#include <stdlib.h>

#include "learner/argv.h"
#include "schema/shell.h"

/* Words alike that make a list, and how many are too many to vary. */
#define LIST_MIN 3
#define LIST_MAX 16

struct lines {
	struct sm_line *items;
	size_t count;
};

/* ------------------------------------------------------------------ groups */

static int compare_flags(const struct sm_word *a, const struct sm_word *b)
{
	unsigned x = a->is_fixed | a->is_path << 1 | a->is_raw << 2 |
		     a->is_pattern << 3;
	unsigned y = b->is_fixed | b->is_path << 1 | b->is_raw << 2 |
		     b->is_pattern << 3;

	return (x > y) - (x < y);
}

/* Lines of one group differ in words that are not fixed only. */
static int compare_groups(const struct sm_line *a, const struct sm_line *b)
{
	int r = (a->access > b->access) - (a->access < b->access);

	if (!r)
		r = sm_str_compare(a->program, b->program);
	if (!r)
		r = (a->is_parsed > b->is_parsed) -
		    (a->is_parsed < b->is_parsed);
	if (!r && !a->is_parsed)
		r = sm_str_compare(a->whole, b->whole);
	if (!r)
		r = (a->count > b->count) - (a->count < b->count);
	for (uint32_t i = 0; !r && i < a->count; i++) {
		r = compare_flags(&a->words[i], &b->words[i]);
		if (!r)
			r = sm_str_compare(a->words[i].head, b->words[i].head);
		if (!r && a->words[i].is_fixed)
			r = sm_str_compare(a->words[i].value,
					   b->words[i].value);
	}
	return r;
}

static int compare_lines(const void *x, const void *y)
{
	const struct sm_line *a = x, *b = y;
	int r = compare_groups(a, b);

	for (uint32_t i = 0; !r && i < a->count; i++)
		r = sm_str_compare(a->words[i].value, b->words[i].value);
	return r;
}

static void join_equal(struct sm_learn *l, struct lines *lines)
{
	size_t n = 0;

	for (size_t i = 0; i < lines->count; i++) {
		struct sm_line *last = n ? &lines->items[n - 1] : NULL;

		if (!last || compare_lines(last, &lines->items[i])) {
			lines->items[n++] = lines->items[i];
			continue;
		}
		for (size_t k = 0; k < lines->items[i].by.count; k++)
			sm_list_add(l, &last->by, lines->items[i].by.items[k]);
		sm_sketch_merge(&last->runs, &lines->items[i].runs);
		last->seen += lines->items[i].seen;
	}
	lines->count = n;
}

/* The word right behind a command's name, with more free words behind it. */
static bool is_subcommand(const struct sm_line *line, uint32_t at)
{
	bool follows = line->access == SM_ACCESS_EXEC
			       ? at == 1
			       : at && line->words[at - 1].is_command;

	for (uint32_t i = at + 1; follows && i < line->count; i++)
		if (!line->words[i].is_fixed || line->words[i].is_path)
			return true;
	return false;
}

/* -------------------------------------------------------------------- rules */

/* In slots[i].len 0: the words' own, equal, values. */
static struct sm_str word_text(struct sm_learn *l, const struct sm_word *w,
			       struct sm_str slot)
{
	struct sm_str text = w->value;

	if (w->is_pattern)
		return text;
	if (slot.len)
		return sm_learn_join(l, sm_escape(l, w->head), slot);
	if (!w->is_path)
		return sm_learn_join(l, sm_escape(l, w->head),
				     sm_escape(l, text));
	text = sm_learn_join(l, SM_STR("<path:"), text);
	text = sm_learn_join(l, text, SM_STR(">"));
	return sm_learn_join(l, sm_escape(l, w->head), text);
}

static struct sm_str quote(struct sm_learn *l, struct sm_str word)
{
	uint32_t n = sm_shell_quote(word, NULL, 0);
	char *p = sm_learn_take(l, (size_t)n + 1);

	sm_shell_quote(word, p, n);
	return (struct sm_str){ p, n };
}

/* Slots stand unquoted in a shell template, everything else quoted. */
static struct sm_str shell_word(struct sm_learn *l, const struct sm_word *w,
				struct sm_str slot)
{
	struct sm_word bare = *w;

	if (w->is_raw)
		return w->value;
	if (!slot.len && !w->is_path)
		return quote(l, sm_learn_join(l, w->head, w->value));
	bare.head = SM_STR("");
	return sm_learn_join(l, w->head.len ? quote(l, w->head) : w->head,
			     word_text(l, &bare, slot));
}

static struct sm_str shell_line(struct sm_learn *l, const struct sm_line *line,
				const struct sm_str *slots)
{
	struct sm_str text = { "", 0 };

	if (!line->is_parsed)
		return line->whole;
	for (uint32_t i = 0; i < line->count; i++) {
		if (i)
			text = sm_learn_join(l, text, SM_STR(" "));
		text = sm_learn_join(l, text,
				     shell_word(l, &line->words[i], slots[i]));
	}
	return text;
}

static void add_rule(struct sm_learn *l, const struct sm_line *line,
		     const struct sm_str *slots, const struct sm_str_list *by,
		     uint64_t seen)
{
	struct sm_rule rule = { .family = SM_FAMILY_PROCESSES,
				.access = line->access,
				.by = { by->items, by->count },
				.seen = seen };
	struct sm_str *args;

	for (uint32_t i = 0; !l->why.len && i < line->count; i++)
		if (line->words[i].is_path)
			l->why = SM_STR("its paths, as files opened");
	if (line->access == SM_ACCESS_SHELL) {
		rule.pattern = shell_line(l, line, slots);
		sm_learn_rule(l, &rule);
		return;
	}
	args = sm_learn_take(l, (line->count + 1) * sizeof(*args));
	for (uint32_t i = 0; i < line->count; i++)
		args[i] = word_text(l, &line->words[i], slots[i]);
	rule.pattern = sm_learn_path(l, line->program);
	rule.args = (struct sm_strings){ args, line->count };
	rule.has_args = true;
	sm_learn_rule(l, &rule);
}

/* Words from at on that are open paths of one kind. */
static uint32_t list_length(const struct sm_line *line, uint32_t at)
{
	const struct sm_word *first = &line->words[at];
	uint32_t n = 0;

	while (at + n < line->count && line->words[at + n].is_path &&
	       !line->words[at + n].head.len &&
	       sm_str_equal(line->words[at + n].value, first->value))
		n++;
	return n;
}

/* The line with length of its words from at on, which are alike, not had. */
static void add_length(struct sm_learn *l, const struct sm_line *line,
		       const struct sm_str *slots, uint32_t at, uint32_t had,
		       uint32_t length, const struct sm_str_list *by)
{
	uint32_t rest = line->count - at - had, n = at + length + rest;
	struct sm_line other = *line;
	struct sm_str *open = sm_learn_take(l, (n + 1) * sizeof(*open));

	other.words = sm_learn_take(l, (n + 1) * sizeof(*other.words));
	other.count = n;
	memcpy(other.words, line->words, at * sizeof(*other.words));
	memcpy(open, slots, at * sizeof(*open));
	for (uint32_t i = at; i < at + length; i++) {
		other.words[i] = line->words[at];
		open[i] = slots[at];
	}
	memcpy(other.words + at + length, line->words + at + had,
	       rest * sizeof(*other.words));
	memcpy(open + at + length, slots + at + had, rest * sizeof(*open));
	add_rule(l, &other, open, by, 0);
}

/*
 * Three paths of one kind in a row are a list, as of what to link or to pack:
 * the next one is longer. A template says how many words there are, so each
 * length up to about twice the one seen is a rule.
 */
static void add_lists(struct sm_learn *l, const struct sm_line *line,
		      const struct sm_str *slots, const struct sm_str_list *by)
{
	uint32_t had;

	for (uint32_t i = 0; i < line->count; i += had ? had : 1) {
		had = list_length(line, i);
		if (had < LIST_MIN || had > LIST_MAX)
			continue;
		for (uint32_t n = 1; n <= 2 * had + 2; n++)
			if (n != had)
				add_length(l, line, slots, i, had, n, by);
	}
}

static void emit(struct sm_learn *l, const struct sm_line *lines, size_t count,
		 const struct sm_str *slots)
{
	struct sm_str_list by = { NULL, 0, 0 };
	uint64_t seen = 0;

	for (size_t i = 0; i < count; i++) {
		for (size_t k = 0; k < lines[i].by.count; k++)
			sm_list_add(l, &by, lines[i].by.items[k]);
		seen += lines[i].seen;
	}
	add_rule(l, &lines[0], slots, &by, seen);
	if (lines[0].is_parsed)
		add_lists(l, &lines[0], slots, &by);
}

/* Learns each run of lines with the same value at a position on its own. */
static void solve(struct sm_learn *l, struct sm_line *lines, size_t count,
		  unsigned depth);

static void split(struct sm_learn *l, struct sm_line *lines, size_t count,
		  uint32_t at, unsigned depth)
{
	struct sm_values v = sm_values_at(l, lines, count, at);
	struct sm_line *part = sm_learn_take(l, count * sizeof(*part));

	for (size_t i = 0; i < v.count; i++) {
		size_t n = 0;

		for (size_t k = 0; k < count; k++)
			if (sm_str_equal(lines[k].words[at].value,
					 v.items[i].text))
				part[n++] = lines[k];
		solve(l, part, n, depth + 1);
	}
}

static struct sm_str add_reason(struct sm_learn *l, struct sm_str why,
				uint32_t at, size_t values)
{
	char text[64];

	snprintf(text, sizeof(text), "%sword %u had %zu values",
		 why.len ? ", " : "", at + 1, values);
	return sm_learn_join(l, why, sm_str_of(text));
}

/*
 * Positions that vary become slots if what was seen opens them; one that does
 * not, and a subcommand, divides the lines.
 */
static void solve(struct sm_learn *l, struct sm_line *lines, size_t count,
		  unsigned depth)
{
	uint32_t n = lines[0].count, varying = 0, closed = UINT32_MAX;
	struct sm_str *slots = sm_learn_take(l, (n + 1) * sizeof(*slots));
	struct sm_str why = { "", 0 };

	for (uint32_t i = 0; i < n; i++) {
		struct sm_values v = sm_values_at(l, lines, count, i);

		slots[i] = sm_values_clock(l, &lines[0].words[i], &v);
		if (v.count < 2)
			continue;
		varying++;
		if (varying == 1 && is_subcommand(&lines[0], i) &&
		    sm_values_all(&v, sm_is_command_word) &&
		    !sm_values_are_members(l, &v)) {
			closed = i;
			break;
		}
		slots[i] = sm_values_slot(l, &v);
		if (!slots[i].len && closed == UINT32_MAX)
			closed = i;
		why = add_reason(l, why, i, v.count);
	}
	if (closed == UINT32_MAX) {
		l->why = why;
		emit(l, lines, count, slots);
		l->why = SM_STR("");
	} else {
		split(l, lines, count, closed, depth);
	}
}

/* ------------------------------------------------------------------- tails */

/* "bill.pdf", which no subcommand looks like. */
static bool is_file_name(const struct sm_word *w)
{
	return !w->is_fixed && !w->is_path && !w->is_raw && !w->head.len &&
	       w->value.len && !memchr(w->value.p, '/', w->value.len) &&
	       w->value.p[0] != '.' && w->value.p[0] != '-' &&
	       sm_extension(w->value).len;
}

/* Where the names of files begin that end the line; its end: it has none. */
static uint32_t tail_of(const struct sm_line *line)
{
	uint32_t at = line->is_parsed ? line->count : 0;

	while (at > 1 && is_file_name(&line->words[at - 1]))
		at--;
	return line->is_parsed ? at : line->count;
}

/* A line by what stands before its tail. */
struct tail {
	struct sm_line *line;
	uint32_t at;
};

static int compare_starts(const void *x, const void *y)
{
	const struct tail *a = x, *b = y;
	struct sm_line start = *a->line, other = *b->line;
	int r = (a->at > b->at) - (a->at < b->at);

	start.count = other.count = a->at;
	return r ? r : compare_lines(&start, &other);
}

static int by_start(const void *x, const void *y)
{
	const struct tail *a = x, *b = y;
	int r = compare_starts(a, b);

	return r ? r : compare_lines(a->line, b->line);
}

/* Every number of names up to about twice the most that were seen. */
static void add_tails(struct sm_learn *l, const struct tail *tails,
		      size_t count)
{
	const struct sm_line *longest = tails->line;
	uint32_t at = tails->at, had;
	struct sm_str_list by = { NULL, 0, 0 };
	struct sm_str *slots;

	for (size_t i = 0; i < count; i++) {
		const struct sm_line *line = tails[i].line;

		for (size_t k = 0; k < line->by.count; k++)
			sm_list_add(l, &by, line->by.items[k]);
		if (line->count > longest->count)
			longest = line;
	}
	had = longest->count - at;
	slots = sm_learn_take(l, (longest->count + 1) * sizeof(*slots));
	for (uint32_t i = at; i < longest->count; i++)
		slots[i] = SM_STR("<name>");
	l->why = SM_STR("names of files at the end, of any number");
	for (uint32_t n = 1; n <= 2 * had + 2; n++)
		add_length(l, longest, slots, at, had, n, &by);
	l->why = SM_STR("");
}

/* Two lengths and three names: there may be any number of any names. */
static bool is_open_tail(struct sm_learn *l, const struct tail *tails,
			 size_t count)
{
	struct sm_str_list names = { NULL, 0, 0 };
	struct sm_evidence e = { .distinct = 0 };
	uint32_t least = UINT32_MAX, most = 0;

	for (size_t i = 0; i < count; i++) {
		const struct sm_line *line = tails[i].line;

		least = line->count < least ? line->count : least;
		most = line->count > most ? line->count : most;
		for (uint32_t k = tails->at; k < line->count; k++)
			sm_list_add(l, &names, line->words[k].value);
	}
	e.distinct = names.count;
	return least < most && most - tails->at <= LIST_MAX &&
	       sm_is_open(l, &e);
}

/*
 * Lines that differ in the names of files they end with, and in how many these
 * are: `tar czf OUT a.pdf b.jpg`. What became rules is taken out.
 */
static void open_tails(struct sm_learn *l, struct lines *lines)
{
	struct tail *tails =
		sm_learn_take(l, (lines->count + 1) * sizeof(*tails));
	size_t count = 0, left = 0, end;

	for (size_t i = 0; i < lines->count; i++) {
		uint32_t at = tail_of(&lines->items[i]);

		if (at < lines->items[i].count)
			tails[count++] = (struct tail){ &lines->items[i], at };
	}
	if (count)
		qsort(tails, count, sizeof(*tails), by_start);
	for (size_t i = 0; i < count; i = end) {
		for (end = i + 1;
		     end < count && !compare_starts(&tails[i], &tails[end]);)
			end++;
		if (!is_open_tail(l, tails + i, end - i))
			continue;
		add_tails(l, tails + i, end - i);
		for (size_t k = i; k < end; k++)
			tails[k].line->is_done = true;
	}
	for (size_t i = 0; i < lines->count; i++)
		if (!lines->items[i].is_done)
			lines->items[left++] = lines->items[i];
	lines->count = left;
}

/* Signals and environments: granted as they were. */
static void literal(struct sm_learn *l, uint32_t access)
{
	struct sm_facts f = sm_learn_facts(l, SM_FAMILY_PROCESSES, access);

	for (size_t i = 0; i < f.count; i++) {
		struct sm_rule rule = { .family = SM_FAMILY_PROCESSES,
					.access = access,
					.pattern = f.items[i].request->value,
					.seen = f.items[i].view->call->count };

		sm_learn_rule_by(l, &rule, &f.items[i].view->event);
	}
}

void sm_learn_argv(struct sm_learn *l)
{
	struct sm_facts f = sm_learn_facts(l, SM_FAMILY_PROCESSES,
					   SM_ACCESS_EXEC | SM_ACCESS_SHELL);
	struct lines lines = {
		sm_learn_take(l, (f.count + 1) * sizeof(*lines.items)), f.count
	};
	size_t end;

	for (size_t i = 0; i < f.count; i++)
		lines.items[i] = sm_line_read(l, &f.items[i]);
	if (f.count)
		qsort(lines.items, f.count, sizeof(*lines.items),
		      compare_lines);
	join_equal(l, &lines);
	open_tails(l, &lines);
	for (size_t i = 0; i < lines.count; i = end) {
		for (end = i + 1;
		     end < lines.count &&
		     !compare_groups(&lines.items[i], &lines.items[end]);)
			end++;
		solve(l, &lines.items[i], end - i, 0);
	}
	literal(l, SM_ACCESS_SIGNAL);
	literal(l, SM_ACCESS_ENVIRONMENT);
}
