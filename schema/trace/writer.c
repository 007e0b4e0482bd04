/* SPDX-License-Identifier: Apache-2.0 */
/*
 * writer.c: the public half that writes: names, sites, events, commits.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "schema/cbor.h"
#include "schema/trace.h"
#include "schema/trace/argv.h"
#include "schema/trace/store.h"
#include "schema/trace/summary.h"
#include "schema/trace/vouch.h"

/*
 * Names and sites are kept for the whole recording, because the ids handed out
 * stay valid; a program that generates code without end meets this bound.
 */
#define NAMES_MAX      (4u << 20)
#define NAME_BYTES_MAX (256u << 20)
#define SITES_MAX      (4u << 20)
/* What may wait for the disk before sm_trace_append() refuses. */
#define BUFFERED_MAX ((size_t)256 << 20)

struct site_info {
	uint32_t event, file, function, principal, owner; /* names */
	uint32_t line;
	uint16_t kind;
	uint8_t via, principal_kind;
};

struct name_info {
	size_t at; /* in names.arena */
	uint32_t len;
};

struct sm_trace_writer {
	char *path;
	sqlite3 *db;
	int lock_fd;
	struct sm_rows rows;
	struct sm_store store;
	struct sm_voucher voucher;
	struct sm_summary *summary;
	struct sm_intern strings, names, sites;
	struct name_info *name_info; /* by id; 0 is empty */
	size_t name_count, name_room;
	struct site_info *site_info; /* by id; 0 unused */
	size_t site_count, site_room;
	uint32_t process_count, policy_count;
	bool is_retrying; /* the disk refused the last commit */
};

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

static struct sm_str name_of(const struct sm_trace_writer *w, uint32_t id)
{
	const struct name_info *n = &w->name_info[id];

	return (struct sm_str){ (const char *)w->names.arena.p + n->at,
				n->len };
}

static uint32_t event_name(void *context, uint32_t site)
{
	const struct sm_trace_writer *w = context;

	return w->site_info[site].event;
}

/* ------------------------------------------------------- names and sites */

static enum sm_status note_name(struct sm_trace_writer *w, uint32_t id,
				uint32_t len)
{
	enum sm_status status =
		sm_array_reserve((void **)&w->name_info, &w->name_room,
				 (size_t)id + 1, sizeof(*w->name_info));

	if (status)
		return status;
	while (w->name_count <= id)
		w->name_info[w->name_count++] = (struct name_info){ 0, 0 };
	w->name_info[id] = (struct name_info){ w->names.arena.len - len, len };
	return SM_OK;
}

static enum sm_status intern_name(struct sm_trace_writer *w, struct sm_str s,
				  uint32_t *id)
{
	enum sm_status status;
	bool is_new;

	if (s.len > SM_STRING_MAX)
		return SM_INVALID;
	if (w->names.count >= NAMES_MAX - 1 ||
	    w->names.arena.len + s.len > NAME_BYTES_MAX)
		return SM_LIMIT;
	status = sm_intern_find(&w->names, s, id, &is_new);
	if (status || !is_new)
		return status;
	status = note_name(w, *id, s.len);
	if (!status) {
		sm_rows_begin(&w->rows, SM_PUT_NAME);
		sm_rows_int(&w->rows, *id);
		sm_rows_str(&w->rows, s);
		status = sm_rows_end(&w->rows);
	}
	/* A number without its row would make the trace unreadable. */
	if (status) {
		sm_intern_undo(&w->names, s);
		if (w->name_count > *id)
			w->name_count = *id;
	}
	return status;
}

static enum sm_status note_site(struct sm_trace_writer *w, uint32_t id,
				const struct site_info *info)
{
	enum sm_status status =
		sm_array_reserve((void **)&w->site_info, &w->site_room,
				 (size_t)id + 1, sizeof(*w->site_info));

	if (status)
		return status;
	while (w->site_count <= id)
		w->site_info[w->site_count++] = (struct site_info){ 0 };
	w->site_info[id] = *info;
	return SM_OK;
}

