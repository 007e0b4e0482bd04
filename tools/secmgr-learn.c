/* SPDX-License-Identifier: Apache-2.0 */
/*
 * secmgr-learn: traces in, the smallest policy that explains them out.
 */
#include <stdlib.h>

#include "learner/learner.h"
#include "tools/cli.h"
#include "tools/cli_progress.h"
#include "tools/learn_input.h"
#include "tools/learn_report.h"

#define SM_BEFORE_MAX 64

struct settings {
	struct sm_learn_options learn;
	struct sm_learn_input input;
	struct sm_quorum quorum;
	const char *output, *report, *base, *summary;
	const char *before[SM_BEFORE_MAX]; /* traces of an older version */
	int before_count;
	bool quiet, no_estimate, lists_runs, explains;
	double max_false_blocks; /* of 1000 events; < 0: any number */
};

SM_CLI_FLAG(set_evidence, struct settings, learn.evidence);
SM_CLI_FLAG(set_strict, struct settings, learn.strict);
SM_CLI_FLAG(set_quiet, struct settings, quiet);
SM_CLI_TEXT(set_output, struct settings, output);
SM_CLI_TEXT(set_report, struct settings, report);
SM_CLI_FLAG(set_no_estimate, struct settings, no_estimate);

static int set_max_false_blocks(void *context, const char *value,
				struct sm_diag *diag)
{
	struct settings *settings = context;
	char *end;

	settings->max_false_blocks = strtod(value, &end);
	if (end != value && !*end && settings->max_false_blocks >= 0 &&
	    settings->max_false_blocks <= 1000)
		return 0;
	(void)sm_fail(diag, SM_INVALID,
		      "'%s' is no number of 1000 events, as 0.5", value);
	return -1;
}

SM_CLI_TEXT(set_since, struct settings, input.since);
SM_CLI_TEXT(set_until, struct settings, input.until);
SM_CLI_FLAG(set_followers, struct settings, input.takes_followers);
SM_CLI_FLAG(set_rotated, struct settings, input.is_set);
SM_CLI_FLAG(set_explain, struct settings, explains);
SM_CLI_FLAG(set_list_runs, struct settings, lists_runs);

static int add_excluded(void *context, const char *value, struct sm_diag *diag)
{
	struct sm_learn_input *input = &((struct settings *)context)->input;

	if (!*value || input->excluded_count == SM_EXCLUDED_MAX) {
		(void)sm_fail(diag, SM_INVALID,
			      *value ? "more than %u runs cannot be excluded"
				     : "no run is named",
			      SM_EXCLUDED_MAX);
		return -1;
	}
	input->excluded[input->excluded_count++] = value;
	return 0;
}

SM_CLI_TEXT(set_summary, struct settings, summary);

static int set_level(void *context, const char *value, struct sm_diag *diag)
{
	static const char *const names[SM_LEVELS] = {
		[SM_LEVEL_BALANCED] = "balanced",
		[SM_LEVEL_TIGHT] = "tight",
		[SM_LEVEL_LOOSE] = "loose",
	};

	for (int i = 0; i < SM_LEVELS; i++) {
		if (strcmp(value, names[i]) != 0)
			continue;
		((struct settings *)context)->learn.level = i;
		return 0;
	}
	(void)sm_fail(diag, SM_INVALID,
		      "'%s' is no level; tight, balanced or loose is", value);
	return -1;
}

static int add_before(void *context, const char *value, struct sm_diag *diag)
{
	struct settings *settings = context;

	if (settings->before_count == SM_BEFORE_MAX) {
		(void)sm_fail(diag, SM_INVALID,
			      "more than %u traces with --drift-from; make a "
			      "summary of them",
			      SM_BEFORE_MAX);
		return -1;
	}
	settings->before[settings->before_count++] = value;
	return 0;
}

SM_CLI_TEXT(set_base, struct settings, base);

