/* SPDX-License-Identifier: Apache-2.0 */
/*
 * late_open.c: opens of a relative path whose directory the audit event does
 * not tell: os.open(), as dir_fd is not among its arguments (CPython issue
 * 116429), and open() with an opener, which is not either.
 *
 * The hook keeps such an event back; the call to open or openat that follows in
 * the same thread says which directory it was, and there it is decided and
 * recorded. A denial is EACCES from the C library, so Python raises a plain
 * PermissionError. The GIL is not held there: no Python object is touched.
 *
 * An opener's os.open() of the same name is a second event before that call:
 * both are kept, and are of the one file.
 */
#include "recorder/agent/agent.h"

#include <errno.h>
#include <fcntl.h>

#define NAME_MAX_BYTES 768 /* longer ones are looked at after the call */

#define MODE_MAX_BYTES 7

struct waiting {
	bool is_text;
	uint32_t length, thread;
	char name[NAME_MAX_BYTES + 1];
	char mode[MODE_MAX_BYTES + 1]; /* empty: of os.open() */
	int64_t flags;
	uint64_t time_ns;
	const struct sm_code *caller, *owner;
	uint32_t line;
	enum sm_via via;
	enum sm_principal_kind kind;
};

/* An open(), and the os.open() of its opener; or one of them. */
static SM_THREAD_LOCAL struct waiting waiting[2];
static SM_THREAD_LOCAL uint32_t waiting_count;

void sm_late_open_reset(void)
{
	waiting_count = 0;
}

SM_OFTEN bool sm_late_open_is_waiting(void)
{
	return waiting_count;
}

/* ------------------------------------------------------------------ record */

static void put(struct sm_value *value, enum sm_type type, struct sm_str text)
{
	value->type = type;
	value->s = text.p;
	value->len = value->full_len = text.len;
}

/* The event as the hook would have built it; under the lock. */
static void build(const struct waiting *w, int dir_fd, struct sm_view *view,
		  struct sm_value values[3], struct sm_record_event *record)
{
	static char resolved[SM_PATH_MAX];
	struct sm_event *event = &record->event;
	struct sm_str name = { w->name, w->length };

	memset(values, 0, 3 * sizeof(*values));
	memset(record, 0, sizeof(*record));
	memset(view, 0, sizeof(*view));
	put(&values[0], w->is_text ? SM_TEXT : SM_BYTES, name);
	if (w->mode[0])
		put(&values[1], SM_TEXT, sm_str_of(w->mode));
	values[2].type = SM_INT;
	values[2].i = w->flags;
	view->caller = w->caller;
	view->owner = w->owner;
	view->line = w->line;
	view->via = w->via;
	view->kind = w->kind;
	event->seq = ++sm_agent.seq;
	event->time_ns = w->time_ns;
	event->thread = w->thread;
	event->site.kind = SM_EVENT_OPEN;
	event->site.event = sm_catalogue[SM_EVENT_OPEN].name;
	sm_frames_site(view, &event->site);
	event->args = values;
	event->argc = 3;
	event->resolved[0] = sm_resolve_at(dir_fd, name, resolved);
}

/* True: denied. is_misread: dir_fd is a guess. */
static bool finish(const struct waiting *w, int dir_fd, bool is_misread)
{
	static struct sm_record_event record; /* all three under the lock */
	static struct sm_view view;
	static struct sm_denial denial;
	struct sm_value values[3];
	bool is_denied;

	if (!sm_agent_lock())
		return sm_agent_lost();
	build(w, dir_fd, &view, values, &record);
	is_denied = sm_deny_decide(&view, &record.event, &denial);
	sm_agent_store(&view, &record);
	if (!is_denied)
		sm_announce(&view, &record.event, is_misread);
	else if (is_misread)
		sm_announce_refused(&view, &record.event);
	sm_agent_unlock();
	return is_denied;
}

/* All that are kept: each has to be allowed. */
static bool finish_all(int dir_fd, bool is_misread)
{
	uint32_t n = waiting_count;
	bool is_denied = false;

	waiting_count = 0;
	for (uint32_t i = 0; i < n; i++)
		is_denied |= finish(&waiting[i], dir_fd, is_misread);
	return is_denied;
}

/*
 * The call did not come: a made-up event, an interposer before us, or another
 * hook's event comes first. It was relative to the cwd as far as anybody knows;
 * if that is denied, so is the call, should it come.
 */
static void flush(void)
{
	finish_all(AT_FDCWD, true);
}

/* -------------------------------------------------------------------- keep */

/* Of a str or bytes; empty: it is none, or cannot be told. */
SM_RARELY static struct sm_str text_of(struct py_object *o, bool *is_text)
{
	unsigned long flags = sm_py.PyType_GetFlags(sm_python_type(o));
	PY_SIZE n = 0;
	const char *p = NULL;
	char *bytes;

	*is_text = flags & PY_IS_STR;
	if (flags & PY_IS_STR)
		p = sm_py.PyUnicode_AsUTF8AndSize(o, &n);
	else if (flags & PY_IS_BYTES &&
		 !sm_py.PyBytes_AsStringAndSize(o, &bytes, &n))
		p = bytes;
	if (!p && flags & (PY_IS_STR | PY_IS_BYTES))
		sm_py.PyErr_Clear();
	if (!p || n <= 0 || n > NAME_MAX_BYTES || memchr(p, '\0', (size_t)n))
		return (struct sm_str){ NULL, 0 };
	return (struct sm_str){ p, (uint32_t)n };
}

