/* SPDX-License-Identifier: Apache-2.0 */
/*
 * open.h: which children of a directory become a slot; for learner/ only.
 */
#ifndef LEARNER_OPEN_H
#define LEARNER_OPEN_H

#include "learner/tree.h"

/* A child that could become part of a slot. */
struct sm_member {
	struct sm_node *node;
	struct sm_str extension;
	struct sm_str skeleton;
	unsigned typed;
	struct sm_sketch shape, profile; /* directories */
	unsigned cluster;
};

struct sm_members {
	struct sm_member *items;
	size_t count;
};

/* qsort(): by extension, skeleton and name. */
int sm_by_skeleton(const void *a, const void *b);
/* Makes the members one slot called name. */
void sm_members_open(struct sm_learn *l, struct sm_member *members,
		     size_t count, struct sm_str name);
/* What speaks for opening. */
struct sm_evidence sm_members_weigh(const struct sm_learn *l,
				    const struct sm_node *parent,
				    const struct sm_member *members,
				    size_t count);
/*
 * Free names of a merged directory that several of its sources hold belong to
 * the structure ("profile.json" of every user) and stay literal.
 */
bool sm_is_structure(const struct sm_node *parent,
		     const struct sm_member *member);
/* Names that differ in more than their numbers; of sorted members. */
size_t sm_count_skeletons(const struct sm_member *members, size_t count);
/* Literal letters before the first token: "order-<int>", not "<int>". */
bool sm_has_fixed_start(struct sm_str skeleton);

/* "<int>.json", but not "logo-<int>.png": that is a name with a number. */
bool sm_is_all_typed(struct sm_str skeleton, const struct sm_node *node);
/* Code was run from a directory in dir. */
bool sm_holds_code(const struct sm_learn *l, struct sm_str dir);
bool sm_node_is_listed(const struct sm_node *node);
/* A name that stays beside a tree of data: dotfiles, keys, made-up ones. */
bool sm_is_spelled(const struct sm_node *node);
/*
 * Opens all of node if it is a tree of data; see data_tree.c. is_owned: it is a
 * slot in which the program makes things, or in one.
 */
bool sm_open_data_tree(struct sm_learn *l, struct sm_node *node,
		       struct sm_str dir, const struct sm_place *place,
		       bool is_owned);

/*
 * Documents that packages list and read in a directory where code was run, as
 * those beside a site generator's settings: by their extensions, at any depth.
 */
void sm_open_texts(struct sm_learn *l, struct sm_node *node);

/* dir: the path of node, empty below a slot. */
void sm_open_dirs(struct sm_learn *l, struct sm_node *node, struct sm_str dir,
		  const struct sm_place *place);
void sm_open_files(struct sm_learn *l, struct sm_node *node, struct sm_str dir,
		   const struct sm_place *place);

#endif
