/* SPDX-License-Identifier: Apache-2.0 */
/*
 * late_open.c: os.open() of a relative path, whose directory the audit event
 * does not tell (dir_fd is not among its arguments: CPython issue 116429).
 *
 * The hook keeps such an event back; the call to open or openat that follows in
 * the same thread says which directory it was, and there it is decided and
 * recorded. A denial is EACCES from the C library, so Python raises a plain
 * PermissionError. The GIL is not held there: no Python object is touched.
 */
#include "recorder/agent/agent.h"

#include <errno.h>
#include <fcntl.h>

#define NAME_MAX_BYTES 768 /* longer ones are looked at after the call */

struct waiting {
	bool is_set, is_text;
	uint32_t length, thread;
	char name[NAME_MAX_BYTES + 1];
	int64_t flags;
	uint64_t time_ns;
	const struct sm_code *caller, *owner;
	uint32_t line;
	enum sm_via via;
	enum sm_principal_kind kind;
};

static SM_THREAD_LOCAL struct waiting waiting;

void sm_late_open_reset(void)
{
	waiting.is_set = false;
}

SM_OFTEN bool sm_late_open_is_waiting(void)
{
	return waiting.is_set;
}

SM_RARELY static bool keep_name(struct py_object *o)
{
	unsigned long flags = sm_py.PyType_GetFlags(sm_python_type(o));
	PY_SIZE n = 0;
	const char *p = NULL;
	char *bytes;

	waiting.is_text = flags & PY_IS_STR;
	if (flags & PY_IS_STR)
		p = sm_py.PyUnicode_AsUTF8AndSize(o, &n);
	else if (flags & PY_IS_BYTES &&
		 !sm_py.PyBytes_AsStringAndSize(o, &bytes, &n))
		p = bytes;
	if (!p && flags & (PY_IS_STR | PY_IS_BYTES))
		sm_py.PyErr_Clear();
	if (!p || n <= 0 || n > NAME_MAX_BYTES || p[0] == '/' ||
	    memchr(p, '\0', (size_t)n))
		return false;
	memcpy(waiting.name, p, (size_t)n);
	waiting.name[n] = '\0';
	waiting.length = (uint32_t)n;
	return true;
}

static bool keep_flags(struct py_object *o)
{
	int overflow = 0;

	if (!(sm_py.PyType_GetFlags(sm_python_type(o)) & PY_IS_INT))
		return false;
	waiting.flags = sm_py.PyLong_AsLongLongAndOverflow(o, &overflow);
	return !overflow;
}

/* Entries of the code table stay; what stands in view itself does not. */
static bool is_in_view(const struct sm_view *view, const struct sm_code *code)
{
	return code >= view->spare &&
	       code < view->spare + sizeof(view->spare) / sizeof(*view->spare);
}

SM_OFTEN bool sm_late_open_keep(const struct sm_view *view,
				struct py_object *args)
{
	if (!sm_interpose_sees_open() || !args || sm_python_length(args) != 3 ||
	    sm_python_item(args, 1) != sm_py._Py_NoneStruct ||
	    is_in_view(view, view->caller) || is_in_view(view, view->owner) ||
	    !keep_name(sm_python_item(args, 0)) ||
	    !keep_flags(sm_python_item(args, 2)))
		return false;
	waiting.caller = view->caller;
	waiting.owner = view->owner;
	waiting.line = view->line;
	waiting.via = view->via;
	waiting.kind = view->kind;
	waiting.time_ns = sm_agent_now_ns();
	waiting.thread = sm_agent_thread();
	waiting.is_set = true;
	return true;
}

/* The event as the hook would have built it; under the lock. */
static void build(int dir_fd, struct sm_view *view, struct sm_value values[3],
		  struct sm_record_event *record)
{
	static char resolved[SM_PATH_MAX];
	struct sm_event *event = &record->event;
	struct sm_str name = { waiting.name, waiting.length };

	memset(values, 0, 3 * sizeof(*values));
	memset(record, 0, sizeof(*record));
	memset(view, 0, sizeof(*view));
	values[0].type = waiting.is_text ? SM_TEXT : SM_BYTES;
	values[0].s = name.p;
	values[0].len = name.len;
	values[0].full_len = name.len;
	values[2].type = SM_INT;
	values[2].i = waiting.flags;
	view->caller = waiting.caller;
	view->owner = waiting.owner;
	view->line = waiting.line;
	view->via = waiting.via;
	view->kind = waiting.kind;
	event->seq = ++sm_agent.seq;
	event->time_ns = waiting.time_ns;
	event->thread = waiting.thread;
	event->site.kind = SM_EVENT_OPEN;
	event->site.event = sm_catalogue[SM_EVENT_OPEN].name;
	sm_frames_site(view, &event->site);
	event->args = values;
	event->argc = 3;
	event->resolved[0] = sm_resolve_at(dir_fd, name, resolved);
}

/* True: denied. is_misread: dir_fd is a guess. */
static bool finish(int dir_fd, bool is_misread)
{
	static struct sm_record_event record; /* all three under the lock */
	static struct sm_view view;
	static struct sm_denial denial;
	struct sm_value values[3];
	bool is_denied;

	waiting.is_set = false;
	if (!sm_agent_lock())
		return sm_agent_lost();
	build(dir_fd, &view, values, &record);
	is_denied = sm_deny_decide(&view, &record.event, &denial);
	sm_agent_store(&view, &record);
	if (!is_denied)
		sm_announce(&view, &record.event, is_misread);
	else if (is_misread)
		sm_announce_refused(&view, &record.event);
	sm_agent_unlock();
	return is_denied;
}

/*
 * The call did not come: a made-up event, an interposer before us, or another
 * hook's event comes first. It was relative to the cwd as far as anybody knows;
 * if that is denied, so is the call, should it come.
 */
void sm_late_open_flush(void)
{
	finish(AT_FDCWD, true);
}

/* What is not ASCII is passed in the encoding of the locale. */
static bool is_waiting_for(const char *path)
{
	const char *at = waiting.name;

	if (!strcmp(path, waiting.name))
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
	is_denied = finish(dir_fd, false);
	errno = is_denied ? EACCES : saved;
	return is_denied;
}
