/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_agent.c: the agent inside real interpreters, seen from a small
 * collector of our own. Each event becomes a line of text to look for.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "recorder/channel.h"
#include "recorder/record.h"
#include "tests/unit/policy_fixture.h"

#define RINGS_MAX 64
#define CODES_MAX 4096
#define CONNS_MAX 64
#define LOG_BYTES (8u << 20)

struct code {
	const char *file, *function, *package;
	enum sm_principal_kind kind;
};

struct ring {
	struct sm_ring_memory memory;
	struct sm_hello hello; /* strings are gone; numbers stay */
	struct code codes[CODES_MAX];
	uint32_t code_count;
	uint64_t stored, lost_told, last_seq;
	bool has_interpreter;
};

/* One run of a command under the agent. */
struct run {
	char dir[64], socket[96], channel[SM_CHANNEL_TEXT_MAX];
	int listener;
	int conns[CONNS_MAX];
	unsigned conn_count;
	struct ring *rings[RINGS_MAX];
	unsigned ring_count;
	uint32_t flags; /* SM_CHANNEL_* */
	int policy_fd;	/* sealed; -1: none */
	uint32_t policy_bytes;
	uint32_t ring_bytes;
	bool is_slow;	    /* drains only after COMMAND has ended */
	bool is_dumb;	    /* accepts, never answers */
	const char *reload; /* replaces the policy, after a while */
	unsigned reloads_ignored;
	uint32_t generation;
	bool is_quiet; /* COMMAND's complaints are expected */
	char *log;
	size_t log_used;
	int status;
};

static char agent_path[4096];

static const char *python(void)
{
	const char *given = getenv("SM_TEST_PYTHON");

	return given ? given : "/usr/bin/python3";
}

/* --------------------------------------------------------------- collector */

