/* SPDX-License-Identifier: Apache-2.0 */
/*
 * interpose_leave.c: the calls after which the collector's path leads nowhere.
 * Who connected by it does so once more before, and keeps that connection. And
 * unshare() may make threads mean different files by a descriptor or a name.
 */
#include "recorder/agent/agent.h"

#include <errno.h>
#include <sched.h>
#include <unistd.h>

#include "recorder/agent/interpose.h"

static struct {
	int (*chroot)(const char *);
	int (*unshare)(int);
	int (*setns)(int, int);
} real;

void sm_interpose_leave_setup(void)
{
	sm_interpose_find("chroot", &real.chroot);
	sm_interpose_find("unshare", &real.unshare);
	sm_interpose_find("setns", &real.setns);
}

static void prepare(void)
{
	int saved = errno;

	sm_channel_keep();
	errno = saved;
}

static int missing(void)
{
	errno = ENOSYS;
	return -1;
}

EXPORT int chroot(const char *path)
{
	prepare();
	return real.chroot ? real.chroot(path) : missing();
}

EXPORT int unshare(int flags)
{
	if (flags & (CLONE_NEWNS | CLONE_NEWUSER))
		prepare();
	/* a mount or user namespace implies a directory */
	if (flags & (CLONE_FILES | CLONE_FS | CLONE_NEWNS | CLONE_NEWUSER))
		sm_resolve_threads_apart();
	return real.unshare ? real.unshare(flags) : missing();
}

EXPORT int setns(int fd, int type)
{
	prepare();
	return real.setns ? real.setns(fd, type) : missing();
}
