/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_trace_ahead.c: what a second thread unpacks is what one alone reads.
 *
 * A process held to one processor reads alone. Where there is but one the
 * thread never is, and these compare a reader with itself.
 */
#include <sched.h>

#include "schema/trace/bytes.h"
#include "tests/unit/trace_making.h"

/* Of a writer that commits what little there is: so many it leaves apart. */
enum { BLOCKS = 30, EVENTS = 50 };

static cpu_set_t processors;

static void hold_to_one(bool yes)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	for (int i = 0; yes && !CPU_COUNT(&one); i++)
		if (CPU_ISSET(i, &processors))
			CPU_SET(i, &one);
	assert_int_equal(
		sched_setaffinity(0, sizeof(one), yes ? &one : &processors), 0);
}

/* Depends on the order, too. */
static uint64_t add_bulk(uint64_t digest, struct sm_trace_cursor *c,
			 const struct sm_trace_bulk *bulk)
{
	digest = sm_mix(digest, bulk->site_id);
	for (uint32_t i = 0; i < bulk->count; i++) {
		struct sm_trace_when when;

		digest = sm_mix(digest, bulk->keys[i]);
		assert_true(sm_trace_bulk_when(c, i, &when));
		digest = sm_mix(digest, when.time_ns ^ when.seq << 32);
		digest = sm_mix(digest, when.process);
		assert_int_equal(bulk->whens->times_ns[bulk->rows[i]],
				 when.time_ns);
	}
	assert_non_null(sm_trace_bulk_event(c, 0));
	return digest;
}

struct reading {
	uint64_t digest, events;
	unsigned damages;
	char told[4][256];
};

static struct sm_trace_cursor *begin(struct sm_trace *t)
{
	struct sm_trace_cursor *c;
	struct sm_diag diag;

	assert_int_equal(sm_trace_events(t, NULL, &c, &diag), SM_OK);
	sm_trace_bulk_with_whens(c);
	return c;
}

static void read_to_end(struct sm_trace *t, struct reading *r)
{
	struct sm_trace_cursor *c = begin(t);
	struct sm_trace_bulk bulk;
	struct sm_diag diag;
	enum sm_status status;

	*r = (struct reading){ 0 };
	while ((status = sm_trace_bulk(c, &bulk, &diag)) != SM_END) {
		if (status == SM_DAMAGED && r->damages < 4) {
			strcpy(r->told[r->damages++], diag.text);
			continue;
		}
		assert_int_equal(status, SM_OK);
		r->digest = add_bulk(r->digest, c, &bulk);
		r->events += bulk.count;
	}
	sm_trace_cursor_free(c);
}

static void make_blocks(void)
{
	start(SM_TRACE_CREATE, 2);
	for (unsigned i = 0; i < BLOCKS; i++) {
		append(EVENTS);
		commit();
	}
}

static void expect_alike(struct reading *got)
{
	struct reading want;
	struct sm_trace *t = open_trace();

	hold_to_one(true);
	read_to_end(t, &want);
	hold_to_one(false);
	read_to_end(t, got);
	sm_trace_close(t);
	assert_memory_equal(got, &want, sizeof(want));
}

static void two_threads_read_what_one_does(void **state)
{
	struct reading r;

	(void)state;
	make_blocks();
	expect_alike(&r);
	assert_int_equal(r.events, BLOCKS * EVENTS);
	assert_int_equal(r.damages, 0);
	finish();
}

static void damage_is_told_in_its_place(void **state)
{
	struct reading r;

	(void)state;
	make_blocks();
	data_run_sql(path,
		     "UPDATE block SET data=zeroblob(100) WHERE id=1+20*50");
	data_run_sql(path, "DELETE FROM block WHERE id=1+25*50");
	expect_alike(&r);
	assert_int_equal(r.events, (BLOCKS - 2) * EVENTS);
	assert_int_equal(r.damages, 2);
	assert_non_null(strstr(r.told[0], "block 1001 is damaged"));
	assert_non_null(strstr(r.told[1], "events 1251 to 1300 are missing"));
	finish();
}

/* Blocks that were given to the thread are no more when they are taken. */
static void blocks_merged_meanwhile_are_read_once(void **state)
{
	struct sm_trace_bulk bulk;
	struct sm_trace_cursor *c;
	struct sm_trace *t;
	struct sm_diag diag;
	uint64_t events = 0, later = 0;

	(void)state;
	make_blocks();
	t = open_trace();
	c = begin(t);
	while (sm_trace_bulk(c, &bulk, &diag) == SM_OK) {
		events += bulk.count;
		if (events < 700 || later)
			continue;
		append(later = 17000);
		commit();
	}
	assert_int_equal(events, BLOCKS * EVENTS + later);
	sm_trace_cursor_free(c);
	sm_trace_close(t);
	finish();
}

static void a_cursor_can_be_left_anywhere(void **state)
{
	struct sm_trace_bulk bulk;
	struct sm_trace *t;
	struct sm_diag diag;

	(void)state;
	make_blocks();
	t = open_trace();
	for (unsigned until = 1; until < BLOCKS * EVENTS; until += EVENTS) {
		struct sm_trace_cursor *c = begin(t);

		for (unsigned n = 0; n < until; n += bulk.count)
			assert_int_equal(sm_trace_bulk(c, &bulk, &diag), SM_OK);
		sm_trace_cursor_free(c);
	}
	sm_trace_close(t);
	finish();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup(name, fresh)
		TEST(two_threads_read_what_one_does),
		TEST(damage_is_told_in_its_place),
		TEST(blocks_merged_meanwhile_are_read_once),
		TEST(a_cursor_can_be_left_anywhere),
	};

	if (sched_getaffinity(0, sizeof(processors), &processors))
		return 1;
	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
