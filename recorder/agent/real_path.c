/* SPDX-License-Identifier: Apache-2.0 */
/*
 * real_path.c: which path the kernel means by a name.
 *
 * A probe with RESOLVE_NO_SYMLINKS tells that it is the one spelled; what it
 * stops at is opened by O_PATH, and the descriptor's link read.
 *
 * A hard link is another name of the same file, and what is mounted elsewhere
 * has another path there: neither can be told from the file itself.
 */
#include "recorder/agent/real.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_openat2 /* glibc names it from 2.32 on; one number everywhere */
#define SYS_openat2 437
#endif
#define LINKS_MAX 40 /* as the kernel's MAXSYMLINKS */

static _Atomic bool has_openat2;

void sm_real_setup(bool is_libc)
{
	struct open_how how = { .flags = O_PATH | O_CLOEXEC,
				.resolve = RESOLVE_NO_SYMLINKS };
	int saved = errno;
	long fd = -1;

	if (is_libc)
		fd = syscall(SYS_openat2, AT_FDCWD, "/", &how, sizeof(how));
	has_openat2 = fd >= 0;
	if (fd >= 0)
		close((int)fd);
	errno = saved;
}

bool sm_real_probes(void)
{
	return has_openat2;
}

int sm_real_probe(int dir_fd, const char *path, int flags, mode_t mode)
{
	struct open_how how = { .flags = (unsigned)flags,
				.mode = mode & 07777,
				.resolve = RESOLVE_NO_SYMLINKS };
	long fd;

	if (has_openat2) {
		fd = syscall(SYS_openat2, dir_fd, path, &how, sizeof(how));
		if (fd >= 0 || errno != ENOSYS)
			return (int)fd;
		has_openat2 = false;
	}
	errno = ELOOP;
	return -1;
}

/*
 * "/proc/self" is a link to the own number, which is another every time: what
 * it leads to is called by the link's name.
 */
static struct sm_str name_self(char *text, uint32_t length)
{
	static const char proc[] = "/proc/", self[] = "self";
	const uint32_t at = sizeof(proc) - 1, to = sizeof(self) - 1;
	struct sm_str path = { text, length };
	char link[32];
	ssize_t read;
	uint32_t n;

	if (length <= at || memcmp(text, proc, at) != 0 || text[at] < '0' ||
	    text[at] > '9')
		return path;
	read = readlink("/proc/self", link, sizeof(link));
	n = read > 0 ? (uint32_t)read : 0;
	if (!n || length < at + n || memcmp(text + at, link, n) != 0 ||
	    (length > at + n && text[at + n] != '/') ||
	    length + to - n > SM_PATH_MAX)
		return path;
	memmove(text + at + to, text + at + n, length - at - n);
	memcpy(text + at, self, to);
	path.len = length + to - n;
	return path;
}

struct sm_str sm_real_path_of(int fd, char *out)
{
	struct sm_str path = sm_resolve_fd(fd, out);

	return path.len ? name_self(out, path.len) : path;
}

bool sm_real_is_blind(void)
{
	char first;
	int saved = errno;
	bool result = readlink("/proc/self", &first, 1) < 0;

	errno = saved;
	return result;
}

struct sm_str sm_real_spelled(int dir_fd, const char *path, char *out)
{
	struct sm_str name = sm_str_of(path);

	return sm_path_is_canonical(name) ? name
					  : sm_resolve_at(dir_fd, name, out);
}

/* What the path leads to; empty when it is not there, or has no name. */
struct sm_str sm_real_existing(int dir_fd, const char *path, int flags,
			       char *out)
{
	struct sm_str result = { NULL, 0 };
	int fd = sm_interpose_open(dir_fd, path, O_PATH | O_CLOEXEC | flags, 0);

	if (fd < 0)
		return result;
	result = sm_real_path_of(fd, out);
	close(fd);
	errno = 0;
	return result;
}

/* Cuts the last component off name; it is left in last. */
static bool split(char *name, char *last)
{
	char *slash = strrchr(name, '/');
	const char *from = slash ? slash + 1 : name;

	if (!*from || strlen(from) > NAME_MAX)
		return false; /* "dir/": nothing is made by that name */
	strcpy(last, from);
	if (!slash)
		strcpy(name, ".");
	else
		slash[slash == name] = '\0';
	return true;
}

/*
 * last in the directory fd, which is closed. It has no name where it was
 * removed, and in a root without /proc: no reason to refuse, errno is 0.
 */
static struct sm_str name_in(int fd, const char *last, char *out)
{
	struct sm_str dir = sm_real_path_of(fd, out);

	close(fd);
	errno = dir.len ? ENAMETOOLONG : 0;
	if (!dir.len || dir.len + strlen(last) + 1 > SM_PATH_MAX)
		return (struct sm_str){ NULL, 0 };
	if (dir.len > 1)
		out[dir.len++] = '/';
	memcpy(out + dir.len, last, strlen(last));
	dir.len += (uint32_t)strlen(last);
	return (struct sm_str){ out, dir.len };
}

/*
 * Where open() would make a file: its directory's path and the last name,
 * which may be a link to what is not there yet.
 */
struct sm_str sm_real_new_file(int dir_fd, const char *path, bool follows,
			       char *out)
{
	char name[SM_PATH_MAX + 1], last[NAME_MAX + 1];
	struct sm_str none = { NULL, 0 };
	int fd = -1, next;

	errno = ENAMETOOLONG;
	if (strlen(path) > SM_PATH_MAX)
		return none;
	strcpy(name, path);
	for (unsigned i = 0; i < LINKS_MAX; i++) {
		ssize_t n = -1;

		if (!split(name, last)) {
			errno = EISDIR;
			goto fail;
		}
		next = sm_interpose_open(fd < 0 ? dir_fd : fd, name,
					 O_PATH | O_CLOEXEC | O_DIRECTORY, 0);
		if (next < 0)
			goto fail;
		if (fd >= 0)
			close(fd);
		fd = next;
		if (follows)
			n = readlinkat(fd, last, name, SM_PATH_MAX);
		if (n <= 0)
			return name_in(fd, last, out);
		name[n] = '\0';
	}
	errno = ELOOP;
fail:
	if (fd >= 0) {
		next = errno;
		close(fd);
		errno = next;
	}
	return none;
}

void sm_real_put(struct sm_value *value, struct sm_str path)
{
	*value = (struct sm_value){ .type = sm_utf8_is_valid(path) ? SM_TEXT
								   : SM_BYTES };
	value->s = path.p;
	value->len = path.len < SM_STRING_MAX ? path.len : SM_STRING_MAX;
	value->full_len = path.len;
}
