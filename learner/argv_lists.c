/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files in a row, in lines of one length: whether the next line may hold more.
 */
#include "learner/argv.h"

/* So many make a list, even where there is one line only. */
#define LIST_MIN 3

/* Of POSIX and what goes with it: the last operands are any number of files. */
static bool takes_files(struct sm_str command)
{
	static const char *const names[] = {
		"bzip2",     "cat",	  "cksum",   "cut",	"du",	"file",
		"gzip",	     "head",	  "ls",	     "md5sum",	"nl",	"od",
		"paste",     "pax",	  "rm",	     "sha1sum", "sort", "stat",
		"sha256sum", "sha512sum", "strings", "tail",	"tar",	"touch",
		"wc",	     "xz",	  "zip",     "zstd",	NULL
	};

	return sm_is_among(sm_path_name(command), names);
}

/* The words from `at` on, so many, are operands, and all that come last. */
static bool are_operands(const struct sm_line *line, uint32_t at, uint32_t n)
{
	const struct sm_word *before = at ? &line->words[at - 1] : NULL;

	if (!before || !takes_files(sm_line_command(line, at)) ||
	    (at + n < line->count && !line->words[at + n].is_raw))
		return false;
	/* Behind an option it may be the option's. */
	return !before->is_raw && !before->head.len &&
	       !(before->is_fixed && sm_is_option(before->value));
}

/* The same kinds of paths stand at the same places, and at no others. */
static bool have_same_paths(const struct sm_line *a, const struct sm_line *b)
{
	if (a->count != b->count)
		return false;
	for (uint32_t i = 0; i < a->count; i++)
		if (!sm_str_equal(sm_word_pattern(&a->words[i]),
				  sm_word_pattern(&b->words[i])))
			return false;
	return true;
}

static bool all_have_same_paths(const struct sm_line *lines, size_t count)
{
	for (size_t i = 1; i < count; i++)
		if (!have_same_paths(&lines[0], &lines[i]))
			return false;
	return true;
}

/*
 * Of n paths of one kind from `at` on, which end up as one: all if there are
 * three, as of what to link or to pack, for the next list is longer. Of what
 * takes any number of files, one is enough, and those behind another one that
 * may be an option's, if has_one: where lines differ in what stands there, that
 * is to open first.
 */
static uint32_t listed(const struct sm_line *line, uint32_t at, uint32_t n,
		       bool has_one)
{
	if (n >= LIST_MIN)
		return n;
	for (; has_one && n; at++, n--)
		if (are_operands(line, at, n))
			return n;
	return 0;
}

static void fold_list(struct sm_learn *l, struct sm_line *line, bool has_one)
{
	uint32_t n, some;

	for (uint32_t i = 0; i < line->count; i += n ? n : 1) {
		const struct sm_word *w = &line->words[i];

		for (n = 0;
		     i + n < line->count && sm_word_is_value(&w[n]) &&
		     sm_word_pattern(&w[n]).len &&
		     sm_str_equal(sm_word_pattern(&w[n]), sm_word_pattern(w));)
			n++;
		some = listed(line, i, n, has_one);
		if (!some)
			continue;
		sm_line_fold(l, line, i + n - some, some,
			     sm_path_slot(l, sm_word_pattern(w)));
		return;
	}
}

void sm_lines_list_files(struct sm_learn *l, struct sm_line *lines,
			 size_t count)
{
	bool has_one = l->options.level != SM_LEVEL_TIGHT &&
		       all_have_same_paths(lines, count);

	for (size_t i = 0; i < count; i++)
		fold_list(l, &lines[i], has_one);
}
