/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy_diff.c: what a change of policy newly allows and denies, by its rules
 * and on recorded events.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "tools/policy_tool.h"

#define EXAMPLES_MAX 10 /* of each kind, over all traces */
#define TEXT_MAX     4096

struct report {
	bool is_json;
	struct sm_json json;
	uint64_t counts[SM_CHANGE_WIDER + 1]; /* rules, by enum sm_change */
	uint64_t unchanged, allowed, denied;  /* events */
	char *examples[2][EXAMPLES_MAX];      /* newly denied, newly allowed */
};

static const char *change_name(enum sm_change change)
{
	static const char *const names[] = { "narrower", "unknown", "wider" };

	return names[change];
}

static void put_json_change(struct sm_json *j, const struct sm_policy_change *c)
{
	sm_json_open(j, NULL, '{');
	sm_json_put_text(j, "change", change_name(c->change));
	sm_json_put_text(j, "family", sm_family_name(c->family));
	sm_json_put_text(j, "side", c->is_new ? "new" : "old");
	sm_json_put_str(j, "rule",
			c->rule ? c->rule->id : (struct sm_str){ NULL, 0 });
	sm_json_put_uint(j, "line", c->rule ? c->rule->line : 0);
	sm_json_put_text(j, "why", c->why);
	sm_json_put_text(j, "access",
			 c->access ? sm_access_name(c->access) : NULL);
	sm_json_put_str(j, "by", c->by);
	sm_json_put_text(j, "example", c->example);
	sm_json_close(j, '}');
}

static void put_change(void *context, const struct sm_policy_change *c)
{
	struct report *r = context;

	r->counts[c->change]++;
	if (r->is_json) {
		put_json_change(&r->json, c);
		return;
	}
	printf("%-9s %s", change_name(c->change), sm_family_name(c->family));
	if (c->rule) {
		printf(": %s rule ", c->is_new ? "new" : "old");
		if (c->rule->bundle.len) {
			sm_cli_put(stdout, c->rule->bundle, false);
			putchar('/');
		}
		sm_cli_put(stdout, c->rule->id, false);
		putchar(' ');
		sm_cli_put(stdout, c->rule->pattern, true);
	}
	printf(": %s", c->why);
	if (c->access)
		printf(" (%s", sm_access_name(c->access));
	if (c->access && c->example) {
		putchar(' ');
		sm_cli_put(stdout, sm_str_of(c->example), false);
	}
	if (c->access && c->by.len) {
		fputs(" by ", stdout);
		sm_cli_put(stdout, c->by, false);
	}
	puts(c->access ? ")" : "");
}

/* ----------------------------------------------------------------- traces */

static void keep_example(struct report *r, bool is_allowed, const char *text)
{
	for (int i = 0; i < EXAMPLES_MAX; i++) {
		char **slot = &r->examples[is_allowed][i];

		if (!*slot)
			*slot = strdup(text);
		if (!*slot || !strcmp(*slot, text))
			return;
	}
}

static bool is_denied(const struct sm_verdict *v)
{
	return v->decision == SM_DENIED || v->decision == SM_WARNED;
}

static void compare_event(struct report *r, const struct sm_compiled both[2],
			  const struct sm_event *event)
{
	struct sm_verdict was, is;
	char text[TEXT_MAX];

	sm_policy_decide(&both[0].policy, event, &was);
	sm_policy_decide(&both[1].policy, event, &is);
	if (was.decision == is.decision ||
	    (!is_denied(&was) && !is_denied(&is))) {
		r->unchanged++;
		return;
	}
	if (is.decision > was.decision) {
		r->denied++;
		sm_verdict_explain(event, &is, text, sizeof(text));
	} else {
		r->allowed++;
		sm_verdict_explain(event, &was, text, sizeof(text));
	}
	keep_example(r, is.decision < was.decision, text);
}

static int compare_events(struct report *r, const struct sm_compiled both[2],
			  struct sm_trace *trace)
{
	struct sm_trace_cursor *cursor;
	const struct sm_event *event;
	struct sm_diag diag = { 0 };
	enum sm_status status = sm_trace_events(trace, NULL, &cursor, &diag);
	int result = SM_EXIT_OK;
	uint32_t site;

	if (status) {
		sm_cli_diag(&sm_policy_program, sm_trace_path(trace), &diag);
		return SM_EXIT_USAGE;
	}
	while ((status = sm_trace_next(cursor, &event, &site, &diag)) !=
	       SM_END) {
		if (!status) {
			compare_event(r, both, event);
			continue;
		}
		sm_cli_diag(&sm_policy_program, sm_trace_path(trace), &diag);
		result = SM_EXIT_USAGE;
		if (status != SM_DAMAGED)
			break;
	}
	sm_trace_cursor_free(cursor);
	return result;
}

