/* SPDX-License-Identifier: Apache-2.0 */
/*
 * resolve.c: what arguments mean here and now: cwd, descriptors, processes,
 * sockets. System calls only where an argument needs them.
 */
#include "recorder/agent/resolve.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* ----------------------------------------------------------------- threads */

static _Atomic bool is_apart;

void sm_resolve_threads_apart(void)
{
	atomic_store_explicit(&is_apart, true, memory_order_relaxed);
}

static bool are_apart(void)
{
	return atomic_load_explicit(&is_apart, memory_order_relaxed);
}

/* --------------------------------------------------------------------- cwd */

static struct {
	_Atomic bool is_fresh;
	char text[SM_PATH_MAX];
	uint32_t len;
} cwd;

/* Interposed chdir and fchdir come here, and the audit events. */
void sm_resolve_cwd_changed(void)
{
	atomic_store_explicit(&cwd.is_fresh, false, memory_order_relaxed);
}

/* Threads that are apart share the text: one may still read another's. */
struct sm_str sm_resolve_cwd(void)
{
	if (!atomic_load_explicit(&cwd.is_fresh, memory_order_relaxed) ||
	    are_apart()) {
		atomic_store_explicit(&cwd.is_fresh, true,
				      memory_order_relaxed);
		long n = syscall(SYS_getcwd, cwd.text, sizeof(cwd.text));

		/* "(unreachable)/..." when it lies outside of our root */
		cwd.len = n > 1 && cwd.text[0] == '/' ? (uint32_t)n - 1 : 0;
	}
	return (struct sm_str){ cwd.text, cwd.len };
}

/* ------------------------------------------------------------- descriptors */

/*
 * The kernel marks the link of a file without a name, memfds included. The
 * name it had says nothing any more: another file may have it by now.
 */
static bool is_nameless(int fd, const char *path, size_t length)
{
	static const char mark[] = " (deleted)";
	const size_t n = sizeof(mark) - 1;
	struct stat st;

	return length > n && !memcmp(path + length - n, mark, n) &&
	       syscall(SYS_fstat, fd, &st) == 0 && st.st_nlink == 0;
}

/*
 * The place and FD; printf would take longer than the hook may. /proc/self is
 * the first thread.
 */
static const char *link_of(int fd, char out[32])
{
	struct sm_str place = SM_STR("/proc/self/fd/");
	char *at = out + 31;

	if (are_apart())
		place = SM_STR("/proc/thread-self/fd/");
	*at = '\0';
	do
		*--at = (char)('0' + fd % 10);
	while ((fd /= 10));
	at -= place.len;
	return memcpy(at, place.p, place.len);
}

struct sm_str sm_resolve_fd(int64_t fd, char *out)
{
	char link[32];
	ssize_t n;

	if (fd < 0 || fd > INT32_MAX)
		return (struct sm_str){ NULL, 0 };
	n = readlink(link_of((int)fd, link), out, SM_PATH_MAX);
	if (n <= 0 || n >= SM_PATH_MAX || out[0] != '/' ||
	    is_nameless((int)fd, out, (size_t)n))
		return (struct sm_str){ NULL, 0 };
	return (struct sm_str){ out, (uint32_t)n };
}

/* ------------------------------------------------------------------- paths */

const struct sm_value *
sm_resolve_argument(const struct sm_event *event,
		    const struct sm_catalogue_entry *entry, enum sm_role role)
{
	int i = sm_catalogue_role(entry, role);

	return i >= 0 && (uint32_t)i < event->argc ? &event->args[i] : NULL;
}

struct sm_str sm_resolve_absolute(struct sm_str base, struct sm_str path,
				  char *out)
{
	struct sm_str result;

	if (!path.len || sm_path_is_canonical(path))
		return (struct sm_str){ NULL, 0 };
	if (path.p[0] != '/' && !base.len) {
		/* another process may have moved it below other directories */
		if (memmem(path.p, path.len, "..", 2))
			sm_resolve_cwd_changed();
		base = sm_resolve_cwd();
	}
	if (sm_path_canonical(base, path, out, &result) != SM_OK)
		return (struct sm_str){ NULL, 0 };
	return result;
}

