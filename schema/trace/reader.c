/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reader.c: opening a trace, and what its plain tables say.
 */
#include "schema/trace/reader.h"

#include <stdlib.h>

void sm_trace_park(struct sm_trace *t)
{
	sm_strings_park(&t->strings);
	sqlite3_finalize(t->at_or_before);
	sqlite3_finalize(t->behind);
	sqlite3_finalize(t->data);
	t->at_or_before = t->behind = t->data = NULL;
	sqlite3_close(t->db);
	t->db = NULL;
}

enum sm_status sm_trace_unpark(struct sm_trace *t, struct sm_diag *diag)
{
	enum sm_status status;

	if (t->db)
		return SM_OK;
	status = sm_db_read(t->path, &t->db, diag);
	return status ? status : sm_trace_refresh(t, diag);
}

static enum sm_status init(struct sm_trace *t, const char *path)
{
	struct sm_trace_name *empty;

	t->path = strdup(path);
	if (!t->path || sm_strings_init(&t->strings) ||
	    sm_array_reserve((void **)&t->names, &t->name_room, 1,
			     sizeof(*t->names)) ||
	    sm_array_reserve((void **)&t->sites, &t->site_room, 1,
			     sizeof(*t->sites)))
		return SM_NOMEM;
	empty = &t->names[t->name_count++];
	*empty = (struct sm_trace_name){ .text = { "", 0 } };
	t->sites[t->site_count++] = (struct sm_trace_site){ 0 };
	return SM_OK;
}

enum sm_status sm_trace_open(const char *path, struct sm_trace **out,
			     struct sm_diag *diag)
{
	struct sm_trace *t = calloc(1, sizeof(*t));
	enum sm_status status;

	*out = NULL;
	if (!t || init(t, path))
		status = sm_fail(diag, SM_NOMEM, "%s: out of memory", path);
	else
		status = sm_trace_unpark(t, diag);
	if (status) {
		sm_trace_close(t);
		return status;
	}
	*out = t;
	return SM_OK;
}

void sm_trace_close(struct sm_trace *t)
{
	if (!t)
		return;
	sm_trace_park(t);
	sm_strings_fini(&t->strings);
	for (size_t i = 0; i < t->process_count; i++)
		free(t->processes[i]);
	sm_kept_fini(&t->kept);
	free(t->processes);
	free(t->meta);
	for (size_t i = 0; i < t->policy_count; i++)
		free(t->policies[i]);
	free(t->policies);
	free(t->adoptions);
	free(t->losses);
	free(t->names);
	free(t->sites);
	sm_map_fini(&t->site_of);
	sm_bytes_fini(&t->raw);
	sm_bytes_fini(&t->zone);
	free(t->path);
	free(t);
}

void sm_trace_tell_secrets(struct sm_trace *trace)
{
	trace->strings.tells_secrets = true;
}

const char *sm_trace_path(const struct sm_trace *t)
{
	return t->path;
}

const char *sm_trace_meta(const struct sm_trace *t, const char *key)
{
	for (size_t i = 0; i < t->meta_count; i++)
		if (!strcmp(t->meta[i].key, key))
			return t->meta[i].value;
	return NULL;
}

const char *sm_trace_meta_at(const struct sm_trace *t, size_t index,
			     const char **value)
{
	if (index >= t->meta_count)
		return NULL;
	*value = t->meta[index].value;
	return t->meta[index].key;
}

bool sm_trace_loss_at(const struct sm_trace *t, size_t i,
		      struct sm_trace_loss *loss)
{
	if (i >= t->loss_count)
		return false;
	*loss = t->losses[i];
	return true;
}

const struct sm_trace_policy *sm_trace_policy(const struct sm_trace *t,
					      uint32_t number)
{
	return number && number <= t->policy_count ? t->policies[number - 1]
						   : NULL;
}

bool sm_trace_adoption_at(const struct sm_trace *t, size_t i,
			  struct sm_trace_adoption *adoption)
{
	if (i >= t->adoption_count)
		return false;
	*adoption = t->adoptions[i];
	return true;
}

uint32_t sm_trace_policy_of(const struct sm_trace *t, uint32_t process,
			    uint64_t seq)
{
	size_t from = 0, to = t->adoption_count;

	/* The first that is behind the event. */
	while (from < to) {
		size_t middle = from + (to - from) / 2;
		const struct sm_trace_adoption *a = &t->adoptions[middle];

		if (a->process < process ||
		    (a->process == process && a->seq <= seq))
			from = middle + 1;
		else
			to = middle;
	}
	return from && t->adoptions[from - 1].process == process
		       ? t->adoptions[from - 1].policy
		       : 0;
}

bool sm_trace_is_after_denial(const struct sm_trace *t,
			      const struct sm_event *event)
{
	const struct sm_trace_process_info *info =
		sm_trace_process(t, event->process);

	return info && info->after_denial && event->seq >= info->after_denial;
}

size_t sm_trace_process_count(const struct sm_trace *t)
{
	return t->process_count;
}

const struct sm_trace_process_info *sm_trace_process(const struct sm_trace *t,
						     uint32_t number)
{
	return number && number <= t->process_count ? t->processes[number - 1]
						    : NULL;
}

uint64_t sm_trace_lost(const struct sm_trace *t, uint64_t lost[SM_LOSSES])
{
	uint64_t sum = 0;

	for (unsigned c = 0; c < SM_LOSSES; c++) {
		lost[c] = t->lost_outside[c];
		for (size_t i = 0; i < t->process_count; i++)
			lost[c] += t->processes[i]->account.lost[c];
		sum += lost[c];
	}
	return sum;
}

uint32_t sm_trace_site_count(const struct sm_trace *t)
{
	return (uint32_t)t->site_count;
}
