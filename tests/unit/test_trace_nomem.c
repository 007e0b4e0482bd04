/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every allocation of writing and reading a trace fails once, those of SQLite,
 * zstd and OpenSSL included: nothing crashes, nothing is read that was not
 * written. A sanitizer brings its own allocator, so there it only runs through.
 */
#include "tests/unit/trace_data.h"

#include <sys/wait.h>

#include "schema/hash.h"

#ifdef SM_SANITISED
#define HAS_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define HAS_SANITIZER 1
#endif
#endif

static uint64_t allocations, fail_at;

#ifndef HAS_SANITIZER
void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t n);

static bool must_fail(void)
{
	return ++allocations == fail_at;
}

__attribute__((visibility("default"))) void *malloc(size_t n)
{
	return must_fail() ? NULL : __libc_malloc(n);
}

__attribute__((visibility("default"))) void *calloc(size_t n, size_t size)
{
	return must_fail() ? NULL : __libc_calloc(n, size);
}

__attribute__((visibility("default"))) void *realloc(void *p, size_t n)
{
	return must_fail() ? NULL : __libc_realloc(p, n);
}
#endif

static char dir[] = "/tmp/test_trace_nomem.XXXXXX";
static char path[64];

enum { EVENTS = 60, SITES = 5 };

/*
 * Without assertions: anything may fail. Returns how many were appended, 0 when
 * the end said that they may not all be there.
 */
static uint32_t write_some(void)
{
	static struct data_event d;
	struct sm_trace_process p = { .pid = 1,
				      .started_by = "exec",
				      .exe = SM_STR("/bin/x") };
	struct sm_trace_writer *w;
	struct sm_diag diag;
	uint32_t process, site[SITES], n = 0;

	data_state = 99;
	if (sm_trace_writer_open(path, SM_TRACE_FORCE, &w, &diag))
		return 0;
	if (sm_trace_add_process(w, &p, &process))
		goto out;
	for (uint32_t i = 0; i < SITES; i++) {
		struct sm_site s = data_site(i);

		if (sm_trace_intern_site(w, &s, &site[i]))
			goto out;
	}
	for (uint32_t i = 0; i < EVENTS; i++) {
		uint32_t at = data_below(SITES);

		data_event(&d, at);
		d.event.process = process;
		d.event.seq = n + 1;
		n += !sm_trace_append(w, site[at], &d.event);
		if (i == EVENTS / 2)
			(void)!sm_trace_commit(w, &diag);
	}
out:
	return sm_trace_writer_close(w, &diag) ? 0 : n;
}

static uint32_t read_some(void)
{
	struct sm_trace *t;
	struct sm_trace_cursor *c = NULL;
	struct sm_trace_query query = { .contains = SM_STR("/") };
	const struct sm_event *event;
	struct sm_diag diag;
	uint32_t site, n = 0;
	struct sm_trace_verified verified;

	if (!sm_trace_open(path, &t, &diag)) {
		for (unsigned i = 0; i < 2; i++) {
			if (!sm_trace_events(t, i ? &query : NULL, &c, &diag))
				while (!sm_trace_next(c, &event, &site, &diag))
					n += !i;
			sm_trace_cursor_free(c);
			c = NULL;
		}
		sm_trace_close(t);
	}
	(void)!sm_trace_verify(path, NULL, NULL, NULL, &verified, &diag);
	return n;
}

static void failing_allocations_lose_no_sense(void **state)
{
	uint64_t of_writing, of_reading;
	uint32_t done, partial = 0;

	(void)state;
	fail_at = allocations = 0;
	done = write_some();
	assert_int_equal(done, EVENTS);
	of_writing = allocations;
	allocations = 0;
	assert_int_equal(read_some(), EVENTS);
	of_reading = allocations;
	/* All of the first, then a sample: opening is where most happens. */
	for (uint64_t n = 1; n <= of_reading; n += n < 200 ? 1 : 11) {
		allocations = 0;
		fail_at = n;
		done = read_some();
		fail_at = 0;
		assert_true(done <= EVENTS);
	}
	for (uint64_t n = 1; n <= of_writing; n += n < 100 ? 1 : 17) {
		uint32_t appended;

		unlink(path);
		allocations = 0;
		fail_at = n;
		appended = write_some();
		fail_at = 0;
		done = read_some();
		if (appended && done != appended)
			fail_msg("allocation %lu: %u of %u", (unsigned long)n,
				 done, appended);
		partial += done && done < EVENTS;
	}
	/* With a sanitizer nothing was counted, so nothing failed. */
	assert_true(partial > 0 || !of_writing);
}

