/* SPDX-License-Identifier: Apache-2.0 */
/*
 * secmgr-events: what a trace holds: lines, JSON, CBOR, statistics, SQL.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/cli.h"
#include "tools/cli_progress.h"
#include "tools/events_evidence.h"
#include "tools/events_show.h"
#include "tools/events_verify.h"

#define TOP_ROWS 15

struct settings {
	struct event_show show;
	bool wants_verify, wants_evidence, is_set;
	const char *recover;
	struct verify_settings verify;
};

/* ----------------------------------------------------------------- options */

#define SETTER(name)                                                           \
	static int name(void *context, const char *value, struct sm_diag *diag)

SETTER(set_events)
{
	return sm_filter_add_events(&((struct settings *)context)->show.filter,
				    value, diag);
}

SETTER(set_path)
{
	return sm_filter_add_path(&((struct settings *)context)->show.filter,
				  value, diag);
}

SETTER(set_pid)
{
	return sm_filter_add_pid(&((struct settings *)context)->show.filter,
				 value, diag);
}

SETTER(set_by)
{
	return sm_filter_add_by(&((struct settings *)context)->show.filter,
				value, diag);
}

SETTER(set_via)
{
	return sm_filter_add_via(&((struct settings *)context)->show.filter,
				 value, diag);
}

SETTER(set_verdict)
{
	return sm_filter_add_verdict(&((struct settings *)context)->show.filter,
				     value, diag);
}

SETTER(set_shadow)
{
	return sm_filter_add_shadow(&((struct settings *)context)->show.filter,
				    value, diag);
}

SETTER(set_denial)
{
	return sm_filter_set_denial(&((struct settings *)context)->show.filter,
				    value, diag);
}

SM_CLI_TEXT(set_since, struct settings, show.filter.since);
SM_CLI_TEXT(set_until, struct settings, show.filter.until);

static int set_count(uint64_t *count, const char *value, uint64_t max,
		     struct sm_diag *diag)
{
	char *end;

	errno = 0;
	*count = strtoull(value, &end, 10);
	if (end == value || *end || *value == '-' || errno)
		return sm_fail(diag, SM_INVALID, "'%s' is no number", value);
	if (*count > max)
		return sm_fail(diag, SM_LIMIT, "more than %" PRIu64, max);
	return 0;
}

SETTER(set_limit)
{
	return set_count(&((struct settings *)context)->show.limit, value,
			 UINT64_MAX, diag);
}

SETTER(set_tail)
{
	return set_count(&((struct settings *)context)->show.tail, value,
			 SM_EVENTS_TAIL_MAX, diag);
}

SETTER(set_top)
{
	return set_count(&((struct settings *)context)->show.top, value,
			 UINT32_MAX, diag);
}

SETTER(set_time)
{
	static const char *const names[] = { "relative", "absolute", "none" };

	for (int i = EVENT_TIME_RELATIVE; i <= EVENT_TIME_NONE; i++) {
		if (strcmp(value, names[i]))
			continue;
		((struct settings *)context)->show.time = (enum event_time)i;
		return 0;
	}
	return sm_fail(diag, SM_INVALID,
		       "'%s' is none of relative, absolute and none", value);
}

SM_CLI_FLAG(set_follow, struct settings, show.follows);
SM_CLI_FLAG(set_stats, struct settings, show.wants_stats);
SM_CLI_FLAG(set_json, struct settings, show.wants_json);

SETTER(set_export)
{
	struct settings *s = context;

	s->show.wants_cbor = !strcmp(value, "cbor");
	s->show.wants_json = !strcmp(value, "json");
	s->wants_evidence = !strcmp(value, "evidence");
	if (s->show.wants_cbor || s->show.wants_json || s->wants_evidence)
		return 0;
	return sm_fail(diag, SM_INVALID,
		       "'%s' is none of cbor, json and evidence", value);
}

SM_CLI_FLAG(set_verify, struct settings, wants_verify);
SM_CLI_TEXT(set_key, struct settings, verify.key);
SM_CLI_TEXT(set_anchor, struct settings, verify.anchor);
SM_CLI_FLAG(set_rotated, struct settings, is_set);
SM_CLI_TEXT(set_recover, struct settings, recover);
SM_CLI_TEXT(set_sql, struct settings, show.sql);

static const struct sm_option options[] = {
	{ 'e', "event", "GLOB,...", "only these events; %family; !all but",
	  set_events },
	{ 'P', "path", "GLOB", "only events about this file, host, program...",
	  set_path },
	{ 'p', "pid", "PID,...", "only these processes", set_pid },
	{ 0, "by", "GLOB,...", "only these principals", set_by },
	{ 0, "via", "VIA,...", "direct, import, traceback, exec", set_via },
	{ 0, "verdict", "V,...", "denied, warned, allowed, undecided",
	  set_verdict },
	{ 0, "shadow", "V,...",
	  "likewise, of the shadow policy; differs: from the verdict",
	  set_shadow },
	{ 0, "after-denial", "[=no]",
	  "only what follows a denial; no: the rest", set_denial },
	{ 0, "since", "TIME", "seconds from the start, or ISO 8601",
	  set_since },
	{ 0, "until", "TIME", "likewise", set_until },
	{ 'n', "limit", "N", "stop after N events", set_limit },
	{ 0, "tail", "N", "only the last N events", set_tail },
	{ 't', "time", "HOW", "relative, absolute or none", set_time },
	{ 0, "rotated", NULL, "TRACE and the older files of its rotation",
	  set_rotated },
	{ 'f', "follow", NULL, "wait for more until the recording ends",
	  set_follow },
	{ 'c', "stats", NULL, "count events, resources, callers; accounts",
	  set_stats },
	{ 0, "top", "N", "rows of each table (15; 0: all)", set_top },
	{ 0, "json", NULL, "print JSON, an event a line", set_json },
	{ 0, "export", "FORMAT", "cbor (loses nothing), json, evidence (tar)",
	  set_export },
	{ 0, "sql", "SELECT", "query the tables and `event`", set_sql },
	{ 0, "verify", NULL, "check every row; 1: damage found", set_verify },
	{ 0, "key", "FILE", "verify: whose signatures count (PEM)", set_key },
	{ 0, "anchor", "FILE", "verify: a checkpoint kept elsewhere",
	  set_anchor },
	{ 0, "recover", "FILE", "write what is left of a damaged trace",
	  set_recover },
	{ 0, NULL, NULL, NULL, NULL },
};

