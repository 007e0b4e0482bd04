/* SPDX-License-Identifier: Apache-2.0 */
/*
 * connect.c: a connection to the collector, by the path of its socket or, in
 * a mount namespace or a root where that leads nowhere, by the name of it.
 */
#include "recorder/agent/agent.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define HIGH_FD	     1000  /* out of the way of programs that dup2 low */
#define OVERFLOW_UID 65534 /* any user that a namespace does not know */

/* A high number, so that nothing the guest counts on is in the way. */
static int raise_fd(int fd)
{
	struct rlimit limit;
	int high = HIGH_FD, moved;

	if (!getrlimit(RLIMIT_NOFILE, &limit) && limit.rlim_cur <= HIGH_FD)
		high = (int)limit.rlim_cur * 3 / 4;
	moved = fcntl(fd, F_DUPFD_CLOEXEC, high);
	if (moved < 0)
		return fd;
	close(fd);
	return moved;
}

static int connect_to(const struct sockaddr_un *address, socklen_t bytes,
		      unsigned ms)
{
	const struct timeval wait = { ms / 1000, ms % 1000 * 1000 };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait));
	if (!connect(fd, (const struct sockaddr *)address, bytes))
		return fd;
	close(fd);
	return -1;
}

/*
 * A path is in a directory of the collector's, but its name is anybody's once
 * the collector is gone: only root and who could trace us anyway may answer.
 */
static bool is_trusted(int fd)
{
	struct ucred peer;
	socklen_t bytes = sizeof(peer);

	return !getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &bytes) &&
	       (!peer.uid ||
		(peer.uid == geteuid() && peer.uid != OVERFLOW_UID));
}

int sm_connect(const char *path, unsigned ms)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	size_t n = strlen(path);
	int fd;

	if (!n || n >= sizeof(address.sun_path))
		return -1;
	memcpy(address.sun_path, path, n + 1);
	fd = connect_to(&address, sizeof(address), ms);
	if (fd < 0) {
		fd = connect_to(&address, sm_channel_name(path, &address), ms);
		if (fd >= 0 && !is_trusted(fd)) {
			close(fd);
			fd = -1;
		}
	}
	return fd < 0 ? fd : raise_fd(fd);
}
