/* SPDX-License-Identifier: Apache-2.0 */
/*
 * collector_process.c: who said hello. pid and uid are the kernel's words
 * (SCM_CREDENTIALS); the payload only adds what a process may say of itself.
 */
#include "recorder/collector_internal.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define STAT_MAX       1024
#define CLOCK_SLACK_NS 50000000u /* a scheduler tick and rounding */

uint64_t sm_collector_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static ssize_t read_stat(uint32_t pid, char out[STAT_MAX])
{
	char path[64];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%u/stat", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	n = read(fd, out, STAT_MAX - 1);
	close(fd);
	if (n >= 0)
		out[n] = '\0';
	return n;
}

/* proc(5): the name in parentheses may hold anything, so start behind it. */
static bool parse_stat(const char *text, uint32_t *parent, uint64_t *start)
{
	const char *p = strrchr(text, ')');
	int field;

	if (!p || sscanf(p, ") %*c %u", parent) != 1)
		return false;
	for (field = 2; field < 22 && p; field++)
		p = strchr(p + 1, ' ');
	return p && sscanf(p, " %" SCNu64, start) == 1;
}

bool process_parent(uint32_t pid, uint32_t *parent)
{
	char text[STAT_MAX];
	uint64_t start;

	return read_stat(pid, text) > 0 && parse_stat(text, parent, &start);
}

/* proc counts from boot, sleep included; events are CLOCK_MONOTONIC. */
static uint64_t monotonic_of_ticks(uint64_t ticks)
{
	struct timespec boot;
	uint64_t boot_ns, since, start_ns;
	long hertz = sysconf(_SC_CLK_TCK);

	clock_gettime(CLOCK_BOOTTIME, &boot);
	boot_ns = (uint64_t)boot.tv_sec * 1000000000u + (uint64_t)boot.tv_nsec;
	start_ns = ticks * (1000000000u / (uint64_t)(hertz > 0 ? hertz : 100));
	since = boot_ns > start_ns ? boot_ns - start_ns : 0;
	start_ns = sm_collector_now_ns();
	return start_ns > since ? start_ns - since : 0;
}

static char *read_exe(uint32_t pid, struct sm_str said)
{
	char path[64], target[4096];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%u/exe", pid);
	n = readlink(path, target, sizeof(target));
	if (n > 0)
		return strndup(target, (size_t)n);
	return strndup(said.p ? said.p : "", said.len);
}

static int open_pidfd(uint32_t pid)
{
	return (int)syscall(SYS_pidfd_open, (pid_t)pid, 0);
}

/*
 * The descriptor must be for the process that sent the hello: one that reused
 * its pid started after the hello was written.
 */
static bool is_sender(struct process *process, const struct sm_hello *hello)
{
	char text[STAT_MAX];

	if (read_stat(process->pid, text) <= 0 ||
	    !parse_stat(text, &process->parent_pid, &process->start_ticks))
		return false;
	return monotonic_of_ticks(process->start_ticks) <=
	       hello->time_ns + CLOCK_SLACK_NS;
}

struct process *process_new(const struct greeting *greeting,
			    const struct sm_hello *hello)
{
	struct process *process = calloc(1, sizeof(*process));

	if (!process)
		return NULL;
	process->source.kind = SOURCE_PROCESS;
	process->pid = (uint32_t)greeting->credentials.pid;
	process->uid = (uint32_t)greeting->credentials.uid;
	process->guest_pid = hello->guest_pid;
	process->start_ns = hello->time_ns;
	process->memory.ring_fd = process->memory.control_fd =
		process->memory.control_read_fd = -1;
	process->source.fd = open_pidfd(process->pid);
	if (process->source.fd < 0 || !is_sender(process, hello))
		goto fail;
	process->exe = read_exe(process->pid, hello->exe);
	if (process->exe)
		return process;
fail:
	process_free(process);
	return NULL;
}

void process_free(struct process *process)
{
	if (!process)
		return;
	if (process->source.fd >= 0)
		close(process->source.fd);
	sm_ring_destroy(&process->memory);
	stored_process_clear(&process->store);
	free(process->store.start);
	free(process->store.interpreter);
	free(process->exe);
	free(process);
}
