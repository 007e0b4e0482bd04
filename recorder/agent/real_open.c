/* SPDX-License-Identifier: Apache-2.0 */
/*
 * real_open.c: the second step of an open.
 *
 * The call is made with RESOLVE_NO_SYMLINKS first: when that works the spelling
 * was the file's path, and nothing is left to do. Otherwise the descriptor's
 * path, if it is another, is decided; a denial closes the descriptor again. Of
 * links that were met before, real_known.c knows it.
 *
 * What would make or empty a file is looked up before the call, decided, and
 * opened by that path.
 */
#include "recorder/agent/real.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* ------------------------------------------------------------------- hints */

/*
 * Names that met a link when they were opened last: the probe would fail
 * again. A hint that is wrong costs time, nothing else.
 */
#define HINTS 256u

static _Atomic uint64_t hints[HINTS];

static _Atomic uint64_t *hint_at(uint64_t hash)
{
	return &hints[(hash >> 32) % HINTS];
}

static bool hint_is_set(const char *path)
{
	uint64_t hash = sm_announced_hash(path);

	return atomic_load_explicit(hint_at(hash), memory_order_relaxed) ==
	       hash;
}

static void hint_set(const char *path, bool is_linked)
{
	uint64_t hash = sm_announced_hash(path);

	atomic_store_explicit(hint_at(hash), is_linked ? hash : 0,
			      memory_order_relaxed);
}

/* ---------------------------------------------------------------- deciding */

static bool is_making(int flags)
{
	return flags & (O_CREAT | O_TRUNC) || (flags & O_TMPFILE) == O_TMPFILE;
}

/* Records and decides that path is what was opened by name. */
static bool is_denied(struct sm_str name, struct sm_str path, int flags)
{
	struct sm_value values[4] = { { .type = SM_NONE } };

	sm_real_put(&values[0], path);
	values[1].type = SM_NONE;
	values[2].type = SM_INT;
	values[2].i = flags;
	sm_real_put(&values[3], name);
	return sm_announced_is_denied(SM_EVENT_OPENED, values, 4);
}

/* The path that the first step has decided by. */
static struct sm_str decided(int dir_fd, const char *path, char *text)
{
	return sm_real_spelled(sm_announced_is_misread() ? AT_FDCWD : dir_fd,
			       path, text);
}

/* The path found is the one of the first step, which allowed it. */
static bool is_allowed_as(struct sm_str found, struct sm_str name)
{
	return sm_str_equal(found, name) && !sm_announced_is_refused();
}

/*
 * Before the call: what it would make or empty. *before stays empty where
 * that has no name, or nothing is made. True: it cannot be made, for errno.
 */
static bool is_refused(int dir_fd, const char *path, int flags, char *out,
		       struct sm_str *before)
{
	bool is_new = (flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL);
	char text[SM_PATH_MAX];
	struct sm_str name;
	int saved = errno;

	*before = (struct sm_str){ NULL, 0 };
	if (!is_making(flags))
		return false;
	errno = ENOENT;
	if (!is_new)
		*before =
			sm_real_existing(dir_fd, path, flags & O_NOFOLLOW, out);
	if (!before->len && flags & O_CREAT && errno == ENOENT)
		*before = sm_real_new_file(
			dir_fd, path, !is_new && !(flags & O_NOFOLLOW), out);
	if (!before->len && errno)
		return true;
	errno = saved;
	name = decided(dir_fd, path, text);
	if (!before->len || is_allowed_as(*before, name) ||
	    !is_denied(name, *before, flags))
		return false;
	errno = EACCES;
	return true;
}

/* After it: the descriptor's path is this. */
static bool is_found_denied(int dir_fd, const char *path, int flags,
			    struct sm_str after)
{
	char text[SM_PATH_MAX];
	struct sm_str name = decided(dir_fd, path, text);

	if (sm_str_equal(after, name))
		hint_set(path, false);
	return after.len && !is_allowed_as(after, name) &&
	       is_denied(name, after, flags);
}

/* The same where only /proc tells the path. */
static bool is_denied_after(int dir_fd, const char *path, int flags, int fd)
{
	char out[SM_PATH_MAX];
	struct sm_str after;
	int saved = errno;
	bool result;

	/* a file of O_TMPFILE has no name; its directory was decided */
	if ((flags & O_TMPFILE) == O_TMPFILE)
		return false;
	after = sm_real_path_of(fd, out);
	if (!is_making(flags))
		sm_real_known_keep(path, after);
	result = is_found_denied(dir_fd, path, flags, after);
	errno = saved;
	return result;
}

