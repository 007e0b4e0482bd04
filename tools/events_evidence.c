/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/events_evidence.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "schema/trace.h"
#include "tools/cli_progress.h"
#include "tools/tar.h"

#define PLACE	    "evidence/"
#define MEMBERS_MAX 5

struct bundle {
	const char *path;
	uint64_t time; /* seconds since 1970 */
	struct tar_member members[MEMBERS_MAX];
	unsigned count;
	bool is_damaged, is_closed;
	uint64_t events;
};

static struct tar_member *next(struct bundle *b, const char *name)
{
	struct tar_member *m = &b->members[b->count++];

	snprintf(m->name, sizeof(m->name), PLACE "%s", name);
	return m;
}

static enum sm_status put_text(struct bundle *b, const char *name, char *text,
			       size_t n)
{
	enum sm_status status =
		tar_put_bytes(stdout, next(b, name), b->time, text, n);

	free(text);
	return status;
}

/* ------------------------------------------------------------------- trace */

static enum sm_status put_file(struct bundle *b, const char *path,
			       const char *name, struct sm_diag *diag)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	enum sm_status status = SM_IO;

	if (fd >= 0) {
		status = tar_put_file(stdout, next(b, name), b->time, fd);
		close(fd);
	}
	return status ? sm_fail(diag, status, "cannot copy: %s",
				strerror(errno))
		      : SM_OK;
}

/* The file as it is, with the log that a killed recorder left beside it. */
static enum sm_status put_files(struct bundle *b, const char *path,
				struct sm_diag *diag)
{
	char log[PATH_MAX];
	enum sm_status status = put_file(b, path, "trace.db", diag);

	snprintf(log, sizeof(log), "%s-wal", path);
	if (!status && !access(log, R_OK))
		status = put_file(b, log, "trace.db-wal", diag);
	return status;
}

/* -------------------------------------------------------------- text members
 */

static void put_checkpoint(void *context, struct sm_str text,
			   const char *signature)
{
	FILE *out = context;

	fwrite(text.p, text.len, 1, out);
	if (*signature)
		fprintf(out, "\nsignature %s\n", signature);
	fputc('\n', out);
}

static enum sm_status put_checkpoints(struct bundle *b, const char *path)
{
	char *text = NULL;
	size_t n = 0;
	FILE *out = open_memstream(&text, &n);
	struct sm_diag ignored;

	if (!out)
		return SM_NOMEM;
	/* Of a trace that does not open there are none to show. */
	(void)!sm_trace_checkpoints(path, put_checkpoint, out, &ignored);
	if (fclose(out)) {
		free(text);
		return SM_NOMEM;
	}
	return put_text(b, "checkpoints.txt", text, n);
}

static void put_accounts(struct sm_json *j, const struct sm_trace *trace)
{
	size_t count = sm_trace_process_count(trace);

	sm_json_open(j, "processes", '[');
	for (uint32_t i = 1; i <= count; i++) {
		const struct sm_trace_process_info *p =
			sm_trace_process(trace, i);

		sm_json_open(j, NULL, '{');
		sm_json_put_uint(j, "process", i);
		sm_json_put_uint(j, "pid", p->start.pid);
		sm_json_put_bool(j, "ended", p->has_ended);
		sm_json_put_uint(j, "attempts", p->account.attempts);
		sm_json_put_uint(j, "stored", p->account.stored);
		sm_json_put_uint(j, "noise", p->account.noise);
		for (int c = 0; c < SM_LOSSES; c++)
			sm_json_put_uint(j, sm_loss_name((enum sm_loss)c),
					 p->account.lost[c]);
		sm_json_close(j, '}');
	}
	sm_json_close(j, ']');
}

static void put_losses(struct sm_json *j, const struct sm_trace *trace)
{
	uint64_t lost[SM_LOSSES];
	struct sm_trace_loss loss;

	sm_json_put_uint(j, "lost", sm_trace_lost(trace, lost));
	sm_json_open(j, "by_cause", '{');
	for (int c = 0; c < SM_LOSSES; c++)
		sm_json_put_uint(j, sm_loss_name((enum sm_loss)c), lost[c]);
	sm_json_close(j, '}');
	sm_json_open(j, "losses", '[');
	for (size_t i = 0; sm_trace_loss_at(trace, i, &loss); i++) {
		sm_json_open(j, NULL, '{');
		sm_json_put_uint(j, "process", loss.process);
		sm_json_put_text(j, "cause", sm_loss_name(loss.cause));
		sm_json_put_uint(j, "count", loss.count);
		sm_json_put_uint(j, "time_ns", loss.time_ns);
		sm_json_close(j, '}');
	}
	sm_json_close(j, ']');
	put_accounts(j, trace);
}

static void found(void *context, const struct sm_diag *finding)
{
	struct sm_json *j = context;

	sm_json_put_text(j, NULL, finding->text);
}

static enum sm_status put_verification(struct bundle *b, const char *path)
{
	struct sm_trace_verified r;
	char *text = NULL;
	size_t n = 0;
	struct sm_json j = { .out = open_memstream(&text, &n) };
	struct sm_diag ignored;

	if (!j.out)
		return SM_NOMEM;
	sm_json_open(&j, NULL, '{');
	sm_json_open(&j, "findings", '[');
	b->is_damaged =
		sm_trace_verify(path, NULL, found, &j, &r, &ignored) != SM_OK;
	sm_json_close(&j, ']');
	sm_json_put_uint(&j, "blocks", r.blocks);
	sm_json_put_uint(&j, "events", r.events);
	sm_json_put_uint(&j, "signed_events", r.signed_events);
	sm_json_put_text(&j, "key", r.key);
	sm_json_put_text(&j, "follows", r.follows);
	sm_json_put_text(&j, "last", r.last);
	sm_json_close(&j, '}');
	b->is_closed = r.is_closed;
	b->events = r.events;
	if (fclose(j.out)) {
		free(text);
		return SM_NOMEM;
	}
	return put_text(b, "verification.json", text, n);
}

