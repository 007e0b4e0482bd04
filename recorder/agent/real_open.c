/* SPDX-License-Identifier: Apache-2.0 */
/*
 * real_open.c: the second step of an open.
 *
 * The call is made with RESOLVE_NO_SYMLINKS first: when that works the spelling
 * was the file's path, and nothing is left to do. Otherwise the descriptor's
 * path, if it is another, is decided; a denial closes the descriptor again.
 *
 * What would make or empty a file is decided before the call, and looked at
 * again after it.
 */
#include "recorder/agent/real.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

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

/*
 * Before the call: what it would make or empty. *before stays empty where
 * nothing is, or where the spelling was the path.
 */
static bool is_denied_before(int dir_fd, const char *path, int flags, char *out,
			     struct sm_str *before)
{
	char text[SM_PATH_MAX];
	bool is_new = (flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL);
	struct sm_str name = sm_real_spelled(dir_fd, path, text);
	int saved = errno;
	bool result;

	*before = (struct sm_str){ NULL, 0 };
	if (!is_making(flags))
		return false;
	if (!is_new)
		*before =
			sm_real_existing(dir_fd, path, flags & O_NOFOLLOW, out);
	if (!before->len && flags & O_CREAT)
		*before = sm_real_new_file(
			dir_fd, path, !is_new && !(flags & O_NOFOLLOW), out);
	result = before->len && !sm_str_equal(*before, name) &&
		 is_denied(name, *before, flags);
	errno = result ? EACCES : saved;
	return result;
}

/* After it. A file of O_TMPFILE has no name; its directory was decided. */
static bool is_denied_after(int dir_fd, const char *path, int flags, int fd,
			    struct sm_str before)
{
	char text[SM_PATH_MAX], out[SM_PATH_MAX];
	struct sm_str name, after;
	int saved = errno;
	bool result;

	if ((flags & O_TMPFILE) == O_TMPFILE)
		return false;
	after = sm_real_path_of(fd, out);
	name = sm_real_spelled(dir_fd, path, text);
	result = after.len && !sm_str_equal(after, before) &&
		 !sm_str_equal(after, name) && is_denied(name, after, flags);
	errno = saved;
	return result;
}

/* ----------------------------------------------------------------- opening */

static int done(int fd)
{
	sm_announced_done(SM_EVENT_OPENED, fd >= 0);
	return fd;
}

static int open_and_look(int dir_fd, const char *path, int flags, mode_t mode)
{
	char out[SM_PATH_MAX];
	struct sm_str before;
	int fd;

	if (is_denied_before(dir_fd, path, flags, out, &before))
		return -1;
	fd = sm_interpose_open(dir_fd, path, flags, mode);
	if (fd < 0 || !is_denied_after(dir_fd, path, flags, fd, before))
		return fd;
	close(fd);
	errno = EACCES;
	return -1;
}

/* What open() itself would have said, without following a link. */
static bool is_final(int error)
{
	return error == ENOENT || error == EACCES || error == EEXIST ||
	       error == ENOTDIR || error == EISDIR || error == EINTR;
}

int sm_real_open(int dir_fd, const char *path, int flags, mode_t mode)
{
	int saved = errno, fd = sm_real_probe(dir_fd, path, flags, mode);

	if (fd >= 0 || is_final(errno))
		return done(fd);
	errno = saved;
	return done(open_and_look(dir_fd, path, flags, mode));
}

/* The flags fopen(3) opens by. */
static int flags_of(const char *mode)
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
	char out[SM_PATH_MAX];
	int flags = flags_of(mode);
	struct sm_str before;
	FILE *stream = NULL;

	if (!is_denied_before(AT_FDCWD, path, flags, out, &before))
		stream = open(path, mode);
	if (stream &&
	    is_denied_after(AT_FDCWD, path, flags, fileno(stream), before)) {
		fclose(stream);
		errno = EACCES;
		stream = NULL;
	}
	done(stream ? 0 : -1);
	return stream;
}
