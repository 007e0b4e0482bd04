/* SPDX-License-Identifier: Apache-2.0 */
/*
 * collector_drain.c: the draining thread: handshakes, rings, deaths. It never
 * waits for the disk; when the queue is full it leaves the rings alone, and
 * what they cannot hold is dropped and counted where it happens.
 */
#include "recorder/collector_internal.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#define DELAY_BUSY_MS 1	 /* a ring filled by more than 1/16 since */
#define DELAY_SOME_MS 20 /* something came */
#define DELAY_IDLE_MS 50 /* nothing did: 20 wake-ups a second */
/*
 * COMMAND may end before a child it left behind has connected: ld.so needs
 * about a millisecond from exec to the agent's constructor.
 */
#define GRACE_NS   30000000u
#define EVENTS_MAX 64
/* So many rings may keep so much of what was read; more of them nothing. */
#define FEW	  4
#define FEW_BYTES (8u << 20)
#define NICE	  (-10)

void collector_watch(struct sm_collector *collector, struct source *source)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLRDHUP,
				     .data.ptr = source };

	epoll_ctl(collector->epoll, EPOLL_CTL_ADD, source->fd, &event);
}

/*
 * close() alone leaves it there while a forked process holds a copy, and its
 * source would be used after it was freed.
 */
void collector_unwatch(struct sm_collector *collector, int fd)
{
	epoll_ctl(collector->epoll, EPOLL_CTL_DEL, fd, NULL);
}

/* ---------------------------------------------------------------- sources */

static void accept_status(struct sm_collector *collector)
{
	int fd = collector_accept(collector, collector->status);

	if (fd < 0)
		return;
	collector_answer_status(collector, fd);
	close(fd);
}

static void serve_connection(struct sm_collector *collector,
			     struct source *source)
{
	uint32_t pid = 0;

	if (source->fd < 0)
		return; /* dropped in this round */
	if (source->kind == SOURCE_REQUEST) {
		collector_answer_request(collector, source->fd);
		collector_drop(collector, source);
	} else if (!collector_receive_hellos(collector, source->fd, &pid)) {
		collector_drop(collector, source);
	} else if (pid) {
		collector_keep(collector, source, pid);
	}
}

static void end_inherited(struct sm_collector *collector)
{
	collector->is_inherited_open = false;
	collector_unwatch(collector, collector->inherited);
}

static void clear_wake(struct sm_collector *collector)
{
	uint64_t value;

	while (read(collector->wake, &value, sizeof(value)) < 0 &&
	       errno == EINTR)
		;
}

static void serve(struct sm_collector *collector, struct source *source)
{
	uint32_t pid;

	switch (source->kind) {
	case SOURCE_LISTENER:
		collector_connect(collector, source->fd, SOURCE_CONNECTION);
		break;
	case SOURCE_CONTROL:
		collector_connect(collector, source->fd, SOURCE_REQUEST);
		break;
	case SOURCE_STATUS:
		accept_status(collector);
		break;
	case SOURCE_INHERITED:
		if (!collector_receive_hellos(collector, source->fd, &pid))
			end_inherited(collector);
		break;
	case SOURCE_REQUEST:
	case SOURCE_CONNECTION:
		serve_connection(collector, source);
		break;
	case SOURCE_PROCESS:
		((struct process *)source)->is_dead = true;
		collector_unwatch(collector, source->fd);
		break;
	case SOURCE_WAKE:
		clear_wake(collector);
		break;
	}
}

/* ------------------------------------------------------------------ rings */

static void copy_counters(const struct sm_ring_header *header,
			  struct counters *counters)
{
	int i;

	counters->attempts = atomic_load(&header->attempts);
	counters->noise = atomic_load(&header->noise);
	for (i = 0; i < SM_LOSSES; i++)
		counters->lost[i] = atomic_load(&header->lost[i]);
}

/*
 * Idle rings keep what they had when there were fewer: shares of one sum would
 * come to seven times as much with a thousand that came one by one.
 */
static uint32_t kept_bytes(const struct sm_collector *collector)
{
	size_t count = collector->process_count;

	return count > FEW ? 0 : (uint32_t)(FEW_BYTES / count);
}

/*
 * Hands the batch on. Without memory for that it stays where it is, and nothing
 * more is taken from any ring: what they cannot hold is counted there.
 */
static bool pass_batch(struct sm_collector *collector)
{
	struct process *process = collector->batch_process;
	struct item *item;

	if (!collector->batch_bytes)
		return true;
	item = item_new(ITEM_RECORDS, process, collector->batch,
			collector->batch_bytes);
	if (!item)
		return false;
	item->after_denial =
		atomic_load(&process->memory.reader.header->after_denial);
	queue_push(&collector->queue, item);
	collector->batch_bytes = 0;
	return true;
}

