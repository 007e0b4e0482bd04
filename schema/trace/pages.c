/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/trace/pages_internal.h"

#include <stdlib.h>

enum {
	LEAF_TABLE = 0x0d,
	LEAF_INDEX = 0x0a,
	INNER_TABLE = 0x05,
	INNER_INDEX = 0x02,
	CELL_BYTES_MAX = 8 << 20,
};

const uint32_t *sm_pages_used(const struct sm_pages *p, size_t *n)
{
	*n = p->used_count;
	return p->used;
}

/* ------------------------------------------------------------------- cells */

/* SQLite's varint: big-endian, the ninth byte is whole. */
static bool get_varint(const uint8_t **at, const uint8_t *end, uint64_t *value)
{
	*value = 0;
	for (int i = 0; i < 9; i++) {
		uint8_t byte;

		if (*at >= end)
			return false;
		byte = *(*at)++;
		if (i == 8) {
			*value = *value << 8 | byte;
			return true;
		}
		*value = *value << 7 | (byte & 0x7f);
		if (!(byte & 0x80))
			return true;
	}
	return false;
}

/* How much of a payload of n bytes is on the page itself. */
static uint32_t local_bytes(uint32_t usable, bool is_table, uint64_t n)
{
	uint32_t max = is_table ? usable - 35 : (usable - 12) * 64 / 255 - 23;
	uint32_t min = (usable - 12) * 32 / 255 - 23;
	uint32_t part;

	if (n <= max)
		return (uint32_t)n;
	part = min + (uint32_t)((n - min) % (usable - 4));
	return part <= max ? part : min;
}

static bool use(struct sm_pages *p, uint32_t page)
{
	if (sm_array_reserve((void **)&p->used, &p->used_room,
			     p->used_count + 1, sizeof(*p->used)))
		return false;
	p->used[p->used_count++] = page;
	return true;
}

/* A page that is part of another row is not of this one. */
static bool follow(struct sm_pages *p, uint32_t page, uint64_t left,
		   bool is_again)
{
	while (left) {
		uint32_t n = p->page_bytes - 4;

		n = left < n ? (uint32_t)left : n;
		if (!page || page > p->count ||
		    (!is_again &&
		     (p->seen[page - 1] & SEEN_PART || !p->budget)) ||
		    p->used_count > p->count ||
		    !sm_pages_read(p, page, p->next) || !use(p, page))
			return false;
		p->budget -= !is_again;
		sm_bytes_put(&p->payload, p->next + 4, n);
		page = get_32(p->next);
		left -= n;
	}
	return true;
}

static bool is_table(uint8_t type)
{
	return type == LEAF_TABLE || type == INNER_TABLE;
}

static bool is_inner(uint8_t type)
{
	return type == INNER_TABLE || type == INNER_INDEX;
}

/* The part of a page behind the file's header. */
static const uint8_t *page_head(const struct sm_pages *p, uint32_t number)
{
	return p->page + (number == 1 ? HEADER_BYTES : 0);
}

static uint32_t cell_count(const struct sm_pages *p, uint32_t number)
{
	uint32_t n = get_16(page_head(p, number) + 3);

	return n < p->page_bytes / 2 ? n : 0;
}

static const uint8_t *cell_at(const struct sm_pages *p, uint32_t number,
			      uint32_t index)
{
	const uint8_t *head = page_head(p, number);
	const uint8_t *pointer =
		head + (is_inner(*head) ? 12 : 8) + (size_t)2 * index;
	uint32_t offset;

	if (pointer + 2 > p->page + p->page_bytes)
		return NULL;
	offset = get_16(pointer);
	return offset >= 8 && offset < p->page_bytes ? p->page + offset : NULL;
}

/* The payload of a cell of the page in p->page. */
static bool load_payload(struct sm_pages *p, uint32_t number, uint32_t index,
			 struct sm_cell *cell, bool is_again)
{
	const uint8_t *end = p->page + p->page_bytes;
	const uint8_t *at = cell_at(p, number, index);
	uint8_t type = *page_head(p, number);
	uint64_t n, rowid = 0;
	uint32_t local;

	p->payload.len = 0;
	p->used_count = 0;
	if (!at || !use(p, number))
		return false;
	at += type == INNER_INDEX ? 4 : 0;
	if (!get_varint(&at, end, &n) || n < 2 || n > CELL_BYTES_MAX ||
	    (is_table(type) && !get_varint(&at, end, &rowid)))
		return false;
	local = local_bytes(p->page_bytes, is_table(type), n);
	if ((size_t)(end - at) < local + (local < n ? 4u : 0u))
		return false;
	sm_bytes_put(&p->payload, at, local);
	cell->page = number;
	cell->index = (uint16_t)index;
	cell->has_rowid = is_table(type);
	cell->rowid = (int64_t)rowid;
	return (local == n ||
		follow(p, get_32(at + local), n - local, is_again)) &&
	       !p->payload.has_failed;
}

/* ----------------------------------------------------------------- records */

static bool get_int(const uint8_t **at, const uint8_t *end, unsigned n,
		    int64_t *value)
{
	uint64_t bits = 0;

	if ((size_t)(end - *at) < n)
		return false;
	if (n && **at & 0x80)
		bits = UINT64_MAX;
	for (unsigned i = 0; i < n; i++)
		bits = bits << 8 | *(*at)++;
	*value = (int64_t)bits;
	return true;
}

static bool get_value(uint64_t serial, const uint8_t **at, const uint8_t *end,
		      struct sm_cell_value *v)
{
	static const uint8_t sizes[] = { 0, 1, 2, 3, 4, 6, 8, 8, 0, 0 };
	uint64_t n;

