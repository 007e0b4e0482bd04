/* SPDX-License-Identifier: Apache-2.0 */
/*
 * interpose_files.c: the agent in front of the calls that name files without
 * opening them: those of Python's os module, under the names it calls.
 *
 * Calls that no event announced pass as they are.
 */
#include "recorder/agent/agent.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "recorder/agent/interpose.h"
#include "recorder/agent/real.h"

/* Named apart, as open is in interpose_open.c. */
EXPORT int sm_truncate(const char *, off_t) __asm__("truncate");
EXPORT int sm_truncate64(const char *, off_t) __asm__("truncate64");

/* The next library's, of the same type; truncate64's is truncate's. */
static struct {
#define FUNCTION(name) __typeof__(name) *name
	FUNCTION(chmod);
	FUNCTION(fchmodat);
	FUNCTION(chown);
	FUNCTION(lchown);
	FUNCTION(fchownat);
	FUNCTION(utimensat);
	FUNCTION(getxattr);
	FUNCTION(lgetxattr);
	FUNCTION(listxattr);
	FUNCTION(llistxattr);
	FUNCTION(setxattr);
	FUNCTION(lsetxattr);
	FUNCTION(removexattr);
	FUNCTION(lremovexattr);
	FUNCTION(opendir);
	FUNCTION(mkdir);
	FUNCTION(mkdirat);
	FUNCTION(unlink);
	FUNCTION(rmdir);
	FUNCTION(unlinkat);
	FUNCTION(rename);
	FUNCTION(renameat);
	FUNCTION(link);
	FUNCTION(linkat);
	FUNCTION(symlink);
	FUNCTION(symlinkat);
	int (*truncate64)(const char *, off_t);
#undef FUNCTION
} real;

void sm_interpose_files_setup(void)
{
	(void)REAL(chmod);
	(void)REAL(fchmodat);
	(void)REAL(chown);
	(void)REAL(lchown);
	(void)REAL(fchownat);
	(void)REAL(utimensat);
	(void)REAL(getxattr);
	(void)REAL(lgetxattr);
	(void)REAL(listxattr);
	(void)REAL(llistxattr);
	(void)REAL(setxattr);
	(void)REAL(lsetxattr);
	(void)REAL(removexattr);
	(void)REAL(lremovexattr);
	(void)REAL(opendir);
	(void)REAL(mkdir);
	(void)REAL(mkdirat);
	(void)REAL(unlink);
	(void)REAL(rmdir);
	(void)REAL(unlinkat);
	(void)REAL(rename);
	(void)REAL(renameat);
	(void)REAL(link);
	(void)REAL(linkat);
	(void)REAL(symlink);
	(void)REAL(symlinkat);
	(void)REAL(truncate64);
}

/* What a call gave, once it was looked at; -1: it was not made. */
static int64_t done(enum sm_event_kind kind, int64_t result)
{
	sm_announced_done(kind, result >= 0);
	return result;
}

/* ------------------------------------------------ what the path leads to */

/* Before a call that changes what path leads to. True: it may be made. */
static bool may_change(enum sm_event_kind kind, int dir_fd, const char *path,
		       bool follows)
{
	struct sm_real_name name;

	return sm_real_look(&name, dir_fd, path, follows) &&
	       !sm_real_is_denied(kind, &name);
}

/* The call, looked at if it is the one announced. */
#define CHANGE(kind, dir_fd, path, follows, call)                              \
	(!sm_announced_is_next(kind, path)                                     \
		 ? (call)                                                      \
		 : done(kind, may_change(kind, dir_fd, path, follows) ? (call) \
								      : -1))

EXPORT int chmod(const char *path, mode_t mode)
{
	return (int)CHANGE(SM_EVENT_CHANGED, AT_FDCWD, path, true,
			   REAL(chmod)(path, mode));
}

EXPORT int fchmodat(int dir_fd, const char *path, mode_t mode, int flags)
{
	return (int)CHANGE(SM_EVENT_CHANGED, dir_fd, path,
			   !(flags & AT_SYMLINK_NOFOLLOW),
			   REAL(fchmodat)(dir_fd, path, mode, flags));
}

EXPORT int chown(const char *path, uid_t user, gid_t group)
{
	return (int)CHANGE(SM_EVENT_CHANGED, AT_FDCWD, path, true,
			   REAL(chown)(path, user, group));
}

EXPORT int lchown(const char *path, uid_t user, gid_t group)
{
	return (int)CHANGE(SM_EVENT_CHANGED, AT_FDCWD, path, false,
			   REAL(lchown)(path, user, group));
}

