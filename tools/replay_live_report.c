/* SPDX-License-Identifier: Apache-2.0 */
/*
 * replay_live_report.c: what came of calls raised again.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tools/replay_live.h"

struct sm_live_totals replay_live_totals(const struct replay_live *live)
{
	struct sm_live_totals sum = { 0 };

	for (size_t i = 0; i < live->run_count; i++) {
		const struct sm_live_totals *t = sm_live_totals(live->runs[i]);

		sum.calls += t->calls;
		sum.same += t->same;
		sum.differ += t->differ;
		sum.not_raisable += t->not_raisable;
		sum.denied += t->denied;
		sum.past_the_bound += t->past_the_bound;
	}
	return sum;
}

/* ------------------------------------------------------------ not raisable */

/* Calls that were not raised, alike in event and reason. */
struct group {
	struct sm_str event;
	const char *reason;
	uint64_t count;
};

static int compare_groups(const void *a, const void *b)
{
	const struct group *x = a, *y = b;
	int order = sm_str_compare(x->event, y->event);

	return order ? order : strcmp(x->reason, y->reason);
}

/* Sorted and merged; NULL without any, or without memory. */
static struct group *group_all(const struct replay_live *live, size_t *count)
{
	struct sm_live_totals sum = replay_live_totals(live);
	struct group *groups = calloc(sum.not_raisable + 1, sizeof(*groups));
	size_t n = 0, kept = 0;

	*count = 0;
	for (size_t r = 0; groups && r < live->run_count; r++)
		for (size_t i = 0; i < sm_live_count(live->runs[r]); i++) {
			const struct sm_live_call *call =
				sm_live_call(live->runs[r], i);

			if (call->outcome == SM_LIVE_NOT_RAISABLE)
				groups[n++] =
					(struct group){ call->event.site.event,
							call->reason, 1 };
		}
	if (!groups)
		return NULL;
	if (sum.past_the_bound)
		groups[n++] =
			(struct group){ SM_STR("(others)"),
					"too many distinct calls in a trace",
					sum.past_the_bound };
	qsort(groups, n, sizeof(*groups), compare_groups);
	for (size_t i = 0; i < n; i++) {
		if (kept && !compare_groups(&groups[kept - 1], &groups[i]))
			groups[kept - 1].count += groups[i].count;
		else
			groups[kept++] = groups[i];
	}
	*count = kept;
	return groups;
}

/* -------------------------------------------------------------------- text */

static void put_side(const char *who, const struct sm_live_verdict *verdict)
{
	printf("%s %s", who, sm_decision_name(verdict->decision));
	if (!verdict->rule.len)
		return;
	fputs(" (", stdout);
	sm_cli_put(stdout, verdict->rule, false);
	putchar(')');
}

/* What the caller saw, where that is not what the agent recorded. */
static const char *surprise(const struct sm_live_call *call)
{
	if (call->was_denied == (call->live.decision == SM_DENIED))
		return "";
	return call->was_denied ? ", but it raised"
				: ", but nothing was raised";
}

static void put_difference(const struct sm_live_call *call)
{
	const struct sm_event *event = &call->event;

	fputs("differs: ", stdout);
	put_side("replay", &call->offline);
	put_side(", interpreter", &call->live);
	printf("%s: ", surprise(call));
	sm_cli_put(stdout, event->site.event, false);
	putchar('(');
	for (uint32_t i = 0; i < event->argc; i++) {
		fputs(i ? ", " : "", stdout);
		sm_cli_put_value(stdout, &event->args[i]);
	}
	fputs(") by ", stdout);
	sm_cli_put(stdout, event->site.principal.name, false);
	printf(" via %s, first ", sm_via_name(event->site.via));
	sm_cli_put(stdout, sm_str_of(call->first.trace), false);
	printf(":%" PRIu32 "/%" PRIu64 "\n", call->first.process,
	       call->first.seq);
}

