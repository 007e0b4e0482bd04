/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/collector_fixture.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void on_denied(void *context, uint32_t pid, const struct sm_event *event,
		      bool has_begun)
{
	struct fixture *f = context;

	char byte;

	(void)pid;
	(void)has_begun;
	if (f->stall >= 0 && !f->denied)
		assert_int_equal(read(f->stall, &byte, 1), 0);
	if (sm_str_equal(event->site.file, SM_STR("/srv/app.py")))
		f->denied++;
}

int collector_set_up(void **state)
{
	static struct fixture f;
	const struct sm_collector_options options = {
		.ring_bytes = COLLECTOR_RING,
		.denied = on_denied,
		.denied_context = &f,
	};

	memset(&f, 0, sizeof(f));
	f.stall = -1;
	*state = &f;
	strcpy(f.directory, "/tmp/sm-test-XXXXXX");
	if (!mkdtemp(f.directory))
		return -1;
	snprintf(f.path, sizeof(f.path), "%s/t.db", f.directory);
	if (sm_trace_writer_open(f.path, SM_TRACE_CREATE, &f.trace, NULL))
		return -1;
	return sm_collector_open(&options, &f.collector, NULL);
}

int collector_tear_down(void **state)
{
	struct fixture *f = *state;

	sm_collector_free(f->collector);
	unlink(f->path);
	return rmdir(f->directory);
}

/* --------------------------------------------------------------- an agent */

int agent_connect(const struct sm_channel_address *address)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	strncpy(to.sun_path, address->path, sizeof(to.sun_path) - 1);
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)))
		return -1;
	return fd;
}

bool agent_send_hello(int fd, const uint8_t *bytes, uint32_t n, int pass)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec part = { (void *)(uintptr_t)bytes, n };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
	struct cmsghdr *header;

	if (pass >= 0) {
		message.msg_control = control;
		message.msg_controllen = sizeof(control);
		header = CMSG_FIRSTHDR(&message);
		header->cmsg_level = SOL_SOCKET;
		header->cmsg_type = SCM_RIGHTS;
		header->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(header), &pass, sizeof(pass));
	}
	return sendmsg(fd, &message, MSG_NOSIGNAL) == (ssize_t)n;
}

static bool receive_ring(int fd, struct agent *agent)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(3 * sizeof(int))];
	struct sm_channel_reply reply;
	struct iovec part = { &reply, sizeof(reply) };
	struct msghdr message = { .msg_iov = &part,
				  .msg_iovlen = 1,
				  .msg_control = control,
				  .msg_controllen = sizeof(control) };
	struct pollfd ready = { .fd = fd, .events = POLLIN };
	int fds[2];

	if (poll(&ready, 1, AGENT_SECONDS * 1000) != 1 ||
	    recvmsg(fd, &message, MSG_CMSG_CLOEXEC) != sizeof(reply) ||
	    reply.magic != SM_CHANNEL_MAGIC || !CMSG_FIRSTHDR(&message))
		return false;
	memcpy(fds, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(fds));
	if (!agent->cannot_map && sm_ring_map(fds[0], fds[1], &agent->writer))
		return false;
	close(fds[0]);
	close(fds[1]);
	return true;
}

uint64_t agent_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

uint32_t agent_make_hello(const struct agent *agent, uint8_t *out)
{
	struct sm_hello hello = {
		.reason = agent->reason,
		.guest_pid = agent->claimed_pid ? agent->claimed_pid
						: (uint32_t)getpid(),
		.time_ns = agent_now_ns(),
		.exe = SM_STR("/usr/bin/python3"),
		.cwd = SM_STR("/"),
	};

	return sm_hello_put(out, SM_HELLO_MAX, &hello);
}

