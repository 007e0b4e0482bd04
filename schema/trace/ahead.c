/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/trace/ahead.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>

/*
 * Blocks there is room for, and how few are left when more are asked for: by
 * several at once, so that the thread seldom has to sleep and be woken.
 */
enum { PLACES = 6, FEW = 3 };

struct place {
	enum { FREE, WAITING, UNDER_WAY, DONE } state;
	enum sm_status status; /* DONE: of unpacking */
	struct sm_cursor_row row;
	struct sm_bytes packed;
	struct sm_unpacked block;
};

struct sm_ahead {
	pthread_t thread;
	pthread_mutex_t lock;	/* of all that follows but what is UNDER_WAY */
	pthread_cond_t changed; /* some state, or is_over */
	bool is_over;
	struct place places[PLACES];
	unsigned first, count; /* in use, in the order they were given; only
				  the taker changes them */
	/* Not locked: */
	bool has_whens;
	ZSTD_DCtx *own, *helping; /* the thread's, and the taker's */
};

static void unpacked_fini(struct sm_unpacked *block)
{
	sm_block_fini(&block->head);
	sm_scan_fini(&block->scan);
	sm_bytes_fini(&block->raw);
}

/* --------------------------------------------------------------- unpacking */

static enum sm_status unpack(struct place *p, ZSTD_DCtx *zstd, bool has_whens)
{
	struct sm_unpacked *b = &p->block;
	enum sm_status status =
		sm_unpack(zstd, p->packed.p, p->packed.len, p->row.raw_bytes,
			  SM_BLOCK_RAW_MAX, &b->raw);

	if (!status)
		status = sm_scan_begin(&b->scan, b->raw.p, b->raw.len,
				       p->row.events, &b->head);
	if (!status && has_whens)
		status = sm_scan_whens(&b->scan, p->row.first_ns, &b->head);
	return status;
}

/* Unpacks the first block nobody is at; false: there is none. Locked. */
static bool do_one(struct sm_ahead *a, ZSTD_DCtx *zstd)
{
	for (unsigned i = 0; i < a->count; i++) {
		struct place *p = &a->places[(a->first + i) % PLACES];
		enum sm_status status;

		if (p->state != WAITING)
			continue;
		p->state = UNDER_WAY;
		pthread_mutex_unlock(&a->lock);
		status = unpack(p, zstd, a->has_whens);
		pthread_mutex_lock(&a->lock);
		p->status = status;
		p->state = DONE;
		pthread_cond_broadcast(&a->changed);
		return true;
	}
	return false;
}

static void *work(void *context)
{
	struct sm_ahead *a = context;

	pthread_mutex_lock(&a->lock);
	while (!a->is_over)
		if (!do_one(a, a->own))
			pthread_cond_wait(&a->changed, &a->lock);
	pthread_mutex_unlock(&a->lock);
	return NULL;
}

/* ------------------------------------------------------------------ taking */

bool sm_ahead_has_few(const struct sm_ahead *a)
{
	return a->count <= FEW;
}

struct sm_bytes *sm_ahead_room(struct sm_ahead *a)
{
	struct place *p = &a->places[(a->first + a->count) % PLACES];

	if (a->count == PLACES)
		return NULL;
	p->packed.len = 0;
	return &p->packed;
}

void sm_ahead_give(struct sm_ahead *a, const struct sm_cursor_row *row)
{
	pthread_mutex_lock(&a->lock);
	a->places[(a->first + a->count) % PLACES].row = *row;
	a->places[(a->first + a->count) % PLACES].state = WAITING;
	a->count++;
	pthread_cond_broadcast(&a->changed);
	pthread_mutex_unlock(&a->lock);
}

static bool is_same(const struct sm_cursor_row *a,
		    const struct sm_cursor_row *b)
{
	return a->id == b->id && a->events == b->events &&
	       a->first_ns == b->first_ns && a->last_ns == b->last_ns &&
	       a->raw_bytes == b->raw_bytes;
}

/* Frees the first place, once nobody is at it. Locked. */
static void forget_first(struct sm_ahead *a)
{
	struct place *p = &a->places[a->first];

	while (p->state == UNDER_WAY)
		pthread_cond_wait(&a->changed, &a->lock);
	sm_block_fini(&p->block.head);
	p->state = FREE;
	a->first = (a->first + 1) % PLACES;
	a->count--;
}

bool sm_ahead_take(struct sm_ahead *a, const struct sm_cursor_row *row,
		   struct sm_unpacked *block)
{
	struct place *p;
	bool is_there;

	pthread_mutex_lock(&a->lock);
	while (a->count && !is_same(&a->places[a->first].row, row))
		forget_first(a);
	p = &a->places[a->first];
	while (a->count && p->state != DONE)
		if (!do_one(a, a->helping))
			pthread_cond_wait(&a->changed, &a->lock);
	is_there = a->count && !p->status;
	if (is_there) {
		const struct sm_unpacked spare = *block;

		*block = p->block;
		p->block = spare;
	}
	if (a->count)
		forget_first(a);
	pthread_mutex_unlock(&a->lock);
	return is_there;
}

/* -------------------------------------------------------------- life cycle */

static bool has_processors(void)
{
	cpu_set_t set;

	return !sched_getaffinity(0, sizeof(set), &set) && CPU_COUNT(&set) > 1;
}

/* Signals are for the threads that were there before. */
static bool start(struct sm_ahead *a)
{
	sigset_t all, old;
	bool is_started;

	sigfillset(&all);
	if (pthread_sigmask(SIG_SETMASK, &all, &old))
		return false;
	is_started = !pthread_create(&a->thread, NULL, work, a);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return is_started;
}

static void fini(struct sm_ahead *a)
{
	for (unsigned i = 0; i < PLACES; i++) {
		sm_bytes_fini(&a->places[i].packed);
		unpacked_fini(&a->places[i].block);
	}
	ZSTD_freeDCtx(a->own);
	ZSTD_freeDCtx(a->helping);
	pthread_cond_destroy(&a->changed);
	pthread_mutex_destroy(&a->lock);
	free(a);
}

struct sm_ahead *sm_ahead_new(bool has_whens)
{
	struct sm_ahead *a = has_processors() ? calloc(1, sizeof(*a)) : NULL;

	if (!a)
		return NULL;
	pthread_mutex_init(&a->lock, NULL);
	pthread_cond_init(&a->changed, NULL);
	a->has_whens = has_whens;
	a->own = sm_unpack_new();
	a->helping = sm_unpack_new();
	if (a->own && a->helping && start(a))
		return a;
	fini(a);
	return NULL;
}

void sm_ahead_free(struct sm_ahead *a)
{
	if (!a)
		return;
	pthread_mutex_lock(&a->lock);
	a->is_over = true;
	pthread_cond_broadcast(&a->changed);
	pthread_mutex_unlock(&a->lock);
	pthread_join(a->thread, NULL);
	fini(a);
}
