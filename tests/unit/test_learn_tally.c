/* SPDX-License-Identifier: Apache-2.0 */
/* Whole blocks of events count as each of them by itself does. */
#include "learner/observe.h"
#include "tests/unit/trace_making.h"

enum { EVENTS = 6000 };

/* Times that stand still, run, leap, and go back now and then. */
static void append_anyhow(uint32_t n, unsigned back)
{
	while (n--) {
		unsigned how = data_below(1000);
		const struct sm_event *e;

		if (how < back)
			making.time_ns -= data_below(50000000);
		else if (how < back + 5)
			making.time_ns += data_below(1u << 31) * 100ull;
		else if (how < 500)
			making.time_ns += data_below(10000000);
		e = make();
		assert_int_equal(sm_trace_append(making.w, site_of(e), e),
				 SM_OK);
	}
}

static struct sm_observations *read_from(uint64_t from_ns)
{
	const struct sm_window window = { .from_ns = from_ns };
	struct sm_observations *seen = sm_observations_new();
	struct sm_trace *trace = open_trace();
	struct sm_diag diag = { 0 };

	assert_non_null(seen);
	assert_int_equal(sm_observations_read(seen, trace, &window, &diag),
			 SM_OK);
	sm_trace_close(trace);
	return seen;
}

static void expect_equal(const struct sm_observations *a,
			 const struct sm_observations *b)
{
	uint8_t *of_a, *of_b;
	size_t a_size, b_size;

	assert_int_equal(sm_summary_write(a, &of_a, &a_size), SM_OK);
	assert_int_equal(sm_summary_write(b, &of_b, &b_size), SM_OK);
	assert_int_equal(a_size, b_size);
	assert_memory_equal(of_a, of_b, a_size);
	free(of_a);
	free(of_b);
}

/* Where events may be left out each is looked at. */
static void blocks_count_as_their_events_do(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 12; i++) {
		struct sm_observations *all, *each;

		fresh(NULL);
		data_state += i;
		start(SM_TRACE_FORCE, i % 3 ? 1 : 3);
		making.time_ns = 1ull << 40;
		append_anyhow(EVENTS / 2, i % 2 * 10);
		commit();
		append_anyhow(EVENTS / 2, i % 2 * 10);
		finish();
		all = read_from(0);
		each = read_from(1);
		assert_int_equal(all->events, EVENTS);
		expect_equal(all, each);
		sm_observations_free(all);
		sm_observations_free(each);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(blocks_count_as_their_events_do),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
