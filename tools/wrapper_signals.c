/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wrapper_signals.c: signals meant for COMMAND reach it, and what becomes of
 * COMMAND becomes known.
 */
#include <errno.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tools/wrapper_internal.h"

/*
 * All are blocked and read from a descriptor, so that no signal can interrupt
 * anything. Those a program causes itself stay as they are.
 */
bool run_block_signals(struct run *run)
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

/*
 * One that came after the fork has reached COMMAND, too, which blocks it still
 * or is gone: twice is once.
 */
void run_pass_on_early(struct run *run)
{
	static const int numbers[] = { SIGINT, SIGQUIT, SIGHUP, SIGTSTP };
	const struct timespec now = { 0 };
	sigset_t set;

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		sigemptyset(&set);
		sigaddset(&set, numbers[i]);
		if (sigtimedwait(&set, NULL, &now) == numbers[i])
			kill(run->command, numbers[i]);
	}
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

void run_reap(struct run *run)
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
		run_reap(run);
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

void run_wait_for_end(struct run *run, int command_pidfd)
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
