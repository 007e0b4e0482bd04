/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A collector that has no descriptor left: it rests, lets in who waits when
 * there is one again, and counts who gave up. Guests cannot bring that about by
 * connecting and saying nothing.
 */
#include "tests/unit/collector_fixture.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
	DESCRIPTORS = 256,
	SILENT = 400,
	GIVE_UP = 60,
	REST_NS = 300000000,
	BUSY_NS = 90000000, /* of that */
	TAKEN_NS = 100000000,
};

/* For good: it does not come back to who is not root. */
static void start(struct fixture *f)
{
	const struct rlimit few = { DESCRIPTORS, DESCRIPTORS };

	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	collector_start(f);
}

static unsigned take_all(int fds[DESCRIPTORS])
{
	unsigned n = 0;

	while (n < DESCRIPTORS && (fds[n] = dup(0)) >= 0)
		n++;
	assert_true(n > 0 && n < DESCRIPTORS);
	return n;
}

static void give_back(const int *fds, unsigned n)
{
	while (n)
		close(fds[--n]);
}

static uint64_t cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void expect_rest(void)
{
	const struct timespec pause = { 0, REST_NS };
	uint64_t before = cpu_ns();

	nanosleep(&pause, NULL);
	assert_true(cpu_ns() - before < BUSY_NS);
}

/* ------------------------------------------------------------------ agents */

/* Its agents are forked while there are descriptors, and begin when told. */
static int gate[2];

static void wait_at_gate(void)
{
	char byte;

	if (read(gate[0], &byte, 1) != 1)
		_exit(98);
}

/* Closing it would leave the collector a descriptor. */
static void open_gate(void)
{
	assert_int_equal(write(gate[1], "", 1), 1);
}

static void tell_a_thousand(struct fixture *f, struct agent *agent)
{
	(void)f;
	agent_put_until_stored(agent, 1000);
}

static pid_t run_behind_gate(struct fixture *f, agent_body *body)
{
	pid_t waiting;

	waiting = fork();
	if (!waiting) {
		struct agent agent = { 0 };

		alarm(20);
		wait_at_gate();
		if (body && !agent_join(f, &agent))
			_exit(99);
		if (body)
			body(f, &agent);
		else
			agent_say_hello(f);
		_exit(0);
	}
	return waiting;
}

static void who_waits_is_let_in_and_the_collector_rests(void **state)
{
	struct fixture *f = *state;
	int fds[DESCRIPTORS];
	unsigned n;
	pid_t good;

	start(f);
	assert_int_equal(pipe(gate), 0);
	good = run_behind_gate(f, tell_a_thousand);
	close(gate[0]);
	n = take_all(fds);
	open_gate();
	expect_rest();
	give_back(fds, n);
	close(gate[1]);
	assert_int_equal(agent_reap(good), 0);
	collector_end(f);
	assert_int_equal(f->summary.uncovered, 0);
	assert_int_equal(f->summary.stored, 1000);
}

/* The collector takes it at once; who looks late finds it free again. */
static void wait_until_taken(int fd)
{
	const uint64_t end = agent_now_ns() + TAKEN_NS;

	while (fcntl(fd, F_GETFD) < 0 && agent_now_ns() < end)
		sched_yield();
}

/* It is told to end while it lets them in, one in a round. */
static void who_gave_up_is_counted(void **state)
{
	struct fixture *f = *state;
	int fds[DESCRIPTORS];
	pid_t gone[GIVE_UP];
	unsigned n;

	start(f);
	assert_int_equal(pipe(gate), 0);
	for (int i = 0; i < GIVE_UP; i++)
		gone[i] = run_behind_gate(f, NULL);
	close(gate[0]);
	n = take_all(fds);
	for (int i = 0; i < GIVE_UP; i++)
		open_gate();
	for (int i = 0; i < GIVE_UP; i++)
		assert_int_equal(agent_reap(gone[i]), 0);
	give_back(fds, n);
	wait_until_taken(fds[0]);
	sm_collector_stop(f->collector);
	collector_finish(f);
	close(gate[1]);
	assert_int_equal(f->summary.uncovered, GIVE_UP);
}

static void connect_and_stay(const struct sm_channel_address *address,
			     int ready)
{
	for (int i = 0; i < SILENT; i++)
		if (agent_connect(address) < 0)
			_exit(1);
	if (write(ready, "", 1) != 1)
		_exit(1);
	for (;;)
		pause();
}

static void silent_ones_keep_nobody_out(void **state)
{
	struct fixture *f = *state;
	struct sm_channel_address address;
	const struct rlimit enough = { 2 * SILENT, 2 * SILENT };
	int ready[2];
	pid_t bad, good;
	char said;

	assert_int_equal(
		sm_channel_parse(sm_collector_channel(f->collector), &address),
		SM_OK);
	assert_int_equal(pipe(ready), 0);
	bad = fork();
	if (!bad) {
		setrlimit(RLIMIT_NOFILE, &enough);
		connect_and_stay(&address, ready[1]);
	}
	start(f);
	close(ready[1]);
	assert_int_equal(read(ready[0], &said, 1), 1);
	close(ready[0]);
	good = agent_run(f, tell_a_thousand);
	assert_int_equal(agent_reap(good), 0);
	assert_int_equal(kill(bad, SIGKILL), 0);
	agent_reap(bad);
	collector_end(f);
	assert_int_equal(collector_count_events(f, (uint32_t)good), 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		/* First: the others take the limit down. */
		WITH_COLLECTOR(silent_ones_keep_nobody_out),
		WITH_COLLECTOR(who_waits_is_let_in_and_the_collector_rests),
		WITH_COLLECTOR(who_gave_up_is_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
