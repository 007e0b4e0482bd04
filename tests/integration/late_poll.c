/* SPDX-License-Identifier: Apache-2.0 */
/*
 * late_poll.c: preloaded into a guest, poll(2) says that the time is over.
 * LATE_POLL=answered: only when what was waited for is there.
 */
#define _GNU_SOURCE
#include <poll.h>
#include <stdlib.h>
#include <string.h>

int poll(struct pollfd *fds, nfds_t count, int ms)
{
	const char *when = getenv("LATE_POLL");

	(void)ms;
	if (when && !strcmp(when, "answered"))
		ppoll(fds, count, NULL, NULL);
	return 0;
}
