/* SPDX-License-Identifier: Apache-2.0 */
/*
 * channel_agent.c: getting a ring, and noticing when it is time for another.
 */
#include "recorder/agent/agent.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define FDS_MAX	     4
#define FAILURES_MAX 3 /* then the process stays without */
#define RETRY_NS     1000000000u

struct sm_agent sm_agent;

static struct {
	int fd; /* our end of the collector's socket; -1: none */
	dev_t dev;
	ino_t ino;
	char text[SM_CHANNEL_TEXT_MAX];
	const char *path;
	unsigned failures;
	uint64_t retry_ns;
	/* 1 in the process that wrote it, 0 in every copy of its memory */
	volatile uint32_t *page;
	bool has_asked;
	/*
	 * fd came with the process; a connection made by path is closed after
	 * use, unless the path may lead nowhere next time: who lists his
	 * descriptors finds none of ours.
	 */
	bool is_inherited, is_kept;
	bool is_forked; /* what a later try still says: the parent counted it */
} channel = { .fd = -1 };

/*
 * What a reload replaced. Unmapped by the next one: another thread of a
 * free-threaded build may still look at it.
 */
static struct {
	struct sm_ring_writer writer;
	struct sm_policy policy, shadow;
} previous;

/* ------------------------------------------------------------- descriptors */

/* fstat moved between versions of glibc; the call did not. */
static bool is_our_socket(int fd, dev_t dev, ino_t ino)
{
	struct stat st;

	return fd >= 0 && !syscall(SYS_fstat, fd, &st) &&
	       S_ISSOCK(st.st_mode) && st.st_dev == dev && st.st_ino == ino;
}

/*
 * A program that needs a policy dies without: on a busy machine it had better
 * start late. Once: a collector that is stopped is not waited for again.
 */
static unsigned wait_ms(void)
{
	const uint32_t lenient = SM_CHANNEL_WARN | SM_CHANNEL_FAIL_OPEN;

	return sm_agent.flags & SM_CHANNEL_ENFORCE &&
			       !(sm_agent.flags & lenient) &&
			       !sm_agent.has_policy && !channel.has_asked
		       ? SM_CHANNEL_POLICY_WAIT_MS
		       : SM_CHANNEL_WAIT_MS;
}

static bool remember(int fd)
{
	struct stat st;

	channel.fd = fd;
	if (fd < 0 || syscall(SYS_fstat, fd, &st))
		return false;
	channel.dev = st.st_dev;
	channel.ino = st.st_ino;
	return true;
}

static bool connect_again(void)
{
	channel.is_inherited = false;
	return remember(sm_connect(channel.path, wait_ms()));
}

/* The descriptor there is if it is still that, else a new connection. */
static bool get_connected(void)
{
	if (channel.fd >= 0 &&
	    is_our_socket(channel.fd, channel.dev, channel.ino))
		return true;
	return connect_again();
}

static void let_go(void)
{
	if (channel.is_inherited || channel.is_kept || channel.fd < 0)
		return;
	if (is_our_socket(channel.fd, channel.dev, channel.ino))
		close(channel.fd);
	channel.fd = -1;
}

void sm_channel_keep(void)
{
	if (!sm_agent.is_covered || !channel.path || !sm_agent_lock())
		return;
	channel.is_kept = get_connected();
	sm_agent_unlock();
}

/* ------------------------------------------------------------------- hello */

static bool wait_for(int fd, short events, uint64_t deadline_ns)
{
	struct pollfd poll_fd = { .fd = fd, .events = events };
	uint64_t now;
	int n;

	do {
		now = sm_agent_now_ns();
		if (now >= deadline_ns)
			return false;
		n = poll(&poll_fd, 1, (int)((deadline_ns - now) / 1000000) + 1);
	} while (n < 0 && errno == EINTR);
	return n > 0 && poll_fd.revents & events;
}

union control {
	struct cmsghdr head;
	char bytes[CMSG_SPACE(FDS_MAX * sizeof(int))];
};

