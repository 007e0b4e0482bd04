/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent_run.c: commands under the agent, and what their logs hold.
 */
#include "tests/unit/agent_run.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "tests/unit/policy_fixture.h"

static char agent_path[4096];

const char *run_python(void)
{
	const char *given = getenv("SM_TEST_PYTHON");

	return given ? given : "/usr/bin/python3";
}

struct run *run_new(uint32_t flags)
{
	struct run *run = calloc(1, sizeof(*run));
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct sm_channel_address channel = { .fd = 0, .flags = flags };

	assert_non_null(run);
	run->log = malloc(RUN_LOG_BYTES);
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

void run_free(struct run *run)
{
	for (unsigned i = 0; i < run->ring_count; i++) {
		struct run_ring *ring = run->rings[i];

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

void run_set_policy(struct run *run, const char *text)
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

/* What was handed out before stays mapped where it is. */
static void start_reload(struct run *run)
{
	close(run->policy_fd);
	run_set_policy(run, run->reload);
	run->generation = 1;
	for (unsigned i = 0; i < run->ring_count; i++)
		atomic_store(&run->rings[i]->memory.reader.control->generation,
			     1);
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

unsigned run_count(const struct run *run, const char *a, const char *b)
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

void run_command(struct run *run, const char *const *argv)
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
		run_serve(run, 10);
		if (run->status < 0 && waitpid(pid, &run->status, WNOHANG) == 0)
			run->status = -1;
		if (run->status < 0 && run->is_slow)
			continue;
		if (run->reload && !run->generation &&
		    run_count(run, "os.listdir('/srv')", "by=main") > 10)
			start_reload(run);
		if (run_drain(run) || run->status < 0)
			quiet = 0;
		else
			quiet++;
	}
	assert_true(run->status >= 0);
}

struct run *run_code(const char *interpreter, const char *option,
		     uint32_t flags, const char *code)
{
	const char *argv[] = { interpreter, option, "-c", code, NULL };
	const char *plain[] = { interpreter, "-c", code, NULL };
	struct run *run = run_new(flags);

	run_command(run, option ? argv : plain);
	return run;
}

struct run *run_script(const char *interpreter, uint32_t flags,
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

void run_assert_seen(const struct run *run, const char *a, const char *b,
		     int at)
{
	if (run_count(run, a, b))
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

void run_assert_exit(const struct run *run, int code)
{
	if (!WIFEXITED(run->status) || WEXITSTATUS(run->status) != code)
		print_error("wait status %#x\n", run->status);
	assert_true(WIFEXITED(run->status));
	assert_int_equal(WEXITSTATUS(run->status), code);
}

void run_assert_accounts(const struct run *run)
{
	for (unsigned i = 0; i < run->ring_count; i++) {
		const struct run_ring *ring = run->rings[i];
		const struct sm_ring_header *h = ring->memory.reader.header;
		uint64_t sum = ring->stored + h->noise;

		for (unsigned k = 0; k < SM_LOSSES; k++)
			sum += h->lost[k];
		assert_int_equal(h->attempts, sum);
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
	return !access(agent_path, R_OK) && !access(run_python(), X_OK);
}

int run_all(const char *name, const struct CMUnitTest *tests, size_t count)
{
#ifdef SM_SANITISED
	/* An instrumented library cannot be preloaded into a plain guest. */
	if (!getenv("SM_TEST_AGENT")) {
		print_message("%s: skipped, SM_TEST_AGENT is not set\n", name);
		return 0;
	}
#endif
	if (!find_agent()) {
		print_error("%s or %s is missing: make all, "
			    "tools/dev/install-deps\n",
			    agent_path, run_python());
		return 1;
	}
	return _cmocka_run_group_tests(name, tests, count, NULL, NULL);
}
