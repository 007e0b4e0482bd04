/* SPDX-License-Identifier: Apache-2.0 */
/*
 * named.h: the paths that a command line names, which ${ARG} stands for, and
 * the directory it was given in: ${START}.
 *
 * Known once, when a program starts: whoever wrote its command line said which
 * files it is about. No system calls but in sm_named_take()'s `resolve`.
 */
#ifndef SCHEMA_NAMED_H
#define SCHEMA_NAMED_H

#include "schema/value.h"

#define SM_NAMED_MAX   16   /* paths; what is named behind them gives nothing */
#define SM_NAMED_BYTES 4096 /* of all their text */

struct sm_named {
	uint32_t count;
	/* Canonical, none twice; DIR/. is the directory it started in. */
	struct sm_str paths[SM_NAMED_MAX];
};

/* The same with room for its text. */
struct sm_named_store {
	struct sm_named named;
	uint32_t used;
	char text[SM_NAMED_BYTES];
};

struct sm_command {
	struct sm_str exe;
	const struct sm_str *argv;
	uint32_t argc;
	struct sm_str cwd, home; /* home may be empty */
	struct sm_str start;	 /* for ${START}; empty: none */
	/*
	 * Where path really lies, in out[SM_PATH_MAX], links followed; empty:
	 * nobody knows. NULL: not asked.
	 */
	struct sm_str (*resolve)(struct sm_str path, char *out);
};

/*
 * What the words of a command name: `PATH`, `--option=PATH`, `NAME=PATH` with
 * a slash, `PATH::more`, taken relative to cwd; not the program, nor the
 * interpreter's own options. Places that hold what no program's user should
 * name give nothing: sm_named_is_open().
 */
void sm_named_take(const struct sm_command *command,
		   struct sm_named_store *store);

/*
 * For ${START}: where the program started, if sm_named_is_open(); empty: it has
 * no such place. named may be NULL.
 */
struct sm_str sm_named_start(const struct sm_named *named);

/* The directory or file that number i of named is about. */
struct sm_str sm_named_place(const struct sm_named *named, uint32_t i);
/* Whether that is where the program started. */
bool sm_named_is_start(const struct sm_named *named, uint32_t i);

/* Whether text may be among the paths: it is canonical, or DIR/. of one. */
bool sm_named_is_valid(struct sm_str text);

/* Where the words of a command begin that are not its interpreter's. */
uint32_t sm_named_first_word(const struct sm_command *command);

/*
 * Whether a canonical path may be meant by ${ARG}: not the system's, another
 * user's, one of many owners', a dotted one, key material, nor one that holds
 * such a place.
 */
bool sm_named_is_open(struct sm_str path, struct sm_str home);

/* Adds a path unless it is there or there is no room. */
void sm_named_add(struct sm_named_store *store, struct sm_str path);

/*
 * The longest of named that path is or lies below, as its number; -1: none.
 * named may be NULL.
 */
int sm_named_find(const struct sm_named *named, struct sm_str path);

#endif
