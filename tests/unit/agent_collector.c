/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent_collector.c: hands out rings and policies, and reads what comes.
 */
#include "tests/unit/agent_run.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void add(struct run *run, const char *format, ...) SM_PRINTF(2, 3);
static void add(struct run *run, const char *format, ...)
{
	va_list list;
	int n;

	va_start(list, format);
	n = vsnprintf(run->log + run->log_used, RUN_LOG_BYTES - run->log_used,
		      format, list);
	va_end(list);
	assert_true(n >= 0 && (size_t)n < RUN_LOG_BYTES - run->log_used);
	run->log_used += (size_t)n;
}

static void add_value(struct run *run, const struct sm_value *v)
{
	switch ((enum sm_type)v->type) {
	case SM_NONE:
		add(run, "None");
		break;
	case SM_TRUE:
	case SM_FALSE:
		add(run, v->type == SM_TRUE ? "True" : "False");
		break;
	case SM_INT:
		add(run, "%lld", (long long)v->i);
		break;
	case SM_FLOAT:
		add(run, "%g", v->f);
		break;
	case SM_TEXT:
		add(run, "'%.*s'", (int)v->len, v->s);
		break;
	case SM_BYTES:
		add(run, "b'%.*s'", (int)v->len, v->s);
		break;
	case SM_OPAQUE:
		add(run, "<%.*s>", (int)v->len, v->s);
		break;
	case SM_DIGEST:
		add(run, "#%llu", (unsigned long long)v->full_len);
		break;
	case SM_LIST:
		add(run, "[");
		for (uint32_t i = 0; i < v->len; i++) {
			add(run, i ? ", " : "");
			add_value(run, &v->items[i]);
		}
		add(run, "]");
		break;
	}
	if (sm_value_is_cut(v))
		add(run, "...");
}

static const struct run_code *code_of(const struct run_ring *ring, uint32_t id)
{
	static const struct run_code none = { "-", "-", "",
					      SM_PRINCIPAL_PYTHON };

	assert_true(id <= ring->code_count);
	return id ? &ring->codes[id - 1] : &none;
}

static void add_event(struct run *run, unsigned number,
		      const struct sm_record_event *record)
{
	struct run_ring *ring = run->rings[number];
	const struct sm_event *e = &record->event;
	const struct sm_catalogue_entry *entry =
		sm_catalogue_entry(e->site.kind);
	struct sm_str name = entry ? entry->name : e->site.event;
	const struct run_code *caller = code_of(ring, record->caller);
	const struct run_code *owner = code_of(ring, record->owner);

	assert_true(e->seq > ring->last_seq);
	ring->last_seq = e->seq;
	add(run, "%u %.*s(", number, (int)name.len, name.p);
	for (uint32_t i = 0; i < e->argc; i++) {
		add(run, i ? ", " : "");
		add_value(run, &e->args[i]);
	}
	add(run, ")");
	for (unsigned i = 0; i < SM_RESOLVED_MAX; i++)
		if (e->resolved[i].len)
			add(run, " ~%u=%.*s", i, (int)e->resolved[i].len,
			    e->resolved[i].p);
	add(run, " @%s:%u:%s via=%s by=%s", caller->file, e->site.line,
	    caller->function, sm_via_name(e->site.via),
	    e->site.principal.kind == SM_PRINCIPAL_DISTRIBUTION
		    ? owner->package
		    : sm_principal_kind_name(e->site.principal.kind));
	add(run, " owner=%s", owner->file);
	if (e->verdict.decision != SM_UNDECIDED)
		add(run, " %s=%.*s", sm_decision_name(e->verdict.decision),
		    (int)e->verdict.rule.len, e->verdict.rule.p);
	add(run, "\n");
	ring->stored++;
}

static char *copy(struct sm_str s)
{
	char *text = malloc(s.len + 1);

	assert_non_null(text);
	if (s.len)
		memcpy(text, s.p, s.len);
	text[s.len] = '\0';
	return text;
}

static void take_record(struct run *run, unsigned number, const uint8_t *bytes,
			uint32_t n)
{
	static struct sm_value values[SM_VALUES_MAX];
	struct run_ring *ring = run->rings[number];
	struct sm_record r;

	assert_int_equal(sm_record_get(bytes, n, values, &r), SM_OK);
	switch (r.type) {
	case SM_RECORD_EVENT:
		add_event(run, number, &r.event);
		break;
	case SM_RECORD_CODE:
		assert_int_equal(r.code.id, ring->code_count + 1);
		assert_true(ring->code_count < RUN_CODES_MAX);
		ring->codes[ring->code_count++] =
			(struct run_code){ copy(r.code.file),
					   copy(r.code.function),
					   copy(r.code.package), r.code.kind };
		break;
	case SM_RECORD_INTERPRETER:
		ring->has_interpreter = true;
		add(run, "%u interpreter %.*s stdlib=%.*s\n", number,
		    (int)r.interpreter.version.len, r.interpreter.version.p,
		    (int)r.interpreter.stdlib.len, r.interpreter.stdlib.p);
		break;
	case SM_RECORD_LOST:
		ring->lost_told += r.lost.count;
		break;
	case SM_RECORD_FORGET:
		break;
	case SM_RECORD_POLICY:
		assert_int_equal(r.policy.seq, ring->last_seq + 1);
		add(run, "%u policy generation=%u\n", number,
		    r.policy.generation);
		break;
	}
}

enum { DRAIN_MAX = 256 };

