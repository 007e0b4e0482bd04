/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Prose: subjects, messages, what is looked for. Where people wrote words with
 * blanks between them, the next one writes `and/or`, though no slash was seen:
 * to what ends with no extension, none leads to a file. But no path from the
 * root or up, nothing hidden, and no option.
 */
#include "learner/argv.h"

/* No option, and no path but one below. */
static bool is_plain(struct sm_str s)
{
	return s.len && s.p[0] != '-' && s.p[0] != '/' && !sm_is_dotted(s);
}

static bool is_file(struct sm_str s)
{
	struct sm_str end = sm_extension(s);

	return sm_is_data_suffix(end) || sm_is_code_suffix(end);
}

static bool has_blank(struct sm_str s)
{
	return s.len > 2 && memchr(s.p + 1, ' ', s.len - 2);
}

struct sm_str sm_values_prose(const struct sm_values *v)
{
	size_t written = 0;

	for (size_t i = 0; i < v->count; i++) {
		if (is_file(v->items[i].text))
			return SM_STR("");
		written += has_blank(v->items[i].text);
	}
	if (written < 2 || 2 * written < v->count || v->has_dirs ||
	    !sm_values_all(v, is_plain))
		return SM_STR("");
	return SM_STR("<path:<tree>/<name>>");
}