static bool send_hello(int fd, int passed, const uint8_t *hello, uint32_t n,
		       uint64_t deadline_ns)
{
	union control control;
	struct iovec part = { (void *)(uintptr_t)hello, n };
	struct msghdr message = { .msg_iov = &part,
				  .msg_iovlen = 1,
				  .msg_control = control.bytes,
				  .msg_controllen =
					  CMSG_SPACE(sizeof(passed)) };
	struct cmsghdr *head;

	memset(&control, 0, sizeof(control));
	head = CMSG_FIRSTHDR(&message);
	head->cmsg_level = SOL_SOCKET;
	head->cmsg_type = SCM_RIGHTS;
	head->cmsg_len = CMSG_LEN(sizeof(passed));
	memcpy(CMSG_DATA(head), &passed, sizeof(passed));
	/* A burst of forks shares one buffer: somebody else may fill it. */
	while (sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT) < 0) {
		if (errno != EAGAIN && errno != EINTR && errno != ETOOMANYREFS)
			return false;
		if (errno != EINTR && !wait_for(fd, POLLOUT, deadline_ns))
			return false;
	}
	return true;
}

struct answer {
	struct sm_channel_reply reply;
	int fds[FDS_MAX];
	unsigned fd_count;
};

static void take_fds(struct msghdr *message, struct answer *answer)
{
	struct cmsghdr *head;

	for (head = CMSG_FIRSTHDR(message); head;
	     head = CMSG_NXTHDR(message, head)) {
		size_t n = head->cmsg_len - CMSG_LEN(0);

		if (head->cmsg_level != SOL_SOCKET ||
		    head->cmsg_type != SCM_RIGHTS)
			continue;
		if (n > sizeof(answer->fds))
			n = sizeof(answer->fds);
		memcpy(answer->fds, CMSG_DATA(head), n);
		answer->fd_count = (unsigned)(n / sizeof(int));
	}
}