/* "K", "K:runs", "K:hosts". */
static int set_quorum(void *context, const char *value, struct sm_diag *diag)
{
	struct sm_quorum *quorum = &((struct settings *)context)->quorum;
	char *end;
	unsigned long least = strtoul(value, &end, 10);

	quorum->by_host = !strcmp(end, ":hosts");
	if (end != value && least >= 1 && least <= SM_QUORUM_MAX &&
	    (!*end || quorum->by_host || !strcmp(end, ":runs"))) {
		quorum->least = (unsigned)least;
		return 0;
	}
	(void)sm_fail(diag, SM_INVALID,
		      "'%s' is no number from 1 to %u, as 2 or 2:hosts", value,
		      SM_QUORUM_MAX);
	return -1;
}

static const struct sm_option options[] = {
	{ 'o', "output", "FILE", "write the policy to FILE", set_output },
	{ 0, "evidence", NULL, "add `seen`, how often each rule was used",
	  set_evidence },
	{ 0, "strict", NULL, "leave out grants that would stand in `review`",
	  set_strict },
	{ 0, "base", "POLICY", "keep this policy and add what it lacks",
	  set_base },
	{ 0, "since", "TIME",
	  "learn from later events only: seconds from the start, or ISO 8601",
	  set_since },
	{ 0, "until", "TIME", "learn from earlier events only", set_until },
	{ 0, "rotated", NULL, "each TRACE and the older files of its rotation",
	  set_rotated },
	{ 0, "after-denial", NULL,
	  "learn also from what followed a denial in an enforced run",
	  set_followers },
	{ 0, "exclude-run", "RUN",
	  "leave a run out, and say which rules go with it", add_excluded },
	{ 0, "list-runs", NULL, "list the runs in the traces, and exit",
	  set_list_runs },
	{ 0, "explain", NULL,
	  "list the rules with how each came about, and exit", set_explain },
	{ 0, "summary", "FILE",
	  "write what was observed to FILE, to learn from elsewhere, and exit",
	  set_summary },
	{ 0, "level", "LEVEL",
	  "tight, balanced or loose: how much evidence opens a slot",
	  set_level },
	{ 0, "drift-from", "TRACE",
	  "list what another version in TRACE needed and what is new, and exit",
	  add_before },
	{ 0, "quorum", "K[:hosts]",
	  "leave out what fewer than K runs (or hosts) support", set_quorum },
	{ 0, "max-false-blocks", "RATE",
	  "exit with 1 when more of 1000 events may be blocked in error",
	  set_max_false_blocks },
	{ 0, "no-estimate", NULL, "do not estimate how often it will be wrong",
	  set_no_estimate },
	{ 0, "report", "FILE", "write the summary to FILE as JSON",
	  set_report },
	{ 'q', "quiet", NULL, "no summary", set_quiet },
	{ 0, NULL, NULL, NULL, NULL },
};

static const struct sm_program program = {
	.name = "secmgr-learn",
	.usage = "[options] TRACE... > policy.json",
	.summary = "learn a policy from recorded traces",
	.options = options,
	.usage_status = SM_EXIT_USAGE,
};

/* ------------------------------------------------------------------- output */

static int put_policy(const struct settings *settings,
		      const struct sm_rules *rules)
{
	char *text = NULL;
	size_t bytes = 0;
	int failed;

	if (sm_policy_print(rules, &text, &bytes) != SM_OK) {
		sm_cli_error(&program, NULL, "out of memory");
		return SM_EXIT_USAGE;
	}
	if (settings->output) {
		failed = !sm_cli_replace(&program, settings->output, text,
					 bytes);
	} else {
		failed = fwrite(text, 1, bytes, stdout) != bytes;
	}
	free(text);
	return settings->output && failed ? SM_EXIT_USAGE : SM_EXIT_OK;
}

