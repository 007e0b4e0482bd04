/* SPDX-License-Identifier: Apache-2.0 */
#include "replay/live.h"

#include <stdlib.h>

#include "replay/digest.h"
#include "replay/keep.h"
#include "replay/memo.h"
#include "schema/path.h"

struct sm_live {
	struct sm_str stdlib;
	struct sm_live_call *calls;
	size_t count, room;
	struct sm_memo seen; /* distinct() -> anything */
	struct sm_keep kept;
	struct sm_live_totals totals;
	struct sm_request_scratch scratch;
};

struct sm_live *sm_live_new(struct sm_str stdlib)
{
	struct sm_live *live = calloc(1, sizeof(*live));

	if (live && sm_memo_init(&live->seen) &&
	    sm_keep_str(&live->kept, stdlib, &live->stdlib))
		return live;
	sm_live_free(live);
	return NULL;
}

void sm_live_free(struct sm_live *live)
{
	if (!live)
		return;
	sm_memo_fini(&live->seen);
	sm_keep_fini(&live->kept);
	free(live->calls);
	free(live);
}

/* ----------------------------------------------------------------- mapping */

static bool is_below(struct sm_str path, struct sm_str dir)
{
	return dir.len && sm_str_starts(path, dir) &&
	       (path.len == dir.len || path.p[dir.len] == '/');
}

static struct sm_str stdlib_of(const struct sm_trace *trace, uint32_t process)
{
	const struct sm_trace_process_info *info =
		sm_trace_process(trace, process);

	return info ? info->interpreter.stdlib : (struct sm_str){ NULL, 0 };
}

void sm_live_map(const struct sm_live *live, const struct sm_trace *trace,
		 struct sm_str path, char *out, struct sm_str *result)
{
	size_t count = sm_trace_process_count(trace);

	*result = path;
	for (uint32_t i = 1; i <= count; i++) {
		struct sm_str from = stdlib_of(trace, i);
		uint32_t rest = path.len - from.len;

		if (!is_below(path, from) ||
		    live->stdlib.len + rest >= SM_PATH_MAX)
			continue;
		memcpy(out, live->stdlib.p, live->stdlib.len);
		if (rest)
			memcpy(out + live->stdlib.len, path.p + from.len, rest);
		*result = (struct sm_str){ out, live->stdlib.len + rest };
		return;
	}
}

/* text is kept memory of ours, or becomes it. */
static bool map_str(struct sm_live *live, struct sm_str from,
		    struct sm_str *text)
{
	uint32_t rest = text->len - from.len;
	char *out;

	if (!is_below(*text, from))
		return true;
	out = sm_keep_bytes(&live->kept, live->stdlib.len + rest + 1u);
	if (!out)
		return false;
	memcpy(out, live->stdlib.p, live->stdlib.len);
	if (rest)
		memcpy(out + live->stdlib.len, text->p + from.len, rest);
	out[live->stdlib.len + rest] = 0;
	*text = (struct sm_str){ out, live->stdlib.len + rest };
	return true;
}

static bool map_values(struct sm_live *live, struct sm_str from,
		       const struct sm_value *values, uint32_t count)
{
	/* Kept copies: ours to write. */
	struct sm_value *v = (struct sm_value *)(uintptr_t)values;

	for (uint32_t i = 0; i < count; i++) {
		struct sm_str text = sm_value_str(&v[i]);

		if (v[i].type == SM_LIST &&
		    !map_values(live, from, v[i].items, v[i].len))
			return false;
		if (!sm_value_is_string(&v[i]) || sm_value_is_cut(&v[i]))
			continue;
		if (!map_str(live, from, &text))
			return false;
		v[i].s = text.p;
		v[i].len = text.len;
		v[i].full_len = text.len;
	}
	return true;
}

static bool map_event(struct sm_live *live, struct sm_str from,
		      struct sm_event *event)
{
	if (!from.len || sm_str_equal(from, live->stdlib))
		return true;
	return map_str(live, from, &event->site.file) &&
	       map_str(live, from, &event->site.principal.file) &&
	       map_str(live, from, &event->resolved[0]) &&
	       map_str(live, from, &event->resolved[1]) &&
	       map_values(live, from, event->args, event->argc);
}

/* -------------------------------------------------------------- collecting */

/* What is asked for. Where a bound cut something no allow rule is looked at. */
static uint64_t digest_requests(struct sm_live *live,
				const struct sm_event *event)
{
	struct sm_request requests[SM_REQUESTS_MAX];
	unsigned count = sm_event_requests(event, &live->scratch, requests);
	uint8_t cut = 0;
	uint64_t seed;

	for (unsigned i = 0; i < count; i++) {
		if (!requests[i].cut)
			continue;
		cut |= (uint8_t)(1u << i);
		requests[i].args = NULL;
		requests[i].argc = 0;
	}
	seed = sm_digest_decision(event, requests, count);
	return sm_digest_bytes(seed, &cut, sizeof(cut));
}

