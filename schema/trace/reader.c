/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reader.c: opening a trace and its plain tables.
 */
#include "schema/trace/reader.h"

#include <stdlib.h>

#include "schema/path.h"
#include "schema/trace/argv.h"
#include "schema/trace/column.h"

enum {
	KEEP_BYTES = 64 << 10,
	META_MAX = 4096, /* facts about a recording; ours has some 30 */
	ARGV_MAX = 1024, /* the agent tells SM_ITEMS_MAX */
	/* Of plain tables in memory: a million processes that are alike. */
	TABLES_MAX = 320 << 20,
};

static const struct sm_named nothing;

/* Text with a NUL behind it, for as long as the trace is open; or NULL. */
static char *keep_bytes(struct sm_keep *k, const void *p, size_t n)
{
	char *at;

	if (!k->part_count || n + 1 > k->room - k->used) {
		size_t room = n + 1 > KEEP_BYTES ? n + 1 : KEEP_BYTES;

		if (sm_array_reserve((void **)&k->parts, &k->part_room,
				     k->part_count + 1, sizeof(*k->parts)))
			return NULL;
		k->parts[k->part_count] = malloc(room);
		if (!k->parts[k->part_count])
			return NULL;
		k->part_count++;
		k->room = room;
		k->used = 0;
		k->bytes += room;
	}
	at = k->parts[k->part_count - 1] + k->used;
	if (n)
		memcpy(at, p, n);
	at[n] = '\0';
	k->used += n + 1;
	return at;
}

/* Anything of one part at least: aligned, and freed with the texts. */
static void *keep_items(struct sm_keep *k, const void *p, size_t n)
{
	char *kept = malloc(n);

	if (!kept || sm_array_reserve((void **)&k->parts, &k->part_room,
				      k->part_count + 1, sizeof(*k->parts))) {
		free(kept);
		return NULL;
	}
	memcpy(kept, p, n);
	/* Before the part in use, which stays the last. */
	k->parts[k->part_count] = k->parts[k->part_count - 1];
	k->parts[k->part_count - 1] = kept;
	k->part_count++;
	k->bytes += n + sizeof(*k->parts);
	return kept;
}

static enum sm_status keep_column(struct sm_keep *k, sqlite3_stmt *q, int i,
				  struct sm_str *out)
{
	const struct sm_str text = sm_column_str(q, i);

	/* An empty text is no pointer in SQLite; keep says which it is. */
	*out = (struct sm_str){ keep_bytes(k, text.p, text.len), text.len };
	return out->p ? SM_OK : SM_NOMEM;
}

/* Processes run the same programs: what the one before has, too, is its. */
static enum sm_status keep_like(struct sm_keep *k, sqlite3_stmt *q, int i,
				struct sm_str before, struct sm_str *out)
{
	const struct sm_str text = sm_column_str(q, i);

	if (!before.p || !sm_str_equal(before, text))
		return keep_column(k, q, i, out);
	*out = before;
	return SM_OK;
}

static size_t bytes_of(const struct sm_trace *t)
{
	return t->keep.bytes + t->process_count * sizeof(**t->processes) +
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

typedef enum sm_status row_reader(struct sm_trace *trace, sqlite3_stmt *q);

static enum sm_status each(struct sm_trace *t, const char *sql, int64_t from,
			   row_reader *row, struct sm_diag *diag)
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

/* -------------------------------------------------------------------- rows */

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
		status = keep_column(&t->keep, q, 0, &key);
	if (!status)
		status = keep_like(
			&t->keep, q, 1,
			i < t->meta_count ? sm_str_of(t->meta[i].value) : none,
			&value);
	if (status)
		return status;
	t->meta[i] = (struct sm_trace_meta){ key.p, value.p };
	t->meta_count += i == t->meta_count;
	return SM_OK;
}

