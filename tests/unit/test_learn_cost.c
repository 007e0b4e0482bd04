/* SPDX-License-Identifier: Apache-2.0 */
/* What much evidence closes, and what the weights change. */
#include "tests/unit/learn_fixture.h"

#include "learner/cost.h"

#define HOUR UINT64_C(3600000000000)

/* In run number run, which lasts an hour. */
static void see_at(struct bench *b, int run, unsigned minute, const char *path,
		   int flags)
{
	struct sm_value args[3];
	struct sm_event e = open_event(args, path, flags);

	e.time_ns = HOUR * (unsigned)(run + 1) + HOUR / 60 * minute;
	add(b, run, &e);
}

/* The same three files of state, read and written in each run. */
static void see_state(struct bench *b, int runs)
{
	static const char *const files[] = { APP "/state/jobs.json",
					     APP "/state/quota.json",
					     APP "/state/users.json" };

	for (int run = 0; run < runs; run++)
		for (unsigned i = 0; i < 3; i++) {
			see_at(b, run, 10 + i, files[i], READ);
			see_at(b, run, 20 + i, files[i], WRITE);
		}
}

static void what_recurs_in_every_run_stays_as_it_is(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	see_state(&b, 1);
	learn(&b);
	assert_true(allows_open(&b, APP "/state/other.json", WRITE));
	finish(&b);
	start(&b);
	see_state(&b, RUNS);
	learn(&b);
	assert_true(allows_open(&b, APP "/state/jobs.json", WRITE));
	assert_false(allows_open(&b, APP "/state/other.json", WRITE));
	finish(&b);
}

static void what_keeps_coming_opens_however_much_recurs(void **state)
{
	char path[64];
	struct bench b;

	(void)state;
	start(&b);
	see_state(&b, RUNS);
	for (int run = 0; run < RUNS; run++) {
		snprintf(path, sizeof(path), APP "/state/%c-new.json",
			 'a' + run);
		see_at(&b, run, 30, path, WRITE);
	}
	learn(&b);
	assert_true(allows_open(&b, APP "/state/other.json", WRITE));
	finish(&b);
}

static void levels_weigh_blocks_and_exposure(void **state)
{
	struct bench b;

	(void)state;
	for (int level = 0; level < SM_LEVELS; level++) {
		const struct sm_learn_options options = {
			.level = (enum sm_level)level
		};

		start(&b);
		see_state(&b, RUNS);
		learn_with(&b, &options);
		assert_int_equal(
			allows_open(&b, APP "/state/other.json", WRITE),
			level == SM_LEVEL_LOOSE);
		finish(&b);
	}
}

/* Files of two days, which differ in a number only; some come back. */
static void see_two_days(struct bench *b)
{
	static const char *const days[2][5] = {
		{ APP "/data/pages/menu 1", APP "/data/pages/songs",
		  APP "/sticks/car-1/Hay/1.flac",
		  APP "/sticks/walkman/Hay/1.flac", APP "/out/order-1.pdf" },
		{ APP "/data/pages/menu 2", APP "/data/pages/songs",
		  APP "/sticks/car-2/Hay/1.flac",
		  APP "/sticks/walkman/Hay/1.flac", APP "/out/order-2.pdf" },
	};

	for (int run = 0; run < 2; run++)
		for (unsigned i = 0; i < 5; i++)
			see_at(b, run, i, days[run][i], WRITE);
}

static void names_with_and_without_numbers_are_names(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	see_two_days(&b);
	learn(&b);
	assert_true(allows_open(&b, APP "/data/pages/thanks", WRITE));
	assert_true(
		allows_open(&b, APP "/sticks/kitchen radio/Hay/1.flac", WRITE));
	assert_true(allows_open(&b, APP "/out/order-17.pdf", WRITE));
	assert_false(allows_open(&b, APP "/out/thanks.pdf", WRITE));
	finish(&b);
}

