/* SPDX-License-Identifier: Apache-2.0 */
/*
 * interpose_exec.c: the agent in front of the exec family and posix_spawn.
 *
 * What they run is decided: exec.c. And they keep LD_PRELOAD and SECMGR_CHANNEL
 * in the environment of children that were given another one. exec runs in
 * vfork children too: nothing here allocates or writes memory but the stack,
 * and the real functions are looked up before.
 *
 * The real execvp calls execve inside libc, past any interposer: hence one
 * function each. What calls execve in the kernel itself is not seen.
 */
#include "recorder/agent/agent.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "recorder/agent/interpose.h"

extern char **environ;

typedef int exec_function(const char *, char *const[], char *const[]);

static struct {
	exec_function *execve, *execvpe;
	int (*fexecve)(int, char *const[], char *const[]);
	sm_spawn_function *posix_spawn, *posix_spawnp;
	int (*addopen)(posix_spawn_file_actions_t *, int, const char *, int,
		       mode_t);
	int (*pthread_sigmask)(int, const sigset_t *, sigset_t *);
} real;

static bool sees_exec;

bool sm_interpose_sees_exec(void)
{
	return sees_exec;
}

static bool is_ours(const char *name, const void *function)
{
	return dlsym(RTLD_DEFAULT, name) == function;
}

void sm_interpose_exec_setup(void)
{
	sm_interpose_find("execve", &real.execve);
	sm_interpose_find("execvpe", &real.execvpe);
	sm_interpose_find("fexecve", &real.fexecve);
	sm_interpose_find("posix_spawn", &real.posix_spawn);
	sm_interpose_find("posix_spawnp", &real.posix_spawnp);
	sm_interpose_find("posix_spawn_file_actions_addopen", &real.addopen);
	sm_interpose_find("pthread_sigmask", &real.pthread_sigmask);
	sees_exec = is_ours("execve", (void *)execve) &&
		    is_ours("execv", (void *)execv) &&
		    is_ours("fexecve", (void *)fexecve) &&
		    is_ours("posix_spawn", (void *)posix_spawn) &&
		    is_ours("posix_spawnp", (void *)posix_spawnp);
}

/* -------------------------------------------------------------- exec family */

/* path NULL: the file of descriptor dir_fd. */
static bool is_denied_at(int dir_fd, const char *path, char *const argv[],
			 char *const envp[])
{
	const struct sm_exec exec = {
		.path = path, .dir_fd = dir_fd, .argv = argv, .envp = envp
	};

	return sm_exec_is_denied(&exec);
}

static bool is_search_denied(const char *file, char *const argv[],
			     char *const envp[])
{
	const struct sm_exec exec = { .path = file,
				      .dir_fd = AT_FDCWD,
				      .is_searched = true,
				      .argv = argv,
				      .envp = envp };

	return sm_exec_is_denied(&exec);
}

EXPORT int execve(const char *path, char *const argv[], char *const envp[])
{
	struct sm_completion p = sm_completion(envp);
	char *const *completed = COMPLETED(&p, envp);

	if (is_denied_at(AT_FDCWD, path, argv, envp) ||
	    sm_completion_is_refused(&p))
		return -1;
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
	struct sm_completion p = sm_completion(envp);
	char *const *completed = COMPLETED(&p, envp);

	if (is_search_denied(file, argv, envp) || sm_completion_is_refused(&p))
		return -1;
	if (!REAL(execvpe)) {
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
	struct sm_completion p = sm_completion(envp);
	char *const *completed = COMPLETED(&p, envp);

	if (is_denied_at(fd, NULL, argv, envp) || sm_completion_is_refused(&p))
		return -1;
	if (!REAL(fexecve)) {
		errno = ENOSYS;
		return -1;
	}
	return real.fexecve(fd, argv, completed);
}

/* In unistd.h from glibc 2.34 on. */
int execveat(int fd, const char *path, char *const argv[], char *const envp[],
	     int flags);

EXPORT int execveat(int fd, const char *path, char *const argv[],
		    char *const envp[], int flags)
{
	bool is_fd = flags & AT_EMPTY_PATH && !*path;
	struct sm_completion p = sm_completion(envp);
	char *const *completed = COMPLETED(&p, envp);

	if (is_denied_at(fd, is_fd ? NULL : path, argv, envp) ||
	    sm_completion_is_refused(&p))
		return -1;
	return (int)syscall(SYS_execveat, fd, path, argv, completed, flags);
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

/* -------------------------------------------------------------------- spawn */

static int spawn(sm_spawn_function *function, pid_t *pid, const char *path,
		 const posix_spawn_file_actions_t *actions,
		 const posix_spawnattr_t *attributes, char *const argv[],
		 char *const envp[])
{
	struct sm_completion p = sm_completion(envp);
	char *const *completed = COMPLETED(&p, envp);

	if (p.is_refused)
		return E2BIG;
	return function ? function(pid, path, actions, attributes, argv,
				   completed)
			: ENOSYS;
}

EXPORT int posix_spawn(pid_t *pid, const char *path,
		       const posix_spawn_file_actions_t *actions,
		       const posix_spawnattr_t *attributes, char *const argv[],
		       char *const envp[])
{
	if (is_denied_at(AT_FDCWD, path, argv, envp))
		return errno;
	return spawn(REAL(posix_spawn), pid, path, actions, attributes, argv,
		     envp);
}

EXPORT int posix_spawnp(pid_t *pid, const char *file,
			const posix_spawn_file_actions_t *actions,
			const posix_spawnattr_t *attributes, char *const argv[],
			char *const envp[])
{
	if (is_search_denied(file, argv, envp))
		return errno;
	return spawn(REAL(posix_spawnp), pid, file, actions, attributes, argv,
		     envp);
}

EXPORT int posix_spawn_file_actions_addopen(posix_spawn_file_actions_t *actions,
					    int fd, const char *path, int flags,
					    mode_t mode)
{
	if (sm_spawn_open_is_denied(path, flags))
		return EACCES;
	if (!real.addopen)
		sm_interpose_find("posix_spawn_file_actions_addopen",
				  &real.addopen);
	return real.addopen ? real.addopen(actions, fd, path, flags, mode)
			    : ENOSYS;
}

/* ----------------------------------------------------------- signals, vfork */

/* A few stand for all. */
static bool is_full(const sigset_t *set)
{
	return sigismember(set, SIGTERM) == 1 &&
	       sigismember(set, SIGSEGV) == 1 &&
	       sigismember(set, SIGSTOP) == 1 &&
	       sigismember(set, SIGRTMAX) == 1;
}

/*
 * _posixsubprocess blocks every signal before its vfork and lets them in again
 * after it: the only calls around it that are made while Python is running.
 */
EXPORT int pthread_sigmask(int how, const sigset_t *set, sigset_t *old)
{
	int result;

	if (how == SIG_BLOCK && set && is_full(set))
		sm_exec_before_vfork();
	if (REAL(pthread_sigmask))
		result = real.pthread_sigmask(how, set, old);
	else /* glibc before 2.32, in a program without threads */
		result = sigprocmask(how, set, old) ? errno : 0;
	if (how == SIG_SETMASK)
		sm_exec_after_vfork();
	return result;
}
