/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/request_build.h"
#include "schema/request_file.h"

/* ------------------------------------------------------------------ files */

/*
 * The canonical path of an argument, or empty with *is_cut. An argument that
 * needs the process's context (relative, a descriptor) has it in resolved[].
 */
static struct sm_str path_of(const struct sm_request_build *b,
			     enum sm_role role, bool *is_cut)
{
	const struct sm_value *v = sm_request_arg(b, role);
	unsigned which = role == SM_ROLE_PATH_TO;
	struct sm_str given = b->event->resolved[which];

	*is_cut = false;
	if (given.len)
		return given;
	if (v && b->event->is_canonical[which])
		return sm_value_str(v);
	if (v && sm_value_is_string(v) && !sm_value_is_cut(v) &&
	    sm_path_is_canonical(sm_value_str(v)))
		return sm_value_str(v);
	*is_cut = true;
	return (struct sm_str){ "", 0 };
}

/* A descriptor whose file was decided when it was opened. */
static bool is_descriptor(const struct sm_request_build *b, enum sm_role role)
{
	const struct sm_value *v = sm_request_arg(b, role);
	struct sm_str given = b->event->resolved[role == SM_ROLE_PATH_TO];

	return v &&
	       (v->type == SM_INT || v->type == SM_TRUE ||
		v->type == SM_FALSE) &&
	       (!given.len || given.p[0] != '/');
}

static void file(struct sm_request_build *b, enum sm_role role, uint32_t access)
{
	struct sm_request *r;
	bool is_cut;
	struct sm_str path;

	if (is_descriptor(b, role))
		return;
	path = path_of(b, role, &is_cut);
	r = sm_request_add(b, SM_FAMILY_FILES, access);
	r->value = path;
	r->cut = is_cut;
}

/* Code read, or its cache written, by the import system and its like. */
static void load(struct sm_request_build *b, enum sm_role role)
{
	struct sm_request *r;
	bool is_cut;
	struct sm_str path = path_of(b, role, &is_cut);

	r = sm_request_add(b, SM_FAMILY_CODE, SM_ACCESS_LOAD);
	r->cut = is_cut;
	r->value = is_cut ? path
			  : sm_path_source_of_cache(path, sm_request_text(b));
}

/* True for DIR/__pycache__/X: what import may write on its own account. */
static bool is_in_cache(const struct sm_request_build *b, enum sm_role role)
{
	static const char cache[] = "/__pycache__/";
	bool is_cut;
	struct sm_str path = path_of(b, role, &is_cut);
	uint32_t n = sizeof(cache) - 1, dir = path.len - sm_path_name(path).len;

	return dir >= n && !memcmp(path.p + dir - n, cache, n);
}

/* mode None: os.open; flags are always there. */
static inline uint32_t open_accesses(const struct sm_request_build *b)
{
	const struct sm_value *v = sm_request_arg(b, SM_ROLE_FLAGS);

	return sm_request_flags(v && v->type == SM_INT ? v->i
						       : O_RDWR | O_CREAT);
}

/* The last one has the largest number. */
const uint8_t sm_request_accesses[SM_OPERATION_DLSYM + 1] = {
	[SM_OPERATION_META] = SM_ACCESS_META,
	[SM_OPERATION_LIST] = SM_ACCESS_LIST,
	[SM_OPERATION_CREATE] = SM_ACCESS_CREATE | SM_ACCESS_WRITE,
	[SM_OPERATION_DELETE] = SM_ACCESS_DELETE,
	[SM_OPERATION_TRUNCATE] = SM_ACCESS_WRITE,
};

static uint32_t file_accesses(const struct sm_request_build *b)
{
	return b->entry->operation == SM_OPERATION_OPEN
		       ? open_accesses(b)
		       : sm_request_accesses[b->entry->operation];
}

static void open_file(struct sm_request_build *b)
{
	uint32_t access = file_accesses(b);
	enum sm_via via = b->event->site.via;

	if (is_descriptor(b, SM_ROLE_PATH))
		return;
	if (via != SM_VIA_DIRECT && access == SM_ACCESS_READ)
		load(b, SM_ROLE_PATH);
	else if (via == SM_VIA_IMPORT && is_in_cache(b, SM_ROLE_PATH))
		load(b, SM_ROLE_PATH);
	else
		file(b, SM_ROLE_PATH, access);
}

