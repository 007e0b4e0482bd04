/* SPDX-License-Identifier: Apache-2.0 */
/*
 * request_file.h: what most events ask for, one file, at hand.
 *
 * Inline, since every decision of an agent begins with it; request.h tells of
 * all events.
 */
#ifndef SCHEMA_REQUEST_FILE_H
#define SCHEMA_REQUEST_FILE_H

#include <fcntl.h>

#include "schema/event.h"
#include "schema/path.h"

/* Accesses of operations that ask for one file, whatever else is said; or 0. */
extern const uint8_t sm_request_accesses[];

/* Accesses of open(2) flags. */
static inline uint32_t sm_request_flags(int64_t flags)
{
	static const uint8_t by_mode[] = {
		[O_RDONLY] = SM_ACCESS_READ,
		[O_WRONLY] = SM_ACCESS_WRITE,
		[O_RDWR] = SM_ACCESS_READ | SM_ACCESS_WRITE,
		[O_ACCMODE] = SM_ACCESS_READ | SM_ACCESS_WRITE,
	};
	uint32_t access = by_mode[flags & O_ACCMODE];

	if (!(flags & (O_PATH | O_TRUNC | O_CREAT | O_TMPFILE)))
		return access;
	if (flags & O_PATH)
		return SM_ACCESS_READ;
	if (flags & O_TRUNC)
		access |= SM_ACCESS_WRITE;
	if (flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE)
		access |= SM_ACCESS_CREATE | SM_ACCESS_WRITE;
	return access;
}

/*
 * How events of a kind ask for one file and nothing else: accesses, or
 * SM_FILE_BY_FLAGS; 0: they do not.
 */
#define SM_FILE_BY_FLAGS 0xffu

static inline uint8_t sm_request_file(enum sm_event_kind kind)
{
	const struct sm_catalogue_entry *entry = sm_catalogue_entry(kind);

	if (!entry || entry->roles[0] != (SM_ROLE_PATH | SM_ROLE_KEY))
		return 0;
	if (entry->operation != SM_OPERATION_OPEN)
		return sm_request_accesses[entry->operation];
	return entry->roles[2] == (SM_ROLE_FLAGS | SM_ROLE_KEY)
		       ? SM_FILE_BY_FLAGS
		       : 0;
}

/*
 * The file an event asks for, where its maker has told the path: what
 * sm_event_requests() says of most events, for less. how: sm_request_file().
 * False: it has to be asked. Only the program's own: where code is read, it
 * depends on more.
 */
static inline bool sm_event_told_file(const struct sm_event *event, uint8_t how,
				      struct sm_str *path, uint32_t *access)
{
	const struct sm_value *v = event->args;

	if (!how || event->site.via != SM_VIA_DIRECT || !event->argc ||
	    !sm_value_is_string(v))
		return false;
	*access = how;
	if (how == SM_FILE_BY_FLAGS) {
		if (event->argc < 3 || v[2].type != SM_INT)
			return false;
		*access = sm_request_flags(v[2].i);
	}
	path->p = event->resolved[0].p;
	path->len = event->resolved[0].len;
	if (!path->len && event->is_canonical[0]) {
		path->p = v->s;
		path->len = v->len;
	}
	return path->len;
}

/* The same where nobody has told, but the argument itself is canonical. */
static inline bool sm_event_file(const struct sm_event *event,
				 struct sm_str *path, uint32_t *access)
{
	struct sm_event told = *event;

	told.is_canonical[0] = true;
	return sm_event_told_file(&told, sm_request_file(event->site.kind),
				  path, access) &&
	       (event->is_canonical[0] || event->resolved[0].len ||
		(!sm_value_is_cut(event->args) && sm_path_is_canonical(*path)));
}

#endif
