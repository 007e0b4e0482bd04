/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/trace/dictionary.h"

#include <stdlib.h>

/* Slots are half full at most. */
#define NAME_BYTES                                                             \
	(2 * sizeof(struct sm_intern_entry) + sizeof(struct sm_name_info))
#define SITE_BYTES                                                             \
	(2 * sizeof(struct sm_intern_entry) + sizeof(struct sm_site_info))

size_t sm_dictionary_bytes(const struct sm_dictionary *d)
{
	return d->names.arena.len + d->sites.arena.len +
	       d->names.count * NAME_BYTES + d->sites.count * SITE_BYTES;
}

static struct sm_str name_of(const struct sm_dictionary *d, uint32_t id)
{
	const struct sm_name_info *n = &d->name_info[id];

	return (struct sm_str){ (const char *)d->names.arena.p + n->at,
				n->len };
}

static enum sm_status note_name(struct sm_dictionary *d, uint32_t id,
				uint32_t len)
{
	enum sm_status status =
		sm_array_reserve((void **)&d->name_info, &d->name_room,
				 (size_t)id + 1, sizeof(*d->name_info));

	if (status)
		return status;
	while (d->name_count <= id)
		d->name_info[d->name_count++] = (struct sm_name_info){ 0, 0 };
	d->name_info[id] =
		(struct sm_name_info){ d->names.arena.len - len, len };
	return SM_OK;
}

static enum sm_status intern_name(struct sm_dictionary *d, struct sm_str s,
				  bool may_add, uint32_t *id)
{
	enum sm_status status;
	bool is_new;

	if (s.len > SM_STRING_MAX)
		return SM_INVALID;
	*id = sm_intern_get(&d->names, s);
	if (*id || !s.len)
		return SM_OK;
	if (!may_add)
		return SM_LIMIT;
	status = sm_intern_find(&d->names, s, id, &is_new);
	if (status || !is_new)
		return status;
	status = note_name(d, *id, s.len);
	if (!status) {
		sm_rows_begin(d->rows, SM_PUT_NAME);
		sm_rows_int(d->rows, *id);
		sm_rows_str(d->rows, s);
		status = sm_rows_end(d->rows);
	}
	/* A number without its row would make the trace unreadable. */
	if (status) {
		sm_intern_undo(&d->names, s);
		if (d->name_count > *id)
			d->name_count = *id;
	}
	return status;
}

static enum sm_status note_site(struct sm_dictionary *d, uint32_t id,
				const struct sm_site_info *info)
{
	enum sm_status status =
		sm_array_reserve((void **)&d->site_info, &d->site_room,
				 (size_t)id + 1, sizeof(*d->site_info));

	if (status)
		return status;
	while (d->site_count <= id)
		d->site_info[d->site_count++] = (struct sm_site_info){ 0 };
	d->site_info[id] = *info;
	return SM_OK;
}

static enum sm_status put_site(struct sm_dictionary *d, uint32_t id,
			       const struct sm_site_info *info, uint32_t via,
			       uint32_t kind)
{
	enum sm_status status = note_site(d, id, info);

	if (status)
		return status;
	sm_rows_begin(d->rows, SM_PUT_SITE);
	sm_rows_int(d->rows, id);
	sm_rows_int(d->rows, info->event);
	sm_rows_int(d->rows, info->file);
	sm_rows_int(d->rows, info->function);
	sm_rows_int(d->rows, info->line);
	sm_rows_int(d->rows, via);
	sm_rows_int(d->rows, kind);
	sm_rows_int(d->rows, info->principal);
	sm_rows_int(d->rows, info->owner);
	return sm_rows_end(d->rows);
}

/* A site's identity as bytes; info is zeroed first, so no padding differs. */
static struct sm_str site_key(const struct sm_site_info *info, uint32_t key[7])
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

