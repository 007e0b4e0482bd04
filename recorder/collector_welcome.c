/* SPDX-License-Identifier: Apache-2.0 */
/*
 * collector_welcome.c: hellos, and who is answered with what. Draining thread.
 */
#include "recorder/collector_internal.h"

#include <unistd.h>

#define HELLOS_A_TURN 256

static bool push(struct sm_collector *collector, struct item *item)
{
	if (!item)
		return false;
	queue_push(&collector->queue, item);
	return true;
}

/* The same pid again: it has exec'ed, or repeats the handshake. */
static void retire(struct sm_collector *collector, uint32_t pid)
{
	struct process *process;

	for (process = collector->processes; process; process = process->next)
		if (process->pid == pid)
			process->is_dead = process->is_retired = true;
}

static bool is_refused(const struct sm_collector *collector, uint32_t pid)
{
	uint32_t i;

	for (i = 0; i < collector->refused_count; i++)
		if (collector->refused[i] == pid)
			return true;
	return false;
}

/*
 * An agent that got no ring tries again: only what is refused to the end was
 * not covered. Forked children are counted from their parents' os.fork events,
 * if those are recorded.
 */
static void note_refused(struct sm_collector *collector,
			 enum sm_hello_reason reason, uint32_t pid)
{
	uint32_t parent;

	if (is_refused(collector, pid) ||
	    collector->refused_count == SM_REFUSED_MAX)
		return;
	if (reason == SM_HELLO_LOAD ||
	    (process_parent(pid, &parent) && is_refused(collector, parent)))
		collector->refused[collector->refused_count++] = pid;
}

static void forget_refused(struct sm_collector *collector, uint32_t pid)
{
	uint32_t i;

	for (i = 0; i < collector->refused_count; i++)
		if (collector->refused[i] == pid)
			collector->refused[i] =
				collector->refused[--collector->refused_count];
}

static bool enlist(struct sm_collector *collector, struct process *process,
		   const struct greeting *greeting,
		   const struct sm_hello *hello)
{
	struct item *item =
		item_new(ITEM_START, process, greeting->data, greeting->bytes);

	if (!item)
		return false;
	item->reason = hello->reason;
	item->generation = collector->generation;
	retire(collector, process->pid);
	process->next = collector->processes;
	collector->processes = process;
	collector->process_count++;
	collector->started++;
	/* Others were not announced. */
	if (hello->reason == SM_HELLO_FORK &&
	    !is_refused(collector, process->parent_pid))
		collector->forks_seen++;
	forget_refused(collector, process->pid);
	collector_watch(collector, &process->source);
	return push(collector, item);
}

static const struct process *find_process(const struct sm_collector *collector,
					  uint32_t pid)
{
	const struct process *process = collector->processes;

	while (process && (process->pid != pid || process->is_retired))
		process = process->next;
	return process;
}

static bool was_denied(const struct process *process)
{
	return process &&
	       atomic_load(&process->memory.reader.header->after_denial);
}

/* It was another program before, or another program's child. */
static bool starter_was_denied(const struct sm_collector *collector,
			       const struct process *process)
{
	return was_denied(find_process(collector, process->pid)) ||
	       was_denied(find_process(collector, process->parent_pid));
}

static bool give_ring(struct sm_collector *collector,
		      const struct greeting *greeting,
		      const struct sm_hello *hello)
{
	struct process *process;

	/* Without an answer a program that needs a policy does not work. */
	if (greeting->reply < 0 || queue_is_overfull(&collector->queue))
		return false;
	process = process_new(greeting, hello);
	if (!process)
		return false;
	if (sm_ring_create(collector->options.ring_bytes, &process->memory,
			   NULL))
		goto fail;
	atomic_store(&process->memory.reader.control->generation,
		     collector->generation);
	if (hello->reason == SM_HELLO_LOAD &&
	    starter_was_denied(collector, process))
		atomic_store(&process->memory.reader.header->after_denial, 1);
	if (!collector_reply(collector, greeting->reply, &process->memory) ||
	    !enlist(collector, process, greeting, hello))
		goto fail;
	sm_ring_close_fds(&process->memory);
	return true;
fail:
	process_free(process);
	return false;
}

/* A process that has its ring asks for what a reload changed. */
static void give_policies(const struct sm_collector *collector,
			  const struct greeting *greeting)
{
	const struct process *process =
		find_process(collector, (uint32_t)greeting->credentials.pid);

	/* Without an answer it asks again. */
	if (process && greeting->reply >= 0 && collector->policy.fd >= 0 &&
	    !collector_reply(collector, greeting->reply, NULL))
		return;
}

/*
 * Root may claim to be anybody in what it sends. The socket for the answer
 * names who made it: the kernel wrote that, and an agent makes its own.
 */
static bool is_forged(const struct greeting *greeting)
{
	struct ucred maker = { 0 };
	socklen_t bytes = sizeof(maker);

	return greeting->reply >= 0 &&
	       (getsockopt(greeting->reply, SOL_SOCKET, SO_PEERCRED, &maker,
			   &bytes) ||
		maker.pid != greeting->credentials.pid);
}

/*
 * What is no hello came from no agent: nobody is left uncovered by it. Whether
 * there is a ring now.
 */
static bool welcome(struct sm_collector *collector,
		    const struct greeting *greeting)
{
	static _Thread_local struct sm_hello hello;

	if (sm_hello_get(greeting->data, greeting->bytes, &hello) ||
	    is_forged(greeting))
		return false;
	if (hello.reason == SM_HELLO_RELOAD) {
		give_policies(collector, greeting);
		return false;
	}
	if (give_ring(collector, greeting, &hello))
		return true;
	note_refused(collector, hello.reason,
		     (uint32_t)greeting->credentials.pid);
	return false;
}

bool collector_receive_hellos(struct sm_collector *collector, int fd,
			      uint32_t *pid)
{
	static _Thread_local struct greeting greeting;
	int n;

	for (n = 0; n < HELLOS_A_TURN; n++) {
		if (!collector_receive(fd, &greeting))
			return false;
		if (!greeting.has_credentials)
			return true; /* nothing waits */
		if (welcome(collector, &greeting))
			*pid = (uint32_t)greeting.credentials.pid;
		if (greeting.reply >= 0)
			close(greeting.reply);
	}
	return true;
}
