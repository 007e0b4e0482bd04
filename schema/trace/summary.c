/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/trace/summary_internal.h"

#include <stdlib.h>

struct sm_summary *sm_summary_new(void)
{
	return calloc(1, sizeof(struct sm_summary));
}

void sm_summary_free(struct sm_summary *s)
{
	if (!s)
		return;
	sm_bytes_fini(&s->texts);
	free(s->resources);
	free(s->denials);
	free(s->calls);
	sm_map_fini(&s->resource_of);
	sm_map_fini(&s->denial_of);
	sm_map_fini(&s->call_of);
	sm_map_fini(&s->seen);
	free(s);
}

static enum sm_status keep(struct sm_summary *s, struct sm_str text,
			   struct text *out)
{
	uint8_t *at = sm_bytes_grow(&s->texts, text.len);

	if (!at) {
		s->texts.has_failed = false;
		return SM_NOMEM;
	}
	if (text.len)
		memcpy(at, text.p, text.len);
	*out = (struct text){ (size_t)(at - s->texts.p), text.len };
	return SM_OK;
}

struct sm_str sm_summary_str(const struct sm_summary *s, struct text t)
{
	return (struct sm_str){ (const char *)s->texts.p + t.at, t.len };
}

/* --------------------------------------------------------------- resources */

/* What makes a resource row; compared in full, so a hash may collide. */
static uint64_t hash_resource(const struct resource_key *k)
{
	uint64_t h = (uint64_t)k->family << 24 | (uint64_t)k->access << 16 |
		     (uint64_t)k->via << 8 | k->has_via;

	h = sm_bytes_hash(k->value.p, k->value.len, h);
	return sm_bytes_hash(k->principal.p, k->principal.len, h);
}

static bool is_resource(const struct sm_summary *s, const struct resource *r,
			const struct resource_key *k)
{
	return r->family == k->family && r->access == k->access &&
	       r->via == k->via && r->has_via == k->has_via &&
	       sm_str_equal(sm_summary_str(s, r->value), k->value) &&
	       sm_str_equal(sm_summary_str(s, r->principal), k->principal);
}

static bool is_full(const struct sm_summary *s)
{
	return s->resource_count >= SM_SUMMARY_RESOURCES ||
	       s->texts.len >= SM_SUMMARY_BYTES;
}

enum sm_status sm_summary_find_resource(struct sm_summary *s,
					struct resource_key k, uint32_t *index)
{
	uint64_t hash = hash_resource(&k);
	struct resource r = { .family = k.family,
			      .access = k.access,
			      .via = k.via,
			      .has_via = k.has_via,
			      .first_ns = UINT64_MAX };
	enum sm_status status;

	for (;; hash++) {
		*index = sm_map_get(&s->resource_of, hash);
		if (*index == SM_MAP_NONE)
			break;
		if (is_resource(s, &s->resources[*index], &k))
			return SM_OK;
	}
	if (is_full(s) && !sm_str_equal(k.value, OTHER)) {
		k.value = OTHER;
		k.principal = OTHER;
		return sm_summary_find_resource(s, k, index);
	}
	*index = (uint32_t)s->resource_count;
	status = sm_array_reserve((void **)&s->resources, &s->resource_room,
				  s->resource_count + 1, sizeof(r));
	if (!status)
		status = keep(s, k.value, &r.value);
	if (!status)
		status = keep(s, k.principal, &r.principal);
	if (!status)
		status = sm_map_add(&s->resource_of, hash, *index);
	if (!status)
		s->resources[s->resource_count++] = r;
	return status;
}

static enum sm_status add_request(struct sm_summary *s,
				  const struct sm_event *event,
				  const struct sm_request *request,
				  struct call *call)
{
	bool has_via = request->family == SM_FAMILY_FILES ||
		       request->family == SM_FAMILY_CODE;
	struct resource_key key = {
		.family = (uint8_t)request->family,
		.via = has_via ? (uint8_t)request->via : 0,
		.has_via = has_via,
		.value = request->value,
		.principal = event->site.principal.name,
	};

	for (unsigned a = 0; a < SM_ACCESSES; a++) {
		enum sm_status status;

		if (!(request->access >> a & 1) ||
		    call->count == CALL_RESOURCES)
			continue;
		key.access = (uint8_t)a;
		status = sm_summary_find_resource(
			s, key, &call->resources[call->count]);
		if (status)
			return status;
		call->count++;
	}
	return SM_OK;
}

static void count_process(struct sm_summary *s, uint32_t index,
			  uint32_t process)
{
	struct resource *r = &s->resources[index];
	uint64_t key = (uint64_t)index << 32 | process;

	if (r->last_process == process)
		return;
	r->last_process = process;
	/* Past the bound, processes is a lower bound. */
	if (sm_map_get(&s->seen, key) != SM_MAP_NONE ||
	    s->seen.count >= SM_SUMMARY_SEEN)
		return;
	if (!sm_map_add(&s->seen, key, 0))
		r->processes++;
}

