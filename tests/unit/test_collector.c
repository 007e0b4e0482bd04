/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The collector against agents made here: good ones, dying ones, hostile ones.
 */
#include "tests/unit/collector_fixture.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static void thousand(struct fixture *f, struct agent *agent)
{
	(void)f;
	agent_put_until_stored(agent, 1000);
}

static void a_ring_that_is_not_mapped_covers_nobody(void **state)
{
	struct fixture *f = *state;
	struct agent agent = { .cannot_map = true };
	pid_t pid;

	collector_start(f);
	pid = fork();
	if (!pid)
		_exit(agent_join(f, &agent) ? 0 : 99);
	assert_int_equal(agent_reap(pid), 0);
	collector_end(f);
	assert_int_equal(f->summary.processes, 1);
	assert_int_equal(f->summary.uncovered, 1);
}

static void all_events_of_many_processes_are_stored(void **state)
{
	struct fixture *f = *state;
	pid_t pids[8];

	collector_start(f);
	for (int i = 0; i < 8; i++)
		pids[i] = agent_run(f, thousand);
	for (int i = 0; i < 8; i++)
		assert_int_equal(agent_reap(pids[i]), 0);
	collector_end(f);
	assert_int_equal(f->summary.processes, 8);
	assert_int_equal(f->summary.stored, 8000);
	assert_int_equal(collector_count_events(f, 0), 8000);
	assert_int_equal(collector_count_events(f, (uint32_t)pids[3]), 1000);
}

static void die_mid_record(struct fixture *f, struct agent *agent)
{
	agent_put_until_stored(agent, 100);
	atomic_fetch_add(&agent->writer.header->attempts, 1);
	memset(sm_ring_reserve(&agent->writer), 0xff, 300);
	(void)f;
	raise(SIGKILL);
}

static void killed_process_loses_one_record_at_most(void **state)
{
	struct fixture *f = *state;
	pid_t dying, good;

	collector_start(f);
	dying = agent_run(f, die_mid_record);
	good = agent_run(f, thousand);
	assert_int_equal(agent_reap(dying), SIGKILL);
	assert_int_equal(agent_reap(good), 0);
	collector_end(f);
	assert_int_equal(f->summary.lost[SM_LOSS_TORN], 1);
	assert_int_equal(f->summary.stored, 1100);
	assert_int_equal(collector_count_events(f, (uint32_t)dying), 100);
}

static void flood(struct fixture *f, struct agent *agent)
{
	(void)f;
	for (int i = 0; i < 300000; i++)
		agent_put_event(agent, SM_EVENT_OPEN, SM_UNDECIDED);
}

static void flooder_loses_its_own_events_only_and_all_are_counted(void **state)
{
	struct fixture *f = *state;
	pid_t flooder, quiet;

	collector_start(f);
	flooder = agent_run(f, flood);
	quiet = agent_run(f, thousand);
	assert_int_equal(agent_reap(quiet), 0);
	assert_int_equal(agent_reap(flooder), 0);
	collector_end(f);
	assert_int_equal(f->summary.attempts, 301000);
	assert_int_equal(f->summary.lost[SM_LOSS_TORN], 0);
	assert_int_equal(collector_count_events(f, (uint32_t)quiet), 1000);
}

static void deny_one(struct fixture *f, struct agent *agent)
{
	(void)f;
	agent_put_event(agent, SM_EVENT_OPEN, SM_DENIED);
}

/* Until nothing has been taken from it for long. */
static void flood_until_stuck(struct fixture *f, struct agent *agent)
{
	unsigned stuck = 0;

	(void)f;
	while (stuck < 300) {
		if (agent_put_event(agent, SM_EVENT_OPEN, SM_UNDECIDED)) {
			stuck = 0;
			continue;
		}
		usleep(1000);
		stuck++;
	}
}

/* Several rings full; killed by the alarm when nobody takes from them. */
static void go_on_quietly(struct fixture *f, struct agent *agent)
{
	(void)f;
	alarm(AGENT_SECONDS);
	agent_put_until_stored(agent, 20000);
}

static void flooder_fills_the_queue_at_its_own_cost(void **state)
{
	struct fixture *f = *state;
	pid_t denied, flooder, quiet;
	int ends[2], status;

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	f->stall = ends[0];
	collector_start(f);
	denied = agent_run(f, deny_one);
	assert_int_equal(agent_reap(denied), 0);
	flooder = agent_run(f, flood_until_stuck);
	assert_int_equal(agent_reap(flooder), 0);
	quiet = agent_run(f, go_on_quietly);
	status = agent_reap(quiet);
	close(ends[1]);
	assert_int_equal(status, 0);
	collector_end(f);
	close(ends[0]);
	assert_true(f->summary.lost[SM_LOSS_RING_FULL]);
	assert_int_equal(collector_count_events(f, (uint32_t)quiet), 20000);
}

