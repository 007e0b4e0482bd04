/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Words of children's lines that a command line gave: what is looked for, a
 * version, a file. Who gave it chose it, as a word or as a part of one, and one
 * example tells as much as three. Where one was given, what else stood there
 * is what the program takes when nothing is.
 *
 * What says which program runs and what it does is no such word.
 */
#include "learner/argv.h"
#include "schema/ascii.h"

/* Shorter ones are parts of words by chance. */
#define PART_MIN 3

static bool is_slash_free(struct sm_str s)
{
	return s.len && !sm_str_has(s, '/') && s.p[0] != '.' && s.p[0] != '-';
}

/* A path below the working directory, with nothing hidden on its way. */
static bool is_relative(struct sm_str s)
{
	return s.len && s.p[0] != '/' && s.p[0] != '-' &&
	       s.p[s.len - 1] != '/' && !sm_is_dotted(s);
}

/* <int> and the like, when all are of one type and nothing else. */
static struct sm_str type_of(struct sm_learn *l, const struct sm_values *v)
{
	struct sm_str type = { "", 0 };

	for (size_t i = 0; i < v->count; i++) {
		unsigned typed;
		struct sm_str s = sm_skeleton(l, v->items[i].text, &typed);

		if (typed != 1 || s.p[0] != '<' || s.p[s.len - 1] != '>' ||
		    (i && !sm_str_equal(s, type)))
			return SM_STR("");
		type = s;
	}
	return type;
}

/* A file was given by its name: the next one lies in a directory. */
static bool names_file(const struct sm_learn *l, const struct sm_values *v)
{
	for (size_t i = 0; i < v->count; i++)
		if (sm_is_data_suffix(sm_extension(v->items[i].text)) &&
		    sm_list_has(&l->given, v->items[i].text))
			return true;
	return false;
}

static struct sm_str whole_slot(struct sm_learn *l, const struct sm_values *v)
{
	struct sm_str type = type_of(l, v);

	if (!type.len)
		type = sm_values_prose(v);
	if (type.len)
		return type;
	if (sm_values_all(v, is_slash_free) && !names_file(l, v))
		return SM_STR("<name>");
	return sm_values_all(v, is_relative) ? SM_STR("<path:<tree>/<name>>")
					     : SM_STR("");
}

/* Behind the directories that have names, as ${APP}: these are no parameters,
 * though they hold the words that other things are called. */
static const char *behind_places(const struct sm_learn *l, struct sm_str text)
{
	const char *from = text.p;

	for (size_t i = 0; i < l->prefix_count; i++) {
		struct sm_str dir = l->prefixes[i].dir;
		const char *at = memmem(text.p, text.len, dir.p, dir.len);

		if (at && at + dir.len > from)
			from = at + dir.len;
	}
	return from;
}

/* The longest part of text that was given, between other characters. */
static struct sm_str part_in(const struct sm_learn *l, struct sm_str text)
{
	struct sm_str longest = { "", 0 };
	const char *from = behind_places(l, text);

	for (size_t i = 0; i < l->given.count; i++) {
		struct sm_str word = l->given.items[i];
		const char *at = from;

		if (word.len < PART_MIN || word.len <= longest.len ||
		    !is_slash_free(word))
			continue;
		while ((at = memmem(at, (size_t)(text.p + text.len - at),
				    word.p, word.len))) {
			const char *end = at + word.len;

			if ((at == text.p || !sm_is_alnum(at[-1])) &&
			    (end == text.p + text.len || !sm_is_alnum(*end))) {
				longest = (struct sm_str){ at, word.len };
				break;
			}
			at++;
		}
	}
	return longest;
}

/* START<name>END where all values are alike but for what was given. */
static struct sm_str part_slot(struct sm_learn *l, const struct sm_values *v)
{
	struct sm_str start = { "", 0 }, end = { "", 0 }, slot;
	bool is_file = true;

	for (size_t i = 0; i < v->count; i++) {
		struct sm_str text = v->items[i].text, rest;
		struct sm_str part = part_in(l, text);
		uint32_t at = (uint32_t)(part.p - text.p);

		if (!part.len || part.len == text.len)
			return SM_STR("");
		rest = (struct sm_str){ part.p + part.len,
					text.len - at - part.len };
		is_file &= !at && sm_is_data_suffix(sm_extension(part));
		text.len = at;
		if (i &&
		    (!sm_str_equal(text, start) || !sm_str_equal(rest, end)))
			return SM_STR("");
		start = text;
		end = rest;
	}
	slot = sm_learn_join(l, sm_escape(l, start),
			     is_file ? SM_STR("<path:<tree>/<name>")
				     : SM_STR("<name>"));
	slot = sm_learn_join(l, slot, sm_escape(l, end));
	return is_file ? sm_learn_join(l, slot, SM_STR(">")) : slot;
}

struct sm_str sm_values_given_any(struct sm_learn *l, const struct sm_values *v)
{
	for (size_t i = 0; i < v->count; i++)
		if (sm_list_has(&l->given, v->items[i].text))
			return whole_slot(l, v);
	return SM_STR("");
}

struct sm_str sm_values_given(struct sm_learn *l, const struct sm_line *line,
			      uint32_t at, const struct sm_values *v)
{
	const struct sm_word *word = &line->words[at];
	struct sm_str slot;

	if (word->is_fixed || word->is_path || word->is_pattern ||
	    word->is_run || word->is_raw || word->is_command ||
	    (!at && line->access == SM_ACCESS_EXEC) ||
	    sm_is_subcommand(line, at))
		return SM_STR("");
	slot = sm_values_given_any(l, v);
	return slot.len ? slot : part_slot(l, v);
}
