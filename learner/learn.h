/* SPDX-License-Identifier: Apache-2.0 */
/*
 * learn.h: the state of one sm_learn(); for learner/ only.
 *
 * Everything lives in one arena and running out of memory is noticed in one
 * place: sm_learn_take() jumps back into sm_learn(), which frees the arena. So
 * nothing below sm_learn() may hold memory or files of its own across a call.
 */
#ifndef LEARNER_LEARN_H
#define LEARNER_LEARN_H

#include <setjmp.h>

#include "learner/observe.h"
#include "schema/places.h"
#include "schema/request.h"

/* A distinct call with its event and requests at hand. */
struct sm_view {
	const struct sm_call *call;
	const struct sm_call *recorded; /* before repeats.c counts runs once */
	struct sm_event event;
	struct sm_request *requests;
	unsigned request_count;
	bool is_covered; /* by a bundle */
};

/* One request of one call; what families are learned from. */
struct sm_fact {
	const struct sm_request *request;
	const struct sm_view *view;
};

struct sm_facts {
	struct sm_fact *items;
	size_t count;
};

/* ${NAME}, and one directory it stands for. */
struct sm_prefix {
	struct sm_str name, dir;
	bool is_used;
};

struct sm_str_list {
	struct sm_str *items;
	size_t count, room;
};

struct sm_learn {
	struct sm_arena arena;
	jmp_buf failed;
	enum sm_status status;
	const struct sm_observations *observations;
	struct sm_learn_options options;
	struct sm_view *views; /* by key */
	size_t view_count;
	size_t run_count;	    /* repeats.c: those that differ */
	uint64_t first_ns, last_ns; /* windows.c: of all calls */

	/* variables.c: longest directory first; code directories */
	struct sm_prefix *prefixes;
	size_t prefix_count, prefix_room;
	struct sm_str_list stdlib, site, code_dirs, code_files, tmp_names;
	struct sm_str_list stdlib_files; /* loaded */
	/* Names mkdtemp() made up in a directory it was told relatively, which
	 * is what it says before Python 3.12: without the directory. */
	struct sm_str_list tmp_relative;
	struct sm_str_list tmp_words;	 /* tmp_names without directories */
	struct sm_str_list program_dirs; /* of what was executed */
	struct sm_str_list own_code;	 /* of code_files, what Python ran */
	struct sm_str_list made_hidden;	 /* directories made, with a dot */
	struct sm_str_list text_dirs;	 /* of text that was run: templates */
	struct sm_str app;		 /* empty: none */
	struct sm_str cwd;   /* of all processes; empty: they differ */
	struct sm_pid *pids; /* pids.c: two of each process, by number */
	const struct sm_owner **processes; /* by identity */
	size_t process_count;

	/* code.c: top-level names of distributions, and those of them that
	 * other code than Python's own loads; a .pth file loads for all. */
	struct sm_str_list loaded, wanted;
	struct sm_str_list nameless; /* generated.c */
	struct sm_str_list unrun;    /* patterns of what was only asked for */

	struct sm_paths *paths;		/* path_entries.h */
	struct sm_called *called;	/* holding.c */
	struct sm_announced *announced; /* announced.c */
	struct sm_called *inspected;	/* argv_source.c */
	struct sm_called *ran;		/* likewise */
	size_t tried;			/* nodes copied to try forms on */
	struct sm_str_list members;	/* names that became part of a slot */
	struct sm_str_list owners;    /* those of directories that were made */
	struct sm_str_list word_sets; /* argv_sets.c */
	struct sm_str_list word_ways; /* likewise */
	struct sm_str_list sunk;      /* names that went into a tree of data */
	struct sm_str_list found;     /* files read where names opened */
	struct sm_str_list given;     /* given.c */
	struct sm_str_list quoted;    /* quoted.c */
	struct sm_str_list told;      /* command.c: where changes open */
	struct sm_str_list probed;    /* probed.c */
	struct sm_str_list share_readers; /* package_data.c */

