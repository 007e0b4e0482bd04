/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_learn_repeats.c: one day, recorded several times over.
 */
#include "tests/unit/learn_fixture.h"

#define SECOND UINT64_C(1000000000)
#define PAGES  30

static void use(struct bench *b, int run, const char *path, const char *mode)
{
	struct sm_value args[3];
	struct sm_event e = open_event(args, path, mode[0] == 'w' ? WRITE : 0);

	e.time_ns = SECOND * (unsigned)(run + 1);
	add(b, run, &e);
}

/* Two people keep a letter each; the program has pages and settings. */
static void play(struct bench *b, int run, const char *more)
{
	char path[64];

	for (int i = 0; i < PAGES; i++) {
		snprintf(path, sizeof(path), APP "/pages/page%c%c.html",
			 'a' + i / 10, 'a' + i % 10);
		use(b, run, path, "r");
	}
	use(b, run, APP "/conf/main.conf", "r");
	use(b, run, APP "/letters/anna.txt", "w");
	use(b, run, APP "/letters/berta.txt", "w");
	use(b, run, more, "w");
}

static struct sm_event connect_event(struct sm_value values[4], int port)
{
	values[0] = text("tcp");
	values[1] = (struct sm_value){ .type = SM_LIST, .len = 2 };
	values[1].full_len = 2;
	values[1].items = values + 2;
	values[2] = text("127.0.0.1");
	values[3] = number(port);
	return event_of("socket.connect", values, 2);
}

static bool opens(const char *first, const char *second)
{
	struct bench b;
	bool is_open;

	start(&b);
	play(&b, 0, first);
	play(&b, 1, second);
	learn(&b);
	assert_true(allows_open(&b, APP "/letters/anna.txt", WRITE));
	assert_true(allows_open(&b, first, WRITE));
	assert_false(allows_open(&b, APP "/conf/other.conf", 0));
	assert_false(allows_open(&b, APP "/letters/x.py", WRITE));
	is_open = allows_open(&b, APP "/letters/carla.txt", WRITE);
	finish(&b);
	return is_open;
}

static void names_of_a_day_that_is_played_again_open(void **state)
{
	(void)state;
	assert_true(opens(APP "/log/app.log", APP "/log/app.log"));
	/* The next process has another pid. */
	assert_true(opens(APP "/run/app.28260", APP "/run/app.27405"));
}

/* Run i is that of a process with a pid as in a container. */
static void be_short(struct bench *b, uint32_t i, uint32_t pid)
{
	static const struct sm_str argv[] = { SM_STR("python3"),
					      SM_STR(APP "/app.py") };
	struct sm_trace_interpreter python = {
		.stdlib = SM_STR("/usr/lib/python3.11"),
		.prefix = SM_STR("/usr"),
		.home = SM_STR("/home/shop"),
		.tmp = SM_STR("/tmp"),
	};
	struct sm_trace_process p = { .pid = 90000 + i,
				      .guest_pid = pid,
				      .start_ns = 1000 + i,
				      .started_by = "exec",
				      .exe = SM_STR("/usr/bin/python3"),
				      .argv = argv,
				      .argc = 2,
				      .cwd = SM_STR("/") };

	assert_int_equal(sm_observations_add_process(b->seen, 2 + i, &p,
						     &python, &b->owners[i]),
			 SM_OK);
}

static bool opens_beside(const char *first, const char *second)
{
	struct bench b = { .seen = sm_observations_new() };
	bool is_open;

	be_short(&b, 0, 7);
	be_short(&b, 1, 12);
	see_load(&b, APP "/app.py");
	play(&b, 0, first);
	play(&b, 1, second);
	learn(&b);
	is_open = allows_open(&b, APP "/letters/carla.txt", WRITE);
	finish(&b);
	return is_open;
}

static void pids_of_a_container_are_no_part_of_the_day(void **state)
{
	(void)state;
	assert_true(opens_beside(APP "/run/app.7", APP "/run/app.12"));
	assert_false(opens_beside(APP "/run/app.8", APP "/run/app.13"));
	assert_false(opens_beside(APP "/run/a7b", APP "/run/a12b"));
}

static void names_that_came_back_beside_others_stay(void **state)
{
	(void)state;
	assert_false(opens(APP "/notes/milk.md", APP "/notes/eggs.md"));
	assert_false(opens(APP "/notes/page 1.md", APP "/notes/page 2.md"));
}

static void connect_to(struct bench *b, int run, int port)
{
	struct sm_value values[4];
	struct sm_event e = connect_event(values, port);

	e.time_ns = SECOND * (unsigned)(run + 1);
	add(b, run, &e);
}

static bool opens_ports(int first, int second)
{
	struct sm_value values[4];
	struct sm_event e = connect_event(values, 48165);
	struct bench b;
	bool is_open;

	start(&b);
	play(&b, 0, APP "/log/app.log");
	play(&b, 1, APP "/log/app.log");
	connect_to(&b, 0, first);
	connect_to(&b, 1, second);
	learn(&b);
	assert_true(allows_open(&b, APP "/letters/carla.txt", WRITE));
	is_open = allows(&b, &e);
	finish(&b);
	return is_open;
}

static void ports_the_kernel_gave_away_are_no_part_of_the_day(void **state)
{
	(void)state;
	assert_true(opens_ports(41021, 55647));
	assert_false(opens_ports(41021, 41021));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_of_a_day_that_is_played_again_open),
		cmocka_unit_test(pids_of_a_container_are_no_part_of_the_day),
		cmocka_unit_test(names_that_came_back_beside_others_stay),
		cmocka_unit_test(
			ports_the_kernel_gave_away_are_no_part_of_the_day),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
