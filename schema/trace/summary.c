/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/trace/summary.h"

#include <stdlib.h>

#include "schema/trace/column.h"

#define OTHER SM_STR("(other)")

enum {
	CALL_RESOURCES = 8, /* (request, access) pairs counted per call */
	ROW_BYTES = 40,	    /* of a row in the file besides its texts */
};

struct text {
	size_t at;
	uint32_t len;
};

struct resource {
	uint8_t family, via;
	uint8_t access; /* enum sm_access_number */
	bool has_via;
	struct text value, principal;
	uint64_t events, first_ns, last_ns;
	uint32_t processes, last_process;
};

struct denial {
	uint8_t decision;
	bool is_dirty;
	uint32_t site, process;
	struct text rule, value;
	uint64_t events, seq, first_ns, last_ns;
};

struct call {
	uint32_t resources[CALL_RESOURCES];
	uint32_t count;
};

struct sm_summary {
	struct sm_bytes texts;
	struct resource *resources;
	size_t resource_count, resource_room;
	struct denial *denials;
	size_t denial_count, denial_room;
	struct call *calls;
	size_t call_count, call_room;
	struct sm_map resource_of, denial_of, call_of;
	struct sm_map seen; /* resource << 32 | process */
	struct sm_request_scratch scratch;
};

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

static struct sm_str str_of(const struct sm_summary *s, struct text t)
{
	return (struct sm_str){ (const char *)s->texts.p + t.at, t.len };
}

/* --------------------------------------------------------------- resources */

/* What makes a resource row; compared in full, so a hash may collide. */
struct resource_key {
	uint8_t family, access, via;
	bool has_via;
	struct sm_str value, principal;
};

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
	       sm_str_equal(str_of(s, r->value), k->value) &&
	       sm_str_equal(str_of(s, r->principal), k->principal);
}

static bool is_full(const struct sm_summary *s)
{
	return s->resource_count >= SM_SUMMARY_RESOURCES ||
	       s->texts.len >= SM_SUMMARY_BYTES;
}

static enum sm_status find_resource(struct sm_summary *s, struct resource_key k,
				    uint32_t *index)
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
		return find_resource(s, k, index);
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
		status = find_resource(s, key, &call->resources[call->count]);
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

