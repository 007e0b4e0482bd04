/* SPDX-License-Identifier: Apache-2.0 */
/*
 * interpose_popen.c: the agent in front of popen and pclose.
 *
 * The C library's popen starts a shell past any interposer, with the variables
 * of the process. Where these would leave the agent behind, the shell is
 * started here instead, and pclose knows those streams.
 */
#include "recorder/agent/agent.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "recorder/agent/interpose.h"

extern char **environ;

static struct {
	FILE *(*popen)(const char *, const char *);
	int (*pclose)(FILE *);
	sm_spawn_function *posix_spawn;
} real;

/* One that was opened here. */
struct stream {
	FILE *file;
	pid_t pid;
	struct stream *next;
};

static struct stream *streams;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

void sm_interpose_popen_setup(void)
{
	sm_interpose_find("popen", &real.popen);
	sm_interpose_find("pclose", &real.pclose);
	sm_interpose_find("posix_spawn", &real.posix_spawn);
}

static int start(pid_t *pid, const char *line, int theirs, int target,
		 char *const envp[])
{
	char *const argv[] = SM_SHELL_ARGV(line);
	posix_spawn_file_actions_t actions;
	int error = posix_spawn_file_actions_init(&actions);

	if (error)
		return error;
	error = posix_spawn_file_actions_adddup2(&actions, theirs, target);
	if (!error)
		error = real.posix_spawn(pid, SM_SHELL, &actions, NULL, argv,
					 envp);
	posix_spawn_file_actions_destroy(&actions);
	return error;
}

/*
 * Our end is closed on exec, as if mode said `e`: no later child may inherit
 * it, and those that others start need not.
 */
static FILE *open_stream(const char *line, const char *mode, char *const envp[],
			 struct stream *stream)
{
	bool reads = *mode == 'r';
	int ends[2], error;

	if (pipe2(ends, O_CLOEXEC))
		return NULL;
	stream->file = fdopen(ends[!reads], reads ? "r" : "w");
	if (!stream->file) {
		close(ends[0]);
		close(ends[1]);
		return NULL;
	}
	error = start(&stream->pid, line, ends[reads],
		      reads ? STDOUT_FILENO : STDIN_FILENO, envp);
	close(ends[reads]);
	if (error) {
		fclose(stream->file);
		errno = error;
		return NULL;
	}
	pthread_mutex_lock(&mutex);
	stream->next = streams;
	streams = stream;
	pthread_mutex_unlock(&mutex);
	return stream->file;
}

static FILE *run(const char *line, const char *mode, char *const envp[])
{
	struct stream *stream = malloc(sizeof(*stream));
	FILE *file;

	if (!stream)
		return NULL;
	file = open_stream(line, mode, envp, stream);
	if (!file)
		free(stream);
	return file;
}

static bool is_mode(const char *mode)
{
	return mode && (*mode == 'r' || *mode == 'w') &&
	       (!mode[1] || (mode[1] == 'e' && !mode[2]));
}

EXPORT FILE *popen(const char *line, const char *mode)
{
	struct sm_completion p = sm_completion(environ);

	if (line &&
	    (sm_interpose_line_is_denied(line) || sm_completion_is_refused(&p)))
		return NULL;
	if (line && is_mode(mode) && real.posix_spawn && real.pclose &&
	    sm_completion_is_needed(&p))
		return run(line, mode, COMPLETED(&p, environ));
	if (REAL(popen))
		return real.popen(line, mode);
	errno = ENOSYS;
	return NULL;
}

/* Taken out of the list; NULL: the C library's. */
static struct stream *take(FILE *file)
{
	struct stream *found = NULL;

	pthread_mutex_lock(&mutex);
	for (struct stream **at = &streams; *at; at = &(*at)->next) {
		if ((*at)->file != file)
			continue;
		found = *at;
		*at = found->next;
		break;
	}
	pthread_mutex_unlock(&mutex);
	return found;
}

EXPORT int pclose(FILE *file)
{
	struct stream *stream = take(file);
	pid_t pid, ended;
	int status = -1;

	if (!stream)
		return REAL(pclose) ? real.pclose(file) : -1;
	pid = stream->pid;
	free(stream);
	fclose(file);
	do
		ended = waitpid(pid, &status, 0);
	while (ended < 0 && errno == EINTR);
	return ended == pid ? status : -1;
}
