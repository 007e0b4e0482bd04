/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/trace/plain.h"

#include <stdlib.h>

#include "schema/path.h"
#include "schema/trace/argv.h"
#include "schema/trace/column.h"

enum { ARGV_MAX = 1024 /* the agent tells SM_ITEMS_MAX */ };

static const struct sm_named nothing;

/* Every argument takes three bytes of JSON at least. */
static enum sm_status read_argv(struct sm_trace *t, sqlite3_stmt *q, int i,
				struct sm_trace_process *p)
{
	struct sm_str text;
	struct sm_str *argv;
	enum sm_status status = sm_kept_column(&t->kept, q, i, &text);
	size_t max = text.len / 3 + 1;
	char *copy;
	int n;

	if (status)
		return status;
	max = max < ARGV_MAX ? max : ARGV_MAX;
	copy = (char *)text.p;
	argv = malloc(max * sizeof(*argv));
	if (!argv)
		return SM_NOMEM;
	n = sm_argv_get(copy, text.len, argv, (int)max);
	if (n > 0) {
		p->argv = sm_kept_items(&t->kept, argv,
					(size_t)n * sizeof(*argv));
		p->argc = (uint32_t)n;
	}
	free(argv);
	if (n > 0 && !p->argv)
		return SM_NOMEM;
	return n < 0 ? SM_DAMAGED : SM_OK;
}

static enum sm_status read_named(struct sm_trace *t, sqlite3_stmt *q, int i,
				 const struct sm_named **out)
{
	struct sm_named named = { 0 };
	struct sm_str text;
	enum sm_status status = sm_kept_column(&t->kept, q, i, &text);
	int n;

	*out = &nothing;
	if (status)
		return status;
	n = sm_argv_get((char *)text.p, text.len, named.paths, SM_NAMED_MAX);
	if (n < 0)
		return SM_DAMAGED;
	for (int k = 0; k < n; k++)
		if (!sm_named_is_valid(named.paths[k]))
			return SM_DAMAGED;
	if (!n)
		return SM_OK;
	named.count = (uint32_t)n;
	*out = sm_kept_items(&t->kept, &named, sizeof(named));
	return *out ? SM_OK : SM_NOMEM;
}

static enum sm_status read_start(struct sm_trace *t, sqlite3_stmt *q,
				 const struct sm_trace_process *before,
				 struct sm_trace_process *p)
{
	struct sm_str started_by = { 0 };
	enum sm_status status;

	*p = (struct sm_trace_process){ .pid = sm_column_u32(q, 1),
					.guest_pid = sm_column_u32(q, 2),
					.parent_pid = sm_column_u32(q, 3),
					.uid = sm_column_u32(q, 4),
					.start_ns = sm_column_u64(q, 5),
					.named = &nothing };
	status = sm_kept_like(&t->kept, q, 6, sm_str_of(before->started_by),
			      &started_by);
	p->started_by = started_by.p;
	if (!status)
		status = sm_kept_like(&t->kept, q, 7, before->exe, &p->exe);
	if (!status)
		status = read_argv(t, q, 8, p);
	if (!status)
		status = sm_kept_like(&t->kept, q, 9, before->cwd, &p->cwd);
	if (!status)
		status = read_named(t, q, 21 + SM_LOSSES, &p->named);
	return status;
}

static enum sm_status read_interpreter(struct sm_trace *t, sqlite3_stmt *q,
				       const struct sm_trace_interpreter *like,
				       struct sm_trace_interpreter *i)
{
	const struct sm_str *before[] = { &like->version, &like->stdlib,
					  &like->prefix, &like->home,
					  &like->tmp };
	struct sm_str *to[] = { &i->version, &i->stdlib, &i->prefix, &i->home,
				&i->tmp };
	enum sm_status status = SM_OK;

	for (int n = 0; n < 5 && !status; n++)
		status = sm_kept_like(&t->kept, q, 10 + n, *before[n], to[n]);
	return status;
}