static int compare_trace(const struct sm_policy_options *o, struct report *r,
			 char **policies, const char *path)
{
	struct sm_compiled both[2];
	struct sm_trace *trace;
	struct sm_diag diag = { 0 };
	int result = SM_EXIT_USAGE;

	if (sm_trace_open(path, &trace, &diag)) {
		sm_cli_diag(&sm_policy_program, path, &diag);
		return result;
	}
	if (sm_compiled_init(o, policies[0], trace, &both[0])) {
		if (sm_compiled_init(o, policies[1], trace, &both[1])) {
			result = compare_events(r, both, trace);
			sm_compiled_fini(&both[1]);
		}
		sm_compiled_fini(&both[0]);
	}
	sm_trace_close(trace);
	return result;
}

/* ----------------------------------------------------------------- report */

static void put_examples(struct report *r, bool is_allowed)
{
	const char *name =
		is_allowed ? "newly_allowed_examples" : "newly_denied_examples";

	if (r->is_json)
		sm_json_open(&r->json, name, '[');
	for (int i = 0; i < EXAMPLES_MAX && r->examples[is_allowed][i]; i++) {
		struct sm_str text = sm_str_of(r->examples[is_allowed][i]);

		if (r->is_json) {
			sm_json_put_str(&r->json, NULL, text);
			continue;
		}
		fputs(is_allowed ? "  newly allowed  " : "  newly denied   ",
		      stdout);
		sm_cli_put(stdout, text, false);
		putchar('\n');
	}
	if (r->is_json)
		sm_json_close(&r->json, ']');
}

static void put_events(struct report *r)
{
	if (r->is_json) {
		sm_json_open(&r->json, "events", '{');
		sm_json_put_uint(&r->json, "unchanged", r->unchanged);
		sm_json_put_uint(&r->json, "newly_allowed", r->allowed);
		sm_json_put_uint(&r->json, "newly_denied", r->denied);
	} else {
		printf("events: %" PRIu64 " newly denied, %" PRIu64
		       " newly allowed, %" PRIu64 " unchanged\n",
		       r->denied, r->allowed, r->unchanged);
	}
	put_examples(r, false);
	put_examples(r, true);
	if (r->is_json)
		sm_json_close(&r->json, '}');
}

static int compare(const struct sm_policy_options *o,
		   const struct sm_compiled both[2], int argc, char **argv)
{
	struct report r = { .is_json = o->is_json,
			    .json = { .out = stdout, .is_pretty = true } };
	struct sm_diag diag = { 0 };
	int status = SM_EXIT_OK, i;

	if (r.is_json) {
		sm_json_open(&r.json, NULL, '{');
		sm_json_open(&r.json, "changes", '[');
	}
	if (sm_policy_diff(both[0].rules, both[1].rules, both[0].settled.items,
			   both[0].settled.count, put_change, &r, &diag)) {
		sm_cli_diag(&sm_policy_program, sm_policy_place(argv[1]),
			    &diag);
		return SM_EXIT_USAGE;
	}
	if (r.is_json)
		sm_json_close(&r.json, ']');
	for (i = 2; i < argc; i++)
		if (compare_trace(o, &r, argv, argv[i]))
			status = SM_EXIT_USAGE;
	if (argc > 2)
		put_events(&r);
	if (r.is_json)
		sm_json_close(&r.json, '}');
	for (i = 0; i < 2 * EXAMPLES_MAX; i++)
		free(r.examples[i / EXAMPLES_MAX][i % EXAMPLES_MAX]);
	if (status)
		return status;
	return r.counts[SM_CHANGE_WIDER] || r.counts[SM_CHANGE_UNKNOWN] ||
			       r.allowed
		       ? SM_EXIT_FINDING
		       : SM_EXIT_OK;
}

int sm_policy_compare(const struct sm_policy_options *o, int argc, char **argv)
{
	struct sm_compiled both[2];
	int status = SM_EXIT_USAGE;

	if (argc < 2) {
		sm_cli_error(&sm_policy_program, NULL,
			     "diff needs an old and a new policy");
		return status;
	}
	/* Each trace compiles the policies with its own variables. */
	if (argc > 2 && (!strcmp(argv[0], "-") || !strcmp(argv[1], "-"))) {
		sm_cli_error(&sm_policy_program, "-",
			     "with traces, both policies must be files");
		return status;
	}
	if (!sm_compiled_init(o, argv[0], NULL, &both[0]))
		return status;
	if (sm_compiled_init(o, argv[1], NULL, &both[1])) {
		if (sm_policy_knows_defined(o, both, 2))
			status = compare(o, both, argc, argv);
		sm_compiled_fini(&both[1]);
	}
	sm_compiled_fini(&both[0]);
	return status;
}