static int write_report(const char *path, const struct sm_learn_report *report)
{
	char *text = NULL;
	size_t bytes = 0;
	FILE *out = open_memstream(&text, &bytes);
	int failed = !out;

	if (out) {
		sm_learn_report_json(out, report);
		failed = fclose(out) != 0;
	}
	if (failed)
		sm_cli_error(&program, path, "out of memory");
	else
		failed = !sm_cli_replace(&program, path, text, bytes);
	free(text);
	return failed ? SM_EXIT_USAGE : SM_EXIT_OK;
}

/* The policy, what is to be said of it, and whether that is a finding. */
static int put_learned(const struct settings *settings,
		       const struct sm_learn_report *report)
{
	int status = put_policy(settings, report->learned->rules);

	if (status != SM_EXIT_OK)
		return status;
	if (!settings->quiet)
		sm_learn_report_summary(program.name, report);
	sm_learn_report_warnings(program.name, report);
	if (settings->report)
		status = write_report(settings->report, report);
	if (status == SM_EXIT_OK && (report->learned->residue_count ||
				     sm_learn_report_is_too_many(report)))
		status = SM_EXIT_FINDING;
	return status;
}

/* What too few support, below a line that says so. */
static void put_line(void *context, const char *line)
{
	const char **what = context;

	if (*what)
		fprintf(stderr, "%s: too few %s did this, so it is denied:\n",
			program.name, *what);
	*what = NULL;
	fprintf(stderr, "%s:   ", program.name);
	sm_cli_put(stderr, sm_str_of(line), false);
	fputc('\n', stderr);
}

static bool has_rule(const struct sm_rules *rules, struct sm_str id)
{
	for (size_t i = 0; i < rules->count; i++)
		if (sm_str_equal(rules->rules[i].id, id))
			return true;
	return false;
}

/* What has a line stands in the policy that is kept. */
static void report_failure(const struct settings *settings,
			   const struct sm_diag *diag)
{
	sm_cli_diag(&program, diag->line ? settings->base : NULL, diag);
}

/* Rules of one policy that the other has not, below a line that says so. */
static size_t put_lacking(const struct sm_rules *rules,
			  const struct sm_rules *other, const char *what)
{
	size_t count = 0;

	for (size_t i = 0; i < rules->count; i++) {
		if (has_rule(other, rules->rules[i].id))
			continue;
		if (!count++)
			fprintf(stderr, "%s: %s:\n", program.name, what);
		fprintf(stderr, "%s:   ", program.name);
		sm_learn_report_rule(stderr, &rules->rules[i]);
		fputc('\n', stderr);
	}
	return count;
}

/* What the excluded runs did to the policy; left is the one without them. */
static enum sm_status put_gone(const struct settings *settings,
			       const struct sm_observations *all,
			       const struct sm_rules *left,
			       struct sm_diag *diag)
{
	struct sm_learned learned;
	enum sm_status status = sm_learn(all, &settings->learn, &learned, diag);

	if (status == SM_OK &&
	    !put_lacking(learned.rules, left,
			 "without the excluded runs these go"))
		fprintf(stderr, "%s: no rule goes with the excluded runs\n",
			program.name);
	if (status == SM_OK)
		put_lacking(left, learned.rules,
			    "in their place stand, for what other runs did");
	sm_learned_fini(&learned);
	return status;
}

/* Learns from used, which is what was left of all. */
static int learn(const struct settings *settings,
		 const struct sm_observations *all,
		 const struct sm_observations *used)
{
	struct sm_diag diag = { 0 };
	struct sm_learned learned = { 0 };
	struct sm_estimate estimate;
	struct sm_learn_report report = { .learned = &learned,
					  .max_false_blocks =
						  settings->max_false_blocks };
	const char *what = settings->quorum.by_host ? "hosts" : "runs";
	int exit_status = SM_EXIT_USAGE;
	enum sm_status status;

	sm_observations_count(used, &report.observed);
	status = sm_learn(used, &settings->learn, &learned, &diag);
	if (status == SM_OK && settings->explains) {
		if (sm_learn_report_rules(stdout, &learned))
			exit_status = SM_EXIT_OK;
		else
			sm_cli_error(&program, NULL, "out of memory");
		sm_learned_fini(&learned);
		return exit_status;
	}
	if (status == SM_OK && !settings->no_estimate) {
		report.estimate = &estimate;
		status = sm_learn_estimate(used, &settings->learn, &learned,
					   &estimate, &diag);
	}
	if (status == SM_OK)
		exit_status = put_learned(settings, &report);
	if (status == SM_OK && settings->input.excluded_count)
		status = put_gone(settings, all, learned.rules, &diag);
	if (status == SM_OK && settings->quorum.least > 1) {
		status = sm_learn_missing(all, learned.rules, put_line, &what,
					  &diag);
	}
	if (status != SM_OK) {
		report_failure(settings, &diag);
		exit_status = SM_EXIT_USAGE;
	}
	sm_learned_fini(&learned);
	return exit_status;
}

