/* SPDX-License-Identifier: Apache-2.0 */
#include "learner/observe.h"

#include "schema/cbor.h"
#include "schema/request.h"

static void put_named(struct sm_cbor_writer *w, const struct sm_event *event)
{
	struct sm_request requests[SM_REQUESTS_MAX];
	struct sm_request_scratch scratch;
	struct sm_named named = { 0 };

	if (event->named && event->named->count)
		sm_event_named(event, requests,
			       sm_event_requests(event, &scratch, requests),
			       &named);
	sm_cbor_put_array(w, named.count);
	for (uint32_t i = 0; i < named.count; i++)
		sm_cbor_put_str(w, named.paths[i]);
}

/* Where a child is started tells what its arguments mean. */
static bool is_told(uint8_t role)
{
	return role & SM_ROLE_KEY || role == SM_ROLE_CWD;
}

/*
 * A call's key, a CBOR sequence: event name, via, principal kind, name (with a
 * function) and file, the raising function and its file where they decide, the
 * arguments (details as null, but for cwd), the two resolved texts, what the
 * command line named of the files it is about.
 */
void sm_call_key(struct sm_cbor_writer *w, const struct sm_event *event)
{
	const struct sm_site *site = &event->site;
	const struct sm_catalogue_entry *entry = sm_catalogue_entry(site->kind);
	const struct sm_value none = { .type = SM_NONE };
	char room[SM_PRINCIPAL_MAX];
	/* Generated code belongs to the module that makes it; see decide. Of
	 * pickles it tells who sent them; see classes.c. */
	bool by_function = site->kind == SM_EVENT_FORK_EXEC;
	bool by_file = by_function || site->kind == SM_EVENT_EXEC ||
		       site->kind == SM_EVENT_FIND_CLASS;

	sm_cbor_put_str(w, site->event);
	sm_cbor_put_uint(w, site->via);
	sm_cbor_put_uint(w, site->principal.kind);
	sm_cbor_put_str(
		w, sm_principal_spell(&site->principal, room, sizeof(room)));
	sm_cbor_put_str(w, site->principal.file);
	sm_cbor_put_str(w, by_file ? site->file : SM_STR(""));
	sm_cbor_put_str(w, by_function ? site->function : SM_STR(""));
	sm_cbor_put_array(w, event->argc);
	for (uint32_t i = 0; i < event->argc; i++) {
		bool decides = !entry || (i < entry->role_count &&
					  is_told(entry->roles[i]));

		sm_cbor_put_value(w, decides ? &event->args[i] : &none);
	}
	sm_cbor_put_str(w, event->resolved[0]);
	sm_cbor_put_str(w, event->resolved[1]);
	put_named(w, event);
}

static bool get_text(struct sm_cbor_reader *r, struct sm_str *text)
{
	return sm_cbor_get_str(r, text, NULL) == SM_OK;
}

static bool get_args(struct sm_cbor_reader *r, struct sm_arena *arena,
		     struct sm_event *event)
{
	struct sm_value pool[SM_VALUES_MAX], *args, *mine;
	uint64_t argc;
	uint32_t used = 0;

	if (sm_cbor_get_array(r, SM_VALUES_MAX, &argc) != SM_OK)
		return false;
	args = sm_arena_take(arena, (argc + 1) * sizeof(*args));
	if (!args)
		return false;
	for (uint64_t i = 0; i < argc; i++)
		if (sm_cbor_get_value(r, &args[i], pool, &used) != SM_OK)
			return false;
	mine = sm_arena_take(arena, (used + 1) * sizeof(*mine));
	if (!mine)
		return false;
	memcpy(mine, pool, used * sizeof(*mine));
	/* Lists point into the pool on the stack: move them along. */
	for (uint32_t i = 0; i < used; i++)
		if (mine[i].type == SM_LIST && mine[i].items)
			mine[i].items = mine + (mine[i].items - pool);
	for (uint64_t i = 0; i < argc; i++)
		if (args[i].type == SM_LIST && args[i].items)
			args[i].items = mine + (args[i].items - pool);
	event->args = args;
	event->argc = (uint32_t)argc;
	return true;
}

static bool get_named(struct sm_cbor_reader *r, struct sm_arena *arena,
		      struct sm_event *event)
{
	struct sm_named *named;
	uint64_t count;

	if (sm_cbor_get_array(r, SM_NAMED_MAX, &count) != SM_OK)
		return false;
	if (!count)
		return true;
	named = sm_arena_take(arena, sizeof(*named));
	if (!named)
		return false;
	for (named->count = 0; named->count < count; named->count++) {
		struct sm_str *path = &named->paths[named->count];

		if (!get_text(r, path) || !sm_named_is_valid(*path))
			return false;
	}
	event->named = named;
	return true;
}

bool sm_call_event(const struct sm_call *call, struct sm_arena *arena,
		   struct sm_event *event)
{
	struct sm_cbor_reader r = { (const uint8_t *)call->key.p,
				    (const uint8_t *)call->key.p +
					    call->key.len };
	struct sm_site *site = &event->site;
	struct sm_str principal;
	uint64_t via, kind;

	memset(event, 0, sizeof(*event));
	if (!get_text(&r, &site->event) ||
	    sm_cbor_get_uint(&r, SM_VIAS - 1, &via) != SM_OK ||
	    sm_cbor_get_uint(&r, SM_PRINCIPALS - 1, &kind) != SM_OK ||
	    !get_text(&r, &principal) || !get_text(&r, &site->principal.file) ||
	    !get_text(&r, &site->file) || !get_text(&r, &site->function) ||
	    !get_args(&r, arena, event) || !get_text(&r, &event->resolved[0]) ||
	    !get_text(&r, &event->resolved[1]) || !get_named(&r, arena, event))
		return false;
	site->kind = sm_catalogue_find(site->event);
	site->via = (enum sm_via)via;
	site->principal.kind = (enum sm_principal_kind)kind;
	sm_principal_read(&site->principal, principal);
	return true;
}
