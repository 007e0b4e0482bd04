/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The collector against agents made here: good ones, dying ones, hostile ones.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "recorder/collector.h"
#include "recorder/record.h"
#include "schema/cbor.h"
#include "tests/unit/policy_fixture.h"

#define RING SM_RING_BYTES_MIN

struct fixture {
	struct sm_collector *collector;
	struct sm_collector_summary summary;
	struct sm_trace_writer *trace;
	char directory[32], path[64];
	unsigned denied;
};

static void on_denied(void *context, uint32_t pid, const struct sm_event *event,
		      bool has_begun)
{
	struct fixture *f = context;

	(void)pid;
	(void)has_begun;
	if (sm_str_equal(event->site.file, SM_STR("/srv/app.py")))
		f->denied++;
}

static int set_up(void **state)
{
	static struct fixture f;
	const struct sm_collector_options options = {
		.ring_bytes = RING,
		.denied = on_denied,
		.denied_context = &f,
	};

	memset(&f, 0, sizeof(f));
	*state = &f;
	strcpy(f.directory, "/tmp/sm-test-XXXXXX");
	if (!mkdtemp(f.directory))
		return -1;
	snprintf(f.path, sizeof(f.path), "%s/t.db", f.directory);
	if (sm_trace_writer_open(f.path, SM_TRACE_CREATE, &f.trace, NULL))
		return -1;
	return sm_collector_open(&options, &f.collector, NULL);
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	sm_collector_free(f->collector);
	unlink(f->path);
	return rmdir(f->directory);
}

/* --------------------------------------------------------------- an agent */

struct agent {
	struct sm_ring_writer writer;
	uint64_t seq;
	enum sm_hello_reason reason;
	uint32_t claimed_pid;
	bool cannot_map; /* what it is handed */
};

static int connect_to(const struct sm_channel_address *address)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	strncpy(to.sun_path, address->path, sizeof(to.sun_path) - 1);
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)))
		return -1;
	return fd;
}

