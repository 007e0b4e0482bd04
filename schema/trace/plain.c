/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/trace/plain.h"

#include <stdlib.h>

#include "schema/trace/column.h"

enum {
	META_MAX = 4096, /* facts about a recording; ours has some 30 */
	/* Of plain tables in memory: a million processes that are alike. */
	TABLES_MAX = 320 << 20,
};

static size_t bytes_of(const struct sm_trace *t)
{
	return t->kept.bytes + t->process_count * sizeof(**t->processes) +
	       t->process_room * sizeof(*t->processes) +
	       t->meta_room * sizeof(*t->meta) +
	       t->loss_room * sizeof(*t->losses) +
	       t->policy_count * sizeof(**t->policies) +
	       t->policy_room * sizeof(*t->policies) +
	       t->adoption_room * sizeof(*t->adoptions) +
	       t->name_room * sizeof(*t->names) +
	       t->site_room * sizeof(*t->sites) +
	       t->site_of.room *
		       (sizeof(*t->site_of.keys) + sizeof(*t->site_of.values));
}

enum sm_status sm_plain_each(struct sm_trace *t, const char *sql, int64_t from,
			     sm_plain_row *row, struct sm_diag *diag)
{
	enum sm_status status = SM_OK;
	sqlite3_stmt *q = NULL;
	int code = sqlite3_prepare_v2(t->db, sql, -1, &q, NULL);
	uint64_t strides;

	if (code)
		return sm_db_fail(t->db, t->path, "cannot read", diag);
	sm_db_limit(t->db, &strides);
	sqlite3_bind_int64(q, 1, from);
	while (!status && (code = sqlite3_step(q)) == SQLITE_ROW) {
		status = row(t, q);
		if (!status && bytes_of(t) > TABLES_MAX)
			status = SM_LIMIT;
	}
	if (status == SM_LIMIT)
		sm_fail(diag, status,
			"%s: its processes, names and places take more than "
			"%d MiB: record to several files (--max-size, "
			"--rotate)",
			t->path, TABLES_MAX >> 20);
	else if (!status && code != SQLITE_DONE)
		status = sm_db_fail(t->db, t->path, "cannot read", diag);
	else if (status == SM_NOMEM)
		sm_fail(diag, status, "%s: out of memory", t->path);
	else if (status)
		sm_fail(diag, status,
			"%s: its plain tables are damaged; copy it again from "
			"where it was recorded, or see secmgr-events "
			"--recover",
			t->path);
	sm_db_unlimit(t->db);
	sqlite3_finalize(q);
	return status;
}

/* Read again and again while a trace grows: what is known stays. */
static enum sm_status read_meta(struct sm_trace *t, sqlite3_stmt *q)
{
	const struct sm_str none = { NULL, 0 };
	struct sm_str key = none, value;
	enum sm_status status;
	size_t i;

	if (t->meta_count >= META_MAX)
		return SM_DAMAGED;
	status = sm_array_reserve((void **)&t->meta, &t->meta_room,
				  t->meta_count + 1, sizeof(*t->meta));
	for (i = 0; !status && i < t->meta_count; i++) {
		const struct sm_str known = sm_str_of(t->meta[i].key);

		if (sm_str_equal(known, sm_column_str(q, 0)))
			key = known;
		if (key.p)
			break;
	}
	if (!status && !key.p)
		status = sm_kept_column(&t->kept, q, 0, &key);
	if (!status)
		status = sm_kept_like(
			&t->kept, q, 1,
			i < t->meta_count ? sm_str_of(t->meta[i].value) : none,
			&value);
	if (status)
		return status;
	t->meta[i] = (struct sm_trace_meta){ key.p, value.p };
	t->meta_count += i == t->meta_count;
	return SM_OK;
}

static enum sm_status read_policy_text(struct sm_trace *t, sqlite3_stmt *q,
				       int i, struct sm_trace_policy_text *p)
{
	enum sm_status status = sm_kept_column(&t->kept, q, i, &p->path);

	if (!status)
		status = sm_kept_column(&t->kept, q, i + 1, &p->sha256);
	if (!status)
		status = sm_kept_column(&t->kept, q, i + 2, &p->text);
	return status;
}

/* Each stays where it is: callers point at them. */
static enum sm_status read_policy(struct sm_trace *t, sqlite3_stmt *q)
{
	struct sm_trace_policy *p;
	enum sm_status status;

	if (sqlite3_column_int64(q, 0) != (int64_t)t->policy_count + 1)
		return SM_DAMAGED;
	if (sm_array_reserve((void **)&t->policies, &t->policy_room,
			     t->policy_count + 1, sizeof(*t->policies)))
		return SM_NOMEM;
	p = calloc(1, sizeof(*p));
	if (!p)
		return SM_NOMEM;
	t->policies[t->policy_count++] = p;
	p->time_ns = sm_column_u64(q, 1);
	status = sm_kept_column(&t->kept, q, 2, &p->mode);
	if (!status)
		status = read_policy_text(t, q, 3, &p->enforced);
	if (!status)
		status = read_policy_text(t, q, 6, &p->shadow);
	return status;
}

static enum sm_status read_adoption(struct sm_trace *t, sqlite3_stmt *q)
{
	struct sm_trace_adoption a = { .process = sm_column_u32(q, 1),
				       .seq = sm_column_u64(q, 2),
				       .policy = sm_column_u32(q, 3),
				       .time_ns = sm_column_u64(q, 4) };

	if (!a.process || !a.policy)
		return SM_DAMAGED;
	if (sm_array_reserve((void **)&t->adoptions, &t->adoption_room,
			     t->adoption_count + 1, sizeof(a)))
		return SM_NOMEM;
	t->adoptions[t->adoption_count++] = a;
	t->last_adoption = sqlite3_column_int64(q, 0);
	return SM_OK;
}

/* Of two at one place the later policy is the one that decided. */
static int compare_adoptions(const void *a, const void *b)
{
	const struct sm_trace_adoption *x = a, *y = b;

	if (x->process != y->process)
		return x->process < y->process ? -1 : 1;
	if (x->seq != y->seq)
		return x->seq < y->seq ? -1 : 1;
	return x->policy < y->policy ? -1 : x->policy > y->policy;
}

/*
 * Adoptions before what they refer to: a live trace may get more of both in
 * between.
 */
static enum sm_status refresh_policies(struct sm_trace *t, struct sm_diag *diag)
{
	size_t known = t->adoption_count;
	enum sm_status status =
		sm_plain_each(t,
			      "SELECT id,process,seq,policy,time_ns "
			      "FROM adoption WHERE id>? ORDER BY id",
			      t->last_adoption, read_adoption, diag);

	if (!status)
		status = sm_plain_each(
			t,
			"SELECT number,time_ns,mode,path,sha256,text,"
			"shadow_path,shadow_sha256,shadow_text FROM "
			"policy WHERE number>? ORDER BY number",
			(int64_t)t->policy_count, read_policy, diag);
	if (t->adoption_count > known)
		qsort(t->adoptions, t->adoption_count, sizeof(*t->adoptions),
		      compare_adoptions);
	return status;
}

enum sm_status sm_trace_refresh(struct sm_trace *t, struct sm_diag *diag)
{
	enum sm_status status = sm_plain_each(t, "SELECT key,value FROM meta",
					      0, read_meta, diag);

	if (!status)
		status = refresh_policies(t, diag);
	if (!status)
		status = sm_plain_processes(t, diag);
	if (!status)
		status = sm_trace_load_sites(t, diag);
	return status;
}
