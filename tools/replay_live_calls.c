/* SPDX-License-Identifier: Apache-2.0 */
/*
 * replay_live_calls.c: calls as replay/live/driver.py reads them. Arguments
 * are given by what they meant when they were recorded: a path that was
 * resolved by what it was resolved to.
 */
#include "tools/replay_live_calls.h"

#include "schema/cbor.h"
#include "schema/request.h"

static void put_bytes(struct sm_json *j, const char *key, struct sm_str text)
{
	struct sm_value value = { .type = sm_utf8_is_valid(text) ? SM_TEXT
								 : SM_BYTES,
				  .len = text.len,
				  .full_len = text.len,
				  .s = text.p };

	sm_json_put_value(j, key, &value);
}

/* As sm_json_put_value(), but 1.0 does not become 1. */
static void put_plain(struct sm_json *j, const struct sm_value *value)
{
	char text[40];

	if (value->type == SM_FLOAT) {
		snprintf(text, sizeof(text), "%.17g", value->f);
		sm_json_open(j, NULL, '{');
		sm_json_put_text(j, "float", text);
		sm_json_close(j, '}');
	} else if (value->type == SM_LIST && !sm_value_is_cut(value)) {
		sm_json_open(j, NULL, '[');
		for (uint32_t i = 0; i < value->len; i++)
			put_plain(j, &value->items[i]);
		sm_json_close(j, ']');
	} else {
		sm_json_put_value(j, NULL, value);
	}
}

static void put_wrapped(struct sm_json *j, const char *kind,
			const struct sm_value *value)
{
	sm_json_open(j, NULL, '{');
	sm_json_put_value(j, kind, value);
	sm_json_close(j, '}');
}

/* The role whose argument resolved[0] stands for: recorder/agent/resolve.c. */
static enum sm_role resolved_role(const struct sm_catalogue_entry *entry)
{
	switch (entry->operation) {
	case SM_OPERATION_POPEN:
	case SM_OPERATION_FORK_EXEC:
	case SM_OPERATION_EXEC:
		return SM_ROLE_PROGRAM;
	case SM_OPERATION_RUN:
		return SM_ROLE_CODE;
	case SM_OPERATION_CONNECT:
	case SM_OPERATION_BIND:
		return SM_ROLE_ADDRESS;
	case SM_OPERATION_DLOPEN:
	case SM_OPERATION_LOADED:
		return SM_ROLE_LIBRARY;
	default:
		return SM_ROLE_PATH;
	}
}

/* What the argument was resolved to; empty: it is what it says. */
static struct sm_str resolved(const struct sm_event *event,
			      const struct sm_catalogue_entry *entry,
			      enum sm_role role)
{
	if (role == SM_ROLE_PATH_TO)
		return event->resolved[1];
	if (role == resolved_role(entry))
		return event->resolved[0];
	return (struct sm_str){ NULL, 0 };
}

/* null: it could not be read. */
static void put_code_text(struct sm_json *j, const struct sm_value *value,
			  struct sm_str resolved)
{
	if (!resolved.len && value->type == SM_NONE)
		put_plain(j, value);
	else
		put_bytes(j, NULL,
			  resolved.len ? resolved : sm_value_str(value));
}

static void put_code(struct sm_json *j, const struct sm_value *value,
		     struct sm_str file)
{
	if (value->type != SM_LIST || value->len != 2) {
		put_plain(j, value);
		return;
	}
	sm_json_open(j, NULL, '{');
	sm_json_open(j, "code", '[');
	put_code_text(j, &value->items[0], file);
	put_code_text(j, &value->items[1], (struct sm_str){ NULL, 0 });
	sm_json_close(j, ']');
	sm_json_close(j, '}');
}

/* A descriptor that led nowhere must not lead anywhere now. */
static void put_descriptor(struct sm_json *j, const struct sm_value *value)
{
	if (value->type == SM_INT && value->i >= 0)
		put_wrapped(j, "closed", value);
	else
		put_plain(j, value);
}