	struct sm_str why;    /* of the rules being added; empty: recorded */
	struct draft *drafts; /* emit.c: rules before they are numbered */
	size_t draft_count, draft_room;
	struct sm_str_list use;	   /* bundles */
	struct sm_str_list taken;  /* narrow.c: patterns taken back */
	struct sm_rules *building; /* freed when something fails */
	struct sm_learned *out;
	struct sm_diag diag;
};

/* ------------------------------------------------------------------ shared */

/* Never NULL: jumps. */
void *sm_learn_take(struct sm_learn *l, size_t bytes);
/*
 * The array of count items with room for one more: items itself, or a copy in
 * twice the room. *room is 0 for an array that is not there yet.
 */
void *sm_learn_grow(struct sm_learn *l, void *items, size_t count, size_t *room,
		    size_t item_bytes);
struct sm_str sm_learn_copy(struct sm_learn *l, struct sm_str text);
struct sm_str sm_learn_join(struct sm_learn *l, struct sm_str a,
			    struct sm_str b);
_Noreturn void sm_learn_fail(struct sm_learn *l, enum sm_status status);
/* Adds text unless it is there; keeps the list sorted by bytes. */
void sm_list_add(struct sm_learn *l, struct sm_str_list *list,
		 struct sm_str text);
bool sm_list_has(const struct sm_str_list *list, struct sm_str text);
/* Of names written in the source, the last one NULL. */
bool sm_is_among(struct sm_str text, const char *const *names);
/* The facts of the calls no bundle covers with an access in the set. */
struct sm_facts sm_learn_facts(struct sm_learn *l, enum sm_family family,
			       uint32_t access);
/* The words that command lines give; before anything asks for them. */
void sm_learn_given(struct sm_learn *l);
/* Lists files whose source is shown, and which are data: of all views. */
void sm_learn_quoted(struct sm_learn *l);
bool sm_is_quoted(const struct sm_learn *l, const struct sm_request *request);
/* Whether name, or what it is without its extension, is one of them. */
bool sm_is_given(const struct sm_learn *l, struct sm_str name);
/* When a value was used, and in which runs. */
struct sm_use {
	struct sm_span time;
	const struct sm_sketch *runs;
};
#define SM_USES_MAX 8 /* with more values none asks for it */
/*
 * Each came in several runs, but was over when the next began: one took the
 * place of another, as those of today do of yesterday's.
 */
bool sm_uses_follow(const struct sm_use *uses, size_t count);
/* The first and the last time; before anything asks for windows. */
void sm_learn_measure_time(struct sm_learn *l);
/* Counts runs that play another one again as that; before all but views. */
void sm_learn_repeats(struct sm_learn *l);
/* literal with \ before bytes that mean something in patterns. */
struct sm_str sm_escape(struct sm_learn *l, struct sm_str literal);
/* The principal as it stands in `by`. */
struct sm_str sm_by_of(struct sm_learn *l, const struct sm_event *event);
/* The top-level module of a file of the standard library, or empty. */
struct sm_str sm_stdlib_module(const struct sm_learn *l, struct sm_str file);
/* The top-level name a file has below a site directory, or empty. */
struct sm_str sm_distribution_of(const struct sm_learn *l, struct sm_str file);

/* --------------------------------------------------------------- variables */

void sm_learn_variables(struct sm_learn *l);
/* Lets ${START} stand for what is called dir in the tree of paths. */
void sm_learn_place(struct sm_learn *l, struct sm_str dir);
/* The literal pattern of a path: escaped, the longest variable in front. */
struct sm_str sm_learn_path(struct sm_learn *l, struct sm_str path);
/* Directory of path; empty for "/" itself. */
struct sm_str sm_dir_of(struct sm_str path);
/* Dir, or the nearest directory above that path lies below, too. */
struct sm_str sm_common_dir(struct sm_str dir, struct sm_str path);
/* The site directory path is below, or empty. */
struct sm_str sm_site_of(const struct sm_learn *l, struct sm_str path);
/*
 * Rules for the top-level names that come with the wanted ones, or that these
 * need, though they were not loaded.
 */
