/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/import_text.h"
#include "schema/ascii.h"

#include <stdlib.h>

#define DEPTH_MAX 16
#define NODES_MAX 200000

struct sm_source_chunk {
	struct sm_source_chunk *next;
	_Alignas(16) char bytes[];
};

static void *take(struct sm_source *s, size_t bytes)
{
	struct sm_source_chunk *c = calloc(1, sizeof(*c) + bytes);

	if (!c) {
		s->error = "out of memory";
		return NULL;
	}
	c->next = s->chunks;
	s->chunks = c;
	return c->bytes;
}

void sm_source_init(struct sm_source *s, struct sm_str text, unsigned line)
{
	memset(s, 0, sizeof(*s));
	s->at = text.len ? text.p : "";
	s->end = s->at + text.len;
	s->line = line;
	s->nodes = NODES_MAX;
}

void sm_source_fini(struct sm_source *s)
{
	struct sm_source_chunk *c, *next;

	for (c = s->chunks; c; c = next) {
		next = c->next;
		free(c);
	}
	s->chunks = NULL;
}

static struct sm_node *new_node(struct sm_source *s, enum sm_node_kind kind)
{
	struct sm_node *n;

	if (!s->nodes--) {
		s->nodes = 0;
		s->error = "too large";
		return NULL;
	}
	n = take(s, sizeof(*n));
	if (n) {
		n->kind = kind;
		n->line = s->line;
	}
	return n;
}

/* ------------------------------------------------------------------ tokens */

/* Blanks, and comments of Python and of protobuf's text format. */
static int peek(struct sm_source *s)
{
	for (; s->at < s->end; s->at++) {
		char c = *s->at;

		if (c == '#')
			while (s->at + 1 < s->end && s->at[1] != '\n')
				s->at++;
		else if (c == '\n')
			s->line++;
		else if (c != ' ' && c != '\t' && c != '\r' &&
			 !(c == '\\' && s->at + 1 < s->end &&
			   (s->at[1] == '\n' || s->at[1] == '\r')))
			return (unsigned char)c;
	}
	return -1;
}

static bool eat(struct sm_source *s, char wanted)
{
	if (peek(s) != wanted)
		return false;
	s->at++;
	return true;
}

static bool is_word_byte(char c)
{
	return sm_is_alnum(c) || c == '_' || c == '-' || c == '.';
}

static struct sm_str read_word(struct sm_source *s)
{
	const char *start = s->at;

	while (s->at < s->end && is_word_byte(*s->at))
		s->at++;
	return (struct sm_str){ start, (uint32_t)(s->at - start) };
}