static const struct sm_program program = {
	"secmgr-events",
	"[options] TRACE [EVENTGLOB...]",
	"Shows the events of a trace.",
	options,
	SM_EXIT_USAGE,
	false,
};

/* ----------------------------------------------------------------- recover */

static int report(const char *place, const struct sm_diag *diag)
{
	sm_cli_diag(&program, place, diag);
	return SM_EXIT_USAGE;
}

static int recover(const char *out, const char *path)
{
	struct sm_diag diag = { .status = SM_OK };
	struct sm_trace_recovered r;
	enum sm_status status;

	/* One that exists is refused, and stays. */
	if (access(out, F_OK))
		sm_cli_remove_when_stopped(out, NULL);
	status = sm_trace_recover(path, out, &r, &diag);
	sm_cli_keep();
	if (status == SM_EXISTS) {
		sm_cli_error(&program, out,
			     "exists already; choose another file");
		return SM_EXIT_USAGE;
	}
	if (status != SM_OK) {
		diag.status = status;
		return report(path, &diag);
	}
	printf("%" PRIu64 " events in %" PRIu64 " blocks\n", r.events,
	       r.blocks);
	if (r.missing || r.changed || r.substitutes)
		printf("%" PRIu64 " events between them are missing, %" PRIu64
		       " blocks and chunks were changed and left out, %" PRIu64
		       " names and the like are lost\n",
		       r.missing, r.changed, r.substitutes);
	return r.blocks ? SM_EXIT_OK : SM_EXIT_FINDING;
}

/* -------------------------------------------------------------------- main */

static const char *conflict(const struct settings *s)
{
	if (s->wants_verify + s->show.wants_stats + s->show.wants_cbor +
		    s->wants_evidence + !!s->show.sql + !!s->recover >
	    1)
		return "choose one of --verify, --recover, --stats, --export "
		       "and --sql";
	if (s->is_set && (s->show.sql || s->show.wants_stats || s->recover ||
			  s->wants_evidence))
		return "--rotated is not for --sql, --stats, --recover and "
		       "--export=evidence: give the files one by one";
	if ((s->verify.key || s->verify.anchor) && !s->wants_verify)
		return "--key and --anchor need --verify";
	if (s->show.tail && s->show.limit)
		return "choose one of --tail and --limit";
	if (s->show.follows &&
	    (s->wants_verify || s->show.wants_stats || s->show.sql))
		return "--follow shows events: not with --verify, --stats, "
		       "--sql";
	return NULL;
}

static int add_operands(struct settings *s, char **globs, int count)
{
	struct sm_diag diag = { .status = SM_OK };

	for (int i = 0; i < count; i++)
		if (sm_filter_add_events(&s->show.filter, globs[i], &diag) !=
		    SM_OK)
			return report(globs[i], &diag);
	return SM_EXIT_OK;
}

static int run(struct settings *s, const char *path)
{
	struct trace_set set = { 0 };
	int result;

	if (s->recover)
		return recover(s->recover, path);
	if (s->wants_evidence)
		return sm_events_evidence(&program, path);
	if (trace_set_add(&set, path, s->is_set) != SM_OK) {
		sm_cli_error(&program, NULL, "out of memory");
		result = SM_EXIT_USAGE;
	} else if (s->wants_verify) {
		result = sm_events_verify(&program, &s->verify, &set);
	} else {
		result = sm_events_show(&program, &s->show, &set);
	}
	trace_set_fini(&set);
	return result;
}

int main(int argc, char **argv)
{
	static struct settings s = { .show.top = TOP_ROWS };
	int first = 0;
	int result = sm_cli_parse(&program, argc, argv, &s, &first);

	if (result >= 0)
		return result;
	if (conflict(&s)) {
		sm_cli_error(&program, NULL, "%s; see %s --help", conflict(&s),
			     program.name);
		return SM_EXIT_USAGE;
	}
	if (first >= argc) {
		sm_cli_error(&program, "TRACE", "is missing; see %s --help",
			     program.name);
		return SM_EXIT_USAGE;
	}
	result = add_operands(&s, argv + first + 1, argc - first - 1);
	if (result != SM_EXIT_OK)
		return result;
	/* Events on the terminal show themselves how far it is. */
	if (!isatty(STDOUT_FILENO) || s.wants_verify || s.show.wants_stats)
		sm_cli_progress(&program);
	s.verify.wants_json = s.show.wants_json;
	result = run(&s, argv[first]);
	sm_events_die_as_told();
	return sm_cli_finish(&program, result);
}