static bool send_hello(int fd, const uint8_t *bytes, uint32_t n, int pass)
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

	if (poll(&ready, 1, 2000) != 1 ||
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

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static bool join(struct fixture *f, struct agent *agent)
{
	struct sm_channel_address address;
	struct sm_hello hello = {
		.reason = agent->reason,
		.guest_pid = agent->claimed_pid ? agent->claimed_pid
						: (uint32_t)getpid(),
		.time_ns = now_ns(),
		.exe = SM_STR("/usr/bin/python3"),
		.cwd = SM_STR("/"),
	};
	uint8_t bytes[SM_HELLO_MAX];
	int pair[2], fd;
	uint32_t n = sm_hello_put(bytes, sizeof(bytes), &hello);
	bool ok;

	if (sm_channel_parse(sm_collector_channel(f->collector), &address) ||
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return false;
	fd = connect_to(&address);
	ok = fd >= 0 && send_hello(fd, bytes, n, pair[1]);
	close(pair[1]);
	ok = ok && receive_ring(pair[0], agent);
	close(pair[0]);
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

static bool put_event(struct agent *agent, enum sm_event_kind kind,
		      enum sm_decision decision)
{
	struct sm_ring_header *header = agent->writer.header;
	const struct sm_value arg = {
		.type = SM_TEXT, .len = 4, .full_len = 4, .s = "/etc"
	};
	const struct sm_record_event record = {
		.event = { .seq = ++agent->seq,
			   .time_ns = now_ns(),
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

static void put_until_stored(struct agent *agent, unsigned count)
{
	while (count--)
		while (!put_event(agent, SM_EVENT_OPEN, SM_UNDECIDED)) {
			atomic_fetch_sub(&agent->writer.header->attempts, 1);
			atomic_fetch_sub(
				&agent->writer.header->lost[SM_LOSS_RING_FULL],
				1);
			agent->seq--;
			usleep(500);
		}
}

/* ---------------------------------------------------------------- running */

typedef void body(struct fixture *f, struct agent *agent);

static pid_t run(struct fixture *f, body *run_agent)
{
	pid_t pid = fork();
	struct agent agent = { 0 };

	if (pid)
		return pid;
	alarm(20);
	if (!join(f, &agent) || !put_code(&agent))
		_exit(99);
	run_agent(f, &agent);
	_exit(0);
}

static void start(struct fixture *f)
{
	assert_int_equal(sm_collector_start(f->collector, 0, f->trace, NULL),
			 0);
}

static void finish(struct fixture *f)
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

static int reap(pid_t pid)
{
	int status = -1;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void end_and_finish(struct fixture *f)
{
	sm_collector_command_ended(f->collector, 0);
	finish(f);
}

static uint64_t count_events(struct fixture *f, uint32_t pid)
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

/* ------------------------------------------------------------------ tests */

static void thousand(struct fixture *f, struct agent *agent)
{
	(void)f;
	put_until_stored(agent, 1000);
}

static void a_ring_that_is_not_mapped_covers_nobody(void **state)
{
	struct fixture *f = *state;
	struct agent agent = { .cannot_map = true };
	pid_t pid;

	start(f);
	pid = fork();
	if (!pid)
		_exit(join(f, &agent) ? 0 : 99);
	assert_int_equal(reap(pid), 0);
	end_and_finish(f);
	assert_int_equal(f->summary.processes, 1);
	assert_int_equal(f->summary.uncovered, 1);
}

static void all_events_of_many_processes_are_stored(void **state)
{
	struct fixture *f = *state;
	pid_t pids[8];

	start(f);
	for (int i = 0; i < 8; i++)
		pids[i] = run(f, thousand);
	for (int i = 0; i < 8; i++)
		assert_int_equal(reap(pids[i]), 0);
	end_and_finish(f);
	assert_int_equal(f->summary.processes, 8);
	assert_int_equal(f->summary.stored, 8000);
	assert_int_equal(count_events(f, 0), 8000);
	assert_int_equal(count_events(f, (uint32_t)pids[3]), 1000);
}

static void die_mid_record(struct fixture *f, struct agent *agent)
{
	put_until_stored(agent, 100);
	atomic_fetch_add(&agent->writer.header->attempts, 1);
	memset(sm_ring_reserve(&agent->writer), 0xff, 300);
	(void)f;
	raise(SIGKILL);
}

static void killed_process_loses_one_record_at_most(void **state)
{
	struct fixture *f = *state;
	pid_t dying, good;

	start(f);
	dying = run(f, die_mid_record);
	good = run(f, thousand);
	assert_int_equal(reap(dying), SIGKILL);
	assert_int_equal(reap(good), 0);
	end_and_finish(f);
	assert_int_equal(f->summary.lost[SM_LOSS_TORN], 1);
	assert_int_equal(f->summary.stored, 1100);
	assert_int_equal(count_events(f, (uint32_t)dying), 100);
}

static void flood(struct fixture *f, struct agent *agent)
{
	(void)f;
	for (int i = 0; i < 300000; i++)
		put_event(agent, SM_EVENT_OPEN, SM_UNDECIDED);
}

static void flooder_loses_its_own_events_only_and_all_are_counted(void **state)
{
	struct fixture *f = *state;
	pid_t flooder, quiet;

	start(f);
	flooder = run(f, flood);
	quiet = run(f, thousand);
	assert_int_equal(reap(quiet), 0);
	assert_int_equal(reap(flooder), 0);
	end_and_finish(f);
	assert_int_equal(f->summary.attempts, 301000);
	assert_int_equal(f->summary.lost[SM_LOSS_TORN], 0);
	assert_int_equal(count_events(f, (uint32_t)quiet), 1000);
}

static void damage_ring(struct fixture *f, struct agent *agent)
{
	uint32_t words[2] = { 5, 0x7fffffff };

	(void)f;
	put_until_stored(agent, 10);
	memcpy(agent->writer.data +
		       (agent->writer.head & (agent->writer.data_bytes - 1)),
	       words, sizeof(words));
	atomic_store(&agent->writer.header->attempts, 25);
}

static void damaged_ring_is_tainted_and_others_go_on(void **state)
{
	struct fixture *f = *state;
	pid_t bad, good;

	start(f);
	bad = run(f, damage_ring);
	good = run(f, thousand);
	reap(bad);
	reap(good);
	end_and_finish(f);
	assert_int_equal(f->summary.tainted, 1);
	assert_int_equal(f->summary.lost[SM_LOSS_DAMAGED], 15);
	assert_int_equal(count_events(f, (uint32_t)bad), 10);
	assert_int_equal(count_events(f, (uint32_t)good), 1000);
}

static void put_garbage(struct fixture *f, struct agent *agent)
{
	(void)f;
	put_until_stored(agent, 10);
	atomic_fetch_add(&agent->writer.header->attempts, 1);
	memset(sm_ring_reserve(&agent->writer), 0xff, 40);
	sm_ring_commit(&agent->writer, 40);
	put_until_stored(agent, 10);
}

static void record_that_does_not_decode_is_counted(void **state)
{
	struct fixture *f = *state;

	start(f);
	reap(run(f, put_garbage));
	end_and_finish(f);
	assert_int_equal(f->summary.stored, 20);
	assert_int_equal(f->summary.lost[SM_LOSS_DAMAGED], 1);
}

static void wait_for_stop(struct fixture *f, struct agent *agent)
{
	(void)f;
	put_until_stored(agent, 500);
	while (atomic_load(&agent->writer.control->is_alive))
		usleep(1000);
}

static void stop_accounts_for_those_still_running(void **state)
{
	struct fixture *f = *state;
	pid_t pid;

	start(f);
	pid = run(f, wait_for_stop);
	usleep(200000);
	sm_collector_stop(f->collector);
	assert_int_equal(reap(pid), 0);
	finish(f);
	assert_int_equal(f->summary.still_running, 1);
	assert_int_equal(f->summary.stored, 500);
}

static void announce_fork(struct fixture *f, struct agent *agent)
{
	(void)f;
	put_event(agent, SM_EVENT_OS_FORK, SM_UNDECIDED);
	put_event(agent, SM_EVENT_OS_FORK, SM_DENIED);
}

static void forked_child_that_never_came_is_counted(void **state)
{
	struct fixture *f = *state;

	start(f);
	reap(run(f, announce_fork));
	end_and_finish(f);
	assert_int_equal(f->summary.uncovered, 1);
}

static void deny(struct fixture *f, struct agent *agent)
{
	(void)f;
	put_event(agent, SM_EVENT_OPEN, SM_DENIED);
	put_event(agent, SM_EVENT_OPEN, SM_ALLOWED);
	put_event(agent, SM_EVENT_OPEN, SM_WARNED);
}

static void denials_are_told_with_their_site(void **state)
{
	struct fixture *f = *state;

	start(f);
	reap(run(f, deny));
	end_and_finish(f);
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
	fd = connect_to(&address);
	assert_true(fd >= 0);
	assert_true(send_hello(fd, bytes, sizeof(bytes), pair[0]));
	assert_true(send_hello(fd, bytes, sizeof(bytes), -1));
	assert_true(send_hello(fd, bytes, 0, pair[0]));
	close(fd);
	fd = connect_to(&address);
	assert_true(send_hello(address.fd, bytes, 0, -1));
	assert_true(send_hello(address.fd, bytes, 10, fd));
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
	start(f);
	assert_int_equal(reap(sender), 0);
	reap(run(f, thousand));
	end_and_finish(f);
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

	start(f);
	pid = fork();
	if (!pid)
		_exit(!join(f, &agent));
	assert_int_equal(reap(pid), 0);
	end_and_finish(f);
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
	start(f);
	end_and_finish(f);
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

/* ---------------------------------------------------------------- policies */

static const char first_policy[] = "{ \"secmgr\": 1 }\n";
static const char second_policy[] =
	"{ \"secmgr\": 1, \"modes\": { \"files\": \"off\" } }\n";

/* Holds whoever comes to first_policy. */
static void enforce(struct fixture *f, struct compiled *policy)
{
	const struct sm_collector_options options = {
		.ring_bytes = RING,
		.flags = SM_CHANNEL_ENFORCE,
		.policy = { .blob = policy->blob,
			    .bytes = policy->policy.bytes,
			    .path = "/first",
			    .sha256 = "11",
			    .text = first_policy },
	};

	sm_collector_free(f->collector);
	assert_int_equal(sm_collector_open(&options, &f->collector, NULL), 0);
}

static int write_change(const struct compiled *policy)
{
	static uint8_t bytes[1 << 20];
	struct sm_cbor_writer w = { bytes, bytes + sizeof(bytes), false };
	int fd = memfd_create("request", MFD_CLOEXEC);

	sm_cbor_put_array(&w, 4);
	sm_cbor_put_uint(&w, SM_COLLECTOR_CONTROL_VERSION);
	sm_cbor_put_uint(&w, SM_COLLECTOR_MODE_WARN);
	sm_cbor_put_array(&w, policy ? 5 : 1);
	sm_cbor_put_uint(&w, policy ? SM_COLLECTOR_REPLACE : SM_COLLECTOR_KEEP);
	if (policy) {
		sm_cbor_put_str(&w, SM_STR("/second"));
		sm_cbor_put_str(&w, SM_STR("22"));
		sm_cbor_put_str(&w, sm_str_of(second_policy));
		sm_cbor_put_str(
			&w, (struct sm_str){ policy->blob,
					     (uint32_t)policy->policy.bytes });
	}
	sm_cbor_put_array(&w, 1);
	sm_cbor_put_uint(&w, SM_COLLECTOR_KEEP);
	if (write(fd, bytes, (size_t)(w.at - bytes)) != w.at - bytes)
		_exit(96);
	return fd;
}

/* The generation answered; text[64]: why not. -1: no answer. */
static int64_t ask_for_change(struct fixture *f, int request, char *text)
{
	struct sm_channel_address address;
	char path[SM_CHANNEL_PATH_MAX];
	uint8_t bytes[600];
	struct sm_cbor_reader r = { bytes, bytes };
	uint64_t items, version, generation;
	struct sm_str why;
	ssize_t n;
	int fd;

	if (sm_channel_parse(sm_collector_channel(f->collector), &address))
		return -1;
	snprintf(path, sizeof(path), "%.*s/" SM_COLLECTOR_CONTROL_SOCKET,
		 (int)(strrchr(address.path, '/') - address.path),
		 address.path);
	address.path = path;
	fd = connect_to(&address);
	if (fd < 0 || !send_hello(fd, (const uint8_t *)"", 1, request))
		return -1;
	n = recv(fd, bytes, sizeof(bytes), 0);
	close(fd);
	r.end += n > 0 ? n : 0;
	if (sm_cbor_get_array(&r, 3, &items) ||
	    sm_cbor_get_uint(&r, UINT32_MAX, &version) ||
	    sm_cbor_get_uint(&r, UINT32_MAX, &generation) ||
	    sm_cbor_get_str(&r, &why, NULL))
		return -1;
	snprintf(text, 64, "%.*s", (int)why.len, why.p);
	return (int64_t)generation;
}

/*
 * What runs in a process that this one is no ancestor of; its exit status is 0
 * when check() says so.
 */
static bool as_stranger(struct fixture *f, const struct compiled *policy,
			bool (*check)(struct fixture *f,
				      const struct compiled *policy))
{
	int tells[2];
	char ok = 0;
	pid_t pid;

	assert_int_equal(pipe(tells), 0);
	pid = fork();
	if (!pid) {
		pid_t parent = getpid();

		if (fork())
			_exit(0);
		alarm(20);
		while (getppid() == parent)
			usleep(1000);
		ok = check(f, policy);
		_exit(write(tells[1], &ok, 1) != 1);
	}
	assert_int_equal(reap(pid), 0);
	close(tells[1]);
	assert_int_equal(read(tells[0], &ok, 1), 1);
	close(tells[0]);
	return ok;
}

static bool may_change(struct fixture *f, const struct compiled *policy)
{
	char text[64];

	return ask_for_change(f, write_change(policy), text) == 2 && !text[0];
}

static bool nonsense_is_refused(struct fixture *f,
				const struct compiled *policy)
{
	static uint8_t bytes[1 << 20];
	char text[64];
	int good = write_change(policy), fd;
	ssize_t n = pread(good, bytes, sizeof(bytes), 0);

	/* Every prefix near an end, and a blob with a byte turned. */
	for (ssize_t cut = 0; cut < n; cut += cut < 64 ? 1 : n / 7) {
		fd = memfd_create("request", MFD_CLOEXEC);
		if (write(fd, bytes, (size_t)cut) != cut ||
		    ask_for_change(f, fd, text) != 0 ||
		    !strstr(text, "makes no sense"))
			return false;
		close(fd);
	}
	fd = memfd_create("request", MFD_CLOEXEC);
	for (ssize_t i = n - (ssize_t)policy->policy.bytes - 1;
	     i < n - (ssize_t)policy->policy.bytes + 7; i++)
		bytes[i] ^= 0x55;
	if (write(fd, bytes, (size_t)n) != n ||
	    ask_for_change(f, fd, text) != 0 || !strstr(text, "makes no sense"))
		return false;
	fd = open("/dev/zero", O_RDONLY);
	return ask_for_change(f, fd, text) == 0 &&
	       ask_for_change(f, -1, text) == 0;
}

/* Policies on a RELOAD hello: descriptors that came, their generation. */
static int ask_for_policies(struct fixture *f, struct sm_channel_reply *reply)
{
	struct sm_channel_address address;
	struct sm_hello hello = { .reason = SM_HELLO_RELOAD,
				  .guest_pid = (uint32_t)getpid(),
				  .time_ns = now_ns() };
	uint8_t bytes[SM_HELLO_MAX];
	uint32_t n = sm_hello_put(bytes, sizeof(bytes), &hello);
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(4 * sizeof(int))];
	struct iovec part = { reply, sizeof(*reply) };
	struct msghdr message = { .msg_iov = &part,
				  .msg_iovlen = 1,
				  .msg_control = control,
				  .msg_controllen = sizeof(control) };
	int pair[2];

	if (sm_channel_parse(sm_collector_channel(f->collector), &address) ||
	    socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) ||
	    !send_hello(connect_to(&address), bytes, n, pair[1]) ||
	    recvmsg(pair[0], &message, 0) != sizeof(*reply) ||
	    !CMSG_FIRSTHDR(&message))
		return -1;
	return (int)((CMSG_FIRSTHDR(&message)->cmsg_len - CMSG_LEN(0)) /
		     sizeof(int));
}

/* An agent that takes up what a reload brings, exit status 0: as it should. */
static void take_it_up(struct fixture *f, struct agent *agent)
{
	struct sm_channel_reply reply;
	struct sm_record_policy record = { .generation = 2, .seq = 3 };
	char text[64];

	put_until_stored(agent, 2);
	/* It is covered, whatever it asks for. */
	if (ask_for_change(f, write_change(NULL), text) != 0 ||
	    !strstr(text, "may not change it"))
		_exit(1);
	while (atomic_load(&agent->writer.control->generation) == 1)
		usleep(1000);
	if (ask_for_policies(f, &reply) != 1 || reply.generation != 2 ||
	    reply.flags != (SM_CHANNEL_ENFORCE | SM_CHANNEL_WARN) ||
	    reply.shadow_bytes)
		_exit(2);
	sm_ring_commit(&agent->writer,
		       sm_record_put_policy(sm_ring_reserve(&agent->writer),
					    SM_RECORD_MAX, &record));
	put_until_stored(agent, 2);
}

static void expect_both_policies(struct fixture *f)
{
	struct sm_trace *trace;

	assert_int_equal(sm_trace_open(f->path, &trace, NULL), SM_OK);
	assert_int_equal(sm_trace_process_count(trace), 1);
	assert_true(sm_str_equal(sm_trace_policy(trace, 1)->enforced.path,
				 SM_STR("/first")));
	assert_true(
		sm_str_equal(sm_trace_policy(trace, 1)->mode, SM_STR("block")));
	assert_true(sm_str_equal(sm_trace_policy(trace, 2)->enforced.text,
				 sm_str_of(second_policy)));
	assert_true(
		sm_str_equal(sm_trace_policy(trace, 2)->mode, SM_STR("warn")));
	assert_null(sm_trace_policy(trace, 3));
	assert_int_equal(sm_trace_policy_of(trace, 1, 1), 1);
	assert_int_equal(sm_trace_policy_of(trace, 1, 2), 1);
	assert_int_equal(sm_trace_policy_of(trace, 1, 3), 2);
	sm_trace_close(trace);
}

static void only_strangers_replace_policies_of_running_processes(void **state)
{
	struct fixture *f = *state;
	struct compiled first = compile_text(first_policy);
	struct compiled second = compile_text(second_policy);
	pid_t pid;

	enforce(f, &first);
	start(f);
	pid = run(f, take_it_up);
	assert_true(as_stranger(f, &second, nonsense_is_refused));
	usleep(100000);
	assert_true(as_stranger(f, &second, may_change));
	assert_int_equal(reap(pid), 0);
	end_and_finish(f);
	expect_both_policies(f);
	compiled_free(&first);
	compiled_free(&second);
}

static void denied_by_one(struct fixture *f, struct agent *agent)
{
	uint64_t denied;

	(void)f;
	put_until_stored(agent, 3);
	atomic_store(&agent->writer.header->after_denial, 3);
	put_until_stored(agent, 3);
	/* Space comes back by pages: until more than these three are read. */
	denied = agent->writer.head;
	while (atomic_load(&agent->writer.control->tail) < denied) {
		put_until_stored(agent, 10);
		usleep(1000);
	}
	/* Only the first denial counts. */
	atomic_store(&agent->writer.header->after_denial, 1);
	put_until_stored(agent, 3);
}

static void what_follows_a_denial_is_marked(void **state)
{
	struct fixture *f = *state;
	struct sm_event event = { .process = 1, .seq = 3 };
	struct sm_trace *trace;

	start(f);
	assert_int_equal(reap(run(f, denied_by_one)), 0);
	end_and_finish(f);
	assert_int_equal(sm_trace_open(f->path, &trace, NULL), SM_OK);
	assert_true(sm_trace_is_after_denial(trace, &event));
	event.seq = 1;
	assert_false(sm_trace_is_after_denial(trace, &event));
	sm_trace_close(trace);
}

#define WITH(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH(all_events_of_many_processes_are_stored),
		WITH(a_ring_that_is_not_mapped_covers_nobody),
		WITH(killed_process_loses_one_record_at_most),
		WITH(flooder_loses_its_own_events_only_and_all_are_counted),
		WITH(damaged_ring_is_tainted_and_others_go_on),
		WITH(record_that_does_not_decode_is_counted),
		WITH(stop_accounts_for_those_still_running),
		WITH(forked_child_that_never_came_is_counted),
		WITH(denials_are_told_with_their_site),
		WITH(rubbish_hellos_are_refused_and_hurt_nobody),
		WITH(pid_is_the_kernels_word_not_the_guests),
		WITH(sockets_and_directory_are_gone_at_the_end),
		WITH(only_strangers_replace_policies_of_running_processes),
		WITH(what_follows_a_denial_is_marked),
	};

	return cmocka_run_group_tests_name("collector", tests, NULL, NULL);
}
