/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/events_stats.h"

#include <inttypes.h>
#include <stdlib.h>

#include "schema/request.h"
#include "tools/cli.h"
#include "tools/events_tally.h"

enum table { EVENTS, FAMILIES, RESOURCES, CALLERS, PRINCIPALS, TABLES };

static const char *const table_names[TABLES] = {
	"events", "families", "resources", "callers", "principals",
};

/* Rows of a site, found once. */
struct site_rows {
	uint32_t event, caller, principal;
	bool is_known;
};

struct event_stats {
	uint64_t events;
	uint64_t by_decision[4];
	struct tally tables[TABLES];
	struct site_rows *sites;
	uint32_t site_room;
	struct sm_memo resources; /* sm_trace_key() -> row, first request */
	struct sm_request_scratch scratch;
	char text[2 * SM_STRING_MAX + 64];
};

/* Bits of a memo's value: resource row, family + 1 above it. */
#define FAMILY_SHIFT 32

struct event_stats *sm_event_stats_new(void)
{
	struct event_stats *stats = calloc(1, sizeof(*stats));
	bool is_ok = stats && sm_memo_init(&stats->resources);

	for (unsigned i = 0; is_ok && i < TABLES; i++)
		is_ok = sm_tally_init(&stats->tables[i]);
	if (is_ok)
		return stats;
	sm_event_stats_free(stats);
	return NULL;
}

void sm_event_stats_free(struct event_stats *stats)
{
	if (!stats)
		return;
	for (unsigned i = 0; i < TABLES; i++)
		sm_tally_fini(&stats->tables[i]);
	sm_memo_fini(&stats->resources);
	free(stats->sites);
	free(stats);
}

/* --------------------------------------------------------------- counting */

static bool make_room(struct event_stats *stats, uint32_t site)
{
	uint32_t room = stats->site_room ? stats->site_room : 1024;
	struct site_rows *sites;

	if (site < stats->site_room)
		return true;
	if (site > 1u << 26)
		return false;
	while (room <= site)
		room *= 2;
	sites = realloc(stats->sites, room * sizeof(*sites));
	if (!sites)
		return false;
	memset(sites + stats->site_room, 0,
	       (room - stats->site_room) * sizeof(*sites));
	stats->sites = sites;
	stats->site_room = room;
	return true;
}

static struct sm_str caller_text(struct event_stats *stats,
				 const struct sm_site *site)
{
	int n = snprintf(stats->text, sizeof(stats->text),
			 "%.*s:%" PRIu32 " %.*s", (int)site->file.len,
			 site->file.p, site->line, (int)site->function.len,
			 site->function.p);

	if (!site->file.len)
		return SM_STR("(no Python frame)");
	if (n >= (int)sizeof(stats->text))
		n = sizeof(stats->text) - 1;
	return (struct sm_str){ stats->text, n > 0 ? (uint32_t)n : 0 };
}

static void learn_site(struct event_stats *stats, const struct sm_site *site,
		       struct site_rows *rows)
{
	rows->event = sm_tally_row(&stats->tables[EVENTS], site->event);
	rows->caller =
		sm_tally_row(&stats->tables[CALLERS], caller_text(stats, site));
	rows->principal =
		sm_tally_row(&stats->tables[PRINCIPALS], site->principal.name);
	rows->is_known = true;
}

static struct sm_str resource_text(struct event_stats *stats,
				   const struct sm_request *request)
{
	int n = snprintf(stats->text, sizeof(stats->text), "%s %.*s",
			 sm_family_name(request->family),
			 (int)request->value.len, request->value.p);

	if (n >= (int)sizeof(stats->text))
		n = sizeof(stats->text) - 1;
	return (struct sm_str){ stats->text, n > 0 ? (uint32_t)n : 0 };
}

/* The rows an event's first request belongs to; 0: it asks for nothing. */
static uint64_t learn_resource(struct event_stats *stats,
			       const struct sm_event *event)
{
	struct sm_request requests[SM_REQUESTS_MAX];
	uint64_t family;

	if (!sm_event_requests(event, &stats->scratch, requests))
		return 0;
	family = sm_tally_row(&stats->tables[FAMILIES],
			      sm_str_of(sm_family_name(requests[0].family)));
	return (family + 1) << FAMILY_SHIFT |
	       sm_tally_row(&stats->tables[RESOURCES],
			    resource_text(stats, &requests[0]));
}

