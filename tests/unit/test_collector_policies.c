/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The collector is asked to change the policies of those it covers.
 */
#include "tests/unit/collector_fixture.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "schema/cbor.h"
#include "tests/unit/policy_fixture.h"

static const char first_policy[] = "{ \"secmgr\": 1 }\n";
static const char second_policy[] =
	"{ \"secmgr\": 1, \"modes\": { \"files\": \"off\" } }\n";

/* Holds whoever comes to first_policy. */
static void enforce(struct fixture *f, struct compiled *policy)
{
	const struct sm_collector_options options = {
		.ring_bytes = COLLECTOR_RING,
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
	fd = agent_connect(&address);
	if (fd < 0 || !agent_send_hello(fd, (const uint8_t *)"", 1, request))
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
	assert_int_equal(agent_reap(pid), 0);
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
				  .time_ns = agent_now_ns() };
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
	    !agent_send_hello(agent_connect(&address), bytes, n, pair[1]) ||
	    recvmsg(pair[0], &message, 0) != sizeof(*reply) ||
	    !CMSG_FIRSTHDR(&message))
		return -1;
	return (int)((CMSG_FIRSTHDR(&message)->cmsg_len - CMSG_LEN(0)) /
		     sizeof(int));
}

/* An agent that takes up what a reload brings, exit status 0: as it should. */
static int ready[2];

static void take_it_up(struct fixture *f, struct agent *agent)
{
	struct sm_channel_reply reply;
	struct sm_record_policy record = { .generation = 2, .seq = 3 };
	char text[64];

	agent_put_until_stored(agent, 2);
	/* It is covered, whatever it asks for. */
	if (ask_for_change(f, write_change(NULL), text) != 0 ||
	    !strstr(text, "may not change it"))
		_exit(1);
	if (write(ready[1], "", 1) != 1)
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
	agent_put_until_stored(agent, 2);
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
	char said;

	enforce(f, &first);
	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	collector_start(f);
	pid = agent_run(f, take_it_up);
	assert_true(as_stranger(f, &second, nonsense_is_refused));
	assert_int_equal(read(ready[0], &said, 1), 1);
	close(ready[0]);
	close(ready[1]);
	assert_true(as_stranger(f, &second, may_change));
	assert_int_equal(agent_reap(pid), 0);
	collector_end(f);
	expect_both_policies(f);
	compiled_free(&first);
	compiled_free(&second);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_COLLECTOR(
			only_strangers_replace_policies_of_running_processes),
	};

	return cmocka_run_group_tests_name("collector policies", tests, NULL,
					   NULL);
}
