/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "recorder/ring.h"

#define HEAD 8u

struct fixture {
	struct sm_ring_memory memory;
	struct sm_ring_writer writer;
	uint8_t out[SM_RECORD_MAX];
	uint32_t bytes;
	uint32_t keep_bytes; /* of drained memory; 0: what is read is gone */
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	*state = f;
	if (!f || sm_ring_create(SM_RING_BYTES_MIN, &f->memory, NULL))
		return -1;
	return sm_ring_map(f->memory.ring_fd, f->memory.control_read_fd,
			   &f->writer);
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	sm_ring_unmap(&f->writer);
	sm_ring_destroy(&f->memory);
	free(f);
	return 0;
}

static bool put(struct fixture *f, uint32_t bytes, uint8_t fill)
{
	uint8_t *at = sm_ring_reserve(&f->writer);

	if (!at)
		return false;
	memset(at, fill, bytes);
	sm_ring_commit(&f->writer, bytes);
	return true;
}

static enum sm_status get(struct fixture *f)
{
	enum sm_status status =
		sm_ring_read(&f->memory.reader, f->out, &f->bytes);

	sm_ring_release(&f->memory.reader, f->keep_bytes);
	return status;
}

static void assert_record(struct fixture *f, uint32_t bytes, uint8_t fill)
{
	assert_int_equal(get(f), SM_OK);
	assert_int_equal(f->bytes, bytes);
	for (uint32_t i = 0; i < bytes; i++)
		assert_int_equal(f->out[i], fill);
}

static void empty_ring_has_nothing(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(get(f), SM_END);
}

static void records_come_back_in_order_at_every_length_limit(void **state)
{
	static const uint32_t lengths[] = { 1,
					    2,
					    7,
					    8,
					    9,
					    15,
					    16,
					    17,
					    4095,
					    SM_RECORD_MAX - 1,
					    SM_RECORD_MAX };
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++)
		assert_true(put(f, lengths[i], (uint8_t)(i + 1)));
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++)
		assert_record(f, lengths[i], (uint8_t)(i + 1));
	assert_int_equal(get(f), SM_END);
}

static void too_long_commit_is_given_up(void **state)
{
	struct fixture *f = *state;

	assert_non_null(sm_ring_reserve(&f->writer));
	sm_ring_commit(&f->writer, SM_RECORD_MAX + 1);
	assert_int_equal(get(f), SM_END);
}

static void given_up_record_leaves_no_trace(void **state)
{
	struct fixture *f = *state;
	uint8_t *at = sm_ring_reserve(&f->writer);

	assert_non_null(at);
	memset(at, 0xff, SM_RECORD_MAX);
	sm_ring_commit(&f->writer, 0);
	assert_true(put(f, 3, 'a'));
	assert_record(f, 3, 'a');
	assert_int_equal(get(f), SM_END);
}

static void reserved_record_of_a_dead_producer_is_not_read(void **state)
{
	struct fixture *f = *state;
	uint8_t *at;

	assert_true(put(f, 10, 'x'));
	at = sm_ring_reserve(&f->writer);
	assert_non_null(at);
	memset(at, 0xee, 100);
	assert_record(f, 10, 'x');
	assert_int_equal(get(f), SM_END);
}

static void wraps_around_many_times_with_every_remainder(void **state)
{
	struct fixture *f = *state;
	uint32_t length = 1;

	/* About 60 times around; lengths are coprime to the size. */
	for (int i = 0; i < 3000; i++) {
		length = (length * 7 + 13) % 9973 + 1;
		assert_true(put(f, length, (uint8_t)i));
		assert_record(f, length, (uint8_t)i);
	}
	assert_int_equal(get(f), SM_END);
	assert_false(f->memory.reader.is_tainted);
}

static uint32_t fill_up(struct fixture *f, uint32_t bytes)
{
	uint32_t n = 0;

	while (put(f, bytes, (uint8_t)n))
		n++;
	return n;
}

