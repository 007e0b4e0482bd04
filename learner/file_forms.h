/* SPDX-License-Identifier: Apache-2.0 */
/*
 * file_forms.h: the forms the files of a directory may take; for learner/ only.
 *
 * The decision for a directory has two forms: a decision for each extension, or
 * one slot for files of any, where the program fills it with them.
 */
#ifndef LEARNER_FILE_FORMS_H
#define LEARNER_FILE_FORMS_H

#include "learner/open.h"

/* Names that become a slot. */
struct sm_opening {
	struct sm_member *members;
	size_t count;
	struct sm_str slot;
};

/* What is done with the files of one extension, or all. */
struct sm_file_form {
	struct sm_form form;
	struct sm_opening *openings;
	size_t count;
	bool has_types; /* one for each type of name, no other */
};

/* The files of one extension, and what may become of them. */
struct sm_kind {
	const struct sm_node *node;
	const struct sm_scope *scope;
	struct sm_member *members; /* those that open by type come first */
	size_t count, all;	   /* all: files that may open in node */
	struct sm_opening *types;
	size_t type_count, typed; /* typed: how many members they hold */
	bool has_blanks;	  /* names of files made in node do */
	bool is_varied;
	bool is_found; /* by the program, which lists them */
	struct sm_choice *cut;
};

struct sm_file_form *sm_file_form(struct sm_learn *l, struct sm_choice *cut,
				  size_t openings, size_t parts);
void sm_file_form_open(struct sm_file_form *form, struct sm_member *members,
		       size_t count, struct sm_str slot);

/* A rule for node, unless it was only mentioned. */
double sm_literal_cost(const struct sm_reach *reach,
		       const struct sm_node *node);
double sm_opening_cost(const struct sm_reach *reach,
		       const struct sm_opening *opening);

/* Lays out k->cut. k: node, scope, members, count and all are set. */
void sm_cut_extension(struct sm_learn *l, struct sm_kind *k);

/*
 * How likely the next thing in node is of an extension or on a level that was
 * not there before. is_filled: extensions mean nothing.
 */
double sm_new_kind(const struct sm_node *node, const struct sm_kind *kinds,
		   size_t count, bool is_filled);
/* Adds the form that fills node, if it may be. others: what stays costs. */
void sm_cut_filling(struct sm_learn *l, struct sm_choice *cut,
		    const struct sm_node *node, const struct sm_kind *kinds,
		    size_t count, const struct sm_scope *scope, double others);

#endif
