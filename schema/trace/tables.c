/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tables.c: rows of the plain tables: facts, processes, losses, policies.
 */
#include <inttypes.h>
#include <stdio.h>

#include "schema/trace/argv.h"
#include "schema/trace/writer.h"

const char *sm_loss_name(enum sm_loss loss)
{
	static const char *const names[SM_LOSSES] = {
		[SM_LOSS_RING_FULL] = "ring-full",
		[SM_LOSS_TOO_LARGE] = "too-large",
		[SM_LOSS_TORN] = "torn",
		[SM_LOSS_DAMAGED] = "damaged",
		[SM_LOSS_NO_CHANNEL] = "no-channel",
		[SM_LOSS_STORE] = "store",
	};

	return (unsigned)loss < SM_LOSSES ? names[loss] : "unknown";
}

enum sm_status sm_trace_set_meta(struct sm_trace_writer *w, const char *key,
				 const char *value)
{
	sm_rows_begin(&w->rows, SM_PUT_META);
	sm_rows_str(&w->rows, sm_str_of(key));
	sm_rows_str(&w->rows, sm_str_of(value));
	return sm_rows_end(&w->rows);
}

enum sm_status sm_trace_begin_recording(struct sm_trace_writer *w,
					const char *command)
{
	char key[sizeof(SM_META_RECORDING) + 16];

	snprintf(key, sizeof(key), SM_META_RECORDING "%" PRIu32,
		 w->process_count + 1);
	return sm_trace_set_meta(w, key, command);
}

enum sm_status sm_trace_add_process(struct sm_trace_writer *w,
				    const struct sm_trace_process *p,
				    uint32_t *number)
{
	struct sm_bytes named = { 0 }, argv = { 0 };
	enum sm_status status;

	*number = 0;
	if (w->process_count == UINT32_MAX - 1)
		return SM_LIMIT;
	sm_argv_put(&argv, p->argv, p->argc);
	sm_argv_put(&named, p->named ? p->named->paths : NULL,
		    p->named ? p->named->count : 0);
	if (argv.has_failed || named.has_failed || argv.len > UINT32_MAX) {
		sm_bytes_fini(&argv);
		sm_bytes_fini(&named);
		return SM_NOMEM;
	}
	sm_rows_begin(&w->rows, SM_PUT_PROCESS);
	sm_rows_int(&w->rows, w->process_count + 1);
	sm_rows_int(&w->rows, p->pid);
	sm_rows_int(&w->rows, p->guest_pid);
	sm_rows_int(&w->rows, p->parent_pid);
	sm_rows_int(&w->rows, p->uid);
	sm_rows_int(&w->rows, (int64_t)p->start_ns);
	sm_rows_str(&w->rows, sm_str_of(p->started_by));
	sm_rows_str(&w->rows, p->exe);
	sm_rows_str(&w->rows, (struct sm_str){ (const char *)argv.p,
					       (uint32_t)argv.len });
	sm_rows_str(&w->rows, p->cwd);
	sm_rows_str(&w->rows, (struct sm_str){ (const char *)named.p,
					       (uint32_t)named.len });
	status = sm_rows_end(&w->rows);
	sm_bytes_fini(&argv);
	sm_bytes_fini(&named);
	if (!status)
		*number = ++w->process_count;
	return status;
}

enum sm_status sm_trace_set_interpreter(struct sm_trace_writer *w,
					uint32_t process,
					const struct sm_trace_interpreter *i)
{
	if (!process || process > w->process_count)
		return SM_INVALID;
	sm_rows_begin(&w->rows, SM_SET_INTERPRETER);
	sm_rows_int(&w->rows, process);
	sm_rows_str(&w->rows, i->version);
	sm_rows_str(&w->rows, i->stdlib);
	sm_rows_str(&w->rows, i->prefix);
	sm_rows_str(&w->rows, i->home);
	sm_rows_str(&w->rows, i->tmp);
	return sm_rows_end(&w->rows);
}

enum sm_status sm_trace_end_process(struct sm_trace_writer *w, uint32_t process,
				    const struct sm_trace_account *a)
{
	if (!process || process > w->process_count)
		return SM_INVALID;
	sm_rows_begin(&w->rows, SM_END_PROCESS);
	sm_rows_int(&w->rows, process);
	sm_rows_int(&w->rows, (int64_t)a->end_ns);
	sm_rows_int(&w->rows, a->exit_status);
	sm_rows_int(&w->rows, (int64_t)a->attempts);
	sm_rows_int(&w->rows, (int64_t)a->stored);
	sm_rows_int(&w->rows, (int64_t)a->noise);
	for (unsigned i = 0; i < SM_LOSSES; i++)
		sm_rows_int(&w->rows, (int64_t)a->lost[i]);
	return sm_rows_end(&w->rows);
}

enum sm_status sm_trace_add_loss(struct sm_trace_writer *w, uint32_t process,
				 enum sm_loss cause, uint64_t count,
				 uint64_t time_ns)
{
	if (process > w->process_count || (unsigned)cause >= SM_LOSSES)
		return SM_INVALID;
	sm_rows_begin(&w->rows, SM_PUT_LOSS);
	sm_rows_int(&w->rows, process);
	sm_rows_str(&w->rows, sm_str_of(sm_loss_name(cause)));
	sm_rows_int(&w->rows, (int64_t)count);
	sm_rows_int(&w->rows, (int64_t)time_ns);
	return sm_rows_end(&w->rows);
}

static void put_policy_text(struct sm_rows *rows,
			    const struct sm_trace_policy_text *p)
{
	const struct sm_str columns[] = { p->path, p->sha256, p->text };

	for (unsigned i = 0; i < 3; i++)
		if (p->sha256.len)
			sm_rows_str(rows, columns[i]);
		else
			sm_rows_null(rows);
}

enum sm_status sm_trace_add_policy(struct sm_trace_writer *w,
				   const struct sm_trace_policy *p,
				   uint32_t *number)
{
	enum sm_status status;

	*number = 0;
	sm_rows_begin(&w->rows, SM_PUT_POLICY);
	sm_rows_int(&w->rows, w->policy_count + 1);
	sm_rows_int(&w->rows, (int64_t)p->time_ns);
	sm_rows_str(&w->rows, p->mode);
	put_policy_text(&w->rows, &p->enforced);
	put_policy_text(&w->rows, &p->shadow);
	status = sm_rows_end(&w->rows);
	if (!status)
		*number = ++w->policy_count;
	return status;
}

enum sm_status sm_trace_add_adoption(struct sm_trace_writer *w,
				     const struct sm_trace_adoption *a)
{
	if (!a->process || a->process > w->process_count || !a->policy ||
	    a->policy > w->policy_count || a->seq > INT64_MAX)
		return SM_INVALID;
	sm_rows_begin(&w->rows, SM_PUT_ADOPTION);
	sm_rows_int(&w->rows, a->process);
	sm_rows_int(&w->rows, (int64_t)a->seq);
	sm_rows_int(&w->rows, a->policy);
	sm_rows_int(&w->rows, (int64_t)a->time_ns);
	return sm_rows_end(&w->rows);
}

enum sm_status sm_trace_set_after_denial(struct sm_trace_writer *w,
					 uint32_t process, uint64_t seq)
{
	if (!process || process > w->process_count || !seq || seq > INT64_MAX)
		return SM_INVALID;
	sm_rows_begin(&w->rows, SM_SET_AFTER_DENIAL);
	sm_rows_int(&w->rows, process);
	sm_rows_int(&w->rows, (int64_t)seq);
	return sm_rows_end(&w->rows);
}
