/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dictionary.h: the names and sites of a trace being written, by number.
 *
 * They are kept for the whole recording, because the ids handed out stay
 * valid; a program that generates code without end meets a bound.
 */
#ifndef SCHEMA_TRACE_DICTIONARY_H
#define SCHEMA_TRACE_DICTIONARY_H

#include "schema/event.h"
#include "schema/trace/intern.h"
#include "schema/trace/rows.h"

struct sm_dictionary {
	struct sm_rows *rows;
	struct sm_intern names, sites;
	struct sm_name_info {
		size_t at; /* in names.arena */
		uint32_t len;
	} * name_info; /* by id; 0 is empty */
	size_t name_count, name_room;
	struct sm_site_info {
		uint32_t event, file, function, principal, owner; /* names */
		uint32_t line;
		uint16_t kind;
		uint8_t via, principal_kind;
	} * site_info; /* by id; 0 unused */
	size_t site_count, site_room;
};

/* SM_NOMEM; whatever happens, sm_dictionary_fini() frees. */
SM_CHECKED enum sm_status sm_dictionary_init(struct sm_dictionary *d,
					     struct sm_rows *rows);
void sm_dictionary_fini(struct sm_dictionary *d);
/* Reads what a trace that is continued knows. SM_DAMAGED, SM_IO, SM_NOMEM. */
SM_CHECKED enum sm_status sm_dictionary_load(struct sm_dictionary *d);
/* Memory it takes, about; and may take, some 1.2 million sites. */
size_t sm_dictionary_bytes(const struct sm_dictionary *d);
#define SM_DICTIONARY_MAX (128u << 20)
/*
 * The site's number; a new one's row is queued. SM_INVALID; SM_LIMIT: it is
 * new, and may_add is false or there is no room.
 */
SM_CHECKED enum sm_status sm_dictionary_site(struct sm_dictionary *d,
					     const struct sm_site *site,
					     bool may_add, uint32_t *id);
/* What was given a number; texts are borrowed until the next one is. */
void sm_dictionary_get(const struct sm_dictionary *d, uint32_t id,
		       struct sm_site *out);

#endif
