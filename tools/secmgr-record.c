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
	{ 'a', "append", NULL, "continue FILE if it exists",
	  wrapper_set_append },
	{ 'f', "force", NULL, "replace FILE if it exists", wrapper_set_force },
	{ 0, "max-size", "SIZE",
	  "stop storing when FILE has that size (K, M, G); see --rotate",
	  wrapper_set_max_size },
	{ 0, "max-age", "TIME",
	  "stop storing when FILE is that old (s, m, h, d); see --rotate",
	  wrapper_set_max_age },
	{ 0, "rotate", "[=N]",
	  "at these bounds go on in a new FILE; keep N old ones (all)",
	  wrapper_set_rotate },
	{ 0, "sign", "KEY", "sign the trace with an Ed25519 key (PEM)",
	  wrapper_set_sign },
	{ 'e', "event", "GLOB",
	  "store events of that name only; !GLOB: all but these; repeatable",
	  wrapper_set_glob },
	{ 0, "noise", NULL, "store events that are only counted otherwise",
	  wrapper_set_noise },
	{ 0, "until", "WHEN",
	  "command: stop with COMMAND; all (default): with the last process",
	  wrapper_set_until },
	{ 'D', "daemonize", NULL,
	  "COMMAND keeps this process's pid, the collector detaches",
	  wrapper_set_detached },
	{ 0, "on-full", "WHAT",
	  "a full ring: drop (default), wait or wait:MS, then drop",
	  wrapper_set_on_full },
	{ 0, "ring-size", "BYTES", "per process, a power of two (8M)",
	  wrapper_set_ring_size },
	{ 0, "redact-key", "FILE",
	  "hash credentials under this key, not one of the recording's own",
	  wrapper_set_redact_key },
	{ 0, "no-redact", NULL, "keep credentials as they are",
	  wrapper_set_no_redact },
	{ 'c', "summary", NULL, "print the account at the end",
	  wrapper_set_summary },
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
