/* SPDX-License-Identifier: Apache-2.0 */
/* What several runs, or hosts, have to stand behind. */
#include "tests/unit/learn_fixture.h"

/* Runs that do what the program does; one more is poisoned. */
#define NORMAL 3

static void see_program_on(struct bench *b)
{
	struct sm_value args[3];
	struct sm_event e = load_event(args, APP "/app.py");

	for (int run = 0; run <= NORMAL; run++) {
		add(b, run, &e);
		see_open(b, run, APP "/conf/settings.json", READ);
	}
}

static void see_program(struct bench *b)
{
	start(b);
	see_program_on(b);
}

static void learn_quorum(struct bench *b, unsigned least, bool by_host)
{
	const struct sm_learn_options options = { 0 };
	const struct sm_quorum quorum = { .least = least, .by_host = by_host };
	struct sm_observations *rest;
	struct sm_diag diag = { 0 };

	if (sm_learn_quorum(b->seen, &options, &quorum, &rest, &diag) != SM_OK)
		fail_msg("%s", diag.text);
	sm_observations_free(b->seen);
	b->seen = rest;
	learn(b);
}

static void a_run_opens_nothing_beside_what_all_read(void **state)
{
	struct bench b;

	(void)state;
	for (unsigned least = 1; least <= 2; least++) {
		see_program(&b);
		see_open(&b, NORMAL, APP "/conf/a.json", READ);
		see_open(&b, NORMAL, APP "/conf/b.json", READ);
		see_open(&b, NORMAL, APP "/conf/c.json", READ);
		learn_quorum(&b, least, false);
		assert_true(allows_open(&b, APP "/conf/settings.json", READ));
		assert_int_equal(allows_open(&b, APP "/conf/a.json", READ),
				 least < 2);
		assert_int_equal(allows_open(&b, APP "/conf/other.json", READ),
				 least < 2);
		finish(&b);
	}
}

static void a_run_writes_nothing_that_all_read(void **state)
{
	struct bench b;

	(void)state;
	for (unsigned least = 1; least <= 2; least++) {
		see_program(&b);
		see_open(&b, NORMAL, APP "/conf/settings.json", WRITE);
		learn_quorum(&b, least, false);
		assert_true(allows_open(&b, APP "/conf/settings.json", READ));
		assert_int_equal(
			allows_open(&b, APP "/conf/settings.json", WRITE),
			least < 2);
		finish(&b);
	}
}

/* Of a set that all runs show other members of, each speaks for the others. */
static void members_of_a_set_need_no_second_run(void **state)
{
	struct bench b;
	char path[64];

	(void)state;
	see_program(&b);
	for (int run = 0; run <= NORMAL; run++) {
		snprintf(path, sizeof(path), APP "/up/%c%c.txt", 'p' + run,
			 'a' + run);
		see_open(&b, run, path, WRITE);
	}
	learn_quorum(&b, NORMAL + 1, false);
	assert_true(allows_open(&b, APP "/up/pa.txt", WRITE));
	assert_true(allows_open(&b, APP "/up/other.txt", WRITE));
	finish(&b);
}

/* With what falls, more may: what it opened covered others. */
static void all_that_falls_in_turn_is_gone(void **state)
{
	struct bench b;

	(void)state;
	see_program(&b);
	see_open(&b, 1, "/etc/first", READ);
	see_open(&b, NORMAL, "/etc/second", READ);
	see_open(&b, 0, "/etc/third", READ);
	see_open(&b, 1, "/etc/third", READ);
	learn_quorum(&b, 2, false);
	assert_false(allows_open(&b, "/etc/first", READ));
	assert_false(allows_open(&b, "/etc/second", READ));
	assert_true(allows_open(&b, "/etc/third", READ));
	finish(&b);
}

/* Where a run was recorded, from its first event on. */
static void put_on_host(struct bench *b, int run, uint64_t host)
{
	b->seen->owners[b->owners[run]].recorded->host = host;
}

/* Runs of one host are one host. */
static void runs_of_a_host_count_once(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	for (int run = 0; run <= NORMAL; run++)
		put_on_host(&b, run, 7 + (run > 1));
	see_program_on(&b);
	see_open(&b, 0, "/etc/of-one", READ);
	see_open(&b, 1, "/etc/of-one", READ);
	see_open(&b, 1, "/etc/of-two", READ);
	see_open(&b, 2, "/etc/of-two", READ);
	learn_quorum(&b, 2, true);
	assert_false(allows_open(&b, "/etc/of-one", READ));
	assert_true(allows_open(&b, "/etc/of-two", READ));
	finish(&b);
}

/* One more run, behind all others in the order of identities. */
static void see_last_run(struct bench *b, uint64_t host, const char *path)
{
	static const struct sm_str argv[] = { SM_STR("python3"),
					      SM_STR(APP "/app.py") };
	const struct sm_trace_interpreter python = { .prefix = SM_STR("/usr") };
	const struct sm_trace_process p = { .pid = 9000,
					    .started_by = "exec",
					    .exe = SM_STR("/usr/bin/python3"),
					    .argv = argv,
					    .argc = 2,
					    .cwd = SM_STR("/") };
	struct sm_value args[3];
	struct sm_event e = open_event(args, path, READ);
	uint32_t owner;

	assert_int_equal(sm_observations_add_process(b->seen, UINT64_MAX, &p,
						     &python, &owner),
			 SM_OK);
	b->seen->owners[owner].recorded->host = host;
	assert_int_equal(sm_observations_add(b->seen, owner, &e), SM_OK);
}

/* Of many runs only some are remembered, of whichever hosts they are. */
static void a_host_of_many_runs_hides_none(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	for (int run = 0; run < RUNS; run++) {
		put_on_host(&b, run, 7);
		see_open(&b, run, "/etc/of-two", READ);
	}
	see_last_run(&b, 8, "/etc/of-two");
	learn_quorum(&b, 2, true);
	assert_true(allows_open(&b, "/etc/of-two", READ));
	finish(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_run_opens_nothing_beside_what_all_read),
		cmocka_unit_test(a_run_writes_nothing_that_all_read),
		cmocka_unit_test(members_of_a_set_need_no_second_run),
		cmocka_unit_test(all_that_falls_in_turn_is_gone),
		cmocka_unit_test(runs_of_a_host_count_once),
		cmocka_unit_test(a_host_of_many_runs_hides_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