static void damage_ring(struct fixture *f, struct agent *agent)
{
	uint32_t words[2] = { 5, 0x7fffffff };

	(void)f;
	agent_put_until_stored(agent, 10);
	memcpy(agent->writer.data +
		       (agent->writer.head & (agent->writer.data_bytes - 1)),
	       words, sizeof(words));
	atomic_store(&agent->writer.header->attempts, 25);
}

static void damaged_ring_is_tainted_and_others_go_on(void **state)
{
	struct fixture *f = *state;
	pid_t bad, good;

	collector_start(f);
	bad = agent_run(f, damage_ring);
	good = agent_run(f, thousand);
	agent_reap(bad);
	agent_reap(good);
	collector_end(f);
	assert_int_equal(f->summary.tainted, 1);
	assert_int_equal(f->summary.lost[SM_LOSS_DAMAGED], 15);
	assert_int_equal(collector_count_events(f, (uint32_t)bad), 10);
	assert_int_equal(collector_count_events(f, (uint32_t)good), 1000);
}

static void put_garbage(struct fixture *f, struct agent *agent)
{
	(void)f;
	agent_put_until_stored(agent, 10);
	atomic_fetch_add(&agent->writer.header->attempts, 1);
	memset(sm_ring_reserve(&agent->writer), 0xff, 40);
	sm_ring_commit(&agent->writer, 40);
	agent_put_until_stored(agent, 10);
}

static void record_that_does_not_decode_is_counted(void **state)
{
	struct fixture *f = *state;

	collector_start(f);
	agent_reap(agent_run(f, put_garbage));
	collector_end(f);
	assert_int_equal(f->summary.stored, 20);
	assert_int_equal(f->summary.lost[SM_LOSS_DAMAGED], 1);
}

static int ready[2];

static void wait_for_stop(struct fixture *f, struct agent *agent)
{
	(void)f;
	agent_put_until_stored(agent, 500);
	if (write(ready[1], "", 1) != 1)
		_exit(1);
	while (atomic_load(&agent->writer.control->is_alive))
		usleep(1000);
}

static void stop_accounts_for_those_still_running(void **state)
{
	struct fixture *f = *state;
	pid_t pid;
	char said;

	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	collector_start(f);
	pid = agent_run(f, wait_for_stop);
	assert_int_equal(read(ready[0], &said, 1), 1);
	close(ready[0]);
	close(ready[1]);
	sm_collector_stop(f->collector);
	assert_int_equal(agent_reap(pid), 0);
	collector_finish(f);
	assert_int_equal(f->summary.still_running, 1);
	assert_int_equal(f->summary.stored, 500);
}

static void announce_fork(struct fixture *f, struct agent *agent)
{
	(void)f;
	agent_put_event(agent, SM_EVENT_OS_FORK, SM_UNDECIDED);
	agent_put_event(agent, SM_EVENT_OS_FORK, SM_DENIED);
}

static void forked_child_that_never_came_is_counted(void **state)
{
	struct fixture *f = *state;

	collector_start(f);
	agent_reap(agent_run(f, announce_fork));
	collector_end(f);
	assert_int_equal(f->summary.uncovered, 1);
}

static void deny(struct fixture *f, struct agent *agent)
{
	(void)f;
	agent_put_event(agent, SM_EVENT_OPEN, SM_DENIED);
	agent_put_event(agent, SM_EVENT_OPEN, SM_ALLOWED);
	agent_put_event(agent, SM_EVENT_OPEN, SM_WARNED);
}

static void denials_are_told_with_their_site(void **state)
{
	struct fixture *f = *state;

	collector_start(f);
	agent_reap(agent_run(f, deny));
	collector_end(f);
	assert_int_equal(f->denied, 2);
}

static void send_rubbish(const char *channel)
{
	struct sm_channel_address address;
	uint8_t bytes[100];
	int fd, pair[2];

	assert_int_equal(sm_channel_parse(channel, &address), SM_OK);
	memset(bytes, 0xff, sizeof(bytes));
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	fd = agent_connect(&address);
	assert_true(fd >= 0);
	assert_true(agent_send_hello(fd, bytes, sizeof(bytes), pair[0]));
	assert_true(agent_send_hello(fd, bytes, sizeof(bytes), -1));
	assert_true(agent_send_hello(fd, bytes, 0, pair[0]));
	close(fd);
	fd = agent_connect(&address);
	assert_true(agent_send_hello(address.fd, bytes, 0, -1));
	assert_true(agent_send_hello(address.fd, bytes, 10, fd));
	close(fd);
	close(pair[0]);
	close(pair[1]);
}

