/* SPDX-License-Identifier: Apache-2.0 */
/*
 * collector_code.c: what a process's code ids stand for, and the trace's sites
 * made of them. Storing thread.
 */
#include "recorder/collector_internal.h"

#include <stdlib.h>

/*
 * Bounds on what one process can make us keep; hostile ones pass them. An agent
 * tells of 32767 code objects before it starts anew; Django's of 4000.
 */
#define CODES_MAX      (1u << 15)
#define CODE_BYTES_MAX (8u << 20)
/*
 * And all together: nobody gets more than a share of what is left, so that
 * there always is something for the next.
 */
#define ALL_CODE_BYTES_MAX (256u << 20)
#define SHARE		   4
#define SITES_MAX	   (1u << 16)

/* ------------------------------------------------------------------- code */

void stored_process_clear(struct stored_process *store)
{
	uint32_t i;

	if (store->all_code_bytes)
		*store->all_code_bytes -= store->code_bytes;
	for (i = 0; i < store->code_count; i++)
		free((void *)(uintptr_t)store->codes[i].file.p);
	free(store->codes);
	free(store->sites);
	store->codes = NULL;
	store->sites = NULL;
	store->code_count = store->site_room = store->site_count = 0;
	store->code_bytes = 0;
}

static bool has_room(const struct stored_process *store, size_t bytes)
{
	return store->code_bytes + bytes <= CODE_BYTES_MAX &&
	       store->code_bytes + bytes <=
		       (ALL_CODE_BYTES_MAX - *store->all_code_bytes) / SHARE;
}

static void count_bytes(struct stored_process *store, size_t bytes)
{
	store->code_bytes += bytes;
	*store->all_code_bytes += bytes;
}

static bool grow_codes(struct stored_process *store, uint32_t id)
{
	uint32_t room = store->code_count ? store->code_count : 64;
	struct code *codes;
	size_t more;

	if (id > CODES_MAX)
		return false;
	while (room < id)
		room *= 2;
	more = (room - store->code_count) * sizeof(*codes);
	if (!has_room(store, more))
		return false;
	codes = realloc(store->codes, room * sizeof(*codes));
	if (!codes)
		return false;
	memset(codes + store->code_count, 0, more);
	count_bytes(store, more);
	store->codes = codes;
	store->code_count = room;
	return true;
}

static struct sm_str keep(char **at, struct sm_str text)
{
	struct sm_str kept = { *at, text.len };

	if (text.len)
		memcpy(*at, text.p, text.len);
	*at += text.len;
	return kept;
}

bool code_add(struct sm_collector *collector, struct stored_process *store,
	      const struct sm_record_code *said)
{
	size_t bytes = (size_t)said->file.len + said->function.len +
		       said->package.len + 1;
	struct code *code;
	char *text;

	store->all_code_bytes = &collector->code_bytes;
	if (!has_room(store, bytes) ||
	    (said->id > store->code_count && !grow_codes(store, said->id)))
		return false;
	text = store->codes ? malloc(bytes) : NULL;
	if (!text)
		return false;
	code = &store->codes[said->id - 1];
	free((void *)(uintptr_t)code->file.p);
	code->file = keep(&text, said->file);
	code->function = keep(&text, said->function);
	code->package = keep(&text, said->package);
	code->kind = said->kind;
	count_bytes(store, bytes);
	return true;
}

static const struct code *find_code(const struct stored_process *store,
				    uint32_t id)
{
	static const struct code unknown = { .kind = SM_PRINCIPAL_FOREIGN };

	if (!id || id > store->code_count || !store->codes[id - 1].file.p)
		return &unknown;
	return &store->codes[id - 1];
}

/* ------------------------------------------------------------------ sites */

static struct sm_str principal_name(enum sm_principal_kind kind,
				    const struct code *owner)
{
	if (kind == SM_PRINCIPAL_DISTRIBUTION)
		return owner->package;
	return sm_str_of(sm_principal_kind_name(kind));
}