EXPORT int fchownat(int dir_fd, const char *path, uid_t user, gid_t group,
		    int flags)
{
	return (int)CHANGE(SM_EVENT_CHANGED, dir_fd, path,
			   !(flags & AT_SYMLINK_NOFOLLOW),
			   REAL(fchownat)(dir_fd, path, user, group, flags));
}

EXPORT int utimensat(int dir_fd, const char *path,
		     const struct timespec times[2], int flags)
{
	return (int)CHANGE(SM_EVENT_CHANGED, dir_fd, path,
			   !(flags & AT_SYMLINK_NOFOLLOW),
			   REAL(utimensat)(dir_fd, path, times, flags));
}

EXPORT ssize_t getxattr(const char *path, const char *name, void *value,
			size_t size)
{
	return CHANGE(SM_EVENT_CHANGED, AT_FDCWD, path, true,
		      REAL(getxattr)(path, name, value, size));
}

EXPORT ssize_t lgetxattr(const char *path, const char *name, void *value,
			 size_t size)
{
	return CHANGE(SM_EVENT_CHANGED, AT_FDCWD, path, false,
		      REAL(lgetxattr)(path, name, value, size));
}

EXPORT ssize_t listxattr(const char *path, char *list, size_t size)
{
	return CHANGE(SM_EVENT_CHANGED, AT_FDCWD, path, true,
		      REAL(listxattr)(path, list, size));
}

EXPORT ssize_t llistxattr(const char *path, char *list, size_t size)
{
	return CHANGE(SM_EVENT_CHANGED, AT_FDCWD, path, false,
		      REAL(llistxattr)(path, list, size));
}

EXPORT int setxattr(const char *path, const char *name, const void *value,
		    size_t size, int flags)
{
	return (int)CHANGE(SM_EVENT_CHANGED, AT_FDCWD, path, true,
			   REAL(setxattr)(path, name, value, size, flags));
}

EXPORT int lsetxattr(const char *path, const char *name, const void *value,
		     size_t size, int flags)
{
	return (int)CHANGE(SM_EVENT_CHANGED, AT_FDCWD, path, false,
			   REAL(lsetxattr)(path, name, value, size, flags));
}

EXPORT int removexattr(const char *path, const char *name)
{
	return (int)CHANGE(SM_EVENT_CHANGED, AT_FDCWD, path, true,
			   REAL(removexattr)(path, name));
}

EXPORT int lremovexattr(const char *path, const char *name)
{
	return (int)CHANGE(SM_EVENT_CHANGED, AT_FDCWD, path, false,
			   REAL(lremovexattr)(path, name));
}

int sm_truncate64(const char *path, off_t length)
{
	return (int)CHANGE(SM_EVENT_TRUNCATED, AT_FDCWD, path, true,
			   REAL(truncate64)(path, length));
}

int sm_truncate(const char *path, off_t length)
{
	return sm_truncate64(path, length);
}

/* ------------------------------------------------------------------- lists */

/* The descriptor tells the directory, as real_open.c has it for files. */
static DIR *open_directory(const char *path)
{
	int fd = sm_real_probe(AT_FDCWD, path,
			       O_RDONLY | O_NONBLOCK | O_DIRECTORY | O_CLOEXEC,
			       0);
	DIR *dir;

	if (fd >= 0) {
		dir = fdopendir(fd);
		if (!dir)
			close(fd);
		return dir;
	}
	if (errno != ELOOP)
		return NULL;
	dir = REAL(opendir)(path);
	if (dir && sm_real_is_list_denied(path, dirfd(dir))) {
		closedir(dir);
		errno = EACCES;
		dir = NULL;
	}
	return dir;
}

EXPORT DIR *opendir(const char *path)
{
	DIR *dir;

	if (!sm_announced_is_next(SM_EVENT_LISTED, path))
		return REAL(opendir)(path);
	dir = open_directory(path);
	done(SM_EVENT_LISTED, dir ? 0 : -1);
	return dir;
}

/* -------------------------------------------- what the last component is */

EXPORT int mkdirat(int dir_fd, const char *path, mode_t mode)
{
	struct sm_real_name name;
	int result = -1;

	if (!sm_announced_is_next(SM_EVENT_MADE, path))
		return REAL(mkdirat)(dir_fd, path, mode);
	if (sm_real_hold(&name, dir_fd, path) &&
	    !sm_real_is_denied(SM_EVENT_MADE, &name))
		result = REAL(mkdirat)(name.dir_fd, name.path, mode);
	sm_real_release(&name);
	return (int)done(SM_EVENT_MADE, result);
}

