/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent_run.h: a command under the agent, and a small collector of our own that
 * makes a line of text to look for of each event.
 *
 * Of a run: run_new(), set in it what is to be other than usual, run_command(),
 * look at its log and its rings, run_free(). run_code() and run_script() do the
 * first three.
 */
#ifndef TESTS_UNIT_AGENT_RUN_H
#define TESTS_UNIT_AGENT_RUN_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "recorder/channel.h"
#include "recorder/record.h"

#define RUN_RINGS_MAX 64
#define RUN_CODES_MAX 4096
#define RUN_CONNS_MAX 64
#define RUN_LOG_BYTES (8u << 20)

struct run_code {
	const char *file, *function, *package;
	enum sm_principal_kind kind;
};

struct run_ring {
	struct sm_ring_memory memory;
	struct sm_hello hello; /* strings are gone; numbers stay */
	struct run_code codes[RUN_CODES_MAX];
	uint32_t code_count;
	uint64_t stored, lost_told, last_seq;
	bool has_interpreter;
};

/* One run of a command under the agent. */
struct run {
	char dir[64], socket[96], channel[SM_CHANNEL_TEXT_MAX];
	int listener;
	int conns[RUN_CONNS_MAX];
	unsigned conn_count;
	struct run_ring *rings[RUN_RINGS_MAX];
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

/* Borrowed: SM_TEST_PYTHON, or Debian's. */
const char *run_python(void);

struct run *run_new(uint32_t flags);
void run_free(struct run *run);
/* What is handed out from now on. */
void run_set_policy(struct run *run, const char *text);
/* Runs argv to its end; children that outlive it get a moment. */
void run_command(struct run *run, const char *const *argv);
/* interpreter [OPTION] -c CODE */
struct run *run_code(const char *interpreter, const char *option,
		     uint32_t flags, const char *code);
/* An app script in the run's own directory, which is its argument. */
struct run *run_script(const char *interpreter, uint32_t flags,
		       const char *code);

/* Lines of the log that hold both texts. */
unsigned run_count(const struct run *run, const char *a, const char *b);
#define assert_seen(run, a, b) run_assert_seen(run, a, b, __LINE__)
void run_assert_seen(const struct run *run, const char *a, const char *b,
		     int at);
void run_assert_exit(const struct run *run, int code);
/* attempts = stored + noise + lost, in every process. */
void run_assert_accounts(const struct run *run);

/* The collector's part: whoever is there is served, for wait_ms at the most. */
void run_serve(struct run *run, int wait_ms);
/* Whether anything was in the rings. */
bool run_drain(struct run *run);

/* main() of a test: without the agent, or where it cannot be, says why. */
int run_all(const char *name, const struct CMUnitTest *tests, size_t count);

#endif