/* All a decision may depend on, by-name rules included; not the line. */
static uint64_t distinct(struct sm_live *live, const struct sm_event *event,
			 struct sm_str stdlib)
{
	uint64_t seed = digest_requests(live, event);
	struct sm_request requests[SM_REQUESTS_MAX];
	unsigned count = sm_event_requests(event, &live->scratch, requests);
	struct sm_named named;

	sm_event_named(event, requests, count, &named);
	for (uint32_t i = 0; i < named.count; i++)
		seed = sm_digest_str(seed, named.paths[i]);
	seed = sm_digest_str(seed, event->site.file);
	seed = sm_digest_str(seed, event->site.function);
	seed = sm_digest_str(seed, event->resolved[0]);
	seed = sm_digest_str(seed, event->resolved[1]);
	seed = sm_digest_str(seed, stdlib);
	for (uint32_t i = 0; i < event->argc; i++) {
		struct sm_value value = event->args[i];

		if (value.type == SM_DIGEST) /* matched by nothing but `*` */
			value.i = 0;
		seed = sm_digest_value(seed, &value);
	}
	return seed;
}

static bool make_room(struct sm_live *live)
{
	size_t room = live->room ? live->room * 2 : 1024;
	struct sm_live_call *calls;

	if (live->count < live->room)
		return true;
	calls = realloc(live->calls, room * sizeof(*calls));
	if (!calls)
		return false;
	live->calls = calls;
	live->room = room;
	return true;
}

static bool keep_first(struct sm_live *live, struct sm_trace *trace,
		       const struct sm_event *event,
		       struct sm_replay_example *first)
{
	const struct sm_trace_process_info *info =
		sm_trace_process(trace, event->process);
	struct sm_str path = sm_str_of(sm_trace_path(trace));

	if (!sm_keep_str(&live->kept, path, &path))
		return false;
	*first = (struct sm_replay_example){
		.trace = path.p,
		.process = event->process,
		.pid = info ? info->start.pid : 0,
		.seq = event->seq,
		.time_ns = event->time_ns,
		.line = event->site.line,
	};
	return sm_keep_str(&live->kept, event->site.file, &first->file) &&
	       sm_keep_str(&live->kept, event->site.function, &first->function);
}

/* What decides it of what was named stays, and nothing else. */
static bool keep_named(struct sm_live *live, struct sm_event *event)
{
	struct sm_request requests[SM_REQUESTS_MAX];
	unsigned count = sm_event_requests(event, &live->scratch, requests);
	struct sm_named *kept;

	if (!event->named || !event->named->count)
		return true;
	kept = sm_keep_bytes(&live->kept, sizeof(*kept));
	if (!kept)
		return false;
	sm_event_named(event, requests, count, kept);
	for (uint32_t i = 0; i < kept->count; i++)
		if (!sm_keep_str(&live->kept, kept->paths[i], &kept->paths[i]))
			return false;
	event->named = kept;
	return true;
}

static bool add(struct sm_live *live, struct sm_trace *trace,
		const struct sm_policy *policy, const struct sm_event *event,
		struct sm_str stdlib)
{
	struct sm_live_call *call;
	struct sm_verdict verdict;

	if (!make_room(live))
		return false;
	call = &live->calls[live->count];
	memset(call, 0, sizeof(*call));
	if (!keep_first(live, trace, event, &call->first) ||
	    !sm_keep_event(&live->kept, event, &call->event) ||
	    !keep_named(live, &call->event) ||
	    !map_event(live, stdlib, &call->event))
		return false;
	sm_policy_decide(policy, &call->event, &verdict);
	call->offline.decision = verdict.decision;
	call->requests = digest_requests(live, &call->event);
	live->count++;
	return sm_keep_str(&live->kept, verdict.rule, &call->offline.rule);
}

static bool consider(struct sm_live *live, struct sm_trace *trace,
		     const struct sm_policy *policy,
		     const struct sm_event *event)
{
	struct sm_str stdlib = stdlib_of(trace, event->process);
	uint64_t digest = distinct(live, event, stdlib);

	if (sm_memo_find(&live->seen, digest))
		return true;
	live->totals.calls++;
	/* Unlike a full table's, what add() lacks is memory. */
	if (live->count == SM_LIVE_CALLS_MAX ||
	    !sm_memo_add(&live->seen, digest, 1)) {
		live->totals.past_the_bound++;
		return true;
	}
	return add(live, trace, policy, event, stdlib);
}

