/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/learn_report.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>

#include "tools/cli.h"

#define DAY_NS 86400e9

__attribute__((format(printf, 2, 3))) static void say(const char *program,
						      const char *format, ...)
{
	va_list list;

	fprintf(stderr, "%s: ", program);
	va_start(list, format);
	vfprintf(stderr, format, list);
	va_end(list);
	fputc('\n', stderr);
}

/* "3 days", "14 minutes", "0.8 seconds": as exact as people want it. */
static const char *span(uint64_t ns, char text[32])
{
	static const struct {
		double ns;
		const char *name;
	} units[] = { { DAY_NS, "days" },
		      { 3600e9, "hours" },
		      { 60e9, "minutes" },
		      { 1e9, "seconds" } };
	size_t i = 0;

	while (i < 3 && (double)ns < 2 * units[i].ns)
		i++;
	snprintf(text, 32, "%.*f %s", (double)ns < 10 * units[i].ns,
		 (double)ns / units[i].ns, units[i].name);
	return text;
}

static int decimals_of(double value, double *unit)
{
	int decimals = 0;

	for (*unit = 1; value > 0 && value < 10 && decimals < 6; decimals++) {
		value *= 10;
		*unit /= 10;
	}
	return decimals;
}

/* Two digits that count: "0.042", "3.1", "160". */
static const char *amount(double value, char text[32])
{
	double unit;

	snprintf(text, 32, "%.*f", decimals_of(value, &unit), value);
	return text;
}

/* The same, never less than it is: what is promised, and may be asked for. */
static const char *at_most(double value, char text[32])
{
	double unit;
	int decimals = decimals_of(value, &unit);

	snprintf(text, 32, "%.*f", decimals, value);
	if (strtod(text, NULL) < value)
		snprintf(text, 32, "%.*f", decimals, value + unit / 2);
	return text;
}

/* A day of what was recorded; < 0: too short to say. */
static double per_day(const struct sm_estimate *e, double of_1000)
{
	if ((double)e->recorded_ns < 600e9)
		return -1;
	return of_1000 / 1000 * (double)e->events *
	       (DAY_NS / (double)e->recorded_ns);
}

bool sm_learn_report_is_too_many(const struct sm_learn_report *report)
{
	return report->estimate && report->max_false_blocks >= 0 &&
	       (report->estimate->rate.bound < 0 ||
		report->estimate->rate.bound > report->max_false_blocks);
}

/* ------------------------------------------------------------------ summary */

static void put_families(const char *program, const struct sm_learned *learned)
{
	size_t rules = 0;

	for (int i = 0; i < SM_FAMILIES; i++)
		rules += learned->family[i];
	fprintf(stderr, "%s: %zu rules:", program, rules);
	for (int i = 0; i < SM_FAMILIES; i++)
		if (learned->family[i])
			fprintf(stderr, " %s %zu", sm_family_name(i),
				learned->family[i]);
	fprintf(stderr, "; %zu with open slots, %zu to review\n",
		learned->slotted, learned->reviews);
}

static void put_cut(const char *program, enum sm_cut kind,
		    const struct sm_cut_estimate *cut)
{
	char rate[32], bound[32];

	fprintf(stderr,
		"%s:   left out by %s: %" PRIu64 " of %" PRIu64
		" events blocked",
		program, sm_cut_name(kind), cut->blocked, cut->events);
	for (int i = 0; i < SM_FAMILIES; i++)
		if (cut->family[i])
			fprintf(stderr, ", %s %" PRIu64, sm_family_name(i),
				cut->family[i]);
	fprintf(stderr, "; of 1000 %s, at most %s\n",
		amount(cut->rate.per_1000, rate),
		at_most(cut->rate.bound, bound));
}

/* The unseen share falls as the recording grows: as one over its length. */
static void put_more(const char *program, const struct sm_learn_report *report)
{
	const struct sm_estimate *e = report->estimate;
	double wanted =
		report->max_false_blocks > 0 ? report->max_false_blocks : 1;
	double factor = e->rate.bound / wanted - 1;
	char text[32], more[32];

	if (factor <= 0 || !e->recorded_ns)
		return;
	say(program,
	    "  for at most %s of 1000 record about %s more of the same kind",
	    amount(wanted, text),
	    span((uint64_t)((double)e->recorded_ns * factor), more));
}

/* What an upgrade of Python will show for the first time. */
static void put_later_events(const char *program, unsigned python)
{
	const struct sm_python_event *later;
	size_t count = sm_python_events_since(python, &later);
	char text[512];
	int used = 0;

	for (size_t i = 0; i < count && used < (int)sizeof(text); i++)
		used += snprintf(text + used, sizeof(text) - (size_t)used,
				 "%s%s (3.%u)", i ? ", " : "", later[i].name,
				 later[i].since);
	if (python && count)
		say(program,
		    "  never raised by Python 3.%u, so not learned: "
		    "%s",
		    python, text);
}