static void put_by_role(struct sm_json *j, const struct sm_event *event,
			const struct sm_catalogue_entry *entry, uint32_t i)
{
	const struct sm_value *value = &event->args[i];
	enum sm_role role = entry->roles[i] & ~SM_ROLE_KEY;
	struct sm_str path = resolved(event, entry, role);

	switch (role) {
	case SM_ROLE_CODE:
		put_code(j, value, path);
		return;
	case SM_ROLE_SOCKET:
		put_wrapped(j, "socket", value);
		return;
	case SM_ROLE_PID:
	case SM_ROLE_PGID:
		if (value->type == SM_TEXT)
			put_wrapped(j, "pid", value);
		else
			put_plain(j, value);
		return;
	case SM_ROLE_ENVIRON:
	case SM_ROLE_KEYS:
		if (value->type == SM_LIST &&
		    (role == SM_ROLE_ENVIRON || !sm_value_is_cut(value)))
			put_wrapped(j,
				    role == SM_ROLE_KEYS ? "keys" : "environ",
				    value);
		else
			put_plain(j, value);
		return;
	default:
		break;
	}
	/* A host's address is told by what was asked for: put_answers(). */
	if (path.len && value->type != SM_LIST)
		put_bytes(j, NULL, path);
	else if (role == SM_ROLE_PATH || role == SM_ROLE_PATH_TO ||
		 role == SM_ROLE_DIR_FD || role == SM_ROLE_DIR_FD_TO)
		put_descriptor(j, value);
	else
		put_plain(j, value);
}

static void put_arguments(struct sm_json *j, const struct sm_event *event)
{
	const struct sm_catalogue_entry *entry =
		sm_catalogue_entry(event->site.kind);

	sm_json_open(j, "args", '[');
	for (uint32_t i = 0; i < event->argc; i++) {
		if (entry && i < entry->role_count)
			put_by_role(j, event, entry, i);
		else
			put_plain(j, &event->args[i]);
	}
	sm_json_close(j, ']');
}

static void put_answer(struct sm_json *j, struct sm_str name,
		       struct sm_str address)
{
	sm_json_open(j, NULL, '[');
	put_bytes(j, NULL, name);
	put_bytes(j, NULL, address);
	sm_json_close(j, ']');
}

/* What had been asked for when it connected; the host's own name last. */
static void put_answers(struct sm_json *j, const struct sm_event *event)
{
	const struct sm_catalogue_entry *entry =
		sm_catalogue_entry(event->site.kind);
	struct sm_request requests[SM_REQUESTS_MAX];
	struct sm_request_scratch scratch;
	struct sm_str names;

	if (!entry || entry->operation != SM_OPERATION_CONNECT)
		return;
	memset(requests, 0, sizeof(requests));
	(void)sm_event_requests(event, &scratch, requests);
	names = requests[0].names;
	sm_json_open(j, "answers", '[');
	while (names.len)
		put_answer(j, sm_request_next_name(&names),
			   requests[0].address.len ? requests[0].address
						   : requests[0].host);
	if (requests[0].address.len)
		put_answer(j, requests[0].host, requests[0].address);
	sm_json_close(j, ']');
}

/* What its process was told of it, as event->named. */
static void put_named(struct sm_json *j, const struct sm_event *event)
{
	const struct sm_named *named = event->named;

	if (!named || !named->count)
		return;
	sm_json_open(j, "named", '[');
	for (uint32_t i = 0; i < named->count; i++)
		put_bytes(j, NULL, named->paths[i]);
	sm_json_close(j, ']');
}

/* Which of a child's variables are not this process's own; by their hashes. */
static void put_changes(struct sm_json *j, const struct sm_event *event)
{
	const struct sm_catalogue_entry *entry =
		sm_catalogue_entry(event->site.kind);

	if (!entry || !event->resolved[1].len ||
	    entry->operation == SM_OPERATION_CONNECT ||
	    sm_catalogue_role(entry, SM_ROLE_PATH_TO) >= 0)
		return;
	put_bytes(j, "changes", event->resolved[1]);
}

void replay_live_put_call(FILE *out, size_t index, const struct sm_event *event)
{
	const struct sm_site *site = &event->site;
	struct sm_json j = { .out = out };

	sm_json_open(&j, NULL, '{');
	sm_json_put_uint(&j, "index", index);
	sm_json_put_str(&j, "event", site->event);
	put_arguments(&j, event);
	put_answers(&j, event);
	put_named(&j, event);
	put_changes(&j, event);
	/* Without a frame nothing but the interpreter can have raised it. */
	sm_json_put_bool(&j, "frames",
			 site->file.len || site->function.len ||
				 site->principal.kind != SM_PRINCIPAL_PYTHON);
	sm_json_put_str(&j, "file", site->file);
	sm_json_put_str(&j, "function", site->function);
	sm_json_put_text(&j, "via", sm_via_name(site->via));
	sm_json_put_text(&j, "kind",
			 sm_principal_kind_name(site->principal.kind));
	sm_json_put_str(&j, "by", site->principal.name);
	sm_json_put_str(&j, "owner", site->principal.file);
	sm_json_put_str(&j, "owner_function", site->principal.function);
	sm_json_close(&j, '}');
}