enum sm_status sm_dictionary_site(struct sm_dictionary *d,
				  const struct sm_site *site, bool may_add,
				  uint32_t *id)
{
	struct sm_site_info info = { .line = site->line,
				     .kind = (uint16_t)site->kind,
				     .via = (uint8_t)site->via,
				     .principal_kind =
					     (uint8_t)site->principal.kind };
	char room[SM_PRINCIPAL_MAX];
	const struct {
		struct sm_str text;
		uint32_t *id;
	} texts[] = {
		{ site->event, &info.event },
		{ site->file, &info.file },
		{ site->function, &info.function },
		{ sm_principal_spell(&site->principal, room, sizeof(room)),
		  &info.principal },
		{ site->principal.file, &info.owner },
	};
	uint32_t key[7], via, kind;
	enum sm_status status = SM_OK;
	bool is_new;

	*id = 0;
	if (!site->event.len || site->via >= SM_VIAS ||
	    site->principal.kind >= SM_PRINCIPALS)
		return SM_INVALID;
	may_add = may_add && sm_dictionary_bytes(d) < SM_DICTIONARY_MAX;
	for (unsigned i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (!status)
			status = intern_name(d, texts[i].text, may_add,
					     texts[i].id);
	if (!status && !may_add) {
		*id = sm_intern_get(&d->sites, site_key(&info, key));
		return *id ? SM_OK : SM_LIMIT;
	}
	if (!status)
		status = sm_intern_find(&d->sites, site_key(&info, key), id,
					&is_new);
	if (status || !is_new)
		return status;
	status = intern_name(d, sm_str_of(sm_via_name(site->via)), true, &via);
	if (!status)
		status = intern_name(
			d,
			sm_str_of(sm_principal_kind_name(site->principal.kind)),
			true, &kind);
	if (!status)
		status = put_site(d, *id, &info, via, kind);
	if (status) {
		sm_intern_undo(&d->sites, site_key(&info, key));
		if (d->site_count > *id)
			d->site_count = *id;
	}
	return status;
}

void sm_dictionary_get(const struct sm_dictionary *d, uint32_t id,
		       struct sm_site *out)
{
	const struct sm_site_info *info = &d->site_info[id];

	*out = (struct sm_site){
		.kind = info->kind,
		.event = name_of(d, info->event),
		.file = name_of(d, info->file),
		.function = name_of(d, info->function),
		.line = info->line,
		.via = info->via,
		.principal = { .kind = info->principal_kind,
			       .file = name_of(d, info->owner) },
	};
	sm_principal_read(&out->principal, name_of(d, info->principal));
}

/* ------------------------------------------------------------- life cycle */

static enum sm_status each_row(struct sm_dictionary *d, const char *sql,
			       enum sm_status (*row)(struct sm_dictionary *d,
						     sqlite3_stmt *q))
{
	enum sm_status status = SM_OK;
	sqlite3_stmt *q = NULL;
	int code = sqlite3_prepare_v2(d->rows->db, sql, -1, &q, NULL);

	if (code)
		return SM_IO;
	while (!status && (code = sqlite3_step(q)) == SQLITE_ROW)
		status = row(d, q);
	sqlite3_finalize(q);
	return !status && code != SQLITE_DONE ? SM_IO : status;
}

static enum sm_status load_name(struct sm_dictionary *d, sqlite3_stmt *q)
{
	int64_t id = sqlite3_column_int64(q, 0);
	struct sm_str s = { sqlite3_column_blob(q, 1),
			    (uint32_t)sqlite3_column_bytes(q, 1) };
	enum sm_status status;

	if (id != d->names.next || !s.len)
		return SM_DAMAGED;
	status = sm_intern_learn(&d->names, s, (uint32_t)id);
	d->names.next++;
	return status ? status : note_name(d, (uint32_t)id, s.len);
}

static enum sm_status load_site(struct sm_dictionary *d, sqlite3_stmt *q)
{
	struct sm_site_info info = { .line = (uint32_t)sqlite3_column_int64(
					     q, 4) };
	uint32_t *ids[] = { &info.event, &info.file, &info.function };
	int64_t id = sqlite3_column_int64(q, 0);
	uint32_t key[7];
	int via, kind = -1;

	for (int i = 1; i < 9; i++)
		if (i != 4 &&
		    (sqlite3_column_int64(q, i) < 0 ||
		     sqlite3_column_int64(q, i) >= (int64_t)d->name_count))
			return SM_DAMAGED;
	for (int i = 0; i < 3; i++)
		*ids[i] = (uint32_t)sqlite3_column_int64(q, 1 + i);
	info.principal = (uint32_t)sqlite3_column_int64(q, 7);
	info.owner = (uint32_t)sqlite3_column_int64(q, 8);
	via = sm_via_find(name_of(d, (uint32_t)sqlite3_column_int64(q, 5)));
	for (int i = 0; i < SM_PRINCIPALS; i++)
		if (sm_str_equal(
			    name_of(d, (uint32_t)sqlite3_column_int64(q, 6)),
			    sm_str_of(sm_principal_kind_name(i))))
			kind = i;
	if (id != d->sites.next || via < 0 || kind < 0 || !info.event)
		return SM_DAMAGED;
	info.via = (uint8_t)via;
	info.principal_kind = (uint8_t)kind;
	info.kind = (uint16_t)sm_catalogue_find(name_of(d, info.event));
	d->sites.next++;
	if (sm_intern_learn(&d->sites, site_key(&info, key), (uint32_t)id))
		return SM_NOMEM;
	return note_site(d, (uint32_t)id, &info);
}

enum sm_status sm_dictionary_load(struct sm_dictionary *d)
{
	enum sm_status status =
		each_row(d, "SELECT id,value FROM name ORDER BY id", load_name);

	if (status)
		return status;
	return each_row(d,
			"SELECT id,event,file,function,line,via,kind,"
			"principal,owner FROM site_row ORDER BY id",
			load_site);
}

enum sm_status sm_dictionary_init(struct sm_dictionary *d, struct sm_rows *rows)
{
	enum sm_status status;

	d->rows = rows;
	status = sm_intern_init(&d->names, 1);
	if (!status)
		status = sm_intern_init(&d->sites, 1);
	/* Their ids stay valid, so nothing is forgotten. */
	d->names.max_strings = d->sites.max_strings = UINT32_MAX;
	d->names.max_bytes = d->sites.max_bytes = SIZE_MAX;
	if (!status)
		status = sm_array_reserve((void **)&d->name_info, &d->name_room,
					  1, sizeof(*d->name_info));
	if (!status)
		d->name_info[d->name_count++] = (struct sm_name_info){ 0, 0 };
	return status;
}

void sm_dictionary_fini(struct sm_dictionary *d)
{
	sm_intern_fini(&d->names);
	sm_intern_fini(&d->sites);
	free(d->name_info);
	free(d->site_info);
}
