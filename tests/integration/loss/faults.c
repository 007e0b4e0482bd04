/* SPDX-License-Identifier: Apache-2.0 */
/*
 * faults: makes memory and disk fail in the program it is preloaded into, if
 * that is secmgr-record, and leaves those it starts alone.
 *
 * SM_FAULT_MEMORY=SEED:N:M  behind the first M allocations one of N fails
 * SM_FAULT_DISK=FILE      while FILE is there, with an errno's number in it,
 *                         writing and syncing files beside it fails so
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

void *__libc_malloc(size_t bytes);
void *__libc_calloc(size_t count, size_t bytes);
void *__libc_realloc(void *old, size_t bytes);

static _Atomic unsigned long state;
static unsigned long one_of;
static _Atomic long left; /* allocations that succeed */
static char flag[512], place[512];

__attribute__((constructor)) static void start(void)
{
	const char *memory = getenv("SM_FAULT_MEMORY");
	const char *disk = getenv("SM_FAULT_DISK");
	char *end;

	if (strcmp(program_invocation_short_name, "secmgr-record") != 0)
		return;
	if (disk) {
		snprintf(flag, sizeof(flag), "%s", disk);
		snprintf(place, sizeof(place), "%s", disk);
		*strrchr(place, '/') = '\0';
	}
	if (memory) {
		state = strtoul(memory, &end, 10) * 2654435761u + 1;
		one_of = strtoul(end + 1, &end, 10);
		left = strtol(end + 1, NULL, 10);
	}
}

/* Numerical Recipes' generator; one number a call, whoever calls. */
static bool is_refused(void)
{
	unsigned long now = state, next;

	if (!one_of || left-- > 0)
		return false;
	do
		next = now * 6364136223846793005u + 1442695040888963407u;
	while (!atomic_compare_exchange_weak(&state, &now, next));
	if ((next >> 33) % one_of)
		return false;
	errno = ENOMEM;
	return true;
}

void *malloc(size_t bytes)
{
	return is_refused() ? NULL : __libc_malloc(bytes);
}

void *calloc(size_t count, size_t bytes)
{
	return is_refused() ? NULL : __libc_calloc(count, bytes);
}

void *realloc(void *old, size_t bytes)
{
	return is_refused() ? NULL : __libc_realloc(old, bytes);
}

/* The errno to fail with, or 0. */
static int disk_error(int fd)
{
	char link[64], path[512], text[16] = "";
	ssize_t n;
	int at;

	if (!flag[0])
		return 0;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof(path) - 1);
	path[n > 0 ? n : 0] = '\0';
	if (strncmp(path, place, strlen(place)) != 0)
		return 0;
	at = (int)syscall(SYS_openat, AT_FDCWD, flag, O_RDONLY | O_CLOEXEC);
	if (at < 0)
		return 0;
	n = read(at, text, sizeof(text) - 1);
	close(at);
	return n > 0 ? (int)strtol(text, NULL, 10) : 0;
}

static bool fails(int fd)
{
	int error = disk_error(fd);

	if (error)
		errno = error;
	return error;
}

ssize_t write(int fd, const void *bytes, size_t n)
{
	return fails(fd) ? -1 : syscall(SYS_write, fd, bytes, n);
}

ssize_t pwrite64(int fd, const void *bytes, size_t n, off64_t at)
{
	return fails(fd) ? -1 : syscall(SYS_pwrite64, fd, bytes, n, at);
}

int ftruncate64(int fd, off64_t bytes)
{
	return fails(fd) ? -1 : (int)syscall(SYS_ftruncate, fd, bytes);
}

int fdatasync(int fd)
{
	return fails(fd) ? -1 : (int)syscall(SYS_fdatasync, fd);
}

int fsync(int fd)
{
	return fails(fd) ? -1 : (int)syscall(SYS_fsync, fd);
}
