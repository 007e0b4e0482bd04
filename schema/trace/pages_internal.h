/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pages_internal.h: what pages.c, which looks into pages, and pages_open.c,
 * which finds them, share.
 */
#ifndef SCHEMA_TRACE_PAGES_INTERNAL_H
#define SCHEMA_TRACE_PAGES_INTERNAL_H

#include "schema/trace/pages.h"

enum {
	HEADER_BYTES = 100,
};

/* Where a page of the file stands: in it, or in its log. */
struct place {
	uint64_t offset;
	bool is_in_log;
};

enum seen { SEEN_LISTED = 1, SEEN_PART = 2 };

struct sm_pages {
	int fd, log_fd;
	uint32_t page_bytes, count;
	struct place *places; /* by page - 1 */
	uint8_t *seen;	      /* flags, likewise */
	uint8_t *page;	      /* the leaf looked at */
	uint8_t *next;	      /* one of its overflow pages */
	struct sm_bytes payload;
	uint32_t *used;
	size_t used_count, used_room;
	uint64_t budget; /* overflow pages that may still be read */
};

static inline uint32_t get_16(const uint8_t *p)
{
	return (uint32_t)p[0] << 8 | p[1];
}

static inline uint32_t get_32(const uint8_t *p)
{
	return get_16(p) << 16 | get_16(p + 2);
}

/* Page number, as the log has it if it does; false: it cannot be read. */
bool sm_pages_read(const struct sm_pages *p, uint32_t number, uint8_t *to);

#endif
