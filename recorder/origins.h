/* SPDX-License-Identifier: Apache-2.0 */
/*
 * origins.h: what there was where code came from, so that who reads the trace
 * elsewhere knows it: what a distribution consists of and needs, which modules
 * the application has, and which installed ones either names in an import
 * statement. Read by a thread of its own: a site directory of a Debian system
 * takes 40 to 150 ms, in which who stores events would store none.
 */
#ifndef RECORDER_ORIGINS_H
#define RECORDER_ORIGINS_H

#include <stdbool.h>

#include "recorder/record.h"

/* How long the end of a recording waits for what is still to be read. */
#define SM_ORIGINS_GRACE_MS 5000

struct sm_origins;

/* NULL: errno says why. Starts the thread. */
struct sm_origins *sm_origins_new(void);
/*
 * code was seen. A site directory, or a root of the application's code, is read
 * the first time and at once: what the program writes later is not among it.
 * Only sources are read later, when no new code is seen for a while. Looks at
 * no file itself; one thread calls this and the functions below.
 */
void sm_origins_note(struct sm_origins *origins,
		     const struct sm_record_code *code);

/* A key of the trace's meta and its value, borrowed; may not call others. */
typedef void sm_origins_fact(void *context, const char *key, const char *value);

/* Whether something was read that was not told yet. Cheap. */
bool sm_origins_have_news(const struct sm_origins *origins);
/* Tells what was not told yet, or all that is known. */
void sm_origins_tell(struct sm_origins *origins, bool all,
		     sm_origins_fact *fact, void *context);
/* Waits until all is read, or for grace_ms: the rest is left out. */
void sm_origins_finish(struct sm_origins *origins, unsigned grace_ms);
/* NULL is fine. Waits for the file at hand, at most. */
void sm_origins_free(struct sm_origins *origins);

#endif