EXPORT int mkdir(const char *path, mode_t mode)
{
	return sm_announced_is_next(SM_EVENT_MADE, path)
		       ? mkdirat(AT_FDCWD, path, mode)
		       : REAL(mkdir)(path, mode);
}

EXPORT int unlinkat(int dir_fd, const char *path, int flags)
{
	struct sm_real_name name;
	int result = -1;

	if (!sm_announced_is_next(SM_EVENT_REMOVED, path))
		return REAL(unlinkat)(dir_fd, path, flags);
	if (sm_real_hold(&name, dir_fd, path) &&
	    !sm_real_is_denied(SM_EVENT_REMOVED, &name))
		result = REAL(unlinkat)(name.dir_fd, name.path, flags);
	sm_real_release(&name);
	return (int)done(SM_EVENT_REMOVED, result);
}

EXPORT int unlink(const char *path)
{
	return sm_announced_is_next(SM_EVENT_REMOVED, path)
		       ? unlinkat(AT_FDCWD, path, 0)
		       : REAL(unlink)(path);
}

EXPORT int rmdir(const char *path)
{
	return sm_announced_is_next(SM_EVENT_REMOVED, path)
		       ? unlinkat(AT_FDCWD, path, AT_REMOVEDIR)
		       : REAL(rmdir)(path);
}

EXPORT int symlinkat(const char *target, int dir_fd, const char *path)
{
	struct sm_real_name name;
	int result = -1;

	if (!sm_announced_is_next(SM_EVENT_SYMLINKED, target))
		return REAL(symlinkat)(target, dir_fd, path);
	if (sm_real_hold(&name, dir_fd, path) &&
	    !sm_real_is_denied(SM_EVENT_SYMLINKED, &name))
		result = REAL(symlinkat)(target, name.dir_fd, name.path);
	sm_real_release(&name);
	return (int)done(SM_EVENT_SYMLINKED, result);
}

EXPORT int symlink(const char *target, const char *path)
{
	return sm_announced_is_next(SM_EVENT_SYMLINKED, target)
		       ? symlinkat(target, AT_FDCWD, path)
		       : REAL(symlink)(target, path);
}

/* A directory above the working directory may have got another name. */
static int renamed(int result)
{
	if (!result)
		sm_resolve_cwd_changed();
	return result;
}

EXPORT int renameat(int from_fd, const char *from, int to_fd, const char *to)
{
	struct sm_real_name a, b = { .held = -1 };
	int result = -1;

	if (!sm_announced_is_next(SM_EVENT_RENAMED, from))
		return renamed(REAL(renameat)(from_fd, from, to_fd, to));
	if (sm_real_hold(&a, from_fd, from) && sm_real_hold(&b, to_fd, to) &&
	    !sm_real_are_denied(SM_EVENT_RENAMED, &a, &b))
		result = REAL(renameat)(a.dir_fd, a.path, b.dir_fd, b.path);
	sm_real_release(&a);
	sm_real_release(&b);
	return (int)done(SM_EVENT_RENAMED, renamed(result));
}

EXPORT int rename(const char *from, const char *to)
{
	return sm_announced_is_next(SM_EVENT_RENAMED, from)
		       ? renameat(AT_FDCWD, from, AT_FDCWD, to)
		       : renamed(REAL(rename)(from, to));
}

EXPORT int linkat(int from_fd, const char *from, int to_fd, const char *to,
		  int flags)
{
	struct sm_real_name a, b = { .held = -1 };
	bool follows = flags & AT_SYMLINK_FOLLOW;
	int result = -1;

	if (!sm_announced_is_next(SM_EVENT_LINKED, from))
		return REAL(linkat)(from_fd, from, to_fd, to, flags);
	if ((follows ? sm_real_look(&a, from_fd, from, true)
		     : sm_real_hold(&a, from_fd, from)) &&
	    sm_real_hold(&b, to_fd, to) &&
	    !sm_real_are_denied(SM_EVENT_LINKED, &a, &b))
		result =
			REAL(linkat)(a.dir_fd, a.path, b.dir_fd, b.path, flags);
	sm_real_release(&a);
	sm_real_release(&b);
	return (int)done(SM_EVENT_LINKED, result);
}

EXPORT int link(const char *from, const char *to)
{
	return sm_announced_is_next(SM_EVENT_LINKED, from)
		       ? linkat(AT_FDCWD, from, AT_FDCWD, to, 0)
		       : REAL(link)(from, to);
}
