/* SPDX-License-Identifier: Apache-2.0 */
/*
 * data_tree.h: what is in a directory, and what that is turned into; for
 * data_tree.c and collapse.c only.
 */
#ifndef LEARNER_DATA_TREE_H
#define LEARNER_DATA_TREE_H

#include "learner/open.h"

/* All that is below a directory. */
struct sm_scan {
	size_t files, dirs, made, names;
	size_t dated;		 /* names with a day or time of the recording */
	struct sm_sketch dotted; /* names that begin with a dot */
	struct sm_str by;	 /* of the first grant */
	bool is_shared;		 /* there are others */
	struct sm_str extension; /* of the first file */
	bool is_mixed;		 /* there are several */
	uint32_t access;	 /* of all that is in it */
};

/*
 * Names most owners have: the program's, whoever the owner is. But the day of
 * the recording is everybody's, and tomorrow it is nobody's.
 */
bool sm_is_common(const struct sm_learn *l, const struct sm_node *parent,
		  const struct sm_node *kid);
/*
 * Names most owners have, but so many that they are the owners' choice after
 * all: people upload what they were told to.
 */
bool sm_are_common_open(struct sm_learn *l, const struct sm_node *node);

/* NODE/ ** /<name>, with the extension of its files if they have one only. */
void sm_collapse(struct sm_learn *l, struct sm_node *node,
		 const struct sm_scan *s, bool is_made);
/* NODE/ **, which holds dotfiles, too, but no program that is looked for. */
void sm_collapse_storage(struct sm_learn *l, struct sm_node *node);
/*
 * Files that are all called after the time pile up, and who lists what was made
 * there does so to remove the oldest, once there are enough.
 */
void sm_let_expire(struct sm_learn *l, struct sm_node *node);

#endif
