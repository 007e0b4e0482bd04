/* SPDX-License-Identifier: Apache-2.0 */
/*
 * secmgr-replay: what a policy would have done to recorded runs.
 */
#include <inttypes.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/cli_progress.h"
#include "tools/replay_report.h"
#include "tools/variables.h"

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
	bool is_quiet;
	struct replay_live live;
	struct replay_report report;
};

/* ----------------------------------------------------------------- options */

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

	s->report.limit = strtoull(value, &end, 10);
	if (end == value || *end || *value == '-')
		return sm_fail(diag, SM_INVALID, "'%s' is no number", value);
	return 0;
}

SM_CLI_FLAG(set_json, struct settings, report.wants_json);
SM_CLI_FLAG(set_quiet, struct settings, is_quiet);
SM_CLI_FLAG(set_strict, struct settings, report.is_strict);

static int set_live(void *context, const char *value, struct sm_diag *diag)
{
	struct settings *s = context;

	(void)diag;
	s->live.is_wanted = true;
	s->live.python = value;
	return 0;
}

SM_CLI_TEXT(set_junit, struct settings, report.junit);
SM_CLI_TEXT(set_sarif, struct settings, report.sarif);

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

/* --------------------------------------------------------------------- run */

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

/* A trace named twice counts once, as secmgr-learn has it. */
static bool is_told(const struct replay_clocks *clocks, size_t at,
		    const struct sm_trace *trace)
{
	clocks->identities[at] = sm_trace_identity(trace);
	for (size_t i = 0; i < at; i++) {
		if (clocks->identities[i] != clocks->identities[at])
			continue;
		sm_cli_error(&program, clocks->paths[at],
			     "the same trace as %s; counted once",
			     clocks->paths[i]);
		return true;
	}
	return false;
}

static int replay_trace(struct settings *s, const struct sm_rules *rules,
			struct sm_replay *replay, struct replay_clocks *clocks,
			size_t at)
{
	const char *path = clocks->paths[at];
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
	sm_clock_init(&clocks->clocks[at], trace);
	if (is_told(clocks, at, trace)) {
		sm_trace_close(trace);
		return SM_EXIT_OK;
	}
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
	if (totals->blocked || (s->report.is_strict && totals->warned))
		return SM_EXIT_FINDING;
	return replay_live_totals(&s->live).differ ? SM_EXIT_FINDING
						   : SM_EXIT_OK;
}

/* A trace that cannot be opened ends it; damage inside one does not. */
static int replay_all(struct settings *s, const struct sm_rules *rules,
		      struct sm_replay *replay, struct replay_clocks *clocks)
{
	int result = SM_EXIT_OK;

	for (size_t i = 0; i < clocks->count; i++) {
		uint32_t before = sm_replay_totals(replay)->traces;

		if (replay_trace(s, rules, replay, clocks, i) == SM_EXIT_OK)
			continue;
		result = SM_EXIT_USAGE;
		if (sm_replay_totals(replay)->traces == before)
			return result;
	}
	if (s->live.is_wanted)
		s->report.live = &s->live;
	if (!s->is_quiet)
		sm_replay_report(&s->report, replay, clocks);
	if (sm_replay_report_files(&s->report, replay))
		result = SM_EXIT_USAGE;
	return result ? result : verdict_status(s, sm_replay_totals(replay));
}

static bool are_variables_known(const struct settings *s,
				const struct sm_rules *const rules)
{
	return sm_variables_are_known(&program, "--set", s->sets, s->set_count,
				      &rules, 1);
}

static int run(struct settings *s, const char **paths, size_t count)
{
	struct replay_clocks clocks = { .paths = paths, .count = count };
	struct sm_replay *replay = sm_replay_new();
	struct sm_diag diag = { .status = SM_OK };
	struct sm_rules *rules = NULL;
	enum sm_status status = sm_policy_load(s->policy, &rules, &diag);
	int result = SM_EXIT_USAGE;

	clocks.clocks = calloc(count, sizeof(*clocks.clocks));
	clocks.identities = calloc(count, sizeof(*clocks.identities));
	if (status != SM_OK) {
		diag.status = status;
		sm_cli_diag(&program, s->policy, &diag);
	} else if (!replay || !clocks.clocks || !clocks.identities) {
		sm_cli_error(&program, NULL, "out of memory");
	} else if (are_variables_known(s, rules)) {
		result = replay_all(s, rules, replay, &clocks);
	}
	sm_replay_free(replay);
	sm_rules_free(rules);
	free(clocks.clocks);
	free(clocks.identities);
	return result;
}

int main(int argc, char **argv)
{
	struct settings s = { .report = { .program = &program,
					  .limit = GROUPS_SHOWN } };
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