/* ----------------------------------------------------------------- opening */

static int done(int fd)
{
	sm_announced_done(SM_EVENT_OPENED, fd >= 0);
	return fd;
}

/*
 * Makes or empties what was decided, whoever has replaced a link since: on its
 * path there is none. /proc/self is one, and nobody's to replace.
 */
static int open_decided(struct sm_str path, char *text, int flags, mode_t mode)
{
	text[path.len] = '\0';
	return sm_str_starts(path, SM_STR("/proc/"))
		       ? sm_interpose_open(AT_FDCWD, text, flags, mode)
		       : sm_real_probe(AT_FDCWD, text, flags, mode);
}

static int refuse(int fd)
{
	close(fd);
	errno = EACCES;
	return -1;
}

/* By what is remembered of path; *is_known: that was so, and is done. */
static int open_known(int dir_fd, const char *path, int flags, bool *is_known)
{
	char out[SM_PATH_MAX];
	struct sm_str known;
	int saved = errno, fd = -1;

	if (!is_making(flags))
		fd = sm_real_known_open(dir_fd, path, flags, out, &known);
	*is_known = fd >= 0;
	if (*is_known && is_found_denied(dir_fd, path, flags, known))
		return refuse(fd);
	errno = saved;
	return fd;
}

static int open_and_look(int dir_fd, const char *path, int flags, mode_t mode)
{
	char out[SM_PATH_MAX + 1];
	struct sm_str before;
	bool is_known;
	int fd = open_known(dir_fd, path, flags, &is_known);

	if (is_known)
		return fd;
	if (is_refused(dir_fd, path, flags, out, &before))
		return -1;
	if (before.len && sm_real_probes()) {
		fd = open_decided(before, out, flags, mode);
		/* what is searched by descriptor may not be by path */
		if (fd >= 0 || errno != EACCES || *path == '/')
			return fd;
	}
	fd = sm_interpose_open(dir_fd, path, flags, mode);
	return fd >= 0 && is_denied_after(dir_fd, path, flags, fd) ? refuse(fd)
								   : fd;
}

/* What open() itself would have said, without following a link. */
static bool is_final(int error)
{
	return error == ENOENT || error == EACCES || error == EEXIST ||
	       error == ENOTDIR || error == EISDIR || error == EINTR;
}

int sm_real_open(int dir_fd, const char *path, int flags, mode_t mode)
{
	int saved = errno, fd;

	if (dir_fd == AT_FDCWD && sm_announced_is_refused()) {
		errno = EACCES;
		return done(-1);
	}
	if (!hint_is_set(path) && !sm_announced_is_misread()) {
		fd = sm_real_probe(dir_fd, path, flags, mode);
		if (fd >= 0 || is_final(errno))
			return done(fd);
		hint_set(path, errno == ELOOP);
		errno = saved;
	}
	return done(open_and_look(dir_fd, path, flags, mode));
}

/* The flags fopen(3) opens by. */
int sm_real_flags(const char *mode)
{
	bool both = strchr(mode, '+');
	int flags = both ? O_RDWR : O_WRONLY;

	if (*mode == 'w')
		flags |= O_CREAT | O_TRUNC;
	else if (*mode == 'a')
		flags |= O_CREAT | O_APPEND;
	else if (!both)
		flags = O_RDONLY;
	return strchr(mode, 'x') ? flags | O_EXCL : flags;
}

FILE *sm_real_open_stream(const char *path, const char *mode,
			  FILE *(*open)(const char *, const char *))
{
	char out[SM_PATH_MAX + 1];
	int flags = sm_real_flags(mode);
	struct sm_str before;
	FILE *stream = NULL;

	if (!is_refused(AT_FDCWD, path, flags, out, &before)) {
		if (before.len) {
			out[before.len] = '\0';
			path = out;
		}
		stream = open(path, mode);
	}
	if (stream && is_denied_after(AT_FDCWD, path, flags, fileno(stream))) {
		fclose(stream);
		errno = EACCES;
		stream = NULL;
	}
	done(stream ? 0 : -1);
	return stream;
}
