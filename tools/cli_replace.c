/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Replacing a file at once: readers see the old one or the new one.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "schema/trace.h"
#include "tools/cli.h"

static bool write_all(int fd, const void *bytes, size_t size)
{
	const char *at = bytes;

	while (size) {
		ssize_t n = write(fd, at, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		at += n;
		size -= (size_t)n;
	}
	return true;
}

/* A replaced file keeps its mode, a new one gets what umask leaves. */
static mode_t mode_of(const char *path)
{
	struct stat st;
	mode_t mask;

	if (!stat(path, &st))
		return st.st_mode & 07777;
	mask = umask(077);
	umask(mask);
	return 0666 & ~mask;
}

static bool fill(int fd, const char *path, const void *bytes, size_t size)
{
	bool done = !fchmod(fd, mode_of(path)) && write_all(fd, bytes, size) &&
		    !fsync(fd);
	int saved = errno;

	if (close(fd) && done)
		return false;
	errno = saved;
	return done;
}

/* Ctrl-C waits until the other file has its name or is gone. */
static void hold_signals(sigset_t *old)
{
	sigset_t ends;

	sigemptyset(&ends);
	sigaddset(&ends, SIGINT);
	sigaddset(&ends, SIGTERM);
	sigaddset(&ends, SIGHUP);
	sigprocmask(SIG_BLOCK, &ends, old);
}

/* A device, a pipe, /dev/stdout: there is nothing to replace. */
static bool is_special(const char *path)
{
	struct stat st;

	return !stat(path, &st) && !S_ISREG(st.st_mode);
}

static bool write_into(const char *path, const void *bytes, size_t size)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool done = fd >= 0 && write_all(fd, bytes, size);
	int saved = errno;

	if (fd >= 0 && close(fd) && done)
		return false;
	errno = saved;
	return done;
}

static bool replace(const char *path, const void *bytes, size_t size)
{
	sigset_t old;
	char *other;
	bool done = false;
	int fd, saved;

	if (asprintf(&other, "%s.XXXXXX", path) < 0) {
		errno = ENOMEM;
		return false;
	}
	hold_signals(&old);
	fd = mkostemp(other, O_CLOEXEC);
	if (fd >= 0) {
		done = fill(fd, path, bytes, size) && !rename(other, path);
		saved = errno;
		if (!done)
			unlink(other);
		errno = saved;
	}
	saved = errno;
	sigprocmask(SIG_SETMASK, &old, NULL);
	errno = saved;
	free(other);
	return done;
}

bool sm_cli_replace(const struct sm_program *program, const char *path,
		    const void *bytes, size_t size)
{
	bool is_written = is_special(path);

	if (!is_written && sm_trace_is(path)) {
		sm_cli_error(program, path,
			     "is a trace; it is not replaced: choose another "
			     "file");
		return false;
	}
	if (is_written ? write_into(path, bytes, size)
		       : replace(path, bytes, size))
		return true;
	sm_cli_error(program, path, "cannot write it: %s", strerror(errno));
	return false;
}
