/* SPDX-License-Identifier: Apache-2.0 */
/*
 * paths.h: the tree of recorded paths; for learner/ only.
 */
#ifndef LEARNER_PATHS_H
#define LEARNER_PATHS_H

#include "learner/learn.h"

/* Who may do what with a path. */
struct sm_grant {
	struct sm_str by;
	uint32_t access;
	struct sm_grant *next; /* by name */
};

/*
 * A component. Made from recorded paths; a node that became part of a slot
 * forwards to the node that stands for all its members.
 */
struct sm_node {
	struct sm_str name; /* is_slot: pattern text; else the recorded name */
	bool is_slot;
	struct sm_node *parent, *forward;
	struct sm_node **kids; /* by name, slots first */
	size_t count, room;
	struct sm_grant *grants;
	struct sm_sketch runs;
	uint64_t seen;
	uint32_t sources;  /* sibling directories merged into this */
	bool is_dir;	   /* has kids, or was listed or made as one */
	bool is_made;	   /* written or created, itself or something below */
	bool is_tempfile;  /* the tempfile module made up the name */
	bool holds_undata; /* something below is no file of data */
};

/* What may open in a directory. */
struct sm_place {
	bool is_closed; /* protected: nothing */
	bool is_code;	/* code was run from here */
	bool is_shared; /* others keep things here too */
	bool is_hidden; /* below a dotted directory */
	bool is_app;	/* below the application's directory */
	bool is_tmp, is_proc;
};
struct sm_place sm_place_of(const struct sm_learn *l, struct sm_str dir);

/* Opens what may open below root, the directory `/`. */
void sm_generalise(struct sm_learn *l, struct sm_node *root);
void sm_node_grant(struct sm_learn *l, struct sm_node *node, struct sm_str by,
		   uint32_t access);
struct sm_node *sm_node_resolve(struct sm_node *node);

/*
 * The pattern of a path that was recorded, by an access or as an argument;
 * the literal pattern when it is unknown. *slotted when it has a slot.
 */
struct sm_str sm_paths_pattern(struct sm_learn *l, struct sm_str path,
			       bool *slotted);

/* The same for a path relative to the working directory of all processes. */
struct sm_str sm_paths_relative(struct sm_learn *l, struct sm_str path,
				bool *slotted);

#endif
