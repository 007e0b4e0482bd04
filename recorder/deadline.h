/* SPDX-License-Identifier: Apache-2.0 */
/*
 * deadline.h: waiting for a condition, but not for ever, whatever happens to
 * the clock on the wall.
 */
#ifndef RECORDER_DEADLINE_H
#define RECORDER_DEADLINE_H

#include <pthread.h>
#include <time.h>

/* A condition whose deadlines are sm_deadline_in()'s. */
void sm_deadline_init(pthread_cond_t *condition);
/* For pthread_cond_timedwait(). */
struct timespec sm_deadline_in(unsigned ms);

#endif