void sm_learn_needs(struct sm_learn *l);
/* By these packages, which lie in the directory or belong to what does. */
void sm_learn_own_data(struct sm_learn *l, struct sm_str directory,
		       struct sm_strings by);
/* The directory of a standard library path is below, or empty. */
struct sm_str sm_stdlib_of(const struct sm_learn *l, struct sm_str path);
bool sm_is_stdlib(const struct sm_learn *l, struct sm_str path);

/* ------------------------------------------------------------------- slots */

/*
 * The typed parts of a name: "order-17.pdf" gives "order-<int>.pdf". Parts
 * that are no type stay as they are, escaped. *typed counts tokens.
 */
struct sm_str sm_skeleton(struct sm_learn *l, struct sm_str name,
			  unsigned *typed);
/* Where what has a type begins in the middle of which is at; else at. */
uint32_t sm_typed_start(struct sm_str name, uint32_t at);
/*
 * "shop-<int>.<int>.tgz" is a name with a version, and what follows its numbers
 * is any text: 2.0-rc1. A number with a fraction stays one.
 */
struct sm_str sm_open_version(struct sm_learn *l, struct sm_str skeleton);
/* 0x7f316bfcdd90: no two are the same. */
bool sm_has_address(struct sm_str name);
/* What is before its extension. */
struct sm_str sm_stem_of(struct sm_str name);
/* What people put between the parts of a name. */
bool sm_is_joint(char c);
bool sm_is_code_suffix(struct sm_str extension);
bool sm_is_data_suffix(struct sm_str extension);

/* pids.c */
void sm_note_pids(struct sm_learn *l);
/*
 * The first pid in name: that of a traced process which is one of users, or
 * the parent or a child of one. NULL, or too many users to tell: any process.
 */
bool sm_find_pid(const struct sm_learn *l, struct sm_str name,
		 const struct sm_sketch *users, uint32_t *from, uint32_t *to);
/* The pattern of name, in which a traced process's pid is any number. */
struct sm_str sm_open_pids(struct sm_learn *l, struct sm_str name);
/* The day or time of a recording stands in text. */
bool sm_has_clock(const struct sm_learn *l, struct sm_str text);
/* The same for directories of a year, month and day; parts from the top. */
bool sm_is_clock_dir(const struct sm_learn *l, const struct sm_str *parts,
		     size_t count);

/* Whether the pattern of one component matches name. */
bool sm_slot_holds(struct sm_str pattern, struct sm_str name);

/* Whether a slot opens on what was seen: policy.md, little evidence. */
struct sm_evidence {
	size_t distinct;
	bool some_recur;  /* a value came back in another run or under another
			     owner */
	bool is_typed;	  /* every value is of one type */
	bool is_made;	  /* the program creates such names itself */
	bool is_numbered; /* it created them, and they are numbers */
};
bool sm_is_open(const struct sm_learn *l, const struct sm_evidence *evidence);

/* ------------------------------------------------------------------- rules */

/*
 * Adds a rule; id and evidence are given when the policy is finished. It came
 * about as l->why says.
 */
void sm_learn_rule(struct sm_learn *l, const struct sm_rule *rule);
/*
 * The same for the principal of event, which is named unless it came by
 * import: such rules, and those for loading code, are for everybody but
 * foreign code.
 */
void sm_learn_rule_by(struct sm_learn *l, struct sm_rule *rule,
		      const struct sm_event *event);

/*
 * The rules so far as a policy: joined, numbered, marked, normalised. NULL is
 * never returned; the caller frees it with sm_rules_free(). reviewed: false
 * leaves rules under review out.
 */
struct sm_rules *sm_learn_build(struct sm_learn *l, bool reviewed);
/* How a rule of the policy that was built last came about, or NULL. */
struct sm_learned_reason *sm_learn_reason(struct sm_learn *l, struct sm_str id);
/* What sm_risk_of() said of the rule that is called id now, or empty. */
struct sm_str sm_learn_risk_of(struct sm_learn *l, struct sm_str id);
/*
 * Takes the rule that the last sm_learn_build() called id away again, and gives
 * it; false: it means one resource only, or is none of the learned ones.
 */