static enum sm_status put_site(struct sm_trace_writer *w, uint32_t id,
			       const struct site_info *info, uint32_t via,
			       uint32_t kind)
{
	enum sm_status status = note_site(w, id, info);

	if (status)
		return status;
	sm_rows_begin(&w->rows, SM_PUT_SITE);
	sm_rows_int(&w->rows, id);
	sm_rows_int(&w->rows, info->event);
	sm_rows_int(&w->rows, info->file);
	sm_rows_int(&w->rows, info->function);
	sm_rows_int(&w->rows, info->line);
	sm_rows_int(&w->rows, via);
	sm_rows_int(&w->rows, kind);
	sm_rows_int(&w->rows, info->principal);
	sm_rows_int(&w->rows, info->owner);
	return sm_rows_end(&w->rows);
}

/* A site's identity as bytes; info is zeroed first, so no padding differs. */
static struct sm_str site_key(const struct site_info *info, uint32_t key[7])
{
	key[0] = info->event;
	key[1] = info->file;
	key[2] = info->function;
	key[3] = info->line;
	key[4] = info->principal;
	key[5] = info->owner;
	key[6] = (uint32_t)info->via << 8 | info->principal_kind;
	return (struct sm_str){ (const char *)key, 7 * sizeof(key[0]) };
}

