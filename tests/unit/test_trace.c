/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_trace.c: what was written to a trace is read, whatever became of its
 * writer.
 */
#include "tests/unit/trace_making.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

static void what_was_appended_is_read(void **state)
{
	static const uint32_t counts[] = { 0,	  1,	 2,	100,
					   16383, 16384, 16385, 40000 };

	(void)state;
	for (unsigned i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		struct sm_trace *t;

		fresh(NULL);
		start(SM_TRACE_CREATE, 3);
		append(counts[i]);
		finish();
		t = open_trace();
		expect_same(t, counts[i], 3);
		assert_false(sm_trace_meta(t, "closed") == NULL);
		sm_trace_close(t);
		expect_verified();
	}
}

static void tails_merge_without_a_trace(void **state)
{
	struct sm_trace *t;

	(void)state;
	start(SM_TRACE_CREATE, 2);
	for (uint32_t i = 0; i < 200; i++) {
		append(100);
		commit();
	}
	finish();
	t = open_trace();
	expect_same(t, 20000, 2);
	sm_trace_close(t);
}

static void an_existing_file_is_kept_unless_told(void **state)
{
	struct sm_trace_writer *w;
	struct sm_diag diag = { 0 };
	struct sm_trace *t;

	(void)state;
	start(SM_TRACE_CREATE, 1);
	assert_int_equal(sm_trace_writer_open(path, SM_TRACE_APPEND, &w, &diag),
			 SM_EXISTS);
	assert_non_null(strstr(diag.text, "another recording"));
	assert_int_equal(sm_trace_writer_open(path, SM_TRACE_FORCE, &w, &diag),
			 SM_EXISTS);
	append(10);
	finish();
	assert_int_equal(sm_trace_writer_open(path, SM_TRACE_CREATE, &w, &diag),
			 SM_EXISTS);
	assert_non_null(strstr(diag.text, path));
	t = open_trace();
	expect_same(t, 10, 1);
	sm_trace_close(t);
	fresh(NULL);
	start(SM_TRACE_FORCE, 1);
	append(5);
	finish();
	t = open_trace();
	expect_same(t, 5, 1);
	sm_trace_close(t);
}

static void appending_continues(void **state)
{
	static const uint32_t parts[] = { 10, 1, 16000, 500, 17000, 0, 3 };
	uint64_t time_ns = 0, seq[16] = { 0 }, random = 0;
	struct sm_trace *t;
	uint32_t n = 0;

	(void)state;
	for (unsigned i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		random = data_state;
		time_ns = making.time_ns;
		memcpy(seq, making.seq, sizeof(seq));
		start(SM_TRACE_APPEND, 1);
		data_state = random;
		if (i) {
			making.time_ns = time_ns;
			memcpy(making.seq, seq, sizeof(seq));
		}
		append(parts[i]);
		n += parts[i];
		/* The third is left as a killed writer leaves it. */
		if (i == 2) {
			append(77);
			commit();
			n += 77;
		}
		finish();
		expect_verified();
	}
	t = open_trace();
	assert_int_equal(sm_trace_process_count(t), 7);
	assert_int_equal(sm_trace_site_count(t), SITES + 1);
	expect_same(t, n, 1);
	sm_trace_close(t);
}

static void what_is_no_regular_file_is_not_replaced(void **state)
{
	struct sm_trace_writer *w;
	struct sm_diag diag = { 0 };

	(void)state;
	assert_int_equal(
		sm_trace_writer_open("/dev/null", SM_TRACE_FORCE, &w, &diag),
		SM_INVALID);
	assert_int_equal(sm_trace_writer_open("/nowhere/x.db", SM_TRACE_CREATE,
					      &w, &diag),
			 SM_IO);
	assert_non_null(strstr(diag.text, "/nowhere/x.db: cannot create"));
}

