/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ring.c: both ends of a mapped ring. The writer's half runs inside the guest:
 * no allocation, no stdio, errno left alone.
 */
#include "recorder/ring.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>

#define HEAD_BYTES 8u /* reserved and committed */
/*
 * A record of any length and the zeroed head behind it. What is left before
 * the end of the data when this does not fit is padding.
 */
#define NEED_BYTES (HEAD_BYTES + SM_RECORD_MAX + HEAD_BYTES)

#define PAGE_BYTES   4096u /* or a part of one: then nothing is given back */
#define AROUND_BYTES (64u << 10) /* Linux's fault_around_bytes */
#define WAIT_STEP_NS 50000u	 /* a guess at one drain of the collector */

struct record_head {
	_Atomic uint32_t reserved;
	_Atomic uint32_t committed;
};

_Static_assert(sizeof(struct record_head) == HEAD_BYTES, "head is 8 bytes");
_Static_assert(sizeof(struct sm_ring_header) <= SM_RING_HEADER_BYTES,
	       "header fits its page");
_Static_assert(2 * NEED_BYTES <= SM_RING_BYTES_MIN,
	       "padding and a record fit the smallest ring");

static uint64_t aligned_to(uint64_t bytes, uint64_t unit)
{
	return (bytes + unit - 1) & ~(unit - 1);
}

static uint64_t aligned(uint64_t bytes)
{
	return aligned_to(bytes, 8);
}

static struct record_head *head_at(uint8_t *data, uint32_t at)
{
	return (struct record_head *)__builtin_assume_aligned(data + at, 8);
}

static void head_clear(struct record_head *head)
{
	atomic_store_explicit(&head->reserved, 0, memory_order_relaxed);
	atomic_store_explicit(&head->committed, 0, memory_order_relaxed);
}

/* ----------------------------------------------------------------- writer */

static uint64_t used_bytes(struct sm_ring_writer *writer)
{
	writer->cached_tail = atomic_load_explicit(&writer->control->tail,
						   memory_order_acquire);
	return writer->head - writer->cached_tail;
}