static enum sm_status find_denial(struct sm_summary *s, uint32_t site,
				  enum sm_decision decision, struct sm_str rule,
				  struct sm_str value, uint32_t *index)
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
		    sm_str_equal(str_of(s, at->rule), rule) &&
		    sm_str_equal(str_of(s, at->value), value))
			return SM_OK;
	}
	if (s->denial_count >= SM_SUMMARY_DENIALS &&
	    !sm_str_equal(value, OTHER))
		return find_denial(s, 0, decision, SM_STR(""), OTHER, index);
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
	enum sm_status status = find_denial(
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

/* ------------------------------------------------------------------- files */

static enum sm_status load_resource(struct sm_summary *s, sqlite3_stmt *q)
{
	int family = sm_family_find(sm_column_str(q, 0));
	int via = sm_via_find(sm_column_str(q, 4));
	uint32_t access = family < 0 ? 0
				     : sm_access_find((enum sm_family)family,
						      sm_column_str(q, 1));
	struct resource_key key = { .value = sm_column_str(q, 2),
				    .principal = sm_column_str(q, 3),
				    .has_via = via >= 0,
				    .via = via >= 0 ? (uint8_t)via : 0 };
	enum sm_status status;
	struct resource *r;
	uint32_t index;

	if (!access)
		return SM_OK;
	key.family = (uint8_t)family;
	key.access = (uint8_t)__builtin_ctz(access);
	status = find_resource(s, key, &index);
	if (status)
		return status;
	r = &s->resources[index];
	r->events += sm_column_u64(q, 5);
	r->processes += sm_column_u32(q, 6);
	r->first_ns = sm_column_u64(q, 7);
	r->last_ns = sm_column_u64(q, 8);
	return SM_OK;
}

static enum sm_status load_denial(struct sm_summary *s, sqlite3_stmt *q)
{
	struct sm_str name = sm_column_str(q, 0);
	uint32_t index, site = sm_column_u32(q, 2);
	struct denial *d;
	enum sm_decision decision =
		sm_str_equal(name, sm_str_of(sm_decision_name(SM_WARNED)))
			? SM_WARNED
			: SM_DENIED;
	enum sm_status status =
		find_denial(s, site, decision, sm_column_str(q, 1),
			    sm_column_str(q, 3), &index);

	if (status)
		return status;
	d = &s->denials[index];
	d->events = sm_column_u64(q, 4);
	d->process = sm_column_u32(q, 5);
	d->seq = sm_column_u64(q, 6);
	d->first_ns = sm_column_u64(q, 7);
	d->last_ns = sm_column_u64(q, 8);
	return SM_OK;
}

static enum sm_status load(struct sm_summary *s, sqlite3 *db, const char *sql,
			   enum sm_status (*row)(struct sm_summary *s,
						 sqlite3_stmt *q))
{
	sqlite3_stmt *q = NULL;
	enum sm_status status = SM_OK;
	int code = sqlite3_prepare_v2(db, sql, -1, &q, NULL);

	if (code)
		return SM_IO;
	while (!status && (code = sqlite3_step(q)) == SQLITE_ROW)
		status = row(s, q);
	sqlite3_finalize(q);
	return !status && code != SQLITE_DONE ? SM_IO : status;
}

enum sm_status sm_summary_load(struct sm_summary *s, sqlite3 *db)
{
	enum sm_status status = load(
		s, db,
		"SELECT family,access,value,principal,via,events,processes,"
		"first_ns,last_ns FROM resource ORDER BY id",
		load_resource);

	if (!status)
		status = load(s, db,
			      "SELECT decision,rule,site,value,events,process,"
			      "seq,first_ns,last_ns FROM denial ORDER BY id",
			      load_denial);
	return status;
}

enum sm_status sm_summary_put_denials(struct sm_summary *s,
				      struct sm_rows *rows)
{
	enum sm_status status = SM_OK;

	for (size_t i = 0; i < s->denial_count && !status; i++) {
		struct denial *d = &s->denials[i];

		if (!d->is_dirty)
			continue;
		sm_rows_begin(rows, SM_PUT_DENIAL);
		sm_rows_int(rows, (int64_t)i + 1);
		sm_rows_str(rows, sm_str_of(sm_decision_name(d->decision)));
		sm_rows_str(rows, str_of(s, d->rule));
		sm_rows_int(rows, d->site);
		sm_rows_str(rows, str_of(s, d->value));
		sm_rows_int(rows, (int64_t)d->events);
		sm_rows_int(rows, d->process);
		sm_rows_int(rows, (int64_t)d->seq);
		sm_rows_int(rows, (int64_t)d->first_ns);
		sm_rows_int(rows, (int64_t)d->last_ns);
		status = sm_rows_end(rows);
		d->is_dirty = status != SM_OK;
	}
	return status;
}

/* Rows people look for first: not the reading of code, then the frequent. */
static bool is_code_reading(const struct resource *r)
{
	return r->has_via && r->via != SM_VIA_DIRECT;
}

struct ranked {
	const struct sm_summary *s;
	const struct resource *r;
};

static int by_rank(const void *x, const void *y)
{
	const struct ranked *a = x, *b = y;
	int order = is_code_reading(a->r) - is_code_reading(b->r);

	if (!order)
		order = (a->r->events < b->r->events) -
			(a->r->events > b->r->events);
	if (!order)
		order = sm_str_compare(str_of(a->s, a->r->value),
				       str_of(b->s, b->r->value));
	if (!order)
		order = sm_str_compare(str_of(a->s, a->r->principal),
				       str_of(b->s, b->r->principal));
	if (!order)
		order = (a->r->access > b->r->access) -
			(a->r->access < b->r->access);
	return order;
}

static enum sm_status put_resource(const struct sm_summary *s,
				   const struct resource *r,
				   struct sm_rows *rows)
{
	sm_rows_begin(rows, SM_PUT_RESOURCE);
	sm_rows_str(rows, sm_str_of(sm_family_name(r->family)));
	sm_rows_str(rows, sm_str_of(sm_access_name(1u << r->access)));
	sm_rows_str(rows, str_of(s, r->value));
	sm_rows_str(rows, str_of(s, r->principal));
	if (r->has_via)
		sm_rows_str(rows, sm_str_of(sm_via_name(r->via)));
	else
		sm_rows_null(rows);
	sm_rows_int(rows, (int64_t)r->events);
	sm_rows_int(rows, r->processes);
	sm_rows_int(rows, (int64_t)r->first_ns);
	sm_rows_int(rows, (int64_t)r->last_ns);
	return sm_rows_end(rows);
}

/* Sums r in the '(other)' row of its family, access and via. */
static enum sm_status fold(struct sm_summary *s, const struct resource *r)
{
	struct resource_key key = { .family = r->family,
				    .access = r->access,
				    .via = r->via,
				    .has_via = r->has_via,
				    .value = OTHER,
				    .principal = OTHER };
	struct resource from = *r;
	struct resource *to;
	uint32_t index;
	enum sm_status status = find_resource(s, key, &index);

	if (status)
		return status;
	to = &s->resources[index];
	to->events += from.events;
	if (from.processes > to->processes)
		to->processes = from.processes;
	if (from.first_ns < to->first_ns)
		to->first_ns = from.first_ns;
	if (from.last_ns > to->last_ns)
		to->last_ns = from.last_ns;
	return SM_OK;
}

static enum sm_status put_ranked(struct sm_summary *s, struct ranked *ranked,
				 size_t count, size_t max_bytes,
				 struct sm_rows *rows)
{
	enum sm_status status = SM_OK;
	size_t bytes = 0, i;

	for (i = 0; i < count; i++) {
		const struct resource *r = ranked[i].r;

		bytes += ROW_BYTES + r->value.len + r->principal.len;
		if (bytes > max_bytes)
			break;
		if (!sm_str_equal(str_of(s, r->value), OTHER))
			status = put_resource(s, r, rows);
		if (status)
			return status;
	}
	for (; i < count && !status; i++) {
		/* By index: folding may move the array. */
		struct resource r = *ranked[i].r;

		if (!sm_str_equal(str_of(s, r.value), OTHER))
			status = fold(s, &r);
	}
	return status;
}

enum sm_status sm_summary_put_resources(struct sm_summary *s, size_t max_bytes,
					struct sm_rows *rows)
{
	size_t count = s->resource_count;
	struct ranked *ranked = malloc((count + 1) * sizeof(*ranked));
	struct resource *copy = malloc((count + 1) * sizeof(*copy));
	enum sm_status status = ranked && copy ? SM_OK : SM_NOMEM;

	if (!status) {
		for (size_t i = 0; i < count; i++) {
			copy[i] = s->resources[i];
			ranked[i] = (struct ranked){ s, &copy[i] };
		}
		qsort(ranked, count, sizeof(*ranked), by_rank);
		sm_rows_begin(rows, SM_CUT_RESOURCES);
		status = sm_rows_end(rows);
	}
	if (!status)
		status = put_ranked(s, ranked, count, max_bytes, rows);
	for (size_t i = 0; i < s->resource_count && !status; i++)
		if (sm_str_equal(str_of(s, s->resources[i].value), OTHER))
			status = put_resource(s, &s->resources[i], rows);
	free(copy);
	free(ranked);
	return status;
}
