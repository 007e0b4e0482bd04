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

struct lines {
	struct sm_line *items;
	size_t count;
};

/* ------------------------------------------------------------------ groups */

int sm_word_compare_flags(const struct sm_word *a, const struct sm_word *b)
{
	unsigned x = a->is_fixed | a->is_path << 1 | a->is_raw << 2 |
		     a->is_pattern << 3 | a->is_run << 4;
	unsigned y = b->is_fixed | b->is_path << 1 | b->is_raw << 2 |
		     b->is_pattern << 3 | b->is_run << 4;

	return x != y ? (x > y) - (x < y) : sm_str_compare(a->tail, b->tail);
}

int sm_line_compare_heads(const struct sm_line *a, const struct sm_line *b)
{
	int r = (a->access > b->access) - (a->access < b->access);

	if (!r)
		r = sm_str_compare(a->program, b->program);
	if (!r)
		r = (a->is_parsed > b->is_parsed) -
		    (a->is_parsed < b->is_parsed);
	if (!r && !a->is_parsed)
		r = sm_str_compare(a->whole, b->whole);
	return r;
}

/* Lines of one group differ in words that are not fixed only. */
int sm_line_compare_groups(const struct sm_line *a, const struct sm_line *b)
{
	int r = sm_line_compare_heads(a, b);

	if (!r)
		r = (a->count > b->count) - (a->count < b->count);
	for (uint32_t i = 0; !r && i < a->count; i++) {
		r = sm_word_compare_flags(&a->words[i], &b->words[i]);
		if (!r)
			r = sm_str_compare(a->words[i].head, b->words[i].head);
		if (!r && a->words[i].is_fixed)
			r = sm_str_compare(a->words[i].value,
					   b->words[i].value);
	}
	return r;
}

int sm_line_compare(const void *x, const void *y)
{
	const struct sm_line *a = x, *b = y;
	int r = sm_line_compare_groups(a, b);

	for (uint32_t i = 0; !r && i < a->count; i++)
		r = sm_str_compare(a->words[i].value, b->words[i].value);
	return r;
}

static void join_equal(struct sm_learn *l, struct lines *lines)
{
	size_t n = 0;

	for (size_t i = 0; i < lines->count; i++) {
		struct sm_line *last = n ? &lines->items[n - 1] : NULL;

		if (!last || sm_line_compare(last, &lines->items[i])) {
			lines->items[n++] = lines->items[i];
			continue;
		}
		for (size_t k = 0; k < lines->items[i].by.count; k++)
			sm_list_add(l, &last->by, lines->items[i].by.items[k]);
		sm_sketch_merge(&last->runs, &lines->items[i].runs);
		sm_span_merge(&last->time, &lines->items[i].time);
		last->seen += lines->items[i].seen;
	}
	lines->count = n;
}

/* POSIX utilities of which all operands are text, or names of files. */
bool sm_takes_operands_only(struct sm_str command)
{
	static const char *const names[] = {
		"basename", "cat",   "cmp",	"comm",	 "cp",	  "cut",
		"df",	    "diff",  "dirname", "du",	 "echo",  "file",
		"grep",	    "head",  "join",	"ln",	 "ls",	  "mkdir",
		"mv",	    "paste", "printf",	"rm",	 "rmdir", "sort",
		"stat",	    "tail",  "tee",	"touch", "uniq",  "wc",
		NULL
	};

	return sm_is_among(sm_path_name(command), names);
}

struct sm_str sm_line_command(const struct sm_line *line, uint32_t at)
{
	while (at--)
		if (line->words[at].is_command)
			return line->words[at].value;
	return line->program;
}

bool sm_is_subcommand(const struct sm_line *line, uint32_t at)
{
	bool follows = (at == 1 && line->access == SM_ACCESS_EXEC) ||
		       (at && line->words[at - 1].is_command);

	if (follows &&
	    sm_takes_operands_only(line->access == SM_ACCESS_EXEC
					   ? line->program
					   : line->words[at - 1].value))
		return false;
	for (uint32_t i = at + 1; follows && i < line->count; i++)
		if (!line->words[i].is_fixed || line->words[i].is_path ||
		    line->words[i].is_run)
			return true;
	return false;
}

bool sm_are_subcommands(const struct sm_learn *l, const struct sm_line *line,
			uint32_t at, const struct sm_values *v)
{
	return sm_is_subcommand(line, at) &&
	       sm_values_all(v, sm_is_command_word) &&
	       !sm_values_are_members(l, v);
}

/* -------------------------------------------------------------------- rules */

/* "<int>..." is one word of a number and dots, and not any number of them. */
static struct sm_str spell_dots(struct sm_learn *l, struct sm_str slot)
{
	const struct sm_str dots = SM_STR("...");
	struct sm_str text = slot;

	if (slot.len <= dots.len || !sm_str_ends(slot, dots))
		return slot;
	text.len -= dots.len;
	return sm_learn_join(l, text, SM_STR("\\..."));
}