static bool keep_name(struct waiting *w, struct py_object *o)
{
	struct sm_str name = text_of(o, &w->is_text);

	if (!name.len || name.p[0] == '/')
		return false;
	memcpy(w->name, name.p, name.len);
	w->name[name.len] = '\0';
	w->length = name.len;
	return true;
}

static bool keep_flags(struct waiting *w, struct py_object *o)
{
	int overflow = 0;

	if (!(sm_py.PyType_GetFlags(sm_python_type(o)) & PY_IS_INT))
		return false;
	w->flags = sm_py.PyLong_AsLongLongAndOverflow(o, &overflow);
	return !overflow;
}

/* What is known of code by its number, once it was asked. */
enum { ASKED_NOT, PASSES_NONE, PASSES_OPENER };

/* The code that calls open() may do so with an opener. */
static bool may_pass_opener(const struct sm_code *caller)
{
	static _Atomic uint8_t known[UINT16_MAX + 1];
	_Atomic uint8_t *slot = &known[caller->number];
	uint8_t answer = atomic_load_explicit(slot, memory_order_relaxed);
	struct py_object *code;

	if (answer == ASKED_NOT) {
		code = sm_frames_code();
		answer = code && sm_code_passes(code, SM_STR("opener"))
				 ? PASSES_OPENER
				 : PASSES_NONE;
		atomic_store_explicit(slot, answer, memory_order_relaxed);
	}
	return answer == PASSES_OPENER;
}

static bool keep_mode(struct waiting *w, struct py_object *o,
		      const struct sm_code *caller)
{
	struct sm_str mode;
	bool is_text;

	w->mode[0] = '\0';
	if (o == sm_py._Py_NoneStruct)
		return true;
	if (waiting_count || !caller || !may_pass_opener(caller))
		return false;
	mode = text_of(o, &is_text);
	if (!is_text || !mode.len || mode.len > MODE_MAX_BYTES)
		return false;
	memcpy(w->mode, mode.p, mode.len);
	w->mode[mode.len] = '\0';
	return true;
}

/* Entries of the code table stay; what stands in view itself does not. */
static bool is_in_view(const struct sm_view *view, const struct sm_code *code)
{
	return code >= view->spare &&
	       code < view->spare + sizeof(view->spare) / sizeof(*view->spare);
}

SM_OFTEN static bool can_keep(struct waiting *w, const struct sm_view *view,
			      struct py_object *args)
{
	return sm_interpose_sees_open() && args &&
	       sm_python_length(args) == 3 && !is_in_view(view, view->caller) &&
	       !is_in_view(view, view->owner) &&
	       keep_mode(w, sm_python_item(args, 1), view->caller) &&
	       keep_name(w, sm_python_item(args, 0)) &&
	       keep_flags(w, sm_python_item(args, 2));
}

SM_OFTEN bool sm_late_open_keep(const struct sm_view *view,
				struct py_object *args)
{
	struct waiting *w = &waiting[waiting_count];

	if (!can_keep(w, view, args)) {
		if (waiting_count)
			flush();
		return false;
	}
	w->caller = view->caller;
	w->owner = view->owner;
	w->line = view->line;
	w->via = view->via;
	w->kind = view->kind;
	w->time_ns = sm_agent_now_ns();
	w->thread = sm_agent_thread();
	waiting_count++;
	return true;
}
/* As an opener does: os.open() of the name that open() was given. */
static bool is_passed_on(const char *event, struct py_object *args)
{
	struct sm_str name = { waiting[0].name, waiting[0].length };
	bool is_text;

	return waiting_count == 1 && waiting[0].mode[0] &&
	       !strcmp(event, "open") && sm_forged_name != event && args &&
	       sm_python_length(args) == 3 &&
	       sm_python_item(args, 1) == sm_py._Py_NoneStruct &&
	       sm_str_equal(text_of(sm_python_item(args, 0), &is_text), name);
}

SM_RARELY void sm_late_open_next(const char *event, struct py_object *args)
{
	if (!is_passed_on(event, args))
		flush();
}

/* -------------------------------------------------------------------- call */

/* What is not ASCII is passed in the encoding of the locale. */
static bool is_waiting_for(const char *path)
{
	const char *at = waiting[0].name;

	if (!strcmp(path, at))
		return true;
	while (*at && !((uint8_t)*at & 0x80))
		at++;
	return *at != 0;
}

bool sm_late_open_is_denied(int dir_fd, const char *path)
{
	int saved = errno;
	bool is_denied;

	if (!path || !is_waiting_for(path))
		return false;
	is_denied = finish_all(dir_fd, false);
	errno = is_denied ? EACCES : saved;
	return is_denied;
}
