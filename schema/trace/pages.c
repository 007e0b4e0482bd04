/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/trace/pages.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	HEADER_BYTES = 100,
	AT_PAGE_SIZE = 16,
	PAGE_BYTES_OURS = 1024, /* when the header cannot say */
	LEAF_TABLE = 0x0d,
	LEAF_INDEX = 0x0a,
	INNER_TABLE = 0x05,
	INNER_INDEX = 0x02,
	CELL_BYTES_MAX = 8 << 20,
	DEPTH_MAX = 20,
	WAL_HEADER_BYTES = 32,
	WAL_FRAME_BYTES = 24,
	WAL_MAGIC = 0x377f0682, /* its last bit: sums are big-endian */
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

static uint32_t get_16(const uint8_t *p)
{
	return (uint32_t)p[0] << 8 | p[1];
}

static uint32_t get_32(const uint8_t *p)
{
	return get_16(p) << 16 | get_16(p + 2);
}

/* ----------------------------------------------------------------- opening */

static bool read_at(int fd, void *to, size_t n, uint64_t at)
{
	return pread(fd, to, n, (off_t)at) == (ssize_t)n;
}

static bool is_page_size(uint32_t n)
{
	return n >= 512 && n <= 65536 && !(n & (n - 1));
}

static uint32_t page_size(const struct sm_pages *p)
{
	uint8_t head[HEADER_BYTES], log[WAL_HEADER_BYTES];
	uint32_t n;

	if (p->log_fd >= 0 && read_at(p->log_fd, log, sizeof(log), 0) &&
	    is_page_size(get_32(log + 8)))
		return get_32(log + 8);
	if (!read_at(p->fd, head, sizeof(head), 0))
		return PAGE_BYTES_OURS;
	n = get_16(head + AT_PAGE_SIZE);
	n = n == 1 ? 65536 : n;
	return is_page_size(n) ? n : PAGE_BYTES_OURS;
}

static enum sm_status size_pages(struct sm_pages *p, uint64_t bytes,
				 uint64_t log_bytes)
{
	uint64_t count = bytes / p->page_bytes;
	/* Pages may be in the log only. */
	uint64_t frames = log_bytes / (p->page_bytes + WAL_FRAME_BYTES);

	if (count + frames > UINT32_MAX / 2)
		return SM_LIMIT;
	p->count = (uint32_t)count;
	p->places = calloc(count + frames + 1, sizeof(*p->places));
	p->seen = calloc(count + frames + 1, 1);
	p->page = malloc(p->page_bytes);
	p->next = malloc(p->page_bytes);
	if (!p->places || !p->seen || !p->page || !p->next)
		return SM_NOMEM;
	for (uint64_t i = 0; i < count; i++)
		p->places[i].offset = i * p->page_bytes;
	return SM_OK;
}

/* ------------------------------------------------------- write-ahead log */

struct log {
	bool is_big;
	uint32_t sums[2];
	uint8_t salts[8];
	struct place *new_places; /* since the last commit */
	uint32_t *new_pages;
	size_t new_count;
};

static void add_sums(struct log *log, const uint8_t *p, size_t n)
{
	for (size_t i = 0; i + 8 <= n; i += 8) {
		uint32_t a = get_32(p + i), b = get_32(p + i + 4);

		if (!log->is_big) {
			a = __builtin_bswap32(a);
			b = __builtin_bswap32(b);
		}
		log->sums[0] += a + log->sums[1];
		log->sums[1] += b + log->sums[0];
	}
}

/* Frames count up to the last commit whose sums are right, as for SQLite. */
static bool take_frame(struct sm_pages *p, struct log *log, uint64_t at,
		       uint32_t room)
{
	uint8_t head[WAL_FRAME_BYTES];
	uint32_t page, size;

	if (!read_at(p->log_fd, head, sizeof(head), at) ||
	    !read_at(p->log_fd, p->page, p->page_bytes, at + sizeof(head)))
		return false;
	page = get_32(head);
	size = get_32(head + 4);
	add_sums(log, head, 8);
	add_sums(log, p->page, p->page_bytes);
	if (memcmp(head + 8, log->salts, 8) != 0 ||
	    get_32(head + 16) != log->sums[0] ||
	    get_32(head + 20) != log->sums[1] || !page || page > room)
		return false;
	log->new_pages[log->new_count] = page;
	log->new_places[log->new_count++] =
		(struct place){ at + sizeof(head), true };
	if (!size)
		return true;
	for (size_t i = 0; i < log->new_count; i++) {
		uint32_t number = log->new_pages[i];

		p->places[number - 1] = log->new_places[i];
		if (number > p->count)
			p->count = number;
	}
	log->new_count = 0;
	return true;
}

