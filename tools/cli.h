/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli.h: what every secmgr program shares: options as a table, messages,
 * escaping of recorded bytes, colour. Only tools/ uses it.
 */
#ifndef TOOLS_CLI_H
#define TOOLS_CLI_H

#include <stdio.h>

#include "schema/event.h"
#include "schema/status.h"

#define SM_EXIT_OK	0
#define SM_EXIT_FINDING 1   /* readers: something would be blocked, differs */
#define SM_EXIT_USAGE	2   /* readers: usage or bad input */
#define SM_EXIT_WRAPPER 125 /* wrappers: their own failure */
#define SM_EXIT_CANNOT	126 /* wrappers: COMMAND cannot be run */
#define SM_EXIT_MISSING 127 /* wrappers: COMMAND not found */

/*
 * One row of a program's option table, in the order --help prints. The last
 * row has name NULL. --help and --version are added by sm_cli_parse().
 */
struct sm_option {
	char letter;	   /* 0: none */
	const char *name;  /* without dashes */
	const char *value; /* placeholder such as "FILE"; NULL: a flag;
			      "[=FILE]" style for an optional value */
	const char *help;
	/* Called per occurrence; value NULL for flags. Non-zero: usage error,
	   with the reason in diag. */
	int (*set)(void *context, const char *value, struct sm_diag *diag);
};

/*
 * Defines the `set` of an option that is only kept, in a member of context: a
 * flag as true, a text as the value, which is borrowed from argv.
 */
#define SM_CLI_SETTER(setter, type, member, what)                              \
	static int setter(void *context, const char *value,                    \
			  struct sm_diag *diag)                                \
	{                                                                      \
		(void)value;                                                   \
		(void)diag;                                                    \
		((type *)context)->member = (what);                            \
		return 0;                                                      \
	}                                                                      \
	struct sm_option
#define SM_CLI_FLAG(setter, type, member)                                      \
	SM_CLI_SETTER(setter, type, member, true)
#define SM_CLI_TEXT(setter, type, member)                                      \
	SM_CLI_SETTER(setter, type, member, value)

struct sm_program {
	const char *name;    /* "secmgr-learn" */
	const char *usage;   /* "[options] TRACE... > policy.json" */
	const char *summary; /* one line */
	const struct sm_option *options;
	int usage_status;      /* SM_EXIT_USAGE or SM_EXIT_WRAPPER */
	bool stops_at_operand; /* wrappers: options end at COMMAND */
};

/*
 * Parses argv; operands are moved to argv[*first..argc). Returns -1 to go on,
 * or the status to exit with (after --help, --version or a usage error, which
 * it has printed).
 */
int sm_cli_parse(const struct sm_program *program, int argc, char **argv,
		 void *context, int *first);

/* "prog: place: reason" to stderr in one write. place may be NULL. */
/* Called before a message, to clear its line; NULL: nothing is. */
extern void (*sm_cli_before_message)(void);
void sm_cli_error(const struct sm_program *program, const char *place,
		  const char *format, ...) SM_PRINTF(3, 4);
/* The same from a diagnostic, with :LINE:COLUMN after place when set. */
void sm_cli_diag(const struct sm_program *program, const char *place,
		 const struct sm_diag *diag);

/*
 * Prints recorded bytes so that they are inert: C0, DEL, invalid UTF-8 and
 * backslash become \xNN, \\; C1, bidi and other invisible format characters
 * \uNNNN or \UNNNNNNNN. quoted adds "" and escapes " inside. Lossless.
 */
void sm_cli_put(FILE *out, struct sm_str text, bool quoted);
/* One value, Python-like: 'path', b'..', 12, None, [..], <socket>. */
void sm_cli_put_value(FILE *out, const struct sm_value *value);
/*
 * A JSON string (RFC 8259); invalid UTF-8 as U+DCxx surrogate escapes.
 * Controls and bidi characters are \u escapes, so that JSON is inert too.
 */
void sm_cli_put_json(FILE *out, struct sm_str text);

/*
 * A streaming JSON writer: commas and (when pretty) indentation are its
 * business, correct nesting is the caller's. Start with { .out = stdout }.
 * key is NULL inside arrays and at top level.
 */
#define SM_JSON_DEPTH_MAX 16
struct sm_json {
	FILE *out;
	bool is_pretty;
	unsigned depth;
	bool has_items[SM_JSON_DEPTH_MAX];
};
void sm_json_open(struct sm_json *j, const char *key, char bracket);
void sm_json_close(struct sm_json *j, char bracket);
void sm_json_put_str(struct sm_json *j, const char *key, struct sm_str value);
void sm_json_put_text(struct sm_json *j, const char *key, const char *value);
/* What is JSON already. */
void sm_json_put_raw(struct sm_json *j, const char *key, const char *json);
void sm_json_put_uint(struct sm_json *j, const char *key, uint64_t value);
void sm_json_put_int(struct sm_json *j, const char *key, int64_t value);
void sm_json_put_float(struct sm_json *j, const char *key, double value);
void sm_json_put_bool(struct sm_json *j, const char *key, bool value);
void sm_json_put_null(struct sm_json *j, const char *key);
/*
 * An argument without loss: text "..", int, float, true, false, null, list
 * [..]; bytes {"bytes": ".."}, opaque {"type": ".."}, digest {"length": n,
 * "hash": "16 hex digits"}, cut {"cut": value, "length": n}, float that JSON
 * has no number for {"float": "nan"}.
 */
void sm_json_put_value(struct sm_json *j, const char *key,
		       const struct sm_value *value);

/*
 * Replaces the file at path at once by these bytes; false: it was said why, and
 * nothing changed. What is no regular file stays, and is written to. A trace is
 * never replaced: it cannot be made again.
 */
bool sm_cli_replace(const struct sm_program *program, const char *path,
		    const void *bytes, size_t size);
/* Flushes stdout; SM_EXIT_USAGE and a message when it could not be written. */
int sm_cli_finish(const struct sm_program *program, int status);
/* True when stream is a terminal and NO_COLOR is unset or empty. */
bool sm_cli_has_colour(FILE *stream);

#endif
