/* SPDX-License-Identifier: Apache-2.0 */
/*
 * secmgr-status: the processes running collectors cover, as each of them says
 * when asked. Nothing is kept in files, so nothing here can be stale.
 */
#include <inttypes.h>
#include <stdio.h>

#include "tools/cli.h"
#include "tools/collectors.h"

#define DIGEST_SHOWN 12 /* characters; --json has all */

struct status {
	bool is_json;
	struct sm_json json;
	uint64_t collectors, processes;
};

SM_CLI_FLAG(set_json, struct status, is_json);

static const struct sm_option options[] = {
	{ 0, "json", NULL, "print one JSON object", set_json },
	{ 0 },
};

static const struct sm_program program = {
	.name = "secmgr-status",
	.usage = "[--json]",
	.summary = "List the processes being recorded or held to a policy.",
	.options = options,
	.usage_status = SM_EXIT_USAGE,
};

/* --------------------------------------------------------------- printing */

static const char *mode_name(uint64_t flags)
{
	if (!(flags & SM_CHANNEL_ENFORCE))
		return "record";
	return flags & SM_CHANNEL_WARN ? "warn" : "block";
}

static void put_policy(const char *what, struct sm_str path,
		       struct sm_str sha256)
{
	if (!sha256.len)
		return;
	printf("\n  %s ", what);
	sm_cli_put(stdout, path, false);
	fputs("  ", stdout);
	sha256.len = sha256.len < DIGEST_SHOWN ? sha256.len : DIGEST_SHOWN;
	sm_cli_put(stdout, sha256, false);
}

static void json_policy(struct sm_json *json, const char *key,
			struct sm_str path, struct sm_str sha256)
{
	if (!sha256.len) {
		sm_json_put_null(json, key);
		return;
	}
	sm_json_open(json, key, '{');
	sm_json_put_str(json, "path", path);
	sm_json_put_str(json, "sha256", sha256);
	sm_json_close(json, '}');
}

static void put_collector(struct status *status, const struct collector_info *c)
{
	struct sm_json *json = &status->json;

	status->collectors++;
	if (!status->is_json) {
		printf("%s  collector %" PRIu64 "  ", mode_name(c->flags),
		       c->pid);
		sm_cli_put(stdout, c->title, false);
		if (c->output.len) {
			fputs("  -> ", stdout);
			sm_cli_put(stdout, c->output, false);
		}
		put_policy("policy", c->policy, c->policy_sha256);
		put_policy("shadow", c->shadow, c->shadow_sha256);
		printf("\n%10s %12s %10s %8s  %s\n", "PID", "EVENTS", "NOISE",
		       "LOST", "PROGRAM");
		return;
	}
	sm_json_open(json, NULL, '{');
	sm_json_put_uint(json, "pid", c->pid);
	sm_json_put_text(json, "mode", mode_name(c->flags));
	sm_json_put_str(json, "command", c->title);
	if (c->output.len)
		sm_json_put_str(json, "output", c->output);
	else
		sm_json_put_null(json, "output");
	json_policy(json, "policy", c->policy, c->policy_sha256);
	json_policy(json, "shadow", c->shadow, c->shadow_sha256);
	sm_json_put_uint(json, "generation", c->generation);
	sm_json_open(json, "processes", '[');
}

static void put_covered(struct status *status, const struct collector_info *c,
			const struct covered_info *p)
{
	struct sm_json *json = &status->json;

	status->processes++;
	if (!status->is_json) {
		printf("%10" PRIu64 " %12" PRIu64 " %10" PRIu64 " %8" PRIu64
		       "  ",
		       p->pid, p->events, p->noise, p->lost);
		sm_cli_put(stdout, p->exe, false);
		if (p->generation != c->generation)
			fputs("  (old policy until its next event)", stdout);
		if (p->after_denial)
			fputs("  (after a denial)", stdout);
		putchar('\n');
		return;
	}
	sm_json_open(json, NULL, '{');
	sm_json_put_uint(json, "pid", p->pid);
	sm_json_put_uint(json, "guest_pid", p->guest_pid);
	sm_json_put_str(json, "program", p->exe);
	sm_json_put_uint(json, "events", p->events);
	sm_json_put_uint(json, "noise", p->noise);
	sm_json_put_uint(json, "lost", p->lost);
	sm_json_put_uint(json, "generation", p->generation);
	sm_json_put_bool(json, "after_denial", p->after_denial > 0);
	sm_json_close(json, '}');
}

static void put_answer(void *context, const struct collector_answer *answer)
{
	struct status *status = context;

	put_collector(status, &answer->info);
	for (size_t i = 0; i < answer->process_count; i++)
		put_covered(status, &answer->info, &answer->processes[i]);
	if (!status->is_json)
		return;
	sm_json_close(&status->json, ']');
	sm_json_close(&status->json, '}');
}

static void put_all(struct status *status)
{
	if (!status->is_json) {
		collectors_each(put_answer, status);
		if (!status->collectors)
			puts("no process is covered");
		return;
	}
	status->json.out = stdout;
	sm_json_open(&status->json, NULL, '{');
	sm_json_open(&status->json, "collectors", '[');
	collectors_each(put_answer, status);
	sm_json_close(&status->json, ']');
	sm_json_close(&status->json, '}');
}

int main(int argc, char **argv)
{
	struct status status = { 0 };
	int first, code;

	code = sm_cli_parse(&program, argc, argv, &status, &first);
	if (code >= 0)
		return code;
	if (first < argc) {
		sm_cli_error(&program, argv[first], "no argument is expected");
		return SM_EXIT_USAGE;
	}
	put_all(&status);
	return sm_cli_finish(&program, SM_EXIT_OK);
}