struct sm_str sm_word_text(struct sm_learn *l, const struct sm_word *w,
			   struct sm_str slot)
{
	struct sm_str text = w->value;

	if (w->is_run)
		return sm_learn_join(l, text, SM_STR("..."));
	if (w->is_pattern)
		return text;
	if (slot.len)
		return sm_learn_join(l, sm_escape(l, w->head),
				     spell_dots(l, slot));
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

/* Where the slot at s.p[at] ends: behind its `>`. */
static uint32_t slot_end(struct sm_str s, uint32_t at)
{
	uint32_t depth = 0;

	for (; at < s.len; at++) {
		depth += s.p[at] == '<';
		if (s.p[at] == '\\')
			at++;
		else if (s.p[at] == '>' && !--depth)
			return at + 1;
	}
	return s.len;
}

/* `released <name>` is one word: 'released '<name>. */
static struct sm_str quote_around(struct sm_learn *l, struct sm_str slot)
{
	struct sm_str text = { "", 0 };
	char *literal = sm_learn_take(l, (size_t)slot.len + 1);
	uint32_t n = 0;

	for (uint32_t at = 0; at <= slot.len;) {
		bool is_slot = at < slot.len && slot.p[at] == '<';
		uint32_t end = is_slot ? slot_end(slot, at) : at + 1;

		if (n && (is_slot || at == slot.len)) {
			text = sm_learn_join(
				l, text,
				quote(l, (struct sm_str){ literal, n }));
			n = 0;
		}
		if (is_slot)
			text = sm_learn_join(
				l, text,
				(struct sm_str){ slot.p + at, end - at });
		else if (at < slot.len && slot.p[at] == '\\')
			literal[n++] = slot.p[end++];
		else if (at < slot.len)
			literal[n++] = slot.p[at];
		at = end;
	}
	return text;
}

/* Slots stand unquoted in a shell template, everything else quoted. */
struct sm_str sm_word_shell(struct sm_learn *l, const struct sm_word *w,
			    struct sm_str slot)
{
	struct sm_word bare = *w;

