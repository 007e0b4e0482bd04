/* SPDX-License-Identifier: Apache-2.0 */
/*
 * collector_fixture.h: a collector with a trace, and agents made here, each in
 * a process of its own.
 *
 * collector_start(), agent_run() as often as needed, agent_reap() each,
 * collector_end(); then look at summary and trace. What cannot be as it should
 * fails the test; in an agent, its process.
 */
#ifndef TESTS_UNIT_COLLECTOR_FIXTURE_H
#define TESTS_UNIT_COLLECTOR_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <cmocka.h>

#include "recorder/collector.h"
#include "recorder/record.h"

#define COLLECTOR_RING SM_RING_BYTES_MIN

enum { AGENT_SECONDS = 200 }; /* then it hangs */

struct fixture {
	struct sm_collector *collector;
	struct sm_collector_summary summary;
	struct sm_trace_writer *trace;
	char directory[32], path[64];
	unsigned denied;
	int stall; /* the first denial is told when this ends; -1: at once */
};

struct agent {
	struct sm_ring_writer writer;
	uint64_t seq;
	enum sm_hello_reason reason;
	uint32_t claimed_pid;
	bool cannot_map; /* what it is handed */
};

typedef void agent_body(struct fixture *f, struct agent *agent);

int collector_set_up(void **state);
int collector_tear_down(void **state);
#define WITH_COLLECTOR(name)                                                   \
	cmocka_unit_test_setup_teardown(name, collector_set_up,                \
					collector_tear_down)

void collector_start(struct fixture *f);
/* Joins it, closes the trace and holds the sums to each other. */
void collector_finish(struct fixture *f);
/* The command has ended: all that was started has. */
void collector_end(struct fixture *f);
/* Events in the trace, of one process or (0) of all; in order. */
uint64_t collector_count_events(struct fixture *f, uint32_t pid);

/* A process that joins, puts its code and does what body says; 99: refused. */
pid_t agent_run(struct fixture *f, agent_body *body);
/* The status that wait(2) gave. */
int agent_reap(pid_t pid);

/* In the agent's process. */
bool agent_join(struct fixture *f, struct agent *agent);
/* Hello without waiting for an answer. */
bool agent_say_hello(struct fixture *f);
/* False: the ring was full, and the loss is counted. */
bool agent_put_event(struct agent *agent, enum sm_event_kind kind,
		     enum sm_decision decision);
/* Waits while the ring is full. */
void agent_put_until_stored(struct agent *agent, unsigned count);
/* SM_HELLO_MAX bytes at most; returns how many. */
uint32_t agent_make_hello(const struct agent *agent, uint8_t *out);
/* A socket to the collector, or -1. */
int agent_connect(const struct sm_channel_address *address);
/* pass: a descriptor that goes along, or -1. */
bool agent_send_hello(int fd, const uint8_t *bytes, uint32_t n, int pass);
/* CLOCK_MONOTONIC */
uint64_t agent_now_ns(void);

#endif
