/* SPDX-License-Identifier: Apache-2.0 */
/*
 * words.h: what words of a command line mean as paths; for learner/ only.
 */
#ifndef LEARNER_WORDS_H
#define LEARNER_WORDS_H

#include "learner/learn.h"
#include "schema/shell.h"

/* Where a word stands that may be a path. */
struct sm_standing {
	struct sm_str dir; /* the working directory there; empty: unknown */
	bool is_told;	   /* the line itself says it: `cd`, -C, cwd= */
};

/* Of each word of a program's arguments, and of each token of a line. */
void sm_standing_in_argv(struct sm_learn *l, const struct sm_fact *fact,
			 struct sm_standing *standing);
void sm_standing_in_shell(struct sm_learn *l, const struct sm_fact *fact,
			  const struct sm_shell *shell,
			  struct sm_standing *standing);

/*
 * What subprocess was called with for a program that was seen to start; NULL:
 * nothing, or it was called with the same words in several places.
 */
const struct sm_event *sm_announcement(struct sm_learn *l,
				       const struct sm_fact *fact);

/*
 * The word at `at` says in which directory a command behind it is given all
 * names there are: whoever puts a file there gives it options.
 */
bool sm_word_gives_names(const struct sm_shell *shell, uint32_t at);

/*
 * The path a relative word means there; empty when that cannot be told or it
 * is not spelled plainly: with `.`, `..` or `//` no pattern matches it.
 */
struct sm_str sm_standing_path(struct sm_learn *l,
			       const struct sm_standing *standing,
			       struct sm_str word);

#endif