static void numbers_the_program_gives_go_on(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	for (int run = 0; run < 2; run++) {
		see_at(&b, run, 1, APP "/todo/2", WRITE);
		see_at(&b, run, 2, APP "/receipts/35/a.pdf", WRITE);
		see_at(&b, run, 3, APP "/receipts/70/b.pdf", WRITE);
		see_at(&b, run, 4, APP "/maps/7.json", READ);
	}
	learn(&b);
	assert_true(allows_open(&b, APP "/todo/3", WRITE));
	assert_false(allows_open(&b, APP "/todo/list", WRITE));
	assert_true(allows_open(&b, APP "/receipts/71/b.pdf", WRITE));
	assert_false(allows_open(&b, APP "/receipts/x/b.pdf", WRITE));
	assert_false(allows_open(&b, APP "/maps/8.json", READ));
	finish(&b);
}

/* ------------------------------------------------------------------ numbers */

static struct sm_node seen_in(unsigned runs)
{
	struct sm_node node = { .sources = 1 };

	for (unsigned i = 0; i < runs; i++) {
		sm_sketch_add(&node.runs, i);
		sm_sketch_add(&node.processes, i);
		node.windows |= 1u << i;
	}
	return node;
}

static void the_chance_of_a_new_name_is_good_and_turing_s(void **state)
{
	struct sm_node often = seen_in(8), once = seen_in(1);
	struct sm_novelty t = { .is_closed = false };

	(void)state;
	assert_true(sm_novelty_unseen(&t, 1) == 0);
	sm_novelty_add(&t, &often, true);
	/* 0 of 8 sightings, and one in 8 parts */
	assert_true(sm_novelty_unseen(&t, 1) == 1.0 / 8);
	sm_novelty_add(&t, &once, true);
	/* one of 9 sightings, and two names that not every part holds */
	assert_true(sm_novelty_unseen(&t, 1) == 1.0 / 9 + 2.0 / 9);
	/* names of a slot are sightings, but no new ones */
	sm_novelty_add(&t, &once, false);
	assert_true(sm_novelty_unseen(&t, 1) == 1.0 / 10 + 2.0 / 10);
	/* the largest of all divisions: each name in one directory of two */
	assert_true(sm_novelty_unseen(&t, 2) == 1);
}

static void a_single_run_says_nothing_of_the_next(void **state)
{
	struct sm_node node = seen_in(8);
	struct sm_novelty t = { .is_closed = false };

	(void)state;
	node.runs.count = 1;
	sm_novelty_add(&t, &node, true);
	assert_true(sm_novelty_unseen(&t, 1) == 1);
}

static struct sm_reach reach_of(const char *const *slots)
{
	struct sm_reach reach = { .sensitivity = 1 };

	for (; *slots; slots++)
		reach = sm_reach_slot(&reach, sm_str_of(*slots));
	return reach;
}

/* Each reaches less than the next. */
static void wider_patterns_cost_more(void **state)
{
	static const char *const patterns[][4] = {
		{ NULL },
		{ "<int>.png" },
		{ "report-<name>.pdf" },
		{ "<name>.pdf" },
		{ "<name>" },
		{ "<name>", "<name>" },
		{ "<name>", "**", "<name>.pdf" },
		{ "<name>", "**", "<name>" },
		{ "**", "<name>" },
	};
	double last = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(patterns) / sizeof(*patterns); i++) {
		struct sm_reach reach = reach_of(patterns[i]);
		double cost = sm_rule_cost(&reach, SM_ACCESS_READ);

		if (cost <= last)
			fail_msg("pattern %zu: %f after %f", i, cost, last);
		assert_true(sm_rule_cost(&reach,
					 SM_ACCESS_READ | SM_ACCESS_WRITE) >=
			    cost);
		last = cost;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_recurs_in_every_run_stays_as_it_is),
		cmocka_unit_test(what_keeps_coming_opens_however_much_recurs),
		cmocka_unit_test(levels_weigh_blocks_and_exposure),
		cmocka_unit_test(names_with_and_without_numbers_are_names),
		cmocka_unit_test(numbers_the_program_gives_go_on),
		cmocka_unit_test(the_chance_of_a_new_name_is_good_and_turing_s),
		cmocka_unit_test(a_single_run_says_nothing_of_the_next),
		cmocka_unit_test(wider_patterns_cost_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
