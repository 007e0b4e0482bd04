/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_trace_follow.c: reading while it is written.
 */
#include "tests/unit/trace_making.h"

#include <sys/stat.h>

static void a_live_trace_is_followed(void **state)
{
	struct sm_trace *t;
	struct sm_trace_cursor *c;
	const struct sm_event *event;
	struct sm_diag diag = { 0 };
	uint64_t want = 0, got = 0, seen = 0;
	uint32_t site;
	struct stat st;
	char wal[80];

	(void)state;
	start(SM_TRACE_CREATE, 2);
	commit();
	t = open_trace();
	assert_int_equal(sm_trace_events(t, NULL, &c, &diag), SM_OK);
	for (uint32_t i = 0; i < 90; i++) {
		for (uint32_t k = 0; k < 250; k++) {
			const struct sm_event *e = make();

			want += digest(e);
			assert_int_equal(
				sm_trace_append(making.w, site_of(e), e),
				SM_OK);
		}
		commit();
		while (sm_trace_next(c, &event, &site, &diag) == SM_OK) {
			got += digest(event);
			seen++;
		}
		assert_int_equal(diag.status, SM_OK);
		assert_int_equal(seen, (i + 1) * 250);
		assert_int_equal(got, want);
		assert_true(sm_trace_may_grow(c));
	}
	finish();
	assert_int_equal(sm_trace_next(c, &event, &site, &diag), SM_END);
	assert_false(sm_trace_may_grow(c));
	sm_trace_cursor_free(c);
	sm_trace_close(t);
	/* The follower did not keep the writer from leaving one file. */
	snprintf(wal, sizeof(wal), "%s-wal", path);
	assert_int_equal(stat(wal, &st), -1);
	expect_verified();
}

/* Digest of all events of the bulk the cursor stands on. */
static uint64_t digest_bulk(struct sm_trace_cursor *c,
			    const struct sm_trace_bulk *bulk)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < bulk->count; i++) {
		const struct sm_event *event = sm_trace_bulk_event(c, i);

		assert_non_null(event);
		sum += digest(event);
	}
	return sum;
}

static uint64_t append_digested(uint32_t n)
{
	uint64_t sum = 0;

	while (n--) {
		const struct sm_event *e = make();

		sum += digest(e);
		assert_int_equal(sm_trace_append(making.w, site_of(e), e),
				 SM_OK);
	}
	commit();
	return sum;
}

static void look_elsewhere(struct sm_trace *t)
{
	struct sm_trace_cursor *c;
	const struct sm_event *event;
	struct sm_diag diag;
	uint32_t site;

	assert_int_equal(sm_trace_events(t, NULL, &c, &diag), SM_OK);
	assert_int_equal(sm_trace_next(c, &event, &site, &diag), SM_OK);
	sm_trace_cursor_free(c);
}

/* What the cursor holds is its own: its row may be gone from the file. */
static void bulk_survives_the_merge_of_its_block(void **state)
{
	struct sm_trace_bulk bulk;
	struct sm_trace_cursor *c;
	struct sm_diag diag = { 0 };
	struct sm_trace *t;
	uint64_t want = 0, got = 0;

	(void)state;
	start(SM_TRACE_CREATE, 2);
	want += append_digested(200);
	want += append_digested(90);
	t = open_trace();
	assert_int_equal(sm_trace_events(t, NULL, &c, &diag), SM_OK);
	for (uint32_t n = 17000; n; n /= 3) {
		enum sm_status status = sm_trace_bulk(c, &bulk, &diag);

		/* Between a bulk and its events, rows are merged, and another
		 * cursor reads blocks. */
		assert_int_equal(status, SM_OK);
		want += append_digested(n);
		look_elsewhere(t);
		got += digest_bulk(c, &bulk);
	}
	while (!sm_trace_bulk(c, &bulk, &diag))
		got += digest_bulk(c, &bulk);
	if (diag.status)
		fail_msg("%s", diag.text);
	assert_int_equal(got, want);
	sm_trace_cursor_free(c);
	sm_trace_close(t);
	finish();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup(name, fresh)
		TEST(a_live_trace_is_followed),
		TEST(bulk_survives_the_merge_of_its_block),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
