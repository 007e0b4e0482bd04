/* SPDX-License-Identifier: Apache-2.0 */
/*
 * import_regex.c: a regular expression is cut into parts; alternatives and
 * options multiply, `.*` either stays within a component or spans several.
 */
#include "tools/import_regex.h"

#include <stdlib.h>

/* What one part of a regular expression may match. */
enum part_kind {
	PART_BYTE,
	PART_ANY,	  /* .* and the like: slashes too */
	PART_SOME,	  /* .+ */
	PART_COMPONENT,	  /* [^/]* */
	PART_COMPONENT_1, /* [^/]+ */
	PART_DIGITS,	  /* [0-9]+ */
};

struct part {
	enum part_kind kind;
	char byte;
};

#define PARTS_MAX 512

/* One alternative as far as it is read. */
struct branch {
	struct part parts[PARTS_MAX];
	size_t count;
};

struct reader {
	struct sm_str regex;
	uint32_t at;
	unsigned depth;
	struct sm_regex *out;
};

struct branches {
	struct branch *items;
	size_t count;
};

static bool fail(struct sm_regex *out, const char *error)
{
	if (!out->error)
		out->error = error;
	return false;
}

static int peek(const struct reader *r)
{
	return r->at < r->regex.len ? (unsigned char)r->regex.p[r->at] : -1;
}

static bool eat(struct reader *r, const char *text)
{
	struct sm_str rest = { r->regex.p + r->at, r->regex.len - r->at };
	struct sm_str wanted = sm_str_of(text);

	if (!sm_str_starts(rest, wanted))
		return false;
	r->at += wanted.len;
	return true;
}

/* ----------------------------------------------------------------- reading */

/* Every branch so far, once with each of the others behind it. */
static bool multiply(struct reader *r, struct branches *all,
		     const struct branches *more)
{
	size_t count = all->count * more->count, i, j, k;
	struct branch *items;

	if (count > SM_REGEX_PATTERNS_MAX)
		return fail(r->out, "it has too many alternatives");
	items = calloc(count ? count : 1, sizeof(*items));
	if (!items)
		return fail(r->out, "out of memory");
	for (i = 0; i < count; i++) {
		const struct branch *tail = &more->items[i % more->count];

		items[i] = all->items[i / more->count];
		j = items[i].count;
		if (j + tail->count > PARTS_MAX) {
			free(items);
			return fail(r->out, "it is too long");
		}
		for (k = 0; k < tail->count; k++)
			items[i].parts[j + k] = tail->parts[k];
		items[i].count += tail->count;
	}
	free(all->items);
	all->items = items;
	all->count = count;
	return true;
}

static bool add_part(struct reader *r, struct branches *all, struct part part)
{
	struct branch one = { .parts = { part }, .count = 1 };
	const struct branches more = { &one, 1 };

	return multiply(r, all, &more);
}

static bool start(struct reader *r, struct branches *all)
{
	all->count = 1;
	all->items = calloc(1, sizeof(*all->items));
	return all->items || fail(r->out, "out of memory");
}

static bool append(struct reader *r, struct branches *all,
		   const struct branches *more)
{
	struct branch *items;
	size_t count = all->count + more->count;

	if (count > SM_REGEX_PATTERNS_MAX)
		return fail(r->out, "it has too many alternatives");
	items = realloc(all->items, count * sizeof(*items));
	if (!items)
		return fail(r->out, "out of memory");
	memcpy(items + all->count, more->items, more->count * sizeof(*items));
	all->items = items;
	all->count = count;
	return true;
}

/* A set of bytes that means one of the kinds; its quantifier is still to come.
 */
static bool read_class(struct reader *r, enum part_kind *kind)
{
	static const struct {
		const char *text;
		enum part_kind kind;
	} classes[] = {
		{ "[^/]", PART_COMPONENT }, { "[^\\/]", PART_COMPONENT },
		{ "[^\\x00]", PART_ANY },   { "[^\\0]", PART_ANY },
		{ "[0-9]", PART_DIGITS },   { "[\\d]", PART_DIGITS },
		{ "\\d", PART_DIGITS },	    { ".", PART_ANY },
	};
	size_t i;

	for (i = 0; i < sizeof(classes) / sizeof(*classes); i++)
		if (eat(r, classes[i].text)) {
			*kind = classes[i].kind;
			return true;
		}
	return false;
}

