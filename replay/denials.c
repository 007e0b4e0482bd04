/* SPDX-License-Identifier: Apache-2.0 */
#include "replay/denials.h"

#include <stdlib.h>

#include "replay/digest.h"

#define EXPLANATION_MAX 600

static void denial_free(struct denial *denial)
{
	if (denial)
		sm_keep_fini(&denial->kept);
	free(denial);
}

/* ---------------------------------------------------------------- groups */

/* What the denial is about; an event no request was derived from: itself. */
static struct sm_request subject(const struct sm_event *event,
				 const struct sm_verdict *verdict,
				 const struct sm_request *requests,
				 unsigned count)
{
	if (verdict->request < count)
		return requests[verdict->request];
	return (struct sm_request){ .family = verdict->family,
				    .via = event->site.via,
				    .value = event->site.event };
}

static uint64_t group_digest(const struct sm_event *event,
			     const struct sm_verdict *verdict,
			     const struct sm_request *request)
{
	uint64_t seed = sm_digest_decision(event, request, 1);

	seed = sm_digest_bytes(seed, &verdict->reason, sizeof(verdict->reason));
	seed = sm_digest_bytes(seed, &verdict->decision,
			       sizeof(verdict->decision));
	return sm_digest_str(seed, verdict->rule);
}

static bool keep_example(struct denial *denial, const struct sm_event *event,
			 const char *trace,
			 const struct sm_trace_process_info *info)
{
	struct sm_replay_example *first = &denial->shown.first;
	struct sm_str path = sm_str_of(trace);

	first->process = event->process;
	first->pid = info ? info->start.pid : 0;
	first->seq = event->seq;
	first->time_ns = event->time_ns;
	first->line = event->site.line;
	if (!sm_keep_str(&denial->kept, path, &path))
		return false;
	first->trace = path.p;
	return sm_keep_str(&denial->kept, event->site.file, &first->file) &&
	       sm_keep_str(&denial->kept, event->site.function,
			   &first->function);
}

/* Events of a trace come site by site: an earlier one is the first. */
static void move_example(struct denial *denial, const struct sm_event *event,
			 const char *trace,
			 const struct sm_trace_process_info *info)
{
	const struct sm_replay_example kept = denial->shown.first;

	if (event->time_ns >= kept.time_ns || strcmp(kept.trace, trace) ||
	    keep_example(denial, event, trace, info))
		return;
	denial->shown.first = kept; /* out of memory */
}

static bool keep_subject(struct denial *denial, const struct sm_event *event,
			 const struct sm_request *request)
{
	struct sm_replay_denial *shown = &denial->shown;
	const struct sm_principal *principal = &event->site.principal;

	shown->family = request->family;
	shown->access = request->access;
	shown->via = event->site.via;
	shown->argc = request->argc;
	shown->principal.kind = principal->kind;
	return sm_keep_str(&denial->kept, event->site.event, &shown->event) &&
	       sm_keep_str(&denial->kept, request->value, &shown->resource) &&
	       sm_keep_str(&denial->kept, principal->name,
			   &shown->principal.name) &&
	       sm_keep_str(&denial->kept, principal->file,
			   &shown->principal.file) &&
	       sm_keep_str(&denial->kept, principal->function,
			   &shown->principal.function) &&
	       sm_keep_values(&denial->kept, request->args, request->argc,
			      &shown->args);
}

static bool keep_verdict(struct denial *denial, const struct sm_event *event,
			 const struct sm_verdict *verdict)
{
	char text[EXPLANATION_MAX] = "";
	struct sm_str kept;

	denial->shown.decision = verdict->decision;
	denial->shown.reason = verdict->reason;
	denial->shown.lacking = verdict->lacking;
	sm_verdict_explain(event, verdict, text, sizeof(text));
	if (!sm_keep_str(&denial->kept, sm_str_of(text), &kept))
		return false;
	denial->shown.explanation = kept.p;
	return sm_keep_str(&denial->kept, verdict->rule, &denial->shown.rule);
}

static bool make_room(struct denials *denials)
{
	size_t room = denials->room ? denials->room * 2 : 64;
	struct denial **items;

	if (denials->count < denials->room)
		return true;
	items = realloc(denials->items, room * sizeof(*items));
	if (!items)
		return false;
	denials->items = items;
	denials->room = room;
	return true;
}

uint32_t sm_denials_group(struct denials *denials, const struct sm_event *event,
			  const struct sm_verdict *verdict,
			  const struct sm_request *requests, unsigned count,
			  const char *trace,
			  const struct sm_trace_process_info *info)
{
	struct sm_request request = subject(event, verdict, requests, count);
	uint64_t digest = group_digest(event, verdict, &request);
	struct sm_memo_slot *slot = sm_memo_find(&denials->by_digest, digest);
	struct denial *denial;

	if (slot) {
		move_example(denials->items[slot->value], event, trace, info);
		return (uint32_t)slot->value;
	}
	if (denials->count >= SM_REPLAY_DENIALS_MAX || !make_room(denials))
		return DENIAL_NONE;
	denial = calloc(1, sizeof(*denial));
	if (!denial || !keep_subject(denial, event, &request) ||
	    !keep_verdict(denial, event, verdict) ||
	    !keep_example(denial, event, trace, info) ||
	    !sm_memo_add(&denials->by_digest, digest, denials->count)) {
		denial_free(denial);
		return DENIAL_NONE;
	}
	denials->items[denials->count] = denial;
	return (uint32_t)denials->count++;
}

bool sm_denials_init(struct denials *denials)
{
	*denials = (struct denials){ .items = NULL };
	return sm_memo_init(&denials->by_digest);
}

void sm_denials_fini(struct denials *denials)
{
	for (size_t i = 0; i < denials->count; i++)
		denial_free(denials->items[i]);
	free(denials->items);
	sm_memo_fini(&denials->by_digest);
}

int sm_denials_compare(const void *a, const void *b)
{
	const struct sm_replay_denial *x =
		*(const struct sm_replay_denial *const *)a;
	const struct sm_replay_denial *y =
		*(const struct sm_replay_denial *const *)b;
	int order = (y->decision > x->decision) - (y->decision < x->decision);

	if (!order)
		order = (y->count > x->count) - (y->count < x->count);
	if (!order)
		order = sm_str_compare(x->event, y->event);
	if (!order)
		order = sm_str_compare(x->resource, y->resource);
	if (!order)
		order = sm_str_compare(x->principal.name, y->principal.name);
	if (!order)
		order = strcmp(x->explanation, y->explanation);
	return order;
}