static enum sm_status put_loss_report(struct bundle *b,
				      const struct sm_trace *trace)
{
	char *text = NULL;
	size_t n = 0;
	struct sm_json j = { .out = open_memstream(&text, &n) };

	if (!j.out)
		return SM_NOMEM;
	sm_json_open(&j, NULL, '{');
	if (trace)
		put_losses(&j, trace);
	sm_json_close(&j, '}');
	if (fclose(j.out)) {
		free(text);
		return SM_NOMEM;
	}
	return put_text(b, "losses.json", text, n);
}

/* ---------------------------------------------------------------- manifest */

static void put_members(struct sm_json *j, const struct bundle *b)
{
	sm_json_open(j, "files", '[');
	for (unsigned i = 0; i < b->count; i++) {
		sm_json_open(j, NULL, '{');
		sm_json_put_text(j, "name", b->members[i].name + strlen(PLACE));
		sm_json_put_uint(j, "bytes", b->members[i].bytes);
		sm_json_put_text(j, "sha256", b->members[i].sha256);
		sm_json_close(j, '}');
	}
	sm_json_close(j, ']');
}

static void put_meta(struct sm_json *j, const struct sm_trace *trace)
{
	const char *key, *value;

	sm_json_open(j, "meta", '{');
	for (size_t i = 0; trace && (key = sm_trace_meta_at(trace, i, &value));
	     i++)
		sm_json_put_text(j, key, value);
	sm_json_close(j, '}');
}

static enum sm_status put_manifest(struct bundle *b,
				   const struct sm_trace *trace)
{
	time_t seconds = (time_t)b->time;
	struct tar_member member = { .name = PLACE "manifest.json" };
	struct utsname host = { 0 };
	enum sm_status status;
	char *text = NULL, time_text[32];
	size_t n = 0;
	struct sm_json j = { .out = open_memstream(&text, &n) };
	struct tm tm;

	if (!j.out)
		return SM_NOMEM;
	uname(&host);
	gmtime_r(&seconds, &tm);
	strftime(time_text, sizeof(time_text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	sm_json_open(&j, NULL, '{');
	sm_json_put_uint(&j, "secmgr_evidence", 1);
	sm_json_put_text(&j, "tool", "secmgr-events " SM_VERSION_TEXT);
	sm_json_put_text(&j, "made", time_text);
	sm_json_put_text(&j, "made_on", host.nodename);
	sm_json_put_text(&j, "from", b->path);
	sm_json_put_bool(&j, "as_written", !b->is_damaged);
	sm_json_put_bool(&j, "closed", b->is_closed);
	sm_json_put_uint(&j, "events", b->events);
	put_meta(&j, trace);
	put_members(&j, b);
	sm_json_close(&j, '}');
	if (fclose(j.out)) {
		free(text);
		return SM_NOMEM;
	}
	status = tar_put_bytes(stdout, &member, b->time, text, n);
	free(text);
	return status;
}

/* --------------------------------------------------------------------- all */

/* path is the trace, or a copy of one that is being written. */
static enum sm_status put_all(struct bundle *b, const char *path,
			      struct sm_diag *diag)
{
	struct sm_trace *trace = NULL;
	enum sm_status status = sm_trace_open(path, &trace, diag);

	/* What is damaged is evidence, too; what is no trace is none. */
	if (status && status != SM_DAMAGED)
		return status;
	status = put_files(b, path, diag);
	if (!status)
		status = put_checkpoints(b, path);
	if (!status)
		status = put_loss_report(b, trace);
	if (!status)
		status = put_verification(b, path);
	if (!status)
		status = put_manifest(b, trace);
	if (!status)
		status = tar_finish(stdout);
	sm_trace_close(trace);
	if (status && !diag->status)
		sm_fail(diag, status, "%s", sm_status_text(status));
	return status;
}

/* A trace that is being written changes while it is copied: as of now. */
static enum sm_status put_snapshot(struct bundle *b, struct sm_diag *diag)
{
	const char *place = getenv("TMPDIR");
	char copy[PATH_MAX], dir[PATH_MAX];
	enum sm_status status;

	snprintf(copy, sizeof(copy), "%s/secmgr-evidence-XXXXXX",
		 place && *place ? place : "/tmp");
	if (!mkdtemp(copy))
		return sm_fail(diag, SM_IO, "%s: %s", copy, strerror(errno));
	memcpy(dir, copy, sizeof(dir));
	strncat(copy, "/trace.db", sizeof(copy) - strlen(copy) - 1);
	sm_cli_remove_when_stopped(copy, dir);
	status = sm_trace_snapshot(b->path, copy, diag);
	if (!status)
		status = put_all(b, copy, diag);
	unlink(copy);
	rmdir(dir);
	sm_cli_keep();
	return status;
}

int sm_events_evidence(const struct sm_program *program, const char *path)
{
	struct bundle b = { .path = path, .time = (uint64_t)time(NULL) };
	struct sm_diag diag = { .status = SM_OK };
	enum sm_status status;

	if (isatty(STDOUT_FILENO)) {
		sm_cli_error(program, "--export=evidence",
			     "an archive is not for a terminal: redirect it");
		return SM_EXIT_USAGE;
	}
	status = sm_trace_is_written(path) ? put_snapshot(&b, &diag)
					   : put_all(&b, path, &diag);
	if (status) {
		diag.status = status;
		sm_cli_diag(program, path, &diag);
		return SM_EXIT_USAGE;
	}
	return b.is_damaged ? SM_EXIT_FINDING : SM_EXIT_OK;
}
