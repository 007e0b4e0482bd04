/* SPDX-License-Identifier: Apache-2.0 */
/*
 * secmgr-record: runs COMMAND and records the audit events of every Python
 * process it starts.
 */
#include "tools/wrapper.h"

static int refuse_pid(void *context, const char *value, struct sm_diag *diag)
{
	(void)context;
	(void)value;
	sm_fail(diag, SM_UNSUPPORTED,
		"a running process cannot be recorded: the events before "
		"would be missing and its code unknown; restart it under "
		"secmgr-record");
	return 1;
}

static const struct sm_option options[] = {
	{ 'o', "output", "FILE", "the trace to write (trace.db)",
	  wrapper_set_output },
#include "tools/wrapper_store.def"
	{ 0, "noise", NULL, "store events that are only counted otherwise",
	  wrapper_set_noise },
#include "tools/wrapper_run.def"
	{ 'q', "quiet", NULL, "at the end tell losses only",
	  wrapper_set_quiet },
	{ 'p', "pid", "PID", "refused: see secmgr-record(1)", refuse_pid },
	{ 0 },
};

static const struct sm_program program = {
	.name = "secmgr-record",
	.usage = "[options] [--] COMMAND [ARG...]",
	.summary = "Record the audit events of the Python programs COMMAND "
		   "runs.",
	.options = options,
	.usage_status = SM_EXIT_WRAPPER,
	.stops_at_operand = true,
};

int main(int argc, char **argv)
{
	struct wrapper wrapper = {
		.program = &program,
		.output = "trace.db",
	};
	int first, status;

	status = sm_cli_parse(&program, argc, argv, &wrapper, &first);
	if (status >= 0)
		return status;
	if (first >= argc) {
		sm_cli_error(&program, NULL,
			     "no COMMAND given; see secmgr-record --help");
		return SM_EXIT_WRAPPER;
	}
	wrapper.argv = argv + first;
	status = wrapper_run(&wrapper);
	wrapper_free_variables(&wrapper);
	return status;
}
