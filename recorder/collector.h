/* SPDX-License-Identifier: Apache-2.0 */
/*
 * collector.h: the parent's side of a recording. Hands rings to agents, drains
 * them in one thread, decodes and stores in another, so that the drain never
 * waits for the disk.
 *
 *   sm_collector_open()  sockets; then fork COMMAND with
 *   sm_collector_channel() in its environment and the descriptor inherited
 *   sm_collector_start() threads; then let COMMAND go on
 *   sm_collector_command_ended() when COMMAND has, or sm_collector_stop()
 *   poll sm_collector_done_fd(), then sm_collector_join() and _free()
 */
#ifndef RECORDER_COLLECTOR_H
#define RECORDER_COLLECTOR_H

#include "recorder/channel.h"
#include "schema/policy.h"
#include "schema/trace.h"

struct sm_collector;

/* A policy to hand out, and what a trace keeps of it. NULL blob: none. */
struct sm_collector_policy {
	const void *blob; /* compiled */
	size_t bytes;
	const char *path, *sha256, *text; /* may be NULL; sha256 in hex */
};

struct sm_collector_options {
	uint32_t ring_bytes; /* a power of two; 0: SM_RING_BYTES */
	enum sm_on_full on_full;
	uint32_t wait_ns;
	uint32_t flags; /* enum sm_channel_flag, told to every agent */
	/* What agents hash credentials under; also given to every one. */
	uint8_t key[SM_DIGEST_KEY_BYTES];
	/* Copied. shadow is only asked; it needs a policy. */
	struct sm_collector_policy policy, shadow;
	/* What policies were compiled with, for those of a reload; borrowed
	 * until sm_collector_free(). */
	const struct sm_binding *variables;
	size_t variable_count;
	const char *title; /* for secmgr-status: COMMAND; copied */
	const char
		*output; /* for secmgr-status: the trace; copied, may be NULL */
	/*
	 * All are called in the storing thread, and may be NULL. wants: whether
	 * to store an event of that name (else all). denied: an event one of
	 * the policies does not allow; everything in it is borrowed. ended:
	 * after its last event. has_begun: whether the process has come to run
	 * a program, after what every interpreter does when it starts.
	 */
	bool (*wants)(void *context, struct sm_str event);
	void *wants_context;
	void (*denied)(void *context, uint32_t pid,
		       const struct sm_event *event, bool has_begun);
	void (*ended)(void *context, uint32_t pid, bool has_begun);
	void *denied_context; /* ended's too */
	/*
	 * The bound of the trace's file, 0: none. There next_trace, called in
	 * the storing thread, closes *trace and opens what continues it; a
	 * failure leaves NULL. Without next_trace nothing more is stored:
	 * what comes is lost, cause SM_LOSS_STORE.
	 */
	uint64_t max_bytes;
	uint64_t max_age_ns; /* likewise, since the file was begun */
	enum sm_status (*next_trace)(void *context,
				     struct sm_trace_writer **trace,
				     struct sm_diag *diag);
	void *next_context;
};

/* What a recording came to; complete after sm_collector_join(). */
struct sm_collector_summary {
	uint64_t processes; /* that said hello and got a ring */
	uint64_t attempts, stored, noise;
	uint64_t lost[SM_LOSSES]; /* events; NO_CHANNEL: before a ring */
	uint64_t uncovered;	  /* processes that never got a ring */
	uint64_t tainted;	  /* processes whose ring made no sense */
	uint64_t unbalanced;	/* processes that counted less than they sent */
	uint64_t still_running; /* when the recording was stopped */
	/* Events that the shadow policy would deny and nothing denied; the
	 * other way round. */
	uint64_t shadow_denies, shadow_allows;
	bool has_shadow;      /* there was one, some time */
	uint64_t files;	      /* of the trace: 1 + times it was continued */
	bool is_bounded;      /* max_bytes was reached: the rest is lost */
	struct sm_diag store; /* status SM_OK, or why storing failed */
};

/*
 * Creates the sockets. No thread yet, so that the caller may fork. Copies what
 * options point to, context excepted.
 */
SM_CHECKED enum sm_status
sm_collector_open(const struct sm_collector_options *options,
		  struct sm_collector **out, struct sm_diag *diag);
/*
 * The value of SECMGR_CHANNEL. The descriptor it names is for COMMAND: open
 * in this process until sm_collector_start(), CLOEXEC until
 * sm_collector_inherit(), which COMMAND's side calls between fork and exec.
 */
const char *sm_collector_channel(const struct sm_collector *collector);
void sm_collector_inherit(const struct sm_collector *collector);

/*
 * Starts both threads, and returns when hellos are answered: COMMAND had better
 * not run before, its first one has 100 ms. Signals are the caller's (block
 * them before). trace is borrowed and belongs to the storing thread until
 * sm_collector_join(); NULL stores nothing. Raises this process's soft limits
 * of descriptors and file size.
 */
SM_CHECKED enum sm_status sm_collector_start(struct sm_collector *collector,
					     uint32_t command_pid,
					     struct sm_trace_writer *trace,
					     struct sm_diag *diag);
/* COMMAND is gone with a wait(2) status (-1: unknown). Any thread. */
void sm_collector_command_ended(struct sm_collector *collector, int32_t status);
/* Ends the recording now, whoever still runs. Any thread. */
void sm_collector_stop(struct sm_collector *collector);
/* Readable once everything is drained and handed to the trace. */
int sm_collector_done_fd(const struct sm_collector *collector);
/* Waits for both threads; afterwards trace is the caller's again. */
void sm_collector_join(struct sm_collector *collector,
		       struct sm_collector_summary *summary);
/* Removes the sockets. Accepts NULL and a collector that never started. */
void sm_collector_free(struct sm_collector *collector);

/* ----------------------------------------------------------------- status */

/*
 * A running collector answers on DIRECTORY/status with one SCM_RIGHTS memfd
 * holding a sequence of CBOR arrays: first [version, wrapper pid, flags, title,
 * output, COMMAND's pid, generation, policy path, sha256, shadow path, sha256,
 * [name, value, ... of variables]], then for each process [pid, guest pid, exe,
 * events, noise, lost, generation it decides by, attempts, seq after which
 * events follow a denial or 0].
 */
#define SM_COLLECTOR_STATUS_VERSION 2
#define SM_COLLECTOR_DIRECTORY	    "secmgr-" /* name prefix */
#define SM_COLLECTOR_STATUS_SOCKET  "status"

/* ---------------------------------------------------------------- control */

/*
 * Policies are replaced by one message on DIRECTORY/control (SOCK_SEQPACKET)
 * that passes a memfd with CBOR: [version, mode, policy, shadow]. Each policy
 * is [enum sm_collector_change], for REPLACE with path, sha256, canonical text
 * and compiled blob behind. The answer is [version, generation, ""], or
 * [version, 0, why not]: then nothing has changed.
 */
enum sm_collector_change {
	SM_COLLECTOR_KEEP,
	SM_COLLECTOR_REMOVE, /* the shadow */
	SM_COLLECTOR_REPLACE,
};
enum sm_collector_mode {
	SM_COLLECTOR_MODE_KEEP,
	SM_COLLECTOR_MODE_BLOCK,
	SM_COLLECTOR_MODE_WARN,
};
#define SM_COLLECTOR_CONTROL_VERSION 1
#define SM_COLLECTOR_CONTROL_SOCKET  "control"
#define SM_COLLECTOR_REQUEST_MAX     (64u << 20)

#endif
