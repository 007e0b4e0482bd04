/* SPDX-License-Identifier: Apache-2.0 */
/*
 * real.h: the second step of a file decision: what the kernel finds.
 *
 * The hook decides by the path as it was spelled, and announces the call it
 * let through. The call that follows in the same thread is looked at once more
 * where a symbolic link leads it elsewhere: that path is recorded and decided
 * as an event of its own, under the same caller. A denial is EACCES from the C
 * library, so Python raises a plain PermissionError. The GIL is not held in
 * these calls: no Python object is touched.
 */
#ifndef RECORDER_AGENT_REAL_H
#define RECORDER_AGENT_REAL_H

#include "recorder/agent/agent.h"

/* ------------------------------------------------------------- announce.c */

/*
 * This thread's next call is the one announced: kind is the second event of
 * its kind, path the first it names.
 */
bool sm_announced_is_next(enum sm_event_kind kind, const char *path);
/* The open among them was decided as if relative to the working directory. */
bool sm_announced_is_misread(void);
/* And denied so. */
bool sm_announced_is_refused(void);
/* For tables: a path to a number. */
uint64_t sm_announced_hash(const char *path);
/* It was made; Python makes it again after EINTR, or for more room. */
void sm_announced_done(enum sm_event_kind kind, bool is_made);
/*
 * Records and decides what that call found, under its caller. values: the
 * second event's arguments. True: denied.
 */
bool sm_announced_is_denied(enum sm_event_kind kind,
			    const struct sm_value *values, uint32_t count);

/* ------------------------------------------------------------ real_path.c */

/* Whether the next can tell links at all: not before Linux 5.6. */
bool sm_real_probes(void);
/* As open(), but ELOOP where any component is a symbolic link. */
int sm_real_probe(int dir_fd, const char *path, int flags, mode_t mode);
/* A descriptor's path, in the words of this process; empty: it has none. */
struct sm_str sm_real_path_of(int fd, char *out);
/* There is no /proc: no descriptor tells its path. */
bool sm_real_is_blind(void);
/* The path as it was spelled: absolute, without `..`. */
struct sm_str sm_real_spelled(int dir_fd, const char *path, char *out);
/*
 * What the path leads to; empty when it is not there, for errno, or has no
 * name: errno is 0. flags: O_NOFOLLOW or 0.
 */
struct sm_str sm_real_existing(int dir_fd, const char *path, int flags,
			       char *out);
/*
 * Where open() would make a file; empty, for errno: it could not. follows: by
 * a link to what is not there.
 */
struct sm_str sm_real_new_file(int dir_fd, const char *path, bool follows,
			       char *out);
void sm_real_put(struct sm_value *value, struct sm_str path);

/* ----------------------------------------------------------- real_event.c */

/* A path that nothing tells: no rule grants what is no text. */
void sm_real_put_untold(struct sm_value *value);

/* ----------------------------------------------------------- real_known.c */

/* path led to this the last time, when it was opened without being made. */
void sm_real_known_keep(const char *path, struct sm_str to);
/*
 * Opens what path leads to by the path of that, which *to is in out; neither
 * makes nor empties. -1: not known, or not so any more; errno stays.
 */
int sm_real_known_open(int dir_fd, const char *path, int flags, char *out,
		       struct sm_str *to);

/* ------------------------------------------------------------ real_open.c */

/* Opens what was announced; what it leads to is decided. */
int sm_real_open(int dir_fd, const char *path, int flags, mode_t mode);
/* The flags fopen(3) opens by. */
int sm_real_flags(const char *mode);
FILE *sm_real_open_stream(const char *path, const char *mode,
			  FILE *(*open)(const char *, const char *));

/* ------------------------------------------------------------ real_call.c */

/* A name in a call that was announced. */
struct sm_real_name {
	int dir_fd;	  /* what to make the call by: the directory that */
	const char *path; /* was found, and the last component in it */
	int held;	  /* descriptor to release; -1: none */
	int given_fd;
	const char *given;
	struct sm_str found; /* empty: it is as it was spelled */
	bool is_untold;	     /* or is not, and nothing tells what it is */
	char text[SM_PATH_MAX];
};

/*
 * What is made, removed or renamed: a last component is not followed. False:
 * it cannot be, for errno. sm_real_release() afterwards.
 */
bool sm_real_hold(struct sm_real_name *name, int dir_fd, const char *path);
void sm_real_release(struct sm_real_name *name);
/* What the whole path leads to. False: there is nothing, for errno. */
bool sm_real_look(struct sm_real_name *name, int dir_fd, const char *path,
		  bool follows);
/* Records and decides what was found by one name, by two. True: EACCES. */
bool sm_real_is_denied(enum sm_event_kind kind,
		       const struct sm_real_name *name);
bool sm_real_are_denied(enum sm_event_kind kind,
			const struct sm_real_name *from,
			const struct sm_real_name *to);
/* A database that an object named: path is what SQLite opens. True: EACCES. */
bool sm_real_is_database_denied(const char *path);
/* After it: fd is the directory that was opened by path. */
bool sm_real_is_list_denied(const char *path, int fd);

#endif
