/* SPDX-License-Identifier: Apache-2.0 */
/*
 * late_drain.c: preloaded into a recorder, the thread that answers programs is
 * late: the first it does is to ask for a higher priority.
 */
#include <sys/resource.h>
#include <unistd.h>

int setpriority(__priority_which_t which, id_t who, int priority)
{
	(void)which, (void)who, (void)priority;
	usleep(400000);
	return 0;
}
