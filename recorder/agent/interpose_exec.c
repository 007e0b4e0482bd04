/* SPDX-License-Identifier: Apache-2.0 */
/*
 * interpose_exec.c: the agent in front of the exec family and posix_spawn.
 *
 * They keep LD_PRELOAD and SECMGR_CHANNEL in the environment of children that
 * were given another one. exec runs in vfork children too: nothing here
 * allocates or writes memory but the stack, and the real functions are looked
 * up before.
 *
 * The real execvp calls execve inside libc, past any interposer: hence one
 * function each.
 */
#include "recorder/agent/agent.h"

#include <alloca.h>
#include <errno.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "recorder/agent/interpose.h"

#define ENV_MAX (1u << 16) /* longer environments pass as they are */
#define OUR_MAX 1024

extern char **environ;

static const char preload_name[] = "LD_PRELOAD=";
static const char channel_name[] = SM_CHANNEL_ENVIRONMENT "=";

/* "LD_PRELOAD=..." and "SECMGR_CHANNEL=...", as this process was given. */
static char our_preload[OUR_MAX], our_channel[OUR_MAX];
static const char *our_library; /* inside our_preload */

typedef int exec_function(const char *, char *const[], char *const[]);
typedef int spawn_function(pid_t *, const char *,
			   const posix_spawn_file_actions_t *,
			   const posix_spawnattr_t *, char *const[],
			   char *const[]);

static struct {
	exec_function *execve, *execvpe;
	int (*fexecve)(int, char *const[], char *const[]);
	spawn_function *posix_spawn, *posix_spawnp;
} real;

void sm_interpose_exec_setup(void)
{
	const char *channel = getenv(SM_CHANNEL_ENVIRONMENT);
	size_t prefix = sizeof(preload_name) - 1, n;
	Dl_info info;

	sm_interpose_find("execve", &real.execve);
	sm_interpose_find("execvpe", &real.execvpe);
	sm_interpose_find("fexecve", &real.fexecve);
	sm_interpose_find("posix_spawn", &real.posix_spawn);
	sm_interpose_find("posix_spawnp", &real.posix_spawnp);
	if (!channel || !dladdr(&sm_agent, &info) || !info.dli_fname)
		return;
	n = strlen(info.dli_fname);
	if (n + prefix >= sizeof(our_preload) ||
	    strlen(channel) + sizeof(channel_name) > sizeof(our_channel))
		return;
	memcpy(our_preload, preload_name, prefix);
	memcpy(our_preload + prefix, info.dli_fname, n + 1);
	memcpy(our_channel, channel_name, sizeof(channel_name) - 1);
	strcpy(our_channel + sizeof(channel_name) - 1, channel);
	our_library = our_preload + prefix;
}

/* ------------------------------------------------------------- environments */

struct plan {
	size_t count;	     /* variables in the given environment */
	size_t bytes;	     /* of a joined LD_PRELOAD; 0: none was given */
	const char *preload; /* the given LD_PRELOAD's value; NULL: none */
	unsigned preloads, channels; /* how often each is given */
	bool needs_preload, needs_channel;
};

static bool starts(const char *s, const char *prefix)
{
	return !strncmp(s, prefix, strlen(prefix));
}

/* Whether list, as ld.so splits it, holds the agent's library. */
static bool lists_us(const char *list)
{
	size_t n = strlen(our_library);

	for (; *list; list += *list != '\0') {
		size_t length = strcspn(list, ": ");

		if (length == n && !memcmp(list, our_library, n))
			return true;
		list += length;
	}
	return false;
}

/*
 * A recorder inside a recorded program is let be; a policy cannot be exchanged
 * for another.
 */
static bool is_good_channel(const char *variable)
{
	return !(sm_agent.flags & SM_CHANNEL_ENFORCE) ||
	       !strcmp(variable, our_channel);
}

static struct plan plan_for(char *const envp[])
{
	struct plan p = { .needs_preload = true, .needs_channel = true };

	if (!our_library)
		return (struct plan){ 0 };
	for (; envp && envp[p.count]; p.count++) {
		const char *variable = envp[p.count];

		if (starts(variable, channel_name)) {
			p.needs_channel =
				p.channels++ || !is_good_channel(variable);
		} else if (starts(variable, preload_name)) {
			p.preload = variable + sizeof(preload_name) - 1;
			p.needs_preload = p.preloads++ || !lists_us(p.preload);
		}
		if (p.count > ENV_MAX)
			return (struct plan){ 0 };
	}
	if (p.needs_preload && p.preload)
		p.bytes = strlen(our_preload) + strlen(p.preload) + 2;
	return p;
}

static bool is_needed(const struct plan *p)
{
	return p->needs_preload || p->needs_channel;
}

static char *join(const char *theirs, char *text)
{
	strcpy(text, our_preload);
	if (*theirs) {
		strcat(text, ":");
		strcat(text, theirs);
	}
	return text;
}

