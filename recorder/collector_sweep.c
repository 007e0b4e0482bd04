/* SPDX-License-Identifier: Apache-2.0 */
/*
 * collector_sweep.c: a collector that was killed leaves its directory behind.
 * The next one removes it, when nobody listens there any more.
 */
#include "recorder/collector_internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Between bind() and listen() a living one refuses too. */
#define SWEEP_AGE_SECONDS 60

static bool is_refused(const char *directory)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	bool refused;
	int fd;
	int n = snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s",
			 directory, SM_COLLECTOR_STATUS_SOCKET);

	if (n < 0 || (size_t)n >= sizeof(address.sun_path))
		return false;
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return false;
	refused = connect(fd, (const struct sockaddr *)&address,
			  sizeof(address)) &&
		  errno == ECONNREFUSED;
	close(fd);
	return refused;
}

static bool is_old_and_ours(int fd)
{
	struct stat st;

	return !fstat(fd, &st) && S_ISDIR(st.st_mode) &&
	       st.st_uid == geteuid() &&
	       st.st_mtime + SWEEP_AGE_SECONDS < time(NULL);
}

/* Only sockets are removed: anything else is not a collector's. */
static void empty_directory(int fd)
{
	DIR *dir = fdopendir(fcntl(fd, F_DUPFD_CLOEXEC, 0));
	struct dirent *entry;

	if (!dir)
		return;
	while ((entry = readdir(dir)))
		if (entry->d_type == DT_SOCK)
			unlinkat(fd, entry->d_name, 0);
	closedir(dir);
}

static void sweep_one(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return;
	if (is_old_and_ours(fd) && is_refused(path)) {
		empty_directory(fd);
		rmdir(path);
	}
	close(fd);
}

void collector_sweep(const char *base)
{
	const char prefix[] = SM_COLLECTOR_DIRECTORY;
	struct dirent *entry;
	char path[512];
	DIR *dir = opendir(base);
	int n;

	if (!dir)
		return;
	while ((entry = readdir(dir))) {
		if (strncmp(entry->d_name, prefix, sizeof(prefix) - 1))
			continue;
		n = snprintf(path, sizeof(path), "%s/%s", base, entry->d_name);
		if (n > 0 && (size_t)n < sizeof(path))
			sweep_one(path);
	}
	closedir(dir);
}
