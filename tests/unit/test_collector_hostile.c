/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Guests that mean harm, beside one that does not: what it tells arrives, and
 * the collector needs no more memory than for others.
 */
#include "tests/unit/collector_fixture.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
	STALLED = 900, /* below the usual limit of descriptors */
	KNOCKERS = 32,
	KNOCKS = 100, /* of each, before the end */
	HELLOS = 3000,
	REWRITES = 20000,
	KIB_MAX = 64 << 10,
};

static uint64_t random_state = 20261121;

static uint32_t draw(uint32_t below)
{
	random_state =
		random_state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(random_state >> 33) % below;
}

static void tell_a_thousand(struct fixture *f, struct agent *agent)
{
	(void)f;
	agent_put_until_stored(agent, 1000);
}

/* The honest one's events are all there, whatever went on beside it. */
static void expect_a_thousand(struct fixture *f)
{
	pid_t good = agent_run(f, tell_a_thousand);

	assert_int_equal(agent_reap(good), 0);
	collector_end(f);
	assert_int_equal(collector_count_events(f, (uint32_t)good), 1000);
}

static long peak_kib(void)
{
	struct rusage usage;

	assert_int_equal(getrusage(RUSAGE_SELF, &usage), 0);
	return usage.ru_maxrss;
}

/* ------------------------------------------------------------- connections */

/* Says one byte on each and keeps it; then tells through ready, and stays. */
static void stall(const struct sm_channel_address *address, int ready)
{
	const uint8_t byte = 0x88;

	for (int i = 0; i < STALLED; i++) {
		int fd = agent_connect(address);

		if (fd < 0 || !agent_send_hello(fd, &byte, 1, -1))
			_exit(1);
	}
	if (write(ready, "", 1) != 1)
		_exit(1);
	for (;;)
		pause();
}

static void connections_that_stall_keep_nobody_out(void **state)
{
	struct fixture *f = *state;
	struct sm_channel_address address;
	long before = peak_kib();
	int ready[2];
	char said;
	pid_t bad;

	assert_int_equal(
		sm_channel_parse(sm_collector_channel(f->collector), &address),
		SM_OK);
	assert_int_equal(pipe(ready), 0);
	collector_start(f);
	bad = fork();
	if (!bad) {
		close(ready[0]);
		stall(&address, ready[1]);
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &said, 1), 1);
	close(ready[0]);
	expect_a_thousand(f);
	assert_int_equal(kill(bad, SIGKILL), 0);
	agent_reap(bad);
	assert_true(peak_kib() - before < KIB_MAX);
}

/* Connects until it is refused; tells through ready when it is at it. */
static void knock(const struct sm_channel_address *address, int ready)
{
	alarm(20);
	for (unsigned i = 0;; i++) {
		int fd = agent_connect(address);

		if (fd < 0)
			_exit(0);
		close(fd);
		if (i == KNOCKS && write(ready, "", 1) != 1)
			_exit(1);
	}
}

static void who_connects_for_ever_does_not_delay_the_end(void **state)
{
	struct fixture *f = *state;
	struct sm_channel_address address;
	pid_t knockers[KNOCKERS];
	int ready[2];
	char said;

	assert_int_equal(
		sm_channel_parse(sm_collector_channel(f->collector), &address),
		SM_OK);
	assert_int_equal(pipe(ready), 0);
	collector_start(f);
	for (int i = 0; i < KNOCKERS; i++) {
		knockers[i] = fork();
		if (!knockers[i])
			knock(&address, ready[1]);
	}
	for (int i = 0; i < KNOCKERS; i++)
		assert_int_equal(read(ready[0], &said, 1), 1);
	sm_collector_stop(f->collector);
	collector_finish(f);
	close(ready[0]);
	close(ready[1]);
	for (int i = 0; i < KNOCKERS; i++)
		assert_int_equal(agent_reap(knockers[i]), 0);
}

/* ------------------------------------------------------------------ hellos */

/* A good hello, but for some of its bytes and its length. */
static uint32_t spoil(uint8_t *bytes, uint32_t n)
{
	for (uint32_t i = draw(4); i; i--)
		bytes[draw(n)] = (uint8_t)draw(256);
	switch (draw(4)) {
	case 0:
		return draw(n);
	case 1:
		memset(bytes + n, (int)draw(256), SM_HELLO_MAX - n);
		return n + draw(SM_HELLO_MAX - n);
	default:
		return n;
	}
}

static void send_hellos(const struct sm_channel_address *address)
{
	const struct sm_value argv = {
		.type = SM_TEXT, .s = "python3", .len = 7, .full_len = 7
	};
	static struct sm_hello hello = { .reason = SM_HELLO_LOAD,
					 .exe = SM_STR("/usr/bin/python3"),
					 .cwd = SM_STR("/") };
	uint8_t bytes[SM_HELLO_MAX];
	int fd = agent_connect(address), pair[2];

	hello.guest_pid = (uint32_t)getpid();
	hello.argc = 1;
	hello.argv[0] = argv;
	for (int i = 0; i < HELLOS; i++) {
		uint32_t n;

		hello.time_ns = agent_now_ns();
		n = spoil(bytes, sm_hello_put(bytes, sizeof(bytes), &hello));
		if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair))
			_exit(1);
		if (!agent_send_hello(fd, bytes, n, draw(8) ? pair[1] : -1))
			_exit(2);
		close(pair[0]);
		close(pair[1]);
	}
	_exit(0);
}