static void count_call(struct sm_summary *s, const struct call *call,
		       const struct sm_event *event)
{
	for (uint32_t i = 0; i < call->count; i++) {
		struct resource *r = &s->resources[call->resources[i]];

		r->events++;
		if (event->time_ns < r->first_ns)
			r->first_ns = event->time_ns;
		if (event->time_ns > r->last_ns)
			r->last_ns = event->time_ns;
		count_process(s, call->resources[i], event->process);
	}
}

/* ----------------------------------------------------------------- denials */

static struct sm_str denied_value(const struct sm_event *event,
				  const struct sm_request *requests, unsigned n)
{
	if (n && requests[0].value.len)
		return requests[0].value;
	if (event->resolved[0].len)
		return event->resolved[0];
	for (uint32_t i = 0; i < event->argc; i++)
		if (sm_value_is_string(&event->args[i]))
			return sm_value_str(&event->args[i]);
	return event->site.event;
}

enum sm_status sm_summary_find_denial(struct sm_summary *s, uint32_t site,
				      enum sm_decision decision,
				      struct sm_str rule, struct sm_str value,
				      uint32_t *index)
{
	uint64_t hash = sm_bytes_hash(rule.p, rule.len,
				      (uint64_t)site << 8 | (unsigned)decision);
	struct denial d = { .decision = (uint8_t)decision,
			    .site = site,
			    .first_ns = UINT64_MAX };
	enum sm_status status;

	hash = sm_bytes_hash(value.p, value.len, hash);
	for (;; hash++) {
		const struct denial *at;

		*index = sm_map_get(&s->denial_of, hash);
		if (*index == SM_MAP_NONE)
			break;
		at = &s->denials[*index];
		if (at->site == site && at->decision == decision &&
		    sm_str_equal(sm_summary_str(s, at->rule), rule) &&
		    sm_str_equal(sm_summary_str(s, at->value), value))
			return SM_OK;
	}
	if (s->denial_count >= SM_SUMMARY_DENIALS &&
	    !sm_str_equal(value, OTHER))
		return sm_summary_find_denial(s, 0, decision, SM_STR(""), OTHER,
					      index);
	*index = (uint32_t)s->denial_count;
	status = sm_array_reserve((void **)&s->denials, &s->denial_room,
				  s->denial_count + 1, sizeof(d));
	if (!status)
		status = keep(s, rule, &d.rule);
	if (!status)
		status = keep(s, value, &d.value);
	if (!status)
		status = sm_map_add(&s->denial_of, hash, *index);
	if (!status)
		s->denials[s->denial_count++] = d;
	return status;
}

static enum sm_status add_denial(struct sm_summary *s, uint32_t site,
				 const struct sm_event *event)
{
	struct sm_request requests[SM_REQUESTS_MAX];
	unsigned n = sm_event_requests(event, &s->scratch, requests);
	struct denial *d;
	uint32_t index;
	enum sm_status status = sm_summary_find_denial(
		s, site, event->verdict.decision, event->verdict.rule,
		denied_value(event, requests, n), &index);

	if (status)
		return status;
	d = &s->denials[index];
	if (!d->events++) {
		d->process = event->process;
		d->seq = event->seq;
	}
	if (event->time_ns < d->first_ns)
		d->first_ns = event->time_ns;
	if (event->time_ns > d->last_ns)
		d->last_ns = event->time_ns;
	d->is_dirty = true;
	return SM_OK;
}

/* ------------------------------------------------------------------ events */

/* Denials always need the site's texts. */
bool sm_summary_knows(const struct sm_summary *s, uint64_t key)
{
	return sm_map_get(&s->call_of, key) != SM_MAP_NONE;
}

static enum sm_status remember(struct sm_summary *s, uint64_t key,
			       const struct call *call)
{
	enum sm_status status;

	if (s->call_count >= SM_SUMMARY_CALLS) {
		s->call_count = 0;
		sm_map_clear(&s->call_of);
	}
	status = sm_array_reserve((void **)&s->calls, &s->call_room,
				  s->call_count + 1, sizeof(*s->calls));
	if (!status)
		status = sm_map_add(&s->call_of, key, (uint32_t)s->call_count);
	if (!status)
		s->calls[s->call_count++] = *call;
	return status;
}

enum sm_status sm_summary_add(struct sm_summary *s, uint64_t key, uint32_t site,
			      const struct sm_event *event)
{
	uint32_t known = sm_map_get(&s->call_of, key);
	struct sm_request requests[SM_REQUESTS_MAX];
	struct call call = { .count = 0 };
	enum sm_status status = SM_OK;

	if (known != SM_MAP_NONE) {
		count_call(s, &s->calls[known], event);
	} else {
		unsigned n = sm_event_requests(event, &s->scratch, requests);

		for (unsigned i = 0; i < n && !status; i++)
			status = add_request(s, event, &requests[i], &call);
		if (!status)
			status = remember(s, key, &call);
		if (!status)
			count_call(s, &call, event);
	}
	if (!status && event->verdict.decision >= SM_WARNED)
		status = add_denial(s, site, event);
	return status;
}
