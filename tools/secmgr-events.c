/* SPDX-License-Identifier: Apache-2.0 */
/*
 * secmgr-events: what a trace holds: lines, JSON, CBOR, statistics, SQL.
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tools/cli.h"
#include "tools/cli_clock.h"
#include "tools/cli_progress.h"
#include "tools/events_evidence.h"
#include "tools/events_filter.h"
#include "tools/events_format.h"
#include "tools/events_sql.h"
#include "tools/events_stats.h"
#include "tools/events_verify.h"
#include "tools/trace_set.h"

#define TAIL_MAX       100000	 /* lines kept in memory */
#define FOLLOW_WAIT_NS 100000000 /* between looks at a live trace */
#define TOP_ROWS       15

enum mode { MODE_LINES, MODE_JSON, MODE_CBOR, MODE_STATS };

struct settings {
	struct event_filter filter;
	enum event_time time;
	uint64_t limit, tail, top;
	bool wants_stats, wants_json, wants_cbor, wants_verify, follows;
	bool wants_evidence, is_set;
	const char *sql, *recover;
	struct verify_settings verify;
};

/* --------------------------------------------------------------- options */

#define SETTER(name)                                                           \
	static int name(void *context, const char *value, struct sm_diag *diag)

SETTER(set_events)
{
	return sm_filter_add_events(&((struct settings *)context)->filter,
				    value, diag);
}

SETTER(set_path)
{
	return sm_filter_add_path(&((struct settings *)context)->filter, value,
				  diag);
}

SETTER(set_pid)
{
	return sm_filter_add_pid(&((struct settings *)context)->filter, value,
				 diag);
}

SETTER(set_by)
{
	return sm_filter_add_by(&((struct settings *)context)->filter, value,
				diag);
}

SETTER(set_via)
{
	return sm_filter_add_via(&((struct settings *)context)->filter, value,
				 diag);
}

SETTER(set_verdict)
{
	return sm_filter_add_verdict(&((struct settings *)context)->filter,
				     value, diag);
}

SETTER(set_shadow)
{
	return sm_filter_add_shadow(&((struct settings *)context)->filter,
				    value, diag);
}

SETTER(set_denial)
{
	return sm_filter_set_denial(&((struct settings *)context)->filter,
				    value, diag);
}

SM_CLI_TEXT(set_since, struct settings, filter.since);
SM_CLI_TEXT(set_until, struct settings, filter.until);

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
	return set_count(&((struct settings *)context)->limit, value,
			 UINT64_MAX, diag);
}

SETTER(set_tail)
{
	return set_count(&((struct settings *)context)->tail, value, TAIL_MAX,
			 diag);
}

SETTER(set_top)
{
	return set_count(&((struct settings *)context)->top, value, UINT32_MAX,
			 diag);
}

SETTER(set_time)
{
	static const char *const names[] = { "relative", "absolute", "none" };

	for (int i = EVENT_TIME_RELATIVE; i <= EVENT_TIME_NONE; i++) {
		if (strcmp(value, names[i]))
			continue;
		((struct settings *)context)->time = (enum event_time)i;
		return 0;
	}
	return sm_fail(diag, SM_INVALID,
		       "'%s' is none of relative, absolute and none", value);
}

SM_CLI_FLAG(set_follow, struct settings, follows);
SM_CLI_FLAG(set_stats, struct settings, wants_stats);
SM_CLI_FLAG(set_json, struct settings, wants_json);

SETTER(set_export)
{
	struct settings *s = context;

	s->wants_cbor = !strcmp(value, "cbor");
	s->wants_json = !strcmp(value, "json");
	s->wants_evidence = !strcmp(value, "evidence");
	if (s->wants_cbor || s->wants_json || s->wants_evidence)
		return 0;
	return sm_fail(diag, SM_INVALID,
		       "'%s' is none of cbor, json and evidence", value);
}

SM_CLI_FLAG(set_verify, struct settings, wants_verify);
SM_CLI_TEXT(set_key, struct settings, verify.key);
SM_CLI_TEXT(set_anchor, struct settings, verify.anchor);
SM_CLI_FLAG(set_rotated, struct settings, is_set);
SM_CLI_TEXT(set_recover, struct settings, recover);
SM_CLI_TEXT(set_sql, struct settings, sql);

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

/* ---------------------------------------------------------------- signals */

static volatile sig_atomic_t stopped_by;

static void stop(int number)
{
	stopped_by = number;
}

