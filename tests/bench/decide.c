/* SPDX-License-Identifier: Apache-2.0 */
/*
 * decide.c: how long it takes to decide a path; here, and in PCRE2.
 *
 *   decide secmgr POLICY.json PATHS APP ROUNDS
 *   decide pcre2 REGEX PATHS APP ROUNDS
 *
 * PATHS: one a line. Each is decided once a round, as read by the program's
 * file APP; who that is for the policy is asked once, as the agent does. Prints
 * the nanoseconds a decision took in the fastest round. Status 1: a path was
 * not allowed; 3: PCRE2 cannot compile the expression.
 */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "schema/policy.h"

struct paths {
	struct sm_str *items;
	size_t count;
	char *text;
};

/* All of a file, with a NUL behind it. */
static char *read_file(const char *path, size_t *bytes)
{
	FILE *in = fopen(path, "re");
	char *text = NULL;
	long end;

	if (in && !fseek(in, 0, SEEK_END) && (end = ftell(in)) >= 0) {
		rewind(in);
		*bytes = (size_t)end;
		text = malloc(*bytes + 1);
		if (text && fread(text, 1, *bytes, in) == *bytes)
			text[*bytes] = '\0';
		else
			exit(2);
	}
	if (in && fclose(in))
		exit(2);
	if (!text) {
		perror(path);
		exit(2);
	}
	return text;
}

static void read_paths(const char *path, struct paths *out)
{
	size_t bytes, at = 0, n;

	out->text = read_file(path, &bytes);
	out->count = 0;
	out->items = calloc(bytes + 1, sizeof(*out->items));
	while (out->items && at < bytes) {
		n = strcspn(out->text + at, "\n");
		out->items[out->count++] =
			(struct sm_str){ out->text + at, (uint32_t)n };
		at += n + 1;
	}
	if (!out->count)
		exit(2);
}

/* What a round needs, of either engine. */
struct engine {
	bool (*is_allowed)(struct engine *engine, struct sm_str path);
	struct sm_policy policy;
	struct sm_event event;
	struct sm_subject subject;
	struct sm_value args[3];
	pcre2_code *code;
	pcre2_match_data *match;
};

static bool ask_secmgr(struct engine *e, struct sm_str path)
{
	struct sm_verdict verdict;

	e->args[0].s = path.p;
	e->args[0].len = path.len;
	e->args[0].full_len = path.len;
	sm_policy_decide_for(&e->policy, &e->event, &e->subject, &verdict);
	return verdict.decision == SM_ALLOWED;
}

static void open_secmgr(struct engine *e, const char *path, const char *app)
{
	struct sm_rules *rules;
	struct sm_diag diag = { 0 };
	struct sm_site *site = &e->event.site;
	size_t bytes;
	void *blob;

	if (sm_policy_load(path, &rules, &diag) ||
	    sm_policy_compile(rules, NULL, 0, &blob, &bytes, &diag) ||
	    sm_policy_open(&e->policy, blob, bytes, &diag)) {
		fprintf(stderr, "decide: %s: %s\n", path, diag.text);
		exit(2);
	}
	sm_rules_free(rules);
	site->kind = SM_EVENT_OPEN;
	site->event = SM_STR("open");
	site->file = site->principal.file = sm_str_of(app);
	site->function = SM_STR("main");
	site->principal.name = SM_STR("app");
	sm_policy_subject(&e->policy, &site->principal, &e->subject);
	e->args[0].type = SM_TEXT;
	e->args[2].type = SM_INT;
	e->args[2].i = O_RDONLY | O_CLOEXEC;
	e->event.args = e->args;
	e->event.argc = 3;
	e->event.is_canonical[0] = true; /* the agent had to look anyway */
	e->is_allowed = ask_secmgr;
}

static bool ask_pcre2(struct engine *e, struct sm_str path)
{
	return pcre2_jit_match(e->code, (PCRE2_SPTR)path.p, path.len, 0, 0,
			       e->match, NULL) >= 0;
}

static void open_pcre2(struct engine *e, const char *path)
{
	size_t bytes, at;
	char *text = read_file(path, &bytes);
	int error;

	e->code = pcre2_compile((PCRE2_SPTR)text, bytes,
				PCRE2_ANCHORED | PCRE2_ENDANCHORED, &error, &at,
				NULL);
	if (!e->code || pcre2_jit_compile(e->code, PCRE2_JIT_COMPLETE))
		exit(3);
	e->match = pcre2_match_data_create(1, NULL);
	free(text);
	e->is_allowed = ask_pcre2;
}

static double now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

int main(int argc, char **argv)
{
	struct engine engine = { 0 };
	static struct paths paths;
	double best = 0, took;
	long rounds;

	if (argc != 6)
		return 2;
	if (!strcmp(argv[1], "secmgr"))
		open_secmgr(&engine, argv[2], argv[4]);
	else
		open_pcre2(&engine, argv[2]);
	read_paths(argv[3], &paths);
	for (rounds = strtol(argv[5], NULL, 10); rounds > 0; rounds--) {
		took = now_ns();
		for (size_t i = 0; i < paths.count; i++)
			if (!engine.is_allowed(&engine, paths.items[i])) {
				fprintf(stderr, "decide: %.*s: not allowed\n",
					(int)paths.items[i].len,
					paths.items[i].p);
				return 1;
			}
		took = (now_ns() - took) / (double)paths.count;
		if (!best || took < best)
			best = took;
	}
	printf("%.2f\n", best);
	return 0;
}