enum sm_status sm_trace_intern_site(struct sm_trace_writer *w,
				    const struct sm_site *site, uint32_t *id)
{
	struct site_info info = { .line = site->line,
				  .kind = (uint16_t)site->kind,
				  .via = (uint8_t)site->via,
				  .principal_kind =
					  (uint8_t)site->principal.kind };
	const struct {
		struct sm_str text;
		uint32_t *id;
	} texts[] = {
		{ site->event, &info.event },
		{ site->file, &info.file },
		{ site->function, &info.function },
		{ site->principal.name, &info.principal },
		{ site->principal.file, &info.owner },
	};
	uint32_t key[7], via, kind;
	enum sm_status status = SM_OK;
	bool is_new;

	*id = 0;
	if (!site->event.len || site->via >= SM_VIAS ||
	    site->principal.kind >= SM_PRINCIPALS)
		return SM_INVALID;
	for (unsigned i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (!status)
			status = intern_name(w, texts[i].text, texts[i].id);
	if (!status && w->site_count >= SITES_MAX)
		status = SM_LIMIT;
	if (!status)
		status = sm_intern_find(&w->sites, site_key(&info, key), id,
					&is_new);
	if (status || !is_new)
		return status;
	status = intern_name(w, sm_str_of(sm_via_name(site->via)), &via);
	if (!status)
		status = intern_name(
			w,
			sm_str_of(sm_principal_kind_name(site->principal.kind)),
			&kind);
	if (!status)
		status = put_site(w, *id, &info, via, kind);
	if (status) {
		sm_intern_undo(&w->sites, site_key(&info, key));
		if (w->site_count > *id)
			w->site_count = *id;
	}
	return status;
}

static void fill_site(const struct sm_trace_writer *w, uint32_t id,
		      struct sm_site *out)
{
	const struct site_info *info = &w->site_info[id];

	*out = (struct sm_site){
		.kind = info->kind,
		.event = name_of(w, info->event),
		.file = name_of(w, info->file),
		.function = name_of(w, info->function),
		.line = info->line,
		.via = info->via,
		.principal = { .kind = info->principal_kind,
			       .name = name_of(w, info->principal),
			       .file = name_of(w, info->owner) },
	};
}

/* ----------------------------------------------------------------- opening */

static enum sm_status each_row(struct sm_trace_writer *w, const char *sql,
			       enum sm_status (*row)(struct sm_trace_writer *w,
						     sqlite3_stmt *q))
{
	enum sm_status status = SM_OK;
	sqlite3_stmt *q = NULL;
	int code = sqlite3_prepare_v2(w->db, sql, -1, &q, NULL);

	if (code)
		return SM_IO;
	while (!status && (code = sqlite3_step(q)) == SQLITE_ROW)
		status = row(w, q);
	sqlite3_finalize(q);
	return !status && code != SQLITE_DONE ? SM_IO : status;
}

static enum sm_status load_name(struct sm_trace_writer *w, sqlite3_stmt *q)
{
	int64_t id = sqlite3_column_int64(q, 0);
	struct sm_str s = { sqlite3_column_blob(q, 1),
			    (uint32_t)sqlite3_column_bytes(q, 1) };
	enum sm_status status;

	if (id != w->names.next || !s.len)
		return SM_DAMAGED;
	status = sm_intern_learn(&w->names, s, (uint32_t)id);
	w->names.next++;
	return status ? status : note_name(w, (uint32_t)id, s.len);
}

static enum sm_status load_site(struct sm_trace_writer *w, sqlite3_stmt *q)
{
	struct site_info info = { .line = (uint32_t)sqlite3_column_int64(q,
									 4) };
	uint32_t *ids[] = { &info.event, &info.file, &info.function };
	int64_t id = sqlite3_column_int64(q, 0);
	uint32_t key[7];
	int via, kind = -1;

	for (int i = 1; i < 9; i++)
		if (i != 4 &&
		    (sqlite3_column_int64(q, i) < 0 ||
		     sqlite3_column_int64(q, i) >= (int64_t)w->name_count))
			return SM_DAMAGED;
	for (int i = 0; i < 3; i++)
		*ids[i] = (uint32_t)sqlite3_column_int64(q, 1 + i);
	info.principal = (uint32_t)sqlite3_column_int64(q, 7);
	info.owner = (uint32_t)sqlite3_column_int64(q, 8);
	via = sm_via_find(name_of(w, (uint32_t)sqlite3_column_int64(q, 5)));
	for (int i = 0; i < SM_PRINCIPALS; i++)
		if (sm_str_equal(
			    name_of(w, (uint32_t)sqlite3_column_int64(q, 6)),
			    sm_str_of(sm_principal_kind_name(i))))
			kind = i;
	if (id != w->sites.next || via < 0 || kind < 0 || !info.event)
		return SM_DAMAGED;
	info.via = (uint8_t)via;
	info.principal_kind = (uint8_t)kind;
	info.kind = (uint16_t)sm_catalogue_find(name_of(w, info.event));
	w->sites.next++;
	if (sm_intern_learn(&w->sites, site_key(&info, key), (uint32_t)id))
		return SM_NOMEM;
	return note_site(w, (uint32_t)id, &info);
}

static enum sm_status load_count(struct sm_trace_writer *w, sqlite3_stmt *q)
{
	w->process_count = (uint32_t)sqlite3_column_int64(q, 0);
	w->policy_count = (uint32_t)sqlite3_column_int64(q, 1);
	return SM_OK;
}

static enum sm_status learn_string(void *context, struct sm_str s, uint32_t id)
{
	struct sm_trace_writer *w = context;

	w->strings.next = id + 1;
	return sm_intern_learn(&w->strings, s, id);
}

static void set_mark(struct sm_mark *mark, uint64_t count,
		     const uint8_t hash[SM_HASH_BYTES])
{
	mark->count = count;
	memcpy(mark->hash, hash, SM_HASH_BYTES);
}

static void mark_lanes(const struct sm_lane *strings,
		       const struct sm_lane *events,
		       struct sm_mark marks[SM_PARTS])
{
	set_mark(&marks[SM_PART_CHUNK], strings->first + strings->written,
		 strings->tail_hash);
	set_mark(&marks[SM_PART_BLOCK], events->first + events->written,
		 events->tail_hash);
	set_mark(&marks[SM_PART_FULL_CHUNK], strings->first,
		 strings->full_hash);
	set_mark(&marks[SM_PART_FULL_BLOCK], events->first, events->full_hash);
}

/* The next checkpoint must not vouch for what was changed since the last. */
static enum sm_status take_up(struct sm_trace_writer *w,
			      const struct sm_checkpoint *last)
{
	struct sm_mark marks[SM_PARTS];
	enum sm_status status = sm_seal_resume(w->rows.seal, w->db);

	if (!status)
		status = sm_seal_write(w->rows.seal, w->db, w->store.chain,
				       marks);
	if (status)
		return status;
	mark_lanes(&w->store.strings, &w->store.events, marks);
	for (int i = 0; i < SM_PARTS; i++)
		if (i != SM_PART_FULL_CHUNK && i != SM_PART_FULL_BLOCK &&
		    (marks[i].count != last->marks[i].count ||
		     memcmp(marks[i].hash, last->marks[i].hash,
			    SM_HASH_BYTES) != 0))
			return SM_DAMAGED;
	sm_seal_committed(w->rows.seal);
	return SM_OK;
}

static enum sm_status load(struct sm_trace_writer *w)
{
	struct sm_checkpoint last;
	enum sm_status status;

	status =
		each_row(w, "SELECT id,value FROM name ORDER BY id", load_name);
	if (!status)
		status = each_row(w,
				  "SELECT id,event,file,function,line,via,kind,"
				  "principal,owner FROM site_row ORDER BY id",
				  load_site);
	if (!status)
		status = each_row(w,
				  "SELECT ifnull(max(number),0),(SELECT "
				  "ifnull(max(number),0) FROM policy) FROM "
				  "process",
				  load_count);
	if (!status)
		status = sm_voucher_resume(&w->voucher, &last);
	if (!status)
		status = sm_store_resume(&w->store,
					 last.marks[SM_PART_FULL_BLOCK].count,
					 learn_string, w);
	if (!status)
		status = take_up(w, &last);
	if (!status)
		status = sm_summary_load(w->summary, w->db);
	if (!status) {
		sm_rows_begin(&w->rows, SM_CUT_META);
		sm_rows_str(&w->rows, SM_STR("closed"));
		status = sm_rows_end(&w->rows);
	}
	return status;
}

static void free_writer(struct sm_trace_writer *w)
{
	if (!w)
		return;
	sm_seal_free(w->rows.seal);
	sm_rows_fini(&w->rows);
	sm_voucher_fini(&w->voucher);
	sm_store_fini(&w->store);
	sm_summary_free(w->summary);
	sm_intern_fini(&w->strings);
	sm_intern_fini(&w->names);
	sm_intern_fini(&w->sites);
	free(w->name_info);
	free(w->site_info);
	sqlite3_close(w->db);
	/* After SQLite's: closing any descriptor drops all POSIX locks. */
	if (w->lock_fd >= 0)
		close(w->lock_fd);
	free(w->path);
	free(w);
}

static enum sm_status init(struct sm_trace_writer *w)
{
	enum sm_status status;

	sm_rows_init(&w->rows, w->db);
	w->rows.seal = sm_seal_new();
	w->summary = sm_summary_new();
	status = w->summary && w->rows.seal ? SM_OK : SM_NOMEM;
	if (!status)
		status = sm_intern_init(&w->strings, 1);
	if (!status)
		status = sm_intern_init(&w->names, 1);
	if (!status)
		status = sm_intern_init(&w->sites, 1);
	if (!status)
		status = sm_store_init(&w->store, &w->rows, event_name, w);
	sm_voucher_init(&w->voucher, &w->rows, w->store.chain);
	/* Their ids stay valid, so nothing is forgotten. */
	w->names.max_strings = w->sites.max_strings = UINT32_MAX;
	w->names.max_bytes = w->sites.max_bytes = SIZE_MAX;
	if (!status)
		status = sm_array_reserve((void **)&w->name_info, &w->name_room,
					  1, sizeof(*w->name_info));
	if (!status)
		w->name_info[w->name_count++] = (struct name_info){ 0, 0 };
	return status;
}

static enum sm_status open_db(const char *path, enum sm_trace_open_mode mode,
			      struct sm_trace_writer *w, bool *is_new,
			      struct sm_diag *diag)
{
	enum sm_status status = SM_OK;

	*is_new = true;
	if (mode == SM_TRACE_FORCE)
		status = sm_db_remove(path, diag);
	if (mode == SM_TRACE_APPEND) {
		status = sm_db_append(path, &w->db, &w->lock_fd, diag);
		*is_new = status == SM_NOT_FOUND;
		if (!*is_new)
			return status;
		status = SM_OK;
	}
	return status ? status : sm_db_create(path, &w->db, &w->lock_fd, diag);
}

enum sm_status sm_trace_writer_open(const char *path,
				    enum sm_trace_open_mode mode,
				    struct sm_trace_writer **out,
				    struct sm_diag *diag)
{
	struct sm_trace_writer *w = calloc(1, sizeof(*w));
	enum sm_status status;
	bool is_new = false;

	*out = NULL;
	if (!w)
		return sm_fail(diag, SM_NOMEM, "%s: out of memory", path);
	w->lock_fd = -1;
	w->path = strdup(path);
	status = w->path ? open_db(path, mode, w, &is_new, diag)
			 : sm_fail(diag, SM_NOMEM, "%s: out of memory", path);
	if (status)
		goto fail;
	status = init(w);
	if (!status && !is_new)
		status = load(w);
	if (!status && is_new)
		status = sm_voucher_start(&w->voucher);
	if (!status && is_new)
		status = sm_trace_set_meta(w, "format", "0");
	if (status) {
		sm_fail(diag, status, "%s: cannot be continued: %s", path,
			status == SM_IO ? sqlite3_errmsg(w->db)
					: sm_status_text(status));
		goto fail;
	}
	*out = w;
	return SM_OK;
fail:
	free_writer(w);
	return status;
}

void sm_trace_sign(struct sm_trace_writer *w, const struct sm_signer *signer)
{
	w->voucher.signer = signer;
}

enum sm_status sm_trace_follow(struct sm_trace_writer *w, const char *hash)
{
	uint8_t previous[SM_HASH_BYTES];

	if (strlen(hash) != (size_t)2 * SM_HASH_BYTES ||
	    !sm_hex_get(hash, previous, SM_HASH_BYTES) || w->voucher.now.last)
		return SM_INVALID;
	memcpy(w->voucher.now.kept_hash, previous, SM_HASH_BYTES);
	return sm_trace_set_meta(w, SM_META_FOLLOWS, hash);
}

/* ---------------------------------------------------------- plain tables */

enum sm_status sm_trace_set_meta(struct sm_trace_writer *w, const char *key,
				 const char *value)
{
	sm_rows_begin(&w->rows, SM_PUT_META);
	sm_rows_str(&w->rows, sm_str_of(key));
	sm_rows_str(&w->rows, sm_str_of(value));
	return sm_rows_end(&w->rows);
}

enum sm_status sm_trace_add_process(struct sm_trace_writer *w,
				    const struct sm_trace_process *p,
				    uint32_t *number)
{
	struct sm_bytes argv = { 0 };
	enum sm_status status;

	*number = 0;
	if (w->process_count == UINT32_MAX - 1)
		return SM_LIMIT;
	sm_argv_put(&argv, p->argv, p->argc);
	if (argv.has_failed || argv.len > UINT32_MAX) {
		sm_bytes_fini(&argv);
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
	status = sm_rows_end(&w->rows);
	sm_bytes_fini(&argv);
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

/* ------------------------------------------------------------------ events */

static enum sm_status intern_string(void *context, struct sm_str s,
				    uint32_t *id)
{
	struct sm_trace_writer *w = context;
	enum sm_status status;
	bool is_new;

	status = sm_intern_find(&w->strings, s, id, &is_new);
	if (status || !is_new)
		return status;
	status = sm_store_string(&w->store, s);
	if (status)
		sm_intern_undo(&w->strings, s);
	return status;
}

static enum sm_status summarize(struct sm_trace_writer *w, uint32_t site,
				const struct sm_shape *shape,
				const uint64_t *leaves,
				const struct sm_event *event)
{
	enum sm_event_kind kind = w->site_info[site].kind;
	uint64_t key = sm_shape_key_seed(shape, kind, site);
	struct sm_event full;

	for (uint32_t l = 0; l < shape->leaf_count; l++)
		if (sm_shape_leaf_is_key(shape, l, kind))
			key = sm_mix(key, leaves[l]);
	if (event->verdict.decision < SM_WARNED &&
	    sm_summary_knows(w->summary, key))
		return sm_summary_add(w->summary, key, site, event);
	full = *event;
	fill_site(w, site, &full.site);
	return sm_summary_add(w->summary, key, site, &full);
}

enum sm_status sm_trace_append(struct sm_trace_writer *w, uint32_t site,
			       const struct sm_event *event)
{
	struct sm_block_row row = { .time_ns = event->time_ns,
				    .seq = event->seq,
				    .process = event->process,
				    .thread = event->thread };
	uint8_t text[SM_SHAPE_MAX];
	uint64_t leaves[SM_LEAVES_MAX];
	uint32_t len, shape, count;
	enum sm_status status;

	if (!site || site >= w->site_count || !event->process ||
	    event->process > w->process_count || event->time_ns > INT64_MAX)
		return SM_INVALID;
	if (sm_block_builder_is_full(&w->store.builder)) {
		if (sm_trace_buffered_bytes(w) > BUFFERED_MAX)
			return SM_LIMIT;
		status = sm_store_cut(&w->store);
		if (status)
			return status;
		/* A disk that refuses is reported by the next commit. */
		if (!w->is_retrying)
			w->is_retrying = sm_trace_commit(w, NULL) == SM_IO;
	}
	status = sm_shape_of(event, text, &len);
	if (!status)
		status = sm_shape_leaves(event, intern_string, w, leaves,
					 &count);
	if (!status)
		status = sm_block_builder_shape(&w->store.builder, text, len,
						&shape);
	if (!status)
		status = sm_block_builder_add(&w->store.builder, site, shape,
					      &row, leaves);
	/* Stored is stored: a summary without memory is only less complete. */
	if (!status &&
	    summarize(w, site, &w->store.builder.shapes[shape].decoded, leaves,
		      event))
		return SM_OK;
	return status;
}

size_t sm_trace_buffered_bytes(const struct sm_trace_writer *w)
{
	return w->rows.queue.len + sm_store_bytes(&w->store);
}

uint64_t sm_trace_bytes(const struct sm_trace_writer *w)
{
	sqlite3_stmt *q = NULL;
	int64_t bytes = 0;

	if (!sqlite3_prepare_v2(w->db,
				"SELECT p.page_count*s.page_size FROM "
				"pragma_page_count p,pragma_page_size s",
				-1, &q, NULL) &&
	    sqlite3_step(q) == SQLITE_ROW)
		bytes = sqlite3_column_int64(q, 0);
	sqlite3_finalize(q);
	/* Columns shrink to a tenth; the summary's cap, see summarize_all(). */
	return (uint64_t)bytes + sm_trace_buffered_bytes(w) / 4 + (16u << 10) +
	       (uint64_t)bytes / 24;
}

/* ----------------------------------------------------------------- commits */

enum commit {
	COMMIT_TAIL,
	COMMIT_MERGED, /* what is left becomes one row each */
	COMMIT_CLOSED, /* and nothing comes after it */
};

static enum sm_status vouch(struct sm_trace_writer *w, enum commit kind,
			    const struct sm_store_step *step)
{
	struct sm_mark marks[SM_PARTS];
	enum sm_status status =
		sm_seal_write(w->rows.seal, w->db, w->store.chain, marks);

	mark_lanes(&step->strings, &step->events, marks);
	return status ? status
		      : sm_voucher_write(&w->voucher, marks,
					 kind == COMMIT_CLOSED);
}

static enum sm_status write_all(struct sm_trace_writer *w, enum commit kind,
				struct sm_store_step *step)
{
	enum sm_status status = SM_IO;

	if (!sqlite3_exec(w->db, "BEGIN IMMEDIATE", NULL, NULL, NULL))
		status = SM_OK;
	if (!status)
		status = sm_rows_run(&w->rows);
	if (!status)
		status = sm_store_write(&w->store, kind != COMMIT_TAIL, step);
	if (!status)
		status = vouch(w, kind, step);
	if (!status && sqlite3_exec(w->db, "COMMIT", NULL, NULL, NULL))
		status = SM_IO;
	return status;
}

static enum sm_status commit(struct sm_trace_writer *w, enum commit kind,
			     struct sm_diag *diag)
{
	struct sm_store_step step;
	enum sm_status status = sm_summary_put_denials(w->summary, &w->rows);

	if (status)
		return sm_fail(diag, status, "%s: out of memory", w->path);
	status = write_all(w, kind, &step);
	if (status) {
		if (status == SM_IO)
			sm_db_fail(w->db, w->path, "cannot write", diag);
		else
			sm_fail(diag, status, "%s: %s", w->path,
				sm_status_text(status));
		if (!sqlite3_get_autocommit(w->db))
			sqlite3_exec(w->db, "ROLLBACK", NULL, NULL, NULL);
		return status;
	}
	sm_rows_forget(&w->rows);
	sm_store_committed(&w->store, &step);
	sm_seal_committed(w->rows.seal);
	sm_voucher_committed(&w->voucher);
	w->is_retrying = false;
	return SM_OK;
}

enum sm_status sm_trace_commit(struct sm_trace_writer *w, struct sm_diag *diag)
{
	if (!w->rows.queue.len && !sm_store_has_news(&w->store) &&
	    !sm_voucher_is_due(&w->voucher))
		return SM_OK;
	return commit(w, COMMIT_TAIL, diag);
}

static enum sm_status summarize_all(struct sm_trace_writer *w)
{
	/* At most a fraction of the file, so that it stays a summary. */
	size_t max = (16u << 10) + (size_t)(w->store.payload / 24);
	struct timespec now;
	char text[32];

	clock_gettime(CLOCK_REALTIME, &now);
	snprintf(text, sizeof(text), "%lld", (long long)now.tv_sec);
	if (sm_summary_put_resources(w->summary, max, &w->rows))
		return SM_NOMEM;
	return sm_trace_set_meta(w, "closed", text);
}

/*
 * Makes one file of it. Tails leave free pages behind; compacting costs
 * nothing where it matters, in small files. A reader that is just looking
 * keeps the write-ahead log: the trace is whole all the same.
 */
static void settle(struct sm_trace_writer *w)
{
	sqlite3_stmt *q = NULL;
	int64_t pages = 0, unused = 0;

	sqlite3_exec(w->db, "PRAGMA wal_checkpoint(TRUNCATE)", NULL, NULL,
		     NULL);
	sqlite3_exec(w->db, "PRAGMA journal_mode=DELETE", NULL, NULL, NULL);
	if (!sqlite3_prepare_v2(w->db,
				"SELECT p.page_count,f.freelist_count FROM "
				"pragma_page_count p,pragma_freelist_count f",
				-1, &q, NULL) &&
	    sqlite3_step(q) == SQLITE_ROW) {
		pages = sqlite3_column_int64(q, 0);
		unused = sqlite3_column_int64(q, 1);
	}
	sqlite3_finalize(q);
	if (unused * 50 > pages && pages < 65536)
		sqlite3_exec(w->db, "VACUUM", NULL, NULL, NULL);
}

enum sm_status sm_trace_writer_close(struct sm_trace_writer *w,
				     struct sm_diag *diag)
{
	enum sm_status status;

	if (!w)
		return SM_OK;
	/* First what there is: the payload's size bounds the summary. */
	status = commit(w, COMMIT_MERGED, diag);
	/* Merging takes more memory and disk than the tail alone. */
	if (status)
		status = commit(w, COMMIT_TAIL, diag);
	if (!status)
		status = summarize_all(w);
	if (!status)
		status = commit(w, COMMIT_CLOSED, diag);
	for (unsigned i = 0; i < SM_STATEMENTS; i++) {
		sqlite3_finalize(w->rows.statements[i]);
		w->rows.statements[i] = NULL;
	}
	if (!status)
		settle(w);
	free_writer(w);
	return status;
}