/* What no part of this recording can have held. */
static void put_blind_spots(const char *program, const struct sm_estimate *e)
{
	char text[32];

	if (e->runs == 1)
		say(program, "  not told by one run: what differs between "
			     "starts; record at least two");
	if ((double)e->recorded_ns < 14 * DAY_NS)
		say(program,
		    "  not in %s of recording: jobs that run more rarely, as "
		    "%s ones",
		    span(e->recorded_ns, text),
		    (double)e->recorded_ns < 2 * DAY_NS ? "daily and weekly"
							: "weekly");
	put_later_events(program, e->oldest_python);
}

static void put_saturation(const char *program, const struct sm_estimate *e)
{
	char recorded[32], settled[32], unseen[32], bound[32];

	say(program,
	    "%zu rules in use, %zu by one event: %s of 1000 events unseen, "
	    "at most %s; no new rule in the last %s of %s",
	    e->rules, e->singles, amount(e->unseen, unseen),
	    at_most(e->unseen_bound, bound), span(e->since_new_ns, settled),
	    span(e->recorded_ns, recorded));
}

static void put_family_rates(const char *program, const struct sm_estimate *e)
{
	char rate[32], bound[32];

	for (int i = 0; i < SM_FAMILIES; i++) {
		const struct sm_rate *family = &e->family_rate[i];

		if (family->per_1000 > 0)
			say(program, "  of these %s %s, at most %s",
			    sm_family_name(i), amount(family->per_1000, rate),
			    at_most(family->bound, bound));
	}
}

static void put_estimate(const char *program,
			 const struct sm_learn_report *report)
{
	const struct sm_estimate *e = report->estimate;
	char rate[32], bound[32];

	put_saturation(program, e);
	if (e->rate.bound < 0) {
		say(program, "too little was recorded to estimate how often "
			     "this policy blocks in error");
		return;
	}
	say(program,
	    "expected to block in error: %s of 1000 events, with 95 %% "
	    "certainty at most %s",
	    amount(e->rate.per_1000, rate), at_most(e->rate.bound, bound));
	put_family_rates(program, e);
	if (per_day(e, 1) >= 0)
		say(program, "  a day of this: %s events, at most %s",
		    amount(per_day(e, e->rate.per_1000), rate),
		    at_most(per_day(e, e->rate.bound), bound));
	for (int i = 0; i < SM_CUTS; i++)
		if (e->cuts[i].folds)
			put_cut(program, i, &e->cuts[i]);
	put_more(program, report);
	put_blind_spots(program, e);
}

/* What a bundle grants that nothing recorded needed is no secret. */
static void put_bundles(const char *program, const struct sm_learned *learned)
{
	for (size_t i = 0; i < learned->bundle_count; i++) {
		const struct sm_bundle_use *use = &learned->bundles[i];

		say(program,
		    "bundle %s%s: %zu of %zu rules needed, exposure beside "
		    "these %.1f, without it %.1f",
		    use->name, use->is_used ? "" : " is not used", use->needed,
		    use->rules, use->exposure, use->without);
	}
}

static void put_reason(FILE *out, const struct sm_learned_reason *reason)
{
	if (!reason) {
		fputs("    of the base policy\n", out);
		return;
	}
	fputs("    ", out);
	sm_cli_put(out, reason->why, false);
	if (reason->events)
		fprintf(out, " (%" PRIu64 " event%s)", reason->events,
			reason->events == 1 ? "" : "s");
	fputc('\n', out);
}

bool sm_learn_report_rules(FILE *out, const struct sm_learned *learned)
{
	for (size_t i = 0; i < learned->rules->count; i++) {
		const struct sm_rule *rule = &learned->rules->rules[i];
		char *text;

		if (sm_policy_print_rule(rule, &text) != SM_OK)
			return false;
		fprintf(out, "%s\n", text);
		free(text);
		put_reason(out, sm_learned_reason(learned, rule->id));
	}
	return true;
}

void sm_learn_report_rule(FILE *out, const struct sm_rule *rule)
{
	fprintf(out, "%s ", sm_family_name(rule->family));
	sm_cli_put(out, rule->id, false);
	fputc(' ', out);
	sm_cli_put(out, rule->pattern, true);
	for (size_t i = 0; i < rule->args.count; i++) {
		fputc(' ', out);
		sm_cli_put(out, rule->args.items[i], true);
	}
	for (size_t i = 0; i < rule->by.count; i++) {
		fputs(i ? ", " : " by ", out);
		sm_cli_put(out, rule->by.items[i], false);
	}
}