/* The end that is answered at; or -1. */
static int say_hello(struct fixture *f, const struct agent *agent)
{
	struct sm_channel_address address;
	uint8_t bytes[SM_HELLO_MAX];
	uint32_t n = agent_make_hello(agent, bytes);
	int pair[2], fd;
	bool ok;

	if (sm_channel_parse(sm_collector_channel(f->collector), &address) ||
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return -1;
	fd = agent_connect(&address);
	ok = fd >= 0 && agent_send_hello(fd, bytes, n, pair[1]);
	close(pair[1]);
	if (ok)
		return pair[0];
	close(pair[0]);
	return -1;
}

bool agent_say_hello(struct fixture *f)
{
	const struct agent agent = { 0 };

	return say_hello(f, &agent) >= 0;
}

bool agent_join(struct fixture *f, struct agent *agent)
{
	int fd = say_hello(f, agent);
	bool ok = fd >= 0 && receive_ring(fd, agent);

	if (fd >= 0)
		close(fd);
	return ok;
}

static bool put_code(struct agent *agent)
{
	const struct sm_record_code code = {
		.id = 1,
		.file = SM_STR("/srv/app.py"),
		.function = SM_STR("main"),
		.kind = SM_PRINCIPAL_APP,
	};
	uint8_t *at = sm_ring_reserve(&agent->writer);

	if (!at)
		return false;
	sm_ring_commit(&agent->writer,
		       sm_record_put_code(at, SM_RECORD_MAX, &code));
	return true;
}

bool agent_put_event(struct agent *agent, enum sm_event_kind kind,
		     enum sm_decision decision)
{
	struct sm_ring_header *header = agent->writer.header;
	const struct sm_value arg = {
		.type = SM_TEXT, .len = 4, .full_len = 4, .s = "/etc"
	};
	const struct sm_record_event record = {
		.event = { .seq = ++agent->seq,
			   .time_ns = agent_now_ns(),
			   .thread = (uint32_t)getpid(),
			   .site = { .kind = kind,
				     .line = 3,
				     .principal.kind = SM_PRINCIPAL_APP },
			   .argc = 1,
			   .args = &arg,
			   .verdict.decision = decision },
		.caller = 1,
		.owner = 1,
	};
	uint8_t *at;

	atomic_fetch_add(&header->attempts, 1);
	at = sm_ring_reserve(&agent->writer);
	if (!at) {
		atomic_fetch_add(&header->lost[SM_LOSS_RING_FULL], 1);
		return false;
	}
	sm_ring_commit(&agent->writer,
		       sm_record_put_event(at, SM_RECORD_MAX, &record));
	return true;
}

void agent_put_until_stored(struct agent *agent, unsigned count)
{
	while (count--)
		while (!agent_put_event(agent, SM_EVENT_OPEN, SM_UNDECIDED)) {
			atomic_fetch_sub(&agent->writer.header->attempts, 1);
			atomic_fetch_sub(
				&agent->writer.header->lost[SM_LOSS_RING_FULL],
				1);
			agent->seq--;
			usleep(500);
		}
}

/* ---------------------------------------------------------------- running */

pid_t agent_run(struct fixture *f, agent_body *run_agent)
{
	pid_t pid = fork();
	struct agent agent = { 0 };

	if (pid)
		return pid;
	alarm(AGENT_SECONDS);
	if (!agent_join(f, &agent) || !put_code(&agent))
		_exit(99);
	run_agent(f, &agent);
	_exit(0);
}

void collector_start(struct fixture *f)
{
	assert_int_equal(sm_collector_start(f->collector, 0, f->trace, NULL),
			 0);
}

void collector_finish(struct fixture *f)
{
	struct sm_collector_summary *s = &f->summary;
	uint64_t sum = 0;

	sm_collector_join(f->collector, s);
	assert_int_equal(s->store.status, SM_OK);
	assert_int_equal(sm_trace_writer_close(f->trace, NULL), SM_OK);
	for (int i = 0; i < SM_LOSSES; i++)
		sum += s->lost[i];
	assert_int_equal(s->attempts, s->stored + s->noise + sum);
	assert_int_equal(s->unbalanced, 0);
}

int agent_reap(pid_t pid)
{
	int status = -1;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

void collector_end(struct fixture *f)
{
	sm_collector_command_ended(f->collector, 0);
	collector_finish(f);
}

uint64_t collector_count_events(struct fixture *f, uint32_t pid)
{
	struct sm_trace *trace;
	struct sm_trace_cursor *cursor;
	const struct sm_event *event;
	uint32_t site;
	uint64_t n = 0, last = 0;

	assert_int_equal(sm_trace_open(f->path, &trace, NULL), SM_OK);
	assert_int_equal(sm_trace_events(trace, NULL, &cursor, NULL), SM_OK);
	while (!sm_trace_next(cursor, &event, &site, NULL)) {
		const struct sm_trace_process_info *info =
			sm_trace_process(trace, event->process);

		assert_non_null(info);
		if (pid && info->start.pid != pid)
			continue;
		assert_true(
			sm_str_equal(event->site.file, SM_STR("/srv/app.py")));
		assert_true(!pid || event->seq > last);
		last = event->seq;
		n++;
	}
	sm_trace_cursor_free(cursor);
	sm_trace_close(trace);
	return n;
}