static void delete_file(struct sm_request_build *b)
{
	if (b->event->site.via == SM_VIA_IMPORT && is_in_cache(b, SM_ROLE_PATH))
		load(b, SM_ROLE_PATH);
	else
		file(b, SM_ROLE_PATH, file_accesses(b));
}

static void rename_file(struct sm_request_build *b)
{
	if (b->event->site.via == SM_VIA_IMPORT &&
	    is_in_cache(b, SM_ROLE_PATH) && is_in_cache(b, SM_ROLE_PATH_TO)) {
		load(b, SM_ROLE_PATH);
		load(b, SM_ROLE_PATH_TO);
		return;
	}
	file(b, SM_ROLE_PATH, SM_ACCESS_DELETE);
	file(b, SM_ROLE_PATH_TO, SM_ACCESS_CREATE | SM_ACCESS_WRITE);
}

/*
 * ":memory:" and "" are no files; "file:" URIs have their path in resolved.
 * What a PathLike means is known once it is opened, as secmgr.database; where
 * nobody sees that, the agent calls it cut.
 */
static void sqlite(struct sm_request_build *b)
{
	const struct sm_value *v = sm_request_arg(b, SM_ROLE_PATH);
	struct sm_str name = v ? sm_value_str(v) : (struct sm_str){ "", 0 };

	if (v && v->type == SM_OPAQUE && !sm_value_is_cut(v) &&
	    b->event->site.kind == SM_EVENT_SQLITE3_CONNECT)
		return;

	if (v && sm_value_is_string(v) && !sm_value_is_cut(v) &&
	    !b->event->resolved[0].len &&
	    (!name.len || sm_str_equal(name, SM_STR(":memory:")) ||
	     sm_str_starts(name, SM_STR("file::memory:"))))
		return;
	file(b, SM_ROLE_PATH, SM_ACCESS_SQLITE);
}

/* --------------------------------------------- code, pickles, native, rest */

static void import(struct sm_request_build *b)
{
	const struct sm_value *v = sm_request_arg(b, SM_ROLE_PATH);

	if (v && v->type != SM_NONE)
		load(b, SM_ROLE_PATH); /* an extension module is linked in */
}

static void run(struct sm_request_build *b)
{
	const struct sm_value *v = sm_request_arg(b, SM_ROLE_CODE);
	bool is_named = v && v->type == SM_LIST && v->len &&
			sm_value_is_string(&v->items[0]) &&
			!sm_value_is_cut(&v->items[0]);
	struct sm_str name = { "", 0 };
	struct sm_request *r;

	if (is_named)
		name = sm_value_str(&v->items[0]);
	if (name.len && name.p[0] == '/' && sm_path_is_canonical(name)) {
		r = sm_request_add(b, SM_FAMILY_CODE, SM_ACCESS_LOAD);
		r->value = name;
	} else if (b->event->resolved[0].len) {
		r = sm_request_add(b, SM_FAMILY_CODE, SM_ACCESS_LOAD);
		r->value = b->event->resolved[0];
	} else {
		r = sm_request_add(b, SM_FAMILY_CODE, SM_ACCESS_RUN);
		r->value = name;
		r->cut = !is_named;
	}
}

static void find_class(struct sm_request_build *b)
{
	const struct sm_value *module = sm_request_arg(b, SM_ROLE_MODULE);
	const struct sm_value *name = sm_request_arg(b, SM_ROLE_NAME);
	struct sm_request *r =
		sm_request_add(b, SM_FAMILY_PICKLES, SM_ACCESS_CLASS);
	char *start = sm_request_text(b), *at = start;
	struct sm_str m, n;

	r->cut = !module || !name || !sm_value_is_string(module) ||
		 !sm_value_is_string(name) || sm_value_is_cut(module) ||
		 sm_value_is_cut(name);
	if (r->cut)
		return;
	m = sm_value_str(module);
	n = sm_value_str(name);
	if (m.len + n.len + 1 > sizeof(b->scratch->text[0])) {
		r->cut = true;
		return;
	}
	at = sm_request_put(at, m);
	/* An attribute of what the module holds: `<class>` is never one. */
	*at++ = sm_str_has(n, '.') ? ':' : '.';
	at = sm_request_put(at, n);
	r->value = (struct sm_str){ start, (uint32_t)(at - start) };
}