static void rubbish_hellos_are_refused_and_hurt_nobody(void **state)
{
	struct fixture *f = *state;
	pid_t sender = fork();

	if (!sender) {
		usleep(20000);
		send_rubbish(sm_collector_channel(f->collector));
		_exit(0);
	}
	collector_start(f);
	assert_int_equal(agent_reap(sender), 0);
	agent_reap(agent_run(f, thousand));
	collector_end(f);
	assert_int_equal(f->summary.processes, 1);
	assert_int_equal(f->summary.stored, 1000);
	assert_int_equal(f->summary.uncovered, 0);
}

static void pid_is_the_kernels_word_not_the_guests(void **state)
{
	struct fixture *f = *state;
	struct agent agent = { .claimed_pid = 1 };
	struct sm_trace *trace;
	pid_t pid;

	collector_start(f);
	pid = fork();
	if (!pid)
		_exit(!agent_join(f, &agent));
	assert_int_equal(agent_reap(pid), 0);
	collector_end(f);
	assert_int_equal(sm_trace_open(f->path, &trace, NULL), SM_OK);
	assert_int_equal(sm_trace_process(trace, 1)->start.pid, pid);
	assert_int_equal(sm_trace_process(trace, 1)->start.guest_pid, 1);
	sm_trace_close(trace);
}

static void sockets_and_directory_are_gone_at_the_end(void **state)
{
	struct fixture *f = *state;
	struct sm_channel_address address;

	assert_int_equal(
		sm_channel_parse(sm_collector_channel(f->collector), &address),
		SM_OK);
	collector_start(f);
	collector_end(f);
	assert_int_equal(access(address.path, F_OK), 0);
	{
		char path[128];

		strncpy(path, address.path, sizeof(path) - 1);
		path[sizeof(path) - 1] = 0;
		sm_collector_free(f->collector);
		f->collector = NULL;
		assert_int_equal(access(path, F_OK), -1);
		*strrchr(path, '/') = 0;
		assert_int_equal(access(path, F_OK), -1);
	}
}

static void denied_by_one(struct fixture *f, struct agent *agent)
{
	uint64_t denied;

	(void)f;
	agent_put_until_stored(agent, 3);
	atomic_store(&agent->writer.header->after_denial, 3);
	agent_put_until_stored(agent, 3);
	/* Space comes back by pages: until more than these three are read. */
	denied = agent->writer.head;
	while (atomic_load(&agent->writer.control->tail) < denied) {
		agent_put_until_stored(agent, 10);
		usleep(1000);
	}
	/* Only the first denial counts. */
	atomic_store(&agent->writer.header->after_denial, 1);
	agent_put_until_stored(agent, 3);
}

static void what_follows_a_denial_is_marked(void **state)
{
	struct fixture *f = *state;
	struct sm_event event = { .process = 1, .seq = 3 };
	struct sm_trace *trace;

	collector_start(f);
	assert_int_equal(agent_reap(agent_run(f, denied_by_one)), 0);
	collector_end(f);
	assert_int_equal(sm_trace_open(f->path, &trace, NULL), SM_OK);
	assert_true(sm_trace_is_after_denial(trace, &event));
	event.seq = 1;
	assert_false(sm_trace_is_after_denial(trace, &event));
	sm_trace_close(trace);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_COLLECTOR(all_events_of_many_processes_are_stored),
		WITH_COLLECTOR(a_ring_that_is_not_mapped_covers_nobody),
		WITH_COLLECTOR(killed_process_loses_one_record_at_most),
		WITH_COLLECTOR(
			flooder_loses_its_own_events_only_and_all_are_counted),
		WITH_COLLECTOR(flooder_fills_the_queue_at_its_own_cost),
		WITH_COLLECTOR(damaged_ring_is_tainted_and_others_go_on),
		WITH_COLLECTOR(record_that_does_not_decode_is_counted),
		WITH_COLLECTOR(stop_accounts_for_those_still_running),
		WITH_COLLECTOR(forked_child_that_never_came_is_counted),
		WITH_COLLECTOR(denials_are_told_with_their_site),
		WITH_COLLECTOR(rubbish_hellos_are_refused_and_hurt_nobody),
		WITH_COLLECTOR(pid_is_the_kernels_word_not_the_guests),
		WITH_COLLECTOR(sockets_and_directory_are_gone_at_the_end),
		WITH_COLLECTOR(what_follows_a_denial_is_marked),
	};

	return cmocka_run_group_tests_name("collector", tests, NULL, NULL);
}
