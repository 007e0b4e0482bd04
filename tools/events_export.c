/* SPDX-License-Identifier: Apache-2.0 */
#include <cbor.h>

#include "schema/cbor.h"
#include "tools/events_format.h"

/*
 * Heads and contents go out as they come: an item of any size takes no memory.
 * A stream that fails stays failed; who owns it asks at its end.
 */
enum { HEAD_MAX = 9 };

static void put(FILE *out, const void *p, size_t n)
{
	if (n)
		fwrite(p, 1, n, out);
}

static void put_map(FILE *out, size_t pairs)
{
	uint8_t head[HEAD_MAX];

	put(out, head, cbor_encode_map_start(pairs, head, HEAD_MAX));
}

static void put_array(FILE *out, size_t items)
{
	uint8_t head[HEAD_MAX];

	put(out, head, cbor_encode_array_start(items, head, HEAD_MAX));
}

static void put_tag(FILE *out, uint64_t tag)
{
	uint8_t head[HEAD_MAX];

	put(out, head, cbor_encode_tag(tag, head, HEAD_MAX));
}

static void put_number(FILE *out, uint64_t value)
{
	uint8_t head[HEAD_MAX];

	put(out, head, cbor_encode_uint(value, head, HEAD_MAX));
}

static void put_int(FILE *out, int64_t value)
{
	uint8_t head[HEAD_MAX];

	if (value >= 0)
		put_number(out, (uint64_t)value);
	else
		put(out, head,
		    cbor_encode_negint(~(uint64_t)value, head, HEAD_MAX));
}

static void put_bytes(FILE *out, struct sm_str s)
{
	uint8_t head[HEAD_MAX];

	put(out, head, cbor_encode_bytestring_start(s.len, head, HEAD_MAX));
	put(out, s.p, s.len);
}

/* Text when valid UTF-8, bytes otherwise. */
static void put_string(FILE *out, struct sm_str s)
{
	uint8_t head[HEAD_MAX];

	if (!sm_utf8_is_valid(s)) {
		put_bytes(out, s);
		return;
	}
	put(out, head, cbor_encode_string_start(s.len, head, HEAD_MAX));
	put(out, s.p, s.len);
}

static void put_key(FILE *out, const char *key)
{
	put_string(out, sm_str_of(key));
}

static void put_uint(FILE *out, const char *key, uint64_t value)
{
	put_key(out, key);
	put_number(out, value);
}

static void put_str(FILE *out, const char *key, struct sm_str value)
{
	put_key(out, key);
	put_string(out, value);
}

/* ----------------------------------------------------------------- header */