bool sm_learn_take_back(struct sm_learn *l, struct sm_str id,
			struct sm_rule *rule);
/*
 * Lets the rule that the last sm_learn_build() called id make code, if it is
 * for packages only, and gives these; false: it is not, or does so already.
 */
bool sm_learn_makes_code(struct sm_learn *l, struct sm_str id,
			 struct sm_str_list *by);
/* A slot or wildcard stands in text. */
bool sm_is_pattern(struct sm_str text);
/* Compiles rules and opens the result. */
void sm_learn_read(struct sm_learn *l, const struct sm_rules *rules,
		   struct sm_policy *policy);
/* The same, and frees rules. */
void sm_learn_open(struct sm_learn *l, struct sm_rules *rules,
		   struct sm_policy *policy);
/* Sets variables and bundles only. */
struct sm_rules *sm_learn_frame(struct sm_learn *l);
/* `<string>`, or no name, as a code rule spells it; false: neither. */
bool sm_code_name(struct sm_learn *l, struct sm_str name,
		  struct sm_str *pattern);
/* Why a grant deserves a look, or empty. */
struct sm_str sm_risk_of(struct sm_learn *l, const struct sm_rule *rule);

/* Takes settings from functions that read elsewhere; the last to see rules. */
void sm_learn_apart(struct sm_learn *l, struct sm_rules *rules);

void sm_learn_paths(struct sm_learn *l);
/* Installed code that is read as data; part of sm_learn_paths(). */
void sm_learn_sources(struct sm_learn *l);
/* Directories of sys.path, for who looks for distributions; after code. */
void sm_learn_search(struct sm_learn *l);
void sm_learn_argv(struct sm_learn *l);
void sm_learn_network(struct sm_learn *l);
void sm_learn_code(struct sm_learn *l);
/* Code of directories that others join, and data; after all other code. */
void sm_learn_joined(struct sm_learn *l);
/* Modules that policy neither grants nor lets be written; after all else. */
void sm_learn_modules(struct sm_learn *l, const struct sm_policy *policy);
/* Code that has no file; part of sm_learn_code(). */
void sm_learn_generated(struct sm_learn *l);
/* Code that was run under the name of a file that was never there; before all
 * other code. */
void sm_learn_find_nameless(struct sm_learn *l);
/* Rules for it; false: path is none of these. */
bool sm_learn_nameless(struct sm_learn *l, struct sm_str path,
		       const struct sm_event *event, uint64_t seen);
void sm_learn_named(struct sm_learn *l);
/* Classes in pickles; part of sm_learn_named(), after sm_learn_code(). */
void sm_learn_classes(struct sm_learn *l);
/* Native libraries and symbols; part of sm_learn_named(). */
void sm_learn_native(struct sm_learn *l);
/* `a.b` of `a.b.Class`; empty: it has no module. */
struct sm_str sm_module_of(struct sm_str class);
/* DIR/shop/cart.py and DIR/shop/cart/__init__.py are `shop.cart`. */
bool sm_is_module(struct sm_str file, struct sm_str module);
void sm_learn_bundles(struct sm_learn *l);
/* Decides every call by the result; repairs what is denied. */
void sm_learn_gate(struct sm_learn *l);
/*
 * Takes back a rule or a bundle by which policy denies a recorded call, and
 * adds narrower rules; false: there is none.
 */
bool sm_learn_narrow(struct sm_learn *l, const struct sm_policy *policy,
		     const struct sm_view *view,
		     const struct sm_verdict *verdict);
/* Whether what r names could not be loaded then: import's own cache could. */
bool sm_is_writing(const struct sm_request *r);
/* The same where a package loads what it wrote itself: it makes code. */
bool sm_learn_maker(struct sm_learn *l, const struct sm_view *view,
		    const struct sm_verdict *verdict);

#endif
