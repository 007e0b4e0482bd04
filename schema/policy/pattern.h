/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pattern.h: the spelling of patterns, cut into items.
 *
 * A pattern is literal bytes, `*`, typed tokens `<int>` and variables
 * `${NAME}`; `\` takes the next byte literally. Scanning allocates nothing.
 */
#ifndef SCHEMA_POLICY_PATTERN_H
#define SCHEMA_POLICY_PATTERN_H

#include "schema/policy.h"

enum sm_item_kind {
	SM_ITEM_LITERAL,  /* text: one run of bytes, or one escaped byte */
	SM_ITEM_STAR,	  /* `*` */
	SM_ITEM_TOKEN,	  /* token, without argument */
	SM_ITEM_OPTION,	  /* text: "a|b" */
	SM_ITEM_PATH,	  /* text: the pattern inside <path:...> */
	SM_ITEM_VARIABLE, /* text: NAME */
};

struct sm_item {
	enum sm_item_kind kind;
	enum sm_token token;
	struct sm_str text;
	uint32_t at; /* offset in the pattern, for messages */
};

struct sm_scan {
	struct sm_str pattern;
	uint32_t at;
	bool has_variables; /* `${NAME}` means a variable, else itself */
	bool is_code_name;  /* `<` is literal where no token is spelled */
};

/* The next item; SM_END after the last, SM_INVALID with a reason in diag. */
SM_CHECKED enum sm_status sm_pattern_next(struct sm_scan *scan,
					  struct sm_item *item,
					  struct sm_diag *diag);

/* Length of "${NAME}" at the start of text, or 0. */
uint32_t sm_pattern_variable(struct sm_str text);

/*
 * Length of "${ARG}" or "${START}" at the start of a path pattern, or 0: what
 * the command line of the process names, and where it was given. They have no
 * values when a policy is compiled.
 */
uint32_t sm_pattern_named(struct sm_str text);
uint32_t sm_pattern_start(struct sm_str text);
#define SM_VARIABLE_NAMED "ARG"
#define SM_VARIABLE_START "START"
/* Whether a variable is one of the two. */
bool sm_pattern_is_told(struct sm_str name);

/*
 * Length of an argument that holds a slot, without the "..." it ends with, for
 * one such word or more; 0: it is one word.
 */
uint32_t sm_pattern_run(struct sm_str argument);

/*
 * The words of an argument "[-o <name>]", an option that may stand there or
 * not, with what goes with it; 0: it is one word. A space that belongs to a
 * word has a backslash in front.
 */
#define SM_GROUP_WORDS_MAX 8
uint32_t sm_pattern_group(struct sm_str argument,
			  struct sm_str words[SM_GROUP_WORDS_MAX]);
bool sm_pattern_is_group(struct sm_str argument);

/* A component that any number of others may stand for. */
enum sm_depth { SM_DEPTH_NONE, SM_DEPTH_ANY, SM_DEPTH_TREE };
enum sm_depth sm_pattern_depth(struct sm_str component);

/* Whether a rule's pattern, argument or by entry is well spelled. */
SM_CHECKED enum sm_status sm_pattern_check_rule(const struct sm_rule *rule,
						struct sm_diag *diag);
SM_CHECKED enum sm_status sm_pattern_check_slot(const struct sm_rule *rule,
						size_t slot,
						struct sm_diag *diag);
/* Of a word of one, and of a shell line, which has no `*` and variables. */
SM_CHECKED enum sm_status
sm_pattern_check_word(struct sm_str word, bool is_shell, struct sm_diag *diag);
SM_CHECKED enum sm_status sm_pattern_check_line(struct sm_str line,
						struct sm_diag *diag);
SM_CHECKED enum sm_status sm_pattern_check_by(struct sm_str by,
					      struct sm_diag *diag);
/* What a network pattern says; port -1: any (`*`). */
struct sm_address_pattern {
	struct sm_str proto; /* "tcp" before the first colon; or empty */
	bool is_unix;	     /* host is a path pattern or @abstract */
	struct sm_str host;
	int32_t port_low, port_high;
};
SM_CHECKED enum sm_status sm_pattern_address(struct sm_str text, bool has_port,
					     struct sm_address_pattern *out,
					     struct sm_diag *diag);

#endif