static struct sm_str at_descriptor(const struct sm_value *dir_fd,
				   struct sm_str path, char *out)
{
	char dir[SM_PATH_MAX];
	struct sm_str base = { NULL, 0 };

	if (dir_fd && dir_fd->type == SM_INT && dir_fd->i >= 0) {
		base = sm_resolve_fd(dir_fd->i, dir);
		if (!base.len)
			return base;
	}
	return sm_resolve_absolute(base, path, out);
}

struct sm_str sm_resolve_at(int dir_fd, struct sm_str name, char *out)
{
	struct sm_value fd = { .type = SM_INT };

	fd.i = dir_fd;
	return at_descriptor(dir_fd == AT_FDCWD ? NULL : &fd, name, out);
}

SM_OFTEN static void resolve_path(struct sm_box *box,
				  const struct sm_catalogue_entry *entry,
				  struct sm_event *event, enum sm_role role)
{
	unsigned which = role == SM_ROLE_PATH_TO;
	enum sm_role dir_role = which ? SM_ROLE_DIR_FD_TO : SM_ROLE_DIR_FD;
	const struct sm_value *v = sm_resolve_argument(event, entry, role);
	char *out = box->resolved[which];

	if (!v || sm_value_is_cut(v))
		return;
	if (sm_value_is_string(v) && sm_path_is_canonical(sm_value_str(v)))
		event->is_canonical[which] = true;
	else if (sm_value_is_string(v) && v->len && v->s[0] == '/')
		event->resolved[which] = sm_resolve_absolute(
			(struct sm_str){ 0 }, sm_value_str(v), out);
	else if (sm_value_is_string(v))
		event->resolved[which] = at_descriptor(
			sm_resolve_argument(event, entry, dir_role),
			sm_value_str(v), out);
	else if (v->type == SM_INT && event->site.kind != SM_EVENT_OPEN)
		event->resolved[which] = sm_resolve_fd(v->i, out);
	else if (v->type == SM_NONE && entry->operation == SM_OPERATION_LIST)
		event->resolved[which] = sm_resolve_cwd();
}

