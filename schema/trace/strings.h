/* SPDX-License-Identifier: Apache-2.0 */
/*
 * strings.h: the reader's side of the string chunks: by number, on demand.
 */
#ifndef SCHEMA_TRACE_STRINGS_H
#define SCHEMA_TRACE_STRINGS_H

#include <sqlite3.h>

#include "schema/trace/intern.h"
#include "schema/trace/pack.h"

/* Memory after which loaded chunks are dropped. */
#define SM_STRINGS_CACHE ((size_t)192 << 20)

enum { SM_PAGE_BITS = 12, SM_PAGE_STRINGS = 1 << SM_PAGE_BITS };

struct sm_strings {
	struct sm_str **pages; /* by number >> SM_PAGE_BITS */
	struct sm_bytes *chunks;
	size_t chunk_count, chunk_room;
	size_t bytes;
	bool tells_secrets; /* as they stand there */
	ZSTD_DCtx *zstd;
	sqlite3_stmt *query; /* of the open connection */
};

SM_CHECKED enum sm_status sm_strings_init(struct sm_strings *s);
void sm_strings_fini(struct sm_strings *s);
/* Before the connection closes. */
void sm_strings_park(struct sm_strings *s);
/* Forgets everything loaded when it is much; earlier strings end then. */
void sm_strings_relax(struct sm_strings *s);
SM_CHECKED enum sm_status sm_strings_load(struct sm_strings *s, sqlite3 *db,
					  uint32_t id);

/* Valid until sm_strings_relax(). SM_DAMAGED when no chunk has it. */
static inline enum sm_status sm_strings_get(struct sm_strings *s, sqlite3 *db,
					    uint32_t id, struct sm_str *out)
{
	const struct sm_str *page;

	if (id >= SM_INTERN_LAST)
		return SM_DAMAGED;
	page = s->pages[id >> SM_PAGE_BITS];
	if (!id) {
		*out = (struct sm_str){ "", 0 };
		return SM_OK;
	}
	if (!page || !page[id & (SM_PAGE_STRINGS - 1)].p) {
		enum sm_status status = sm_strings_load(s, db, id);

		if (status)
			return status;
		page = s->pages[id >> SM_PAGE_BITS];
	}
	*out = page[id & (SM_PAGE_STRINGS - 1)];
	return SM_OK;
}

/* Which strings hold some bytes; those that cannot be read count as holding. */
struct sm_matches {
	struct sm_str needle;
	uint8_t **pages; /* bits */
	uint64_t next;	 /* first number not looked at */
};

SM_CHECKED enum sm_status sm_matches_init(struct sm_matches *m,
					  struct sm_str needle);
void sm_matches_fini(struct sm_matches *m);
/* Looks at all strings there are now. */
SM_CHECKED enum sm_status sm_matches_update(struct sm_matches *m,
					    struct sm_strings *s, sqlite3 *db);

static inline bool sm_matches_has(const struct sm_matches *m, uint32_t id)
{
	const uint8_t *page;
	uint32_t at = id & (SM_PAGE_STRINGS - 1);

	if (id >= m->next || id >= SM_INTERN_LAST)
		return true;
	page = m->pages[id >> SM_PAGE_BITS];
	return page && page[at / 8] >> (at % 8) & 1;
}

#endif
