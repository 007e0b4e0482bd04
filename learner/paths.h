/* SPDX-License-Identifier: Apache-2.0 */
/*
 * paths.h: patterns for recorded paths; for learner/ only.
 */
#ifndef LEARNER_PATHS_H
#define LEARNER_PATHS_H

#include "learner/tree.h"
#include "learner/words.h"

/* Opens what may open below root, the directory `/`. */
void sm_generalise(struct sm_learn *l, struct sm_node *root);

/*
 * The pattern of a path that was recorded, by an access or as an argument;
 * the literal pattern when it is unknown. *slotted when it has a slot.
 */
struct sm_str sm_paths_pattern(struct sm_learn *l, struct sm_str path,
			       bool *slotted);

/* Likewise, for the words of lines: of texts in any format. */
struct sm_str sm_paths_word(struct sm_learn *l, struct sm_str path,
			    bool *slotted);

/* The same for a relative path, as a relative pattern; empty: there is none. */
struct sm_str sm_paths_relative(struct sm_learn *l,
				const struct sm_standing *standing,
				struct sm_str path, bool *slotted);

/*
 * The directory in which all files lie that are among words, two or more, if
 * there is just one; empty before sm_paths_index().
 */
struct sm_str sm_paths_holding(struct sm_learn *l, const struct sm_str *words,
			       size_t count);
void sm_paths_index(struct sm_learn *l);
/* Paths by what they are called; takes the array. */
struct sm_called *sm_called_index(struct sm_learn *l, struct sm_str *paths,
				  size_t count);
/* One of them is the word, or it in a directory. */
bool sm_called_has(const struct sm_called *called, struct sm_str word);
/* False: beyond the last. Empty: it is only mentioned. */
bool sm_paths_recorded(const struct sm_learn *l, size_t at,
		       struct sm_str *path);

/* Marks stores below node that a library made; kids as they were recorded. */
void sm_note_stores(struct sm_learn *l, struct sm_node *node);

/* The node of a path that was recorded; NULL: there is none. */
const struct sm_node *sm_paths_find(const struct sm_learn *l,
				    struct sm_str path);
/*
 * The pattern of a node: variables and literals, then slots. *path is the path
 * itself when there is no slot in it, else empty.
 */
struct sm_str sm_node_pattern(struct sm_learn *l, const struct sm_node *node,
			      struct sm_str *path);
/*
 * A path as a literal pattern, but with slots for directories of the program
 * that command lines gave: what a file is called stays.
 */
struct sm_str sm_paths_told(struct sm_learn *l, struct sm_str path);

/* Programs looked for where the program makes directories: to l->probed. */
void sm_learn_probed(struct sm_learn *l);

/* The pattern of a program's path: the literal one, but for those. */
struct sm_str sm_paths_program(struct sm_learn *l, struct sm_str path);

/* Notes who reads what several packages share; before their rules. */
void sm_learn_share_readers(struct sm_learn *l);

/*
 * Rules for what packages read of the data of distributions; takes what these
 * grant from node, which stands for path.
 */
void sm_learn_package_data(struct sm_learn *l, struct sm_node *node,
			   struct sm_str path);

/*
 * What else is compiled if path, a template of a distribution, is; empty: it is
 * none, or lies where the code does.
 */
struct sm_str sm_learn_package_code(struct sm_learn *l, struct sm_str path);

/*
 * Rules of ${ARG} for what is done below paths that command lines name; of
 * f->count, which facts need no others.
 */
bool *sm_learn_command(struct sm_learn *l, const struct sm_facts *f);
/* And for packages that make the same in another format. */
void sm_learn_other_formats(struct sm_learn *l);
/*
 * Rules of ${START} for others of them, which are taken then, too. Of f->count,
 * what stands for the path wherever a program is started; empty: nothing.
 */
const struct sm_str *sm_learn_start(struct sm_learn *l,
				    const struct sm_facts *f, bool *is_taken);

/* What neither of the two lets be done: secmgr-policy(5). */
#define SM_TOLD_CHANGES                                                        \
	(SM_ACCESS_WRITE | SM_ACCESS_CREATE | SM_ACCESS_DELETE |               \
	 SM_ACCESS_META | SM_ACCESS_LINK | SM_ACCESS_SQLITE)
/* To code, whatever it is. */
bool sm_told_is_code(const struct sm_learn *l, struct sm_str path);
/* Changes below what holds code. */
bool sm_told_holds_code(const struct sm_learn *l, struct sm_str name);

#endif
