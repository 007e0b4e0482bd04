/* SPDX-License-Identifier: Apache-2.0 */
/*
 * interpose_library.c: what native code loads of itself: extensions that SQL
 * asks for, modules that settings of OpenSSL name, plug-ins.
 *
 * Which libraries load which others is nobody's rule, so none is needed. But
 * what the program may write is no code, whoever opens it: a dlopen of a path
 * is recorded as secmgr.loaded, as it is spelled and once more as what that
 * leads to, and denied for that. What an event has told of a moment ago was
 * decided by that.
 */
#include "recorder/agent/real.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "recorder/agent/interpose.h"

/* A path that leads nowhere, for dlerror(). */
static const char denied[] = "/dev/null/denied by secmgr";

static void *(*real)(const char *, int);

/* Of the last event that told of a library; 0: none. */
static SM_THREAD_LOCAL uint64_t announced;

void sm_interpose_library_setup(void)
{
	sm_interpose_find("dlopen", &real);
}

static const struct sm_value *path_of(const struct sm_event *event)
{
	const struct sm_catalogue_entry *entry =
		sm_catalogue_entry(event->site.kind);
	int i = sm_catalogue_role(entry, SM_ROLE_LIBRARY);

	if (i < 0)
		i = sm_catalogue_role(entry, SM_ROLE_PATH);
	return i >= 0 && (uint32_t)i < event->argc ? &event->args[i] : NULL;
}

/* CPython puts "./" before a module's file in the working directory. */
static const char *plain(const char *path)
{
	return path[0] == '.' && path[1] == '/' ? path + 2 : path;
}

void sm_library_announce(const struct sm_event *event)
{
	const struct sm_value *path = path_of(event);
	char text[SM_PATH_MAX];

	announced = 0;
	if (!path || !sm_value_is_string(path) || sm_value_is_cut(path) ||
	    path->len >= sizeof(text))
		return;
	memcpy(text, path->s, path->len);
	text[path->len] = '\0';
	announced = sm_announced_hash(plain(text));
}

/*
 * What path leads to; empty: it has no name, as memory that was made a file.
 * False: nothing is there.
 */
static bool find(const char *path, struct sm_str spelled, char *out,
		 struct sm_str *found)
{
	int fd = sm_real_probe(AT_FDCWD, path, O_PATH | O_CLOEXEC, 0);

	*found = spelled;
	if (fd >= 0) {
		close(fd);
		return true;
	}
	if (errno != ELOOP)
		return false;
	*found = sm_real_existing(AT_FDCWD, path, 0, out);
	return found->len || !errno;
}

static void put(struct sm_value *value, struct sm_str path)
{
	if (path.len)
		sm_real_put(value, path);
	else
		sm_real_put_untold(value);
}

/* Under the lock. */
static bool are_denied(const struct sm_view *view, struct sm_str spelled,
		       struct sm_str found)
{
	static struct sm_denial denial;
	struct sm_value values[2];

	put(&values[0], spelled);
	if (sm_announce_decide(view, SM_EVENT_LOADED, values, 1, &denial))
		return true;
	if (sm_str_equal(found, spelled))
		return false;
	values[1] = values[0];
	put(&values[0], found);
	return sm_announce_decide(view, SM_EVENT_LOADED, values, 2, &denial);
}

static bool is_denied(const char *path)
{
	char spelled_text[SM_PATH_MAX], text[SM_PATH_MAX];
	struct sm_str spelled, found;
	struct sm_view view = { .kind = SM_PRINCIPAL_FOREIGN,
				.via = SM_VIA_DIRECT };
	bool result;

	if (sm_channel_is_copy())
		sm_channel_child();
	spelled = sm_real_spelled(AT_FDCWD, path, spelled_text);
	if (!find(path, spelled, text, &found))
		return false;
	if (sm_python_is_running())
		sm_frames_view(&view);
	if (!sm_agent_lock())
		return sm_agent_lost();
	sm_channel_check();
	result = are_denied(&view, spelled, found);
	sm_agent_unlock();
	return result;
}

/* Told of once: who loads the same again may find something else there. */
static bool was_announced(const char *path)
{
	bool result = announced && announced == sm_announced_hash(plain(path));

	if (result)
		announced = 0;
	return result;
}

static bool is_looked_at(const char *path, int mode)
{
	return path && !(mode & RTLD_NOLOAD) && strchr(path, '/') &&
	       sm_agent.is_covered && !(sm_agent.flags & SM_CHANNEL_LIVE) &&
	       sm_py.is_probed && !was_announced(path);
}

/* Called by dlopen() below, which goes on with what it returns and *path. */
__attribute__((used)) void *sm_library_look(const char **path, int mode);

void *sm_library_look(const char **path, int mode)
{
	int saved = errno;

	if (is_looked_at(*path, mode) && is_denied(*path))
		*path = denied;
	errno = saved;
	if (!real)
		sm_interpose_library_setup();
	return (void *)real;
}

#ifdef __x86_64__
/*
 * The loader searches and expands by who calls dlopen(): it must not be us. So
 * this ends by a jump, with everything but the path as it was.
 */
#define UNUSED __attribute__((unused)) /* by C */
EXPORT __attribute__((naked)) void *dlopen(UNUSED const char *path,
					   UNUSED int mode)
{
	__asm__("endbr64\n\t"
		"push %rdi\n\t"
		"push %rsi\n\t"
		"lea 8(%rsp), %rdi\n\t"
		"sub $8, %rsp\n\t"
		".cfi_adjust_cfa_offset 24\n\t"
		"call sm_library_look\n\t"
		"add $8, %rsp\n\t"
		"pop %rsi\n\t"
		"pop %rdi\n\t"
		".cfi_adjust_cfa_offset -24\n\t"
		"test %rax, %rax\n\t"
		"jz 1f\n\t"
		"jmp *%rax\n"
		"1:\n\t"
		"ret");
}
#endif
