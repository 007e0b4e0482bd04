/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wrapper_trace.c: the file a recording goes to, from its first line to the
 * next file of a rotation.
 */
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "tools/wrapper_internal.h"

/* The trace is ours, not COMMAND's, whom a soft limit is meant for. */
static void raise_file_size(struct run *run)
{
	struct rlimit limit;

	getrlimit(RLIMIT_FSIZE, &run->old_file_size);
	limit = run->old_file_size;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_FSIZE, &limit);
}

static enum sm_status check_old(const struct wrapper *wrapper,
				struct sm_diag *diag)
{
	if (!wrapper->rotates || !rotate_has_old(wrapper->output))
		return SM_OK;
	if (wrapper->open_mode == SM_TRACE_CREATE)
		return sm_fail(diag, SM_EXISTS,
			       "older files exist already (%s.1); --append "
			       "continues them, --force replaces them",
			       wrapper->output);
	if (wrapper->open_mode == SM_TRACE_FORCE)
		rotate_remove_old(wrapper->output);
	return SM_OK;
}

/* Who was killed between two files left the older one, and it is continued. */
static enum sm_status follow_old(struct run *run)
{
	const struct wrapper *wrapper = run->wrapper;
	char path[PATH_MAX + 8];
	struct sm_trace_seal seal;

	if (!wrapper->rotates || !rotate_has_old(wrapper->output))
		return SM_OK;
	snprintf(path, sizeof(path), "%s.1", wrapper->output);
	if (sm_trace_last_seal(path, &seal, NULL))
		return SM_OK; /* --verify tells */
	/* One that has a beginning keeps it. */
	return sm_trace_follow(run->trace, seal.hash) == SM_NOMEM ? SM_NOMEM
								  : SM_OK;
}

enum sm_status run_open_trace(struct run *run, struct sm_diag *diag)
{
	const struct wrapper *wrapper = run->wrapper;
	enum sm_status status;

	raise_file_size(run);
	if (!wrapper->output)
		return SM_OK;
	run->is_new_file = wrapper->open_mode != SM_TRACE_APPEND ||
			   access(wrapper->output, F_OK);
	status = check_old(wrapper, diag);
	if (status)
		return status;
	status = sm_trace_writer_open(wrapper->output, wrapper->open_mode,
				      &run->trace, diag);
	/* With another mode it is somebody else's, who writes it. */
	if (status == SM_EXISTS && wrapper->open_mode == SM_TRACE_CREATE)
		sm_fail(diag, status,
			"exists already; --append continues it, --force "
			"replaces it");
	if (status)
		return status;
	if (follow_old(run))
		return sm_fail(diag, SM_NOMEM, "out of memory");
	sm_trace_sign(run->trace, run->signer);
	return run_set_facts(run, diag);
}

static void remove_trace(struct run *run)
{
	const char *output = run->wrapper->output;
	static const char *const suffixes[] = { "", "-wal", "-shm",
						"-journal" };
	char path[4096];
	size_t i;

	if (!output || !run->is_new_file)
		return;
	for (i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		snprintf(path, sizeof(path), "%s%s", output, suffixes[i]);
		unlink(path);
	}
}

/* Closes without a message; nothing was recorded. */
void run_abandon_trace(struct run *run)
{
	struct sm_diag diag = { 0 };

	if (!run->trace)
		return;
	/* Whether it could be finished or not: it goes. */
	if (sm_trace_writer_close(run->trace, &diag))
		diag.status = SM_OK;
	remove_trace(run);
	run->trace = NULL;
}

void run_close_trace(struct run *run, struct sm_diag *store)
{
	struct sm_diag diag = { 0 };
	enum sm_status status;

	if (!run->trace)
		return;
	status = run_set_end(run);
	if (sm_trace_writer_close(run->trace, &diag))
		status = diag.status;
	run->trace = NULL;
	if (status && !store->status) {
		*store = diag;
		store->status = status;
		if (!store->text[0])
			sm_fail(store, status, "cannot finish the trace: %s",
				sm_status_text(status));
	}
}

static void end_file(struct run *run)
{
	run_close_trace(run, &run->unclosed);
	run->has_seal =
		!sm_trace_last_seal(run->wrapper->output, &run->seal, NULL);
	run->is_new_file = false;
	run->part++;
}

/* In the storing thread, at the bound: FILE becomes FILE.1. */
enum sm_status run_next_trace(void *context, struct sm_trace_writer **trace,
			      struct sm_diag *diag)
{
	struct run *run = context;
	const struct wrapper *wrapper = run->wrapper;
	enum sm_status status;

	*trace = NULL;
	if (run->trace)
		end_file(run);
	status = run->is_shifted ? SM_OK
				 : rotate_shift(wrapper->output,
						wrapper->keep_count, diag);
	run->is_shifted = !status;
	if (!status)
		status = sm_trace_writer_open(wrapper->output, SM_TRACE_CREATE,
					      &run->trace, diag);
	if (status)
		return status;
	run->is_shifted = false;
	/* The chain goes on from file to file. */
	if (run->has_seal)
		status = sm_trace_follow(run->trace, run->seal.hash);
	if (!status) {
		sm_trace_sign(run->trace, run->signer);
		status = run_set_facts(run, diag);
	}
	*trace = run->trace;
	return status;
}
