/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/events_format.h"

#include <fcntl.h>
#include <inttypes.h>

/* ------------------------------------------------------------------ lines */

static void put_time(FILE *out, const struct event_format *format,
		     uint64_t time_ns)
{
	char text[40] = "";

	if (format->time == EVENT_TIME_NONE)
		return;
	if (format->time == EVENT_TIME_ABSOLUTE)
		sm_clock_format(&format->clock, time_ns, text);
	if (*text)
		fputs(text, out);
	else
		sm_clock_put_relative(out, &format->clock, time_ns);
	putc(' ', out);
}

static void put_flags(FILE *out, int64_t flags)
{
	static const struct {
		int64_t bits;
		const char *name;
	} names[] = {
		{ O_CREAT, "O_CREAT" },		{ O_EXCL, "O_EXCL" },
		{ O_TRUNC, "O_TRUNC" },		{ O_APPEND, "O_APPEND" },
		{ O_NONBLOCK, "O_NONBLOCK" },	{ O_TMPFILE, "O_TMPFILE" },
		{ O_DIRECTORY, "O_DIRECTORY" }, { O_NOFOLLOW, "O_NOFOLLOW" },
		{ O_PATH, "O_PATH" },		{ O_NOCTTY, "O_NOCTTY" },
		{ O_CLOEXEC, "O_CLOEXEC" },
	};
	static const char *const modes[] = { "O_RDONLY", "O_WRONLY", "O_RDWR",
					     "O_ACCMODE" };

	fputs(modes[flags & O_ACCMODE], out);
	flags &= ~(int64_t)O_ACCMODE;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		if ((flags & names[i].bits) != names[i].bits)
			continue;
		fprintf(out, "|%s", names[i].name);
		flags &= ~names[i].bits;
	}
	if (flags)
		fprintf(out, "|0x%" PRIx64, (uint64_t)flags);
}

static void put_args(FILE *out, const struct sm_event *event)
{
	const struct sm_catalogue_entry *entry =
		sm_catalogue_entry(event->site.kind);

	putc('(', out);
	for (uint32_t i = 0; i < event->argc; i++) {
		const struct sm_value *value = &event->args[i];
		bool is_flags =
			entry && i < entry->role_count &&
			(entry->roles[i] & ~SM_ROLE_KEY) == SM_ROLE_FLAGS;

		if (i)
			fputs(", ", out);
		if (is_flags && value->type == SM_INT)
			put_flags(out, value->i);
		else
			sm_cli_put_value(out, value);
	}
	putc(')', out);
}

static void put_resolved(FILE *out, const struct sm_event *event)
{
	for (unsigned i = 0; i < SM_RESOLVED_MAX; i++) {
		if (!event->resolved[i].len)
			continue;
		fputs(i ? " => " : " -> ", out);
		sm_cli_put(out, event->resolved[i], true);
	}
}

static void put_who(FILE *out, const struct sm_site *site)
{
	fputs(" by ", out);
	sm_cli_put(out, site->principal.name, false);
	if (site->via != SM_VIA_DIRECT)
		fprintf(out, " via %s", sm_via_name(site->via));
	if (!site->file.len)
		return;
	fputs("  ", out);
	sm_cli_put(out, site->file, false);
	if (site->line)
		fprintf(out, ":%" PRIu32, site->line);
	putc(' ', out);
	sm_cli_put(out, site->function, false);
}

static const char *colour_of(enum sm_decision decision)
{
	switch (decision) {
	case SM_DENIED:
		return "\033[31m";
	case SM_WARNED:
		return "\033[33m";
	case SM_ALLOWED:
		return "\033[32m";
	case SM_UNDECIDED:
		break;
	}
	return "";
}

static void put_verdict(FILE *out, const struct event_format *format,
			const char *before,
			const struct sm_recorded_verdict *verdict)
{
	if (verdict->decision == SM_UNDECIDED)
		return;
	fprintf(out, "%s%s%s%s", before,
		format->has_colour ? colour_of(verdict->decision) : "",
		sm_decision_name(verdict->decision),
		format->has_colour ? "\033[m" : "");
	if (!verdict->rule.len)
		return;
	fputs(" (", out);
	sm_cli_put(out, verdict->rule, false);
	putc(')', out);
}

