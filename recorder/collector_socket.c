/* SPDX-License-Identifier: Apache-2.0 */
/*
 * collector_socket.c: the sockets agents reach the collector by, and the
 * handshake's two messages.
 *
 * The directory can be traversed but not listed, and the socket's name is
 * random: whoever knows it was told in SECMGR_CHANNEL. Workers that dropped
 * their uid must still be able to connect, so modes cannot decide.
 */
#include "recorder/collector_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#define INHERITED_FD_MIN 700 /* above what shells and daemons number */
#define RIGHTS_MAX	 8

static enum sm_status fail(struct sm_diag *diag, const char *what,
			   const char *path)
{
	return sm_fail(diag, SM_IO, "%s %s: %s", what, path, strerror(errno));
}

/* -------------------------------------------------------------- directory */

static enum sm_status random_name(char out[33], struct sm_diag *diag)
{
	uint8_t bytes[16];
	size_t i;

	if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
		return fail(diag, "getrandom", "16 bytes");
	for (i = 0; i < sizeof(bytes); i++)
		snprintf(out + 2 * i, 3, "%02x", bytes[i]);
	return SM_OK;
}

static bool make_directory(struct sm_collector *collector, const char *base)
{
	int n = snprintf(collector->directory, sizeof(collector->directory),
			 "%s/" SM_COLLECTOR_DIRECTORY "XXXXXX", base);

	/* Room for "/", 32 digits and the NUL in sun_path. */
	if (base[0] != '/' || n < 0 ||
	    (size_t)n >= sizeof(collector->directory) ||
	    (size_t)n + 34 > SM_CHANNEL_PATH_MAX ||
	    !mkdtemp(collector->directory)) {
		collector->directory[0] = '\0';
		return false;
	}
	if (!chmod(collector->directory, 0711))
		return true;
	rmdir(collector->directory);
	collector->directory[0] = '\0';
	return false;
}

/*
 * $XDG_RUNTIME_DIR is 0700: a worker that dropped its uid could not get
 * through, so root, whose children do that, goes to /tmp.
 */
static enum sm_status open_directory(struct sm_collector *collector,
				     struct sm_diag *diag)
{
	const char *runtime = getenv("XDG_RUNTIME_DIR");

	if (geteuid() && runtime) {
		collector_sweep(runtime);
		if (make_directory(collector, runtime))
			return SM_OK;
	}
	collector_sweep("/tmp");
	if (make_directory(collector, "/tmp"))
		return SM_OK;
	return fail(diag, "cannot make a socket directory in", "/tmp");
}

/* ---------------------------------------------------------------- sockets */

static enum sm_status listen_at(const struct sockaddr_un *address, mode_t mode,
				int type, int *out, struct sm_diag *diag)
{
	const int one = 1;
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	*out = fd;
	if (fd < 0)
		return fail(diag, "socket", address->sun_path);
	if (setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &one, sizeof(one)) ||
	    bind(fd, (const struct sockaddr *)address, sizeof(*address)) ||
	    chmod(address->sun_path, mode) || listen(fd, SOMAXCONN))
		return fail(diag, "cannot listen at", address->sun_path);
	return SM_OK;
}

/*
 * For guests that live where the path leads nowhere. One more way, not a
 * needed one: a kernel that refuses leaves the path.
 */
static void listen_by_name(struct sm_collector *collector)
{
	const int one = 1;
	struct sockaddr_un address;
	socklen_t bytes =
		sm_channel_name(collector->address.sun_path, &address);
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK,
			0);

	if (fd < 0)
		return;
	if (setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &one, sizeof(one)) ||
	    bind(fd, (const struct sockaddr *)&address, bytes) ||
	    listen(fd, SOMAXCONN)) {
		close(fd);
		return;
	}
	collector->named = fd;
}

static enum sm_status set_path(struct sockaddr_un *address, const char *dir,
			       const char *name, struct sm_diag *diag)
{
	int n;

	address->sun_family = AF_UNIX;
	n = snprintf(address->sun_path, sizeof(address->sun_path), "%s/%s", dir,
		     name);
	if (n < 0 || (size_t)n >= sizeof(address->sun_path))
		return sm_fail(diag, SM_LIMIT, "socket path too long in %s",
			       dir);
	return SM_OK;
}

static int dup_high(int fd)
{
	int high = fcntl(fd, F_DUPFD_CLOEXEC, INHERITED_FD_MIN);

	return high >= 0 ? high : fcntl(fd, F_DUPFD_CLOEXEC, 64);
}

/*
 * Room for the hellos of some thousand processes forked at once. The second
 * call is for those who may not pass net.core.wmem_max.
 */
static void widen(int fd)
{
	const int bytes = 8 << 20;

	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof(bytes)))
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
}

static enum sm_status open_pair(struct sm_collector *collector,
				struct sm_diag *diag)
{
	const int one = 1;
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return fail(diag, "socketpair", "SOCK_SEQPACKET");
	collector->inherited = pair[0];
	widen(pair[1]);
	collector->inheritable = dup_high(pair[1]);
	close(pair[1]);
	if (collector->inheritable < 0)
		return fail(diag, "dup", "of the inherited socket");
	if (setsockopt(pair[0], SOL_SOCKET, SO_PASSCRED, &one, sizeof(one)) ||
	    fcntl(pair[0], F_SETFL, O_NONBLOCK))
		return fail(diag, "setsockopt", "SO_PASSCRED");
	return SM_OK;
}

static enum sm_status print_channel(struct sm_collector *collector,
				    struct sm_diag *diag)
{
	struct sm_channel_address address = {
		.fd = collector->inheritable,
		.flags = collector->options.flags,
		.path = collector->address.sun_path,
	};
	struct stat st;