/* A tail that makes no sense counts as a full ring: dropping is harmless. */
SM_OFTEN static bool has_room(struct sm_ring_writer *writer, uint64_t need)
{
	uint64_t used = writer->head - writer->cached_tail;

	if (used <= writer->data_bytes && writer->data_bytes - used >= need)
		return true;
	used = used_bytes(writer);
	return used <= writer->data_bytes && writer->data_bytes - used >= need;
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static bool is_collector_alive(const struct sm_ring_writer *writer)
{
	return atomic_load_explicit(&writer->control->is_alive,
				    memory_order_acquire);
}

SM_RARELY static bool wait_for_room(struct sm_ring_writer *writer,
				    uint64_t need)
{
	const struct timespec step = { 0, WAIT_STEP_NS };
	uint64_t end = now_ns() + writer->wait_ns;
	int saved = errno;
	bool fits = false;

	while (!fits && is_collector_alive(writer) && now_ns() < end) {
		nanosleep(&step, NULL);
		fits = has_room(writer, need);
	}
	errno = saved;
	return fits;
}

/*
 * One wait per episode: a collector that is slower than the guest for long
 * must not slow it down by wait_ns an event.
 */
static bool make_room(struct sm_ring_writer *writer, uint64_t need)
{
	if (writer->is_full_episode) {
		if (used_bytes(writer) > writer->data_bytes / 2)
			return false;
		writer->is_full_episode = false;
	}
	if (has_room(writer, need))
		return true;
	if (writer->on_full != SM_ON_FULL_WAIT)
		return false;
	if (wait_for_room(writer, need))
		return true;
	writer->is_full_episode = true;
	return false;
}

static void put_padding(struct sm_ring_writer *writer, uint32_t at)
{
	struct record_head *head = head_at(writer->data, at);
	uint32_t bytes = writer->data_bytes - at;

	head_clear(head_at(writer->data, 0));
	atomic_store_explicit(&head->reserved, bytes, memory_order_relaxed);
	atomic_store_explicit(&head->committed, SM_RING_PAD,
			      memory_order_release);
	writer->head += bytes;
}

SM_OFTEN void *sm_ring_reserve(struct sm_ring_writer *writer)
{
	uint32_t at = (uint32_t)(writer->head & (writer->data_bytes - 1));
	uint32_t rest = writer->data_bytes - at;
	uint64_t need = rest < NEED_BYTES ? rest + NEED_BYTES : NEED_BYTES;
	struct record_head *head;

	if ((writer->is_full_episode || !has_room(writer, need)) &&
	    !make_room(writer, need))
		return NULL;
	if (rest < NEED_BYTES) {
		put_padding(writer, at);
		at = 0;
	}
	head = head_at(writer->data, at);
	atomic_store_explicit(&head->reserved, SM_RECORD_MAX,
			      memory_order_relaxed);
	/* The payload must not become visible before the reservation. */
	atomic_thread_fence(memory_order_release);
	return (uint8_t *)head + HEAD_BYTES;
}

SM_OFTEN void sm_ring_commit(struct sm_ring_writer *writer, uint32_t bytes)
{
	uint32_t at = (uint32_t)(writer->head & (writer->data_bytes - 1));
	struct record_head *head = head_at(writer->data, at);
	uint64_t step = HEAD_BYTES + aligned(bytes);

	if (!bytes || bytes > SM_RECORD_MAX) {
		atomic_store_explicit(&head->reserved, 0, memory_order_release);
		return;
	}
	/* What a given-up or longer record left there is not a head. */
	head_clear(head_at(writer->data, at + (uint32_t)step));
	atomic_store_explicit(&head->committed, bytes, memory_order_release);
	writer->head += step;
	atomic_store_explicit(&writer->header->head, writer->head,
			      memory_order_release);
}

static bool is_data_size(uint64_t bytes)
{
	return bytes >= SM_RING_BYTES_MIN && bytes <= SM_RING_BYTES_MAX &&
	       !(bytes & (bytes - 1));
}

/* A ring somebody can shrink would kill the guest with SIGBUS. */
static enum sm_status check_sealed(int fd, uint64_t *bytes)
{
	struct stat st;
	int seals = fcntl(fd, F_GET_SEALS);

	if (seals < 0 || fstat(fd, &st))
		return SM_IO;
	if (!(seals & F_SEAL_SHRINK) || st.st_size <= 0)
		return SM_INVALID;
	*bytes = (uint64_t)st.st_size;
	return SM_OK;
}

static void *map_shared(int fd, size_t bytes, int protection)
{
	void *at = mmap(NULL, bytes, protection, MAP_SHARED, fd, 0);

	if (at == MAP_FAILED)
		return NULL;
	/* A forked child must never write its parent's ring. */
	madvise(at, bytes, MADV_DONTFORK);
	return at;
}

static bool is_mapping_ours(const struct sm_ring_writer *writer)
{
	return writer->header->magic == SM_RING_MAGIC &&
	       writer->header->version == SM_RING_VERSION &&
	       writer->control->magic == SM_RING_MAGIC &&
	       writer->control->version == SM_RING_VERSION;
}

enum sm_status sm_ring_map(int ring_fd, int control_fd,
			   struct sm_ring_writer *writer)
{
	uint64_t ring_bytes, control_bytes;
	enum sm_status status;

	memset(writer, 0, sizeof(*writer));
	status = check_sealed(ring_fd, &ring_bytes);
	if (status)
		return status;
	status = check_sealed(control_fd, &control_bytes);
	if (status)
		return status;
	if (ring_bytes <= SM_RING_HEADER_BYTES ||
	    !is_data_size(ring_bytes - SM_RING_HEADER_BYTES) ||
	    control_bytes < sizeof(struct sm_ring_control))
		return SM_INVALID;
	writer->data_bytes = (uint32_t)(ring_bytes - SM_RING_HEADER_BYTES);
	writer->header =
		map_shared(ring_fd, ring_bytes, PROT_READ | PROT_WRITE);
	writer->control =
		map_shared(control_fd, sizeof(*writer->control), PROT_READ);
	status = SM_IO;
	if (!writer->header || !writer->control)
		goto fail;
	status = SM_INVALID;
	if (!is_mapping_ours(writer))
		goto fail;
	writer->data = (uint8_t *)writer->header + SM_RING_HEADER_BYTES;
	writer->head = atomic_load_explicit(&writer->header->head,
					    memory_order_relaxed);
	writer->cached_tail = writer->head;
	used_bytes(writer);
	atomic_store(&writer->header->is_adopted, 1);
	return SM_OK;
fail:
	sm_ring_unmap(writer);
	return status;
}

void sm_ring_unmap(struct sm_ring_writer *writer)
{
	if (writer->header)
		munmap(writer->header,
		       SM_RING_HEADER_BYTES + (size_t)writer->data_bytes);
	if (writer->control)
		munmap((void *)(uintptr_t)writer->control,
		       sizeof(*writer->control));
	memset(writer, 0, sizeof(*writer));
}

/* ----------------------------------------------------------------- reader */

static enum sm_status taint(struct sm_ring_reader *reader)
{
	reader->is_tainted = true;
	return SM_DAMAGED;
}

/* [from, to) of the data. Where the system refuses, nothing is but kept. */
static void give_back(const struct sm_ring_reader *reader, uint64_t from,
		      uint64_t to, uint64_t keep)
{
	if (from < keep)
		from = keep;
	if (from < to)
		madvise(reader->data + from, to - from, MADV_REMOVE);
}

/*
 * Reading one page maps those around it: what is not read yet is the guest's
 * memory, not ours.
 */
static void look_away(const struct sm_ring_reader *reader, uint64_t from)
{
	uint64_t bytes = reader->data_bytes - from;

	madvise(reader->data + from,
		bytes < AROUND_BYTES ? bytes : AROUND_BYTES, MADV_DONTNEED);
}

/*
 * Pages are given back before the producer may write to them again: that is
 * why it gets them whole.
 */
void sm_ring_release(struct sm_ring_reader *reader, uint32_t keep_bytes)
{
	const uint64_t to = reader->tail & ~(uint64_t)(PAGE_BYTES - 1);
	const uint64_t keep = aligned_to(keep_bytes, PAGE_BYTES);
	uint64_t first = reader->released & (reader->data_bytes - 1);
	uint64_t end = first + (to - reader->released);
	int saved = errno;

	if (to == reader->released)
		return;
	/* One that breaks the rules may be read round and round. */
	if (end - first > reader->data_bytes)
		end = first + reader->data_bytes;
	if (end > reader->data_bytes) {
		give_back(reader, 0, end - reader->data_bytes, keep);
		end = reader->data_bytes;
	}
	give_back(reader, first, end, keep);
	if (keep < reader->data_bytes)
		look_away(reader, to & (reader->data_bytes - 1));
	errno = saved;
	reader->released = to;
	atomic_store_explicit(&reader->control->tail, to, memory_order_release);
}

/* Padding leads to a head at 0, never to more padding. */
static enum sm_status skip_padding(struct sm_ring_reader *reader, uint32_t at)
{
	uint32_t bytes = atomic_load_explicit(
		&head_at(reader->data, at)->reserved, memory_order_relaxed);

	if (bytes != reader->data_bytes - at || bytes >= NEED_BYTES)
		return taint(reader);
	reader->tail += bytes;
	return SM_OK;
}

static enum sm_status copy_out(struct sm_ring_reader *reader, uint32_t at,
			       uint32_t committed, uint8_t *out,
			       uint32_t *bytes)
{
	uint64_t step = HEAD_BYTES + aligned(committed);

	if (committed > SM_RECORD_MAX ||
	    step + HEAD_BYTES > reader->data_bytes - at)
		return taint(reader);
	memcpy(out, reader->data + at + HEAD_BYTES, committed);
	*bytes = committed;
	reader->tail += step;
	return SM_OK;
}

enum sm_status sm_ring_read(struct sm_ring_reader *reader, uint8_t *out,
			    uint32_t *bytes)
{
	uint32_t at, committed;
	enum sm_status status;

	*bytes = 0;
	if (reader->is_tainted)
		return SM_DAMAGED;
	for (;;) {
		at = (uint32_t)(reader->tail & (reader->data_bytes - 1));
		committed = atomic_load_explicit(
			&head_at(reader->data, at)->committed,
			memory_order_acquire);
		if (!committed)
			return SM_END;
		if (committed != SM_RING_PAD)
			return copy_out(reader, at, committed, out, bytes);
		status = skip_padding(reader, at);
		if (status)
			return status;
	}
}
