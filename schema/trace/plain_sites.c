/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plain_sites.c: names, and the places in code that are made of them.
 */
#include "schema/trace/column.h"
#include "schema/trace/plain.h"

static enum sm_status read_name(struct sm_trace *t, sqlite3_stmt *q)
{
	int64_t id = sqlite3_column_int64(q, 0);
	struct sm_trace_name name = { .kind = SM_EVENT_OTHER };
	enum sm_status status;

	if (id != (int64_t)t->name_count ||
	    sqlite3_column_bytes(q, 1) > SM_STRING_MAX)
		return SM_DAMAGED;
	status = sm_kept_column(&t->kept, q, 1, &name.text);
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
		    sm_str_equal(a->principal.file, b->principal.file) &&
		    sm_str_equal(a->principal.function,
				 b->principal.function)) {
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
					 .file = t->names[c[7]].text } },
		.event = (uint32_t)c[0],
	};
	sm_principal_read(&s->site.principal, t->names[c[6]].text);
	return unify_site(t, (uint32_t)id, c);
}

enum sm_status sm_trace_load_sites(struct sm_trace *t, struct sm_diag *diag)
{
	enum sm_status status = sm_plain_each(
		t, "SELECT id,value FROM name WHERE id>=? ORDER BY id",
		(int64_t)t->name_count, read_name, diag);

	if (status)
		return status;
	return sm_plain_each(
		t,
		"SELECT id,event,file,function,line,via,kind,principal,"
		"owner FROM site_row WHERE id>=? ORDER BY id",
		(int64_t)t->site_count, read_site, diag);
}
