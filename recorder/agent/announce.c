/* SPDX-License-Identifier: Apache-2.0 */
/*
 * announce.c: calls the hook let through, until the C library sees them.
 */
#include "recorder/agent/real.h"

#include <errno.h>

/* The call a thread has announced and is about to make. */
struct announced {
	enum sm_event_kind kind; /* of its second event; OTHER: none */
	bool is_any;		 /* the event does not tell the name */
	uint32_t length;
	uint64_t hash; /* of the name, as it is passed */
	struct sm_kept_view who;
};

/* Opens apart: what raises events of its own may come before them. */
static SM_THREAD_LOCAL struct announced opens, others;

static struct announced *slot(enum sm_event_kind kind)
{
	return kind == SM_EVENT_OPENED ? &opens : &others;
}

void sm_announce_reset(void)
{
	opens.kind = others.kind = SM_EVENT_OTHER;
}

/* Whom we know nothing by is forgotten with the next event. */
void sm_announce_next_event(void)
{
	if (opens.is_any)
		opens.kind = SM_EVENT_OTHER;
	if (others.is_any)
		others.kind = SM_EVENT_OTHER;
}

enum sm_event_kind sm_announce_second(enum sm_event_kind kind)
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
static uint64_t hash_of(const char *s, uint32_t n, bool *is_plain)
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

void sm_announce(const struct sm_view *view, const struct sm_event *event)
{
	const struct sm_value *name = event->argc ? &event->args[0] : NULL;
	enum sm_event_kind kind = sm_announce_second(event->site.kind);
	struct announced *a = slot(kind);
	bool is_plain = false;

	a->kind = SM_EVENT_OTHER;
	if (!name || name->type == SM_INT || name->type == SM_NONE)
		return; /* no path: a descriptor, or the working directory */
	if (sm_value_is_string(name) && !sm_value_is_cut(name)) {
		a->length = name->len;
		a->hash = hash_of(name->s, name->len, &is_plain);
	}
	a->is_any = !is_plain;
	sm_view_keep(&a->who, view);
	a->kind = kind;
}

uint64_t sm_announced_hash(const char *path)
{
	bool is_plain;

	return hash_of(path, (uint32_t)strlen(path), &is_plain);
}

bool sm_announced_is_next(enum sm_event_kind kind, const char *path)
{
	const struct announced *a = slot(kind);
	bool is_plain;
	size_t n;

	if (a->kind != kind || !path)
		return false;
	if (a->is_any)
		return true;
	n = strlen(path);
	return n == a->length &&
	       hash_of(path, (uint32_t)n, &is_plain) == a->hash;
}

void sm_announced_done(enum sm_event_kind kind, bool is_made)
{
	if (is_made || (errno != EINTR && errno != ERANGE))
		slot(kind)->kind = SM_EVENT_OTHER;
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
	result = sm_announce_decide(&slot(kind)->who.view, kind, values, count,
				    &denial);
	sm_agent_unlock();
	return result;
}
