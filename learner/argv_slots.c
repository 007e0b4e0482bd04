/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The values of a word, and the narrowest slot that holds them.
 */
#include <stdlib.h>

#include "learner/argv.h"
#include "schema/places.h"

static int by_text(const void *a, const void *b)
{
	return sm_str_compare(((const struct sm_word_value *)a)->text,
			      ((const struct sm_word_value *)b)->text);
}

struct sm_word_value sm_value_of(const struct sm_line *line,
				 const struct sm_word *word)
{
	return (struct sm_word_value){ word->value, word->known, line->runs,
				       line->time, word->is_source };
}

struct sm_values sm_values_at(struct sm_learn *l, const struct sm_line *lines,
			      size_t count, uint32_t at)
{
	struct sm_values v = { .items = sm_learn_take(l,
						      count * sizeof(*v.items)),
			       .count = count };

	for (size_t i = 0; i < count; i++)
		v.items[i] = sm_value_of(&lines[i], &lines[i].words[at]);
	sm_values_sort(&v);
	return v;
}

void sm_values_sort(struct sm_values *v)
{
	size_t n = 0;

	if (v->count)
		qsort(v->items, v->count, sizeof(*v->items), by_text);
	for (size_t i = 0; i < v->count; i++) {
		struct sm_word_value *last = n ? &v->items[n - 1] : NULL;

		if (!last || !sm_str_equal(last->text, v->items[i].text)) {
			v->items[n++] = v->items[i];
			continue;
		}
		sm_sketch_merge(&last->runs, &v->items[i].runs);
		sm_span_merge(&last->time, &v->items[i].time);
		/* The same word in two places. */
		if (!sm_str_equal(last->known, v->items[i].known))
			last->known = SM_STR("");
	}
	v->count = n;
}

/* "bill.pdf" is spelled like one, too. */
static bool is_host(struct sm_str s)
{
	if (!s.len || sm_token_match(SM_TOKEN_HOST, s) != s.len ||
	    sm_is_data_suffix(sm_extension(s)))
		return false;
	return sm_str_has(s, '.') || sm_str_has(s, ':') ||
	       sm_str_equal(s, SM_STR("localhost"));
}

static bool is_slash_free(struct sm_str s)
{
	return s.len && !sm_str_has(s, '/') && s.p[0] != '.' && s.p[0] != '-';
}

bool sm_is_dotted(struct sm_str s)
{
	return (s.len && s.p[0] == '.') || sm_place_is_dotted(s);
}

