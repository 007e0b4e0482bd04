/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wrapper_facts.c: what a trace keeps of the recording as a whole: who, what,
 * where, when and under which options.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "tools/wrapper_internal.h"

static enum sm_status set_fact(struct run *run, const char *key,
			       const char *value)
{
	return sm_trace_set_meta(run->trace, key, value ? value : "");
}

static enum sm_status set_number(struct run *run, const char *key,
				 uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, value);
	return set_fact(run, key, text);
}

static uint64_t read_clock(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* One pair of readings maps every event's time to a date. */
static enum sm_status set_clocks(struct run *run)
{
	enum sm_status status;

	status = set_number(run, "clock.monotonic_ns",
			    read_clock(CLOCK_MONOTONIC));
	if (!status)
		status = set_number(run, "clock.realtime_ns",
				    read_clock(CLOCK_REALTIME));
	return status;
}

static enum sm_status set_variables(struct run *run)
{
	const struct wrapper *wrapper = run->wrapper;
	enum sm_status status = SM_OK;
	char key[128];
	size_t i;

	for (i = 0; !status && i < wrapper->variable_count; i++) {
		snprintf(key, sizeof(key), "variable.%s",
			 wrapper->variables[i].name);
		status = set_fact(run, key, wrapper->variables[i].value);
	}
	return status;
}

static const char *mode_name(uint32_t flags)
{
	if (!(flags & SM_CHANNEL_ENFORCE))
		return "record";
	return flags & SM_CHANNEL_WARN ? "warn" : "block";
}

static void read_boot_id(char out[64])
{
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, out, 63) : 0;

	if (fd >= 0)
		close(fd);
	out[n > 0 ? n : 0] = '\0';
	out[strcspn(out, "\n")] = '\0';
}

static enum sm_status set_host(struct run *run)
{
	struct utsname name;
	char boot[64], kernel[512];
	enum sm_status status;

	if (uname(&name))
		return SM_IO;
	read_boot_id(boot);
	snprintf(kernel, sizeof(kernel), "%s %s %s", name.sysname, name.release,
		 name.machine);
	status = set_fact(run, "host", name.nodename);
	if (!status)
		status = set_fact(run, "kernel", kernel);
	if (!status)
		status = set_fact(run, "boot_id", boot);
	return status;
}

static enum sm_status set_command(struct run *run)
{
	char *cwd = getcwd(NULL, 0);
	enum sm_status status =
		set_fact(run, "command", run->wrapper->collector.title);

	if (!status)
		status = set_fact(run, "cwd", cwd);
	if (!status)
		status = sm_trace_begin_recording(
			run->trace, run->wrapper->collector.title);
	free(cwd);
	return status;
}

/* Tokens of two traces are comparable where this is the same. */
static enum sm_status set_redaction(struct run *run)
{
	static const char text[] = "redaction.key";
	char id[24];

	if (run->wrapper->collector.flags & SM_CHANNEL_NO_REDACT)
		return set_fact(run, "redaction", "none");
	snprintf(id, sizeof(id), "%016" PRIx64,
		 sm_digest(text, sizeof(text) - 1));
	if (set_fact(run, "redaction", "credentials"))
		return SM_IO;
	return set_fact(run, text, id);
}

static enum sm_status set_filter(struct run *run)
{
	const struct wrapper *wrapper = run->wrapper;
	char text[4096];
	size_t used = 0, i;

	for (i = 0; i < wrapper->glob_count && used < sizeof(text); i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used,
					 "%s%s", used ? " " : "",
					 wrapper->globs[i]);
	return used ? set_fact(run, "filter", text) : SM_OK;
}

/* Files of one recording count up; a reader may miss the early ones. */
static enum sm_status set_bounds(struct run *run)
{
	const struct wrapper *wrapper = run->wrapper;
	enum sm_status status = SM_OK;

	if (wrapper->collector.max_bytes)
		status = set_number(run, "max_size",
				    wrapper->collector.max_bytes);
	if (!status && wrapper->collector.max_age_ns)
		status = set_number(run, "max_age_ns",
				    wrapper->collector.max_age_ns);
	if (!status && wrapper->rotates)
		status = set_number(run, "part", run->part + 1);
	return status;
}

enum sm_status run_set_facts(struct run *run, struct sm_diag *diag)
{
	const struct wrapper *wrapper = run->wrapper;
	enum sm_status status;

	status = set_fact(run, "tool", wrapper->program->name);
	if (!status)
		status = set_fact(run, "tool_version", SM_VERSION_TEXT);
	if (!status)
		status = set_command(run);
	if (!status)
		status = set_redaction(run);
	if (!status)
		status = set_host(run);
	if (!status)
		status = set_fact(run, "mode",
				  mode_name(wrapper->collector.flags));
	if (!status)
		status = set_clocks(run);
	if (!status)
		status = set_variables(run);
	if (!status)
		status = set_filter(run);
	if (!status)
		status = set_bounds(run);
	if (status)
		return sm_fail(diag, status, "cannot write: %s",
			       sm_status_text(status));
	/* Killed from here on, a recorder leaves a trace that says so. */
	return sm_trace_commit(run->trace, diag);
}

enum sm_status run_set_end(struct run *run)
{
	return set_number(run, "end.realtime_ns", read_clock(CLOCK_REALTIME));
}