static uint32_t pid_of(const struct sm_trace *trace, uint32_t process)
{
	const struct sm_trace_process_info *info =
		sm_trace_process(trace, process);

	return info ? info->start.pid : 0;
}

void sm_event_put_line(FILE *out, const struct event_format *format,
		       const struct sm_event *event)
{
	put_time(out, format, event->time_ns);
	fprintf(out, "%" PRIu32 " ", pid_of(format->trace, event->process));
	if (format->has_colour)
		fputs("\033[1m", out);
	sm_cli_put(out, event->site.event, false);
	if (format->has_colour)
		fputs("\033[m", out);
	put_args(out, event);
	put_resolved(out, event);
	put_who(out, &event->site);
	put_verdict(out, format, "  = ", &event->verdict);
	put_verdict(out, format, ", shadow ", &event->shadow);
	if (sm_trace_is_after_denial(format->trace, event))
		fputs("  (after a denial)", out);
	putc('\n', out);
}

/* ------------------------------------------------------------------- JSON */

void sm_event_put_args(struct sm_json *j, const char *key,
		       const struct sm_event *event)
{
	sm_json_open(j, key, '[');
	for (uint32_t i = 0; i < event->argc; i++)
		sm_json_put_value(j, NULL, &event->args[i]);
	sm_json_close(j, ']');
}

static void json_requests(struct sm_json *j, struct event_format *format,
			  const struct sm_event *event)
{
	struct sm_request requests[SM_REQUESTS_MAX];
	unsigned count = sm_event_requests(event, &format->scratch, requests);

	sm_json_open(j, "requests", '[');
	for (unsigned i = 0; i < count; i++) {
		sm_json_open(j, NULL, '{');
		sm_json_put_text(j, "family",
				 sm_family_name(requests[i].family));
		sm_json_open(j, "access", '[');
		for (unsigned bit = 0; bit < SM_ACCESSES; bit++)
			if (requests[i].access >> bit & 1)
				sm_json_put_text(
					j, NULL,
					sm_access_name(
						(enum sm_access)(1u << bit)));
		sm_json_close(j, ']');
		sm_json_put_str(j, "resource", requests[i].value);
		sm_json_close(j, '}');
	}
	sm_json_close(j, ']');
}

static void json_site(struct sm_json *j, const struct sm_site *site)
{
	sm_json_put_str(j, "file", site->file);
	sm_json_put_uint(j, "line", site->line);
	sm_json_put_str(j, "function", site->function);
	sm_json_put_text(j, "via", sm_via_name(site->via));
	sm_json_put_str(j, "by", site->principal.name);
	sm_json_put_text(j, "principal",
			 sm_principal_kind_name(site->principal.kind));
	sm_json_put_str(j, "principal_file", site->principal.file);
	sm_json_put_str(j, "principal_function", site->principal.function);
}

void sm_event_put_json(FILE *out, struct event_format *format,
		       const struct sm_event *event)
{
	struct sm_json j = { .out = out };
	char time[40];

	sm_clock_format(&format->clock, event->time_ns, time);
	sm_json_open(&j, NULL, '{');
	sm_json_put_uint(&j, "process", event->process);
	sm_json_put_uint(&j, "pid", pid_of(format->trace, event->process));
	sm_json_put_uint(&j, "thread", event->thread);
	sm_json_put_uint(&j, "seq", event->seq);
	sm_json_put_uint(&j, "time_ns", event->time_ns);
	sm_json_put_text(&j, "time", *time ? time : NULL);
	sm_json_put_str(&j, "event", event->site.event);
	sm_event_put_args(&j, "args", event);
	sm_json_open(&j, "resolved", '[');
	for (unsigned i = 0; i < SM_RESOLVED_MAX; i++)
		sm_json_put_str(&j, NULL, event->resolved[i]);
	sm_json_close(&j, ']');
	json_requests(&j, format, event);
	json_site(&j, &event->site);
	sm_json_put_text(&j, "verdict",
			 sm_decision_name(event->verdict.decision));
	sm_json_put_str(&j, "rule", event->verdict.rule);
	sm_json_put_text(&j, "shadow",
			 sm_decision_name(event->shadow.decision));
	sm_json_put_str(&j, "shadow_rule", event->shadow.rule);
	sm_json_put_bool(&j, "after_denial",
			 sm_trace_is_after_denial(format->trace, event));
	sm_json_close(&j, '}');
}
