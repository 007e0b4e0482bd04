/* SPDX-License-Identifier: Apache-2.0 */
/*
 * collector.c: the collector's life: sockets, threads, summary.
 */
#include "recorder/collector_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include "recorder/origins.h"

static enum sm_status fail(struct sm_diag *diag, const char *what)
{
	return sm_fail(diag, SM_IO, "%s: %s", what, strerror(errno));
}

static enum sm_status copy_options(struct sm_collector *collector,
				   const struct sm_collector_options *options,
				   struct sm_diag *diag)
{
	collector->options = *options;
	if (!options->ring_bytes)
		collector->options.ring_bytes = SM_RING_BYTES;
	collector->title = strdup(options->title ? options->title : "");
	collector->output = strdup(options->output ? options->output : "");
	collector->batch = malloc(SM_BATCH_BYTES);
	if (!collector->title || !collector->output || !collector->batch)
		return sm_fail(diag, SM_NOMEM, "out of memory");
	return SM_OK;
}

/*
 * Rings count against the file size limit of who makes them. SIGXFSZ is
 * blocked or ignored by callers that run under one.
 */
static void raise_limit(int resource, struct rlimit *old)
{
	struct rlimit limit;

	if (getrlimit(resource, &limit))
		return;
	if (old)
		*old = limit;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(resource, &limit);
}

/*
 * Learns at once, not at the first hello, that rings cannot be made. COMMAND
 * will inherit the limits as they were.
 */
static enum sm_status try_ring(const struct sm_collector *collector,
			       struct sm_diag *diag)
{
	struct sm_ring_memory memory;
	struct rlimit old = { RLIM_INFINITY, RLIM_INFINITY };
	enum sm_status status;

	raise_limit(RLIMIT_FSIZE, &old);
	status = sm_ring_create(collector->options.ring_bytes, &memory, diag);
	setrlimit(RLIMIT_FSIZE, &old);
	if (!status)
		sm_ring_destroy(&memory);
	return status;
}

enum sm_status sm_collector_open(const struct sm_collector_options *options,
				 struct sm_collector **out,
				 struct sm_diag *diag)
{
	struct sm_collector *collector = calloc(1, sizeof(*collector));
	enum sm_status status;

	*out = NULL;
	if (!collector)
		return sm_fail(diag, SM_NOMEM, "out of memory");
	queue_init(&collector->queue);
	sem_init(&collector->is_draining, 0, 0);
	held_policy_init(&collector->policy);
	held_policy_init(&collector->shadow);
	collector->listener = collector->named = collector->status =
		collector->control = collector->inherited =
			collector->inheritable = collector->epoll =
				collector->wake = -1;
	collector->done = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	status = collector->done < 0 ? fail(diag, "eventfd") : SM_OK;
	if (!status)
		status = copy_options(collector, options, diag);
	if (!status)
		status = try_ring(collector, diag);
	if (!status)
		status = held_policy_take(&collector->policy, &options->policy,
					  diag);
	if (!status)
		status = held_policy_take(&collector->shadow, &options->shadow,
					  diag);
	collector->generation = collector->policy.fd >= 0;
	if (!status)
		status = collector_sockets_open(collector, diag);
	if (status)
		sm_collector_free(collector);
	else
		*out = collector;
	return status;
}

const char *sm_collector_channel(const struct sm_collector *collector)
{
	return collector->channel;
}

void sm_collector_inherit(const struct sm_collector *collector)
{
	fcntl(collector->inheritable, F_SETFD, 0);
}

static bool watch(struct sm_collector *collector, struct source *source,
		  enum source_kind kind, int fd)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLRDHUP,
				     .data.ptr = source };

	source->kind = kind;
	source->fd = fd;
	return !epoll_ctl(collector->epoll, EPOLL_CTL_ADD, fd, &event);
}

static enum sm_status watch_sockets(struct sm_collector *collector,
				    struct sm_diag *diag)
{
	collector->epoll = epoll_create1(EPOLL_CLOEXEC);
	collector->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (collector->epoll < 0 || collector->wake < 0 ||
	    !watch(collector, &collector->listener_source, SOURCE_LISTENER,
		   collector->listener) ||
	    (collector->named >= 0 &&
	     !watch(collector, &collector->named_source, SOURCE_LISTENER,
		    collector->named)) ||
	    !watch(collector, &collector->status_source, SOURCE_STATUS,
		   collector->status) ||
	    !watch(collector, &collector->control_source, SOURCE_CONTROL,
		   collector->control) ||
	    !watch(collector, &collector->inherited_source, SOURCE_INHERITED,
		   collector->inherited) ||
	    !watch(collector, &collector->wake_source, SOURCE_WAKE,
		   collector->wake))
		return fail(diag, "epoll");
	collector->is_inherited_open = true;
	return SM_OK;
}

