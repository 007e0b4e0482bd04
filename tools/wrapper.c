/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wrapper.c: COMMAND and the collector side by side, in one of two shapes:
 * the collector as COMMAND's parent, transparent as strace(1) is, or (-D)
 * COMMAND in this very process and the collector in a detached grandchild.
 */
#include "tools/wrapper.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "schema/trace/sign.h"

struct run {
	struct wrapper *wrapper;
	struct sm_collector *collector;
	struct sm_trace_writer *trace;
	struct sm_signer *signer; /* NULL: nothing is signed */
	char agent[4096];
	bool is_new_file; /* ours to remove when nothing came of it */
	unsigned part;	  /* files written before this one */
	pid_t command;
	bool is_command_alive;
	int status; /* of COMMAND, wait(2) */
	int signals;
	struct rlimit old_file_size;
	struct sigaction old_child;
	sigset_t old_mask;
};

/* ------------------------------------------------------------------ facts */

static enum sm_status set_fact(struct run *run, const char *key,
			       const char *value)
{
	return sm_trace_set_meta(run->trace, key, value ? value : "");
}

static enum sm_status set_number(struct run *run, const char *key,
				 uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, value);
	return set_fact(run, key, text);
}

static uint64_t read_clock(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* One pair of readings maps every event's time to a date. */
static enum sm_status set_clocks(struct run *run)
{
	enum sm_status status;

	status = set_number(run, "clock.monotonic_ns",
			    read_clock(CLOCK_MONOTONIC));
	if (!status)
		status = set_number(run, "clock.realtime_ns",
				    read_clock(CLOCK_REALTIME));
	return status;
}

static enum sm_status set_variables(struct run *run)
{
	const struct wrapper *wrapper = run->wrapper;
	enum sm_status status = SM_OK;
	char key[128];
	size_t i;

	for (i = 0; !status && i < wrapper->variable_count; i++) {
		snprintf(key, sizeof(key), "variable.%s",
			 wrapper->variables[i].name);
		status = set_fact(run, key, wrapper->variables[i].value);
	}
	return status;
}

static const char *mode_name(uint32_t flags)
{
	if (!(flags & SM_CHANNEL_ENFORCE))
		return "record";
	return flags & SM_CHANNEL_WARN ? "warn" : "block";
}

static void read_boot_id(char out[64])
{
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, out, 63) : 0;

	if (fd >= 0)
		close(fd);
	out[n > 0 ? n : 0] = '\0';
	out[strcspn(out, "\n")] = '\0';
}

static enum sm_status set_host(struct run *run)
{
	struct utsname name;
	char boot[64], kernel[512];
	enum sm_status status;

	if (uname(&name))
		return SM_IO;
	read_boot_id(boot);
	snprintf(kernel, sizeof(kernel), "%s %s %s", name.sysname, name.release,
		 name.machine);
	status = set_fact(run, "host", name.nodename);
	if (!status)
		status = set_fact(run, "kernel", kernel);
	if (!status)
		status = set_fact(run, "boot_id", boot);
	return status;
}

static enum sm_status set_command(struct run *run)
{
	char *cwd = getcwd(NULL, 0);
	enum sm_status status =
		set_fact(run, "command", run->wrapper->collector.title);

	if (!status)
		status = set_fact(run, "cwd", cwd);
	free(cwd);
	return status;
}

/* Tokens of two traces are comparable where this is the same. */
static enum sm_status set_redaction(struct run *run)
{
	static const char text[] = "redaction.key";
	char id[24];

	if (run->wrapper->collector.flags & SM_CHANNEL_NO_REDACT)
		return set_fact(run, "redaction", "none");
	snprintf(id, sizeof(id), "%016" PRIx64,
		 sm_digest(text, sizeof(text) - 1));
	if (set_fact(run, "redaction", "credentials"))
		return SM_IO;
	return set_fact(run, text, id);
}

static enum sm_status set_filter(struct run *run)
{
	const struct wrapper *wrapper = run->wrapper;
	char text[4096];
	size_t used = 0, i;