static void kill_a_writer(void)
{
	pid_t child = fork();
	int status;

	if (!child) {
		start(SM_TRACE_CREATE, 2);
		append(16500);
		commit();
		append(300);
		commit();
		append(5); /* never committed */
		raise(SIGKILL);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void a_killed_writer_leaves_a_readable_trace(void **state)
{
	struct sm_trace_cursor *c;
	const struct sm_event *event;
	struct sm_trace *t;
	struct sm_diag diag;
	uint32_t site;

	(void)state;
	kill_a_writer();
	t = open_trace();
	expect_same(t, 16800, 2);
	assert_null(sm_trace_meta(t, "closed"));
	assert_int_equal(sm_trace_events(t, NULL, &c, &diag), SM_OK);
	while (sm_trace_next(c, &event, &site, &diag) == SM_OK)
		;
	assert_false(sm_trace_may_grow(c));
	sm_trace_cursor_free(c);
	sm_trace_close(t);
	expect_verified();
	data_state = 1;
	start(SM_TRACE_APPEND, 0);
	finish();
	t = open_trace();
	expect_same(t, 16800, 2);
	sm_trace_close(t);
	expect_verified();
}

/* As a user who may only read; what it returns is the status. */
static int open_as_nobody(void)
{
	struct sm_trace *t;
	struct sm_diag diag;
	int status;
	pid_t child = fork();

	if (!child) {
		enum sm_status s;

		if (setgid(65534) || setuid(65534))
			_exit(99);
		s = sm_trace_open(path, &t, &diag);
		if (s)
			_exit((int)s);
		expect_same(t, 16800, 2);
		sm_trace_close(t);
		_exit(SM_OK);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void a_read_only_directory_is_no_obstacle(void **state)
{
	char name[80];

	(void)state;
	if (geteuid())
		skip();
	kill_a_writer();
	assert_int_equal(chmod(dir, 0555), 0);
	assert_int_equal(chmod(path, 0444), 0);
	snprintf(name, sizeof(name), "%s-wal", path);
	assert_int_equal(chmod(name, 0444), 0);
	snprintf(name, sizeof(name), "%s-shm", path);
	assert_int_equal(chmod(name, 0444), 0);
	assert_int_equal(open_as_nobody(), SM_OK);
	/* Without -shm SQLite would have to make one. */
	assert_int_equal(unlink(name), 0);
	assert_int_equal(open_as_nobody(), SM_OK);
	assert_int_equal(access(name, F_OK), -1);
	assert_int_equal(chmod(path, 0600), 0);
	assert_int_equal(chmod(dir, 0700), 0);
	start(SM_TRACE_APPEND, 0);
	finish();
	assert_int_equal(chmod(dir, 0555), 0);
	assert_int_equal(chmod(path, 0444), 0);
	assert_int_equal(open_as_nobody(), SM_OK);
	assert_int_equal(chmod(dir, 0700), 0);
}

static void a_full_disk_keeps_what_is_buffered(void **state)
{
	struct rlimit small = { 200 << 10, RLIM_INFINITY }, old;
	struct sm_diag diag = { 0 };
	struct sm_trace *t;
	size_t buffered;

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &old);
	small.rlim_max = old.rlim_max;
	start(SM_TRACE_CREATE, 2);
	append(100);
	commit();
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	append(20000);
	assert_int_equal(sm_trace_commit(making.w, &diag), SM_IO);
	assert_non_null(strstr(diag.text, "cannot write"));
	buffered = sm_trace_buffered_bytes(making.w);
	assert_true(buffered > 100000);
	append(20000);
	assert_int_equal(sm_trace_commit(making.w, &diag), SM_IO);
	assert_true(sm_trace_buffered_bytes(making.w) > buffered);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	commit();
	append(50);
	finish();
	signal(SIGXFSZ, SIG_DFL);
	t = open_trace();
	expect_same(t, 40150, 2);
	sm_trace_close(t);
	expect_verified();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup(name, fresh)
		TEST(what_was_appended_is_read),
		TEST(tails_merge_without_a_trace),
		TEST(an_existing_file_is_kept_unless_told),
		TEST(appending_continues),
		TEST(what_is_no_regular_file_is_not_replaced),
		TEST(a_killed_writer_leaves_a_readable_trace),
		TEST(a_read_only_directory_is_no_obstacle),
		TEST(a_full_disk_keeps_what_is_buffered),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
