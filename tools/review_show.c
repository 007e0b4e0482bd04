/* SPDX-License-Identifier: Apache-2.0 */
/*
 * review_show.c: questions as people and programs read them.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <time.h>

#include "tools/review_bundle.h"

#define VALUES_SHOWN 5

static const char *plural(uint64_t n)
{
	return n == 1 ? "" : "s";
}

static void put_rules(FILE *out, const char *before, const char *label,
		      const struct sm_rules *rules)
{
	char *text;
	size_t i;

	for (i = 0; rules && i < rules->count; i++) {
		if (sm_policy_print_rule(&rules->rules[i], &text))
			return;
		fprintf(out, "%s  %-9s %s\n", before, i ? "" : label, text);
		free(text);
	}
}

/* --------------------------------------------------------------------- seen */

static void put_time(FILE *out, uint64_t ns)
{
	time_t seconds = (time_t)(ns / 1000000000u);
	char text[32];
	struct tm tm;

	if (gmtime_r(&seconds, &tm) &&
	    strftime(text, sizeof(text), "%Y-%m-%dT%H:%MZ", &tm))
		fputs(text, out);
}

static void put_times(FILE *out, const struct sm_evidence *e)
{
	if (!e->first_ns)
		return;
	fputs(", ", out);
	put_time(out, e->first_ns);
	if (e->last_ns / 60000000000u == e->first_ns / 60000000000u)
		return;
	fputs(" to ", out);
	put_time(out, e->last_ns);
}

static void put_value(FILE *out, const struct sm_seen_value *v)
{
	size_t i;

	/* The program itself, as a library, has no name. */
	if (v->text.len)
		sm_cli_put(out, v->text, false);
	else
		fputs("\"\"", out);
	for (i = 1; i < v->args.count; i++) {
		putc(' ', out);
		sm_cli_put(out, v->args.items[i], false);
	}
}

static void put_values(FILE *out, const char *before,
		       const struct sm_evidence *e)
{
	size_t i;

	for (i = 0; i < e->value_count && i < VALUES_SHOWN; i++) {
		fprintf(out, "%s%12s%" PRIu64 "  ", before, "",
			e->values[i].count);
		put_value(out, &e->values[i]);
		putc('\n', out);
	}
	if (e->distinct > VALUES_SHOWN)
		fprintf(out, "%s%12sand %" PRIu64 " more\n", before, "",
			e->distinct - VALUES_SHOWN);
}

static void put_first(FILE *out, const char *before,
		      const struct sm_evidence *e)
{
	fprintf(out, "%s%12sfirst in ", before, "");
	sm_cli_put(out, e->trace, false);
	fprintf(out, " event %" PRIu32 ":%" PRIu64, e->process, e->seq);
	if (e->file.len) {
		fputs(", ", out);
		sm_cli_put(out, e->file, false);
		fprintf(out, ":%" PRIu32, e->line);
	}
	if (e->function.len) {
		fputs(" in ", out);
		sm_cli_put(out, e->function, false);
	}
	putc('\n', out);
}

static void put_evidence(FILE *out, const char *before,
			 const struct sm_review *r, const struct sm_question *q)
{
	const struct sm_evidence *e = q->evidence;

	fprintf(out, "%s  %-9s ", before, "seen");
	if (!e->events) {
		fputs(r->trace_count ? "never in these recordings\n"
				     : "no recording to look into\n",
		      out);
		return;
	}
	fprintf(out,
		"%" PRIu64 " time%s, %" PRIu64 " different, by %" PRIu64
		" process%s in %u of %zu recording%s",
		e->events, plural(e->events), e->distinct, e->processes,
		e->processes == 1 ? "" : "es", e->recordings, r->trace_count,
		plural(r->trace_count));
	put_times(out, e);
	putc('\n', out);
	put_values(out, before, e);
	put_first(out, before, e);
}

/* --------------------------------------------------------------------- text */

static void put_reasons(FILE *out, const struct sm_question *q)
{
	const struct sm_evidence *e = q->evidence;
	const char *between = "";

	if (q->is_proposed || q->is_new) {
		fputs(q->is_proposed ? "to add" : "new", out);
		between = "; ";
	}
	if (q->rule->review.len) {
		fputs(between, out);
		sm_cli_put(out, q->rule->review, false);
		between = "; ";
	}
	if (e->denied)
		fprintf(out, "%sstopped %" PRIu64 " time%s", between, e->denied,
			plural(e->denied));
	else if (!*between)
		fputs("in the policy", out);
}

static void put_exposure(FILE *out, const char *before,
			 const struct sm_review *r, const struct sm_rule *rule,
			 const struct sm_evidence *seen)
{
	char *text = sm_review_exposure(r, rule, seen);

	fprintf(out, "%s  %-9s %s\n", before, "exposure", text ? text : "?");
	free(text);
}

