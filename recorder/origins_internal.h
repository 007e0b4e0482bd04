/* SPDX-License-Identifier: Apache-2.0 */
/*
 * origins_internal.h: what origins.c, which knows what is to be read, and
 * origins_read.c, which reads, share.
 */
#ifndef RECORDER_ORIGINS_INTERNAL_H
#define RECORDER_ORIGINS_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>

#include "recorder/origins.h"

/* In the order they are read in. */
enum origin_kind {
	ORIGIN_APPLICATION, /* a directory of its code: leads to its root */
	ORIGIN_DISTRIBUTIONS,
	ORIGIN_MODULES,
	ORIGIN_IMPORTS,
	ORIGIN_LAZY_IMPORTS, /* none of its code was seen, others name it */
	ORIGIN_KINDS
};

struct origin {
	struct origin *next; /* newer */
	enum origin_kind kind;
	bool is_waiting, is_news;
	char *text; /* set by the reading thread; NULL: not read, no memory */
	struct sm_str directory;
	char key[]; /* of the trace's meta; directory is its end */
};

struct sm_origins {
	pthread_t thread;
	pthread_mutex_t lock; /* of all below but what is the thread's */
	pthread_cond_t changed;
	struct origin *first, **last;
	unsigned count[ORIGIN_KINDS];
	uint64_t noted_ns; /* newest code */
	bool is_ending, is_over;
	_Atomic bool has_news, should_stop;
	/* the reading thread's */
	size_t import_bytes; /* of source that may still be read */
};

/* ------------------------------------------------ origins.c; take the lock */

/* Lets directory be read as kind, the first time, unless too many are. */
void origins_add(struct sm_origins *origins, enum origin_kind kind,
		 struct sm_str directory);
/* What was read of directory as kind; NULL: nothing. Reading thread. */
const char *origins_text(struct sm_origins *origins, enum origin_kind kind,
			 struct sm_str directory);
/* The site directories known; at most max of them. Live as long as origins. */
unsigned origins_sites(struct sm_origins *origins, const char **directories,
		       unsigned max);

/* -------------------------------------------- origins_read.c, reading thread
 */

/* "/usr/lib/python3/dist-packages" of what is below it, or empty. */
struct sm_str origins_site_of(struct sm_str file);
/* The value of origin, the caller's to free(); NULL: it has none. */
char *origins_read(struct sm_origins *origins, enum origin_kind kind,
		   struct sm_str directory);

#endif
