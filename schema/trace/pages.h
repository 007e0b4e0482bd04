/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pages.h: rows straight from the pages of an SQLite file, damaged ones too.
 *
 * SQLite finds a row through the pages above it and gives up with them. Here
 * every page that looks like a leaf is one. Written from the file format's
 * description, https://www.sqlite.org/fileformat2.html; nothing in the file is
 * trusted: no page is part of two rows, so the work is bounded by its size.
 */
#ifndef SCHEMA_TRACE_PAGES_H
#define SCHEMA_TRACE_PAGES_H

#include "schema/trace/bytes.h"

#define SM_PAGE_COLUMNS_MAX 32

enum sm_cell_type {
	SM_CELL_NULL,
	SM_CELL_INT,
	SM_CELL_REAL,
	SM_CELL_TEXT,
	SM_CELL_BLOB,
};

struct sm_cell_value {
	enum sm_cell_type type;
	int64_t i; /* INT; REAL: the bits */
	struct sm_str s;
};

/* A row: where it stands, and what is in it. */
struct sm_cell {
	uint32_t page;
	uint16_t index;
	bool is_reachable; /* from the tables; others may be of the past */
	bool has_rowid;	   /* column 0 is NULL and stands for rowid */
	int64_t rowid;
	unsigned columns;
	struct sm_cell_value values[SM_PAGE_COLUMNS_MAX]; /* borrowed */
};

struct sm_pages;
/* path and its write-ahead log. SM_IO, SM_NOT_OURS, SM_NOMEM. */
SM_CHECKED enum sm_status sm_pages_open(const char *path, struct sm_pages **out,
					struct sm_diag *diag);
void sm_pages_close(struct sm_pages *pages);
/*
 * Calls row for every row there is, those of the tables first; a status other
 * than SM_OK ends it and is returned. The cell is valid during the call.
 */
typedef enum sm_status sm_pages_row(void *context, const struct sm_cell *cell);
SM_CHECKED enum sm_status sm_pages_each(struct sm_pages *pages,
					sm_pages_row *row, void *context);
/* A row again, by where it stands; valid until the next call. SM_DAMAGED. */
SM_CHECKED enum sm_status sm_pages_get(struct sm_pages *pages, uint32_t page,
				       uint16_t index, struct sm_cell *cell);
/* The pages that the row given last stands on, *n of them. */
const uint32_t *sm_pages_used(const struct sm_pages *pages, size_t *n);

#endif
