/* SPDX-License-Identifier: Apache-2.0 */
/*
 * shell.h: a POSIX shell line cut into words, operators and redirections.
 *
 * For comparing lines, not for running them: what this cannot follow with
 * certainty (here-documents, comments, unbalanced quotes, too long) is
 * unparsable, and such a line matches a policy only byte for byte.
 * Source: POSIX.1-2008, Shell Command Language, 2.2, 2.3, 2.7.
 */
#ifndef SCHEMA_SHELL_H
#define SCHEMA_SHELL_H

#include "schema/status.h"
#include "schema/value.h"

#define SM_SHELL_TOKENS_MAX 96
/* Substitutions inside substitutions that are entered. */
#define SM_SHELL_DEPTH_MAX 4

enum sm_shell_kind {
	SM_SHELL_WORD,
	SM_SHELL_OPERATOR, /* ; & | && || ;; ( ) newline and name=$( */
	SM_SHELL_REDIRECT, /* < > >> >| <> <& >&, with its number: 2> */
};

struct sm_shell_token {
	enum sm_shell_kind kind;
	bool is_live;	 /* holds expansion, substitution, glob, ~ or {a,b} */
	bool is_command; /* where the shell looks for a command's name */
	bool is_assignment; /* likewise, but NAME=VALUE stands there */
	bool has_slot;	    /* templates: holds <token> or ${NAME} */
	bool is_run;	    /* templates: holds a token, ends with "..." */
	/*
	 * Inside of name=$(...), which begins and ends as operators do,
	 * "name=$(" or "name=\"$(" and ")" or ")\"": so many levels deep. Both
	 * count as inside.
	 */
	uint32_t depth;
	uint32_t group; /* templates: stands in the nth "[-o WORD]"; or 0 */
	/*
	 * Words: after quote removal; in templates in pattern spelling, with
	 * literal special bytes escaped. Operators and redirections: as is.
	 */
	struct sm_str text;
	struct sm_str raw; /* the bytes of the line itself */
	/*
	 * Words that nothing is expanded in but names of files, from a * or ?
	 * or [ on: the text in front, and the bytes from there on. Templates
	 * have slots in front only. Both are empty otherwise.
	 */
	struct sm_str stem, tail;
};

/* Caller's storage; tokens point into it and into the line. */
struct sm_shell {
	uint32_t count;
	struct sm_shell_token tokens[SM_SHELL_TOKENS_MAX];
	uint32_t used;
	char text[SM_STRING_MAX + 256];
};

/*
 * Parses line; false when it is unparsable (shell is then to be ignored).
 * is_template: unquoted <token> spellings and ${NAME} are slots, not
 * redirections and expansions. No allocation, linear time, any thread.
 */
bool sm_shell_parse(struct sm_str line, bool is_template,
		    struct sm_shell *shell);

/* Whether the token at `at` begins, or ends, a substitution. */
bool sm_shell_enters(const struct sm_shell *shell, uint32_t at);
bool sm_shell_leaves(const struct sm_shell *shell, uint32_t at);

/* Whether what is in front of a word's tail is a word of its own to compare:
 * there is some, and it names no command. */
bool sm_shell_has_stem(const struct sm_shell_token *token);

/* The text of a template's word, without the "..." of one that is_run. */
struct sm_str sm_shell_slot(const struct sm_shell_token *token);

/*
 * Writes word quoted so that a shell (and a template) reads it back as exactly
 * that literal word. Returns the bytes needed; writes only if they fit room.
 */
uint32_t sm_shell_quote(struct sm_str word, char *out, uint32_t room);

#endif