enum sm_status sm_live_collect(struct sm_live *live, struct sm_trace *trace,
			       const struct sm_policy *policy,
			       struct sm_diag *diag)
{
	struct sm_trace_cursor *cursor = NULL;
	const struct sm_event *event;
	enum sm_status status;
	uint32_t site;

	status = sm_trace_events(trace, NULL, &cursor, diag);
	if (status != SM_OK)
		return status;
	for (;;) {
		status = sm_trace_next(cursor, &event, &site, diag);
		if (status == SM_DAMAGED)
			continue;
		if (status != SM_OK)
			break;
		if (!consider(live, trace, policy, event)) {
			status = sm_fail(diag, SM_NOMEM, "out of memory");
			break;
		}
	}
	sm_trace_cursor_free(cursor);
	return status == SM_END ? SM_OK : status;
}

size_t sm_live_count(const struct sm_live *live)
{
	return live->count;
}

const struct sm_live_call *sm_live_call(const struct sm_live *live, size_t i)
{
	return i < live->count ? &live->calls[i] : NULL;
}

/* --------------------------------------------------------------- comparing */

static const char *find_other(struct sm_live *live,
			      const struct sm_live_call *call,
			      const struct sm_event *event)
{
	const struct sm_site *a = &call->event.site, *b = &event->site;

	if (!sm_str_equal(a->event, b->event))
		return "arrived under another name";
	if (!sm_str_equal(a->file, b->file) ||
	    !sm_str_equal(a->function, b->function))
		return "arrived from another caller";
	if (a->via != b->via)
		return "arrived by another way (via)";
	if (a->principal.kind != b->principal.kind ||
	    !sm_str_equal(a->principal.name, b->principal.name) ||
	    !sm_str_equal(a->principal.file, b->principal.file) ||
	    !sm_str_equal(a->principal.function, b->principal.function))
		return "arrived from another principal";
	if (call->requests != digest_requests(live, event))
		return "arrived asking for something else";
	return NULL;
}

bool sm_live_answer(struct sm_live *live, size_t i,
		    const struct sm_event *event)
{
	struct sm_live_call *call = i < live->count ? &live->calls[i] : NULL;

	if (!call || call->has_answer)
		return true;
	call->has_answer = true;
	call->reason = find_other(live, call, event);
	call->live.decision = event->verdict.decision;
	return sm_keep_str(&live->kept, event->verdict.rule, &call->live.rule);
}

bool sm_live_note(struct sm_live *live, size_t i, bool was_denied,
		  const char *reason)
{
	struct sm_live_call *call = i < live->count ? &live->calls[i] : NULL;
	struct sm_str kept;

	if (!call)
		return true;
	call->was_raised = true;
	call->was_denied = was_denied;
	if (!reason)
		return true;
	if (!sm_keep_str(&live->kept, sm_str_of(reason), &kept))
		return false;
	call->reason = kept.p;
	return true;
}

static void conclude(struct sm_live_call *call)
{
	bool is_denied = call->offline.decision == SM_DENIED;

	call->outcome = SM_LIVE_NOT_RAISABLE;
	if (!call->reason && !call->was_raised)
		call->reason = "the interpreter did not get to it";
	if (!call->reason && !call->has_answer)
		call->reason = "its record was lost";
	if (call->reason)
		return;
	call->outcome = SM_LIVE_DIFFERS;
	if (call->offline.decision == call->live.decision &&
	    sm_str_equal(call->offline.rule, call->live.rule) &&
	    call->was_denied == is_denied)
		call->outcome = SM_LIVE_SAME;
}

void sm_live_conclude(struct sm_live *live)
{
	struct sm_live_totals *totals = &live->totals;

	totals->same = totals->differ = totals->denied = 0;
	totals->not_raisable = totals->past_the_bound;
	for (size_t i = 0; i < live->count; i++) {
		struct sm_live_call *call = &live->calls[i];

		conclude(call);
		totals->same += call->outcome == SM_LIVE_SAME;
		totals->differ += call->outcome == SM_LIVE_DIFFERS;
		totals->not_raisable += call->outcome == SM_LIVE_NOT_RAISABLE;
		totals->denied += call->outcome == SM_LIVE_SAME &&
				  call->offline.decision == SM_DENIED;
	}
}

const struct sm_live_totals *sm_live_totals(const struct sm_live *live)
{
	return &live->totals;
}

const char *sm_live_driver(void)
{
	static const char text[] =
#include "live-driver.inc"
		;

	return text;
}