void sm_learn_report_summary(const char *program,
			     const struct sm_learn_report *report)
{
	const struct sm_observed *o = &report->observed;

	say(program,
	    "%" PRIu64 " events in %" PRIu64 " trace%s (%" PRIu64
	    " run%s, %" PRIu64 " process%s), %" PRIu64
	    " distinct calls, %zu covered by bundles",
	    o->events, o->traces, o->traces == 1 ? "" : "s", o->runs,
	    o->runs == 1 ? "" : "s", o->processes,
	    o->processes == 1 ? "" : "es", o->calls, report->learned->bundled);
	put_families(program, report->learned);
	put_bundles(program, report->learned);
	if (o->denied)
		say(program,
		    "%" PRIu64 " event%s stopped by a policy and not learned "
		    "from",
		    o->denied, o->denied == 1 ? " was" : "s were");
	if (o->followers)
		say(program,
		    "%" PRIu64 " events followed a denial and were not learned "
		    "from; --after-denial takes them in",
		    o->followers);
	if (o->forged)
		say(program,
		    "%" PRIu64 " event%s raised under names of CPython's and "
		    "not learned from",
		    o->forged, o->forged == 1 ? " was" : "s were");
	if (report->learned->repaired)
		say(program, "%zu call%s needed literal rules after checking",
		    report->learned->repaired,
		    report->learned->repaired == 1 ? "" : "s");
	if (report->estimate)
		put_estimate(program, report);
}

/* ----------------------------------------------------------------- warnings */

/* A loss has a process and no event: what else it did says where to look. */
static void put_missed(const char *program, const struct sm_missed *missed)
{
	char text[200];
	int used = 0;

	if (!missed->all)
		return;
	say(program,
	    "warning: %" PRIu64 " events are missing from the traces; "
	    "what they did is not in this policy",
	    missed->all);
	for (int i = 0; i < SM_FAMILIES; i++)
		if (missed->by[i] && used < (int)sizeof(text))
			used += snprintf(text + used,
					 sizeof(text) - (size_t)used,
					 "%s%s %" PRIu64, used ? ", " : "",
					 sm_family_name(i), missed->by[i]);
	if (used)
		say(program, "  their processes were seen to do: %s", text);
	if (missed->anywhere)
		say(program,
		    "  of %" PRIu64 " it is not known what else was done",
		    missed->anywhere);
}

static void put_too_many(const char *program,
			 const struct sm_learn_report *report)
{
	double bound = report->estimate->rate.bound;
	char most[32];

	if (bound < 0)
		say(program,
		    "too little was recorded to promise the %g of "
		    "--max-false-blocks",
		    report->max_false_blocks);
	else
		say(program,
		    "up to %s of 1000 events may be blocked in error, more "
		    "than the %g of --max-false-blocks",
		    at_most(bound, most), report->max_false_blocks);
}

void sm_learn_report_warnings(const char *program,
			      const struct sm_learn_report *report)
{
	const struct sm_learned *learned = report->learned;

	put_missed(program, &report->observed.missed);
	for (size_t i = 0; i < learned->residue_count; i++) {
		fprintf(stderr, "%s: not granted: ", program);
		sm_cli_put(stderr, learned->residue[i].what, false);
		fputc('\n', stderr);
	}
	if (sm_learn_report_is_too_many(report))
		put_too_many(program, report);
}

/* --------------------------------------------------------------------- JSON */

static void put_bundle(struct sm_json *j, const struct sm_bundle_use *use)
{
	sm_json_open(j, NULL, '{');
	sm_json_put_text(j, "name", use->name);
	sm_json_put_uint(j, "rules", use->rules);
	sm_json_put_uint(j, "needed", use->needed);
	sm_json_put_float(j, "exposure", use->exposure);
	sm_json_put_float(j, "without", use->without);
	sm_json_put_bool(j, "used", use->is_used);
	sm_json_close(j, '}');
}

