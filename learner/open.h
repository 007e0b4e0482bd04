/* SPDX-License-Identifier: Apache-2.0 */
/*
 * open.h: what a directory and its children may become; for learner/ only.
 *
 * Here it is decided which forms evidence and protection allow, never which of
 * them is taken: forms.c lays them out as decisions, cut.h takes the cheapest.
 */
#ifndef LEARNER_OPEN_H
#define LEARNER_OPEN_H

#include "learner/cost.h"
#include "learner/cut.h"
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

/* Where a directory stands. */
struct sm_scope {
	struct sm_str dir; /* its path; empty below a slot */
	struct sm_place place;
	bool is_owned; /* it is a slot in which the program makes things, or
			  in one */
	bool is_own;   /* it, or one above, is a package's own */
	struct sm_reach reach; /* the directory itself included */
};

/* Members that may become one slot, or have to stay what they are. */
struct sm_group {
	struct sm_members members;
	struct sm_str slot; /* empty: they have to stay */
};

struct sm_groups {
	struct sm_group *items;
	size_t count;
	struct sm_members others; /* slots and protected names; nodes only */
};

/* qsort(): by extension, skeleton and name. */
int sm_by_skeleton(const void *a, const void *b);
/* Makes nodes one slot called name, which is returned. */
struct sm_node *sm_members_join(struct sm_learn *l, struct sm_node **nodes,
				size_t count, struct sm_str name);
/* Remembers names that became part of a slot: arguments may be such names. */
void sm_members_note(struct sm_learn *l, const struct sm_member *members,
		     size_t count);
/* The same for all names below node, which becomes a tree of data: they are no
 * arguments, but as little names that are fixed elsewhere. */
void sm_members_note_tree(struct sm_learn *l, const struct sm_node *node);
/* Programs are looked for in node itself: probed.c. */
bool sm_has_probed(const struct sm_node *node);
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
/* A directory of what begins with its name; see shelves.c. */
bool sm_is_shelf(const struct sm_node *node);
/* Code was run from a directory in dir. */
bool sm_holds_code(const struct sm_learn *l, struct sm_str dir);
/* A directory that is the program's start, whatever it makes in it. */
bool sm_is_base(const struct sm_learn *l, struct sm_str dir);
/*
 * What is in dir may open at any depth: the path is known (not empty), nobody
 * else keeps things there, and there are neither code nor the program's start.
 */
bool sm_may_open_whole(const struct sm_learn *l, struct sm_str dir,
		       const struct sm_place *place);
bool sm_node_is_listed(const struct sm_node *node);
/* A slot with any name in it, which was another one in each use. */
bool sm_has_told_name(const struct sm_node *node);
/* Who made the file is not the program, or was told its name. */
bool sm_is_found(const struct sm_node *node);
/* A name that stays beside a tree of data: dotfiles, keys, made-up ones. */
bool sm_is_spelled(const struct sm_node *node);
/*
 * Makes node a tree of data if it may be one; see data_tree.c.
 */
bool sm_open_data_tree(struct sm_learn *l, struct sm_node *node,
		       const struct sm_scope *scope);

/* False: sm_open_data_tree() would say so, too. */
bool sm_may_be_data_tree(const struct sm_node *node,
			 const struct sm_scope *scope);
/* Makes node one, whatever it costs. is_made: by the program. is_mixed: with
 * files of any extension, though there was one only. */
void sm_open_tree(struct sm_learn *l, struct sm_node *node, bool is_made,
		  bool is_mixed, struct sm_str why);
/* Other packages may use files of the application as one does; upkeep.c. */
void sm_node_let_packages(struct sm_learn *l, struct sm_node *files);
/* Adds what keeping a directory of one's own takes; see upkeep.c. */
void sm_node_keep_up(struct sm_learn *l, struct sm_node *node);
/* Of one component; it has SM_COMPONENT_WILDCARDS at most. */
unsigned sm_count_wildcards(struct sm_str text);
/* Directories of owners that others elsewhere show, and files that are called
 * after them; see owners.c. */
void sm_open_owned(struct sm_learn *l, struct sm_node *node, struct sm_str dir,
		   const struct sm_place *place);
void sm_name_owners(struct sm_learn *l, struct sm_node *node);
/* A file that may be called after another: code and keys never are. */
bool sm_is_derivable(const struct sm_node *kid);
/* Drawn names of one frame: what is chosen in them, of stems only, or anything
 * when stems is NULL. */