void code_fill_site(const struct stored_process *store,
		    const struct sm_record_event *record, struct sm_site *site)
{
	const struct code *caller = find_code(store, record->caller);
	const struct code *owner = find_code(store, record->owner);
	enum sm_principal_kind kind = record->event.site.principal.kind;

	*site = record->event.site;
	site->file = caller->file;
	site->function = caller->function;
	site->principal.name = principal_name(kind, owner);
	site->principal.file = (struct sm_str){ NULL, 0 };
	if (kind == SM_PRINCIPAL_APP || kind == SM_PRINCIPAL_DYNAMIC)
		site->principal.file = owner->file;
	if (kind == SM_PRINCIPAL_APP)
		site->principal.function = owner->function;
}

static uint32_t hash_key(const struct site_key *key)
{
	uint64_t h = key->kind;

	h = (h ^ key->caller) * 0x9e3779b97f4a7c15u;
	h = (h ^ (h >> 29) ^ key->line) * 0x9e3779b97f4a7c15u;
	h = (h ^ (h >> 29) ^ key->owner) * 0x9e3779b97f4a7c15u;
	h ^= (uint64_t)key->via << 8 | key->principal;
	h *= 0x9e3779b97f4a7c15u;
	return (uint32_t)(h >> 32);
}

static bool key_equal(const struct site_key *a, const struct site_key *b)
{
	return a->kind == b->kind && a->caller == b->caller &&
	       a->line == b->line && a->owner == b->owner && a->via == b->via &&
	       a->principal == b->principal;
}

static struct site_slot *find_slot(struct site_slot *sites, uint32_t room,
				   const struct site_key *key)
{
	uint32_t i = hash_key(key) & (room - 1);

	while (sites[i].id_plus_1 && !key_equal(&sites[i].key, key))
		i = (i + 1) & (room - 1);
	return &sites[i];
}

/* At the bound the cache starts anew: it only saves look-ups. */
static bool grow_sites(struct stored_process *store)
{
	uint32_t room = store->site_room ? store->site_room * 2 : 256;
	struct site_slot *sites;
	uint32_t i;

	if (room > SITES_MAX) {
		memset(store->sites, 0, store->site_room * sizeof(*sites));
		store->site_count = 0;
		return true;
	}
	sites = calloc(room, sizeof(*sites));
	if (!sites)
		return false;
	for (i = 0; i < store->site_room; i++)
		if (store->sites[i].id_plus_1)
			*find_slot(sites, room, &store->sites[i].key) =
				store->sites[i];
	free(store->sites);
	store->sites = sites;
	store->site_room = room;
	return true;
}

static enum sm_status intern(struct sm_collector *collector,
			     struct stored_process *store,
			     const struct sm_record_event *record, uint32_t *id)
{
	struct sm_site site;

	code_fill_site(store, record, &site);
	return sm_trace_intern_site_of(collector->trace, &site,
				       &store->site_bytes, id);
}

enum sm_status code_find_site(struct sm_collector *collector,
			      struct stored_process *store,
			      const struct sm_record_event *record,
			      uint32_t *id)
{
	const struct sm_site *said = &record->event.site;
	const struct site_key key = {
		said->kind,    record->caller,	   said->line,
		record->owner, (uint8_t)said->via, (uint8_t)said->principal.kind
	};
	struct site_slot *slot;
	enum sm_status status;

	/* Uncatalogued names are no part of the key. */
	if (said->kind == SM_EVENT_OTHER ||
	    (store->site_count * 2 >= store->site_room && !grow_sites(store)))
		return intern(collector, store, record, id);
	slot = find_slot(store->sites, store->site_room, &key);
	if (slot->id_plus_1) {
		*id = slot->id_plus_1 - 1;
		return SM_OK;
	}
	status = intern(collector, store, record, id);
	if (!status && *id != UINT32_MAX) {
		slot->key = key;
		slot->id_plus_1 = *id + 1;
		store->site_count++;
	}
	return status;
}
