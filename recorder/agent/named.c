/* SPDX-License-Identifier: Apache-2.0 */
/*
 * named.c: what the command line of this process names and where it was given,
 * taken when the agent is loaded: before main(), so that no Python code has
 * been run, and never again: neither sys.argv nor a changed process title nor
 * chdir() counts.
 */
#include "recorder/agent/agent.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "recorder/redact.h"
#include "schema/path.h"

static struct sm_named_store store;

const struct sm_named *sm_named(void)
{
	return &store.named;
}

void sm_named_forget(void)
{
	if (!store.named.count)
		return;
	store.named.count = 0;
	store.used = 0;
	sm_memo_forget();
}

void sm_named_repeat(const struct sm_event *event)
{
	if (!sm_str_equal(event->site.event, SM_STR(SM_CHANNEL_LIVE_NAMED)))
		return;
	sm_named_forget();
	for (uint32_t i = 0; i < event->argc; i++) {
		struct sm_str path = sm_value_str(&event->args[i]);

		if (sm_named_is_valid(path))
			sm_named_add(&store, path);
	}
}

/* Where an existing path leads; empty: it does not exist. */
static struct sm_str read_real(const char *path, char *out)
{
	int fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_PATH | O_CLOEXEC);
	char link[32];
	ssize_t n;

	if (fd < 0)
		return SM_STR("");
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, out, SM_PATH_MAX);
	syscall(SYS_close, fd);
	return (struct sm_str){ out,
				n > 0 && n < SM_PATH_MAX ? (uint32_t)n : 0 };
}

/* What is about to be made lies where its directory does. */
static struct sm_str resolve(struct sm_str path, char *out)
{
	struct sm_str name = sm_path_name(path), there;
	char text[SM_PATH_MAX];

	if (path.len >= sizeof(text))
		return SM_STR("");
	memcpy(text, path.p, path.len);
	text[path.len] = 0;
	there = read_real(text, out);
	if (there.len || path.len - name.len < 2)
		return there;
	text[path.len - name.len - 1] = 0;
	there = read_real(text, out);
	if (!there.len || there.len + 1 + name.len > SM_PATH_MAX)
		return SM_STR("");
	out[there.len] = '/';
	memcpy(out + there.len + 1, name.p, name.len);
	there.len += 1 + name.len;
	return there;
}

/* Words as the trace keeps them; a secret names no file. */
static uint32_t split(struct sm_str text, struct sm_str *argv)
{
	char masked[SM_PATH_MAX];
	struct sm_redact_argv state = { 0 };
	uint32_t at = 0, argc = 0, length;

	while (at < text.len && argc < SM_ITEMS_MAX) {
		const char *end = memchr(text.p + at, '\0', text.len - at);
		struct sm_redact_text word = { .s.p = text.p + at };

		if (!end)
			return argc; /* cut: it names nobody knows what */
		word.s.len = (uint32_t)(end - word.s.p);
		at += word.s.len + 1;
		argv[argc] = word.s;
		if (!(sm_agent.flags & SM_CHANNEL_NO_REDACT) &&
		    sm_redact_argument(&state, word, masked, sizeof(masked),
				       &length))
			argv[argc] = SM_STR("");
		argc++;
	}
	return argc;
}

void sm_named_setup(void)
{
	static char text[16 << 10], exe[SM_PATH_MAX];
	static struct sm_str argv[SM_ITEMS_MAX];
	const char *home = getenv("HOME");
	const char *start = getenv(SM_START_ENVIRONMENT);
	struct sm_command command = { .argv = argv, .resolve = resolve };
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe));

	command.exe = (struct sm_str){ exe, n > 0 ? (uint32_t)n : 0 };
	command.argc =
		split((struct sm_str){ text, sm_read_file("/proc/self/cmdline",
							  text, sizeof(text)) },
		      argv);
	command.cwd = sm_resolve_cwd();
	command.start = start ? sm_str_of(start) : command.cwd;
	command.home = sm_str_of(home);
	sm_named_take(&command, &store);
}