	memcpy(address.key, collector->options.key, sizeof(address.key));

	if (fstat(collector->inheritable, &st))
		return fail(diag, "fstat", "of the inherited socket");
	address.dev = st.st_dev;
	address.ino = st.st_ino;
	if (!sm_channel_print(&address, collector->channel,
			      sizeof(collector->channel)))
		return sm_fail(diag, SM_LIMIT, "channel address too long");
	return SM_OK;
}

enum sm_status collector_sockets_open(struct sm_collector *collector,
				      struct sm_diag *diag)
{
	enum sm_status status;
	char name[33];

	status = open_directory(collector, diag);
	if (!status)
		status = random_name(name, diag);
	if (!status)
		status = set_path(&collector->address, collector->directory,
				  name, diag);
	if (!status)
		status = set_path(&collector->status_address,
				  collector->directory,
				  SM_COLLECTOR_STATUS_SOCKET, diag);
	if (!status)
		status = set_path(&collector->control_address,
				  collector->directory,
				  SM_COLLECTOR_CONTROL_SOCKET, diag);
	if (!status)
		status = listen_at(&collector->control_address, 0600,
				   SOCK_SEQPACKET, &collector->control, diag);
	if (!status)
		status = listen_at(&collector->address, 0666, SOCK_SEQPACKET,
				   &collector->listener, diag);
	if (!status)
		status = listen_at(&collector->status_address, 0600,
				   SOCK_SEQPACKET, &collector->status, diag);
	if (!status)
		listen_by_name(collector);
	if (!status)
		status = open_pair(collector, diag);
	if (!status)
		status = print_channel(collector, diag);
	return status;
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void collector_sockets_close(struct sm_collector *collector)
{
	close_fd(&collector->listener);
	close_fd(&collector->named);
	close_fd(&collector->status);
	close_fd(&collector->control);
	close_fd(&collector->inherited);
	close_fd(&collector->inheritable);
	if (!collector->directory[0])
		return;
	unlink(collector->address.sun_path);
	unlink(collector->status_address.sun_path);
	unlink(collector->control_address.sun_path);
	rmdir(collector->directory);
	collector->directory[0] = '\0';
}

/* -------------------------------------------------------------- handshake */

/* The first descriptor is the one asked for; a hostile sender adds more. */
static void take_rights(struct cmsghdr *header, struct greeting *greeting)
{
	size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
	size_t i;
	int fd;

	for (i = 0; i < count; i++) {
		memcpy(&fd, CMSG_DATA(header) + i * sizeof(fd), sizeof(fd));
		if (greeting->reply < 0)
			greeting->reply = fd;
		else
			close(fd);
	}
}

static void take_control(struct msghdr *message, struct greeting *greeting)
{
	struct cmsghdr *header;

	for (header = CMSG_FIRSTHDR(message); header;
	     header = CMSG_NXTHDR(message, header)) {
		if (header->cmsg_level != SOL_SOCKET)
			continue;
		if (header->cmsg_type == SCM_RIGHTS)
			take_rights(header, greeting);
		if (header->cmsg_type == SCM_CREDENTIALS &&
		    header->cmsg_len >= CMSG_LEN(sizeof(struct ucred))) {
			memcpy(&greeting->credentials, CMSG_DATA(header),
			       sizeof(struct ucred));
			greeting->has_credentials = true;
		}
	}
}

bool collector_receive(int fd, struct greeting *greeting)
{
	_Alignas(struct cmsghdr) char
		control[CMSG_SPACE(sizeof(struct ucred)) +
			CMSG_SPACE(RIGHTS_MAX * sizeof(int))];
	struct iovec part = { greeting->data, sizeof(greeting->data) };
	struct msghdr message = {
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	ssize_t n;

	greeting->reply = -1;
	greeting->has_credentials = false;
	greeting->bytes = 0;
	n = recvmsg(fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	take_control(&message, greeting);
	if (!(message.msg_flags & MSG_TRUNC))
		greeting->bytes = (uint32_t)n;
	/* An empty message reads like the end, but came from somebody. */
	return n > 0 || greeting->has_credentials;
}

static void put_rights(struct msghdr *message, const int *fds, size_t count)
{
	struct cmsghdr *header;

	message->msg_controllen = CMSG_SPACE(count * sizeof(int));
	header = CMSG_FIRSTHDR(message);
	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(count * sizeof(int));
	memcpy(CMSG_DATA(header), fds, count * sizeof(int));
}

bool collector_reply(const struct sm_collector *collector, int fd,
		     const struct sm_ring_memory *memory)
{
	const struct sm_collector_options *options = &collector->options;
	struct sm_channel_reply reply = {
		.magic = SM_CHANNEL_MAGIC,
		.version = SM_CHANNEL_VERSION,
		.flags = options->flags,
		.on_full = options->on_full,
		.wait_ns = options->wait_ns,
		.policy_bytes = collector->policy.bytes,
		.shadow_bytes = collector->shadow.bytes,
		.generation = collector->generation,
	};
	int fds[4];
	size_t count = 0;
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(fds))] = { 0 };
	struct iovec part = { &reply, sizeof(reply) };
	struct msghdr message = {
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = control,
	};

	if (memory) {
		fds[count++] = memory->ring_fd;
		fds[count++] = memory->control_read_fd;
	}
	if (collector->policy.fd >= 0)
		fds[count++] = collector->policy.fd;
	if (collector->shadow.fd >= 0)
		fds[count++] = collector->shadow.fd;
	put_rights(&message, fds, count);
	return sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL) ==
	       sizeof(reply);
}
