/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wrapper_rotate.c: the names of a trace in several files, as logrotate(8)
 * gives them: FILE is the one being written, FILE.1 the one before, and the
 * higher the number, the older.
 */
#include "tools/wrapper.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define NUMBERS_MAX 1000000u

static bool name_old(const char *output, unsigned number, char path[PATH_MAX])
{
	int n = snprintf(path, PATH_MAX, "%s.%u", output, number);

	return n > 0 && n < PATH_MAX;
}

static bool exists(const char *output, unsigned number)
{
	char path[PATH_MAX];

	return name_old(output, number, path) && !access(path, F_OK);
}

bool rotate_has_old(const char *output)
{
	return exists(output, 1);
}

/* Without a gap: what stands behind one is not ours. */
static unsigned count_old(const char *output)
{
	unsigned n = 0;

	while (n < NUMBERS_MAX && exists(output, n + 1))
		n++;
	return n;
}

void rotate_remove_old(const char *output)
{
	char path[PATH_MAX];
	unsigned n;

	for (n = count_old(output); n; n--)
		if (name_old(output, n, path))
			unlink(path);
}

/* A reader that is just looking keeps the write-ahead log: it goes along. */
static void move_beside(const char *from, const char *to, const char *suffix)
{
	char old[PATH_MAX + 8], new[PATH_MAX + 8];

	snprintf(old, sizeof(old), "%s%s", from, suffix);
	snprintf(new, sizeof(new), "%s%s", to, suffix);
	if (rename(old, new))
		unlink(new); /* an older one's */
}

static enum sm_status move(const char *from, const char *to,
			   struct sm_diag *diag)
{
	if (!rename(from, to)) {
		move_beside(from, to, "-wal");
		move_beside(from, to, "-shm");
		return SM_OK;
	}
	return sm_fail(diag, SM_IO, "cannot rename to %s: %s", to,
		       strerror(errno));
}

enum sm_status rotate_shift(const char *output, unsigned keep,
			    struct sm_diag *diag)
{
	unsigned n;
	char from[PATH_MAX], to[PATH_MAX];
	enum sm_status status = SM_OK;

	/* Somebody removed it: the old ones keep their places. */
	if (access(output, F_OK) && errno == ENOENT)
		return SM_OK;
	n = count_old(output);
	for (; n && keep && n >= keep; n--)
		if (name_old(output, n, from))
			unlink(from);
	for (; n && !status; n--)
		if (name_old(output, n, from) && name_old(output, n + 1, to))
			status = move(from, to, diag);
	if (!status && !name_old(output, 1, to))
		status = sm_fail(diag, SM_LIMIT, "file name too long");
	return status ? status : move(output, to, diag);
}