static int hex_value(char c)
{
	if (sm_is_digit(c))
		return c - '0';
	c = (char)(c | 32);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static char *put_utf8(char *out, uint32_t c)
{
	if (c < 0x80) {
		*out++ = (char)c;
	} else if (c < 0x800) {
		*out++ = (char)(0xc0 | c >> 6);
		*out++ = (char)(0x80 | (c & 63));
	} else {
		*out++ = (char)(0xe0 | c >> 12);
		*out++ = (char)(0x80 | (c >> 6 & 63));
		*out++ = (char)(0x80 | (c & 63));
	}
	return out;
}

/* Digits of a base, at most count; the value, and how many there were. */
static uint32_t read_digits(const char *p, const char *end, unsigned base,
			    unsigned count, unsigned *n)
{
	uint32_t value = 0;

	for (*n = 0; *n < count && p + *n < end; ++*n) {
		int digit = hex_value(p[*n]);

		if (digit < 0 || (unsigned)digit >= base)
			break;
		value = value * base + (uint32_t)digit;
	}
	return value;
}

/*
 * One escape of JSON, protobuf or Python: it takes no more room than it had.
 * What Python does not know as one stays as it is: "\d" in a pattern.
 */
static char *read_escape(struct sm_source *s, char *out, bool keeps_unknown)
{
	static const char names[] = "ntrabfv0\\\"'/";
	static const char values[] = "\n\t\r\a\b\f\v\0\\\"'/";
	const char *name;
	uint32_t value;
	unsigned n;
	char c = *s->at++;

	if (c == 'u' || c == 'x') {
		value = read_digits(s->at, s->end, 16, c == 'u' ? 4 : 2, &n);
		s->at += n;
		if (c == 'u')
			return put_utf8(out, value);
		*out++ = (char)value;
		return out;
	}
	if (c >= '0' && c <= '7') {
		value = read_digits(s->at - 1, s->end, 8, 3, &n);
		s->at += n - 1;
		*out++ = (char)value;
		return out;
	}
	name = c ? strchr(names, c) : NULL;
	if (name && !(keeps_unknown && c == '/')) {
		*out++ = values[name - names];
		return out;
	}
	if (c == '\n') {
		s->line++;
		return out;
	}
	*out++ = '\\';
	*out++ = c;
	return out;
}

/* A string's bytes behind its opening quote. */
static bool read_quoted(struct sm_source *s, char quote, bool is_raw,
			struct sm_str *text)
{
	const char *end = s->at;
	char *start, *out;

	while (end < s->end && *end != quote)
		end += *end == '\\' && end + 1 < s->end ? 2 : 1;
	/* A wrong escape may grow by two bytes: "\x" to three. */
	start = out = take(s, 3 * (size_t)(end - s->at) + 8);
	if (!start)
		return false;
	while (s->at < s->end && *s->at != quote) {
		char c = *s->at++;

		if (c == '\n') {
			s->error = "the string does not end on its line";
			return false;
		}
		if (c == '\\' && s->at < s->end && is_raw) {
			*out++ = c;
			*out++ = *s->at++;
		} else if (c == '\\' && s->at < s->end) {
			out = read_escape(s, out, quote == '\'');
		} else {
			*out++ = c;
		}
	}
	if (s->at == s->end) {
		s->error = "the string does not end";
		return false;
	}
	s->at++;
	*text = (struct sm_str){ start, (uint32_t)(out - start) };
	return true;
}

/* ------------------------------------------------------------------ values */

static const struct sm_node *read_value(struct sm_source *s);

static bool join(struct sm_source *s, struct sm_str *text, struct sm_str more)
{
	char *p = take(s, (size_t)text->len + more.len + 1);

	if (!p)
		return false;
	if (text->len)
		memcpy(p, text->p, text->len);
	if (more.len)
		memcpy(p + text->len, more.p, more.len);
	*text = (struct sm_str){ p, text->len + more.len };
	return true;
}

/* Strings side by side are one. */
static const struct sm_node *read_strings(struct sm_source *s, bool is_raw)
{
	struct sm_node *n = new_node(s, SM_NODE_TEXT);
	struct sm_str more;
	int quote;

	while (n && ((quote = peek(s)) == '"' || quote == '\'')) {
		s->at++;
		if (!read_quoted(s, (char)quote, is_raw, &more) ||
		    !join(s, &n->text, more))
			return NULL;
		is_raw = false;
	}
	return n;
}

/* To the comma or bracket that ends an expression nobody here follows. */
static const struct sm_node *skip_expression(struct sm_source *s)
{
	struct sm_node *n = new_node(s, SM_NODE_OTHER);
	unsigned depth = 0;
	struct sm_str text;
	int c;

	while (n && (c = peek(s)) >= 0) {
		if (!depth && strchr(",)]}", c))
			break;
		s->at++;
		if (strchr("([{", c))
			depth++;
		else if (strchr(")]}", c))
			depth--;
		else if ((c == '"' || c == '\'') &&
			 !read_quoted(s, (char)c, true, &text))
			return NULL;
	}
	return n;
}

static bool read_children(struct sm_source *s, struct sm_node *parent,
			  char close, bool has_names);

static const struct sm_node *read_group(struct sm_source *s, char close,
					enum sm_node_kind kind)
{
	struct sm_node *n = new_node(s, kind);

	if (!n || ++s->depth > DEPTH_MAX) {
		s->error = s->error ? s->error : "nested too deep";
		return NULL;
	}
	if (!read_children(s, n, close, kind == SM_NODE_FIELDS))
		return NULL;
	s->depth--;
	return n;
}

/* A name, or the prefix of a string: r"...". */
static const struct sm_node *read_name(struct sm_source *s)
{
	struct sm_node *n = new_node(s, SM_NODE_WORD);
	bool is_string;

	if (!n)
		return NULL;
	n->text = read_word(s);
	is_string = s->at < s->end && (*s->at == '"' || *s->at == '\'') &&
		    n->text.len <= 2;
	if (is_string && n->text.len == 1 && strchr("rR", n->text.p[0]))
		return read_strings(s, true);
	if (is_string && n->text.len == 1 && strchr("uU", n->text.p[0]))
		return read_strings(s, false);
	if (is_string || (peek(s) >= 0 && strchr("([+%*", peek(s))))
		return skip_expression(s);
	return n;
}

static const struct sm_node *read_value(struct sm_source *s)
{
	const struct sm_node *n;
	int c = peek(s);

	if (c == '{' || c == '<') {
		s->at++;
		return read_group(s, c == '<' ? '>' : '}', SM_NODE_FIELDS);
	}
	if (c == '[') {
		s->at++;
		return read_group(s, ']', SM_NODE_LIST);
	}
	if (c == '"' || c == '\'') {
		n = read_strings(s, false);
		c = peek(s);
		/* A string with something behind it: % and + and .format. */
		return n && c >= 0 && strchr("+%*.", c) ? skip_expression(s)
							: n;
	}
	if (c >= 0 && is_word_byte((char)c))
		return read_name(s);
	s->error = c < 0 ? "ends too early" : "no value";
	return NULL;
}

/* "NAME:", "NAME =" and, before a brace, NAME alone. */
static bool read_field_name(struct sm_source *s, struct sm_node *field)
{
	int c = peek(s);

	if (c == '"' || c == '\'') {
		s->at++;
		field->is_quoted_name = true;
		if (!read_quoted(s, (char)c, false, &field->name))
			return false;
	} else if (c >= 0 && is_word_byte((char)c)) {
		field->name = read_word(s);
	} else {
		s->error = "no name of a field";
		return false;
	}
	if (!eat(s, ':') && peek(s) != '{' && peek(s) != '<') {
		s->error = "no value behind a field's name";
		return false;
	}
	return true;
}

/* "NAME=" in front of an argument; "==" is none. */
static struct sm_str read_keyword(struct sm_source *s)
{
	const char *at = s->at;
	unsigned line = s->line;
	struct sm_str name = { NULL, 0 };
	int c = peek(s);

	if (c < 0 || !is_word_byte((char)c))
		return name;
	name = read_word(s);
	if (peek(s) == '=' && s->at + 1 < s->end && s->at[1] != '=') {
		s->at++;
		return name;
	}
	s->at = at;
	s->line = line;
	return (struct sm_str){ NULL, 0 };
}

static bool read_children(struct sm_source *s, struct sm_node *parent,
			  char close, bool has_names)
{
	struct sm_node **to = &parent->children, field;
	const struct sm_node *value;

	for (;;) {
		while (eat(s, ',') || eat(s, ';'))
			;
		if (close ? eat(s, close) : peek(s) < 0)
			return true;
		memset(&field, 0, sizeof(field));
		(void)peek(s);
		field.line = s->line;
		if (has_names && !read_field_name(s, &field))
			return false;
		if (close == ')')
			field.name = read_keyword(s);
		value = read_value(s);
		if (!value || s->error)
			return false;
		*to = (struct sm_node *)(uintptr_t)value;
		(*to)->name = field.name;
		(*to)->is_quoted_name = field.is_quoted_name;
		(*to)->line = field.line;
		to = &(*to)->next;
	}
}

/* --------------------------------------------------------------- interface */

const struct sm_node *sm_source_fields(struct sm_source *s)
{
	struct sm_node *top;

	if (peek(s) == '{') {
		const struct sm_node *n = read_value(s);

		if (n && peek(s) >= 0) {
			s->error = "something stands behind the end";
			return NULL;
		}
		return s->error ? NULL : n;
	}
	top = new_node(s, SM_NODE_FIELDS);
	return top && read_children(s, top, 0, true) ? top : NULL;
}

const struct sm_node *sm_source_value(struct sm_source *s)
{
	const struct sm_node *n = read_value(s);

	return s->error ? NULL : n;
}

/* Strings may hold what looks like a call. */
static bool skip_string(struct sm_source *s)
{
	struct sm_str text;
	int c = peek(s);

	if (c != '"' && c != '\'')
		return false;
	s->at++;
	if (!read_quoted(s, (char)c, true, &text))
		s->error = NULL; /* """: the rest of the line is one as well */
	return true;
}

const struct sm_node *sm_source_call(struct sm_source *s)
{
	struct sm_node *call;
	int c;

	while ((c = peek(s)) >= 0) {
		struct sm_str name;
		unsigned line = s->line;

		if (skip_string(s))
			continue;
		if (!is_word_byte((char)c)) {
			s->at++;
			continue;
		}
		name = read_word(s);
		while (sm_str_has(name, '.')) {
			name.p++;
			name.len--;
		}
		if (s->at == s->end || *s->at != '(' || !name.len ||
		    name.p[0] < 'A' || name.p[0] > 'Z')
			continue;
		s->at++;
		call = new_node(s, SM_NODE_LIST);
		if (!call)
			return NULL;
		call->text = name;
		call->line = line;
		if (!read_children(s, call, ')', false) && s->error) {
			call->kind = SM_NODE_OTHER;
			call->children = NULL;
			s->error = NULL;
			s->depth = 0;
		}
		return call;
	}
	return NULL;
}

bool sm_node_is_named(const struct sm_node *n, const char *name)
{
	uint32_t i = 0;

	for (; *name; name++) {
		if (*name == '_' && !(i < n->name.len && n->name.p[i] == '_'))
			continue;
		if (i == n->name.len || sm_lower(n->name.p[i]) != *name)
			return false;
		i++;
	}
	return i == n->name.len;
}

const struct sm_node *sm_node_field(const struct sm_node *n, const char *name)
{
	const struct sm_node *c;

	for (c = n ? n->children : NULL; c; c = c->next)
		if (sm_node_is_named(c, name))
			return c;
	return NULL;
}
