/* SPDX-License-Identifier: Apache-2.0 */
/*
 * announce.c: calls the hook let through, until the C library sees them.
 *
 * Hooks that Python code adds run after ours, before the call, and make calls
 * of their own; so do handlers of signals before a call that was interrupted is
 * made again. Where there are such, what is announced waits while the stack may
 * still hold it: nothing is over before the stack was unwound behind the event
 * that announced it. What waits too long is looked at once more than it need
 * be, which costs time and decides the same. Not so databases, which are
 * decided by nothing else: where none waits, nothing SQLite opens is one.
 */
#include "recorder/agent/real.h"

#include <errno.h>

#define INTERRUPTED_MAX 3

/* The call a thread has announced and is about to make. */
struct announced {
	enum sm_event_kind kind; /* of its second event; OTHER: none */
	bool is_any;		 /* the event does not tell the name */
	bool is_misread;	 /* nor the directory it is relative to */
	bool is_refused;	 /* by what was read of it */
	uint32_t length;
	uint64_t hash; /* of the name, as it is passed */
	uintptr_t at;  /* the hook's place on the stack, which grows down */
	struct sm_kept_view who;
};

struct announcements {
	struct announced now;
	uintptr_t call; /* the call that was it: its place on the stack */
	/* By other hooks' events, the outermost first. */
	struct announced interrupted[INTERRUPTED_MAX];
	uint32_t count;
	bool is_full;		/* some that had no room: any call may be one */
	bool has_lost_database; /* among these */
};

/* Opens apart: what raises events of its own may come before them. */
static SM_THREAD_LOCAL struct announcements opens, others;
static SM_THREAD_LOCAL uintptr_t here; /* of the last event */
static _Atomic bool has_hooks;	       /* or handlers, see above */

static struct announcements *slot(enum sm_event_kind kind)
{
	return kind == SM_EVENT_OPENED ? &opens : &others;
}

/* A kept view may point into itself. */
static void copy(struct announced *to, const struct announced *from)
{
	*to = *from;
	sm_view_keep(&to->who, &from->who.view);
}

static void reset(struct announcements *a)
{
	a->now.kind = SM_EVENT_OTHER;
	a->count = 0;
	a->is_full = a->has_lost_database = false;
}

void sm_announce_reset(void)
{
	reset(&opens);
	reset(&others);
}

void sm_announce_hooks(void)
{
	atomic_store_explicit(&has_hooks, true, memory_order_relaxed);
}

static bool are_hooks(void)
{
	return atomic_load_explicit(&has_hooks, memory_order_relaxed);
}

/* The stack reaches no deeper than to at: what was announced there is over. */
static void unwind(struct announcements *a, uintptr_t at)
{
	while (a->count && a->interrupted[a->count - 1].at <= at) {
		a->count--;
		a->is_full = a->has_lost_database = false;
	}
}

static void lose(struct announcements *a)
{
	a->is_full = true;
	a->has_lost_database |= a->now.kind == SM_EVENT_DATABASE;
}

/* Before an event at `here`, which may come out of the call announced. */
static void interrupt(struct announcements *a)
{
	unwind(a, here);
	if (a->now.kind != SM_EVENT_OTHER && a->now.at > here) {
		if (a->count < INTERRUPTED_MAX)
			copy(&a->interrupted[a->count++], &a->now);
		else
			lose(a);
		a->now.kind = SM_EVENT_OTHER;
	} else if (a->now.is_any) {
		a->now.kind = SM_EVENT_OTHER;
	}
}

/* Whom we know nothing by is forgotten with the next event. */
SM_OFTEN void sm_announce_next_event(const void *frame)
{
	here = (uintptr_t)frame;
	if (are_hooks()) {
		interrupt(&opens);
		interrupt(&others);
		return;
	}
	if (opens.now.is_any)
		opens.now.kind = SM_EVENT_OTHER;
	if (others.now.is_any)
		others.now.kind = SM_EVENT_OTHER;
}

SM_OFTEN enum sm_event_kind sm_announce_second(enum sm_event_kind kind)
{
	switch (kind) {
	case SM_EVENT_OPEN:
		return SM_EVENT_OPENED;
	case SM_EVENT_OS_CHMOD:
	case SM_EVENT_OS_CHOWN:
	case SM_EVENT_OS_UTIME:
	case SM_EVENT_OS_GETXATTR:
	case SM_EVENT_OS_LISTXATTR:
	case SM_EVENT_OS_SETXATTR:
	case SM_EVENT_OS_REMOVEXATTR:
		return SM_EVENT_CHANGED;
	case SM_EVENT_OS_LISTDIR:
	case SM_EVENT_OS_SCANDIR:
		return SM_EVENT_LISTED;
	case SM_EVENT_OS_MKDIR:
		return SM_EVENT_MADE;
	case SM_EVENT_OS_REMOVE:
	case SM_EVENT_OS_RMDIR:
		return SM_EVENT_REMOVED;
	case SM_EVENT_OS_RENAME:
		return SM_EVENT_RENAMED;
	case SM_EVENT_OS_LINK:
		return SM_EVENT_LINKED;
	case SM_EVENT_OS_SYMLINK:
		return SM_EVENT_SYMLINKED;
	case SM_EVENT_OS_TRUNCATE:
		return SM_EVENT_TRUNCATED;
	default:
		return SM_EVENT_OTHER;
	}
}

