/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wrapper.c: COMMAND and the collector side by side, in one of two shapes:
 * the collector as COMMAND's parent, transparent as strace(1) is, or (-D,
 * wrapper_detach.c) COMMAND in this very process and the collector in a
 * detached grandchild.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tools/wrapper_internal.h"

/* ------------------------------------------------------------------ ending */

/* True when the recording must not be taken for a good one. */
bool run_finish(struct run *run)
{
	const struct wrapper *wrapper = run->wrapper;
	struct sm_collector_summary summary;
	struct sm_diag store;
	bool is_bad;

	sm_collector_join(run->collector, &summary);
	store = summary.store;
	if (!summary.processes)
		run_abandon_trace(run);
	run_close_trace(run, &store);
	if (!store.status)
		store = run->unclosed;
	sm_collector_free(run->collector);
	run->collector = NULL;
	is_bad = wrapper_report(wrapper, &summary, &store);
	if (wrapper->at_end)
		wrapper->at_end(wrapper->at_end_context);
	return is_bad;
}

int run_give_up(struct run *run, const char *place, const struct sm_diag *diag,
		int status)
{
	run_abandon_trace(run);
	sm_collector_free(run->collector);
	run->collector = NULL;
	sm_cli_diag(run->wrapper->program, place, diag);
	return status;
}

void run_stop_collector(struct run *run)
{
	sm_collector_stop(run->collector);
	sm_collector_join(run->collector, &(struct sm_collector_summary){ 0 });
}

/* --------------------------------------------------------------- as parent */

/* Between COMMAND's process and us, before it is COMMAND. Our ends. */
struct doorway {
	int go;	    /* closed: COMMAND may start */
	int report; /* errno, when it could not */
};

/* True when we were let in, or nobody is there any more to do so. */
static bool wait_for_start(int go)
{
	char word;
	ssize_t n;

	do
		n = read(go, &word, 1);
	while (n < 0 && errno == EINTR);
	return n == 0;
}

/* In the child: returns only to exit. errno goes through the pipe. */
static void become_command(struct run *run, int go, int report)
{
	struct sm_diag diag;
	int status, error;

	sigaction(SIGCHLD, &run->old_child, NULL);
	sigprocmask(SIG_SETMASK, &run->old_mask, NULL);
	setrlimit(RLIMIT_FSIZE, &run->old_file_size);
	sm_collector_inherit(run->collector);
	errno = ENOMEM;
	status = SM_EXIT_WRAPPER;
	if (wait_for_start(go) &&
	    !command_set_environment(
		    run->agent, sm_collector_channel(run->collector), &diag))
		status = command_exec(run->wrapper->argv);
	error = errno;
	if (write(report, &error, sizeof(error)) != sizeof(error))
		_exit(SM_EXIT_WRAPPER);
	_exit(status);
}

/* COMMAND's process: before there are threads. It waits at the door. */
static bool fork_command(struct run *run, struct doorway *door,
			 struct sm_diag *diag)
{
	int go[2], report[2];

	if (pipe2(go, O_CLOEXEC) || pipe2(report, O_CLOEXEC)) {
		sm_fail(diag, SM_IO, "pipe: %s", strerror(errno));
		return false;
	}
	run->command = fork();
	if (run->command < 0) {
		sm_fail(diag, SM_IO, "fork: %s", strerror(errno));
		return false;
	}
	if (!run->command) {
		close(go[1]);
		become_command(run, go[0], report[1]);
	}
	close(go[0]);
	close(report[1]);
	*door = (struct doorway){ go[1], report[0] };
	run_pass_on_early(run);
	return true;
}

/* 0 when COMMAND runs, else the status to exit with. */
static int let_start(const struct run *run, const struct doorway *door,
		     struct sm_diag *diag)
{
	int error = 0, status;
	ssize_t n;

	close(door->go);
	do
		n = read(door->report, &error, sizeof(error));
	while (n < 0 && errno == EINTR);
	close(door->report);
	if (n != sizeof(error))
		return 0;
	waitpid(run->command, &status, 0);
	sm_fail(diag, SM_IO, "%s", strerror(error));
	return WIFEXITED(status) ? WEXITSTATUS(status) : SM_EXIT_WRAPPER;
}

static int exit_status(const struct run *run, bool is_bad)
{
	if (WIFSIGNALED(run->status))
		command_die_alike(WTERMSIG(run->status));
	if (WIFSIGNALED(run->status))
		return 128 + WTERMSIG(run->status);
	if (is_bad && !WEXITSTATUS(run->status))
		return SM_EXIT_WRAPPER;
	return WEXITSTATUS(run->status);
}