/* One byte, escaped or not; false for everything with a meaning. */
static bool read_byte(struct reader *r, char *byte)
{
	int c = peek(r);

	if (c < 0 || strchr("*+?{}[]()|^$.", c))
		return false;
	r->at++;
	*byte = (char)c;
	if (c != '\\')
		return true;
	c = peek(r);
	/* Letters and digits behind a backslash are classes and groups. */
	if (c < 0 || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	    (c >= 'A' && c <= 'Z'))
		return false;
	r->at++;
	*byte = (char)c;
	return true;
}

static bool read_choice(struct reader *r, struct branches *all);

static bool is_quantifier(int c)
{
	return c == '*' || c == '+' || c == '?' || c == '{';
}

/* Greedy or lazy makes no difference where all of a value must match. */
static int read_quantifier(struct reader *r)
{
	int c = peek(r);

	if (!is_quantifier(c) || c == '{')
		return c == '{' ? '{' : 0;
	r->at++;
	(void)eat(r, "?");
	return c;
}

static bool add_class(struct reader *r, struct branches *all,
		      enum part_kind kind)
{
	int quantifier = read_quantifier(r);
	struct part part = { kind, 0 };

	if (quantifier != '*' && quantifier != '+') {
		if (kind != PART_ANY || quantifier)
			return fail(r->out,
				    "a set of characters that is not repeated "
				    "has no token");
		/* Paths are written without escapes: a dot is meant. */
		r->out->narrower = "a single . is taken as a dot";
		return add_part(r, all, (struct part){ PART_BYTE, '.' });
	}
	if (kind == PART_DIGITS && quantifier == '*')
		return fail(r->out, "digits that may be missing have no token");
	if (quantifier == '+' && kind == PART_ANY)
		part.kind = PART_SOME;
	if (quantifier == '+' && kind == PART_COMPONENT)
		part.kind = PART_COMPONENT_1;
	return add_part(r, all, part);
}

/* Zero times or once; more often has no pattern. */
static bool add_optional(struct reader *r, struct branches *all,
			 struct branches *one)
{
	struct branches none = { NULL, 0 };
	bool is_good;

	switch (read_quantifier(r)) {
	case 0:
		return multiply(r, all, one);
	case '?':
		is_good = start(r, &none) && append(r, one, &none) &&
			  multiply(r, all, one);
		free(none.items);
		return is_good;
	}
	return fail(r->out, "repeated text has no pattern");
}

static bool read_group(struct reader *r, struct branches *all)
{
	struct branches inner = { NULL, 0 };
	bool is_good;

	if (eat(r, "?:"))
		;
	else if (peek(r) == '?')
		return fail(r->out, "groups with (? have no pattern");
	if (++r->depth > 8)
		return fail(r->out, "it is nested too deep");
	is_good = read_choice(r, &inner) &&
		  (eat(r, ")") || fail(r->out, "a ( is not closed")) &&
		  add_optional(r, all, &inner);
	r->depth--;
	free(inner.items);
	return is_good;
}

static bool read_one(struct reader *r, struct branches *all)
{
	enum part_kind kind;
	struct branches one = { NULL, 0 };
	char byte;
	bool is_good;

	/* The whole value must match anyhow. */
	if ((!r->at && eat(r, "^")) ||
	    (r->at + 1 == r->regex.len && eat(r, "$")))
		return true;
	if (read_class(r, &kind))
		return add_class(r, all, kind);
	if (eat(r, "("))
		return read_group(r, all);
	if (!read_byte(r, &byte))
		return fail(r->out, "it uses what no pattern can say");
	if (!byte)
		return fail(r->out, "it holds a NUL");
	is_good = start(r, &one) &&
		  add_part(r, &one, (struct part){ PART_BYTE, byte }) &&
		  add_optional(r, all, &one);
	free(one.items);
	return is_good;
}

