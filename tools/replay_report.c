/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/replay_report.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tools/report.h"

/* -------------------------------------------------------------------- text */

static void put_total(const char *name, uint64_t count, const char *more)
{
	printf("  %-14s %12" PRIu64 "%s%s\n", name, count, *more ? "  " : "",
	       more);
}

static void put_losses(const struct sm_replay_totals *totals)
{
	char more[200] = "";
	size_t used = 0;

	for (unsigned i = 0; i < SM_LOSSES; i++) {
		if (!totals->losses[i] || used >= sizeof(more) - 40)
			continue;
		used += (size_t)snprintf(more + used, sizeof(more) - used,
					 "%s%s %" PRIu64, used ? ", " : "",
					 sm_loss_name((enum sm_loss)i),
					 totals->losses[i]);
	}
	put_total("lost", totals->lost, more);
}

static void put_totals(const struct sm_replay_totals *totals)
{
	char more[80];

	printf("%" PRIu32 " trace%s, %" PRIu32 " process%s\n", totals->traces,
	       totals->traces == 1 ? "" : "s", totals->processes,
	       totals->processes == 1 ? "" : "es");
	snprintf(more, sizeof(more), "%" PRIu64 " distinct", totals->distinct);
	put_total("events", totals->events, more);
	put_total("allowed", totals->allowed, "");
	snprintf(more, sizeof(more), "%" PRIu64 " distinct",
		 totals->blocked_distinct);
	put_total("blocked", totals->blocked, totals->blocked ? more : "");
	put_total("warned", totals->warned, "");
	put_total("not decided", totals->undecided, "");
	put_losses(totals);
	if (!totals->enforced)
		return;
	snprintf(more, sizeof(more), "of %" PRIu64 " recorded verdicts",
		 totals->enforced);
	put_total("differ", totals->differs, more);
}

static void put_first(const struct sm_replay_example *first,
		      const struct sm_clock *clock)
{
	fputs("    first  ", stdout);
	sm_cli_put(stdout, sm_str_of(first->trace), false);
	printf(":%" PRIu32 "/%" PRIu64 "  pid %" PRIu32 "  ", first->process,
	       first->seq, first->pid);
	sm_clock_put_relative(stdout, clock, first->time_ns);
	if (first->file.len) {
		fputs("  ", stdout);
		sm_cli_put(stdout, first->file, false);
		printf(":%" PRIu32 " ", first->line);
		sm_cli_put(stdout, first->function, false);
	}
	putchar('\n');
}

static void put_arguments(const struct sm_replay_denial *denial)
{
	struct sm_value list = { .type = SM_LIST,
				 .len = denial->argc,
				 .full_len = denial->argc,
				 .items = denial->args };

	if (!denial->argc)
		return;
	fputs("    with   ", stdout);
	sm_cli_put_value(stdout, &list);
	putchar('\n');
}

static void put_denial(const struct sm_replay_denial *denial,
		       const struct sm_clock *clock, bool has_colour)
{
	bool is_blocked = denial->decision == SM_DENIED;

	printf("%s%s%s %" PRIu64 "x ",
	       !has_colour  ? ""
	       : is_blocked ? "\033[31m"
			    : "\033[33m",
	       is_blocked ? "blocked" : "warned", has_colour ? "\033[m" : "",
	       denial->count);
	sm_cli_put(stdout, denial->event, false);
	if (denial->via != SM_VIA_DIRECT)
		printf(" via %s", sm_via_name(denial->via));
	fputs(": ", stdout);
	/* Made of recorded bytes: escaped here, not by the engine. */
	sm_cli_put(stdout, sm_str_of(denial->explanation), false);
	putchar('\n');
	put_arguments(denial);
	put_first(&denial->first, clock);
}

/* -------------------------------------------------------------------- JSON */

static void json_accesses(struct sm_json *j, const char *key, uint32_t set)
{
	sm_json_open(j, key, '[');
	for (unsigned i = 0; i < SM_ACCESSES; i++)
		if (set >> i & 1)
			sm_json_put_text(
				j, NULL,
				sm_access_name((enum sm_access)(1u << i)));
	sm_json_close(j, ']');
}

static void json_first(struct sm_json *j, const struct sm_replay_example *first,
		       const struct sm_clock *clock)
{
	char time[40];

	sm_clock_format(clock, first->time_ns, time);
	sm_json_open(j, "first", '{');
	sm_json_put_text(j, "trace", first->trace);
	sm_json_put_uint(j, "process", first->process);
	sm_json_put_uint(j, "pid", first->pid);
	sm_json_put_uint(j, "seq", first->seq);
	sm_json_put_uint(j, "time_ns", first->time_ns);
	sm_json_put_text(j, "time", *time ? time : NULL);
	sm_json_put_str(j, "file", first->file);
	sm_json_put_uint(j, "line", first->line);
	sm_json_put_str(j, "function", first->function);
	sm_json_close(j, '}');
}

static void json_denial(struct sm_json *j,
			const struct sm_replay_denial *denial,
			const struct sm_clock *clock)
{
	sm_json_open(j, NULL, '{');
	sm_json_put_text(j, "decision", sm_decision_name(denial->decision));
	sm_json_put_str(j, "event", denial->event);
	sm_json_put_text(j, "family", sm_family_name(denial->family));
	json_accesses(j, "access", denial->access);
	sm_json_put_str(j, "resource", denial->resource);
	sm_json_open(j, "arguments", '[');
	for (uint32_t i = 0; i < denial->argc; i++)
		sm_json_put_value(j, NULL, &denial->args[i]);
	sm_json_close(j, ']');
	sm_json_put_str(j, "by", denial->principal.name);
	sm_json_put_text(j, "via", sm_via_name(denial->via));
	sm_json_put_uint(j, "count", denial->count);
	sm_json_put_text(j, "reason", sm_reason_name(denial->reason));
	sm_json_put_str(j, "nearest", denial->rule);
	json_accesses(j, "lacks", denial->lacking);
	sm_json_put_text(j, "explanation", denial->explanation);
	json_first(j, &denial->first, clock);
	sm_json_close(j, '}');
}