	for (i = 0; i < wrapper->glob_count && used < sizeof(text); i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used,
					 "%s%s", used ? " " : "",
					 wrapper->globs[i]);
	return used ? set_fact(run, "filter", text) : SM_OK;
}

/* Files of one recording count up; a reader may miss the early ones. */
static enum sm_status set_bounds(struct run *run)
{
	const struct wrapper *wrapper = run->wrapper;
	enum sm_status status = SM_OK;

	if (wrapper->collector.max_bytes)
		status = set_number(run, "max_size",
				    wrapper->collector.max_bytes);
	if (!status && wrapper->collector.max_age_ns)
		status = set_number(run, "max_age_ns",
				    wrapper->collector.max_age_ns);
	if (!status && wrapper->rotates)
		status = set_number(run, "part", run->part + 1);
	return status;
}

static enum sm_status set_facts(struct run *run, struct sm_diag *diag)
{
	const struct wrapper *wrapper = run->wrapper;
	enum sm_status status;

	status = set_fact(run, "tool", wrapper->program->name);
	if (!status)
		status = set_fact(run, "tool_version", SM_VERSION_TEXT);
	if (!status)
		status = set_command(run);
	if (!status)
		status = set_redaction(run);
	if (!status)
		status = set_host(run);
	if (!status)
		status = set_fact(run, "mode",
				  mode_name(wrapper->collector.flags));
	if (!status)
		status = set_clocks(run);
	if (!status)
		status = set_variables(run);
	if (!status)
		status = set_filter(run);
	if (!status)
		status = set_bounds(run);
	if (status)
		return sm_fail(diag, status, "cannot write: %s",
			       sm_status_text(status));
	/* Killed from here on, a recorder leaves a trace that says so. */
	return sm_trace_commit(run->trace, diag);
}

/* ------------------------------------------------------------------ trace */

/* The trace is ours, not COMMAND's, whom a soft limit is meant for. */
static void raise_file_size(struct run *run)
{
	struct rlimit limit;

	getrlimit(RLIMIT_FSIZE, &run->old_file_size);
	limit = run->old_file_size;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_FSIZE, &limit);
}

static enum sm_status check_old(const struct wrapper *wrapper,
				struct sm_diag *diag)
{
	if (!wrapper->rotates || !rotate_has_old(wrapper->output))
		return SM_OK;
	if (wrapper->open_mode == SM_TRACE_CREATE)
		return sm_fail(diag, SM_EXISTS,
			       "older files exist already (%s.1); --append "
			       "continues them, --force replaces them",
			       wrapper->output);
	if (wrapper->open_mode == SM_TRACE_FORCE)
		rotate_remove_old(wrapper->output);
	return SM_OK;
}

static enum sm_status open_trace(struct run *run, struct sm_diag *diag)
{
	const struct wrapper *wrapper = run->wrapper;
	enum sm_status status;

	raise_file_size(run);
	if (!wrapper->output)
		return SM_OK;
	run->is_new_file = wrapper->open_mode != SM_TRACE_APPEND ||
			   access(wrapper->output, F_OK);
	status = check_old(wrapper, diag);
	if (status)
		return status;
	status = sm_trace_writer_open(wrapper->output, wrapper->open_mode,
				      &run->trace, diag);
	if (status == SM_EXISTS)
		sm_fail(diag, status,
			"exists already; --append continues it, --force "
			"replaces it");
	if (status)
		return status;
	sm_trace_sign(run->trace, run->signer);
	return set_facts(run, diag);
}

static void remove_trace(struct run *run)
{
	const char *output = run->wrapper->output;
	static const char *const suffixes[] = { "", "-wal", "-shm",
						"-journal" };
	char path[4096];
	size_t i;

	if (!output || !run->is_new_file)
		return;
	for (i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		snprintf(path, sizeof(path), "%s%s", output, suffixes[i]);
		unlink(path);
	}
}

