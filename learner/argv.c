/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Processes: argument vectors and shell lines, word by word. The program,
 * options and operators stay literal; a word that varied becomes a slot of the
 * narrowest type that holds what was seen.
 */
#include <stdlib.h>

#include "learner/paths.h"
#include "schema/shell.h"

/* Words alike that make a list, and how many are too many to vary. */
#define LIST_MIN 3
#define LIST_MAX 16

/* A word: text that never varies in front (`--out=`), then the value. */
struct word {
	struct sm_str head;  /* literal, unescaped; compared when grouping */
	struct sm_str value; /* literal, or the pattern of a known path */
	bool is_fixed;	     /* options, operators, scripts, live words */
	bool is_path;	     /* value is pattern text for <path:...> */
	bool is_pattern;     /* value is pattern text */
	bool is_raw;	     /* shell: goes into the line as it is */
	bool is_command;     /* shell: where a command's name stands */
};

struct line {
	uint32_t access;
	struct sm_str program; /* EXEC */
	struct sm_str whole;   /* SHELL: the line; a template if parsed */
	struct word *words;
	uint32_t count;
	bool is_parsed;
	struct sm_str_list by;
	struct sm_sketch runs;
	uint64_t seen;
};

struct lines {
	struct line *items;
	size_t count;
};

/* ------------------------------------------------------------------ reading */

static bool is_interpreter(struct sm_str program)
{
	static const char *const names[] = { "python", "perl", "ruby", "node",
					     "php",    "lua",  "sh",   "bash",
					     "dash",   "env",  NULL };
	struct sm_str name = sm_path_name(program);

	for (size_t i = 0; names[i]; i++)
		if (sm_str_starts(name, sm_str_of(names[i])))
			return true;
	return false;
}

static bool is_option(struct sm_str text)
{
	return text.len > 1 && text.p[0] == '-';
}

/* `--name=` of `--name=value`, or empty. */
static struct sm_str option_head(struct sm_str text)
{
	const char *equals = text.len ? memchr(text.p, '=', text.len) : NULL;

	if (!equals || !sm_str_starts(text, SM_STR("--")))
		return (struct sm_str){ "", 0 };
	return (struct sm_str){ text.p, (uint32_t)(equals - text.p) + 1 };
}

/* `-c` of `-c1-40`: an option with its numbers attached; or empty. */
static struct sm_str numbered_head(struct sm_learn *l, struct sm_str text)
{
	uint32_t n = 1, end;
	unsigned typed;

	while (n < text.len && ((text.p[n] >= 'a' && text.p[n] <= 'z') ||
				(text.p[n] >= 'A' && text.p[n] <= 'Z')))
		n++;
	if (!is_option(text) || n < 2 || n == text.len)
		return (struct sm_str){ "", 0 };
	for (end = n; end < text.len; end++)
		if (!strchr("0123456789-.,:x%", text.p[end]))
			return (struct sm_str){ "", 0 };
	sm_skeleton(l, (struct sm_str){ text.p + n, text.len - n }, &typed);
	return (struct sm_str){ text.p, typed ? n : 0 };
}

static struct word read_word(struct sm_learn *l, struct sm_str text)
{
	struct word w = { .head = option_head(text) };
	bool slotted;

	if (!w.head.len)
		w.head = numbered_head(l, text);
	w.value = (struct sm_str){ text.p + w.head.len, text.len - w.head.len };
	w.is_fixed = is_option(text) && !w.head.len;
	if (!w.is_fixed) {
		struct sm_str pattern =
			sm_path_is_canonical(w.value)
				? sm_paths_pattern(l, w.value, &slotted)
				: sm_paths_relative(l, w.value, &slotted);

		if (slotted) {
			w.value = pattern;
			w.is_path = w.is_fixed = true;
		}
	}
	return w;
}

static bool is_word_char(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	       (c >= 'A' && c <= 'Z') || c == '_' || c == '.';
}

/* Behind the number at `at`, if one stands there on its own; else `at`. */
static uint32_t number_end(struct sm_str code, uint32_t at)
{
	uint32_t end = at;

	if (at && is_word_char(code.p[at - 1]))
		return at;
	while (end < code.len && code.p[end] >= '0' && code.p[end] <= '9')
		end++;
	return end < code.len && is_word_char(code.p[end]) ? at : end;
}