enum { TELL_TRIES = 100 };

/* Who waits for it waits for nothing else: a write that a signal or a filter of
 * system calls refuses is tried again. */
static void tell(int fd)
{
	const uint64_t one = 1;
	unsigned tries = 0;

	/* EAGAIN: it is readable already. */
	while (write(fd, &one, sizeof(one)) < 0 && errno != EAGAIN &&
	       ++tries < TELL_TRIES)
		;
}

static void *store_and_tell(void *context)
{
	struct sm_collector *collector = context;

	collector_store(collector);
	tell(collector->done);
	return NULL;
}

enum sm_status sm_collector_start(struct sm_collector *collector,
				  uint32_t command_pid,
				  struct sm_trace_writer *trace,
				  struct sm_diag *diag)
{
	enum sm_status status;

	close(collector->inheritable);
	collector->inheritable = -1;
	collector->command_pid = command_pid;
	collector->trace = trace;
	/* One pidfd a process, one connection an exec'ed one. */
	raise_limit(RLIMIT_NOFILE, NULL);
	raise_limit(RLIMIT_FSIZE, NULL);
	status = watch_sockets(collector, diag);
	if (status)
		return status;
	if (!policy_announce(collector))
		return sm_fail(diag, SM_NOMEM, "out of memory");
	collector->origins = trace ? sm_origins_new() : NULL;
	if (trace && !collector->origins)
		return fail(diag, "pthread_create");
	collector->file_begun_ns = sm_collector_now_ns();
	errno = pthread_create(&collector->store_thread, NULL, store_and_tell,
			       collector);
	if (errno)
		return fail(diag, "pthread_create");
	collector->has_store_thread = true;
	errno = pthread_create(&collector->drain_thread, NULL, collector_drain,
			       collector);
	if (errno)
		return fail(diag, "pthread_create");
	collector->has_drain_thread = true;
	/* The first hello has 100 ms: not for a thread to begin. */
	while (sem_wait(&collector->is_draining) && errno == EINTR)
		;
	return SM_OK;
}

void sm_collector_command_ended(struct sm_collector *collector, int32_t status)
{
	collector->command_status = status;
	collector->has_command_ended = true;
	tell(collector->wake);
}

void sm_collector_stop(struct sm_collector *collector)
{
	collector->should_stop = true;
	tell(collector->wake);
}

int sm_collector_done_fd(const struct sm_collector *collector)
{
	return collector->done;
}

/* A drainer that never came cannot tell the storing thread to stop. */
static void stop_store(struct sm_collector *collector)
{
	struct item *stop;

	if (collector->has_drain_thread)
		return;
	while (!(stop = item_new(ITEM_STOP, NULL, NULL, 0)))
		usleep(1000);
	queue_push(&collector->queue, stop);
}

void sm_collector_join(struct sm_collector *collector,
		       struct sm_collector_summary *summary)
{
	if (collector->has_drain_thread)
		pthread_join(collector->drain_thread, NULL);
	if (collector->has_store_thread) {
		stop_store(collector);
		pthread_join(collector->store_thread, NULL);
	}
	collector->has_drain_thread = collector->has_store_thread = false;
	collector->summary.processes = collector->started;
	collector->summary.files++;
	*summary = collector->summary;
}

static void close_fd(int fd)
{
	if (fd >= 0)
		close(fd);
}

void sm_collector_free(struct sm_collector *collector)
{
	if (!collector)
		return;
	collector_sockets_close(collector);
	close_fd(collector->epoll);
	close_fd(collector->wake);
	close_fd(collector->done);
	held_policy_free(&collector->policy);
	held_policy_free(&collector->shadow);
	if (collector->founder_end.end_ns && collector->options.next_trace)
		process_free(collector->founder);
	policies_free(collector);
	sm_origins_free(collector->origins);
	queue_destroy(&collector->queue);
	sem_destroy(&collector->is_draining);
	free(collector->batch);
	free(collector->title);
	free(collector->output);
	free(collector);
}
