/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wrapper_internal.h: one recording, as the parts of the wrapper see it.
 *
 * All of it belongs to the thread of wrapper_run(), but run_next_trace(), which
 * the collector calls in the thread that stores. A diagnostic is filled where a
 * function fails.
 */
#ifndef TOOLS_WRAPPER_INTERNAL_H
#define TOOLS_WRAPPER_INTERNAL_H

#include <sys/resource.h>

#include "schema/trace/sign.h"
#include "tools/wrapper.h"

struct run {
	struct wrapper *wrapper;
	struct sm_collector *collector;
	struct sm_trace_writer *trace;
	struct sm_signer *signer; /* NULL: nothing is signed */
	char agent[4096];
	bool is_new_file; /* ours to remove when nothing came of it */
	unsigned part;	  /* files written before this one */
	/* Of a rotation that is tried until it succeeds: the file before, */
	struct sm_trace_seal seal;
	bool has_seal, is_shifted;
	struct sm_diag unclosed; /* and what became of one of them */
	pid_t command;
	bool is_command_alive;
	int status; /* of COMMAND, wait(2) */
	int signals;
	struct rlimit old_file_size;
	struct sigaction old_child;
	sigset_t old_mask;
};

/* ----------------------------------------------------------- wrapper.c */

/*
 * Waits for the collector, closes the trace and prints how it went. True when
 * the recording must not be taken for a good one.
 */
bool run_finish(struct run *run);
/* Nothing was recorded yet, and nothing will be. */
void run_stop_collector(struct run *run);
/* Removes what was begun, prints place and diag; returns status. */
int run_give_up(struct run *run, const char *place, const struct sm_diag *diag,
		int status);

/* ----------------------------------------------------- wrapper_facts.c */

/* The facts of a new file, committed. */
enum sm_status run_set_facts(struct run *run, struct sm_diag *diag);
/* When the recording ended, by the clock on the wall. */
enum sm_status run_set_end(struct run *run);

/* ----------------------------------------------------- wrapper_trace.c */

/* Opens the output, where there is one, and writes the facts. */
enum sm_status run_open_trace(struct run *run, struct sm_diag *diag);
/* Closes without a message and removes a file that is new: nothing came. */
void run_abandon_trace(struct run *run);
/* A failure goes into store, unless one stands there already. */
void run_close_trace(struct run *run, struct sm_diag *store);
/* In the storing thread, at the bound: FILE becomes FILE.1. Tried again. */
enum sm_status run_next_trace(void *context, struct sm_trace_writer **trace,
			      struct sm_diag *diag);

/* --------------------------------------------------- wrapper_signals.c */

/* From here on signals are read; false: errno says why not. */
bool run_block_signals(struct run *run);
/* The terminal's signals that came before there was a COMMAND to get them. */
void run_pass_on_early(struct run *run);
/* What COMMAND has become: stopped (we stop, too), or ended. */
void run_reap(struct run *run);
/* Returns when everything recorded has ended. command_pidfd: or -1. */
void run_wait_for_end(struct run *run, int command_pidfd);

/* ---------------------------------------------------- wrapper_detach.c */

/* Becomes COMMAND; returns a status to exit with only when it cannot. */
int run_detached(struct run *run);

#endif