static int narrow_and_learn(const struct settings *settings,
			    const struct sm_observations *all)
{
	struct sm_observations *rest = NULL, *quorum = NULL;
	const struct sm_observations *used = all;
	struct sm_diag diag = { 0 };
	int status = SM_EXIT_USAGE;

	if (settings->input.excluded_count) {
		used = rest =
			sm_learn_input_exclude(&program, &settings->input, all);
		if (!rest)
			return SM_EXIT_USAGE;
	}
	if (settings->quorum.least > 1) {
		if (sm_learn_quorum(used, &settings->learn, &settings->quorum,
				    &quorum, &diag) != SM_OK)
			report_failure(settings, &diag);
		used = quorum;
	}
	if (used)
		status = learn(settings, all, used);
	sm_observations_free(rest);
	sm_observations_free(quorum);
	return status;
}

static int write_summary(const char *path, const struct sm_observations *all)
{
	uint8_t *bytes = NULL;
	size_t size = 0;
	int failed;

	if (sm_summary_write(all, &bytes, &size) != SM_OK) {
		sm_cli_error(&program, NULL, "out of memory");
		return SM_EXIT_USAGE;
	}
	failed = !sm_cli_replace(&program, path, bytes, size);
	free(bytes);
	return failed ? SM_EXIT_USAGE : SM_EXIT_OK;
}

static void put_moved(const struct sm_variable *moved)
{
	fputs("= variables ", stdout);
	sm_cli_put(stdout, moved->name, false);
	for (size_t i = 0; i < moved->values.count; i++) {
		putchar(' ');
		sm_cli_put(stdout, moved->values.items[i], true);
	}
	putchar('\n');
}

static void put_drift(void *context, const struct sm_drift *drift)
{
	if (drift->moved) {
		put_moved(drift->moved);
		return;
	}
	*(int *)context = SM_EXIT_FINDING;
	printf("%c ", drift->is_new ? '+' : '-');
	if (drift->rule) {
		sm_learn_report_rule(stdout, drift->rule);
		putchar('\n');
		return;
	}
	fputs("use ", stdout);
	sm_cli_put(stdout, drift->bundle, false);
	putchar('\n');
}

static int drift(const struct settings *settings,
		 const struct sm_observations *now)
{
	struct sm_observations *before = sm_observations_new();
	struct sm_diag diag = { 0 };
	char *paths[SM_BEFORE_MAX];
	int found = SM_EXIT_OK, status;

	if (!before) {
		sm_cli_error(&program, NULL, "out of memory");
		return SM_EXIT_USAGE;
	}
	for (int i = 0; i < settings->before_count; i++)
		paths[i] = (char *)(uintptr_t)settings->before[i];
	status = sm_learn_input_read(&program, &settings->input,
				     settings->before_count, paths, before);
	if (status == SM_EXIT_OK &&
	    sm_learn_drift(before, now, &settings->learn, put_drift, &found,
			   &diag) != SM_OK) {
		report_failure(settings, &diag);
		status = SM_EXIT_USAGE;
	}
	sm_observations_free(before);
	return status == SM_EXIT_OK ? found : status;
}

