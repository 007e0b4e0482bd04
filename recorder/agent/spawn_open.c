/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spawn_open.c: the files that a child of posix_spawn opens for itself.
 *
 * os.posix_spawn(file_actions=[(POSIX_SPAWN_OPEN, ...)]) raises no event for
 * them, and in the child the C library opens them past any interposer. Each is
 * recorded and decided when it is added to the list, before the child is there:
 * by its path as it is spelled and, where links lead to another, by that. A
 * link that is replaced before the child opens it is not noticed.
 */
#include "recorder/agent/real.h"

#include <errno.h>
#include <fcntl.h>

static bool is_denied(const struct sm_view *view, struct sm_str name,
		      struct sm_str path, int flags)
{
	struct sm_value values[4] = { { .type = SM_NONE } };
	static struct sm_denial denial; /* under the lock */
	bool result;

	sm_real_put(&values[0], path);
	values[1].type = SM_NONE;
	values[2].type = SM_INT;
	values[2].i = flags;
	sm_real_put(&values[3], name);
	if (!sm_agent_lock())
		return sm_agent_lost();
	sm_channel_check();
	result = sm_announce_decide(view, SM_EVENT_OPENED, values, 4, &denial);
	sm_agent_unlock();
	return result;
}

/* Empty: it has no name, or is not there. */
static struct sm_str find(const char *path, int flags, char *out)
{
	bool is_new = (flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL);
	struct sm_str found = { NULL, 0 };

	errno = ENOENT;
	if (!is_new)
		found = sm_real_existing(AT_FDCWD, path, flags & O_NOFOLLOW,
					 out);
	if (!found.len && flags & O_CREAT && errno == ENOENT)
		found = sm_real_new_file(AT_FDCWD, path,
					 !is_new && !(flags & O_NOFOLLOW), out);
	return found;
}

bool sm_spawn_open_is_denied(const char *path, int flags)
{
	char text[SM_PATH_MAX], out[SM_PATH_MAX];
	struct sm_str name, found;
	int saved = errno;
	struct sm_view view;
	bool result;

	if (!sm_exec_view(&view))
		return false;
	name = sm_real_spelled(AT_FDCWD, path, text);
	result = is_denied(&view, name, name, flags);
	if (!result) {
		found = find(path, flags, out);
		result = found.len && !sm_str_equal(found, name) &&
			 is_denied(&view, name, found, flags);
	}
	errno = saved;
	return result;
}