void replay_live_put(const struct replay_live *live)
{
	struct sm_live_totals sum = replay_live_totals(live);
	size_t count;
	struct group *groups = group_all(live, &count);

	fputs("\nlive in ", stdout);
	sm_cli_put(stdout, sm_str_of(live->program), false);
	printf(", Python %s\n", live->version);
	printf("  %-14s %12" PRIu64 "\n", "calls", sum.calls);
	printf("  %-14s %12" PRIu64 "  %" PRIu64 " denied\n", "same", sum.same,
	       sum.denied);
	printf("  %-14s %12" PRIu64 "\n", "differ", sum.differ);
	printf("  %-14s %12" PRIu64 "\n", "not raised", sum.not_raisable);
	for (size_t i = 0; i < count; i++) {
		fputs("not raised: ", stdout);
		sm_cli_put(stdout, groups[i].event, false);
		printf(" %" PRIu64 "x: ", groups[i].count);
		sm_cli_put(stdout, sm_str_of(groups[i].reason), false);
		putchar('\n');
	}
	free(groups);
	for (size_t r = 0; r < live->run_count; r++)
		for (size_t i = 0; i < sm_live_count(live->runs[r]); i++)
			if (sm_live_call(live->runs[r], i)->outcome ==
			    SM_LIVE_DIFFERS)
				put_difference(sm_live_call(live->runs[r], i));
}

/* -------------------------------------------------------------------- JSON */

static void json_side(struct sm_json *j, const char *key,
		      const struct sm_live_verdict *verdict)
{
	sm_json_open(j, key, '{');
	sm_json_put_text(j, "decision", sm_decision_name(verdict->decision));
	sm_json_put_str(j, "rule", verdict->rule);
	sm_json_close(j, '}');
}

static void json_difference(struct sm_json *j, const struct sm_live_call *call)
{
	const struct sm_event *event = &call->event;

	sm_json_open(j, NULL, '{');
	sm_json_put_str(j, "event", event->site.event);
	sm_json_open(j, "arguments", '[');
	for (uint32_t i = 0; i < event->argc; i++)
		sm_json_put_value(j, NULL, &event->args[i]);
	sm_json_close(j, ']');
	sm_json_put_str(j, "by", event->site.principal.name);
	sm_json_put_text(j, "via", sm_via_name(event->site.via));
	json_side(j, "replay", &call->offline);
	json_side(j, "interpreter", &call->live);
	sm_json_put_bool(j, "raised", call->was_denied);
	sm_json_put_text(j, "trace", call->first.trace);
	sm_json_put_uint(j, "process", call->first.process);
	sm_json_put_uint(j, "seq", call->first.seq);
	sm_json_close(j, '}');
}

static void json_groups(struct sm_json *j, const struct replay_live *live)
{
	size_t count;
	struct group *groups = group_all(live, &count);

	sm_json_open(j, "not_raisable", '[');
	for (size_t i = 0; i < count; i++) {
		sm_json_open(j, NULL, '{');
		sm_json_put_str(j, "event", groups[i].event);
		sm_json_put_text(j, "reason", groups[i].reason);
		sm_json_put_uint(j, "count", groups[i].count);
		sm_json_close(j, '}');
	}
	sm_json_close(j, ']');
	free(groups);
}

void replay_live_put_json(const struct replay_live *live, struct sm_json *j)
{
	struct sm_live_totals sum = replay_live_totals(live);

	sm_json_open(j, "live", '{');
	sm_json_put_text(j, "interpreter", live->program);
	sm_json_put_text(j, "version", live->version);
	sm_json_put_uint(j, "calls", sum.calls);
	sm_json_put_uint(j, "same", sum.same);
	sm_json_put_uint(j, "denied", sum.denied);
	sm_json_put_uint(j, "differ", sum.differ);
	json_groups(j, live);
	sm_json_open(j, "differences", '[');
	for (size_t r = 0; r < live->run_count; r++)
		for (size_t i = 0; i < sm_live_count(live->runs[r]); i++)
			if (sm_live_call(live->runs[r], i)->outcome ==
			    SM_LIVE_DIFFERS)
				json_difference(j,
						sm_live_call(live->runs[r], i));
	sm_json_close(j, ']');
	sm_json_close(j, '}');
}