static int run_as_parent(struct run *run)
{
	const struct wrapper *wrapper = run->wrapper;
	struct sm_diag diag = { 0 };
	struct doorway door;
	int status;
	bool is_bad;

	if (!run_block_signals(run)) {
		sm_fail(&diag, SM_IO, "signalfd: %s", strerror(errno));
		return run_give_up(run, NULL, &diag, SM_EXIT_WRAPPER);
	}
	if (run_open_trace(run, &diag))
		return run_give_up(run, wrapper->output, &diag,
				   SM_EXIT_WRAPPER);
	if (!fork_command(run, &door, &diag))
		return run_give_up(run, NULL, &diag, SM_EXIT_WRAPPER);
	command_forget(wrapper->argv);
	if (sm_collector_start(run->collector, (uint32_t)run->command,
			       run->trace, &diag)) {
		kill(run->command, SIGKILL);
		waitpid(run->command, &run->status, 0);
		run_stop_collector(run);
		return run_give_up(run, NULL, &diag, SM_EXIT_WRAPPER);
	}
	status = let_start(run, &door, &diag);
	if (status) {
		run_stop_collector(run);
		return run_give_up(run, wrapper->argv[0], &diag, status);
	}
	run->is_command_alive = true;
	run_reap(run);
	run_wait_for_end(run, -1);
	is_bad = run_finish(run);
	return exit_status(run, is_bad);
}

/* --------------------------------------------------------------------- run */

static bool wants_event(void *context, struct sm_str event)
{
	return wrapper_wants(context, event);
}

static enum sm_status check_bounds(const struct wrapper *wrapper,
				   struct sm_diag *diag)
{
	bool is_bounded =
		wrapper->collector.max_bytes || wrapper->collector.max_age_ns;

	if (wrapper->rotates && !is_bounded)
		return sm_fail(diag, SM_INVALID,
			       "--rotate needs --max-size SIZE or --max-age "
			       "TIME");
	if (is_bounded && !wrapper->output)
		return sm_fail(diag, SM_INVALID,
			       "--max-size and --max-age need --output FILE");
	if (wrapper->key && !wrapper->output)
		return sm_fail(diag, SM_INVALID, "--sign needs --output FILE");
	return SM_OK;
}

int wrapper_run(struct wrapper *wrapper)
{
	struct run run = { .wrapper = wrapper, .signals = -1 };
	struct sm_diag diag = { 0 };
	char *title;
	int status;

	if (check_bounds(wrapper, &diag))
		return run_give_up(&run, NULL, &diag, SM_EXIT_WRAPPER);
	if (wrapper->key && sm_signer_open(wrapper->key, &run.signer, &diag))
		return run_give_up(&run, NULL, &diag, SM_EXIT_WRAPPER);
	status = command_find(wrapper->argv[0], &diag);
	if (status)
		return run_give_up(&run, wrapper->argv[0], &diag, status);
	if (command_find_agent(run.agent, sizeof(run.agent), &diag))
		return run_give_up(&run, NULL, &diag, SM_EXIT_WRAPPER);
	if (wrapper_set_variables(wrapper, &diag))
		return run_give_up(&run, NULL, &diag, SM_EXIT_WRAPPER);
	if (wrapper_set_key(wrapper, &diag))
		return run_give_up(&run, NULL, &diag, SM_EXIT_WRAPPER);
	title = command_text(wrapper->argv, !(wrapper->collector.flags &
					      SM_CHANNEL_NO_REDACT));
	wrapper->collector.title = title;
	wrapper->collector.output = wrapper->output;
	wrapper->collector.variables = wrapper->variables;
	wrapper->collector.variable_count = wrapper->variable_count;
	wrapper_doubt_globs(wrapper);
	if (wrapper->glob_count) {
		wrapper->collector.wants = wants_event;
		wrapper->collector.wants_context = wrapper;
	}
	if (wrapper->rotates) {
		wrapper->collector.next_trace = run_next_trace;
		wrapper->collector.next_context = &run;
	}
	if (sm_collector_open(&wrapper->collector, &run.collector, &diag))
		status = run_give_up(&run, NULL, &diag, SM_EXIT_WRAPPER);
	else if (wrapper->is_detached)
		status = run_detached(&run);
	else
		status = run_as_parent(&run);
	free(title);
	sm_signer_free(run.signer);
	return status;
}
