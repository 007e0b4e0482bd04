/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Words for scripts and modules of the application. What such a script is told
 * it works with under the same policy, unlike a program of the system: which
 * files and hosts its words may mean is decided there. So words that were of no
 * one kind, as a file, a page of a site and a number, may be any text. But no
 * option, and nothing that leads elsewhere: what a word names counts as what
 * the command line gave.
 *
 * Two values of an option of its own are enough for any name: which came with
 * it is a setting, and the script knows best which it takes. But not if the
 * option says who may do what, or whom to ask: no policy decides on that again.
 */
#include "learner/argv_options.h"

static bool is_own_module(const struct sm_learn *l, struct sm_str module)
{
	for (size_t i = 0; i < l->own_code.count; i++)
		if (sm_is_module(l->own_code.items[i], module))
			return true;
	return false;
}

/* It was recorded itself, and is nobody's package. */
static bool is_own(const struct sm_learn *l, const struct sm_line *line,
		   uint32_t at)
{
	struct sm_str command = sm_line_command(line, at);

	if (line->access == SM_ACCESS_EXEC && line->count > 2 &&
	    sm_is_interpreter(line->program) &&
	    sm_str_equal(line->words[1].value, SM_STR("-m")))
		return at > 3 && is_own_module(l, line->words[2].value);
	return sm_path_is_canonical(command) &&
	       sm_list_has(&l->own_code, command);
}

/* No option, and no path but one below. */
static bool is_text(struct sm_str s)
{
	return s.len && s.p[0] != '-' && s.p[0] != '/' && !sm_is_dotted(s);
}

static bool is_name(struct sm_str s)
{
	return is_text(s) && !sm_str_has(s, '/');
}

static bool is_command_of(const struct sm_line *line, uint32_t at)
{
	return at && line->words[at - 1].is_command;
}

/* Behind an option of its own: the command stands before that. */
static bool is_of_option(const struct sm_line *line, uint32_t at)
{
	return line->words[at].head.len
		       ? sm_word_is_option(&line->words[at])
		       : at > 1 && sm_word_is_option(&line->words[at - 1]);
}

struct sm_str sm_values_own(const struct sm_learn *l,
			    const struct sm_line *line, uint32_t at,
			    const struct sm_values *v)
{
	const struct sm_evidence e = { .distinct = v->count };

	/* The first word may be what it does. */
	if (line->words[at].is_path || is_command_of(line, at) ||
	    !is_own(l, line, at))
		return SM_STR("");
	if (sm_is_open(l, &e) && sm_values_all(v, is_text))
		return SM_STR("<path:<tree>/<name>>");
	if (l->options.level != SM_LEVEL_TIGHT && v->count > 1 &&
	    is_of_option(line, at) && sm_is_plain_option(line, at) &&
	    sm_values_all(v, is_name))
		return SM_STR("<name>");
	return SM_STR("");
}