static bool read_row(struct reader *r, struct branches *all)
{
	bool is_good = start(r, all);

	while (is_good && peek(r) >= 0 && peek(r) != '|' && peek(r) != ')')
		is_good = read_one(r, all);
	return is_good;
}

static bool read_choice(struct reader *r, struct branches *all)
{
	struct branches row = { NULL, 0 };
	bool is_good = read_row(r, all);

	while (is_good && eat(r, "|")) {
		/* ^a|b$ would leave either open at one end. */
		if (!r->depth)
			return fail(r->out,
				    "alternatives stand outside a group");
		is_good = read_row(r, &row) && append(r, all, &row);
		free(row.items);
		row = (struct branches){ NULL, 0 };
	}
	return is_good;
}

/* ----------------------------------------------------------------- writing */

struct writer {
	const struct branch *branch;
	enum sm_regex_for what;
	struct sm_regex *out;
	char *p; /* the pattern being written */
	size_t len;
	unsigned spans; /* bit n: the nth .* goes over slashes */
};

static bool put(struct writer *w, const char *text)
{
	size_t n = strlen(text);

	if (w->len + n >= SM_REGEX_BYTES_MAX)
		return fail(w->out, "it is too long");
	memcpy(w->p + w->len, text, n + 1);
	w->len += n;
	return true;
}

static bool is_special(char c)
{
	return c == '*' || c == '<' || c == '$' || c == '\\';
}

static bool put_byte(struct writer *w, char c)
{
	const char text[3] = { is_special(c) ? '\\' : c, is_special(c) ? c : 0,
			       0 };

	return put(w, text);
}

static bool ends_component(const struct writer *w, size_t i)
{
	return i + 1 == w->branch->count ||
	       (w->branch->parts[i + 1].kind == PART_BYTE &&
		w->branch->parts[i + 1].byte == '/');
}

static bool starts_component(const struct writer *w)
{
	return w->len && w->p[w->len - 1] == '/';
}

/* The rest of a component: all of it, or what follows what stands there. */
static bool put_rest(struct writer *w, size_t i, bool may_be_empty)
{
	bool is_whole = starts_component(w) && ends_component(w, i);

	if (starts_component(w))
		w->out->narrower = "wildcards match no leading dot";
	if (is_whole || may_be_empty)
		return put(w, "*");
	return put(w, "<name>");
}

/*
 * .* or .+ from here into another component: what is left of this one, any
 * number between, and the start of the last. In front of more, ** may stand
 * for nothing: then what .+ must match has to be somewhere else.
 */
static bool put_span(struct writer *w, size_t i, bool may_be_empty)
{
	bool is_start = starts_component(w);

	if (i + 1 == w->branch->count)
		return put(w, is_start ? "**" : "*/**");
	w->out->narrower = "wildcards match no leading dot";
	if (ends_component(w, i))
		return put(w, is_start || may_be_empty ? "*/**" : "*/*/**");
	return put(w, is_start && may_be_empty ? "**/*" : "*/**/*");
}

static bool put_path_part(struct writer *w, size_t i, unsigned *any)
{
	const struct part *part = &w->branch->parts[i];

	switch (part->kind) {
	case PART_BYTE:
		return put_byte(w, part->byte);
	case PART_DIGITS:
		return put(w, "<int>");
	case PART_COMPONENT:
	case PART_COMPONENT_1:
		return put_rest(w, i, part->kind == PART_COMPONENT);
	case PART_ANY:
	case PART_SOME:
		if (w->spans >> (*any)++ & 1)
			return put_span(w, i, part->kind == PART_ANY);
		return put_rest(w, i, part->kind == PART_ANY);
	}
	return false;
}

