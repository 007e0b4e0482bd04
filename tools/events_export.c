/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "schema/cbor.h"
#include "tools/events_format.h"

static void put_key(struct sm_cbor_writer *w, const char *key)
{
	sm_cbor_put_text(w, sm_str_of(key));
}

static void put_uint(struct sm_cbor_writer *w, const char *key, uint64_t value)
{
	put_key(w, key);
	sm_cbor_put_uint(w, value);
}

static void put_str(struct sm_cbor_writer *w, const char *key,
		    struct sm_str value)
{
	put_key(w, key);
	sm_cbor_put_str(w, value);
}

static enum sm_status finish(FILE *out, const struct sm_cbor_writer *w,
			     const uint8_t *buffer)
{
	size_t bytes = (size_t)(w->at - buffer);

	if (w->has_failed)
		return SM_LIMIT;
	return fwrite(buffer, 1, bytes, out) == bytes ? SM_OK : SM_IO;
}

/* ----------------------------------------------------------------- header */

static void put_losses(struct sm_cbor_writer *w, const uint64_t lost[SM_LOSSES])
{
	put_key(w, "lost");
	sm_cbor_put_map(w, SM_LOSSES);
	for (unsigned i = 0; i < SM_LOSSES; i++)
		put_uint(w, sm_loss_name((enum sm_loss)i), lost[i]);
}

static size_t count_loss_rows(const struct sm_trace *trace)
{
	struct sm_trace_loss loss;
	size_t count = 0;

	while (sm_trace_loss_at(trace, count, &loss))
		count++;
	return count;
}

/* Losses with a place in time. */
static void put_loss_rows(struct sm_cbor_writer *w,
			  const struct sm_trace *trace, size_t count)
{
	struct sm_trace_loss loss;

	put_key(w, "losses");
	sm_cbor_put_array(w, count);
	for (size_t i = 0; i < count && sm_trace_loss_at(trace, i, &loss);
	     i++) {
		sm_cbor_put_map(w, 4);
		put_uint(w, "process", loss.process);
		put_str(w, "cause", sm_str_of(sm_loss_name(loss.cause)));
		put_uint(w, "count", loss.count);
		put_uint(w, "time_ns", loss.time_ns);
	}
}

static void put_account(struct sm_cbor_writer *w,
			const struct sm_trace_account *account)
{
	put_uint(w, "attempts", account->attempts);
	put_uint(w, "stored", account->stored);
	put_uint(w, "noise", account->noise);
	put_losses(w, account->lost);
	put_key(w, "exit_status");
	sm_cbor_put_int(w, account->exit_status);
	put_uint(w, "end_ns", account->end_ns);
}

static void put_process(struct sm_cbor_writer *w,
			const struct sm_trace_process_info *info)
{
	const struct sm_trace_process *start = &info->start;

	sm_cbor_put_map(w, 21);
	put_uint(w, "number", info->number);
	put_uint(w, "pid", start->pid);
	put_uint(w, "guest_pid", start->guest_pid);
	put_uint(w, "parent_pid", start->parent_pid);
	put_uint(w, "uid", start->uid);
	put_uint(w, "start_ns", start->start_ns);
	put_str(w, "started_by", sm_str_of(start->started_by));
	put_str(w, "exe", start->exe);
	put_key(w, "argv");
	sm_cbor_put_array(w, start->argc);
	for (uint32_t i = 0; i < start->argc; i++)
		sm_cbor_put_str(w, start->argv[i]);
	put_str(w, "cwd", start->cwd);
	put_str(w, "version", info->interpreter.version);
	put_str(w, "stdlib", info->interpreter.stdlib);
	put_str(w, "prefix", info->interpreter.prefix);
	put_str(w, "home", info->interpreter.home);
	put_str(w, "tmp", info->interpreter.tmp);
	put_account(w, &info->account);
}

/* How many meta values there are, and their bytes. */
static size_t measure_meta(const struct sm_trace *trace, size_t *bytes)
{
	const char *key, *value;
	size_t count = 0;

	for (*bytes = 0; (key = sm_trace_meta_at(trace, count, &value));
	     count++)
		*bytes += strlen(key) + strlen(value) + 32;
	return count;
}

static void put_meta(struct sm_cbor_writer *w, const struct sm_trace *trace,
		     size_t count)
{
	const char *key, *value;

	put_key(w, "meta");
	sm_cbor_put_map(w, count);
	for (size_t i = 0; i < count; i++) {
		key = sm_trace_meta_at(trace, i, &value);
		put_str(w, key, sm_str_of(value));
	}
}

enum sm_status sm_event_put_cbor_header(FILE *out, const struct sm_trace *trace)
{
	size_t meta_bytes, meta_count = measure_meta(trace, &meta_bytes);
	size_t count = sm_trace_process_count(trace);
	size_t loss_count = count_loss_rows(trace);
	/* A process row holds argv: 64 words of 4096 bytes at most. */
	size_t room = 4096 + meta_bytes + loss_count * 100 +
		      count * (size_t)(SM_ITEMS_MAX + 8) * SM_STRING_MAX;
	uint8_t *buffer = malloc(room);
	struct sm_cbor_writer w = { buffer, buffer + room, false };
	uint64_t lost[SM_LOSSES] = { 0 };
	enum sm_status status;

	if (!buffer)
		return SM_NOMEM;
	(void)sm_trace_lost(trace, lost);
	sm_cbor_put_map(&w, 5);
	put_uint(&w, "secmgr-trace", SM_TRACE_FORMAT);
	put_meta(&w, trace, meta_count);
	put_losses(&w, lost);
	put_loss_rows(&w, trace, loss_count);
	put_key(&w, "processes");
	sm_cbor_put_array(&w, count);
	for (uint32_t i = 1; i <= count; i++)
		put_process(&w, sm_trace_process(trace, i));
	status = finish(out, &w, buffer);
	free(buffer);
	return status;
}

/* ------------------------------------------------------------------ event */

static void put_site(struct sm_cbor_writer *w, const struct sm_site *site)
{
	put_str(w, "file", site->file);
	put_str(w, "function", site->function);
	put_uint(w, "line", site->line);
	put_str(w, "via", sm_str_of(sm_via_name(site->via)));
	put_str(w, "principal",
		sm_str_of(sm_principal_kind_name(site->principal.kind)));
	put_str(w, "by", site->principal.name);
	put_str(w, "principal_file", site->principal.file);
}

enum sm_status sm_event_put_cbor(FILE *out, uint8_t *buffer,
				 const struct sm_event *event)
{
	struct sm_cbor_writer w = { buffer, buffer + EXPORT_ITEM_MAX, false };

	sm_cbor_put_map(&w, 16);
	put_uint(&w, "process", event->process);
	put_uint(&w, "thread", event->thread);
	put_uint(&w, "seq", event->seq);
	put_uint(&w, "time_ns", event->time_ns);
	put_str(&w, "event", event->site.event);
	put_key(&w, "args");
	sm_cbor_put_array(&w, event->argc);
	for (uint32_t i = 0; i < event->argc; i++)
		sm_cbor_put_value(&w, &event->args[i]);
	put_key(&w, "resolved");
	sm_cbor_put_array(&w, SM_RESOLVED_MAX);
	for (unsigned i = 0; i < SM_RESOLVED_MAX; i++)
		sm_cbor_put_str(&w, event->resolved[i]);
	put_site(&w, &event->site);
	put_str(&w, "verdict",
		sm_str_of(sm_decision_name(event->verdict.decision)));
	put_str(&w, "rule", event->verdict.rule);
	return finish(out, &w, buffer);
}