/*
 * What multiprocessing starts its children with holds the numbers of
 * descriptors, which say nothing about the next run (CPython, 3.8 to 3.14:
 * spawn.get_command_line(), resource_tracker, forkserver). They become slots,
 * but for those in strings; the code around them stays as it is.
 */
static bool open_descriptors(struct sm_learn *l, struct word *w)
{
	struct sm_str code = w->value, text = SM_STR("");
	uint32_t from = 0, end;
	char quote = '\0';

	if (!sm_str_starts(code, SM_STR("from multiprocessing.")))
		return false;
	for (uint32_t i = 0; i < code.len; i++) {
		char c = code.p[i];

		if (quote && c == '\\')
			i++;
		else if (quote ? c == quote : c == '\'' || c == '"')
			quote = quote ? '\0' : c;
		end = quote ? i : number_end(code, i);
		if (end <= i)
			continue;
		text = sm_learn_join(
			l, text,
			sm_escape(l,
				  (struct sm_str){ code.p + from, i - from }));
		text = sm_learn_join(l, text, SM_STR("<int>"));
		from = end;
		i = end - 1;
	}
	w->value =
		sm_learn_join(l, text,
			      sm_escape(l, (struct sm_str){ code.p + from,
							    code.len - from }));
	return true;
}

/* Code given to an interpreter, and the script it runs, never vary. */
static void fix_code(struct sm_learn *l, struct line *line)
{
	bool is_script_due = true;

	if (!is_interpreter(line->program))
		return;
	for (uint32_t i = 1; i < line->count; i++) {
		struct word *w = &line->words[i];
		struct sm_str last = line->words[i - 1].value;

		if (sm_str_equal(last, SM_STR("-c")))
			w->is_pattern = open_descriptors(l, w);
		if (sm_str_equal(last, SM_STR("-c")) ||
		    sm_str_equal(last, SM_STR("-m")) ||
		    sm_str_equal(last, SM_STR("-e")))
			w->is_fixed = true, is_script_due = false;
		else if (is_script_due && !is_option(w->value) && !w->head.len)
			w->is_fixed = true, is_script_due = false;
	}
}

static void read_argv(struct sm_learn *l, struct line *line,
		      const struct sm_request *request)
{
	line->words =
		sm_learn_take(l, (request->argc + 1) * sizeof(*line->words));
	for (uint32_t i = 0; i < request->argc; i++) {
		struct sm_str text = sm_value_str(&request->args[i]);

		line->words[i] = read_word(l, text);
		if (i)
			continue;
		line->words[i] =
			(struct word){ .value = text, .is_fixed = true };
	}
	line->count = request->argc;
	line->is_parsed = true;
	fix_code(l, line);
}

static void read_shell(struct sm_learn *l, struct line *line)
{
	struct sm_shell *shell = sm_learn_take(l, sizeof(*shell));

	line->is_parsed = sm_shell_parse(line->whole, false, shell);
	if (!line->is_parsed)
		return;
	line->words =
		sm_learn_take(l, (shell->count + 1) * sizeof(*line->words));
	for (uint32_t i = 0; i < shell->count; i++) {
		const struct sm_shell_token *t = &shell->tokens[i];
		struct word *w = &line->words[i];

		if (t->kind == SM_SHELL_WORD && !t->is_live) {
			*w = read_word(l, sm_learn_copy(l, t->text));
			if (t->is_command)
				*w = (struct word){ .value = sm_learn_copy(
							    l, t->text),
						    .is_fixed = true,
						    .is_command = true };
			continue;
		}
		*w = (struct word){ .value = sm_learn_copy(l, t->raw),
				    .is_fixed = true,
				    .is_raw = true };
	}
	line->count = shell->count;
}

static struct line read_line(struct sm_learn *l, const struct sm_fact *fact)
{
	const struct sm_request *request = fact->request;
	struct line line = { .access = request->access,
			     .program = SM_STR(""),
			     .whole = SM_STR(""),
			     .runs = fact->view->call->runs,
			     .seen = fact->view->call->count };