	if (w->tail.len) {
		bare.tail = SM_STR("");
		return sm_learn_join(l, sm_word_shell(l, &bare, slot), w->tail);
	}
	if (w->is_raw)
		return w->value;
	if (w->is_run)
		return sm_word_text(l, w, slot);
	if (!slot.len && !w->is_path)
		return sm_learn_join(l,
				     w->head.len ? quote(l, w->head) : w->head,
				     quote(l, w->value));
	bare.head = SM_STR("");
	return sm_learn_join(l, w->head.len ? quote(l, w->head) : w->head,
			     quote_around(l, sm_word_text(l, &bare, slot)));
}

static struct sm_str shell_line(struct sm_learn *l, const struct sm_line *line,
				const struct sm_str *slots)
{
	struct sm_str text = { "", 0 };

	if (!line->is_parsed)
		return line->whole;
	for (uint32_t i = 0; i < line->count; i++) {
		struct sm_str slot = slots[i];

		if (!slot.len)
			slot = sm_line_set(l, line, i);
		if (i)
			text = sm_learn_join(l, text, SM_STR(" "));
		text = sm_learn_join(l, text,
				     sm_word_shell(l, &line->words[i], slot));
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
	for (uint32_t i = 0; i < line->count; i++) {
		struct sm_str slot = slots[i];

		if (!slot.len)
			slot = sm_line_set(l, line, i);
		args[i] = sm_word_text(l, &line->words[i], slot);
	}
	rule.pattern = sm_paths_program(l, line->program);
	rule.args = (struct sm_strings){ args, line->count };
	rule.has_args = true;
	sm_learn_rule(l, &rule);
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
}

/* Files of one pattern are one value. */
static struct sm_str key_of(struct sm_str value, struct sm_str known)
{
	return known.len ? known : value;
}

/* Learns each run of lines with the same value at a position on its own. */
static void solve(struct sm_learn *l, struct sm_line *lines, size_t count,
		  const struct sm_str *open);

/* `-` is no value: it says that there is none, or that it is on its way. */
static bool is_dash(const struct sm_line *line, uint32_t at)
{
	return sm_str_equal(line->words[at].value, SM_STR("-"));
}

/* Lines with a dash there, and those without, if there are both. */
static bool split_dashes(struct sm_learn *l, struct sm_line *lines,
			 size_t count, uint32_t at, const struct sm_str *open)
{
	struct sm_line *part = sm_learn_take(l, count * sizeof(*part));
	size_t dashes = 0, others = count;

	for (size_t i = 0; i < count; i++)
		part[is_dash(&lines[i], at) ? dashes++ : --others] = lines[i];
	if (!dashes || dashes == count)
		return false;
	qsort(part, dashes, sizeof(*part), sm_line_compare);
	qsort(part + dashes, count - dashes, sizeof(*part), sm_line_compare);
	solve(l, part, dashes, open);
	solve(l, part + dashes, count - dashes, open);
	return true;
}

static void split(struct sm_learn *l, struct sm_line *lines, size_t count,
		  uint32_t at, const struct sm_str *open)
{
	struct sm_values v = sm_values_at(l, lines, count, at);
	struct sm_line *part = sm_learn_take(l, count * sizeof(*part));

	struct sm_str_list done = { NULL, 0, 0 };

	if (split_dashes(l, lines, count, at, open))
		return;
	for (size_t i = 0; i < v.count; i++) {
		struct sm_str key = key_of(v.items[i].text, v.items[i].known);
		size_t n = 0;

		if (sm_list_has(&done, key))
			continue;
		sm_list_add(l, &done, key);
		for (size_t k = 0; k < count; k++) {
			const struct sm_word *w = &lines[k].words[at];

			if (sm_str_equal(key_of(w->value, w->known), key))
				part[n++] = lines[k];
		}
		solve(l, part, n, open);
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

static struct sm_str say_run(struct sm_learn *l, struct sm_str why, uint32_t at)
{
	char text[64];

	snprintf(text, sizeof(text), "%sany number of words from word %u on",
		 why.len ? ", " : "", at + 1);
	return sm_learn_join(l, why, sm_str_of(text));
}

/*
 * Positions that vary become slots if what was seen opens them; one that does
 * not, and a subcommand, divides the lines. What opened before they were
 * divided stays open in each part: open, by position, where its text is not
 * empty.
 */
static void solve(struct sm_learn *l, struct sm_line *lines, size_t count,
		  const struct sm_str *open)
{
	uint32_t n = lines[0].count, varying = 0, closed = UINT32_MAX;
	struct sm_str *slots = sm_learn_take(l, (n + 1) * sizeof(*slots));
	struct sm_str why = { "", 0 };

	for (uint32_t i = 0; i < n; i++) {
		struct sm_values v = sm_values_at(l, lines, count, i);

		if (lines[0].words[i].is_run)
			why = say_run(l, why, i);
		slots[i] = open[i];
		if (v.count < 2) {
			if (!slots[i].len)
				slots[i] = sm_word_slot(l, &lines[0], i, &v);
			continue;
		}
		varying++;
		if (varying == 1 && sm_are_subcommands(l, &lines[0], i, &v)) {
			split(l, lines, count, i, open);
			return;
		}
		if (!slots[i].len)
			slots[i] = sm_word_slot(l, &lines[0], i, &v);
		if (!slots[i].len && closed == UINT32_MAX)
			closed = i;
		why = add_reason(l, why, i, v.count);
	}
	if (closed != UINT32_MAX) {
		split(l, lines, count, closed, slots);
		return;
	}
	l->why = why;
	emit(l, lines, count, slots);
	l->why = SM_STR("");
}

/* Of all lines, those of one group, from first to end. */
static void solve_group(struct sm_learn *l, const struct lines *all,
			size_t first, size_t end)
{
	struct sm_line *lines = all->items + first;
	struct sm_str *open =
		sm_learn_take(l, (lines[0].count + 1) * sizeof(*open));

	for (uint32_t i = 0; i < lines[0].count; i++)
		open[i] = SM_STR("");
	sm_lines_open_siblings(l, all->items, all->count, first, end, open);
	sm_lines_open_said(l, all->items, all->count, first, end, open);
	sm_lines_open_settings(l, lines, end - first, open);
	solve(l, lines, end - first, open);
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

	sm_learn_source_words(l);
	for (size_t i = 0; i < f.count; i++)
		lines.items[i] = sm_line_read(l, &f.items[i]);
	if (f.count)
		qsort(lines.items, f.count, sizeof(*lines.items),
		      sm_line_compare);
	join_equal(l, &lines);
	sm_lines_note_sets(l, lines.items, lines.count);
	sm_lines_spell_commands(l, lines.items, lines.count);
	if (f.count)
		qsort(lines.items, lines.count, sizeof(*lines.items),
		      sm_line_compare);
	sm_lines_group(l, lines.items, lines.count);
	sm_lines_fold(l, lines.items, lines.count);
	if (f.count)
		qsort(lines.items, lines.count, sizeof(*lines.items),
		      sm_line_compare);
	sm_lines_fold_operands(l, lines.items, lines.count);
	if (f.count)
		qsort(lines.items, lines.count, sizeof(*lines.items),
		      sm_line_compare);
	join_equal(l, &lines);
	for (size_t i = 0; i < lines.count; i = end) {
		for (end = i + 1; end < lines.count &&
				  !sm_line_compare_groups(&lines.items[i],
							  &lines.items[end]);)
			end++;
		solve_group(l, &lines, i, end);
	}
	literal(l, SM_ACCESS_SIGNAL);
	literal(l, SM_ACCESS_ENVIRONMENT);
}
