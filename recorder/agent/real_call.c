/* SPDX-License-Identifier: Apache-2.0 */
/*
 * real_call.c: the second step of calls other than opens.
 *
 * What a call makes, removes or renames is a name in a directory: that is
 * opened first, decided by where it is, and the call made in it. So it cannot
 * be another one by then. What is changed by a path that is followed to its
 * end is decided before; who replaces a link in between is not noticed.
 */
#include "recorder/agent/real.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* A denial is an error of the call only where the policy blocks. */
static bool blocks(void)
{
	return sm_agent.flags & SM_CHANNEL_ENFORCE &&
	       !(sm_agent.flags & SM_CHANNEL_WARN);
}

/*
 * The path cannot be looked at. The call would fail as well, but where we lack
 * what it needs not: then it is made unseen, unless that is a way round.
 */
static bool is_failing(void)
{
	bool is_ours = errno == EMFILE || errno == ENFILE || errno == ENOMEM;

	return !is_ours || blocks();
}

/* Offset of the last component, trailing slashes included. */
static size_t last_at(const char *path)
{
	size_t n = strlen(path);

	while (n && path[n - 1] == '/')
		n--;
	while (n && path[n - 1] != '/')
		n--;
	return n;
}

static bool is_slashes(const char *path, size_t n)
{
	return strspn(path, "/") >= n;
}

void sm_real_release(struct sm_real_name *name)
{
	int saved = errno;

	if (name->held >= 0)
		close(name->held);
	name->held = -1;
	errno = saved;
}

/* The directory's path and the last component. */
static struct sm_str join(struct sm_str dir, const char *last, char *out)
{
	size_t n = strcspn(last, "/");

	if (!dir.len || dir.len + n + 1 > SM_PATH_MAX)
		return (struct sm_str){ NULL, 0 };
	if (dir.len > 1)
		out[dir.len++] = '/';
	memcpy(out + dir.len, last, n);
	return (struct sm_str){ out, dir.len + (uint32_t)n };
}

/*
 * Notes what was found, if it is not what was spelled. Empty: it is too long to
 * be told, not there any more, or there is no /proc.
 */
static void note(struct sm_real_name *name, struct sm_str found)
{
	char text[SM_PATH_MAX];

	name->is_untold = !found.len;
	if (!sm_str_equal(found,
			  sm_real_spelled(name->given_fd, name->given, text)))
		name->found = found;
}

static bool fail(struct sm_real_name *name)
{
	sm_real_release(name);
	return !is_failing();
}

static void start(struct sm_real_name *name, int dir_fd, const char *path)
{
	name->dir_fd = name->given_fd = dir_fd;
	name->path = name->given = path;
	name->held = -1;
	name->found = (struct sm_str){ NULL, 0 };
	name->is_untold = false;
}

bool sm_real_hold(struct sm_real_name *name, int dir_fd, const char *path)
{
	const int flags = O_PATH | O_DIRECTORY | O_CLOEXEC;
	size_t last = last_at(path);
	char dir[SM_PATH_MAX];
	bool is_linked = false;

	start(name, dir_fd, path);
	/* nothing before it that could be a link, or no path at all */
	if (is_slashes(path, last) || last >= sizeof(dir))
		return true;
	memcpy(dir, path, last);
	dir[last] = '\0';
	name->held = sm_real_probe(dir_fd, dir, flags, 0);
	if (name->held < 0 && errno == ELOOP) {
		is_linked = true;
		name->held = sm_interpose_open(dir_fd, dir, flags, 0);
	}
	if (name->held < 0)
		return fail(name);
	name->dir_fd = name->held;
	name->path = path + last;
	if (is_linked)
		note(name, join(sm_real_path_of(name->held, name->text),
				name->path, name->text));
	return true;
}

bool sm_real_look(struct sm_real_name *name, int dir_fd, const char *path,
		  bool follows)
{
	const int flags = O_PATH | O_CLOEXEC | (follows ? 0 : O_NOFOLLOW);
	int fd = sm_real_probe(dir_fd, path, flags, 0);
	struct sm_str found;

	start(name, dir_fd, path);
	if (fd >= 0) {
		close(fd);
		return true;
	}
	if (errno != ELOOP)
		return fail(name);
	fd = sm_interpose_open(dir_fd, path, flags, 0);
	if (fd < 0)
		return fail(name);
	found = sm_real_path_of(fd, name->text);
	close(fd);
	/* A pipe, a socket, a deleted file: no path leads to it. */
	if (!found.len && !sm_real_is_blind())
		return true;
	note(name, found);
	return true;
}

static void put_spelled(struct sm_value *value, const struct sm_real_name *name,
			char *text)
{
	sm_real_put(value, sm_real_spelled(name->given_fd, name->given, text));
}

static void put_found(struct sm_value *value, const struct sm_real_name *name,
		      char *text)
{
	if (name->is_untold)
		sm_real_put_untold(value);
	else if (name->found.len)
		sm_real_put(value, name->found);
	else
		put_spelled(value, name, text);
}

static bool is_elsewhere(const struct sm_real_name *name)
{
	return name->found.len || name->is_untold;
}

/* Python's own error for it; true: denied. */
static bool refuse(bool is_denied)
{
	if (is_denied)
		errno = EACCES;
	return is_denied;
}

bool sm_real_is_denied(enum sm_event_kind kind, const struct sm_real_name *name)
{
	char spelled[SM_PATH_MAX];
	struct sm_value values[2];

	if (!is_elsewhere(name))
		return false;
	put_found(&values[0], name, spelled);
	put_spelled(&values[1], name, spelled);
	return refuse(sm_announced_is_denied(kind, values, 2));
}

bool sm_real_are_denied(enum sm_event_kind kind,
			const struct sm_real_name *from,
			const struct sm_real_name *to)
{
	char spelled[2][SM_PATH_MAX];
	struct sm_value values[4];

	if (!is_elsewhere(from) && !is_elsewhere(to))
		return false;
	put_spelled(&values[2], from, spelled[0]);
	put_spelled(&values[3], to, spelled[1]);
	put_found(&values[0], from, spelled[0]);
	put_found(&values[1], to, spelled[1]);
	return refuse(sm_announced_is_denied(kind, values, 4));
}

bool sm_real_is_list_denied(const char *path, int fd)
{
	struct sm_real_name name;

	start(&name, AT_FDCWD, path);
	note(&name, sm_real_path_of(fd, name.text));
	return sm_real_is_denied(SM_EVENT_LISTED, &name);
}