	*v = (struct sm_cell_value){ 0 };
	if (serial < 12) {
		if (serial > 9 || !get_int(at, end, sizes[serial], &v->i))
			return false;
		v->type = serial == 7 ? SM_CELL_REAL
				      : (serial ? SM_CELL_INT : SM_CELL_NULL);
		v->i = serial == 9 ? 1 : v->i;
		return true;
	}
	n = (serial - 12) / 2;
	if (n > (uint64_t)(end - *at))
		return false;
	v->type = serial & 1 ? SM_CELL_TEXT : SM_CELL_BLOB;
	v->s = (struct sm_str){ (const char *)*at, (uint32_t)n };
	*at += n;
	return true;
}

/* A record that fills its payload to the byte. */
static bool parse(const struct sm_pages *p, struct sm_cell *cell)
{
	const uint8_t *at = p->payload.p, *end = at + p->payload.len;
	const uint8_t *head_end, *body;
	uint64_t head_bytes, serial;

	if (!get_varint(&at, end, &head_bytes) || head_bytes > p->payload.len)
		return false;
	head_end = body = p->payload.p + head_bytes;
	for (cell->columns = 0; at < head_end; cell->columns++)
		if (cell->columns == SM_PAGE_COLUMNS_MAX ||
		    !get_varint(&at, head_end, &serial) ||
		    !get_value(serial, &body, end,
			       &cell->values[cell->columns]))
			return false;
	return cell->columns && body == end;
}

enum sm_status sm_pages_get(struct sm_pages *p, uint32_t page, uint16_t index,
			    struct sm_cell *cell)
{
	*cell = (struct sm_cell){ 0 };
	if (!sm_pages_read(p, page, p->page) || index >= cell_count(p, page) ||
	    !load_payload(p, page, index, cell, true) || !parse(p, cell))
		return SM_DAMAGED;
	return SM_OK;
}

/* ----------------------------------------------------------------- walking */

struct walk {
	struct sm_pages *pages;
	sm_pages_row *row;
	void *context;
	bool is_reachable;
	uint32_t *stack; /* pages to look at */
	size_t count, room;
};

static enum sm_status push(struct walk *w, uint32_t page)
{
	enum sm_status status;

	if (!page || page > w->pages->count ||
	    w->pages->seen[page - 1] & SEEN_LISTED)
		return SM_OK;
	status = sm_array_reserve((void **)&w->stack, &w->room, w->count + 1,
				  sizeof(*w->stack));
	if (status)
		return status;
	w->pages->seen[page - 1] |= SEEN_LISTED;
	w->stack[w->count++] = page;
	return SM_OK;
}

static enum sm_status push_children(struct walk *w, uint32_t number)
{
	struct sm_pages *p = w->pages;
	enum sm_status status = push(w, get_32(page_head(p, number) + 8));

	for (uint32_t i = 0; i < cell_count(p, number) && !status; i++) {
		const uint8_t *at = cell_at(p, number, i);

		if (at && at + 4 <= p->page + p->page_bytes)
			status = push(w, get_32(at));
	}
	return status;
}

static enum sm_status give(struct walk *w, uint32_t number, uint32_t index)
{
	struct sm_pages *p = w->pages;
	struct sm_cell cell = { .is_reachable = w->is_reachable };

	if (!load_payload(p, number, index, &cell, false)) {
		p->payload.has_failed = false;
		return SM_OK;
	}
	if (!parse(p, &cell))
		return SM_OK;
	for (size_t i = 1; i < p->used_count; i++)
		p->seen[p->used[i] - 1] |= SEEN_PART;
	return w->row(w->context, &cell);
}

static enum sm_status look(struct walk *w, uint32_t number)
{
	struct sm_pages *p = w->pages;
	enum sm_status status = SM_OK;
	uint8_t type;

	if (!sm_pages_read(p, number, p->page))
		return SM_OK;
	type = *page_head(p, number);
	if (type != LEAF_TABLE && type != LEAF_INDEX && !is_inner(type))
		return SM_OK;
	if (is_inner(type) && w->is_reachable)
		status = push_children(w, number);
	if (type == INNER_TABLE)
		return status;
	for (uint32_t i = 0; i < cell_count(p, number) && !status; i++)
		status = give(w, number, i);
	return status;
}

static enum sm_status look_all(struct walk *w)
{
	enum sm_status status = SM_OK;

	while (w->count && !status)
		status = look(w, w->stack[--w->count]);
	return status;
}

/* A row of sqlite_schema names a table's first page. */
static enum sm_status push_root(void *context, const struct sm_cell *cell)
{
	struct walk *w = context;

	if (cell->columns != 5 || cell->values[3].type != SM_CELL_INT ||
	    cell->values[3].i < 2 || cell->values[3].i > UINT32_MAX)
		return SM_OK;
	return push(w, (uint32_t)cell->values[3].i);
}

static enum sm_status find_roots(struct walk *w)
{
	struct walk schema = { .pages = w->pages,
			       .row = push_root,
			       .context = w,
			       .is_reachable = true };
	enum sm_status status = push(&schema, 1);

	if (!status)
		status = look_all(&schema);
	free(schema.stack);
	return status;
}

enum sm_status sm_pages_each(struct sm_pages *p, sm_pages_row *row,
			     void *context)
{
	struct walk w = {
		.pages = p, .row = row, .context = context, .is_reachable = true
	};
	enum sm_status status;

	memset(p->seen, 0, p->count);
	/* Each is in one row; rows that turn out to be none read some, too. */
	p->budget = UINT64_C(4) * p->count;
	status = find_roots(&w);
	if (!status)
		status = look_all(&w);
	w.is_reachable = false;
	for (uint32_t i = 1; i <= p->count && !status; i++)
		if (!(p->seen[i - 1] & (SEEN_LISTED | SEEN_PART)))
			status = look(&w, i);
	free(w.stack);
	return status;
}
