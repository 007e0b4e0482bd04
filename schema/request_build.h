/* SPDX-License-Identifier: Apache-2.0 */
/*
 * request_build.h: inside request.h; how the requests of one event are built.
 */
#ifndef SCHEMA_REQUEST_BUILD_H
#define SCHEMA_REQUEST_BUILD_H

#include "schema/request.h"

struct sm_request_build {
	const struct sm_event *event;
	const struct sm_catalogue_entry *entry;
	struct sm_request_scratch *scratch;
	unsigned scratch_used;
	struct sm_request *out;
	unsigned count;
};

static inline const struct sm_value *
sm_request_arg(const struct sm_request_build *b, enum sm_role role)
{
	uint32_t count = b->entry ? b->entry->role_count : 0;

	if (count > b->event->argc)
		count = b->event->argc;
	for (uint32_t i = 0; i < count; i++)
		if ((b->entry->roles[i] & ~SM_ROLE_KEY) == role)
			return &b->event->args[i];
	return NULL;
}

static inline struct sm_request *sm_request_add(struct sm_request_build *b,
						enum sm_family family,
						uint32_t access)
{
	struct sm_request *r = &b->out[b->count++];

	memset(r, 0, sizeof(*r));
	r->family = family;
	r->access = access;
	r->via = b->event->site.via;
	r->value = (struct sm_str){ "", 0 };
	r->port = -1;
	return r;
}

/* Room for one text of a request. */
static inline char *sm_request_text(struct sm_request_build *b)
{
	return b->scratch->text[b->scratch_used++];
}

static inline char *sm_request_put(char *at, struct sm_str s)
{
	if (s.len)
		memcpy(at, s.p, s.len);
	return at + s.len;
}

/* request_network.c */
void sm_request_peer(struct sm_request_build *b, uint32_t access);
void sm_request_resolve(struct sm_request_build *b);
void sm_request_socket(struct sm_request_build *b);

/* request_process.c */
void sm_request_exec(struct sm_request_build *b);
void sm_request_fork_exec(struct sm_request_build *b);
void sm_request_system(struct sm_request_build *b);
void sm_request_signal(struct sm_request_build *b);

#endif