/*
 * What one ring may fill of a batch before it is the next ring's turn. When
 * more comes than is stored, quiet rings are to be seen often.
 */
static size_t share(const struct sm_collector *collector,
		    const struct process *process)
{
	const struct queue *queue = &collector->queue;
	size_t room = queue_room(queue, process, collector->process_count);
	size_t turn = queue->bytes > SM_QUEUE_BYTES / 2 ? SM_BATCH_BYTES / 16
							: SM_BATCH_BYTES;

	return room < turn ? room : turn;
}

/*
 * At most a batch from one ring, then the next ring: a flooder cannot starve
 * the others. It ends with the record that reaches most bytes. Returns the
 * bytes taken.
 */
static uint32_t drain_ring(struct sm_collector *collector,
			   struct process *process, size_t most, bool *is_empty)
{
	uint32_t used = 0, bytes;

	*is_empty = false;
	if (!pass_batch(collector))
		return 0;
	while (used < most &&
	       used + sizeof(bytes) + SM_RECORD_MAX <= SM_BATCH_BYTES) {
		if (sm_ring_read(&process->memory.reader,
				 collector->batch + used + sizeof(bytes),
				 &bytes)) {
			*is_empty = true;
			break;
		}
		memcpy(collector->batch + used, &bytes, sizeof(bytes));
		used += (uint32_t)sizeof(bytes) + bytes;
	}
	collector->batch_process = process;
	collector->batch_bytes = used;
	if (!pass_batch(collector))
		*is_empty = false; /* it has not ended yet */
	sm_ring_release(&process->memory.reader, kept_bytes(collector));
	return used;
}

static void unlist(struct sm_collector *collector, struct process *process)
{
	struct process **at = &collector->processes;

	while (*at && *at != process)
		at = &(*at)->next;
	*at = process->next;
	collector->process_count--;
}

/*
 * A hello that was answered is no covered process yet: its agent may have been
 * gone, or unable to map what it got. Then what it did is not known.
 */
static void note_adoption(struct sm_collector *collector,
			  const struct process *process)
{
	bool is_adopted =
		atomic_load(&process->memory.reader.header->is_adopted);

	if (is_adopted && process->pid == collector->command_pid)
		collector->is_command_covered = true;
	/* Retired: it asked again, and tells what it missed meanwhile. */
	if (!is_adopted && !process->is_retired)
		collector->unadopted++;
}

/* After the last drain. The process is the storing thread's from here. */
static void end_process(struct sm_collector *collector, struct process *process,
			bool is_running)
{
	struct item *item = item_new(ITEM_END, process, NULL, 0);

	if (!item)
		return; /* try again next round */
	copy_counters(process->memory.reader.header, &item->counters);
	item->after_denial =
		atomic_load(&process->memory.reader.header->after_denial);
	item->is_tainted = process->memory.reader.is_tainted;
	item->is_running = is_running;
	item->end_ns = sm_collector_now_ns();
	item->exit_status = -1;
	if (process->pid == collector->command_pid && !process->is_retired &&
	    collector->has_command_ended)
		item->exit_status = collector->command_status;
	note_adoption(collector, process);
	unlist(collector, process);
	collector_unwatch(collector, process->source.fd);
	close(process->source.fd);
	process->source.fd = -1;
	sm_ring_destroy(&process->memory);
	queue_push(&collector->queue, item);
}

/*
 * COMMAND's exit status comes from wait(2) in another thread, its death from
 * the pidfd; they race by microseconds.
 */
static bool awaits_status(const struct sm_collector *collector,
			  const struct process *process)
{
	return process->pid == collector->command_pid && !process->is_retired &&
	       !collector->has_command_ended && !collector->should_stop;
}

/*
 * One that died before its parent ends before it in the trace, too: what comes
 * of a run in later files is told by the processes that still live there.
 */
static bool has_dead_child(const struct sm_collector *collector,
			   const struct process *parent)
{
	const struct process *process = collector->processes;

	/* Started later: numbers come again, and must not wait in a circle. */
	while (process &&
	       !(process->is_dead && process->parent_pid == parent->pid &&
		 process->start_ns > parent->start_ns))
		process = process->next;
	return process;
}

/* The next round starts with process: those before it have had their turn. */
static void start_with(struct sm_collector *collector, struct process *process)
{
	struct process **end = &process->next, **at = &collector->processes;

	while (*end)
		end = &(*end)->next;
	while (*at != process)
		at = &(*at)->next;
	*at = NULL;
	*end = collector->processes;
	collector->processes = process;
}