/* Closes without a message; nothing was recorded. */
static void abandon_trace(struct run *run)
{
	struct sm_diag diag = { 0 };

	if (!run->trace)
		return;
	/* Whether it could be finished or not: it goes. */
	if (sm_trace_writer_close(run->trace, &diag))
		diag.status = SM_OK;
	remove_trace(run);
	run->trace = NULL;
}

static void close_trace(struct run *run, struct sm_diag *store)
{
	struct sm_diag diag = { 0 };
	enum sm_status status;

	if (!run->trace)
		return;
	status = set_number(run, "end.realtime_ns", read_clock(CLOCK_REALTIME));
	if (sm_trace_writer_close(run->trace, &diag))
		status = diag.status;
	run->trace = NULL;
	if (status && !store->status) {
		*store = diag;
		store->status = status;
		if (!store->text[0])
			sm_fail(store, status, "cannot finish the trace: %s",
				sm_status_text(status));
	}
}

/* In the storing thread, at the bound: FILE becomes FILE.1. */
static enum sm_status next_trace(void *context, struct sm_trace_writer **trace,
				 struct sm_diag *diag)
{
	struct run *run = context;
	const struct wrapper *wrapper = run->wrapper;
	struct sm_trace_seal seal;
	enum sm_status status;
	bool has_seal;

	close_trace(run, diag);
	*trace = NULL;
	has_seal = !sm_trace_last_seal(wrapper->output, &seal, NULL);
	status = rotate_shift(wrapper->output, wrapper->keep_count, diag);
	if (status)
		return status;
	run->part++;
	run->is_new_file = false;
	status = sm_trace_writer_open(wrapper->output, SM_TRACE_CREATE,
				      &run->trace, diag);
	/* The chain goes on from file to file. */
	if (!status && has_seal)
		status = sm_trace_follow(run->trace, seal.hash);
	if (!status) {
		sm_trace_sign(run->trace, run->signer);
		status = set_facts(run, diag);
	}
	*trace = run->trace;
	return status;
}

/* ---------------------------------------------------------------- signals */

/*
 * All are blocked and read from a descriptor, so that no signal can interrupt
 * anything. Those a program causes itself stay as they are.
 */
static bool block_signals(struct run *run)
{
	const struct sigaction by_default = { .sa_handler = SIG_DFL };
	sigset_t set;

	/* Ignored (nobody's habit, but inherited), wait(2) would fail. */
	sigaction(SIGCHLD, &by_default, &run->old_child);
	sigfillset(&set);
	sigdelset(&set, SIGSEGV);
	sigdelset(&set, SIGBUS);
	sigdelset(&set, SIGFPE);
	sigdelset(&set, SIGILL);
	sigdelset(&set, SIGSYS);
	sigdelset(&set, SIGTRAP);
	sigdelset(&set, SIGABRT);
	if (sigprocmask(SIG_BLOCK, &set, &run->old_mask))
		return false;
	run->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return run->signals >= 0;
}

/* Stops as COMMAND stopped; returns when the shell continues us. */
static void stop_alike(struct run *run, int number)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, number);
	signal(number, SIG_DFL);
	raise(number);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	sigprocmask(SIG_BLOCK, &set, NULL);
	kill(run->command, SIGCONT);
}

static void reap(struct run *run)
{
	int status;

	while (run->is_command_alive &&
	       waitpid(run->command, &status, WNOHANG | WUNTRACED) > 0) {
		if (WIFSTOPPED(status)) {
			stop_alike(run, WSTOPSIG(status));
			continue;
		}
		run->is_command_alive = false;
		run->status = status;
		sm_collector_command_ended(run->collector, status);
		if (run->wrapper->until_command)
			sm_collector_stop(run->collector);
	}
}

/*
 * What the terminal sends reaches COMMAND without us: same process group.
 * Everything else was meant for COMMAND, whose place we take.
 */
