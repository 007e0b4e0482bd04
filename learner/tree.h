/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tree.h: the tree of recorded paths; for learner/ only.
 */
#ifndef LEARNER_TREE_H
#define LEARNER_TREE_H

#include "learner/learn.h"

/* One component of a pattern has so many at most. */
#define SM_COMPONENT_WILDCARDS 8

/* Who may do what with a path. */
struct sm_grant {
	struct sm_str by; /* empty: anybody but foreign and made-up code */
	uint32_t access;
	struct sm_grant *next; /* by name */
	uint64_t seen;	       /* events of theirs; 0: only concluded */
};

/* The sibling whose name is spelled in this one, when that was text. */
struct sm_base {
	struct sm_node *node; /* NULL: there is none */
	struct sm_str text;
	uint32_t at, len;
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
	struct sm_str why; /* it is a slot, for people; empty: it is none */
	struct sm_sketch runs, processes;
	uint32_t windows; /* a bit for each part of the time */
	struct sm_span time;
	uint32_t sources;  /* sibling directories merged into this */
	bool is_dir;	   /* has kids, or was listed or made as one */
	bool is_file;	   /* was opened and made as one */
	bool is_made;	   /* written or created, itself or something below */
	bool is_created;   /* itself */
	bool is_link;	   /* made as a symbolic link, or renamed from one */
	bool is_made_dir;  /* likewise as a directory */
	bool is_tempfile;  /* the tempfile module made up the name */
	bool is_given;	   /* a command line gives the name: given.c */
	bool is_named;	   /* likewise, its extension included */
	bool is_probed;	   /* a program that was looked for: probed.c */
	bool is_brought;   /* moved here with the name it was found with */
	bool is_moved;	   /* renamed to this, and the name was there before */
	uint32_t tmp_at;   /* where its made-up part starts, from 1; 0: ask */
	bool is_both;	   /* a slot for files and for directories */
	bool is_drawn;	   /* a slot for what a process drew: its pid, <tmp> */
	bool is_text;	   /* a slot for texts: other formats beside it */
	bool is_own_dir;   /* likewise a directory, for the time it runs */
	bool is_varied;	   /* a slot for files of which each use had others */
	bool holds_undata; /* something below is no file of data */
	struct sm_base base;
	struct sm_node *source; /* where it was found and moved from */
	struct sm_node *draft;	/* its name with more behind it: renamed.c */
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

/* Slots before names, then by name. */
int sm_node_compare(const struct sm_node *a, const struct sm_node *b);
/* Of a node whose kids are in order: the literal one; NULL: there is none. */
struct sm_node *sm_node_kid(const struct sm_node *node, struct sm_str name);
struct sm_grant *sm_node_grant(struct sm_learn *l, struct sm_node *node,
			       struct sm_str by, uint32_t access);
/* `**`: what is below it stands at any depth. */
bool sm_node_is_tree(const struct sm_node *node);
/* Sub-directories that are not owners'. */
bool sm_node_has_dirs(const struct sm_node *node);
/* Accesses anybody has. */
uint32_t sm_node_access(const struct sm_node *node);
/* What by may do itself, not as anybody. */
uint32_t sm_node_access_by(const struct sm_node *node, struct sm_str by);
/* In which parts of the recording call uses node. */
void sm_node_note_call(const struct sm_learn *l, struct sm_node *node,
		       const struct sm_call *call);
struct sm_node *sm_node_resolve(struct sm_node *node);
/* Everything of from but its kids; from forwards to into. */
void sm_node_take(struct sm_learn *l, struct sm_node *into,
		  struct sm_node *from);
/* Makes nodes[0] stand for all of them and their kids. */
void sm_nodes_join(struct sm_learn *l, struct sm_node *const *nodes,
		   size_t count);
/*
 * A copy of node and all below it, to see what becomes of it in another form.
 * When that form is taken, what stood for the nodes copied stands for the
 * copies: sm_copies_adopt(), before the originals are changed or afterwards.
 */
struct sm_copied;
struct sm_copies {
	struct sm_copied *last;
};
struct sm_node *sm_node_copy(struct sm_learn *l, struct sm_node *node,
			     struct sm_copies *copies);
void sm_copies_adopt(const struct sm_copies *copies);
/* The same for the copy of one node, which keeps its place and name. */
void sm_copies_replace(const struct sm_copies *copies, struct sm_node *node,
		       struct sm_node *copy);
/* Drops what was merged away, puts the rest in order, joins equal slots. */
void sm_node_tidy(struct sm_learn *l, struct sm_node *node);
/* By packages, as opposed to the application, Python and generated code. */
bool sm_is_package(struct sm_str by);
/* A new child, behind all others; tidy up when nobody goes through them. */
struct sm_node *sm_node_new_slot(struct sm_learn *l, struct sm_node *parent,
				 struct sm_str name, bool is_dir);
/*
 * Of a node that is tidy, or NULL: the slot called so, for directories or for
 * files; the one for any name, for either; and `**`. NULL: there is none.
 */
struct sm_node *sm_node_slot(const struct sm_node *node, struct sm_str name,
			     bool is_dir);
struct sm_node *sm_node_any_slot(const struct sm_node *node);
struct sm_node *sm_node_tree_in(const struct sm_node *node);
/* The slot called so that is there, or a new one for directories. */
struct sm_node *sm_node_slot_in(struct sm_learn *l, struct sm_node *node,
				struct sm_str name);
/* DIR/NAME. */
struct sm_str sm_path_below(struct sm_learn *l, struct sm_str dir,
			    struct sm_str name);
/* The same of a kid; empty where dir is, and below slots: nobody knows it. */
struct sm_str sm_kid_path(struct sm_learn *l, struct sm_str dir,
			  const struct sm_node *kid);

/* Wide grants all of narrow. */
bool sm_grants_cover(const struct sm_grant *wide,
		     const struct sm_grant *narrow);
/* Everything granted at and below narrow is granted by wide. */
bool sm_node_covers(const struct sm_node *wide, const struct sm_node *narrow);
/* The child of node that covers kid, which may be a child of another; NULL:
 * there is none. */
struct sm_node *sm_node_covering(const struct sm_node *node,
				 const struct sm_node *kid);
/* The steps of sm_generalise(), each below node. */
/* Before its kids are renamed: marks names that were drawn at random. */
void sm_node_note_drawn(const struct sm_learn *l, struct sm_node *node,
			const struct sm_place *place);
/* Where tempfile's eight characters stand in name, if they do. */
bool sm_find_tmp(struct sm_str name, uint32_t *at);
/* Name with token in place of the bytes from from to to; the rest is escaped.
 */
struct sm_str sm_with_token(struct sm_learn *l, struct sm_str name,
			    uint32_t from, uint32_t to, const char *token);
/* "tmp" and eight characters, nothing or an extension behind. */
bool sm_is_plain_tmp(struct sm_str name);
void sm_node_rename(struct sm_learn *l, struct sm_node *node,
		    const struct sm_place *place);
/* Marks the kids whose names are made from their siblings'; before the cut. */
void sm_node_note_bases(struct sm_learn *l, struct sm_node *node);
/* Opens what is made from names that opened, and drawn names of one frame. */
void sm_tree_derive(struct sm_learn *l, struct sm_node *root);
/* One file name of many directories is one at any depth; see spread.c. */
void sm_tree_spread(struct sm_learn *l, struct sm_node *root);
void sm_tree_absorb(struct sm_learn *l, struct sm_node *node);
void sm_tree_rename_once(struct sm_learn *l, struct sm_node *node,
			 struct sm_str dir);
void sm_tree_rotate(struct sm_learn *l, struct sm_node *node);
void sm_tree_deepen(struct sm_learn *l, struct sm_node *node);
/* What is made of files at any depth lies at any depth: outputs.c. */
void sm_tree_outputs(struct sm_learn *l, struct sm_node *root);
/* Any name behind links that the program makes; see links.c. */
void sm_tree_look_behind(struct sm_learn *l, struct sm_node *node);
/* Who walks what others fill reads all that is there; see walkers.c. */
void sm_tree_walk(struct sm_learn *l, struct sm_node *node, struct sm_str dir);
/* Who makes a directory and removes it empties it; see emptied.c. */
void sm_tree_empty(struct sm_learn *l, struct sm_node *node, struct sm_str dir);
/* Reads back what it makes where a command line says; see twins.c. */
void sm_tree_twin(struct sm_learn *l, struct sm_node *root);
void sm_tree_join_slots(struct sm_learn *l, struct sm_node *node);

#endif