static void full_ring_refuses_and_recovers_without_loss(void **state)
{
	struct fixture *f = *state;
	uint32_t n = fill_up(f, 1000);

	assert_true(n > 100 && n * 1008 <= SM_RING_BYTES_MIN);
	assert_null(sm_ring_reserve(&f->writer));
	for (uint32_t i = 0; i < n; i++)
		assert_record(f, 1000, (uint8_t)i);
	assert_int_equal(get(f), SM_END);
	assert_true(put(f, 1000, 'z'));
	assert_record(f, 1000, 'z');
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void waits_once_per_episode_then_drops_until_half_empty(void **state)
{
	struct fixture *f = *state;
	uint64_t start;
	uint32_t n;

	f->writer.on_full = SM_ON_FULL_WAIT;
	f->writer.wait_ns = 20000000;
	start = now_ns();
	errno = 77;
	n = fill_up(f, 1000);
	assert_int_equal(errno, 77);
	assert_true(now_ns() - start >= 20000000);
	start = now_ns();
	for (int i = 0; i < 1000; i++)
		assert_null(sm_ring_reserve(&f->writer));
	assert_true(now_ns() - start < 2000000000);
	/* Some room, but not half of it: still dropping. */
	for (uint32_t i = 0; i < n / 4; i++)
		assert_int_equal(get(f), SM_OK);
	assert_null(sm_ring_reserve(&f->writer));
	for (uint32_t i = 0; i < n / 2; i++)
		assert_int_equal(get(f), SM_OK);
	assert_true(put(f, 1, 'a'));
}

static void never_waits_for_a_collector_that_is_gone(void **state)
{
	struct fixture *f = *state;
	uint64_t start = now_ns();

	atomic_store(&f->memory.reader.control->is_alive, 0);
	f->writer.on_full = SM_ON_FULL_WAIT;
	f->writer.wait_ns = 2000000000;
	fill_up(f, 60000);
	assert_true(now_ns() - start < 1000000000);
}

static void tail_that_makes_no_sense_counts_as_full(void **state)
{
	struct fixture *f = *state;

	atomic_store(&f->memory.reader.control->tail, 1ull << 40);
	f->writer.cached_tail = 1ull << 40;
	assert_null(sm_ring_reserve(&f->writer));
}

/* ---------------------------------------------------------------- hostile */

static void write_head(struct fixture *f, uint32_t at, uint32_t reserved,
		       uint32_t committed)
{
	uint32_t words[2] = { reserved, committed };

	memcpy(f->writer.data + at, words, sizeof(words));
}

static void assert_tainted(struct fixture *f)
{
	assert_int_equal(get(f), SM_DAMAGED);
	assert_true(f->memory.reader.is_tainted);
	assert_int_equal(get(f), SM_DAMAGED);
}

static void length_beyond_the_maximum_taints(void **state)
{
	struct fixture *f = *state;

	write_head(f, 0, SM_RECORD_MAX + 1, SM_RECORD_MAX + 1);
	assert_tainted(f);
}

static void huge_length_taints(void **state)
{
	struct fixture *f = *state;

	write_head(f, 0, 1, 0xffffffff);
	assert_tainted(f);
}

static void record_over_the_end_taints(void **state)
{
	struct fixture *f = *state;
	uint32_t at = SM_RING_BYTES_MIN - 64;

	f->memory.reader.tail = at;
	/* n - 1, n, n + 1 around what fits with a head behind it. */
	write_head(f, at, 1, 64 - 2 * HEAD);
	assert_int_equal(get(f), SM_OK);
	f->memory.reader.tail = at;
	write_head(f, at, 1, 64 - 2 * HEAD + 1);
	assert_tainted(f);
}

static void padding_elsewhere_than_to_the_end_taints(void **state)
{
	struct fixture *f = *state;

	write_head(f, 0, SM_RING_BYTES_MIN, SM_RING_PAD);
	assert_tainted(f);
	f->memory.reader.is_tainted = false;
	write_head(f, 0, 0, SM_RING_PAD);
	assert_tainted(f);
	f->memory.reader.is_tainted = false;
	f->memory.reader.tail = SM_RING_BYTES_MIN - 64;
	write_head(f, SM_RING_BYTES_MIN - 64, 56, SM_RING_PAD);
	assert_tainted(f);
}

static void random_ring_contents_never_read_out_of_bounds(void **state)
{
	struct fixture *f = *state;
	unsigned seed = 1;

	for (int round = 0; round < 200; round++) {
		for (uint32_t i = 0; i < SM_RING_BYTES_MIN; i += 4) {
			uint32_t word = (uint32_t)rand_r(&seed) & 0xff;

			memcpy(f->writer.data + i, &word, 4);
		}
		f->memory.reader.is_tainted = false;
		for (int i = 0; i < 100 && !get(f); i++)
			assert_in_range(f->bytes, 1, SM_RECORD_MAX);
	}
}

/* ----------------------------------------------------------------- memory */

static void memory_is_sealed_and_the_control_page_read_only(void **state)
{
	struct fixture *f = *state;
	char path[64];
	void *at;
	int fd;

	assert_int_equal(ftruncate(f->memory.ring_fd, 4096), -1);
	assert_int_equal(ftruncate(f->memory.ring_fd, 1 << 30), -1);
	assert_int_equal(ftruncate(f->memory.control_fd, 0), -1);
	at = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED,
		  f->memory.control_read_fd, 0);
	assert_ptr_equal(at, MAP_FAILED);
	/* Reopened for writing by the same uid: the seal holds. */
	snprintf(path, sizeof(path), "/proc/self/fd/%d",
		 f->memory.control_read_fd);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd >= 0) {
		at = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
			  0);
		assert_ptr_equal(at, MAP_FAILED);
		assert_int_equal(write(fd, "x", 1), -1);
		close(fd);
	}
}

