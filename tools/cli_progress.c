/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/cli_progress.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "schema/trace.h"

#define FIRST_MS 300
#define EVERY_MS 200

static struct {
	const char *name; /* of the program */
	uint64_t next_ms;
	bool is_shown;
} progress;

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void wipe(void)
{
	if (progress.is_shown)
		fputs("\r\033[K", stderr);
	progress.is_shown = false;
}

static void show(void *context, const char *path, uint64_t done, uint64_t all)
{
	uint64_t now = now_ms();

	(void)context;
	if (now < progress.next_ms)
		return;
	progress.next_ms = now + EVERY_MS;
	fprintf(stderr, "\r%s: ", progress.name);
	sm_cli_put(stderr, sm_str_of(path), false);
	/* A file may claim any number. */
	fprintf(stderr, ": %u %%\033[K",
		(unsigned)((double)done * 100 / (double)all));
	fflush(stderr);
	progress.is_shown = true;
}

void sm_cli_progress(const struct sm_program *program)
{
	const char *term = getenv("TERM");

	if (!isatty(STDERR_FILENO) || (term && !strcmp(term, "dumb")))
		return;
	progress.name = program->name;
	progress.next_ms = now_ms() + FIRST_MS;
	sm_cli_before_message = wipe;
	atexit(wipe);
	sm_trace_watch(show, NULL);
}

void sm_cli_progress_end(void)
{
	wipe();
	fflush(stderr);
	sm_trace_watch(NULL, NULL);
}

/* ------------------------------------------------------------------- stopped
 */

static const int fatal[] = { SIGINT, SIGTERM, SIGHUP, SIGPIPE };
static const char *const tails[] = { "", "-wal", "-shm", "-journal" };
static char doomed[4][PATH_MAX + 16], doomed_dir[PATH_MAX];

enum { REMOVE_TRIES = 200 };

/* Another thread or a child may be about to make one, or to remove its own. */
static void remove_doomed(void)
{
	const struct timespec moment = { .tv_nsec = 1000000 };

	for (unsigned n = 0; n < REMOVE_TRIES; n++) {
		for (unsigned i = 0; i < sizeof(tails) / sizeof(tails[0]); i++)
			unlink(doomed[i]);
		if (!*doomed_dir || !rmdir(doomed_dir) || errno != ENOTEMPTY)
			return;
		nanosleep(&moment, NULL);
	}
}

static void remove_and_die(int number)
{
	remove_doomed();
	signal(number, SIG_DFL);
	raise(number);
}

static void handle(void (*handler)(int number))
{
	struct sigaction action = { .sa_handler = handler,
				    .sa_flags = (int)SA_NODEFER };

	sigemptyset(&action.sa_mask);
	for (unsigned i = 0; i < sizeof(fatal) / sizeof(fatal[0]); i++)
		sigaction(fatal[i], &action, NULL);
}

void sm_cli_remove_when_stopped(const char *file, const char *dir)
{
	for (unsigned i = 0; i < sizeof(tails) / sizeof(tails[0]); i++)
		snprintf(doomed[i], sizeof(doomed[i]), "%s%s", file, tails[i]);
	snprintf(doomed_dir, sizeof(doomed_dir), "%s", dir ? dir : "");
	handle(remove_and_die);
}

void sm_cli_keep(void)
{
	handle(SIG_DFL);
}