static void put_counts(struct sm_json *j, const struct sm_learn_report *report)
{
	const struct sm_observed *o = &report->observed;
	const struct sm_learned *learned = report->learned;

	sm_json_put_uint(j, "traces", o->traces);
	sm_json_put_uint(j, "runs", o->runs);
	sm_json_put_uint(j, "processes", o->processes);
	sm_json_put_uint(j, "events", o->events);
	sm_json_put_uint(j, "calls", o->calls);
	sm_json_put_uint(j, "denied", o->denied);
	sm_json_put_uint(j, "forged", o->forged);
	sm_json_put_uint(j, "after_denial", o->followers);
	sm_json_put_uint(j, "lost", o->missed.all);
	sm_json_open(j, "lost_by", '{');
	for (int i = 0; i < SM_FAMILIES; i++)
		sm_json_put_uint(j, sm_family_name(i), o->missed.by[i]);
	sm_json_put_uint(j, "anywhere", o->missed.anywhere);
	sm_json_close(j, '}');
	sm_json_put_uint(j, "bundled", learned->bundled);
	sm_json_open(j, "bundles", '[');
	for (size_t i = 0; i < learned->bundle_count; i++)
		put_bundle(j, &learned->bundles[i]);
	sm_json_close(j, ']');
	sm_json_put_uint(j, "repaired", learned->repaired);
	sm_json_open(j, "rules", '{');
	for (int i = 0; i < SM_FAMILIES; i++)
		sm_json_put_uint(j, sm_family_name(i), learned->family[i]);
	sm_json_close(j, '}');
	sm_json_put_uint(j, "slotted", learned->slotted);
	sm_json_put_uint(j, "review", learned->reviews);
	sm_json_open(j, "not_granted", '[');
	for (size_t i = 0; i < learned->residue_count; i++)
		sm_json_put_str(j, NULL, learned->residue[i].what);
	sm_json_close(j, ']');
}

static void put_json_cut(struct sm_json *j, enum sm_cut kind,
			 const struct sm_cut_estimate *cut)
{
	sm_json_open(j, sm_cut_name(kind), '{');
	sm_json_put_uint(j, "policies", cut->folds);
	sm_json_put_uint(j, "events", cut->events);
	sm_json_put_uint(j, "blocked", cut->blocked);
	sm_json_put_uint(j, "calls", cut->calls);
	sm_json_open(j, "families", '{');
	for (int i = 0; i < SM_FAMILIES; i++)
		sm_json_put_uint(j, sm_family_name(i), cut->family[i]);
	sm_json_close(j, '}');
	sm_json_put_float(j, "per_1000", cut->rate.per_1000);
	sm_json_put_float(j, "per_1000_at_most", cut->rate.bound);
	sm_json_close(j, '}');
}

static void put_json_day(struct sm_json *j, const char *key, double events)
{
	if (events >= 0)
		sm_json_put_float(j, key, events);
	else
		sm_json_put_null(j, key);
}

static void put_json_families(struct sm_json *j, const struct sm_estimate *e)
{
	sm_json_open(j, "families", '{');
	for (int i = 0; i < SM_FAMILIES; i++) {
		const struct sm_rate *family = &e->family_rate[i];

		sm_json_open(j, sm_family_name(i), '{');
		sm_json_put_float(j, "per_1000", family->per_1000);
		sm_json_put_float(j, "per_1000_at_most", family->bound);
		sm_json_close(j, '}');
	}
	sm_json_close(j, '}');
}

static void put_json_later(struct sm_json *j, unsigned python)
{
	const struct sm_python_event *later;
	size_t count = sm_python_events_since(python, &later);

	sm_json_open(j, "never_raised", '[');
	for (size_t i = 0; python && i < count; i++)
		sm_json_put_text(j, NULL, later[i].name);
	sm_json_close(j, ']');
}

static void put_json_estimate(struct sm_json *j, const struct sm_estimate *e)
{
	sm_json_open(j, "false_blocks", '{');
	if (e->rate.bound >= 0) {
		sm_json_put_float(j, "per_1000", e->rate.per_1000);
		sm_json_put_float(j, "per_1000_at_most", e->rate.bound);
		put_json_day(j, "per_day", per_day(e, e->rate.per_1000));
		put_json_day(j, "per_day_at_most", per_day(e, e->rate.bound));
		put_json_families(j, e);
	}
	for (int i = 0; i < SM_CUTS; i++)
		if (e->cuts[i].folds)
			put_json_cut(j, i, &e->cuts[i]);
	sm_json_close(j, '}');
	sm_json_open(j, "saturation", '{');
	sm_json_put_uint(j, "rules", e->rules);
	sm_json_put_uint(j, "used_once", e->singles);
	sm_json_put_float(j, "unseen_per_1000", e->unseen);
	sm_json_put_float(j, "unseen_per_1000_at_most", e->unseen_bound);
	sm_json_put_uint(j, "recorded_ns", e->recorded_ns);
	sm_json_put_uint(j, "since_new_rule_ns", e->since_new_ns);
	sm_json_close(j, '}');
	put_json_later(j, e->oldest_python);
}

void sm_learn_report_json(FILE *out, const struct sm_learn_report *report)
{
	struct sm_json j = { .out = out, .is_pretty = true };

	sm_json_open(&j, NULL, '{');
	put_counts(&j, report);
	if (report->estimate)
		put_json_estimate(&j, report->estimate);
	sm_json_close(&j, '}');
	fputc('\n', out);
}