static int load_base(struct settings *settings, struct sm_rules **base)
{
	struct sm_diag diag = { 0 };

	*base = NULL;
	if (!settings->base)
		return SM_EXIT_OK;
	if (sm_policy_load(settings->base, base, &diag) != SM_OK) {
		sm_cli_diag(&program, settings->base, &diag);
		return SM_EXIT_USAGE;
	}
	settings->learn.base = *base;
	return SM_EXIT_OK;
}

static int list_runs(const struct sm_observations *all)
{
	if (sm_learn_input_list(all))
		return SM_EXIT_OK;
	sm_cli_error(&program, NULL, "out of memory");
	return SM_EXIT_USAGE;
}

static int run(struct settings *settings, int count, char **paths)
{
	struct sm_observations *all = sm_observations_new();
	struct sm_rules *base = NULL;
	int status;

	if (!all) {
		sm_cli_error(&program, NULL, "out of memory");
		return SM_EXIT_USAGE;
	}
	status = load_base(settings, &base);
	if (status == SM_EXIT_OK)
		status = sm_learn_input_read(&program, &settings->input, count,
					     paths, all);
	if (status == SM_EXIT_OK && settings->lists_runs)
		status = list_runs(all);
	else if (status == SM_EXIT_OK && settings->before_count)
		status = drift(settings, all);
	else if (status == SM_EXIT_OK && settings->summary)
		status = write_summary(settings->summary, all);
	else if (status == SM_EXIT_OK)
		status = narrow_and_learn(settings, all);
	sm_observations_free(all);
	sm_rules_free(base);
	return status;
}

/* What is asked for in place of a policy, or NULL. */
static const char *instead_of_policy(const struct settings *settings)
{
	if (settings->lists_runs)
		return "--list-runs";
	if (settings->before_count)
		return "--drift-from";
	return settings->summary ? "--summary" : NULL;
}

/* A run that somebody excludes must not be in what is written after all. */
static bool is_in_vain(const struct settings *settings)
{
	const char *what = instead_of_policy(settings);
	const struct {
		bool is_set, is_for_lists;
		const char *name;
	} vain[] = {
		{ settings->input.excluded_count > 0, true, "--exclude-run" },
		{ settings->quorum.least > 1, true, "--quorum" },
		{ settings->max_false_blocks >= 0, false,
		  "--max-false-blocks" },
		{ settings->base, true, "--base" },
		{ settings->output, false, "--output" },
		{ settings->report, false, "--report" },
	};

	for (size_t i = 0; i < sizeof(vain) / sizeof(*vain); i++) {
		if (!vain[i].is_set ||
		    (!what && (!settings->explains || vain[i].is_for_lists)))
			continue;
		sm_cli_error(&program, NULL, "%s %s no policy, which %s is for",
			     what ? what : "--explain",
			     what ? "learns" : "writes", vain[i].name);
		return true;
	}
	return false;
}

int main(int argc, char **argv)
{
	struct settings settings = { .max_false_blocks = -1 };
	int first, status;

	status = sm_cli_parse(&program, argc, argv, &settings, &first);
	if (status >= 0)
		return status;
	if (first == argc) {
		sm_cli_error(&program, NULL,
			     "no trace given; try secmgr-learn --help");
		return SM_EXIT_USAGE;
	}
	if (is_in_vain(&settings))
		return SM_EXIT_USAGE;
	if (settings.no_estimate && settings.max_false_blocks >= 0) {
		sm_cli_error(&program, NULL,
			     "--max-false-blocks needs the estimate that "
			     "--no-estimate leaves out");
		return SM_EXIT_USAGE;
	}
	if (settings.output && settings.report &&
	    !strcmp(settings.output, settings.report)) {
		sm_cli_error(&program, settings.output,
			     "named by --output and by --report");
		return SM_EXIT_USAGE;
	}
	sm_cli_progress(&program);
	status = run(&settings, argc - first, argv + first);
	return sm_cli_finish(&program, status);
}
