/* SPDX-License-Identifier: Apache-2.0 */
/*
 * secmgr-replay: what a policy would have done to recorded runs.
 */
#include <inttypes.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "replay/replay.h"
#include "tools/cli.h"
#include "tools/cli_clock.h"
#include "tools/cli_progress.h"
#include "tools/replay_live.h"
#include "tools/report.h"

/*
 * Blocks are decoded into some MB that are given back and taken again; as
 * mappings of their own each would fault in anew (a fifth of all time).
 */
#define KEPT_BYTES (64 << 20)

#define SETS_MAX     32
#define GROUPS_SHOWN 40 /* default of --limit */

struct settings {
	const char *policy;
	struct sm_binding sets[SETS_MAX];
	size_t set_count;
	const char *junit, *sarif; /* files to write, or NULL */
	uint64_t limit;		   /* groups printed; 0: all */
	bool wants_json, is_quiet, is_strict;
	struct replay_live live;
};

/* --------------------------------------------------------------- options */

SM_CLI_TEXT(set_policy, struct settings, policy);

static int set_variable(void *context, const char *value, struct sm_diag *diag)
{
	struct settings *s = context;
	const char *equals = strchr(value, '=');
	char *name;

	if (!equals || equals == value || equals[1] != '/' ||
	    strspn(value, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") <
		    (size_t)(equals - value))
		return sm_fail(diag, SM_INVALID,
			       "'%s' is not NAME=/PATH with NAME in capitals",
			       value);
	if (s->set_count == SETS_MAX)
		return sm_fail(diag, SM_LIMIT, "more than %d variables",
			       SETS_MAX);
	name = strndup(value, (size_t)(equals - value));
	if (!name)
		return sm_fail(diag, SM_NOMEM, "out of memory");
	s->sets[s->set_count++] = (struct sm_binding){ name, equals + 1 };
	return 0;
}

static int set_limit(void *context, const char *value, struct sm_diag *diag)
{
	struct settings *s = context;
	char *end;

	s->limit = strtoull(value, &end, 10);
	if (end == value || *end || *value == '-')
		return sm_fail(diag, SM_INVALID, "'%s' is no number", value);
	return 0;
}

SM_CLI_FLAG(set_json, struct settings, wants_json);
SM_CLI_FLAG(set_quiet, struct settings, is_quiet);
SM_CLI_FLAG(set_strict, struct settings, is_strict);

static int set_live(void *context, const char *value, struct sm_diag *diag)
{
	struct settings *s = context;

	(void)diag;
	s->live.is_wanted = true;
	s->live.python = value;
	return 0;
}

SM_CLI_TEXT(set_junit, struct settings, junit);
SM_CLI_TEXT(set_sarif, struct settings, sarif);

static const struct sm_option options[] = {
	{ 'p', "policy", "FILE", "the policy; every operand is a trace then",
	  set_policy },
	{ 0, "set", "NAME=PATH",
	  "value of a policy variable; several values: separated by ':'",
	  set_variable },
	{ 'n', "limit", "N", "print at most N groups of denials (40; 0: all)",
	  set_limit },
	{ 0, "strict", NULL, "what would only be warned about blocks too",
	  set_strict },
	{ 0, "live", "[=PYTHON]",
	  "raise the calls in an interpreter too and compare the verdicts",
	  set_live },
	{ 0, "json", NULL, "print one JSON object", set_json },
	{ 0, "junit", "FILE", "write JUnit XML for CI", set_junit },
	{ 0, "sarif", "FILE", "write SARIF 2.1.0 for code review", set_sarif },
	{ 'q', "quiet", NULL, "print nothing, set the exit status", set_quiet },
	{ 0, NULL, NULL, NULL, NULL },
};

static const struct sm_program program = {
	"secmgr-replay",
	"[options] POLICY TRACE...",
	"Replays recorded events against a policy: what would be blocked?",
	options,
	SM_EXIT_USAGE,
	false,
};

/* ------------------------------------------------------------------ text */

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

/* ------------------------------------------------------------------ JSON */

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

/* ---------------------------------------------------------------- report */

/* Clocks of all traces: examples say only a path. */
struct clocks {
	const char **paths;
	struct sm_clock *clocks;
	size_t count;
};

static const struct sm_clock *clock_of(const struct clocks *clocks,
				       const char *path)
{
	static const struct sm_clock none;

	for (size_t i = 0; i < clocks->count; i++)
		if (!strcmp(clocks->paths[i], path))
			return &clocks->clocks[i];
	return &none;
}

static void report_json(const struct settings *s, struct sm_replay *replay,
			const struct clocks *clocks)
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
	if (s->live.is_wanted)
		replay_live_put_json(&s->live, &j);
	sm_json_close(&j, '}');
}

