/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A trace of every format version stays readable. GOLDEN_WRITE=1 makes the
 * file anew; from format 1 on that is never done for an existing one.
 */
#include "schema/trace/pack.h"

#include <sqlite3.h>

#include "tests/unit/trace_data.h"

#define GOLDEN "tests/golden/trace-0.db"

static const struct sm_value argv_items[] = {
	{ .type = SM_TEXT, .s = "git", .len = 3, .full_len = 3 },
	{ .type = SM_BYTES, .s = "\xff", .len = 1, .full_len = 1 },
};
static const struct sm_value open_args[] = {
	{ .type = SM_TEXT,
	  .s = "data/\xc3\xa4.txt",
	  .len = 11,
	  .full_len = 11 },
	{ .type = SM_TEXT, .s = "r", .len = 1, .full_len = 1 },
	{ .type = SM_INT, .i = 524288 },
};
static const struct sm_value popen_args[] = {
	{ .type = SM_TEXT, .s = "/usr/bin/git", .len = 12, .full_len = 12 },
	{ .type = SM_LIST, .items = argv_items, .len = 2, .full_len = 70 },
	{ .type = SM_NONE },
	{ .type = SM_NONE },
};
static const struct sm_value custom_args[] = {
	{ .type = SM_FLOAT, .f = -0.5 },
	{ .type = SM_TRUE },
	{ .type = SM_FALSE },
	{ .type = SM_OPAQUE, .s = "Order", .len = 5, .full_len = 5 },
	{ .type = SM_DIGEST, .full_len = 77, .i = -123456789 },
	{ .type = SM_TEXT, .s = "long", .len = 4, .full_len = 9000 },
	{ .type = SM_INT, .i = INT64_MIN },
	{ .type = SM_LIST },
};

static const struct golden {
	uint32_t site;
	struct sm_event event;
} golden[] = {
	{ 0,
	  { .seq = 1,
	    .time_ns = 1000,
	    .process = 1,
	    .thread = 41,
	    .argc = 3,
	    .args = open_args,
	    .resolved = { { "/srv/data/\xc3\xa4.txt", 16 } } } },
	{ 0,
	  { .seq = 2,
	    .time_ns = 999,
	    .process = 1,
	    .thread = 42,
	    .argc = 3,
	    .args = open_args } },
	{ 4,
	  { .seq = 7,
	    .time_ns = 5000000000,
	    .process = 2,
	    .thread = 43,
	    .argc = 4,
	    .args = popen_args,
	    .verdict = { SM_DENIED, { "p1", 2 } } } },
	{ 3,
	  { .seq = 3,
	    .time_ns = 5000000001,
	    .process = 1,
	    .thread = 41,
	    .argc = 8,
	    .args = custom_args,
	    .resolved = { { "/a", 2 }, { "/b", 2 } },
	    .verdict = { SM_ALLOWED, { "e1", 2 } },
	    .shadow = { SM_DENIED, { "s1", 2 } } } },
};

static const struct sm_trace_policy golden_policy = {
	.time_ns = 900,
	.mode = { "block", 5 },
	.enforced = { { "/p.json", 7 }, { "0123", 4 }, { "{}\n", 3 } },
	.shadow = { { "/s.json", 7 }, { "4567", 4 }, { "{ }\n", 4 } },
};
static const struct sm_trace_adoption golden_adoption = { 2, 1, 7, 901 };

enum { GOLDENS = sizeof(golden) / sizeof(golden[0]) };

static void write_golden(const char *path)
{
	struct sm_trace_writer *w = data_writer(path, SM_TRACE_FORCE);
	struct sm_diag diag;
	uint32_t number;

	data_process(w);
	data_process(w);
	for (unsigned i = 0; i < GOLDENS; i++) {
		struct sm_site s = data_site(golden[i].site);
		uint32_t site;

		assert_int_equal(sm_trace_intern_site(w, &s, &site), SM_OK);
		assert_int_equal(sm_trace_append(w, site, &golden[i].event),
				 SM_OK);
	}
	assert_int_equal(sm_trace_add_loss(w, 2, SM_LOSS_RING_FULL, 4, 500),
			 SM_OK);
	assert_int_equal(sm_trace_add_policy(w, &golden_policy, &number),
			 SM_OK);
	assert_int_equal(number, 1);
	assert_int_equal(sm_trace_add_adoption(w, &golden_adoption), SM_OK);
	assert_int_equal(sm_trace_set_after_denial(w, 2, 8), SM_OK);
	assert_int_equal(sm_trace_writer_close(w, &diag), SM_OK);
}

