/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/events_verify.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "schema/trace.h"
#include "schema/trace/sign.h"

#define FINDINGS_SHOWN 20
#define SECOND_NS      1000000000u

struct verification {
	const char *path;
	struct sm_json json;
	bool wants_json;
	uint64_t findings;
	const char *follows; /* of a set: the hash the file should follow from,
				"" for the first */
};

static void found(void *context, const struct sm_diag *finding)
{
	struct verification *v = context;

	if (v->findings++ >= FINDINGS_SHOWN)
		return;
	if (v->wants_json) {
		sm_json_put_text(&v->json, NULL, finding->text);
		return;
	}
	if (strncmp(finding->text, v->path, strlen(v->path)) != 0) {
		sm_cli_put(stdout, sm_str_of(v->path), false);
		fputs(": ", stdout);
	}
	sm_cli_put(stdout, sm_str_of(finding->text), false);
	putchar('\n');
}

/* A checkpoint's text; what --export=checkpoint adds is behind an empty line.
 */
static enum sm_status read_anchor(const char *path, char *text, size_t room,
				  struct sm_str *anchor, struct sm_diag *diag)
{
	FILE *in = fopen(path, "re");
	const char *end;
	size_t n;

	if (!in)
		return sm_fail(diag, SM_IO, "%s", strerror(errno));
	n = fread(text, 1, room - 1, in);
	(void)fclose(in);
	text[n] = '\0';
	end = strstr(text, "\n\n");
	*anchor = (struct sm_str){ text, (uint32_t)(end ? end + 1 - text
							: (ptrdiff_t)n) };
	return n ? SM_OK : sm_fail(diag, SM_INVALID, "is no checkpoint");
}

static void put_utc(uint64_t ns, char text[32])
{
	time_t seconds = (time_t)(ns / SECOND_NS);
	struct tm tm;

	gmtime_r(&seconds, &tm);
	strftime(text, 32, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

/* Of a set, to tell which file the line is about. */
static void put_path(const struct verification *v)
{
	if (!v->follows || v->findings)
		return;
	sm_cli_put(stdout, sm_str_of(v->path), false);
	fputs(": ", stdout);
}

static void print_result(const struct verify_settings *settings,
			 const struct verification *v,
			 const struct sm_trace_verified *r)
{
	char time[32];

	if (v->findings > FINDINGS_SHOWN)
		printf("... and %" PRIu64 " more\n",
		       v->findings - FINDINGS_SHOWN);
	put_path(v);
	if (!v->findings)
		printf("%" PRIu64 " block%s, %" PRIu64
		       " events, all as written\n",
		       r->blocks, r->blocks == 1 ? "" : "s", r->events);
	if (!v->findings && !r->is_closed) {
		put_utc(r->sealed_ns, time);
		printf("not closed: what was not yet stored at %s is missing\n",
		       time);
	}
	if (r->signatures)
		printf("signed up to event %" PRIu64 " by %s key %s\n",
		       r->signed_events,
		       settings->key ? "the given" : "an unproven", r->key);
}

static void print_json(struct verification *v,
		       const struct sm_trace_verified *r)
{
	struct sm_json *j = &v->json;
	char time[32];

	put_utc(r->sealed_ns, time);
	sm_json_close(j, ']');
	sm_json_put_uint(j, "blocks", r->blocks);
	sm_json_put_uint(j, "events", r->events);
	sm_json_put_uint(j, "damaged", v->findings);
	sm_json_put_bool(j, "closed", r->is_closed);
	sm_json_put_text(j, "sealed", time);
	sm_json_put_uint(j, "checkpoints", r->checkpoints);
	sm_json_put_uint(j, "signatures", r->signatures);
	sm_json_put_uint(j, "signed_events", r->signed_events);
	sm_json_put_text(j, "key", r->key);
	sm_json_put_text(j, "follows", r->follows);
	sm_json_put_text(j, "last", r->last);
	sm_json_close(j, '}');
}

static int report(const struct sm_program *program, const char *place,
		  enum sm_status status, struct sm_diag *diag)
{
	diag->status = status;
	sm_cli_diag(program, place, diag);
	return SM_EXIT_USAGE;
}

/* Oldest first: the file before must be the one this goes on from. */
static void check_order(struct verification *v,
			const struct sm_trace_verified *result)
{
	struct sm_diag finding = { 0 };

	if (!v->follows || !*v->follows || !strcmp(v->follows, result->follows))
		return;
	sm_fail(&finding, SM_DAMAGED,
		"%s: does not follow from the file before it: one was removed, "
		"replaced or changed",
		v->path);
	found(v, &finding);
}

static int verify(const struct sm_program *program,
		  const struct verify_settings *settings, const char *path,
		  const struct sm_trace_trust *trust, char last[65])
{
	struct verification v = { .path = path,
				  .json = { .out = stdout },
				  .wants_json = settings->wants_json,
				  .follows = last };
	struct sm_diag diag = { .status = SM_OK };
	struct sm_trace_verified result;
	enum sm_status status;

	if (v.wants_json) {
		sm_json_open(&v.json, NULL, '{');
		sm_json_open(&v.json, "findings", '[');
	}
	status = sm_trace_verify(path, trust, found, &v, &result, &diag);
	if (!status)
		check_order(&v, &result);
	if (v.wants_json)
		print_json(&v, &result);
	if (status && !v.findings)
		return report(program, path, status, &diag);
	if (!v.wants_json)
		print_result(settings, &v, &result);
	if (last)
		memcpy(last, result.last, sizeof(result.last));
	return v.findings ? SM_EXIT_FINDING : SM_EXIT_OK;
}

int sm_events_verify(const struct sm_program *program,
		     const struct verify_settings *settings,
		     const struct trace_set *set)
{
	static char text[SM_SEAL_TEXT_MAX];
	struct sm_diag diag = { .status = SM_OK };
	struct sm_trace_trust trust = { 0 };
	uint8_t key[SM_KEY_BYTES];
	enum sm_status status = SM_OK;
	int result = SM_EXIT_OK;
	char last[65] = "";

	if (settings->key)
		status = sm_public_key_read(settings->key, key, &diag);
	if (status)
		return report(program, settings->key, status, &diag);
	if (settings->anchor)
		status = read_anchor(settings->anchor, text, sizeof(text),
				     &trust.anchor, &diag);
	if (status)
		return report(program, settings->anchor, status, &diag);
	trust.key = settings->key ? key : NULL;
	for (int i = 0; i < set->count; i++) {
		bool is_last = i + 1 == set->count;
		const struct sm_trace_trust of = {
			.key = trust.key,
			/* The newest file is the one that grows. */
			.anchor = is_last ? trust.anchor : (struct sm_str){ 0 }
		};
		int verdict;

		verdict = verify(program, settings, set->paths[i], &of,
				 set->count > 1 ? last : NULL);
		result = verdict > result ? verdict : result;
	}
	return result;
}
