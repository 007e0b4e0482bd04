/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wrapper_detach.c: -D: COMMAND keeps this process, and the collector is a
 * grandchild that the command does not know.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tools/wrapper_internal.h"

/* What the grandchild tells before COMMAND may start. */
struct readiness {
	bool is_ready;
	struct sm_diag diag;
};

static void detach_streams(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0)
		return;
	dup2(null, STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
	if (null > STDERR_FILENO)
		close(null);
}

/* True when exec succeeded: the descriptor closed without a word. */
static bool has_command_started(int tells)
{
	char word;
	ssize_t n;

	do
		n = read(tells, &word, 1);
	while (n < 0 && errno == EINTR);
	return n == 0;
}

static void prepare_detached(struct run *run, struct readiness *readiness)
{
	memset(readiness, 0, sizeof(*readiness));
	if (!run_block_signals(run)) {
		sm_fail(&readiness->diag, SM_IO, "signalfd: %s",
			strerror(errno));
		return;
	}
	if (run_open_trace(run, &readiness->diag) ||
	    sm_collector_start(run->collector, (uint32_t)run->command,
			       run->trace, &readiness->diag))
		return;
	readiness->is_ready = true;
}

/* The grandchild: never returns. */
static void collect_detached(struct run *run, int tells, int asks)
{
	struct readiness readiness;
	int pidfd = (int)syscall(SYS_pidfd_open, run->command, 0);

	detach_streams();
	command_forget(run->wrapper->argv);
	prepare_detached(run, &readiness);
	if (write(asks, &readiness, sizeof(readiness)) != sizeof(readiness))
		readiness.is_ready = false;
	close(asks);
	if (!readiness.is_ready)
		goto fail;
	if (!has_command_started(tells)) {
		run_stop_collector(run);
		goto fail;
	}
	run->is_command_alive = true;
	run_wait_for_end(run, pidfd);
	_exit(run_finish(run) ? SM_EXIT_WRAPPER : 0);
fail:
	run_abandon_trace(run);
	sm_collector_free(run->collector);
	_exit(SM_EXIT_WRAPPER);
}

static int fork_grandchild(struct run *run, int tells[2], int asks[2])
{
	pid_t child = fork();

	if (child < 0)
		return -1;
	if (child) {
		while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
			;
		return 0;
	}
	close(tells[1]);
	close(asks[0]);
	setsid();
	child = fork();
	if (child)
		_exit(child < 0);
	collect_detached(run, tells[0], asks[1]);
	return 0;
}

int run_detached(struct run *run)
{
	const struct wrapper *wrapper = run->wrapper;
	struct readiness readiness = { 0 };
	struct sm_diag diag = { 0 };
	int tells[2], asks[2], status;

	run->command = getpid();
	if (pipe2(tells, O_CLOEXEC) || pipe2(asks, O_CLOEXEC) ||
	    fork_grandchild(run, tells, asks)) {
		sm_fail(&diag, SM_IO, "fork: %s", strerror(errno));
		return run_give_up(run, NULL, &diag, SM_EXIT_WRAPPER);
	}
	close(tells[0]);
	close(asks[1]);
	if (read(asks[0], &readiness, sizeof(readiness)) != sizeof(readiness))
		sm_fail(&readiness.diag, SM_IO, "the collector did not start");
	if (!readiness.is_ready) {
		sm_cli_diag(wrapper->program, wrapper->output, &readiness.diag);
		return SM_EXIT_WRAPPER;
	}
	sm_collector_inherit(run->collector);
	if (command_set_environment(
		    run->agent, sm_collector_channel(run->collector), &diag))
		return SM_EXIT_WRAPPER;
	status = command_exec(wrapper->argv);
	sm_cli_error(wrapper->program, wrapper->argv[0], "%s", strerror(errno));
	if (write(tells[1], "x", 1) < 0)
		return SM_EXIT_WRAPPER;
	return status;
}
