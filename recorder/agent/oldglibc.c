/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oldglibc.c: calls whose symbol is newer than the C libraries the agent has
 * to start under. Hidden: they serve this library only.
 */
#include <fcntl.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define HIDDEN __attribute__((visibility("hidden")))

/* A symbol of its own since 2.33; the kernel's struct stat is libc's here. */
#if defined(__x86_64__) || defined(__aarch64__)
HIDDEN int fstat(int fd, struct stat *st)
{
	return (int)syscall(SYS_fstat, fd, st);
}

/* fcntl64 since 2.28; 64-bit systems know one struct flock only. */
HIDDEN int fcntl(int fd, int command, ...)
{
	va_list list;
	long argument;

	va_start(list, command);
	argument = va_arg(list, long);
	va_end(list);
	return (int)syscall(SYS_fcntl, fd, command, argument);
}
#endif
