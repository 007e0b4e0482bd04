/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Words for scripts of the application. What such a script is told it works
 * with under the same policy, unlike a program of the system: which files and
 * hosts its words may mean is decided there. So words that were of no one kind,
 * as a file, a page of a site and a number, may be any text. But no option, and
 * nothing that leads elsewhere: what a word names counts as what the command
 * line gave.
 */
#include "learner/argv.h"

/* The script was recorded itself, and is nobody's package. */
static bool is_own_script(const struct sm_learn *l, struct sm_str command)
{
	return sm_path_is_canonical(command) &&
	       sm_list_has(&l->code_files, command) &&
	       !sm_site_of(l, command).len && !sm_stdlib_of(l, command).len;
}

/* No option, and no path but one below. */
static bool is_text(struct sm_str s)
{
	return s.len && s.p[0] != '-' && s.p[0] != '/' && !sm_is_dotted(s);
}

static bool is_command_of(const struct sm_line *line, uint32_t at)
{
	return at && line->words[at - 1].is_command;
}

struct sm_str sm_values_own(const struct sm_learn *l,
			    const struct sm_line *line, uint32_t at,
			    const struct sm_values *v)
{
	const struct sm_evidence e = { .distinct = v->count };

	/* The first word may be what it does. */
	if (line->words[at].is_path || is_command_of(line, at) ||
	    !is_own_script(l, sm_line_command(line, at)) ||
	    !sm_is_open(l, &e) || !sm_values_all(v, is_text))
		return SM_STR("");
	return SM_STR("<path:<tree>/<name>>");
}