static void json_totals(struct sm_json *j,
			const struct sm_replay_totals *totals)
{
	sm_json_put_uint(j, "traces", totals->traces);
	sm_json_put_uint(j, "processes", totals->processes);
	sm_json_put_uint(j, "events", totals->events);
	sm_json_put_uint(j, "distinct", totals->distinct);
	sm_json_put_uint(j, "allowed", totals->allowed);
	sm_json_put_uint(j, "blocked", totals->blocked);
	sm_json_put_uint(j, "blocked_distinct", totals->blocked_distinct);
	sm_json_put_uint(j, "warned", totals->warned);
	sm_json_put_uint(j, "undecided", totals->undecided);
	sm_json_put_uint(j, "recorded_verdicts", totals->enforced);
	sm_json_put_uint(j, "differs", totals->differs);
	sm_json_put_uint(j, "lost", totals->lost);
	sm_json_open(j, "losses", '{');
	for (unsigned i = 0; i < SM_LOSSES; i++)
		sm_json_put_uint(j, sm_loss_name((enum sm_loss)i),
				 totals->losses[i]);
	sm_json_close(j, '}');
	sm_json_put_uint(j, "damaged_blocks", totals->damaged);
	sm_json_put_uint(j, "denials_not_listed", totals->ungrouped);
}

/* ------------------------------------------------------------------ report */

static const struct sm_clock *clock_of(const struct replay_clocks *clocks,
				       const char *path)
{
	static const struct sm_clock none;

	for (size_t i = 0; i < clocks->count; i++)
		if (!strcmp(clocks->paths[i], path))
			return &clocks->clocks[i];
	return &none;
}

static void put_json(const struct replay_report *s, struct sm_replay *replay,
		     const struct replay_clocks *clocks)
{
	struct sm_json j = { .out = stdout, .is_pretty = true };
	const struct sm_replay_denial *const *denials;
	size_t count;

	denials = sm_replay_denials(replay, &count);
	sm_json_open(&j, NULL, '{');
	json_totals(&j, sm_replay_totals(replay));
	sm_json_open(&j, "denials", '[');
	for (size_t i = 0; i < count; i++)
		json_denial(&j, denials[i],
			    clock_of(clocks, denials[i]->first.trace));
	sm_json_close(&j, ']');
	if (s->live)
		replay_live_put_json(s->live, &j);
	sm_json_close(&j, '}');
}

static void put_text(const struct replay_report *s, struct sm_replay *replay,
		     const struct replay_clocks *clocks)
{
	bool has_colour = sm_cli_has_colour(stdout);
	const struct sm_replay_denial *const *denials;
	size_t count, shown;

	put_totals(sm_replay_totals(replay));
	denials = sm_replay_denials(replay, &count);
	shown = s->limit && s->limit < count ? s->limit : count;
	if (shown)
		putchar('\n');
	for (size_t i = 0; i < shown; i++)
		put_denial(denials[i],
			   clock_of(clocks, denials[i]->first.trace),
			   has_colour);
	if (shown < count)
		printf("... and %zu more groups; --limit=0 prints all\n",
		       count - shown);
	if (s->live)
		replay_live_put(s->live);
}

void sm_replay_report(const struct replay_report *s, struct sm_replay *replay,
		      const struct replay_clocks *clocks)
{
	if (s->wants_json)
		put_json(s, replay, clocks);
	else
		put_text(s, replay, clocks);
}

/* -------------------------------------------------------------- CI reports */

static struct sm_report_case case_of(const struct sm_replay_denial *denial,
				     const struct replay_report *s)
{
	bool is_failure = denial->decision == SM_DENIED || s->is_strict;

	return (struct sm_report_case){
		.suite = sm_family_name(denial->family),
		.name = denial->explanation,
		.outcome = is_failure ? SM_OUTCOME_FAIL : SM_OUTCOME_WARN,
		.reason = sm_reason_name(denial->reason),
		.text = denial->explanation,
		.file = denial->first.file,
		.line = denial->first.line,
		.count = denial->count,
	};
}

/* A testcase for each group, by family; one for a family without any. */
static size_t collect_cases(const struct replay_report *s,
			    struct sm_replay *replay,
			    struct sm_report_case *cases)
{
	const struct sm_replay_denial *const *denials;
	size_t count, used = 0, before;

	denials = sm_replay_denials(replay, &count);
	for (int f = 0; f < SM_FAMILIES; f++) {
		before = used;
		for (size_t i = 0; i < count; i++)
			if ((int)denials[i]->family == f)
				cases[used++] = case_of(denials[i], s);
		if (used == before)
			cases[used++] = (struct sm_report_case){
				.suite = sm_family_name(f),
				.name = "nothing is denied",
				.count = 1,
			};
	}
	return used;
}

int sm_replay_report_files(const struct replay_report *s,
			   struct sm_replay *replay)
{
	struct sm_report report = { .tool = s->program->name };
	struct sm_report_case *cases;
	size_t count;
	int status = SM_EXIT_USAGE;

	if (!s->junit && !s->sarif)
		return SM_EXIT_OK;
	(void)sm_replay_denials(replay, &count);
	cases = calloc(count + SM_FAMILIES, sizeof(*cases));
	if (cases) {
		report.cases = cases;
		report.count = collect_cases(s, replay, cases);
		status = sm_report_write(s->program, &report, s->junit,
					 s->sarif);
	}
	free(cases);
	return status;
}
