/* SPDX-License-Identifier: Apache-2.0 */
/*
 * status.h: the one error vocabulary, and diagnostics with a place.
 *
 * Libraries return an enum sm_status and, where a person will read the
 * outcome, fill a struct sm_diag. Only programs in tools/ print it.
 */
#ifndef SCHEMA_STATUS_H
#define SCHEMA_STATUS_H

#include <stddef.h>
#include <stdint.h>

#define SM_CHECKED	__attribute__((warn_unused_result))
#define SM_PRINTF(f, a) __attribute__((format(printf, f, a)))

enum sm_status {
	SM_OK = 0,
	SM_END,		/* no more items: not an error */
	SM_NOMEM,	/* an allocation failed */
	SM_IO,		/* a system call failed; errno is in the text */
	SM_NOT_FOUND,	/* the named thing does not exist */
	SM_EXISTS,	/* the output exists and may not be replaced */
	SM_NOT_OURS,	/* readable, but not a file of this kind */
	SM_VERSION,	/* ours, of a version this build cannot read */
	SM_DAMAGED,	/* ours, but truncated or altered */
	SM_LIMIT,	/* a documented bound would be passed */
	SM_SYNTAX,	/* text does not parse; line and column are set */
	SM_INVALID,	/* parses, but means nothing acceptable */
	SM_UNSUPPORTED, /* this system lacks something needed */
};

/* What went wrong, where. line and column count from 1; 0 means no place. */
struct sm_diag {
	enum sm_status status;
	unsigned line;
	unsigned column;
	char text[400];
};

/* A short English phrase for a status, never NULL. Any thread. */
const char *sm_status_text(enum sm_status status);

/*
 * Fills diag (NULL is accepted and ignored) and returns status, so that a
 * failing function can end with: return sm_fail(diag, SM_IO, "open %s: %s", ..)
 */
enum sm_status sm_fail(struct sm_diag *diag, enum sm_status status,
		       const char *format, ...) SM_PRINTF(3, 4);
enum sm_status sm_fail_at(struct sm_diag *diag, enum sm_status status,
			  unsigned line, unsigned column, const char *format,
			  ...) SM_PRINTF(5, 6);

#ifdef __clang_analyzer__
/* The analyser does not see into status.c: say that status comes back. */
#define sm_fail(diag, status, ...)                                             \
	((sm_fail)(diag, status, __VA_ARGS__), status)
#define sm_fail_at(diag, status, ...)                                          \
	((sm_fail_at)(diag, status, __VA_ARGS__), status)
#endif

#endif
