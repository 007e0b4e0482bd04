/* SPDX-License-Identifier: Apache-2.0 */
#include "recorder/agent/exec_note.h"

#define NOTES 4 /* execs of vfork children between two events of the parent */

enum { FREE, TAKEN, LEFT };

static struct sm_exec_note notes[NOTES];
static _Atomic uint32_t left;	/* how many are */
static _Atomic uint32_t missed; /* execs there was no note for */

struct sm_exec_note *sm_note_take(void)
{
	for (unsigned i = 0; i < NOTES; i++) {
		uint32_t state = FREE;

		if (atomic_compare_exchange_strong(&notes[i].state, &state,
						   TAKEN))
			return &notes[i];
	}
	return NULL;
}

void sm_note_miss(void)
{
	atomic_fetch_add(&missed, 1);
}

static void drop(struct sm_exec_note *note)
{
	atomic_store(&note->state, FREE);
}

void sm_notes_reset(void)
{
	for (unsigned i = 0; i < NOTES; i++)
		atomic_store(&notes[i].state, FREE);
	atomic_store(&left, 0);
	atomic_store(&missed, 0);
}

/* ----------------------------------------------------------------- filling */

static void copy(struct sm_exec_note *note, struct sm_value *value)
{
	struct sm_secrets *secrets = &note->secrets;
	uint32_t room = secrets->room - secrets->used;
	char *out = secrets->text + secrets->used;

	if (value->len > room)
		value->len = room;
	if (value->len)
		memcpy(out, value->s, value->len);
	secrets->used += value->len;
	value->s = out;
}

/* As the hook cuts and redacts what an event tells. argv NULL: a path. */
static void put_text(struct sm_exec_note *note, struct sm_redact_argv *argv,
		     struct sm_str text, struct sm_value *value)
{
	const char *raw = text.p;

	value->type = SM_BYTES;
	value->s = text.p;
	value->len = text.len < SM_STRING_MAX ? text.len : SM_STRING_MAX;
	value->full_len = text.len;
	if (argv && !(sm_agent.flags & SM_CHANNEL_NO_REDACT))
		sm_secrets_take_argument(&note->secrets, argv, value);
	if (value->s == raw)
		copy(note, value);
	if (sm_utf8_is_valid(sm_value_str(value)))
		value->type = SM_TEXT;
}

static void put_program(struct sm_exec_note *note, const struct sm_exec *exec)
{
	if (exec->path) {
		put_text(note, NULL, sm_str_of(exec->path), &note->values[0]);
		return;
	}
	note->values[0].type = SM_INT;
	note->values[0].i = exec->dir_fd;
}

static void put_argv(struct sm_exec_note *note, char *const argv[])
{
	struct sm_value *list = &note->values[1];
	struct sm_redact_argv state = { 0 };
	uint32_t n = 0;

	for (; argv && argv[n] && n < SM_ITEMS_MAX; n++)
		put_text(note, &state, sm_str_of(argv[n]), &note->argv[n]);
	list->type = SM_LIST;
	list->items = note->argv;
	list->len = n;
	list->full_len = n + (argv && argv[n]);
}

static struct sm_str put_path(struct sm_str path, char out[SM_PATH_MAX])
{
	if (path.len)
		memcpy(out, path.p, path.len);
	return (struct sm_str){ out, path.len };
}

void sm_note_fill(struct sm_exec_note *note, const struct sm_view *view,
		  const struct sm_exec *exec, struct sm_str path,
		  struct sm_str changes)
{
	memset(note->values, 0, sizeof(note->values));
	memset(note->argv, 0, sizeof(note->argv));
	memset(&note->verdict, 0, sizeof(note->verdict));
	memset(&note->shadow, 0, sizeof(note->shadow));
	note->secrets.text = note->text;
	note->secrets.room = sizeof(note->text);
	note->secrets.used = note->secrets.count = 0;
	note->time_ns = sm_agent_now_ns();
	note->thread = sm_agent_thread();
	sm_view_keep(&note->who, view);
	put_program(note, exec);
	put_argv(note, exec->argv);
	note->resolved[0] = put_path(path, note->path[0]);
	note->resolved[1] = put_path(changes, note->path[1]);
}

void sm_note_event(const struct sm_exec_note *note, struct sm_event *event)
{
	memset(event, 0, sizeof(*event));
	event->time_ns = note->time_ns;
	event->thread = note->thread;
	event->site.kind = SM_EVENT_EXECUTED;
	event->site.event = sm_catalogue[SM_EVENT_EXECUTED].name;
	sm_frames_site(&note->who.view, &event->site);
	event->args = note->values;
	event->argc = sizeof(note->values) / sizeof(note->values[0]);
	memcpy(event->resolved, note->resolved, sizeof(event->resolved));
	event->verdict = note->verdict;
	event->shadow = note->shadow;
}

/* -------------------------------------------------------------- publishing */

/* The policy a rule's name stands in may be another by then. */
static void keep_verdict(const struct sm_recorded_verdict *verdict,
			 struct sm_recorded_verdict *kept, char *rule)
{
	struct sm_str name = verdict->rule;

	if (name.len > SM_NOTE_RULE)
		name.len = SM_NOTE_RULE;
	if (name.len)
		memcpy(rule, name.p, name.len);
	kept->decision = verdict->decision;
	kept->rule = (struct sm_str){ rule, name.len };
}

void sm_note_leave(struct sm_exec_note *note, const struct sm_event *event)
{
	sm_secrets_tell(&note->secrets);
	keep_verdict(&event->verdict, &note->verdict, note->rule[0]);
	keep_verdict(&event->shadow, &note->shadow, note->rule[1]);
	atomic_store(&note->state, LEFT);
	atomic_fetch_add(&left, 1);
}

SM_OFTEN bool sm_exec_has_notes(void)
{
	return atomic_load_explicit(&left, memory_order_relaxed) != 0;
}

/* One is published by one thread only: the lock says which. */
void sm_exec_publish(void)
{
	static struct sm_record_event record; /* under the lock */

	if (!sm_agent_lock())
		return;
	for (unsigned i = 0; i < NOTES; i++) {
		struct sm_exec_note *note = &notes[i];

		if (atomic_load(&note->state) != LEFT)
			continue;
		memset(&record, 0, sizeof(record));
		sm_note_event(note, &record.event);
		record.event.seq = ++sm_agent.seq;
		sm_agent_store(&note->who.view, &record);
		atomic_fetch_sub(&left, 1);
		drop(note);
	}
	for (uint32_t n = atomic_exchange(&missed, 0); n; n--)
		sm_agent_lost();
	sm_agent_unlock();
}