bool sm_event_stats_add(struct event_stats *stats, const struct sm_event *event,
			uint32_t site, uint64_t key)
{
	struct sm_memo_slot *slot = sm_memo_find(&stats->resources, key);
	struct site_rows *rows;
	uint64_t found;

	if (!make_room(stats, site))
		return false;
	rows = &stats->sites[site];
	if (!rows->is_known)
		learn_site(stats, &event->site, rows);
	sm_tally_add(&stats->tables[EVENTS], rows->event, 1);
	sm_tally_add(&stats->tables[CALLERS], rows->caller, 1);
	sm_tally_add(&stats->tables[PRINCIPALS], rows->principal, 1);
	found = slot ? slot->value : learn_resource(stats, event);
	if (!slot)
		(void)sm_memo_add(&stats->resources, key, found);
	if (found) {
		sm_tally_add(&stats->tables[FAMILIES],
			     (uint32_t)(found >> FAMILY_SHIFT) - 1, 1);
		sm_tally_add(&stats->tables[RESOURCES], (uint32_t)found, 1);
	}
	stats->by_decision[event->verdict.decision & 3]++;
	stats->events++;
	return true;
}

/* --------------------------------------------------------------- printing */

static size_t shown_rows(const struct tally *tally, size_t top)
{
	return top && top < tally->count ? top : tally->count;
}

static void print_table(FILE *out, const char *name, struct tally *tally,
			size_t top)
{
	size_t shown = shown_rows(tally, top);
	uint64_t rest = tally->other;

	if (!tally->count)
		return;
	fprintf(out, "\n%12s  %s\n", "count", name);
	for (size_t i = 0; i < tally->count; i++) {
		const struct tally_row *row = &tally->rows[i];

		if (i >= shown) {
			rest += row->count;
			continue;
		}
		fprintf(out, "%12" PRIu64 "  ", row->count);
		sm_cli_put(out, (struct sm_str){ row->name, row->len }, false);
		putc('\n', out);
	}
	if (rest)
		fprintf(out, "%12" PRIu64 "  (%zu more)\n", rest,
			tally->count - shown);
}

static uint64_t sum(const uint64_t lost[SM_LOSSES])
{
	uint64_t total = 0;

	for (unsigned i = 0; i < SM_LOSSES; i++)
		total += lost[i];
	return total;
}

static void print_account(FILE *out, const struct sm_trace_process_info *info)
{
	const struct sm_trace_account *account = &info->account;

	fprintf(out, "%8" PRIu32 " ", info->start.pid);
	if (info->has_ended)
		fprintf(out,
			"%12" PRIu64 " %12" PRIu64 " %12" PRIu64 " %8" PRIu64
			"  ",
			account->attempts, account->stored, account->noise,
			sum(account->lost));
	else
		fprintf(out, "%12s %12s %12s %8s  ", "-", "-", "-", "-");
}

static void print_process(FILE *out, const struct sm_trace_process_info *info,
			  bool is_written)
{
	print_account(out, info);
	for (uint32_t i = 0; i < info->start.argc; i++) {
		if (i)
			putc(' ', out);
		sm_cli_put(out, info->start.argv[i], false);
	}
	if (!info->start.argc)
		sm_cli_put(out, info->start.exe, false);
	if (!info->has_ended)
		fputs(is_written ? "  (running)" : "  (no account)", out);
	putc('\n', out);
}

static void print_losses(FILE *out, const struct sm_trace *trace)
{
	uint64_t lost[SM_LOSSES] = { 0 };

	if (sm_trace_lost(trace, lost))
		fprintf(out, "\n%12s  losses\n", "count");
	else if (sm_trace_meta(trace, "closed"))
		fputs("\nnothing was lost\n", out);
	for (unsigned i = 0; i < SM_LOSSES; i++)
		if (lost[i])
			fprintf(out, "%12" PRIu64 "  %s\n", lost[i],
				sm_loss_name((enum sm_loss)i));
}

/* What a recorder had not stored when it was killed, nobody can count. */
static void print_end(FILE *out, const struct sm_trace *trace, bool is_written)
{
	if (sm_trace_meta(trace, "closed"))
		return;
	fputs(is_written ? "\nnot closed: it is being recorded; what is not "
			   "stored yet is missing\n"
			 : "\nnot closed: the recorder was killed; what it had "
			   "not stored is missing\n",
	      out);
}