static void read_account(sqlite3_stmt *q, struct sm_trace_process_info *info)
{
	struct sm_trace_account *a = &info->account;

	*a = (struct sm_trace_account){ .exit_status = -1 };
	info->has_ended = sqlite3_column_type(q, 15) != SQLITE_NULL;
	if (!info->has_ended)
		return;
	a->end_ns = sm_column_u64(q, 15);
	a->exit_status = (int32_t)sqlite3_column_int64(q, 16);
	a->attempts = sm_column_u64(q, 17);
	a->stored = sm_column_u64(q, 18);
	a->noise = sm_column_u64(q, 19);
	for (int i = 0; i < SM_LOSSES; i++)
		a->lost[i] = sm_column_u64(q, 20 + i);
}

/* Known processes keep their place and their texts: callers point at them. */
static enum sm_status read_process(struct sm_trace *t, sqlite3_stmt *q)
{
	static const struct sm_trace_process_info nobody;
	const struct sm_trace_process_info *before = &nobody;
	int64_t number = sqlite3_column_int64(q, 0);
	struct sm_trace_process_info *info;
	enum sm_status status = SM_OK;

	if (number > 1 && (uint64_t)number <= t->process_count + 1)
		before = t->processes[number - 2];
	if (number < 1 || (uint64_t)number > t->process_count + 1)
		return SM_DAMAGED;
	if ((uint64_t)number == t->process_count + 1) {
		status = sm_array_reserve(
			(void **)&t->processes, &t->process_room,
			t->process_count + 1,
			sizeof(struct sm_trace_process_info *));
		info = status ? NULL : calloc(1, sizeof(*info));
		if (!info)
			return SM_NOMEM;
		info->number = (uint32_t)number;
		t->processes[t->process_count++] = info;
		status = read_start(t, q, &before->start, &info->start);
	}
	info = t->processes[number - 1];
	if (!status && !info->interpreter.version.len &&
	    sqlite3_column_type(q, 10) != SQLITE_NULL)
		status = read_interpreter(t, q, &before->interpreter,
					  &info->interpreter);
	if (!status)
		read_account(q, info);
	info->after_denial = sm_column_u64(q, 20 + SM_LOSSES);
	return status;
}

static int loss_find(struct sm_str name)
{
	for (int i = 0; i < SM_LOSSES; i++)
		if (sm_str_equal(name, sm_str_of(sm_loss_name(i))))
			return i;
	return -1;
}

/* A process that ended has its losses in its account. */
static enum sm_status read_loss(struct sm_trace *t, sqlite3_stmt *q)
{
	uint64_t process = sm_column_u64(q, 0);
	struct sm_str name = { sqlite3_column_blob(q, 1),
			       (uint32_t)sqlite3_column_bytes(q, 1) };
	int cause = loss_find(name);

	if (cause < 0 || process > UINT32_MAX)
		return SM_DAMAGED;
	if (sm_array_reserve((void **)&t->losses, &t->loss_room,
			     t->loss_count + 1, sizeof(*t->losses)))
		return SM_NOMEM;
	t->losses[t->loss_count++] =
		(struct sm_trace_loss){ .process = (uint32_t)process,
					.cause = (enum sm_loss)cause,
					.count = sm_column_u64(q, 2),
					.time_ns = sm_column_u64(q, 3) };
	if (!process || process > t->process_count)
		t->lost_outside[cause] += sm_column_u64(q, 2);
	else if (!t->processes[process - 1]->has_ended)
		t->processes[process - 1]->account.lost[cause] +=
			sm_column_u64(q, 2);
	return SM_OK;
}

enum sm_status sm_plain_processes(struct sm_trace *t, struct sm_diag *diag)
{
	enum sm_status status;

	t->loss_count = 0;
	memset(t->lost_outside, 0, sizeof(t->lost_outside));
	status =
		sm_plain_each(t,
			      "SELECT number,pid,guest_pid,parent_pid,uid,"
			      "start_ns,started_by,exe,argv,cwd,version,stdlib,"
			      "prefix,home,tmp,end_ns,exit_status,attempts,"
			      "stored,noise,ring_full,too_large,torn,damaged,"
			      "no_channel,store,after_denial,named FROM "
			      "process "
			      "ORDER BY number",
			      0, read_process, diag);
	if (!status)
		status = sm_plain_each(
			t,
			"SELECT process,cause,count,time_ns FROM loss "
			"ORDER BY id",
			0, read_loss, diag);
	return status;
}
