/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/events_show.h"

#include <signal.h>
#include <stdlib.h>
#include <time.h>

#include "tools/cli_clock.h"
#include "tools/events_sql.h"
#include "tools/events_stats.h"

#define FOLLOW_WAIT_NS 100000000 /* between looks at a live trace */

enum mode { MODE_LINES, MODE_JSON, MODE_CBOR, MODE_STATS };

/* ----------------------------------------------------------------- signals */

static volatile sig_atomic_t stopped_by;

static void stop(int number)
{
	stopped_by = number;
}

static bool is_stopped(void)
{
	return stopped_by;
}

/* The line under way is finished and colours are reset before we go. */
static void catch_signals(void)
{
	struct sigaction action = { .sa_handler = stop };

	sigemptyset(&action.sa_mask);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

void sm_events_die_as_told(void)
{
	if (!stopped_by)
		return;
	fflush(stdout);
	signal(stopped_by, SIG_DFL);
	raise(stopped_by);
}

/* -------------------------------------------------------------------- tail */

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
	const struct sm_program *program;
	const struct event_show *settings;
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

static int report(const struct reader *reader, const char *place,
		  const struct sm_diag *diag)
{
	sm_cli_diag(reader->program, place, diag);
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
		report(reader, path, &diag);
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
		result = report(reader, path, &diag);
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
			  reader->settings->wants_json, is_stopped,
			  &diag) == SM_OK)
		return SM_EXIT_OK;
	return report(reader, "--sql", &diag);
}

static enum mode mode_of(const struct event_show *s)
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
		return report(reader, path, &diag);
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

int sm_events_show(const struct sm_program *program, struct event_show *s,
		   const struct trace_set *set)
{
	struct reader *reader = calloc(1, sizeof(*reader));
	int result = SM_EXIT_OK;

	if (!reader || !tail_init(&reader->tail, s->tail)) {
		free(reader);
		sm_cli_error(program, NULL, "out of memory");
		return SM_EXIT_USAGE;
	}
	catch_signals();
	reader->program = program;
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