static void hellos_of_any_shape_hurt_nobody(void **state)
{
	struct fixture *f = *state;
	struct sm_channel_address address;
	long before = peak_kib();
	pid_t bad;

	assert_int_equal(
		sm_channel_parse(sm_collector_channel(f->collector), &address),
		SM_OK);
	collector_start(f);
	bad = fork();
	if (!bad)
		send_hellos(&address);
	assert_int_equal(agent_reap(bad), 0);
	expect_a_thousand(f);
	assert_true(peak_kib() - before < KIB_MAX);
}

/* ------------------------------------------------------------------- rings */

/* All of it, its header and what is not read yet, over and over. */
static void rewrite(struct fixture *f, struct agent *agent)
{
	struct sm_ring_writer *w = &agent->writer;

	(void)f;
	/* What is taken for records by chance is more than it ever put. */
	atomic_store(&w->header->attempts, UINT64_C(1) << 40);
	for (int i = 0; i < REWRITES; i++) {
		uint32_t words[64];

		for (unsigned k = 0; k < 64; k++)
			words[k] = draw(3) ? draw(80) : draw(UINT32_MAX);
		memcpy(w->data + draw(w->data_bytes - sizeof(words)) / 8 * 8,
		       words, sizeof(words));
		atomic_store(&w->header->head,
			     draw(2) ? 0 : (uint64_t)draw(UINT32_MAX) << 20);
	}
}

static void a_ring_that_is_rewritten_costs_its_own_events_only(void **state)
{
	struct fixture *f = *state;
	long before = peak_kib();
	pid_t bad;

	collector_start(f);
	bad = agent_run(f, rewrite);
	expect_a_thousand(f);
	agent_reap(bad);
	assert_true(peak_kib() - before < KIB_MAX);
}

/* ------------------------------------------------------------- other pids */

/* As process pid, from whoever calls. False: the kernel refused. */
static bool say_hello_as(const struct sm_channel_address *address, pid_t pid,
			 int reply)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(struct ucred)) +
					      CMSG_SPACE(sizeof(int))] = { 0 };
	const struct ucred claimed = { pid, getuid(), getgid() };
	const struct agent agent = { .claimed_pid = (uint32_t)pid };
	uint8_t bytes[SM_HELLO_MAX];
	struct iovec part = { bytes, agent_make_hello(&agent, bytes) };
	struct msghdr message = { .msg_iov = &part,
				  .msg_iovlen = 1,
				  .msg_control = control,
				  .msg_controllen = sizeof(control) };
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);

	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_CREDENTIALS;
	header->cmsg_len = CMSG_LEN(sizeof(claimed));
	memcpy(CMSG_DATA(header), &claimed, sizeof(claimed));
	header = CMSG_NXTHDR(&message, header);
	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(reply));
	memcpy(CMSG_DATA(header), &reply, sizeof(reply));
	return sendmsg(agent_connect(address), &message, MSG_NOSIGNAL) > 0;
}

/* 0: no ring, 1: one, 2: the claim did not get through. */
static void claim(const struct sm_channel_address *address, pid_t pid)
{
	int pair[2];
	char byte;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair))
		_exit(3);
	alarm(20);
	if (!say_hello_as(address, pid, pair[1]))
		_exit(2);
	close(pair[1]);
	/* The collector closes it without a word. */
	_exit(read(pair[0], &byte, 1) > 0);
}

static int exit_of(pid_t pid)
{
	int status = agent_reap(pid);

	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void nobody_is_taken_for_another(void **state)
{
	struct fixture *f = *state;
	struct sm_channel_address address;
	pid_t forger, victim = getpid();

	assert_int_equal(
		sm_channel_parse(sm_collector_channel(f->collector), &address),
		SM_OK);
	collector_start(f);
	for (int is_plain = 0; is_plain < 2; is_plain++) {
		forger = fork();
		if (!forger) {
			/* The socket's directory lets everybody through. */
			if (is_plain && !getuid() && setuid(65534))
				_exit(4);
			claim(&address, victim);
		}
		assert_int_equal(exit_of(forger), is_plain || getuid() ? 2 : 0);
	}
	expect_a_thousand(f);
	assert_int_equal(f->summary.processes, 1);
	assert_int_equal(f->summary.uncovered, 0);
}

/* ----------------------------------------------------------------- stopped */

static void stop_in_an_event(struct fixture *f, struct agent *agent)
{
	(void)f;
	agent_put_until_stored(agent, 10);
	atomic_fetch_add(&agent->writer.header->attempts, 1);
	if (sm_ring_reserve(&agent->writer))
		raise(SIGSTOP);
}

static void one_stopped_in_an_event_stops_nobody_else(void **state)
{
	struct fixture *f = *state;
	pid_t bad;
	int status;

	collector_start(f);
	bad = agent_run(f, stop_in_an_event);
	assert_int_equal(waitpid(bad, &status, WUNTRACED), bad);
	assert_true(WIFSTOPPED(status));
	for (int i = 0; i < 3; i++) {
		pid_t good = agent_run(f, tell_a_thousand);

		assert_int_equal(agent_reap(good), 0);
	}
	assert_int_equal(kill(bad, SIGKILL), 0);
	agent_reap(bad);
	collector_end(f);
	assert_int_equal(collector_count_events(f, (uint32_t)bad), 10);
	assert_int_equal(collector_count_events(f, 0), 3010);
	assert_int_equal(f->summary.lost[SM_LOSS_TORN], 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_COLLECTOR(connections_that_stall_keep_nobody_out),
		WITH_COLLECTOR(who_connects_for_ever_does_not_delay_the_end),
		WITH_COLLECTOR(hellos_of_any_shape_hurt_nobody),
		WITH_COLLECTOR(
			a_ring_that_is_rewritten_costs_its_own_events_only),
		WITH_COLLECTOR(nobody_is_taken_for_another),
		WITH_COLLECTOR(one_stopped_in_an_event_stops_nobody_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