	if (request->access == SM_ACCESS_EXEC) {
		line.program = request->value;
		read_argv(l, &line, request);
	} else {
		line.whole = request->value;
		read_shell(l, &line);
	}
	sm_list_add(l, &line.by, sm_by_of(l, &fact->view->event));
	return line;
}

/* ------------------------------------------------------------------ groups */

static int compare_flags(const struct word *a, const struct word *b)
{
	unsigned x = a->is_fixed | a->is_path << 1 | a->is_raw << 2 |
		     a->is_pattern << 3;
	unsigned y = b->is_fixed | b->is_path << 1 | b->is_raw << 2 |
		     b->is_pattern << 3;

	return (x > y) - (x < y);
}

/* Lines of one group differ in words that are not fixed only. */
static int compare_groups(const struct line *a, const struct line *b)
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
	const struct line *a = x, *b = y;
	int r = compare_groups(a, b);

	for (uint32_t i = 0; !r && i < a->count; i++)
		r = sm_str_compare(a->words[i].value, b->words[i].value);
	return r;
}

static void join_equal(struct sm_learn *l, struct lines *lines)
{
	size_t n = 0;

	for (size_t i = 0; i < lines->count; i++) {
		struct line *last = n ? &lines->items[n - 1] : NULL;

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

/* ------------------------------------------------------------------- slots */

/* The distinct values of a position, with the runs each was seen in. */
struct value {
	struct sm_str text;
	struct sm_sketch runs;
};

struct values {
	struct value *items;
	size_t count;
};

static int by_text(const void *a, const void *b)
{
	return sm_str_compare(((const struct value *)a)->text,
			      ((const struct value *)b)->text);
}

static struct values values_at(struct sm_learn *l, const struct line *lines,
			       size_t count, uint32_t at)
{
	struct values v = { sm_learn_take(l, count * sizeof(*v.items)), 0 };
	size_t n = 0;

	for (size_t i = 0; i < count; i++)
		v.items[i] = (struct value){ lines[i].words[at].value,
					     lines[i].runs };
	qsort(v.items, count, sizeof(*v.items), by_text);
	for (size_t i = 0; i < count; i++) {
		if (n && sm_str_equal(v.items[n - 1].text, v.items[i].text))
			sm_sketch_merge(&v.items[n - 1].runs, &v.items[i].runs);
		else
			v.items[n++] = v.items[i];
	}
	v.count = n;
	return v;
}

static bool has_byte(struct sm_str s, char c)
{
	return s.len && memchr(s.p, c, s.len);
}

static bool is_host(struct sm_str s)
{
	if (!s.len || sm_token_match(SM_TOKEN_HOST, s) != s.len)
		return false;
	return has_byte(s, '.') || has_byte(s, ':') ||
	       sm_str_equal(s, SM_STR("localhost"));
}

static bool is_slash_free(struct sm_str s)
{
	return s.len && !has_byte(s, '/') && s.p[0] != '.' && s.p[0] != '-';
}

/* A path relative to the working directory, without `..`. */
static bool is_relative(struct sm_str s)
{
	char out[SM_PATH_MAX];
	struct sm_str path;

	return has_byte(s, '/') && s.p[0] != '/' && s.p[0] != '-' &&
	       sm_path_canonical(SM_STR("/"), s, out, &path) == SM_OK &&
	       path.len == s.len + 1 && !memcmp(path.p + 1, s.p, s.len);
}

static bool all(const struct values *v, bool (*is)(struct sm_str))
{
	for (size_t i = 0; i < v->count; i++)
		if (!is(v->items[i].text))
			return false;
	return true;
}

static struct sm_str shared_skeleton(struct sm_learn *l, const struct values *v)
{
	struct sm_str first = { "", 0 };

	for (size_t i = 0; i < v->count; i++) {
		unsigned typed;
		struct sm_str s = sm_skeleton(l, v->items[i].text, &typed);

		if (!typed || (i && !sm_str_equal(s, first)))
			return (struct sm_str){ "", 0 };
		first = s;
	}
	return first;
}

static struct sm_str shared_extension(const struct values *v)
{
	struct sm_str first = sm_extension(v->items[0].text);

	for (size_t i = 1; i < v->count; i++)
		if (!sm_str_equal(sm_extension(v->items[i].text), first))
			return (struct sm_str){ "", 0 };
	return first;
}

/* Bytes all relative paths share up to a slash; 0: none. */
static struct sm_str shared_dir(const struct values *v)
{
	struct sm_str first = v->items[0].text;
	uint32_t n = first.len - sm_path_name(first).len;

	for (size_t i = 1; i < v->count; i++) {
		struct sm_str s = v->items[i].text;

		if (s.len - sm_path_name(s).len != n ||
		    memcmp(s.p, first.p, n) != 0)
			return (struct sm_str){ "", 0 };
	}
	return (struct sm_str){ first.p, n };
}

/* <path:DIR/<name>EXT> for relative paths in one directory, or empty. */
static struct sm_str relative_slot(struct sm_learn *l, const struct values *v)
{
	struct sm_str dir = shared_dir(v), ext = shared_extension(v), text;

	if (!dir.len || sm_is_code_suffix(ext))
		return (struct sm_str){ "", 0 };
	text = sm_learn_join(l, SM_STR("<path:"), sm_escape(l, dir));
	text = sm_learn_join(l, text, SM_STR("<name>"));
	text = sm_learn_join(l, text, sm_escape(l, ext));
	return sm_learn_join(l, text, SM_STR(">"));
}

/* The scheme and host of URLs, which never become part of a slot. */
static struct sm_str shared_origin(const struct values *v)
{
	struct sm_str origin = { "", 0 };

	for (size_t i = 0; i < v->count; i++) {
		struct sm_str s = v->items[i].text;
		uint32_t at = 0;

		while (at + 3 <= s.len && memcmp(s.p + at, "://", 3) != 0)
			at++;
		at += 3;
		while (at < s.len && s.p[at] != '/')
			at++;
		if (at >= s.len)
			return (struct sm_str){ "", 0 };
		s.len = at + 1;
		if (i && !sm_str_equal(s, origin))
			return (struct sm_str){ "", 0 };
		origin = s;
	}
	return origin;
}

static struct sm_evidence weigh(const struct sm_learn *l,
				const struct values *v)
{
	struct sm_evidence e = { .distinct = v->count };

	for (size_t i = 0; i < v->count; i++)
		e.some_recur |= v->items[i].runs.count > 1;
	e.is_made = l->observations->run_count > 1;
	return e;
}

/* The names of users, uploads or days: of what opened as a path. */
static bool are_members(const struct sm_learn *l, const struct values *v)
{
	for (size_t i = 0; i < v->count; i++)
		if (!sm_list_has(&l->members, v->items[i].text))
			return false;
	return v->count > 1;
}

/* The slot that holds all values, or empty when the position stays closed. */
static struct sm_str slot_of(struct sm_learn *l, const struct values *v)
{
	struct sm_evidence e = weigh(l, v);
	struct sm_str none = { "", 0 }, text = shared_skeleton(l, v);

	if (text.len) {
		e.is_typed = true;
		return sm_is_open(l, &e) ? text : none;
	}
	if (all(v, is_host)) {
		text = shared_extension(v);
		e.is_typed = !sm_is_data_suffix(text);
		if (e.is_typed)
			return sm_is_open(l, &e) ? SM_STR("<host>") : none;
	}
	if (!sm_is_open(l, &e) && !are_members(l, v))
		return none;
	if (all(v, is_relative))
		return relative_slot(l, v);
	text = shared_origin(v);
	if (text.len)
		return sm_learn_join(l, sm_escape(l, text), SM_STR("<word>"));
	if (!all(v, is_slash_free))
		return none;
	text = shared_extension(v);
	if (sm_is_code_suffix(text))
		return none;
	return sm_learn_join(l, SM_STR("<name>"),
			     sm_is_data_suffix(text) ? sm_escape(l, text)
						     : SM_STR(""));
}

/* One value is enough when it is the day or time of the recording. */
static struct sm_str clock_slot(struct sm_learn *l, const struct word *word,
				const struct values *v)
{
	struct sm_str none = { "", 0 };

	if (v->count != 1 || word->is_fixed ||
	    !is_slash_free(v->items[0].text) ||
	    !sm_has_clock(l, v->items[0].text))
		return none;
	return shared_skeleton(l, v);
}

/* A word that selects what a program does: `log` in `git log`. */
static bool is_command_word(struct sm_str s)
{
	for (uint32_t i = 0; i < s.len; i++)
		if (!((s.p[i] >= 'a' && s.p[i] <= 'z') || s.p[i] == '-'))
			return false;
	return s.len > 1;
}

/* The word right behind a command's name, with more free words behind it. */
static bool is_subcommand(const struct line *line, uint32_t at)
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
static struct sm_str word_text(struct sm_learn *l, const struct word *w,
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
static struct sm_str shell_word(struct sm_learn *l, const struct word *w,
				struct sm_str slot)
{
	struct word bare = *w;

	if (w->is_raw)
		return w->value;
	if (!slot.len && !w->is_path)
		return quote(l, sm_learn_join(l, w->head, w->value));
	bare.head = SM_STR("");
	return sm_learn_join(l, w->head.len ? quote(l, w->head) : w->head,
			     word_text(l, &bare, slot));
}

static struct sm_str shell_line(struct sm_learn *l, const struct line *line,
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

static void add_rule(struct sm_learn *l, const struct line *line,
		     const struct sm_str *slots, const struct sm_str_list *by,
		     uint64_t seen)
{
	struct sm_rule rule = { .family = SM_FAMILY_PROCESSES,
				.access = line->access,
				.by = { by->items, by->count },
				.seen = seen };
	struct sm_str *args;

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
static uint32_t list_length(const struct line *line, uint32_t at)
{
	const struct word *first = &line->words[at];
	uint32_t n = 0;

	while (at + n < line->count && line->words[at + n].is_path &&
	       !line->words[at + n].head.len &&
	       sm_str_equal(line->words[at + n].value, first->value))
		n++;
	return n;
}

/* The line with length of its words from at on, which are alike, not had. */
static void add_length(struct sm_learn *l, const struct line *line,
		       const struct sm_str *slots, uint32_t at, uint32_t had,
		       uint32_t length, const struct sm_str_list *by)
{
	uint32_t rest = line->count - at - had, n = at + length + rest;
	struct line other = *line;
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
static void add_lists(struct sm_learn *l, const struct line *line,
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

static void emit(struct sm_learn *l, const struct line *lines, size_t count,
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
static void solve(struct sm_learn *l, struct line *lines, size_t count,
		  unsigned depth);

static void split(struct sm_learn *l, struct line *lines, size_t count,
		  uint32_t at, unsigned depth)
{
	struct values v = values_at(l, lines, count, at);
	struct line *part = sm_learn_take(l, count * sizeof(*part));

	for (size_t i = 0; i < v.count; i++) {
		size_t n = 0;

		for (size_t k = 0; k < count; k++)
			if (sm_str_equal(lines[k].words[at].value,
					 v.items[i].text))
				part[n++] = lines[k];
		solve(l, part, n, depth + 1);
	}
}

/*
 * Positions that vary become slots if what was seen opens them; one that does
 * not, and a subcommand, divides the lines.
 */
static void solve(struct sm_learn *l, struct line *lines, size_t count,
		  unsigned depth)
{
	uint32_t n = lines[0].count, varying = 0, closed = UINT32_MAX;
	struct sm_str *slots = sm_learn_take(l, (n + 1) * sizeof(*slots));

	for (uint32_t i = 0; i < n; i++) {
		struct values v = values_at(l, lines, count, i);

		slots[i] = clock_slot(l, &lines[0].words[i], &v);
		if (v.count < 2)
			continue;
		varying++;
		if (varying == 1 && is_subcommand(&lines[0], i) &&
		    all(&v, is_command_word) && !are_members(l, &v)) {
			closed = i;
			break;
		}
		slots[i] = slot_of(l, &v);
		if (!slots[i].len && closed == UINT32_MAX)
			closed = i;
	}
	if (closed == UINT32_MAX)
		emit(l, lines, count, slots);
	else
		split(l, lines, count, closed, depth);
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
		lines.items[i] = read_line(l, &f.items[i]);
	if (f.count)
		qsort(lines.items, f.count, sizeof(*lines.items),
		      compare_lines);
	join_equal(l, &lines);
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