static void format_0_is_readable(void **state)
{
	struct sm_trace *t;
	struct sm_trace_cursor *c;
	const struct sm_event *event;
	const struct sm_trace_policy *policy;
	struct sm_diag diag = { 0 };
	uint64_t lost[SM_LOSSES];
	struct sm_trace_verified verified;
	uint32_t site;

	(void)state;
	if (getenv("GOLDEN_WRITE"))
		write_golden(GOLDEN);
	if (sm_trace_open(GOLDEN, &t, &diag))
		fail_msg("%s", diag.text);
	assert_int_equal(sm_trace_process_count(t), 2);
	assert_string_equal(sm_trace_meta(t, "format"), "0");
	assert_int_equal(sm_trace_lost(t, lost), 4);
	policy = sm_trace_policy(t, 1);
	assert_non_null(policy);
	assert_null(sm_trace_policy(t, 2));
	assert_int_equal(policy->time_ns, 900);
	assert_true(sm_str_equal(policy->mode, golden_policy.mode));
	assert_true(sm_str_equal(policy->enforced.text,
				 golden_policy.enforced.text));
	assert_true(sm_str_equal(policy->shadow.sha256,
				 golden_policy.shadow.sha256));
	assert_int_equal(sm_trace_policy_of(t, 2, 7), 1);
	assert_int_equal(sm_trace_process(t, 1)->after_denial, 0);
	assert_int_equal(sm_trace_process(t, 2)->after_denial, 8);
	assert_int_equal(sm_trace_events(t, NULL, &c, &diag), SM_OK);
	for (unsigned i = 0; i < GOLDENS; i++) {
		struct sm_event want = golden[i].event;

		want.site = data_site(golden[i].site);
		assert_int_equal(sm_trace_next(c, &event, &site, &diag), SM_OK);
		if (!data_events_equal(&want, event))
			fail_msg("event %u differs", i);
	}
	assert_int_equal(sm_trace_next(c, &event, &site, &diag), SM_END);
	sm_trace_cursor_free(c);
	sm_trace_close(t);
	assert_int_equal(
		sm_trace_verify(GOLDEN, NULL, NULL, NULL, &verified, &diag),
		SM_OK);
	assert_int_equal(verified.blocks, 1);
}

static sqlite3_stmt *open_block(const char *path, sqlite3 **db)
{
	sqlite3_stmt *q;

	assert_int_equal(sqlite3_open_v2(path, db, SQLITE_OPEN_READONLY, NULL),
			 SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(*db,
					    "SELECT data, zone, postings FROM "
					    "block ORDER BY id",
					    -1, &q, NULL),
			 SQLITE_OK);
	assert_int_equal(sqlite3_step(q), SQLITE_ROW);
	return q;
}

static void unpack(ZSTD_DCtx *zstd, sqlite3_stmt *q, int column,
		   struct sm_bytes *out)
{
	assert_int_equal(sm_unpack(zstd, sqlite3_column_blob(q, column),
				   (size_t)sqlite3_column_bytes(q, column), -1,
				   1 << 20, out),
			 SM_OK);
}

/* Compressed bytes may differ between versions of zstd; contents may not. */
static void the_same_events_give_the_same_blobs(void **state)
{
	char path[] = "/tmp/golden-XXXXXX";
	int fd = mkstemp(path);
	sqlite3 *old_db, *new_db;
	sqlite3_stmt *was, *is;
	ZSTD_DCtx *zstd = sm_unpack_new();
	struct sm_bytes a = { 0 }, b = { 0 };

	(void)state;
	assert_true(fd >= 0);
	close(fd);
	write_golden(path);
	was = open_block(GOLDEN, &old_db);
	is = open_block(path, &new_db);
	for (int i = 0; i < 3; i++) {
		unpack(zstd, was, i, &a);
		unpack(zstd, is, i, &b);
		assert_int_equal(a.len, b.len);
		assert_memory_equal(a.p, b.p, a.len);
	}
	sm_bytes_fini(&a);
	sm_bytes_fini(&b);
	ZSTD_freeDCtx(zstd);
	sqlite3_finalize(was);
	sqlite3_finalize(is);
	sqlite3_close(old_db);
	sqlite3_close(new_db);
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(format_0_is_readable),
		cmocka_unit_test(the_same_events_give_the_same_blobs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
