/* SPDX-License-Identifier: Apache-2.0 */
/*
 * summary_file.c: resources and denials from a trace and into it.
 */
#include <stdlib.h>

#include "schema/trace/column.h"
#include "schema/trace/summary_internal.h"

#define ROW_BYTES 40 /* of a row in the file besides its texts */

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
	status = sm_summary_find_resource(s, key, &index);
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
		sm_summary_find_denial(s, site, decision, sm_column_str(q, 1),
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
		sm_rows_str(rows, sm_summary_str(s, d->rule));
		sm_rows_int(rows, d->site);
		sm_rows_str(rows, sm_summary_str(s, d->value));
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
		order = sm_str_compare(sm_summary_str(a->s, a->r->value),
				       sm_summary_str(b->s, b->r->value));
	if (!order)
		order = sm_str_compare(sm_summary_str(a->s, a->r->principal),
				       sm_summary_str(b->s, b->r->principal));
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
	sm_rows_str(rows, sm_summary_str(s, r->value));
	sm_rows_str(rows, sm_summary_str(s, r->principal));
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
	enum sm_status status = sm_summary_find_resource(s, key, &index);

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
		if (!sm_str_equal(sm_summary_str(s, r->value), OTHER))
			status = put_resource(s, r, rows);
		if (status)
			return status;
	}
	for (; i < count && !status; i++) {
		/* By index: folding may move the array. */
		struct resource r = *ranked[i].r;

		if (!sm_str_equal(sm_summary_str(s, r.value), OTHER))
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
		if (sm_str_equal(sm_summary_str(s, s->resources[i].value),
				 OTHER))
			status = put_resource(s, &s->resources[i], rows);
	free(copy);
	free(ranked);
	return status;
}