void sm_open_frames(struct sm_learn *l, const struct sm_str_list *stems,
		    struct sm_node *node);
/* Names that opened elsewhere, of which stems are what they start with. */
void sm_open_known(struct sm_learn *l, const struct sm_str_list *stems,
		   struct sm_node *node);
/* Temporary files may have any extension: in a directory of such, or where two
 * that are called alike had others. */
void sm_open_ends(struct sm_learn *l, struct sm_node *node, bool is_tmp);
/* One of both became the other, and is called as it, with more behind. */
void sm_node_note_renamed(struct sm_node *one, struct sm_node *other);
/* The name that goes with the slot that its draft became; or empty. */
struct sm_str sm_name_of_draft(struct sm_learn *l, const struct sm_node *node);
/* Files moved there under their names are called as where they came from. */
void sm_open_brought(const struct sm_learn *l, struct sm_node *node);
/* Its name was drawn, and it was made: whoever made it uses it by himself. */
bool sm_is_drawn_dir(const struct sm_node *node);
/* Makes node a tree of whoever made it, if its name was drawn. */
bool sm_open_drawn(struct sm_learn *l, struct sm_node *node);
/* Made of what opened elsewhere, under names in stems; see mirror.c. */
bool sm_is_mirror(const struct sm_learn *l, const struct sm_str_list *stems,
		  const struct sm_node *node, struct sm_str dir,
		  const struct sm_place *place);
/* Directories of inputs in node, which some of what opened is called after. */
void sm_open_inputs(struct sm_learn *l, const struct sm_str_list *stems,
		    struct sm_node *node, struct sm_str dir,
		    const struct sm_place *place);
/* Packages, and nobody else, read data there by name; see served.c. */
bool sm_is_served(const struct sm_learn *l, const struct sm_node *node,
		  struct sm_str dir, const struct sm_place *place);
/* All of it is what people write for people; once node is a tree of it, texts
 * of other formats open, too. */
bool sm_is_written(const struct sm_node *node);
void sm_open_written(struct sm_learn *l, struct sm_node *node);
/* What goes with pages lies below: style sheets, scripts, fonts. */
bool sm_has_assets(const struct sm_node *node);
/* Data is read there, and nothing else done, by names somebody tells. */
bool sm_is_told(const struct sm_learn *l, const struct sm_node *node,
		struct sm_str dir, const struct sm_place *place);
/* A package made the directory, and nobody else uses what is in it. */
bool sm_is_own(const struct sm_learn *l, const struct sm_node *node,
	       struct sm_str dir);

/*
 * Documents that packages list and read in a directory where code was run, as
 * those beside a site generator's settings: by their extensions, at any depth.
 * False: there are none.
 */
bool sm_open_texts(struct sm_learn *l, struct sm_node *node);

/* The directories in node, each in one group or with the others. */
struct sm_groups sm_dir_groups(struct sm_learn *l, const struct sm_node *node,
			       const struct sm_scope *scope);
/* The same for a group that stays, by the types of the names. */
struct sm_groups sm_typed_groups(struct sm_learn *l, const struct sm_node *node,
				 const struct sm_scope *scope,
				 const struct sm_members *members);

/*
 * Lets a directory that the program makes and fills with files of any name hold
 * such directories, at any depth, if it may.
 */
void sm_node_deepen(struct sm_learn *l, struct sm_node *node, struct sm_str dir,
		    const struct sm_place *place);

/* What is to become of the files in node that may open. */
struct sm_choice *sm_cut_files(struct sm_learn *l, const struct sm_node *node,
			       const struct sm_scope *scope);
/* Does what was decided. */
void sm_apply_files(struct sm_learn *l, const struct sm_choice *cut);

/*
 * Why a slot came of count names or entries: what the form that was chosen and
 * the one as recorded cost.
 */
struct sm_str sm_cut_why(struct sm_learn *l, const struct sm_choice *cut,
			 size_t count, const char *what);

/* Everything that may become of the tree below root, which stays as it is. */
struct sm_choice *sm_cut_lay_out(struct sm_learn *l, struct sm_node *root);
/* Brings it into the form sm_cut_solve() chose. */
void sm_cut_apply(struct sm_learn *l, struct sm_choice *cut);

#endif