void sm_review_show(const struct sm_review *review, size_t at,
		    const struct sm_rules *becomes, const char *before,
		    FILE *out)
{
	const struct sm_question *q = &review->questions[at];
	struct sm_rules *same = NULL;

	if (!q->rule) {
		fprintf(out, "%sbundle %zu of %zu: %s\n", before, at + 1,
			review->count, q->is_proposed ? "to add" : "new");
		sm_review_show_bundle(review, q, before, out);
		return;
	}
	fprintf(out, "%srule %zu of %zu: ", before, at + 1, review->count);
	put_reasons(out, q);
	putc('\n', out);
	if (!becomes)
		becomes = same = sm_step_same(&review->places, q->rule);
	put_rules(out, before, same ? "rule" : "instead", becomes);
	put_evidence(out, before, review, q);
	if (becomes && becomes->count)
		put_exposure(out, before, review, &becomes->rules[0],
			     q->evidence);
	if (same) {
		put_rules(out, before, "tighter", q->tighter);
		put_rules(out, before, "looser", q->looser);
	}
	sm_rules_free(same);
}

/* --------------------------------------------------------------------- JSON */

static void put_json_rules(struct sm_json *j, const char *key,
			   const struct sm_rules *rules)
{
	char *text;
	size_t i;

	sm_json_open(j, key, '[');
	for (i = 0; rules && i < rules->count; i++) {
		if (sm_policy_print_rule(&rules->rules[i], &text))
			continue;
		sm_json_put_raw(j, NULL, text);
		free(text);
	}
	sm_json_close(j, ']');
}

static void put_json_values(struct sm_json *j, const struct sm_evidence *e)
{
	size_t i, k;

	sm_json_open(j, "values", '[');
	for (i = 0; i < e->value_count; i++) {
		sm_json_open(j, NULL, '{');
		sm_json_put_str(j, "value", e->values[i].text);
		if (e->values[i].has_args) {
			sm_json_open(j, "argv", '[');
			for (k = 0; k < e->values[i].args.count; k++)
				sm_json_put_str(j, NULL,
						e->values[i].args.items[k]);
			sm_json_close(j, ']');
		}
		sm_json_put_uint(j, "count", e->values[i].count);
		sm_json_put_uint(j, "recordings",
				 (uint64_t)__builtin_popcountll(
					 e->values[i].recordings));
		sm_json_close(j, '}');
	}
	sm_json_close(j, ']');
}

void sm_review_put_seen(struct sm_json *j, const struct sm_evidence *e)
{
	size_t i;

	sm_json_open(j, "seen", '{');
	sm_json_put_uint(j, "events", e->events);
	sm_json_put_uint(j, "stopped", e->denied);
	sm_json_put_uint(j, "distinct", e->distinct);
	sm_json_put_uint(j, "recordings", e->recordings);
	sm_json_put_uint(j, "processes", e->processes);
	sm_json_put_uint(j, "first_ns", e->first_ns);
	sm_json_put_uint(j, "last_ns", e->last_ns);
	put_json_values(j, e);
	sm_json_open(j, "by", '[');
	for (i = 0; i < e->by_count; i++)
		sm_json_put_str(j, NULL, e->by[i]);
	sm_json_close(j, ']');
	if (e->events) {
		sm_json_open(j, "first", '{');
		sm_json_put_str(j, "trace", e->trace);
		sm_json_put_uint(j, "process", e->process);
		sm_json_put_uint(j, "seq", e->seq);
		sm_json_put_str(j, "file", e->file);
		sm_json_put_uint(j, "line", e->line);
		sm_json_put_str(j, "function", e->function);
		sm_json_close(j, '}');
	}
	sm_json_close(j, '}');
}

static void put_json_rule(struct sm_json *j, const struct sm_review *r,
			  const struct sm_question *q)
{
	struct sm_rules *denied = sm_step_deny(&r->places, q->rule);
	char *text = NULL;

	sm_json_put_text(j, "family", sm_family_name(q->rule->family));
	sm_json_put_text(j, "state",
			 q->is_proposed ? "proposed"
			 : q->is_new	? "new"
					: "old");
	sm_json_put_str(j, "risk", q->rule->review);
	if (!sm_policy_print_rule(q->rule, &text))
		sm_json_put_raw(j, "rule", text);
	free(text);
	sm_review_put_seen(j, q->evidence);
	text = sm_review_exposure(r, q->rule, q->evidence);
	sm_json_put_text(j, "exposure", text);
	free(text);
	put_json_rules(j, "tighter", q->tighter);
	put_json_rules(j, "looser", q->looser);
	put_json_rules(j, "deny", denied);
	sm_rules_free(denied);
}

static void put_json_question(struct sm_json *j, const struct sm_review *r,
			      const struct sm_question *q)
{
	sm_json_open(j, NULL, '{');
	sm_json_put_str(j, "id", q->id);
	if (q->rule)
		put_json_rule(j, r, q);
	else
		sm_review_put_bundle(j, r, q);
	sm_json_close(j, '}');
}

void sm_review_print_json(const struct sm_review *review)
{
	struct sm_json j = { .out = stdout, .is_pretty = true };
	size_t i;

	sm_json_open(&j, NULL, '{');
	sm_json_put_text(&j, "policy", review->digest);
	sm_json_open(&j, "questions", '[');
	for (i = 0; i < review->count; i++)
		put_json_question(&j, review, &review->questions[i]);
	sm_json_close(&j, ']');
	sm_json_close(&j, '}');
}