void sm_event_stats_print(FILE *out, struct event_stats *stats,
			  const struct sm_trace *trace, bool is_written,
			  size_t top)
{
	size_t count = sm_trace_process_count(trace);

	fprintf(out, "%" PRIu64 " events", stats->events);
	for (int i = SM_ALLOWED; i <= SM_DENIED; i++)
		if (stats->by_decision[i])
			fprintf(out, ", %" PRIu64 " %s", stats->by_decision[i],
				sm_decision_name((enum sm_decision)i));
	putc('\n', out);
	for (unsigned i = 0; i < TABLES; i++) {
		sm_tally_sort(&stats->tables[i]);
		print_table(out, table_names[i], &stats->tables[i], top);
	}
	fprintf(out, "\n%8s %12s %12s %12s %8s  %s\n", "pid", "attempts",
		"stored", "noise", "lost", "process");
	for (uint32_t i = 1; i <= count; i++)
		print_process(out, sm_trace_process(trace, i), is_written);
	print_losses(out, trace);
	print_end(out, trace, is_written);
}

/* ------------------------------------------------------------------- JSON */

static void json_table(struct sm_json *j, const char *name, struct tally *tally,
		       size_t top)
{
	size_t shown = shown_rows(tally, top);

	sm_json_open(j, name, '[');
	for (size_t i = 0; i < shown; i++) {
		const struct tally_row *row = &tally->rows[i];

		sm_json_open(j, NULL, '{');
		sm_json_put_str(j, "name",
				(struct sm_str){ row->name, row->len });
		sm_json_put_uint(j, "count", row->count);
		sm_json_close(j, '}');
	}
	sm_json_close(j, ']');
}

static void json_losses(struct sm_json *j, const uint64_t lost[SM_LOSSES])
{
	sm_json_open(j, "losses", '{');
	for (unsigned i = 0; i < SM_LOSSES; i++)
		sm_json_put_uint(j, sm_loss_name((enum sm_loss)i), lost[i]);
	sm_json_close(j, '}');
}

static void json_process(struct sm_json *j,
			 const struct sm_trace_process_info *info)
{
	const struct sm_trace_account *account = &info->account;

	sm_json_open(j, NULL, '{');
	sm_json_put_uint(j, "process", info->number);
	sm_json_put_uint(j, "pid", info->start.pid);
	sm_json_put_uint(j, "guest_pid", info->start.guest_pid);
	sm_json_put_uint(j, "parent_pid", info->start.parent_pid);
	sm_json_put_uint(j, "uid", info->start.uid);
	sm_json_put_text(j, "started_by", info->start.started_by);
	sm_json_put_str(j, "exe", info->start.exe);
	sm_json_open(j, "argv", '[');
	for (uint32_t i = 0; i < info->start.argc; i++)
		sm_json_put_str(j, NULL, info->start.argv[i]);
	sm_json_close(j, ']');
	sm_json_put_str(j, "cwd", info->start.cwd);
	sm_json_put_str(j, "python", info->interpreter.version);
	sm_json_put_uint(j, "start_ns", info->start.start_ns);
	sm_json_put_bool(j, "ended", info->has_ended);
	sm_json_put_uint(j, "end_ns", account->end_ns);
	sm_json_put_int(j, "exit_status", account->exit_status);
	sm_json_put_uint(j, "attempts", account->attempts);
	sm_json_put_uint(j, "stored", account->stored);
	sm_json_put_uint(j, "noise", account->noise);
	sm_json_put_uint(j, "lost", sum(account->lost));
	json_losses(j, account->lost);
	sm_json_close(j, '}');
}

void sm_event_stats_json(FILE *out, struct event_stats *stats,
			 const struct sm_trace *trace,
			 const struct sm_clock *clock, size_t top)
{
	struct sm_json j = { .out = out, .is_pretty = true };
	size_t count = sm_trace_process_count(trace);
	uint64_t lost[SM_LOSSES] = { 0 };
	char time[40];

	sm_clock_format(clock, clock->origin_ns, time);
	sm_json_open(&j, NULL, '{');
	sm_json_put_text(&j, "started", *time ? time : NULL);
	sm_json_put_uint(&j, "events", stats->events);
	for (int i = SM_UNDECIDED; i <= SM_DENIED; i++)
		sm_json_put_uint(&j, sm_decision_name((enum sm_decision)i),
				 stats->by_decision[i]);
	sm_json_put_bool(&j, "closed", sm_trace_meta(trace, "closed"));
	sm_json_put_uint(&j, "lost", sm_trace_lost(trace, lost));
	json_losses(&j, lost);
	for (unsigned i = 0; i < TABLES; i++) {
		char name[32];

		snprintf(name, sizeof(name), "top_%s", table_names[i]);
		sm_tally_sort(&stats->tables[i]);
		json_table(&j, name, &stats->tables[i], top);
	}
	sm_json_open(&j, "processes", '[');
	for (uint32_t i = 1; i <= count; i++)
		json_process(&j, sm_trace_process(trace, i));
	sm_json_close(&j, ']');
	sm_json_close(&j, '}');
}