static bool receive(int fd, struct answer *answer, uint64_t deadline_ns)
{
	union control control;
	struct iovec part = { &answer->reply, sizeof(answer->reply) };
	struct msghdr message = { .msg_iov = &part,
				  .msg_iovlen = 1,
				  .msg_control = control.bytes,
				  .msg_controllen = sizeof(control.bytes) };
	ssize_t n;

	memset(answer, 0, sizeof(*answer));
	/*
	 * It may have come in the last moment: then it is read. From here on
	 * it cannot come, and who sends it learns that nobody has it.
	 */
	if (!wait_for(fd, POLLIN, deadline_ns))
		shutdown(fd, SHUT_RD);
	n = recvmsg(fd, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
	if (n < 0)
		return false;
	take_fds(&message, answer);
	return n == (ssize_t)sizeof(answer->reply) &&
	       answer->reply.magic == SM_CHANNEL_MAGIC &&
	       answer->reply.version == SM_CHANNEL_VERSION;
}

static bool ask(enum sm_hello_reason reason, struct answer *answer)
{
	static uint8_t hello[SM_HELLO_MAX];
	uint64_t deadline = sm_agent_now_ns() + wait_ms() * 1000000ull;
	uint32_t n = sm_make_hello(reason, hello);
	int pair[2];
	bool ok;

	memset(answer, 0, sizeof(*answer));
	if (!n || !get_connected() ||
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return false;
	ok = send_hello(channel.fd, pair[1], hello, n, deadline);
	if (!ok && errno != EAGAIN) {
		/* the inherited one is dead: the path may still lead there */
		close(channel.fd);
		ok = connect_again() &&
		     send_hello(channel.fd, pair[1], hello, n, deadline);
	}
	close(pair[1]);
	ok = ok && receive(pair[0], answer, deadline);
	channel.has_asked = true;
	close(pair[0]);
	let_go();
	return ok;
}

/* ----------------------------------------------------------------- adopting */

static bool is_sealed(int fd, uint32_t bytes)
{
	int need = F_SEAL_SHRINK | F_SEAL_WRITE;
	int seals = fcntl(fd, F_GET_SEALS);
	off_t size = lseek(fd, 0, SEEK_END);

	return seals >= 0 && (seals & need) == need && bytes &&
	       size >= (off_t)bytes;
}

static bool map_policy(const struct answer *answer, unsigned which,
		       uint32_t bytes, struct sm_policy *policy)
{
	void *at;

	memset(policy, 0, sizeof(*policy));
	if (answer->fd_count <= which || !is_sealed(answer->fds[which], bytes))
		return false;
	at = mmap(NULL, bytes, PROT_READ, MAP_PRIVATE, answer->fds[which], 0);
	if (at == MAP_FAILED)
		return false;
	if (sm_policy_open(policy, at, bytes, NULL) != SM_OK) {
		munmap(at, bytes);
		memset(policy, 0, sizeof(*policy));
		return false;
	}
	return true;
}

static void unmap_policy(struct sm_policy *policy)
{
	if (policy->blob)
		munmap((void *)(uintptr_t)policy->blob, policy->bytes);
	memset(policy, 0, sizeof(*policy));
}

static void adopt_policies(const struct sm_policy *policy,
			   const struct sm_policy *shadow)
{
	unmap_policy(&previous.policy);
	unmap_policy(&previous.shadow);
	previous.policy = sm_agent.policy;
	previous.shadow = sm_agent.shadow;
	sm_agent.policy = *policy;
	sm_agent.shadow = *shadow;
	sm_agent.has_policy = true;
	sm_agent.has_shadow = shadow->blob;
	sm_memo_forget(); /* their rules' names stood in the old ones */
}

/*
 * Both or none: what was decided by one and asked of another compares not.
 * first: the descriptor of the policy.
 */
static bool map_policies(const struct answer *answer, unsigned first)
{
	struct sm_policy policy, shadow = { 0 };
	uint32_t shadow_bytes = answer->reply.shadow_bytes;

	if (!map_policy(answer, first, answer->reply.policy_bytes, &policy))
		return false;
	if (shadow_bytes &&
	    !map_policy(answer, first + 1, shadow_bytes, &shadow)) {
		unmap_policy(&policy);
		return false;
	}
	adopt_policies(&policy, &shadow);
	sm_agent.policy_generation = answer->reply.generation;
	return true;
}

/* The program was started by one that had been denied, or is a copy of it. */
static void inherit_denial(struct sm_ring_header *header)
{
	uint64_t none = 0;

	if (atomic_load(&header->after_denial))
		atomic_compare_exchange_strong(&sm_agent.after_denial, &none,
					       1);
	atomic_store(&header->after_denial, sm_agent.after_denial);
}

void sm_channel_note_denial(uint64_t seq)
{
	uint64_t none = 0;

	if (atomic_compare_exchange_strong(&sm_agent.after_denial, &none,
					   seq + 1) &&
	    sm_agent.has_ring)
		atomic_store(&sm_agent.writer.header->after_denial, seq + 1);
}

static void tell_generation(void)
{
	atomic_store(&sm_agent.writer.header->generation,
		     sm_agent.policy_generation);
}

/* Calls from before the ring was there are accounted for in it. */
static void tell_homeless(void)
{
	struct sm_ring_header *header = sm_agent.writer.header;
	uint64_t lost = atomic_exchange(&sm_agent.homeless, 0);
	uint64_t noise = atomic_exchange(&sm_agent.homeless_noise, 0);

	atomic_fetch_add(&header->attempts, lost + noise);
	atomic_fetch_add(&header->noise, noise);
	atomic_fetch_add(&header->lost[SM_LOSS_NO_CHANNEL], lost);
}

static void adopt_ring(struct sm_ring_writer *writer,
		       const struct sm_channel_reply *reply)
{
	writer->on_full = reply->on_full == SM_ON_FULL_WAIT ? SM_ON_FULL_WAIT
							    : SM_ON_FULL_DROP;
	writer->wait_ns = reply->wait_ns;
	if (previous.writer.header)
		sm_ring_unmap(&previous.writer);
	if (sm_agent.has_ring)
		previous.writer = sm_agent.writer;
	sm_agent.writer = *writer;
	sm_agent.ring_number++;
	sm_agent.ring_codes = 0;
	sm_agent.ring_has_interpreter = false;
	sm_agent.has_ring = true;
	sm_agent.reloaded_seq = 0;
	inherit_denial(writer->header);
	tell_homeless();
}

static bool adopt(struct answer *answer)
{
	bool enforces = answer->reply.flags & SM_CHANNEL_ENFORCE;
	struct sm_ring_writer writer;

	if (answer->fd_count < 2 ||
	    sm_ring_map(answer->fds[0], answer->fds[1], &writer) != SM_OK)
		return false;
	adopt_ring(&writer, &answer->reply);
	/* Once enforcing, always: an answer cannot switch that off. */
	sm_agent.flags =
		answer->reply.flags | (sm_agent.flags & SM_CHANNEL_ENFORCE);
	if (sm_agent.flags & SM_CHANNEL_LIVE)
		sm_named_forget();
	if (enforces)
		map_policies(answer, 2);
	tell_generation();
	return true;
}

static void close_all(const struct answer *answer)
{
	for (unsigned i = 0; i < answer->fd_count; i++)
		close(answer->fds[i]);
}

bool sm_channel_hello(enum sm_hello_reason reason)
{
	struct answer answer;
	bool ok = ask(reason, &answer) && adopt(&answer);

	close_all(&answer);
	if (!ok) {
		channel.failures++;
		channel.retry_ns = sm_agent_now_ns() + RETRY_NS;
	}
	return ok;
}

/*
 * All of the new or all of the old: what is mapped changes under the lock,
 * between two decisions. Without an answer the old decide on, and a later
 * event asks again.
 */
SM_RARELY static void reload(void)
{
	struct answer answer;
	bool ok = ask(SM_HELLO_RELOAD, &answer) && map_policies(&answer, 0);

	close_all(&answer);
	if (!ok) {
		channel.retry_ns = sm_agent_now_ns() + RETRY_NS;
		return;
	}
	sm_agent.flags =
		answer.reply.flags | (sm_agent.flags & SM_CHANNEL_ENFORCE);
	sm_agent.reloaded_seq = sm_agent.seq + 1;
	sm_agent.reloaded_ns = sm_agent_now_ns();
	tell_generation();
}

/* -------------------------------------------------------------------- life */

static void on_fork(void)
{
	int saved = errno;

	sm_channel_child();
	errno = saved;
}

static void make_page(void)
{
	size_t bytes = (size_t)sysconf(_SC_PAGESIZE);
	void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED)
		return;
	if (madvise(at, bytes, MADV_WIPEONFORK)) {
		munmap(at, bytes); /* before Linux 4.14 */
		return;
	}
	channel.page = at;
	*channel.page = 1;
}

bool sm_channel_setup(void)
{
	const char *text = getenv(SM_CHANNEL_ENVIRONMENT);
	struct sm_channel_address address;
	size_t n = text ? strlen(text) : 0;

	if (!n || n >= sizeof(channel.text))
		return false;
	memcpy(channel.text, text, n + 1);
	if (sm_channel_parse(channel.text, &address) != SM_OK)
		return false;
	channel.path = address.path;
	/* What a guest wrote there must not switch decisions off. */
	sm_agent.flags = address.flags & ~(uint32_t)SM_CHANNEL_LIVE;
	sm_agent.is_covered = true;
	sm_digest_key(address.key);
	if (is_our_socket(address.fd, (dev_t)address.dev, (ino_t)address.ino)) {
		fcntl(address.fd, F_SETFD, FD_CLOEXEC);
		channel.is_inherited = remember(address.fd);
	}
	return true;
}

/* Only in processes with an interpreter: once, before the first hello. */
void sm_channel_watch(void)
{
	make_page();
	pthread_atfork(NULL, sm_exec_forget, on_fork);
}

bool sm_channel_is_lost(void)
{
	return !sm_agent.has_ring && channel.failures >= FAILURES_MAX;
}

SM_OFTEN bool sm_channel_is_copy(void)
{
	return channel.page && !*channel.page;
}

/*
 * The ring is not mapped here (MADV_DONTFORK). The policy is, and stays: a
 * dead collector changes recording, never verdicts.
 */
void sm_channel_child(void)
{
	if (channel.page)
		*channel.page = 1;
	sm_agent_lock_reset();
	sm_agent_thread_reset();
	sm_exec_reset();
	sm_agent.has_ring = false;
	memset(&sm_agent.writer, 0, sizeof(sm_agent.writer));
	memset(&previous.writer, 0, sizeof(previous.writer));
	sm_agent.seq = 0;
	if (sm_agent.after_denial)
		sm_agent.after_denial = 1; /* all its events do */
	atomic_store(&sm_agent.homeless, 0);
	atomic_store(&sm_agent.homeless_noise, 0);
	channel.failures = 0;
	channel.is_forked = true;
	sm_channel_hello(SM_HELLO_FORK);
}

static bool wants_reload(void)
{
	return atomic_load_explicit(&sm_agent.writer.control->generation,
				    memory_order_relaxed) !=
	       sm_agent.policy_generation;
}

SM_OFTEN void sm_channel_check(void)
{
	if (sm_agent.has_ring) {
		if (wants_reload() && sm_agent_now_ns() >= channel.retry_ns)
			reload();
	} else if (channel.failures < FAILURES_MAX &&
		   sm_agent_now_ns() >= channel.retry_ns) {
		sm_channel_hello(channel.is_forked ? SM_HELLO_FORK
						   : SM_HELLO_LOAD);
	}
}