/* Words have no components: .* is all of it. */
static bool put_word_part(struct writer *w, size_t i)
{
	const struct part *part = &w->branch->parts[i];
	bool is_alone = w->branch->count == 1;

	switch (part->kind) {
	case PART_BYTE:
		return put_byte(w, part->byte);
	case PART_DIGITS:
		return put(w, w->what == SM_REGEX_HOST && is_alone ? "*"
								   : "<int>");
	case PART_COMPONENT:
		/* An empty name would be less, and a slash more. */
		w->out->narrower = "a name in an argument is not empty";
		return put(w, "<name>");
	case PART_COMPONENT_1:
		w->out->narrower = "wildcards match no leading dot";
		return put(w, "<name>");
	case PART_ANY:
	case PART_SOME:
		if (w->what == SM_REGEX_HOST)
			return put(w, is_alone || part->kind == PART_ANY
					      ? "*"
					      : "<host>");
		if (!i && !is_alone)
			w->out->narrower = "wildcards match no leading -";
		if (is_alone)
			return put(w, "<text>");
		return put(w, part->kind == PART_ANY ? "*" : "<text>");
	}
	return false;
}

static bool write_branch(const struct branch *b, enum sm_regex_for what,
			 unsigned spans, struct sm_regex *out)
{
	struct writer w = {
		.branch = b, .what = what, .out = out, .spans = spans
	};
	unsigned any = 0;
	size_t i;

	if (out->count == SM_REGEX_PATTERNS_MAX)
		return fail(out, "it has too many alternatives");
	w.p = out->patterns[out->count];
	w.p[0] = 0;
	for (i = 0; i < b->count; i++)
		if (what == SM_REGEX_PATH ? !put_path_part(&w, i, &any)
					  : !put_word_part(&w, i))
			return false;
	out->count++;
	return true;
}

/* How many .* could go over slashes. */
static unsigned count_any(const struct branch *b)
{
	unsigned count = 0;
	size_t i;

	for (i = 0; i < b->count; i++)
		count += b->parts[i].kind == PART_ANY ||
			 b->parts[i].kind == PART_SOME;
	return count;
}

#define SPANS_MAX 2 /* ** in one pattern */

/* A whole .* at the end is ** alone: what is below, and nothing else. */
static bool is_needless(const struct branch *b, unsigned spans, unsigned count)
{
	const struct part *last = &b->parts[b->count - 1];
	bool is_open = last->kind == PART_ANY || last->kind == PART_SOME;

	return is_open && b->count > 1 &&
	       b->parts[b->count - 2].kind == PART_BYTE &&
	       b->parts[b->count - 2].byte == '/' &&
	       !(spans >> (count - 1) & 1);
}

static bool write_path(const struct branch *b, struct sm_regex *out)
{
	unsigned count = count_any(b), spans;

	if (!b->count || b->parts[0].kind != PART_BYTE ||
	    b->parts[0].byte != '/')
		return fail(out, "it does not start with /");
	if (count > SPANS_MAX)
		return fail(out, "it has more than two .*");
	for (spans = 0; spans < 1u << count; spans++)
		if (!(count && is_needless(b, spans, count)) &&
		    !write_branch(b, SM_REGEX_PATH, spans, out))
			return false;
	return true;
}

bool sm_regex_convert(struct sm_str regex, enum sm_regex_for what,
		      struct sm_regex *out)
{
	struct reader r = { .regex = regex, .out = out };
	struct branches all = { NULL, 0 };
	bool is_good;
	size_t i;

	out->count = 0;
	out->narrower = out->error = NULL;
	if (!regex.len)
		r.regex.p = "";
	is_good = read_choice(&r, &all);
	if (is_good && r.at < regex.len)
		is_good = fail(out, "a ) has no (");
	for (i = 0; is_good && i < all.count; i++)
		is_good = what == SM_REGEX_PATH
				  ? write_path(&all.items[i], out)
				  : write_branch(&all.items[i], what, 0, out);
	free(all.items);
	return is_good;
}

bool sm_regex_escape(struct sm_str text, char *out, size_t room)
{
	bool is_option = sm_str_starts(text, SM_STR("[-"));
	size_t n = 0;
	uint32_t i;

	for (i = 0; i < text.len; i++) {
		if (n + 2 >= room || !text.p[i])
			return false;
		/* "[-x]" would be an option that may be left out. */
		if (is_special(text.p[i]) || (is_option && !i))
			out[n++] = '\\';
		out[n++] = text.p[i];
	}
	out[n] = 0;
	return true;
}
