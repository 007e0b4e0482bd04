/* SPDX-License-Identifier: Apache-2.0 */
/*
 * intern.h: strings to numbers, with a bound on what is remembered.
 *
 * Past the bound everything is forgotten and the same string gets a new
 * number; numbers never repeat. A trace of random names so costs disk, not
 * memory.
 */
#ifndef SCHEMA_TRACE_INTERN_H
#define SCHEMA_TRACE_INTERN_H

#include "schema/trace/bytes.h"

#define SM_INTERN_STRINGS (1u << 17)
#define SM_INTERN_BYTES	  (12u << 20)
#define SM_INTERN_LAST	  (1u << 30) /* numbers stay below */

struct sm_intern {
	uint64_t seed;
	uint32_t next; /* number of the next new string, from 1 */
	uint32_t max_strings;
	size_t max_bytes;
	struct sm_bytes arena;
	struct sm_intern_entry {
		uint64_t hash;
		size_t at;
		uint32_t len, id; /* id 0: free slot */
	} * slots;
	uint32_t count, room;
};

/* next is the number the next new string gets. SM_NOMEM. */
SM_CHECKED enum sm_status sm_intern_init(struct sm_intern *in, uint32_t next);
void sm_intern_fini(struct sm_intern *in);
/*
 * The number of s; *is_new when it was just given. The empty string is 0.
 * SM_NOMEM, SM_LIMIT at SM_INTERN_LAST.
 */
SM_CHECKED enum sm_status sm_intern_find(struct sm_intern *in, struct sm_str s,
					 uint32_t *id, bool *is_new);
/* The number of s; 0: it has none, or it was forgotten. */
uint32_t sm_intern_get(struct sm_intern *in, struct sm_str s);
/* Takes back the number s was just given as new, so that the next gets it. */
void sm_intern_undo(struct sm_intern *in, struct sm_str s);
/* Remembers that s has number id, which was given earlier. SM_NOMEM. */
SM_CHECKED enum sm_status sm_intern_learn(struct sm_intern *in, struct sm_str s,
					  uint32_t id);

#endif