/* A path relative to the working directory, without `..`. */
static bool is_relative(struct sm_str s)
{
	char out[SM_PATH_MAX];
	struct sm_str path;

	return s.len && s.p[0] != '/' && s.p[0] != '-' &&
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

bool sm_values_have(const struct sm_values *v, struct sm_str text)
{
	for (size_t i = 0; i < v->count; i++)
		if (sm_str_equal(v->items[i].text, text))
			return true;
	return false;
}

/*
 * Bytes of a URL up to the end of its host (RFC 3986, section 3.2), whose
 * numbers are none that somebody counts: the next host may be another service.
 */
static uint32_t end_of_host(struct sm_str s)
{
	const char *at = memmem(s.p, s.len, "://", 3), *end = s.p + s.len;
	const char *user;

	if (!at)
		return 0;
	for (at = user = at + 3; at < end && !strchr("/?#", *at); at++)
		if (*at == '@')
			user = at + 1;
	if (user < end && *user == '[')
		while (user < end && *user != ']')
			user++;
	while (user < at && *user != ':')
		user++;
	return (uint32_t)(user - s.p);
}

/* With the host of a URL as it stands. */
static struct sm_str word_skeleton(struct sm_learn *l, struct sm_str s,
				   unsigned *typed)
{
	uint32_t n = end_of_host(s);
	struct sm_str rest =
		sm_skeleton(l, (struct sm_str){ s.p + n, s.len - n }, typed);

	return n ? sm_learn_join(l, sm_escape(l, (struct sm_str){ s.p, n }),
				 rest)
		 : rest;
}

static struct sm_str shared_skeleton(struct sm_learn *l,
				     const struct sm_values *v)
{
	struct sm_str first = { "", 0 };

	for (size_t i = 0; i < v->count; i++) {
		unsigned typed;
		struct sm_str s = word_skeleton(l, v->items[i].text, &typed);

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
		/* file:///x is a path, and no place with one. */
		if (at >= s.len || s.p[at - 1] == '/')
			return (struct sm_str){ "", 0 };
		s.len = at + 1;
		if (i && !sm_str_equal(s, origin))
			return (struct sm_str){ "", 0 };
		origin = s;
	}
	return origin;
}

/* All of them came back, but none once there was another one. */
static bool follow_one_another(const struct sm_values *v)
{
	struct sm_use uses[SM_USES_MAX];

	if (v->count > SM_USES_MAX)
		return false;
	for (size_t i = 0; i < v->count; i++)
		uses[i] =
			(struct sm_use){ v->items[i].time, &v->items[i].runs };
	return sm_uses_follow(uses, v->count);
}

static struct sm_evidence weigh(const struct sm_learn *l,
				const struct sm_values *v)
{
	struct sm_evidence e = { .distinct = v->count };

	for (size_t i = 0; i < v->count; i++)
		e.some_recur |= v->items[i].runs.count > 1;
	e.some_recur = e.some_recur && !follow_one_another(v);
	e.is_made = l->run_count > 1;
	return e;
}

bool sm_values_are_members(const struct sm_learn *l, const struct sm_values *v)
{
	for (size_t i = 0; i < v->count; i++)
		if (!sm_list_has(&l->members, v->items[i].text))
			return false;
	return v->count > 1;
}

/* They are code, and it is not known to be only read. */
static bool may_run(const struct sm_values *v)
{
	for (size_t i = 0; i < v->count; i++)
		if (!v->items[i].is_source)
			return sm_is_code_suffix(shared_extension(v));
	return false;
}

/* `<name>`, with the ending that all of them have and keep. */
static struct sm_str name_of(struct sm_learn *l, const struct sm_values *v)
{
	struct sm_str end = shared_extension(v);
	bool is_kept = !v->has_dirs &&
		       (sm_is_data_suffix(end) || sm_is_code_suffix(end));

	return sm_learn_join(l, SM_STR("<name>"),
			     is_kept ? sm_escape(l, end) : SM_STR(""));
}

/* The slot of names that opened, or empty: of words, or parts of paths. */
static struct sm_str name_slot(struct sm_learn *l, const struct sm_values *v)
{
	if (!sm_values_all(v, is_slash_free) || may_run(v))
		return (struct sm_str){ "", 0 };
	return name_of(l, v);
}

static struct sm_str part_of(struct sm_str path, uint32_t number)
{
	uint32_t at = 0, end;

	for (;; at = end + 1) {
		for (end = at; end < path.len && path.p[end] != '/';)
			end++;
		if (!number-- || end >= path.len)
			return (struct sm_str){ path.p + at, end - at };
	}
}

static uint32_t count_parts(struct sm_str path)
{
	uint32_t n = 1;

	for (uint32_t i = 0; i < path.len; i++)
		n += path.p[i] == '/';
	return n;
}

/* What stands there for one component of all: itself, or a slot; or empty. */
static struct sm_str part_slot(struct sm_learn *l, const struct sm_values *v,
			       uint32_t number)
{
	struct sm_values parts = { .items = sm_learn_take(
					   l, v->count * sizeof(*parts.items)),
				   .count = v->count };
	struct sm_evidence e;
	struct sm_str text;

	for (size_t i = 0; i < v->count; i++)
		parts.items[i] = (struct sm_word_value){
			part_of(v->items[i].text, number), SM_STR(""),
			v->items[i].runs, v->items[i].time,
			v->items[i].is_source
		};
	sm_values_sort(&parts);
	if (parts.count == 1)
		return sm_escape(l, parts.items[0].text);
	e = weigh(l, &parts);
	text = shared_skeleton(l, &parts);
	e.is_typed = text.len;
	if (!sm_is_open(l, &e) && !sm_values_are_members(l, &parts))
		return (struct sm_str){ "", 0 };
	return text.len ? text : name_slot(l, &parts);
}

static bool are_of_one_depth(const struct sm_values *v)
{
	for (size_t i = 1; i < v->count; i++)
		if (count_parts(v->items[i].text) !=
		    count_parts(v->items[0].text))
			return false;
	return true;
}

/* The directory that all of them start with, or empty. */
static struct sm_str shared_directory(const struct sm_values *v)
{
	struct sm_str first = part_of(v->items[0].text, 0);

	for (size_t i = 0; i < v->count; i++)
		if (count_parts(v->items[i].text) < 2 ||
		    !sm_str_equal(part_of(v->items[i].text, 0), first))
			return SM_STR("");
	return first;
}

/* A name that went into a tree of data: the next one is another. */
static bool is_sunk(const struct sm_learn *l, struct sm_str name)
{
	return l->options.level != SM_LEVEL_TIGHT &&
	       sm_list_has(&l->sunk, name);
}

/* <path:DIR/<tree>/B>, or without a directory; or empty: one is hidden. */
static struct sm_str tree_slot(struct sm_learn *l, const struct sm_values *v,
			       struct sm_str dir)
{
	struct sm_str text = SM_STR("<path:");

	for (size_t i = 0; i < v->count; i++)
		if (sm_is_dotted(v->items[i].text))
			return SM_STR("");
	if (dir.len) {
		text = sm_learn_join(l, text, sm_escape(l, dir));
		text = sm_learn_join(l, text, SM_STR("/"));
	}
	text = sm_learn_join(l, text, SM_STR("<tree>/"));
	text = sm_learn_join(l, text, name_of(l, v));
	return sm_learn_join(l, text, SM_STR(">"));
}

/*
 * <path:A/B> for relative paths, component by component; <path:A/<tree>/B> for
 * those of several depths, and <path:<tree>/B> where A may be another one. Or
 * empty.
 */
static struct sm_str relative_slot(struct sm_learn *l,
				   const struct sm_values *v)
{
	uint32_t parts = count_parts(v->items[0].text);
	struct sm_str text = SM_STR("<path:"), part, dir = shared_directory(v);

	if (may_run(v))
		return SM_STR("");
	if (v->has_dirs || is_sunk(l, dir))
		return tree_slot(l, v, SM_STR(""));
	if (!are_of_one_depth(v))
		return tree_slot(l, v, dir);
	for (uint32_t i = 0; i < parts; i++) {
		part = part_slot(l, v, i);
		if (!part.len)
			return part;
		if (i)
			text = sm_learn_join(l, text, SM_STR("/"));
		text = sm_learn_join(l, text, part);
	}
	return sm_learn_join(l, text, SM_STR(">"));
}

/* Bytes of `../` and the directories behind it. */
static uint32_t way_up(struct sm_str s)
{
	return sm_str_starts(s, SM_STR("../")) ? s.len - sm_path_name(s).len
					       : 0;
}

/* ../<name>.sums for names in one directory above. Or empty. */
static struct sm_str upper_slot(struct sm_learn *l, const struct sm_values *v)
{
	struct sm_str first = v->items[0].text, slot;
	struct sm_values names = { .items = sm_learn_take(
					   l, v->count * sizeof(*names.items)),
				   .count = v->count };
	uint32_t n = way_up(first);

	for (size_t i = 0; i < v->count; i++) {
		struct sm_str text = v->items[i].text;

		if (!n || way_up(text) != n || memcmp(text.p, first.p, n) != 0)
			return SM_STR("");
		text = (struct sm_str){ text.p + n, text.len - n };
		if (sm_is_guarded_name(text))
			return SM_STR("");
		names.items[i] = v->items[i];
		names.items[i].text = text;
	}
	if (!sm_values_all(&names, is_slash_free) || may_run(&names))
		return SM_STR("");
	slot = sm_escape(l, (struct sm_str){ first.p, n });
	slot = sm_learn_join(l, slot, SM_STR("<name>"));
	return sm_learn_join(l, slot, sm_escape(l, shared_extension(&names)));
}

/* They are files of one pattern: <path:PATTERN>; or empty. */
static struct sm_str known_slot(struct sm_learn *l, const struct sm_values *v)
{
	struct sm_str known = v->items[0].known;

	for (size_t i = 1; known.len && i < v->count; i++)
		if (!sm_str_equal(known, v->items[i].known))
			return (struct sm_str){ "", 0 };
	if (!known.len)
		return known;
	known = sm_learn_join(l, SM_STR("<path:"), sm_open_version(l, known));
	return sm_learn_join(l, known, SM_STR(">"));
}

struct sm_str sm_values_slot(struct sm_learn *l, const struct sm_values *v)
{
	struct sm_evidence e = weigh(l, v);
	struct sm_str none = { "", 0 }, text = known_slot(l, v);

	if (text.len)
		return text;
	text = sm_values_around(l, v);
	if (!text.len)
		text = shared_skeleton(l, v);
	if (text.len) {
		/* Of a number nobody picks from a list, though both came back.
		 */
		e.is_typed = true;
		e.some_recur = false;
		return sm_is_open(l, &e) ? sm_open_version(l, text) : none;
	}
	/* "x.py" is more often source than a host in Paraguay. */
	if (sm_values_all(v, is_host) &&
	    !sm_is_code_suffix(shared_extension(v))) {
		e.is_typed = true;
		return sm_is_open(l, &e) ? SM_STR("<host>") : none;
	}
	if (!sm_is_open(l, &e) && !sm_values_are_members(l, v))
		return sm_members_around(l, v);
	text = sm_values_prose(v);
	if (text.len)
		return text;
	if ((v->has_dirs || !sm_values_all(v, is_slash_free)) &&
	    sm_values_all(v, is_relative))
		return relative_slot(l, v);
	text = shared_origin(v);
	if (text.len)
		return sm_learn_join(l, sm_escape(l, text), SM_STR("<word>"));
	text = upper_slot(l, v);
	return text.len ? text : name_slot(l, v);
}

/* Also what is put behind names, as `.backup.20261122`: the dot stays. */
static bool is_stamped(struct sm_str s)
{
	return s.len > 1 && !sm_str_has(s, '/') && s.p[0] != '-' &&
	       (s.p[0] != '.' || s.p[1] != '.');
}

/* One value is enough when it is the day or time of the recording. */
static struct sm_str clock_slot(struct sm_learn *l, const struct sm_word *word,
				const struct sm_values *v)
{
	struct sm_str none = { "", 0 };

	if (v->count != 1 || word->is_fixed || !is_stamped(v->items[0].text) ||
	    !sm_has_clock(l, v->items[0].text))
		return none;
	return shared_skeleton(l, v);
}

/* Nothing in it may lead to another directory. */
static bool is_one_name(struct sm_str slot)
{
	static const char *const wide[] = { "<path:", "<word>", "<text>",
					    "<option:", NULL };

	for (const char *const *w = wide; *w; w++)
		if (slot.len && memmem(slot.p, slot.len, *w, strlen(*w)))
			return false;
	return true;
}

/* Where a shell reads or writes: a file, though it is called like a host. */
static bool is_redirected(const struct sm_line *line, uint32_t at)
{
	const struct sm_word *before = at ? &line->words[at - 1] : NULL;

	return before && before->is_raw &&
	       (sm_str_has(before->value, '>') ||
		sm_str_has(before->value, '<'));
}

static struct sm_str slot_of_word(struct sm_learn *l,
				  const struct sm_line *line, uint32_t at,
				  const struct sm_values *v)
{
	struct sm_str slot;

	if (sm_says_what_runs(line, at))
		return SM_STR("");
	slot = clock_slot(l, &line->words[at], v);
	if (!slot.len)
		slot = known_slot(l, v);
	if (!slot.len)
		slot = sm_values_given(l, line, at, v);
	if (!slot.len && v->count > 1)
		slot = sm_values_slot(l, v);
	if (sm_str_equal(slot, SM_STR("<host>")) && is_redirected(line, at) &&
	    name_slot(l, v).len)
		slot = sm_learn_join(l, SM_STR("<name>"),
				     sm_escape(l, shared_extension(v)));
	if (!slot.len && v->count > 1)
		slot = sm_values_own(l, line, at, v);
	if (!slot.len && v->count == 1 && sm_is_quantity(line, at))
		slot = shared_skeleton(l, v);
	return slot;
}

struct sm_str sm_word_slot(struct sm_learn *l, const struct sm_line *line,
			   uint32_t at, const struct sm_values *v)
{
	struct sm_str slot = slot_of_word(l, line, at, v);

	return !line->words[at].tail.len || is_one_name(slot) ? slot
							      : SM_STR("");
}

bool sm_is_command_word(struct sm_str s)
{
	for (uint32_t i = 0; i < s.len; i++)
		if (!((s.p[i] >= 'a' && s.p[i] <= 'z') || s.p[i] == '-'))
			return false;
	return s.len > 1;
}