/* Of a trace that is whole: all of it, or that there was no memory. */
static void expect(uint64_t n, const char *doing, enum sm_status status,
		   uint64_t done, const struct sm_diag *diag)
{
	bool is_told = status == SM_NOMEM && diag->status == SM_NOMEM;

	if (!is_told && (status || done != EVENTS))
		fail_msg("allocation %lu, %s: %lu events, %s: %s",
			 (unsigned long)n, doing, (unsigned long)done,
			 sm_status_text(status), diag->text);
}

static void read_all(uint64_t n, struct sm_trace *t)
{
	struct sm_trace_cursor *c;
	const struct sm_event *event;
	struct sm_diag diag = { 0 };
	enum sm_status status = sm_trace_events(t, NULL, &c, &diag);
	uint64_t done = 0;
	uint32_t site;

	while (!status && !(status = sm_trace_next(c, &event, &site, &diag)))
		done++;
	sm_trace_cursor_free(c);
	expect(n, "one by one", status == SM_END ? SM_OK : status, done, &diag);
}

static void read_bulk(uint64_t n, struct sm_trace *t)
{
	struct sm_trace_cursor *c;
	struct sm_trace_bulk bulk;
	struct sm_diag diag = { 0 };
	enum sm_status status = sm_trace_events(t, NULL, &c, &diag);
	uint64_t done = 0;

	while (!status && !(status = sm_trace_bulk(c, &bulk, &diag)))
		for (uint32_t i = 0; i < bulk.count; i++)
			done += sm_trace_bulk_event(c, i) != NULL;
	sm_trace_cursor_free(c);
	expect(n, "in bulk", status == SM_END ? SM_OK : status, done, &diag);
}

static void verify_all(uint64_t n)
{
	struct sm_trace_verified verified;
	struct sm_diag diag = { 0 };
	enum sm_status status =
		sm_trace_verify(path, NULL, NULL, NULL, &verified, &diag);

	expect(n, "verified", status, verified.events, &diag);
}

/* True: that allocation was one of these. */
static bool read_with_failure(uint64_t n, unsigned how)
{
	struct sm_trace *t = NULL;
	struct sm_diag diag = { 0 };
	enum sm_status status = SM_OK;

	allocations = 0;
	fail_at = n;
	if (how < 2)
		status = sm_trace_open(path, &t, &diag);
	if (status)
		expect(n, "opened", status, 0, &diag);
	else if (how == 0)
		read_all(n, t);
	else if (how == 1)
		read_bulk(n, t);
	else
		verify_all(n);
	sm_trace_close(t);
	fail_at = 0;
	return allocations >= n;
}

/* Who has too little memory is not told that the trace is damaged, or whole. */
static void failing_allocations_are_no_damage(void **state)
{
	(void)state;
	unlink(path);
	assert_int_equal(write_some(), EVENTS);
	for (unsigned how = 0; how < 3; how++)
		for (uint64_t n = 1; read_with_failure(n, how);)
			n += n < 100 ? 1 : 23;
}

/* In a process of its own, where OpenSSL begins. */
static void hash_with_failure(uint64_t n)
{
	static const uint8_t abc[4] = { 0xba, 0x78, 0x16, 0xbf };
	uint8_t digest[SM_SHA256_BYTES];
	enum sm_status status;
	pid_t child = fork();
	int ended;

	if (!child) {
		allocations = 0;
		fail_at = n;
		status = sm_sha256("abc", 3, digest);
		_exit(status == SM_OK ? memcmp(digest, abc, sizeof(abc)) != 0
				      : status != SM_NOMEM);
	}
	assert_int_equal(waitpid(child, &ended, 0), child);
	assert_int_equal(ended, 0);
}

/* Before the others: they let it begin. */
static void failing_allocations_hash_nothing_wrong(void **state)
{
	(void)state;
	for (uint64_t n = 1; n <= 300; n += n < 100 ? 1 : 7)
		hash_with_failure(n);
}

static int make_dir(void **state)
{
	(void)state;
	if (!mkdtemp(dir))
		return -1;
	snprintf(path, sizeof(path), "%s/trace.db", dir);
	return 0;
}

static int remove_dir(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(failing_allocations_hash_nothing_wrong),
		cmocka_unit_test(failing_allocations_lose_no_sense),
		cmocka_unit_test(failing_allocations_are_no_damage),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
