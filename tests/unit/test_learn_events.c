/* SPDX-License-Identifier: Apache-2.0 */
/* Slots for the arguments of custom events. */
#include "tests/unit/learn_fixture.h"

static struct sm_event paid(struct sm_value args[2], const char *how,
			    int64_t amount)
{
	args[0] = text(how);
	args[1] = number(amount);
	return event_of("shop.paid", args, 2);
}

static void see_paid(struct bench *b, int run, const char *how, int64_t amount)
{
	struct sm_value args[2];
	struct sm_event e = paid(args, how, amount);

	e.time_ns = UINT64_C(1000000000) * (unsigned)(run + 1);
	add(b, run, &e);
}

static bool pays(const struct bench *b, const char *how, int64_t amount)
{
	struct sm_value args[2];
	struct sm_event e = paid(args, how, amount);

	return allows(b, &e);
}

/* Two ways to pay in each of eight runs, or a third one in one of them. */
static void what_always_comes_back_is_all_there_is(void **state)
{
	static const char *const ways[] = { "card", "cash" };

	(void)state;
	for (int rare = 0; rare < 2; rare++) {
		struct bench b;

		start(&b);
		for (int run = 0; run < RUNS; run++)
			for (int i = 0; i < 2; i++)
				see_paid(&b, run, ways[i], 10 * i);
		if (rare)
			see_paid(&b, RUNS - 1, "voucher", 3);
		learn(&b);
		assert_true(pays(&b, "card", 77));
		assert_true(pays(&b, "cash", 77));
		assert_int_equal(pays(&b, "cheque", 77), rare);
		assert_false(pays(&b, "card", -1));
		finish(&b);
	}
}

static void little_evidence_leaves_an_argument_open(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	see_paid(&b, 0, "card", 1);
	see_paid(&b, 0, "cash", 2);
	learn(&b);
	assert_true(pays(&b, "cheque", 77));
	finish(&b);
}

static void values_of_one_type_stay_of_it(void **state)
{
	static const struct {
		const char *seen[2], *next, *other;
	} rows[] = {
		{ { "2026-11-21", "2026-11-22" }, "2027-01-02", "tomorrow" },
		{ { "e3b0c442-98fc-1c14-9afb-f4c8996fb924",
		    "03b0c442-98fc-1c14-9afb-f4c8996fb925" },
		  "ffb0c442-98fc-1c14-9afb-f4c8996fb924",
		  "e3b0c442" },
		{ { "17", "4" }, "123", "12a" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct bench b;

		start(&b);
		see_paid(&b, 0, rows[i].seen[0], 1);
		see_paid(&b, 1, rows[i].seen[1], 1);
		learn(&b);
		assert_true(pays(&b, rows[i].next, 1));
		assert_false(pays(&b, rows[i].other, 1));
		finish(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_always_comes_back_is_all_there_is),
		cmocka_unit_test(little_evidence_leaves_an_argument_open),
		cmocka_unit_test(values_of_one_type_stay_of_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