static struct sm_request *native(struct sm_request_build *b, enum sm_role role,
				 uint32_t access)
{
	const struct sm_value *v = sm_request_arg(b, role);
	struct sm_request *r = sm_request_add(b, SM_FAMILY_NATIVE, access);

	if (!v || v->type == SM_NONE) /* dlopen(NULL) */
		return r;
	r->value = b->event->resolved[0].len ? b->event->resolved[0]
					     : sm_value_str(v);
	/* dlsym by ordinal, or an object: an address is never a key */
	r->cut = !sm_value_is_string(v) || sm_value_is_cut(v);
	return r;
}

static void named(struct sm_request_build *b)
{
	struct sm_request *r =
		sm_request_add(b, SM_FAMILY_EVENTS, SM_ACCESS_RAISE);

	r->value = b->event->site.event;
	r->args = b->event->args;
	r->argc = b->event->argc;
}

static void build_requests(struct sm_request_build *b)
{
	switch ((enum sm_operation)b->entry->operation) {
	case SM_OPERATION_NONE:
		return;
	case SM_OPERATION_NAMED:
		named(b);
		return;
	case SM_OPERATION_OPEN:
		open_file(b);
		return;
	case SM_OPERATION_META:
	case SM_OPERATION_LIST:
	case SM_OPERATION_CREATE:
	case SM_OPERATION_TRUNCATE:
		file(b, SM_ROLE_PATH, file_accesses(b));
		return;
	case SM_OPERATION_DELETE:
		delete_file(b);
		return;
	case SM_OPERATION_RENAME:
		rename_file(b);
		return;
	case SM_OPERATION_LINK:
		file(b, SM_ROLE_PATH,
		     SM_ACCESS_READ | SM_ACCESS_WRITE | SM_ACCESS_LINK);
		file(b, SM_ROLE_PATH_TO, SM_ACCESS_CREATE | SM_ACCESS_WRITE);
		return;
	case SM_OPERATION_SYMLINK:
		file(b, SM_ROLE_PATH_TO, SM_ACCESS_CREATE | SM_ACCESS_WRITE);
		return;
	case SM_OPERATION_SQLITE:
		sqlite(b);
		return;
	case SM_OPERATION_SOCKET:
		sm_request_socket(b);
		return;
	case SM_OPERATION_CONNECT:
		sm_request_peer(b, SM_ACCESS_CONNECT);
		return;
	case SM_OPERATION_BIND:
		sm_request_peer(b, SM_ACCESS_BIND);
		return;
	case SM_OPERATION_RESOLVE:
		sm_request_resolve(b);
		return;
	case SM_OPERATION_POPEN:
	case SM_OPERATION_EXEC:
		sm_request_exec(b);
		return;
	case SM_OPERATION_FORK_EXEC:
		sm_request_fork_exec(b);
		return;
	case SM_OPERATION_SYSTEM:
		sm_request_system(b);
		return;
	case SM_OPERATION_SIGNAL:
		sm_request_signal(b);
		return;
	case SM_OPERATION_IMPORT:
		import(b);
		return;
	case SM_OPERATION_RUN:
		run(b);
		return;
	case SM_OPERATION_CLASS:
		find_class(b);
		return;
	case SM_OPERATION_DLOPEN:
		native(b, SM_ROLE_LIBRARY, SM_ACCESS_DLOPEN);
		return;
	case SM_OPERATION_LOADED:
		native(b, SM_ROLE_LIBRARY, SM_ACCESS_DLOPEN)->is_free = true;
		return;
	case SM_OPERATION_DLSYM:
		native(b, SM_ROLE_SYMBOL, SM_ACCESS_DLSYM);
		return;
	}
}

unsigned sm_event_requests(const struct sm_event *event,
			   struct sm_request_scratch *scratch_space,
			   struct sm_request out[SM_REQUESTS_MAX])
{
	struct sm_request_build b = { .event = event,
				      .entry = sm_catalogue_entry(
					      event->site.kind),
				      .scratch = scratch_space,
				      .out = out };

	if (b.entry)
		build_requests(&b);
	else
		named(&b);
	return b.count;
}

void sm_event_named(const struct sm_event *event,
		    const struct sm_request *requests, unsigned count,
		    struct sm_named *out)
{
	const struct sm_named *named = event->named;

	out->count = 0;
	for (uint32_t i = 0; named && i < named->count; i++)
		for (unsigned r = 0; r < count; r++)
			if (requests[r].family == SM_FAMILY_FILES &&
			    sm_path_is_under(requests[r].value,
					     sm_named_place(named, i))) {
				out->paths[out->count++] = named->paths[i];
				break;
			}
}