static void sizes_outside_the_limits_are_refused(void **state)
{
	static const uint32_t bad[] = { 0,
					1,
					SM_RING_BYTES_MIN - 1,
					SM_RING_BYTES_MIN / 2,
					SM_RING_BYTES_MIN + 1,
					SM_RING_BYTES_MAX + 1,
					0x80000000u };
	struct sm_ring_memory memory;
	struct sm_diag diag;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(sm_ring_create(bad[i], &memory, &diag),
				 SM_LIMIT);
		assert_non_null(strstr(diag.text, "power of two"));
		sm_ring_destroy(&memory);
	}
}

static void agent_refuses_what_is_not_a_sealed_ring(void **state)
{
	struct fixture *f = *state;
	struct sm_ring_writer writer;
	int fd = memfd_create("plain", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	assert_int_equal(
		ftruncate(fd, SM_RING_HEADER_BYTES + SM_RING_BYTES_MIN), 0);
	assert_int_equal(sm_ring_map(fd, f->memory.control_read_fd, &writer),
			 SM_INVALID);
	assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK), 0);
	assert_int_equal(sm_ring_map(fd, f->memory.control_read_fd, &writer),
			 SM_INVALID); /* no magic */
	assert_int_equal(
		sm_ring_map(f->memory.control_fd, f->memory.ring_fd, &writer),
		SM_INVALID); /* exchanged */
	assert_int_equal(sm_ring_map(-1, -1, &writer), SM_IO);
	assert_null(writer.header);
	close(fd);
}

static void forked_child_has_no_ring(void **state)
{
	struct fixture *f = *state;
	int status;
	pid_t child = fork();

	if (!child) {
		unsigned char resident;

		_exit(mincore(f->writer.header, 4096, &resident) &&
		      errno == ENOMEM);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 1 << 8);
}

/* ------------------------------------------------------------- concurrent */

#define MESSAGES 20000

struct message {
	uint32_t number;
	uint32_t filler[];
};