/* ------------------------------------------------------------------ sqlite */

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* file:[//[localhost]]PATH[?query][#fragment], percent-decoded. */
static uint32_t uri_path(struct sm_str uri, char *out, uint32_t room)
{
	uint32_t i = 5, n = 0;

	if (uri.len > 7 && !memcmp(uri.p + 5, "//", 2))
		for (i = 7; i < uri.len && uri.p[i] != '/';)
			i++;
	for (; i < uri.len && uri.p[i] != '?' && uri.p[i] != '#'; i++) {
		int high = i + 2 < uri.len ? hex(uri.p[i + 1]) : -1;
		int low = i + 2 < uri.len ? hex(uri.p[i + 2]) : -1;

		if (n == room)
			return 0;
		if (uri.p[i] == '%' && high >= 0 && low >= 0) {
			out[n++] = (char)(high << 4 | low);
			i += 2;
		} else {
			out[n++] = uri.p[i];
		}
	}
	return n;
}

struct sm_str sm_resolve_database(const struct sm_event *event,
				  char out[SM_PATH_MAX])
{
	const struct sm_value *v = sm_resolve_argument(
		event, sm_catalogue_entry(event->site.kind), SM_ROLE_PATH);
	struct sm_str name = { NULL, 0 };

	if (v && sm_value_is_string(v))
		name = sm_value_str(v);
	if (!name.len || sm_value_is_cut(v) ||
	    sm_str_equal(name, SM_STR(":memory:")) ||
	    sm_str_starts(name, SM_STR("file::memory:")))
		return (struct sm_str){ NULL, 0 };
	if (!sm_str_starts(name, SM_STR("file:")))
		return name;
	return (struct sm_str){ out, uri_path(name, out, SM_PATH_MAX) };
}

SM_RARELY static void resolve_sqlite(struct sm_box *box, struct sm_event *event)
{
	char *text = sm_box_text(box, SM_PATH_MAX);
	struct sm_str name;

	if (!text)
		return;
	name = sm_resolve_database(event, text);
	if (name.p == text && sm_path_is_canonical(name))
		event->resolved[0] = name; /* the URI is not the path */
	else
		event->resolved[0] = sm_resolve_absolute(
			(struct sm_str){ 0 }, name, box->resolved[0]);
}

/* --------------------------------------------------------------- open ends */

/* Nobody will tell later what these say: nothing may grant them. */
static void close_open_ends(struct sm_event *event)
{
	for (uint32_t i = 0; i < event->argc; i++) {
		/* In our box; only its users may not write it. */
		struct sm_value *v =
			(struct sm_value *)(uintptr_t)&event->args[i];
		struct sm_value *items = (struct sm_value *)(uintptr_t)v->items;

		if (v->type == SM_LIST)
			for (uint32_t k = 0; k < v->len; k++)
				items[k].full_len += items[k].type == SM_OPAQUE;
		else if (!event->resolved[0].len)
			v->full_len +=
				sm_value_is_string(v) || v->type == SM_OPAQUE;
	}
}

/* The same for a database that an object names. */
static void close_open_paths(struct sm_event *event)
{
	for (uint32_t i = 0; i < event->argc; i++) {
		struct sm_value *v =
			(struct sm_value *)(uintptr_t)&event->args[i];

		v->full_len += v->type == SM_OPAQUE;
	}
}

/* ------------------------------------------------------------------ others */

SM_RARELY static void resolve_code(struct sm_box *box,
				   const struct sm_catalogue_entry *entry,
				   struct sm_event *event)
{
	const struct sm_value *v =
		sm_resolve_argument(event, entry, SM_ROLE_CODE);
	struct sm_str name;

	if (!v || v->type != SM_LIST || !v->len ||
	    sm_value_is_cut(&v->items[0]))
		return;
	name = sm_value_str(&v->items[0]);
	if (name.len && name.p[0] != '<')
		event->resolved[0] = sm_resolve_absolute(
			(struct sm_str){ 0 }, name, box->resolved[0]);
}

static void resolve_text(struct sm_box *box, const struct sm_value *v,
			 bool needs_slash, struct sm_event *event)
{
	struct sm_str name;

	if (!v || !sm_value_is_string(v) || sm_value_is_cut(v))
		return;
	name = sm_value_str(v);
	/* not for abstract sockets, nor for libraries the loader looks up */
	if (!name.len || !name.p[0] || (needs_slash && !sm_str_has(name, '/')))
		return;
	event->resolved[0] = sm_resolve_absolute((struct sm_str){ 0 }, name,
						 box->resolved[0]);
}

/* The names behind an address; the address behind a name, and its names. */
SM_RARELY static void resolve_peer(struct sm_box *box,
				   const struct sm_catalogue_entry *entry,
				   struct sm_event *event)
{
	const struct sm_value *v =
		sm_resolve_argument(event, entry, SM_ROLE_ADDRESS);
	uint8_t address[SM_ADDRESS_BYTES];
	struct sm_str host;

	if (!v || v->type != SM_LIST || !v->len ||
	    sm_value_is_cut(&v->items[0]))
		return;
	host = sm_value_str(&v->items[0]);
	if (!sm_address_parse(host, address)) {
		if (!sm_names_last(host, address))
			return;
		event->resolved[0] = sm_address_text(address, box->resolved[0]);
	}
	event->resolved[1] = sm_names_of(address, box->resolved[1]);
}

/* All but files that are opened, which most are. */
SM_RARELY static void resolve_more(struct sm_box *box,
				   const struct sm_catalogue_entry *entry,
				   struct py_object *args,
				   struct sm_event *event)
{
	switch (entry->operation) {
	case SM_OPERATION_SQLITE:
		resolve_sqlite(box, event);
		if (!sm_interpose_sees_open())
			close_open_paths(event);
		break;
	case SM_OPERATION_POPEN:
	case SM_OPERATION_FORK_EXEC:
	case SM_OPERATION_EXEC:
		sm_resolve_run(box, entry, args, event);
		sm_resolve_environment(box, entry, args, event);
		if (!sm_interpose_sees_exec())
			close_open_ends(event);
		break;
	case SM_OPERATION_SYSTEM:
		sm_resolve_environment(box, entry, args, event);
		break;
	case SM_OPERATION_RUN:
		resolve_code(box, entry, event);
		break;
	case SM_OPERATION_CONNECT:
		resolve_peer(box, entry, event);
		resolve_text(box,
			     sm_resolve_argument(event, entry, SM_ROLE_ADDRESS),
			     false, event);
		break;
	case SM_OPERATION_BIND:
		resolve_text(box,
			     sm_resolve_argument(event, entry, SM_ROLE_ADDRESS),
			     false, event);
		break;
	case SM_OPERATION_DLOPEN:
	case SM_OPERATION_LOADED:
		resolve_text(box,
			     sm_resolve_argument(event, entry, SM_ROLE_LIBRARY),
			     true, event);
		break;
	case SM_OPERATION_RENAME:
	case SM_OPERATION_LINK:
	case SM_OPERATION_SYMLINK:
		resolve_path(box, entry, event, SM_ROLE_PATH);
		resolve_path(box, entry, event, SM_ROLE_PATH_TO);
		break;
	default:
		resolve_path(box, entry, event, SM_ROLE_PATH);
	}
}

SM_OFTEN void sm_resolve(struct sm_box *box,
			 const struct sm_catalogue_entry *entry,
			 struct py_object *args, struct sm_event *event)
{
	if (entry->operation == SM_OPERATION_OPEN)
		resolve_path(box, entry, event, SM_ROLE_PATH);
	else
		resolve_more(box, entry, args, event);
}

/* --------------------------------------------------------------- processes */

/* ppid of pid out of /proc/PID/stat; 0 when it cannot be told. */
static int64_t parent_of(int64_t pid)
{
	char path[48], text[512], *end;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%lld/stat", (long long)pid);
	fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n <= 0)
		return 0;
	text[n] = '\0';
	end = strrchr(text, ')'); /* the name may hold anything */
	if (!end || strlen(end) < 5)
		return 0;
	return strtoll(end + 4, NULL, 10);
}

