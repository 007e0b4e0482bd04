/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cost.h: what a form of a place costs; for learner/ only.
 *
 *   cost = exposure + false blocks + rules
 *
 * in units of one directory in which any file may be read. See the constants in
 * cost.c for what weighs how much, and secmgr-learn(1).
 */
#ifndef LEARNER_COST_H
#define LEARNER_COST_H

#include "learner/tree.h"

/* What stands above a rule: the slots its pattern has so far. */
struct sm_reach {
	double widest;	    /* freedom of the widest slot */
	unsigned slots;	    /* how many there are */
	unsigned depth;	    /* components below a variable or the root */
	double sensitivity; /* of where the first slot stands */
	bool is_tree;	    /* `**` is among them */
	bool is_literal;    /* the last component is none */
};

/* One component more; node has its final name. */
struct sm_reach sm_reach_below(const struct sm_reach *reach,
			       const struct sm_node *node);
/* The same for a slot that is yet to be. */
struct sm_reach sm_reach_slot(const struct sm_reach *reach, struct sm_str slot);
/* What a directory holds beside what is to open there; is_own: all of it is
 * the package's that uses it. */
double sm_sensitivity(const struct sm_place *place, const struct sm_node *node,
		      bool is_own);
/* Cost of rules that grant access to what reach reaches. */
double sm_rule_cost(const struct sm_reach *reach, uint32_t access);
/* What a rule for pattern reaches beside what was recorded, its own weight and
 * what is near aside. */
double sm_pattern_exposure(struct sm_str pattern, uint32_t access);
/* Cost of all rules of node and what is below it. */
double sm_tree_cost(const struct sm_reach *reach, const struct sm_node *node);

/*
 * How likely the next name is new: names, and in which parts of the recording
 * each was seen. Three ways to divide it, by run, process and time, and a
 * fourth where directories became one, by directory.
 */
enum sm_split { SM_SPLIT_RUN, SM_SPLIT_PROCESS, SM_SPLIT_TIME, SM_SPLIT_DIR };
#define SM_SPLITS 4

struct sm_novelty {
	struct sm_sketch runs, processes;
	uint32_t windows; /* a bit for each that was touched */
	bool is_closed;	  /* something stays as it is */
	struct {
		double seen; /* a name in a part counts once */
		double once; /* names that stay, of one part only */
		double kept; /* names that stay, in however many */
	} split[SM_SPLITS];
};
/* is_closed: the name stays as it is; else it is part of a slot. */
void sm_novelty_add(struct sm_novelty *novelty, const struct sm_node *node,
		    bool is_closed);
/* dirs: how many directories became the one the names stand in. */
double sm_novelty_unseen(const struct sm_novelty *novelty, uint32_t dirs);

/* Cost of a place in which the next use is blocked with this probability. */
double sm_block_cost(const struct sm_learn *l, double probability);

#endif