static void add(struct run *run, const char *format, ...) SM_PRINTF(2, 3);
static void add(struct run *run, const char *format, ...)
{
	va_list list;
	int n;

	va_start(list, format);
	n = vsnprintf(run->log + run->log_used, LOG_BYTES - run->log_used,
		      format, list);
	va_end(list);
	assert_true(n >= 0 && (size_t)n < LOG_BYTES - run->log_used);
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

static const struct code *code_of(const struct ring *ring, uint32_t id)
{
	static const struct code none = { "-", "-", "", SM_PRINCIPAL_PYTHON };

	assert_true(id <= ring->code_count);
	return id ? &ring->codes[id - 1] : &none;
}

static void add_event(struct run *run, unsigned number,
		      const struct sm_record_event *record)
{
	struct ring *ring = run->rings[number];
	const struct sm_event *e = &record->event;
	const struct sm_catalogue_entry *entry =
		sm_catalogue_entry(e->site.kind);
	struct sm_str name = entry ? entry->name : e->site.event;
	const struct code *caller = code_of(ring, record->caller);
	const struct code *owner = code_of(ring, record->owner);

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
	struct ring *ring = run->rings[number];
	struct sm_record r;

	assert_int_equal(sm_record_get(bytes, n, values, &r), SM_OK);
	switch (r.type) {
	case SM_RECORD_EVENT:
		add_event(run, number, &r.event);
		break;
	case SM_RECORD_CODE:
		assert_int_equal(r.code.id, ring->code_count + 1);
		assert_true(ring->code_count < CODES_MAX);
		ring->codes[ring->code_count++] =
			(struct code){ copy(r.code.file), copy(r.code.function),
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

static bool drain(struct run *run)
{
	static uint8_t bytes[SM_RECORD_MAX];
	bool any = false;
	uint32_t n;

	for (unsigned i = 0; i < run->ring_count; i++) {
		struct sm_ring_reader *reader = &run->rings[i]->memory.reader;

		while (sm_ring_read(reader, bytes, &n) == SM_OK) {
			take_record(run, i, bytes, n);
			any = true;
		}
		assert_false(reader->is_tainted);
	}
	return any;
}

/* ring NULL: the policy only. */
static void answer(struct run *run, int fd, const struct ring *ring)
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

static void set_policy(struct run *run, const char *text);

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

/* What was handed out before stays mapped where it is. */
static void start_reload(struct run *run)
{
	close(run->policy_fd);
	set_policy(run, run->reload);
	run->generation = 1;
	for (unsigned i = 0; i < run->ring_count; i++)
		atomic_store(&run->rings[i]->memory.reader.control->generation,
			     1);
}

static void welcome(struct run *run, const uint8_t *bytes, uint32_t n, int fd)
{
	struct ring *ring;

	if (is_reload(run, bytes, n, fd))
		return;
	ring = calloc(1, sizeof(*ring));
	assert_non_null(ring);
	assert_int_equal(sm_hello_get(bytes, n, &ring->hello), SM_OK);
	assert_true(run->ring_count < RINGS_MAX);
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

static void serve(struct run *run, int wait_ms)
{
	struct pollfd fds[CONNS_MAX + 1];
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
		assert_true(run->conn_count < CONNS_MAX);
		run->conns[run->conn_count++] =
			accept4(run->listener, NULL, NULL, SOCK_CLOEXEC);
	}
}

/* --------------------------------------------------------------------- runs */

static struct run *run_new(uint32_t flags)
{
	struct run *run = calloc(1, sizeof(*run));
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct sm_channel_address channel = { .fd = 0, .flags = flags };

	assert_non_null(run);
	run->log = malloc(LOG_BYTES);
	assert_non_null(run->log);
	run->log[0] = '\0';
	run->flags = flags;
	run->ring_bytes = SM_RING_BYTES;
	run->policy_fd = -1;
	strcpy(run->dir, "/tmp/sm-agent-XXXXXX");
	assert_non_null(mkdtemp(run->dir));
	snprintf(run->socket, sizeof(run->socket), "%s/socket", run->dir);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", run->socket);
	channel.path = run->socket;
	assert_true(sm_channel_print(&channel, run->channel,
				     sizeof(run->channel)) > 0);
	run->listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	assert_true(run->listener >= 0);
	assert_int_equal(bind(run->listener, (struct sockaddr *)&address,
			      sizeof(address)),
			 0);
	assert_int_equal(listen(run->listener, 64), 0);
	return run;
}

static void run_free(struct run *run)
{
	for (unsigned i = 0; i < run->ring_count; i++) {
		struct ring *ring = run->rings[i];

		for (uint32_t k = 0; k < ring->code_count; k++) {
			free((void *)(uintptr_t)ring->codes[k].file);
			free((void *)(uintptr_t)ring->codes[k].function);
			free((void *)(uintptr_t)ring->codes[k].package);
		}
		sm_ring_destroy(&ring->memory);
		free(ring);
	}
	for (unsigned i = 0; i < run->conn_count; i++)
		if (run->conns[i] >= 0)
			close(run->conns[i]);
	close(run->listener);
	if (run->policy_fd >= 0)
		close(run->policy_fd);
	unlink(run->socket);
	rmdir(run->dir);
	free(run->log);
	free(run);
}

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static bool line_has(const char *line, size_t n, const char *text)
{
	return memmem(line, n, text, strlen(text)) != NULL;
}

/* Lines that hold both texts. */
static unsigned count_lines(const struct run *run, const char *a, const char *b)
{
	unsigned count = 0;

	for (const char *line = run->log; *line;) {
		size_t n = strcspn(line, "\n");

		if (line_has(line, n, a) && line_has(line, n, b))
			count++;
		line += n + (line[n] == '\n');
	}
	return count;
}

/* Runs argv to its end; children that outlive it get a moment. */
static void run_command(struct run *run, const char *const *argv)
{
	uint64_t deadline = now_ms() + 60000, quiet = 0;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (!pid) {
		if (run->is_quiet && !freopen("/dev/null", "w", stderr))
			_exit(127);
		setenv("LD_PRELOAD", agent_path, 1);
		setenv(SM_CHANNEL_ENVIRONMENT, run->channel, 1);
		if (chdir("/") == 0)
			execvp(argv[0], (char **)(uintptr_t)argv);
		_exit(127);
	}
	run->status = -1;
	while (now_ms() < deadline && quiet < 5) {
		serve(run, 10);
		if (run->status < 0 && waitpid(pid, &run->status, WNOHANG) == 0)
			run->status = -1;
		if (run->status < 0 && run->is_slow)
			continue;
		if (run->reload && !run->generation &&
		    count_lines(run, "os.listdir('/srv')", "by=main") > 10)
			start_reload(run);
		if (drain(run) || run->status < 0)
			quiet = 0;
		else
			quiet++;
	}
	assert_true(run->status >= 0);
}

/* python [OPTIONS] -c CODE */
static struct run *run_code(const char *interpreter, const char *option,
			    uint32_t flags, const char *code)
{
	const char *argv[] = { interpreter, option, "-c", code, NULL };
	const char *plain[] = { interpreter, "-c", code, NULL };
	struct run *run = run_new(flags);

	run_command(run, option ? argv : plain);
	return run;
}

/* An app script in the run's own directory. */
static struct run *run_script(const char *interpreter, uint32_t flags,
			      const char *code)
{
	struct run *run = run_new(flags);
	char path[128];
	const char *argv[] = { interpreter, path, run->dir, NULL };
	FILE *file;

	snprintf(path, sizeof(path), "%s/app.py", run->dir);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(code, file);
	fclose(file);
	run_command(run, argv);
	unlink(path);
	return run;
}

#define assert_seen(run, a, b) assert_line(run, a, b, __LINE__)
static void assert_line(const struct run *run, const char *a, const char *b,
			int at)
{
	if (count_lines(run, a, b))
		return;
	print_error("line %d: nothing holds `%s` and `%s`; with the first:\n",
		    at, a, b);
	for (const char *line = run->log; *line;) {
		size_t n = strcspn(line, "\n");

		if (line_has(line, n, a))
			print_error("  %.*s\n", (int)n, line);
		line += n + (line[n] == '\n');
	}
	fail();
}

static void assert_exit(const struct run *run, int code)
{
	if (!WIFEXITED(run->status) || WEXITSTATUS(run->status) != code)
		print_error("wait status %#x\n", run->status);
	assert_true(WIFEXITED(run->status));
	assert_int_equal(WEXITSTATUS(run->status), code);
}

/* attempts = stored + noise + lost, in every process. */
static void assert_accounts(const struct run *run)
{
	for (unsigned i = 0; i < run->ring_count; i++) {
		const struct ring *ring = run->rings[i];
		const struct sm_ring_header *h = ring->memory.reader.header;
		uint64_t sum = ring->stored + h->noise;

		for (unsigned k = 0; k < SM_LOSSES; k++)
			sum += h->lost[k];
		assert_int_equal(h->attempts, sum);
	}
}

/* ------------------------------------------------------------------- tests */

static void records_what_a_script_does(void **state)
{
	struct run *run = run_script(
		python(), 0,
		"import os, socket, sys\n"
		"d = sys.argv[1]\n"
		"def work():\n"
		"    open(d + '/x', 'w').close()\n"
		"work()\n"
		"os.chdir(d)\n"
		"open('x').close()\n"
		"fd = os.open('.', os.O_RDONLY)\n"
		"os.rename('x', 'y', src_dir_fd=fd, dst_dir_fd=fd)\n"
		"os.listdir(fd)\n"
		"os.listdir()\n"
		"os.remove('../' + os.path.basename(d) + '/y')\n"
		"s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
		"s.sendto(b'', ('127.0.0.1', 9))\n"
		"os.kill(os.getpid(), 0)\n"
		"sys.audit('shop.refund', 17, 'x', 1.5, [b'y'], object())\n"
		"sys.audit('test.bytes', '\\udcff')\n");
	char text[200];

	(void)state;
	assert_exit(run, 0);
	assert_accounts(run);
	assert_int_equal(run->ring_count, 1);
	assert_true(run->rings[0]->has_interpreter);
	snprintf(text, sizeof(text), "open('%s/x', 'w', 524865)", run->dir);
	assert_seen(run, text, "app.py:4:work via=direct by=app");
	snprintf(text, sizeof(text), "~0=%s/x", run->dir);
	assert_seen(run, "open('x', 'r', 524288)", text);
	snprintf(text, sizeof(text), "~0=%s/x ~1=%s/y", run->dir, run->dir);
	assert_seen(run, "os.rename('x', 'y'", text);
	snprintf(text, sizeof(text), "~0=%s @", run->dir);
	assert_seen(run, "os.listdir(None)", text);
	assert_int_equal(count_lines(run, "os.listdir(", text), 2);
	snprintf(text, sizeof(text), "~0=%s/y", run->dir);
	assert_seen(run, "os.remove('../", text);
	assert_seen(run, "socket.sendto('udp', ['127.0.0.1', 9])", "by=app");
	assert_seen(run, "os.kill('self', 0)", "by=app");
	assert_seen(run, "shop.refund(17, 'x', 1.5, [b'y'], <object>)",
		    "by=app");
	assert_seen(run, "test.bytes(b'\xff')", "by=app");
	run_free(run);
}

/* The event does not name the directory; the call behind it does. */
static void finds_the_directory_of_os_open(void **state)
{
	struct run *run = run_script(
		python(), 0,
		"import os, sys, shutil\n"
		"d = sys.argv[1]\n"
		"os.makedirs(d + '/a/b/c')\n"
		"os.close(os.open(d + '/a/b/file', os.O_WRONLY | os.O_CREAT))\n"
		"shutil.rmtree(d + '/a')\n"
		"etc = os.open('/etc', os.O_RDONLY)\n"
		"os.close(os.open('hostname', os.O_RDONLY, dir_fd=etc))\n"
		"os.close(os.open(b'../etc/hostname', os.O_RDONLY, "
		"dir_fd=etc))\n"
		"def stop(event, args):\n"
		"    if event == 'open' and args[0] == 'stopped':\n"
		"        raise OSError\n"
		"sys.addaudithook(stop)\n"
		"try: os.open('stopped', os.O_RDONLY)\n"
		"except OSError: pass\n"
		"os.chdir('/usr')\n"
		"os.close(os.open('lib', os.O_RDONLY))\n");
	char text[200];

	(void)state;
	assert_exit(run, 0);
	assert_accounts(run);
	snprintf(text, sizeof(text), "~0=%s/a/b ", run->dir);
	assert_seen(run, "open('b', None, ", text);
	snprintf(text, sizeof(text), "~0=%s/a/b/c ", run->dir);
	assert_seen(run, "open('c', None, ", text);
	assert_seen(run, "open('hostname', None, ", "~0=/etc/hostname @");
	assert_seen(run, "open(b'../etc/hostname', None, ",
		    "~0=/etc/hostname @");
	assert_seen(run, "open('stopped', None, ", "~0=/stopped @");
	assert_seen(run, "open('lib', None, ", "~0=/usr/lib @");
	run_free(run);
}

static void tells_import_from_reading(void **state)
{
	struct run *run =
		run_script(python(), 0,
			   "import json.tool, linecache, traceback, pkgutil\n"
			   "open(json.tool.__file__).close()\n"
			   "linecache.getlines(json.tool.__file__)\n"
			   "linecache.clearcache()\n"
			   "def f():\n"
			   "    raise ValueError\n"
			   "try:\n"
			   "    f()\n"
			   "except ValueError:\n"
			   "    traceback.format_exc()\n"
			   "json.tool.__loader__.get_data(json.tool.__file__)\n"
			   "pkgutil.get_data('json', 'tool.py')\n");

	(void)state;
	assert_exit(run, 0);
	assert_seen(run, "json/__pycache__/tool", "via=import");
	assert_int_equal(count_lines(run, "open(", "json/tool.py'"), 4);
	assert_int_equal(count_lines(run, "json/tool.py', ", "via=direct"), 4);
	assert_seen(run, "app.py', ", "via=traceback");
	assert_seen(run, "cpython.run_file(", "via=exec by=python");
	run_free(run);
}

static void names_principals(void **state)
{
	struct run *run = run_code(
		python(), NULL, 0,
		"import os, sys\n"
		"def inner():\n"
		"    os.listdir('/etc')\n"
		"inner()\n"
		"exec(compile(\"import os\\nos.listdir('/usr')\", '<made>', "
		"'exec'))\n"
		"sys.path.insert(0, '/tmp/x/site-packages')\n"
		"exec(compile(\"os.listdir('/var')\", "
		"'/opt/site-packages/shop/core.py', 'exec'))\n"
		"import subprocess\n"
		"subprocess.run(['true'])\n");

	(void)state;
	assert_exit(run, 0);
	assert_seen(run, "os.listdir('/etc')",
		    "@<string>:3:inner via=direct "
		    "by=main owner=<string>");
	assert_seen(run, "os.listdir('/usr')", "by=dynamic owner=-");
	assert_seen(run, "os.listdir('/var')", "by=shop");
	assert_seen(run, "import('encodings'", "by=python");
	assert_seen(run, "subprocess.Popen('true', ['true'], None, None)",
		    "bin/true @");
	run_free(run);
}

static void finds_programs_and_names_of_variables(void **state)
{
	struct run *run = run_code(
		python(), NULL, 0,
		"import subprocess, os\n"
		"subprocess.run(['true', '--password=hunter2'], "
		"env={'PATH': '/nowhere:/usr/bin', 'B': '1', 'A': 'x'})\n"
		"subprocess.run('true; echo token=abc >/dev/null', "
		"shell=True)\n"
		"subprocess.run(['./true'], cwd='/usr/bin')\n"
		"os.system('true')\n"
		"os.putenv('X', 'secretvalue')\n");

	(void)state;
	assert_exit(run, 0);
	assert_seen(run,
		    "subprocess.Popen('true', ['true', '--password=***'], "
		    "None, ['A', 'B', 'PATH'])",
		    "~0=/usr/bin/true");
	assert_seen(run, "'true; echo token=*** >/dev/null'", "by=main");
	assert_seen(run, "subprocess.Popen('./true'", "~0=/usr/bin/true");
	assert_seen(run, "os.system(b'true')", "by=main");
	assert_seen(run, "os.putenv(b'X', #11)", "by=main");
	assert_int_equal(count_lines(run, "hunter2", ""), 0);
	run_free(run);
}

static void follows_children(void **state)
{
	struct run *run = run_code(
		python(), NULL, 0,
		"import os, subprocess, sys\n"
		"me = sys.executable\n"
		"c = ['-c', 'import os; os.listdir(\"/etc\")']\n"
		"pid = os.fork()\n"
		"if pid == 0:\n"
		"    os.listdir('/usr')\n"
		"    os._exit(0)\n"
		"os.waitpid(pid, 0)\n"
		"subprocess.run([me] + c)\n"
		"subprocess.run([me] + c, env={})\n"
		"subprocess.run(['/bin/sh', '-c', 'exec \"$0\" \"$@\"', me] + "
		"c, close_fds=True)\n"
		"os.waitpid(os.posix_spawn(me, [me] + c, {}), 0)\n"
		"pid = os.fork()\n"
		"if pid == 0:\n"
		"    os.execve(me, [me] + c, {})\n"
		"os.waitpid(pid, 0)\n"
		"os.execv(me, [me] + c)\n");

	(void)state;
	assert_exit(run, 0);
	assert_accounts(run);
	assert_int_equal(count_lines(run, "os.listdir('/etc')", "by=main"), 6);
	assert_int_equal(count_lines(run, "os.listdir('/usr')", "by=main"), 1);
	/* before 3.10 subprocess forks where it could vfork */
	assert_true(count_lines(run, "hello reason=1", "") >= 2);
	run_free(run);
}

static void follows_multiprocessing(void **state)
{
	struct run *run = run_script(
		python(), 0,
		"import multiprocessing as m, os, sys\n"
		"def f(x):\n"
		"    os.listdir('/etc')\n"
		"    return x\n"
		"if __name__ == '__main__':\n"
		"    for way in 'fork', 'spawn':\n"
		"        with m.get_context(way).Pool(2) as p:\n"
		"            assert p.map(f, range(4)) == [0, 1, 2, 3]\n"
		"            p.close()\n"
		"            p.join()\n");

	(void)state;
	assert_exit(run, 0);
	assert_accounts(run);
	assert_int_equal(count_lines(run, "os.listdir('/etc')", "by=app"), 8);
	run_free(run);
}

static void notices_forks_nobody_announces(void **state)
{
	struct run *run =
		run_code(python(), NULL, 0,
			 "import ctypes, os\n"
			 "fork = ctypes.CDLL(None).syscall\n"
			 "os.listdir('/etc')\n"
			 "if fork(57) == 0:\n" /* SYS_fork on x86-64 */
			 "    os.listdir('/usr')\n"
			 "    os.kill(os.getpid(), 9)\n"
			 "os.wait()\n"
			 "os.listdir('/var')\n");

	(void)state;
#if !defined(__x86_64__)
	skip();
#endif
	assert_exit(run, 0);
	assert_accounts(run);
	assert_seen(run, "0 os.listdir('/etc')", "by=main");
	assert_seen(run, "1 os.listdir('/usr')", "by=main");
	assert_seen(run, "0 os.listdir('/var')", "by=main");
	run_free(run);
}

static void finds_the_way_back_when_descriptors_are_closed(void **state)
{
	struct run *run = run_code(python(), NULL, 0,
				   "import os\n"
				   "os.closerange(3, 4096)\n"
				   "fds = [os.open('/', 0) for i in range(4)]\n"
				   "if os.fork() == 0:\n"
				   "    os.listdir('/usr')\n"
				   "    for fd in fds: os.close(fd)\n"
				   "    os._exit(0)\n"
				   "assert os.wait()[1] == 0\n"
				   "for fd in fds: os.close(fd)\n");

	(void)state;
	assert_exit(run, 0);
	assert_accounts(run);
	assert_seen(run, "1 os.listdir('/usr')", "by=main");
	run_free(run);
}

static void keeps_count_in_threads_and_forks(void **state)
{
	struct run *run = run_code(
		python(), NULL, 0,
		"import os, sys, threading\n"
		"def work():\n"
		"    for i in range(2000):\n"
		"        sys.audit('x', i)\n"
		"ts = [threading.Thread(target=work) for i in range(4)]\n"
		"for t in ts: t.start()\n"
		"for i in range(20):\n"
		"    if os.fork() == 0:\n"
		"        sys.audit('y', i)\n"
		"        os.kill(os.getpid(), 9 if i % 2 else 15)\n"
		"    os.wait()\n"
		"for t in ts: t.join()\n");

	(void)state;
	assert_exit(run, 0);
	assert_accounts(run);
	assert_int_equal(count_lines(run, "0 x(", ""), 8000);
	assert_int_equal(count_lines(run, " y(", "by=main"), 20);
	run_free(run);
}

static void counts_what_does_not_fit(void **state)
{
	struct run *run = run_new(0);
	const char *argv[] = { python(), "-c",
			       "import sys\n"
			       "for i in range(20000):\n"
			       "    sys.audit('flood', i, 'x' * 100)\n"
			       "    id(i)\n",
			       NULL };
	const struct sm_ring_header *h;

	(void)state;
	run->ring_bytes = SM_RING_BYTES_MIN;
	run->is_slow = true;
	run_command(run, argv);
	assert_exit(run, 0);
	assert_accounts(run);
	h = run->rings[0]->memory.reader.header;
	assert_true(h->lost[SM_LOSS_RING_FULL] > 10000);
	assert_true(h->noise >= 20000);
	run_free(run);
}

static void survives_without_collector(void **state)
{
	struct run *run = run_new(0);
	const char *argv[] = { python(), "-c", "import os; os.listdir('/')",
			       NULL };

	(void)state;
	run->is_dumb = true;
	run_command(run, argv);
	assert_exit(run, 0);
	run_free(run);
}

static void runs_with_debug_allocators(void **state)
{
	static const char *const options[] = { "-Xdev", "-I", "-S", "-E" };

	(void)state;
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		struct run *run = run_code(python(), options[i], 0,
					   "import os; os.listdir('/etc')");

		assert_exit(run, 0);
		assert_accounts(run);
		assert_seen(run, "os.listdir('/etc')", "by=main");
		run_free(run);
	}
	setenv("PYTHONMALLOC", "debug", 1);
	for (unsigned i = 0; i < 2; i++) {
		struct run *run = run_code(python(), NULL, 0, "pass");

		assert_exit(run, 0);
		run_free(run);
		setenv("PYTHONMALLOC", "malloc_debug", 1);
	}
	unsetenv("PYTHONMALLOC");
}

static void fails_closed_without_policy(void **state)
{
	const char *argv[] = { python(), "-c", "pass", NULL };
	struct run *run = run_new(SM_CHANNEL_ENFORCE);

	(void)state;
	run->is_quiet = true;
	run_command(run, argv);
	assert_false(WIFEXITED(run->status) && !WEXITSTATUS(run->status));
	assert_true(count_lines(run, "denied=no-policy", "") > 0);
	run_free(run);
}

static void fails_open_when_asked(void **state)
{
	struct run *run =
		run_code(python(), NULL,
			 SM_CHANNEL_ENFORCE | SM_CHANNEL_FAIL_OPEN, "pass");

	(void)state;
	assert_exit(run, 0);
	run_free(run);
}

static void warns_when_asked(void **state)
{
	struct run *run =
		run_code(python(), NULL, SM_CHANNEL_ENFORCE | SM_CHANNEL_WARN,
			 "import os; os.listdir('/etc')");

	(void)state;
	assert_exit(run, 0);
	assert_seen(run, "os.listdir('/etc')", "warned=no-policy");
	run_free(run);
}

/* Everything but what a test is about. */
static const char policy_text[] =
	"{ \"secmgr\": 1, \"use\": [\"python-runtime\"],\n"
	"\"variables\": { \"STDLIB\": [\"/usr/lib/python3.11\"],"
	" \"SITE\": [\"/usr/lib/python3/dist-packages\","
	" \"/usr/local/lib/python3.11/dist-packages\"],"
	" \"TMP\": \"/tmp\" },\n"
	"\"files\": [ { \"id\": \"f1\", \"path\": \"/etc/hostname\","
	" \"access\": [\"read\"], \"by\": [\"main\"] },\n"
	"{ \"id\": \"f2\", \"path\": \"/etc\", \"access\": [\"read\"],"
	" \"by\": [\"main\"] } ],\n"
	"\"pickles\": [ { \"id\": \"k1\","
	" \"class\": \"builtins.PermissionError\" } ],\n"
	"\"code\": [ { \"id\": \"c1\", \"exec\": \"<string>\","
	" \"by\": [\"python\", \"main\"] } ] }\n";

static void set_policy(struct run *run, const char *text)
{
	struct compiled c = compile_text(text);

	run->policy_fd =
		memfd_create("policy", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	assert_true(run->policy_fd >= 0);
	run->policy_bytes = (uint32_t)c.policy.bytes;
	assert_int_equal(write(run->policy_fd, c.blob, c.policy.bytes),
			 c.policy.bytes);
	assert_int_equal(
		fcntl(run->policy_fd, F_ADD_SEALS,
		      F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL),
		0);
	compiled_free(&c);
}

/* Decides nothing of what tests do. */
static const char other_text[] =
	"{ \"secmgr\": 1, \"modes\": { \"files\": \"off\","
	" \"code\": \"off\" } }\n";

static void asks_again_when_the_policy_changes(void **state)
{
	struct run *run = run_new(SM_CHANNEL_ENFORCE | SM_CHANNEL_WARN);
	const char *argv[] = { python(), "-c",
			       "import os, time\n"
			       "for i in range(200):\n"
			       "    os.listdir('/srv')\n"
			       "    time.sleep(0.01)\n",
			       NULL };
	unsigned warned;

	(void)state;
	set_policy(run, policy_text);
	run->reload = other_text;
	run->reloads_ignored = 1; /* goes on by the old one, asks again */
	run_command(run, argv);
	assert_exit(run, 0);
	assert_accounts(run);
	assert_int_equal(run->ring_count, 1);
	assert_int_equal(count_lines(run, "asked for policies", ""), 2);
	assert_int_equal(count_lines(run, "policy generation=1", ""), 1);
	warned = count_lines(run, "os.listdir('/srv')", "warned=");
	assert_true(warned > 10 && warned < 200);
	assert_int_equal(count_lines(run, "os.listdir('/srv')", "by=main"),
			 200);
	assert_int_equal(
		atomic_load(&run->rings[0]->memory.reader.header->generation),
		1);
	/* warned only: nothing was denied */
	assert_int_equal(
		atomic_load(&run->rings[0]->memory.reader.header->after_denial),
		0);
	run_free(run);
}

static void raises_what_pickles_as_permission_error(void **state)
{
	static const char code[] =
		"import pickle, copy, errno\n"
		"open('/etc/hostname').close()\n"
		"def denied(path):\n"
		"    try:\n"
		"        open(path)\n"
		"    except PermissionError as e:\n"
		"        return e\n"
		"e = denied('/etc/passwd')\n"
		"assert e.errno == errno.EACCES and e.filename == "
		"'/etc/passwd', repr(e)\n"
		"assert type(e).__module__ == 'secmgr'\n"
		"assert type(e).__name__ == 'PolicyViolation'\n"
		"assert type(e) is type(denied('/etc/shadow'))\n"
		"import os\n"
		"etc = os.open('/etc', os.O_RDONLY)\n"
		"for name in 'passwd', b'shadow', '../etc/group':\n"
		"    try:\n"
		"        os.open(name, os.O_RDONLY, dir_fd=etc)\n"
		"    except PermissionError as other:\n"
		"        pass\n"
		"    else:\n"
		"        raise AssertionError(name)\n"
		"for word in 'files', 'read', '/etc/passwd', 'main', 'event':\n"
		"    assert word in e.strerror, e.strerror\n"
		"for again in pickle.loads(pickle.dumps(e)), copy.copy(e):\n"
		"    assert type(again) is PermissionError\n"
		"    assert again.filename == e.filename\n"
		"    assert again.strerror == e.strerror\n";
	struct run *run = run_new(SM_CHANNEL_ENFORCE);
	const char *argv[] = { "/usr/bin/python3", "-IS", "-c", code, NULL };

	(void)state;
	set_policy(run, policy_text);
	run_command(run, argv);
	assert_seen(run, "open('/etc/hostname'", "allowed=f1");
	assert_seen(run, "open('/etc/passwd'", "denied=");
	assert_exit(run, 0);
	assert_accounts(run);
	run_free(run);
}

/*
 * What was allowed is remembered: only for the same path, whatever its length
 * and whichever byte is another, and only for the same purpose.
 */
static void remembers_no_more_than_it_decided(void **state)
{
	static const char code[] =
		"import posix\n"
		"def is_allowed(path, flags):\n"
		"    try:\n"
		"        posix.open(path, flags)\n"
		"    except PermissionError:\n"
		"        return False\n"
		"    except FileNotFoundError:\n"
		"        return True\n"
		"for n in range(1, 41):\n"
		"    path = '/' + 'a' * n\n"
		"    for _ in range(2):\n"
		"        assert is_allowed(path, 0) == (n != 20), path\n"
		"        for i in range(1, n + 1):\n"
		"            other = path[:i] + 'b' + path[i + 1:]\n"
		"            assert not is_allowed(other, 0), other\n"
		"        assert not is_allowed(path, 1), path\n"
		"        assert not is_allowed(path.encode() + b'b', 0)\n";
	struct run *run = run_new(SM_CHANNEL_ENFORCE);
	const char *argv[] = { "/usr/bin/python3", "-IS", "-c", code, NULL };
	char text[8192], path[48] = "/";
	int used = snprintf(text, sizeof(text),
			    "{ \"secmgr\": 1, \"use\": [\"python-runtime\"],"
			    "\"variables\": { \"STDLIB\": "
			    "[\"/usr/lib/python3.11\"], \"TMP\": \"/tmp\" },"
			    "\"files\": [");

	(void)state;
	for (int n = 1; n <= 40; n++) {
		strcat(path, "a");
		if (n != 20)
			used += snprintf(
				text + used, sizeof(text) - (size_t)used,
				"%s{ \"id\": \"f%d\", \"path\": \"%s\","
				"\"access\": [\"read\"], "
				"\"by\": [\"main\"] }",
				n == 1 ? "" : ",", n, path);
	}
	snprintf(text + used, sizeof(text) - (size_t)used,
		 "], \"code\": [ { \"id\": \"c1\", \"exec\": \"<string>\","
		 " \"by\": [\"python\", \"main\"] } ] }");
	set_policy(run, text);
	run_command(run, argv);
	assert_exit(run, 0);
	assert_int_equal(count_lines(run, "", "allowed=f40"), 2);
	run_free(run);
}

static void children_inherit_the_policy(void **state)
{
	static const char code[] =
		"import os, sys\n"
		"if os.fork():\n"
		"    sys.exit(os.waitstatus_to_exitcode(os.wait()[1]))\n"
		"try:\n"
		"    open('/etc/passwd')\n"
		"except PermissionError:\n"
		"    os._exit(7)\n";
	struct run *run = run_new(SM_CHANNEL_ENFORCE);
	const char *argv[] = { "/usr/bin/python3", "-IS", "-c", code, NULL };

	(void)state;
	set_policy(run, policy_text);
	run_command(run, argv);
	assert_seen(run, "1 open('/etc/passwd'", "denied=");
	assert_exit(run, 7);
	run_free(run);
}

static void stays_out_of_other_programs(void **state)
{
	struct run *run = run_new(0);
	const char *argv[] = { "/bin/sh", "-c", "true; ls / >/dev/null", NULL };

	(void)state;
	run_command(run, argv);
	assert_exit(run, 0);
	assert_int_equal(run->ring_count, 0);
	run_free(run);
}

/* An embedder: dlopen, twice up and down, once with debug allocators. */
static int embed(const char *library)
{
	void *handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
	void (*initialize)(int), (*finalize)(void);
	int (*run_string)(const char *, void *);

	if (!handle)
		return 77;
	*(void **)&initialize = dlsym(handle, "Py_InitializeEx");
	*(void **)&finalize = dlsym(handle, "Py_Finalize");
	*(void **)&run_string = dlsym(handle, "PyRun_SimpleStringFlags");
	for (int i = 0; i < 3; i++) {
		initialize(0);
		if (run_string("import os, json\nos.listdir('/etc')\n", NULL))
			return 1;
		finalize();
	}
	return 0;
}

static void serves_embedders_again_and_again(void **state)
{
	static const char *const libraries[] = { "libpython3.11.so.1.0", NULL };
	const char *given = getenv("SM_TEST_LIBPYTHON");

	(void)state;
#if defined(__SANITIZE_ADDRESS__)
	skip(); /* preloads into this very program, and ASan must be first */
#endif
	for (int debug = 0; debug < 2; debug++) {
		struct run *run = run_new(0);
		const char *argv[] = { "/proc/self/exe", "--embed",
				       given ? given : libraries[0], NULL };
		char self[4096] = "";

		assert_true(readlink(argv[0], self, sizeof(self) - 1) > 0);
		argv[0] = self;
		setenv("PYTHONMALLOC", debug ? "debug" : "default", 1);
		run_command(run, argv);
		unsetenv("PYTHONMALLOC");
		if (WEXITSTATUS(run->status) == 77) {
			run_free(run);
			print_message("no %s here\n", argv[2]);
			skip();
		}
		assert_exit(run, 0);
		assert_accounts(run);
		assert_int_equal(count_lines(run, "os.listdir('/etc')", "by="),
				 3);
		run_free(run);
	}
}

/* Every interpreter named in SM_TEST_PYTHONS (by colons) and found on PATH. */
static void try_interpreter(const char *interpreter)
{
	struct run *run = run_script(
		interpreter, 0,
		"import os, threading\n"
		"def f():\n"
		"    os.listdir('/etc')\n"
		"t = [threading.Thread(target=f) for i in range(4)]\n"
		"for x in t: x.start()\n"
		"for x in t: x.join()\n"
		"exec(\"os.listdir('/usr')\")\n");

	print_message("%s\n", interpreter);
	assert_exit(run, 0);
	assert_accounts(run);
	assert_true(run->rings[0]->has_interpreter);
	assert_int_equal(count_lines(run, "os.listdir('/etc')",
				     "app.py:3:f via=direct by=app"),
			 4);
	assert_seen(run, "os.listdir('/usr')", "by=dynamic");
	assert_seen(run, "by=dynamic", "/app.py");
	run_free(run);
	run = run_code(interpreter, "-Xdev", 0, "pass");
	assert_exit(run, 0);
	run_free(run);
}

static bool works(const char *interpreter)
{
	char command[512];

	snprintf(command, sizeof(command), "%s -c pass >/dev/null 2>&1",
		 interpreter);
	return system(command) == 0;
}

static void serves_every_interpreter(void **state)
{
	const char *given = getenv("SM_TEST_PYTHONS");
	char *list = strdup(given ? given : ""), *rest = list, *item;

	(void)state;
	try_interpreter(python());
	while ((item = strsep(&rest, ":")))
		if (*item)
			try_interpreter(item);
	free(list);
	for (int minor = 8; !given && minor <= 14; minor++) {
		char name[32];

		snprintf(name, sizeof(name), "python3.%d", minor);
		if (works(name))
			try_interpreter(name);
	}
}

/* BUILD/tests/test_agent -> BUILD/lib/secmgr/libsecmgr.so */
static bool find_agent(void)
{
	const char *given = getenv("SM_TEST_AGENT");
	char self[3800] = "", *slash;
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (n > 0)
		self[n] = '\0';
	for (unsigned i = 0; i < 2 && (slash = strrchr(self, '/')); i++)
		*slash = '\0';
	snprintf(agent_path, sizeof(agent_path), "%s%s", given ? given : self,
		 given ? "" : "/lib/secmgr/libsecmgr.so");
	return !access(agent_path, R_OK) && !access(python(), X_OK);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(records_what_a_script_does),
		cmocka_unit_test(finds_the_directory_of_os_open),
		cmocka_unit_test(tells_import_from_reading),
		cmocka_unit_test(names_principals),
		cmocka_unit_test(finds_programs_and_names_of_variables),
		cmocka_unit_test(follows_children),
		cmocka_unit_test(follows_multiprocessing),
		cmocka_unit_test(notices_forks_nobody_announces),
		cmocka_unit_test(
			finds_the_way_back_when_descriptors_are_closed),
		cmocka_unit_test(asks_again_when_the_policy_changes),
		cmocka_unit_test(keeps_count_in_threads_and_forks),
		cmocka_unit_test(counts_what_does_not_fit),
		cmocka_unit_test(survives_without_collector),
		cmocka_unit_test(runs_with_debug_allocators),
		cmocka_unit_test(fails_closed_without_policy),
		cmocka_unit_test(fails_open_when_asked),
		cmocka_unit_test(warns_when_asked),
		cmocka_unit_test(raises_what_pickles_as_permission_error),
		cmocka_unit_test(remembers_no_more_than_it_decided),
		cmocka_unit_test(children_inherit_the_policy),
		cmocka_unit_test(stays_out_of_other_programs),
		cmocka_unit_test(serves_embedders_again_and_again),
		cmocka_unit_test(serves_every_interpreter),
	};

	if (argc == 3 && !strcmp(argv[1], "--embed"))
		return embed(argv[2]);
#if defined(__SANITIZE_ADDRESS__)
	/* An instrumented library cannot be preloaded into a plain guest. */
	if (!getenv("SM_TEST_AGENT")) {
		print_message("agent: skipped, SM_TEST_AGENT is not set\n");
		return 0;
	}
#endif
	if (!find_agent()) {
		print_error("%s or %s is missing: make all, "
			    "tools/dev/install-deps\n",
			    agent_path, python());
		return 1;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
