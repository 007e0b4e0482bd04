/* SPDX-License-Identifier: Apache-2.0 */
/*
 * interpose_open.c: the agent in front of open, openat and fopen.
 *
 * open and openat tell the directory an os.open() meant: late_open.c; and they
 * and fopen what it led to: real_open.c. Debian's and most others' Python calls
 * the names with 64; both are the same here.
 */
#include "recorder/agent/agent.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "recorder/agent/interpose.h"
#include "recorder/agent/real.h"

/*
 * Named apart: with _FILE_OFFSET_BITS=64 the headers make open and open64 one
 * name, and the attributes of their declarations are not ours.
 */
EXPORT int sm_open(const char *, int, ...) __asm__("open");
EXPORT int sm_open64(const char *, int, ...) __asm__("open64");
EXPORT int sm_openat(int, const char *, int, ...) __asm__("openat");
EXPORT int sm_openat64(int, const char *, int, ...) __asm__("openat64");
EXPORT FILE *sm_fopen(const char *, const char *) __asm__("fopen");
EXPORT FILE *sm_fopen64(const char *, const char *) __asm__("fopen64");
/* What _FORTIFY_SOURCE makes of an open without a mode. */
EXPORT int sm_open_2(const char *, int) __asm__("__open_2");
EXPORT int sm_open64_2(const char *, int) __asm__("__open64_2");
EXPORT int sm_openat_2(int, const char *, int) __asm__("__openat_2");
EXPORT int sm_openat64_2(int, const char *, int) __asm__("__openat64_2");

static struct {
	int (*open)(const char *, int, ...);
	int (*openat)(int, const char *, int, ...);
	FILE *(*fopen)(const char *, const char *);
} real;

static bool sees_open;

/*
 * Not another library's that stands in front of it, as we do. dladdr(), which
 * reads all of libc's symbols, would take every child 50 us.
 */
static bool is_libc(int (*function)(const char *, int, ...))
{
	void *libc = dlopen("libc.so.6", RTLD_LAZY | RTLD_NOLOAD);
	void *theirs = libc ? dlsym(libc, "open64") : NULL;
	void *address;

	memcpy(&address, &function, sizeof(address));
	if (libc)
		dlclose(libc);
	return theirs && theirs == address;
}

SM_OFTEN bool sm_interpose_sees_open(void)
{
	return sees_open;
}

void sm_interpose_open_setup(void)
{
	sm_interpose_find("open64", &real.open);
	sm_interpose_find("openat64", &real.openat);
	sm_interpose_find("fopen64", &real.fopen);
	sees_open = dlsym(RTLD_DEFAULT, "open64") == (void *)sm_open64 &&
		    dlsym(RTLD_DEFAULT, "openat64") == (void *)sm_openat64;
	if (getenv(SM_CHANNEL_ENVIRONMENT))
		sm_real_setup(is_libc(real.open));
}

static bool has_mode(int flags)
{
	return flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE;
}

int sm_interpose_open(int dir_fd, const char *path, int flags, mode_t mode)
{
	if (dir_fd == AT_FDCWD && real.open)
		return real.open(path, flags, mode);
	if (real.openat)
		return real.openat(dir_fd, path, flags, mode);
	return (int)syscall(SYS_openat, dir_fd, path, flags, mode);
}

static int open_at(int dir_fd, const char *path, int flags, mode_t mode)
{
	if (sm_late_open_is_waiting() && sm_late_open_is_denied(dir_fd, path))
		return -1;
	if (sm_announced_is_next(SM_EVENT_OPENED, path))
		return sm_real_open(dir_fd, path, flags, mode);
	if (sm_announced_is_next(SM_EVENT_DATABASE, path) &&
	    sm_real_is_database_denied(path))
		return -1;
	return sm_interpose_open(dir_fd, path, flags, mode);
}

/* The mode is there only when a file may be made. */
#define MODE(flags, mode)                                                      \
	do {                                                                   \
		va_list list_;                                                 \
		va_start(list_, flags);                                        \
		(mode) = has_mode(flags) ? va_arg(list_, mode_t) : 0;          \
		va_end(list_);                                                 \
	} while (0)

int sm_open(const char *path, int flags, ...)
{
	mode_t mode;

	MODE(flags, mode);
	return open_at(AT_FDCWD, path, flags, mode);
}

int sm_open64(const char *path, int flags, ...)
{
	mode_t mode;

	MODE(flags, mode);
	return open_at(AT_FDCWD, path, flags, mode);
}

int sm_openat(int dir_fd, const char *path, int flags, ...)
{
	mode_t mode;

	MODE(flags, mode);
	return open_at(dir_fd, path, flags, mode);
}

int sm_openat64(int dir_fd, const char *path, int flags, ...)
{
	mode_t mode;

	MODE(flags, mode);
	return open_at(dir_fd, path, flags, mode);
}

/* glibc ends a program that leaves out a mode it needs; so does this. */
static int open_without_mode(int dir_fd, const char *path, int flags)
{
	if (has_mode(flags))
		abort();
	return open_at(dir_fd, path, flags, 0);
}

int sm_open_2(const char *path, int flags)
{
	return open_without_mode(AT_FDCWD, path, flags);
}

int sm_open64_2(const char *path, int flags)
{
	return open_without_mode(AT_FDCWD, path, flags);
}

int sm_openat_2(int dir_fd, const char *path, int flags)
{
	return open_without_mode(dir_fd, path, flags);
}

int sm_openat64_2(int dir_fd, const char *path, int flags)
{
	return open_without_mode(dir_fd, path, flags);
}

FILE *sm_fopen64(const char *path, const char *mode)
{
	if (!real.fopen)
		sm_interpose_find("fopen64", &real.fopen);
	if (!real.fopen) {
		errno = ENOSYS;
		return NULL;
	}
	if (sm_announced_is_next(SM_EVENT_OPENED, path))
		return sm_real_open_stream(path, mode, real.fopen);
	return real.fopen(path, mode);
}

FILE *sm_fopen(const char *path, const char *mode)
{
	return sm_fopen64(path, mode);
}