static void put_text(struct sm_str s, struct sm_value *value)
{
	value->type = SM_TEXT;
	value->s = s.p;
	value->len = s.len;
	value->full_len = s.len;
}

/* kill(0): the own group; kill(-pgid): a group; killpg(pgid). */
void sm_resolve_pid(int64_t pid, bool is_group, struct sm_value *value)
{
	int64_t target = pid;

	if (!is_group && pid < -1) {
		target = -pid;
		is_group = true;
	}
	if (pid == 0)
		put_text(SM_STR("group"), value);
	else if (is_group && target == getpgrp())
		put_text(SM_STR("group"), value);
	else if (!is_group && target == getpid())
		put_text(SM_STR("self"), value);
	else if (target > 0 && parent_of(target) == getpid())
		put_text(SM_STR("child"), value);
}

/* ----------------------------------------------------------------- sockets */

/* PySocketSockObject after its head; the same in every version. */
struct socket_fields {
	int fd, family, type, protocol;
};

/* True when the kernel agrees with what stands there. */
static bool get_socket(struct py_object *o, struct socket_fields *s)
{
	size_t head = sm_py.type_at + 8;
	int domain = -1;
	socklen_t n = sizeof(domain);

	if (!sm_py.type_at || sm_python_basic_size(o) < head + sizeof(*s))
		return false;
	memcpy(s, (char *)o + head, sizeof(*s));
	/* One made of a descriptor has the type its maker says it has. */
	return s->fd >= 0 &&
	       !getsockopt(s->fd, SOL_SOCKET, SO_DOMAIN, &domain, &n) &&
	       !getsockopt(s->fd, SOL_SOCKET, SO_TYPE, &s->type, &n) &&
	       domain == s->family;
}

struct sm_str sm_resolve_socket(struct py_object *socket)
{
	struct socket_fields s;

	if (!get_socket(socket, &s))
		return SM_STR("socket");
	if (s.family == AF_UNIX)
		return SM_STR("unix");
	if (s.family == AF_PACKET)
		return SM_STR("packet");
	if (s.family == AF_NETLINK)
		return SM_STR("netlink");
	if (s.family != AF_INET && s.family != AF_INET6)
		return SM_STR("socket");
	if (s.type == SOCK_STREAM)
		return SM_STR("tcp");
	if (s.type == SOCK_DGRAM)
		return SM_STR("udp");
	return s.type == SOCK_RAW ? SM_STR("raw") : SM_STR("socket");
}
