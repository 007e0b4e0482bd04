/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pages_open.c: where the pages of a file are, those in its write-ahead log
 * included.
 */
#include "schema/trace/pages_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	AT_PAGE_SIZE = 16,
	PAGE_BYTES_OURS = 1024, /* when the header cannot say */
	WAL_HEADER_BYTES = 32,
	WAL_FRAME_BYTES = 24,
	WAL_MAGIC = 0x377f0682, /* its last bit: sums are big-endian */
};

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

bool sm_pages_read(const struct sm_pages *p, uint32_t number, uint8_t *to)
{
	const struct place *place = &p->places[number - 1];

	return number && number <= p->count &&
	       read_at(place->is_in_log ? p->log_fd : p->fd, to, p->page_bytes,
		       place->offset);
}