static void report_text(const struct settings *s, struct sm_replay *replay,
			const struct clocks *clocks)
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
	if (s->live.is_wanted)
		replay_live_put(&s->live);
}

/* ------------------------------------------------------------- CI reports */

static struct sm_report_case case_of(const struct sm_replay_denial *denial,
				     const struct settings *s)
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
static size_t collect_cases(const struct settings *s, struct sm_replay *replay,
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

static int report_files(const struct settings *s, struct sm_replay *replay)
{
	struct sm_report report = { .tool = program.name };
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
		status = sm_report_write(&program, &report, s->junit, s->sarif);
	}
	free(cases);
	return status;
}

/* ------------------------------------------------------------------- run */

static void show_progress(void *context, uint64_t events)
{
	(void)context;
	fprintf(stderr, "\r%" PRIu64 " events", events);
}

static bool is_set(const struct settings *s, const char *name)
{
	for (size_t i = 0; i < s->set_count; i++)
		if (!strcmp(s->sets[i].name, name))
			return true;
	return false;
}

/* What --set says, then what the trace recorded. */
static size_t collect_bindings(const struct settings *s,
			       const struct sm_trace *trace,
			       struct sm_binding bindings[SETS_MAX + 3])
{
	static const char *const recorded[][2] = {
		{ "HOME", "variable.HOME" },
		{ "TMP", "variable.TMP" },
		{ "CWD", "variable.CWD" },
	};
	size_t count = s->set_count;

	memcpy(bindings, s->sets, count * sizeof(*bindings));
	for (size_t i = 0; i < 3; i++) {
		const char *value = sm_trace_meta(trace, recorded[i][1]);

		if (value && *value && !is_set(s, recorded[i][0]))
			bindings[count++] =
				(struct sm_binding){ recorded[i][0], value };
	}
	return count;
}

static int replay_compiled(struct sm_replay *replay, struct sm_trace *trace,
			   const void *blob, size_t bytes, const char *path)
{
	struct sm_diag diag = { .status = SM_OK };
	struct sm_policy policy;
	enum sm_status status = sm_policy_open(&policy, blob, bytes, &diag);

	if (status == SM_OK)
		status = sm_replay_run(replay, trace, &policy,
				       isatty(STDERR_FILENO) ? show_progress
							     : NULL,
				       NULL, &diag);
	if (isatty(STDERR_FILENO))
		fputs("\r\033[K", stderr);
	if (status == SM_OK)
		return SM_EXIT_OK;
	diag.status = status;
	sm_cli_diag(&program, path, &diag);
	return SM_EXIT_USAGE;
}

/* 0, or the status to exit with. */
static int raise_calls(struct settings *s, struct sm_trace *trace,
		       const struct sm_rules *rules,
		       const struct sm_binding *bindings, size_t binding_count)
{
	struct sm_diag diag = { .status = SM_OK };
	enum sm_status status;

	if (!s->live.is_wanted)
		return SM_EXIT_OK;
	status = replay_live_run(&s->live, trace, rules, bindings,
				 binding_count, &diag);
	if (status == SM_OK)
		return SM_EXIT_OK;
	diag.status = status;
	sm_cli_diag(&program, "--live", &diag);
	return SM_EXIT_USAGE;
}

static int replay_trace(struct settings *s, const struct sm_rules *rules,
			const char *path, struct sm_replay *replay,
			struct sm_clock *clock)
{
	struct sm_binding bindings[SETS_MAX + 3];
	struct sm_diag diag = { .status = SM_OK };
	struct sm_trace *trace = NULL;
	void *blob = NULL;
	size_t bytes = 0, binding_count;
	int result = SM_EXIT_USAGE;
	enum sm_status status = sm_trace_open(path, &trace, &diag);