/* The line under way is finished and colours are reset before we go. */
static void catch_signals(void)
{
	struct sigaction action = { .sa_handler = stop };

	sigemptyset(&action.sa_mask);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

static void die_as_told(void)
{
	if (!stopped_by)
		return;
	fflush(stdout);
	signal(stopped_by, SIG_DFL);
	raise(stopped_by);
}

/* ------------------------------------------------------------------- tail */

struct tail {
	char **lines;
	size_t *lengths;
	uint64_t room, count; /* count: lines ever; the ring holds the last */
};

static bool tail_init(struct tail *tail, uint64_t room)
{
	*tail = (struct tail){ .room = room };
	tail->lines = calloc(room + 1, sizeof(*tail->lines));
	tail->lengths = calloc(room + 1, sizeof(*tail->lengths));
	return tail->lines && tail->lengths;
}

/* Prints what is kept and keeps nothing. */
static void tail_flush(struct tail *tail)
{
	uint64_t kept = tail->count < tail->room ? tail->count : tail->room;

	for (uint64_t i = tail->count - kept; i < tail->count; i++) {
		size_t at = (size_t)(i % tail->room);

		fwrite(tail->lines[at], 1, tail->lengths[at], stdout);
		free(tail->lines[at]);
		tail->lines[at] = NULL;
	}
	tail->count = 0;
	tail->room = 0;
}

static void tail_fini(struct tail *tail)
{
	for (uint64_t i = 0; tail->lines && i < tail->room; i++)
		free(tail->lines[i]);
	free(tail->lines);
	free(tail->lengths);
}

/* ------------------------------------------------------------------ events */

struct reader {
	const struct settings *settings;
	struct event_filter *filter;
	struct event_format format;
	struct sm_trace *trace;
	struct sm_trace_cursor *cursor;
	enum mode mode;
	struct tail tail;
	struct event_stats *stats;
	uint64_t shown;
	bool has_damage;
	bool is_first, is_last; /* file of the set */
};

static int report(const char *place, const struct sm_diag *diag)
{
	sm_cli_diag(&program, place, diag);
	return SM_EXIT_USAGE;
}

static void put_event(struct reader *reader, FILE *out,
		      const struct sm_event *event)
{
	if (reader->mode == MODE_JSON)
		sm_event_put_json(out, &reader->format, event);
	else if (reader->mode == MODE_CBOR)
		sm_event_put_cbor(out, event);
	else if (reader->mode == MODE_LINES)
		sm_event_put_line(out, &reader->format, event);
}

static bool keep_event(struct reader *reader, const struct sm_event *event)
{
	struct tail *tail = &reader->tail;
	size_t at = (size_t)(tail->count % tail->room);
	FILE *out;

	free(tail->lines[at]);
	tail->lines[at] = NULL;
	out = open_memstream(&tail->lines[at], &tail->lengths[at]);
	if (!out)
		return false;
	put_event(reader, out, event);
	tail->count++;
	return !fclose(out);
}

/* False: out of memory. */
static bool take(struct reader *reader, const struct sm_event *event,
		 uint32_t site)
{
	uint64_t key = sm_trace_key(reader->cursor);

	if (!sm_filter_wants(reader->filter, reader->trace, event, site, key))
		return true;
	reader->shown++;
	if (reader->mode == MODE_STATS)
		return sm_event_stats_add(reader->stats, event, site, key);
	if (reader->tail.room)
		return keep_event(reader, event);
	put_event(reader, stdout, event);
	return true;
}

/* At the end of what is there: true when it is worth to look again. */
static bool wait_for_more(struct reader *reader)
{
	struct timespec pause = { 0, FOLLOW_WAIT_NS };

	if (!reader->is_last)
		return false;
	if (reader->tail.room)
		tail_flush(&reader->tail);
	if (!reader->settings->follows || stopped_by ||
	    !sm_trace_may_grow(reader->cursor))
		return false;
	if (fflush(stdout))
		return false;
	nanosleep(&pause, NULL);
	return !stopped_by;
}

static bool is_enough(const struct reader *reader)
{
	uint64_t limit = reader->settings->limit;

	return stopped_by || ferror(stdout) ||
	       (limit && reader->shown >= limit);
}

static int read_events(struct reader *reader, const char *path)
{
	struct sm_diag diag = { .status = SM_OK };

	while (!is_enough(reader)) {
		const struct sm_event *event;
		uint32_t site;
		enum sm_status status =
			sm_trace_next(reader->cursor, &event, &site, &diag);

		if (status == SM_END && !wait_for_more(reader))
			break;
		if (status == SM_END)
			continue;
		if (status == SM_OK && !take(reader, event, site))
			status = sm_fail(&diag, SM_NOMEM, "out of memory");
		if (status == SM_OK)
			continue;
		diag.status = status;
		report(path, &diag);
		reader->has_damage = true;
		/* Behind a damaged block the trace goes on. */
		if (status != SM_DAMAGED)
			break;
	}
	if (reader->tail.room && reader->is_last)
		tail_flush(&reader->tail);
	return reader->has_damage ? SM_EXIT_USAGE : SM_EXIT_OK;
}

static void print_stats(struct reader *reader, const char *path)
{
	if (reader->settings->wants_json)
		sm_event_stats_json(stdout, reader->stats, reader->trace,
				    &reader->format.clock,
				    reader->settings->top);
	else
		sm_event_stats_print(stdout, reader->stats, reader->trace,
				     sm_trace_is_written(path),
				     reader->settings->top);
}

/* What a mode needs beyond the trace; false: out of memory. */
static bool prepare_mode(struct reader *reader)
{
	switch (reader->mode) {
	case MODE_STATS:
		reader->stats = sm_event_stats_new();
		return reader->stats;
	case MODE_CBOR:
		sm_event_put_cbor_header(stdout, reader->trace);
		break;
	case MODE_LINES:
	case MODE_JSON:
		break;
	}
	return true;
}

static int show_events(struct reader *reader, const char *path)
{
	struct sm_diag diag = { .status = SM_OK };
	struct sm_trace_query query;
	int result;
	enum sm_status status =
		sm_filter_prepare(reader->filter, reader->trace,
				  &reader->format.clock, &query, &diag);

	if (status == SM_OK)
		status = sm_trace_events(reader->trace, &query, &reader->cursor,
					 &diag);
	if (status == SM_OK && !prepare_mode(reader))
		status = sm_fail(&diag, SM_NOMEM, "out of memory");
	if (status == SM_OK) {
		result = read_events(reader, path);
		if (reader->mode == MODE_STATS)
			print_stats(reader, path);
	} else {
		diag.status = status;
		result = report(path, &diag);
	}
	sm_event_stats_free(reader->stats);
	reader->stats = NULL;
	sm_filter_fini(reader->filter);
	sm_trace_cursor_free(reader->cursor);
	reader->cursor = NULL;
	return result;
}

static int show_sql(struct reader *reader, const char *query)
{
	struct sm_diag diag = { .status = SM_OK };

	if (sm_events_sql(stdout, reader->trace, &reader->format.clock, query,
			  reader->settings->wants_json, &diag) == SM_OK)
		return SM_EXIT_OK;
	return report("--sql", &diag);
}

static enum mode mode_of(const struct settings *s)
{
	if (s->wants_stats)
		return MODE_STATS;
	if (s->wants_cbor)
		return MODE_CBOR;
	return s->wants_json ? MODE_JSON : MODE_LINES;
}

static int show_file(struct reader *reader, const char *path)
{
	struct sm_diag diag = { .status = SM_OK };
	const char *sql = reader->settings->sql;
	enum sm_status status = sm_trace_open(path, &reader->trace, &diag);
	int result;

	if (status != SM_OK) {
		diag.status = status;
		return report(path, &diag);
	}
	reader->format.trace = reader->trace;
	sm_trace_tell_secrets(reader->trace);
	/* Times of a set count from the start of its first file. */
	if (reader->is_first)
		sm_clock_init(&reader->format.clock, reader->trace);
	result = sql ? show_sql(reader, sql) : show_events(reader, path);
	sm_trace_close(reader->trace);
	reader->trace = NULL;
	return result;
}

static int show(struct settings *s, const struct trace_set *set)
{
	struct reader *reader = calloc(1, sizeof(*reader));
	int result = SM_EXIT_OK;

	if (!reader || !tail_init(&reader->tail, s->tail)) {
		free(reader);
		sm_cli_error(&program, NULL, "out of memory");
		return SM_EXIT_USAGE;
	}
	catch_signals();
	reader->settings = s;
	reader->filter = &s->filter;
	reader->mode = mode_of(s);
	reader->format.time = s->time;
	reader->format.has_colour = sm_cli_has_colour(stdout);
	for (int i = 0; i < set->count && !is_enough(reader); i++) {
		int status;

		reader->is_first = !i;
		reader->is_last = i + 1 == set->count;
		status = show_file(reader, set->paths[i]);
		result = status > result ? status : result;
	}
	tail_fini(&reader->tail);
	free(reader);
	return result;
}

/* ---------------------------------------------------------------- recover */

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
	return SM_EXIT_OK;
}