/* Not only ASCII: *is_plain becomes false, its bytes depend on the locale. */
SM_OFTEN static uint64_t hash_of(const char *s, uint32_t n, bool *is_plain)
{
	uint64_t h = n, word, high = 0;

	for (; n; s += sizeof(word), n -= (uint32_t)sizeof(word)) {
		if (n >= sizeof(word))
			memcpy(&word, s, sizeof(word));
		else
			word = sm_short_word(s, n);
		high |= word;
		h = (h ^ word) * 0x9e3779b97f4a7c15u;
		h ^= h >> 32;
		if (n < sizeof(word))
			break;
	}
	*is_plain = !(high & 0x8080808080808080u);
	return h;
}

SM_OFTEN void sm_announce(const struct sm_view *view,
			  const struct sm_event *event, bool is_misread)
{
	const struct sm_value *name = event->argc ? &event->args[0] : NULL;
	enum sm_event_kind kind = sm_announce_second(event->site.kind);
	struct announced *a;
	bool is_plain = false;

	if (event->site.kind == SM_EVENT_SQLITE3_CONNECT) {
		kind = SM_EVENT_DATABASE;
		sm_announce_hooks(); /* the object's __fspath__ runs first */
	}
	a = &slot(kind)->now;
	a->kind = SM_EVENT_OTHER;
	if (!name || name->type == SM_INT || name->type == SM_NONE)
		return; /* no path: a descriptor, or the working directory */
	if (sm_value_is_string(name) && !sm_value_is_cut(name)) {
		a->length = name->len;
		a->hash = hash_of(name->s, name->len, &is_plain);
	}
	a->is_any = !is_plain;
	a->is_misread = is_misread;
	a->is_refused = false;
	a->at = here;
	sm_view_keep(&a->who, view);
	a->kind = kind;
}

void sm_announce_refused(const struct sm_view *view,
			 const struct sm_event *event)
{
	sm_announce(view, event, true);
	opens.now.is_refused = true;
}

void sm_announce_any(const struct sm_view *view, enum sm_event_kind kind)
{
	struct announced *a = &slot(kind)->now;

	a->is_any = true;
	a->is_misread = false;
	a->is_refused = false;
	a->at = here;
	sm_view_keep(&a->who, view);
	a->kind = kind;
}

uint64_t sm_announced_hash(const char *path)
{
	bool is_plain;

	return hash_of(path, (uint32_t)strlen(path), &is_plain);
}

static bool is_it(const struct announced *a, enum sm_event_kind kind,
		  const char *path)
{
	bool is_plain;
	size_t n;

	if (a->kind != kind)
		return false;
	if (a->is_any)
		return true;
	n = strlen(path);
	return n == a->length &&
	       hash_of(path, (uint32_t)n, &is_plain) == a->hash;
}

/* Among those that other hooks have interrupted; it becomes the one of now. */
static bool find_interrupted(struct announcements *a, enum sm_event_kind kind,
			     const char *path)
{
	for (uint32_t i = a->count; i--;)
		if (is_it(&a->interrupted[i], kind, path)) {
			copy(&a->now, &a->interrupted[i]);
			return true;
		}
	if (!a->is_full || (kind == SM_EVENT_DATABASE && !a->has_lost_database))
		return false;
	copy(&a->now, &a->interrupted[INTERRUPTED_MAX - 1]);
	a->now.kind = kind;
	a->now.is_misread = true;
	return true;
}

bool sm_announced_is_next(enum sm_event_kind kind, const char *path)
{
	struct announcements *a = slot(kind);

	if (!path || (!is_it(&a->now, kind, path) &&
		      (!a->count || !find_interrupted(a, kind, path))))
		return false;
	a->call = (uintptr_t)__builtin_frame_address(0);
	return true;
}

bool sm_announced_is_misread(void)
{
	return opens.now.is_misread;
}

bool sm_announced_is_refused(void)
{
	return opens.now.is_refused;
}

void sm_announced_done(enum sm_event_kind kind, bool is_made)
{
	struct announcements *a = slot(kind);

	/* Before it is made again, handlers of signals may run as hooks do. */
	if (!is_made && errno == EINTR)
		sm_announce_hooks();
	if (!is_made && (errno == EINTR || errno == ERANGE))
		return;
	if (are_hooks()) {
		/* Made by native code that a hook has called: not yet over. */
		if (a->call <= a->now.at)
			return;
		unwind(a, a->call);
	}
	a->now.kind = SM_EVENT_OTHER;
}

bool sm_announce_decide(const struct sm_view *view, enum sm_event_kind kind,
			const struct sm_value *values, uint32_t count,
			struct sm_denial *denial)
{
	static struct sm_record_event record; /* under the lock */
	struct sm_event *event = &record.event;
	bool result;

	memset(&record, 0, sizeof(record));
	event->seq = ++sm_agent.seq;
	event->time_ns = sm_agent_now_ns();
	event->thread = sm_agent_thread();
	event->site.kind = kind;
	event->site.event = sm_catalogue[kind].name;
	sm_frames_site(view, &event->site);
	event->args = values;
	event->argc = count;
	result = sm_deny_decide(view, event, denial);
	sm_agent_store(view, &record);
	return result;
}

bool sm_announced_is_denied(enum sm_event_kind kind,
			    const struct sm_value *values, uint32_t count)
{
	static struct sm_denial denial; /* under the lock */
	bool result;

	if (!sm_agent_lock())
		return sm_agent_lost();
	result = sm_announce_decide(&slot(kind)->now.who.view, kind, values,
				    count, &denial);
	sm_agent_unlock();
	return result;
}
