/* SPDX-License-Identifier: Apache-2.0 */
/*
 * path_entries.h: recorded paths on their way into the tree; for paths.c and
 * path_rules.c only.
 */
#ifndef LEARNER_PATH_ENTRIES_H
#define LEARNER_PATH_ENTRIES_H

#include "learner/paths.h"

/* A path to put into the tree. access 0: only mentioned. */
struct sm_path_entry {
	struct sm_str path;
	uint32_t access;
	uint32_t within; /* of a relative word: up to its first slash; or 0 */
	bool is_made;	 /* mentioned as something to be written */
	bool is_dropped;
	bool is_taken; /* a rule of ${ARG} or ${START} grants it */
	const struct sm_view *view;
	struct sm_node *node;
};

struct sm_paths {
	struct sm_node root;
	struct sm_path_entry *entries; /* by component */
	size_t count, room;
};

/*
 * Fills the entries, in order, but for their nodes: what was done with files,
 * and what arguments, addresses and names of code mention. Of files->count:
 * is_taken and what stands for the path wherever a program is started.
 */
void sm_path_entries(struct sm_learn *l, const struct sm_facts *files,
		     const bool *is_taken, const struct sm_str *started);

/* An entry of path; NULL: there is none. */
struct sm_path_entry *sm_path_entry(const struct sm_paths *p,
				    struct sm_str path);

/* Entries of dir and of what is below it, which stay together; *count of them.
 */
struct sm_path_entry *sm_path_entries_below(const struct sm_paths *p,
					    struct sm_str dir, size_t *count);

/* Everything that was done with just this path, other rules grant. */
bool sm_path_is_taken(const struct sm_paths *p, struct sm_str path);

/* Rules for all below node, and what they grant is taken from it. */
void sm_path_rules(struct sm_learn *l, struct sm_node *node);
/* What import, tracebacks and start-up do beside reading code. */
void sm_path_rules_indirect(struct sm_learn *l, const struct sm_facts *files);

#endif