/* ------------------------------------------------------------------- main */

static const char *conflict(const struct settings *s)
{
	if (s->wants_verify + s->wants_stats + s->wants_cbor +
		    s->wants_evidence + !!s->sql + !!s->recover >
	    1)
		return "choose one of --verify, --recover, --stats, --export "
		       "and --sql";
	if (s->is_set &&
	    (s->sql || s->wants_stats || s->recover || s->wants_evidence))
		return "--rotated is not for --sql, --stats, --recover and "
		       "--export=evidence: give the files one by one";
	if ((s->verify.key || s->verify.anchor) && !s->wants_verify)
		return "--key and --anchor need --verify";
	if (s->tail && s->limit)
		return "choose one of --tail and --limit";
	if (s->follows && (s->wants_verify || s->wants_stats || s->sql))
		return "--follow shows events: not with --verify, --stats, "
		       "--sql";
	return NULL;
}

static int add_operands(struct settings *s, char **globs, int count)
{
	struct sm_diag diag = { .status = SM_OK };

	for (int i = 0; i < count; i++)
		if (sm_filter_add_events(&s->filter, globs[i], &diag) != SM_OK)
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
		result = show(s, &set);
	}
	trace_set_fini(&set);
	return result;
}

int main(int argc, char **argv)
{
	static struct settings s = { .top = TOP_ROWS };
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
	if (!isatty(STDOUT_FILENO) || s.wants_verify || s.wants_stats)
		sm_cli_progress(&program);
	s.verify.wants_json = s.wants_json;
	result = run(&s, argv[first]);
	die_as_told();
	return sm_cli_finish(&program, result);
}