static enum sm_status read_log(struct sm_pages *p, uint64_t bytes)
{
	uint64_t frame = p->page_bytes + WAL_FRAME_BYTES;
	uint64_t frames = bytes / frame;
	uint32_t room = p->count + (uint32_t)frames;
	uint8_t head[WAL_HEADER_BYTES];
	struct log log = { 0 };

	if (!read_at(p->log_fd, head, sizeof(head), 0) ||
	    (get_32(head) & ~1u) != WAL_MAGIC)
		return SM_OK;
	log.is_big = get_32(head) & 1;
	memcpy(log.salts, head + 16, sizeof(log.salts));
	add_sums(&log, head, 24);
	log.new_places = malloc((frames + 1) * sizeof(*log.new_places));
	log.new_pages = malloc((frames + 1) * sizeof(*log.new_pages));
	if (log.new_places && log.new_pages)
		for (uint64_t i = 0; i < frames; i++)
			if (!take_frame(p, &log, sizeof(head) + i * frame,
					room))
				break;
	free(log.new_places);
	free(log.new_pages);
	return SM_OK;
}

static int open_log(const char *path, uint64_t *bytes)
{
	size_t room = strlen(path) + 5;
	char *name = malloc(room);
	struct stat st;
	int fd;

	*bytes = 0;
	if (!name)
		return -1;
	snprintf(name, room, "%s-wal", path);
	fd = open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	free(name);
	if (fd >= 0 && !fstat(fd, &st) && S_ISREG(st.st_mode))
		*bytes = (uint64_t)st.st_size;
	return fd;
}

enum sm_status sm_pages_open(const char *path, struct sm_pages **out,
			     struct sm_diag *diag)
{
	struct sm_pages *p = calloc(1, sizeof(*p));
	enum sm_status status = SM_OK;
	uint64_t log_bytes;
	struct stat st;

	*out = NULL;
	if (!p)
		return sm_fail(diag, SM_NOMEM, "%s: out of memory", path);
	p->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	p->log_fd = open_log(path, &log_bytes);
	if (p->fd < 0 || fstat(p->fd, &st))
		status = sm_fail(diag, errno == ENOENT ? SM_NOT_FOUND : SM_IO,
				 "%s: cannot open: %s", path, strerror(errno));
	else if (!S_ISREG(st.st_mode))
		status = sm_fail(diag, SM_NOT_OURS, "%s: not a regular file",
				 path);
	if (!status) {
		p->page_bytes = page_size(p);
		status = size_pages(p, (uint64_t)st.st_size, log_bytes);
		if (!status && log_bytes)
			status = read_log(p, log_bytes);
		if (status)
			sm_fail(diag, status, "%s: %s", path,
				sm_status_text(status));
	}
	if (status)
		sm_pages_close(p);
	else
		*out = p;
	return status;
}

void sm_pages_close(struct sm_pages *p)
{
	if (!p)
		return;
	if (p->fd >= 0)
		close(p->fd);
	if (p->log_fd >= 0)
		close(p->log_fd);
	free(p->places);
	free(p->seen);
	free(p->page);
	free(p->next);
	free(p->used);
	sm_bytes_fini(&p->payload);
	free(p);
}

const uint32_t *sm_pages_used(const struct sm_pages *p, size_t *n)
{
	*n = p->used_count;
	return p->used;
}

static bool read_page(const struct sm_pages *p, uint32_t number, uint8_t *to)
{
	const struct place *place = &p->places[number - 1];

	return number && number <= p->count &&
	       read_at(place->is_in_log ? p->log_fd : p->fd, to, p->page_bytes,
		       place->offset);
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
		    p->used_count > p->count || !read_page(p, page, p->next) ||
		    !use(p, page))
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
	if (!read_page(p, page, p->page) || index >= cell_count(p, page) ||
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

	if (!read_page(p, number, p->page))
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