static void pass_on(struct run *run, const struct signalfd_siginfo *info)
{
	int number = (int)info->ssi_signo;

	if (number == SIGCHLD) {
		reap(run);
		return;
	}
	if (!run->is_command_alive) {
		/* Only left-behind processes are being recorded. */
		if (number == SIGTERM || number == SIGINT || number == SIGHUP ||
		    number == SIGQUIT)
			sm_collector_stop(run->collector);
		return;
	}
	if (number == SIGINT || number == SIGQUIT ||
	    info->ssi_code == SI_KERNEL)
		return;
	kill(run->command, number);
}

static void read_signals(struct run *run)
{
	struct signalfd_siginfo info;

	while (read(run->signals, &info, sizeof(info)) == sizeof(info))
		pass_on(run, &info);
}

static void wait_for_end(struct run *run, int command_pidfd)
{
	struct pollfd fds[3] = {
		{ .fd = sm_collector_done_fd(run->collector),
		  .events = POLLIN },
		{ .fd = run->signals, .events = POLLIN },
		{ .fd = command_pidfd, .events = POLLIN },
	};

	while (!(fds[0].revents & POLLIN)) {
		if (poll(fds, 3, -1) < 0 && errno != EINTR)
			return;
		if (fds[1].revents & POLLIN)
			read_signals(run);
		if (!(fds[2].revents & POLLIN))
			continue;
		fds[2].fd = -1;
		fds[2].revents = 0;
		run->is_command_alive = false;
		sm_collector_command_ended(run->collector, -1);
		if (run->wrapper->until_command)
			sm_collector_stop(run->collector);
	}
}

/* ----------------------------------------------------------------- ending */

/* True when the recording must not be taken for a good one. */
static bool finish(struct run *run)
{
	const struct wrapper *wrapper = run->wrapper;
	struct sm_collector_summary summary;
	struct sm_diag store;
	bool is_bad;

	sm_collector_join(run->collector, &summary);
	store = summary.store;
	if (!summary.processes)
		abandon_trace(run);
	close_trace(run, &store);
	sm_collector_free(run->collector);
	run->collector = NULL;
	is_bad = wrapper_report(wrapper, &summary, &store);
	if (wrapper->at_end)
		wrapper->at_end(wrapper->at_end_context);
	return is_bad;
}

static int give_up(struct run *run, const char *place,
		   const struct sm_diag *diag, int status)
{
	abandon_trace(run);
	sm_collector_free(run->collector);
	run->collector = NULL;
	sm_cli_diag(run->wrapper->program, place, diag);
	return status;
}

/* --------------------------------------------------------------- as parent */

/* In the child: returns only to exit. errno goes through the pipe. */
static void become_command(struct run *run, int report)
{
	struct sm_diag diag;
	int status, error;

	sigaction(SIGCHLD, &run->old_child, NULL);
	sigprocmask(SIG_SETMASK, &run->old_mask, NULL);
	setrlimit(RLIMIT_FSIZE, &run->old_file_size);
	sm_collector_inherit(run->collector);
	errno = ENOMEM;
	status = SM_EXIT_WRAPPER;
	if (!command_set_environment(
		    run->agent, sm_collector_channel(run->collector), &diag))
		status = command_exec(run->wrapper->argv);
	error = errno;
	if (write(report, &error, sizeof(error)) != sizeof(error))
		_exit(SM_EXIT_WRAPPER);
	_exit(status);
}