static void put_losses(FILE *out, const uint64_t lost[SM_LOSSES])
{
	put_key(out, "lost");
	put_map(out, SM_LOSSES);
	for (unsigned i = 0; i < SM_LOSSES; i++)
		put_uint(out, sm_loss_name((enum sm_loss)i), lost[i]);
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
static void put_loss_rows(FILE *out, const struct sm_trace *trace, size_t count)
{
	struct sm_trace_loss loss;

	put_key(out, "losses");
	put_array(out, count);
	for (size_t i = 0; i < count && sm_trace_loss_at(trace, i, &loss);
	     i++) {
		put_map(out, 4);
		put_uint(out, "process", loss.process);
		put_str(out, "cause", sm_str_of(sm_loss_name(loss.cause)));
		put_uint(out, "count", loss.count);
		put_uint(out, "time_ns", loss.time_ns);
	}
}

static void put_account(FILE *out, const struct sm_trace_account *account)
{
	put_uint(out, "attempts", account->attempts);
	put_uint(out, "stored", account->stored);
	put_uint(out, "noise", account->noise);
	put_losses(out, account->lost);
	put_key(out, "exit_status");
	put_int(out, account->exit_status);
	put_uint(out, "end_ns", account->end_ns);
}

static void put_process(FILE *out, const struct sm_trace_process_info *info)
{
	const struct sm_trace_process *start = &info->start;

	put_map(out, 23);
	put_uint(out, "number", info->number);
	put_uint(out, "pid", start->pid);
	put_uint(out, "guest_pid", start->guest_pid);
	put_uint(out, "parent_pid", start->parent_pid);
	put_uint(out, "uid", start->uid);
	put_uint(out, "start_ns", start->start_ns);
	put_str(out, "started_by", sm_str_of(start->started_by));
	put_str(out, "exe", start->exe);
	put_key(out, "argv");
	put_array(out, start->argc);
	for (uint32_t i = 0; i < start->argc; i++)
		put_string(out, start->argv[i]);
	put_str(out, "cwd", start->cwd);
	put_key(out, "named");
	put_array(out, start->named->count);
	for (uint32_t i = 0; i < start->named->count; i++)
		put_string(out, start->named->paths[i]);
	put_str(out, "version", info->interpreter.version);
	put_str(out, "stdlib", info->interpreter.stdlib);
	put_str(out, "prefix", info->interpreter.prefix);
	put_str(out, "home", info->interpreter.home);
	put_str(out, "tmp", info->interpreter.tmp);
	put_account(out, &info->account);
	put_uint(out, "after_denial", info->after_denial);
}

static void put_meta(FILE *out, const struct sm_trace *trace)
{
	const char *key, *value;
	size_t count = 0;

	while (sm_trace_meta_at(trace, count, &value))
		count++;
	put_key(out, "meta");
	put_map(out, count);
	for (size_t i = 0; i < count; i++) {
		key = sm_trace_meta_at(trace, i, &value);
		put_str(out, key, sm_str_of(value));
	}
}

static void put_policy_text(FILE *out, const char *path, const char *sha256,
			    const char *text,
			    const struct sm_trace_policy_text *policy)
{
	put_str(out, path, policy->path);
	put_str(out, sha256, policy->sha256);
	put_str(out, text, policy->text);
}

static void put_policies(FILE *out, const struct sm_trace *trace)
{
	const struct sm_trace_policy *policy;
	uint32_t count = 0;

	while (sm_trace_policy(trace, count + 1))
		count++;
	put_key(out, "policies");
	put_array(out, count);
	for (uint32_t i = 1; i <= count; i++) {
		policy = sm_trace_policy(trace, i);
		put_map(out, 8);
		put_uint(out, "time_ns", policy->time_ns);
		put_str(out, "mode", policy->mode);
		put_policy_text(out, "path", "sha256", "text",
				&policy->enforced);
		put_policy_text(out, "shadow_path", "shadow_sha256",
				"shadow_text", &policy->shadow);
	}
}

static void put_adoptions(FILE *out, const struct sm_trace *trace)
{
	struct sm_trace_adoption adoption;
	size_t count = 0;

	while (sm_trace_adoption_at(trace, count, &adoption))
		count++;
	put_key(out, "adoptions");
	put_array(out, count);
	for (size_t i = 0; sm_trace_adoption_at(trace, i, &adoption); i++) {
		put_map(out, 4);
		put_uint(out, "process", adoption.process);
		put_uint(out, "seq", adoption.seq);
		put_uint(out, "policy", adoption.policy);
		put_uint(out, "time_ns", adoption.time_ns);
	}
}

void sm_event_put_cbor_header(FILE *out, const struct sm_trace *trace)
{
	size_t count = sm_trace_process_count(trace);
	uint64_t lost[SM_LOSSES] = { 0 };

	(void)sm_trace_lost(trace, lost);
	put_map(out, 7);
	put_uint(out, "secmgr-trace", SM_TRACE_FORMAT);
	put_meta(out, trace);
	put_losses(out, lost);
	put_loss_rows(out, trace, count_loss_rows(trace));
	put_policies(out, trace);
	put_adoptions(out, trace);
	put_key(out, "processes");
	put_array(out, count);
	for (uint32_t i = 1; i <= count; i++)
		put_process(out, sm_trace_process(trace, i));
}

/* ------------------------------------------------------------------ event */

static void put_digest(FILE *out, const struct sm_value *value)
{
	put_tag(out, SM_TAG_DIGEST);
	put_array(out, 2);
	put_number(out, value->full_len);
	put_number(out, (uint64_t)value->i);
}

static void put_double(FILE *out, double value)
{
	uint8_t head[HEAD_MAX];

	put(out, head, cbor_encode_double(value, head, HEAD_MAX));
}

static void put_bool(FILE *out, bool value)
{
	uint8_t head[HEAD_MAX];

	put(out, head, cbor_encode_bool(value, head, HEAD_MAX));
}

static void put_null(FILE *out)
{
	uint8_t head[HEAD_MAX];

	put(out, head, cbor_encode_null(head, HEAD_MAX));
}

static void put_value(FILE *out, const struct sm_value *value);

static void put_bare(FILE *out, const struct sm_value *value)
{
	struct sm_str s = { value->s, value->len };

	switch ((enum sm_type)value->type) {
	case SM_NONE:
		put_null(out);
		break;
	case SM_FALSE:
	case SM_TRUE:
		put_bool(out, value->type == SM_TRUE);
		break;
	case SM_INT:
		put_int(out, value->i);
		break;
	case SM_FLOAT:
		put_double(out, value->f);
		break;
	case SM_TEXT:
		put_string(out, s);
		break;
	case SM_BYTES:
		put_bytes(out, s);
		break;
	case SM_OPAQUE:
		put_tag(out, SM_TAG_OPAQUE);
		put_string(out, s);
		break;
	case SM_DIGEST:
		put_digest(out, value);
		break;
	case SM_LIST:
		put_array(out, value->len);
		for (uint32_t i = 0; i < value->len; i++)
			put_value(out, &value->items[i]);
		break;
	}
}

/* Recursion is bounded: what was decoded nests SM_DEPTH_MAX deep at most. */
static void put_value(FILE *out, const struct sm_value *value)
{
	bool is_cut = sm_value_is_cut(value);

	if (is_cut) {
		put_tag(out, SM_TAG_CUT);
		put_array(out, 2);
	}
	put_bare(out, value);
	if (is_cut)
		put_number(out, value->full_len);
}

static void put_site(FILE *out, const struct sm_site *site)
{
	put_str(out, "file", site->file);
	put_str(out, "function", site->function);
	put_uint(out, "line", site->line);
	put_str(out, "via", sm_str_of(sm_via_name(site->via)));
	put_str(out, "principal",
		sm_str_of(sm_principal_kind_name(site->principal.kind)));
	put_str(out, "by", site->principal.name);
	put_str(out, "principal_file", site->principal.file);
	put_str(out, "principal_function", site->principal.function);
}

void sm_event_put_cbor(FILE *out, const struct sm_event *event)
{
	put_map(out, 19);
	put_uint(out, "process", event->process);
	put_uint(out, "thread", event->thread);
	put_uint(out, "seq", event->seq);
	put_uint(out, "time_ns", event->time_ns);
	put_str(out, "event", event->site.event);
	put_key(out, "args");
	put_array(out, event->argc);
	for (uint32_t i = 0; i < event->argc; i++)
		put_value(out, &event->args[i]);
	put_key(out, "resolved");
	put_array(out, SM_RESOLVED_MAX);
	for (unsigned i = 0; i < SM_RESOLVED_MAX; i++)
		put_string(out, event->resolved[i]);
	put_site(out, &event->site);
	put_str(out, "verdict",
		sm_str_of(sm_decision_name(event->verdict.decision)));
	put_str(out, "rule", event->verdict.rule);
	put_str(out, "shadow",
		sm_str_of(sm_decision_name(event->shadow.decision)));
	put_str(out, "shadow_rule", event->shadow.rule);
}
