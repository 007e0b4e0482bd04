/* SPDX-License-Identifier: Apache-2.0 */
/*
 * origins.c: which directories are to be read, the thread that does so, and
 * what is told of them.
 */
#include "recorder/origins_internal.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <time.h>

#include "recorder/deadline.h"
#include "schema/path.h"
#include "schema/trace.h"

#define IMPORT_BYTES (32u << 20) /* of source, all in all; some 0.3 s */
#define QUIET_MS     250	 /* without new code: then sources are read */

/* A hostile guest names any number. */
static const struct subject {
	struct sm_str prefix; /* of the key */
	unsigned max;
} subjects[ORIGIN_KINDS] = {
	[ORIGIN_APPLICATION] = { SM_STR(""), 256 },
	[ORIGIN_DISTRIBUTIONS] = { SM_STR(SM_META_DISTRIBUTIONS), 32 },
	[ORIGIN_MODULES] = { SM_STR(SM_META_MODULES), 32 },
	[ORIGIN_IMPORTS] = { SM_STR(SM_META_IMPORTS), 256 },
	[ORIGIN_LAZY_IMPORTS] = { SM_STR(SM_META_IMPORTS), 256 },
};

static uint64_t now_ns(void)
{
	struct timespec now = sm_deadline_in(0);

	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* ---------------------------------------------------- knowing, under the lock
 */

static bool is_imports(enum origin_kind kind)
{
	return kind == ORIGIN_IMPORTS || kind == ORIGIN_LAZY_IMPORTS;
}

static struct origin *find(const struct sm_origins *o, enum origin_kind kind,
			   struct sm_str directory)
{
	struct origin *at = o->first;

	while (at && (!sm_str_equal(at->directory, directory) ||
		      (at->kind != kind &&
		       !(is_imports(at->kind) && is_imports(kind)))))
		at = at->next;
	return at;
}

static struct origin *make(enum origin_kind kind, struct sm_str directory)
{
	struct sm_str prefix = subjects[kind].prefix;
	struct origin *at =
		calloc(1, sizeof(*at) + prefix.len + directory.len + 1);

	if (!at)
		return NULL;
	memcpy(at->key, prefix.p, prefix.len);
	memcpy(at->key + prefix.len, directory.p, directory.len);
	at->directory = (struct sm_str){ at->key + prefix.len, directory.len };
	at->kind = kind;
	return at;
}

/* What a site has says which names in sources matter. */
static void read_imports_again(struct sm_origins *o)
{
	for (struct origin *at = o->first; at; at = at->next)
		at->is_waiting |= is_imports(at->kind);
}

static bool append(struct sm_origins *o, enum origin_kind kind,
		   struct sm_str directory)
{
	struct origin *at = NULL;

	if (o->count[kind] < subjects[kind].max)
		at = make(kind, directory);
	if (!at)
		return false;
	at->is_waiting = true;
	*o->last = at;
	o->last = &at->next;
	o->count[kind]++;
	if (kind == ORIGIN_DISTRIBUTIONS)
		read_imports_again(o);
	pthread_cond_broadcast(&o->changed);
	return true;
}

static void add(struct sm_origins *o, enum origin_kind kind,
		struct sm_str directory)
{
	struct origin *at = find(o, kind, directory);

	if (!at) {
		append(o, kind, directory);
	} else if (at->kind == ORIGIN_LAZY_IMPORTS && kind == ORIGIN_IMPORTS) {
		/* Its code is seen now: more of it counts. */
		at->kind = kind;
		at->is_waiting = true;
	}
}

void origins_add(struct sm_origins *o, enum origin_kind kind,
		 struct sm_str directory)
{
	pthread_mutex_lock(&o->lock);
	add(o, kind, directory);
	pthread_mutex_unlock(&o->lock);
}

const char *origins_text(struct sm_origins *o, enum origin_kind kind,
			 struct sm_str directory)
{
	const struct origin *at;

	pthread_mutex_lock(&o->lock);
	at = find(o, kind, directory);
	pthread_mutex_unlock(&o->lock);
	return at ? at->text : NULL;
}

unsigned origins_sites(struct sm_origins *o, const char **directories,
		       unsigned max)
{
	const struct origin *at;
	unsigned n = 0;

	pthread_mutex_lock(&o->lock);
	for (at = o->first; at && n < max; at = at->next)
		if (at->kind == ORIGIN_DISTRIBUTIONS)
			directories[n++] = at->directory.p;
	pthread_mutex_unlock(&o->lock);
	return n;
}

/* ------------------------------------------------------------------- reading
 */

/* The first kind of what waits, the oldest of it. */
static struct origin *next_waiting(const struct sm_origins *o)
{
	struct origin *best = NULL;

	for (struct origin *at = o->first; at; at = at->next)
		if (at->is_waiting && (!best || at->kind < best->kind))
			best = at;
	return best;
}

/*
 * Sources wait until the program is not starting any more: which of the names
 * in them matter is known when the site directories are.
 */
static bool is_time_for(const struct sm_origins *o, const struct origin *at)
{
	return !is_imports(at->kind) || o->is_ending ||
	       now_ns() - o->noted_ns >= QUIET_MS * 1000000u;
}

/* Unlocks while it reads. */
static void read_one(struct sm_origins *o, struct origin *at)
{
	const enum origin_kind kind = at->kind;
	char *text;

	at->is_waiting = false;
	pthread_mutex_unlock(&o->lock);
	text = origins_read(o, kind, at->directory);
	pthread_mutex_lock(&o->lock);
	if (!text || o->should_stop) {
		free(text);
		return;
	}
	free(at->text);
	at->text = text;
	at->is_news = true;
	o->has_news = true;
}

static void *work(void *context)
{
	struct sm_origins *o = context;

	pthread_mutex_lock(&o->lock);
	while (!o->should_stop) {
		struct origin *at = next_waiting(o);
		struct timespec deadline;

		if (at && is_time_for(o, at)) {
			read_one(o, at);
		} else if (o->is_ending) {
			break;
		} else if (at) {
			deadline = sm_deadline_in(QUIET_MS);
			pthread_cond_timedwait(&o->changed, &o->lock,
					       &deadline);
		} else {
			pthread_cond_wait(&o->changed, &o->lock);
		}
	}
	o->is_over = true;
	pthread_cond_broadcast(&o->changed);
	pthread_mutex_unlock(&o->lock);
	return NULL;
}

/* ------------------------------------------------------------------- telling
 */

bool sm_origins_have_news(const struct sm_origins *o)
{
	return o->has_news;
}

void sm_origins_tell(struct sm_origins *o, bool all, sm_origins_fact *fact,
		     void *context)
{
	pthread_mutex_lock(&o->lock);
	for (struct origin *at = o->first; at; at = at->next) {
		if (at->text && (all || at->is_news))
			fact(context, at->key, at->text);
		at->is_news = false;
	}
	o->has_news = false;
	pthread_mutex_unlock(&o->lock);
}

/* -------------------------------------------------------------------- noting
 */

static void note_distribution(struct sm_origins *o,
			      const struct sm_record_code *code)
{
	struct sm_str directory = origins_site_of(code->file), top = directory;

	if (!directory.len)
		return;
	add(o, ORIGIN_DISTRIBUTIONS, directory);
	top.len += 1 + code->package.len;
	if (top.len < code->file.len &&
	    !memcmp(code->file.p + directory.len + 1, code->package.p,
		    code->package.len))
		add(o, ORIGIN_IMPORTS, top);
}

static void note_application(struct sm_origins *o, struct sm_str file)
{
	struct sm_str directory = { file.p,
				    file.len - sm_path_name(file).len - 1 };

	if (directory.len > 1)
		add(o, ORIGIN_APPLICATION, directory);
}

void sm_origins_note(struct sm_origins *o, const struct sm_record_code *code)
{
	if (!sm_path_is_canonical(code->file) || code->file.len >= PATH_MAX)
		return;
	pthread_mutex_lock(&o->lock);
	o->noted_ns = now_ns();
	if (code->package.len)
		note_distribution(o, code);
	else if (code->kind == SM_PRINCIPAL_APP)
		note_application(o, code->file);
	pthread_mutex_unlock(&o->lock);
}

/* ---------------------------------------------------------------------- life
 */

struct sm_origins *sm_origins_new(void)
{
	struct sm_origins *o = calloc(1, sizeof(*o));

	if (!o)
		return NULL;
	o->last = &o->first;
	o->import_bytes = IMPORT_BYTES;
	pthread_mutex_init(&o->lock, NULL);
	sm_deadline_init(&o->changed);
	errno = pthread_create(&o->thread, NULL, work, o);
	if (!errno)
		return o;
	pthread_cond_destroy(&o->changed);
	pthread_mutex_destroy(&o->lock);
	free(o);
	return NULL;
}

void sm_origins_finish(struct sm_origins *o, unsigned grace_ms)
{
	const struct timespec deadline = sm_deadline_in(grace_ms);
	int error = 0;

	pthread_mutex_lock(&o->lock);
	o->is_ending = true;
	pthread_cond_broadcast(&o->changed);
	while (!o->is_over && !error)
		error = pthread_cond_timedwait(&o->changed, &o->lock,
					       &deadline);
	o->should_stop = true;
	pthread_mutex_unlock(&o->lock);
}

void sm_origins_free(struct sm_origins *o)
{
	if (!o)
		return;
	sm_origins_finish(o, 0);
	pthread_join(o->thread, NULL);
	while (o->first) {
		struct origin *at = o->first;

		o->first = at->next;
		free(at->text);
		free(at);
	}
	pthread_cond_destroy(&o->changed);
	pthread_mutex_destroy(&o->lock);
	free(o);
}
