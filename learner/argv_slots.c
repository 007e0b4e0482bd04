/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The values of a word, and the narrowest slot that holds them.
 */
#include <stdlib.h>

#include "learner/argv.h"

static int by_text(const void *a, const void *b)
{
	return sm_str_compare(((const struct sm_word_value *)a)->text,
			      ((const struct sm_word_value *)b)->text);
}

struct sm_values sm_values_at(struct sm_learn *l, const struct sm_line *lines,
			      size_t count, uint32_t at)
{
	struct sm_values v = { sm_learn_take(l, count * sizeof(*v.items)), 0 };
	size_t n = 0;

	for (size_t i = 0; i < count; i++)
		v.items[i] = (struct sm_word_value){ lines[i].words[at].value,
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

bool sm_values_all(const struct sm_values *v, bool (*is)(struct sm_str))
{
	for (size_t i = 0; i < v->count; i++)
		if (!is(v->items[i].text))
			return false;
	return true;
}

static struct sm_str shared_skeleton(struct sm_learn *l,
				     const struct sm_values *v)
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

static struct sm_str shared_extension(const struct sm_values *v)
{
	struct sm_str first = sm_extension(v->items[0].text);

	for (size_t i = 1; i < v->count; i++)
		if (!sm_str_equal(sm_extension(v->items[i].text), first))
			return (struct sm_str){ "", 0 };
	return first;
}

/* Bytes all relative paths share up to a slash; 0: none. */
static struct sm_str shared_dir(const struct sm_values *v)
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
static struct sm_str relative_slot(struct sm_learn *l,
				   const struct sm_values *v)
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
static struct sm_str shared_origin(const struct sm_values *v)
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
				const struct sm_values *v)
{
	struct sm_evidence e = { .distinct = v->count };

	for (size_t i = 0; i < v->count; i++)
		e.some_recur |= v->items[i].runs.count > 1;
	e.is_made = l->observations->run_count > 1;
	return e;
}

bool sm_values_are_members(const struct sm_learn *l, const struct sm_values *v)
{
	for (size_t i = 0; i < v->count; i++)
		if (!sm_list_has(&l->members, v->items[i].text))
			return false;
	return v->count > 1;
}

struct sm_str sm_values_slot(struct sm_learn *l, const struct sm_values *v)
{
	struct sm_evidence e = weigh(l, v);
	struct sm_str none = { "", 0 }, text = shared_skeleton(l, v);

	if (text.len) {
		e.is_typed = true;
		return sm_is_open(l, &e) ? text : none;
	}
	if (sm_values_all(v, is_host)) {
		text = shared_extension(v);
		e.is_typed = !sm_is_data_suffix(text);
		if (e.is_typed)
			return sm_is_open(l, &e) ? SM_STR("<host>") : none;
	}
	if (!sm_is_open(l, &e) && !sm_values_are_members(l, v))
		return none;
	if (sm_values_all(v, is_relative))
		return relative_slot(l, v);
	text = shared_origin(v);
	if (text.len)
		return sm_learn_join(l, sm_escape(l, text), SM_STR("<word>"));
	if (!sm_values_all(v, is_slash_free))
		return none;
	text = shared_extension(v);
	if (sm_is_code_suffix(text))
		return none;
	return sm_learn_join(l, SM_STR("<name>"),
			     sm_is_data_suffix(text) ? sm_escape(l, text)
						     : SM_STR(""));
}

struct sm_str sm_values_clock(struct sm_learn *l, const struct sm_word *word,
			      const struct sm_values *v)
{
	struct sm_str none = { "", 0 };

	if (v->count != 1 || word->is_fixed ||
	    !is_slash_free(v->items[0].text) ||
	    !sm_has_clock(l, v->items[0].text))
		return none;
	return shared_skeleton(l, v);
}

bool sm_is_command_word(struct sm_str s)
{
	for (uint32_t i = 0; i < s.len; i++)
		if (!((s.p[i] >= 'a' && s.p[i] <= 'z') || s.p[i] == '-'))
			return false;
	return s.len > 1;
}
