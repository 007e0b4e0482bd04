/* SPDX-License-Identifier: Apache-2.0 */
/*
 * collector_accept.c: connections, and what becomes of them when there are too
 * many. Draining thread.
 *
 * An agent says hello as soon as it is connected. Who says nothing takes room
 * from others: of the silent ones the oldest has to go. Where no descriptor is
 * left all the same, who connects waits in the kernel's queue; what a guest
 * said before it gave up is read from there later, and counted as refused.
 */
#include "recorder/collector_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#define SILENT_MAX   1024
#define SILENT_SHARE 4 /* or so much of all descriptors */
/* A guest waits five times as long: SM_CHANNEL_WAIT_MS. */
#define DEAF_NS 20000000u

static uint32_t silent_max(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) ||
	    limit.rlim_cur / SILENT_SHARE > SILENT_MAX)
		return SILENT_MAX;
	return (uint32_t)limit.rlim_cur / SILENT_SHARE;
}

/* ------------------------------------------------------------- connections */

void collector_drop(struct sm_collector *collector, struct source *source)
{
	struct source **at = &collector->connections;

	while (*at != source)
		at = &(*at)->next;
	*at = source->next;
	collector_unwatch(collector, source->fd);
	close(source->fd);
	source->fd = -1;
	collector->silent_count -=
		source->kind == SOURCE_CONNECTION && !source->pid;
	/* The round that is going on may have an event of it. */
	source->next = collector->dropped;
	collector->dropped = source;
}

void collector_free_dropped(struct sm_collector *collector)
{
	struct source *source;

	while ((source = collector->dropped)) {
		collector->dropped = source->next;
		free(source);
	}
}

static bool drop_silent(struct sm_collector *collector)
{
	struct source *source, *oldest = NULL;

	for (source = collector->connections; source; source = source->next)
		if (source->kind == SOURCE_CONNECTION && !source->pid)
			oldest = source;
	if (oldest)
		collector_drop(collector, oldest);
	return oldest;
}

void collector_keep(struct sm_collector *collector, struct source *source,
		    uint32_t pid)
{
	struct source *other = collector->connections;

	collector->silent_count -= !source->pid;
	source->pid = pid;
	while (other && (other == source || other->pid != pid))
		other = other->next;
	/* One each. What it had before a child of its may still use. */
	if (other) {
		other->pid = 0;
		collector->silent_count++;
	}
}

static bool add(struct sm_collector *collector, int fd, enum source_kind kind)
{
	struct source *source = calloc(1, sizeof(*source));

	if (!source)
		return false;
	source->kind = kind;
	source->fd = fd;
	source->next = collector->connections;
	collector->connections = source;
	collector->silent_count += kind == SOURCE_CONNECTION;
	collector_watch(collector, source);
	if (collector->silent_count > silent_max())
		drop_silent(collector);
	return true;
}

/* --------------------------------------------------------------- listening */

static void listen_to(struct sm_collector *collector, bool is_on)
{
	struct source *const listeners[] = {
		&collector->listener_source,
		&collector->named_source,
		&collector->status_source,
		&collector->control_source,
	};

	for (unsigned i = 0; i < sizeof(listeners) / sizeof(*listeners); i++) {
		struct epoll_event event = {
			.events = is_on ? EPOLLIN | EPOLLRDHUP : 0,
			.data.ptr = listeners[i],
		};

		/* Without a name there is one less: it is not watched. */
		epoll_ctl(collector->epoll, EPOLL_CTL_MOD, listeners[i]->fd,
			  &event);
	}
	collector->deaf_since_ns = is_on ? 0 : sm_collector_now_ns();
}

bool collector_is_deaf(struct sm_collector *collector)
{
	if (collector->deaf_since_ns &&
	    sm_collector_now_ns() - collector->deaf_since_ns >= DEAF_NS)
		listen_to(collector, true);
	return collector->deaf_since_ns;
}

static bool is_without_room(int fd)
{
	return fd < 0 && (errno == EMFILE || errno == ENFILE ||
			  errno == ENOBUFS || errno == ENOMEM);
}

int collector_accept(struct sm_collector *collector, int listener)
{
	const int flags = SOCK_CLOEXEC | SOCK_NONBLOCK;
	int fd = accept4(listener, NULL, NULL, flags);

	if (is_without_room(fd) && drop_silent(collector))
		fd = accept4(listener, NULL, NULL, flags);
	/* It stays ready: looking again at once would be all that is done. */
	if (is_without_room(fd))
		listen_to(collector, false);
	return fd;
}

void collector_connect(struct sm_collector *collector, int listener,
		       enum source_kind kind)
{
	int fd = collector_accept(collector, listener);

	if (fd >= 0 && !add(collector, fd, kind))
		close(fd);
}

/* Nobody may join who waits: some connect for as long as they are let in. */
static void answer_rest(struct sm_collector *collector, int listener)
{
	uint32_t pid;
	int fd;

	shutdown(listener, SHUT_RD);
	while ((fd = collector_accept(collector, listener)) >= 0) {
		collector_receive_hellos(collector, fd, &pid);
		close(fd);
	}
}

/* Who was let in last has said hello, but nobody listened yet. */
static void answer_connected(struct sm_collector *collector)
{
	struct source *source;
	uint32_t pid;

	while ((source = collector->connections)) {
		if (source->kind == SOURCE_CONNECTION)
			collector_receive_hellos(collector, source->fd, &pid);
		collector_drop(collector, source);
	}
	collector_free_dropped(collector);
	if (collector->is_inherited_open)
		collector_receive_hellos(collector, collector->inherited, &pid);
}

void collector_answer_rest(struct sm_collector *collector)
{
	answer_connected(collector);
	answer_rest(collector, collector->listener);
	if (collector->named >= 0)
		answer_rest(collector, collector->named);
}
