/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wrapper_command.c: COMMAND before and after it runs.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "recorder/redact.h"
#include "tools/wrapper.h"

#define AGENT_PATH "../lib/secmgr/libsecmgr.so" /* from the program's place */
#define TEXT_MAX   4096

extern char **environ;

/* ---------------------------------------------------------------- looking */

/* 0 runs, else the errno execve would give. */
static int try_program(const char *path)
{
	struct stat st;

	if (stat(path, &st))
		return errno;
	if (S_ISDIR(st.st_mode) || !S_ISREG(st.st_mode))
		return EACCES;
	return access(path, X_OK) ? errno : 0;
}

static int search(const char *name)
{
	const char *list = getenv("PATH");
	char path[PATH_MAX];
	int error, worst = ENOENT;

	for (list = list ? list : "/bin:/usr/bin"; list;) {
		size_t len = strcspn(list, ":");
		int n = snprintf(path, sizeof(path), "%.*s%s%s", (int)len, list,
				 len ? "/" : "", name);

		error = n < (int)sizeof(path) ? try_program(path) : ENOENT;
		if (!error)
			return 0;
		if (error == EACCES)
			worst = EACCES;
		list = list[len] ? list + len + 1 : NULL;
	}
	return worst;
}

static bool is_missing(int error)
{
	return error == ENOENT || error == ENOTDIR;
}

int command_find(const char *name, struct sm_diag *diag)
{
	int error = ENOENT;

	if (*name)
		error = strchr(name, '/') ? try_program(name) : search(name);
	if (!error)
		return 0;
	sm_fail(diag, SM_NOT_FOUND, "%s",
		is_missing(error) && !strchr(name, '/') ? "command not found"
							: strerror(error));
	return is_missing(error) ? SM_EXIT_MISSING : SM_EXIT_CANNOT;
}

/* ld.so splits LD_PRELOAD at both and knows no quoting: ld.so(8). */
static enum sm_status check_preload(const char *path, struct sm_diag *diag)
{
	if (strpbrk(path, " :\t\n"))
		return sm_fail(diag, SM_UNSUPPORTED,
			       "LD_PRELOAD cannot name '%s': it holds a space "
			       "or a colon; install secmgr elsewhere",
			       path);
	if (access(path, R_OK))
		return sm_fail(diag, SM_NOT_FOUND,
			       "the agent is missing at %s: %s; reinstall "
			       "secmgr",
			       path, strerror(errno));
	return SM_OK;
}

enum sm_status command_find_agent(char *out, size_t bytes, struct sm_diag *diag)
{
	char self[PATH_MAX], *name, real[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	int length;

	if (n <= 0)
		return sm_fail(diag, SM_IO, "cannot read /proc/self/exe: %s",
			       strerror(errno));
	self[n] = '\0';
	name = strrchr(self, '/');
	length = snprintf(out, bytes, "%.*s/" AGENT_PATH, (int)(name - self),
			  self);
	if (length < 0 || (size_t)length >= bytes)
		return sm_fail(diag, SM_LIMIT, "path too long: %s", self);
	if (realpath(out, real) && strlen(real) < bytes)
		strcpy(out, real);
	return check_preload(out, diag);
}

/* ---------------------------------------------------------------- running */

enum sm_status command_set_environment(const char *agent, const char *channel,
				       struct sm_diag *diag)
{
	const char *old = getenv("LD_PRELOAD");
	char *value = NULL;
	int failed;

	if (asprintf(&value, "%s%s%s", agent, old && *old ? ":" : "",
		     old ? old : "") < 0)
		return sm_fail(diag, SM_NOMEM, "out of memory");
	failed = setenv("LD_PRELOAD", value, 1) ||
		 setenv(SM_CHANNEL_ENVIRONMENT, channel, 1) ||
		 unsetenv(SM_START_ENVIRONMENT);
	free(value);
	if (failed)
		return sm_fail(diag, SM_NOMEM, "out of memory");
	return SM_OK;
}

int command_exec(char **argv)
{
	execvp(argv[0], argv);
	return is_missing(errno) ? SM_EXIT_MISSING : SM_EXIT_CANNOT;
}

/* The core, if one was wanted, is COMMAND's. */
void command_die_alike(int number)
{
	const struct rlimit none = { 0, 0 };
	sigset_t set;

	setrlimit(RLIMIT_CORE, &none);
	signal(number, SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, number);
	raise(number);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

static struct sm_str mask(struct sm_redact_argv *argv, const char *word,
			  char out[TEXT_MAX])
{
	struct sm_redact_text text = { sm_str_of(word), false };
	uint32_t length;

	if (!sm_redact_argument(argv, text, out, TEXT_MAX, &length))
		return text.s;
	return length ? (struct sm_str){ out, length } : SM_STR(SM_SECRET);
}

/* What this process itself goes by until its end. */
static bool is_ours(const char *variable)
{
	static const char *const names[] = {
		"HOME=", "LANG=",	    "LC_",     "NO_COLOR=",
		"PATH=", "TERM=",	    "TMPDIR=", "SQLITE_TMPDIR=",
		"TZ=",	 "XDG_RUNTIME_DIR="
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strncmp(variable, names[i], strlen(names[i])))
			return true;
	return false;
}

void command_forget(char **argv)
{
	for (argv++; *argv; argv++)
		explicit_bzero(*argv, strlen(*argv));
	for (char **at = environ; *at; at++) {
		char *value = strchr(*at, '=');

		if (value && !is_ours(*at))
			explicit_bzero(value + 1, strlen(value + 1));
	}
}

char *command_text(char *const *argv, bool redacts)
{
	char *text = malloc(TEXT_MAX), masked[TEXT_MAX];
	struct sm_redact_argv state = { 0 };
	size_t used = 0;

	if (!text)
		return NULL;
	text[0] = '\0';
	for (; *argv && used < TEXT_MAX; argv++) {
		struct sm_str word = redacts ? mask(&state, *argv, masked)
					     : sm_str_of(*argv);
		int n = snprintf(text + used, TEXT_MAX - used, "%s%.*s",
				 used ? " " : "", (int)word.len, word.p);

		used += n > 0 ? (size_t)n : 0;
	}
	return text;
}