static void *produce(void *context)
{
	struct fixture *f = context;
	uint32_t i, words;

	for (i = 0; i < MESSAGES; i++) {
		struct message *m;

		while (!(m = sm_ring_reserve(&f->writer)))
			sched_yield();
		words = i % 300;
		m->number = i;
		for (uint32_t w = 0; w < words; w++)
			m->filler[w] = i;
		sm_ring_commit(&f->writer, (uint32_t)sizeof(*m) + 4 * words);
	}
	return NULL;
}

static void concurrent_reader_sees_every_record_whole(void **state)
{
	struct fixture *f = *state;
	pthread_t thread;
	uint32_t i = 0;

	assert_int_equal(pthread_create(&thread, NULL, produce, f), 0);
	while (i < MESSAGES) {
		struct message *m = (struct message *)(void *)f->out;
		enum sm_status status = get(f);

		if (status == SM_END) {
			sched_yield();
			continue;
		}
		assert_int_equal(status, SM_OK);
		assert_int_equal(m->number, i);
		assert_int_equal(f->bytes, 4 + 4 * (i % 300));
		for (uint32_t w = 0; w < i % 300; w++)
			assert_int_equal(m->filler[w], i);
		i++;
	}
	pthread_join(thread, NULL);
	assert_int_equal(get(f), SM_END);
}

static uint64_t resident(const struct fixture *f)
{
	struct stat st;

	assert_int_equal(fstat(f->memory.ring_fd, &st), 0);
	return (uint64_t)st.st_blocks * 512;
}

/* Five times round, never more than a few records behind. */
static void go_round(struct fixture *f)
{
	for (uint32_t i = 0; i < 5 * SM_RING_BYTES_MIN / 1000; i++) {
		assert_true(put(f, 1000, (uint8_t)i));
		assert_int_equal(get(f), SM_OK);
		assert_int_equal(f->bytes, 1000);
		assert_int_equal(f->out[0], (uint8_t)i);
		assert_int_equal(f->out[999], (uint8_t)i);
	}
}

static void a_drained_ring_keeps_what_it_may(void **state)
{
	struct fixture *f = *state;

	f->keep_bytes = UINT32_MAX;
	go_round(f);
	assert_true(resident(f) > SM_RING_BYTES_MIN / 2);
	f->keep_bytes = 16384;
	go_round(f);
	/* The header, the pages begun, and what may stay. */
	assert_true(resident(f) <= SM_RING_HEADER_BYTES + 16384 + 3 * 4096);
	f->keep_bytes = 0;
	go_round(f);
	assert_true(resident(f) <= SM_RING_HEADER_BYTES + 3 * 4096);
}

#define RING_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		RING_TEST(empty_ring_has_nothing),
		RING_TEST(records_come_back_in_order_at_every_length_limit),
		RING_TEST(too_long_commit_is_given_up),
		RING_TEST(given_up_record_leaves_no_trace),
		RING_TEST(reserved_record_of_a_dead_producer_is_not_read),
		RING_TEST(wraps_around_many_times_with_every_remainder),
		RING_TEST(full_ring_refuses_and_recovers_without_loss),
		RING_TEST(waits_once_per_episode_then_drops_until_half_empty),
		RING_TEST(never_waits_for_a_collector_that_is_gone),
		RING_TEST(tail_that_makes_no_sense_counts_as_full),
		RING_TEST(length_beyond_the_maximum_taints),
		RING_TEST(huge_length_taints),
		RING_TEST(record_over_the_end_taints),
		RING_TEST(padding_elsewhere_than_to_the_end_taints),
		RING_TEST(random_ring_contents_never_read_out_of_bounds),
		RING_TEST(memory_is_sealed_and_the_control_page_read_only),
		cmocka_unit_test(sizes_outside_the_limits_are_refused),
		RING_TEST(agent_refuses_what_is_not_a_sealed_ring),
		RING_TEST(forked_child_has_no_ring),
		RING_TEST(concurrent_reader_sees_every_record_whole),
		RING_TEST(a_drained_ring_keeps_what_it_may),
	};

	return cmocka_run_group_tests_name("ring", tests, NULL, NULL);
}
