/* SPDX-License-Identifier: Apache-2.0 */
/*
 * argv_options.h: options that lines hold or not; for argv_*.c only.
 */
#ifndef LEARNER_ARGV_OPTIONS_H
#define LEARNER_ARGV_OPTIONS_H

#include "learner/argv.h"

/* Words behind an option that are its own: `-set comment TEXT`. */
#define SM_TAKES_MAX 2

struct sm_option {
	struct sm_str command, text;	  /* whose; itself, or `--name=` */
	unsigned votes[SM_TAKES_MAX + 1]; /* words behind that are its own */
};

struct sm_options {
	struct sm_option *items;
	size_t count, room;
};

/* A command of a line, or a line of one. */
struct sm_piece {
	struct sm_line line;
	uint32_t at;   /* that so many stand before in its line */
	size_t number; /* in the order of lines and words */
};

/* Those that some of the pieces, sorted and of one program, have more. */
struct sm_options sm_options_find(struct sm_learn *l,
				  const struct sm_piece *pieces, size_t count);
bool sm_word_is_option(const struct sm_word *word);
/* The option that word `at` is the value of, no path's; empty: of none. */
struct sm_str sm_word_option(const struct sm_line *line, uint32_t at);
/* The one that word `at` is, or NULL; how many words behind are its own. */
struct sm_option *sm_option_at(struct sm_options *options,
			       const struct sm_line *line, uint32_t at);
uint32_t sm_option_takes(const struct sm_option *option);
/* Whether so many values follow word `at`, which is an option. */
bool sm_option_has_values(const struct sm_line *line, uint32_t at,
			  uint32_t count);

/* Groups of pieces of one program, sorted, become pseudo-words in them. */
void sm_pieces_group(struct sm_learn *l, struct sm_piece *pieces, size_t count);

#endif