/* out: count + 3 pointers; text: plan->bytes. Both on the caller's stack. */
static char *const *fill(const struct plan *p, char *const envp[], char **out,
			 char *text)
{
	size_t n = 0;

	for (size_t i = 0; i < p->count; i++) {
		if (p->needs_preload && starts(envp[i], preload_name))
			continue;
		if (p->needs_channel && starts(envp[i], channel_name))
			continue;
		out[n++] = envp[i];
	}
	if (p->needs_preload)
		out[n++] = p->bytes ? join(p->preload, text) : our_preload;
	if (p->needs_channel)
		out[n++] = our_channel;
	out[n] = NULL;
	return out;
}

/* Evaluates to envp, completed; lives until the caller returns. */
#define COMPLETED(p, envp)                                                     \
	(is_needed(p)                                                          \
		 ? fill(p, envp, alloca(((p)->count + 3) * sizeof(char *)),    \
			alloca((p)->bytes + 1))                                \
		 : (envp))

/* -------------------------------------------------------------- exec family */

EXPORT int execve(const char *path, char *const argv[], char *const envp[])
{
	struct plan p = plan_for(envp);
	char *const *completed = COMPLETED(&p, envp);

	if (!real.execve)
		return (int)syscall(SYS_execve, path, argv, completed);
	return real.execve(path, argv, completed);
}

EXPORT int execv(const char *path, char *const argv[])
{
	return execve(path, argv, environ);
}

EXPORT int execvpe(const char *file, char *const argv[], char *const envp[])
{
	struct plan p = plan_for(envp);
	char *const *completed = COMPLETED(&p, envp);

	if (!real.execvpe)
		sm_interpose_find("execvpe", &real.execvpe);
	if (!real.execvpe) {
		errno = ENOSYS;
		return -1;
	}
	return real.execvpe(file, argv, completed);
}

EXPORT int execvp(const char *file, char *const argv[])
{
	return execvpe(file, argv, environ);
}

EXPORT int fexecve(int fd, char *const argv[], char *const envp[])
{
	struct plan p = plan_for(envp);
	char *const *completed = COMPLETED(&p, envp);

	if (!real.fexecve)
		sm_interpose_find("fexecve", &real.fexecve);
	if (!real.fexecve) {
		errno = ENOSYS;
		return -1;
	}
	return real.fexecve(fd, argv, completed);
}

/* Not inlined: execl's prototype says first is never NULL, callers differ. */
static __attribute__((noinline)) size_t count_arguments(const char *first,
							va_list list)
{
	size_t n = 0;

	for (; first; first = va_arg(list, char *))
		n++;
	return n;
}

/* argv[0] and the rest; *rest is left behind the closing NULL. */
static void collect(char **argv, const char *first, size_t n, va_list rest)
{
	argv[0] = (char *)(uintptr_t)first;
	for (size_t i = 1; i <= n; i++)
		argv[i] = va_arg(rest, char *);
}

#define COLLECT(argv, first, list)                                             \
	do {                                                                   \
		size_t n_;                                                     \
		va_list copy_;                                                 \
		va_start(list, first);                                         \
		va_copy(copy_, list);                                          \
		n_ = count_arguments(first, copy_);                            \
		va_end(copy_);                                                 \
		(argv) = alloca((n_ + 1) * sizeof(char *));                    \
		collect(argv, first, n_, list);                                \
	} while (0)

EXPORT int execl(const char *path, const char *first, ...)
{
	va_list list;
	char **argv;

	COLLECT(argv, first, list);
	va_end(list);
	return execve(path, argv, environ);
}

EXPORT int execlp(const char *file, const char *first, ...)
{
	va_list list;
	char **argv;

	COLLECT(argv, first, list);
	va_end(list);
	return execvpe(file, argv, environ);
}

EXPORT int execle(const char *path, const char *first, ...)
{
	char *const *envp;
	va_list list;
	char **argv;

	COLLECT(argv, first, list);
	envp = va_arg(list, char *const *);
	va_end(list);
	return execve(path, argv, envp);
}

EXPORT int posix_spawn(pid_t *pid, const char *path,
		       const posix_spawn_file_actions_t *actions,
		       const posix_spawnattr_t *attributes, char *const argv[],
		       char *const envp[])
{
	struct plan p = plan_for(envp);
	char *const *completed = COMPLETED(&p, envp);

	if (!real.posix_spawn)
		sm_interpose_find("posix_spawn", &real.posix_spawn);
	return real.posix_spawn ? real.posix_spawn(pid, path, actions,
						   attributes, argv, completed)
				: ENOSYS;
}

EXPORT int posix_spawnp(pid_t *pid, const char *file,
			const posix_spawn_file_actions_t *actions,
			const posix_spawnattr_t *attributes, char *const argv[],
			char *const envp[])
{
	struct plan p = plan_for(envp);
	char *const *completed = COMPLETED(&p, envp);

	if (!real.posix_spawnp)
		sm_interpose_find("posix_spawnp", &real.posix_spawnp);
	return real.posix_spawnp
		       ? real.posix_spawnp(pid, file, actions, attributes, argv,
					   completed)
		       : ENOSYS;
}