bool run_drain(struct run *run)
{
	static uint8_t bytes[SM_RECORD_MAX];
	bool any = false;
	uint32_t n;

	for (unsigned i = 0; i < run->ring_count; i++) {
		struct sm_ring_reader *reader = &run->rings[i]->memory.reader;

		/* Then who says hello has his turn. */
		for (unsigned r = 0; r < DRAIN_MAX; r++) {
			if (sm_ring_read(reader, bytes, &n) != SM_OK)
				break;
			take_record(run, i, bytes, n);
			any = true;
		}
		sm_ring_release(reader, 0);
		assert_false(reader->is_tainted);
	}
	return any;
}

/* ring NULL: the policy only. */
static void answer(struct run *run, int fd, const struct run_ring *ring)
{
	struct sm_channel_reply reply = { .magic = SM_CHANNEL_MAGIC,
					  .version = SM_CHANNEL_VERSION,
					  .flags = run->flags,
					  .policy_bytes = run->policy_bytes,
					  .generation = run->generation };
	int fds[3] = { ring ? ring->memory.ring_fd : run->policy_fd,
		       ring ? ring->memory.control_read_fd : -1,
		       run->policy_fd };
	size_t n = (ring ? 2 + (run->policy_fd >= 0) : 1) * sizeof(int);
	union {
		struct cmsghdr head;
		char bytes[CMSG_SPACE(sizeof(fds))];
	} control = { 0 };
	struct iovec part = { &reply, sizeof(reply) };
	struct msghdr message = { .msg_iov = &part,
				  .msg_iovlen = 1,
				  .msg_control = control.bytes,
				  .msg_controllen = CMSG_SPACE(n) };

	control.head.cmsg_level = SOL_SOCKET;
	control.head.cmsg_type = SCM_RIGHTS;
	control.head.cmsg_len = CMSG_LEN(n);
	memcpy(CMSG_DATA(&control.head), fds, n);
	sendmsg(fd, &message, MSG_NOSIGNAL);
}

static bool is_reload(struct run *run, const uint8_t *bytes, uint32_t n, int fd)
{
	static struct sm_hello hello;

	assert_int_equal(sm_hello_get(bytes, n, &hello), SM_OK);
	if (hello.reason != SM_HELLO_RELOAD)
		return false;
	add(run, "asked for policies\n");
	if (run->reloads_ignored)
		run->reloads_ignored--;
	else
		answer(run, fd, NULL);
	return true;
}

static void welcome(struct run *run, const uint8_t *bytes, uint32_t n, int fd)
{
	struct run_ring *ring;

	if (is_reload(run, bytes, n, fd))
		return;
	ring = calloc(1, sizeof(*ring));
	assert_non_null(ring);
	assert_int_equal(sm_hello_get(bytes, n, &ring->hello), SM_OK);
	assert_true(run->ring_count < RUN_RINGS_MAX);
	assert_int_equal(sm_ring_create(run->ring_bytes, &ring->memory, NULL),
			 SM_OK);
	add(run, "%u hello reason=%d exe=%.*s argc=%u\n", run->ring_count,
	    (int)ring->hello.reason, (int)ring->hello.exe.len,
	    ring->hello.exe.p, ring->hello.argc);
	for (uint32_t i = 0; i < ring->hello.argc; i++) {
		add(run, "%u argv %u ", run->ring_count, i);
		add_value(run, &ring->hello.argv[i]);
		add(run, "\n");
	}
	run->rings[run->ring_count++] = ring;
	answer(run, fd, ring);
	sm_ring_close_fds(&ring->memory);
}

/* False: the other side closed it. */
static bool take_hello(struct run *run, int conn)
{
	static uint8_t bytes[SM_HELLO_MAX];
	union {
		struct cmsghdr head;
		char bytes[256];
	} control;
	struct iovec part = { bytes, sizeof(bytes) };
	struct msghdr message = { .msg_iov = &part,
				  .msg_iovlen = 1,
				  .msg_control = control.bytes,
				  .msg_controllen = sizeof(control.bytes) };
	struct cmsghdr *head;
	ssize_t n = recvmsg(conn, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	int passed = -1;

	if (n <= 0)
		return n < 0 && errno == EAGAIN;
	for (head = CMSG_FIRSTHDR(&message); head;
	     head = CMSG_NXTHDR(&message, head))
		if (head->cmsg_type == SCM_RIGHTS)
			memcpy(&passed, CMSG_DATA(head), sizeof(passed));
	assert_true(passed >= 0);
	if (!run->is_dumb)
		welcome(run, bytes, (uint32_t)n, passed);
	close(passed);
	return true;
}

void run_serve(struct run *run, int wait_ms)
{
	struct pollfd fds[RUN_CONNS_MAX + 1];
	unsigned n = run->conn_count;

	fds[0] = (struct pollfd){ run->listener, POLLIN, 0 };
	for (unsigned i = 0; i < n; i++)
		fds[i + 1] = (struct pollfd){ run->conns[i], POLLIN, 0 };
	if (poll(fds, n + 1, wait_ms) <= 0)
		return;
	for (unsigned i = 0; i < n; i++)
		if (fds[i + 1].revents && !take_hello(run, run->conns[i])) {
			close(run->conns[i]);
			run->conns[i] = -1;
		}
	if (fds[0].revents) {
		assert_true(run->conn_count < RUN_CONNS_MAX);
		run->conns[run->conn_count++] =
			accept4(run->listener, NULL, NULL, SOCK_CLOEXEC);
	}
}
