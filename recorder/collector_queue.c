/* SPDX-License-Identifier: Apache-2.0 */
/*
 * collector_queue.c: items from the draining to the storing thread. The
 * drainer asks queue_room() before it takes from a ring, so that the bytes
 * waiting here are bounded and a slow disk is felt in the rings, where it is
 * counted: first in those of who raises the most.
 */
#include "recorder/collector_internal.h"

#include <stdlib.h>

#include "recorder/deadline.h"

void queue_init(struct queue *queue)
{
	memset(queue, 0, sizeof(*queue));
	queue->last = &queue->first;
	pthread_mutex_init(&queue->lock, NULL);
	sm_deadline_init(&queue->filled);
}

void queue_destroy(struct queue *queue)
{
	struct item *item;

	while ((item = queue->first)) {
		queue->first = item->next;
		free(item->facts);
		free(item);
	}
	pthread_cond_destroy(&queue->filled);
	pthread_mutex_destroy(&queue->lock);
}

struct item *item_new(enum item_kind kind, struct process *process,
		      const void *data, uint32_t bytes)
{
	struct item *item = malloc(sizeof(*item) + bytes);

	if (!item)
		return NULL;
	memset(item, 0, sizeof(*item));
	item->kind = kind;
	item->process = process;
	item->bytes = bytes;
	if (bytes)
		memcpy(item->data, data, bytes);
	return item;
}

static size_t cost(const struct item *item)
{
	return sizeof(*item) + item->bytes;
}

void queue_push(struct queue *queue, struct item *item)
{
	pthread_mutex_lock(&queue->lock);
	item->next = NULL;
	*queue->last = item;
	queue->last = &item->next;
	queue->bytes += cost(item);
	if (item->kind == ITEM_RECORDS)
		item->process->queued += cost(item);
	queue->pushed++;
	pthread_cond_signal(&queue->filled);
	pthread_mutex_unlock(&queue->lock);
}

struct item *queue_pop(struct queue *queue, unsigned timeout_ms)
{
	struct timespec deadline = sm_deadline_in(timeout_ms);
	struct item *item;
	int error = 0;

	pthread_mutex_lock(&queue->lock);
	while (!queue->first && !error)
		error = pthread_cond_timedwait(&queue->filled, &queue->lock,
					       &deadline);
	item = queue->first;
	if (item) {
		queue->first = item->next;
		if (!queue->first)
			queue->last = &queue->first;
		queue->bytes -= cost(item);
		if (item->kind == ITEM_RECORDS)
			item->process->queued -= cost(item);
	}
	pthread_mutex_unlock(&queue->lock);
	return item;
}

size_t queue_room(const struct queue *queue, const struct process *process,
		  size_t count)
{
	const size_t bytes = queue->bytes, queued = process->queued,
		     share = SM_QUEUE_BYTES / count;

	if (bytes < SM_QUEUE_BYTES)
		return SM_QUEUE_BYTES - bytes;
	return queued < share ? share - queued : 0;
}

bool queue_is_overfull(const struct queue *queue)
{
	return queue->bytes >= 3 * (size_t)SM_QUEUE_BYTES;
}