/* 0 when COMMAND runs, else the status to exit with. */
static int spawn(struct run *run, struct sm_diag *diag)
{
	int report[2], error = 0, status;
	ssize_t n;

	if (pipe2(report, O_CLOEXEC)) {
		sm_fail(diag, SM_IO, "pipe: %s", strerror(errno));
		return SM_EXIT_WRAPPER;
	}
	run->command = fork();
	if (!run->command)
		become_command(run, report[1]);
	close(report[1]);
	if (run->command < 0) {
		close(report[0]);
		sm_fail(diag, SM_IO, "fork: %s", strerror(errno));
		return SM_EXIT_WRAPPER;
	}
	do
		n = read(report[0], &error, sizeof(error));
	while (n < 0 && errno == EINTR);
	close(report[0]);
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
	int status;
	bool is_bad;

	if (!block_signals(run)) {
		sm_fail(&diag, SM_IO, "signalfd: %s", strerror(errno));
		return give_up(run, NULL, &diag, SM_EXIT_WRAPPER);
	}
	if (open_trace(run, &diag))
		return give_up(run, wrapper->output, &diag, SM_EXIT_WRAPPER);
	status = spawn(run, &diag);
	if (status)
		return give_up(run, wrapper->argv[0], &diag, status);
	run->is_command_alive = true;
	command_forget(wrapper->argv);
	if (sm_collector_start(run->collector, (uint32_t)run->command,
			       run->trace, &diag)) {
		/* It runs already: let it, as when we are killed. */
		sm_cli_error(wrapper->program, wrapper->argv[0],
			     "runs without being recorded: %s", diag.text);
		waitpid(run->command, &run->status, 0);
		abandon_trace(run);
		return exit_status(run, true);
	}
	reap(run);
	wait_for_end(run, -1);
	is_bad = finish(run);
	return exit_status(run, is_bad);
}

/* ---------------------------------------------------------------- detached */

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
	if (!block_signals(run)) {
		sm_fail(&readiness->diag, SM_IO, "signalfd: %s",
			strerror(errno));
		return;
	}
	if (open_trace(run, &readiness->diag) ||
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
		sm_collector_stop(run->collector);
		sm_collector_join(run->collector,
				  &(struct sm_collector_summary){ 0 });
		goto fail;
	}
	run->is_command_alive = true;
	wait_for_end(run, pidfd);
	_exit(finish(run) ? SM_EXIT_WRAPPER : 0);
fail:
	abandon_trace(run);
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

static int run_detached(struct run *run)
{
	const struct wrapper *wrapper = run->wrapper;
	struct readiness readiness = { 0 };
	struct sm_diag diag = { 0 };
	int tells[2], asks[2], status;

	run->command = getpid();
	if (pipe2(tells, O_CLOEXEC) || pipe2(asks, O_CLOEXEC) ||
	    fork_grandchild(run, tells, asks)) {
		sm_fail(&diag, SM_IO, "fork: %s", strerror(errno));
		return give_up(run, NULL, &diag, SM_EXIT_WRAPPER);
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

/* -------------------------------------------------------------------- run */

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
		return give_up(&run, NULL, &diag, SM_EXIT_WRAPPER);
	if (wrapper->key && sm_signer_open(wrapper->key, &run.signer, &diag))
		return give_up(&run, NULL, &diag, SM_EXIT_WRAPPER);
	status = command_find(wrapper->argv[0], &diag);
	if (status)
		return give_up(&run, wrapper->argv[0], &diag, status);
	if (command_find_agent(run.agent, sizeof(run.agent), &diag))
		return give_up(&run, NULL, &diag, SM_EXIT_WRAPPER);
	if (wrapper_set_variables(wrapper, &diag))
		return give_up(&run, NULL, &diag, SM_EXIT_WRAPPER);
	if (wrapper_set_key(wrapper, &diag))
		return give_up(&run, NULL, &diag, SM_EXIT_WRAPPER);
	title = command_text(wrapper->argv, !(wrapper->collector.flags &
					      SM_CHANNEL_NO_REDACT));
	wrapper->collector.title = title;
	wrapper->collector.output = wrapper->output;
	wrapper->collector.variables = wrapper->variables;
	wrapper->collector.variable_count = wrapper->variable_count;
	if (wrapper->glob_count) {
		wrapper->collector.wants = wants_event;
		wrapper->collector.wants_context = wrapper;
	}
	if (wrapper->rotates) {
		wrapper->collector.next_trace = next_trace;
		wrapper->collector.next_context = &run;
	}
	if (sm_collector_open(&wrapper->collector, &run.collector, &diag))
		status = give_up(&run, NULL, &diag, SM_EXIT_WRAPPER);
	else if (wrapper->is_detached)
		status = run_detached(&run);
	else
		status = run_as_parent(&run);
	free(title);
	sm_signer_free(run.signer);
	return status;
}