	if (status != SM_OK) {
		diag.status = status;
		sm_cli_diag(&program, path, &diag);
		return SM_EXIT_USAGE;
	}
	sm_clock_init(clock, trace);
	binding_count = collect_bindings(s, trace, bindings);
	status = sm_policy_compile(rules, bindings, binding_count, &blob,
				   &bytes, &diag);
	if (status == SM_OK) {
		result = replay_compiled(replay, trace, blob, bytes, path);
		if (raise_calls(s, trace, rules, bindings, binding_count))
			result = SM_EXIT_USAGE;
	} else {
		diag.status = status;
		sm_cli_diag(&program, s->policy, &diag);
	}
	free(blob);
	sm_trace_close(trace);
	return result;
}

static int verdict_status(const struct settings *s,
			  const struct sm_replay_totals *totals)
{
	if (totals->blocked || (s->is_strict && totals->warned))
		return SM_EXIT_FINDING;
	return replay_live_totals(&s->live).differ ? SM_EXIT_FINDING
						   : SM_EXIT_OK;
}

/* A trace that cannot be opened ends it; damage inside one does not. */
static int replay_all(struct settings *s, const struct sm_rules *rules,
		      struct sm_replay *replay, struct clocks *clocks)
{
	int result = SM_EXIT_OK;

	for (size_t i = 0; i < clocks->count; i++) {
		uint32_t before = sm_replay_totals(replay)->traces;

		if (replay_trace(s, rules, clocks->paths[i], replay,
				 &clocks->clocks[i]) == SM_EXIT_OK)
			continue;
		result = SM_EXIT_USAGE;
		if (sm_replay_totals(replay)->traces == before)
			return result;
	}
	if (!s->is_quiet && s->wants_json)
		report_json(s, replay, clocks);
	else if (!s->is_quiet)
		report_text(s, replay, clocks);
	if (report_files(s, replay))
		result = SM_EXIT_USAGE;
	return result ? result : verdict_status(s, sm_replay_totals(replay));
}

static int run(struct settings *s, const char **paths, size_t count)
{
	struct clocks clocks = { .paths = paths, .count = count };
	struct sm_replay *replay = sm_replay_new();
	struct sm_diag diag = { .status = SM_OK };
	struct sm_rules *rules = NULL;
	enum sm_status status = sm_policy_load(s->policy, &rules, &diag);
	int result = SM_EXIT_USAGE;

	clocks.clocks = calloc(count, sizeof(*clocks.clocks));
	if (status != SM_OK) {
		diag.status = status;
		sm_cli_diag(&program, s->policy, &diag);
	} else if (!replay || !clocks.clocks) {
		sm_cli_error(&program, NULL, "out of memory");
	} else {
		result = replay_all(s, rules, replay, &clocks);
	}
	sm_replay_free(replay);
	sm_rules_free(rules);
	free(clocks.clocks);
	return result;
}

int main(int argc, char **argv)
{
	struct settings s = { .limit = GROUPS_SHOWN };
	int first = 0;
	int result = sm_cli_parse(&program, argc, argv, &s, &first);

	if (result >= 0)
		return result;
	if (!s.policy && first < argc)
		s.policy = argv[first++];
	if (!s.policy || first >= argc) {
		sm_cli_error(&program, s.policy ? "TRACE" : "POLICY",
			     "is missing; see %s --help", program.name);
		return SM_EXIT_USAGE;
	}
	sm_cli_progress(&program);
	mallopt(M_MMAP_THRESHOLD, KEPT_BYTES);
	mallopt(M_TRIM_THRESHOLD, KEPT_BYTES);
	if (s.live.is_wanted) {
		struct sm_diag diag = { .status = SM_OK };

		if (replay_live_start(&s.live, &diag)) {
			sm_cli_diag(&program,
				    s.live.python ? s.live.python : "--live",
				    &diag);
			return SM_EXIT_USAGE;
		}
	}
	result = run(&s, (const char **)(uintptr_t)(argv + first),
		     (size_t)(argc - first));
	for (size_t i = 0; i < s.set_count; i++)
		free((char *)(uintptr_t)s.sets[i].name);
	replay_live_free(&s.live);
	return sm_cli_finish(&program, result);
}
