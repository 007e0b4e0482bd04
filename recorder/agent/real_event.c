/* SPDX-License-Identifier: Apache-2.0 */
/*
 * real_event.c: the second step of an event whose call we do not stand before:
 * SQLite and the loader open by their own ways, and a local socket's path is
 * inside an address.
 *
 * It is taken before the event returns. Who replaces a link until the call is
 * not noticed.
 */
#include "recorder/agent/real.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static const struct sm_value *arg(const struct sm_event *event,
				  enum sm_role role)
{
	int i = sm_catalogue_role(sm_catalogue_entry(event->site.kind), role);

	return i >= 0 && (uint32_t)i < event->argc ? &event->args[i] : NULL;
}

/* A component is a link, the last one included; one that is there. */
static bool is_linked(const char *path)
{
	int fd = sm_real_probe(AT_FDCWD, path, O_PATH | O_CLOEXEC, 0);

	if (fd < 0)
		return errno == ELOOP;
	close(fd);
	return false;
}

/*
 * What path leads to if it is not what is spelled; may be made by it. *cannot:
 * it leads elsewhere, and nothing tells where.
 */
static struct sm_str found(const char *path, bool follows, struct sm_str name,
			   char *out, bool *cannot)
{
	struct sm_str result = { NULL, 0 };
	int saved = errno;

	*cannot = false;

	if (is_linked(path)) {
		if (follows)
			result = sm_real_existing(AT_FDCWD, path, 0, out);
		if (!result.len)
			result = sm_real_new_file(AT_FDCWD, path, follows, out);
		*cannot = !result.len && sm_real_is_blind();
	}
	errno = saved;
	return sm_str_equal(result, name) ? (struct sm_str){ NULL, 0 } : result;
}

/* The path of a local socket's address; empty: it is none. */
static struct sm_str local_socket(const struct sm_event *event)
{
	const struct sm_value *socket = arg(event, SM_ROLE_SOCKET);
	const struct sm_value *address = arg(event, SM_ROLE_ADDRESS);

	if (!socket || !address || sm_value_is_cut(address) ||
	    !sm_str_equal(sm_value_str(socket), SM_STR("unix")))
		return (struct sm_str){ NULL, 0 };
	return sm_value_str(address);
}

/* The path of a library; empty where the loader looks for the name itself. */
static struct sm_str library(const struct sm_event *event, enum sm_role role)
{
	const struct sm_value *path = arg(event, role);
	struct sm_str name = { NULL, 0 };

	if (path && sm_value_is_string(path) && !sm_value_is_cut(path))
		name = sm_value_str(path);
	if (sm_str_has(name, '/'))
		return name;
	return (struct sm_str){ NULL, 0 };
}

static enum sm_event_kind second(const struct sm_event *event,
				 struct sm_str *name, char *text)
{
	switch (event->site.kind) {
	case SM_EVENT_SQLITE3_CONNECT:
		*name = sm_resolve_database(event, text);
		return SM_EVENT_DATABASE;
	case SM_EVENT_IMPORT:
		*name = library(event, SM_ROLE_PATH);
		return SM_EVENT_MODULE;
	case SM_EVENT_CTYPES_DLOPEN:
	case SM_EVENT_SQLITE3_LOAD:
		*name = library(event, SM_ROLE_LIBRARY);
		return SM_EVENT_LIBRARY;
	case SM_EVENT_SOCKET_BIND:
		*name = local_socket(event);
		return SM_EVENT_BOUND;
	case SM_EVENT_SOCKET_CONNECT:
	case SM_EVENT_SOCKET_SENDTO:
	case SM_EVENT_SOCKET_SENDMSG:
		*name = local_socket(event);
		return SM_EVENT_CONNECTED;
	default:
		return SM_EVENT_OTHER;
	}
}

/* What an object names as a database: __fspath__() was not asked yet. */
static bool is_told_later(const struct sm_event *event)
{
	const struct sm_value *path = arg(event, SM_ROLE_PATH);

	return event->site.kind == SM_EVENT_SQLITE3_CONNECT && path &&
	       path->type == SM_OPAQUE && !sm_value_is_cut(path);
}

void sm_real_put_untold(struct sm_value *value)
{
	const struct sm_str name = SM_STR("unknown");

	*value = (struct sm_value){ .type = SM_OPAQUE };
	value->s = name.p;
	value->len = value->full_len = name.len;
}

bool sm_real_at_once(const struct sm_view *view, const struct sm_event *event,
		     struct sm_denial *denial)
{
	static char text[SM_PATH_MAX + 1], out[SM_PATH_MAX]; /* the lock's */
	struct sm_str name = { NULL, 0 }, spelled = event->resolved[0], path;
	enum sm_event_kind kind = second(event, &name, text);
	struct sm_value values[3];
	uint32_t n = 0;
	bool cannot;

	if (is_told_later(event)) {
		sm_announce(view, event, false);
		return false;
	}
	/* abstract sockets have no path */
	if (!name.len || !name.p[0] || name.len >= SM_PATH_MAX)
		return false;
	if (name.p != text)
		memcpy(text, name.p, name.len);
	text[name.len] = '\0';
	if (!spelled.len)
		spelled = name;
	path = found(text, kind != SM_EVENT_BOUND, spelled, out, &cannot);
	if (!path.len && !cannot)
		return false;
	if (kind == SM_EVENT_BOUND || kind == SM_EVENT_CONNECTED)
		sm_real_put(&values[n++], SM_STR("unix"));
	if (cannot)
		sm_real_put_untold(&values[n++]);
	else
		sm_real_put(&values[n++], path);
	sm_real_put(&values[n++], spelled);
	return sm_announce_decide(view, kind, values, n, denial);
}

/* Denied, it is waited for still: SQLite asks again, for reading only. */
bool sm_real_is_database_denied(const char *path)
{
	char text[SM_PATH_MAX], out[SM_PATH_MAX];
	struct sm_value values[2];
	struct sm_str spelled, real;
	int saved = errno;
	bool cannot;

	if (!strcmp(path, "/dev/urandom")) /* SQLite's own */
		return false;
	spelled = sm_real_spelled(AT_FDCWD, path, text);
	real = found(path, true, spelled, out, &cannot);
	if (cannot || !spelled.len)
		sm_real_put_untold(&values[0]);
	else
		sm_real_put(&values[0], real.len ? real : spelled);
	sm_real_put(&values[1], spelled);
	if (sm_announced_is_denied(SM_EVENT_DATABASE, values, 2)) {
		errno = EACCES;
		return true;
	}
	sm_announced_done(SM_EVENT_DATABASE, true);
	errno = saved;
	return false;
}
