/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exec_note.h: what an exec runs, written down without lock or allocation.
 *
 * A vfork child shares its parent's memory but must not touch the ring: it may
 * be killed at any time, and its parent's thread is stopped. It leaves a note;
 * the parent's next event publishes it. A note that its writer did not finish
 * stays taken.
 */
#ifndef RECORDER_AGENT_EXEC_NOTE_H
#define RECORDER_AGENT_EXEC_NOTE_H

#include "recorder/agent/agent.h"

#define SM_NOTE_TEXT (32u << 10) /* as much as an event may hold */
#define SM_NOTE_RULE 160	 /* bundle and id of a rule */

struct sm_exec_note {
	_Atomic uint32_t state;
	uint64_t time_ns;
	uint32_t thread, argc;
	struct sm_kept_view who;
	struct sm_value values[3]; /* program, argv, environment */
	struct sm_value argv[SM_ITEMS_MAX];
	struct sm_str resolved[SM_RESOLVED_MAX];
	struct sm_recorded_verdict verdict, shadow;
	char rule[2][SM_NOTE_RULE];
	char path[SM_RESOLVED_MAX][SM_PATH_MAX];
	char text[SM_NOTE_TEXT];   /* program and argv */
	struct sm_secrets secrets; /* shares out text */
};

/* A free note, taken; NULL: there is none, and sm_note_miss() counts that. */
struct sm_exec_note *sm_note_take(void);
void sm_note_miss(void);
/* path: the program, canonical; empty when it has no name. */
void sm_note_fill(struct sm_exec_note *note, const struct sm_view *view,
		  const struct sm_exec *exec, struct sm_str path,
		  struct sm_str changes);
/* The event the note tells of; points into the note. */
void sm_note_event(const struct sm_exec_note *note, struct sm_event *event);
void sm_note_leave(struct sm_exec_note *note, const struct sm_event *event);
/* Forgets all of them, in a forked child: they are its parent's to tell. */
void sm_notes_reset(void);

#endif