static unsigned drain_all(struct sm_collector *collector)
{
	struct process *process, *next, *blocked = NULL;
	unsigned delay = DELAY_IDLE_MS;
	bool is_empty;

	for (process = collector->processes; process; process = next) {
		size_t most = share(collector, process);
		uint32_t used;

		next = process->next;
		if (!most || !pass_batch(collector)) {
			if (!blocked)
				blocked = process;
			continue;
		}
		used = drain_ring(collector, process, most, &is_empty);
		if (!is_empty)
			delay = 0;
		else if (used > collector->options.ring_bytes / 16 &&
			 delay > DELAY_BUSY_MS)
			delay = DELAY_BUSY_MS;
		else if (used && delay > DELAY_SOME_MS)
			delay = DELAY_SOME_MS;
		if (is_empty && process->is_dead &&
		    !awaits_status(collector, process) &&
		    !has_dead_child(collector, process))
			end_process(collector, process, false);
	}
	if (!blocked)
		return delay;
	if (blocked != collector->processes)
		start_with(collector, blocked);
	return DELAY_BUSY_MS;
}

/* ----------------------------------------------------------------- ending */

/* COMMAND was a Python program and told of no child: nobody can follow. */
static bool is_childless(const struct sm_collector *collector)
{
	const struct queue *queue = &collector->queue;

	return collector->is_command_covered &&
	       queue->handled == queue->pushed && !collector->has_spawned;
}

static bool is_over(struct sm_collector *collector)
{
	uint64_t now = sm_collector_now_ns();

	if (!collector->has_command_ended || collector->processes ||
	    collector->is_inherited_open) {
		collector->idle_since_ns = now;
		return false;
	}
	return is_childless(collector) ||
	       now - collector->idle_since_ns > GRACE_NS;
}

/*
 * There may be much left of those that have ended, and the storing thread is
 * to know that it holds up nobody but the end.
 */
static void note_ending(struct sm_collector *collector)
{
	const struct process *process = collector->processes;
	bool is_ending = collector->should_stop;

	while (process && process->is_dead)
		process = process->next;
	if (!process && collector->has_command_ended &&
	    !collector->is_inherited_open)
		is_ending = true;
	if (is_ending != (collector->ending_ns != 0))
		collector->ending_ns = is_ending ? sm_collector_now_ns() : 0;
}

/*
 * Stopped while processes run: they are told, and accounted as far as they
 * were read. A hostile one could fill its ring forever: one ring's worth.
 */
static void end_running(struct sm_collector *collector)
{
	uint32_t room = collector->options.ring_bytes;
	struct process *process;
	bool is_empty = false;
	uint32_t taken = 0;

	while ((process = collector->processes)) {
		atomic_store(&process->memory.reader.control->is_alive, 0);
		for (is_empty = false, taken = 0; !is_empty && taken < room;)
			taken += drain_ring(collector, process, SM_BATCH_BYTES,
					    &is_empty);
		while (!pass_batch(collector))
			usleep(1000);
		end_process(collector, process, !process->is_dead);
	}
}

static void finish(struct sm_collector *collector)
{
	struct item *stop;

	collector_answer_rest(collector);
	end_running(collector);
	while (!(stop = item_new(ITEM_STOP, NULL, NULL, 0)))
		usleep(1000);
	queue_push(&collector->queue, stop);
}

/*
 * Handshakes have 100 ms: with more busy guests than cores that needs a share
 * of its own. Only root may; others have what the scheduler gives.
 */
static void hurry(void)
{
	if (setpriority(PRIO_PROCESS, (id_t)gettid(), NICE))
		errno = 0;
}

void *collector_drain(void *context)
{
	struct sm_collector *collector = context;
	struct epoll_event events[EVENTS_MAX];
	unsigned delay = DELAY_BUSY_MS;
	int i, n;

	collector->idle_since_ns = sm_collector_now_ns();
	hurry();
	sem_post(&collector->is_draining);
	while (!collector->should_stop && !is_over(collector)) {
		if (collector->has_command_ended && delay > DELAY_BUSY_MS)
			delay = DELAY_BUSY_MS;
		if (collector_is_deaf(collector) && delay > DELAY_SOME_MS)
			delay = DELAY_SOME_MS;
		n = epoll_wait(collector->epoll, events, EVENTS_MAX,
			       (int)delay);
		for (i = 0; i < n; i++)
			serve(collector, events[i].data.ptr);
		collector_free_dropped(collector);
		delay = drain_all(collector);
		note_ending(collector);
	}
	if (!collector->ending_ns)
		collector->ending_ns = sm_collector_now_ns();
	finish(collector);
	return NULL;
}
