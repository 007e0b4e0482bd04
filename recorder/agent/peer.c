/* SPDX-License-Identifier: Apache-2.0 */
/*
 * peer.c: the address a socket is really sent to, where Python's code chose it.
 *
 * socket.connect and its like tell the host as the program spelled it. Plain
 * ASCII is what the C library is asked for; anything else, and a class derived
 * from str, goes through the codec "idna" first, which a program may replace.
 * What that makes is looked at in the call: an address that is neither the one
 * spelled nor the answer to the last name asked for is recorded and decided by
 * itself. Of one that nobody has replaced this finds nothing.
 */
#include "recorder/agent/real.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "recorder/agent/interpose.h"

/* With _GNU_SOURCE their headers' addresses are unions of pointers. */
EXPORT int sm_peer_connect(int, const void *, socklen_t) __asm__("connect");
EXPORT ssize_t sm_peer_sendto(int, const void *, size_t, int, const void *,
			      socklen_t) __asm__("sendto");
EXPORT ssize_t sm_peer_sendmsg(int, const struct msghdr *,
			       int) __asm__("sendmsg");

static struct {
	int (*connect)(int, const void *, socklen_t);
	ssize_t (*sendto)(int, const void *, size_t, int, const void *,
			  socklen_t);
	ssize_t (*sendmsg)(int, const struct msghdr *, int);
} real;

void sm_interpose_peer_setup(void)
{
	(void)REAL(connect);
	(void)REAL(sendto);
	(void)REAL(sendmsg);
}

/* What this thread's next call is to be for; under no lock. */
static SM_THREAD_LOCAL struct {
	bool is_known;
	uint8_t address[SM_ADDRESS_BYTES];
	char kind[8];	/* of the socket */
	char host[256]; /* as it was spelled, or its start */
} expected;

/* ------------------------------------------------------------------ events */

static bool is_ascii(const char *p, PY_SIZE n)
{
	for (PY_SIZE i = 0; i < n; i++)
		if ((uint8_t)p[i] >= 0x80)
			return false;
	return true;
}

bool sm_peer_is_encoded(struct py_object *args)
{
	struct py_object *address, *host;
	PY_SIZE n = 0;
	const char *p;

	if (!args || sm_python_length(args) < 2)
		return false;
	address = sm_python_item(args, 1);
	if (sm_extract_length(address) < 2)
		return false;
	host = sm_extract_item(address, 0);
	if (!host || !(sm_py.PyType_GetFlags(sm_python_type(host)) & PY_IS_STR))
		return false;
	p = sm_py.PyUnicode_AsUTF8AndSize(host, &n);
	if (!p)
		sm_py.PyErr_Clear();
	return !p || sm_python_type(host) != sm_py.PyUnicode_Type ||
	       !is_ascii(p, n);
}

void sm_peer_announce(const struct sm_view *view, const struct sm_event *event)
{
	struct sm_str kind = sm_value_str(&event->args[0]);
	struct sm_str host = SM_STR("");

	if (event->args[1].type == SM_LIST && event->args[1].len)
		host = sm_value_str(&event->args[1].items[0]);
	if (kind.len >= sizeof(expected.kind))
		return;
	memcpy(expected.kind, kind.p, kind.len);
	expected.kind[kind.len] = '\0';
	if (host.len >= sizeof(expected.host))
		host.len = sizeof(expected.host) - 1;
	memcpy(expected.host, host.p, host.len);
	expected.host[host.len] = '\0';
	expected.is_known =
		sm_address_parse(host, expected.address) ||
		sm_address_parse(event->resolved[0], expected.address);
	sm_announce_any(view, SM_EVENT_CONNECTED);
}

/* ------------------------------------------------------------------- calls */

/* The text and port of an address; false: it is of another family. */
static bool read_address(const void *at, socklen_t bytes,
			 char text[INET6_ADDRSTRLEN], uint16_t *port)
{
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;

	if (at && bytes >= sizeof(v6)) {
		memcpy(&v6, at, sizeof(v6));
		*port = ntohs(v6.sin6_port);
		if (v6.sin6_family == AF_INET6)
			return inet_ntop(AF_INET6, &v6.sin6_addr, text,
					 INET6_ADDRSTRLEN);
	}
	if (!at || bytes < sizeof(v4))
		return false;
	memcpy(&v4, at, sizeof(v4));
	*port = ntohs(v4.sin_port);
	return v4.sin_family == AF_INET &&
	       inet_ntop(AF_INET, &v4.sin_addr, text, INET6_ADDRSTRLEN);
}

/* What names the same as was expected, in whatever spelling, is it. */
static bool is_expected(const char *text)
{
	uint8_t address[SM_ADDRESS_BYTES];

	return expected.is_known &&
	       sm_address_parse(sm_str_of(text), address) &&
	       !memcmp(address, expected.address, sizeof(address));
}

static bool is_denied(const void *at, socklen_t bytes)
{
	char text[INET6_ADDRSTRLEN];
	struct sm_value values[3], peer[2];
	int saved = errno;
	uint16_t port;

	if (!read_address(at, bytes, text, &port) || is_expected(text))
		return false;
	sm_real_put(&values[0], sm_str_of(expected.kind));
	sm_real_put(&peer[0], sm_str_of(text));
	peer[1] = (struct sm_value){ .type = SM_INT, .i = port };
	values[1] = (struct sm_value){ .type = SM_LIST };
	values[1].items = peer;
	values[1].len = values[1].full_len = 2;
	sm_real_put(&values[2], sm_str_of(expected.host));
	if (sm_announced_is_denied(SM_EVENT_CONNECTED, values, 3)) {
		errno = EACCES;
		return true;
	}
	errno = saved;
	return false;
}

/* It is over with the call, or when a handler of signals has run. */
static ssize_t done(ssize_t result)
{
	sm_announced_done(SM_EVENT_CONNECTED, result >= 0);
	return result;
}

int sm_peer_connect(int fd, const void *address, socklen_t bytes)
{
	if (!REAL(connect)) {
		errno = ENOSYS;
		return -1;
	}
	if (!sm_announced_is_next(SM_EVENT_CONNECTED, ""))
		return real.connect(fd, address, bytes);
	if (is_denied(address, bytes))
		return (int)done(-1);
	return (int)done(real.connect(fd, address, bytes));
}

ssize_t sm_peer_sendto(int fd, const void *data, size_t count, int flags,
		       const void *address, socklen_t bytes)
{
	if (!REAL(sendto)) {
		errno = ENOSYS;
		return -1;
	}
	if (!sm_announced_is_next(SM_EVENT_CONNECTED, ""))
		return real.sendto(fd, data, count, flags, address, bytes);
	if (is_denied(address, bytes))
		return done(-1);
	return done(real.sendto(fd, data, count, flags, address, bytes));
}

ssize_t sm_peer_sendmsg(int fd, const struct msghdr *message, int flags)
{
	if (!REAL(sendmsg)) {
		errno = ENOSYS;
		return -1;
	}
	if (!sm_announced_is_next(SM_EVENT_CONNECTED, ""))
		return real.sendmsg(fd, message, flags);
	if (is_denied(message->msg_name, message->msg_namelen))
		return done(-1);
	return done(real.sendmsg(fd, message, flags));
}
