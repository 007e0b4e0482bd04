/* SPDX-License-Identifier: Apache-2.0 */
/*
 * interpose_system.c: the agent in front of system, which starts a shell past
 * any interposer.
 */
#include "recorder/agent/agent.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "recorder/agent/interpose.h"

#define NO_SHELL (127 << 8) /* as if it had exited with 127 */

extern char **environ;

static struct {
	int (*system)(const char *);
	sm_spawn_function *posix_spawn;
} real;

void sm_interpose_system_setup(void)
{
	sm_interpose_find("system", &real.system);
	sm_interpose_find("posix_spawn", &real.posix_spawn);
}

bool sm_interpose_line_is_denied(const char *line)
{
	char *const argv[] = SM_SHELL_ARGV(line);
	const struct sm_exec exec = { .path = SM_SHELL,
				      .dir_fd = AT_FDCWD,
				      .argv = argv,
				      .envp = environ };

	return sm_exec_is_denied(&exec);
}

/* ------------------------------------------------------------------ signals */

/*
 * While a command runs, whoever waits for it ignores SIGINT and SIGQUIT: from
 * the first of several threads that do to the last (POSIX, system()).
 */
static struct {
	pthread_mutex_t mutex;
	unsigned count;
	struct sigaction interrupt, quit;
} waiting = { .mutex = PTHREAD_MUTEX_INITIALIZER };

static void ignore_signals(sigset_t *before)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN };
	sigset_t child;

	pthread_mutex_lock(&waiting.mutex);
	if (!waiting.count++) {
		sigaction(SIGINT, &ignore, &waiting.interrupt);
		sigaction(SIGQUIT, &ignore, &waiting.quit);
	}
	pthread_mutex_unlock(&waiting.mutex);
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, before);
}

static void restore_signals(const sigset_t *before)
{
	pthread_mutex_lock(&waiting.mutex);
	if (!--waiting.count) {
		sigaction(SIGINT, &waiting.interrupt, NULL);
		sigaction(SIGQUIT, &waiting.quit, NULL);
	}
	pthread_mutex_unlock(&waiting.mutex);
	sigprocmask(SIG_SETMASK, before, NULL);
}

static int start(pid_t *pid, const char *line, char *const envp[],
		 const sigset_t *before)
{
	char *const argv[] = SM_SHELL_ARGV(line);
	posix_spawnattr_t attributes;
	sigset_t defaults;
	int error;

	sigemptyset(&defaults);
	if (waiting.interrupt.sa_handler != SIG_IGN)
		sigaddset(&defaults, SIGINT);
	if (waiting.quit.sa_handler != SIG_IGN)
		sigaddset(&defaults, SIGQUIT);
	error = posix_spawnattr_init(&attributes);
	if (error)
		return error;
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF |
						      POSIX_SPAWN_SETSIGMASK);
	posix_spawnattr_setsigdefault(&attributes, &defaults);
	posix_spawnattr_setsigmask(&attributes, before);
	error = real.posix_spawn(pid, SM_SHELL, NULL, &attributes, argv, envp);
	posix_spawnattr_destroy(&attributes);
	return error;
}

/* The C library's system() takes no environment. */
static int run(const char *line, char *const envp[])
{
	int status = NO_SHELL;
	sigset_t before;
	pid_t pid, ended;

	ignore_signals(&before);
	if (!start(&pid, line, envp, &before)) {
		do
			ended = waitpid(pid, &status, 0);
		while (ended < 0 && errno == EINTR);
		if (ended != pid)
			status = -1;
	}
	restore_signals(&before);
	return status;
}

EXPORT int system(const char *line)
{
	struct sm_completion p = sm_completion(environ);

	if (line &&
	    (sm_interpose_line_is_denied(line) || sm_completion_is_refused(&p)))
		return -1;
	if (line && real.posix_spawn && sm_completion_is_needed(&p))
		return run(line, COMPLETED(&p, environ));
	if (REAL(system))
		return real.system(line);
	errno = ENOSYS;
	return -1;
}