/* Every argument takes three bytes of JSON at least. */
static enum sm_status read_argv(struct sm_trace *t, sqlite3_stmt *q, int i,
				struct sm_trace_process *p)
{
	struct sm_str text;
	struct sm_str *argv;
	enum sm_status status = keep_column(&t->keep, q, i, &text);
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
		p->argv = keep_items(&t->keep, argv, (size_t)n * sizeof(*argv));
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
	enum sm_status status = keep_column(&t->keep, q, i, &text);
	int n;

	*out = &nothing;
	if (status)
		return status;
	n = sm_argv_get((char *)text.p, text.len, named.paths, SM_NAMED_MAX);
	if (n < 0)
		return SM_DAMAGED;
	for (int k = 0; k < n; k++)
		if (!sm_path_is_canonical(named.paths[k]))
			return SM_DAMAGED;
	if (!n)
		return SM_OK;
	named.count = (uint32_t)n;
	*out = keep_items(&t->keep, &named, sizeof(named));
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
	status = keep_like(&t->keep, q, 6, sm_str_of(before->started_by),
			   &started_by);
	p->started_by = started_by.p;
	if (!status)
		status = keep_like(&t->keep, q, 7, before->exe, &p->exe);
	if (!status)
		status = read_argv(t, q, 8, p);
	if (!status)
		status = keep_like(&t->keep, q, 9, before->cwd, &p->cwd);
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
		status = keep_like(&t->keep, q, 10 + n, *before[n], to[n]);
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

static enum sm_status read_policy_text(struct sm_trace *t, sqlite3_stmt *q,
				       int i, struct sm_trace_policy_text *p)
{
	enum sm_status status = keep_column(&t->keep, q, i, &p->path);

	if (!status)
		status = keep_column(&t->keep, q, i + 1, &p->sha256);
	if (!status)
		status = keep_column(&t->keep, q, i + 2, &p->text);
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
	status = keep_column(&t->keep, q, 2, &p->mode);
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

static enum sm_status read_name(struct sm_trace *t, sqlite3_stmt *q)
{
	int64_t id = sqlite3_column_int64(q, 0);
	struct sm_trace_name name = { .kind = SM_EVENT_OTHER };
	enum sm_status status;

	if (id != (int64_t)t->name_count ||
	    sqlite3_column_bytes(q, 1) > SM_STRING_MAX)
		return SM_DAMAGED;
	status = keep_column(&t->keep, q, 1, &name.text);
	if (!status)
		status = sm_array_reserve((void **)&t->names, &t->name_room,
					  t->name_count + 1, sizeof(*t->names));
	if (status)
		return status;
	name.kind = (uint16_t)sm_catalogue_find(name.text);
	t->names[t->name_count++] = name;
	return SM_OK;
}

static int principal_find(struct sm_str name)
{
	for (int i = 0; i < SM_PRINCIPALS; i++)
		if (sm_str_equal(name, sm_str_of(sm_principal_kind_name(i))))
			return i;
	return -1;
}

/* Equal sites get one number: the smallest. Ids are looked up by content. */
static enum sm_status unify_site(struct sm_trace *t, uint32_t id,
				 const int64_t columns[8])
{
	uint64_t hash = 0;

	for (unsigned i = 0; i < 8; i++) {
		bool is_line = i == 3;
		struct sm_str s = is_line ? (struct sm_str){ 0 }
					  : t->names[columns[i]].text;

		hash = is_line ? sm_mix(hash, (uint64_t)columns[i])
			       : sm_bytes_hash(s.p, s.len, hash);
	}
	for (;; hash++) {
		uint32_t same = sm_map_get(&t->site_of, hash);
		const struct sm_site *a = &t->sites[id].site, *b;

		if (same == SM_MAP_NONE) {
			t->sites[id].same_as = id;
			return sm_map_add(&t->site_of, hash, id);
		}
		b = &t->sites[same].site;
		if (sm_str_equal(a->event, b->event) &&
		    sm_str_equal(a->file, b->file) &&
		    sm_str_equal(a->function, b->function) &&
		    a->line == b->line && a->via == b->via &&
		    a->principal.kind == b->principal.kind &&
		    sm_str_equal(a->principal.name, b->principal.name) &&
		    sm_str_equal(a->principal.file, b->principal.file)) {
			t->sites[id].same_as = same;
			return SM_OK;
		}
	}
}

static enum sm_status read_site(struct sm_trace *t, sqlite3_stmt *q)
{
	int64_t id = sqlite3_column_int64(q, 0), c[8];
	struct sm_trace_site *s;
	int via, kind;

	for (int i = 0; i < 8; i++) {
		c[i] = sqlite3_column_int64(q, i + 1);
		if (c[i] < 0 || (i == 3 ? c[i] > UINT32_MAX
					: c[i] >= (int64_t)t->name_count))
			return SM_DAMAGED;
	}
	via = sm_via_find(t->names[c[4]].text);
	kind = principal_find(t->names[c[5]].text);
	if (id != (int64_t)t->site_count || via < 0 || kind < 0)
		return SM_DAMAGED;
	if (sm_array_reserve((void **)&t->sites, &t->site_room,
			     t->site_count + 1, sizeof(*t->sites)))
		return SM_NOMEM;
	s = &t->sites[t->site_count++];
	*s = (struct sm_trace_site){
		.site = { .kind = t->names[c[0]].kind,
			  .event = t->names[c[0]].text,
			  .file = t->names[c[1]].text,
			  .function = t->names[c[2]].text,
			  .line = (uint32_t)c[3],
			  .via = (enum sm_via)via,
			  .principal = { .kind = (enum sm_principal_kind)kind,
					 .name = t->names[c[6]].text,
					 .file = t->names[c[7]].text } },
		.event = (uint32_t)c[0],
	};
	return unify_site(t, (uint32_t)id, c);
}

enum sm_status sm_trace_load_sites(struct sm_trace *t, struct sm_diag *diag)
{
	enum sm_status status =
		each(t, "SELECT id,value FROM name WHERE id>=? ORDER BY id",
		     (int64_t)t->name_count, read_name, diag);

	if (status)
		return status;
	return each(t,
		    "SELECT id,event,file,function,line,via,kind,principal,"
		    "owner FROM site_row WHERE id>=? ORDER BY id",
		    (int64_t)t->site_count, read_site, diag);
}

/*
 * Adoptions before what they refer to: a live trace may get more of both in
 * between.
 */
static enum sm_status refresh_policies(struct sm_trace *t, struct sm_diag *diag)
{
	size_t known = t->adoption_count;
	enum sm_status status = each(t,
				     "SELECT id,process,seq,policy,time_ns "
				     "FROM adoption WHERE id>? ORDER BY id",
				     t->last_adoption, read_adoption, diag);

	if (!status)
		status = each(t,
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
	enum sm_status status =
		each(t, "SELECT key,value FROM meta", 0, read_meta, diag);

	if (!status)
		status = refresh_policies(t, diag);
	t->loss_count = 0;
	memset(t->lost_outside, 0, sizeof(t->lost_outside));
	if (!status)
		status = each(t,
			      "SELECT number,pid,guest_pid,parent_pid,uid,"
			      "start_ns,started_by,exe,argv,cwd,version,stdlib,"
			      "prefix,home,tmp,end_ns,exit_status,attempts,"
			      "stored,noise,ring_full,too_large,torn,damaged,"
			      "no_channel,store,after_denial,named FROM "
			      "process "
			      "ORDER BY number",
			      0, read_process, diag);
	if (!status)
		status = each(t,
			      "SELECT process,cause,count,time_ns FROM loss "
			      "ORDER BY id",
			      0, read_loss, diag);
	if (!status)
		status = sm_trace_load_sites(t, diag);
	return status;
}

/* ----------------------------------------------------------------- opening */

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
	for (size_t i = 0; i < t->keep.part_count; i++)
		free(t->keep.parts[i]);
	free(t->keep.parts);
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
